"""Where a disabled child is taught 残疾儿童安置 (N1.7), decided by the county's panel 残疾人教育专家委员会.

Forms: in a regular class 随班就读, in a special school 特教学校, taught at home 送教上门. A new decision is a new placement
and ends the one before.
"""

from datetime import date
from uuid import UUID

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

FORMS = ("regular_class", "special_school", "home_teaching")


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

    def end(self, *, reason: str, today: date) -> None:
        """Ends the placement; refused twice."""
        if self.ended_on is not None:
            raise Refused("This placement has ended already.")
        self.trigger_event(self.Ended, child_id=self.child_id, reason=reason, ended_on=today)

    @event(Decided)
    def __init__(self, child_id: UUID, form: str) -> None:
        self.child_id = child_id
        self.form = form
        self.ended_on: date | None = None

    @event(Ended)
    def _ended(self, ended_on: date) -> None:
        self.ended_on = ended_on
