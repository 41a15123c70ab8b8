"""What the roster needs at hand in order to compare: the rows of the registers in force, and which child a key led to.

Rows are sealed under their batch's key and stay only while their batch is in force for its register, or its part of one. Keys (an ID
number, a 学籍号, a row's place) are kept as keyed hashes: they find a child again and tell nobody who it is. A key leads to
the entry it was kept for, merged or not (`recognition.py`). `child_stated` lets a comparison pass over children of whom it
would say what it said before: a keyed hash of that, and the version the child then had.
"""

import hmac
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from services.chassis.errors import Refused
from services.chassis.store import StoreUnavailable, lent
from services.chassis.vault import Vault
from services.roster.batches import WHOLE, Part, PartKey
from services.roster.reconcile.model import Register, Row, RowRef

ROW_TOPIC: Final = "roster.register_row"
CHUNK: Final = 2_000

SCHEMA: Final = """
create table if not exists register_row (
    batch_id uuid not null,
    row      integer not null,
    sealed   text not null,
    primary key (batch_id, row)
);
create table if not exists register_in_force (
    register text primary key,
    batch_id uuid not null
);
alter table register_in_force add column if not exists part text not null default '';
alter table register_in_force add column if not exists taken bigint not null default 0;
do $$
begin  -- before there were parts, one batch was all of a register
    if (select array_length(conkey, 1) from pg_constraint
        where conrelid = 'register_in_force'::regclass and contype = 'p') = 1 then
        alter table register_in_force drop constraint register_in_force_pkey;
        alter table register_in_force add primary key (register, part);
    end if;
end
$$;
create table if not exists child_key (
    key      bytea primary key,
    child_id uuid not null
);
create table if not exists child_stated (
    child_id uuid primary key,
    said     bytea not null,
    version  bigint not null
);
"""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A row as it is sealed."""

    cells: dict[str, str]
    file: str
    sheet: str
    line: int


class Busy(Refused):
    """Somebody else is loading or comparing."""


class Claim:
    """The right to load and compare, as long as its connection lasts."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def renew(self) -> None:
        """Raises `StoreUnavailable` where the connection is gone: somebody else may have the claim by now."""
        try:
            self._connection.execute("select 1")
        except psycopg.OperationalError as error:
            raise StoreUnavailable("the roster's database was lost while files were taken in") from error


def migrate(connection: psycopg.Connection[Any], *, app_role: str) -> None:
    """Creates the tables, as their owner; any number of times."""
    connection.execute(SCHEMA)
    grant = psycopg.sql.SQL(
        "grant select, insert, update, delete on register_row, register_in_force, child_key, child_stated to {}"
    )
    connection.execute(grant.format(psycopg.sql.Identifier(app_role)))


class Lookup:
    """The tables of the roster that are not events."""

    def __init__(self, *, dsn: str, vault: Vault, key_secret: bytes) -> None:
        self._pool = ConnectionPool(dsn, min_size=1, max_size=4, open=True, timeout=10, reconnect_timeout=5)
        self._dsn = dsn
        self._vault = vault
        self._key_secret = key_secret

    def close(self) -> None:
        """Lets go of the database."""
        self._pool.close()

    def keep_rows(self, batch_id: UUID, rows: Sequence[Row]) -> None:
        """Keeps a batch's rows; again, it replaces them."""
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute("delete from register_row where batch_id = %s", (batch_id,))
            with cursor.copy("copy register_row (batch_id, row, sealed) from stdin") as copy:
                for row in rows:
                    kept = msgspec.json.encode(_Kept(dict(row.cells), row.file, row.sheet, row.line)).decode()
                    sealed = self._vault.seal(
                        kept,
                        subject=batch_id,
                        aggregate_id=batch_id,
                        version=row.ref.row,
                        stored_topic=ROW_TOPIC,
                        field="cells",
                    )
                    copy.write_row((batch_id, row.ref.row, sealed))

    def put_in_force(self, register: str, batch_id: UUID, *, part: str = WHOLE) -> None:
        """Makes a batch the register's word from now on, or that of a part of it; the rows of the batch before go."""
        with self._connection() as connection:
            connection.execute(
                """insert into register_in_force (register, part, batch_id, taken)
                   values (%s, %s, %s, (select coalesce(max(taken), 0) + 1 from register_in_force))
                   on conflict (register, part) do update set batch_id = excluded.batch_id, taken = excluded.taken""",
                (register, part, batch_id),
            )
            connection.execute(
                "delete from register_row where batch_id not in (select batch_id from register_in_force)"
            )

    def batches_in_force(self) -> dict[PartKey, UUID]:
        """Which batch speaks for each register and part."""
        return {(part.register, part.part): part.batch_id for part in self.parts_in_force()}

    def parts_in_force(self) -> list[Part]:
        """The batches that speak for registers and their parts, in the order in which they came into force."""
        with self._connection() as connection:
            rows = connection.execute(
                "select register, part, batch_id, taken from register_in_force order by taken, register, part"
            )
            return [Part(*row) for row in rows]

    def heard(self) -> frozenset[UUID]:
        """The batches that nothing later speaks against: a unit's own list and the county's outweigh each other by age."""
        parts = self.parts_in_force()
        whole = {part.register: part.taken for part in parts if part.part == WHOLE}
        own = {part.register: part.taken for part in parts if part.part != WHOLE}  # the latest, by their order
        return frozenset(
            part.batch_id
            for part in parts
            if part.taken >= (own if part.part == WHOLE else whole).get(part.register, 0)
        )

    @contextmanager
    def claim(self, *, wait_s: float = 0.0) -> Iterator["Claim"]:
        """While nobody else, in this process or another, loads or compares; raises `Busy` where somebody does."""
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            connection.execute("select set_config('lock_timeout', %s, false)", (f"{max(1, int(wait_s * 1000))}ms",))
            try:
                connection.execute("select pg_advisory_lock(hashtextextended('intake', 0))")
            except psycopg.errors.LockNotAvailable:
                raise Busy("另一批名册正在入库 / registers are being taken in already; try again later.") from None
            yield Claim(connection)

    def rows_in_force(
        self, *, without: Collection[PartKey] = (), of: str | None = None
    ) -> list[tuple[Part, list[Row]]]:
        """The rows of the registers in force, or `of` one, part by part and in their order, as each batch numbers them."""
        parts = [
            part
            for part in self.parts_in_force()
            if (part.register, part.part) not in without and of in {None, part.register}
        ]
        return [(part, self._rows_of(part)) for part in parts]

    def _rows_of(self, part: Part) -> list[Row]:
        rows: list[Row] = []
        register, batch_id = Register(part.register), part.batch_id
        with self._connection() as connection:
            for number, sealed in connection.execute(
                "select row, sealed from register_row where batch_id = %s order by row", (batch_id,)
            ):
                opened = self._vault.open(sealed, aggregate_id=batch_id, version=number, stored_topic=ROW_TOPIC)
                if opened is not None:
                    kept = msgspec.json.decode(opened, type=_Kept)
                    rows.append(Row(RowRef(register, number), kept.cells, kept.file, kept.sheet, kept.line))
        return rows

    def places_in_force(self) -> list[tuple[UUID, int]]:
        """Batch and number of every row of the registers in force."""
        with self._connection() as connection:
            return connection.execute("select batch_id, row from register_row").fetchall()

    def drop_rows(self, places: Iterable[tuple[UUID, int]]) -> None:
        """Deletes single rows, batch and number, of somebody who was erased."""
        batches, numbers = [], []
        for batch_id, number in places:
            batches.append(batch_id)
            numbers.append(number)
        with self._connection() as connection:
            connection.execute(
                "delete from register_row where (batch_id, row) in (select * from unnest(%b::uuid[], %b::integer[]))",
                (batches, numbers),
            )

    def known_children(self) -> set[UUID]:
        """All entries some key leads to, or of whom something was said."""
        with self._connection() as connection:
            named = {
                row[0]
                for row in connection.execute("select child_id from child_key union select child_id from child_stated")
            }
            return named - self._never_told_of(connection, named)

    def unchanged(self, said: dict[UUID, bytes]) -> set[UUID]:
        """Those children of whom just this was said before, and to whom nothing happened since."""
        unchanged: set[UUID] = set()
        children = list(said)
        with self._connection() as connection:
            for start in range(0, len(children), CHUNK):
                chunk = children[start : start + CHUNK]
                unchanged.update(
                    row[0]
                    for row in connection.execute(
                        """select child_id from child_stated
                           join unnest(%b::uuid[], %b::bytea[]) as again (child_id, said) using (child_id, said)
                           where version = (select max(originator_version) from events where originator_id = child_id)""",
                        (chunk, [said[child_id] for child_id in chunk]),
                    )
                )
        return unchanged

    def keep_said(self, said: dict[UUID, bytes], versions: dict[UUID, int]) -> None:
        """Remembers what was said of children, as keyed hashes, and their versions when it had been."""
        with self._connection() as connection:
            connection.execute(
                """insert into child_stated (child_id, said, version)
                   select * from unnest(%b::uuid[], %b::bytea[], %b::bigint[])
                   on conflict (child_id) do update set said = excluded.said, version = excluded.version""",
                (list(versions), [said[child_id] for child_id in versions], list(versions.values())),
            )

    def key(self, text: str) -> bytes:
        """A text as a keyed hash, the same for the same text."""
        return hmac.digest(self._key_secret, text.encode(), "sha256")

    def children_of(self, keys: Iterable[bytes]) -> dict[bytes, UUID]:
        """Which child each known key led to."""
        found: dict[bytes, UUID] = {}
        wanted = list(keys)
        with self._connection() as connection:
            for start in range(0, len(wanted), CHUNK):
                found.update(
                    connection.execute(
                        "select key, child_id from child_key where key = any(%b)", (wanted[start : start + CHUNK],)
                    ).fetchall()
                )
            nobody = self._never_told_of(connection, set(found.values()))
        return {key: child_id for key, child_id in found.items() if child_id not in nobody}

    def _never_told_of(self, connection: psycopg.Connection[Any], entries: Collection[UUID]) -> set[UUID]:
        """The entries that are none: keys are kept before the children, and the comparison was killed in between."""
        return {
            row[0]
            for row in connection.execute(
                """select child_id from unnest(%b::uuid[]) as named (child_id)
                   where not exists (select from events where originator_id = child_id)""",
                (list(entries),),
            )
        }

    def keep_keys(self, keys: dict[bytes, UUID]) -> None:
        """Remembers which child each key leads to."""
        with self._connection() as connection:
            connection.execute(
                """insert into child_key (key, child_id) select * from unnest(%b::bytea[], %b::uuid[])
                   on conflict (key) do update set child_id = excluded.child_id""",
                (list(keys), list(keys.values())),
            )

    def _connection(self) -> AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]:
        return lent(self._pool, of="the roster's database")
