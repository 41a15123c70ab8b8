"""The clock of a step: it stands for a reason, runs longer once with approval, and nobody is forgotten behind either."""

from datetime import date

import pytest

from services.cases.domain.case import Case
from services.cases.domain.ladder import State
from services.chassis.errors import Refused
from tests.cases.given import MONDAY, acting_on, brought_to, days, opened

WEDNESDAY = MONDAY + days(2)


def paused(*, reason: str = "hospital", on: date = WEDNESDAY) -> Case:
    """A case whose first step was paused on a day."""
    case = opened()
    with acting_on(on):
        case.pause(reason=reason, today=on)
    return case


def test_a_clock_that_stood_gives_back_the_days_it_stood() -> None:
    case = paused(on=WEDNESDAY)

    with acting_on(MONDAY + days(12)):
        case.resume(today=MONDAY + days(12))

    assert case.owed.due_on == MONDAY + days(7 + 10)


def test_a_clock_of_working_days_gives_back_the_working_days_it_still_had() -> None:
    """Confirmed on a Monday, three working days: paused on Tuesday with two left, resumed on Friday; that Sunday is worked."""
    case = brought_to(State.CONFIRMED)
    assert case.owed.due_on == MONDAY + days(3)
    with acting_on(MONDAY + days(1)):
        case.pause(reason="disaster", today=MONDAY + days(1))
    with acting_on(MONDAY + days(4)):
        case.resume(today=MONDAY + days(4))

    assert case.owed.due_on == MONDAY + days(7)


def test_nothing_runs_out_while_the_clock_stands() -> None:
    case = paused()

    with acting_on(MONDAY + days(30)):
        case.expire(today=MONDAY + days(30))

    assert case.owed.by == "teacher"


def test_a_pause_ends_by_itself_after_the_longest_time_its_reason_allows() -> None:
    case = paused(on=WEDNESDAY)
    day = MONDAY + days(2 + 60 + 1)

    with acting_on(day):
        case.expire(today=day)

    assert case.clock.pause is None
    assert case.owed.due_on == day + days(5)


def test_a_step_is_not_paused_twice_for_the_same_reason() -> None:
    case = paused()
    with acting_on(MONDAY + days(3)):
        case.resume(today=MONDAY + days(3))

        with pytest.raises(Refused, match="stood for hospital 住院治疗 before"):
            case.pause(reason="hospital", today=MONDAY + days(3))


def test_what_is_late_is_not_paused() -> None:
    case = opened()
    late = MONDAY + days(8)

    with acting_on(late), pytest.raises(Refused, match="due on 2026-09-21"):
        case.pause(reason="hospital", today=late)


def test_the_next_step_begins_with_a_clock_of_its_own() -> None:
    case = paused()
    with acting_on(MONDAY + days(3)):
        case.begin_verification(today=MONDAY + days(3))
        case.confirm(causes=("work",), today=MONDAY + days(3))
        case.pause(reason="hospital", today=MONDAY + days(3))

    assert case.clock.pause is not None
    assert case.owed.step == "persuade"


def asked(*, number: int = 3) -> Case:
    """A case in which more time was asked for by officer-1."""
    case = opened()
    with acting_on(MONDAY):
        case.ask_extension(days=number, reason="the road is cut off", asked_by="officer-1", today=MONDAY)
    return case


def test_more_time_is_granted_by_a_second_person_and_once() -> None:
    case = asked(number=3)
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="a second person"):
            case.grant_extension(approver="officer-1")
        case.grant_extension(approver="officer-2")

        assert case.owed.due_on == MONDAY + days(10)
        with pytest.raises(Refused, match="once is all"):
            case.ask_extension(days=1, reason="again", asked_by="officer-1", today=MONDAY)


def test_asking_for_more_time_puts_nothing_off() -> None:
    case = asked()
    late = MONDAY + days(8)

    with acting_on(late):
        case.expire(today=late)

    assert case.owed.by == "school"


def test_no_more_time_than_the_term_itself_is_asked_for() -> None:
    with pytest.raises(Refused, match="1 to 7 days"):
        asked(number=8)


def test_declined_the_step_stays_due_and_may_be_asked_for_again() -> None:
    case = asked()
    with acting_on(MONDAY):
        case.decline_extension(reason="the road is open")
        assert case.owed.due_on == MONDAY + days(7)
        case.ask_extension(days=1, reason="another road", asked_by="officer-1", today=MONDAY)
