"""The projector: a thread that follows all producers and keeps the read model up with them.

It goes on from the read model's own tracking, never from the transport's: at the start, after a lost connection, and
when the read model was written or emptied by somebody else. A lost database, key store or broker is waited for with
growing pauses, and `health()` says so meanwhile. An event that can't be projected parks the projector: it stands still
at that event, nothing is skipped, what came before it is applied, and `health()` names the place.

Whoever has just changed something waits for its position with `wait_until` and then reads what it wrote.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import Final

import psycopg

from gateway.readmodel.fold import Opener
from gateway.readmodel.projection import Overtaken, apply
from gateway.readmodel.rows import Connection
from services.chassis.log import Log, Message, Subscription
from services.chassis.vault import VaultUnavailable

PRODUCERS: Final = ("roster", "cases", "assistance", "notify")
READER: Final = "gateway"
BATCH: Final = 2000
POLL_S: Final = 0.5
PAUSE_S: Final = 0.05
PAUSE_S_MAX: Final = 5.0
STOP_S: Final = 30.0
REMEMBERED: Final = 16  # batches whose positions are kept in memory for those who wait

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Where the projector stands still, and the kind of error; never the error's text, which may quote the event."""

    tracking: str
    position: int
    type: str
    error: str


class Unprojectable(Exception):
    """One event can't be projected."""

    def __init__(self, parked: Parked) -> None:
        super().__init__(f"{parked.tracking} {parked.position}")
        self.parked = parked


class Projector:
    """Keeps one read model up with the log. A part of a runtime: `start`, `stop`, `health`."""

    def __init__(self, *, dsn: str, log: Log, opener: Opener, producers: Sequence[str] = PRODUCERS) -> None:
        self.name = "gateway projector"
        self._dsn = dsn
        self._log = log
        self._opener = opener
        self._producers = tuple(producers)
        self._stopping = Event()
        self._news = Condition()
        self._turn = 0  # counts the news, so that none is missed between looking and waiting
        self._positions: dict[str, int] = {}
        self._remembered: deque[frozenset[tuple[str, int]]] = deque(maxlen=REMEMBERED)
        self._state = "ok"
        self._parked: Parked | None = None
        self._thread = Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begins to follow; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Finishes the batch at hand and ends; whoever waits is told that it won't come."""
        self._stopping.set()
        with self._news:
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S)

    def health(self) -> str:
        """`ok`, or what the projector waits for, or where it stands still."""
        return self._state

    def parked(self) -> Parked | None:
        """The event the projector stands still at, if it does."""
        return self._parked

    def positions(self) -> dict[str, int]:
        """How far the read model is, by tracking name `producer/partition`."""
        with self._news:
            return dict(self._positions)

    def wait_until(self, *, producer: str, position: int, timeout_s: float) -> bool:
        """Waits until this event's effect can be read; False when the time is over or the projector has ended.

        Exact with any number of partitions: it is this very event that is waited for, not the furthest one.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._news:
                turn = self._turn
            if self._is_applied(producer, position):
                return True
            with self._news:
                left = deadline - time.monotonic()
                if left <= 0 or self._stopping.is_set() or self._parked is not None:
                    return False
                self._news.wait_for(lambda: self._turn != turn or self._stopping.is_set(), left)  # noqa: B023  # this turn

    def catch_up(self) -> int:
        """Applies, in the calling thread, what the log holds by now and returns how many events it read.

        For a rebuild and for commands that run once. Raises what `apply` raises, and `Unprojectable`.
        """
        subscription = self._log.subscribe(reader=READER, producers=self._producers)
        read = 0
        try:
            with self._connect() as connection:
                self._go_on(connection, subscription)
                while messages := subscription.poll(limit=BATCH, timeout_s=0):
                    self._take(connection, messages)
                    subscription.commit()
                    read += len(messages)
        finally:
            subscription.close()
        return read

    def _run(self) -> None:
        pause_s = PAUSE_S
        while not self._stopping.is_set():
            before = self.positions()
            try:
                self._follow()
            except Unprojectable as stop:
                self._park(stop.parked)
                return
            except Overtaken:
                logger.warning(
                    "%s: the read model is elsewhere than where this reader left it; going on from there", self.name
                )
            except Exception as error:  # noqa: BLE001  # stores and transports fail in many ways; health says so until they are back
                self._state = f"waiting: {type(error).__name__}"
                logger.warning("%s waits: %s", self.name, type(error).__name__)
            pause_s = PAUSE_S if self.positions() != before else min(2 * pause_s, PAUSE_S_MAX)
            self._stopping.wait(pause_s)

    def _follow(self) -> None:
        """Follows the log until told to stop, or until something is lost."""
        subscription = self._log.subscribe(reader=READER, producers=self._producers)
        try:
            with self._connect() as connection:
                self._go_on(connection, subscription)
                self._state = "ok"
                while not self._stopping.is_set():
                    if messages := subscription.poll(limit=BATCH, timeout_s=POLL_S):
                        self._take(connection, messages)
                        subscription.commit()
        finally:
            subscription.close()

    def _connect(self) -> Connection:
        connection: Connection = psycopg.connect(
            self._dsn, autocommit=True, connect_timeout=5, keepalives_idle=10, keepalives_interval=5, keepalives_count=3
        )
        connection.execute(
            """select set_config('statement_timeout', '60s', false), set_config('lock_timeout', '30s', false),
                 set_config('idle_in_transaction_session_timeout', '60s', false)"""
        )
        return connection

    def _go_on(self, connection: Connection, subscription: Subscription) -> None:
        """Takes up where the read model is."""
        positions = dict(connection.execute("select name, position from tracking").fetchall())
        with self._news:
            self._positions = positions
            self._tell()
        subscription.seek(positions)

    def _take(self, connection: Connection, messages: Sequence[Message]) -> None:
        """Applies a batch; where it can't be applied, event by event up to the one that is the reason."""
        try:
            reached = apply(connection, messages, since=self._positions, opener=self._opener)
        except (Overtaken, VaultUnavailable, psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception as error:
            if len(messages) == 1:
                raise Unprojectable(_parked(messages[0], error)) from error
            for message in messages:
                self._take(connection, [message])
            return
        with self._news:
            self._positions = self._positions | reached
            self._remembered.append(
                frozenset((message.envelope.producer, message.envelope.position) for message in messages)
            )
            self._tell()

    def _park(self, parked: Parked) -> None:
        logger.error("%s stands still at %s %d: %s", self.name, parked.tracking, parked.position, parked.error)
        with self._news:
            self._parked = parked
            self._state = f"parked at {parked.tracking} {parked.position}: {parked.error}"
            self._tell()

    def _tell(self) -> None:
        """Wakes those who wait; within `_news`."""
        self._turn += 1
        self._news.notify_all()

    def _is_applied(self, producer: str, position: int) -> bool:
        """Whether the event was applied; asks the database only where that was long ago, or was another's doing."""
        with self._news:
            if any((producer, position) in batch for batch in self._remembered):
                return True
            places = [place for name, place in self._positions.items() if name.startswith(f"{producer}/")]
        if position > max(places, default=0):
            return False
        try:
            with self._connect() as connection:
                found = connection.execute(
                    "select 1 from journal where producer = %s and position = %s", [producer, position]
                ).fetchone()
        except psycopg.Error:
            return False
        return found is not None


def _parked(message: Message, error: Exception) -> Parked:
    envelope = message.envelope
    return Parked(tracking=message.tracking, position=envelope.position, type=envelope.type, error=type(error).__name__)
