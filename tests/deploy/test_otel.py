"""What watches the system speaks of what the system tells: metrics and attributes are those really sent, alerts have a runbook."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.distributed import PARTS
from services.chassis.telemetry import (
    COUNTERS,
    Telemetry,
    command_took,
    count,
    observe_parts,
    observe_pool,
    request_took,
)
from tests.architecture.sources import modules
from tests.fixtures.otlp import Collector, SeenMetric

ROOT = Path(__file__).parents[2]
OTEL = ROOT / "deploy" / "otel"
DASHBOARDS = sorted((OTEL / "dashboards").glob("*.json"))
RUNBOOK = ROOT / "deploy" / "runbooks" / "alerts.md"

Metrics = dict[str, SeenMetric]

UNITS = {"s": "seconds"}
RESOURCE = {"service.name", "service.version", "service.instance.id"}


# What is told


@pytest.fixture
def sent(otlp: Collector) -> Metrics:
    """Everything this code can send, by name."""
    with Telemetry(endpoint=otlp.endpoint, service="tests", share=1.0):
        for name in COUNTERS:
            count(name, **dict.fromkeys(counted()[name], "x"))
        command_took(service="x", command="x", outcome="x", seconds=0.0)
        request_took(kind="x", outcome="x", seconds=0.0)
        part = {"cases relay": 1.0}
        observe_parts(well=lambda: part, lag_seconds=lambda: part, lag_events=lambda: part, parked_keys=lambda: part)
        observe_pool("cases store", stats=lambda: {"pool_size": 3, "pool_available": 2, "pool_max": 8})
    return {metric.name: metric for metric in otlp.metrics()}


def counted() -> dict[str, set[str]]:
    """The attributes of every counter, as the code writes them."""
    attributes: dict[str, set[str]] = {}
    for name, keywords in _calls("count"):
        attributes.setdefault(name, set()).update(keywords)
    return attributes


def span_attributes() -> set[str]:
    """The attributes of every span, as the code writes them."""
    given = {keyword for call in ("span", "batch_span") for _, keywords in _calls(call) for keyword in keywords}
    return given - {"parent", "link", "kind", "traces"} | {"error.type"}


def _calls(function: str) -> Iterator[tuple[str, list[str]]]:
    """The calls of a function of ours, by its first argument where that is a text."""
    for module in modules("services", "gateway"):
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == function
                and node.args
            ):
                first = node.args[0]
                name = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
                yield name, [keyword.arg for keyword in node.keywords if keyword.arg]


def in_prometheus(metric: SeenMetric) -> str:
    """A metric's name by the rule of OpenTelemetry's compatibility with Prometheus."""
    tokens = metric.name.split(".")
    unit = UNITS.get(metric.unit, "" if metric.unit.startswith("{") else metric.unit)
    if unit and unit not in tokens:
        tokens.append(unit)
    return "_".join([*tokens, "total"] if metric.kind == "sum" else tokens)


def series(metrics: Metrics) -> dict[str, set[str]]:
    """The names under which Prometheus keeps the metrics, with their labels."""
    found = {}
    for metric in metrics.values():
        name, labels = in_prometheus(metric), {*metric.attributes, "job", "instance"}
        if metric.kind == "histogram":
            found |= {f"{name}_sum": labels, f"{name}_count": labels, f"{name}_bucket": {*labels, "le"}}
        else:
            found[name] = labels
    return found


def test_every_counter_that_is_listed_is_counted_and_the_other_way_round() -> None:
    assert counted().keys() == COUNTERS.keys()


def test_the_table_of_metrics_says_what_is_sent(sent: Metrics) -> None:
    table = (OTEL / "README.md").read_text().partition("## Metrics")[2].partition("## Traces")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| `")
    ]
    kinds = {"sum": "counter"}

    assert {tuple(row) for row in rows} == {
        (
            f"`{metric.name}`",
            f"`{in_prometheus(metric)}`",
            kinds.get(metric.kind, metric.kind),
            f"`{metric.unit}`",
            next(row[4] for row in rows if row[0] == f"`{metric.name}`"),
            metric.description,
        )
        for metric in sent.values()
    }
    for row in rows:
        assert set(re.findall(r"`(\w+)`", row[4])) == set(sent[row[0].strip("`")].attributes)


# Who watches


def queries() -> Iterator[tuple[str, str]]:
    """Every query of alerts and dashboards, with its place."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield f"{file.stem}: {panel['title']}", target["expr"]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OTEL / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_alerts_and_dashboards_ask_for_what_is_sent_by_labels_it_has(sent: Metrics) -> None:
    known = series(sent)
    for place, query in queries():
        named = set(re.findall(r"\bbaoxue_\w+", query))
        assert named, place
        assert named <= known.keys(), place
        labels = set.union(*(known[name] for name in named))
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", query))
        asked |= {label for group in re.findall(r"\bby \(([^)]*)\)", query) for label in re.split(r",\s*", group)}
        assert asked <= labels, place


def test_everything_that_is_sent_is_shown(sent: Metrics) -> None:
    shown = " ".join(query for place, query in queries() if ": " in place)

    unseen = {metric.name for metric in sent.values() if not re.search(rf"\b{in_prometheus(metric)}(_\w+)?\b", shown)}
    assert not unseen


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_grave_it_is_what_it_means_and_where_to_read_what_to_do(rule: dict[str, Any]) -> None:
    headings = [line.removeprefix("## ").strip() for line in RUNBOOK.read_text().splitlines() if line.startswith("## ")]

    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    file, _, heading = rule["annotations"]["runbook"].partition("#")
    assert ROOT / file == RUNBOOK
    assert heading == rule["alert"].lower()
    assert heading in [heading.lower() for heading in headings]


def test_the_runbook_has_no_section_without_an_alert() -> None:
    headings = {line.removeprefix("## ") for line in RUNBOOK.read_text().splitlines() if line.startswith("## ")}

    assert headings == {rule["alert"] for rule in alerts()}


def test_silence_of_any_part_is_noticed() -> None:
    [rule] = [rule for rule in alerts() if rule["alert"] == "NoData"]

    assert re.findall(r'absent\(baoxue_part_well\{of="([^"]+)"\}\)', rule["expr"]) == [
        f"{service} {part}" for service, part in sorted(PARTS, key=_as_listed)
    ]


def _as_listed(part: tuple[str, str]) -> tuple[int, int]:
    return (
        ["roster", "cases", "assistance", "notify", "gateway"].index(part[0]),
        ["api", "relay", "inbox", "sender", "projector"].index(part[1]),
    )


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_is_whole(file: Path) -> None:
    board = json.loads(file.read_text())

    assert board["uid"] == f"baoxue-{file.stem}"
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["description"]
    boxes = [(p["x"], p["y"], p["x"] + p["w"], p["y"] + p["h"]) for p in (panel["gridPos"] for panel in panels)]
    overlapping = [
        (a, b)
        for number, a in enumerate(boxes)
        for b in boxes[number + 1 :]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert not overlapping


# The fence


def test_the_collector_lets_through_what_is_sent_and_nothing_else(sent: Metrics) -> None:
    config = yaml.safe_load((OTEL / "collector.yaml").read_text())
    fence = config["processors"]["transform/fence"]
    kept = {
        (signal, group["context"]): set(re.findall(r'"([^"]+)"', statement))
        for signal in ("trace_statements", "metric_statements")
        for group in fence[signal]
        for statement in group["statements"]
        if statement.startswith("keep_keys(")
    }

    assert kept == {
        ("trace_statements", "resource"): RESOURCE,
        ("trace_statements", "span"): span_attributes(),
        ("trace_statements", "spanevent"): set(),
        ("metric_statements", "resource"): RESOURCE,
        ("metric_statements", "datapoint"): {name for metric in sent.values() for name in metric.attributes},
    }
    assert fence["error_mode"] == "propagate"


def test_everything_the_collector_takes_passes_the_fence_and_every_name_in_it_is_of_something() -> None:
    config = yaml.safe_load((OTEL / "collector.yaml").read_text())
    pipelines = config["service"]["pipelines"]

    assert pipelines.keys() == {"traces", "metrics"}
    for pipeline in pipelines.values():
        assert pipeline["processors"][:2] == ["memory_limiter", "transform/fence"]
    for kind in ("receivers", "processors", "exporters"):
        assert {name for pipeline in pipelines.values() for name in pipeline[kind]} == set(config[kind])
    assert set(config["service"]["extensions"]) == set(config["extensions"])
