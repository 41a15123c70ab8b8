"""统计: figures by formula, the numbers of townships and schools they are made of, the three lists, frozen packs.

Every figure and number is one of `statistics`; one of children leads to those behind it. Nothing is counted here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.console import charts
from gateway.console.caller import Caller
from services.chassis.indicators import MEASURES

STANDINGS: Final = (
    "age", "in_school", "returned", "home_taught", "elsewhere", "finished", "left_explained", "verifying", "dropout",
)  # fmt: skip
"""Where the children of school age stand: the first is the sum of the others."""
MOVEMENTS: Final = (
    "pupils_begun", "suspended", "withdrawn", "died", "transferred_out", "other_decrease", "graduated", "transferred_in",
    "other_increase", "pupils",
)  # fmt: skip
"""From the pupils at the school year's start to those who are there now."""
THREE_LISTS: Final = (
    "listed", "on_education", "on_poverty", "on_platform", "unified", "differing", "off_education", "off_poverty",
    "off_platform",
)  # fmt: skip
TABLES: Final = (("standings", STANDINGS), ("movements", MOVEMENTS), ("three_lists", THREE_LISTS))
CHARTED: Final = "dropout"
RANKED: Final = "enrolment"
"""The figure by which places are ranked where nobody asks for another."""
PLACES_SHOWN: Final = 60
"""How many places a table of the page holds; the workbook has them all."""


async def show(caller: Caller) -> Response:
    """The county and its townships, now or as a pack holds them."""
    return await _page(caller, township="")


async def show_township(caller: Caller) -> Response:
    """One township and its schools."""
    return await _page(caller, township=str(caller.request.path_params["township"]))


async def show_children(caller: Caller) -> Response:
    """The children behind a number."""
    cell = caller.given("cell")
    found = (await caller.ask("statistics_children", cell=cell, after=caller.given("after"))).get("countedChildren", {})
    measure, _, place = cell.partition("/")
    return caller.page(
        "statistics_children.html",
        cell=cell,
        measure=MEASURES[measure].name if measure in MEASURES else measure,
        place=[part for part in place.split("/") if part not in {"", "*"}],
        children=found.get("nodes", ()),
        more=found.get("pageInfo", {}),
    )


async def _page(caller: Caller, *, township: str) -> Response:
    pack, figure = caller.given("pack"), caller.given("figure") or RANKED
    sees_places = caller.granted.shows("Statistics", "counts")
    level = ("school" if township else "township") if sees_places else "county"
    found = await caller.ask("statistics", pack=pack, level=level, township=township)
    statistics = found.get("statistics", {})
    places = found.get("places", {}) if sees_places else {}
    counts = places.get("counts", ())
    return caller.page(
        "statistics.html",
        township=township,
        pack=pack,
        figure=figure,
        statistics=statistics,
        differing=[check for check in statistics.get("checks", ()) if not check["agrees"]][:PLACES_SHOWN],
        changes=statistics.get("changes", ())[:PLACES_SHOWN],
        ranking=_ranking(places.get("figures", ()), figure),
        tables=_tables(counts),
        chart=_chart(caller, counts),
        due=found.get("statisticsDue", ()),
        packs=found.get("statisticsPacks", {}).get("nodes", ()),
        of_pack=next((one for one in found.get("statisticsPacks", {}).get("nodes", ()) if one["id"] == pack), None),
        link=_link,
        most=PLACES_SHOWN,
    )


def _link(path: str, **given: str) -> str:
    chosen = urlencode({name: value for name, value in given.items() if value})
    return f"{path}?{chosen}" if chosen else path


def _ranking(figures: Sequence[Mapping[str, Any]], figure: str) -> list[Mapping[str, Any]]:
    ranked = [one for one in figures if one["figure"] == figure and one.get("rank") is not None]
    return sorted(ranked, key=lambda one: (one["rank"], one["township"], one["school"]))[:PLACES_SHOWN]


def _tables(counts: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str], dict[tuple[str, str], dict[str, Any]]]]:
    """Each table's name, its columns by name, and its places with their numbers by measure."""
    by_place: dict[tuple[str, str], dict[str, Any]] = {}
    names = {}
    for count in counts:
        by_place.setdefault((count["township"], count["school"]), {})[count["measure"]] = count
        names[count["measure"]] = count["name"]
    shown = dict(list(by_place.items())[:PLACES_SHOWN])
    return [
        (
            table,
            [names[measure] for measure in measures],
            {at: {m: row[m] for m in measures} for at, row in shown.items()},
        )
        for table, measures in TABLES
        if all(measure in names for measure in measures)
    ]


def _chart(caller: Caller, counts: Sequence[Mapping[str, Any]]) -> object:
    """Children out of school by township; each bar leads to them."""
    marks = [
        charts.Mark(
            caller.texts.place(count["township"]),
            count["value"],
            _link("/statistics/children", cell=count["cell"]) if count["cell"] else "",
        )
        for count in counts
        if count["measure"] == CHARTED and not count["school"] and count["value"]
    ]
    return charts.bars(caller.texts("statistics.chart"), marks) if marks else None
