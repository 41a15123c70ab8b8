"""All that is held of one child 个人信息登记内容, as its guardian reads it (PIPL 45): what, where it came from, and who looked at it.

There is one way for all kinds of record: every type of the map that is of a child is a section, with the fields that the office may
see, under the Chinese names the schema gives them. A new type of record is in the file without a line here. Left out are comparisons
of two children: they are about somebody else as well. Who looked is told by unit and purpose, not by the officer's account.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import jinja2

from gateway.access.policy import NODE_ID, Grants
from gateway.schema.count_tables import SUBQUERY_ALIAS
from gateway.schema.map import TABLES, asks_identity, column, identity_join, scope, source
from gateway.schema.table import Table
from gateway.sheets.ledger import canonical
from gateway.sheets.listing import Shown, cell, headed, term_of
from gateway.sheets.stamp import Stamp
from gateway.words import unit, word
from services.chassis.workbook import Column, Sheet, write

OF_TWO: Final = frozenset({"ChildDoubt", "DoubtRow"})
"""Types of one child's side of a comparison with another."""
MOST_LOOKS: Final = 5_000
LOOKS: Final = f"""
    select at, department, purpose, decision, fields from receipt where child_ids @> array[%(child)s::uuid]
    order by at desc limit {MOST_LOOKS}""".encode()
"""Who looked, newest first; the first so many of them."""
CALLED: Final = "个人信息登记内容"
_LOOKED: Final = ("时间", "单位", "用途", "结果", "所看内容")
_PAGES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("gateway.sheets", "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One kind of record: its name, what brings its rows, and its columns."""

    called: str
    statement: bytes
    columns: tuple[Shown, ...]


def sections(purposes: Sequence[Grants]) -> tuple[Section, ...]:
    """Every kind of record of a child that the office may see for one of these purposes, which reach the same rows; of each kind as
    much as the purpose that shows most of it."""
    return tuple(
        section
        for table in TABLES.values()
        if table.of_child and not table.pair and table.type not in OF_TWO
        for section in _section(table, purposes)
    )


def _section(table: Table, purposes: Sequence[Grants]) -> Iterator[Section]:
    granted = {grants.purpose: _columns(table, grants) for grants in purposes}
    most = max(purposes, key=lambda grants: len(granted[grants.purpose]))
    if not (columns := granted[most.purpose]):
        return
    values = ", ".join(column(table, shown.field, alias="held", grants=most) for shown in columns)
    join = ""
    if any(asks_identity(table, shown.field) for shown in columns):
        join = identity_join(alias="held", grants=most)
    within = "true" if table.type in SUBQUERY_ALIAS else scope(table, alias="held", grants=most)
    rows = source(table, grants=most)
    yield Section(
        called=term_of(table.type),
        statement=f"select {values} from {rows} held {join} where held.child_id = %(child)s and {within}".encode(),
        columns=columns,
    )


def _columns(table: Table, grants: Grants) -> tuple[Shown, ...]:
    return tuple(headed(table.type, name) for name in table.columns if name != NODE_ID and grants.of(table.type, name))


@dataclass(slots=True, kw_only=True)
class Held:
    """What was found, section by section, and the hash of all of it."""

    receipt_number: str
    parts: list[tuple[str, tuple[str, ...], list[list[str]]]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The fields that were read, as receipts name them."""

    def add(self, section: Section, rows: Sequence[Sequence[Any]]) -> None:
        """Takes a section's rows; one without rows is not told of."""
        self.names += [shown.name for shown in section.columns]
        if rows:
            cells = [[cell(s, value) for s, value in zip(section.columns, row, strict=True)] for row in rows]
            self.parts.append((section.called, tuple(shown.heading for shown in section.columns), cells))

    def add_looks(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Takes who looked."""
        cells = [
            [
                f"{row['at']:%Y-%m-%d %H:%M}",
                unit(row["department"]),
                word("purposes", row["purpose"]),
                word("decisions", row["decision"]),
                "、".join(dict.fromkeys(_heading(name) for name in row["fields"])),
            ]
            for row in rows
        ]
        self.parts.append((f"查阅记录（最近 {MOST_LOOKS} 次以内）", _LOOKED, cells))

    @property
    def count(self) -> int:
        """How many rows."""
        return sum(len(rows) for _, _, rows in self.parts)

    @property
    def content_hash(self) -> str:
        """SHA-256 over each section's name, headings and rows, each a JSON list of texts and a line feed."""
        told = hashlib.sha256()
        for called, headings, rows in self.parts:
            told.update(canonical([called]) + canonical(headings))
            for row in rows:
                told.update(canonical(row))
        return told.hexdigest()


def _heading(name: str) -> str:
    """A field as receipts name it, in words; what is no field of a type is left as it is."""
    type_name, _, field_name = name.partition(".")
    table = TABLES.get(type_name)
    return headed(type_name, field_name).heading if table and field_name in table.columns else name


def page(held: Held, *, stamp: Stamp) -> str:
    """As a page to read and to print."""
    return _PAGES.get_template("child_data.html").render(held=held, stamp=stamp, called=CALLED)


def workbook(held: Held, *, stamp: Stamp) -> bytes:
    """As a workbook, a sheet for each kind of record."""
    said = f"{stamp.words}　受理回执号：{held.receipt_number}　校验码：{held.content_hash}"
    sheets = [
        Sheet(
            f"{number} {called}"[:31],
            [Column(heading, 16) for heading in headings],
            rows,
            title=called,
            notes=[said],
            footer=said,
        )
        for number, (called, headings, rows) in enumerate(held.parts, start=1)
    ]
    return write(sheets, properties={"title": CALLED, "subject": said, "creator": "保学", "校验码": held.content_hash})
