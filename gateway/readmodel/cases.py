"""What cases 个案 told, as rows: the file of each case, its timeline in plain words, papers, referrals, who answers.

The states are the case's own (`services/cases`), derived here once more from what was told: an attempt to persuade
moves a case only from confirmed, a written report on a child that can't be found leaves it sought. A late step changes
who owes it, not the state.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfCase, OfChild, Row
from services.contracts.assistance import StudentPlanOpened
from services.contracts.cases import (
    CaseCleared,
    CaseClosed,
    CaseConfirmed,
    CaseOpened,
    CaseOrdered,
    CaseReported,
    CaseTakenToJustice,
    CaseVerificationBegun,
    CaseWatched,
    ChildReturned,
    ChildUnreachable,
    DocumentIssued,
    DocumentServed,
    Owed,
    PersuasionRecorded,
    PublicReportReceived,
    ReferralAccepted,
    ReferralAnswered,
    ReferralOpened,
    ReferralRevoked,
    ResponsibilityAssigned,
    ResponsibilityEnded,
    StepExpired,
)
from services.contracts.envelope import Published

OwingEvent = (
    CaseOpened
    | CaseVerificationBegun
    | CaseConfirmed
    | ChildUnreachable
    | PersuasionRecorded
    | CaseReported
    | CaseOrdered
    | CaseTakenToJustice
    | ChildReturned
    | CaseWatched
    | StepExpired
)
CaseEvent = OwingEvent | CaseClosed | CaseCleared
DocumentEvent = DocumentIssued | DocumentServed
ReferralEvent = ReferralOpened | ReferralAccepted | ReferralAnswered | ReferralRevoked
ResponsibilityEvent = ResponsibilityAssigned | ResponsibilityEnded
StepEvent = CaseEvent | DocumentEvent | ReferralEvent | StudentPlanOpened

UNITS: Final = {
    "teacher": "班主任",
    "school": "学校",
    "township": "乡镇",
    "bureau": "教体局",
    "county": "县政府",
    "justice": "司法局",
    "court": "法院",
}


class CaseFile(Row, frozen=True, kw_only=True):
    """A case: where it stands, who owes what by when. Open while `closed_on` is none.

    `resolution` is the code R1-R13 of a cleared case, `kept` or `relapsed` of a closed one.
    """

    TABLE: ClassVar[str] = "case_file"
    KEY: ClassVar[str] = "case_id"
    case_id: UUID
    child_id: UUID
    state: str = ""
    cause: str = ""
    causes: tuple[str, ...] = ()
    township: str = ""
    village: str = ""
    school: str = ""
    stage: str = ""
    earlier_case: UUID | None = None
    opened_on: date | None = None
    confirmed_on: date | None = None
    ordered_on: date | None = None
    returned_on: date | None = None
    closed_on: date | None = None
    resolution: str = ""
    owed_step: str = ""
    owed_by: str = ""
    owed_due_on: date | None = None
    owed_rule: str = ""
    owed_legal_basis: str = ""
    expired_steps: int = 0


class CaseStep(OfCase, frozen=True, kw_only=True):
    """One line of a case's timeline: what happened in plain words, who did it, for whom, on what ground."""

    TABLE: ClassVar[str] = "case_step"
    KEY: ClassVar[str] = "event_id"
    event_id: UUID
    child_id: UUID
    at: datetime
    type: str = ""
    actor: str = ""
    department: str = ""
    purpose: str = ""
    detail: str = ""
    producer: str = ""
    position: int = 0


class Document(OfCase, frozen=True, kw_only=True):
    """A paper of a case 文书."""

    TABLE: ClassVar[str] = "document"
    KEY: ClassVar[str] = "document_id"
    document_id: UUID
    child_id: UUID
    kind: str = ""
    number: str = ""
    issuer: str = ""
    legal_basis: str = ""
    term_days: int = 0
    issued_on: date | None = None
    served_on: date | None = None
    method: str = ""
    receipt: str = ""
    expires_on: date | None = None


class Referral(OfCase, frozen=True, kw_only=True):
    """Another department asked to act 转办: opened, accepted, answered or revoked."""

    TABLE: ClassVar[str] = "referral"
    KEY: ClassVar[str] = "referral_id"
    referral_id: UUID
    child_id: UUID
    to_unit: str = ""
    purpose: str = ""
    request: str = ""
    state: str = ""
    opened_on: date | None = None
    reply_by: date | None = None
    outcome: str = ""
    answered_on: date | None = None


class Responsibility(OfChild, frozen=True, kw_only=True):
    """Who answers for a child, over time 责任人."""

    TABLE: ClassVar[str] = "responsibility"
    KEY: ClassVar[str] = "assignment_id"
    assignment_id: UUID
    role: str = ""
    officer: str = ""
    from_on: date | None = None
    until_on: date | None = None
    successor: str = ""


class PublicReport(Row, frozen=True, kw_only=True):
    """A report from the public 群众举报, without who made it."""

    TABLE: ClassVar[str] = "public_report"
    KEY: ClassVar[str] = "report_id"
    report_id: UUID
    township: str = ""
    receipt_number: str = ""
    received_on: date | None = None


def case_file(row: CaseFile | None, told: Told[CaseEvent]) -> CaseFile:
    """A case, step by step."""
    event = told.event
    row = row or CaseFile(case_id=event.case_id, child_id=event.child_id)
    match event:
        case CaseClosed():
            return _ended(row, state="closed", on=event.closed_on, resolution=event.outcome)
        case CaseCleared():
            return _ended(row, state="cleared", on=event.cleared_on, resolution=event.resolution)
        case _:
            return _moved(_owing(row, event.owed), event)


def _moved(row: CaseFile, event: OwingEvent) -> CaseFile:  # one line for each state
    match event:
        case CaseOpened():
            return replace(
                row,
                state="suspected",
                cause=event.cause,
                township=event.township,
                village=event.village,
                school=event.school,
                stage=event.stage,
                earlier_case=event.earlier_case,
                opened_on=event.opened_on,
            )
        case CaseVerificationBegun():
            return replace(row, state="verifying")
        case CaseConfirmed():
            return replace(row, state="confirmed", causes=event.causes, confirmed_on=event.confirmed_on)
        case ChildUnreachable():
            return replace(row, state="unreachable")
        case PersuasionRecorded():
            return replace(row, state="persuading" if row.state == "confirmed" else row.state)
        case CaseReported():
            return replace(row, state="sought" if row.state == "unreachable" else "reported")
        case CaseOrdered():
            return replace(row, state="ordered", ordered_on=event.served_on)
        case CaseTakenToJustice():
            return replace(row, state="judicial")
        case ChildReturned():
            return replace(row, state="returned", school=event.school, returned_on=event.returned_on)
        case CaseWatched():
            return replace(row, state="watched")
        case StepExpired():
            return replace(row, expired_steps=row.expired_steps + 1)
        case _:
            assert_never(event)


def _owing(row: CaseFile, owed: Owed) -> CaseFile:
    return replace(
        row,
        owed_step=owed.step,
        owed_by=owed.by,
        owed_due_on=owed.due_on,
        owed_rule=owed.rule,
        owed_legal_basis=owed.legal_basis,
    )


def _ended(row: CaseFile, *, state: str, on: date, resolution: str) -> CaseFile:
    return replace(
        row,
        state=state,
        closed_on=on,
        resolution=resolution,
        owed_step="",
        owed_by="",
        owed_due_on=None,
        owed_rule="",
        owed_legal_basis="",
    )


def case_step(_: CaseStep | None, told: Told[StepEvent]) -> CaseStep | None:
    """What happened as a line of the timeline; a plan that belongs to no case is a line of none."""
    envelope, event = told.envelope, told.event
    if event.case_id is None:
        return None
    return CaseStep(
        event_id=envelope.id,
        case_id=event.case_id,
        child_id=event.child_id,
        at=envelope.recorded_at,
        type=envelope.type,
        actor=envelope.actor,
        department=envelope.department,
        purpose=envelope.purpose,
        detail=in_words(event),
        producer=envelope.producer,
        position=envelope.position,
    )


def in_words(event: StepEvent) -> str:  # one line for each thing that can happen
    """What happened, in plain words and the service's own codes; nothing personal and no free text of a clerk."""
    match event:
        case CaseOpened():
            chained = "，接前一个案" if event.earlier_case else ""
            return f"疑似辍学立案（{event.cause}）{chained}。{_owed_words(event.owed)}"
        case CaseVerificationBegun():
            return f"开始核实。{_owed_words(event.owed)}"
        case CaseConfirmed():
            return f"确认辍学（{'、'.join(event.causes)}）。{_owed_words(event.owed)}"
        case ChildUnreachable():
            return f"联系不上，转入查找。{_owed_words(event.owed)}"
        case PersuasionRecorded():
            return f"{event.made_on} 劝返（{event.method}），结果：{event.outcome}。{_owed_words(event.owed)}"
        case CaseReported():
            return f"书面报告教体局。{_owed_words(event.owed)}"
        case CaseOrdered():
            return f"{event.served_on} 责令限期改正送达。{_owed_words(event.owed)}"
        case CaseTakenToJustice():
            return f"{event.served_on} 司法文书送达。{_owed_words(event.owed)}"
        case ChildReturned():
            return f"{event.returned_on} 复学（{event.school}），在校 {event.seat_days} 天。{_owed_words(event.owed)}"
        case CaseWatched():
            return f"返校属实，跟踪观察至 {event.watch_until}。{_owed_words(event.owed)}"
        case StepExpired():
            late = UNITS.get(event.expired.by, event.expired.by)
            return f"{late}逾期未办 {event.expired.step}（应于 {event.expired.due_on}）。{_owed_words(event.owed)}"
        case CaseClosed():
            return f"{event.closed_on} {'复辍，本案终结' if event.outcome == 'relapsed' else '结案'}。"
        case CaseCleared():
            until = f"，有效至 {event.expires_on}" if event.expires_on else ""
            return f"{event.cleared_on} 销号（{event.resolution}）{until}，批准人 {event.approver}。"
        case DocumentIssued():
            return f"{event.issued_on} 签发文书 {event.kind} {event.number}，期限 {event.term_days} 天。"
        case DocumentServed():
            return f"{event.served_on} 文书 {event.kind} 送达（{event.method}），期限至 {event.expires_on}。"
        case ReferralOpened():
            return f"{event.opened_on} 转办 {event.to}，请于 {event.reply_by} 前回复。"
        case ReferralAccepted():
            return f"{event.to} 已受理转办。"
        case ReferralAnswered():
            return f"{event.answered_on} {event.to} 办结回复。"
        case ReferralRevoked():
            return f"撤回对 {event.to} 的转办。"
        case StudentPlanOpened():
            return f"{event.opened_on} 建立一生一案，{event.review_on} 评估。"
        case _:
            assert_never(event)


def _owed_words(owed: Owed) -> str:
    return f"应办 {owed.step}：{UNITS.get(owed.by, owed.by)}，{owed.due_on} 前。"


def document(row: Document | None, told: Told[DocumentEvent]) -> Document:
    """A paper from its number to its receipt."""
    event = told.event
    row = row or Document(document_id=event.document_id, case_id=event.case_id, child_id=event.child_id)
    match event:
        case DocumentIssued():
            return replace(
                row,
                kind=event.kind,
                number=event.number,
                issuer=event.issuer,
                legal_basis=event.legal_basis,
                term_days=event.term_days,
                issued_on=event.issued_on,
            )
        case DocumentServed():
            return replace(
                row,
                kind=event.kind,
                served_on=event.served_on,
                method=event.method,
                receipt=event.receipt,
                expires_on=event.expires_on,
            )
        case _:
            assert_never(event)


def referral(row: Referral | None, told: Told[ReferralEvent]) -> Referral:
    """A request to another department until its answer, or until it is taken back."""
    event = told.event
    row = row or Referral(referral_id=event.referral_id, case_id=event.case_id, child_id=event.child_id)
    row = replace(row, to_unit=event.to)
    match event:
        case ReferralOpened():
            return replace(
                row,
                purpose=event.purpose,
                request=event.request,
                state="opened",
                opened_on=event.opened_on,
                reply_by=event.reply_by,
            )
        case ReferralAccepted():
            return replace(row, state="accepted")
        case ReferralAnswered():
            return replace(row, state="answered", outcome=event.outcome, answered_on=event.answered_on)
        case ReferralRevoked():
            return replace(row, state="revoked", outcome=event.reason)
        case _:
            assert_never(event)


def responsibility(row: Responsibility | None, told: Told[ResponsibilityEvent]) -> Responsibility:
    """Who answers for a child, from when to when, and who follows."""
    event = told.event
    row = row or Responsibility(assignment_id=event.assignment_id, child_id=event.child_id)
    row = replace(row, role=event.role, officer=event.officer)
    match event:
        case ResponsibilityAssigned():
            return replace(row, from_on=event.from_on)
        case ResponsibilityEnded():
            return replace(row, until_on=event.until_on, successor=event.successor)
        case _:
            assert_never(event)


def public_report(_: PublicReport | None, told: Told[PublicReportReceived]) -> PublicReport:
    """A report from the public as it came in."""
    event = told.event
    return PublicReport(
        report_id=event.report_id,
        township=event.township,
        receipt_number=event.receipt_number,
        received_on=event.received_on,
    )


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=CaseFile, events=get_args(CaseEvent), about=about("case_id"), evolve=case_file),
    Fold(row=CaseStep, events=get_args(StepEvent), about=lambda told: told.envelope.id, evolve=case_step),
    Fold(row=Document, events=get_args(DocumentEvent), about=about("document_id"), evolve=document),
    Fold(row=Referral, events=get_args(ReferralEvent), about=about("referral_id"), evolve=referral),
    Fold(row=Responsibility, events=get_args(ResponsibilityEvent), about=about("assignment_id"), evolve=responsibility),
    Fold(row=PublicReport, events=(PublicReportReceived,), about=about("report_id"), evolve=public_report),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset()
