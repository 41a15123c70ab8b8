"""The base of every aggregate: an event says who, for what purpose, in what conversation, caused by what.

`acting(caused)` surrounds each command and each reaction of a policy. An aggregate that changes outside of it raises
`NobodyActing` and nothing is recorded: an act without an actor can't be written down by accident.

An aggregate is read in three parts, in this order: its events (past participles with a pinned `TOPIC`), its decisions
(public methods that check and call `trigger_event`), its evolution (private methods under `@event(X)` that only
assign, because they run again on every replay).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID, uuid4

from eventsourcing.domain import AggregateCreated as Created
from eventsourcing.domain import AggregateEvent, BaseAggregate, CanInitAggregate, CanMutateAggregate, event

from services.chassis.clock import china_date

__all__ = [
    "Caused",
    "Created",
    "NobodyActing",
    "Personal",
    "RecordedAggregate",
    "acting",
    "event",
    "now",
    "today",
    "who_acts",
]


class NobodyActing(LookupError):
    """An aggregate was asked to change outside of `acting(...)`: who does this, and for what purpose?"""


@dataclass(frozen=True, slots=True)
class Caused:
    """Who caused what follows, in the clear beside every event.

    `actor` is a person's or policy's identifier (never a name of a person), `department` the unit it acts for,
    `purpose` the ground it acts on, `at` the moment by the system's clock, `trace` a W3C traceparent or empty.
    """

    actor: str
    department: str
    purpose: str
    at: datetime
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None = None
    trace: str = ""

    @classmethod
    def begin(cls, *, actor: str, department: str, purpose: str, at: datetime) -> Self:
        """An act that nothing else caused: it begins a conversation of its own."""
        command_id = uuid4()
        return cls(actor, department, purpose, at, command_id=command_id, correlation_id=command_id)


_acting: ContextVar[Caused] = ContextVar("acting")


@contextmanager
def acting(caused: Caused) -> Iterator[Caused]:
    """Everything recorded within is caused by `caused`."""
    token = _acting.set(caused)
    try:
        yield caused
    finally:
        _acting.reset(token)


def who_acts() -> Caused:
    """Who is acting now; raises `NobodyActing` where nobody is."""
    try:
        return _acting.get()
    except LookupError:
        message = "nobody is acting: surround the change with acting(...)"
        raise NobodyActing(message) from None


def now() -> datetime:
    """The moment of the act, by the clock of whoever acts: commands and evolution share it."""
    return who_acts().at


def today() -> date:
    """The date of the act in China."""
    return china_date(now())


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks an event's field as personal: `Annotated[str, Personal("child_id")]`.

    The mapper seals it under the key of the person whose id stands in the named field of the same event
    (`originator_id` for the aggregate itself). Only texts are sealed; a date is sealed as its ISO text.
    """

    subject: str = "originator_id"


class RecordedAggregate(BaseAggregate[UUID]):
    """An aggregate whose every event carries `caused`, and whose time is the actor's.

    The event that begins one is written `class Opened(RecordedAggregate.Event, Created)`.
    """

    class Event(AggregateEvent):
        """Base of all domain events."""

        caused: Caused

    @classmethod
    def _create(cls, event_class: type[CanInitAggregate[UUID]], *, id: UUID | None = None, **kwargs: Any) -> Self:  # noqa: A002
        caused = who_acts()
        return super()._create(event_class, id=id, timestamp=caused.at, caused=caused, **kwargs)

    def trigger_event(self, event_class: type[CanMutateAggregate[UUID]], **kwargs: Any) -> None:
        """Records that something happened to this aggregate, caused by whoever acts."""
        caused = who_acts()
        super().trigger_event(event_class, timestamp=caused.at, caused=caused, **kwargs)
