"""履职台账: what was owed in a period, by whom, and what became of it; as known now or at an earlier moment (N7.2, N8)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.console import charts
from gateway.console.caller import Caller
from gateway.console.views.moments import end_of

STANDINGS: Final = ("done", "late", "never", "open", "overdue", "lifted")
"""What can have become of a duty, in the order of the columns."""
WORST: Final = 12
"""How many units the chart shows, those with most that was late first."""
_PERIOD: Final = timedelta(days=92)


async def show(caller: Caller) -> Response:
    """The sums; each figure leads to the duties behind it."""
    asked = _asked(caller)
    found = await caller.ask("duty_sums", **asked, asOf=end_of(caller.given("asOf")))
    sums = found.get("dutySums", ())
    return caller.page(
        "duties.html",
        asked=asked | {"asOf": caller.given("asOf")},
        sums=sums,
        standings=STANDINGS,
        totals={name: sum(row[name] for row in sums) for name in ("owed", *STANDINGS)},
        chart=_chart(caller, sums, asked),
        link=lambda **more: "/duties/list?" + urlencode({k: v for k, v in (asked | more).items() if v}),
    )


def _asked(caller: Caller) -> dict[str, str]:
    """The period and place asked for; the last three months where none is said."""
    begin = date.fromisoformat(caller.today) - _PERIOD
    given = {name: caller.given(name) for name in ("from", "until", "township")}
    return given if any(given.values()) else given | {"from": begin.isoformat(), "until": caller.today}


def _chart(caller: Caller, sums: list[Mapping[str, Any]], asked: Mapping[str, str]) -> object:
    late: dict[str, int] = {}
    for row in sums:
        late[row["owedBy"]] = late.get(row["owedBy"], 0) + row["late"] + row["never"] + row["overdue"]
    worst = sorted((unit for unit in late if late[unit]), key=lambda unit: (-late[unit], unit))[:WORST]
    marks = [
        charts.Mark(
            caller.texts.unit(unit),
            late[unit],
            "/duties/list?" + urlencode({k: v for k, v in {**asked, "owedBy": unit}.items() if v}),
        )
        for unit in worst
    ]
    return charts.bars(caller.texts("duties.chart"), marks) if marks else None
