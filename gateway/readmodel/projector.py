"""The projector: a thread that follows all producers and keeps the read model up with them.

It goes on from the read model's own tracking, never from the transport's: at the start, after a lost connection, and
when the read model was written, emptied or made anew by somebody else (`Overtaken`). A lost database, key store or broker
is waited for with growing pauses, and `health()` says so meanwhile. What can't be projected is parked by key (`taker.py`)
and holds up nothing else; while anything is parked the projector looks at least every second what is due.

An event that contradicts the journal is parked like any other, but means that one of the two was tampered with. So
`health()` isn't `ok` until an operator has decided on it: everything else is shown meanwhile, and it can't pass silently.

Several projectors may work at once. Where a transport shares its partitions among them, each has its own; where it
doesn't, one of them is quicker with each batch, and the others go on from there.

Whoever has just changed something waits for its position with `wait_until` and then reads what it wrote.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from threading import Condition, Event, Thread
from typing import Final

import psycopg

from gateway.readmodel.fold import Opener
from gateway.readmodel.projection import Overtaken
from gateway.readmodel.rows import Connection
from gateway.readmodel.taker import Place, Taker
from services.chassis.clock import Clock, SystemClock
from services.chassis.log import Behind, Lag, Log, Message, Record, Subscription

PRODUCERS: Final = ("roster", "cases", "assistance", "notify")
READER: Final = "gateway"
BATCH: Final = 2000
POLL_S: Final = 0.5
PAUSE_S: Final = 0.05
PAUSE_S_MAX: Final = 5.0
STOP_S: Final = 30.0
LOOK_S: Final = 1.0
"""How often it looks what is due while anything is parked, and how far behind the log it is."""
LOOK_AT_OTHERS_S: Final = 10.0
"""How often it looks while, as far as it knows, nothing is parked: another projector may have parked something."""
PATIENCE_S: Final = 30.0
"""How long `catch_up` waits for a log that says nothing although there is something, or can't be reached."""
REMEMBERED: Final = 16  # batches whose positions are kept in memory for those who wait

logger = logging.getLogger(__name__)


class LogSilent(Exception):
    """The log has more to tell, or doesn't say whether, and told nothing for too long."""


class Projector:
    """Keeps one read model up with the log. A part of a runtime: `start`, `stop`, `health`, `lag`, `parked_keys`."""

    def __init__(
        self,
        *,
        dsn: str,
        log: Log,
        opener: Opener,
        producers: Sequence[str] = PRODUCERS,
        clock: Clock | None = None,
    ) -> None:
        self.name = "gateway projector"
        self._dsn = dsn
        self._log = log
        self._producers = tuple(producers)
        self._clock = clock or SystemClock()
        self._stopping = Event()
        self._news = Condition()
        self._turn = 0  # counts the news, so that none is missed between looking and waiting
        self._remembered: deque[frozenset[Place]] = deque(maxlen=REMEMBERED)
        self._taker = Taker(reader=READER, opener=opener, clock=self._clock, taken=self._tell)
        self._is_new = True
        self._state = "ok"
        self._contradicted: str | None = None
        self._looked_at = 0.0
        self._measured_at = 0.0
        self._at_hand: Sequence[Record] = ()
        self._oldest: datetime | None = None  # when the oldest event that is known and not applied was recorded
        self._behind = Behind(None, reachable=True)
        self._caught_up_at = self._clock.now()
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
        """`ok`, or what the projector waits for, or where the log contradicts the journal."""
        if self._state != "ok":
            return self._state
        if not self._behind.reachable:
            return "waiting: the log can't be reached"
        return f"contradicted at {self._contradicted}" if self._contradicted else "ok"

    def lag(self) -> Lag:
        """How far what is shown is behind the log, but for what is parked.

        Where only the number of events is known, or nothing, they are at most as old as the last time all was applied.
        """
        behind, oldest, at_hand = self._behind, self._oldest, len(self._at_hand)
        if at_hand == 0 and behind.events == 0 and behind.reachable and self._state == "ok":
            return Lag(0.0, 0)
        seconds = (self._clock.now() - (oldest or self._caught_up_at)).total_seconds()
        return Lag(max(0.0, seconds), None if behind.events is None else at_hand + behind.events)

    def parked_keys(self) -> int:
        """How many keys are parked and wait."""
        return len(self._taker.keys)

    def positions(self) -> dict[str, int]:
        """How far the read model is, by tracking name `producer/partition`, as far as this projector knows."""
        return dict(self._taker.positions)

    def wait_until(self, *, producer: str, position: int, timeout_s: float) -> bool:
        """Waits until this event's effect can be read; False when the time is over, when the projector has ended, and
        at once when the event was parked.

        Exact with any number of partitions: it is this very event that is waited for, not the furthest one. What another
        projector applies is noticed within `LOOK_S`.
        """
        deadline, is_quiet = time.monotonic() + timeout_s, False
        while True:
            with self._news:
                turn = self._turn
            is_applied = self._find_applied(producer, position, by_others=is_quiet)
            if is_applied is not None:
                return is_applied
            with self._news:
                left = deadline - time.monotonic()
                if left <= 0 or self._stopping.is_set():
                    return False
                is_quiet = not self._news.wait_for(
                    lambda: self._turn != turn or self._stopping.is_set(),  # noqa: B023  # this turn
                    min(left, LOOK_S),
                )

    def catch_up(self) -> int:
        """Applies, in the calling thread, what the log holds by now and returns how many records it read.

        For commands that run once, in a group of their own. Over when a poll was empty and the log says that nothing lies beyond
        it; raises `LogSilent`, and what only waiting can heal.
        """
        read, deadline = 0, time.monotonic() + PATIENCE_S
        with self._connect() as connection, closing(self._subscribe()) as subscription:
            self._go_on(connection, subscription)
            while True:
                taken = self._step(connection, subscription, timeout_s=PAUSE_S)
                behind = subscription.behind()
                if not taken and behind.reachable and behind.events == 0 and behind.holds_any:
                    return read
                read += taken
                if taken:
                    deadline = time.monotonic() + PATIENCE_S
                elif time.monotonic() > deadline:
                    raise LogSilent(silence(behind))

    def _run(self) -> None:
        pause_s = PAUSE_S
        while not self._stopping.is_set():
            before = self.positions()
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001  # stores and transports fail in many ways; health says so until they are back
                self._state = f"waiting: {type(error).__name__}"
                logger.warning("%s waits: %s", self.name, type(error).__name__)
            pause_s = PAUSE_S if self.positions() != before else min(2 * pause_s, PAUSE_S_MAX)
            self._stopping.wait(pause_s)

    def _follow(self) -> None:
        """Follows the log until told to stop, or until something is lost."""
        with self._connect() as connection, closing(self._subscribe()) as subscription:
            self._go_on(connection, subscription)
            self._state = "ok"
            while not self._stopping.is_set():
                self._look_at_parked(connection)
                self._step(connection, subscription, timeout_s=POLL_S)
                self._measure(subscription)

    def _step(self, connection: Connection, subscription: Subscription, *, timeout_s: float) -> int:
        """Takes what comes next, and returns how many records that were."""
        records = subscription.poll(limit=BATCH, timeout_s=timeout_s)
        if not records:
            return 0
        self._at_hand = records
        self._oldest = min(
            (record.envelope.recorded_at for record in records if isinstance(record, Message)), default=None
        )
        try:
            self._taker.take(connection, records)
        except Overtaken:
            logger.info(
                "%s: the read model is elsewhere than where this reader left it; going on from there", self.name
            )
            self._go_on(connection, subscription)
            self._stopping.wait(PAUSE_S)
        else:
            subscription.commit()
        self._at_hand = ()
        return len(records)

    def _measure(self, subscription: Subscription) -> None:
        """Asks now and then how much lies beyond what was polled."""
        now = time.monotonic()
        if now < self._measured_at + LOOK_S:
            return
        self._measured_at = now
        self._behind = subscription.behind()
        if self._behind.events == 0 and self._behind.reachable:
            self._oldest, self._caught_up_at = None, self._clock.now()

    def _look_at_parked(self, connection: Connection) -> None:
        now = time.monotonic()
        if now < self._looked_at + (LOOK_S if self._taker.keys else LOOK_AT_OTHERS_S):
            return
        self._looked_at = now
        self._taker.try_again(connection)
        self._contradicted = self._taker.find_contradicted(connection) if self._taker.keys else None

    def _subscribe(self) -> Subscription:
        return self._log.subscribe(reader=READER, producers=self._producers)

    def _connect(self) -> Connection:
        return connect(self._dsn)

    def _go_on(self, connection: Connection, subscription: Subscription) -> None:
        """Takes up where the read model is."""
        if self._is_new:
            self._taker.begin_anew(connection)
            self._is_new = False
        subscription.seek(self._taker.go_on(connection))
        self._tell(())

    def _tell(self, applied: Sequence[Place]) -> None:
        """Wakes those who wait."""
        with self._news:
            if applied:
                self._remembered.append(frozenset(applied))
            self._turn += 1
            self._news.notify_all()

    def _find_applied(self, producer: str, position: int, *, by_others: bool) -> bool | None:
        """Whether the event was applied, False where it was parked, None where it hasn't come yet.

        Asks the database only where that was long ago, or it was parked, or may have been another's doing.
        """
        with self._news:
            if any((producer, position) in batch for batch in self._remembered):
                return True
        places = [place for name, place in self._taker.positions.items() if name.startswith(f"{producer}/")]
        if position > max(places, default=0) and not by_others:
            return None
        try:
            with self._connect() as connection:
                found = connection.execute(_FOUND, {"reader": READER, "producer": producer, "position": position})
                journalled, parked = found.fetchone() or (False, False)
        except psycopg.Error:
            return None
        return False if parked else journalled or None


_FOUND: Final = """
    select exists (select from journal where producer = %(producer)s and position = %(position)s),
      exists (select from parked where reader = %(reader)s and producer = %(producer)s and place = %(position)s
        and type <> '' and state <> 'handled')"""


def connect(dsn: str, *, schemas: str = "public") -> Connection:
    """A writer's connection, on which nothing waits for ever; tables are looked for in these schemas."""
    connection: Connection = psycopg.connect(
        dsn, autocommit=True, connect_timeout=5, keepalives_idle=10, keepalives_interval=5, keepalives_count=3
    )
    connection.execute(
        """select set_config('statement_timeout', '60s', false), set_config('lock_timeout', '30s', false),
             set_config('idle_in_transaction_session_timeout', '60s', false), set_config('search_path', %s, false)""",
        [schemas],
    )
    return connection


def silence(behind: Behind) -> str:
    """What a log that says nothing is told to have said."""
    if not behind.reachable:
        return f"the log could not be reached for {PATIENCE_S:.0f} s"
    left = "an unknown number of" if behind.events is None else f"{behind.events:,}"
    return f"the log gave nothing for {PATIENCE_S:.0f} s, though {left} events lie beyond"
