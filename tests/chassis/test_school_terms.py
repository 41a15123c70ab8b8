"""Terms are data, provisional where there is none; classes are held on the working days of a term."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import Refused
from services.chassis.school_terms import add_school_days, is_school_day, next_term, school_days, term_named, term_on

DAYS = st.dates(date(2024, 9, 2), date(2035, 12, 31))


def test_the_term_of_a_day_is_the_one_that_has_begun_last() -> None:
    names = {
        date(2026, 9, 14): "2026-2027-1",
        date(2027, 1, 1): "2026-2027-1",
        date(2027, 2, 21): "2026-2027-1",
        date(2027, 2, 22): "2026-2027-2",
        date(2027, 8, 31): "2026-2027-2",
        date(2027, 9, 1): "2027-2028-1",
    }
    assert {day: term_on(day).name for day in names} == names


def test_a_term_without_data_is_provisional() -> None:
    assert not term_named("2026-2027-2").provisional
    assert term_named("2033-2034-2").provisional


@pytest.mark.parametrize("name", ["", "2026-2027", "2026-2027-3", "2026-2028-1", "2026-2027-1x"])
def test_what_is_no_term_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="2026-2027-1 for the autumn"):
        term_named(name)


@given(day=DAYS)
def test_terms_follow_each_other(day: date) -> None:
    term = term_on(day)
    following = next_term(term)

    assert term.starts_on <= day < following.starts_on
    assert term.ends_on < following.starts_on
    assert term_on(following.starts_on) == following


@pytest.mark.parametrize(
    ("day", "held"),
    [
        (date(2026, 9, 14), True),
        (date(2026, 9, 12), False),
        (date(2026, 10, 5), False),
        (date(2027, 1, 25), False),
        (date(2026, 8, 31), False),
    ],
)
def test_classes_are_held_on_working_days_of_a_term(day: date, held: bool) -> None:
    assert is_school_day(day) is held


@given(day=st.dates(date(2025, 9, 1), date(2027, 6, 1)), number=st.integers(0, 60))
def test_so_many_school_days_after_a_day_are_so_many_between(day: date, number: int) -> None:
    last = add_school_days(day, number)

    assert school_days(day + timedelta(days=1), last) == number
    assert number == 0 or is_school_day(last)
