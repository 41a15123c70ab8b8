"""A unit called to order 约谈、通报 (N8.1) and answering, and units held to account 责任追究 (N8.2)."""

from datetime import date
from typing import Final, Literal, Self, get_args
from uuid import UUID

from services.cases.domain import catalogue
from services.cases.domain.late_reply import Awaited
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused

Kind = Literal["interview", "circular"]
KINDS: Final = get_args(Kind)


class Admonition(RecordedAggregate):
    """One interview or circular, to one unit."""

    TOPIC = "cases.Admonition"

    class Issued(RecordedAggregate.Event, Created):
        """The unit was summoned, or named 约谈/通报."""

        TOPIC = "cases.Admonition.Issued"
        kind: Kind
        unit: str
        township: str
        number: str
        ground: str
        reply_by: date
        issued_on: date

    class Answered(RecordedAggregate.Event):
        """The unit says what it will do 整改承诺."""

        TOPIC = "cases.Admonition.Answered"
        unit: str
        township: str
        answer: str
        late: bool
        answered_on: date

    # Decisions

    @classmethod
    def issue(
        cls,
        *,
        admonition_id: UUID,
        kind: str,
        unit: str,
        township: str,
        number: str,
        ground: str,
        reply_by: date,
        today: date,
    ) -> Self:
        """Calls a unit to order on a ground, to be answered by a day."""
        if kind not in KINDS:
            raise Refused(f"issue_admonition: a unit is called to order by {' or '.join(KINDS)} (N8.1).")
        if reply_by <= today:
            raise Refused("issue_admonition: leave the unit at least a day to answer.")
        return cls._create(
            cls.Issued,
            id=admonition_id,
            kind=kind,
            unit=unit,
            township=township,
            number=catalogue.in_the_clear(number, what="the paper's number"),
            ground=catalogue.in_the_clear(ground, what="the ground"),
            reply_by=reply_by,
            issued_on=today,
        )

    def answer(self, *, answer: str, unit: str, today: date) -> None:
        """The unit itself answers, once."""
        if unit != self.unit:
            raise Forbidden("Only the unit that was called to order answers for itself (N8.1).")
        if self.answered_on is not None:
            raise Refused(f"answer_admonition: it was answered on {self.answered_on}.")
        self.trigger_event(
            self.Answered,
            unit=self.unit,
            township=self.township,
            answer=catalogue.in_the_clear(answer, what="the answer"),
            late=today > self.reply_by,
            answered_on=today,
        )

    def awaited(self) -> Awaited | None:
        """The unit's answer, until it is there."""
        if self.answered_on is not None:
            return None
        return Awaited(
            matter="admonition", about=self.id, owed_by=self.unit, due_on=self.reply_by, township=self.township
        )

    # Evolution

    @event(Issued)
    def __init__(self, unit: str, township: str, reply_by: date) -> None:
        self.unit = unit
        self.township = township
        self.reply_by = reply_by
        self.answered_on: date | None = None

    @event(Answered)
    def _answered(self, answered_on: date) -> None:
        self.answered_on = answered_on


class Accountability(RecordedAggregate):
    """One decision that holds a unit to account; a person's own sanction is kept by the personnel office, not here."""

    TOPIC = "cases.Accountability"

    class Decided(RecordedAggregate.Event, Created):
        """It was decided 追责决定."""

        TOPIC = "cases.Accountability.Decided"
        unit: str
        township: str
        ground: str
        measure: str
        number: str
        decided_on: date

    # Decisions

    @classmethod
    def decide(
        cls,
        *,
        decision_id: UUID,
        unit: str,
        township: str,
        ground: str,
        measure: str,
        number: str,
        by: str,
        today: date,
    ) -> Self:
        """Holds a unit to account with a measure of the list; nobody decides on itself."""
        catalogue.known(measure, words=catalogue.MEASURES, what="measure of accountability")
        if unit == by:
            raise Forbidden("A unit does not decide on itself; the level above does (N8.2).")
        return cls._create(
            cls.Decided,
            id=decision_id,
            unit=unit,
            township=township,
            ground=catalogue.in_the_clear(ground, what="the ground"),
            measure=measure,
            number=catalogue.in_the_clear(number, what="the paper's number"),
            decided_on=today,
        )

    # Evolution

    @event(Decided)
    def __init__(self, unit: str, measure: str) -> None:
        self.unit = unit
        self.measure = measure
