"""Working days: what the notices say, what a year without a notice is counted by, and that a term is counted to its end."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.working_days import add_working_days, is_announced, is_working_day, working_days_between

DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


@pytest.mark.parametrize(
    "day",
    [date(2026, 2, 14), date(2026, 2, 28), date(2026, 9, 20), date(2026, 10, 10), date(2025, 9, 28), date(2024, 2, 4)],
)
def test_a_weekend_that_is_worked_in_exchange_is_a_working_day(day: date) -> None:
    assert day.weekday() >= 5
    assert is_working_day(day)


@pytest.mark.parametrize(
    "day",
    [date(2026, 2, 16), date(2026, 2, 23), date(2026, 6, 19), date(2026, 10, 7), date(2025, 10, 8), date(2024, 9, 17)],
)
def test_a_holiday_in_the_week_is_none(day: date) -> None:
    assert day.weekday() < 5
    assert not is_working_day(day)


def test_the_notices_have_as_many_days_off_as_the_state_council_gave() -> None:
    """Counted day by day against the notices and against the library chinesecalendar 1.11.0."""
    for year, off in ((2024, 115), (2025, 117), (2026, 117)):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
        assert sum(not is_working_day(day) for day in days) == off


def test_a_year_without_a_notice_is_provisional_and_keeps_the_fixed_holidays() -> None:
    assert is_announced(2026)
    assert not is_announced(2027)
    assert not is_working_day(date(2027, 10, 1))
    assert is_working_day(date(2027, 10, 4))


def test_ten_working_days_over_the_national_day_end_after_the_holiday() -> None:
    assert add_working_days(date(2026, 9, 24), 10) == date(2026, 10, 15)


@given(day=DAYS, number=st.integers(0, 60))
def test_a_term_ends_on_a_working_day_and_holds_exactly_its_days(day: date, number: int) -> None:
    end = add_working_days(day, number)

    assert working_days_between(day, end) == number
    assert end == day or is_working_day(end)


@given(day=DAYS, first=st.integers(0, 30), more=st.integers(0, 30))
def test_a_term_cut_in_two_ends_on_the_same_day(day: date, first: int, more: int) -> None:
    assert add_working_days(add_working_days(day, first), more) == add_working_days(day, first + more)
