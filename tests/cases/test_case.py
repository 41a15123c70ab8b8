"""A case's way from suspicion to seat, and every guard on it."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest

from services.cases.domain import catalogue
from services.cases.domain.case import Case, id_of_case
from services.cases.domain.ladder import ACTS, OPEN, State, allowed
from services.chassis.aggregate import NobodyActing
from services.chassis.errors import Refused
from services.chassis.school_terms import is_school_day
from tests.cases.given import (
    CHILD,
    MONDAY,
    OTHER_CHILD,
    PUPIL,
    UNENROLLED,
    acting_on,
    brought_to,
    clearance,
    days,
    opened,
)

ATTEMPTS: dict[str, Callable[[Case, date], object]] = {
    "begin_verification": lambda case, day: case.begin_verification(today=day),
    "confirm_case": lambda case, day: case.confirm(causes=("work",), today=day),
    "report_unreachable": lambda case, day: case.report_unreachable(today=day),
    "record_persuasion": lambda case, day: case.persuade(
        method="phone", outcome="wavering", note="", made_on=day, today=day
    ),
    "record_search": lambda case, day: case.search(method="police", note="", made_on=day, today=day),
    "report_case": lambda case, day: case.report(document_id=uuid4(), today=day),
    "issue_order": lambda case, day: case.allow_paper(kind="order_to_correct", today=day),
    "issue_penalty": lambda case, day: case.allow_paper(kind="penalty_decision", today=day),
    "issue_demand": lambda case, day: case.allow_paper(kind="performance_notice", today=day),
    "take_to_justice": lambda case, day: case.allow_paper(kind="judicial_document", today=day),
    "issue_document": lambda case, day: case.allow_paper(kind="referral_letter", today=day),
    "record_proceeding": lambda case, day: case.record_proceeding(
        proceeding="guardian_order", paper="(2026) 7", made_on=day, comply_by=None, today=day
    ),
    "file_proceedings": lambda case, day: case.allow_proceedings(kind="suit", filed_on=day),
    "record_return": lambda case, day: case.come_back(school="s", returned_on=day, seat_days=1, today=day),
    "count_seat_days": lambda case, day: case.count_seat_days(seat_days=case.seat_days + 1, today=day),
    "record_attendance": lambda case, day: case.take_attendance(seen_on=day, present=True, today=day),
    "watch_case": lambda case, day: case.watch(today=day),
    "close_case": lambda case, day: case.close(today=day),
    "record_relapse": lambda case, day: case.relapse(cause="relapse", finding_id=None, today=day),
    "move_case": lambda case, _: case.move(place=UNENROLLED),
    "merge_case": lambda case, day: case.merge_into(into=opened(on=day, child_id=OTHER_CHILD), today=day),
    "pause_step": lambda case, day: case.pause(reason="hospital", today=day),
    "resume_step": lambda case, day: case.resume(today=day),
    "request_extension": lambda case, day: case.ask_extension(
        days=1, reason="the road is cut off", asked_by="officer-1", today=day
    ),
    "grant_extension": lambda case, _: case.grant_extension(approver="officer-2"),
    "decline_extension": lambda case, _: case.decline_extension(reason="not needed"),
    "request_clearance": lambda case, day: case.ask_clearance(clearance=clearance(on=day)),
    "approve_clearance": lambda case, day: case.approve_clearance(approver="officer-2", today=day),
    "decline_clearance": lambda case, _: case.decline_clearance(reason="not enough"),
}
"""Every act of the ladder, attempted with everything it needs besides the right state."""

GONE_BEFORE = {
    "approve_clearance": "request_clearance",
    "decline_clearance": "request_clearance",
    "grant_extension": "request_extension",
    "decline_extension": "request_extension",
    "resume_step": "pause_step",
}
"""Acts that answer another one."""

ASKED_IN_TIME = {"pause_step", "resume_step", "request_extension", "grant_extension", "decline_extension"}
"""Acts on a clock that has not run out."""


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_taken_where_the_ladder_allows_it_and_refused_in_words_everywhere_else(
    act: str, state: State
) -> None:
    case = brought_to(state)
    much_later = case.owed.due_on if act in ASKED_IN_TIME else MONDAY + days(365)
    with acting_on(much_later):
        if act in GONE_BEFORE and state in OPEN:
            ATTEMPTS[GONE_BEFORE[act]](case, much_later)
        if state in ACTS[act].states:
            ATTEMPTS[act](case, much_later)
            return
        before = case.version
        with pytest.raises(Refused) as refusal:
            ATTEMPTS[act](case, much_later)

    assert case.version == before
    assert act in str(refusal.value)
    assert all(other in str(refusal.value) for other in allowed(state))


@pytest.mark.parametrize("state", sorted(OPEN))
def test_whatever_state_an_open_case_is_in_somebody_owes_a_step_under_a_rule_with_a_legal_basis(state: State) -> None:
    case = brought_to(state)

    assert case.owed.step
    assert case.owed.rule
    assert case.owed.legal_basis
    assert case.owed.due_on > MONDAY


def test_a_case_is_opened_by_somebody() -> None:
    with pytest.raises(NobodyActing):
        Case.open(child_id=CHILD, earlier=None, cause="absent", place=PUPIL, finding_id=None, today=MONDAY)


def test_a_case_opened_for_a_cause_that_is_on_no_list_is_refused() -> None:
    with acting_on(MONDAY), pytest.raises(Refused, match="cause for a case"):
        Case.open(child_id=CHILD, earlier=None, cause="whim", place=PUPIL, finding_id=None, today=MONDAY)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_child_has_one_open_case(state: State) -> None:
    with pytest.raises(Refused, match="one open case"):
        opened(earlier=brought_to(state), on=MONDAY + days(365))


def test_the_next_case_of_a_child_who_had_come_back_is_chained_to_the_one_before() -> None:
    earlier = brought_to(State.CLOSED)

    case = opened(earlier=earlier, on=MONDAY + days(365))

    assert case.id == id_of_case(CHILD, 2)
    assert created(case).earlier_case == earlier.id


def test_the_next_case_of_a_child_who_was_cleared_is_no_relapse() -> None:
    case = opened(earlier=brought_to(State.CLEARED))

    assert case.number == 2
    assert created(case).earlier_case is None


def created(case: Case) -> Case.Opened:
    """The event that began a case."""
    event = case.pending_events[0]
    assert isinstance(event, Case.Opened)
    return event


def test_beginning_to_verify_doesnt_put_off_the_week_in_which_a_child_is_verified() -> None:
    case = opened()
    with acting_on(MONDAY + days(6)):
        case.begin_verification(today=MONDAY + days(6))

    assert (case.owed.step, case.owed.due_on) == ("verify", MONDAY + days(7))


def test_a_dropout_is_confirmed_with_causes_of_the_list_each_once() -> None:
    case = brought_to(State.VERIFYING)
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="at least one cause"):
            case.confirm(causes=(), today=MONDAY)
        with pytest.raises(Refused, match="cause of dropping out"):
            case.confirm(causes=("boredom",), today=MONDAY)
        case.confirm(causes=("work", "poverty", "work"), today=MONDAY)

    confirmed = case.pending_events[-1]
    assert isinstance(confirmed, Case.Confirmed)
    assert confirmed.causes == ("work", "poverty")


def test_the_first_attempt_to_persuade_starts_the_clock_of_the_report_and_the_next_doesnt_move_it() -> None:
    case = brought_to(State.CONFIRMED)
    for day in (MONDAY + days(1), MONDAY + days(5)):
        with acting_on(day):
            case.persuade(method="home_visit", outcome="refused", note="", made_on=day, today=day)

    assert (case.owed.step, case.owed.by, case.owed.due_on) == ("report", "school", MONDAY + days(8))


def test_an_attempt_made_before_the_dropout_was_confirmed_leaves_the_report_its_full_term() -> None:
    case = brought_to(State.CONFIRMED)
    with acting_on(MONDAY):
        case.persuade(method="phone", outcome="refused", note="", made_on=MONDAY - days(30), today=MONDAY)

    assert case.owed.due_on == MONDAY + days(7)


def test_persuading_after_an_order_leaves_what_is_owed_as_it_was() -> None:
    case = brought_to(State.ORDERED)
    before = case.owed
    with acting_on(MONDAY + days(3)):
        ATTEMPTS["record_persuasion"](case, MONDAY + days(3))

    assert (case.state, case.owed) == (State.ORDERED, before)


def test_an_attempt_that_is_still_to_come_or_in_words_of_no_list_is_refused() -> None:
    case = brought_to(State.CONFIRMED)
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="still to come"):
            case.persuade(method="phone", outcome="agreed", note="", made_on=MONDAY + days(1), today=MONDAY)
        with pytest.raises(Refused, match="way of persuading"):
            case.persuade(method="threat", outcome="agreed", note="", made_on=MONDAY, today=MONDAY)
        with pytest.raises(Refused, match="outcome of persuading"):
            case.persuade(method="phone", outcome="splendid", note="", made_on=MONDAY, today=MONDAY)


def test_an_unreachable_child_keeps_its_case_open_with_a_duty_to_search_even_after_the_report() -> None:
    case = brought_to(State.UNREACHABLE)
    assert (case.owed.step, case.owed.by) == ("search", "school")

    with acting_on(MONDAY):
        case.report(document_id=uuid4(), today=MONDAY)

    assert case.state in OPEN
    assert (case.owed.step, case.owed.by) == ("search", "bureau")


def test_a_missing_child_that_is_found_is_verified_afresh() -> None:
    case = brought_to(State.SOUGHT)
    found_on = MONDAY + days(20)
    with acting_on(found_on):
        case.begin_verification(today=found_on)

    assert (case.state, case.owed.step, case.owed.due_on) == (State.VERIFYING, "verify", found_on + days(7))


def test_what_follows_an_order_is_counted_from_the_end_of_its_term_not_from_its_issue() -> None:
    case = brought_to(State.ORDERED)

    assert (case.owed.step, case.owed.by) == ("take_to_justice", "justice")
    assert case.owed.due_on == MONDAY + days(15) + days(15)


def test_justice_waits_for_the_last_day_of_the_orders_term_to_pass() -> None:
    case = brought_to(State.ORDERED)

    with pytest.raises(Refused, match=r"2026-09-29.*N2\.6"):
        case.allow_paper(kind="judicial_document", today=MONDAY + days(15))

    case.allow_paper(kind="judicial_document", today=MONDAY + days(16))


def test_a_judicial_document_served_within_the_orders_term_moves_nothing() -> None:
    case = brought_to(State.ORDERED)
    day = MONDAY + days(15)
    with acting_on(day):
        case.paper_served(kind="judicial_document", document_id=uuid4(), served_on=day, expires_on=day, today=day)

    assert case.state is State.ORDERED


@pytest.mark.parametrize("state", sorted(set(State) - {State.REPORTED}))
def test_an_order_served_on_a_case_that_doesnt_wait_for_one_moves_nothing(state: State) -> None:
    case = brought_to(state)
    with acting_on(MONDAY):
        case.paper_served(
            kind="order_to_correct", document_id=uuid4(), served_on=MONDAY, expires_on=MONDAY + days(9), today=MONDAY
        )

    assert case.state is state


def test_a_return_is_proven_by_days_in_class() -> None:
    case = opened()
    with acting_on(MONDAY + days(32)):
        case.come_back(school="3141000300", returned_on=MONDAY, seat_days=12, today=MONDAY + days(32))
        with pytest.raises(Refused, match=r"20 school days.*12 are counted"):
            case.watch(today=MONDAY + days(32))
        case.count_seat_days(seat_days=20, today=MONDAY + days(32))
        case.watch(today=MONDAY + days(32))

    assert case.watch_until == MONDAY + days(152)


def test_more_days_in_class_than_have_passed_are_refused() -> None:
    case = opened()
    with acting_on(MONDAY + days(4)):
        with pytest.raises(Refused, match="5 school days have passed"):
            case.come_back(school="3141000300", returned_on=MONDAY, seat_days=6, today=MONDAY + days(4))
        with pytest.raises(Refused, match="still to come"):
            case.come_back(school="3141000300", returned_on=MONDAY + days(5), seat_days=0, today=MONDAY + days(4))
        with pytest.raises(Refused, match="name the school"):
            case.come_back(school="", returned_on=MONDAY, seat_days=0, today=MONDAY + days(4))


def test_a_child_who_comes_back_to_another_school_is_that_schools_from_then_on() -> None:
    case = opened(place=UNENROLLED)
    with acting_on(MONDAY):
        case.come_back(school="3141000999", returned_on=MONDAY, seat_days=0, today=MONDAY)
        following = case.relapse(cause="relapse", finding_id=None, today=MONDAY)

    assert (following.place.school, following.owed.by) == ("3141000999", "teacher")


def test_counting_days_in_class_only_rises_and_doesnt_put_off_the_proof() -> None:
    case = opened()
    with acting_on(MONDAY + days(20)):
        case.come_back(school="3141000300", returned_on=MONDAY, seat_days=5, today=MONDAY + days(20))
        due_on = case.owed.due_on
        with pytest.raises(Refused, match="higher total"):
            case.count_seat_days(seat_days=5, today=MONDAY + days(20))
        case.count_seat_days(seat_days=6, today=MONDAY + days(20))

    assert case.owed.due_on == due_on


def test_a_case_is_closed_on_the_day_its_watch_ends_and_not_before() -> None:
    case = brought_to(State.WATCHED)
    assert case.watch_until is not None
    with acting_on(case.watch_until):
        with pytest.raises(Refused, match=r"watched until 2027-02-21.*N2\.3"):
            case.close(today=case.watch_until - days(1))
        case.close(today=case.watch_until)

    assert case.state is State.CLOSED


def test_a_closed_case_cannot_be_closed_again() -> None:
    case = brought_to(State.CLOSED)
    with acting_on(MONDAY + days(365)), pytest.raises(Refused, match="has ended"):
        case.close(today=MONDAY + days(365))


@pytest.mark.parametrize("state", [State.RETURNED, State.WATCHED])
def test_a_relapse_ends_the_case_and_opens_the_next_chained_to_it(state: State) -> None:
    case = brought_to(state)
    day = MONDAY + days(60)
    with acting_on(day):
        following = case.relapse(cause="relapse", finding_id=None, today=day)

    assert case.state is State.CLOSED
    assert created(following).earlier_case == case.id
    assert following.state is State.SUSPECTED


def test_a_relapse_for_a_cause_that_is_on_no_list_changes_nothing() -> None:
    case = brought_to(State.WATCHED)
    before = case.version
    with acting_on(MONDAY + days(60)), pytest.raises(Refused, match="cause for a case"):
        case.relapse(cause="whim", finding_id=None, today=MONDAY + days(60))

    assert case.version == before


def test_a_case_is_cleared_by_a_second_person() -> None:
    case = opened()
    with acting_on(MONDAY):
        case.ask_clearance(clearance=clearance(asked_by="officer-1"))
        with pytest.raises(Refused, match="second person"):
            case.approve_clearance(approver="officer-1", today=MONDAY)
        case.approve_clearance(approver="officer-2", today=MONDAY)

    assert case.state is State.CLEARED


def test_nothing_is_cleared_that_nobody_asked_to_clear() -> None:
    case = opened()
    with acting_on(MONDAY), pytest.raises(Refused, match="request_clearance comes first"):
        case.approve_clearance(approver="officer-2", today=MONDAY)


def test_a_declined_clearance_can_be_asked_for_again_and_a_waiting_one_cannot() -> None:
    case = opened()
    with acting_on(MONDAY):
        case.ask_clearance(clearance=clearance())
        with pytest.raises(Refused, match="waiting"):
            case.ask_clearance(clearance=clearance())
        case.decline_clearance(reason="the copy can't be read")
        case.ask_clearance(clearance=clearance())

    assert case.clearance is not None


def test_asking_for_clearance_stops_no_clock() -> None:
    case = opened()
    with acting_on(MONDAY + days(8)):
        case.ask_clearance(clearance=clearance())
        case.expire(today=MONDAY + days(8))

    assert case.owed.by == "school"


def test_a_step_is_in_time_on_its_last_day_and_goes_one_level_up_the_day_after_once() -> None:
    case = opened()
    last_day = case.owed.due_on
    with acting_on(last_day + days(1)):
        case.expire(today=last_day)
        assert case.owed.by == "teacher"
        case.expire(today=last_day + days(1))
        case.expire(today=last_day + days(1))

    expired = [event for event in case.pending_events if isinstance(event, Case.StepExpired)]
    assert [(event.expired.by, event.owed.by) for event in expired] == [("teacher", "school")]
    assert case.owed.step == "verify"


def test_a_step_nobody_takes_climbs_to_the_county_and_stays_there_owed_again_each_month() -> None:
    case = opened()
    with acting_on(MONDAY):
        for day in range(90):
            case.expire(today=MONDAY + days(day))

    expired = [event for event in case.pending_events if isinstance(event, Case.StepExpired)]
    assert [event.owed.by for event in expired] == ["school", "township", "bureau", "county", "county", "county"]
    assert {event.owed.step for event in expired} == {"verify"}


def test_a_child_without_a_school_is_first_owed_by_the_township() -> None:
    assert opened(place=UNENROLLED).owed.by == "township"


def test_an_ended_case_has_nothing_to_expire() -> None:
    for state in (State.CLOSED, State.CLEARED):
        case = brought_to(state)
        before = case.version
        with acting_on(MONDAY + days(999)):
            case.expire(today=MONDAY + days(999))
            assert case.lapse(latest=case, today=MONDAY + days(999)) == ()
        assert case.version == before


def deferred(*, until: date) -> Case:
    """A case cleared by an approved deferral."""
    case = opened()
    with acting_on(MONDAY):
        case.ask_clearance(clearance=clearance("R9", evidence_kind="deferral_approval", expires_on=until))
        case.approve_clearance(approver="officer-2", today=MONDAY)
    return case


def test_a_lapsed_deferral_opens_the_childs_next_case_once() -> None:
    until = MONDAY + days(300)
    case = deferred(until=until)
    with acting_on(until):
        assert case.lapse(latest=case, today=until) == ()
        (following,) = case.lapse(latest=case, today=until + days(1))
        assert case.lapse(latest=case, today=until + days(2)) == ()

    assert (following.cause, following.number, following.place) == ("deferral_lapsed", 2, case.place)


def test_a_deferral_whose_child_has_a_later_case_opens_nothing_when_it_lapses() -> None:
    until = MONDAY + days(300)
    case = deferred(until=until)
    following = opened(earlier=case, on=MONDAY + days(9))
    before = case.version
    with acting_on(until + days(1)):
        assert case.lapse(latest=following, today=until + days(1)) == ()

    assert case.version == before


def test_a_written_report_is_issued_by_reporting_only() -> None:
    case = brought_to(State.PERSUADING)

    with pytest.raises(Refused, match="report_case does both"):
        case.allow_paper(kind="written_report", today=MONDAY)


def test_every_word_a_case_refers_to_has_a_chinese_name() -> None:
    lists = (catalogue.OPENINGS, catalogue.CAUSES, catalogue.PERSUASION_METHODS, catalogue.PERSUASION_OUTCOMES)
    assert all(word.name for words in lists for word in words.values())


def test_a_missing_child_is_searched_for_every_month_until_it_is_found_and_the_duty_climbs_when_nobody_does() -> None:
    case = brought_to(State.SOUGHT)
    for number in (20, 45, 70):
        day = MONDAY + days(number)
        with acting_on(day):
            case.expire(today=day)
            case.search(method="relatives", note="", made_on=day, today=day)
        assert (case.owed.step, case.owed.by, case.owed.due_on) == ("search", "bureau", day + days(30))
    with acting_on(MONDAY + days(101)):
        case.expire(today=MONDAY + days(101))

    assert (case.state, case.owed.step, case.owed.by) == (State.SOUGHT, "search", "county")
    with acting_on(MONDAY + days(102)):
        case.search(method="police", note="", made_on=MONDAY + days(102), today=MONDAY + days(102))
        assert case.owed.by == "bureau"
        case.begin_verification(today=MONDAY + days(102))
    assert case.state is State.VERIFYING


def test_a_search_before_the_report_in_writing_puts_that_report_not_off() -> None:
    case = brought_to(State.UNREACHABLE)
    before = case.owed
    with acting_on(MONDAY + days(3)):
        case.search(method="phone", note="", made_on=MONDAY + days(3), today=MONDAY + days(3))

    assert case.owed == before


def test_a_search_comes_after_the_child_was_missed_and_is_no_plan() -> None:
    case = brought_to(State.SOUGHT)
    with acting_on(MONDAY + days(3)):
        with pytest.raises(Refused, match="missing since"):
            case.search(method="police", note="", made_on=MONDAY - days(1), today=MONDAY + days(3))
        with pytest.raises(Refused, match="still to come"):
            case.search(method="police", note="", made_on=MONDAY + days(4), today=MONDAY + days(3))
        with pytest.raises(Refused, match="known are home"):
            case.search(method="thinking", note="", made_on=MONDAY, today=MONDAY + days(3))


def back_in_class() -> Case:
    """A case whose child came back on the Monday, and of whom no day in class is counted yet."""
    case = opened()
    with acting_on(MONDAY):
        case.come_back(school="3141000300", returned_on=MONDAY, seat_days=0, today=MONDAY)
    return case


def seen(case: Case, *numbers: int, present: bool = True) -> list[Case]:
    """What a school tells of days after the Monday; the cases that opened of it."""
    day = MONDAY + days(60)
    with acting_on(day):
        told = [case.take_attendance(seen_on=MONDAY + days(n), present=present, today=day) for n in numbers]
    return [following for following in told if following is not None]


def test_days_in_class_told_day_by_day_prove_a_return_and_none_counts_twice() -> None:
    case = back_in_class()
    weekdays = [n for n in range(60) if is_school_day(MONDAY + days(n))][:20]
    seen(case, *weekdays[:19], weekdays[0])
    with acting_on(MONDAY + days(60)), pytest.raises(Refused, match="19 are counted"):
        case.watch(today=MONDAY + days(60))
    seen(case, weekdays[19])
    with acting_on(MONDAY + days(60)):
        case.watch(today=MONDAY + days(60))

    assert case.state is State.WATCHED


def test_days_stated_as_a_total_and_days_told_one_by_one_are_not_added_up() -> None:
    case = back_in_class()
    seen(case, 0, 1, 2)
    with acting_on(MONDAY + days(60)):
        case.count_seat_days(seat_days=10, today=MONDAY + days(60))

    assert case.seat_days == 10


def test_no_day_in_class_is_told_of_a_sunday_of_the_future_or_of_before_the_return() -> None:
    case = back_in_class()
    with acting_on(MONDAY + days(2)):
        for seen_on, words in (
            (MONDAY + days(3), "still to come"),
            (MONDAY - days(1), "days before"),
        ):
            with pytest.raises(Refused, match=words):
                case.take_attendance(seen_on=seen_on, present=True, today=MONDAY + days(2))
    with pytest.raises(Refused, match="no school day"):
        seen(case, 5)


def test_a_child_missing_on_three_school_days_in_a_row_is_gone_again_and_its_next_case_opens() -> None:
    case = back_in_class()
    assert seen(case, 0) == []
    assert seen(case, 1, 2, present=False) == []
    assert seen(case, 3) == []
    (following,) = seen(case, 7, 8, 9, present=False)

    assert (case.state, following.state, following.cause) == (State.CLOSED, State.SUSPECTED, "absent")
    assert following.number == 2


def test_a_case_isnt_closed_while_its_child_was_last_said_to_be_missing() -> None:
    case = brought_to(State.WATCHED)
    last = MONDAY + days(170)
    with acting_on(last):
        case.take_attendance(seen_on=date(2026, 12, 1), present=False, today=last)
        with pytest.raises(Refused, match="not in class on the last 1 school days"):
            case.close(today=last)
        case.take_attendance(seen_on=date(2026, 12, 1), present=True, today=last)
        case.close(today=last)

    assert case.state is State.CLOSED
