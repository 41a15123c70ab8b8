"""The batches in force as one numbering of rows: which batch and row a `RowRef` is, over all parts of a register.

A register's word may come in parts: the county's list ('') and lists of single units about themselves. Rows are numbered on
through the parts of a register, the county's first, so that the engine sees one list; grounds keep the batch and the row
within it, which do not change when another part comes in.

Where both the county's list and a unit's own speak of that unit, the one that was taken in later is heard and the other
passed over: two lists of one class, one of them old, would let a child sit where it no longer does.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from services.contracts.divisions import UNKNOWN_TOWNSHIP, township_code
from services.roster.reconcile.model import Register, Row, RowRef
from services.roster.reconcile.normalise import compact

WHOLE: Final = ""
"""The part that is the whole county's."""

PartKey = tuple[str, str]
"""Register and part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A batch that speaks for a register or a part of it; `taken` counts in which order they came into force."""

    register: str
    part: str
    batch_id: UUID
    taken: int


class Batches:
    """Where each row of the registers in force is kept."""

    def __init__(self, first_rows: Mapping[str, Sequence[tuple[int, UUID]]]) -> None:
        self._starts = {register: [first for first, _ in parts] for register, parts in first_rows.items()}
        self._ids = {register: [batch_id for _, batch_id in parts] for register, parts in first_rows.items()}

    def place(self, ref: RowRef) -> tuple[UUID, int]:
        """Batch of a row, and its number within it."""
        starts = self._starts[ref.register]
        at = bisect_right(starts, ref.row) - 1
        return self._ids[ref.register][at], ref.row - starts[at] + 1


def in_one_numbering(parts: Iterable[tuple[Part, Sequence[Row]]]) -> tuple[list[Row], Batches]:
    """The rows of all parts, those passed over left out, numbered on through each register; each part's rows count from 1."""
    registers: dict[str, list[tuple[Part, Sequence[Row]]]] = defaultdict(list)
    for part, rows in parts:
        registers[part.register].append((part, rows))
    numbered: list[Row] = []
    first_rows: dict[str, list[tuple[int, UUID]]] = {}
    for register in sorted(registers):
        first = 1
        first_rows[register] = []
        of_register = sorted(registers[register], key=lambda entry: entry[0].part)
        for part, rows in _heard(of_register):
            first_rows[register].append((first, part.batch_id))
            numbered += rows if first == 1 else _moved(rows, by=first - 1)
            first += max((row.ref.row for row in rows), default=0)
    return numbered, Batches(first_rows)


def unit_of(row: Row) -> str:
    """The unit whose list a row would stand on, '' where the row does not say."""
    match row.ref.register:
        case Register.IN_SCHOOL | Register.CHECK_IN:
            code = compact(row.cells.get("school_code", ""))
            return f"school:{code}" if code else ""
        case Register.FIELD_CHECK:
            code = township_code(row.cells.get("township", ""))
            return f"township:{code}" if code != UNKNOWN_TOWNSHIP else ""
        case _:
            return ""


def _heard(parts: Sequence[tuple[Part, Sequence[Row]]]) -> Iterator[tuple[Part, Sequence[Row]]]:
    """Parts with the rows of each that count; nothing is looked at where there is but one."""
    county = next(((part, rows) for part, rows in parts if part.part == WHOLE), None)
    if county is None or len(parts) == 1:
        yield from parts
        return
    whole, rows_of_county = county
    named = {unit_of(row) for row in rows_of_county}
    later = {part.part for part, _ in parts if part.part != WHOLE and part.taken > whole.taken}
    yield whole, [row for row in rows_of_county if unit_of(row) not in later]
    for part, rows in parts:
        if part.part != WHOLE and (part.part in later or part.part not in named):
            yield part, rows


def _moved(rows: Iterable[Row], *, by: int) -> Iterator[Row]:
    return (replace(row, ref=RowRef(row.ref.register, row.ref.row + by)) for row in rows)
