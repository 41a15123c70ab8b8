"""What assistance 资助帮扶 told, as rows: who is eligible, what was planned, granted, paid, and taught at home.

Rows of a child stand under the child's township and follow it when it moves; a household's plan stands under the
township its children live in.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

import msgspec
from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.assistance import (
    AwardGranted,
    AwardListed,
    AwardPaid,
    AwardReturned,
    AwardSetAside,
    AwardTakenUp,
    AwardUnlisted,
    EligibilityEnded,
    EligibilityFound,
    HomeTeachingGiven,
    HouseholdChildIncluded,
    HouseholdPlanOpened,
    HouseholdPlanReviewed,
    LearningSessionHeld,
    LearningSupportBegun,
    LearningSupportReviewed,
    MeasureDeclined,
    MeasureDone,
    MeasurePlanned,
    PaymentRefusalClimbed,
    PaymentRefusalOverdue,
    PlanOverdue,
    PlanOverdueClimbed,
    StudentPlanEnded,
    StudentPlanMoved,
    StudentPlanOpened,
    StudentPlanReviewed,
)
from services.contracts.envelope import Published

EligibilityEvent = EligibilityFound | EligibilityEnded
MeasureEvent = MeasurePlanned | MeasureDone | MeasureDeclined
AwardEvent = AwardGranted | AwardPaid | AwardReturned | AwardListed | AwardUnlisted | AwardSetAside | AwardTakenUp
SupportEvent = LearningSupportBegun | LearningSupportReviewed | LearningSessionHeld


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch in which a ground holds 资格期间: from when until when, on whose word, and when each of it became known.

    From `lapses_on` its category is in force no longer, whatever the register says. What it ended by, where a row says so, is
    `ended_ground`: that the risk of a monitored household is removed.
    """

    ground: str = ""
    source: str = ""
    legal_basis: str = ""
    register: str = ""
    batch_id: UUID | None = None
    row: int | None = None
    from_on: date | None = None
    until_on: date | None = None
    lapses_on: date | None = None
    known_at: datetime | None = None
    ended_at: datetime | None = None
    ended_ground: str = ""
    ended_register: str = ""
    ended_batch: UUID | None = None
    ended_row: int | None = None


class Eligibility(OfChild, frozen=True, kw_only=True):
    """A category a child is eligible in, and on what ground 资格; `spans` are all stretches of it, from the first."""

    TABLE: ClassVar[str] = "eligibility"
    KEY: ClassVar[str] = "eligibility_id"
    eligibility_id: UUID
    category: str = ""
    ground: str = ""
    from_on: date | None = None
    until_on: date | None = None
    spans: tuple[Span, ...] = ()


PlanEvent = StudentPlanOpened | StudentPlanReviewed | StudentPlanMoved | StudentPlanEnded
HouseholdEvent = HouseholdPlanOpened | HouseholdChildIncluded | HouseholdPlanReviewed


class StudentPlan(Row, frozen=True, kw_only=True):
    """One child, one plan 一生一案; ended, `resolution` is how its case ended and no look at it is due."""

    TABLE: ClassVar[str] = "student_plan"
    KEY: ClassVar[str] = "plan_id"
    plan_id: UUID
    child_id: UUID
    case_id: UUID | None = None
    township: str = ""
    opened_on: date | None = None
    review_on: date | None = None
    reviewed_on: date | None = None
    ended_on: date | None = None
    resolution: str = ""


class Measure(OfChild, frozen=True, kw_only=True):
    """A measure of a plan 帮扶措施."""

    TABLE: ClassVar[str] = "measure"
    KEY: ClassVar[str] = "measure_id"
    measure_id: UUID
    plan_id: UUID
    measure: str = ""
    owner: str = ""
    due_on: date | None = None
    evidence: str = ""
    done_on: date | None = None
    declined_on: date | None = None
    declined_for: str = ""


class HouseholdPlan(Row, frozen=True, kw_only=True):
    """One household, one plan 一家一案."""

    TABLE: ClassVar[str] = "household_plan"
    KEY: ClassVar[str] = "plan_id"
    plan_id: UUID
    household_id: UUID
    township: str = ""
    children: tuple[UUID, ...] = ()
    opened_on: date | None = None
    review_on: date | None = None
    reviewed_on: date | None = None


class Award(OfChild, frozen=True, kw_only=True):
    """An amount granted to a child for a term 资助; granted, paid or returned, in fen 分; set aside, which award stands for it."""

    TABLE: ClassVar[str] = "award"
    KEY: ClassVar[str] = "award_id"
    award_id: UUID
    programme: str = ""
    term: str = ""
    amount_fen: int = 0
    category: str = ""
    legal_basis: str = ""
    granted_on: date | None = None
    paid_fen: int = 0
    state: str = ""
    list_id: UUID | None = None
    standing: UUID | None = None
    set_aside_on: date | None = None
    excludes: tuple[str, ...] = ()


class LearningSupport(OfChild, frozen=True, kw_only=True):
    """Support for a pupil with learning difficulty 学困帮扶."""

    TABLE: ClassVar[str] = "learning_support"
    KEY: ClassVar[str] = "support_id"
    support_id: UUID
    needs: tuple[str, ...] = ()
    helper: str = ""
    begun_on: date | None = None
    review_on: date | None = None
    outcome: str = ""
    sessions: int = 0
    last_session_on: date | None = None
    progress: str = ""


class HomeTeaching(OfChild, frozen=True, kw_only=True):
    """Home teaching 送教上门 in a school year, and the class-hours given so far."""

    TABLE: ClassVar[str] = "home_teaching"
    KEY: ClassVar[str] = "teaching_id"
    teaching_id: UUID
    school_year: str = ""
    hours_so_far: int = 0
    last_given_on: date | None = None


def eligibility(row: Eligibility | None, told: Told[EligibilityEvent]) -> Eligibility:
    """A ground from the day it was found to the day it ended."""
    event = told.event
    row = row or Eligibility(eligibility_id=event.eligibility_id, child_id=event.child_id)
    row = replace(row, category=event.category)
    match event:
        case EligibilityFound():
            span = Span(
                ground=event.ground,
                source=event.source,
                legal_basis=event.legal_basis,
                register=event.register,
                batch_id=event.batch_id,
                row=event.row,
                from_on=event.from_on,
                lapses_on=event.lapses_on,
                known_at=told.envelope.recorded_at,
            )
            spans = (*_ended(row.spans, told, until_on=event.from_on), span)
            return replace(row, ground=event.ground, from_on=event.from_on, until_on=None, spans=spans)
        case EligibilityEnded():
            by = {
                "ended_ground": event.ground,
                "ended_register": event.register,
                "ended_batch": event.batch_id,
                "ended_row": event.row,
            }
            return replace(row, until_on=event.until_on, spans=_ended(row.spans, told, until_on=event.until_on, **by))
        case _:
            assert_never(event)


def _ended(
    spans: tuple[Span, ...], told: Told[EligibilityEvent], *, until_on: date, **by: str | int | UUID | None
) -> tuple[Span, ...]:
    """The stretches, the last of them over by a day where it went on, at the earliest on the day it began."""
    if not spans or spans[-1].until_on is not None:
        return spans
    last_day = max(until_on, spans[-1].from_on or until_on)
    return (*spans[:-1], replace(spans[-1], until_on=last_day, ended_at=told.envelope.recorded_at, **by))


def student_plan(row: StudentPlan | None, told: Told[PlanEvent]) -> StudentPlan:
    """A plan as it was opened, when it is looked at again, and how it ended."""
    event = told.event
    row = row or StudentPlan(plan_id=event.plan_id, child_id=event.child_id)
    match event:
        case StudentPlanOpened():
            return replace(
                row,
                case_id=event.case_id,
                township=event.township,
                opened_on=event.opened_on,
                review_on=event.review_on,
            )
        case StudentPlanReviewed():
            return replace(row, reviewed_on=event.reviewed_on, review_on=event.review_on)
        case StudentPlanMoved():
            return replace(row, township=event.township)
        case StudentPlanEnded():
            return replace(row, review_on=None, ended_on=event.ended_on, resolution=event.resolution)
        case _:
            assert_never(event)


def measure(row: Measure | None, told: Told[MeasureEvent]) -> Measure:
    """A measure from plan to evidence."""
    event = told.event
    row = row or Measure(measure_id=event.measure_id, plan_id=event.plan_id, child_id=event.child_id)
    match event:
        case MeasurePlanned():
            return replace(row, measure=event.measure, owner=event.owner, due_on=event.due_on)
        case MeasureDone():
            return replace(row, evidence=event.evidence, done_on=event.done_on)
        case MeasureDeclined():
            return replace(row, evidence=event.evidence, declined_on=event.declined_on, declined_for=event.reason)
        case _:
            assert_never(event)


def household_plan(row: HouseholdPlan | None, told: Told[HouseholdEvent]) -> HouseholdPlan:
    """A household's plan, the children under it, and when it is looked at again."""
    event = told.event
    row = row or HouseholdPlan(plan_id=event.plan_id, household_id=event.household_id)
    match event:
        case HouseholdPlanOpened():
            dates = {"opened_on": event.opened_on, "review_on": event.review_on}
            return replace(row, children=event.children, **dates)
        case HouseholdChildIncluded():
            return replace(row, children=(*row.children, event.child_id))
        case HouseholdPlanReviewed():
            return replace(row, reviewed_on=event.reviewed_on, review_on=event.review_on)
        case _:
            assert_never(event)


def award(row: Award | None, told: Told[AwardEvent]) -> Award:
    """An award and how much of it has reached the child; what came back is owed again."""
    event = told.event
    row = row or Award(award_id=event.award_id, child_id=event.child_id)
    match event:
        case AwardGranted():
            return replace(
                row,
                programme=event.programme,
                term=event.term,
                amount_fen=event.amount_fen,
                category=event.category,
                legal_basis=event.legal_basis,
                granted_on=event.granted_on,
                excludes=event.excludes,
                state="granted",
            )
        case AwardPaid():
            paid = row.paid_fen + event.amount_fen
            state = "paid" if paid >= row.amount_fen and row.state != "set_aside" else row.state
            return replace(row, paid_fen=paid, state=state)
        case AwardReturned():
            state = row.state if row.state == "set_aside" else "returned"
            return replace(row, paid_fen=row.paid_fen - event.amount_fen, state=state)
        case AwardListed():
            return replace(row, list_id=event.list_id)
        case AwardUnlisted():
            return replace(row, list_id=None)
        case AwardSetAside():
            return replace(row, state="set_aside", standing=event.standing, set_aside_on=event.set_aside_on)
        case AwardTakenUp():
            state = "paid" if row.paid_fen >= row.amount_fen else "granted"
            return replace(row, state=state, standing=None, set_aside_on=None)
        case _:
            assert_never(event)


def learning_support(row: LearningSupport | None, told: Told[SupportEvent]) -> LearningSupport:
    """Support from its beginning, with its sessions, how the pupil did in the last one, and what the last review found."""
    event = told.event
    row = row or LearningSupport(support_id=event.support_id, child_id=event.child_id)
    match event:
        case LearningSupportBegun():
            return replace(
                row,
                needs=event.needs,
                helper=event.helper,
                begun_on=event.begun_on,
                review_on=event.review_on,
                outcome="",
                sessions=0,
                last_session_on=None,
                progress="",
            )
        case LearningSupportReviewed():
            return replace(row, outcome=event.outcome, review_on=event.review_on)
        case LearningSessionHeld():
            return replace(row, sessions=event.sessions_so_far, last_session_on=event.held_on, progress=event.progress)
        case _:
            assert_never(event)


def home_teaching(_: HomeTeaching | None, told: Told[HomeTeachingGiven]) -> HomeTeaching:
    """The latest visit, with the hours so far as the service counts them."""
    event = told.event
    return HomeTeaching(
        teaching_id=event.teaching_id,
        child_id=event.child_id,
        school_year=event.school_year,
        hours_so_far=event.hours_so_far,
        last_given_on=event.given_on,
    )


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Eligibility, events=get_args(EligibilityEvent), about=about("eligibility_id"), evolve=eligibility),
    Fold(row=StudentPlan, events=get_args(PlanEvent), about=about("plan_id"), evolve=student_plan),
    Fold(row=Measure, events=get_args(MeasureEvent), about=about("measure_id"), evolve=measure),
    Fold(row=HouseholdPlan, events=get_args(HouseholdEvent), about=about("plan_id"), evolve=household_plan),
    Fold(row=Award, events=get_args(AwardEvent), about=about("award_id"), evolve=award),
    Fold(row=LearningSupport, events=get_args(SupportEvent), about=about("support_id"), evolve=learning_support),
    Fold(row=HomeTeaching, events=(HomeTeachingGiven,), about=about("teaching_id"), evolve=home_teaching),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset(
    {PlanOverdue, PlanOverdueClimbed, PaymentRefusalOverdue, PaymentRefusalClimbed}
)
"""What is late is seen by its day; that somebody was told is notify's matter."""
