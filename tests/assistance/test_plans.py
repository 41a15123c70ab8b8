"""Plans of a child and of a household, learning support, and teaching at home."""

from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assistance.domain.home_teaching import HOURS_DUE, HomeTeaching
from services.assistance.domain.household_plan import HouseholdPlan
from services.assistance.domain.learning_support import LearningSupport
from services.assistance.domain.residence import Residence
from services.assistance.domain.student_plan import StudentPlan
from services.chassis.errors import Refused
from tests.assistance.given import CASE, CHILD, DAY, EVIDENCE, acting_on, replayed

SCHOOL = "school:3141000300"
NEXT_MONTH = DAY + timedelta(days=30)
HOUSEHOLD = uuid5(CASE, "household")


def plan(*, township: str = "410326103", residence: Residence | None = None) -> StudentPlan:
    with acting_on(DAY):
        return StudentPlan.open(child_id=CHILD, case_id=CASE, township=township, residence=residence, today=DAY)


def measure(of: StudentPlan, kind: str = "tutoring", *, owner: str = SCHOOL, due_on: date = NEXT_MONTH) -> UUID:
    with acting_on(DAY):
        return of.plan_measure(measure=kind, owner=owner, due_on=due_on, note="", today=DAY)


def test_a_plan_is_reviewed_within_a_month() -> None:
    assert plan().review_on == DAY + timedelta(days=30)


def test_a_plan_without_a_township_takes_the_one_the_case_told() -> None:
    with acting_on(DAY):
        residence = Residence.learn(child_id=CHILD, township="410326104")
    assert plan(township="", residence=residence).township == "410326104"
    assert plan(township="", residence=None).township == ""


def test_a_measure_has_an_owner_and_a_day_and_is_done_with_evidence() -> None:
    opened = plan()
    measure_id = measure(opened)
    with acting_on(NEXT_MONTH):
        opened.carry_out(measure_id=measure_id, evidence=EVIDENCE, done_on=NEXT_MONTH, today=NEXT_MONTH)
    assert opened.measures[measure_id].done_on == NEXT_MONTH


def test_a_measure_is_owed_by_its_owner_until_it_is_done() -> None:
    opened = plan()
    measure_id = measure(opened)
    due = opened.due_measure(measure_id)
    assert due is not None
    assert (due.about, due.due_on) == (measure_id, NEXT_MONTH)
    with acting_on(NEXT_MONTH):
        opened.carry_out(measure_id=measure_id, evidence=EVIDENCE, done_on=NEXT_MONTH, today=NEXT_MONTH)
    assert opened.due_measure(measure_id) is None


def test_the_same_measure_is_not_planned_twice_while_it_is_to_do() -> None:
    opened = plan()
    measure(opened)
    with pytest.raises(Refused, match="planned once"):
        measure(opened)
    assert measure(opened, owner="township:410326103") != measure(opened, "home_visit")


def test_a_measure_is_done_once_and_only_if_planned() -> None:
    opened = plan()
    measure_id = measure(opened)
    with acting_on(DAY):
        opened.carry_out(measure_id=measure_id, evidence=EVIDENCE, done_on=DAY, today=DAY)
        with pytest.raises(Refused, match="done already"):
            opened.carry_out(measure_id=measure_id, evidence=EVIDENCE, done_on=DAY, today=DAY)
        with pytest.raises(Refused, match="no such measure"):
            opened.carry_out(measure_id=CASE, evidence=EVIDENCE, done_on=DAY, today=DAY)


@pytest.mark.parametrize("evidence", ["", "王小明家访照片", "410326200903011231", "blob:photo of the boy", "blob:12"])
def test_evidence_is_a_reference_never_a_description(evidence: str) -> None:
    opened = plan()
    measure_id = measure(opened)
    with pytest.raises(Refused, match="reference"), acting_on(DAY):
        opened.carry_out(measure_id=measure_id, evidence=evidence, done_on=DAY, today=DAY)


@given(text=st.from_regex(r"([a-z]{1,8}:)?([0-9]{11}|[0-9]{15}|[0-9]{17}[0-9X]|[\u4e00-\u9fff]{2,4})", fullmatch=True))
def test_no_name_telephone_or_id_number_passes_for_an_owner_or_evidence(text: str) -> None:
    opened = plan()
    measure_id = measure(opened)
    with acting_on(DAY):
        with pytest.raises(Refused):
            opened.plan_measure(measure="medical", owner=text, due_on=NEXT_MONTH, note="", today=DAY)
        with pytest.raises(Refused):
            opened.carry_out(measure_id=measure_id, evidence=text, done_on=DAY, today=DAY)


def test_a_plan_holds_measures_of_the_list_ahead_in_time() -> None:
    with pytest.raises(Refused, match="of these kinds"):
        measure(plan(), "pray")
    with pytest.raises(Refused, match="planned ahead"):
        measure(plan(), due_on=DAY - timedelta(days=1))


def test_a_review_sets_the_next_day_ahead() -> None:
    opened = plan()
    with acting_on(DAY):
        opened.review(review_on=NEXT_MONTH, today=DAY)
        with pytest.raises(Refused, match="lies ahead"):
            opened.review(review_on=DAY, today=DAY)
    assert replayed(opened).review_on == NEXT_MONTH


def test_after_its_end_a_plan_takes_nothing_new_and_still_hears_what_was_done_before() -> None:
    opened = plan()
    done, undone = measure(opened), measure(opened, "home_visit")
    with acting_on(NEXT_MONTH):
        opened.end(resolution="kept", ended_on=DAY)
        with pytest.raises(Refused, match="ended with its case"):
            opened.plan_measure(measure="medical", owner=SCHOOL, due_on=NEXT_MONTH, note="", today=NEXT_MONTH)
        with pytest.raises(Refused, match="ended with its case"):
            opened.review(review_on=NEXT_MONTH + timedelta(days=1), today=NEXT_MONTH)
        with pytest.raises(Refused, match="done by then"):
            opened.carry_out(measure_id=undone, evidence=EVIDENCE, done_on=NEXT_MONTH, today=NEXT_MONTH)
        opened.carry_out(measure_id=done, evidence=EVIDENCE, done_on=DAY, today=NEXT_MONTH)
    assert opened.due_review() is None
    assert opened.due_measure(undone) is None
    assert replayed(opened).measures[done].done_on == DAY


def test_a_household_has_one_plan_over_its_children_each_once() -> None:
    brother = uuid5(CHILD, "brother")
    with acting_on(DAY):
        opened = HouseholdPlan.open(known=None, household_id=HOUSEHOLD, children=(CHILD, CHILD), today=DAY)
        opened.include(child_id=brother)
        opened.include(child_id=brother)
        with pytest.raises(Refused, match="plan already"):
            HouseholdPlan.open(known=opened, household_id=HOUSEHOLD, children=(CHILD,), today=DAY)
    assert opened.children == [CHILD, brother]


def test_a_household_plan_names_a_child() -> None:
    with pytest.raises(Refused, match="at least one child"), acting_on(DAY):
        HouseholdPlan.open(known=None, household_id=HOUSEHOLD, children=(), today=DAY)


def support(known: LearningSupport | None = None, *, needs: tuple[str, ...] = ("method",)) -> LearningSupport:
    with acting_on(DAY):
        return LearningSupport.begin(
            known=known, child_id=CHILD, needs=needs, helper=SCHOOL, review_on=NEXT_MONTH, today=DAY
        )


def test_a_supported_pupil_is_not_supported_twice_at_once() -> None:
    with pytest.raises(Refused, match="supported already"):
        support(support())


def test_support_that_ended_can_begin_again_and_not_be_reviewed() -> None:
    begun = support()
    with acting_on(DAY):
        begun.review(outcome="improved", review_on=NEXT_MONTH, today=DAY)
        begun.end(today=DAY)
        with pytest.raises(Refused, match="has ended"):
            begun.review(outcome="improved", review_on=NEXT_MONTH, today=DAY)
    assert support(begun).going_on


@pytest.mark.parametrize("needs", [(), ("lazy",)])
def test_support_names_needs_of_the_notice(needs: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"N5\.1"):
        support(needs=needs)


def teaching() -> HomeTeaching:
    with acting_on(DAY):
        return HomeTeaching.begin(child_id=CHILD, school_year="2026-2027")


def visit(of: HomeTeaching, name: str, *, hours: int = 3, given_on: date = DAY) -> None:
    with acting_on(DAY):
        of.give(visit_id=uuid5(CHILD, name), hours=hours, evidence=EVIDENCE, given_on=given_on, today=DAY)


@given(visits=st.lists(st.tuples(st.integers(0, 6), st.integers(1, 8)), max_size=30))
def test_every_visit_is_counted_once_however_often_it_is_reported(visits: list[tuple[int, int]]) -> None:
    year = teaching()
    counted: dict[int, int] = {}
    for number, hours in visits:
        visit(year, str(number), hours=hours)
        counted.setdefault(number, hours)
    assert year.hours_so_far == sum(counted.values())
    assert year.hours_missing == HOURS_DUE - year.hours_so_far


@pytest.mark.parametrize("hours", [0, -3, 9])
def test_a_visit_has_as_many_hours_as_a_school_day_can(hours: int) -> None:
    with pytest.raises(Refused, match="class-hours"):
        visit(teaching(), "one", hours=hours)


def test_a_visit_counts_in_its_own_school_year_and_not_before_it_is_made() -> None:
    with pytest.raises(Refused, match="not in the school year"):
        visit(teaching(), "one", given_on=date(2026, 8, 31))
    with pytest.raises(Refused, match="lies ahead"):
        visit(teaching(), "one", given_on=DAY + timedelta(days=1))
