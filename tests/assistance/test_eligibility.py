"""Eligibility follows the registers day by day, and every answer has its ground."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assistance.domain.categories import CATEGORIES, Categories, Ground, Groups
from services.assistance.domain.eligibility import Eligibility, assess
from services.chassis.errors import Refused
from tests.assistance.given import CHILD, DAY, acting_on, grounds, poor, replayed

LATER = DAY + timedelta(days=30)
DEPARTMENT = Ground(category="near_poverty", source="department", words="referral:…", legal_basis="law")


def on(eligibility: Eligibility, day: date) -> Ground | None:
    span = eligibility.held_during(begins_on=day, ends_on=day + timedelta(days=1))
    return None if span is None else span.ground


@pytest.mark.parametrize(
    ("groups", "codes"),
    [
        (Groups(poverty="脱贫户"), {"lifted_from_poverty"}),
        (Groups(poverty="脱贫不稳定户"), {"unstable_after_poverty"}),
        (Groups(poverty="边缘易致贫户"), {"near_poverty"}),
        (Groups(poverty="突发严重困难户"), {"sudden_hardship"}),
        (Groups(poverty="脱贫户、农村低保"), {"lifted_from_poverty", "minimum_living"}),
        (Groups(poverty="特困供养"), {"destitute"}),
        (Groups(disability="智力", left_behind=True), {"disabled", "left_behind"}),
        (Groups(migrant=True), {"migrant"}),
        (Groups(poverty="一般农户"), set()),
    ],
)
def test_the_registers_words_give_their_categories(groups: Groups, codes: set[str]) -> None:
    assert set(CATEGORIES.stated(groups, on=DAY)) == codes


def test_the_word_of_the_poverty_campaign_means_what_it_meant_on_its_day() -> None:
    registered = Groups(poverty="建档立卡")
    assert set(CATEGORIES.stated(registered, on=date(2019, 9, 1))) == {"registered_poor"}
    assert set(CATEGORIES.stated(registered, on=DAY)) == {"lifted_from_poverty"}


def test_every_ground_names_its_register_and_its_law() -> None:
    everything = Groups(poverty="边缘易致贫户", disability="肢体", left_behind=True, migrant=True)
    for ground in CATEGORIES.stated(everything, on=DAY).values():
        assert " register: " in ground.words
        assert ground.legal_basis


@given(cell=st.text(max_size=30))
def test_a_ground_never_repeats_what_a_register_cell_holds_beyond_the_tables_words(cell: str) -> None:
    words = {word for category in CATEGORIES.categories for word in category.words}
    for ground in CATEGORIES.stated(Groups(poverty=f"边缘易致贫户,{cell}"), on=DAY).values():
        assert ground.words.removeprefix("poverty register: ") in words


def test_a_file_in_which_one_word_means_two_things_is_refused() -> None:
    entry = {
        "name": "x",
        "register": "poverty",
        "field": "poverty",
        "words": ["低保"],
        "from_on": DAY,
        "legal_basis": "law",
    }
    with pytest.raises(ValueError, match="a and b"):
        Categories.of([{"code": "a", **entry}, {"code": "b", **entry}])


def test_a_child_the_registers_name_is_found_eligible_from_that_day() -> None:
    with acting_on(DAY):
        (found,) = assess(child_id=CHILD, known={}, stated=grounds("near_poverty"), on=DAY)
    assert on(found, DAY) is not None
    assert on(found, DAY - timedelta(days=1)) is None


def test_hearing_the_same_again_changes_nothing() -> None:
    known = {"near_poverty": replayed(poor())}
    with acting_on(LATER):
        assert assess(child_id=CHILD, known=known, stated=grounds("near_poverty"), on=LATER) == []


def test_what_the_registers_no_longer_say_has_ended_and_stays_true_of_the_past() -> None:
    eligibility = replayed(poor())
    with acting_on(LATER):
        (ended,) = assess(child_id=CHILD, known={"near_poverty": eligibility}, stated={}, on=LATER)
    assert on(ended, LATER) is None
    assert on(ended, LATER - timedelta(days=1)) is not None


def test_eligibility_that_ended_is_found_again() -> None:
    eligibility = poor()
    with acting_on(LATER):
        eligibility.fall_silent(until_on=LATER)
        eligibility.recognise_again(ground=grounds("near_poverty")["near_poverty"], from_on=LATER + timedelta(days=9))
    assert on(eligibility, LATER) is None
    assert on(eligibility, LATER + timedelta(days=9)) is not None


def test_silent_registers_do_not_end_what_a_department_recognised() -> None:
    eligibility = poor()
    with acting_on(LATER):
        eligibility.recognise_again(ground=DEPARTMENT, from_on=LATER)
        eligibility.fall_silent(until_on=LATER)
    ground = on(eligibility, LATER)
    assert ground is not None
    assert ground.source == "department"


def test_registers_add_nothing_to_what_a_department_recognised() -> None:
    eligibility = poor()
    with acting_on(LATER):
        eligibility.recognise_again(ground=DEPARTMENT, from_on=LATER)
        before = eligibility.version
        eligibility.recognise_again(ground=grounds("near_poverty")["near_poverty"], from_on=LATER)
        eligibility.recognise_again(ground=DEPARTMENT, from_on=LATER)
    assert eligibility.version == before


def test_ended_eligibility_cannot_be_ended_again() -> None:
    eligibility = poor()
    with acting_on(LATER):
        eligibility.end(until_on=LATER)
        with pytest.raises(Refused, match="ended already"):
            eligibility.end(until_on=LATER)


@given(
    statements=st.lists(
        st.tuples(st.integers(1, 40), st.sets(st.sampled_from(["near_poverty", "disabled", "left_behind", "migrant"]))),
        max_size=8,
    )
)
def test_on_any_day_a_child_is_eligible_in_what_the_last_statement_before_it_said(
    statements: list[tuple[int, set[str]]],
) -> None:
    known: dict[str, Eligibility] = {}
    day, said = DAY, set[str]()
    for gap, categories in statements:
        for passed in range(gap):
            current = day + timedelta(days=passed)
            assert {code for code, eligibility in known.items() if on(eligibility, current)} == said
        day, said = day + timedelta(days=gap), categories
        with acting_on(day):
            changed = assess(child_id=CHILD, known=known, stated=grounds(*categories, on=day), on=day)
        known |= {eligibility.category: eligibility for eligibility in changed}
    assert {code for code, eligibility in known.items() if on(eligibility, day)} == said


def test_nobody_is_held_eligible_in_a_category_that_came_to_its_end() -> None:
    ground = Ground(category="registered_poor", source="roster", words="建档立卡", legal_basis="law")
    with acting_on(date(2020, 9, 1)):
        registered = Eligibility.recognise(child_id=CHILD, ground=ground, from_on=date(2020, 9, 1))

    assert on(registered, date(2020, 12, 31)) is not None
    assert on(registered, date(2021, 1, 1)) is None
