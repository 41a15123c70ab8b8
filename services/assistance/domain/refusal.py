"""A payment the bank refused 银行退票 (N6.2): a task with an owner and a day, for a child that is owed money and has none.

It ends by itself when the award goes to the bank again, is paid, or is owed no longer; or by the owner's answer. Past its day it
is told like whatever else assistance lets pass (`Overdue`).
"""

from datetime import date
from typing import Final, Literal, Self
from uuid import UUID, uuid5

from services.assistance.domain.overdue import Due
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.chassis.working_days import add_working_days

WORKING_DAYS: Final = 10
"""How long the school has to set the account right (county default)."""

ANSWERS: Final = {
    "account_corrected": "账户已更正",
    "card_renewed": "社保卡已补办",
    "family_refuses": "家庭放弃",
}
"""What an owner may answer 办理答复."""
Ending = Literal["answered", "listed_again", "paid", "owed_no_longer"]


class Refusal(RecordedAggregate):
    """One payment that was refused."""

    TOPIC = "assistance.Refusal"

    class Raised(RecordedAggregate.Event, Created):
        """The bank refused a payment 退票."""

        TOPIC = "assistance.Refusal.Raised"
        award_id: UUID
        child_id: UUID
        list_id: UUID
        owner: str
        township: str
        reason: str
        raised_on: date
        due_on: date

    class Closed(RecordedAggregate.Event):
        """Nothing more is owed on it 销号."""

        TOPIC = "assistance.Refusal.Closed"
        award_id: UUID
        child_id: UUID
        ending: Ending
        answer: str
        closed_on: date

    @staticmethod
    def id_of(*, award_id: UUID, list_id: UUID) -> UUID:
        """The id of a refusal: a list's line is refused once."""
        return uuid5(award_id, f"refusal/{list_id}")

    # Decisions

    @classmethod
    def note(
        cls, *, award_id: UUID, child_id: UUID, list_id: UUID, school: str, township: str, reason: str, today: date
    ) -> Self:
        """Notes it as a task; the school of the list owes it."""
        return cls._create(
            cls.Raised,
            id=cls.id_of(award_id=award_id, list_id=list_id),
            award_id=award_id,
            child_id=child_id,
            list_id=list_id,
            owner=f"school:{school}",
            township=township,
            reason=reason,
            raised_on=today,
            due_on=add_working_days(today, WORKING_DAYS),
        )

    def answer(self, answer: str, *, today: date) -> None:
        """Takes the owner's answer, one of `ANSWERS`."""
        if answer not in ANSWERS:
            raise Refused(f"A refused payment is answered with one of these: {', '.join(ANSWERS)}.")
        if not self.is_open:
            raise Refused("This refused payment needs no answer any more.")
        self._close("answered", answer=answer, today=today)

    def close(self, ending: Ending, *, today: date) -> None:
        """Ends it by itself; nothing happens where it ended."""
        if self.is_open:
            self._close(ending, answer="", today=today)

    def due(self) -> Due | None:
        """What is owed still."""
        if not self.is_open:
            return None
        return Due(
            matter="payment_refused",
            about=self.id,
            owed_by=self.owner,
            due_on=self.due_on,
            township=self.township,
            child_id=self.child_id,
        )

    def _close(self, ending: Ending, *, answer: str, today: date) -> None:
        self.trigger_event(
            self.Closed, award_id=self.award_id, child_id=self.child_id, ending=ending, answer=answer, closed_on=today
        )

    # Evolution

    @event(Raised)
    def __init__(self, award_id: UUID, child_id: UUID, owner: str, township: str, due_on: date) -> None:
        self.award_id, self.child_id = award_id, child_id
        self.owner, self.township, self.due_on = owner, township, due_on
        self.is_open = True

    @event(Closed)
    def _closed(self) -> None:
        self.is_open = False
