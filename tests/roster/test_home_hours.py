"""Hours owed at home are the part of a school year that its terms have had."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.school_terms import term_on, terms_of
from services.roster.domain.home_hours import HOURS_OF_A_YEAR, HomeHours, hours_owed
from tests.roster.given import CHILD, MONDAY, acting_on, happened, replayed, state_of

DAYS = st.dates(date(2024, 9, 2), date(2035, 12, 31))


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
