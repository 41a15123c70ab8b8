"""A list of what is to be paid 发放名册 (N6.2): one school's awards of a programme and term, made by one person, approved by another.

Approved, it is locked under a hash of what stands on it, and goes to the bank. What the bank answers for each line is the
award's matter: paid, or refused and owed again.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Self
from uuid import UUID, uuid5

from services.assistance.domain.award import Award
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

MOST_LINES: Final = 500
"""Lines of one list; a larger school has several."""


@dataclass(frozen=True, slots=True)
class Line:
    """One award on the list, in whole fen 分."""

    award_id: UUID
    child_id: UUID
    amount_fen: int


class PaymentList(RecordedAggregate):
    """One list."""

    TOPIC = "assistance.PaymentList"

    class Made(RecordedAggregate.Event, Created):
        """Somebody put together what is to be paid 编制名册."""

        TOPIC = "assistance.PaymentList.Made"
        programme: str
        term: str
        school: str
        township: str
        lines: tuple[Line, ...]
        made_by: str
        made_on: date

    class Approved(RecordedAggregate.Event):
        """Another person approved it, and it is locked 审批锁定."""

        TOPIC = "assistance.PaymentList.Approved"
        sha256: str
        approved_by: str
        approved_on: date

    class Withdrawn(RecordedAggregate.Event):
        """It is not paid; its awards may stand on another list 撤回名册."""

        TOPIC = "assistance.PaymentList.Withdrawn"
        withdrawn_on: date

    # Decisions

    @classmethod
    def make(cls, *, list_id: UUID, school: str, township: str, awards: Sequence[Award], by: str, today: date) -> Self:
        """Makes a list of awards that are owed, all of one programme and term."""
        if not 1 <= len(awards) <= MOST_LINES:
            raise Refused(f"A payment list has 1 to {MOST_LINES} lines; make several for a larger school (N6.2).")
        kinds = {(award.programme, award.term) for award in awards}
        if len(kinds) > 1 or len({award.id for award in awards}) < len(awards):
            raise Refused("A payment list holds awards of one programme and one term, each once (N6.2).")
        [(programme, term)] = kinds
        made = cls._create(
            cls.Made,
            id=list_id,
            programme=programme,
            term=term,
            school=school,
            township=township,
            lines=tuple(
                Line(award.id, award.child_id, award.owed_fen) for award in sorted(awards, key=lambda award: award.id)
            ),
            made_by=by,
            made_on=today,
        )
        for award in awards:
            award.put_on_list(list_id=list_id, payment_id=cls.payment_of(list_id, award_id=award.id), today=today)
        return made

    def approve(self, awards: Iterable[Award], *, by: str, today: date) -> None:
        """Approves and locks the list; refused to whoever made it, and where a line is owed no longer."""
        if self.withdrawn:
            raise Refused("This payment list was withdrawn; make another one.")
        if self.sha256:
            raise Refused("This payment list is approved already.")
        if by == self.made_by:
            raise Refused("A payment list is approved by another person than made it (N6.2).")
        lapsed = sum(award.owed_fen == 0 or award.on_list != self.id for award in awards)
        if lapsed:
            raise Refused(f"{lapsed} lines of this list are owed no longer; withdraw it and make it anew (N6.3).")
        self.trigger_event(self.Approved, sha256=self.fingerprint, approved_by=by, approved_on=today)

    def withdraw(self, awards: Iterable[Award], *, today: date) -> None:
        """Takes the list back; refused once the bank answered for one of its lines."""
        if self.withdrawn:
            raise Refused("This payment list was withdrawn already.")
        listed = list(awards)
        if any(award.on_list != self.id for award in listed):
            raise Refused("The bank has answered for lines of this list; it can't be withdrawn any more.")
        for award in listed:
            award.take_off_list(today=today)
        self.trigger_event(self.Withdrawn, withdrawn_on=today)

    def require_locked(self) -> None:
        """Refuses what the bank says of a list that never went there."""
        if self.withdrawn or not self.sha256:
            raise Refused("This payment list was not approved, so the bank has no order to pay it; approve it first.")

    @staticmethod
    def payment_of(list_id: UUID, *, award_id: UUID) -> UUID:
        """The id of the payment of a line: there is one, however often the bank reports it."""
        return uuid5(list_id, f"payment/{award_id}")

    @property
    def total_fen(self) -> int:
        """What all lines come to."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over programme, term, school and lines in the order of awards: whoever has the list can check it."""
        head = f"{self.programme} {self.term} {self.school}\n"
        lines = "".join(f"{line.award_id} {line.child_id} {line.amount_fen}\n" for line in self.lines)
        return hashlib.sha256((head + lines).encode()).hexdigest()

    # Evolution

    @event(Made)
    def __init__(
        self, programme: str, term: str, school: str, township: str, lines: tuple[Line, ...], made_by: str
    ) -> None:
        self.programme, self.term, self.school, self.township = programme, term, school, township
        self.lines = lines
        self.made_by = made_by
        self.sha256 = ""
        self.withdrawn = False

    @event(Approved)
    def _approved(self, sha256: str) -> None:
        self.sha256 = sha256

    @event(Withdrawn)
    def _withdrawn(self) -> None:
        self.withdrawn = True
