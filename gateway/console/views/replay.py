"""回放: what was known on an earlier day, of the county, a child, a household, and a case, step by step (N8).

Two times: `at`, until when what was recorded counts, and `on`, for which day of that. The stops of the slider are links, so that it works
without a script.
"""

from datetime import date, timedelta
from typing import Final

from starlette.responses import Response

from gateway.console.asking import Said
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
    """A case as it was known at one of its steps, whose moment is `stop`, or at the end of a day; as it is known now where nothing is chosen."""
    now = caller.console.clock.now().isoformat()
    at = end_of(caller.given("at")) or caller.given("stop") or now
    found = await caller.ask("replay_case", id=caller.id("id"), asOf=at, on=caller.given("on"), now=now)
    if not found.get("replayCase"):
        raise Said("NOT_FOUND", "")
    case = found["replayCase"]
    return caller.page(
        "replay_case.html",
        case=case,
        moments=[event["at"] for event in found["whole"]["events"]],
        step=len(case["events"]) - 1,
        at=caller.given("at"),
        on=caller.given("on"),
    )


async def show_child(caller: Caller) -> Response:
    """A child as it was known at the end of a day."""
    at, on = caller.given("at") or caller.today, caller.given("on")
    child = await caller.get("replay_child", "replayChild", id=caller.id("id"), asOf=end_of(at), on=on)
    return caller.page("replay_child.html", child=child, at=at, on=on, stops=_stops(caller.today))


async def show_household(caller: Caller) -> Response:
    """A household's aid as it was known at the end of a day."""
    at, on = caller.given("at") or caller.today, caller.given("on")
    home = await caller.get("replay_household", "replayHousehold", id=caller.id("id"), asOf=end_of(at), on=on)
    return caller.page("replay_household.html", home=home, at=at, on=on, stops=_stops(caller.today))


def _stops(today: str) -> list[str]:
    return [(date.fromisoformat(today) - _MONTH * back).isoformat() for back in reversed(range(STOPS))]
