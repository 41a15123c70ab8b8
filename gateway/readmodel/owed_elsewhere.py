"""What roster, assistance and notify leave owed: answers to findings, lists, hand-overs, measures, reviews, signatures."""

from datetime import date
from typing import Any, Final, assert_never, get_args

from msgspec.structs import replace

from gateway.readmodel.assistance import HouseholdEvent, MeasureEvent, PlanEvent, SupportEvent
from gateway.readmodel.duties import (
    TOWNSHIP_DIGITS,
    Ledger,
    Outcome,
    end,
    hand_over,
    owe,
    owe_again,
    recorded_on,
    unit_of,
)
from gateway.readmodel.field_check import ListEvent
from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.payments import QuestionEvent, RefusalEvent
from gateway.readmodel.review import FindingEvent
from gateway.readmodel.roster import PlacementEvent, TransferEvent
from gateway.readmodel.terms import CheckInEvent
from services.contracts import assistance, field_check, notify, roster
from services.contracts.divisions import COUNTY

NoticeEvent = notify.NoticeRaised | notify.NoticeAcknowledged

HOURS_OWED: Final = 216
"""Class-hours of home teaching a school year (N1.7)."""


def of_finding(row: Ledger | None, told: Told[FindingEvent]) -> Ledger:
    """A finding of the registers: its owner owes an answer, then the bureau its acceptance."""
    event = told.event
    ledger = row or Ledger(about=event.finding_id)
    match event:
        case roster.FindingRaised():
            return owe(
                end(ledger, told, "lifted", on=event.raised_on),
                told,
                event.finding_id,
                since_on=event.raised_on,
                due_on=event.due_on,
                matter="finding",
                step=event.kind,
                owed_by=unit_of(event.owner, township=event.township, school=event.school),
                township=event.township,
                school=event.school,
                child_id=event.child_id,
                legal_basis=event.legal_basis,
            )
        case roster.FindingAnswered():
            ledger = end(ledger, told, "done", on=event.answered_on)
            if ledger.last is None:
                return ledger
            more = {"matter": "finding_acceptance", "owed_by": "education_bureau", "owed_to": event.answered_by}
            return owe_again(ledger, told, since_on=event.answered_on, due_on=event.due_on, **more)
        case roster.FindingReturned():
            ledger = end(ledger, told, "done", on=event.returned_on)
            if ledger.last is None:
                return ledger
            owner = event.owner or ledger.duties[0].owed_by
            more = {"matter": "finding", "owed_by": owner, "owed_to": told.envelope.department}
            return owe_again(ledger, told, since_on=event.returned_on, due_on=event.due_on, **more)
        case roster.FindingOverdue():
            return ledger
        case roster.FindingResolved():
            return end(ledger, told, "done" if event.approved_by else "lifted", on=event.resolved_on)
        case _:
            assert_never(event)


def of_measure(row: Ledger | None, told: Told[MeasureEvent]) -> Ledger:
    """A measure of a plan, owed by its owner."""
    event = told.event
    ledger = row or Ledger(about=event.measure_id)
    match event:
        case assistance.MeasurePlanned():
            return owe(
                ledger,
                told,
                event.measure_id,
                since_on=recorded_on(told),
                due_on=event.due_on,
                matter="measure",
                step=event.measure,
                owed_by=event.owner,
                owed_to=told.envelope.department,
                follows_child=True,
                child_id=event.child_id,
            )
        case assistance.MeasureDone():
            return end(ledger, told, "done", on=event.done_on)
        case assistance.MeasureDeclined():
            return end(ledger, told, "lifted", on=event.declined_on)
        case _:
            assert_never(event)


def of_plan(row: Ledger | None, told: Told[PlanEvent]) -> Ledger:
    """A child's plan is looked at again in time; the township owes the look."""
    event = told.event
    match event:
        case assistance.StudentPlanOpened():
            return owe(
                row,
                told,
                event.plan_id,
                since_on=event.opened_on,
                due_on=event.review_on,
                matter="plan_review",
                step="review",
                level="township",
                owed_by=unit_of("township", township=event.township, school=""),
                township=event.township,
                child_id=event.child_id,
                case_id=event.case_id,
            )
        case assistance.StudentPlanReviewed():
            return _looked_again(row or Ledger(about=event.plan_id), told, on=event.reviewed_on, again=event.review_on)
        case assistance.StudentPlanMoved():
            return hand_over(
                row or Ledger(about=event.plan_id),
                told,
                owed_by=unit_of("township", township=event.township, school=""),
                township=event.township,
                school="",
            )
        case assistance.StudentPlanEnded():
            return end(row or Ledger(about=event.plan_id), told, "lifted", on=event.ended_on)
        case _:
            assert_never(event)


def of_household(row: Ledger | None, told: Told[HouseholdEvent]) -> Ledger:
    """A household's plan is looked at again in time. It stands under the county, as the events name no township."""
    event = told.event
    ledger = row or Ledger(about=event.plan_id)
    match event:
        case assistance.HouseholdPlanOpened():
            return owe(
                ledger,
                told,
                event.plan_id,
                since_on=event.opened_on,
                due_on=event.review_on,
                matter="household_review",
                step="review",
                level="township",
                owed_by=told.envelope.department,
                township=COUNTY,
            )
        case assistance.HouseholdChildIncluded():
            return ledger
        case assistance.HouseholdPlanReviewed():
            return _looked_again(ledger, told, on=event.reviewed_on, again=event.review_on)
        case _:
            assert_never(event)


def _looked_again(ledger: Ledger, told: Told[Any], *, on: date, again: date) -> Ledger:
    ledger = end(ledger, told, "done", on=on)
    return owe_again(ledger, told, since_on=on, due_on=again) if ledger.last else ledger


def of_support(row: Ledger | None, told: Told[SupportEvent]) -> Ledger:
    """Support of a pupil is looked at again in time, by its helper, until it ends."""
    event = told.event
    ledger = row or Ledger(about=event.support_id)
    match event:
        case assistance.LearningSupportBegun():
            return owe(
                end(ledger, told, "lifted", on=event.begun_on),
                told,
                event.support_id,
                since_on=event.begun_on,
                due_on=event.review_on,
                matter="support_review",
                step="review",
                owed_by=event.helper,
                follows_child=True,
                child_id=event.child_id,
            )
        case assistance.LearningSessionHeld():
            return ledger
        case assistance.LearningSupportReviewed():
            if event.review_on is None:
                return end(ledger, told, "done", on=event.reviewed_on)
            return _looked_again(ledger, told, on=event.reviewed_on, again=event.review_on)
        case _:
            assert_never(event)


def of_home_teaching(row: Ledger | None, told: Told[assistance.HomeTeachingGiven]) -> Ledger:
    """216 class-hours in a school year, owed from its first visit until its last day by the unit that teaches."""
    event = told.event
    ledger = row or owe(
        None,
        told,
        event.teaching_id,
        since_on=event.given_on,
        due_on=_end_of_school_year(event.given_on),
        matter="home_teaching",
        step=event.school_year,
        owed_by=told.envelope.department,
        follows_child=True,
        child_id=event.child_id,
    )
    return end(ledger, told, "done", on=event.given_on) if event.hours_so_far >= HOURS_OWED else ledger


def of_placement(row: Ledger | None, told: Told[PlacementEvent]) -> Ledger:
    """A child placed at home: the school of the placement owes the first visit, until it was made or the placement ends.

    A placement that ended when the visit was late already leaves it undone for ever.
    """
    event = told.event
    ledger = row or Ledger(about=event.placement_id)
    match event:
        case roster.PlacementDecided(form="home_teaching"):
            return owe(
                ledger,
                told,
                event.placement_id,
                since_on=event.decided_on,
                due_on=event.first_visit_by,
                matter="home_teaching_begin",
                owed_by=f"school:{event.school}",
                owed_to=told.envelope.department,
                school=event.school,
                follows_child=True,
                child_id=event.child_id,
            )
        case roster.PlacementDecided():
            return ledger
        case roster.HomeTeachingBegun():
            return end(ledger, told, "done", on=event.taught_on)
        case roster.PlacementEnded():
            owed_by = None if ledger.last is None else ledger.last.due_on
            late = owed_by is not None and owed_by < event.ended_on
            return end(ledger, told, "expired" if late else "lifted", on=event.ended_on)
        case _:
            assert_never(event)


def of_refusal(row: Ledger | None, told: Told[RefusalEvent]) -> Ledger:
    """A payment the bank refused: the school sets it right, until the child has its money or is owed none."""
    event = told.event
    match event:
        case assistance.PaymentRefused():
            return owe(
                row,
                told,
                event.refusal_id,
                since_on=event.raised_on,
                due_on=event.due_on,
                matter="payment_refused",
                step=event.reason,
                owed_by=event.owner,
                owed_to=told.envelope.department,
                school=event.owner.removeprefix("school:"),
                follows_child=True,
                child_id=event.child_id,
            )
        case assistance.PaymentRefusalClosed():
            outcome: Outcome = "lifted" if event.ending == "owed_no_longer" else "done"
            return end(row or Ledger(about=event.refusal_id), told, outcome, on=event.closed_on)
        case _:
            assert_never(event)


def of_question(row: Ledger | None, told: Told[QuestionEvent]) -> Ledger:
    """What does not agree about a child's aid: whoever was asked owes an answer, each time it is asked."""
    event = told.event
    ledger = row or Ledger(about=event.question_id)
    match event:
        case assistance.AidQuestionAsked():
            return owe(
                ledger,
                told,
                event.question_id,
                since_on=event.asked_on,
                due_on=event.due_on,
                matter="aid_question",
                step=event.kind,
                owed_by=event.owner,
                owed_to=told.envelope.department,
                school=event.owner.removeprefix("school:") if event.owner.startswith("school:") else "",
                follows_child=True,
                child_id=event.child_id,
            )
        case assistance.AidQuestionAnswered():
            return end(ledger, told, "done", on=event.answered_on)
        case _:
            assert_never(event)


def _end_of_school_year(day: date) -> date:
    last = date(day.year, 8, 31)
    return last if day <= last else date(day.year + 1, 8, 31)


def of_field_check(row: Ledger | None, told: Told[ListEvent]) -> Ledger:
    """A village's list: owed until every child on it was asked after."""
    event = told.event
    ledger = row or Ledger(about=event.field_check_id)
    match event:
        case field_check.FieldCheckOpened():
            return owe(
                ledger,
                told,
                event.field_check_id,
                since_on=event.opened_on,
                due_on=event.due_on,
                matter="field_check",
                step=event.round,
                owed_by=f"village:{event.village}" if event.village.isdigit() else f"township:{event.township}",
                township=event.township,
                waiting=event.children,
            )
        case field_check.FieldCheckAnswered():
            last, asked = ledger.last, {answer.child_id for answer in event.answers}
            if last is None or last.outcome:
                return ledger
            waiting = tuple(child for child in last.waiting if child not in asked)
            if not waiting:
                return end(ledger, told, "done", on=event.answered_on)
            return replace(ledger, duties=(*ledger.duties[:-1], replace(last, waiting=waiting)))
        case field_check.FieldCheckSettled() | field_check.FieldCheckOverdue():
            return ledger
        case _:
            assert_never(event)


def of_check_in(row: Ledger | None, told: Told[CheckInEvent]) -> Ledger:
    """A school's list of who reported at term start; it stands under the county, as the event names no township."""
    event = told.event
    match event:
        case roster.TermCheckInOpened():
            return owe(
                row,
                told,
                event.check_in_id,
                since_on=recorded_on(told),
                due_on=event.due_on,
                matter="check_in",
                step=event.term,
                owed_by=f"school:{event.school}",
                township=COUNTY,
                school=event.school,
            )
        case roster.TermCheckInClosed():
            return end(row or Ledger(about=event.check_in_id), told, "done", on=event.closed_on)
        case _:
            assert_never(event)


def of_transfer(row: Ledger | None, told: Told[TransferEvent]) -> Ledger:
    """A hand-over to another school, owed by the one that hands over."""
    event = told.event
    match event:
        case roster.TransferOpened():
            return owe(
                row,
                told,
                event.transfer_id,
                since_on=event.opened_on,
                due_on=event.due_on,
                matter="transfer",
                step="hand_over",
                owed_by=f"school:{event.from_school}",
                school=event.from_school,
                follows_child=True,
                child_id=event.child_id,
            )
        case roster.TransferCompleted():
            return end(row or Ledger(about=event.transfer_id), told, "done", on=event.completed_on)
        case _:
            assert_never(event)


def of_notice(row: Ledger | None, told: Told[NoticeEvent]) -> Ledger:
    """A notice is to be signed for; one that climbed is still owed by whom it was sent to."""
    event, on = told.event, recorded_on(told)
    match event:
        case notify.NoticeRaised():
            return owe(
                row,
                told,
                event.notice_id,
                since_on=on,
                due_on=event.reply_by,
                matter="acknowledgement",
                step=event.reason,
                owed_by=event.recipient,
                township=event.area[:TOWNSHIP_DIGITS],
                case_id=event.case_id,
            )
        case notify.NoticeAcknowledged():
            return end(row or Ledger(about=event.notice_id), told, "done", on=on)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Ledger, events=get_args(FindingEvent), about=about("finding_id"), evolve=of_finding),
    Fold(row=Ledger, events=get_args(MeasureEvent), about=about("measure_id"), evolve=of_measure),
    Fold(row=Ledger, events=get_args(PlanEvent), about=about("plan_id"), evolve=of_plan),
    Fold(row=Ledger, events=get_args(HouseholdEvent), about=about("plan_id"), evolve=of_household),
    Fold(row=Ledger, events=get_args(SupportEvent), about=about("support_id"), evolve=of_support),
    Fold(row=Ledger, events=(assistance.HomeTeachingGiven,), about=about("teaching_id"), evolve=of_home_teaching),
    Fold(row=Ledger, events=get_args(PlacementEvent), about=about("placement_id"), evolve=of_placement),
    Fold(row=Ledger, events=get_args(RefusalEvent), about=about("refusal_id"), evolve=of_refusal),
    Fold(row=Ledger, events=get_args(QuestionEvent), about=about("question_id"), evolve=of_question),
    Fold(row=Ledger, events=get_args(ListEvent), about=about("field_check_id"), evolve=of_field_check),
    Fold(row=Ledger, events=get_args(CheckInEvent), about=about("check_in_id"), evolve=of_check_in),
    Fold(row=Ledger, events=get_args(TransferEvent), about=about("transfer_id"), evolve=of_transfer),
    Fold(row=Ledger, events=get_args(NoticeEvent), about=about("notice_id"), evolve=of_notice),
)
