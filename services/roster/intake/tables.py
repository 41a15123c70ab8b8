"""Files that wait, sealed, and how far each delivery has come.

A file is kept in chunks, sealed under the key of its upload, from when it was handed in until its delivery is over; then the
chunks go, and the workbook of returned rows stays for `KEPT` more. Names of files may name people, so they are sealed too, and
so is what is reported of a delivery. An upload that no delivery came of goes after a day.
"""

import base64
import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from services.chassis.aggregate import Caused
from services.chassis.clock import Clock
from services.chassis.store import lent
from services.chassis.vault import Vault

CHUNK_BYTES: Final = 256 * 1024
KEPT: Final = timedelta(days=30)
"""How long the workbook of returned rows can be fetched after a delivery is over."""
ABANDONED: Final = timedelta(days=1)
"""After how long an upload goes that no delivery came of."""
REJECTS: Final = 0
"""The number of the workbook of returned rows among the files of an upload; those handed in count from 1."""

FILE_TOPIC: Final = "roster.delivery_file"
CHUNK_TOPIC: Final = "roster.delivery_chunk"
REPORT_TOPIC: Final = "roster.delivery_report"

SCHEMA: Final = """
create table if not exists delivery_work (
    delivery_id uuid primary key,
    upload_id   uuid not null,
    unit        text not null,
    step        text not null default 'waiting',
    done        bigint not null default 0,
    total       bigint not null default 0,
    since       timestamptz not null,
    report      text not null default '',
    handed_in   timestamptz not null,
    over        timestamptz
);
create table if not exists delivery_file (
    upload_id uuid not null,
    number    integer not null,
    name      text not null,
    sha256    text not null default '',
    kept_at   timestamptz not null,
    primary key (upload_id, number)
);
create table if not exists delivery_chunk (
    upload_id uuid not null,
    number    integer not null,
    chunk     integer not null,
    sealed    text not null,
    primary key (upload_id, number, chunk)
);
create table if not exists comparison_work (
    comparison_id uuid primary key,
    as_of    date not null,
    asked    text not null,
    step     text not null default 'waiting',
    done     bigint not null default 0,
    total    bigint not null default 0,
    since    timestamptz not null,
    over     timestamptz
);
"""


class Place(msgspec.Struct, frozen=True):
    """Where something can't be read, as a person finds it, and why; never what stands there."""

    register: str
    file: str
    sheet: str
    line: int
    column: str
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a delivery beside the counts that are told: by register, by place, and why it was refused.

    `passed_over` lines under a header are no rows but sums, notes or headers said again; `passed` says where the first stand.
    `replaces` are the rows that are in force now, by register, and would be no more.
    """

    registers: dict[str, int] = {}
    rejects: tuple[Place, ...] = ()
    rejected: int = 0
    passed: tuple[Place, ...] = ()
    passed_over: int = 0
    replaces: dict[str, int] = {}
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A delivery as far as it has come."""

    delivery_id: UUID
    upload_id: UUID
    unit: str
    step: str
    done: int
    total: int
    since: datetime
    handed_in: datetime
    over: datetime | None


def migrate(connection: psycopg.Connection[Any], *, app_role: str) -> None:
    """Creates the tables, as their owner; any number of times."""
    connection.execute(SCHEMA)
    grant = psycopg.sql.SQL(
        "grant select, insert, update, delete on delivery_work, delivery_file, delivery_chunk, comparison_work to {}"
    )
    connection.execute(grant.format(psycopg.sql.Identifier(app_role)))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a comparison, and in which thread of events."""

    actor: str
    department: str
    purpose: str
    command_id: UUID
    correlation_id: UUID


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison that somebody asked for, as far as it has come; `over` where it is made."""

    comparison_id: UUID
    as_of: date
    asked: Asked
    step: str
    done: int
    total: int
    since: datetime
    over: datetime | None


class Tables:
    """The tables of deliveries, and of comparisons that were asked for."""

    def __init__(self, *, dsn: str, vault: Vault, clock: Clock) -> None:
        self._pool = ConnectionPool(dsn, min_size=0, max_size=4, open=True, timeout=10, reconnect_timeout=5)
        self._vault = vault
        self._clock = clock

    def close(self) -> None:
        """Lets go of the database."""
        self._pool.close()

    # Files

    def begin_file(self, upload_id: UUID, *, number: int, name: str) -> None:
        """A file of an upload begins."""
        sealed = self._seal(name, upload_id, version=number, topic=FILE_TOPIC)
        with self._connection() as connection:
            connection.execute(
                """insert into delivery_file (upload_id, number, name, kept_at) values (%s, %s, %s, %s)
                   on conflict (upload_id, number) do update set name = excluded.name, kept_at = excluded.kept_at""",
                (upload_id, number, sealed, self._clock.now()),
            )
            connection.execute("delete from delivery_chunk where upload_id = %s and number = %s", (upload_id, number))

    def add_chunk(self, upload_id: UUID, *, number: int, chunk: int, content: bytes) -> None:
        """The next piece of a file."""
        text = base64.b64encode(content).decode()
        sealed = self._seal(text, upload_id, version=_version(number, chunk), topic=CHUNK_TOPIC)
        with self._connection() as connection:
            connection.execute(
                "insert into delivery_chunk (upload_id, number, chunk, sealed) values (%s, %s, %s, %s)",
                (upload_id, number, chunk, sealed),
            )

    def end_file(self, upload_id: UUID, *, number: int, sha256: str) -> None:
        """The file is whole."""
        with self._connection() as connection:
            connection.execute(
                "update delivery_file set sha256 = %s where upload_id = %s and number = %s",
                (sha256, upload_id, number),
            )

    def keep_file(self, upload_id: UUID, *, number: int, name: str, content: bytes) -> None:
        """Keeps a whole file; again, it replaces it."""
        self.begin_file(upload_id, number=number, name=name)
        for chunk, start in enumerate(range(0, len(content), CHUNK_BYTES)):
            self.add_chunk(upload_id, number=number, chunk=chunk, content=content[start : start + CHUNK_BYTES])
        self.end_file(upload_id, number=number, sha256=hashlib.sha256(content).hexdigest())

    def files(self, upload_id: UUID) -> list[tuple[int, str]]:
        """Number and name of the files that were handed in."""
        with self._connection() as connection:
            rows = connection.execute(
                "select number, name from delivery_file where upload_id = %s and number > %s order by number",
                (upload_id, REJECTS),
            ).fetchall()
        return [(number, self._open(name, upload_id, version=number, topic=FILE_TOPIC)) for number, name in rows]

    def content(self, upload_id: UUID, number: int) -> bytes:
        """A file's bytes; empty where it is not there any more."""
        with self._connection() as connection:
            chunks = connection.execute(
                "select chunk, sealed from delivery_chunk where upload_id = %s and number = %s order by chunk",
                (upload_id, number),
            ).fetchall()
        opened = (
            self._open(sealed, upload_id, version=_version(number, chunk), topic=CHUNK_TOPIC)
            for chunk, sealed in chunks
        )
        return b"".join(base64.b64decode(text) for text in opened)

    def drop_files(self, upload_id: UUID, *, keep_rejects: bool = False) -> None:
        """The files of an upload go; its workbook of returned rows stays where asked to."""
        first = REJECTS + 1 if keep_rejects else REJECTS
        with self._connection() as connection:
            for table in ("delivery_chunk", "delivery_file"):
                query = psycopg.sql.SQL("delete from {} where upload_id = %s and number >= %s")
                connection.execute(query.format(psycopg.sql.Identifier(table)), (upload_id, first))

    def drop_stale(self) -> None:
        """What nobody will ask for any more: uploads without a delivery, and workbooks of deliveries long over."""
        now = self._clock.now()
        with self._connection() as connection:
            stale = connection.execute(
                """select distinct upload_id from delivery_file left join delivery_work using (upload_id)
                   where (delivery_id is null and kept_at < %s) or over < %s""",
                (now - ABANDONED, now - KEPT),
            ).fetchall()
        for (upload_id,) in stale:
            self.drop_files(upload_id)

    # Work

    def add_work(self, delivery_id: UUID, *, upload_id: UUID, unit: str) -> None:
        """A delivery waits to be read, from the first upload it was added with."""
        with self._connection() as connection:
            connection.execute(
                """insert into delivery_work (delivery_id, upload_id, unit, since, handed_in)
                   values (%(id)s, %(upload)s, %(unit)s, %(now)s, %(now)s) on conflict do nothing""",
                {"id": delivery_id, "upload": upload_id, "unit": unit, "now": self._clock.now()},
            )

    def find_work(self, delivery_id: UUID) -> Work | None:
        """How far a delivery has come."""
        return next(iter(self._works("delivery_id = %s", delivery_id)), None)

    def open_work(self) -> list[Work]:
        """The deliveries that are not over, the oldest first."""
        return self._works("over is null")

    def tell(self, delivery_id: UUID, *, step: str, done: int, total: int) -> None:
        """How far a delivery has come; `since` is when its step began."""
        with self._connection() as connection:
            connection.execute(
                """update delivery_work set done = %(done)s, total = %(total)s, step = %(step)s,
                   since = case when step = %(step)s then since else %(now)s end where delivery_id = %(id)s""",
                {"id": delivery_id, "step": step, "done": done, "total": total, "now": self._clock.now()},
            )

    def end_work(self, delivery_id: UUID, *, step: str) -> None:
        """A delivery is over."""
        now = self._clock.now()
        with self._connection() as connection:
            connection.execute(
                "update delivery_work set step = %s, since = %s, over = coalesce(over, %s) where delivery_id = %s",
                (step, now, now, delivery_id),
            )

    # Comparisons

    def ask_again(self, comparison_id: UUID, as_of: date, caused: Caused) -> None:
        """A comparison waits to be made; one as of a day that waits already is made once."""
        asked = Asked(
            actor=caused.actor,
            department=caused.department,
            purpose=caused.purpose,
            command_id=caused.command_id,
            correlation_id=caused.correlation_id,
        )
        with self._connection() as connection:
            connection.execute(
                """insert into comparison_work (comparison_id, as_of, asked, since) values (%(id)s, %(as_of)s, %(asked)s, %(now)s)
                   on conflict (comparison_id) do update set asked = excluded.asked, since = excluded.since, step = 'waiting',
                   done = 0, total = 0, over = null where comparison_work.over is not null""",
                {
                    "id": comparison_id,
                    "as_of": as_of,
                    "asked": msgspec.json.encode(asked).decode(),
                    "now": self._clock.now(),
                },
            )

    def waiting_comparisons(self) -> list[Again]:
        """The comparisons that are still to be made, the oldest first."""
        return self._comparisons("over is null")

    def find_comparison(self, comparison_id: UUID) -> Again | None:
        """How far a comparison has come."""
        return next(iter(self._comparisons("comparison_id = %s", comparison_id)), None)

    def tell_comparison(self, comparison_id: UUID, *, step: str, done: int, total: int, over: bool = False) -> None:
        """How far a comparison has come; `since` is when its step began."""
        with self._connection() as connection:
            connection.execute(
                """update comparison_work set done = %(done)s, total = %(total)s, step = %(step)s,
                   since = case when step = %(step)s then since else %(now)s end,
                   over = case when %(over)s then %(now)s end where comparison_id = %(id)s""",
                {
                    "id": comparison_id,
                    "step": step,
                    "done": done,
                    "total": total,
                    "now": self._clock.now(),
                    "over": over,
                },
            )

    def _comparisons(self, where: LiteralString, *values: object) -> list[Again]:
        query = psycopg.sql.SQL(
            "select comparison_id, as_of, asked, step, done, total, since, over from comparison_work where {} order by since"
        )
        with self._connection() as connection:
            rows = connection.execute(query.format(psycopg.sql.SQL(where)), values).fetchall()
        return [
            Again(
                comparison_id=comparison_id,
                as_of=as_of,
                asked=msgspec.json.decode(asked, type=Asked),
                step=step,
                done=done,
                total=total,
                since=since,
                over=over,
            )
            for comparison_id, as_of, asked, step, done, total, since, over in rows
        ]

    # What was found

    def keep_report(self, work: Work, report: Report) -> None:
        """Keeps what was found of a delivery."""
        text = msgspec.json.encode(report).decode()
        sealed = self._seal(text, work.upload_id, version=1, topic=REPORT_TOPIC)
        with self._connection() as connection:
            connection.execute(
                "update delivery_work set report = %s where delivery_id = %s", (sealed, work.delivery_id)
            )

    def report(self, work: Work) -> Report:
        """What was found of a delivery so far."""
        with self._connection() as connection:
            row = connection.execute(
                "select report from delivery_work where delivery_id = %s", (work.delivery_id,)
            ).fetchone()
        text = self._open(row[0], work.upload_id, version=1, topic=REPORT_TOPIC) if row else ""
        return msgspec.json.decode(text, type=Report) if text else Report()

    def _works(self, where: LiteralString, *values: object) -> list[Work]:
        query = psycopg.sql.SQL(
            "select delivery_id, upload_id, unit, step, done, total, since, handed_in, over"
            " from delivery_work where {} order by handed_in, delivery_id"
        ).format(psycopg.sql.SQL(where))
        with self._connection() as connection:
            return [Work(*row) for row in connection.execute(query, values)]

    def _seal(self, text: str, upload_id: UUID, *, version: int, topic: str) -> str:
        return self._vault.seal(
            text, subject=upload_id, aggregate_id=upload_id, version=version, stored_topic=topic, field="text"
        )

    def _open(self, sealed: str, upload_id: UUID, *, version: int, topic: str) -> str:
        return self._vault.open(sealed, aggregate_id=upload_id, version=version, stored_topic=topic) or ""

    def _connection(self) -> AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]:
        return lent(self._pool, of="the roster's database")


def _version(number: int, chunk: int) -> int:
    """What the seal of a chunk is bound to: file and place in it."""
    return number * 1_000_000 + chunk
