"""One child, one plan 一生一案 (N6.3): measures with an owner and a due date, done with evidence, reviewed in time.

A case has one plan, opened when the child's dropping out is confirmed. It goes along when the case moves, and ends with it, for the
reason the case ended for; a relapse is another case and gets a plan of its own. A child without a case has a plan of its own too.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Final, Self
from uuid import UUID, uuid5

from services.assistance.domain.overdue import Due
from services.assistance.domain.references import owner as unit
from services.assistance.domain.references import reference
from services.assistance.domain.residence import Residence
from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Refused

REVIEW_AFTER: Final = timedelta(days=30)
"""A plan is looked at again within the school's monthly round."""

MEASURES: Final = {
    "home_visit": "家访",
    "tutoring": "学业辅导",
    "counselling": "心理辅导",
    "mentoring": "结对帮扶",
    "living_allowance": "生活补助",
    "relief": "社会救助",
    "household_aid": "家庭扶持",
    "boarding": "寄宿",
    "nearer_school": "就近入学",
    "transport": "上学交通",
    "medical": "医疗康复",
    "home_teaching": "送教上门",
    "legal_aid": "法律援助",
}
"""What a plan can hold 帮扶措施; details about the child go into the sealed note."""

DECIDED_AS: Final = {
    "social_assistance": "relief",
    "poverty_relief": "household_aid",
    "legal_aid": "legal_aid",
}
"""The measure that a department's decision answers, by what it was asked for."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a plan."""

    measure: str
    owner: str
    due_on: date
    done_on: date | None = None
    declined_on: date | None = None

    @property
    def is_owed(self) -> bool:
        """Whether it is still to be done."""
        return self.done_on is None and self.declined_on is None


class StudentPlan(RecordedAggregate):
    """The plan of one child."""

    TOPIC = "assistance.StudentPlan"

    class Opened(RecordedAggregate.Event, Created):
        """The plan was opened 立案帮扶."""

        TOPIC = "assistance.StudentPlan.Opened"
        child_id: UUID
        case_id: UUID | None
        township: str
        opened_on: date
        review_on: date

    class MeasurePlanned(RecordedAggregate.Event):
        """Somebody took a measure upon itself, by a day 帮扶措施."""

        TOPIC = "assistance.StudentPlan.MeasurePlanned"
        child_id: UUID
        measure_id: UUID
        measure: str
        owner: str
        due_on: date
        note: Annotated[str, Personal("child_id")]

    class MeasureDone(RecordedAggregate.Event):
        """The measure was carried out 措施落实."""

        TOPIC = "assistance.StudentPlan.MeasureDone"
        child_id: UUID
        measure_id: UUID
        evidence: str
        done_on: date

    class MeasureDeclined(RecordedAggregate.Event):
        """Whoever decides about the measure refused it 措施未获准: it is owed no longer; `reason` is the code of the refusal."""

        TOPIC = "assistance.StudentPlan.MeasureDeclined"
        child_id: UUID
        measure_id: UUID
        reason: str
        evidence: str
        declined_on: date

    class Reviewed(RecordedAggregate.Event):
        """The plan was looked at again 帮扶评估."""

        TOPIC = "assistance.StudentPlan.Reviewed"
        child_id: UUID
        reviewed_on: date
        review_on: date

    class Moved(RecordedAggregate.Event):
        """The case went along with its child 转移: another township looks at the plan from now on."""

        TOPIC = "assistance.StudentPlan.Moved"
        child_id: UUID
        township: str

    class Ended(RecordedAggregate.Event):
        """The plan ended with its case 帮扶终结; `resolution` is how the case ended: kept, relapsed, merged, or its code 销号代码."""

        TOPIC = "assistance.StudentPlan.Ended"
        child_id: UUID
        resolution: str
        ended_on: date

    @staticmethod
    def id_of(*, child_id: UUID, case_id: UUID | None) -> UUID:
        """The id of a case's plan, or of the plan of a child without a case: there is one of each."""
        return uuid5(case_id or child_id, "student-plan")

    @classmethod
    def open(
        cls, *, child_id: UUID, case_id: UUID | None, township: str, residence: Residence | None, today: date
    ) -> Self:
        """Opens a plan, to be reviewed within a month; without a township it takes that of the known residence."""
        return cls._create(
            cls.Opened,
            id=cls.id_of(child_id=child_id, case_id=case_id),
            child_id=child_id,
            case_id=case_id,
            township=township or ("" if residence is None else residence.township),
            opened_on=today,
            review_on=today + REVIEW_AFTER,
        )

    def plan_measure(self, *, measure: str, owner: str, due_on: date, note: str, today: date) -> UUID:
        """Plans a measure and returns its id; refused where the same owner has the same one still to do."""
        self._refuse_ended()
        if measure not in MEASURES:
            raise Refused(f"A plan holds measures of these kinds: {', '.join(MEASURES)} (N6.3).")
        if due_on < today:
            raise Refused("A measure is planned ahead; its due date has passed.")
        unit(owner, what="the owner of a measure")
        if any((m.measure, m.owner) == (measure, owner) and m.is_owed for m in self.measures.values()):
            raise Refused("The same owner has this measure still to do; one measure is planned once (N6.3).")
        measure_id = uuid5(self.id, f"measure/{len(self.measures) + 1}")
        self.trigger_event(
            self.MeasurePlanned,
            child_id=self.child_id,
            measure_id=measure_id,
            measure=measure,
            owner=owner,
            due_on=due_on,
            note=note,
        )
        return measure_id

    def carry_out(self, *, measure_id: UUID, evidence: str, done_on: date, today: date) -> None:
        """Takes note that a measure was carried out, with the reference of its evidence."""
        planned = self.measures.get(measure_id)
        if planned is None:
            raise Refused("This plan has no such measure; plan it before it is done.")
        if planned.done_on is not None:
            raise Refused("This measure is done already; plan another one where more is needed.")
        if planned.declined_on is not None:
            raise Refused(
                f"This measure was refused on {planned.declined_on}; plan another one where it is asked again."
            )
        if done_on > today:
            raise Refused("A measure is reported when it was carried out; its day lies ahead.")
        if self.ended_on is not None and done_on > self.ended_on:
            raise Refused(f"This plan ended with its case on {self.ended_on}; what was done by then can still be told.")
        self.trigger_event(
            self.MeasureDone,
            child_id=self.child_id,
            measure_id=measure_id,
            evidence=reference(evidence, what="the evidence of a measure"),
            done_on=done_on,
        )

    def hear_decision(self, *, purpose: str, evidence: str, refused_for: str, decided_on: date, today: date) -> None:
        """Takes what a department decided of the help it was asked for: each measure it answers is done, or declined where refused.

        A plan without such a measure, or one that has ended, has nothing to hear.
        """
        answered = DECIDED_AS.get(purpose)
        owed = [key for key, measure in self.measures.items() if measure.measure == answered and measure.is_owed]
        for measure_id in owed if self.ended_on is None else ():
            if not refused_for:
                self.carry_out(measure_id=measure_id, evidence=evidence, done_on=decided_on, today=today)
                continue
            self.trigger_event(
                self.MeasureDeclined,
                child_id=self.child_id,
                measure_id=measure_id,
                reason=refused_for,
                evidence=reference(evidence, what="the refusal of a measure"),
                declined_on=decided_on,
            )

    def review(self, *, review_on: date, today: date) -> None:
        """Looks at the plan again and sets the next day to do so."""
        self._refuse_ended()
        if review_on <= today:
            raise Refused("The next review lies ahead of this one.")
        self.trigger_event(self.Reviewed, child_id=self.child_id, reviewed_on=today, review_on=review_on)

    def move(self, *, township: str) -> None:
        """Goes along with its case to another township; heard again, or after its end, nothing happens."""
        if self.ended_on is None and township != self.township:
            self.trigger_event(self.Moved, child_id=self.child_id, township=township)

    def end(self, *, resolution: str, ended_on: date) -> None:
        """Ends with its case: nothing of it is owed any more, what was not done included; heard again, nothing happens."""
        if self.ended_on is None:
            self.trigger_event(self.Ended, child_id=self.child_id, resolution=resolution, ended_on=ended_on)

    def due_measure(self, measure_id: UUID) -> Due | None:
        """A measure that is still to be done; None for one that is, was declined, isn't there, or whose plan has ended."""
        planned = self.measures.get(measure_id)
        if planned is None or not planned.is_owed or self.ended_on is not None:
            return None
        return Due(
            matter="measure",
            about=measure_id,
            owed_by=planned.owner,
            due_on=planned.due_on,
            township=self.township,
            child_id=self.child_id,
        )

    def due_review(self) -> Due | None:
        """The next look at the plan, which the township owes; None where the plan has ended."""
        if self.ended_on is not None:
            return None
        return Due(
            matter="plan_review",
            about=self.id,
            owed_by="township",
            due_on=self.review_on,
            township=self.township,
            child_id=self.child_id,
        )

    def _refuse_ended(self) -> None:
        if self.ended_on is not None:
            raise Refused(
                f"This plan ended with its case on {self.ended_on}; if the child is out of school again, its next case gets a "
                "plan of its own (N6.3)."
            )

    @event(Opened)
    def __init__(self, child_id: UUID, case_id: UUID | None, township: str, review_on: date) -> None:
        self.child_id = child_id
        self.case_id = case_id
        self.township = township
        self.review_on = review_on
        self.measures: dict[UUID, Measure] = {}
        self.ended_on: date | None = None

    @event(MeasurePlanned)
    def _measure_planned(self, measure_id: UUID, measure: str, owner: str, due_on: date) -> None:
        self.measures[measure_id] = Measure(measure, owner, due_on)

    @event(MeasureDone)
    def _measure_done(self, measure_id: UUID, done_on: date) -> None:
        self.measures[measure_id] = replace(self.measures[measure_id], done_on=done_on)

    @event(MeasureDeclined)
    def _measure_declined(self, measure_id: UUID, declined_on: date) -> None:
        self.measures[measure_id] = replace(self.measures[measure_id], declined_on=declined_on)

    @event(Reviewed)
    def _reviewed(self, review_on: date) -> None:
        self.review_on = review_on

    @event(Moved)
    def _moved(self, township: str) -> None:
        self.township = township

    @event(Ended)
    def _ended(self, ended_on: date) -> None:
        self.ended_on = ended_on
