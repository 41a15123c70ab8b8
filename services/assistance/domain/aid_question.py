"""What does not agree about a child's aid, put to whoever can set it right 资助疑点查询 (N6.2): asked by a day, answered with a word.

Whether it still does not agree is seen by looking; the answer says what became of it. Answered and standing still, it may be asked again.
"""

from datetime import date
from typing import Final, Literal, Self
from uuid import UUID, uuid5

from services.assistance.domain.references import owner as unit
from services.assistance.domain.school_year import Term
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

Kind = Literal[
    "eligible_not_granted",
    "recognition_lapsing",
    "eligible_not_paid",
    "paid_not_eligible",
    "left_but_paid",
    "paid_twice",
    "paid_together",
]
"""What does not agree 疑点种类."""

ANSWERS: Final = {
    "set_right": "已纠正",
    "being_set_right": "正在纠正",
    "as_it_should_be": "情况属实,无须纠正",
    "family_refuses": "家庭放弃",
}
"""What may be answered 答复."""


class AidQuestion(RecordedAggregate):
    """One question about one child's aid in a term."""

    TOPIC = "assistance.AidQuestion"

    class Asked(RecordedAggregate.Event, Created):
        """The office asked 发出查询."""

        TOPIC = "assistance.AidQuestion.Asked"
        child_id: UUID
        kind: Kind
        programme: str
        term: str
        award_id: UUID | None
        owner: str
        township: str
        asked_on: date
        due_on: date

    class AskedAgain(RecordedAggregate.Event):
        """It was answered, stands still, and was asked once more 再次查询."""

        TOPIC = "assistance.AidQuestion.AskedAgain"
        child_id: UUID
        kind: Kind
        programme: str
        term: str
        award_id: UUID | None
        owner: str
        township: str
        asked_on: date
        due_on: date

    class Answered(RecordedAggregate.Event):
        """Whoever was asked answered 答复."""

        TOPIC = "assistance.AidQuestion.Answered"
        child_id: UUID
        answer: str
        answered_on: date

    @staticmethod
    def id_of(*, child_id: UUID, kind: str, programme: str, term: str) -> UUID:
        """The id of a question: there is one of a kind about a child, programme and term."""
        return uuid5(child_id, f"aid-question/{kind}/{programme}/{term}")

    # Decisions

    @classmethod
    def ask(
        cls,
        *,
        known: Self | None,
        child_id: UUID,
        kind: Kind,
        programme: str,
        term: str,
        award_id: UUID | None,
        owner: str,
        township: str,
        due_on: date,
        today: date,
    ) -> Self:
        """Asks a unit by a day; refused while the same question waits for its answer."""
        if known is not None and known.waits:
            raise Refused(
                f"This was asked on {known.asked_on} and is not answered yet; it is owed by {known.due_on} (N6.2)."
            )
        if due_on <= today:
            raise Refused("A question is answered by a day that lies ahead.")
        facts = {
            "child_id": child_id,
            "kind": kind,
            "programme": programme,
            "term": Term.of(term).name,
            "award_id": award_id,
            "owner": unit(owner, what="who is asked"),
            "township": township,
            "asked_on": today,
            "due_on": due_on,
        }
        if known is None:
            question_id = cls.id_of(child_id=child_id, kind=kind, programme=programme, term=term)
            return cls._create(cls.Asked, id=question_id, **facts)
        known.trigger_event(cls.AskedAgain, **facts)
        return known

    def answer(self, answer: str, *, today: date) -> None:
        """Takes the answer, one of `ANSWERS`; refused where nothing was asked since the last one."""
        if answer not in ANSWERS:
            raise Refused(f"A question about aid is answered with one of these: {', '.join(ANSWERS)}.")
        if not self.waits:
            raise Refused("This question was answered already; it may be asked again where it still stands.")
        self.trigger_event(self.Answered, child_id=self.child_id, answer=answer, answered_on=today)

    # Evolution

    @event(Asked)
    def __init__(self, child_id: UUID, asked_on: date, due_on: date) -> None:
        self.child_id = child_id
        self._ask(asked_on, due_on)

    @event(AskedAgain)
    def _asked_again(self, asked_on: date, due_on: date) -> None:
        self._ask(asked_on, due_on)

    def _ask(self, asked_on: date, due_on: date) -> None:
        self.asked_on, self.due_on = asked_on, due_on
        self.waits = True

    @event(Answered)
    def _answered(self) -> None:
        self.waits = False
