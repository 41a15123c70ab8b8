"""What assistance does when roster and cases tell something."""

from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest

from services.assistance.policy import react
from services.chassis.errors import NotFound, Refused
from services.contracts import assistance as told
from services.contracts import cases, roster
from services.contracts.envelope import Published
from tests.assistance.given import CASE, CHILD, DAY, EVIDENCE, AssistanceInMemory, acting_on, heard
from tests.assistance.lives import NOTE, a_term_recognised_in_one_run, a_year_of_help

OWED = cases.Owed(step="persuade", by="school", due_on=DAY + timedelta(days=7), rule="N2.2", legal_basis="law")


def hear(app: AssistanceInMemory, event: Published, *, aggregate_id: UUID = CASE, on: date = DAY) -> None:
    with acting_on(on):
        react(app, heard(event, aggregate_id=aggregate_id), event)


def groups(
    *,
    poverty: str = "",
    relief: str = "",
    risk: str = "",
    removed: date | None = None,
    valid_on: date = DAY,
    sources: tuple[roster.Source, ...] = (),
) -> roster.GroupsStated:
    return roster.GroupsStated(
        child_id=CHILD,
        poverty=poverty,
        disability="",
        disability_grade="",
        left_behind=False,
        migrant=False,
        valid_on=valid_on,
        sources=sources,
        relief=relief,
        risk=risk,
        risk_removed_on=removed,
    )


def opened(case_id: UUID = CASE) -> cases.CaseOpened:
    return cases.CaseOpened(
        case_id=case_id,
        child_id=CHILD,
        cause="not_in_seat",
        finding_id=None,
        township="410326103",
        village="410326103201",
        school="3141000300",
        stage="junior",
        earlier_case=None,
        opened_on=DAY,
        owed=OWED,
    )


def confirmed(case_id: UUID = CASE) -> cases.CaseConfirmed:
    return cases.CaseConfirmed(case_id=case_id, child_id=CHILD, causes=("poverty",), confirmed_on=DAY, owed=OWED)


def test_a_child_the_poverty_register_names_is_found_eligible() -> None:
    app = AssistanceInMemory()
    hear(app, groups(poverty="脱贫不稳定户"))
    (found,) = app.told
    assert isinstance(found, told.EligibilityFound)
    assert (found.category, found.from_on) == ("unstable_after_poverty", DAY)
    assert found.ground == "poverty register: 脱贫不稳定户"


def test_a_household_whose_risk_is_removed_is_told_with_the_row_that_says_so() -> None:
    app, batch = AssistanceInMemory(), uuid5(CHILD, "batch")
    hear(app, groups(poverty="边缘易致贫户", risk="not_removed"))
    row = roster.Source(fact="poverty", register="poverty", batch_id=batch, row=9)
    later = DAY + timedelta(days=90)
    removed = later - timedelta(days=10)
    hear(app, groups(poverty="边缘易致贫户", risk="removed", removed=removed, valid_on=later, sources=(row,)))
    found, ended = app.told
    assert isinstance(found, told.EligibilityFound)
    assert found.ground == "poverty register: 边缘易致贫户, 风险未消除"
    assert isinstance(ended, told.EligibilityEnded)
    assert (ended.until_on, ended.ground) == (removed, "poverty register: 边缘易致贫户, 风险已消除")
    assert (ended.register, ended.batch_id, ended.row) == ("poverty", batch, 9)


def test_an_orphan_by_civil_affairs_register_needs_no_persons_word() -> None:
    app = AssistanceInMemory()
    hear(app, groups(relief="孤儿"))
    (found,) = app.told
    assert isinstance(found, told.EligibilityFound)
    assert (found.category, found.source, found.ground) == ("orphan", "roster", "civil_affairs register: 孤儿")


def test_what_is_found_says_on_which_row_it_rests() -> None:
    batch = uuid5(CHILD, "batch")
    app = AssistanceInMemory()
    hear(
        app,
        groups(poverty="脱贫户", sources=(roster.Source(fact="poverty", register="poverty", batch_id=batch, row=7),)),
    )
    (found,) = app.told
    assert isinstance(found, told.EligibilityFound)
    assert (found.source, found.register, found.batch_id, found.row) == ("roster", "poverty", batch, 7)


def test_another_word_ends_one_category_and_begins_another() -> None:
    app = AssistanceInMemory()
    hear(app, groups(poverty="脱贫不稳定户"))
    hear(app, groups(poverty="边缘易致贫户", valid_on=DAY + timedelta(days=90)))
    assert [type(event) for event in app.told[1:]] == [told.EligibilityEnded, told.EligibilityFound]


def test_hearing_the_same_statement_again_tells_nothing_new() -> None:
    app = AssistanceInMemory()
    hear(app, groups(poverty="脱贫不稳定户"))
    hear(app, groups(poverty="脱贫不稳定户"))
    assert len(app.told) == 1


def test_a_child_in_no_group_leaves_no_trace() -> None:
    app = AssistanceInMemory()
    hear(app, groups(poverty="一般农户"))
    assert app.stored == []


def test_registers_that_speak_again_after_a_department_ended_are_heard() -> None:
    app = AssistanceInMemory()
    hear(app, groups(poverty="低保"))
    with acting_on(DAY):
        app.end_eligibility(child_id=CHILD, category="minimum_living", until_on=DAY)
    hear(app, groups(poverty="低保", valid_on=DAY + timedelta(days=30)))
    assert [type(event) for event in app.told] == [
        told.EligibilityFound,
        told.EligibilityEnded,
        told.EligibilityFound,
    ]


def test_a_confirmed_case_opens_one_plan_in_the_cases_township() -> None:
    app = AssistanceInMemory()
    for event in (opened(), confirmed(), confirmed()):
        hear(app, event)
    (plan,) = app.told
    assert isinstance(plan, told.StudentPlanOpened)
    assert (plan.child_id, plan.case_id, plan.township) == (CHILD, CASE, "410326103")


def test_a_relapse_is_a_case_of_its_own_and_gets_a_plan_of_its_own() -> None:
    app = AssistanceInMemory()
    following = uuid5(CHILD, "case/2")
    for event in (opened(), confirmed(), opened(following), confirmed(following)):
        hear(app, event)
    assert len({plan.plan_id for plan in app.told if isinstance(plan, told.StudentPlanOpened)}) == 2


ENDINGS: dict[str, Published] = {
    "kept": cases.CaseClosed(case_id=CASE, child_id=CHILD, closed_on=DAY),
    "relapsed": cases.CaseClosed(case_id=CASE, child_id=CHILD, closed_on=DAY, outcome="relapsed"),
    "merged": cases.CaseMerged(case_id=CASE, child_id=CHILD, into_case=uuid5(CHILD, "another"), merged_on=DAY),
    "R4": cases.CaseCleared(
        case_id=CASE,
        child_id=CHILD,
        resolution="R4",
        evidence="paper: 1",
        approver="officer-2",
        cleared_on=DAY,
        expires_on=None,
    ),
}
"""How a case can end, and what that is called."""


@pytest.mark.parametrize(("resolution", "ending"), ENDINGS.items(), ids=ENDINGS)
def test_a_plan_ends_with_its_case_once_and_for_the_same_reason(resolution: str, ending: Published) -> None:
    app = AssistanceInMemory()
    for event in (opened(), confirmed(), ending, ending):
        hear(app, event)
    _, ended = app.told
    assert isinstance(ended, told.StudentPlanEnded)
    assert (ended.child_id, ended.resolution, ended.ended_on) == (CHILD, resolution, DAY)


def test_a_case_that_was_never_confirmed_ends_without_a_plan() -> None:
    app = AssistanceInMemory()
    hear(app, ENDINGS["R4"])
    assert app.stored == []


def test_a_relapse_ends_the_plan_and_the_next_case_gets_another() -> None:
    app = AssistanceInMemory()
    following = uuid5(CHILD, "case/2")
    for event in (opened(), confirmed(), ENDINGS["relapsed"], opened(following), confirmed(following)):
        hear(app, event)
    first, ended, second = app.told
    assert isinstance(first, told.StudentPlanOpened)
    assert isinstance(ended, told.StudentPlanEnded)
    assert isinstance(second, told.StudentPlanOpened)
    assert ended.plan_id == first.plan_id != second.plan_id


def test_a_plan_goes_along_with_its_case_to_another_township_and_not_after_its_end() -> None:
    app = AssistanceInMemory()
    moved = [
        cases.CaseMoved(case_id=CASE, child_id=CHILD, township=township, village="", school="", stage="junior")
        for township in ("410326104", "410326104", "410326105")
    ]
    for event in (opened(), confirmed(), *moved[:2], ENDINGS["kept"], moved[2]):
        hear(app, event)
    assert [event.township for event in app.told if isinstance(event, told.StudentPlanMoved)] == ["410326104"]


def test_a_case_that_moves_before_it_is_confirmed_gets_its_plan_in_the_new_township() -> None:
    app = AssistanceInMemory()
    moved = cases.CaseMoved(case_id=CASE, child_id=CHILD, township="410326104", village="", school="", stage="junior")
    for event in (opened(), moved, confirmed()):
        hear(app, event)
    (plan,) = app.told
    assert isinstance(plan, told.StudentPlanOpened)
    assert plan.township == "410326104"


def decided(purpose: str, decision: cases.Decision | None) -> cases.ReferralAnswered:
    return cases.ReferralAnswered(
        referral_id=uuid5(CASE, "referral"),
        case_id=CASE,
        child_id=CHILD,
        to="civil_affairs",
        outcome="as decided",
        answered_on=DAY,
        purpose=purpose,
        decision=decision,
    )


GRANTED = cases.Decision(decision="granted", granted="minimum_living", granted_from=DAY - timedelta(days=3))
REFUSED = cases.Decision(decision="refused", refused_for="income_above")


def waiting(*measures: str) -> tuple[AssistanceInMemory, UUID]:
    """An application with a plan of the case that waits for these measures, and the plan."""
    app = AssistanceInMemory()
    for event in (opened(), confirmed()):
        hear(app, event)
    with acting_on(DAY):
        plan = app.open_student_plan(child_id=CHILD, case_id=CASE)
        for measure in measures:
            app.plan_measure(
                plan_id=plan.id, measure=measure, owner="civil_affairs:410326", due_on=DAY + timedelta(days=9)
            )
    return app, plan.id


def told_of_decision(app: AssistanceInMemory) -> list[Published]:
    """What others were told of eligibility, and of measures done or declined."""
    kinds = (told.EligibilityFound, told.MeasureDone, told.MeasureDeclined)
    return [event for event in app.told if isinstance(event, kinds)]


def test_what_civil_affairs_grants_makes_the_child_eligible_and_is_done_in_its_plan_without_a_person() -> None:
    app, _ = waiting("relief", "transport")
    answered = decided("social_assistance", GRANTED)
    for _ in range(2):
        hear(app, answered)

    found, done = told_of_decision(app)
    assert isinstance(found, told.EligibilityFound)
    assert (found.category, found.source, found.from_on) == ("minimum_living", "department", DAY - timedelta(days=3))
    assert found.ground == f"referral:{answered.referral_id}"
    assert isinstance(done, told.MeasureDone)
    assert (done.evidence, done.done_on) == (f"referral:{answered.referral_id}", DAY)


def test_what_is_no_category_of_the_registers_is_done_in_the_plan_alone() -> None:
    for purpose, granted, measure in (
        ("social_assistance", "temporary_relief", "relief"),
        ("legal_aid", "legal_aid", "legal_aid"),
    ):
        app, _ = waiting(measure)
        hear(app, decided(purpose, cases.Decision(decision="granted", granted=granted, granted_from=DAY)))
        assert [type(event) for event in told_of_decision(app)] == [told.MeasureDone]


def test_what_is_refused_is_owed_no_longer_and_says_why() -> None:
    app, plan_id = waiting("relief")
    hear(app, decided("social_assistance", REFUSED))
    (declined,) = told_of_decision(app)
    assert isinstance(declined, told.MeasureDeclined)
    assert (declined.plan_id, declined.reason, declined.declined_on) == (plan_id, "income_above", DAY)
    with acting_on(DAY):
        with pytest.raises(Refused, match="was refused on"):
            app.carry_out_measure(plan_id=plan_id, measure_id=declined.measure_id, evidence=EVIDENCE, done_on=DAY)
        app.plan_measure(plan_id=plan_id, measure="relief", owner="civil_affairs:410326", due_on=DAY)


def test_missing_papers_leave_the_measure_owed_and_a_case_without_a_plan_has_nothing_to_hear() -> None:
    app, _ = waiting("relief")
    hear(app, decided("social_assistance", cases.Decision(decision="papers_missing", papers=("income",))))
    hear(app, decided("find_child", None))
    assert told_of_decision(app) == []

    app = AssistanceInMemory()
    hear(app, decided("social_assistance", REFUSED))
    assert app.stored == []


def test_a_plan_that_ended_hears_no_decision_and_the_child_is_eligible_all_the_same() -> None:
    app, _ = waiting("relief")
    hear(app, ENDINGS["kept"])
    hear(app, decided("social_assistance", GRANTED))
    assert [type(event) for event in told_of_decision(app)] == [told.EligibilityFound]


def test_what_does_not_concern_assistance_passes_by() -> None:
    app = AssistanceInMemory()
    hear(app, cases.CaseVerificationBegun(case_id=CASE, child_id=CHILD, owed=OWED))
    assert app.stored == []


def test_from_the_register_to_the_bank() -> None:
    app = AssistanceInMemory()
    hear(app, groups(poverty="脱贫户"))
    payment = uuid5(CASE, "payment")
    with acting_on(DAY):
        granted = app.grant_award(
            child_id=CHILD,
            programme="living_allowance",
            term="2026-2027-1",
            stage="primary",
            boarding=False,
            category="lifted_from_poverty",
        )
        app.pay_award(award_id=granted.id, payment_id=payment, amount_fen=31250, paid_on=DAY)
        app.return_award(award_id=granted.id, payment_id=payment, reason="card_lost", returned_on=DAY)
    assert [type(event) for event in app.told[1:]] == [told.AwardGranted, told.AwardPaid, told.AwardReturned]


def test_a_department_recognises_a_child_by_its_answer_and_ends_it() -> None:
    app = AssistanceInMemory()
    with acting_on(DAY, department="civil_affairs:410326"):
        app.recognise_eligibility(child_id=CHILD, category="orphan", ground=f"referral:{CASE}", from_on=DAY)
        app.recognise_eligibility(child_id=CHILD, category="orphan", ground=f"referral:{CASE}", from_on=DAY)
        app.end_eligibility(child_id=CHILD, category="orphan", until_on=DAY + timedelta(days=1))
        with pytest.raises(Refused, match="in force are"):
            app.recognise_eligibility(child_id=CHILD, category="registered_poor", ground=EVIDENCE, from_on=DAY)
        with pytest.raises(NotFound):
            app.end_eligibility(child_id=CHILD, category="migrant", until_on=DAY)
    assert [type(event) for event in app.told] == [told.EligibilityFound, told.EligibilityEnded]


@pytest.mark.parametrize("category", ["orphan", "without_care", "disabled_parent"])
def test_what_no_register_says_is_recognised_on_a_departments_word(category: str) -> None:
    app = AssistanceInMemory()
    with acting_on(DAY, department="civil_affairs:410326"):
        app.recognise_eligibility(child_id=CHILD, category=category, ground=f"referral:{CASE}", from_on=DAY)
    [found] = app.told
    assert isinstance(found, told.EligibilityFound)
    assert (found.category, found.ground) == (category, f"referral:{CASE}")


def test_assistance_tells_everything_its_contract_says_and_no_note() -> None:
    everything = [event for app in (a_year_of_help(), a_term_recognised_in_one_run()) for event in app.told]
    assert {type(event) for event in everything} == {
        kind for kind in Published.__subclasses__() if kind.__module__ == told.__name__
    }
    assert all(NOTE not in repr(event) for event in everything)
