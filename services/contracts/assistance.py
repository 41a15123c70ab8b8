"""What assistance 资助帮扶 tells: who is eligible on what ground, what was planned, granted, paid, and taught at home."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from services.contracts.envelope import Published


class EligibilityFound(Published, frozen=True, kw_only=True):
    """A child is eligible in a category from this day 资格认定 (N6.1); `ground` names the register's words.

    `register`, `batch_id` and `row` say where that stands, where registers say so; from `lapses_on` the category is in force no longer.
    """

    TYPE: ClassVar[str] = "assistance.eligibility-found.v1"
    eligibility_id: UUID
    child_id: UUID
    category: str
    ground: str
    from_on: date
    source: str = ""
    legal_basis: str = ""
    register: str = ""
    batch_id: UUID | None = None
    row: int | None = None
    lapses_on: date | None = None


class EligibilityEnded(Published, frozen=True, kw_only=True):
    """The ground no longer holds 资格终止; where a register's row says so, as that a household's risk is removed, which."""

    TYPE: ClassVar[str] = "assistance.eligibility-ended.v1"
    eligibility_id: UUID
    child_id: UUID
    category: str
    until_on: date
    ground: str = ""
    register: str = ""
    batch_id: UUID | None = None
    row: int | None = None


class StudentPlanOpened(Published, frozen=True, kw_only=True):
    """One child, one plan 一生一案 (N6.3)."""

    TYPE: ClassVar[str] = "assistance.student-plan-opened.v1"
    plan_id: UUID
    child_id: UUID
    case_id: UUID | None
    township: str
    opened_on: date
    review_on: date


class MeasurePlanned(Published, frozen=True, kw_only=True):
    """A measure of the plan with owner and due date 帮扶措施."""

    TYPE: ClassVar[str] = "assistance.measure-planned.v1"
    plan_id: UUID
    child_id: UUID
    measure_id: UUID
    measure: str
    owner: str
    due_on: date


class MeasureDone(Published, frozen=True, kw_only=True):
    """The measure was carried out, with its evidence 措施落实."""

    TYPE: ClassVar[str] = "assistance.measure-done.v1"
    plan_id: UUID
    child_id: UUID
    measure_id: UUID
    evidence: str
    done_on: date


class MeasureDeclined(Published, frozen=True, kw_only=True):
    """Whoever decides about a measure refused it 措施未获准: it is owed no longer; `reason` is the code of the refusal."""

    TYPE: ClassVar[str] = "assistance.measure-declined.v1"
    measure_id: UUID
    plan_id: UUID
    child_id: UUID
    reason: str
    evidence: str
    declined_on: date


class HouseholdPlanOpened(Published, frozen=True, kw_only=True):
    """One household, one plan 一家一案 (N6.3)."""

    TYPE: ClassVar[str] = "assistance.household-plan-opened.v1"
    plan_id: UUID
    household_id: UUID
    children: tuple[UUID, ...]
    opened_on: date
    review_on: date | None = None


class HouseholdChildIncluded(Published, frozen=True, kw_only=True):
    """Another child of the household came under its plan 纳入."""

    TYPE: ClassVar[str] = "assistance.household-child-included.v1"
    plan_id: UUID
    household_id: UUID
    child_id: UUID


class HouseholdPlanReviewed(Published, frozen=True, kw_only=True):
    """A household's plan was looked at again 帮扶评估; the next look is due by `review_on`."""

    TYPE: ClassVar[str] = "assistance.household-plan-reviewed.v1"
    plan_id: UUID
    household_id: UUID
    reviewed_on: date
    review_on: date


class StudentPlanReviewed(Published, frozen=True, kw_only=True):
    """A child's plan was looked at again 帮扶评估; the next look is due by `review_on`."""

    TYPE: ClassVar[str] = "assistance.student-plan-reviewed.v1"
    plan_id: UUID
    child_id: UUID
    reviewed_on: date
    review_on: date


class StudentPlanMoved(Published, frozen=True, kw_only=True):
    """The plan went along with its case 转移: another township looks at it from now on."""

    TYPE: ClassVar[str] = "assistance.student-plan-moved.v1"
    plan_id: UUID
    child_id: UUID
    township: str


class StudentPlanEnded(Published, frozen=True, kw_only=True):
    """The plan ended with its case 帮扶终结; `resolution` is how that ended: kept, relapsed, merged, or a code R1-R13."""

    TYPE: ClassVar[str] = "assistance.student-plan-ended.v1"
    plan_id: UUID
    child_id: UUID
    resolution: str
    ended_on: date


class PlanOverdue(Published, frozen=True, kw_only=True):
    """A measure, or a look at a plan, was not done by its day 帮扶逾期 (N5.1, N6.3); `about` is the measure, plan or support."""

    TYPE: ClassVar[str] = "assistance.plan-overdue.v1"
    overdue_id: UUID
    matter: Literal["measure", "plan_review", "household_review", "support_review"]
    about: UUID
    owed_by: str
    township: str
    child_id: UUID | None
    due_on: date
    noted_on: date


class PlanOverdueClimbed(Published, frozen=True, kw_only=True):
    """Whoever owed it let further days pass 逾期升级; the level above is told."""

    TYPE: ClassVar[str] = "assistance.plan-overdue-climbed.v1"
    overdue_id: UUID
    matter: Literal["measure", "plan_review", "household_review", "support_review"]
    about: UUID
    owed_by: str
    township: str
    child_id: UUID | None
    due_on: date
    up_to: str
    climbed_on: date


class AwardGranted(Published, frozen=True, kw_only=True):
    """A programme's amount was granted to a child for a term 资助认定; money in fen 分. `excludes` is not paid together with it."""

    TYPE: ClassVar[str] = "assistance.award-granted.v1"
    award_id: UUID
    child_id: UUID
    programme: str
    term: str
    amount_fen: int
    category: str
    legal_basis: str
    granted_on: date
    excludes: tuple[str, ...] = ()


class AwardPaid(Published, frozen=True, kw_only=True):
    """The bank reported the money paid 发放."""

    TYPE: ClassVar[str] = "assistance.award-paid.v1"
    award_id: UUID
    child_id: UUID
    payment_id: UUID
    amount_fen: int
    paid_on: date


class AwardReturned(Published, frozen=True, kw_only=True):
    """The money came back 退回; the award is owed again."""

    TYPE: ClassVar[str] = "assistance.award-returned.v1"
    award_id: UUID
    child_id: UUID
    payment_id: UUID
    amount_fen: int
    reason: str
    returned_on: date


class AwardSetAside(Published, frozen=True, kw_only=True):
    """Two entries were one child and each had an award 重复搁置: another stands for this one, and what was paid has to come back."""

    TYPE: ClassVar[str] = "assistance.award-set-aside.v1"
    award_id: UUID
    child_id: UUID
    standing: UUID
    set_aside_on: date


class AwardTakenUp(Published, frozen=True, kw_only=True):
    """A merge was taken back 恢复: the award stands by itself again."""

    TYPE: ClassVar[str] = "assistance.award-taken-up.v1"
    award_id: UUID
    child_id: UUID
    taken_up_on: date


class AwardListed(Published, frozen=True, kw_only=True):
    """An award was put on a payment list 列入名册."""

    TYPE: ClassVar[str] = "assistance.award-listed.v1"
    award_id: UUID
    child_id: UUID
    list_id: UUID
    listed_on: date
    payment_id: UUID | None = None
    """Under which id it is to be paid; None where that was not told."""


class AwardUnlisted(Published, frozen=True, kw_only=True):
    """Its payment list was withdrawn 移出名册."""

    TYPE: ClassVar[str] = "assistance.award-unlisted.v1"
    award_id: UUID
    child_id: UUID
    list_id: UUID
    unlisted_on: date
    payment_id: UUID | None = None
    """Under which id it is to be paid; None where that was not told."""


class PaymentListMade(Published, frozen=True, kw_only=True):
    """What is to be paid at a school for a programme and term was put together 编制名册; money in fen 分."""

    TYPE: ClassVar[str] = "assistance.payment-list-made.v1"
    list_id: UUID
    programme: str
    term: str
    school: str
    township: str
    lines: int
    total_fen: int
    made_by: str
    made_on: date


class PaymentListApproved(Published, frozen=True, kw_only=True):
    """Another person approved a payment list 审批锁定; `sha256` is over its lines."""

    TYPE: ClassVar[str] = "assistance.payment-list-approved.v1"
    list_id: UUID
    sha256: str
    approved_by: str
    approved_on: date


class PaymentListWithdrawn(Published, frozen=True, kw_only=True):
    """A payment list is not paid 撤回名册."""

    TYPE: ClassVar[str] = "assistance.payment-list-withdrawn.v1"
    list_id: UUID
    withdrawn_on: date


class PaymentRefused(Published, frozen=True, kw_only=True):
    """The bank did not pay a line of a list 退票: a task of its school, due by `due_on`; the award is owed still."""

    TYPE: ClassVar[str] = "assistance.payment-refused.v1"
    refusal_id: UUID
    award_id: UUID
    child_id: UUID
    list_id: UUID
    owner: str
    township: str
    reason: str
    raised_on: date
    due_on: date
    payment_id: UUID | None = None


class PaymentRefusalClosed(Published, frozen=True, kw_only=True):
    """Nothing more is owed on a refused payment 销号: it was answered, listed again, paid, or is owed no longer."""

    TYPE: ClassVar[str] = "assistance.payment-refusal-closed.v1"
    refusal_id: UUID
    award_id: UUID
    child_id: UUID
    ending: Literal["answered", "listed_again", "paid", "owed_no_longer"]
    answer: str
    closed_on: date


class PaymentRefusalOverdue(Published, frozen=True, kw_only=True):
    """A refused payment was not set right by its day 退票逾期未办."""

    TYPE: ClassVar[str] = "assistance.payment-refusal-overdue.v1"
    overdue_id: UUID
    refusal_id: UUID
    owed_by: str
    township: str
    child_id: UUID | None
    due_on: date
    noted_on: date


class PaymentRefusalClimbed(Published, frozen=True, kw_only=True):
    """Whoever owed it let further days pass 退票逾期升级; the level above is told."""

    TYPE: ClassVar[str] = "assistance.payment-refusal-climbed.v1"
    overdue_id: UUID
    refusal_id: UUID
    owed_by: str
    township: str
    child_id: UUID | None
    due_on: date
    up_to: str
    climbed_on: date


class AidQuestionAsked(Published, frozen=True, kw_only=True):
    """What does not agree about a child's aid in a term was put to a unit, by a day 资助疑点查询 (N6.2)."""

    TYPE: ClassVar[str] = "assistance.aid-question-asked.v1"
    question_id: UUID
    child_id: UUID
    kind: str
    programme: str
    term: str
    award_id: UUID | None
    owner: str
    township: str
    asked_on: date
    due_on: date


class AidQuestionAnswered(Published, frozen=True, kw_only=True):
    """Whoever was asked answered 答复: set_right, being_set_right, as_it_should_be or family_refuses."""

    TYPE: ClassVar[str] = "assistance.aid-question-answered.v1"
    question_id: UUID
    child_id: UUID
    answer: str
    answered_on: date


class LearningSupportBegun(Published, frozen=True, kw_only=True):
    """Support for a pupil with learning difficulty began 学困帮扶 (N5.1)."""

    TYPE: ClassVar[str] = "assistance.learning-support-begun.v1"
    support_id: UUID
    child_id: UUID
    needs: tuple[str, ...]
    helper: str
    begun_on: date
    review_on: date


class LearningSessionHeld(Published, frozen=True, kw_only=True):
    """The helper worked with a supported pupil 辅导一次 (N5.1); counted from when support began last."""

    TYPE: ClassVar[str] = "assistance.learning-session-held.v1"
    support_id: UUID
    child_id: UUID
    session_id: UUID
    need: str
    minutes: int
    progress: Literal["improved", "unchanged", "worse"]
    sessions_so_far: int
    held_on: date


class LearningSupportReviewed(Published, frozen=True, kw_only=True):
    """The support was reviewed 帮扶评估."""

    TYPE: ClassVar[str] = "assistance.learning-support-reviewed.v1"
    support_id: UUID
    child_id: UUID
    outcome: Literal["improved", "unchanged", "worse", "ended"]
    reviewed_on: date
    review_on: date | None


class HomeTeachingGiven(Published, frozen=True, kw_only=True):
    """A home-teaching visit 送教上门 (N1.7); class-hours count against 216 a school year."""

    TYPE: ClassVar[str] = "assistance.home-teaching-given.v1"
    teaching_id: UUID
    child_id: UUID
    school_year: str
    hours: int
    hours_so_far: int
    given_on: date


class RecognitionOpened(Published, frozen=True, kw_only=True):
    """A term is recognised for many schools at once 全县学期认定 (N6.2): so many pupils of an area, lot by lot."""

    TYPE: ClassVar[str] = "assistance.recognition-opened.v1"
    run_id: UUID
    programme: str
    term: str
    area: str
    pupils: int
    opened_by: str
    opened_on: date


class RecognitionAdvanced(Published, frozen=True, kw_only=True):
    """So many pupils of a recognition are through 认定进度, with what was granted to them so far, in fen."""

    TYPE: ClassVar[str] = "assistance.recognition-advanced.v1"
    run_id: UUID
    through: int
    granted: int
    granted_fen: int


class RecognitionEnded(Published, frozen=True, kw_only=True):
    """A recognition is finished, or was cancelled 认定结束; what was granted stays."""

    TYPE: ClassVar[str] = "assistance.recognition-ended.v1"
    run_id: UUID
    outcome: Literal["finished", "cancelled"]
    ended_on: date
