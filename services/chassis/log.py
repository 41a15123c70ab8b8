"""The log of published events as its readers see it: what every transport promises.

Promises, checked by one contract suite that each implementation runs (`tests/contracts/log.py`):

1. Events of one aggregate arrive in order; per partition the producer's positions rise.
2. Every event arrives at least once: what was not committed comes again after a restart.
3. `seek` begins after a position, so a reader that keeps its own tracking decides what it has seen.
4. `poll` waits no longer than it was told and never returns more than it was asked for.

A reader's effect and its tracking belong into one transaction on the reader's side; `commit` is a courtesy to the
transport.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from services.contracts.envelope import Envelope

_decoder = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Message:
    """One published event as it came: `tracking` names what positions rise within, `producer/partition`."""

    tracking: str
    envelope: Envelope


class LogUnavailable(Exception):
    """The log did not take the events, or not all, or it isn't known: send them again."""


class Subscription(Protocol):
    """Reads the log onward for one named reader; not to be shared by threads."""

    def seek(self, positions: dict[str, int]) -> None:
        """Go on after these positions (tracking name -> last position seen); what is not named starts at the origin."""
        ...

    def poll(self, *, limit: int, timeout_s: float) -> Sequence[Message]:
        """At most `limit` next messages, waiting at most `timeout_s` for the first; empty when there is none."""
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
    """The envelope as it came over a wire; raises `msgspec.DecodeError` for what is none."""
    return _decoder.decode(raw)
