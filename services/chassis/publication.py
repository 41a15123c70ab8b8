"""A service's notification log as others may read it: its published events, in recorded order.

Every recorded event appears. One that means nothing to others appears as `<producer>.private.v1` with an empty body,
so that readers' positions pass it and whoever waits for a position is never left waiting. What every service may record,
because the chassis does, is told here for all of them.
"""

from collections.abc import Callable
from threading import Lock
from typing import Final

import msgspec

from services.chassis.application import RecordedApplication
from services.chassis.dropping import ParkedMessage
from services.chassis.dropping import publish as tell_dropped
from services.chassis.store import RecordedNotification
from services.contracts.envelope import Envelope, Published, event_id, told_as

Publish = Callable[[object], Published | None]
"""A service's translation of one of its own domain events, personal fields sealed, into the published language."""


SHARED_MAX: Final = 32_768
"""How many of the latest events are kept at hand for other readers of this process; some tens of megabytes at most."""


class Publication:
    """What one producer tells, read onward from a position; may be read from any thread.

    Several readers of one process follow one another through the same events: what one of them has read and put into the published
    language, the next ones are given as it is. Nothing personal lies there in the clear, it is sealed.
    """

    def __init__(
        self, *, producer: str, application: RecordedApplication, publish: Publish, shared_max: int = SHARED_MAX
    ) -> None:
        self.producer = producer
        self._application = application
        self._publish = publish
        self._shared_max = shared_max
        self._shared: dict[int, Envelope] = {}
        self._forgotten = (
            0  # up to here nothing is kept: who is further behind reads for itself, and pushes nobody's events out
        )
        self._lock = Lock()
        self._reading = Lock()

    @property
    def known_head(self) -> int:
        """The last position recorded as far as this process knows, without asking."""
        return self._application.recorder_of_commands.known_head

    def head(self) -> int:
        """The position of the last event recorded."""
        return self._application.position()

    def read(self, *, after: int, limit: int) -> list[Envelope]:
        """Published events after a position, oldest first: `limit` of them, or all that this process knows of.

        What others have recorded is found where nothing is at hand: at the latest by the next read.
        """
        recorder = self._application.recorder_of_commands
        with self._reading:  # several are woken by one event: the first fetches it, and the others find it at hand
            at_hand = self._at_hand(after=after, limit=limit)
            if len(at_hand) == limit or (at_hand and at_hand[-1].position >= self.known_head):
                return at_hand
            rest = recorder.follow(after=after + len(at_hand), limit=limit - len(at_hand))
            envelopes = [self._envelope(notification) for notification in rest]
            self._share(envelopes)
        return at_hand + envelopes

    def _at_hand(self, *, after: int, limit: int) -> list[Envelope]:
        found: list[Envelope] = []
        with self._lock:
            while len(found) < limit and (envelope := self._shared.get(after + len(found) + 1)) is not None:
                found.append(envelope)
        return found

    def _share(self, envelopes: list[Envelope]) -> None:
        if not envelopes:
            return
        with self._lock:
            self._shared.update(
                (envelope.position, envelope) for envelope in envelopes if envelope.position > self._forgotten
            )
            beyond = envelopes[-1].position - self._shared_max
            for position in range(self._forgotten + 1, beyond + 1):
                self._shared.pop(position, None)
            self._forgotten = max(self._forgotten, beyond)

    def on_recorded(self, callback: Callable[[int], None]) -> None:
        """Calls back with the last position whenever this process has recorded something."""
        self._application.recorder_of_commands.on_recorded(callback)

    def _envelope(self, notification: RecordedNotification) -> Envelope:
        event = notification.event
        recorded = self._application.sealed_event(event)
        published = tell_dropped(recorded) if isinstance(recorded, ParkedMessage.Dropped) else self._publish(recorded)
        caused = event.caused
        return Envelope(
            id=event_id(event.originator_id, event.originator_version),
            type=told_as(published, producer=self.producer),
            producer=self.producer,
            position=notification.position,
            aggregate_id=event.originator_id,
            version=event.originator_version,
            stored_topic=event.topic,
            recorded_at=event.recorded_at,
            actor=caused.actor,
            department=caused.department,
            purpose=caused.purpose,
            command_id=caused.command_id,
            correlation_id=caused.correlation_id,
            causation_id=caused.causation_id,
            trace=caused.trace,
            body=msgspec.Raw(b"{}" if published is None else msgspec.json.encode(published)),
        )
