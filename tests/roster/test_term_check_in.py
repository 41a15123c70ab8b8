"""A term's check-in counts everybody who was expected, once; whoever did not come is named."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.aggregate import NobodyActing
from services.chassis.errors import Refused
from services.roster.domain.term_check_in import TERM_DAYS, TermCheckIn
from tests.roster.given import MONDAY, OTHER_SCHOOL, SCHOOL, acting_on, days, happened, replayed, state_of

TERM = "2026-2027-1"
PUPILS = tuple(UUID(int=number) for number in range(1, 6))
STRANGER = UUID(int=99)


def opened(*, expected: tuple[UUID, ...] = PUPILS) -> TermCheckIn:
    with acting_on():
        return TermCheckIn.open(school=SCHOOL, term=TERM, expected=expected, starts_on=MONDAY)


def test_a_school_has_one_check_in_a_term() -> None:
    assert opened().id == TermCheckIn.id_of(school=SCHOOL, term=TERM)
    others = [
        TermCheckIn.id_of(school=OTHER_SCHOOL, term=TERM),
        TermCheckIn.id_of(school=SCHOOL, term="2026-2027-2"),
    ]
    assert opened().id not in others


def test_a_check_in_is_due_a_week_after_the_term_began() -> None:
    assert opened().due_on == MONDAY + days(TERM_DAYS)


def test_a_check_in_is_opened_by_somebody() -> None:
    with pytest.raises(NobodyActing):
        TermCheckIn.open(school=SCHOOL, term=TERM, expected=PUPILS, starts_on=MONDAY)


def test_children_who_came_are_counted_once() -> None:
    check_in = opened()
    with acting_on():
        check_in.check_in(children=PUPILS[:2])
        check_in.check_in(children=PUPILS[:2])
        check_in.check_in(children=(PUPILS[1], PUPILS[2], PUPILS[2]))

    assert [event.children for event in check_in.pending_events if isinstance(event, TermCheckIn.Present)] == [
        PUPILS[:2],
        (PUPILS[2],),
    ]


def test_a_stranger_is_refused_and_nobody_with_it_is_counted() -> None:
    check_in = opened()
    with acting_on(), pytest.raises(Refused, match="enrol or transfer it first"):
        check_in.check_in(children=(PUPILS[0], STRANGER))

    assert happened(check_in) == []


@pytest.mark.parametrize(("day", "late"), [(0, False), (TERM_DAYS, False), (TERM_DAYS + 1, True)])
def test_a_check_in_closed_after_its_week_says_that_it_is_late(day: int, *, late: bool) -> None:
    check_in = opened()
    today = MONDAY + days(day)
    with acting_on(today):
        check_in.close(today=today)

    closed = check_in.pending_events[-1]
    assert isinstance(closed, TermCheckIn.Closed)
    assert (closed.late, closed.closed_on) == (late, today)


def test_nothing_is_counted_after_the_close() -> None:
    check_in = opened()
    with acting_on():
        check_in.close(today=MONDAY)
        with pytest.raises(Refused, match="is a return, not a check-in"):
            check_in.check_in(children=PUPILS[:1])
        with pytest.raises(Refused, match="closed"):
            check_in.close(today=MONDAY)

    assert happened(check_in) == ["Closed"]


@given(came=st.lists(st.lists(st.sampled_from(PUPILS), max_size=4), max_size=5))
def test_present_and_absent_together_are_whoever_was_expected(came: list[list[UUID]]) -> None:
    check_in = opened()
    with acting_on():
        for children in came:
            check_in.check_in(children=tuple(children))
        check_in.close(today=MONDAY)

    closed = check_in.pending_events[-1]
    assert isinstance(closed, TermCheckIn.Closed)
    present = {child for children in came for child in children}
    assert set(closed.absent) == set(PUPILS) - present
    assert closed.expected == len(PUPILS)
    assert list(closed.absent) == sorted(closed.absent)
    assert state_of(replayed(check_in)) == state_of(check_in)


class TestAnAbsence:
    @pytest.mark.parametrize(("day", "late"), [(0, False), (TERM_DAYS, False), (TERM_DAYS + 1, True)])
    @pytest.mark.parametrize("closed", [True, False])
    def test_is_verified_with_its_reason_and_says_when_that_was_late(
        self, day: int, *, late: bool, closed: bool
    ) -> None:
        check_in = opened()
        today = MONDAY + days(day)
        with acting_on(today):
            if closed:
                check_in.close(today=today)
            check_in.verify_absence(child_id=PUPILS[0], reason="因病住院", today=today)

        verified = check_in.pending_events[-1]
        assert isinstance(verified, TermCheckIn.AbsenceVerified)
        assert (verified.child_id, verified.reason, verified.late) == (PUPILS[0], "因病住院", late)
        assert state_of(replayed(check_in)) == state_of(check_in)

    def test_is_verified_once(self) -> None:
        check_in = opened()
        with acting_on():
            check_in.verify_absence(child_id=PUPILS[0], reason="因病住院", today=MONDAY)
            with pytest.raises(Refused, match="verified already"):
                check_in.verify_absence(child_id=PUPILS[0], reason="因病住院", today=MONDAY)

    def test_is_nobodys_who_came_or_was_not_expected(self) -> None:
        check_in = opened()
        with acting_on():
            check_in.check_in(children=PUPILS[:1])
            for child_id in (PUPILS[0], STRANGER):
                with pytest.raises(Refused, match="isn't missing at this check-in"):
                    check_in.verify_absence(child_id=child_id, reason="因病住院", today=MONDAY)

    def test_is_told_in_words_that_name_nobody(self) -> None:
        with acting_on(), pytest.raises(Refused, match="why the child did not come"):
            opened().verify_absence(child_id=PUPILS[0], reason="电话15412345678无人接", today=MONDAY)
