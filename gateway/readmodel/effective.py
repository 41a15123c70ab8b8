"""The other of the two times: the day from which what an event says holds in the world 生效日, beside the moment it was recorded.

Most events say it themselves: a statement of a register by the day it is valid on, an act by the day it was done on, an end by
the last day. What says nothing holds from the day it was recorded, in China. Terms and days to come (`due_on`, `reply_by` …)
say when something else is due, not when this holds.

What no record says of a day isn't known of it: before the day of the first register nobody was stated to live anywhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final, get_type_hints

from gateway.readmodel.fold import Told
from services.chassis.clock import china_date
from services.contracts.assistance import EligibilityEnded
from services.contracts.cases import ResponsibilityEnded
from services.contracts.envelope import Published
from services.contracts.roster import (
    DeferralApproved,
    FourChecksCounted,
    GroupsStated,
    SchoolAgePassed,
    SchoolAgeReached,
)

AHEAD: Final = frozenset(
    (
        *("due_on", "reply_by", "next_on", "review_on", "watch_until", "expires_on", "comply_by"),
        *("until_on", "begin_on", "end_on", "as_of", "lapses_on", "serve_by", "appeal_until", "in_force_on"),
        *("until", "first_visit_by"),
    )
)
"""Days of which an event tells that lie ahead of it, or bound it."""
SAID_OTHERWISE: Final[Mapping[type[Published], str]] = {
    DeferralApproved: "from_on",
    EligibilityEnded: "until_on",
    ResponsibilityEnded: "until_on",
    SchoolAgeReached: "begin_on",
    SchoolAgePassed: "end_on",
    FourChecksCounted: "as_of",
    GroupsStated: "valid_on",
}
"""Events whose day stands in a field that is ahead of others, or which have several."""


@cache
def field_of(event: type[Published]) -> str | None:
    """The field that says from when an event holds; None where none does. Raises `ValueError` where it can't be told which."""
    if event in SAID_OTHERWISE:
        return SAID_OTHERWISE[event]
    days = [name for name, kind in get_type_hints(event).items() if kind in (date, date | None) and name not in AHEAD]
    if len(days) > 1:
        raise ValueError(f"{event.TYPE} has several days: say in SAID_OTHERWISE from which it holds")
    return days[0] if days else None


def holds_from(told: Told[Any]) -> date:
    """The day from which what was told holds."""
    event: type[Published] = type(told.event)
    name = field_of(event)
    day: date | None = getattr(told.event, name) if name is not None else None
    return day if day is not None else china_date(told.envelope.recorded_at)


def as_it_was(told: Iterable[Told[Any]], *, on: date | None) -> Iterator[Told[Any]]:
    """What held on a day already, in the order it was told; all of it where no day is given.

    Registers state facts of earlier days later on, so each statement of the roster counts by its own day. What happens in a
    case or a plan builds on what happened before: nothing of it holds before what it followed.
    """
    if on is None:
        yield from told
        return
    latest: dict[object, date] = {}
    for one in told:
        day, thread = holds_from(one), one.envelope.aggregate_id
        if one.envelope.producer != "roster":
            day = latest[thread] = max(day, latest.get(thread, day))
        if day <= on:
            yield one
