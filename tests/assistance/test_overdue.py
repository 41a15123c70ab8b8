"""What plans promised and nobody did by its day: told to the owner once, then to the level above, then to nobody."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest

from services.assistance.domain.overdue import Overdue, level_above
from services.assistance.lookup import DuePlans
from services.assistance.payments import Payments
from services.assistance.policy import tick
from tests.assistance.given import CASE, CHILD, DAY, EVIDENCE, AssistanceInMemory, acting_on

DUE = DAY + timedelta(days=10)
SCHOOL = "school:3141000300"
TOWNSHIP = "410326103"
HOUSEHOLD = uuid5(CASE, "household")

Told = Overdue.Noted | Overdue.Climbed


class Office:
    """Assistance in memory, and the days that pass."""

    def __init__(self) -> None:
        self.app = AssistanceInMemory()
        self._due, self._fed = DuePlans(), 0
        with acting_on(DAY):
            self.app.learn_residence(child_id=CHILD, township=TOWNSHIP)

    def days_pass(self, *, since: date, until: date) -> None:
        """Lets the clock run on every day."""
        for number in range((until - since).days + 1):
            day = since + timedelta(days=number)
            for event in self.app.stored[self._fed :]:
                self._due.apply(event)
            self._fed = len(self.app.stored)
            with acting_on(day):
                tick(self.app, Payments(assistance=self.app), day, due_plans=self._due)

    @property
    def late(self) -> list[Told]:
        return [event for event in self.app.stored if isinstance(event, Told)]


@pytest.fixture
def office() -> Office:
    return Office()


def measure(office: Office) -> tuple[UUID, UUID]:
    with acting_on(DAY):
        plan = office.app.open_student_plan(child_id=CHILD, case_id=CASE).id
        about = office.app.plan_measure(plan_id=plan, measure="tutoring", owner=SCHOOL, due_on=DUE).id
        office.app.review_student_plan(plan_id=plan, review_on=DAY + timedelta(days=300))
    return plan, about


def student_review(office: Office) -> tuple[UUID, UUID]:
    with acting_on(DAY):
        plan = office.app.open_student_plan(child_id=CHILD, case_id=CASE).id
        office.app.review_student_plan(plan_id=plan, review_on=DUE)
    return plan, plan


def household_review(office: Office) -> tuple[UUID, UUID]:
    with acting_on(DAY):
        plan = office.app.open_household_plan(household_id=HOUSEHOLD, children=(uuid5(CHILD, "brother"), CHILD)).id
        office.app.review_household_plan(plan_id=plan, review_on=DUE)
    return plan, plan


def support_review(office: Office) -> tuple[UUID, UUID]:
    with acting_on(DAY):
        support = office.app.begin_learning_support(child_id=CHILD, needs=("mind",), helper=SCHOOL, review_on=DUE).id
    return support, support


@pytest.mark.parametrize(
    ("owe", "matter", "owed_by", "above"),
    [
        (measure, "measure", SCHOOL, "township"),
        (student_review, "plan_review", "township", "education_bureau"),
        (household_review, "household_review", "township", "education_bureau"),
        (support_review, "support_review", SCHOOL, "township"),
    ],
)
def test_what_is_late_is_told_to_its_owner_the_day_after_and_five_working_days_later_to_the_level_above(
    office: Office, owe: Callable[[Office], tuple[UUID, UUID]], matter: str, owed_by: str, above: str
) -> None:
    _, about = owe(office)
    office.days_pass(since=DAY, until=DUE)
    assert office.late == []

    office.days_pass(since=DUE + timedelta(days=1), until=DUE + timedelta(days=60))

    noted, climbed = office.late
    assert isinstance(noted, Overdue.Noted)
    assert isinstance(climbed, Overdue.Climbed)
    assert (noted.matter, noted.about, noted.owed_by, noted.due_on) == (matter, about, owed_by, DUE)
    assert noted.noted_on == DUE + timedelta(days=1)
    assert (climbed.up_to, climbed.climbed_on) == (above, noted.climbs_after + timedelta(days=1))
    assert {event.township for event in office.late} == {TOWNSHIP}


def test_what_was_done_in_time_is_told_to_nobody(office: Office) -> None:
    plan, about = measure(office)
    with acting_on(DUE):
        office.app.carry_out_measure(plan_id=plan, measure_id=about, evidence=EVIDENCE, done_on=DUE)
    office.days_pass(since=DAY, until=DUE + timedelta(days=60))

    assert office.late == []


def test_what_was_done_late_does_not_climb(office: Office) -> None:
    plan, about = measure(office)
    office.days_pass(since=DAY, until=DUE + timedelta(days=2))
    with acting_on(DUE + timedelta(days=2)):
        office.app.carry_out_measure(plan_id=plan, measure_id=about, evidence=EVIDENCE, done_on=DUE + timedelta(days=2))
    office.days_pass(since=DUE + timedelta(days=3), until=DUE + timedelta(days=60))

    assert [type(event) for event in office.late] == [Overdue.Noted]


def test_a_review_that_is_late_again_is_told_again(office: Office) -> None:
    plan, _ = student_review(office)
    office.days_pass(since=DAY, until=DUE + timedelta(days=2))
    with acting_on(DUE + timedelta(days=2)):
        office.app.review_student_plan(plan_id=plan, review_on=DUE + timedelta(days=30))
    office.days_pass(since=DUE + timedelta(days=3), until=DUE + timedelta(days=31))

    assert [event.due_on for event in office.late] == [DUE, DUE + timedelta(days=30)]


def test_support_that_has_ended_is_owed_no_review(office: Office) -> None:
    support, _ = support_review(office)
    with acting_on(DAY):
        office.app.end_learning_support(support_id=support)
    office.days_pass(since=DAY, until=DUE + timedelta(days=60))

    assert office.late == []


@pytest.mark.parametrize("owe", [measure, student_review])
def test_of_a_plan_that_ended_with_its_case_nothing_is_owed(
    office: Office, owe: Callable[[Office], tuple[UUID, UUID]]
) -> None:
    owe(office)
    with acting_on(DAY):
        office.app.end_student_plan(child_id=CHILD, case_id=CASE, resolution="kept", ended_on=DAY)
    office.days_pass(since=DAY, until=DUE + timedelta(days=60))

    assert office.late == []


def test_what_was_noted_before_its_plan_ended_does_not_climb(office: Office) -> None:
    measure(office)
    office.days_pass(since=DAY, until=DUE + timedelta(days=2))
    with acting_on(DUE + timedelta(days=2)):
        office.app.end_student_plan(
            child_id=CHILD, case_id=CASE, resolution="cleared", ended_on=DUE + timedelta(days=2)
        )
    office.days_pass(since=DUE + timedelta(days=3), until=DUE + timedelta(days=60))

    assert [type(event) for event in office.late] == [Overdue.Noted]


def test_after_an_outage_of_a_month_each_is_told_once_and_none_twice(office: Office) -> None:
    measure(office)
    support_review(office)
    office.days_pass(since=DUE + timedelta(days=30), until=DUE + timedelta(days=30))
    office.days_pass(since=DUE + timedelta(days=30), until=DUE + timedelta(days=30))

    assert sorted(event.matter for event in office.late) == ["measure", "support_review"]


@pytest.mark.parametrize(
    ("owed_by", "above"),
    [
        ("school:3141000300", "township"),
        ("village:410326103201", "township"),
        ("township:410326103", "education_bureau"),
        ("civil_affairs:410326", "education_bureau"),
        ("education_bureau:410326", "county_government"),
    ],
)
def test_the_level_above(owed_by: str, above: str) -> None:
    assert level_above(owed_by) == above
