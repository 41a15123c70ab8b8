"""回放: what was known on an earlier day, of the county and of a case, step by step (N8).

Two times: `at`, until when what was recorded counts, and `on`, for which day of that. The stops of the slider are links, so that it works
without a script.
"""

from datetime import date, timedelta
from typing import Final

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views.board import states_of, sums_of, table_of
from gateway.console.views.moments import end_of

STOPS: Final = 7
"""Earlier days that the county's slider offers, a month apart."""
_MONTH: Final = timedelta(days=30)


async def show_county(caller: Caller) -> Response:
    """The partition as it was known at the end of a day."""
    at, on = caller.given("at") or caller.today, caller.given("on")
    rows = (await caller.ask("replay_county", asOf=end_of(at), on=on)).get("replayPartition", ())
    names = {row["township"]: row["townshipName"] or caller.texts("board.unknown_place") for row in rows}
    return caller.page(
        "replay_county.html",
        at=at,
        on=on,
        stops=_stops(caller.today),
        states=states_of(rows),
        places=sorted(names.items()),
        table=table_of(rows, of="township"),
        sums=sums_of(rows),
    )


async def show_case(caller: Caller) -> Response:
    """A case at one of its steps, or as it was known at the end of a day; the last step where nothing is chosen."""
    case_id, on = caller.id("id"), caller.given("on")
    whole = await caller.get("replay_case", "replayCase", id=case_id, asOf=caller.console.clock.now().isoformat())
    moments = [event["at"] for event in whole["events"]]
    stop = caller.given("stop")
    step = int(stop) if stop.isascii() and stop.isdecimal() and int(stop) < len(moments) else len(moments) - 1
    at = end_of(caller.given("at")) or (moments[step] if moments else "")
    then = await caller.get("replay_case", "replayCase", id=case_id, asOf=at, on=on) if at else whole
    return caller.page(
        "replay_case.html",
        case=then,
        moments=moments,
        step=len(then["events"]) - 1,
        at=caller.given("at"),
        on=on,
    )


def _stops(today: str) -> list[str]:
    return [(date.fromisoformat(today) - _MONTH * back).isoformat() for back in reversed(range(STOPS))]
