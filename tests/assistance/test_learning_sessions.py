"""Sessions with a supported pupil: each counted once, about a need it has, while its support goes on."""

from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assistance.domain.learning_support import SESSION_MINUTES, LearningSupport
from services.chassis.errors import Refused
from tests.assistance.given import CHILD, DAY, acting_on, replayed

FIRST = uuid5(CHILD, "first")
LATER = DAY + timedelta(days=10)
SOON = DAY + timedelta(days=60)


def begun(*, known: LearningSupport | None = None, on: date = DAY) -> LearningSupport:
    with acting_on(on):
        return LearningSupport.begin(
            known=known, child_id=CHILD, needs=("mind",), helper="school:3141000300", review_on=SOON, today=on
        )


def hold(
    support: LearningSupport,
    session_id: UUID = FIRST,
    *,
    need: str = "mind",
    minutes: int = 40,
    held_on: date = LATER,
) -> None:
    with acting_on(LATER):
        support.hold_session(
            session_id=session_id, need=need, minutes=minutes, progress="improved", held_on=held_on, today=LATER
        )


@given(st.lists(st.integers(0, 5), max_size=20))
def test_a_session_is_counted_once_however_often_it_is_told(told: list[int]) -> None:
    support = begun()
    for number in told:
        hold(support, uuid5(CHILD, f"session/{number}"))
    assert support.sessions_so_far == len(set(told))
    assert replayed(support).sessions_so_far == support.sessions_so_far


@pytest.mark.parametrize(
    ("amiss", "words"),
    [
        ({"need": "method"}, "one of these needs"),
        ({"minutes": SESSION_MINUTES[0] - 1}, "minutes"),
        ({"minutes": SESSION_MINUTES[1] + 1}, "minutes"),
        ({"held_on": DAY - timedelta(days=1)}, "when support began"),
        ({"held_on": LATER + timedelta(days=1)}, "when it was held"),
    ],
)
def test_what_is_no_session_of_this_support_is_refused(amiss: dict[str, object], words: str) -> None:
    with pytest.raises(Refused, match=words):
        hold(begun(), **amiss)  # type: ignore[arg-type]


def test_no_session_is_held_after_the_end_and_a_new_beginning_counts_anew() -> None:
    support = begun()
    hold(support)
    with acting_on(LATER):
        support.end(today=LATER)
    with pytest.raises(Refused, match="has ended"):
        hold(support, uuid5(CHILD, "second"))
    again = begun(known=support, on=LATER)
    hold(again)
    assert again.sessions_so_far == 0, "the first one was told before"
    hold(again, uuid5(CHILD, "second"))
    assert again.sessions_so_far == 1
