"""A year of help around one child, told by the service's own commands on fixed days: every event it knows occurs."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.assistance.domain.aid_question import AidQuestion
from services.assistance.domain.award import Award
from services.assistance.domain.categories import CATEGORIES, Ground, Groups, Origin
from services.assistance.domain.eligibility import Eligibility, assess
from services.assistance.domain.learning_support import LearningSupport
from services.assistance.domain.overdue import Due, Overdue
from services.assistance.domain.payment_list import PaymentList
from services.assistance.domain.programmes import PROGRAMMES
from services.assistance.domain.recipient import Recipient
from services.assistance.domain.recognition_run import Pupil, RecognitionRun
from services.assistance.domain.refusal import Refusal
from services.assistance.domain.reported_payment import ReportedPayment
from services.assistance.domain.school_year import Term
from services.assistance.domain.student_plan import StudentPlan
from services.assistance.payments import BankLine, Payments
from services.chassis.aggregate import RecordedAggregate, today
from tests.assistance.given import CASE, CHILD, DAY, EVIDENCE, AssistanceInMemory, acting_on

NOTE = "数学跟不上"
SCHOOL = "school:3141000300"


def a_year_of_help() -> AssistanceInMemory:
    """An application in which every command was obeyed."""
    app = AssistanceInMemory()
    soon = DAY + timedelta(days=30)
    payment = uuid5(CASE, "payment")
    with acting_on(DAY):
        app.state_groups(child_id=CHILD, groups=Groups(poverty="脱贫户", left_behind=True), valid_on=DAY)
        app.recognise_eligibility(child_id=CHILD, category="orphan", ground=f"referral:{CASE}", from_on=DAY)
        award = app.grant_award(
            child_id=CHILD,
            programme="living_allowance",
            term="2026-2027-1",
            stage="primary",
            boarding=True,
            category="lifted_from_poverty",
        )
        app.pay_award(award_id=award.id, payment_id=payment, amount_fen=62500, paid_on=DAY)
        app.return_award(award_id=award.id, payment_id=payment, reason="account_wrong", returned_on=DAY)
        app.learn_residence(child_id=CHILD, township="410326103")
        app.learn_residence(child_id=CHILD, township="410326104")
        plan = app.open_student_plan(child_id=CHILD, case_id=CASE)
        measure = app.plan_measure(plan_id=plan.id, measure="tutoring", owner=SCHOOL, due_on=soon, note=NOTE)
        app.carry_out_measure(plan_id=plan.id, measure_id=measure.id, evidence=EVIDENCE, done_on=DAY)
        app.review_student_plan(plan_id=plan.id, review_on=soon)
        household = app.open_household_plan(household_id=uuid5(CASE, "household"), children=(CHILD,))
        app.include_child(plan_id=household.id, child_id=uuid5(CHILD, "brother"))
        app.review_household_plan(plan_id=household.id, review_on=soon)
        support = app.begin_learning_support(child_id=CHILD, needs=("mind",), helper=SCHOOL, review_on=soon)
        app.review_learning_support(support_id=support.id, outcome="unchanged", review_on=soon)
        app.hold_support_session(
            support_id=support.id,
            session_id=uuid5(CASE, "session"),
            need="mind",
            minutes=40,
            progress="improved",
            held_on=DAY,
        )
        app.end_learning_support(support_id=support.id)
        app.begin_learning_support(child_id=CHILD, needs=("method", "family"), helper=SCHOOL, review_on=soon)
        late = app.open_student_plan(child_id=uuid5(CHILD, "brother")).id
        app.give_home_teaching(child_id=CHILD, visit_id=CASE, hours=3, evidence=EVIDENCE, given_on=DAY)
    with acting_on(soon):
        app.state_groups(child_id=CHILD, groups=Groups(poverty="脱贫户"), valid_on=soon)
        app.move_student_plan(child_id=CHILD, case_id=CASE, township="410326103")
        app.end_student_plan(child_id=CHILD, case_id=CASE, resolution="kept", ended_on=soon)
        app.end_eligibility(child_id=CHILD, category="orphan", until_on=soon)
        app.recognise_eligibility(child_id=CHILD, category="orphan", ground=f"referral:{CASE}", from_on=soon)
    other = uuid5(CHILD, "other entry")
    _go_to_the_bank(app, award.id, soon)
    with acting_on(soon):
        app.state_groups(child_id=other, groups=Groups(poverty="脱贫户"), valid_on=DAY)
        app.grant_award(
            child_id=other,
            programme="living_allowance",
            term="2026-2027-1",
            stage="primary",
            boarding=True,
            category="lifted_from_poverty",
        )
        app.merge_entries(child_id=CHILD, merged_id=other, position=1)
        app.part_entries(child_id=CHILD, merged_id=other, position=2)
    for days in (31, 45):
        with acting_on(DAY + timedelta(days=days)):
            app.watch_due(matter="plan_review", plan_id=late, about=late)
    return app


def a_term_recognised_in_one_run() -> AssistanceInMemory:
    """A run over two pupils of whom one is eligible, to its end; another one that was cancelled; and a measure that was refused."""
    app = AssistanceInMemory()
    payments = Payments(assistance=app)
    pupils = tuple(
        Pupil(child_id=child_id, stage="primary", boarding=True, categories=("near_poverty",))
        for child_id in (CHILD, uuid5(CHILD, "brother"))
    )
    monitored = Groups(poverty="边缘易致贫户", risk="not_removed", monitored_on=DAY - timedelta(days=90))
    with acting_on(DAY):
        app.state_groups(child_id=CHILD, groups=monitored, valid_on=DAY)
        for _ in range(2):
            run = payments.open_recognition(
                programme="living_allowance", term="2026-2027-1", area="410326", pupils=pupils
            ).id
            if not any(isinstance(event, RecognitionRun.Ended) for event in app.stored):
                payments.recognise_lot(run_id=run)
        payments.cancel_recognition(run_id=run)
        plan = app.open_student_plan(child_id=CHILD, case_id=CASE, township="410326103").id
        app.plan_measure(plan_id=plan, measure="relief", owner="civil_affairs:410326", due_on=DAY)
        app.take_decision(
            child_id=CHILD,
            case_id=CASE,
            referral_id=uuid5(CASE, "referral"),
            purpose="social_assistance",
            granted="",
            granted_from=None,
            refused_for="income_above",
            decided_on=DAY,
        )
    later = DAY + timedelta(days=60)
    row = Origin("poverty", uuid5(CASE, "batch"), 12)
    removed = Groups(poverty="边缘易致贫户", risk="removed", risk_removed_on=later, origins={"poverty": row})
    with acting_on(later):
        app.state_groups(child_id=CHILD, groups=removed, valid_on=later)
    return app


def runs_and_a_refused_measure() -> list[RecordedAggregate]:
    """A run through its one lot, one that was cancelled, a measure that was refused, and a household whose risk was removed."""
    pupil = Pupil(child_id=CHILD, stage="primary", boarding=True, categories=("near_poverty",))
    of_term = {"programme": "living_allowance", "term": "2026-2027-1", "area": "410326", "pupils": (pupil,)}
    poor = CATEGORIES.stated(Groups(poverty="边缘易致贫户", risk="not_removed"), on=DAY)
    row = Origin("poverty", uuid5(CASE, "batch"), 12)
    removed = Groups(poverty="边缘易致贫户", risk="removed", risk_removed_on=DAY, origins={"poverty": row})
    with acting_on(DAY):
        finished, cancelled = (
            RecognitionRun.open(run_id=uuid5(CASE, run), **of_term, by="officer-1", today=DAY)  # type: ignore[arg-type]
            for run in ("finished", "cancelled")
        )
        finished.note_lot(finished.next_lot(), granted=1, granted_fen=62500, today=DAY)
        cancelled.cancel(today=DAY)
        plan = StudentPlan.open(child_id=CHILD, case_id=CASE, township="410326103", residence=None, today=DAY)
        plan.plan_measure(measure="relief", owner="civil_affairs:410326", due_on=DAY, note=NOTE, today=DAY)
        plan.hear_decision(
            purpose="social_assistance",
            evidence=f"referral:{CASE}",
            refused_for="income_above",
            decided_on=DAY,
            today=DAY,
        )
        (eligibility,) = assess(child_id=CHILD, known={}, stated=poor, on=DAY)
    with acting_on(DAY + timedelta(days=30)):
        eligibility.hear(
            CATEGORIES.stated(removed, on=DAY + timedelta(days=30))["near_poverty"], on=DAY + timedelta(days=30)
        )
    return [finished, cancelled, plan, eligibility]


def a_plan_that_ended_with_its_case() -> list[StudentPlan]:
    """A plan whose case moved to another township, and was cleared there."""
    with acting_on(DAY):
        plan = StudentPlan.open(child_id=CHILD, case_id=CASE, township="410326103", residence=None, today=DAY)
        plan.move(township="410326104")
        plan.end(resolution="R4", ended_on=DAY)
    return [plan]


def _go_to_the_bank(app: AssistanceInMemory, award_id: UUID, on: date) -> None:
    """An award on two lists, one withdrawn, one refused by the bank twice over; the school was late and then answered."""
    payments = Payments(assistance=app)
    place: dict[str, Any] = {"school": "3141000300", "township": "410326103", "awards": (award_id,)}
    first, second = uuid5(CASE, "list"), uuid5(CASE, "second list")
    refusal = Refusal.id_of(award_id=award_id, list_id=second)
    with acting_on(on):
        payments.make_payment_list(list_id=first, **place)
        payments.withdraw_payment_list(list_id=first)
        payments.make_payment_list(list_id=second, **place)
    with acting_on(on, actor="officer-2"):
        payments.approve_payment_list(list_id=second)
    with acting_on(on):
        line = BankLine(award_id=award_id, outcome="refused", amount_fen=62500, on=on, reason="card_lost")
        payments.take_bank_result(list_id=second, lines=(line,))
    for days in (30, 60):
        with acting_on(on + timedelta(days=days)):
            app.watch_due(matter="payment_refused", plan_id=refusal, about=refusal)
    with acting_on(on + timedelta(days=60)):
        payments.answer_refused_payment(refusal_id=refusal, answer="card_renewed")
        asked: dict[str, Any] = {"child_id": CHILD, "kind": "eligible_not_paid", "programme": "living_allowance"}
        asked |= {"term": "2026-2027-1", "award_id": award_id, "owner": SCHOOL, "township": "410326103"}
        question = payments.ask_about_aid(**asked, due_on=today() + timedelta(days=14)).id
        payments.answer_aid_question(question_id=question, answer="set_right")


def a_measure_nobody_took() -> list[Overdue]:
    """A measure whose day passed, and then its owner's further days."""
    due = Due(matter="measure", about=CASE, owed_by=SCHOOL, due_on=DAY, township="410326103", child_id=CHILD)
    noted_on = DAY + timedelta(days=1)
    with acting_on(noted_on):
        overdue = Overdue.note(due, today=noted_on)
    with acting_on(DAY + timedelta(days=20)):
        overdue.climb(due, today=DAY + timedelta(days=20))
    return [overdue]


def sessions_of_support_and_an_origin() -> list[RecordedAggregate]:
    """A category found in a row of a register, again on a department's word; and sessions with a supported pupil."""
    batch = uuid5(CASE, "batch")
    with acting_on(DAY):
        ground = Ground(
            category="near_poverty",
            source="roster",
            words="poverty register: 边缘易致贫户",
            legal_basis="law",
            origin=Origin("poverty", batch, 17),
        )
        eligibility = Eligibility.recognise(child_id=CHILD, ground=ground, from_on=DAY)
        word = Ground(category="near_poverty", source="department", words=f"referral:{CASE}", legal_basis="law")
        eligibility.recognise_again(ground=word, from_on=DAY)
        support = LearningSupport.begin(
            known=None,
            child_id=CHILD,
            needs=("mind",),
            helper=SCHOOL,
            review_on=DAY + timedelta(days=30),
            today=DAY,
        )
        support.hold_session(
            session_id=uuid5(CASE, "session"), need="mind", minutes=40, progress="unchanged", held_on=DAY, today=DAY
        )
    return [eligibility, support]


def a_question_about_aid_asked_twice() -> list[RecordedAggregate]:
    """A question that was answered, stood still, and was asked again."""
    asked: dict[str, Any] = {"child_id": CHILD, "kind": "left_but_paid", "programme": "living_allowance"}
    asked |= {"term": "2026-2027-1", "award_id": uuid5(CASE, "award"), "owner": SCHOOL, "township": "410326103"}
    asked |= {"due_on": DAY + timedelta(days=14), "today": DAY}
    with acting_on(DAY):
        question = AidQuestion.ask(known=None, **asked)
        question.answer("being_set_right", today=DAY)
        AidQuestion.ask(known=question, **asked)
    return [question]


def two_entries_of_one_child() -> list[RecordedAggregate]:
    """An award of an entry that was merged and parted again, and the number its payment was reported under."""
    rate = PROGRAMMES.get("living_allowance", stage="primary", boarding=True, on=Term.of("2026-2027-1").begins_on)
    other = uuid5(CHILD, "other entry")
    with acting_on(DAY):
        ground = Ground(category="orphan", source="department", words=f"referral:{CASE}", legal_basis="law")
        eligibility = Eligibility.recognise(child_id=CHILD, ground=ground, from_on=DAY)
        award = Award.grant(
            standing=(),
            child_id=CHILD,
            term=Term.of("2026-2027-1"),
            rate=rate,
            eligibility=eligibility,
            today=DAY,
        )
        entry = Recipient.begin(child_id=CHILD)
        entry.note_award(award_id=award.id)
        entry.merge_into(into=other, position=1)
        entry.regroup((CHILD, other))
        award.set_aside(standing=uuid5(other, "award"), today=DAY)
        entry.part_from(other=other, position=2)
        entry.regroup((CHILD,))
        award.take_up(today=DAY)
        number = ReportedPayment.report(known=None, payment_id=uuid5(CASE, "payment"), award_id=award.id)
    return [award, entry, number]


def a_payment_the_bank_refused() -> list[RecordedAggregate]:
    """An award on a list that was withdrawn, then on one that was approved, refused by the bank and answered by the school."""
    rate = PROGRAMMES.get("living_allowance", stage="primary", boarding=True, on=Term.of("2026-2027-1").begins_on)
    place = {"school": "3141000300", "township": "410326103"}
    first, second = uuid5(CASE, "list"), uuid5(CASE, "second list")
    with acting_on(DAY):
        ground = Ground(category="orphan", source="department", words=f"referral:{CASE}", legal_basis="law")
        eligibility = Eligibility.recognise(child_id=CHILD, ground=ground, from_on=DAY)
        award = Award.grant(
            standing=(), child_id=CHILD, term=Term.of("2026-2027-1"), rate=rate, eligibility=eligibility, today=DAY
        )
        withdrawn = PaymentList.make(list_id=first, **place, awards=[award], by="officer-1", today=DAY)
        withdrawn.withdraw([award], today=DAY)
        made = PaymentList.make(list_id=second, **place, awards=[award], by="officer-1", today=DAY)
    with acting_on(DAY, actor="officer-2"):
        made.approve([award], by="officer-2", today=DAY)
    with acting_on(DAY):
        award.refuse_payment(list_id=second, reason="card_lost", refused_on=DAY, today=DAY)
        refusal = Refusal.note(
            award_id=award.id, child_id=CHILD, list_id=second, reason="card_lost", today=DAY, **place
        )
        refusal.answer("card_renewed", today=DAY)
    return [award, withdrawn, made, refusal]
