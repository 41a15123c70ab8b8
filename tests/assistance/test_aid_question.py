"""Questions about aid: asked once at a time, answered by a word, asked again where they stand still."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.assistance.domain.aid_question import ANSWERS, AidQuestion
from services.chassis.errors import Refused
from tests.assistance.given import CHILD, DAY, acting_on, replayed

DUE = DAY + timedelta(days=14)


def ask(known: AidQuestion | None = None, *, due_on: date = DUE, **more: Any) -> AidQuestion:
    asked: dict[str, Any] = {
        "child_id": CHILD,
        "kind": "eligible_not_paid",
        "programme": "living_allowance",
        "term": "2026-2027-1",
        "award_id": None,
        "owner": "school:3141000300",
        "township": "410326103",
    }
    with acting_on(DAY):
        return AidQuestion.ask(known=known, due_on=due_on, today=DAY, **{**asked, **more})


def answer(question: AidQuestion, word: str = "set_right") -> None:
    with acting_on(DAY):
        question.answer(word, today=DAY)


@pytest.mark.parametrize("word", ANSWERS)
def test_a_question_waits_for_one_of_the_answers(word: str) -> None:
    question = ask()
    assert question.waits
    answer(question, word)
    assert not question.waits
    assert replayed(question).waits is False


def test_it_is_not_asked_again_while_it_waits_and_may_be_once_it_was_answered() -> None:
    question = ask()
    with pytest.raises(Refused, match="not answered yet"):
        ask(question)
    answer(question)
    assert ask(question).waits


def test_what_is_no_answer_and_what_nobody_asked_is_refused() -> None:
    question = ask()
    with pytest.raises(Refused, match="one of these"):
        answer(question, "later")
    answer(question)
    with pytest.raises(Refused, match="answered already"):
        answer(question)


@pytest.mark.parametrize(
    ("amiss", "words"),
    [
        ({"due_on": DAY}, "lies ahead"),
        ({"owner": "the school"}, "who is asked"),
        ({"term": "2026"}, "A term is written"),
    ],
)
def test_a_question_names_a_unit_a_term_and_a_day_ahead(amiss: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        ask(**amiss)
