"""What the roster needs at hand in order to compare: the rows of the registers in force, and which child a key led to.

Rows are sealed under their batch's key and stay only while their batch is the one in force for its register. Keys (an ID
number, a 学籍号, a row's place) are kept as keyed hashes: they find a child again and tell nobody who it is.
"""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from services.chassis.store import StoreUnavailable
from services.chassis.vault import Vault
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
create table if not exists child_key (
    key      bytea primary key,
    child_id uuid not null
);
"""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A row as it is sealed."""

    cells: dict[str, str]
    file: str
    sheet: str
    line: int


def migrate(connection: psycopg.Connection[Any], *, app_role: str) -> None:
    """Creates the tables, as their owner; any number of times."""
    connection.execute(SCHEMA)
    grant = psycopg.sql.SQL("grant select, insert, update, delete on register_row, register_in_force, child_key to {}")
    connection.execute(grant.format(psycopg.sql.Identifier(app_role)))


class Lookup:
    """The tables of the roster that are not events."""

    def __init__(self, *, dsn: str, vault: Vault, key_secret: bytes) -> None:
        self._pool = ConnectionPool(dsn, min_size=1, max_size=4, open=True, timeout=10, reconnect_timeout=5)
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

    def put_in_force(self, register: str, batch_id: UUID) -> None:
        """Makes a batch the register's word from now on; the rows of the batch before go."""
        with self._connection() as connection:
            connection.execute(
                """insert into register_in_force (register, batch_id) values (%s, %s)
                   on conflict (register) do update set batch_id = excluded.batch_id""",
                (register, batch_id),
            )
            connection.execute(
                "delete from register_row where batch_id not in (select batch_id from register_in_force)"
            )

    def batches_in_force(self) -> dict[str, UUID]:
        """Which batch speaks for each register."""
        with self._connection() as connection:
            return dict(connection.execute("select register, batch_id from register_in_force").fetchall())

    def rows_in_force(self) -> list[Row]:
        """All rows of the registers in force."""
        rows: list[Row] = []
        with self._connection() as connection:
            for register, batch_id, number, sealed in connection.execute(
                "select register, batch_id, row, sealed from register_in_force join register_row using (batch_id)"
            ):
                opened = self._vault.open(sealed, aggregate_id=batch_id, version=number, stored_topic=ROW_TOPIC)
                if opened is not None:
                    kept = msgspec.json.decode(opened, type=_Kept)
                    rows.append(Row(RowRef(Register(register), number), kept.cells, kept.file, kept.sheet, kept.line))
        return rows

    def drop_rows(self, places: Iterable[tuple[UUID, int]]) -> None:
        """Deletes single rows, batch and number, of somebody who was erased."""
        batches, numbers = [], []
        for batch_id, number in places:
            batches.append(batch_id)
            numbers.append(number)
        with self._connection() as connection:
            connection.execute(
                "delete from register_row where (batch_id, row) in (select * from unnest(%s::uuid[], %s::integer[]))",
                (batches, numbers),
            )

    def known_children(self) -> set[UUID]:
        """All children some key leads to."""
        with self._connection() as connection:
            return {row[0] for row in connection.execute("select distinct child_id from child_key")}

    def lead_elsewhere(self, *, absorbed: UUID, child_id: UUID) -> None:
        """Lets every key of an entry lead to the child that it turned out to be."""
        with self._connection() as connection:
            connection.execute("update child_key set child_id = %s where child_id = %s", (child_id, absorbed))

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
                        "select key, child_id from child_key where key = any(%s)", (wanted[start : start + CHUNK],)
                    ).fetchall()
                )
        return found

    def keep_keys(self, keys: dict[bytes, UUID]) -> None:
        """Remembers which child each key leads to."""
        with self._connection() as connection:
            connection.execute(
                """insert into child_key (key, child_id) select * from unnest(%s::bytea[], %s::uuid[])
                   on conflict (key) do update set child_id = excluded.child_id""",
                (list(keys), list(keys.values())),
            )

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise StoreUnavailable("the roster's database can't be reached") from error
