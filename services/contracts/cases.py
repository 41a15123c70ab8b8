"""What cases 个案 tells: a child's way from suspicion to seat, the papers served on it, and who owes the next step."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from services.contracts.envelope import Published, Sealed

Unit = Literal["teacher", "school", "township", "bureau", "county", "justice", "court"]
"""Who owes a step: 班主任 / 学校 / 乡镇 / 教体局 / 县政府 / 司法局 / 法院."""


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """The next step owed 应办: what, by whom, by when, under which rule."""

    step: str
    by: Unit
    due_on: date
    rule: str
    legal_basis: str


class CaseOpened(Published, frozen=True, kw_only=True):
    """A child is to be looked for 立案(疑似) (N1.1); `earlier_case` chains a relapse to the case before."""

    TYPE: ClassVar[str] = "cases.case-opened.v1"
    case_id: UUID
    child_id: UUID
    cause: str
    finding_id: UUID | None
    township: str
    village: str
    school: str
    stage: str
    earlier_case: UUID | None
    opened_on: date
    owed: Owed


class CaseVerificationBegun(Published, frozen=True, kw_only=True):
    """Somebody went to find out 核实中."""

    TYPE: ClassVar[str] = "cases.case-verification-begun.v1"
    case_id: UUID
    child_id: UUID
    owed: Owed


class CaseConfirmed(Published, frozen=True, kw_only=True):
    """The child really is out of school 确认辍学; `causes` are words of the taxonomy (learning, work, poverty …)."""

    TYPE: ClassVar[str] = "cases.case-confirmed.v1"
    case_id: UUID
    child_id: UUID
    causes: tuple[str, ...]
    confirmed_on: date
    owed: Owed
    evidence: tuple[UUID, ...] = ()


class ChildUnreachable(Published, frozen=True, kw_only=True):
    """The child can't be found 失联: the case stays open with a duty to search (N1.3, N2.4)."""

    TYPE: ClassVar[str] = "cases.child-unreachable.v1"
    case_id: UUID
    child_id: UUID
    owed: Owed


class ChildSearched(Published, frozen=True, kw_only=True):
    """Somebody looked for a missing child and didn't find it 查找记录 (N1.3); `note` is sealed under the child's key."""

    TYPE: ClassVar[str] = "cases.child-searched.v1"
    case_id: UUID
    child_id: UUID
    method: str
    note: Sealed
    made_on: date
    owed: Owed


class PersuasionRecorded(Published, frozen=True, kw_only=True):
    """An attempt to persuade 劝返记录 (N2.2); `note` is sealed under the child's key."""

    TYPE: ClassVar[str] = "cases.persuasion-recorded.v1"
    case_id: UUID
    child_id: UUID
    method: str
    outcome: str
    note: Sealed
    made_on: date
    owed: Owed


class CaseReported(Published, frozen=True, kw_only=True):
    """The school reported in writing to the bureau 书面报告 (N2.4)."""

    TYPE: ClassVar[str] = "cases.case-reported.v1"
    case_id: UUID
    child_id: UUID
    document_id: UUID
    owed: Owed


class CaseOrdered(Published, frozen=True, kw_only=True):
    """The township ordered the guardian to send the child back 责令限期改正 (N2.5); the term runs from service."""

    TYPE: ClassVar[str] = "cases.case-ordered.v1"
    case_id: UUID
    child_id: UUID
    document_id: UUID
    served_on: date
    owed: Owed


class CaseTakenToJustice(Published, frozen=True, kw_only=True):
    """The term ran out; a judicial document was served 司法文书 (N2.6)."""

    TYPE: ClassVar[str] = "cases.case-taken-to-justice.v1"
    case_id: UUID
    child_id: UUID
    document_id: UUID
    served_on: date
    owed: Owed


class CasePenalised(Published, frozen=True, kw_only=True):
    """The order ran out; a penalty decision was served 行政处罚; its term runs from service."""

    TYPE: ClassVar[str] = "cases.case-penalised.v1"
    case_id: UUID
    child_id: UUID
    document_id: UUID
    served_on: date
    owed: Owed


class CaseDemanded(Published, frozen=True, kw_only=True):
    """The penalty ran out; a demand to comply was served 催告."""

    TYPE: ClassVar[str] = "cases.case-demanded.v1"
    case_id: UUID
    child_id: UUID
    document_id: UUID
    served_on: date
    owed: Owed


class CaseSetBack(Published, frozen=True, kw_only=True):
    """What the case stood on fell: it stands at `state` again, as before it.

    `ground`: `set_aside`, a served paper by a court, a review or the level above 撤销; or `declined`, `withdrawn`, `dismissed`,
    where `document_id` is the file of its proceedings.
    """

    TYPE: ClassVar[str] = "cases.case-set-back.v1"
    case_id: UUID
    child_id: UUID
    document_id: UUID
    state: str
    decided_on: date
    owed: Owed
    ground: str = "set_aside"


class ProceedingsFollowed(Published, frozen=True, kw_only=True):
    """The case's proceedings went a step on 司法程序进展, which says what is owed now; the file itself tells the step."""

    TYPE: ClassVar[str] = "cases.proceedings-followed.v1"
    case_id: UUID
    child_id: UUID
    proceedings_id: UUID
    owed: Owed


class ProceedingRecorded(Published, frozen=True, kw_only=True):
    """What the court or the procuratorate did 司法进展; `paper` is its number."""

    TYPE: ClassVar[str] = "cases.proceeding-recorded.v1"
    case_id: UUID
    child_id: UUID
    proceeding: str
    paper: str
    made_on: date
    comply_by: date | None
    owed: Owed


class StepPaused(Published, frozen=True, kw_only=True):
    """The clock of the owed step stands 中止, for a reason of the list, until a day at the latest."""

    TYPE: ClassVar[str] = "cases.step-paused.v1"
    case_id: UUID
    child_id: UUID
    reason: str
    paused_on: date
    until_on: date
    owed: Owed


class StepResumed(Published, frozen=True, kw_only=True):
    """The clock runs again 恢复, with the days it still had."""

    TYPE: ClassVar[str] = "cases.step-resumed.v1"
    case_id: UUID
    child_id: UUID
    resumed_on: date
    owed: Owed


class ExtensionRequested(Published, frozen=True, kw_only=True):
    """More time was asked for the owed step 延期申请; it stays due as it is until somebody else grants it."""

    TYPE: ClassVar[str] = "cases.extension-requested.v1"
    case_id: UUID
    child_id: UUID
    days: int
    reason: str
    asked_by: str = ""
    """The account that asked, and so can't grant it; empty where an earlier release told it."""


class ExtensionDeclined(Published, frozen=True, kw_only=True):
    """The time asked for was not granted 不予延期."""

    TYPE: ClassVar[str] = "cases.extension-declined.v1"
    case_id: UUID
    child_id: UUID
    reason: str


class StepExtended(Published, frozen=True, kw_only=True):
    """A second person granted the time asked for 准予延期; once for a step."""

    TYPE: ClassVar[str] = "cases.step-extended.v1"
    case_id: UUID
    child_id: UUID
    reason: str
    approver: str
    owed: Owed


class CaseMoved(Published, frozen=True, kw_only=True):
    """The child belongs elsewhere now 个案转移: what is owed stays owed, by the new township or school."""

    TYPE: ClassVar[str] = "cases.case-moved.v1"
    case_id: UUID
    child_id: UUID
    township: str
    village: str
    school: str
    stage: str


class CaseMerged(Published, frozen=True, kw_only=True):
    """The entry was another child's 并案: what is to be done goes on in that child's case."""

    TYPE: ClassVar[str] = "cases.case-merged.v1"
    case_id: UUID
    child_id: UUID
    into_case: UUID
    merged_on: date


class ChildReturned(Published, frozen=True, kw_only=True):
    """The child is back in its seat 复学; proof counts school days seen."""

    TYPE: ClassVar[str] = "cases.child-returned.v1"
    case_id: UUID
    child_id: UUID
    school: str
    returned_on: date
    seat_days: int
    owed: Owed


class CaseWatched(Published, frozen=True, kw_only=True):
    """The return is proven; the child is watched for a term 跟踪观察."""

    TYPE: ClassVar[str] = "cases.case-watched.v1"
    case_id: UUID
    child_id: UUID
    watch_until: date
    owed: Owed


class CaseClosed(Published, frozen=True, kw_only=True):
    """The case ended 结案: the watch is over with the child in school (`kept`), or it was gone again before (`relapsed` 复辍)."""

    TYPE: ClassVar[str] = "cases.case-closed.v1"
    case_id: UUID
    child_id: UUID
    closed_on: date
    outcome: Literal["kept", "relapsed"] = "kept"


class ClearanceRequested(Published, frozen=True, kw_only=True):
    """Somebody asked to clear the case 销号申请; what is owed stays owed until a second person approves it.

    `evidence` is the kind of the paper and its reference, `expires_on` the last day a deferral is to hold.
    """

    TYPE: ClassVar[str] = "cases.clearance-requested.v1"
    case_id: UUID
    child_id: UUID
    resolution: str
    evidence: str
    asked_by: str
    asked_on: date
    expires_on: date | None


class ClearanceDeclined(Published, frozen=True, kw_only=True):
    """The clearance asked for was not granted, or taken back by who asked 不予销号; the case goes on."""

    TYPE: ClassVar[str] = "cases.clearance-declined.v1"
    case_id: UUID
    child_id: UUID
    reason: str


class CaseCleared(Published, frozen=True, kw_only=True):
    """Found not to be a dropout 销号: a resolution code R1–R13, its evidence, and a second person's approval."""

    TYPE: ClassVar[str] = "cases.case-cleared.v1"
    case_id: UUID
    child_id: UUID
    resolution: str
    evidence: str
    approver: str
    cleared_on: date
    expires_on: date | None


class StepExpired(Published, frozen=True, kw_only=True):
    """What was owed was not done in time and goes to the level above 逾期上报 (N2.4, N2.6)."""

    TYPE: ClassVar[str] = "cases.step-expired.v1"
    case_id: UUID
    child_id: UUID
    expired: Owed
    expired_on: date
    owed: Owed


class StepFallsDue(Published, frozen=True, kw_only=True):
    """What is owed is near its last day 临期提醒, told once for that day; a step that is done, late or stands is not told of."""

    TYPE: ClassVar[str] = "cases.step-falls-due.v1"
    case_id: UUID
    child_id: UUID
    owed: Owed
    warned_on: date


class DocumentIssued(Published, frozen=True, kw_only=True):
    """A paper was issued 文书签发, numbered, with its legal basis and term; the clock waits for service."""

    TYPE: ClassVar[str] = "cases.document-issued.v1"
    document_id: UUID
    case_id: UUID
    child_id: UUID
    kind: str
    number: str
    issuer: str
    legal_basis: str
    term_days: int
    issued_on: date


class DocumentServed(Published, frozen=True, kw_only=True):
    """The paper reached its addressee 送达 with a receipt 送达回证; the term runs from here."""

    TYPE: ClassVar[str] = "cases.document-served.v1"
    document_id: UUID
    case_id: UUID
    child_id: UUID
    kind: str
    method: str
    receipt: str
    served_on: date
    expires_on: date


class ReferralOpened(Published, frozen=True, kw_only=True):
    """Another department was asked 转办 (N3); while it is open that department may see what the purpose needs."""

    TYPE: ClassVar[str] = "cases.referral-opened.v1"
    referral_id: UUID
    case_id: UUID
    child_id: UUID
    to: str
    purpose: str
    request: str
    opened_on: date
    reply_by: date
    handed_on_from: UUID | None = None
    asked_by: str = ""


class ReferralAccepted(Published, frozen=True, kw_only=True):
    """The department took it on 受理."""

    TYPE: ClassVar[str] = "cases.referral-accepted.v1"
    referral_id: UUID
    case_id: UUID
    child_id: UUID
    to: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a department decided of help it was asked for 救助决定: `granted` a kind from a day, `refused` for a reason, or
    `papers_missing` 补正材料. The amount is in fen: a month, or once for what is given once."""

    decision: str
    granted: str = ""
    granted_from: date | None = None
    amount_fen: int | None = None
    refused_for: str = ""
    papers: tuple[str, ...] = ()


class ReferralAnswered(Published, frozen=True, kw_only=True):
    """The department answered 办结回复; `outcome` are its words, `decision` what it decided where it was asked for help."""

    TYPE: ClassVar[str] = "cases.referral-answered.v1"
    referral_id: UUID
    case_id: UUID
    child_id: UUID
    to: str
    outcome: str
    answered_on: date
    asked_by: str = ""
    purpose: str = ""
    decision: Decision | None = None


class ReferralRevoked(Published, frozen=True, kw_only=True):
    """The asking side took the referral back 撤回."""

    TYPE: ClassVar[str] = "cases.referral-revoked.v1"
    referral_id: UUID
    case_id: UUID
    child_id: UUID
    to: str
    reason: str


class PublicReportReceived(Published, frozen=True, kw_only=True):
    """Somebody told the county of a child 群众举报 (N3.5): `text` is sealed under the report's key, the informant told apart."""

    TYPE: ClassVar[str] = "cases.public-report-received.v1"
    report_id: UUID
    receipt_number: str
    township: str
    received_on: date
    owed: Owed | None = None
    follow_up: str = ""
    """The SHA-256, in hex, of the secret that the informant may ask with; empty where none was given."""
    text: Sealed = Sealed("")


class PublicReportInquired(Published, frozen=True, kw_only=True):
    """Somebody looked into a report 查访; while nobody knows which child is meant, the next look is owed. `note` is sealed under
    the report's key."""

    TYPE: ClassVar[str] = "cases.public-report-inquired.v1"
    report_id: UUID
    township: str
    method: str
    made_on: date
    owed: Owed
    note: Sealed = Sealed("")


class ResponsibilityAssigned(Published, frozen=True, kw_only=True):
    """A named official answers for a child from this day 责任人 (N7.2, N7.3); `officer` is an account, not a name."""

    TYPE: ClassVar[str] = "cases.responsibility-assigned.v1"
    assignment_id: UUID
    child_id: UUID
    role: str
    officer: str
    from_on: date


class ResponsibilityEnded(Published, frozen=True, kw_only=True):
    """The official no longer answers for the child, and who follows 责任交接."""

    TYPE: ClassVar[str] = "cases.responsibility-ended.v1"
    assignment_id: UUID
    child_id: UUID
    role: str
    officer: str
    until_on: date
    successor: str
