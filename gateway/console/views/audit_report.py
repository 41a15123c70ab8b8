"""合规审计报告: one yearly audit of minors' data, figure by figure, each with the log it was counted in; nothing is counted here."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from starlette.responses import Response

from gateway.console import charts
from gateway.console.caller import Caller
from gateway.words import audit_part

CHARTED: Final = ("looks_by_month", "looks_by_department")
"""Figures that are drawn beside their table: the first over time."""


async def show(caller: Caller) -> Response:
    """A report as it was kept."""
    report = await caller.get("audit_report", "auditReport", id=caller.id("id"))
    figures = [(name, list(parts)) for name, parts in groupby(report["figures"], key=lambda each: each["figure"])]
    drawn = {name: _chart(caller, name, parts) for name, parts in figures if name in CHARTED}
    return caller.page("audit_report.html", report=report, figures=figures, charts=drawn, part=_part(caller))


def _part(caller: Caller) -> Callable[[str, str], str]:
    """How a part of a figure is called in the caller's language."""

    def called(figure: str, item: str) -> str:
        if not item:
            return caller.texts("audit.all")
        return audit_part(figure, item) if caller.texts.language == "zh" else caller.texts.word("audit_parts", item)

    return called


def _chart(caller: Caller, figure: str, parts: Sequence[Mapping[str, Any]]) -> object:
    part = _part(caller)
    marks = [charts.Mark(part(figure, each["item"]), each["value"]) for each in parts if each["item"] and each["value"]]
    draw = charts.line if figure == CHARTED[0] else charts.bars
    return draw(caller.texts.word("audit_figures", figure), marks) if marks else None
