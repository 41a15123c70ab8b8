"""Who answers for a child: one at a time in a role, handed over without a gap."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.domain.assignment import Assignment, id_of_assignment
from services.cases.domain.catalogue import ROLES
from services.chassis.errors import Refused
from tests.cases.given import CHILD, MONDAY, acting_on, days


def assigned(
    *, role: str = "village_cadre", officer: str = "cadre-1", earlier: Assignment | None = None, on: date = MONDAY
) -> Assignment:
    """An official who answers for the child."""
    with acting_on(on):
        return Assignment.assign(child_id=CHILD, earlier=earlier, role=role, officer=officer, from_on=on)


def test_the_four_of_one_child_and_the_four_of_the_education_line_are_known() -> None:
    lines = [role.line for role in ROLES.values()]
    assert (lines.count("四包一"), lines.count("双线三包")) == (4, 4)


def test_one_official_at_a_time_answers_in_a_role() -> None:
    with pytest.raises(Refused, match="end_responsibility with a successor"):
        assigned(officer="cadre-2", earlier=assigned(), on=MONDAY + days(1))


@given(terms=st.lists(st.integers(0, 400), min_size=1, max_size=8))
def test_a_hand_over_leaves_no_day_without_somebody_and_no_day_with_two(terms: list[int]) -> None:
    chain = [assigned()]
    for number, term in enumerate(terms, start=2):
        until_on = chain[-1].from_on + days(term)
        with acting_on(MONDAY):
            chain += chain[-1].end(until_on=until_on, successor=f"cadre-{number}", looked_for=True)

    assert [one.number for one in chain] == list(range(1, len(terms) + 2))
    for one, following in pairwise(chain):
        assert one.until_on is not None
        assert following.from_on == one.until_on + days(1)
        assert following.id == id_of_assignment(CHILD, role="village_cadre", number=following.number)


def test_a_responsibility_without_successor_ends_and_can_be_given_to_somebody_later() -> None:
    first = assigned()
    with acting_on(MONDAY + days(9)):
        assert first.end(until_on=MONDAY + days(9), successor="", looked_for=False) == ()

    with pytest.raises(Refused, match="until 2026-09-23"):
        assigned(officer="cadre-2", earlier=first, on=MONDAY + days(9))
    assert assigned(officer="cadre-2", earlier=first, on=MONDAY + days(10)).number == 2


def test_what_has_ended_doesnt_end_again_nor_before_it_began_nor_in_favour_of_the_same_person() -> None:
    assignment = assigned()
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="can't end before"):
            assignment.end(until_on=MONDAY - days(1), successor="", looked_for=False)
        with pytest.raises(Refused, match="somebody else"):
            assignment.end(until_on=MONDAY, successor="cadre-1", looked_for=True)
        assignment.end(until_on=MONDAY, successor="", looked_for=False)
        with pytest.raises(Refused, match="it ended on 2026-09-14"):
            assignment.end(until_on=MONDAY, successor="", looked_for=False)


def test_a_role_of_no_list_and_an_officer_of_no_name_are_refused() -> None:
    with pytest.raises(Refused, match="No role"):
        assigned(role="uncle")
    with pytest.raises(Refused, match="officer's account"):
        assigned(officer="")
