"""Compulsory schooling by school years: who is six by August enters in September, and stays nine years."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.school_age import age_in, age_out, answered_for_until

BIRTHS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("birth", "begins", "ends"),
    [
        (date(2020, 8, 31), date(2026, 9, 1), date(2035, 8, 31)),
        (date(2020, 9, 1), date(2027, 9, 1), date(2036, 8, 31)),
        (date(2020, 1, 1), date(2026, 9, 1), date(2035, 8, 31)),
        (date(2020, 2, 29), date(2026, 9, 1), date(2035, 8, 31)),
        (date(2020, 12, 31), date(2027, 9, 1), date(2036, 8, 31)),
    ],
)
def test_the_last_day_of_august_decides(birth: date, begins: date, ends: date) -> None:
    assert (age_in(birth), age_out(birth)) == (begins, ends)


@given(birth=BIRTHS)
def test_whoever_enters_is_six_and_was_not_a_year_before(birth: date) -> None:
    by = date(age_in(birth).year, 8, 31)

    assert _completed(birth, by) == 6
    assert _completed(birth, age_out(birth)) == 15
    assert _completed(birth, answered_for_until(birth)) == 16


@given(birth=BIRTHS, days=st.integers(min_value=0, max_value=400))
def test_nobody_enters_before_somebody_older(birth: date, days: int) -> None:
    assert age_in(birth) <= age_in(birth + timedelta(days=days))


def _completed(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
