"""The look-up of cases that time will act on; that it agrees with the cases themselves is checked in test_case_life."""

from datetime import date
from uuid import UUID

from services.cases.domain.ladder import State
from services.cases.lookup import DueCases
from services.chassis.aggregate import RecordedAggregate
from tests.cases.given import CHILD, MONDAY, acting_on, brought_to, clearance, days, opened
from tests.cases.lives import all_lives


def fed(*aggregates: RecordedAggregate) -> DueCases:
    """A look-up that has seen everything the aggregates decided."""
    look_up = DueCases()
    for aggregate in aggregates:
        for event in aggregate.pending_events:
            look_up.apply(event)
    return look_up


def due(day: date, *aggregates: RecordedAggregate) -> list[UUID]:
    """The cases that are due on a day."""
    return [case_id for _, case_id in fed(*aggregates).due(day)]


def test_a_case_is_due_on_the_day_after_the_last_day_in_time() -> None:
    case = opened()

    assert due(MONDAY + days(7), case) == []
    assert due(MONDAY + days(8), case) == [case.id]


def test_a_step_handed_up_is_due_again_when_the_unit_above_is_late() -> None:
    case = opened()
    with acting_on(MONDAY + days(8)):
        case.expire(today=MONDAY + days(8))

    assert due(MONDAY + days(11), case) == []
    assert due(MONDAY + days(12), case) == [case.id]


def test_what_the_county_lets_run_out_is_looked_at_once_a_month_and_never_forgotten() -> None:
    case = opened()
    with acting_on(MONDAY):
        for day in range(100):
            case.expire(today=MONDAY + days(day))

    assert case.owed.by == "county"
    assert due(case.owed.due_on, case) == []
    assert due(case.owed.due_on + days(1), case) == [case.id]


def test_an_ended_case_is_not_due() -> None:
    assert due(MONDAY + days(999), brought_to(State.CLOSED), brought_to(State.CLEARED)) == []


def test_a_deferral_is_due_when_it_has_lapsed_unless_a_later_case_looks_for_the_child() -> None:
    case = opened()
    until = MONDAY + days(3)
    with acting_on(MONDAY):
        case.ask_clearance(clearance=clearance("R9", evidence_kind="deferral_approval", expires_on=until))
        case.approve_clearance(approver="officer-2", today=MONDAY)

    assert due(until + days(1), case) == [case.id]
    assert due(until + days(1), case, opened(earlier=case)) == []


def test_the_longest_overdue_comes_first() -> None:
    other = UUID(int=7)
    first, second = opened(child_id=other), opened(child_id=CHILD, on=MONDAY + days(1))

    assert due(MONDAY + days(30), second, first) == [first.id, second.id]


def test_feeding_everything_twice_changes_nothing() -> None:
    lives = all_lives()
    day = MONDAY + days(400)

    assert fed(*lives, *lives).due(day) == fed(*lives).due(day) != []
