"""Findings alike whose last day is near 临期提醒: of one owner, kind, place and day, told of once for all of them.

A comparison finds hundreds at once, so a warning for each would be hundreds; what is alike is owed by one unit on one day.
"""

from datetime import date
from typing import Final, Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.working_days import working_days_between

LEAD: Final = 2
"""Working days before its last day in which a finding is near; county default, as for steps of cases."""
SHORTEST: Final = 3
"""Whoever was given so many days or fewer was told of them just now."""
_NEAR: Final = UUID("b7f0f5a2-1c0c-5f43-9a86-2d7c9f0c1e55")


class NearFindings(RecordedAggregate):
    """What one owner owes of a kind, in a place, by a day that is near."""

    TOPIC = "roster.NearFindings"

    class Warned(RecordedAggregate.Event, Created):
        """The owner is told that the day is near."""

        TOPIC = "roster.NearFindings.Warned"
        owner: str
        township: str
        kind: str
        due_on: date
        warned_on: date

    @staticmethod
    def id_of(*, owner: str, township: str, kind: str, due_on: date) -> UUID:
        """The id of the warning: there is one."""
        return uuid5(_NEAR, f"{owner}/{township}/{kind}/{due_on}")

    @classmethod
    def warn(cls, *, owner: str, township: str, kind: str, due_on: date, today: date) -> Self:
        """Tells the owner."""
        return cls._create(
            cls.Warned,
            id=cls.id_of(owner=owner, township=township, kind=kind, due_on=due_on),
            owner=owner,
            township=township,
            kind=kind,
            due_on=due_on,
            warned_on=today,
        )

    @event(Warned)
    def __init__(self) -> None:
        """There is nothing more to it."""


def is_near(due_on: date, *, owed_since: date, today: date) -> bool:
    """Whether a last day is near: not past, and of a term that is longer than whoever owes it was told of just now."""
    if not today <= due_on or (due_on - owed_since).days <= SHORTEST:
        return False
    return working_days_between(today, due_on) <= LEAD
