"""The panel's decision on a disabled child: one of three forms, with a school, until it ends."""

from typing import get_args, get_type_hints

import pytest

from services.chassis.aggregate import NobodyActing
from services.chassis.errors import Refused
from services.chassis.working_days import add_working_days
from services.contracts.roster import PlacementDecided
from services.roster.domain.placement import FORMS, Placement, first_visit_by
from tests.roster.given import CHILD, MONDAY, SCHOOL, acting_on, days, happened, replayed, state_of


def decided(*, form: str = "home_teaching", school: str = SCHOOL) -> Placement:
    with acting_on():
        return Placement.decide(placement_id=CHILD, child_id=CHILD, form=form, school=school, today=MONDAY)


@pytest.mark.parametrize("form", FORMS)
def test_a_child_is_placed_in_each_of_the_three_forms(form: str) -> None:
    placement = decided(form=form)

    assert (placement.child_id, placement.form, placement.ended_on) == (CHILD, form, None)


@pytest.mark.parametrize("form", ["", "none", "Regular_class"])
def test_there_is_no_fourth_form(form: str) -> None:
    with pytest.raises(Refused, match="regular_class, special_school, home_teaching"):
        decided(form=form)


@pytest.mark.parametrize("form", FORMS)
def test_a_placement_names_the_school_that_keeps_the_child_on_its_books(form: str) -> None:
    with pytest.raises(Refused, match=r"names the school.*N1\.7"):
        decided(form=form, school="")


def test_a_placement_is_decided_by_somebody() -> None:
    with pytest.raises(NobodyActing):
        Placement.decide(placement_id=CHILD, child_id=CHILD, form=FORMS[0], school=SCHOOL, today=MONDAY)


def test_a_placement_ends_once() -> None:
    placement = decided()
    later = MONDAY + days(30)
    with acting_on(later):
        placement.end(reason="转入特教学校", today=later)
        with pytest.raises(Refused, match="ended already"):
            placement.end(reason="转入特教学校", today=later)

    assert placement.ended_on == later
    assert happened(placement) == ["Ended"]
    assert state_of(replayed(placement)) == state_of(placement)


def test_a_child_placed_at_home_is_owed_a_visit_within_five_working_days_and_no_other_child() -> None:
    by = {form: first_visit_by(form=form, decided_on=MONDAY) for form in FORMS}
    assert by == {"regular_class": None, "special_school": None, "home_teaching": add_working_days(MONDAY, 5)}


def test_teaching_at_home_begins_once_and_with_no_visit_before_its_decision() -> None:
    placement = decided()
    with acting_on(MONDAY + days(9)):
        placement.begin_teaching(taught_on=MONDAY - days(1))
        assert placement.begun_on is None
        placement.begin_teaching(taught_on=MONDAY)
        placement.begin_teaching(taught_on=MONDAY + days(3))

    assert placement.begun_on == MONDAY
    assert happened(placement) == ["TeachingBegun"]


def test_nobody_begins_to_teach_at_home_who_is_placed_elsewhere_or_no_longer() -> None:
    ended, in_class = decided(), decided(form="regular_class")
    with acting_on(MONDAY + days(9)):
        ended.end(reason="转入特教学校", today=MONDAY + days(9))
        for placement in (ended, in_class):
            placement.begin_teaching(taught_on=MONDAY + days(9))
            assert placement.begun_on is None


def test_a_decision_of_before_owes_its_first_visit_by_the_same_rule() -> None:
    state = {"form": "home_teaching", "decided_on": MONDAY.isoformat()}
    Placement.Decided.upcast_v1_v2(state)
    assert state["first_visit_by"] == add_working_days(MONDAY, 5).isoformat()


def test_the_forms_are_those_of_the_contract() -> None:
    assert set(FORMS) == set(get_args(get_type_hints(PlacementDecided)["form"]))
