"""Letters over the county's border: one to a place at a time, reminded of when late, answered in a word of the list."""

from datetime import date

import pytest

from services.cases.domain.case import id_of_case
from services.cases.domain.letter import AssistanceLetter
from services.chassis.errors import Refused
from tests.cases.given import CHILD, MONDAY, acting_on, days

CASE = id_of_case(CHILD, 1)


def sent(*, place: str = "440306", earlier: AssistanceLetter | None = None, on: date = MONDAY) -> AssistanceLetter:
    """A letter to a county of another province, reply in twenty days."""
    with acting_on(on):
        return AssistanceLetter.send(
            case_id=CASE,
            child_id=CHILD,
            earlier=earlier,
            place=place,
            number="2026-11",
            request="is the child at school with you",
            reply_by=on + days(20),
            today=on,
        )


def test_a_place_is_named_by_its_code() -> None:
    with pytest.raises(Refused, match="six-digit code"):
        sent(place="深圳市")


def test_one_letter_to_a_place_waits_at_a_time() -> None:
    letter = sent()
    with pytest.raises(Refused, match="remind_assistance_letter"):
        sent(earlier=letter)
    with acting_on(MONDAY):
        letter.answer(outcome="left", paper="2026-88", today=MONDAY)

    assert sent(earlier=letter).letter_number == 2


def test_a_reply_is_asked_for_again_once_its_day_is_over() -> None:
    letter = sent()
    with acting_on(MONDAY), pytest.raises(Refused, match="after that day"):
        letter.remind(reply_by=MONDAY + days(30), today=MONDAY)
    late = MONDAY + days(21)
    with acting_on(late):
        letter.remind(reply_by=late + days(10), today=late)

    assert (letter.reminders, letter.reply_by) == (1, late + days(10))


def test_an_answer_is_a_word_of_the_list_and_the_last_one() -> None:
    letter = sent()
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="outcome of a letter"):
            letter.answer(outcome="maybe", paper="1", today=MONDAY)
        letter.answer(outcome="at_school", paper="2026-88", today=MONDAY)
        with pytest.raises(Refused, match="send another"):
            letter.remind(reply_by=MONDAY + days(30), today=MONDAY)
