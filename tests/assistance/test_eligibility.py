"""Eligibility follows the registers day by day, and every answer has its ground."""

from datetime import date, timedelta
from itertools import pairwise
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assistance.domain.categories import CATEGORIES, Categories, Ground, Groups, Origin
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
        (Groups(relief="农村低保"), {"minimum_living"}),
        (Groups(relief="孤儿"), {"orphan"}),
        (Groups(relief="事实无人抚养儿童", poverty="低保户"), {"without_care", "minimum_living"}),
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
    everything = Groups(poverty="边缘易致贫户", relief="孤儿", disability="肢体", left_behind=True, migrant=True)
    for said in CATEGORIES.stated(everything, on=DAY).values():
        assert " register: " in said.ground.words
        assert said.ground.legal_basis


def test_what_both_registers_say_rests_on_the_row_of_civil_affairs() -> None:
    rows = {fact: Origin(fact, uuid5(CHILD, fact), 3) for fact in ("relief", "poverty")}
    said = CATEGORIES.stated(Groups(relief="低保", poverty="低保户", origins=rows), on=DAY)["minimum_living"]
    assert (said.ground.words, said.ground.origin) == ("civil_affairs register: 低保", rows["relief"])


@given(cell=st.text(max_size=30))
def test_a_ground_never_repeats_what_a_register_cell_holds_beyond_the_tables_words(cell: str) -> None:
    words = {word for category in CATEGORIES.categories for word in category.words}
    for said in CATEGORIES.stated(Groups(poverty=f"边缘易致贫户,{cell}"), on=DAY).values():
        assert said.ground.words.removeprefix("poverty register: ") in words


def test_a_file_in_which_one_word_means_two_things_is_refused() -> None:
    entry = {
        "name": "x",
        "facts": ["poverty"],
        "words": ["低保"],
        "from_on": DAY,
        "legal_basis": "law",
    }
    with pytest.raises(ValueError, match="a and b"):
        Categories.of([{"code": "a", **entry}, {"code": "b", **entry}])


def test_a_file_that_reads_a_category_from_what_nobody_states_is_refused() -> None:
    with pytest.raises(ValueError, match="income"):
        Categories.of([{"code": "a", "name": "x", "facts": ["income"], "from_on": DAY, "legal_basis": "law"}])


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
        eligibility.hear(None, on=LATER)
        eligibility.recognise_again(
            ground=grounds("near_poverty")["near_poverty"].ground, from_on=LATER + timedelta(days=9)
        )
    assert on(eligibility, LATER) is None
    assert on(eligibility, LATER + timedelta(days=9)) is not None


def test_silent_registers_do_not_end_what_a_department_recognised() -> None:
    eligibility = poor()
    with acting_on(LATER):
        eligibility.recognise_again(ground=DEPARTMENT, from_on=LATER)
        eligibility.hear(None, on=LATER)
    ground = on(eligibility, LATER)
    assert ground is not None
    assert ground.source == "department"


def test_registers_add_nothing_to_what_a_department_recognised() -> None:
    eligibility = poor()
    with acting_on(LATER):
        eligibility.recognise_again(ground=DEPARTMENT, from_on=LATER)
        before = eligibility.version
        eligibility.recognise_again(ground=grounds("near_poverty")["near_poverty"].ground, from_on=LATER)
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


# A monitored household 监测对象: eligible since it is monitored, until its risk is removed.

SINCE, REMOVED = DAY - timedelta(days=400), DAY - timedelta(days=40)


def monitored(risk: str = "", *, since: date | None = None, removed: date | None = None) -> Groups:
    return Groups(poverty="边缘易致贫户", risk=risk, monitored_on=since, risk_removed_on=removed)


def hear(known: Eligibility | None, groups: Groups, *, on: date) -> Eligibility | None:
    """The child's eligibility after the registers stated this."""
    before = {} if known is None else {known.category: known}
    with acting_on(on):
        changed = assess(child_id=CHILD, known=before, stated=CATEGORIES.stated(groups, on=on), on=on)
    return changed[0] if changed else known


@pytest.mark.parametrize("kind", ["脱贫不稳定户", "边缘易致贫户", "突发严重困难户"])
def test_a_monitored_household_is_eligible_while_its_risk_is_not_removed(kind: str) -> None:
    for risk, holds in (("", True), ("not_removed", True), ("removed", False)):
        found = hear(None, Groups(poverty=kind, risk=risk), on=DAY)
        assert (found is not None and on(found, DAY) is not None) is holds, risk


def test_a_household_lifted_out_of_poverty_has_no_risk_to_remove() -> None:
    found = hear(None, Groups(poverty="脱贫户", risk="removed", risk_removed_on=REMOVED), on=DAY)
    assert found is not None
    assert on(found, DAY) is not None


def test_it_is_eligible_from_the_day_it_is_monitored_also_before_that_was_heard() -> None:
    found = hear(None, monitored("not_removed", since=SINCE), on=DAY)
    assert found is not None
    assert on(found, SINCE) is not None
    assert on(found, SINCE - timedelta(days=1)) is None
    ground = on(found, DAY)
    assert ground is not None
    assert ground.words == "poverty register: 边缘易致贫户, 风险未消除"


def test_its_eligibility_ended_on_the_day_its_risk_was_removed_and_says_by_which_row() -> None:
    found = hear(None, monitored("not_removed", since=SINCE), on=DAY)
    row = Origin("poverty", uuid5(CHILD, "later"), 12)
    gone = Groups(
        poverty="边缘易致贫户",
        risk="removed",
        monitored_on=SINCE,
        risk_removed_on=DAY + timedelta(days=9),
        origins={"poverty": row},
    )
    ended = hear(found, gone, on=LATER)
    assert ended is not None
    assert on(ended, DAY + timedelta(days=8)) is not None
    assert on(ended, DAY + timedelta(days=9)) is None
    last = ended.pending_events[-1]
    assert isinstance(last, Eligibility.Ended)
    assert (last.ground, last.origin) == ("poverty register: 边缘易致贫户, 风险已消除", row)


def test_who_is_heard_of_after_the_risk_was_removed_was_eligible_all_the_same() -> None:
    found = hear(None, monitored("removed", since=SINCE, removed=REMOVED), on=DAY)
    assert found is not None
    assert [on(found, day) is not None for day in (SINCE, REMOVED - timedelta(days=1), REMOVED, DAY)] == [
        True,
        True,
        False,
        False,
    ]


def test_a_risk_that_came_back_is_eligible_anew_and_not_for_the_time_between() -> None:
    found = hear(None, monitored("removed", since=SINCE, removed=REMOVED), on=DAY)
    again = hear(found, monitored("not_removed", since=DAY + timedelta(days=5)), on=LATER)
    assert again is not None
    days = (REMOVED - timedelta(days=1), REMOVED, DAY + timedelta(days=4), DAY + timedelta(days=5))
    assert [on(again, day) is not None for day in days] == [True, False, False, True]


def test_a_day_of_removal_yet_to_come_is_taken_for_the_day_of_the_statement() -> None:
    found = hear(None, monitored("not_removed", since=SINCE), on=DAY)
    ended = hear(found, monitored("removed", since=SINCE, removed=date(2062, 1, 1)), on=LATER)
    assert ended is not None
    assert on(ended, LATER - timedelta(days=1)) is not None
    assert on(ended, LATER) is None


def test_an_earlier_day_since_which_it_is_monitored_is_news() -> None:
    found = hear(None, monitored(), on=DAY)
    earlier = hear(found, monitored("not_removed", since=SINCE), on=LATER)
    assert earlier is not None
    assert on(earlier, SINCE) is not None
    version = earlier.version
    again = hear(earlier, monitored("not_removed", since=SINCE), on=LATER + timedelta(days=1))
    assert again is not None
    assert again.version == version


def test_a_department_s_word_stands_whatever_the_risk() -> None:
    found = hear(None, monitored("not_removed"), on=DAY)
    assert found is not None
    with acting_on(DAY):
        found.recognise_again(ground=DEPARTMENT, from_on=DAY)
    kept = hear(found, monitored("removed", removed=LATER), on=LATER)
    assert kept is not None
    assert on(kept, LATER) is not None


@given(
    statements=st.lists(
        st.tuples(
            st.integers(1, 60),
            st.sampled_from(["", "not_removed", "removed"]),
            st.none() | st.integers(-500, 60),
            st.none() | st.integers(-500, 60),
        ),
        max_size=8,
    )
)
def test_stretches_never_overlap_and_the_last_statement_decides_today(
    statements: list[tuple[int, str, int | None, int | None]],
) -> None:
    known: Eligibility | None = None
    day = DAY
    for gap, risk, since, removed in statements:
        day += timedelta(days=gap)
        days = [None if offset is None else day + timedelta(days=offset) for offset in (since, removed)]
        known = hear(known, monitored(risk, since=days[0], removed=days[1] if risk == "removed" else None), on=day)
        assert (known is not None and on(known, day) is not None) is (risk != "removed")
    spans = sorted((span.from_on, span.until_on or date.max) for span in (known.spans if known else ()))
    spans = [span for span in spans if span[0] < span[1]]
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
