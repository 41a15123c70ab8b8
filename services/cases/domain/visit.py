"""Home visits 家访 (N2.3): each one as it was made, and the plan by which a focus child is visited again and again.

Who met whom and what was promised is personal and sealed under the child's key. A plan knows the day of the next visit;
a day that passes without one is recorded once, and the visit stays owed.
"""

from datetime import date, timedelta
from typing import Annotated, Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Refused

LONGEST_PROMISE = 1000
MOST_ATTACHMENTS = 20
LONGEST_INTERVAL_DAYS = 180


class Visit(RecordedAggregate):
    """One visit or talk, as it was made."""

    TOPIC = "cases.Visit"

    class Made(RecordedAggregate.Event, Created):
        """Somebody was there 家访."""

        TOPIC = "cases.Visit.Made"
        child_id: UUID
        case_id: UUID | None
        method: str
        attitude: str
        promise: Annotated[str, Personal("child_id")]
        visitor: str
        visited_on: date
        next_on: date | None
        attachments: tuple[UUID, ...]

    # Decisions

    @classmethod
    def make(
        cls,
        *,
        visit_id: UUID,
        child_id: UUID,
        case_id: UUID | None,
        method: str,
        attitude: str,
        promise: str,
        visitor: str,
        visited_on: date,
        next_on: date | None,
        attachments: tuple[UUID, ...],
        today: date,
    ) -> Self:
        """Keeps a visit: how, how the family took it, what it promised, when somebody comes again, photos or scans."""
        catalogue.known(method, words=catalogue.PERSUASION_METHODS, what="way of visiting")
        catalogue.known(attitude, words=catalogue.PERSUASION_OUTCOMES, what="attitude of the family")
        if visited_on > today:
            raise Refused(f"record_visit: a visit is recorded after it was made; {visited_on} is still to come.")
        if next_on is not None and next_on <= visited_on:
            raise Refused("record_visit: the next visit comes after this one.")
        if len(promise) > LONGEST_PROMISE or len(attachments) > MOST_ATTACHMENTS:
            raise Refused(
                f"record_visit: up to {LONGEST_PROMISE} characters of what was promised and {MOST_ATTACHMENTS} photos or "
                "scans; make a second visit record for more."
            )
        return cls._create(
            cls.Made,
            id=visit_id,
            child_id=child_id,
            case_id=case_id,
            method=method,
            attitude=attitude,
            promise=promise,
            visitor=visitor,
            visited_on=visited_on,
            next_on=next_on,
            attachments=attachments,
        )

    # Evolution

    @event(Made)
    def __init__(self, child_id: UUID, visited_on: date) -> None:
        self.child_id = child_id
        self.visited_on = visited_on


class VisitPlan(RecordedAggregate):
    """A focus child's regular visits; one plan goes on at a time."""

    TOPIC = "cases.VisitPlan"

    class Begun(RecordedAggregate.Event, Created):
        """The child is visited regularly from now on 家访计划."""

        TOPIC = "cases.VisitPlan.Begun"
        child_id: UUID
        number: int
        visitor: str
        reason: str
        every_days: int
        next_on: date

    class Visited(RecordedAggregate.Event):
        """A visit was made; the next one is due."""

        TOPIC = "cases.VisitPlan.Visited"
        child_id: UUID
        visitor: str
        visited_on: date
        next_on: date

    class Missed(RecordedAggregate.Event):
        """The day passed without a visit 逾期."""

        TOPIC = "cases.VisitPlan.Missed"
        child_id: UUID
        visitor: str
        due_on: date
        missed_on: date

    class Ended(RecordedAggregate.Event):
        """No regular visits any longer 终止."""

        TOPIC = "cases.VisitPlan.Ended"
        child_id: UUID
        reason: str
        ended_on: date

    @staticmethod
    def id_of(child_id: UUID, number: int) -> UUID:
        """The id of a child's n-th plan, counted from 1."""
        return uuid5(child_id, f"visits/{number}")

    # Decisions

    @classmethod
    def begin(
        cls,
        *,
        child_id: UUID,
        earlier: "VisitPlan | None",
        visitor: str,
        reason: str,
        every_days: int,
        today: date,
    ) -> Self:
        """Plans visits every so many days; refused while a plan of the child goes on."""
        catalogue.known(reason, words=catalogue.FOCUS_GROUPS, what="focus group")
        if earlier is not None and not earlier.ended:
            raise Refused(
                "plan_visits: this child is visited by a plan already; end_visits ends that one first (N2.3)."
            )
        if not 1 <= every_days <= LONGEST_INTERVAL_DAYS:
            raise Refused(f"plan_visits: regular is every 1 to {LONGEST_INTERVAL_DAYS} days.")
        if not visitor:
            raise Refused("plan_visits: name the account of who visits (N2.3).")
        number = 1 if earlier is None else earlier.number + 1
        return cls._create(
            cls.Begun,
            id=cls.id_of(child_id, number),
            child_id=child_id,
            number=number,
            visitor=visitor,
            reason=reason,
            every_days=every_days,
            next_on=today + timedelta(days=every_days),
        )

    def visited(self, *, visited_on: date) -> None:
        """A visit was made on a day: the next is due so many days after it; one made before the last is none of the plan."""
        next_on = visited_on + timedelta(days=self.every_days)
        if not self.ended and next_on > self.next_on:
            self.trigger_event(
                self.Visited, child_id=self.child_id, visitor=self.visitor, visited_on=visited_on, next_on=next_on
            )

    def miss(self, *, today: date) -> None:
        """The day of the visit is over; nothing happens where it isn't, or where that was recorded before."""
        if not self.ended and self.next_on < today and self.missed_on != self.next_on:
            self.trigger_event(
                self.Missed, child_id=self.child_id, visitor=self.visitor, due_on=self.next_on, missed_on=today
            )

    def end(self, *, reason: str, today: date) -> None:
        """Ends the plan, with a reason."""
        if self.ended:
            raise Refused("end_visits: this plan has ended already.")
        reason = catalogue.in_the_clear(reason, what="the reason")
        self.trigger_event(self.Ended, child_id=self.child_id, reason=reason, ended_on=today)

    # Evolution

    @event(Begun)
    def __init__(self, child_id: UUID, number: int, visitor: str, every_days: int, next_on: date) -> None:
        self.child_id = child_id
        self.number = number
        self.visitor = visitor
        self.every_days = every_days
        self.next_on = next_on
        self.missed_on: date | None = None
        self.ended = False

    @event(Visited)
    def _visited(self, next_on: date) -> None:
        self.next_on = next_on

    @event(Missed)
    def _missed(self, due_on: date) -> None:
        self.missed_on = due_on

    @event(Ended)
    def _ended(self) -> None:
        self.ended = True
