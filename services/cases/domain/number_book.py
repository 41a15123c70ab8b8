"""The numbers of an office's papers 文号: one book for each issuer, kind and year, counted from 1 without a gap.

A number is taken in the same transaction as its paper is issued, so none is given twice and none is lost; two who take
one at the same moment collide, and the slower asks again.
"""

from typing import Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event

_BOOKS = UUID("e5a1d0c4-9f0e-5b1a-8b57-2a0c4d6e8f10")


class NumberBook(RecordedAggregate):
    """One book."""

    TOPIC = "cases.NumberBook"

    class Opened(RecordedAggregate.Event, Created):
        """The book was begun with the year's first paper."""

        TOPIC = "cases.NumberBook.Opened"
        issuer: str
        kind: str
        year: int

    class Taken(RecordedAggregate.Event):
        """The next number was given to a paper 编号."""

        TOPIC = "cases.NumberBook.Taken"
        number: int
        document_id: UUID

    @staticmethod
    def id_of(*, issuer: str, kind: str, year: int) -> UUID:
        """The id of an issuer's book of a kind and year."""
        return uuid5(_BOOKS, f"{issuer}/{kind}/{year}")

    # Decisions

    @classmethod
    def open(cls, *, issuer: str, kind: str, year: int) -> Self:
        """Begins a book."""
        book_id = cls.id_of(issuer=issuer, kind=kind, year=year)
        return cls._create(cls.Opened, id=book_id, issuer=issuer, kind=kind, year=year)

    def take(self, *, document_id: UUID) -> str:
        """Gives a paper the next number, as it is written: 〔2026〕12号."""
        self.trigger_event(self.Taken, number=self.last + 1, document_id=document_id)
        return f"〔{self.year}〕{self.last}号"

    # Evolution

    @event(Opened)
    def __init__(self, year: int) -> None:
        self.year = year
        self.last = 0

    @event(Taken)
    def _taken(self, number: int) -> None:
        self.last = number
