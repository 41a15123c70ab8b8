"""The relay: carries one service's events from its store to a topic, in order, each at least once.

Nobody else publishes. The store is the outbox; how far the relay has come is a row in the service's own database. It
sends, then writes down its place: after a crash in between it sends again, and readers pass over what they have seen.

Each append rings, by NOTIFY and in its own transaction, once there is a place: whoever works on it listens, in whatever process it
is, and looks by itself every `LOOK_AGAIN_S`. Where nothing is relayed (the embedded profile) nothing rings, as it would have commits
of all databases of a server wait for one another.

One relay works on a place at a time: it holds an advisory lock on the connection with which it writes its place. Others
stand by and take over when that connection ends. One that lost its lock unnoticed may send what another sends too, which
is harmless: it began at a place that was written down, so its events are in order and without a gap.

A new generation of a topic is a new place, and a new place begins at 0. A relay on it fills the topic from the store
while the one on the old place goes on; `republish` does the same once, in the calling thread, up to the present head.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final, Protocol

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from services.chassis.clock import Clock, SystemClock
from services.chassis.errors import Refused
from services.chassis.log import Lag, LogIncomplete, LogUnavailable
from services.chassis.publication import Publication
from services.chassis.telemetry import batch_span
from services.contracts.envelope import Envelope

if TYPE_CHECKING:
    from services.chassis.log_kafka import Cluster, Topic

BATCH: Final = 1000
LOOK_AGAIN_S: Final = 0.25
"""How long it hears of nothing until it looks all the same."""
STAND_BY_S: Final = 0.5
PAUSE_S: Final = 0.1
PAUSE_S_MAX: Final = 5.0
STOP_S: Final = 30.0

_STANDING_BY: Final = "standing by"
_CAUGHT_UP: Final = Lag(0.0, 0)

_NETWORK: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
_SESSION: Final = "-c statement_timeout=10s -c lock_timeout=5s"

logger = logging.getLogger(__name__)

_Connection = psycopg.Connection[tuple[Any, ...]]


class Sender(Protocol):
    """Where events go; used by one thread."""

    def send(self, envelopes: Sequence[Envelope]) -> None:
        """Returns when all have arrived for good; raises `LogUnavailable` when that isn't known."""
        ...

    def close(self) -> None:
        """Lets go; `send` may be called again."""
        ...


def migrate(connection: psycopg.Connection[Any], *, app_role: str) -> None:
    """Creates the table of places, grants it to `app_role`, and lets appends ring. For the schema's owner, after the store; twice is once."""
    grants = sql.SQL("grant select, insert, update on relay_place to {}").format(sql.Identifier(app_role))
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('relay.migrate'))")
        connection.execute(
            """create table if not exists relay_place (
                 name text primary key,
                 position bigint not null check (position >= 0)
               )"""
        )
        connection.execute(grants)
        connection.execute(_RINGING)


_RINGING: Final = b"""
    create or replace function ring_relay() returns trigger language plpgsql as $$
    begin
        if exists (select from relay_place) then
            notify baoxue_recorded;
        end if;
        return null;
    end $$;
    revoke all on function ring_relay from public;
    create or replace trigger rings after insert on events for each statement execute function ring_relay();
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What was read and isn't known to be on the topic."""

    since: datetime
    events: int | None


class Relay:
    """Follows one publication to one topic. A part of a runtime: `start`, `stop`, `health`."""

    def __init__(
        self,
        *,
        publication: Publication,
        sender: Sender,
        dsn: str,
        place: str,
        clock: Clock | None = None,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        """`dsn` is that of the service's app role; `place` names the row, one for each topic: `baoxue.roster.1`.

        `clock` is the one by which the service records; without one, the machine's.
        """
        self.name = f"{publication.producer} relay"
        self._span = f"relay {publication.producer}"
        self._publication = publication
        self._sender = sender
        self._dsn = make_conninfo(dsn, options=_SESSION, **_NETWORK)
        self._place = place
        self._clock = clock or SystemClock()
        self._look_again_s = look_again_s
        self._position = 0
        self._waiting: _Waiting | None = None
        self._state = "starting"
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begins to follow; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Finishes the batch at hand, or gives it up where the log doesn't take it, and ends."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S)

    def health(self) -> str:
        """`ok`, `standing by` for another relay, or what it waits for."""
        return self._state

    def position(self) -> int:
        """The last position that this relay knows to be on the topic."""
        return self._position

    def lag(self) -> Lag:
        """How long the oldest event has been recorded that isn't known to be on the topic; it grows while that is away.

        As it was found at the last look: while the store itself is away, what was recorded since isn't known.
        """
        waiting = self._waiting
        if waiting is None or self._state == _STANDING_BY:  # whoever works in our stead tells it
            return _CAUGHT_UP
        age = self._clock.now() - waiting.since
        return Lag(max(0.0, age.total_seconds()), waiting.events)

    def catch_up(self, *, progress: Callable[[int], None]) -> int:
        """Sends, in the calling thread, what is recorded by now, and returns the position it came to.

        `progress` is called with each position reached. Raises `Refused` where another relay works on this place, what
        the sender raises, and `psycopg.Error`; called again it goes on where it was.
        """
        with closing(self._sender), psycopg.connect(self._dsn, autocommit=True) as connection:
            if not self._is_ours(connection):
                raise Refused(f"A relay works on {self._place} already; it is done when its lag is 0.")
            self._go_on(connection)
            while self._carry(connection):
                progress(self._position)
        return self._position

    def _run(self) -> None:
        pause_s = PAUSE_S
        while not self._stopping.is_set():
            before = self._position
            try:
                with self._holding() as connection:
                    self._follow(connection)
            except Exception as error:  # noqa: BLE001  # whatever it is, nothing may pass the event it befell; health says so
                self._wait_for(error)
            pause_s = PAUSE_S if self._position != before else min(2 * pause_s, PAUSE_S_MAX)
            self._stopping.wait(pause_s)
        self._sender.close()
        self._state = "stopped"

    @contextmanager
    def _holding(self) -> Iterator[_Connection]:
        """Waits until the place is ours; it is for as long as the connection lives."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._is_ours(connection) and not self._stopping.is_set():
                self._state = _STANDING_BY
                self._stopping.wait(STAND_BY_S)
            yield connection

    def _is_ours(self, connection: _Connection) -> bool:
        taken = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [f"relay/{self._place}"])
        return bool(taken.fetchall()[0][0])

    def _follow(self, connection: _Connection) -> None:
        """Sends what is recorded until told to stop, or until something is lost."""
        connection.execute("listen baoxue_recorded")  # before looking, so that nothing recorded meanwhile is missed
        self._go_on(connection)
        while not self._stopping.is_set():
            sent = self._carry(connection)
            self._state = "ok"
            if sent < BATCH:
                self._wait(connection)

    def _wait(self, connection: _Connection) -> None:
        """Until something is recorded, in whatever process, or until it is time to look again, or to stop."""
        deadline = time.monotonic() + self._look_again_s
        while not self._stopping.is_set() and (left_s := deadline - time.monotonic()) > 0:
            for _ in connection.notifies(timeout=min(left_s, PAUSE_S), stop_after=1):
                return

    def _go_on(self, connection: _Connection) -> None:
        """Takes up the place that was written down, or begins one."""
        connection.execute("insert into relay_place values (%s, 0) on conflict do nothing", [self._place])
        found = connection.execute("select position from relay_place where name = %s", [self._place]).fetchall()
        self._position = found[0][0]

    def _carry(self, connection: _Connection) -> int:
        """Sends the next batch, writes down the place, and returns how many events those were."""
        envelopes = self._publication.read(after=self._position, limit=BATCH)
        if not envelopes:
            self._waiting = None
            return 0
        count = len(envelopes)
        self._waiting = _Waiting(envelopes[0].recorded_at, count if count < BATCH else None)
        traces = (envelope.trace for envelope in envelopes)
        with batch_span(self._span, traces=traces, events=count, position=envelopes[-1].position):
            self._sender.send(envelopes)
        reached = envelopes[-1].position
        connection.execute("update relay_place set position = %s where name = %s", [reached, self._place])
        self._position = reached
        if count < BATCH:  # else there may be more, which the next look finds
            self._waiting = None
        return count

    def _wait_for(self, error: Exception) -> None:
        """Says what it waits for, by kind: a text may quote the event."""
        told = isinstance(error, LogUnavailable | LogIncomplete)  # these name topics and nothing else
        self._state = f"waiting: {error}" if told else f"waiting: {type(error).__name__}"
        logger.warning("%s waits at position %d: %s", self.name, self._position, type(error).__name__)


def republish(
    *, publication: Publication, cluster: "Cluster", topic: "Topic", dsn: str, progress: Callable[[int], None]
) -> int:
    """Fills a topic, which is there, from the event store up to its present head, and returns the position it came to.

    For a new generation, before readers go over to it or while they do: they go on by their own tracking and apply
    nothing twice. `dsn` is that of the service's app role, `progress` is called with each position reached. Cut short,
    it is called again and goes on. Raises `Refused` where a relay does this already, `LogUnavailable`, `LogIncomplete`.
    """
    from services.chassis.log_kafka import KafkaSender  # noqa: PLC0415  # the client library, which one process in two never needs

    sender = KafkaSender(cluster=cluster, topic=topic)
    relay = Relay(publication=publication, sender=sender, dsn=dsn, place=topic.name)
    return relay.catch_up(progress=progress)
