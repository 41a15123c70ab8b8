"""What cases 个案 told, as rows: the file of each case, papers, referrals, who answers; `timeline.py` tells it in words.

The states are the case's own (`services/cases`), derived here once more from what was told: an attempt to persuade
moves a case only from confirmed, a written report on a child that can't be found leaves it sought. A late step changes
who owes it, not the state.
"""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import asdict, replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfCase, OfChild, Row
from services.contracts.cases import (
    CaseCleared,
    CaseClosed,
    CaseConfirmed,
    CaseDemanded,
    CaseMerged,
    CaseMoved,
    CaseOpened,
    CaseOrdered,
    CasePenalised,
    CaseReported,
    CaseSetBack,
    CaseTakenToJustice,
    CaseVerificationBegun,
    CaseWatched,
    ChildReturned,
    ChildSearched,
    ChildUnreachable,
    ClearanceDeclined,
    ClearanceRequested,
    DocumentIssued,
    DocumentServed,
    ExtensionDeclined,
    ExtensionRequested,
    Owed,
    PersuasionRecorded,
    ProceedingRecorded,
    ProceedingsFollowed,
    PublicReportInquired,
    PublicReportReceived,
    ReferralAccepted,
    ReferralAnswered,
    ReferralOpened,
    ReferralRevoked,
    ResponsibilityAssigned,
    ResponsibilityEnded,
    StepExpired,
    StepExtended,
    StepFallsDue,
    StepPaused,
    StepResumed,
)
from services.contracts.envelope import Published
from services.contracts.near_replies import ReplyFallsDue
from services.contracts.oversight import AttendanceTaken, ChildUnnamed, DocumentResultFound

MovingEvent = (
    CaseOpened
    | CaseVerificationBegun
    | CaseConfirmed
    | ChildUnreachable
    | ChildSearched
    | PersuasionRecorded
    | CaseReported
    | CaseOrdered
    | CaseTakenToJustice
    | ChildReturned
    | CaseWatched
    | CasePenalised
    | CaseDemanded
    | ProceedingRecorded
    | ProceedingsFollowed
    | CaseSetBack
)
StepEvent = MovingEvent | StepExpired
OwingEvent = StepEvent | StepPaused | StepResumed | StepExtended
RequestEvent = ClearanceRequested | ClearanceDeclined | ExtensionRequested | ExtensionDeclined
CaseEvent = (
    OwingEvent | CaseClosed | CaseCleared | RequestEvent | CaseMoved | CaseMerged | ChildUnnamed | AttendanceTaken
)
DocumentEvent = DocumentIssued | DocumentServed | DocumentResultFound
ReferralEvent = ReferralOpened | ReferralAccepted | ReferralAnswered | ReferralRevoked
ResponsibilityEvent = ResponsibilityAssigned | ResponsibilityEnded


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
    late_since: date | None = None
    """The day on which the step owed ran out for whoever owed it first; None where it hasn't, at any level."""
    searched_on: date | None = None
    seat_days: int = 0
    paused_until: date | None = None
    """The last day on which the clock of the step may stand; None where it runs."""
    watch_until: date | None = None
    """The day until which a child that came back is watched; None where it isn't."""
    extension_asked: int = 0
    """So many more days were asked for and not yet answered; why, and by which account."""
    extension_reason: str = ""
    extension_asked_by: str = ""
    clearance_asked: str = ""
    """The resolution code that was asked for and waits for a second person; on what evidence, by which account, since when."""
    clearance_evidence: str = ""
    clearance_asked_by: str = ""
    clearance_asked_on: date | None = None
    clearance_until: date | None = None
    """The last day that the deferral asked for is to hold."""
    unnamed: tuple[str, ...] = ()
    """The roles in which nobody answers for the child, as last noted."""


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
    result: str = ""
    result_on: date | None = None
    result_by: str = ""
    decided_by: str = ""
    decision: str = ""


class Referral(OfCase, frozen=True, kw_only=True):
    """Another department asked to act 转办: opened, accepted, answered or revoked."""

    TABLE: ClassVar[str] = "referral"
    KEY: ClassVar[str] = "referral_id"
    referral_id: UUID
    child_id: UUID
    to_unit: str = ""
    purpose: str = ""
    request: str = ""
    asked_by: str = ""
    handed_on_from: UUID | None = None
    state: str = ""
    opened_on: date | None = None
    reply_by: date | None = None
    outcome: str = ""
    answered_on: date | None = None
    decision: str = ""
    """What was last decided of a suspected crime, by which paper and when."""
    decision_paper: str = ""
    decided_on: date | None = None
    relief_decision: str = ""
    """What was decided of help that was asked for, and its details."""
    granted: str = ""
    granted_from: date | None = None
    amount_fen: int | None = None
    refused_for: str = ""
    papers: tuple[str, ...] = ()


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
    stands_in_for: UUID | None = None
    """The assignment of the official for whom this one stands in; None for the official."""


class PublicReport(Row, frozen=True, kw_only=True):
    """A report from the public 群众举报, without who made it."""

    TABLE: ClassVar[str] = "public_report"
    KEY: ClassVar[str] = "report_id"
    report_id: UUID
    township: str = ""
    receipt_number: str = ""
    received_on: date | None = None
    follow_up: str = ""
    """The SHA-256, in hex, of the secret that the informant may ask with."""
    owed_step: str = ""
    owed_by: str = ""
    owed_due_on: date | None = None
    inquiries: int = 0
    inquired_on: date | None = None
    outcome: str = ""
    case_id: UUID | None = None
    handled_on: date | None = None


_NO_EXTENSION: Final[dict[str, Any]] = {"extension_asked": 0, "extension_reason": "", "extension_asked_by": ""}
_NO_CLEARANCE: Final[dict[str, Any]] = {
    "clearance_asked": "",
    "clearance_evidence": "",
    "clearance_asked_by": "",
    "clearance_asked_on": None,
    "clearance_until": None,
}


def case_file(row: CaseFile | None, told: Told[CaseEvent]) -> CaseFile:
    """A case, step by step."""
    event = told.event
    row = row or CaseFile(case_id=event.case_id, child_id=event.child_id)
    match event:
        case CaseClosed():
            return _ended(row, state="closed", on=event.closed_on, resolution=event.outcome)
        case CaseCleared():
            return _ended(row, state="cleared", on=event.cleared_on, resolution=event.resolution)
        case CaseMerged():
            return _ended(row, state="merged", on=event.merged_on, resolution="merged")
        case CaseMoved():
            place = {"township": event.township, "village": event.village}
            return replace(row, school=event.school, stage=event.stage, **place)
        case ChildUnnamed():
            return replace(row, unnamed=event.roles)
        case AttendanceTaken():
            return replace(row, seat_days=event.seat_days)
        case ClearanceRequested() | ClearanceDeclined() | ExtensionRequested() | ExtensionDeclined():
            return _requested(row, event)
        case StepPaused():
            return replace(_owing(row, event.owed), paused_until=event.until_on)
        case StepResumed() | StepExtended():
            late_since = row.late_since  # the same step goes on
            return replace(_owing(row, event.owed), paused_until=None, late_since=late_since, **_NO_EXTENSION)
        case StepExpired():
            late_since = row.late_since or event.expired.due_on
            row = replace(_owing(row, event.owed), expired_steps=row.expired_steps + 1)
            return replace(row, late_since=late_since)
        case _:
            return _moved(_owing(row, event.owed), event)


def _requested(row: CaseFile, event: RequestEvent) -> CaseFile:
    """What one person asked for and a second one has to answer."""
    match event:
        case ClearanceRequested():
            return replace(
                row,
                clearance_asked=event.resolution,
                clearance_evidence=event.evidence,
                clearance_asked_by=event.asked_by,
                clearance_asked_on=event.asked_on,
                clearance_until=event.expires_on,
            )
        case ClearanceDeclined():
            return replace(row, **_NO_CLEARANCE)
        case ExtensionRequested():
            asked = {"extension_asked": event.days, "extension_reason": event.reason}
            return replace(row, extension_asked_by=event.asked_by, **asked)
        case ExtensionDeclined():
            return replace(row, **_NO_EXTENSION)
        case _:
            assert_never(event)


def _moved(row: CaseFile, event: MovingEvent) -> CaseFile:  # one line for each state
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
        case CasePenalised():
            return replace(row, state="penalised")
        case CaseDemanded():
            return replace(row, state="demanded")
        case CaseTakenToJustice() | ProceedingRecorded() | ProceedingsFollowed():
            return replace(row, state="judicial")
        case CaseSetBack():
            return replace(row, state=event.state, ordered_on=None if event.state == "reported" else row.ordered_on)
        case ChildReturned():
            back = {"returned_on": event.returned_on, "seat_days": event.seat_days}
            return replace(row, state="returned", school=event.school, **back)
        case CaseWatched():
            return replace(row, state="watched", watch_until=event.watch_until)
        case ChildSearched():
            return replace(row, searched_on=event.made_on)
        case _:
            assert_never(event)


def _owing(row: CaseFile, owed: Owed) -> CaseFile:
    """Another step begins with a clock of its own."""
    if (owed.step, owed.by, owed.due_on) != (row.owed_step, row.owed_by, row.owed_due_on):
        row = replace(row, paused_until=None, late_since=None, **_NO_EXTENSION)
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
        paused_until=None,
        watch_until=None,
        late_since=None,
        **_NO_EXTENSION,
        **_NO_CLEARANCE,
    )


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
        case DocumentResultFound():
            found = {"result_on": event.found_on, "result_by": event.found_by}
            decided = {"decided_by": event.decided_by, "decision": event.decision}
            return replace(row, kind=event.kind, result=event.result, **found, **decided)
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
                asked_by=event.asked_by,
                handed_on_from=event.handed_on_from,
                state="opened",
                opened_on=event.opened_on,
                reply_by=event.reply_by,
            )
        case ReferralAccepted():
            return replace(row, state="accepted")
        case ReferralAnswered():
            decided = {} if event.decision is None else asdict(event.decision)
            if decided:
                decided["relief_decision"] = decided.pop("decision")
            return replace(row, state="answered", outcome=event.outcome, answered_on=event.answered_on, **decided)
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


def public_report(row: PublicReport | None, told: Told[PublicReportReceived | PublicReportInquired]) -> PublicReport:
    """A report from the public as it came in, and who looked into it."""
    event = told.event
    row = row or PublicReport(report_id=event.report_id)
    row = replace(row, township=event.township, **owing_beside(event.owed))
    match event:
        case PublicReportReceived():
            return replace(
                row, receipt_number=event.receipt_number, received_on=event.received_on, follow_up=event.follow_up
            )
        case PublicReportInquired():
            return replace(row, inquiries=row.inquiries + 1, inquired_on=event.made_on)
        case _:
            assert_never(event)


def owing_beside(owed: Owed | None) -> dict[str, Any]:
    """What is owed on a report, letter or notice, as columns; nothing where nothing is."""
    if owed is None:
        return {"owed_step": "", "owed_by": "", "owed_due_on": None}
    return {"owed_step": owed.step, "owed_by": owed.by, "owed_due_on": owed.due_on}


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=CaseFile, events=get_args(CaseEvent), about=about("case_id"), evolve=case_file),
    Fold(row=Document, events=get_args(DocumentEvent), about=about("document_id"), evolve=document),
    Fold(row=Referral, events=get_args(ReferralEvent), about=about("referral_id"), evolve=referral),
    Fold(row=Responsibility, events=get_args(ResponsibilityEvent), about=about("assignment_id"), evolve=responsibility),
    Fold(
        row=PublicReport,
        events=(PublicReportReceived, PublicReportInquired),
        about=about("report_id"),
        evolve=public_report,
    ),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset({StepFallsDue, ReplyFallsDue})
"""That a last day is near stands in the notice of it, and in every row that has the day."""
