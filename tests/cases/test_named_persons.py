"""No child without named persons: whoever is looked for and left to nobody is found by the clock (N7.2, N7.3)."""

from services.cases.domain.case import Case
from services.cases.domain.catalogue import ROLES
from services.cases.domain.post import roles_needed
from services.cases.responsibility import Responsibility
from tests.cases.given import CHILD, MONDAY, PUPIL, acting_on, days
from tests.cases.in_memory import MemoryCases

AREAS = {"village": PUPIL.village, "township": PUPIL.township, "school": PUPIL.school}


def looked_for() -> MemoryCases:
    """Cases with one pupil who is looked for."""
    cases = MemoryCases()
    with acting_on(MONDAY):
        cases.open_case(
            child_id=CHILD,
            cause="absent",
            township=PUPIL.township,
            village=PUPIL.village,
            school=PUPIL.school,
            stage=PUPIL.stage,
        )
    return cases


def everybody_named(cases: MemoryCases) -> None:
    """Fills every post of the pupil's places and names who answers for it alone."""
    responsibility = Responsibility(cases=cases)
    with acting_on(MONDAY):
        for role in roles_needed(pupil=True):
            if unit := ROLES[role].unit:
                responsibility.fill_post(
                    unit=f"{unit}:{AREAS[unit]}", role=role, officer="a", from_on=MONDAY, township=PUPIL.township
                )
            else:
                responsibility.assign_responsibility(child_id=CHILD, role=role, officer="a", from_on=MONDAY)


def ticked(cases: MemoryCases, *, day: int) -> list[Case.FoundUnnamed]:
    """What the clock has noted by a day after the Monday; it ticks twice."""
    for _ in range(2):
        cases.pass_day(MONDAY + days(day))
    return cases.told(Case.FoundUnnamed)


def test_a_child_left_to_nobody_is_noted_once_when_the_days_to_name_somebody_are_over() -> None:
    cases = looked_for()

    assert ticked(cases, day=3) == []
    assert [event.roles for event in ticked(cases, day=4)] == [tuple(sorted(roles_needed(pupil=True)))]


def test_posts_of_the_place_and_persons_of_the_child_together_are_enough() -> None:
    cases = looked_for()
    everybody_named(cases)

    assert ticked(cases, day=30) == []


def test_when_the_missing_persons_are_named_that_is_noted_too() -> None:
    cases = looked_for()
    assert len(ticked(cases, day=4)) == 1
    everybody_named(cases)

    assert [event.roles for event in ticked(cases, day=5)][1:] == [()]


def test_a_child_that_moves_to_where_nobody_answers_is_noted() -> None:
    cases = looked_for()
    everybody_named(cases)
    with acting_on(MONDAY + days(2)):
        case = cases.find_latest_case(CHILD)
        assert case is not None
        cases.move_case(case_id=case.id, village="410326103999")

    assert [event.roles for event in ticked(cases, day=30)] == [
        ("township_cadre", "village_cadre", "village_resident_worker")
    ]


def test_a_child_no_longer_looked_for_is_not_noted() -> None:
    cases = looked_for()
    with acting_on(MONDAY):
        case = cases.find_latest_case(CHILD)
        assert case is not None
        cases.request_clearance(case_id=case.id, resolution="R8", evidence_kind="exit_record", evidence="paper 7")
    with acting_on(MONDAY, actor="officer-2"):
        cases.approve_clearance(case_id=case.id)

    assert ticked(cases, day=30) == []
