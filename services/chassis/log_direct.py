"""The log without a broker: readers follow the producers' notification logs themselves (the embedded profile).

Nothing is stored twice and nothing can be lost on the way: the event store is the log. A reader is woken by what its
own process records and looks by itself at least every `LOOK_AGAIN_S`, so a missed bell only costs time. Only the producers
it listens to wake it, and while they tell one thing after the other it takes what `GATHER_S` brings: a look costs the same
for one event and for a hundred.
"""

import time
from collections.abc import Sequence
from functools import partial
from threading import Condition

from services.chassis.log import Behind, Message
from services.chassis.publication import Publication

LOOK_AGAIN_S = 0.25
GATHER_S = 0.01
"""How long after a look that found something a reader lets more come together, unless there was more than it could take."""


class DirectLog:
    """Publications of producers in this process, or whose databases it can reach."""

    def __init__(self, publications: Sequence[Publication]) -> None:
        self._publications = {publication.producer: publication for publication in publications}
        self._bell = Condition()
        self._rings = dict.fromkeys(self._publications, 0)
        for publication in publications:
            publication.on_recorded(partial(self._ring, publication.producer))

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> "DirectSubscription":  # noqa: ARG002  # the reader keeps its own place
        """A subscription to the events of these producers, from the origin until told otherwise."""
        return DirectSubscription([self._publications[producer] for producer in producers], log=self)

    def rings(self, producers: Sequence[str]) -> int:
        """How often these have recorded something; read before looking, so that no ring in between is missed."""
        with self._bell:
            return sum(self._rings[producer] for producer in producers)

    def wait(self, producers: Sequence[str], *, since: int, timeout_s: float) -> None:
        """Waits until these have recorded something since, at most `timeout_s`."""
        with self._bell:
            self._bell.wait_for(lambda: sum(self._rings[producer] for producer in producers) != since, timeout_s)

    def _ring(self, producer: str, _position: int) -> None:
        with self._bell:
            self._rings[producer] += 1
            self._bell.notify_all()


class DirectSubscription:
    """One reader's way through the publications."""

    def __init__(self, publications: Sequence[Publication], *, log: DirectLog) -> None:
        self._publications = publications
        self._producers = [publication.producer for publication in publications]
        self._log = log
        self._seen: dict[str, int] = {}
        self._look_at = 0.0
        self._ask_at = 0.0

    def seek(self, positions: dict[str, int]) -> None:
        """Go on after these positions."""
        self._seen = dict(positions)
        self._ask_at = 0.0

    def poll(self, *, limit: int, timeout_s: float) -> list[Message]:
        """The next messages, at most `limit`, producers in turn."""
        deadline = time.monotonic() + timeout_s
        time.sleep(max(0.0, self._look_at - time.monotonic()))
        while True:
            rings = self._log.rings(self._producers)
            messages = self._look(limit)
            left = deadline - time.monotonic()
            if messages or left <= 0:
                self._look_at = time.monotonic() + (GATHER_S if 0 < len(messages) < limit else 0.0)
                return messages
            self._log.wait(self._producers, since=rings, timeout_s=min(left, LOOK_AGAIN_S))

    def behind(self) -> Behind:
        """How much was recorded beyond what was polled: positions have no holes. The stores are always asked."""
        beyond = (
            publication.head() - self._seen.get(f"{publication.producer}/0", 0) for publication in self._publications
        )
        return Behind(sum(max(0, events) for events in beyond), reachable=True)

    def commit(self) -> None:
        """Nothing to tell: the place is the reader's own tracking."""

    def close(self) -> None:
        """Nothing to let go of: the place is the reader's own tracking."""

    def _look(self, limit: int) -> list[Message]:
        """What is new of those who have recorded something here, and now and then of all: other processes ring no bell."""
        messages: list[Message] = []
        asks_all = time.monotonic() >= self._ask_at
        for publication in self._publications:
            tracking = f"{publication.producer}/0"
            seen = self._seen.get(tracking, 0)
            if not asks_all and publication.known_head <= seen:
                continue
            envelopes = publication.read(after=seen, limit=limit - len(messages))
            if envelopes:
                self._seen[tracking] = envelopes[-1].position
                messages.extend(Message(tracking, envelope) for envelope in envelopes)
            if len(messages) >= limit:
                break
        else:
            self._ask_at = time.monotonic() + LOOK_AGAIN_S if asks_all else self._ask_at
        self._publications = [*self._publications[1:], *self._publications[:1]]
        return messages
