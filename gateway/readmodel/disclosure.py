"""What the county makes public 信息公开 (N9.2), as rows: each disclosure from its making up to its release and its end."""

from datetime import date
from itertools import product
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

import msgspec
from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import Row
from services.contracts.disclosure import (
    DisclosureApproved,
    DisclosureContent,
    DisclosureDiscarded,
    DisclosurePrepared,
    DisclosureReleased,
    DisclosureWithdrawn,
    ShownTable,
)

DisclosureEvent = (
    DisclosurePrepared | DisclosureApproved | DisclosureReleased | DisclosureWithdrawn | DisclosureDiscarded
)


class DisclosedCell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of a table by itself; codes that were put together are joined by `+`, a sum has no row or no column."""

    place: int
    name: str
    row: str
    column: str
    value: int | None


class Disclosure(Row, frozen=True, kw_only=True):
    """One disclosure; public while it has a number and no day of withdrawal."""

    TABLE: ClassVar[str] = "disclosure"
    KEY: ClassVar[str] = "disclosure_id"
    disclosure_id: UUID
    unit: str = ""
    township: str = ""
    """The bureau's area; no one township's matter."""
    state: str = ""
    number: int = 0
    content: DisclosureContent | None = None
    cells: tuple[DisclosedCell, ...] = ()
    counted_on: date | None = None
    school_year: str = ""
    rule: str = ""
    tasks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    sha256: str = ""
    reached: tuple[str, ...] = ()
    prepared_by: str = ""
    prepared_on: date | None = None
    approved_by: str = ""
    approved_on: date | None = None
    released_by: str = ""
    released_on: date | None = None
    reason: str = ""
    ended_on: date | None = None


def cells_of(tables: tuple[ShownTable, ...]) -> tuple[DisclosedCell, ...]:
    """The cells and sums of tables, one by one, in order."""
    found = []
    for table in tables:
        for (i, row), (j, column) in product(enumerate(table.rows), enumerate(table.columns)):
            found.append((table.table, "+".join(row), "+".join(column), table.cells[i][j]))
        found += [(table.table, "+".join(row), "", table.row_sums[i]) for i, row in enumerate(table.rows)]
        found += [(table.table, "", "+".join(column), table.column_sums[j]) for j, column in enumerate(table.columns)]
    return tuple(
        DisclosedCell(place=place, name=name, row=row, column=column, value=value)
        for place, (name, row, column, value) in enumerate(found, start=1)
    )


def disclosure(row: Disclosure | None, told: Told[DisclosureEvent]) -> Disclosure:
    """A disclosure until it is withdrawn or discarded."""
    event = told.event
    row = row or Disclosure(disclosure_id=event.disclosure_id)
    match event:
        case DisclosurePrepared():
            content = event.content
            return replace(
                row,
                unit=event.unit,
                township=event.unit.partition(":")[2],
                state="prepared",
                content=content,
                cells=cells_of(content.tables),
                counted_on=content.counted_on,
                school_year=content.school_year,
                rule=content.rule,
                tasks=content.tasks,
                methods=content.methods,
                bodies=tuple(f"{body.unit} {body.duty}" for body in content.bodies),
                sha256=event.sha256,
                reached=tuple(f"{each.service}:{each.position}" for each in event.reached),
                prepared_by=event.prepared_by,
                prepared_on=event.prepared_on,
            )
        case DisclosureApproved():
            return replace(row, state="approved", approved_by=event.approved_by, approved_on=event.approved_on)
        case DisclosureReleased():
            return replace(
                row,
                state="released",
                number=event.number,
                released_by=event.released_by,
                released_on=event.released_on,
            )
        case DisclosureWithdrawn():
            return replace(row, state="withdrawn", reason=event.reason, ended_on=event.withdrawn_on)
        case DisclosureDiscarded():
            return replace(row, state="discarded", reason=event.reason, ended_on=event.discarded_on)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Disclosure, events=get_args(DisclosureEvent), about=about("disclosure_id"), evolve=disclosure),
)
