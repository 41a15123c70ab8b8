"""The events of cases in the published language; personal fields are sealed texts already and only pass through.

That a deferral lapsed is the service's own matter: others are told that the child's next case opens of it.
"""

from dataclasses import asdict
from typing import assert_never
from uuid import UUID

from services.cases.domain import rules
from services.cases.domain.assignment import Assignment
from services.cases.domain.case import Case, Owing
from services.cases.domain.clearance import Clearance
from services.cases.domain.document import Document
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral
from services.cases.oversight_publisher import publish_oversight
from services.chassis.clock import china_date
from services.contracts import cases as told
from services.contracts.envelope import Published, Sealed


def publish(event: object) -> Published | None:  # one line for each kind of event
    """What others are told of an event, or None where it is nobody else's matter."""
    match event:
        case Owing():
            return _step(event, case_id=event.originator_id, child_id=event.child_id, owed=_owed(event.owed))
        case Case.Closed():
            return told.CaseClosed(
                case_id=event.originator_id, child_id=event.child_id, closed_on=event.closed_on, outcome=event.outcome
            )
        case Case.ClearanceAsked() | Case.ClearanceDeclined() | Case.Cleared():
            return _clearance(event, case_id=event.originator_id, child_id=event.child_id)
        case Case.Warned():
            return told.StepFallsDue(
                case_id=event.originator_id,
                child_id=event.child_id,
                owed=_owed(event.owed),
                warned_on=event.warned_on,
            )
        case Case.ExtensionAsked() | Case.ExtensionDeclined() | Case.Moved() | Case.MergedInto():
            return _beside_the_steps(event, case_id=event.originator_id, child_id=event.child_id)
        case Document.Issued() | Document.Served():
            return _document(event)
        case Referral.Opened() | Referral.Accepted() | Referral.Answered() | Referral.Revoked():
            return _referral(event)
        case PublicReport.Received() | PublicReport.InquiryMade():
            return _public_report(event)
        case Assignment.Assigned() | Assignment.Ended():
            return _responsibility(event)
        case _:
            return publish_oversight(event)


def _owed(owed: rules.Owed) -> told.Owed:
    return told.Owed(step=owed.step, by=owed.by, due_on=owed.due_on, rule=owed.rule, legal_basis=owed.legal_basis)


def _step(event: Owing, *, case_id: UUID, child_id: UUID, owed: told.Owed) -> Published | None:  # one for each step
    match event:
        case Case.Opened():
            return told.CaseOpened(
                case_id=case_id,
                child_id=child_id,
                cause=event.cause,
                finding_id=event.finding_id,
                township=event.place.township,
                village=event.place.village,
                school=event.place.school,
                stage=event.place.stage,
                earlier_case=event.earlier_case,
                opened_on=event.opened_on,
                owed=owed,
            )
        case Case.VerificationBegun():
            return told.CaseVerificationBegun(case_id=case_id, child_id=child_id, owed=owed)
        case Case.Confirmed():
            return told.CaseConfirmed(
                case_id=case_id,
                child_id=child_id,
                causes=event.causes,
                confirmed_on=event.confirmed_on,
                owed=owed,
                evidence=event.evidence,
            )
        case Case.FoundUnreachable() | Case.Searched():
            return _missing(event, case_id=case_id, child_id=child_id, owed=owed)
        case Case.Persuaded():
            return told.PersuasionRecorded(
                case_id=case_id,
                child_id=child_id,
                method=event.method,
                outcome=event.outcome,
                note=Sealed(event.note),
                made_on=event.made_on,
                owed=owed,
            )
        case Case.Reported():
            return told.CaseReported(case_id=case_id, child_id=child_id, document_id=event.document_id, owed=owed)
        case Case.Ordered() | Case.Penalised() | Case.Demanded() | Case.TakenToJustice():
            return _pressed(event, case_id=case_id, child_id=child_id, owed=owed)
        case Case.ProceedingRecorded() | Case.SetBack() | Case.ProceedingsFollowed():
            return _pressed(event, case_id=case_id, child_id=child_id, owed=owed)
        case Case.Returned():
            return told.ChildReturned(
                case_id=case_id,
                child_id=child_id,
                school=event.school,
                returned_on=event.returned_on,
                seat_days=event.seat_days,
                owed=owed,
            )
        case Case.Watched():
            return told.CaseWatched(case_id=case_id, child_id=child_id, watch_until=event.watch_until, owed=owed)
        case Case.Paused() | Case.Resumed() | Case.Extended():
            return _clock(event, case_id=case_id, child_id=child_id, owed=owed)
        case Case.StepExpired():
            return told.StepExpired(
                case_id=case_id,
                child_id=child_id,
                expired=_owed(event.expired),
                expired_on=event.expired_on,
                owed=owed,
            )
        case _:
            return None


def _missing(
    event: Case.FoundUnreachable | Case.Searched, *, case_id: UUID, child_id: UUID, owed: told.Owed
) -> Published:
    match event:
        case Case.FoundUnreachable():
            return told.ChildUnreachable(case_id=case_id, child_id=child_id, owed=owed)
        case Case.Searched():
            return told.ChildSearched(
                case_id=case_id,
                child_id=child_id,
                method=event.method,
                note=Sealed(event.note),
                made_on=event.made_on,
                owed=owed,
            )
        case _:
            assert_never(event)


def _pressed(
    event: Case.Ordered
    | Case.Penalised
    | Case.Demanded
    | Case.TakenToJustice
    | Case.ProceedingRecorded
    | Case.SetBack
    | Case.ProceedingsFollowed,
    *,
    case_id: UUID,
    child_id: UUID,
    owed: told.Owed,
) -> Published:
    match event:
        case Case.Ordered():
            return told.CaseOrdered(
                case_id=case_id, child_id=child_id, document_id=event.document_id, served_on=event.served_on, owed=owed
            )
        case Case.Penalised():
            return told.CasePenalised(
                case_id=case_id, child_id=child_id, document_id=event.document_id, served_on=event.served_on, owed=owed
            )
        case Case.Demanded():
            return told.CaseDemanded(
                case_id=case_id, child_id=child_id, document_id=event.document_id, served_on=event.served_on, owed=owed
            )
        case Case.TakenToJustice():
            return told.CaseTakenToJustice(
                case_id=case_id, child_id=child_id, document_id=event.document_id, served_on=event.served_on, owed=owed
            )
        case Case.SetBack():
            return told.CaseSetBack(
                case_id=case_id,
                child_id=child_id,
                document_id=event.document_id,
                state=event.state,
                decided_on=event.decided_on,
                owed=owed,
                ground=event.ground,
            )
        case Case.ProceedingsFollowed():
            return told.ProceedingsFollowed(
                case_id=case_id, child_id=child_id, proceedings_id=event.proceedings_id, owed=owed
            )
        case Case.ProceedingRecorded():
            return told.ProceedingRecorded(
                case_id=case_id,
                child_id=child_id,
                proceeding=event.proceeding,
                paper=event.paper,
                made_on=event.made_on,
                comply_by=event.comply_by,
                owed=owed,
            )
        case _:
            assert_never(event)


def _clock(
    event: Case.Paused | Case.Resumed | Case.Extended, *, case_id: UUID, child_id: UUID, owed: told.Owed
) -> Published:
    match event:
        case Case.Paused(pause=pause):
            return told.StepPaused(
                case_id=case_id,
                child_id=child_id,
                reason=pause.reason,
                paused_on=pause.paused_on,
                until_on=pause.until_on,
                owed=owed,
            )
        case Case.Resumed():
            return told.StepResumed(case_id=case_id, child_id=child_id, resumed_on=event.resumed_on, owed=owed)
        case Case.Extended():
            return told.StepExtended(
                case_id=case_id,
                child_id=child_id,
                reason=event.extension.reason,
                approver=event.approver,
                owed=owed,
            )
        case _:
            assert_never(event)


def _beside_the_steps(
    event: Case.ExtensionAsked | Case.ExtensionDeclined | Case.Moved | Case.MergedInto, *, case_id: UUID, child_id: UUID
) -> Published:
    match event:
        case Case.ExtensionAsked(extension=extension):
            return told.ExtensionRequested(
                case_id=case_id,
                child_id=child_id,
                days=extension.days,
                reason=extension.reason,
                asked_by=extension.asked_by,
            )
        case Case.ExtensionDeclined():
            return told.ExtensionDeclined(case_id=case_id, child_id=child_id, reason=event.reason)
        case Case.Moved(place=place):
            return told.CaseMoved(
                case_id=case_id,
                child_id=child_id,
                township=place.township,
                village=place.village,
                school=place.school,
                stage=place.stage,
            )
        case Case.MergedInto():
            return told.CaseMerged(
                case_id=case_id, child_id=child_id, into_case=event.into_case, merged_on=event.merged_on
            )
        case _:
            assert_never(event)


def _clearance(
    event: Case.ClearanceAsked | Case.ClearanceDeclined | Case.Cleared, *, case_id: UUID, child_id: UUID
) -> Published:
    match event:
        case Case.ClearanceAsked(clearance=clearance):
            return told.ClearanceRequested(
                case_id=case_id,
                child_id=child_id,
                resolution=clearance.resolution,
                evidence=_evidence(clearance),
                asked_by=clearance.asked_by,
                asked_on=china_date(event.timestamp),
                expires_on=clearance.expires_on,
            )
        case Case.ClearanceDeclined():
            return told.ClearanceDeclined(case_id=case_id, child_id=child_id, reason=event.reason)
        case Case.Cleared(clearance=clearance):
            return told.CaseCleared(
                case_id=case_id,
                child_id=child_id,
                resolution=clearance.resolution,
                evidence=_evidence(clearance),
                approver=event.approver,
                cleared_on=event.cleared_on,
                expires_on=clearance.expires_on,
            )
        case _:
            assert_never(event)


def _evidence(clearance: Clearance) -> str:
    return f"{clearance.evidence_kind}: {clearance.evidence}"


def _document(event: Document.Issued | Document.Served) -> Published:
    match event:
        case Document.Issued():
            return told.DocumentIssued(
                document_id=event.originator_id,
                case_id=event.case_id,
                child_id=event.child_id,
                kind=event.kind,
                number=event.number,
                issuer=event.issuer,
                legal_basis=event.legal_basis,
                term_days=event.term_days,
                issued_on=event.issued_on,
            )
        case Document.Served():
            return told.DocumentServed(
                document_id=event.originator_id,
                case_id=event.case_id,
                child_id=event.child_id,
                kind=event.kind,
                method=event.method,
                receipt=event.receipt,
                served_on=event.served_on,
                expires_on=event.expires_on,
            )
        case _:
            assert_never(event)


def _referral(event: Referral.Opened | Referral.Accepted | Referral.Answered | Referral.Revoked) -> Published:
    referral_id, case_id, child_id, to = event.originator_id, event.case_id, event.child_id, event.to
    match event:
        case Referral.Opened():
            return told.ReferralOpened(
                referral_id=referral_id,
                case_id=case_id,
                child_id=child_id,
                to=to,
                purpose=event.purpose,
                request=event.request,
                opened_on=event.opened_on,
                reply_by=event.reply_by,
                handed_on_from=event.handed_on_from,
                asked_by=event.asked_by,
            )
        case Referral.Accepted():
            return told.ReferralAccepted(referral_id=referral_id, case_id=case_id, child_id=child_id, to=to)
        case Referral.Answered():
            return told.ReferralAnswered(
                referral_id=referral_id,
                case_id=case_id,
                child_id=child_id,
                to=to,
                outcome=event.outcome,
                answered_on=event.answered_on,
                asked_by=event.asked_by,
                purpose=event.purpose,
                decision=None if event.decision is None else told.Decision(**asdict(event.decision)),
            )
        case Referral.Revoked():
            return told.ReferralRevoked(
                referral_id=referral_id, case_id=case_id, child_id=child_id, to=to, reason=event.reason
            )
        case _:
            assert_never(event)


def _public_report(event: PublicReport.Received | PublicReport.InquiryMade) -> Published:
    match event:
        case PublicReport.Received():
            return told.PublicReportReceived(
                report_id=event.originator_id,
                receipt_number=event.receipt_number,
                township=event.township,
                received_on=event.received_on,
                owed=_owed(event.owed),
                follow_up=event.follow_up,
                text=Sealed(event.text),
            )
        case PublicReport.InquiryMade():
            return told.PublicReportInquired(
                report_id=event.originator_id,
                township=event.township,
                method=event.method,
                made_on=event.made_on,
                owed=_owed(event.owed),
                note=Sealed(event.note),
            )
        case _:
            assert_never(event)


def _responsibility(event: Assignment.Assigned | Assignment.Ended) -> Published:
    match event:
        case Assignment.Assigned():
            return told.ResponsibilityAssigned(
                assignment_id=event.originator_id,
                child_id=event.child_id,
                role=event.role,
                officer=event.officer,
                from_on=event.from_on,
            )
        case Assignment.Ended():
            return told.ResponsibilityEnded(
                assignment_id=event.originator_id,
                child_id=event.child_id,
                role=event.role,
                officer=event.officer,
                until_on=event.until_on,
                successor=event.successor,
            )
        case _:
            assert_never(event)
