"""Home visits: kept as they were made, and the plan by which a child is visited again and again."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.cases.domain.visit import Visit, VisitPlan
from services.chassis.errors import Refused
from tests.cases.given import CHILD, MONDAY, acting_on, days

VISIT = UUID("6a1d3f44-52d1-4e0a-9a0e-8d9c0b1a2f33")


def made(**otherwise: Any) -> Visit:
    """A visit made on the Monday."""
    said: dict[str, Any] = {
        "method": "home_visit",
        "attitude": "wavering",
        "promise": "back after the harvest",
        "visitor": "teacher-1",
        "visited_on": MONDAY,
        "next_on": None,
        "attachments": (),
    }
    with acting_on(MONDAY):
        return Visit.make(visit_id=VISIT, child_id=CHILD, case_id=None, today=MONDAY, **said | otherwise)


def planned(*, every_days: int = 30) -> VisitPlan:
    """A plan begun on the Monday."""
    with acting_on(MONDAY):
        return VisitPlan.begin(
            child_id=CHILD,
            earlier=None,
            visitor="teacher-1",
            reason="left_behind",
            every_days=every_days,
            today=MONDAY,
        )


@pytest.mark.parametrize(
    ("otherwise", "says"),
    [
        ({"visited_on": MONDAY + days(1)}, "still to come"),
        ({"next_on": MONDAY}, "after this one"),
        ({"method": "letterbox"}, "way of visiting"),
        ({"attitude": "hungry"}, "attitude of the family"),
        ({"attachments": tuple(UUID(int=n) for n in range(21))}, "20 photos"),
    ],
)
def test_a_visit_that_can_t_have_been_made_so_is_refused_in_words(otherwise: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        made(**otherwise)


def test_a_visit_made_puts_the_next_one_so_many_days_after_it() -> None:
    plan = planned(every_days=30)
    with acting_on(MONDAY + days(20)):
        plan.visited(visited_on=MONDAY + days(20))

    assert plan.next_on == MONDAY + days(50)


def test_a_visit_told_late_never_brings_the_next_one_forward() -> None:
    plan = planned()
    with acting_on(MONDAY):
        plan.visited(visited_on=MONDAY - days(5))

    assert plan.next_on == MONDAY + days(30)


def missed(plan: VisitPlan) -> list[date]:
    """The days that were recorded as missed."""
    return [event.due_on for event in plan.pending_events if isinstance(event, VisitPlan.Missed)]


def test_a_day_that_passes_without_a_visit_is_recorded_once_and_the_visit_stays_owed() -> None:
    plan = planned(every_days=30)
    for day in (30, 31, 32):
        with acting_on(MONDAY + days(day)):
            plan.miss(today=MONDAY + days(day))

    assert missed(plan) == [MONDAY + days(30)]
    assert plan.next_on == MONDAY + days(30)


def test_a_child_has_one_plan_at_a_time() -> None:
    plan = planned()
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="by a plan already"):
            VisitPlan.begin(
                child_id=CHILD, earlier=plan, visitor="teacher-2", reason="poor", every_days=7, today=MONDAY
            )
        plan.end(reason="moved to boarding school", today=MONDAY)
        following = VisitPlan.begin(
            child_id=CHILD, earlier=plan, visitor="teacher-2", reason="poor", every_days=7, today=MONDAY
        )

    assert following.number == 2


def test_an_ended_plan_misses_nothing() -> None:
    plan = planned()
    with acting_on(MONDAY):
        plan.end(reason="not needed", today=MONDAY)
    with acting_on(MONDAY + days(90)):
        plan.miss(today=MONDAY + days(90))

    assert missed(plan) == []
