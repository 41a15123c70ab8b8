"""Where a disabled child is taught 残疾儿童安置 (N1.7), decided by the county's panel 残疾人教育专家委员会.

Forms: in a regular class 随班就读, in a special school 特教学校, taught at home 送教上门. A new decision is a new placement
and ends the one before.

Who is placed at home is owed a first visit by a day. That it was made is told here, on the decision that owes it
([decision 0036](../../decisions/0036-the-placement-owes-the-first-visit.md)).
"""

from datetime import date
from typing import Any, ClassVar, Final
from uuid import UUID

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.chassis.working_days import add_working_days
from services.roster.domain.facts import Excuse

FORMS: Final = ("regular_class", "special_school", "home_teaching")

AT_HOME: Final = "home_teaching"
"""The form that no class list shows: the decision itself accounts for the child."""

FIRST_VISIT_WITHIN: Final = 5
"""Working days from the decision to the first visit: there are two visits a week (N1.7); a county default."""

DECIDED_ANEW: Final = "另行安置"
"""Why a placement ended that a new one follows."""


class Placement(RecordedAggregate):
    """One decision on one child."""

    TOPIC = "roster.Placement"

    class Decided(RecordedAggregate.Event, Created):
        """The panel decided 安置决定."""

        TOPIC = "roster.Placement.Decided"
        class_version: ClassVar[int] = 2
        child_id: UUID
        form: str
        school: str
        decided_on: date
        first_visit_by: date | None

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first a decision gave no day for the first visit; the rule is the same."""
            by = first_visit_by(form=state["form"], decided_on=date.fromisoformat(state["decided_on"]))
            state.update(first_visit_by=by and by.isoformat())

    class TeachingBegun(RecordedAggregate.Event):
        """The child was visited at home for the first time since the decision 首次送教; assistance told of the visit."""

        TOPIC = "roster.Placement.TeachingBegun"
        child_id: UUID
        taught_on: date

    class Ended(RecordedAggregate.Event):
        """The placement no longer holds 安置终止."""

        TOPIC = "roster.Placement.Ended"
        child_id: UUID
        reason: str
        ended_on: date

    @classmethod
    def decide(cls, *, placement_id: UUID, child_id: UUID, form: str, school: str, today: date) -> "Placement":
        """Places a child; refused without a school, for a home-taught child too is on a school's books."""
        if form not in FORMS:
            raise Refused(f"A placement is one of {', '.join(FORMS)}.")
        if not school:
            raise Refused("A placement names the school that keeps the child's enrolment, home teaching too (N1.7).")
        return cls._create(
            cls.Decided,
            id=placement_id,
            child_id=child_id,
            form=form,
            school=school,
            decided_on=today,
            first_visit_by=first_visit_by(form=form, decided_on=today),
        )

    def begin_teaching(self, *, taught_on: date) -> None:
        """Notes the first visit since the decision; once, and none of before it or after the placement ended."""
        if self.begun_on is None and self.form == AT_HOME and self.ended_on is None and taught_on >= self.decided_on:
            self.trigger_event(self.TeachingBegun, child_id=self.child_id, taught_on=taught_on)

    def excuse(self, *, approved_by: str) -> Excuse | None:
        """What the child is accounted for by: taught at home until the placement ends; in a class its seat says so itself.

        Hours that were not taught are a finding of their own, so a placement on paper alone does not hide a child.
        """
        if self.form != AT_HOME:
            return None
        return Excuse(self.id, "placed", "送教上门，已作安置决定", self.decided_on, date.max, "", approved_by)

    def end(self, *, reason: str, today: date) -> None:
        """Ends the placement; refused twice."""
        if self.ended_on is not None:
            raise Refused("This placement has ended already.")
        self.trigger_event(self.Ended, child_id=self.child_id, reason=reason, ended_on=today)

    @event(Decided)
    def __init__(self, child_id: UUID, form: str, decided_on: date) -> None:
        self.child_id = child_id
        self.form = form
        self.decided_on = decided_on
        self.begun_on: date | None = None
        self.ended_on: date | None = None

    @event(TeachingBegun)
    def _teaching_begun(self, taught_on: date) -> None:
        self.begun_on = taught_on

    @event(Ended)
    def _ended(self, ended_on: date) -> None:
        self.ended_on = ended_on


def first_visit_by(*, form: str, decided_on: date) -> date | None:
    """The last day of the first visit to a child that is placed at home; None for the other forms."""
    return add_working_days(decided_on, FIRST_VISIT_WITHIN) if form == AT_HOME else None
