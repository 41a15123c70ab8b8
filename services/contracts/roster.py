"""What the roster 花名册 tells: children, what is stated of them, where each is accounted for, and what doesn't agree."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from services.contracts.envelope import Published, Sealed

AccountedState = Literal[
    "in_seat", "placed", "elsewhere", "transferred_out", "graduated", "left_explained", "suspect", "gone"
]
"""Where a child is accounted for: 在校 / 送教上门 / 外地就读 / 转出 / 毕业 / 其他离校(有原因) / 疑似 / 死亡或注销."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stated fact comes from: register, batch and row 依据."""

    register: str
    batch_id: UUID
    row: int
    rule: str


class RowLink(msgspec.Struct, frozen=True, kw_only=True):
    """Why two rows are of one child 关联依据: both by their places, the rule, the rule in Chinese and English, how sure it is (0..1).

    One number, one 学籍号 and a person's decision count 1. Of a pair that was weighed the score is the probability that both are
    one child; of a rule over class lists, registrations and suspects it is how far that rule is to be trusted.
    """

    register: str
    batch_id: UUID
    row: int
    other_register: str
    other_batch_id: UUID
    other_row: int
    rule: str
    words: str
    score: float


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Which row a fact was taken from 出处: the fact's name, register, batch and row."""

    fact: str
    register: str
    batch_id: UUID
    row: int


class SchoolYears(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when a child is owed schooling 义务教育起止: a 1 September and a 31 August (义务教育法 第十一条; N1.8)."""

    begin_on: date
    end_on: date


class ChildRegistered(Published, frozen=True, kw_only=True):
    """A child became known 儿童入册: the registers' rows of one person, linked."""

    TYPE: ClassVar[str] = "roster.child-registered.v1"
    child_id: UUID
    name: Sealed
    id_number: Sealed
    birth_date: Sealed
    sex: str
    guardian_name: Sealed
    guardian_phone: Sealed
    household_id: UUID | None
    township: str
    village: str
    grounds: tuple[Ground, ...]
    sources: tuple[Source, ...] = ()
    valid_on: date | None = None
    links: tuple[RowLink, ...] = ()
    school_years: SchoolYears | None = None


class IdentityCorrected(Published, frozen=True, kw_only=True):
    """Who the child is was stated anew 身份信息更正."""

    TYPE: ClassVar[str] = "roster.identity-corrected.v1"
    child_id: UUID
    name: Sealed
    id_number: Sealed
    birth_date: Sealed
    sex: str
    guardian_name: Sealed
    guardian_phone: Sealed
    grounds: tuple[Ground, ...]
    sources: tuple[Source, ...] = ()
    valid_on: date | None = None
    links: tuple[RowLink, ...] = ()


class RowsLinked(Published, frozen=True, kw_only=True):
    """Which rows of registers are the child's, and why, was stated anew 关联依据."""

    TYPE: ClassVar[str] = "roster.rows-linked.v1"
    child_id: UUID
    grounds: tuple[Ground, ...]
    links: tuple[RowLink, ...]
    valid_on: date


class ResidenceStated(Published, frozen=True, kw_only=True):
    """Where the child lives was stated anew 住址变更: township (9 digits) and village (12 digits), GB/T 2260."""

    TYPE: ClassVar[str] = "roster.residence-stated.v1"
    child_id: UUID
    household_id: UUID | None
    township: str
    village: str
    sources: tuple[Source, ...] = ()
    valid_on: date | None = None


class SchoolYearsStated(Published, frozen=True, kw_only=True):
    """From when until when the child is owed schooling was stated anew 义务教育起止; None where no birth date is known."""

    TYPE: ClassVar[str] = "roster.school-years-stated.v1"
    child_id: UUID
    school_years: SchoolYears | None
    valid_on: date


class SchoolAgeReached(Published, frozen=True, kw_only=True):
    """The child has to be in school from this school year on 进入义务教育年龄 (义务教育法 第十一条)."""

    TYPE: ClassVar[str] = "roster.school-age-reached.v1"
    child_id: UUID
    begin_on: date
    township: str
    village: str


class SchoolAgePassed(Published, frozen=True, kw_only=True):
    """Nine years of school and sixteen years of age are over 超出义务教育年龄."""

    TYPE: ClassVar[str] = "roster.school-age-passed.v1"
    child_id: UUID
    end_on: date
    township: str
    village: str


class SchoolingStated(Published, frozen=True, kw_only=True):
    """What the registers say of the child's schooling 就学情况; empty texts where they say nothing."""

    TYPE: ClassVar[str] = "roster.schooling-stated.v1"
    child_id: UUID
    school: str
    school_name: str
    stage: str
    grade: str
    status: str
    valid_on: date
    sources: tuple[Source, ...] = ()
    boarding: bool = False
    """Whether the 学籍 says that it boards 寄宿."""


class GroupsStated(Published, frozen=True, kw_only=True):
    """The focus groups the child belongs to 重点群体 (N1.5): poverty kind, disability kind and grade, left-behind, migrant."""

    TYPE: ClassVar[str] = "roster.groups-stated.v1"
    child_id: UUID
    poverty: str
    disability: str
    disability_grade: str
    left_behind: bool
    migrant: bool
    valid_on: date
    sources: tuple[Source, ...] = ()
    relief: str = ""
    """What civil affairs supports it for 救助类别."""
    risk: str = ""
    """Of a monitored household 风险状态: `not_removed` or `removed`; empty where the register doesn't say."""
    monitored_on: date | None = None
    """Since when the household is monitored 识别时间."""
    risk_removed_on: date | None = None
    """When its risk was removed 风险消除时间."""


class ChildAccounted(Published, frozen=True, kw_only=True):
    """On this date the child is in this one accounted state 归类; `reason` names the rule in plain words."""

    TYPE: ClassVar[str] = "roster.child-accounted.v1"
    child_id: UUID
    state: AccountedState
    valid_on: date
    reason: str


class FindingRaised(Published, frozen=True, kw_only=True):
    """The registers do not agree on a child, or say it is not where it should be 比对发现 (N1.1, N1.6)."""

    TYPE: ClassVar[str] = "roster.finding-raised.v1"
    finding_id: UUID
    child_id: UUID
    kind: str
    reason: str
    owner: str
    township: str
    village: str
    school: str
    stage: str
    raised_on: date
    due_on: date | None = None
    """When the owner's answer is due; None where the kind has no term."""
    legal_basis: str = ""
    grounds: tuple[Ground, ...] = ()
    """The rows, or the roster's own records, that it rests on."""


class FindingAnswered(Published, frozen=True, kw_only=True):
    """The department that owes it answered a finding 责任单位答复; it stays open until the answer is accepted.

    `code` is the answer's code (`number_issued`, `placed_at_home`, … or a resolution code `R1` … `R13`), `evidence` the
    number of the paper it rests on, in words that name nobody; `answered_by` the unit.
    """

    TYPE: ClassVar[str] = "roster.finding-answered.v1"
    finding_id: UUID
    child_id: UUID
    kind: str
    code: str
    evidence: str
    answered_by: str
    answered_on: date
    due_on: date | None = None
    """The last day to accept or return it."""


class FindingReturned(Published, frozen=True, kw_only=True):
    """An answer was not accepted 退回: the finding is owed again, with the reason, by the day."""

    TYPE: ClassVar[str] = "roster.finding-returned.v1"
    finding_id: UUID
    child_id: UUID
    kind: str
    reason: str
    due_on: date | None
    returned_on: date
    owner: str = ""
    """The unit that owes the answer again; empty where it was not told at that time."""
    township: str = ""


class FindingOverdue(Published, frozen=True, kw_only=True):
    """A finding's term ran out without an accepted answer 逾期未办; the level above the owner sees it."""

    TYPE: ClassVar[str] = "roster.finding-overdue.v1"
    finding_id: UUID
    child_id: UUID
    kind: str
    owner: str
    due_on: date
    overdue_on: date
    township: str = ""


class FindingResolved(Published, frozen=True, kw_only=True):
    """A finding no longer holds or was answered 比对发现销号."""

    TYPE: ClassVar[str] = "roster.finding-resolved.v1"
    finding_id: UUID
    child_id: UUID
    kind: str
    resolution: str
    resolved_on: date
    evidence: str = ""
    approved_by: str = ""
    """The unit that accepted the answer; empty where the registers themselves no longer say so."""


class ChildrenMerged(Published, frozen=True, kw_only=True):
    """Two entries were one child 合并; `child_id` is the entry that goes on."""

    TYPE: ClassVar[str] = "roster.children-merged.v1"
    child_id: UUID
    merged_id: UUID
    reason: str


class ChildrenUnmerged(Published, frozen=True, kw_only=True):
    """A merge was wrong and is taken back 撤销合并."""

    TYPE: ClassVar[str] = "roster.children-unmerged.v1"
    child_id: UUID
    merged_id: UUID
    reason: str


class StudentNumberStated(Published, frozen=True, kw_only=True):
    """Under which 学籍号 the child is enrolled, from this day on; earlier numbers stay its aliases 学籍号变更 (G, J, L)."""

    TYPE: ClassVar[str] = "roster.student-number-stated.v1"
    child_id: UUID
    student_number: Sealed
    valid_on: date
    sources: tuple[Source, ...] = ()


class ChildErased(Published, frozen=True, kw_only=True):
    """A child's personal data was erased for good 个人信息删除: its key is gone; whoever opened its texts forgets them now."""

    TYPE: ClassVar[str] = "roster.child-erased.v1"
    child_id: UUID
    reason: str


class TransferOpened(Published, frozen=True, kw_only=True):
    """A hand-over to another school began 学籍转接开始 (N1.2); it is tracked until that school has the child."""

    TYPE: ClassVar[str] = "roster.transfer-opened.v1"
    transfer_id: UUID
    child_id: UUID
    from_school: str
    to_place: str
    opened_on: date
    due_on: date


class TransferCompleted(Published, frozen=True, kw_only=True):
    """The other school has the child 学籍转接完成."""

    TYPE: ClassVar[str] = "roster.transfer-completed.v1"
    transfer_id: UUID
    child_id: UUID
    to_school: str
    completed_on: date


class PlacementDecided(Published, frozen=True, kw_only=True):
    """The panel placed a disabled child 安置决定 (N1.7): regular class 随班就读, special school 特教学校, home teaching 送教上门."""

    TYPE: ClassVar[str] = "roster.placement-decided.v1"
    placement_id: UUID
    child_id: UUID
    form: Literal["regular_class", "special_school", "home_teaching"]
    school: str
    decided_on: date
    first_visit_by: date | None = None
    """The last day of the first visit to a child placed at home; None for the other forms, and where it was not told."""


class HomeTeachingBegun(Published, frozen=True, kw_only=True):
    """A child placed at home was visited for the first time since the decision 首次送教 (N1.7)."""

    TYPE: ClassVar[str] = "roster.home-teaching-begun.v1"
    placement_id: UUID
    child_id: UUID
    taught_on: date


class DeferralApproved(Published, frozen=True, kw_only=True):
    """A child may start later, pause, or is exempt, until a day 延缓入学 / 休学 / 免入学; `proof` is the paper's number."""

    TYPE: ClassVar[str] = "roster.deferral-approved.v1"
    deferral_id: UUID
    child_id: UUID
    kind: Literal["deferral", "suspension", "exemption"]
    proof: str
    from_on: date
    until_on: date
    approved_on: date


class DeferralEnded(Published, frozen=True, kw_only=True):
    """A deferral no longer holds 延缓终止: the child came back, it was extended by a new one, or it ran out."""

    TYPE: ClassVar[str] = "roster.deferral-ended.v1"
    deferral_id: UUID
    child_id: UUID
    reason: str
    ended_on: date


class SchoolingElsewhereProved(Published, frozen=True, kw_only=True):
    """For this term it is proved that a child is at school outside the county 外地就读核实 (N1.2)."""

    TYPE: ClassVar[str] = "roster.schooling-elsewhere-proved.v1"
    child_id: UUID
    term: str
    place: str
    school_name: str
    proof: str
    proved_on: date


class AbsenceVerified(Published, frozen=True, kw_only=True):
    """Why a child did not report at term start was verified 未报到逐一核实 (N2.1); `late` where the week was over."""

    TYPE: ClassVar[str] = "roster.absence-verified.v1"
    check_in_id: UUID
    child_id: UUID
    school: str
    term: str
    reason: str
    late: bool
    verified_on: date


class PlacementEnded(Published, frozen=True, kw_only=True):
    """A placement no longer holds 安置终止: another one follows, or the child is looked for."""

    TYPE: ClassVar[str] = "roster.placement-ended.v1"
    placement_id: UUID
    child_id: UUID
    reason: str
    ended_on: date


class TermCheckInOpened(Published, frozen=True, kw_only=True):
    """A school's check-in for a term began 开学报到 (N2.1): so many are expected, the list is due by the day."""

    TYPE: ClassVar[str] = "roster.term-check-in-opened.v1"
    check_in_id: UUID
    school: str
    term: str
    expected: int
    due_on: date


class ChildrenCheckedIn(Published, frozen=True, kw_only=True):
    """These children were counted present at a school's check-in 实到登记 (N2.1); each is told once. The count of all comes with its end."""

    TYPE: ClassVar[str] = "roster.children-checked-in.v1"
    check_in_id: UUID
    children: tuple[UUID, ...]


class BatchCompared(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that was in force when registers were compared."""

    register: str
    part: str
    batch_id: UUID


class PlaceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the registers count in one village: children of school age each of them names, and whom they do not agree on."""

    township: str
    village: str
    in_window: int
    hukou: int
    enrolled: int
    in_school: int
    poverty: int
    not_enrolled: int
    not_in_seat: int
    poverty_out: int


class FourChecksCounted(Published, frozen=True, kw_only=True):
    """The registers in force were compared as of a day, and counted 四查三比对; a later count of the day takes its place."""

    TYPE: ClassVar[str] = "roster.four-checks-counted.v1"
    as_of: date
    batches: tuple[BatchCompared, ...]
    places: tuple[PlaceCounts, ...]


class TermCheckInClosed(Published, frozen=True, kw_only=True):
    """A school's term check-in was counted 开学报到汇总 (N2.1)."""

    TYPE: ClassVar[str] = "roster.term-check-in-closed.v1"
    check_in_id: UUID
    school: str
    term: str
    expected: int
    present: int
    absent: tuple[UUID, ...]
    closed_on: date


class FindingsFallDue(Published, frozen=True, kw_only=True):
    """The last day of findings of one owner, kind and place is near 临期提醒, and not all of them are answered."""

    TYPE: ClassVar[str] = "roster.findings-fall-due.v1"
    warning_id: UUID
    owner: str
    township: str
    kind: str
    due_on: date
    warned_on: date
