"""Posts: held by one account on every day since they were filled, by the deputy where one stands in."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.domain.assignment import Assignment
from services.cases.domain.deputy import LONGEST_DAYS, Deputy
from services.cases.domain.post import Post, roles_needed
from services.chassis.errors import Refused
from tests.cases.given import CHILD, MONDAY, acting_on, days

VILLAGE = "village:410326103201"


def filled(*, role: str = "village_cadre", unit: str = VILLAGE, officer: str = "cadre-1") -> Post:
    """A post just filled."""
    with acting_on(MONDAY):
        return Post.fill(unit=unit, role=role, officer=officer, from_on=MONDAY)


def deputy(officer: str = "deputy-1", *, start: int = 3, last: int = 9) -> Deputy:
    """Somebody who stands in from and until so many days after the Monday."""
    return Deputy(officer=officer, from_on=MONDAY + days(start), until_on=MONDAY + days(last))


def test_a_post_is_held_by_one_account_on_each_day_since_it_was_filled() -> None:
    post = filled()
    with acting_on(MONDAY):
        post.deputise(deputy=deputy())
        post.hand_over(successor="cadre-2", from_on=MONDAY + days(30))

    answers = {number: post.answers_on(MONDAY + days(number)) for number in (-1, 0, 2, 3, 9, 10, 29, 30)}
    assert answers == {
        -1: "",
        0: "cadre-1",
        2: "cadre-1",
        3: "deputy-1",
        9: "deputy-1",
        10: "cadre-1",
        29: "cadre-1",
        30: "cadre-2",
    }


@given(
    terms=st.lists(st.tuples(st.integers(1, 90), st.integers(0, 40), st.integers(0, 40)), max_size=6),
    day=st.integers(0, 600),
)
def test_whoever_comes_and_stands_in_no_day_is_without_somebody(terms: list[tuple[int, int, int]], day: int) -> None:
    post, since = filled(), MONDAY
    for number, (term, start, length) in enumerate(terms, start=2):
        since += days(term)
        with acting_on(MONDAY):
            post.hand_over(successor=f"cadre-{number}", from_on=since)
            post.deputise(
                deputy=Deputy(
                    officer=f"deputy-{number}", from_on=since + days(start), until_on=since + days(start + length)
                )
            )

    assert post.answers_on(MONDAY + days(day)) != ""
    assert post.answers_on(MONDAY - days(1)) == ""


def test_a_role_is_held_for_the_kind_of_place_it_is_meant_for() -> None:
    with pytest.raises(Refused, match="answers for a village"):
        filled(unit="township:410326103")
    with pytest.raises(Refused, match="answers for a village"):
        filled(unit="village:")
    with pytest.raises(Refused, match="answers for one child"):
        filled(role="helper")
    with pytest.raises(Refused, match="No role"):
        filled(role="uncle")
    with pytest.raises(Refused, match="official's account"):
        filled(officer="")
    with pytest.raises(Refused, match="which township the school lies in"):
        filled(unit="school:3141000300", role="principal")


def test_a_post_goes_to_somebody_else_later_and_never_to_nobody() -> None:
    post = filled()
    with acting_on(MONDAY):
        for successor in ("", "cadre-1"):
            with pytest.raises(Refused, match="never left empty"):
                post.hand_over(successor=successor, from_on=MONDAY + days(1))
        with pytest.raises(Refused, match="comes after that"):
            post.hand_over(successor="cadre-2", from_on=MONDAY)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (deputy("cadre-1"), "somebody else to stand in"),
        (deputy(""), "somebody else to stand in"),
        (deputy(start=-1), "first before last"),
        (deputy(start=5, last=4), "first before last"),
        (deputy(start=0, last=LONGEST_DAYS), "hand the responsibility over"),
        (deputy(start=9, last=12), "stands in from"),
    ],
)
def test_a_deputy_is_somebody_else_for_a_while_and_one_at_a_time(asked: Deputy, refusal: str) -> None:
    post = filled()
    with acting_on(MONDAY):
        post.deputise(deputy=deputy())
        with pytest.raises(Refused, match=refusal):
            post.deputise(deputy=asked)


def test_who_answers_for_one_child_has_deputies_too() -> None:
    with acting_on(MONDAY):
        helper = Assignment.assign(child_id=CHILD, earlier=None, role="helper", officer="helper-1", from_on=MONDAY)
        helper.deputise(deputy=deputy())
        helper.end(until_on=MONDAY + days(20), successor="helper-2", looked_for=True)
        with pytest.raises(Refused, match="it ended on"):
            helper.deputise(deputy=deputy(start=11, last=12))

    def on(number: int) -> str:
        day: date = MONDAY + days(number)
        return helper.answers_on(day)

    assert [on(-1), on(0), on(5), on(20), on(21)] == ["", "helper-1", "deputy-1", "helper-1", ""]


def test_the_four_of_a_child_and_of_the_education_line_are_needed() -> None:
    assert roles_needed(pupil=True) - roles_needed(pupil=False) == {"principal", "teacher"}
    assert {"township_cadre", "village_resident_worker", "village_cadre", "helper"} <= roles_needed(pupil=False)
