"""A pupil's hand-over to another school 学籍转接 (N1.2): open until the other school has the child.

Four hands take ten working days each (学籍 rules, provincial text of 2014): the school the child leaves, the school that
takes it, and the authority of each. `due_on` is the end of all four. Past the first the school that the child leaves is
asked why nothing moves, past the second the bureau.
"""

from datetime import date
from typing import Final
from uuid import UUID

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.chassis.working_days import add_working_days

WORKING_DAYS: Final = 10
"""Of each hand."""

HANDS: Final = ("from_school", "to_school", "from_authority", "to_authority")
"""In whose hands a transfer is, one after the other."""


def hand_due_on(opened_on: date, hand: int) -> date:
    """The last day in time of a hand, counted from 1."""
    return add_working_days(opened_on, WORKING_DAYS * hand)


class Transfer(RecordedAggregate):
    """One hand-over of one child."""

    TOPIC = "roster.Transfer"

    class Opened(RecordedAggregate.Event, Created):
        """The hand-over began 发起."""

        TOPIC = "roster.Transfer.Opened"
        child_id: UUID
        from_school: str
        to_place: str
        opened_on: date
        due_on: date

    class Completed(RecordedAggregate.Event):
        """The other school has the child 办结."""

        TOPIC = "roster.Transfer.Completed"
        child_id: UUID
        to_school: str
        completed_on: date

    @classmethod
    def open(cls, *, transfer_id: UUID, child_id: UUID, from_school: str, to_place: str, today: date) -> "Transfer":
        """Begins a hand-over."""
        return cls._create(
            cls.Opened,
            id=transfer_id,
            child_id=child_id,
            from_school=from_school,
            to_place=to_place,
            opened_on=today,
            due_on=hand_due_on(today, len(HANDS)),
        )

    def complete(self, *, to_school: str, today: date) -> None:
        """The other school confirms that it has the child; refused where it did so before."""
        if self.completed_on is not None:
            raise Refused("This transfer is complete already; a further move is a transfer of its own.")
        self.trigger_event(self.Completed, child_id=self.child_id, to_school=to_school, completed_on=today)

    @event(Opened)
    def __init__(self, child_id: UUID, due_on: date) -> None:
        self.child_id = child_id
        self.due_on = due_on
        self.completed_on: date | None = None

    @event(Completed)
    def _completed(self, completed_on: date) -> None:
        self.completed_on = completed_on
