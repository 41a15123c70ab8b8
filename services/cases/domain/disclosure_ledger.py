"""The ledger of what was made public 公开台账 (N9.2): numbered from 1 without a gap, each entry holding the hash of the one before.

Whoever releases writes into it in the same transaction, so two who release at once collide, and the slower sees first what the
other let out. Nothing is ever taken out: what was public once is known.
"""

import hashlib
from typing import Final, Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event

_LEDGERS: Final = UUID("3f0c7b1a-94f5-5d0e-8d0a-6c2e51b7a9d4")


class DisclosureLedger(RecordedAggregate):
    """The ledger of one office."""

    TOPIC = "cases.DisclosureLedger"

    class Opened(RecordedAggregate.Event, Created):
        """It was begun with the first release."""

        TOPIC = "cases.DisclosureLedger.Opened"
        unit: str

    class Entered(RecordedAggregate.Event):
        """A release was entered 登记; `chained` is the hash over the entry before and this one's own."""

        TOPIC = "cases.DisclosureLedger.Entered"
        number: int
        disclosure_id: UUID
        sha256: str
        chained: str

    @staticmethod
    def id_of(unit: str) -> UUID:
        """The id of an office's ledger: there is one."""
        return uuid5(_LEDGERS, unit)

    # Decisions

    @classmethod
    def open(cls, unit: str) -> Self:
        """Begins a ledger."""
        return cls._create(cls.Opened, id=cls.id_of(unit), unit=unit)

    def enter(self, *, disclosure_id: UUID, sha256: str) -> int:
        """Enters a release and gives its number."""
        self.trigger_event(
            self.Entered,
            number=len(self.entries) + 1,
            disclosure_id=disclosure_id,
            sha256=sha256,
            chained=hashlib.sha256(f"{self.chained}{sha256}".encode()).hexdigest(),
        )
        return len(self.entries)

    # Evolution

    @event(Opened)
    def __init__(self) -> None:
        self.entries: list[UUID] = []
        self.chained = ""

    @event(Entered)
    def _entered(self, disclosure_id: UUID, chained: str) -> None:
        self.entries.append(disclosure_id)
        self.chained = chained
