"""What commands cause together: papers that move their case, ids that collide, acts by whoever acts."""

import inspect
from collections.abc import Iterator
from datetime import date
from uuid import UUID, uuid4

import pytest

from services.cases.application import Cases
from services.cases.courts import Courts
from services.cases.domain.assignment import Assignment
from services.cases.domain.case import Case, id_of_case
from services.cases.domain.document import Document
from services.cases.domain.ladder import ACTS, State
from services.cases.domain.referral import Referral, ReferralState
from services.cases.responsibility import Responsibility
from services.chassis.application import Answer
from services.chassis.errors import NotFound, Refused, Stale
from tests.cases.given import CHILD, GRANTED, MONDAY, acting_on, days
from tests.cases.in_memory import MemoryCases

TOWNSHIP = "township:410326103"


@pytest.fixture
def cases() -> Iterator[MemoryCases]:
    """Cases on a Monday, asked by an officer of the bureau."""
    with acting_on(MONDAY):
        yield MemoryCases()


def open_case(cases: MemoryCases, child_id: UUID = CHILD) -> UUID:
    """Opens a case of a pupil."""
    return cases.open_case(
        child_id=child_id, cause="not_in_seat", township="410326103", school="3141000300", stage="junior"
    ).id


def report_case(cases: MemoryCases) -> UUID:
    """A case brought to its written report."""
    case_id = open_case(cases)
    cases.begin_verification(case_id=case_id)
    cases.confirm_case(case_id=case_id, causes=("work",))
    cases.record_persuasion(case_id=case_id, method="home_visit", outcome="refused", note="", made_on=MONDAY)
    cases.report_case(case_id=case_id, issuer="school:3141000300", number="2026-1")
    return case_id


def state(cases: MemoryCases, case_id: UUID) -> State:
    """Where a case stands."""
    return cases.get(Case, case_id).state


def test_every_act_of_the_ladder_is_a_command_of_its_name() -> None:
    assert set(ACTS) <= {*dir(Cases), *dir(Courts)}


def test_every_command_takes_only_named_arguments_and_answers_id_and_position() -> None:
    for name, command in inspect.getmembers(Cases, inspect.isfunction):
        if command.__module__ != Cases.__module__ or name.startswith(("_", "find_")):
            continue
        signature = inspect.signature(command)
        _self, *arguments = signature.parameters.values()
        assert signature.return_annotation is Answer, name
        assert all(argument.kind is argument.KEYWORD_ONLY for argument in arguments), name


def test_opening_answers_the_case_and_a_second_case_is_refused(cases: MemoryCases) -> None:
    assert open_case(cases) == id_of_case(CHILD, 1)
    with pytest.raises(Refused, match="one open case"):
        open_case(cases)


def test_two_who_open_a_childs_case_at_once_collide(cases: MemoryCases) -> None:
    racing = Case.open(
        child_id=CHILD,
        earlier=None,
        cause="absent",
        place=cases.get(Case, open_case(cases, uuid4())).place,
        finding_id=None,
        today=MONDAY,
    )
    open_case(cases)

    with pytest.raises(Stale):
        cases.record(racing)


def test_a_command_on_a_case_that_isnt_there_is_not_found(cases: MemoryCases) -> None:
    with pytest.raises(NotFound):
        cases.begin_verification(case_id=uuid4())


def test_a_report_is_a_numbered_paper_and_moves_its_case(cases: MemoryCases) -> None:
    case_id = report_case(cases)

    (paper,) = cases.told(Document.Issued)
    assert (paper.kind, paper.number, paper.case_id) == ("written_report", "2026-1", case_id)
    assert state(cases, case_id) is State.REPORTED
    assert cases.told(Case.Reported)[0].document_id == paper.originator_id


def test_a_report_that_is_refused_leaves_no_paper(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    with pytest.raises(Refused, match=r"N2\.4"):
        cases.report_case(case_id=case_id, issuer="school:3141000300", number="2026-1")

    assert cases.told(Document.Issued) == []


def test_an_order_moves_its_case_when_it_is_served_not_when_it_is_issued(cases: MemoryCases) -> None:
    case_id = report_case(cases)
    order = cases.issue_order(case_id=case_id, issuer=TOWNSHIP, number="2026-2", term_days=10).id
    assert state(cases, case_id) is State.REPORTED

    cases.serve_document(document_id=order, method="direct", receipt="hz-2", served_on=MONDAY)

    assert state(cases, case_id) is State.ORDERED
    assert cases.told(Case.Ordered)[0].expires_on == MONDAY + days(10)


def test_from_an_order_to_justice_only_after_its_term_has_run_out(cases: MemoryCases) -> None:
    case_id = report_case(cases)
    order = cases.issue_order(case_id=case_id, issuer=TOWNSHIP, number="2026-2", term_days=10).id
    with pytest.raises(Refused, match=r"N2\.6"):
        cases.take_to_justice(case_id=case_id, issuer="justice:410326", number="2026-3", term_days=10)
    cases.serve_document(document_id=order, method="direct", receipt="hz-2", served_on=MONDAY)
    with acting_on(MONDAY + days(10)), pytest.raises(Refused, match="2026-09-24"):
        cases.take_to_justice(case_id=case_id, issuer="justice:410326", number="2026-3", term_days=10)

    day = MONDAY + days(11)
    with acting_on(day):
        paper = cases.take_to_justice(case_id=case_id, issuer="justice:410326", number="2026-3", term_days=10).id
        cases.serve_document(document_id=paper, method="left", receipt="hz-3", served_on=day)

    assert state(cases, case_id) is State.JUDICIAL


def test_nothing_follows_an_order_that_was_complied_with_until_it_no_longer_is(cases: MemoryCases) -> None:
    case_id = report_case(cases)
    order = cases.issue_order(case_id=case_id, issuer=TOWNSHIP, number="2026-2", term_days=10).id
    cases.serve_document(document_id=order, method="direct", receipt="hz-2", served_on=MONDAY)
    later = MONDAY + days(12)
    with acting_on(MONDAY + days(3)):
        cases.record_document_result(document_id=order, result="complied", found_on=MONDAY + days(3))
    with acting_on(later), pytest.raises(Refused, match="nothing follows it"):
        cases.take_to_justice(case_id=case_id, issuer="justice:410326", number="2026-3", term_days=10)

    with acting_on(later):
        cases.record_document_result(document_id=order, result="not_complied", found_on=later)
        cases.take_to_justice(case_id=case_id, issuer="justice:410326", number="2026-3", term_days=10)

    assert [event.found_by for event in cases.told(Document.ResultFound)] == ["officer-1", "officer-1"]


def test_a_served_order_that_a_court_sets_aside_puts_the_case_back_on_the_schools_report(cases: MemoryCases) -> None:
    case_id = report_case(cases)
    order = cases.issue_order(case_id=case_id, issuer=TOWNSHIP, number="2026-2", term_days=10).id
    with pytest.raises(Refused, match="reached nobody"):
        set_aside(cases, order, on=MONDAY)
    cases.serve_document(document_id=order, method="direct", receipt="hz-2", served_on=MONDAY)
    day = MONDAY + days(11)
    with acting_on(day):
        paper = cases.take_to_justice(case_id=case_id, issuer="justice:410326", number="2026-3", term_days=10).id
        cases.serve_document(document_id=paper, method="left", receipt="hz-3", served_on=day)

    set_aside(cases, paper, on=day + days(1))
    assert state(cases, case_id) is State.ORDERED
    set_aside(cases, order, on=day + days(2))
    assert state(cases, case_id) is State.REPORTED

    back = cases.told(Case.SetBack)
    assert [(event.state, event.stands_on) for event in back] == [("ordered", order), ("reported", None)]
    assert all(event.owed.due_on > day + days(1) for event in back)
    with acting_on(day + days(2)):
        with pytest.raises(Refused, match="justice follows only"):
            cases.take_to_justice(case_id=case_id, issuer="justice:410326", number="2026-4", term_days=10)
        with pytest.raises(Refused, match="set aside"):
            cases.record_document_result(document_id=order, result="complied", found_on=day + days(2))
        cases.issue_order(case_id=case_id, issuer=TOWNSHIP, number="2026-5", term_days=10)


def test_what_is_set_aside_after_the_child_came_back_moves_nothing(cases: MemoryCases) -> None:
    case_id = report_case(cases)
    order = cases.issue_order(case_id=case_id, issuer=TOWNSHIP, number="2026-2", term_days=10).id
    cases.serve_document(document_id=order, method="direct", receipt="hz-2", served_on=MONDAY)
    cases.record_return(case_id=case_id, school="3141000300", returned_on=MONDAY)
    set_aside(cases, order, on=MONDAY)

    assert state(cases, case_id) is State.RETURNED
    assert cases.told(Case.SetBack) == []
    [found] = cases.told(Document.ResultFound)
    assert (found.result, found.decided_by, found.decision) == ("set_aside", "court", "2026-9")
    with pytest.raises(Refused, match="was set aside"):
        set_aside(cases, order, on=MONDAY)


def set_aside(cases: MemoryCases, document_id: UUID, *, on: date) -> None:
    with acting_on(on):
        cases.set_aside_document(document_id=document_id, decided_by="court", decision="2026-9", decided_on=on)


def test_no_paper_of_the_ladder_is_issued_around_the_ladder(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    for kind in ("order_to_correct", "judicial_document"):
        with pytest.raises(Refused):
            cases.issue_document(case_id=case_id, kind=kind, issuer=TOWNSHIP, number="2026-2", term_days=10)
    with pytest.raises(Refused, match="report_case"):
        cases.issue_document(case_id=case_id, kind="written_report", issuer=TOWNSHIP, number="2026-2")


def test_two_papers_of_a_kind_on_one_case_have_two_ids(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    papers = [
        cases.issue_document(case_id=case_id, kind="referral_letter", issuer=TOWNSHIP, number=f"2026-{n}").id
        for n in (1, 2)
    ]

    assert papers[0] != papers[1]


def test_an_order_served_after_the_child_came_back_is_kept_and_moves_nothing(cases: MemoryCases) -> None:
    case_id = report_case(cases)
    order = cases.issue_order(case_id=case_id, issuer=TOWNSHIP, number="2026-2", term_days=10).id
    cases.record_return(case_id=case_id, school="3141000300", returned_on=MONDAY, seat_days=1)

    cases.serve_document(document_id=order, method="direct", receipt="hz-2", served_on=MONDAY)

    assert len(cases.told(Document.Served)) == 1
    assert state(cases, case_id) is State.RETURNED


def test_who_asks_for_a_clearance_cant_approve_it(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    cases.request_clearance(case_id=case_id, resolution="R8", evidence_kind="exit_record", evidence="paper 1")
    with pytest.raises(Refused, match="second person"):
        cases.approve_clearance(case_id=case_id)
    with acting_on(MONDAY, actor="officer-2"):
        cases.approve_clearance(case_id=case_id)

    (cleared,) = cases.told(Case.Cleared)
    assert (cleared.approver, cleared.clearance.asked_by) == ("officer-2", "officer-1")


def test_a_declined_clearance_leaves_the_case_open(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    cases.request_clearance(case_id=case_id, resolution="R8", evidence_kind="exit_record", evidence="paper 1")
    cases.decline_clearance(case_id=case_id, reason="the copy can't be read")

    assert state(cases, case_id) is State.SUSPECTED


def test_back_to_the_seat_watched_and_closed(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    with acting_on(MONDAY + days(33)):
        cases.record_return(case_id=case_id, school="3141000300", returned_on=MONDAY)
        cases.count_seat_days(case_id=case_id, seat_days=21)
        cases.watch_case(case_id=case_id)
    with acting_on(MONDAY + days(153)):
        cases.close_case(case_id=case_id)

    assert state(cases, case_id) is State.CLOSED


def test_while_no_witness_sees_what_happens_cases_are_opened_and_worked_on_and_none_is_closed() -> None:
    asked: list[str] = []

    def refuse(what: str) -> None:
        asked.append(what)
        raise Refused(f"{what}: no witness has seen it.")

    cases = MemoryCases(require_witnessed=refuse)
    with acting_on(MONDAY):
        report_case(cases)
        case_id = open_case(cases, uuid4())
        cases.request_clearance(case_id=case_id, resolution="R8", evidence_kind="exit_record", evidence="paper 1")
    with acting_on(MONDAY, actor="officer-2"), pytest.raises(Refused, match="no witness"):
        cases.approve_clearance(case_id=case_id)
    with acting_on(MONDAY), pytest.raises(Refused, match="no witness"):
        cases.close_case(case_id=case_id)

    assert asked == ["approve_clearance", "close_case"]
    assert state(cases, case_id) is State.SUSPECTED


def test_nothing_but_closing_waits_for_a_witness() -> None:
    """Every other command is work with a child: it goes on, whoever sees it."""
    waits = {
        name
        for name, command in inspect.getmembers(Cases, inspect.isfunction)
        if "_require_witnessed" in command.__code__.co_names and name != "__init__"
    }

    assert waits == {"close_case", "approve_clearance"}


def test_a_relapse_answers_the_next_case(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    cases.record_return(case_id=case_id, school="3141000300", returned_on=MONDAY)

    assert cases.record_relapse(case_id=case_id).id == id_of_case(CHILD, 2)
    assert state(cases, case_id) is State.CLOSED


def test_expiring_what_isnt_late_records_nothing(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    cases.expire_steps(case_id=case_id)

    assert len(cases.memory.log) == 1


def test_a_lapsed_deferral_opens_the_next_case_once(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    until = MONDAY + days(100)
    cases.request_clearance(
        case_id=case_id, resolution="R9", evidence_kind="deferral_approval", evidence="paper 1", expires_on=until
    )
    with acting_on(MONDAY, actor="officer-2"):
        cases.approve_clearance(case_id=case_id)
    for day in (until, until + days(1), until + days(2)):
        with acting_on(day):
            cases.expire_steps(case_id=case_id)

    assert [event.cause for event in cases.told(Case.Opened)] == ["not_in_seat", "deferral_lapsed"]


def test_a_referral_goes_to_a_department_and_comes_back(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    asked = {"case_id": case_id, "to": "civil_affairs", "purpose": "social_assistance", "request": "look into it"}
    first = cases.open_referral(**asked, reply_by=MONDAY + days(9)).id  # type: ignore[arg-type]
    with pytest.raises(Refused, match="already"):
        cases.open_referral(**asked, reply_by=MONDAY + days(9))  # type: ignore[arg-type]
    with acting_on(MONDAY, department="civil_affairs:410326"):
        cases.accept_referral(referral_id=first)
        cases.answer_referral(referral_id=first, outcome="granted", decision=GRANTED)
    second = cases.open_referral(**asked, reply_by=MONDAY + days(9)).id  # type: ignore[arg-type]
    cases.revoke_referral(referral_id=second, reason="settled")

    assert cases.get(Referral, first).state is ReferralState.ANSWERED
    assert cases.get(Referral, second).state is ReferralState.REVOKED


def test_a_responsibility_is_handed_over_in_one_act(cases: MemoryCases) -> None:
    responsibility = Responsibility(cases=cases)
    first = responsibility.assign_responsibility(child_id=CHILD, role="helper", officer="helper-1", from_on=MONDAY).id
    responsibility.end_responsibility(assignment_id=first, until_on=MONDAY + days(5), successor="helper-2")

    assert [event.officer for event in cases.told(Assignment.Assigned)] == ["helper-1", "helper-2"]
    with pytest.raises(Refused, match="N7"):
        responsibility.assign_responsibility(
            child_id=CHILD, role="helper", officer="helper-3", from_on=MONDAY + days(9)
        )


def test_a_child_with_an_open_case_is_never_left_to_nobody(cases: MemoryCases) -> None:
    open_case(cases, CHILD)
    responsibility = Responsibility(cases=cases)
    first = responsibility.assign_responsibility(child_id=CHILD, role="helper", officer="helper-1", from_on=MONDAY).id

    with pytest.raises(Refused, match="name the successor"):
        responsibility.end_responsibility(assignment_id=first, until_on=MONDAY + days(5))


def test_a_post_filled_again_with_the_same_official_is_the_same_post(cases: MemoryCases) -> None:
    responsibility = Responsibility(cases=cases)
    post = {"unit": "village:410326103201", "role": "village_cadre", "from_on": MONDAY}
    first = responsibility.fill_post(**post, officer="cadre-1")  # type: ignore[arg-type]
    assert responsibility.fill_post(**post, officer="cadre-1").id == first.id  # type: ignore[arg-type]
    with pytest.raises(Refused, match="hand_over_post"):
        responsibility.fill_post(**post, officer="cadre-2")  # type: ignore[arg-type]


def test_child_labour_goes_from_its_lead_to_the_market_s_supervision_and_the_origin_keeps_sight(
    cases: MemoryCases,
) -> None:
    case_id = open_case(cases, CHILD)
    asked = {"case_id": case_id, "purpose": "child_labour", "request": "a kiln", "reply_by": MONDAY + days(9)}
    with pytest.raises(Refused, match="human_resources first"):
        cases.open_referral(**asked, to="market_supervision")  # type: ignore[arg-type]
    led = cases.open_referral(**asked, to="human_resources").id  # type: ignore[arg-type]
    with acting_on(MONDAY, department="human_resources:410326"):
        cases.accept_referral(referral_id=led)
        with pytest.raises(Refused, match="handed on to market_supervision"):
            cases.hand_on_referral(
                referral_id=led, to="health", outcome="fined", request="licence", reply_by=MONDAY + days(20)
            )
        following = cases.hand_on_referral(
            referral_id=led, to="market_supervision", outcome="fined", request="licence", reply_by=MONDAY + days(20)
        ).id
    with acting_on(MONDAY, department="market_supervision:410326"):
        cases.accept_referral(referral_id=following)
        cases.answer_referral(referral_id=following, outcome="licence revoked")

    assert cases.get(Referral, led).state is ReferralState.ANSWERED
    assert cases.told(Referral.Opened)[-1].handed_on_from == led
    assert cases.told(Referral.Opened)[-1].asked_by == cases.told(Referral.Opened)[0].asked_by


def test_papers_without_a_number_of_the_office_s_own_are_numbered_by_issuer_kind_and_year(cases: MemoryCases) -> None:
    for child in (CHILD, uuid4(), uuid4()):
        case_id = open_case(cases, child)
        cases.issue_document(case_id=case_id, kind="referral_letter", issuer=TOWNSHIP)
    cases.issue_document(case_id=case_id, kind="referral_letter", issuer="education_bureau:410326")
    with acting_on(MONDAY + days(200)):
        cases.issue_document(case_id=case_id, kind="referral_letter", issuer=TOWNSHIP)

    assert [event.number for event in cases.told(Document.Issued)] == [
        "〔2026〕1号",
        "〔2026〕2号",
        "〔2026〕3号",
        "〔2026〕1号",
        "〔2027〕1号",
    ]


def test_a_paper_that_is_refused_takes_no_number(cases: MemoryCases) -> None:
    case_id = open_case(cases)
    with pytest.raises(Refused, match="is signed by"):
        cases.issue_document(case_id=case_id, kind="referral_letter", issuer="school:3141000300")
    cases.issue_document(case_id=case_id, kind="referral_letter", issuer=TOWNSHIP)

    assert [event.number for event in cases.told(Document.Issued)] == ["〔2026〕1号"]
