"""From the log to a service's policy: each message's effect and its tracking in one transaction.

A message that causes nothing is not worth a transaction of its own: its position is written with the next effect, or
at the end of the batch. That is safe, because what caused nothing causes nothing again.

Three outcomes only: done, tried again (another was quicker, or a store is away; bounded, with growing pauses), or
stopped: the inbox stands still at the message, `health()` says where and what kind of error, and nothing is skipped.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event, Thread
from typing import TypeVar
from uuid import uuid5

from eventsourcing.persistence import Tracking

from services.chassis.aggregate import Caused
from services.chassis.application import RecordedApplication
from services.chassis.clock import Clock
from services.chassis.errors import Stale
from services.chassis.log import Log, Message
from services.chassis.store import StoreUnavailable
from services.chassis.vault import VaultUnavailable
from services.contracts.envelope import Envelope, Published, read_body

T = TypeVar("T")
React = Callable[[Envelope, Published], None]

BATCH = 500
TRIES_MAX = 8
PAUSE_S_MAX = 5.0

logger = logging.getLogger(__name__)


class Inbox:
    """One service's ear: a thread that reads what others tell and lets the policy react."""

    def __init__(
        self,
        *,
        service: str,
        log: Log,
        producers: tuple[str, ...],
        application: RecordedApplication,
        react: React,
        clock: Clock,
    ) -> None:
        self.name = f"{service} inbox"
        self._service = service
        self._log = log
        self.hears = producers
        self._application = application
        self._react = react
        self._clock = clock
        self._stopping = Event()
        self._stopped_by: str | None = None
        self._thread = Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Finishes the message at hand and ends."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def health(self) -> str:
        """`ok`, or what stopped the inbox and where."""
        return self._stopped_by or "ok"

    def positions(self) -> dict[str, int]:
        """How far the service has heard, by tracking name: every partition of the producers it hears."""
        trackings = self._application.recorder_of_commands.trackings()
        return {name: position for name, position in trackings.items() if name.partition("/")[0] in self.hears}

    def _run(self) -> None:
        subscription = self._log.subscribe(reader=self._service, producers=self.hears)
        try:
            subscription.seek(self._patiently(self.positions))
            while not self._stopping.is_set():
                messages = self._patiently(lambda: subscription.poll(limit=BATCH, timeout_s=0.5))
                if messages:
                    self.take(messages)
                    if not self._stopping.is_set():  # else some may not have been heard
                        subscription.commit()
        except Exception as error:  # noqa: BLE001  # the thread's last act is to say why it stands still
            self._stopped_by = f"stopped: {type(error).__name__}"
            logger.error("%s stands still: %s", self.name, type(error).__name__)  # noqa: TRY400  # a traceback may quote personal data
        finally:
            subscription.close()

    def take(self, messages: Sequence[Message]) -> None:
        """Lets the policy react to messages in order; afterwards all of them are tracked."""
        unwritten: dict[str, int] = {}
        for message in messages:
            if self._stopping.is_set():
                break
            if self._patiently(partial(self._hear, message)):
                unwritten.pop(message.tracking, None)
            else:
                unwritten[message.tracking] = message.envelope.position
        for name, position in unwritten.items():
            self._patiently(partial(self._application.track, Tracking(name, position)))

    def _hear(self, message: Message) -> bool:
        envelope = message.envelope
        published = read_body(envelope)
        if published is None:
            return False
        caused = Caused(
            actor=f"policy:{self._service}",
            department="system:policy",
            purpose=envelope.purpose,
            at=self._clock.now(),
            command_id=uuid5(envelope.id, self._service),
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
            trace=envelope.trace,
        )
        tracking = Tracking(message.tracking, envelope.position)
        return self._application.hear(caused=caused, tracking=tracking, react=lambda: self._react(envelope, published))

    def _patiently(self, act: Callable[[], T]) -> T:
        pause_s = 0.05
        for _ in range(TRIES_MAX - 1):
            try:
                return act()
            except (Stale, StoreUnavailable, VaultUnavailable):
                if self._stopping.wait(pause_s):
                    raise
                pause_s = min(2 * pause_s, PAUSE_S_MAX)
        return act()
