"""Which measures and reviews are due, and which are late already 帮扶期限: a read side in memory, fed with own events.

It decides nothing: `Assistance.watch_due` looks again at what is owed. A stale entry costs one look.
"""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.assistance.domain.household_plan import HouseholdPlan
from services.assistance.domain.learning_support import LearningSupport
from services.assistance.domain.overdue import Matter, Overdue
from services.assistance.domain.recognition_run import RecognitionRun
from services.assistance.domain.refusal import Refusal
from services.assistance.domain.student_plan import StudentPlan


class Owed(NamedTuple):
    """Something owed by a day: which measure of which plan, or the look at a plan, whose id is both."""

    matter: Matter
    plan_id: UUID
    about: UUID


class DuePlans:
    """The day of everything that plans owe, and the recognitions that are not through."""

    def __init__(self) -> None:
        self.runs: list[UUID] = []
        """The runs that go on, the longest open first."""
        self._due: dict[Owed, date] = {}
        self._measures: dict[UUID, list[UUID]] = {}
        """The measures of each plan that goes on."""
        self._late: dict[tuple[UUID, date], date | None] = {}
        """Of what was noted, the last day its owner has; None once the level above was told."""

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case StudentPlan.MeasurePlanned():
                self._due[Owed("measure", event.originator_id, event.measure_id)] = event.due_on
                self._measures.setdefault(event.originator_id, []).append(event.measure_id)
            case StudentPlan.MeasureDone() | StudentPlan.MeasureDeclined():
                self._due.pop(Owed("measure", event.originator_id, event.measure_id), None)
            case StudentPlan.Opened() | StudentPlan.Reviewed():
                self._review("plan_review", event.originator_id, event.review_on)
            case StudentPlan.Ended(originator_id=plan_id):
                self._due.pop(Owed("plan_review", plan_id, plan_id), None)
                for measure_id in self._measures.pop(plan_id, ()):
                    self._due.pop(Owed("measure", plan_id, measure_id), None)
            case HouseholdPlan.Opened() | HouseholdPlan.Reviewed():
                self._review("household_review", event.originator_id, event.review_on)
            case LearningSupport.Begun() | LearningSupport.BegunAgain() | LearningSupport.Reviewed():
                self._review("support_review", event.originator_id, event.review_on)
            case LearningSupport.Ended():
                self._due.pop(Owed("support_review", event.originator_id, event.originator_id), None)
            case Refusal.Raised():
                self._due[Owed("payment_refused", event.originator_id, event.originator_id)] = event.due_on
            case Refusal.Closed():
                self._due.pop(Owed("payment_refused", event.originator_id, event.originator_id), None)
            case RecognitionRun.Opened():
                self.runs.append(event.originator_id)
            case RecognitionRun.Ended():
                self.runs.remove(event.originator_id)
            case Overdue.Noted():
                self._late[event.about, event.due_on] = event.climbs_after
            case Overdue.Climbed():
                self._late[event.about, event.due_on] = None
            case _:
                pass

    def due(self, today: date) -> list[tuple[date, Owed]]:
        """What time changes today, the latest last: late and not noted, or noted and its owner's days are over."""
        found = []
        for owed, due_on in self._due.items():
            if due_on >= today:
                continue
            last_day = self._late.get((owed.about, due_on), due_on)
            if last_day is not None and last_day < today:
                found.append((due_on, owed))
        return sorted(found)

    def _review(self, matter: Matter, plan_id: UUID, review_on: date) -> None:
        self._due[Owed(matter, plan_id, plan_id)] = review_on
