"""What cases tells of the work around them: visits, lists and statements signed, inspections, letters, zero reports (N2.2, N7, N8)."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from services.contracts.envelope import Published, Sealed


class VisitRecorded(Published, frozen=True, kw_only=True):
    """Somebody visited a child's home or spoke with its family 家访记录 (N2.3); `promise` is sealed under the child's key."""

    TYPE: ClassVar[str] = "cases.visit-recorded.v1"
    visit_id: UUID
    child_id: UUID
    case_id: UUID | None
    method: str
    attitude: str
    promise: Sealed
    visitor: str
    visited_on: date
    next_on: date | None
    attachments: tuple[UUID, ...]


class VisitsPlanned(Published, frozen=True, kw_only=True):
    """A child of a focus group is visited at home every so many days 家访计划 (N2.3)."""

    TYPE: ClassVar[str] = "cases.visits-planned.v1"
    plan_id: UUID
    child_id: UUID
    visitor: str
    reason: str
    every_days: int
    next_on: date


class PlannedVisitMade(Published, frozen=True, kw_only=True):
    """A visit counted for a plan 家访计划已访: the next one is due by `next_on`."""

    TYPE: ClassVar[str] = "cases.planned-visit-made.v1"
    plan_id: UUID
    child_id: UUID
    visitor: str
    visited_on: date
    next_on: date


class VisitMissed(Published, frozen=True, kw_only=True):
    """The day of a planned visit passed without one 家访逾期."""

    TYPE: ClassVar[str] = "cases.visit-missed.v1"
    plan_id: UUID
    child_id: UUID
    visitor: str
    due_on: date
    missed_on: date


class VisitPlanEnded(Published, frozen=True, kw_only=True):
    """The child needs no regular visits any longer 家访计划终止."""

    TYPE: ClassVar[str] = "cases.visit-plan-ended.v1"
    plan_id: UUID
    child_id: UUID
    reason: str
    ended_on: date


class PersuasionListOpened(Published, frozen=True, kw_only=True):
    """A township's list of dropouts of a month, returned and not returned 劝返清单, which six persons sign."""

    TYPE: ClassVar[str] = "cases.persuasion-list-opened.v1"
    list_id: UUID
    township: str
    month: str
    returned: tuple[UUID, ...]
    not_returned: tuple[UUID, ...]
    opened_on: date


class PersuasionListSigned(Published, frozen=True, kw_only=True):
    """One of the six signed 签字; `complete` with the last."""

    TYPE: ClassVar[str] = "cases.persuasion-list-signed.v1"
    list_id: UUID
    township: str
    month: str
    role: str
    signer: str
    complete: bool
    signed_on: date


class StatementSigned(Published, frozen=True, kw_only=True):
    """A responsibility statement was signed 目标责任书 (N7.1): who answers to whom for a year; `party` may be a household's id."""

    TYPE: ClassVar[str] = "cases.statement-signed.v1"
    statement_id: UUID
    level: Literal["county_township", "township_village", "village_group", "group_household"]
    year: int
    superior: str
    party: str
    township: str
    signed_on: date


class InspectionOpened(Published, frozen=True, kw_only=True):
    """An inspection of a township or school began 督导检查 (N8.2); the sample can be drawn again from its number."""

    TYPE: ClassVar[str] = "cases.inspection-opened.v1"
    inspection_id: UUID
    unit: str
    township: str
    matter: str
    population: int
    sample: tuple[UUID, ...]
    opened_on: date


class InspectionFound(Published, frozen=True, kw_only=True):
    """The inspection found something to be put right 检查发现, by whom and by when 限期整改."""

    TYPE: ClassVar[str] = "cases.inspection-found.v1"
    inspection_id: UUID
    unit: str
    township: str
    number: int
    finding: str
    owed_by: str
    due_on: date


class RectificationReported(Published, frozen=True, kw_only=True):
    """The unit says that it has put a finding right 整改报告, with its evidence."""

    TYPE: ClassVar[str] = "cases.rectification-reported.v1"
    inspection_id: UUID
    township: str
    number: int
    evidence: str
    reported_on: date


class RectificationChecked(Published, frozen=True, kw_only=True):
    """Somebody else looked again 复查: it is right, or is owed by a new day."""

    TYPE: ClassVar[str] = "cases.rectification-checked.v1"
    inspection_id: UUID
    township: str
    number: int
    right: bool
    due_on: date | None
    checked_on: date


class InspectionClosed(Published, frozen=True, kw_only=True):
    """Everything found is put right; the result is made public 检查结果公告 (N8.2)."""

    TYPE: ClassVar[str] = "cases.inspection-closed.v1"
    inspection_id: UUID
    unit: str
    township: str
    found: int
    closed_on: date


class AdmonitionIssued(Published, frozen=True, kw_only=True):
    """A unit was summoned to an interview 约谈 or named in a circular 通报 (N8.1), and has to answer by a day."""

    TYPE: ClassVar[str] = "cases.admonition-issued.v1"
    admonition_id: UUID
    kind: Literal["interview", "circular"]
    unit: str
    township: str
    number: str
    ground: str
    reply_by: date
    issued_on: date


class AdmonitionAnswered(Published, frozen=True, kw_only=True):
    """The unit answered what it will do 整改承诺; `late` where the day had passed."""

    TYPE: ClassVar[str] = "cases.admonition-answered.v1"
    admonition_id: UUID
    unit: str
    township: str
    answer: str
    late: bool
    answered_on: date


class AccountabilityDecided(Published, frozen=True, kw_only=True):
    """Somebody is held to account 责任追究 (N8.2): a unit, on what ground, with which measure, decided by whom."""

    TYPE: ClassVar[str] = "cases.accountability-decided.v1"
    decision_id: UUID
    unit: str
    township: str
    ground: str
    measure: str
    number: str
    decided_on: date


class ZeroReported(Published, frozen=True, kw_only=True):
    """A unit signs that nobody dropped out in a month 零报告: an act somebody answers for; `late` after the 28th."""

    TYPE: ClassVar[str] = "cases.zero-reported.v1"
    report_id: UUID
    unit: str
    township: str
    month: str
    signer: str
    late: bool
    signed_on: date


class PublicReportInformantNamed(Published, frozen=True, kw_only=True):
    """Who told a report 举报人, sealed under a key of their own (`informant_id`); empty of everything else on purpose."""

    TYPE: ClassVar[str] = "cases.public-report-informant-named.v1"
    report_id: UUID
    informant: Sealed


class PublicReportSupplemented(Published, frozen=True, kw_only=True):
    """Whoever told a report added a word 补充举报, sealed under the report's key."""

    TYPE: ClassVar[str] = "cases.public-report-supplemented.v1"
    report_id: UUID
    township: str
    text: Sealed
    added_on: date


class PublicReportHandled(Published, frozen=True, kw_only=True):
    """What came of a report of the public 举报办结; who asks with the receipt number learns `outcome`."""

    TYPE: ClassVar[str] = "cases.public-report-handled.v1"
    report_id: UUID
    receipt_number: str
    township: str
    outcome: str
    case_id: UUID | None
    handled_on: date


class AssistanceLetterSent(Published, frozen=True, kw_only=True):
    """Another county or province was asked to look for a child 异地协查函: place by its division code, reply by a day."""

    TYPE: ClassVar[str] = "cases.assistance-letter-sent.v1"
    letter_id: UUID
    case_id: UUID
    child_id: UUID
    place: str
    number: str
    request: str
    reply_by: date
    sent_on: date


class AssistanceLetterReminded(Published, frozen=True, kw_only=True):
    """The reply did not come in time and was asked for again 催办."""

    TYPE: ClassVar[str] = "cases.assistance-letter-reminded.v1"
    letter_id: UUID
    case_id: UUID
    child_id: UUID
    reminders: int
    reply_by: date
    reminded_on: date


class AssistanceLetterAnswered(Published, frozen=True, kw_only=True):
    """The other side answered 协查回函: the child is at school there, lives there out of school, or is not there."""

    TYPE: ClassVar[str] = "cases.assistance-letter-answered.v1"
    letter_id: UUID
    case_id: UUID
    child_id: UUID
    outcome: str
    paper: str
    answered_on: date


class ProcuratorateNoticeReceived(Published, frozen=True, kw_only=True):
    """The procuratorate told the county of something 检察建议/通报, to be answered by a day."""

    TYPE: ClassVar[str] = "cases.procuratorate-notice-received.v1"
    notice_id: UUID
    number: str
    matter: str
    township: str
    case_id: UUID | None
    reply_by: date
    received_on: date


class ProcuratorateNoticeAnswered(Published, frozen=True, kw_only=True):
    """The county answered the procuratorate 回复检察机关; `late` where the day had passed."""

    TYPE: ClassVar[str] = "cases.procuratorate-notice-answered.v1"
    notice_id: UUID
    township: str
    answer: str
    paper: str
    late: bool
    answered_on: date


class AttachmentKept(Published, frozen=True, kw_only=True):
    """A photo or scan about a child was kept 影像佐证: what it shows, its media type, size in bytes and SHA-256."""

    TYPE: ClassVar[str] = "cases.attachment-kept.v1"
    attachment_id: UUID
    child_id: UUID
    case_id: UUID | None
    shows: str
    media_type: str
    size: int
    sha256: str
    kept_on: date
    document_id: UUID | None = None


class ReferralReturned(Published, frozen=True, kw_only=True):
    """The department asked gave a referral back 退回: not its matter, or something is missing; the reason says what."""

    TYPE: ClassVar[str] = "cases.referral-returned.v1"
    referral_id: UUID
    case_id: UUID
    child_id: UUID
    to: str
    reason: str
    asked_by: str = ""


class ResponsibilityDeputised(Published, frozen=True, kw_only=True):
    """Somebody stands in for the official who answers for a child 代理责任人, both days included (N7)."""

    TYPE: ClassVar[str] = "cases.responsibility-deputised.v1"
    assignment_id: UUID
    child_id: UUID
    role: str
    officer: str
    deputy: str
    from_on: date
    until_on: date


class PostFilled(Published, frozen=True, kw_only=True):
    """An official answers in a role for every child of a place 定岗 (N7.2, N7.3); `unit` is written `village:code` and so on."""

    TYPE: ClassVar[str] = "cases.post-filled.v1"
    post_id: UUID
    unit: str
    township: str
    role: str
    officer: str
    from_on: date


class PostHandedOver(Published, frozen=True, kw_only=True):
    """A post went to somebody else from a day on 岗位交接; the one before answers until the day before."""

    TYPE: ClassVar[str] = "cases.post-handed-over.v1"
    post_id: UUID
    unit: str
    township: str
    role: str
    officer: str
    successor: str
    from_on: date


class PostDeputised(Published, frozen=True, kw_only=True):
    """Somebody stands in for the holder of a post 岗位代理, both days included."""

    TYPE: ClassVar[str] = "cases.post-deputised.v1"
    post_id: UUID
    unit: str
    township: str
    role: str
    officer: str
    deputy: str
    from_on: date
    until_on: date


class ChildUnnamed(Published, frozen=True, kw_only=True):
    """A child is looked for, and in these roles nobody answers for it 责任人缺失 (N7.2, N7.3); no roles: all are named by now."""

    TYPE: ClassVar[str] = "cases.child-unnamed.v1"
    case_id: UUID
    child_id: UUID
    roles: tuple[str, ...]
    found_on: date


class DocumentResultFound(Published, frozen=True, kw_only=True):
    """What came of a paper 文书办理结果: complied, partly_complied, not_complied, withdrawn, or set_aside by a decision of that
    number; `found_by` is an account."""

    TYPE: ClassVar[str] = "cases.document-result-found.v1"
    document_id: UUID
    case_id: UUID
    child_id: UUID
    kind: str
    result: str
    found_on: date
    found_by: str
    decided_by: str = ""
    decision: str = ""


class ReplyOverdue(Published, frozen=True, kw_only=True):
    """An answer owed by a day didn't come 逾期未复 (N3, N8.1): by whom, in which matter, and which level is told (`up_to`)."""

    TYPE: ClassVar[str] = "cases.reply-overdue.v1"
    late_reply_id: UUID
    matter: str
    about: UUID
    number: int
    owed_by: str
    township: str
    case_id: UUID | None
    child_id: UUID | None
    due_on: date
    up_to: str
    noted_on: date


class ReplyClimbed(Published, frozen=True, kw_only=True):
    """A late answer didn't come under the level told first either 逾期升级; the next level is told."""

    TYPE: ClassVar[str] = "cases.reply-climbed.v1"
    late_reply_id: UUID
    about: UUID
    case_id: UUID | None
    township: str
    due_on: date
    up_to: str
    climbed_on: date


class LateReplySettled(Published, frozen=True, kw_only=True):
    """A late answer came, or isn't awaited any longer 逾期了结."""

    TYPE: ClassVar[str] = "cases.late-reply-settled.v1"
    late_reply_id: UUID
    about: UUID
    case_id: UUID | None
    settled_on: date


class CountyReported(Published, frozen=True, kw_only=True):
    """The bureau reported to the county government 上报县政府 (N1.3): the cases confirmed and those unreachable on the day."""

    TYPE: ClassVar[str] = "cases.county-reported.v1"
    report_id: UUID
    unit: str
    number: str
    confirmed: tuple[UUID, ...]
    unreachable: tuple[UUID, ...]
    made_on: date


class AttendanceTaken(Published, frozen=True, kw_only=True):
    """Whether a child that came back sat in class on a school day 到课登记; `seat_days` are all days it was seen there so far."""

    TYPE: ClassVar[str] = "cases.attendance-taken.v1"
    case_id: UUID
    child_id: UUID
    seen_on: date
    present: bool
    seat_days: int


class AssistanceLetterWithdrawn(Published, frozen=True, kw_only=True):
    """A letter is no longer waited for, since its case has ended 协查撤回."""

    TYPE: ClassVar[str] = "cases.assistance-letter-withdrawn.v1"
    letter_id: UUID
    case_id: UUID
    child_id: UUID
    withdrawn_on: date
