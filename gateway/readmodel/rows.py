"""Rows of the read model: how they are read from PostgreSQL and written to it, many at once.

A row is a frozen struct whose fields are columns of its table, in the words of `tables.sql`. Rows travel as one JSON text
per statement and direction: PostgreSQL gives it types by the table itself (`json_populate_recordset`), so no column's
type is written down twice, and arrays, dates and ids need no adapters.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Final, LiteralString, TypeVar, cast
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
R = TypeVar("R", bound="Row")
T = TypeVar("T")


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a table of the read model; an id that is known makes a row, every other field has a default.

    Frozen rows make no circles, so the garbage collector needn't look at them: there are a county of them at a time.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[str]
    OF_ONE_EVENT: ClassVar[bool] = False
    """Whether one event alone makes a row and its key: then none is there before it, and none is looked for."""


class OfChild(Row, frozen=True, kw_only=True):
    """A row that stands under the township of its child, whenever that is known, and follows it."""

    PLACES: ClassVar[Mapping[str, str]] = {"township": "child_id"}
    """The columns that hold a township, and the column that names the child it is of."""
    child_id: UUID
    township: str = ""


class OfCase(Row, frozen=True, kw_only=True):
    """A row that stands under the township of its case, whenever that is known."""

    case_id: UUID
    township: str = ""


class Rows:
    """Rows by kind and key; None stands for a row that is not to be there.

    They lie by the number of their id: an id is hashed and compared in Python, its number in C, and each event looks for rows a dozen times.
    """

    def __init__(self) -> None:
        self._kinds: dict[type[Row], dict[int, Row | None]] = {}

    def find(self, kind: type[R], key: UUID) -> R | None:
        """The row of this key, or None where there is none."""
        rows = self._kinds.get(kind)
        return cast("R | None", rows.get(key.int)) if rows is not None else None

    def of(self, kind: type[R]) -> list[R]:
        """All rows of a kind, in the order they were first put."""
        return [row for row in self._kinds.get(kind, {}).values() if isinstance(row, kind)]

    def keys_of(self, *kinds: type[Row]) -> set[UUID]:
        """The keys of these kinds that were put, whether there is a row or not to be one."""
        return {UUID(int=number) for kind in kinds for number in self._kinds.get(kind, ())}

    def put(self, kind: type[R], key: UUID, row: R | None) -> None:
        """Sets the row of a key."""
        rows = self._kinds.get(kind)
        if rows is None:
            rows = self._kinds[kind] = {}
        rows[key.int] = row

    def take_over(self, newer: "Rows", kind: type[Row], keys: Collection[UUID]) -> None:
        """Puts what newer rows have at these keys in the place of what is here."""
        for key in newer.keys_of(kind).intersection(keys):
            self.put(kind, key, newer.find(kind, key))

    def without(self, kind: type[Row]) -> "Rows":
        """The same but for one kind."""
        rows = Rows()
        rows._kinds = {other: dict(by_number) for other, by_number in self._kinds.items() if other is not kind}
        return rows

    def written(self) -> Iterator[tuple[type[Row], Sequence[UUID], Sequence[Row]]]:
        """Of each kind the keys of which there is to be no row, and the rows."""
        for kind, by_number in self._kinds.items():
            gone = [UUID(int=number) for number, row in by_number.items() if row is None]
            yield kind, gone, [row for row in by_number.values() if row is not None]


_UNTOUCHED: Final = object()
"""Stands for a key that nothing became of."""


class Known(Rows):
    """Rows as they stood, with what has become of them since on top; `changed()` gives only the difference."""

    def __init__(self, before: Rows) -> None:
        super().__init__()
        self._before = before

    def find(self, kind: type[R], key: UUID) -> R | None:
        """The row as it is now."""
        rows = self._kinds.get(kind)
        if rows is not None:
            row = rows.get(key.int, _UNTOUCHED)
            if row is not _UNTOUCHED:
                return cast("R | None", row)
        return self._before.find(kind, key)

    def evolve(self, kind: type[R], key: UUID, how: Callable[[R | None, T], R | None], heard: T) -> None:
        """Puts what becomes of the row of a key; what `find` and `put` do, with fewer looks."""
        rows = self._kinds.get(kind)
        if rows is None:
            rows = self._kinds[kind] = {}
        number = key.int
        row = rows.get(number, _UNTOUCHED)
        if row is _UNTOUCHED:
            row = self._before.find(kind, key)
        rows[number] = how(row, heard)  # type: ignore[arg-type]  # a row of this kind, or none

    def of(self, kind: type[R]) -> list[R]:
        """All rows of a kind as they are now."""
        now = self._kinds.get(kind, {})
        kept = [row for row in self._before.of(kind) if _key(row).int not in now]
        return [*kept, *super().of(kind)] if kept else super().of(kind)

    def changed(self) -> Rows:
        """The rows that are not what they were."""
        changed = Rows()
        for kind, by_number in self._kinds.items():
            before = self._before._kinds.get(kind, {})  # noqa: SLF001  # of its own class
            news = {number: row for number, row in by_number.items() if row != before.get(number)}
            if news:
                changed._kinds[kind] = news  # noqa: SLF001
        return changed


def read_rows(connection: Connection, kind: type[R], *, by: str, ids: Collection[UUID]) -> list[R]:
    """The rows whose column `by` holds one of the ids."""
    return ask_rows(connection, kind, by=by, ids=ids)()


def ask_rows(
    connection: Connection, kind: type[R], *, by: str, ids: Collection[UUID], only: LiteralString = "true"
) -> Callable[[], list[R]]:
    """Asks for the rows whose column `by` holds one of the ids, and returns what gives them; `only` is a further condition.

    Within a pipeline of the connection many are asked for, and after it all of them have come, in one way there and back.
    """
    if not ids:
        return list
    asked = connection.execute(_reading(kind, by, only), [list(ids)])

    def found() -> list[R]:
        row = asked.fetchone()
        return msgspec.json.decode(row[0], type=list[kind]) if row and row[0] else []  # type: ignore[valid-type]

    return found


def write_rows(connection: Connection, rows: Rows) -> None:
    """Writes the rows, one statement a kind; those that are None are deleted."""
    for kind, gone, there in rows.written():
        if gone:
            connection.execute(_deleting(kind), [gone])
        if there:
            connection.execute(_writing(kind), [msgspec.json.encode(there).decode()])


# Statements are put together once: an event that is shown at once costs a dozen of them.


@cache
def _reading(kind: type[Row], by: str, only: LiteralString) -> bytes:
    statement = sql.SQL(
        "select json_agg(t)::text from (select {columns} from {table} where {by} = any(%b) and {only}) t"
    )
    return statement.format(
        columns=_columns(kind), table=sql.Identifier(kind.TABLE), by=sql.Identifier(by), only=sql.SQL(only)
    ).as_bytes()


@cache
def _writing(kind: type[Row]) -> bytes:
    others = [column for column in kind.__struct_fields__ if column != kind.KEY]
    sets = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in others)
    statement = sql.SQL(
        "insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, %s::text::json)"
        " on conflict ({key}) do update set {sets}"
    )
    return statement.format(
        table=sql.Identifier(kind.TABLE), columns=_columns(kind), key=sql.Identifier(kind.KEY), sets=sets
    ).as_bytes()


@cache
def _deleting(kind: type[Row]) -> bytes:
    statement = sql.SQL("delete from {table} where {key} = any(%b)")
    return statement.format(table=sql.Identifier(kind.TABLE), key=sql.Identifier(kind.KEY)).as_bytes()


def _columns(kind: type[Row]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, kind.__struct_fields__))


def _key(row: Row) -> UUID:
    key: UUID = getattr(row, row.KEY)
    return key
