"""One reader's way of taking records into one read model: what can be applied is, what can't be is parked by key.

A batch that fails is halved until the events remain that are the reason; the key of each (producer, aggregate) is parked
in the transaction that moves the tracking past it. Later events of the key queue behind it, everything else flows. Nobody
stands still to try an event again: the halving has tried it several times, and a second later what is parked is due for
the first time. It is then tried in order, in one transaction with noting that it was handled: so it has its effect once.

Whose fault is it? `is_the_events_fault` says; only then is anything parked. What an event has no part in (a lost
connection, a missing right, a key store that is away) is raised, for the caller to wait. The same goes for `TooMuchParked`:
where nearly everything fails it is the program that is wrong, and a county's events don't belong in a parking place.

The journal. It tells what was published, not what can be shown: a parked event's entry is written when it is parked, so
that supervisors see that it happened, also where an operator decides to drop it. Where the journal can't hold it (it
holds another event there, or the envelope is no text for a database), the parked record itself is all there is.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, takewhile
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import psycopg
from psycopg import errors

from gateway.readmodel.fold import Opener, Told
from gateway.readmodel.partition import recount
from gateway.readmodel.projection import (
    LOCK,
    NO_ROWS,
    Contradicted,
    Followers,
    Outcome,
    Overtaken,
    fill,
    follow,
    is_kept,
    keep,
    listen,
    outcome,
    track,
    write,
    writing,
)
from gateway.readmodel.rows import Connection
from services.chassis import parking
from services.chassis.clock import Clock
from services.chassis.key_store import VaultUnavailable
from services.chassis.log import Message, Record, Unreadable, encode
from services.chassis.parking import AT_ONCE, KEYS_MAX, QUEUED, UNKNOWN_VERSION, UNREADABLE, Key, Parked
from services.chassis.telemetry import batch_span, count
from services.contracts.envelope import PRIVATE, Envelope, Published, is_known_otherwise

POSITION_MAX: Final = 2**63 - 1
COMPLETED_S: Final = 900
"""How long each statement may take that completes a read model: it goes through a whole table of the county."""

Place = tuple[str, int]
"""Producer and position of an event."""

logger = logging.getLogger(__name__)


class TooMuchParked(Exception):
    """So many keys are parked that it can't be the events: the projection waits until somebody has looked."""


@dataclass(slots=True)
class _Batch:
    """What is to become of the records of a batch that are new."""

    reached: dict[str, int] = field(default_factory=dict)
    heard: list[Envelope] = field(default_factory=list)
    """All events, for the journal."""
    shown: list[Envelope] = field(default_factory=list)
    """Those that go into the rows."""
    aside: list[tuple[Record, str]] = field(default_factory=list)
    """What is parked, and why."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records that were folded and are to be written."""

    records: Sequence[Record]
    batch: _Batch
    told: Sequence[Told[Published]]
    become: Outcome


class Taker:
    """Takes records into the read model that its connections lead to; for one thread.

    `positions` and `keys` are replaced, never changed, so any thread may look at them.
    """

    def __init__(
        self,
        *,
        reader: str,
        opener: Opener,
        clock: Clock,
        taken: Callable[[Sequence[Place]], None] = lambda _: None,
        lock: int = LOCK,
        keys_max: int = KEYS_MAX,
        fills: bool = False,
    ) -> None:
        """`taken` is told, after each commit, which events can be read now. `fills` says that a read model is made anew: the journal
        has its events already, as far as can be told, and is asked before anything is sent; and what follows from a row elsewhere
        waits until `complete`."""
        self.positions: dict[str, int] = {}
        """How far the read model is, by tracking name."""
        self.keys: frozenset[Key] = frozenset()
        """What is parked and waits."""
        self._reader = reader
        self._opener = opener
        self._clock = clock
        self._taken = taken
        self._lock = lock
        self._keys_max = keys_max
        self._fills = fills
        self._left = Followers() if fills else None

    def go_on(self, connection: Connection) -> dict[str, int]:
        """Looks where the read model is and what is parked, and returns the positions to go on from."""
        self.positions = dict(connection.execute("select name, position from tracking").fetchall())
        self.keys = frozenset(parking.parked_keys(connection, reader=self._reader))  # not older than the positions
        return self.positions

    def begin_anew(self, connection: Connection) -> None:
        """Makes due what an earlier program could not read; once in the life of a process."""
        parking.retry_lasting(connection, reader=self._reader, at=self._clock.now())

    def take(self, connection: Connection, records: Sequence[Record]) -> None:
        """Applies or parks each record; raises `Overtaken`, `TooMuchParked` and what only waiting can heal."""
        try:
            self._take(connection, records)
        except Exception as error:
            if not is_the_events_fault(error):
                raise
            if len(records) == 1:
                self._park_alone(connection, records[0], type(error).__name__)
                return
            middle = len(records) // 2
            self.take(connection, records[:middle])
            self.take(connection, records[middle:])

    def try_again(self, connection: Connection) -> None:
        """Tries what is due of what is parked, and looks what waits: others park and decide, too."""
        while True:
            due = parking.due(connection, reader=self._reader, at=self._clock.now())
            handled = sum(self._try_key(connection, list(rows)) for _, rows in groupby(due, key=lambda row: row.thread))
            if not handled or len(due) < AT_ONCE:
                break
        self.keys = frozenset(parking.parked_keys(connection, reader=self._reader))

    def find_contradicted(self, connection: Connection) -> str | None:
        """Where the log contradicts the journal and nobody has decided on it yet: tracking name and position."""
        found = connection.execute(
            "select tracking || ' ' || place from parked where reader = %s and state = 'parked' and error = %s"
            " order by number limit 1",
            [self._reader, Contradicted.__name__],
        ).fetchone()
        return found[0] if found is not None else None

    def prepare(
        self, connection: Connection, records: Sequence[Record], *, after: Prepared | None = None
    ) -> Prepared | None:
        """Folds records on top of what is written and of what `after` will have written; None where something among them is to be
        parked, which `take` does. For whoever alone writes this read model."""
        since, ahead = self.positions, NO_ROWS
        if after is not None:
            since, ahead = since | after.batch.reached, after.become.changed
        try:
            batch = self._sort(records, since=since)
            if any(error != QUEUED for _, error in batch.aside):
                return None
            told = listen(batch.shown, opener=self._opener)
            return Prepared(records, batch, told, outcome(connection, told, ahead=ahead))
        except Exception as error:
            if not is_the_events_fault(error):
                raise
            return None

    def write(self, connection: Connection, prepared: Prepared) -> None:
        """Writes what was prepared; raises as `take` does, and where an event is at fault: then nothing is written."""
        if prepared.batch.heard:
            self._write(connection, prepared.batch, prepared.told, prepared.become)

    def complete(self, connection: Connection) -> None:
        """Brings what was filled to what follows from it; from now on each batch does so itself."""
        if self._left is not None:
            with writing(connection, lock=self._lock):
                connection.execute(
                    "select set_config('statement_timeout', %s, true), set_config('enable_seqscan', 'on', true)",
                    [f"{COMPLETED_S}s"],
                )
                follow(connection, self._left)
                recount(connection)
            self._left = None

    def _take(self, connection: Connection, records: Sequence[Record]) -> None:
        batch = self._sort(records, since=self.positions)
        if batch.heard or batch.aside:
            self._write(connection, batch, listen(batch.shown, opener=self._opener))

    def _write(
        self,
        connection: Connection,
        batch: _Batch,
        told: Sequence[Told[Published]],
        become: Outcome | None = None,
    ) -> None:
        traces = [envelope.trace for envelope in batch.shown]
        with batch_span("project", traces=traces), writing(connection, lock=self._lock):
            self._move(connection, batch.reached)
            if not (self._fills and is_kept(connection, batch.heard)):
                keep(connection, batch.heard)
            become = become or outcome(connection, told)
            if self._left is not None:
                self._left.add(fill(connection, become))
            else:
                write(connection, become)
            for record, error in batch.aside:
                self._park(connection, record, error)
        self._done(batch.reached, batch.shown)
        self._count_unknown(batch.shown, told)
        if batch.aside:
            self._note_parked(connection, batch.aside)

    def _sort(self, records: Sequence[Record], *, since: Mapping[str, int]) -> _Batch:
        """Leaves out what was taken already, and says of the rest what is to become of it."""
        batch, keys = _Batch(), set(self.keys)
        for record in map(_storable, records):
            if isinstance(record, Unreadable):
                batch.aside.append((record, UNREADABLE))
                if record.key is not None:
                    keys.add((record.tracking.partition("/")[0], record.key))
                continue
            name, envelope = record.tracking, record.envelope
            if envelope.position <= batch.reached.get(name, since.get(name, 0)):
                continue
            batch.reached[name] = envelope.position
            batch.heard.append(envelope)
            key = (envelope.producer, envelope.aggregate_id)
            if key in keys:
                batch.aside.append((record, QUEUED))
            elif _is_known_otherwise(envelope.type):
                batch.aside.append((record, UNKNOWN_VERSION))
                keys.add(key)
            else:
                batch.shown.append(envelope)
        return batch

    def _move(self, connection: Connection, reached: dict[str, int]) -> None:
        """Moves the tracking on; raises `Overtaken` also where other keys are parked than this reader believes."""
        if reached:
            track(connection, since=self.positions, reached=reached)
        if parking.parked_keys(connection, reader=self._reader) != self.keys:
            raise Overtaken("other keys are parked than this reader knows of")

    def _park_alone(self, connection: Connection, record: Record, error: str) -> None:
        record = _storable(record)
        batch = self._sort([record], since=self.positions)
        with writing(connection, lock=self._lock):
            self._move(connection, batch.reached)
            for envelope in batch.heard:
                _keep_if_possible(connection, envelope)
            self._park(connection, record, error)
        self._done(batch.reached, [])
        self._note_parked(connection, [(record, error)])

    def _park(self, connection: Connection, record: Record, error: str) -> None:
        if len(self.keys) >= self._keys_max and error != QUEUED:
            raise TooMuchParked
        at = self._clock.now()
        parked = parking.park(connection, reader=self._reader, record=record, error=error, at=at)
        if not parked and isinstance(record, Message):
            # It was parked before and handled, and the read model was emptied since: it waits again, behind its key.
            connection.execute(
                """update parked set state = 'parked', number = default, error = %s, tries = 0, next_try_at = %s,
                     decided_at = null, decided_by = null
                   where reader = %s and id = %s and state = 'handled'""",
                [error, at, self._reader, record.envelope.id],
            )

    def _done(self, reached: dict[str, int], shown: Sequence[Envelope]) -> None:
        self.positions = self.positions | reached
        self._taken([(envelope.producer, envelope.position) for envelope in shown])

    def _note_parked(self, connection: Connection, aside: Sequence[tuple[Record, str]]) -> None:
        for record, error in aside:
            count("baoxue.reader.parked", reader=self._reader, error=error or "queued")
            if error != QUEUED:
                place = record.offset if isinstance(record, Unreadable) else record.envelope.position
                logger.error("%s parked %s %d: %s", self._reader, record.tracking, place, error)
        self.keys = frozenset(parking.parked_keys(connection, reader=self._reader))

    def _count_unknown(self, shown: Sequence[Envelope], told: Sequence[Told[Published]]) -> None:
        """Counts what was journalled and passed over because its type isn't known here at all."""
        known = {id(one.envelope) for one in told}
        for envelope in shown:
            if id(envelope) not in known and not envelope.type.endswith(PRIVATE):
                count("baoxue.reader.unknown", reader=self._reader, type=envelope.type)

    def _try_key(self, connection: Connection, rows: list[Parked]) -> int:
        """The first of a key alone, as it may fail again; then the rest at once, or as far as it goes. How many it were."""
        head, *rest = rows
        if not self._handle(connection, [head]):
            return 0
        if not rest or self._handle(connection, rest, alone=False):
            return len(rows)
        return 1 + sum(1 for _ in takewhile(lambda row: self._handle(connection, [row]), rest))

    def _handle(self, connection: Connection, rows: Sequence[Parked], *, alone: bool = True) -> bool:
        """Applies parked records and notes them handled; False where one fails again, which is noted if it was `alone`."""
        at, ids = self._clock.now(), [row.id for row in rows]
        try:
            envelopes = [_envelope(row) for row in rows]
            told = listen(envelopes, opener=self._opener)
            traces = [envelope.trace for envelope in envelopes]
            with batch_span("project", traces=traces), writing(connection, lock=self._lock):
                waiting = connection.execute(
                    "select id from parked where reader = %s and id = any(%s) and state = 'parked' for update",
                    [self._reader, ids],
                ).fetchall()
                if len(waiting) != len(rows):
                    return False  # another was quicker, or somebody has decided on it
                keep(connection, envelopes)
                write(connection, outcome(connection, told))
                for id_ in ids:
                    parking.handled(connection, reader=self._reader, id=id_, at=at)
        except Exception as error:
            if not is_the_events_fault(error):
                raise
            if alone:
                count("baoxue.reader.retries", reader=self._reader)
                kind = error.kind if isinstance(error, _StillUnread) else type(error).__name__
                parking.tried_again(connection, reader=self._reader, id=ids[0], error=kind, at=at)
            return False
        self._taken([(envelope.producer, envelope.position) for envelope in envelopes])
        return True


class _StillUnread(Exception):
    """A parked record can't be read by this program either."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@lru_cache(maxsize=1024)
def _is_known_otherwise(type_: str) -> bool:
    return is_known_otherwise(type_)


def _envelope(row: Parked) -> Envelope:
    message = row.message()
    if message is None:
        raise _StillUnread(UNREADABLE)
    if _is_known_otherwise(message.envelope.type):
        raise _StillUnread(UNKNOWN_VERSION)
    return message.envelope


def _storable(record: Record) -> Record:
    """The record, as `Unreadable` where no database could note its place and type."""
    if isinstance(record, Unreadable):
        return record
    envelope = record.envelope
    if 0 < envelope.position <= POSITION_MAX and "\x00" not in envelope.type:
        return record
    raw = encode(envelope)
    id_ = uuid5(NAMESPACE_URL, f"unstorable:{record.tracking}/{envelope.id}")
    return Unreadable(tracking=record.tracking, key=envelope.aggregate_id, id=id_, offset=0, raw=raw)


def _keep_if_possible(connection: Connection, envelope: Envelope) -> None:
    try:
        with connection.transaction():
            keep(connection, [envelope])
    except (Contradicted, psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded):
        logger.warning("the journal can't hold %s %d", envelope.producer, envelope.position)


def is_the_events_fault(error: Exception) -> bool:
    """Whether this very event can't be applied; else something is amiss around it, and trying later may help.

    PostgreSQL says it by the class of its error: data (22), integrity (23), cardinality (21) and limits (54) come of
    what is written; lost connections, missing tables and rights, a full disk, a standby don't.
    """
    match error:
        case Overtaken() | TooMuchParked() | VaultUnavailable():
            return False
        case psycopg.Error():
            kinds = (
                psycopg.DataError,
                psycopg.IntegrityError,
                errors.CardinalityViolation,
                errors.ProgramLimitExceeded,
            )
            return isinstance(error, kinds)
        case _:
            return True
