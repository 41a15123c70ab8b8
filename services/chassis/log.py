"""The log of published events as its readers see it: what every transport promises.

Promises, checked by one contract suite that each implementation runs (`tests/contracts/log.py`):

1. Events of one aggregate arrive in order; per partition the producer's positions rise.
2. Every event arrives at least once: what was not committed comes again after a restart.
3. `seek` begins after a position, so a reader that keeps its own tracking decides what it has seen.
4. `poll` waits no longer than it was told and never returns more than it was asked for.
5. A record that is no event of the topic's producer is handed on in its place, as `Unreadable`, and holds up nothing:
   what to do with it is the reader's to say, and what was never committed comes again under the same id.
6. `behind` says how much lies beyond what was polled, or that this isn't known; it never waits long for it.

A reader's effect and its tracking belong into one transaction on the reader's side; `commit` is a courtesy to the
transport.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import msgspec

from services.contracts.envelope import Envelope

_decoder = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Message:
    """One published event as it came: `tracking` names what positions rise within, `producer/partition`."""

    tracking: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no event of the topic's producer, as it came."""

    tracking: str
    key: UUID | None
    """The aggregate that the record names as its own; None where it names none, so nothing can queue behind it."""
    id: UUID
    """Made of where it lies: the same at every redelivery."""
    offset: int
    """Where in its partition it lies; no position, and not comparable with one."""
    raw: bytes
    """May be anything, so it is never logged."""


Record = Message | Unreadable


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a subscription is behind the log: `events` lie beyond what was polled, None where that isn't known."""

    events: int | None
    reachable: bool
    """Whether the transport answered when it was last asked."""
    holds_any: bool = field(default=True, compare=False)
    """Whether a partition is ours at all: others of the group may have them all, or they were shared out before the topics were known."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a part is behind what it follows."""

    seconds: float
    """The age of the oldest event known and not yet handled; 0.0 when caught up."""
    events: int | None
    """How many those are, None where that isn't known."""


class LogUnavailable(Exception):
    """The log did not take the events, or not all, or it isn't known: send them again."""


class LogIncomplete(Exception):
    """The log doesn't hold what is needed next, and waiting won't bring it: publish again, into a new generation."""


class Subscription(Protocol):
    """Reads the log onward for one named reader; not to be shared by threads."""

    def seek(self, positions: dict[str, int]) -> None:
        """Go on after these positions (tracking name -> last position seen); what is not named starts at the origin."""
        ...

    def poll(self, *, limit: int, timeout_s: float) -> Sequence[Record]:
        """At most `limit` next records, waiting at most `timeout_s` for the first; empty when there is none.

        Raises `LogIncomplete`, which is for the reader to say and to wait with, never to pass over.
        """
        ...

    def behind(self) -> Behind:
        """How much lies beyond what was polled, by a figure that is at most some seconds old.

        Whoever wants to read to the end polls until a poll was empty and this says 0 and reachable.
        """
        ...

    def commit(self) -> None:
        """Tells the transport that everything polled so far has had its effect."""
        ...

    def close(self) -> None:
        """Lets go of the transport; the reader's place stays where it was committed."""
        ...


class Log(Protocol):
    """Where readers subscribe."""

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> Subscription:
        """A subscription under a name that never changes, to the events of these producers."""
        ...


def encode(envelope: Envelope) -> bytes:
    """The envelope as it goes over a wire."""
    return _encoder.encode(envelope)


def decode(raw: bytes) -> Envelope:
    """The envelope as it came over a wire; raises `msgspec.DecodeError` for what is none, whatever it is."""
    try:
        return _decoder.decode(raw)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(type(error).__name__) from None
