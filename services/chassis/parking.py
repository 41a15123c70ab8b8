"""What a reader heard and could not digest 暂存: parked by key until it can be, so that everything else flows on.

A key is one aggregate of one producer. Once a record of a key is parked, the key is: its later records queue behind in
the order in which they came, and are tried in that order, each after the one before it was handled or dropped. A record
that names no key has nothing behind it and is a key of its own.

The first waiting record of a key is tried again by itself after growing pauses (`PAUSES`), a bounded number of times:
what only came too early, before the event of another producer that it builds upon, heals that way. Then it waits for a
person. What this program can't read at all (`LASTING`) isn't tried again until a process starts, which may be of a newer
version.

Rows are never deleted: what was parked, how often it was tried and what became of it, by whom and why, is a record.

Functions on a connection and no more, so that a reader can park, track and have an effect in one transaction of its own.
All of them may be repeated. `reader` is the name under which the log is read (a service's, or `gateway`).
"""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from services.chassis.errors import Refused
from services.chassis.log import Message, Record, Unreadable, decode, encode

UNREADABLE: Final = "Unreadable"
"""The record is no event of its producer."""
UNKNOWN_VERSION: Final = "UnknownVersion"
"""The event's type is known here in another version only."""
LASTING: Final = (UNREADABLE, UNKNOWN_VERSION)
"""Kinds of error that trying again doesn't heal, but perhaps a newer program does."""
QUEUED: Final = ""
"""In place of an error: nobody has tried this record yet, it queues behind an earlier one of its key."""
NO_POSITION: Final = 0
"""What stands as the position beside a tracking name that counts none: that there is one says all."""

PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 3600))
"""Before each try that happens by itself; after the last one a person decides."""
AT_ONCE: Final = 500
"""Records that `due` returns at most."""
KEYS_MAX: Final = 10_000
"""Waiting keys beyond which a reader parks no further one: it is then the program that is wrong, not the records."""

Connection = psycopg.Connection[Any]
Key = tuple[str, UUID]
"""Producer and aggregate; for a record that names no aggregate its own id stands in."""

SCHEMA: Final = """
create table if not exists parked (
    reader      text        not null,
    id          uuid        not null,
    number      bigint      generated always as identity,  -- the order of arrival, which is the order within a key
    key         uuid,
    producer    text        not null,
    tracking    text        not null,
    place       bigint      not null,                      -- its position; where it can't be read, its offset
    type        text        not null,
    raw         bytea       not null,                      -- as on the wire, personal texts sealed as they came
    error       text        not null,                      -- kind of the last one, never its words
    tries       integer     not null default 0,            -- since it was parked
    parked_at   timestamptz not null,
    next_try_at timestamptz,                               -- null: waits for a person
    state       text        not null default 'parked' check (state in ('parked', 'handled', 'dropped')),
    decided_at  timestamptz,
    decided_by  text,
    why         text,
    primary key (reader, id)
);
create index if not exists parked_waiting on parked (reader, producer, (coalesce(key, id)), number)
    where state = 'parked';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One record that was parked, and what became of it."""

    reader: str
    id: UUID
    """The event's; of an unreadable record the log's own id for it."""
    key: UUID | None
    producer: str
    tracking: str
    place: int
    type: str
    """Empty where the record can't be read."""
    raw: bytes = field(repr=False)
    error: str
    tries: int
    parked_at: datetime
    next_try_at: datetime | None
    state: str
    decided_at: datetime | None
    decided_by: str | None
    why: str | None

    @property
    def thread(self) -> Key:
        """What it is in order with."""
        return (self.producer, self.key or self.id)

    @property
    def outcome(self) -> str:
        """The tracking name under which what becomes of it is written down, so that it becomes one thing only.

        By its id: positions and offsets of one partition are not to be told apart, and after a restore may come again.
        """
        return f"parked/{self.tracking}/{self.id}"

    def message(self) -> Message | None:
        """The event within, or None where this program can't read it (any more, or yet)."""
        try:
            envelope = decode(self.raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return Message(self.tracking, envelope) if envelope.producer == self.producer else None


_COLUMNS: Final = sql.SQL(", ").join(sql.Identifier("parked", column.name) for column in fields(Parked))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedKey:
    """A key that waits, told by its first record, with how many queue behind that."""

    reader: str
    producer: str
    key: UUID | None
    id: UUID
    type: str
    error: str
    tries: int
    parked_at: datetime
    next_try_at: datetime | None
    behind: int


def migrate(connection: Connection, *, app_role: str) -> None:
    """Creates the table and grants it to whoever reads the log here. For the schema's owner; twice is once."""
    grants = sql.SQL("grant select, insert, update on parked to {}").format(sql.Identifier(app_role))
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('parking.migrate'))")
        connection.execute(SCHEMA.encode())
        connection.execute(grants)


# The reader's part.


def park(connection: Connection, *, reader: str, record: Record, error: str, at: datetime) -> bool:
    """Parks a record behind all of its key that wait already; False for one that is there, which stays as it is.

    `error` is the kind of what befell it, or `QUEUED` for a record that only follows its key.
    """
    match record:
        case Unreadable(tracking=tracking, key=key, id=id_, offset=place, raw=raw):
            producer, type_ = tracking.partition("/")[0], ""
        case Message(tracking=tracking, envelope=envelope):
            producer, type_, id_, key = envelope.producer, envelope.type, envelope.id, envelope.aggregate_id
            place, raw = envelope.position, encode(envelope)
    parked = connection.execute(
        """insert into parked (reader, id, key, producer, tracking, place, type, raw, error, parked_at, next_try_at)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (reader, id) do nothing""",
        [reader, id_, key, producer, tracking, place, type_, raw, error, at, _first_try(error, at)],
    )
    return bool(parked.rowcount)


def parked_keys(connection: Connection, *, reader: str) -> set[Key]:
    """The keys that wait: later records of these have to queue."""
    found = connection.execute(
        "select distinct producer, coalesce(key, id) from parked where reader = %s and state = 'parked'", [reader]
    )
    return {(producer, key) for producer, key in found}


def due(connection: Connection, *, reader: str, at: datetime, limit: int = AT_ONCE) -> list[Parked]:
    """What is to be tried now: key by key, the longest waiting key first, and each key's records in their order.

    A key is due when its first record is. Whoever works through it leaves a key alone once a record of it has failed.
    At most `limit` records; ask again after having handled them.
    """
    with connection.cursor(row_factory=class_row(Parked)) as cursor:
        return cursor.execute(
            sql.SQL(
                """with head as materialized (
                     select * from (
                       select distinct on (producer, coalesce(key, id))
                         producer, coalesce(key, id) as thread, number, next_try_at
                       from parked where reader = %(reader)s and state = 'parked'
                       order by producer, coalesce(key, id), number) as first_of_key
                     where next_try_at <= %(at)s order by number limit %(limit)s)
                   select {columns} from head cross join lateral (
                     select * from parked where reader = %(reader)s and state = 'parked'
                       and producer = head.producer and coalesce(key, id) = head.thread
                     order by number limit %(limit)s) as parked
                   order by head.number, parked.number limit %(limit)s"""
            ).format(columns=_COLUMNS),
            {"reader": reader, "at": at, "limit": limit},
        ).fetchall()


def handled(connection: Connection, *, reader: str, id: UUID, at: datetime) -> None:  # noqa: A002
    """Notes that a parked record had its effect; what is behind it is due now."""
    connection.execute(
        """update parked set state = 'handled', tries = tries + 1, next_try_at = null, decided_at = %s,
             decided_by = reader where reader = %s and id = %s and state = 'parked'""",
        [at, reader, id],
    )


def tried_again(connection: Connection, *, reader: str, id: UUID, error: str, at: datetime) -> None:  # noqa: A002
    """Notes that a parked record failed once more, and when it is tried next, if by itself."""
    pauses = [] if error in LASTING else list(PAUSES)
    connection.execute(
        """update parked set tries = tries + 1, error = %(error)s,
             next_try_at = %(at)s::timestamptz + (%(pauses)s::interval[])[tries + 2]
           where reader = %(reader)s and id = %(id)s and state = 'parked'""",
        {"error": error, "at": at, "pauses": pauses, "reader": reader, "id": id},
    )


def retry_lasting(connection: Connection, *, reader: str, at: datetime) -> None:
    """Makes due what could not be read here: called when a process starts, which may know more."""
    connection.execute(
        """update parked set next_try_at = %s
           where reader = %s and state = 'parked' and next_try_at is null and error = any(%s)""",
        [at, reader, list(LASTING)],
    )


# The operator's part.


def list_parked(connection: Connection, *, limit: int = 100, offset: int = 0) -> list[ParkedKey]:
    """The keys that wait, of all readers in this database, the longest waiting first."""
    with connection.cursor(row_factory=class_row(ParkedKey)) as cursor:
        return cursor.execute(
            """select reader, producer, key, id, type, error, tries, parked_at, next_try_at, behind from (
                 select *, row_number() over thread as place_in_key,
                   count(*) over (partition by reader, producer, coalesce(key, id)) - 1 as behind
                 from parked where state = 'parked'
                 window thread as (partition by reader, producer, coalesce(key, id) order by number)) as waiting
               where place_in_key = 1 order by number limit %s offset %s""",
            [limit, offset],
        ).fetchall()


def find_parked(connection: Connection, *, of: UUID) -> list[Parked]:
    """What was ever parked under this id, or waits under this key: each reader's records, in order."""
    with connection.cursor(row_factory=class_row(Parked)) as cursor:
        return cursor.execute(
            sql.SQL(
                "select {columns} from parked where id = %s or (key = %s and state = 'parked') order by reader, number"
            ).format(columns=_COLUMNS),
            [of, of],
        ).fetchall()


def retry(connection: Connection, *, at: datetime, of: UUID | None = None) -> list[Key]:
    """Makes waiting records due, and returns their keys: those of this id or key, or all; once each, then as before."""
    found = connection.execute(
        """update parked set next_try_at = %(at)s
           where state = 'parked' and (%(of)s::uuid is null or id = %(of)s or key = %(of)s)
           returning producer, coalesce(key, id)""",
        {"at": at, "of": of},
    )
    return sorted({(producer, key) for producer, key in found})


def drop(connection: Connection, *, reader: str, id: UUID, at: datetime, by: str, why: str) -> None:  # noqa: A002
    """Decides that a record is never to have an effect; the next of its key is due. Raises `Refused` where none waits."""
    moved = connection.execute(
        """update parked set state = 'dropped', next_try_at = null, decided_at = %s, decided_by = %s, why = %s
           where reader = %s and id = %s and state = 'parked'""",
        [at, by, why, reader, id],
    ).rowcount
    if not moved:
        raise Refused("This message waits no longer: it was handled or dropped.")


def _first_try(error: str, at: datetime) -> datetime | None:
    """When a record that is parked now is tried first: at once where it only queues, never where it can't be read."""
    if error in LASTING:
        return None
    return at if error == QUEUED else at + PAUSES[0]
