"""Terms are data, provisional where there is none; hours owed at home are the part of a year that its terms have had."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import Refused
from services.roster.domain.home_hours import HOURS_OF_A_YEAR, HomeHours, hours_owed
from services.roster.domain.terms import next_term, term_named, term_on, terms_of
from tests.roster.given import CHILD, MONDAY, acting_on, happened, replayed, state_of

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


@given(placed_on=DAYS, day=DAYS, more=st.integers(0, 60))
def test_hours_owed_only_grow_within_a_school_year_up_to_all_of_it(placed_on: date, day: date, more: int) -> None:
    later = day + timedelta(days=more)
    owed = hours_owed(placed_on=placed_on, by=day)

    assert 0 <= owed <= HOURS_OF_A_YEAR
    if term_on(later).school_year == term_on(day).school_year:
        assert hours_owed(placed_on=placed_on, by=later) >= owed


def test_hours_owed_are_all_216_at_the_end_of_a_year_and_none_before_the_child_was_placed() -> None:
    autumn, spring = terms_of("2026-2027")

    assert hours_owed(placed_on=autumn.starts_on, by=spring.ends_on) == HOURS_OF_A_YEAR
    assert hours_owed(placed_on=date(2020, 1, 1), by=spring.ends_on) == HOURS_OF_A_YEAR
    assert hours_owed(placed_on=spring.starts_on, by=autumn.ends_on) == 0


def test_hours_at_home_are_one_count_for_a_child_and_year_that_never_falls() -> None:
    with acting_on():
        hours = HomeHours.begin(child_id=CHILD, school_year="2026-2027")
        for told in (3, 3, 9, 6):
            hours.count(hours=told, taught_on=MONDAY)

    assert hours.id == HomeHours.id_of(child_id=CHILD, school_year="2026-2027")
    assert happened(hours) == ["Counted", "Counted"]
    assert state_of(replayed(hours)) == state_of(hours)
