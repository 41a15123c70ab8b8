"""The event store of one service: facts appended in groups, each exactly once, read in the order of their commits.

The API is the recorder of the `eventsourcing` library; what is behind it is ours (`store.sql` holds the other half):

- Group commit. Callers queue entries; one writer thread takes what is queued (at most `GROUP_MAX`) into one server-side
  call in one transaction. Two entries that compete for the same place never share a group, so the second meets what the
  first has stored, and a conflict touches only its own entry.
- Positions (notification ids) are given under the store's lock: 1, 2, 3, ... in the order of commits, without holes. A
  reader who has seen position n will never find a smaller one later, so "greater than the last I saw" misses nothing.
- A connection lost while committing leaves the outcome unknown. The writer then sends the same group again: what was
  stored is recognised by its content and counts as stored, what was not is stored now. If the first try is still under
  way in the server, the lock makes one wait for the other.
- What the server refuses for one entry's sake makes the group be tried one by one, so it hits only that entry.
- Every caller's wait has a bound. `StoreUnavailable` means: not stored, or not known to be; ask again with the same command id.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any, Final, LiteralString, NamedTuple, NoReturn
from uuid import UUID

import psycopg
from eventsourcing.persistence import IntegrityError, Notification, ProcessRecorder, StoredEvent, Tracking
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from services.chassis import parking
from services.chassis.aggregate import Caused
from services.chassis.arrays import BYTEA, INT4, INT8, TEXT, TIMESTAMPTZ, UUIDS, Column, column

logger = logging.getLogger(__name__)

GROUP_MAX: Final = 128
"""Entries in one transaction."""
GROUP_EVENTS_MAX: Final = 5_000
"""Events in one transaction, beyond which no further entry is added to it."""
QUEUE_MAX: Final = 1_024
"""Entries waiting for the writer; beyond it callers wait, and then are refused."""
ENQUEUE_S: Final = 1.0
"""How long a caller waits for a place in the queue."""
RETRY_S: Final = 10.0
"""How long the writer tries to get a group through failing connections and locks."""
ANSWER_S: Final = 25.0
"""How long a caller waits for its answer: longer than one try that began just before `RETRY_S` had passed."""
POLL_S: Final = 1.0
"""How often `wait_for` asks the database what other processes have stored."""
READERS_MAX: Final = 8
"""Connections for reading."""
READ_S: Final = 5.0
"""How long a reader waits for a connection."""
RECONNECT_S: Final = 5.0
"""How long a pool asks more and more rarely for a lost server before it begins anew: else it would be as late as the server was."""

_NETWORK: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds until unanswered data means a dead connection
}
_SESSION: Final = "-c timezone=UTC -c default_transaction_isolation=read\\ committed"
_WRITING: Final = f"{_SESSION} -c lock_timeout=5s -c statement_timeout=10s"
_LOADING: Final = f"{_SESSION} -c lock_timeout=5s"
_READING: Final = f"{_SESSION} -c lock_timeout=5s -c statement_timeout=10s -c default_transaction_read_only=on"

_Connection = psycopg.Connection[tuple[Any, ...]]


class StoreUnavailable(Exception):
    """Not stored, or not known to be: ask again with the same command id. Or: can't be read now."""


@contextmanager
def lent(pool: ConnectionPool, *, of: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A pool's connection, in a transaction; raises `StoreUnavailable` where `of`, in words, can't be reached."""
    try:
        with pool.connection() as connection:
            yield connection
    except psycopg.OperationalError as error:
        message = f"{of} can't be reached"
        raise StoreUnavailable(message) from error


class AlreadyTracked(Exception):
    """The message of this position was heard before; nothing was stored."""


class CommandAlreadyRecorded(Exception):
    """The command was carried out before; nothing was stored now. `answer` is the one it got."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__("this command was carried out before")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class RecordedEvent(StoredEvent):
    """An event as it is stored: `state` is plain JSON with sealed fields; who caused it stands beside it."""

    originator_id: UUID
    caused: Caused
    recorded_at: datetime


class RecordedNotification(NamedTuple):
    """An event at its place in the order of commits; positions are 1, 2, 3, ..."""

    event: RecordedEvent
    position: int


@dataclass(frozen=True, slots=True)
class Command:
    """What makes a retried command harmless: recorded in one transaction with its events.

    `request_hash` tells a retry from another request under the same id; `answer` is the aggregate created or changed.
    """

    id: UUID
    name: str
    request_hash: bytes
    answer: UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers: an aggregate, and the position from which on its effect can be read.

    `position` is that of the command's last event, or the head of the log when it caused none.
    """

    id: UUID
    position: int


@dataclass(slots=True)
class _Entry:
    """What one caller wants stored, all or nothing, and where it waits for the position of its last event."""

    events: Sequence[RecordedEvent]
    tracking: Tracking | None
    command: Command | None
    answer: "Future[int]" = field(default_factory=Future)
    unsure: bool = False  # an earlier try may have stored it
    places: set[object] = field(init=False)  # what no other entry of its group may want too

    def __post_init__(self) -> None:
        self.places = {(event.originator_id, event.originator_version) for event in self.events}
        if len(self.places) < len(self.events):
            raise IntegrityError("two events in one place of their aggregate")
        if self.tracking is not None:
            self.places.add(self.tracking.application_name)
        if self.command is not None:
            self.places.add(self.command.id)


class _Outcome(NamedTuple):
    """What became of one entry: a row of `append_events`, explained in `store.sql`."""

    entry: int
    outcome: str
    position: int
    answer: UUID | None
    same: bool


def migrate(connection: psycopg.Connection[Any], *, app_role: str) -> None:
    """Creates the schema, and the table of what was parked, and grants `app_role` what it needs.

    For the schema's owner; twice is once.
    """
    grants = sql.SQL(
        "grant select, insert on events, commands to {role};"
        "grant select, insert, update on tracking to {role};"
        "grant execute on function append_events, lock_store to {role}"
    ).format(role=sql.Identifier(app_role))
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('store.migrate'))")
        connection.execute((files(__package__) / "store.sql").read_bytes())
        connection.execute(grants)
        parking.migrate(connection, app_role=app_role)


def append(
    connection: psycopg.Connection[Any], *, events: Sequence[RecordedEvent] = (), tracking: Tracking | None = None
) -> int:
    """Appends within a transaction of the caller's, so that it stands or falls with what else is written there.

    Returns the position of the last event, or the head. Raises `IntegrityError` or `AlreadyTracked`, as
    `Recorder.insert_events` does; then nothing was appended.
    """
    entry = _Entry(events=events, tracking=tracking, command=None)
    rows = connection.execute(_APPEND, _parameters([entry]), binary=True).fetchall()
    _settle(entry, _Outcome(*rows[0]))
    return entry.answer.result()


class _Writer:
    """The one thread through which a process appends, with its queue and its connection."""

    def __init__(self, *, dsn: str, announce: Callable[[int], None]) -> None:
        self._dsn = make_conninfo(dsn, options=_WRITING)
        self._announce = announce
        self._connection: _Connection | None = None
        self._queue: deque[_Entry] = deque()
        self._closing = False
        lock = threading.Lock()
        self._filled, self._freed = threading.Condition(lock), threading.Condition(lock)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def enqueue(self, entry: _Entry) -> None:
        """Queues an entry, waiting a bounded time for a place; raises `StoreUnavailable`."""
        with self._freed:
            free = self._freed.wait_for(lambda: self._closing or len(self._queue) < QUEUE_MAX, timeout=ENQUEUE_S)
            if self._closing:
                raise StoreUnavailable("the store is closed")
            if not free:
                raise StoreUnavailable(f"{QUEUE_MAX} entries are waiting to be stored; try again later")
            self._queue.append(entry)
            self._filled.notify()

    def close(self) -> None:
        """Takes no more, stores what is queued, and ends."""
        with self._filled:
            self._closing = True
            self._filled.notify_all()
            self._freed.notify_all()
        self._thread.join(timeout=ANSWER_S)

    def _run(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                if group:
                    self._store(group)
            except Exception as error:  # noqa: BLE001 - the writer outlives whatever befalls one group
                logger.error("a group of %d entries failed: %s", len(group), type(error).__name__)  # noqa: TRY400
                for entry in group:
                    if not entry.answer.done():
                        entry.answer.set_exception(error)
        self._disconnect()

    def _next_group(self) -> list[_Entry] | None:
        """What is queued and doesn't compete, in the order it came; None when the store is closed and all is stored.

        Empty when nobody waits for it any more.
        """
        with self._filled:
            self._filled.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                return None
            group: list[_Entry] = []
            later: list[_Entry] = []
            places: set[object] = set()
            events = 0
            while self._queue and len(group) < GROUP_MAX and events < GROUP_EVENTS_MAX:
                entry = self._queue.popleft()
                if not places.isdisjoint(entry.places):
                    later.append(entry)
                elif entry.answer.set_running_or_notify_cancel():
                    group.append(entry)
                    events += len(entry.events)
                places |= entry.places  # of those put off too: nobody may overtake them to what they want
            self._queue.extendleft(reversed(later))
            self._freed.notify_all()
            return group

    def _store(self, group: list[_Entry]) -> None:
        """Stores a group and gives each entry its answer."""
        try:
            outcomes = self._append_patiently(group)
        except StoreUnavailable as error:
            for entry in group:
                entry.answer.set_exception(StoreUnavailable(*error.args))
        except psycopg.Error as error:  # the server, or psycopg before it, refuses something in there
            if len(group) == 1:
                group[0].answer.set_exception(error)
            else:
                for entry in group:
                    self._store([entry])
        else:
            for outcome in outcomes:
                _settle(group[outcome.entry - 1], outcome)
            self._announce(max((outcome.position for outcome in outcomes), default=0))

    def _append_patiently(self, group: list[_Entry]) -> list[_Outcome]:
        """Tries until `RETRY_S` have passed, reconnecting; what a lost try has stored, the next one recognises."""
        deadline = time.monotonic() + RETRY_S
        pause = 0.05
        while True:
            try:
                rows = self._connected().execute(_APPEND, _parameters(group), prepare=True, binary=True).fetchall()
                return [_Outcome(*row) for row in rows]
            except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction) as error:
                self._disconnect()
                for entry in group:
                    entry.unsure = True
                if time.monotonic() > deadline:
                    raise StoreUnavailable("the database can't be reached, or is locked") from error
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def _connected(self) -> _Connection:
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn, autocommit=True)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Recorder(ProcessRecorder):
    """The event store of one service in one PostgreSQL database, as the `eventsourcing` library calls it.

    `dsn` is that of the app role. Call `close` at the end.
    """

    def __init__(self, *, dsn: str) -> None:
        self._dsn = make_conninfo(dsn, **_NETWORK)
        self._readers: ConnectionPool[_Connection] = ConnectionPool(
            make_conninfo(self._dsn, options=_READING),
            kwargs={"autocommit": True},
            min_size=1,
            max_size=READERS_MAX,
            max_waiting=256,
            timeout=READ_S,
            reconnect_timeout=RECONNECT_S,
            open=True,
        )
        self._callbacks: list[Callable[[int], None]] = []
        self._head = 0  # the last position this process knows of
        self._moved = threading.Condition()
        self._writer = _Writer(dsn=self._dsn, announce=self._announce)

    @property
    def dsn(self) -> str:
        """How the app role reaches the store."""
        return self._dsn

    @property
    def known_head(self) -> int:
        """The last position this process knows of, without asking."""
        return self._head

    def connect(self) -> _Connection:
        """A connection of its own, for tables that stand beside the events; whoever asks for it closes it."""
        return psycopg.connect(make_conninfo(self._dsn, options=_WRITING), autocommit=True)

    def close(self) -> None:
        """Stores what has been accepted, then lets go of thread and connections; twice is once."""
        self._writer.close()
        self._readers.close()

    def insert_events(  # type: ignore[override]  # the library passes on whatever `save` was given; we name it
        self,
        stored_events: Sequence[RecordedEvent],
        *,
        tracking: Tracking | None = None,
        command: Command | None = None,
    ) -> list[int]:
        """Stores events, the message that was heard and the command that was carried out, all or nothing.

        Returns the positions of the events. Raises `IntegrityError` when another event stands in the place of one of
        them, `AlreadyTracked`, `CommandAlreadyRecorded`, or `StoreUnavailable`.
        """
        if not stored_events and tracking is None and command is None:
            return []
        entry = _Entry(events=stored_events, tracking=tracking, command=command)
        self._writer.enqueue(entry)
        try:
            last = entry.answer.result(timeout=ANSWER_S)
        except TimeoutError:
            entry.answer.cancel()
            raise StoreUnavailable("the store did not answer in time") from None
        return list(range(last - len(stored_events) + 1, last + 1))

    def insert_page(
        self, connection: _Connection, events: Sequence[RecordedEvent], *, first: int, tracking: Tracking
    ) -> None:
        """Stores what the messages of one partition from `first` to `tracking` have caused, all or nothing.

        In a transaction of its own on a connection of the caller's, past the writer's queue. Raises `AlreadyTracked` where one of
        the messages was heard before, whoever heard it, `IntegrityError`, and what psycopg raises; then nothing was stored, or
        (a connection lost while committing) asking again says that it was.
        """
        with connection.transaction():
            connection.execute("select lock_store()")
            heard = connection.execute("select position from tracking where name = %b", (tracking.application_name,))
            if any(position >= first for (position,) in heard):
                raise AlreadyTracked("a message of this page was heard before")
            position = append(connection, events=events, tracking=tracking)
        self._announce(position)

    def insert_tracking(self, tracking: Tracking) -> None:
        """Notes that a message was heard that causes nothing here; raises `AlreadyTracked`."""
        self.insert_events([], tracking=tracking)

    def load(self, events: Iterable[RecordedEvent]) -> int:
        """Stores any number of events by COPY in one transaction and returns the last position: for first loads.

        Other writers wait for it and, when it takes longer than they may wait, are told `StoreUnavailable`.
        Raises `IntegrityError`, and then nothing was stored.
        """
        with psycopg.connect(self._dsn, options=_LOADING) as connection, connection.cursor() as cursor:
            cursor.execute("select lock_store()")
            head = cursor.execute("select coalesce(max(notification_id), 0) from events").fetchall()[0][0]
            position: int = head
            try:
                with cursor.copy(_COPY) as copy:
                    copy.set_types(_COPY_TYPES)
                    for position, event in enumerate(events, start=head + 1):
                        copy.write_row((position, *_columns(event)))
            except psycopg.errors.UniqueViolation as error:
                raise IntegrityError("another event stands in the place of one of these") from error
        self._announce(position)
        return position

    def on_recorded(self, callback: Callable[[int], None]) -> None:
        """Has `callback(last_position)` called after each commit of this process, by the writer: so be brief."""
        self._callbacks.append(callback)

    def _announce(self, position: int) -> None:
        """Tells this process how far the log has come."""
        with self._moved:
            if position <= self._head:
                return
            self._head = position
            self._moved.notify_all()
        for callback in self._callbacks:
            try:
                callback(position)
            except Exception as error:  # noqa: BLE001 - a listener's fault is not the store's
                logger.error("a listener failed: %s", type(error).__name__)  # noqa: TRY400

    def follow(self, after: int, limit: int) -> list[RecordedNotification]:
        """At most `limit` events after a position, in order."""
        return [RecordedNotification(_recorded(row), row[0]) for row in self._read(_FOLLOW, (after, limit))]

    def find_answer(self, command_id: UUID) -> tuple[bytes, Answer] | None:
        """The request hash and the answer of a command that was carried out, or None."""
        rows = self._read("select request_hash, answer, position from commands where id = %b", (command_id,))
        return (rows[0][0], Answer(rows[0][1], rows[0][2])) if rows else None

    def wait_for(self, position: int, *, timeout: float) -> bool:
        """Waits until the log has come to `position`, in any process; False when it hasn't within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self._head < position:
            self._announce(self.max_notification_id() or 0)
            with self._moved:
                remaining = deadline - time.monotonic()
                reached = self._moved.wait_for(lambda: self._head >= position, timeout=min(remaining, POLL_S))
            if not reached and remaining <= POLL_S:
                return False
        return True

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[RecordedEvent]:
        """One aggregate's events, `gt` < version <= `lte`, oldest first unless `desc`."""
        query = _SELECT_DESCENDING if desc else _SELECT
        return [_recorded(row) for row in self._read(query, (originator_id, gt or 0, lte, limit))]

    def select_events_of(self, originator_ids: Iterable[UUID]) -> list[RecordedEvent]:
        """The events of many aggregates in one reading: each one's together, oldest first."""
        return [_recorded(row) for row in self._read(_SELECT_OF, (list(originator_ids),))]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        """Events in order, for the library's notification log; our own readers use `follow`."""
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        rows = self._read(_NOTIFICATIONS, (after, stop, list(topics) or None, limit))
        return [
            Notification(originator_id=id, originator_version=version, topic=topic, state=state, id=position)
            for position, id, version, topic, state in rows  # noqa: A001
        ]

    def max_notification_id(self) -> int | None:
        """The head of the log, or None when it is empty."""
        head: int | None = self._read("select max(notification_id) from events", ())[0][0]
        return head

    def max_tracking_id(self, application_name: str) -> int | None:
        """The last position heard under a tracking name, or None."""
        rows = self._read("select position from tracking where name = %b", (application_name,))
        return rows[0][0] if rows else None

    def pool_stats(self) -> dict[str, int]:
        """How the connections for reading are used, as `psycopg_pool` counts them."""
        return self._readers.get_stats()

    def trackings(self) -> dict[str, int]:
        """The last position heard, by tracking name."""
        return dict(self._read("select name, position from tracking", ()))

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> NoReturn:
        """Not offered: followers poll with `follow`, woken by `on_recorded`."""
        raise NotImplementedError("follow the log with `follow`; `on_recorded` says when there is more")

    def _read(self, query: LiteralString, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Reads; once more on a sound connection if the one it got turns out to be lost."""
        for last in (False, True):
            try:
                with self._readers.connection() as connection:
                    return connection.execute(query, parameters, prepare=True, binary=True).fetchall()
            except (PoolTimeout, PoolClosed, TooManyRequests) as error:
                raise StoreUnavailable("no connection to the database is free") from error
            except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
                raise StoreUnavailable("the database takes too long") from error
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if last:
                    raise StoreUnavailable("the database can't be reached") from error
                self._readers.check()
        raise AssertionError  # the loop always returns or raises


_COLUMNS: Final = (
    "originator_id, originator_version, topic, state, recorded_at,"
    " actor, department, purpose, command_id, correlation_id, causation_id, trace"
)
_EVENTS: Final = f"select notification_id, {_COLUMNS} from events"  # noqa: S608 - constants of this module
_FOLLOW: Final = f"{_EVENTS} where notification_id > %b order by notification_id limit %b"
_SELECT: Final = (
    f"{_EVENTS} where originator_id = %b and originator_version > %b"
    " and originator_version <= coalesce(%b, 9223372036854775807) order by originator_version limit %b"
)
_SELECT_DESCENDING: Final = _SELECT.replace("order by originator_version", "order by originator_version desc")
_SELECT_OF: Final = f"{_EVENTS} where originator_id = any(%b::uuid[]) order by originator_id, originator_version"
_NOTIFICATIONS: Final = (
    "select notification_id, originator_id, originator_version, topic, state from events where notification_id > %b"
    " and notification_id <= coalesce(%b, 9223372036854775807) and topic = any(coalesce(%b::text[], array[topic]))"
    " order by notification_id limit %b"
)
_COPY: Final = f"copy events (notification_id, {_COLUMNS}) from stdin (format binary)"
_COPY_TYPES: Final = ("int8", "uuid", "int8", "text", "bytea", "timestamptz", *("text",) * 3, *("uuid",) * 3, "text")
_APPEND: Final = (
    "select * from append_events("
    "%b::int[], %b::uuid[], %b::text[], %b::bytea[], %b::uuid[], %b::text[], %b::bigint[], %b::int[],"
    " %b::uuid[], %b::bigint[], %b::text[], %b::bytea[], %b::timestamptz[],"
    " %b::text[], %b::text[], %b::text[], %b::uuid[], %b::uuid[], %b::uuid[], %b::text[])"
)


def _columns(event: RecordedEvent) -> tuple[object, ...]:
    """An event's values in the order of `_COLUMNS`."""
    caused = event.caused
    return (
        event.originator_id,
        event.originator_version,
        event.topic,
        event.state,
        event.recorded_at,
        caused.actor,
        caused.department,
        caused.purpose,
        caused.command_id,
        caused.correlation_id,
        caused.causation_id,
        caused.trace,
    )


def _recorded(row: tuple[Any, ...]) -> RecordedEvent:
    """The event in a row of position and `_COLUMNS`."""
    _, id, version, topic, state, recorded_at, actor, department, purpose, command, correlation, causation, trace = row  # noqa: A001
    caused = Caused(
        actor=actor,
        department=department,
        purpose=purpose,
        at=recorded_at,
        command_id=command,
        correlation_id=correlation,
        causation_id=causation,
        trace=trace,
    )
    return RecordedEvent(id, version, topic, state, caused, recorded_at)


def _parameters(group: list[_Entry]) -> tuple[Column, ...]:
    """The arrays `append_events` takes: one value for each entry, then one for each event."""
    commands = [entry.command for entry in group]
    trackings = [entry.tracking for entry in group]
    numbers = [number for number, entry in enumerate(group, start=1) for _ in entry.events]
    events = [event for entry in group for event in entry.events]
    caused = [event.caused for event in events]
    return (
        column(INT4, [len(entry.events) for entry in group]),
        column(UUIDS, [command and command.id for command in commands]),
        column(TEXT, [command and command.name for command in commands]),
        column(BYTEA, [command and command.request_hash for command in commands]),
        column(UUIDS, [command and command.answer for command in commands]),
        column(TEXT, [tracking and tracking.application_name for tracking in trackings]),
        column(INT8, [tracking and tracking.notification_id for tracking in trackings]),
        column(INT4, numbers),
        column(UUIDS, [event.originator_id for event in events]),
        column(INT8, [event.originator_version for event in events]),
        column(TEXT, [event.topic for event in events]),
        column(BYTEA, [event.state for event in events]),
        column(TIMESTAMPTZ, [event.recorded_at for event in events]),
        column(TEXT, [act.actor for act in caused]),
        column(TEXT, [act.department for act in caused]),
        column(TEXT, [act.purpose for act in caused]),
        column(UUIDS, [act.command_id for act in caused]),
        column(UUIDS, [act.correlation_id for act in caused]),
        column(UUIDS, [act.causation_id for act in caused]),
        column(TEXT, [act.trace for act in caused]),
    )


def _settle(entry: _Entry, outcome: _Outcome) -> None:
    """Gives an entry its answer."""
    if outcome.outcome == "stored" or (entry.unsure and outcome.same):
        entry.answer.set_result(outcome.position)
    elif outcome.answer is not None:
        entry.answer.set_exception(CommandAlreadyRecorded(Answer(outcome.answer, outcome.position)))
    elif outcome.outcome == "passed":
        entry.answer.set_exception(AlreadyTracked("this message was heard before"))
    else:
        entry.answer.set_exception(IntegrityError("another event stands in this place of its aggregate"))
