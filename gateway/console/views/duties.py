"""履职台账: what was owed in a period, by whom, and what became of it; as known now or at an earlier moment (N7.2, N8)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.console import charts
from gateway.console.caller import Caller
from gateway.console.views.moments import end_of

STANDINGS: Final = ("done", "late", "never", "open", "overdue", "lifted")
"""What can have become of a duty, in the order of the columns."""
FIGURES: Final = ("owed", *STANDINGS, "lateDays")
UNITS_SHOWN: Final = 60
"""How many units stand in the table, those with most that was late first; a page stays light, the file has them all."""
WORST: Final = 12
"""How many units the chart shows, those with most that was late first."""
_PERIOD: Final = timedelta(days=92)


async def show(caller: Caller) -> Response:
    """The sums by unit and matter, of one unit by person and matter; each figure leads to the duties behind it."""
    asked = _asked(caller)
    of_unit = asked["owedBy"]
    found = await caller.ask("duty_sums", **asked | {"asOf": end_of(asked["asOf"])}, byOfficer=bool(of_unit))
    sums = found.get("dutySums", ())
    units = sorted(_by(sums, "owedBy").items(), key=lambda one: (-_late(one[1]), -one[1]["owed"], one[0]))
    by_whom = ("officer", sorted(_by(sums, "officer").items())) if of_unit else ("owedBy", units[:UNITS_SHOWN])
    return caller.page(
        "duties.html",
        asked=asked,
        tables=(by_whom, ("matter", sorted(_by(sums, "matter").items()))),
        left_off=len(units[UNITS_SHOWN:]),
        standings=STANDINGS,
        totals={name: sum(row[name] for row in sums) for name in FIGURES},
        chart=None if of_unit else _chart(caller, units, asked),
        link=partial(_link, "/duties/list", asked),
        of_unit=partial(_link, "/duties", asked),
    )


def _asked(caller: Caller) -> dict[str, str]:
    """The period and place asked for, the last three months where none is said, and as known when."""
    begin = date.fromisoformat(caller.today) - _PERIOD
    given = {name: caller.given(name) for name in ("from", "until", "township")}
    period = given if any(given.values()) else given | {"from": begin.isoformat(), "until": caller.today}
    return period | {"asOf": caller.given("asOf"), "owedBy": caller.given("owedBy")}


def _link(path: str, asked: Mapping[str, str], **more: str) -> str:
    """A page with the same period and place, as known at the same moment: the duties behind a figure, or the sums of a unit."""
    return f"{path}?" + urlencode({name: value for name, value in {**asked, **more}.items() if value})


def _by(sums: Sequence[Mapping[str, Any]], name: str) -> dict[str, Counter[str]]:
    """The figures by unit over all matters, or by matter over all units."""
    figures: dict[str, Counter[str]] = {}
    for row in sums:
        figures.setdefault(row[name], Counter()).update({figure: row[figure] for figure in FIGURES})
    return figures


def _late(figures: Mapping[str, int]) -> int:
    return figures["late"] + figures["never"] + figures["overdue"]


def _chart(caller: Caller, units: Sequence[tuple[str, Counter[str]]], asked: Mapping[str, str]) -> object:
    marks = [
        charts.Mark(caller.texts.unit(unit), _late(figures), _link("/duties/list", asked, owedBy=unit))
        for unit, figures in units[:WORST]
        if _late(figures)
    ]
    return charts.bars(caller.texts("duties.chart"), marks) if marks else None
