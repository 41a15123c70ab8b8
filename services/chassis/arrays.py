"""Columns as PostgreSQL takes them in binary: the values of many rows as one parameter, a list of a type that is known.

The driver would look at every value to find out what it is, and do so for each of a dozen columns. `None` is null.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.abc import DumperKey
from psycopg.adapt import Dumper, PyFormat
from psycopg.pq import Format

_HEAD: Final = struct.Struct(
    ">iiIii"
)  # dimensions, whether any is null, the values' type, how many, the first's number
_NONE: Final = struct.Struct(">iiI")  # no dimensions
_INT4: Final = struct.Struct(">ii")  # each value after its length
_INT8: Final = struct.Struct(">iq")
_LENGTH: Final = struct.Struct(">i")
_NULL: Final = _LENGTH.pack(-1)
_UUID: Final = _LENGTH.pack(16)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of PostgreSQL's: its number, that of its arrays, and how a value is written after its length."""

    oid: int
    array_oid: int
    written: Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Column:
    """Values as they go over the wire; a parameter for `%b`."""

    oid: int
    data: bytes


def column(kind: Kind, values: Sequence[Any]) -> Column:
    """The values of one column, in order."""
    if not values:
        return Column(kind.array_oid, _NONE.pack(0, 0, kind.oid))
    written = kind.written
    has_null = None in values
    parts = [_NULL if value is None else written(value) for value in values] if has_null else map(written, values)
    return Column(kind.array_oid, _HEAD.pack(1, has_null, kind.oid, len(values), 1) + b"".join(parts))


def _bytes(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def _text(value: str) -> bytes:
    return _bytes(value.encode())


def _uuid(value: UUID) -> bytes:
    return _UUID + value.bytes


def _int4(value: int) -> bytes:
    return _INT4.pack(4, value)


def _int8(value: int) -> bytes:
    return _INT8.pack(8, value)


def _moment(value: datetime) -> bytes:
    since = value - _EPOCH
    return _INT8.pack(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


INT4: Final = Kind(23, 1007, _int4)
INT8: Final = Kind(20, 1016, _int8)
TEXT: Final = Kind(25, 1009, _text)
BYTEA: Final = Kind(17, 1001, _bytes)
UUIDS: Final = Kind(2950, 2951, _uuid)
TIMESTAMPTZ: Final = Kind(1184, 1185, _moment)


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def get_key(self, obj: Column, format: PyFormat) -> DumperKey:  # noqa: A002, ARG002  # the driver's words
        return (self.cls, obj.oid)  # type: ignore[return-value]  # a class and what tells its kinds apart

    def upgrade(self, obj: Column, format: PyFormat) -> Dumper:  # noqa: A002, ARG002
        dumper = type(self)(self.cls)
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: Column) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(Column, _ColumnDumper)
