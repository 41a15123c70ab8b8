"""Where a disabled child is taught 残疾儿童安置 (N1.7), decided by the county's panel 残疾人教育专家委员会.

Forms: in a regular class 随班就读, in a special school 特教学校, taught at home 送教上门. A new decision is a new placement
and ends the one before.
"""

from datetime import date
from typing import Final
from uuid import UUID

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.roster.domain.facts import Excuse

FORMS: Final = ("regular_class", "special_school", "home_teaching")

AT_HOME: Final = "home_teaching"
"""The form that no class list shows: the decision itself accounts for the child."""

DECIDED_ANEW: Final = "另行安置"
"""Why a placement ended that a new one follows."""


class Placement(RecordedAggregate):
    """One decision on one child."""

    TOPIC = "roster.Placement"

    class Decided(RecordedAggregate.Event, Created):
        """The panel decided 安置决定."""

        TOPIC = "roster.Placement.Decided"
        child_id: UUID
        form: str
        school: str
        decided_on: date

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
        return cls._create(cls.Decided, id=placement_id, child_id=child_id, form=form, school=school, decided_on=today)

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
        self.ended_on: date | None = None

    @event(Ended)
    def _ended(self, ended_on: date) -> None:
        self.ended_on = ended_on
