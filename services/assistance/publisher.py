"""What of assistance's own events others are told, and in which words."""

from typing import Any

from services.assistance.domain.aid_question import AidQuestion
from services.assistance.domain.award import Award
from services.assistance.domain.categories import CATEGORIES, Origin
from services.assistance.domain.eligibility import Eligibility
from services.assistance.domain.exclusions import EXCLUSIONS
from services.assistance.domain.home_teaching import HomeTeaching
from services.assistance.domain.household_plan import HouseholdPlan
from services.assistance.domain.learning_support import LearningSupport
from services.assistance.domain.overdue import Overdue
from services.assistance.domain.payment_list import PaymentList
from services.assistance.domain.recognition_run import RecognitionRun
from services.assistance.domain.refusal import Refusal
from services.assistance.domain.school_year import Term
from services.assistance.domain.student_plan import StudentPlan
from services.contracts import assistance
from services.contracts.envelope import Published


def publish(event: object) -> Published | None:  # one line for each kind of event
    """The published event, or None where it means nothing to others."""
    match event:
        case Eligibility.Found() | Eligibility.FoundAgain() | Eligibility.Ended():
            return _eligibility(event)
        case Award.Granted() | Award.Paid() | Award.Returned() | Award.SetAside() | Award.TakenUp():
            return _award(event)
        case StudentPlan.MeasurePlanned() | StudentPlan.MeasureDone() | StudentPlan.MeasureDeclined():
            return _measure(event)
        case Award.Listed() | Award.Unlisted() | PaymentList.Made() | PaymentList.Approved() | PaymentList.Withdrawn():
            return _payment_list(event)
        case RecognitionRun.Opened() | RecognitionRun.LotDone() | RecognitionRun.Ended():
            return _recognition(event)
        case Refusal.Raised() | Refusal.Closed():
            return _refusal(event)
        case AidQuestion.Asked() | AidQuestion.AskedAgain() | AidQuestion.Answered():
            return _aid_question(event)
        case StudentPlan.Opened() | StudentPlan.Reviewed() | StudentPlan.Moved() | StudentPlan.Ended():
            return _student_plan(event)
        case HouseholdPlan.Opened() | HouseholdPlan.ChildIncluded() | HouseholdPlan.Reviewed():
            return _household_plan(event)
        case Overdue.Noted() | Overdue.Climbed():
            return _overdue(event)
        case (
            LearningSupport.Begun()
            | LearningSupport.BegunAgain()
            | LearningSupport.Reviewed()
            | LearningSupport.SessionHeld()
            | LearningSupport.Ended()
        ):
            return _learning_support(event)
        case HomeTeaching.Given():
            return assistance.HomeTeachingGiven(
                teaching_id=event.originator_id,
                child_id=event.child_id,
                school_year=event.school_year,
                hours=event.hours,
                hours_so_far=event.hours_so_far,
                given_on=event.given_on,
            )
        case _:
            return None


def _eligibility(event: Eligibility.Found | Eligibility.FoundAgain | Eligibility.Ended) -> Published:
    if isinstance(event, Eligibility.Ended):
        return assistance.EligibilityEnded(
            eligibility_id=event.originator_id,
            child_id=event.child_id,
            category=event.category,
            until_on=event.until_on,
            ground=event.ground,
            **_row_of(event.origin),
        )
    return assistance.EligibilityFound(
        eligibility_id=event.originator_id,
        child_id=event.child_id,
        category=event.category,
        ground=event.ground,
        from_on=event.from_on,
        source=event.source,
        legal_basis=event.legal_basis,
        lapses_on=CATEGORIES.lapses_on(event.category),
        **_row_of(event.origin),
    )


def _row_of(origin: Origin | None) -> dict[str, Any]:
    if origin is None:
        return {}
    return {"register": origin.register, "batch_id": origin.batch_id, "row": origin.row}


def _award(event: Award.Granted | Award.Paid | Award.Returned | Award.SetAside | Award.TakenUp) -> Published:
    match event:
        case Award.Granted():
            return assistance.AwardGranted(
                award_id=event.originator_id,
                child_id=event.child_id,
                programme=event.programme,
                term=event.term,
                amount_fen=event.amount_fen,
                category=event.category,
                legal_basis=event.legal_basis,
                granted_on=event.granted_on,
                excludes=EXCLUSIONS.beside(event.programme, on=Term.of(event.term).begins_on),
            )
        case Award.Paid():
            return assistance.AwardPaid(
                award_id=event.originator_id,
                child_id=event.child_id,
                payment_id=event.payment_id,
                amount_fen=event.amount_fen,
                paid_on=event.paid_on,
            )
        case Award.Returned():
            return assistance.AwardReturned(
                award_id=event.originator_id,
                child_id=event.child_id,
                payment_id=event.payment_id,
                amount_fen=event.amount_fen,
                reason=event.reason,
                returned_on=event.returned_on,
            )
        case Award.SetAside():
            return assistance.AwardSetAside(
                award_id=event.originator_id,
                child_id=event.child_id,
                standing=event.standing,
                set_aside_on=event.set_aside_on,
            )
        case Award.TakenUp():
            return assistance.AwardTakenUp(
                award_id=event.originator_id, child_id=event.child_id, taken_up_on=event.taken_up_on
            )


def _payment_list(
    event: Award.Listed | Award.Unlisted | PaymentList.Made | PaymentList.Approved | PaymentList.Withdrawn,
) -> Published:
    match event:
        case Award.Listed():
            return assistance.AwardListed(
                award_id=event.originator_id,
                child_id=event.child_id,
                list_id=event.list_id,
                listed_on=event.listed_on,
                payment_id=event.payment_id,
            )
        case Award.Unlisted():
            return assistance.AwardUnlisted(
                award_id=event.originator_id,
                child_id=event.child_id,
                list_id=event.list_id,
                unlisted_on=event.unlisted_on,
                payment_id=PaymentList.payment_of(event.list_id, award_id=event.originator_id),
            )
        case PaymentList.Made():
            return assistance.PaymentListMade(
                list_id=event.originator_id,
                programme=event.programme,
                term=event.term,
                school=event.school,
                township=event.township,
                lines=len(event.lines),
                total_fen=sum(line.amount_fen for line in event.lines),
                made_by=event.made_by,
                made_on=event.made_on,
            )
        case PaymentList.Approved():
            return assistance.PaymentListApproved(
                list_id=event.originator_id,
                sha256=event.sha256,
                approved_by=event.approved_by,
                approved_on=event.approved_on,
            )
        case PaymentList.Withdrawn():
            return assistance.PaymentListWithdrawn(list_id=event.originator_id, withdrawn_on=event.withdrawn_on)


def _recognition(event: RecognitionRun.Opened | RecognitionRun.LotDone | RecognitionRun.Ended) -> Published:
    match event:
        case RecognitionRun.Opened():
            return assistance.RecognitionOpened(
                run_id=event.originator_id,
                programme=event.programme,
                term=event.term,
                area=event.area,
                pupils=len(event.pupils),
                opened_by=event.opened_by,
                opened_on=event.opened_on,
            )
        case RecognitionRun.LotDone():
            return assistance.RecognitionAdvanced(
                run_id=event.originator_id,
                through=event.through,
                granted=event.granted,
                granted_fen=event.granted_fen,
            )
        case RecognitionRun.Ended():
            return assistance.RecognitionEnded(
                run_id=event.originator_id, outcome=event.outcome, ended_on=event.ended_on
            )


def _refusal(event: Refusal.Raised | Refusal.Closed) -> Published:
    match event:
        case Refusal.Raised():
            return assistance.PaymentRefused(
                refusal_id=event.originator_id,
                award_id=event.award_id,
                child_id=event.child_id,
                list_id=event.list_id,
                owner=event.owner,
                township=event.township,
                reason=event.reason,
                raised_on=event.raised_on,
                due_on=event.due_on,
                payment_id=PaymentList.payment_of(event.list_id, award_id=event.award_id),
            )
        case Refusal.Closed():
            return assistance.PaymentRefusalClosed(
                refusal_id=event.originator_id,
                award_id=event.award_id,
                child_id=event.child_id,
                ending=event.ending,
                answer=event.answer,
                closed_on=event.closed_on,
            )


def _aid_question(event: AidQuestion.Asked | AidQuestion.AskedAgain | AidQuestion.Answered) -> Published:
    if isinstance(event, AidQuestion.Answered):
        return assistance.AidQuestionAnswered(
            question_id=event.originator_id,
            child_id=event.child_id,
            answer=event.answer,
            answered_on=event.answered_on,
        )
    return assistance.AidQuestionAsked(
        question_id=event.originator_id,
        child_id=event.child_id,
        kind=event.kind,
        programme=event.programme,
        term=event.term,
        award_id=event.award_id,
        owner=event.owner,
        township=event.township,
        asked_on=event.asked_on,
        due_on=event.due_on,
    )


def _household_plan(event: HouseholdPlan.Opened | HouseholdPlan.ChildIncluded | HouseholdPlan.Reviewed) -> Published:
    plan_id, household_id = event.originator_id, event.household_id
    match event:
        case HouseholdPlan.Opened():
            return assistance.HouseholdPlanOpened(
                plan_id=plan_id,
                household_id=household_id,
                children=event.children,
                opened_on=event.opened_on,
                review_on=event.review_on,
            )
        case HouseholdPlan.ChildIncluded():
            return assistance.HouseholdChildIncluded(
                plan_id=plan_id, household_id=household_id, child_id=event.child_id
            )
        case HouseholdPlan.Reviewed():
            return assistance.HouseholdPlanReviewed(
                plan_id=plan_id,
                household_id=household_id,
                reviewed_on=event.reviewed_on,
                review_on=event.review_on,
            )


def _overdue(event: Overdue.Noted | Overdue.Climbed) -> Published:
    if event.matter == "payment_refused":
        return _refusal_overdue(event)
    match event:
        case Overdue.Noted():
            return assistance.PlanOverdue(
                overdue_id=event.originator_id,
                matter=event.matter,
                about=event.about,
                owed_by=event.owed_by,
                township=event.township,
                child_id=event.child_id,
                due_on=event.due_on,
                noted_on=event.noted_on,
            )
        case Overdue.Climbed():
            return assistance.PlanOverdueClimbed(
                overdue_id=event.originator_id,
                matter=event.matter,
                about=event.about,
                owed_by=event.owed_by,
                township=event.township,
                child_id=event.child_id,
                due_on=event.due_on,
                up_to=event.up_to,
                climbed_on=event.climbed_on,
            )


def _refusal_overdue(event: Overdue.Noted | Overdue.Climbed) -> Published:
    match event:
        case Overdue.Noted():
            return assistance.PaymentRefusalOverdue(
                overdue_id=event.originator_id,
                refusal_id=event.about,
                owed_by=event.owed_by,
                township=event.township,
                child_id=event.child_id,
                due_on=event.due_on,
                noted_on=event.noted_on,
            )
        case Overdue.Climbed():
            return assistance.PaymentRefusalClimbed(
                overdue_id=event.originator_id,
                refusal_id=event.about,
                owed_by=event.owed_by,
                township=event.township,
                child_id=event.child_id,
                due_on=event.due_on,
                up_to=event.up_to,
                climbed_on=event.climbed_on,
            )


def _student_plan(
    event: StudentPlan.Opened | StudentPlan.Reviewed | StudentPlan.Moved | StudentPlan.Ended,
) -> Published:
    match event:
        case StudentPlan.Opened():
            return assistance.StudentPlanOpened(
                plan_id=event.originator_id,
                child_id=event.child_id,
                case_id=event.case_id,
                township=event.township,
                opened_on=event.opened_on,
                review_on=event.review_on,
            )
        case StudentPlan.Reviewed():
            return assistance.StudentPlanReviewed(
                plan_id=event.originator_id,
                child_id=event.child_id,
                reviewed_on=event.reviewed_on,
                review_on=event.review_on,
            )
        case StudentPlan.Moved():
            return assistance.StudentPlanMoved(
                plan_id=event.originator_id, child_id=event.child_id, township=event.township
            )
        case StudentPlan.Ended():
            return assistance.StudentPlanEnded(
                plan_id=event.originator_id,
                child_id=event.child_id,
                resolution=event.resolution,
                ended_on=event.ended_on,
            )


def _measure(event: StudentPlan.MeasurePlanned | StudentPlan.MeasureDone | StudentPlan.MeasureDeclined) -> Published:
    match event:
        case StudentPlan.MeasurePlanned():
            return assistance.MeasurePlanned(
                plan_id=event.originator_id,
                child_id=event.child_id,
                measure_id=event.measure_id,
                measure=event.measure,
                owner=event.owner,
                due_on=event.due_on,
            )
        case StudentPlan.MeasureDone():
            return assistance.MeasureDone(
                plan_id=event.originator_id,
                child_id=event.child_id,
                measure_id=event.measure_id,
                evidence=event.evidence,
                done_on=event.done_on,
            )
        case StudentPlan.MeasureDeclined():
            return assistance.MeasureDeclined(
                plan_id=event.originator_id,
                child_id=event.child_id,
                measure_id=event.measure_id,
                reason=event.reason,
                evidence=event.evidence,
                declined_on=event.declined_on,
            )


def _learning_support(
    event: LearningSupport.Begun
    | LearningSupport.BegunAgain
    | LearningSupport.Reviewed
    | LearningSupport.SessionHeld
    | LearningSupport.Ended,
) -> Published:
    match event:
        case LearningSupport.Begun() | LearningSupport.BegunAgain():
            return assistance.LearningSupportBegun(
                support_id=event.originator_id,
                child_id=event.child_id,
                needs=event.needs,
                helper=event.helper,
                begun_on=event.begun_on,
                review_on=event.review_on,
            )
        case LearningSupport.Reviewed():
            return assistance.LearningSupportReviewed(
                support_id=event.originator_id,
                child_id=event.child_id,
                outcome=event.outcome,
                reviewed_on=event.reviewed_on,
                review_on=event.review_on,
            )
        case LearningSupport.SessionHeld():
            return assistance.LearningSessionHeld(
                support_id=event.originator_id,
                child_id=event.child_id,
                session_id=event.session_id,
                need=event.need,
                minutes=event.minutes,
                progress=event.progress,
                sessions_so_far=event.sessions_so_far,
                held_on=event.held_on,
            )
        case LearningSupport.Ended():
            return assistance.LearningSupportReviewed(
                support_id=event.originator_id,
                child_id=event.child_id,
                outcome="ended",
                reviewed_on=event.ended_on,
                review_on=None,
            )
