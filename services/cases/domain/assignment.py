"""Who answers for a child 责任人, and from when until when: 四包一 (N7.2) and 双线三包 (N7.3).

One official at a time answers for a child in a role. Whoever leaves names a successor, who answers from the next day
on; so on any date it can be told who was responsible, and no child is left to nobody by a change of staff.
"""

from datetime import date, timedelta
from typing import Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.cases.domain.deputy import Deputy, on_day, stand_in
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused


def id_of_assignment(child_id: UUID, *, role: str, number: int) -> UUID:
    """The id of the n-th official who answers for a child in a role, counted from 1."""
    return uuid5(child_id, f"responsibility/{role}/{number}")


class Assignment(RecordedAggregate):
    """One official, by account, answering for one child in one role."""

    TOPIC = "cases.Assignment"

    class Assigned(RecordedAggregate.Event, Created):
        TOPIC = "cases.Assignment.Assigned"
        child_id: UUID
        number: int
        role: str
        officer: str
        from_on: date

    class Ended(RecordedAggregate.Event):
        TOPIC = "cases.Assignment.Ended"
        child_id: UUID
        role: str
        officer: str
        until_on: date
        successor: str

    class Deputised(RecordedAggregate.Event):
        TOPIC = "cases.Assignment.Deputised"
        child_id: UUID
        role: str
        officer: str
        deputy: str
        from_on: date
        until_on: date

    # Decisions

    @classmethod
    def assign(cls, *, child_id: UUID, earlier: "Assignment | None", role: str, officer: str, from_on: date) -> Self:
        """Makes an official answer for a child 明确责任人; `earlier` is the latest one in this role, and has to have ended."""
        catalogue.known(role, words=catalogue.ROLES, what="role")
        if not officer:
            raise Refused("assign_responsibility: name the officer's account; a child is never left to nobody (N7.2).")
        if earlier is not None and (earlier.until_on is None or from_on <= earlier.until_on):
            raise Refused(
                f"assign_responsibility: somebody answers for this child as {role} {_until(earlier)}; "
                "end_responsibility with a successor hands it over (N7)."
            )
        number = 1 if earlier is None else earlier.number + 1
        return cls._create(
            cls.Assigned,
            id=id_of_assignment(child_id, role=role, number=number),
            child_id=child_id,
            number=number,
            role=role,
            officer=officer,
            from_on=from_on,
        )

    def end(self, *, until_on: date, successor: str, looked_for: bool) -> "tuple[Assignment, ...]":
        """The official no longer answers after `until_on` 责任交接; returns the successor's assignment.

        `successor` may be empty only for a child who is not `looked_for`; then nothing is returned.
        """
        if looked_for and not successor:
            raise Refused(
                "end_responsibility: this child has an open case; name the successor's account, so that it isn't left to "
                "nobody (N7)."
            )
        if self.until_on is not None:
            raise Refused(
                f"end_responsibility: it ended on {self.until_on}; assign_responsibility names somebody new (N7)."
            )
        if until_on < self.from_on:
            raise Refused(f"end_responsibility: it began on {self.from_on} and can't end before that.")
        if successor == self.officer:
            raise Refused("end_responsibility: a successor is somebody else (N7).")
        self.trigger_event(
            self.Ended,
            child_id=self.child_id,
            role=self.role,
            officer=self.officer,
            until_on=until_on,
            successor=successor,
        )
        if not successor:
            return ()
        following = Assignment.assign(
            child_id=self.child_id,
            earlier=self,
            role=self.role,
            officer=successor,
            from_on=until_on + timedelta(days=1),
        )
        return (following,)

    def deputise(self, *, deputy: Deputy) -> None:
        """Somebody stands in for the official for a while 代理."""
        if self.until_on is not None:
            raise Refused(
                f"deputise_responsibility: it ended on {self.until_on}; assign_responsibility names somebody new (N7)."
            )
        stand_in(
            deputy,
            for_officer=self.officer,
            since=self.from_on,
            others=self.deputies,
            act="deputise_responsibility",
        )
        self.trigger_event(
            self.Deputised,
            child_id=self.child_id,
            role=self.role,
            officer=self.officer,
            deputy=deputy.officer,
            from_on=deputy.from_on,
            until_on=deputy.until_on,
        )

    def answers_on(self, day: date) -> str:
        """The one account that answers on a day; empty outside the official's time."""
        if day < self.from_on or (self.until_on is not None and day > self.until_on):
            return ""
        return on_day(day, deputies=self.deputies, officer=self.officer)

    # Evolution

    @event(Assigned)
    def __init__(self, child_id: UUID, number: int, role: str, officer: str, from_on: date) -> None:
        self.child_id = child_id
        self.number = number
        self.role = role
        self.officer = officer
        self.from_on = from_on
        self.until_on: date | None = None
        self.deputies: list[Deputy] = []

    @event(Ended)
    def _ended(self, until_on: date) -> None:
        self.until_on = until_on

    @event(Deputised)
    def _deputised(self, deputy: str, from_on: date, until_on: date) -> None:
        self.deputies.append(Deputy(officer=deputy, from_on=from_on, until_on=until_on))


def _until(assignment: Assignment) -> str:
    return "now" if assignment.until_on is None else f"until {assignment.until_on}"
