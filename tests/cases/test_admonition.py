"""Units called to order and held to account: by the level above, answered by themselves."""

from uuid import UUID

import pytest

from services.cases.domain.admonition import Accountability, Admonition
from services.chassis.errors import Forbidden, Refused
from tests.cases.given import MONDAY, acting_on, days

ADMONITION = UUID("9b1d8a0e-3c4d-4e5f-8a9b-0c1d2e3f4a5b")
TOWNSHIP = "township:410326103"


def issued(*, kind: str = "interview", reply_in: int = 7) -> Admonition:
    """A township is summoned."""
    with acting_on(MONDAY):
        return Admonition.issue(
            admonition_id=ADMONITION,
            kind=kind,
            unit=TOWNSHIP,
            township="410326103",
            number="2026-3",
            ground="three steps ran out in a month",
            reply_by=MONDAY + days(reply_in),
            today=MONDAY,
        )


def test_only_the_unit_itself_answers_and_once() -> None:
    admonition = issued()
    with acting_on(MONDAY):
        with pytest.raises(Forbidden, match="answers for itself"):
            admonition.answer(answer="we will", unit="township:410326102", today=MONDAY)
        admonition.answer(answer="visits from now on", unit=TOWNSHIP, today=MONDAY)
        with pytest.raises(Refused, match="was answered on"):
            admonition.answer(answer="again", unit=TOWNSHIP, today=MONDAY)


def test_an_answer_after_its_day_is_late() -> None:
    admonition = issued(reply_in=7)
    with acting_on(MONDAY + days(8)):
        admonition.answer(answer="visits from now on", unit=TOWNSHIP, today=MONDAY + days(8))

    assert admonition.pending_events[-1].late  # type: ignore[attr-defined]  # the last event is the answer


@pytest.mark.parametrize(
    ("kind", "reply_in", "says"), [("shouting", 7, "interview or circular"), ("circular", 0, "at least a day")]
)
def test_a_summons_of_no_kind_or_without_a_day_is_refused(kind: str, reply_in: int, says: str) -> None:
    with pytest.raises(Refused, match=says):
        issued(kind=kind, reply_in=reply_in)


def test_a_unit_does_not_decide_on_itself() -> None:
    with acting_on(MONDAY), pytest.raises(Forbidden, match="the level above"):
        Accountability.decide(
            decision_id=ADMONITION,
            unit=TOWNSHIP,
            township="410326103",
            ground="inspection 7",
            measure="written_review",
            number="2026-9",
            by=TOWNSHIP,
            today=MONDAY,
        )
