"""What cases 个案 leave owed: the steps of a case, papers, referrals, letters, visits, reports, and what inspections found."""

from datetime import date
from typing import Any, Final, assert_never, get_args

from gateway.readmodel.data_requests import RequestEvent
from gateway.readmodel.duties import Duty, Ledger, change_term, end, hand_over, owe, owe_again, recorded_on, unit_of
from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.oversight import AdmonitionEvent, id_of_finding
from gateway.readmodel.oversight import FindingEvent as RectificationEvent
from gateway.readmodel.oversight import PlanEvent as VisitEvent
from gateway.readmodel.timeline import LetterEvent
from services.contracts import cases, data_requests, oversight

CaseEvent = (
    cases.CaseOpened
    | cases.CaseVerificationBegun
    | cases.CaseConfirmed
    | cases.ChildUnreachable
    | cases.ChildSearched
    | cases.PersuasionRecorded
    | cases.CaseReported
    | cases.CaseOrdered
    | cases.CaseTakenToJustice
    | cases.CasePenalised
    | cases.CaseDemanded
    | cases.ProceedingRecorded
    | cases.ProceedingsFollowed
    | cases.CaseSetBack
    | cases.ChildReturned
    | cases.CaseWatched
    | cases.StepPaused
    | cases.StepResumed
    | cases.StepExtended
    | cases.StepExpired
    | cases.CaseMoved
    | cases.CaseMerged
    | cases.CaseClosed
    | cases.CaseCleared
)
ReferralEvent = cases.ReferralOpened | cases.ReferralAnswered | cases.ReferralRevoked | oversight.ReferralReturned
DocumentEvent = cases.DocumentIssued | cases.DocumentServed | oversight.DocumentResultFound
ReportEvent = cases.PublicReportReceived | cases.PublicReportInquired | oversight.PublicReportHandled
ProcuratorateEvent = oversight.ProcuratorateNoticeReceived | oversight.ProcuratorateNoticeAnswered


def of_case(row: Ledger | None, told: Told[CaseEvent]) -> Ledger:
    """A case's steps: each is owed until the case owes another one; one that ran out goes to the level above."""
    event, on = told.event, recorded_on(told)
    ledger = row or Ledger(about=event.case_id)
    match event:
        case cases.CaseClosed() | cases.CaseCleared():
            return end(ledger, told, "done", on=on)
        case cases.CaseMerged():
            return end(ledger, told, "lifted", on=on)
        case cases.CaseMoved():
            place = {"township": event.township, "school": event.school}
            level = ledger.last.level if ledger.last is not None else ""
            return hand_over(ledger, told, owed_by=unit_of(level, **place), **place)
        case cases.StepPaused():
            return change_term(ledger, told, "paused", due_on=event.owed.due_on)
        case cases.StepResumed():
            return change_term(ledger, told, "resumed", due_on=event.owed.due_on)
        case cases.StepExtended():
            return change_term(ledger, told, "extended", due_on=event.owed.due_on)
        case cases.StepExpired():
            return _step(end(ledger, told, "expired", on=on), told, event.owed, since_on=on)
        case _:
            last, owed = ledger.last, event.owed
            if last is not None and not last.outcome and _is_the_same(last, owed):
                return ledger
            return _step(end(ledger, told, "done", on=on), told, owed, since_on=on)


def _step(ledger: Ledger, told: Told[CaseEvent], owed: cases.Owed, *, since_on: date) -> Ledger:
    event, last = told.event, ledger.last
    if isinstance(event, cases.CaseOpened):
        place = {"township": event.township, "school": event.school}
    else:
        place = (
            {"township": last.township, "school": last.school} if last is not None else {"township": "", "school": ""}
        )
    return owe(
        ledger,
        told,
        event.case_id,
        since_on=since_on,
        due_on=owed.due_on,
        matter="case_step",
        step=owed.step,
        level=owed.by,
        owed_by=unit_of(owed.by, **place),
        child_id=event.child_id,
        case_id=event.case_id,
        rule=owed.rule,
        legal_basis=owed.legal_basis,
        **place,
    )


def _is_the_same(duty: Duty, owed: cases.Owed) -> bool:
    return (duty.step, duty.level, duty.due_on, duty.rule) == (owed.step, owed.by, owed.due_on, owed.rule)


def of_referral(row: Ledger | None, told: Told[ReferralEvent]) -> Ledger:
    """A reply asked of another department; one given back or taken back is not owed any longer."""
    event, on = told.event, recorded_on(told)
    ledger = row or Ledger(about=event.referral_id)
    match event:
        case cases.ReferralOpened():
            return owe(
                ledger,
                told,
                event.referral_id,
                since_on=event.opened_on,
                due_on=event.reply_by,
                matter="referral",
                step=event.purpose,
                owed_by=event.to,
                owed_to=event.asked_by or told.envelope.department,
                follows_child=True,
                child_id=event.child_id,
                case_id=event.case_id,
            )
        case cases.ReferralAnswered():
            return end(ledger, told, "done", on=event.answered_on)
        case cases.ReferralRevoked() | oversight.ReferralReturned():
            return end(ledger, told, "lifted", on=on)
        case _:
            assert_never(event)


def of_document(row: Ledger | None, told: Told[DocumentEvent]) -> Ledger:
    """A paper that is issued is to be served; the notice sets no day for it, the step it belongs to does."""
    event = told.event
    ledger = row or Ledger(about=event.document_id)
    match event:
        case cases.DocumentIssued():
            return owe(
                ledger,
                told,
                event.document_id,
                since_on=event.issued_on,
                due_on=None,
                matter="document_service",
                step=event.kind,
                owed_by=event.issuer,
                follows_child=True,
                child_id=event.child_id,
                case_id=event.case_id,
                legal_basis=event.legal_basis,
            )
        case cases.DocumentServed():
            return end(ledger, told, "done", on=event.served_on)
        case oversight.DocumentResultFound():
            return end(ledger, told, "lifted", on=event.found_on)
        case _:
            assert_never(event)


def of_visits(row: Ledger | None, told: Told[VisitEvent]) -> Ledger:
    """A planned visit is owed by whoever visits, and after it the next one; a day that passed leaves it owed, and late."""
    event = told.event
    ledger = row or Ledger(about=event.plan_id)
    match event:
        case oversight.VisitsPlanned():
            on = recorded_on(told)
            return owe(
                end(ledger, told, "lifted", on=on),
                told,
                event.plan_id,
                since_on=on,
                due_on=event.next_on,
                matter="visit",
                step="home_visit",
                owed_by=told.envelope.department,
                officer=event.visitor,
                follows_child=True,
                child_id=event.child_id,
            )
        case oversight.PlannedVisitMade():
            ledger = end(ledger, told, "done", on=event.visited_on)
            return owe_again(ledger, told, since_on=event.visited_on, due_on=event.next_on) if ledger.last else ledger
        case oversight.VisitMissed():
            return ledger
        case oversight.VisitPlanEnded():
            return end(ledger, told, "lifted", on=event.ended_on)
        case _:
            assert_never(event)


def of_public_report(row: Ledger | None, told: Told[ReportEvent]) -> Ledger:
    """A look into a report of the public, owed again until it is handled."""
    event, on = told.event, recorded_on(told)
    ledger = row or Ledger(about=event.report_id)
    match event:
        case oversight.PublicReportHandled():
            return end(ledger, told, "done", on=event.handled_on)
        case cases.PublicReportReceived() | cases.PublicReportInquired():
            ledger = end(ledger, told, "done", on=on)
            if event.owed is None:
                return ledger
            return owe(
                ledger,
                told,
                event.report_id,
                since_on=on,
                due_on=event.owed.due_on,
                matter="public_report",
                step=event.owed.step,
                level=event.owed.by,
                owed_by=unit_of(event.owed.by, township=event.township, school=""),
                township=event.township,
                rule=event.owed.rule,
                legal_basis=event.owed.legal_basis,
            )
        case _:
            assert_never(event)


def of_rectification(row: Ledger | None, told: Told[RectificationEvent]) -> Ledger:
    """What an inspection found is put right and reported, and owed again where it wasn't right."""
    event, key = told.event, id_of_finding(told)
    ledger = row or Ledger(about=key)
    match event:
        case oversight.InspectionFound():
            return owe(
                ledger,
                told,
                key,
                since_on=recorded_on(told),
                due_on=event.due_on,
                matter="rectification",
                step="put_right",
                owed_by=event.owed_by,
                owed_to=told.envelope.department,
                township=event.township,
            )
        case oversight.RectificationReported():
            return end(ledger, told, "done", on=event.reported_on)
        case oversight.RectificationChecked():
            if event.right or ledger.last is None:
                return ledger
            return owe_again(ledger, told, since_on=event.checked_on, due_on=event.due_on)
        case _:
            assert_never(event)


def of_admonition(row: Ledger | None, told: Told[AdmonitionEvent]) -> Ledger:
    """The answer to an interview or a circular."""
    event = told.event
    match event:
        case oversight.AdmonitionIssued():
            return owe(
                row,
                told,
                event.admonition_id,
                since_on=event.issued_on,
                due_on=event.reply_by,
                matter="admonition",
                step=event.kind,
                owed_by=event.unit,
                owed_to=told.envelope.department,
                township=event.township,
            )
        case oversight.AdmonitionAnswered():
            return end(row or Ledger(about=event.admonition_id), told, "done", on=event.answered_on)
        case _:
            assert_never(event)


def of_letter(row: Ledger | None, told: Told[LetterEvent]) -> Ledger:
    """The answer of another county or province, which may be asked for again."""
    event = told.event
    ledger = row or Ledger(about=event.letter_id)
    match event:
        case oversight.AssistanceLetterSent():
            return owe(
                ledger,
                told,
                event.letter_id,
                since_on=event.sent_on,
                due_on=event.reply_by,
                matter="assistance_letter",
                step="reply",
                owed_by=f"other_county:{event.place}",
                owed_to=told.envelope.department,
                follows_child=True,
                child_id=event.child_id,
                case_id=event.case_id,
            )
        case oversight.AssistanceLetterReminded():
            return change_term(ledger, told, "extended", due_on=event.reply_by)
        case oversight.AssistanceLetterAnswered():
            return end(ledger, told, "done", on=event.answered_on)
        case oversight.AssistanceLetterWithdrawn():
            return end(ledger, told, "lifted", on=event.withdrawn_on)
        case _:
            assert_never(event)


def of_procuratorate_notice(row: Ledger | None, told: Told[ProcuratorateEvent]) -> Ledger:
    """The county's answer to the procuratorate, which the bureau owes."""
    event = told.event
    match event:
        case oversight.ProcuratorateNoticeReceived():
            return owe(
                row,
                told,
                event.notice_id,
                since_on=event.received_on,
                due_on=event.reply_by,
                matter="procuratorate_notice",
                step="reply",
                owed_by="education_bureau",
                owed_to=told.envelope.department,
                township=event.township,
                case_id=event.case_id,
            )
        case oversight.ProcuratorateNoticeAnswered():
            return end(row or Ledger(about=event.notice_id), told, "done", on=event.answered_on)
        case _:
            assert_never(event)


def of_data_request(row: Ledger | None, told: Told[RequestEvent]) -> Ledger:
    """The answer to a guardian; handed on, the first unit's duty is lifted and the second's begins, by the same day."""
    event = told.event
    ledger = row or Ledger(about=event.request_id)
    match event:
        case data_requests.DataRequestReceived():
            return owe(
                ledger,
                told,
                event.request_id,
                since_on=event.received_on,
                due_on=event.due_on,
                matter="data_request",
                step=event.kind,
                owed_by=event.owed_by,
                follows_child=True,
                child_id=event.child_id,
                rule=event.rule,
                legal_basis=event.legal_basis,
            )
        case data_requests.DataRequestAssigned():
            if ledger.last is None or ledger.last.outcome:
                return ledger
            ledger = end(ledger, told, "lifted", on=event.assigned_on)
            to = {"owed_by": event.owed_by, "officer": event.officer}
            return owe_again(ledger, told, since_on=event.assigned_on, due_on=event.due_on, **to)
        case data_requests.DataRequestAnswered():
            return end(ledger, told, "done", on=event.answered_on)
        case data_requests.DataRequestDeclined():
            return end(ledger, told, "done", on=event.declined_on)
        case data_requests.RequesterChecked() | data_requests.CorrectionSeen():
            return ledger
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Ledger, events=get_args(CaseEvent), about=about("case_id"), evolve=of_case),
    Fold(row=Ledger, events=get_args(ReferralEvent), about=about("referral_id"), evolve=of_referral),
    Fold(row=Ledger, events=get_args(DocumentEvent), about=about("document_id"), evolve=of_document),
    Fold(row=Ledger, events=get_args(VisitEvent), about=about("plan_id"), evolve=of_visits),
    Fold(row=Ledger, events=get_args(ReportEvent), about=about("report_id"), evolve=of_public_report),
    Fold(row=Ledger, events=get_args(RectificationEvent), about=id_of_finding, evolve=of_rectification),
    Fold(row=Ledger, events=get_args(AdmonitionEvent), about=about("admonition_id"), evolve=of_admonition),
    Fold(row=Ledger, events=get_args(LetterEvent), about=about("letter_id"), evolve=of_letter),
    Fold(row=Ledger, events=get_args(RequestEvent), about=about("request_id"), evolve=of_data_request),
    Fold(row=Ledger, events=get_args(ProcuratorateEvent), about=about("notice_id"), evolve=of_procuratorate_notice),
)
