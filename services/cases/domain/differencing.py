"""What two published tables tell by their difference 差分 (N9.2): a later number less an earlier one is a number too.

Tables months apart are about children many of whom have come and gone; there a cell is hidden that has changed by a few
since it was last shown. Tables near each other are about nearly the same children, so whatever one of them hides the other
can tell: there the later one is let out only if it hides all that the earlier one hid, and no number of either, nor what the
lines leave open, has changed by a few.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Self

from services.cases.domain.suppression import Cell, Counted, Line

_Group = tuple[list[int], list[int]]
HIDDEN: Final = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table as it is published: cells that are None are hidden, the sums of lines all stand there."""

    table: str
    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    cells: tuple[tuple[int | None, ...], ...]
    row_sums: tuple[int, ...]
    column_sums: tuple[int, ...]

    @classmethod
    def of(cls, table: str, counted: Counted, *, hidden: frozenset[Cell]) -> Self:
        """A counted table without its hidden cells."""
        return cls(
            table=table,
            rows=counted.rows,
            columns=counted.columns,
            cells=tuple(
                tuple(HIDDEN if (i, j) in hidden else value for j, value in enumerate(row))
                for i, row in enumerate(counted.cells)
            ),
            row_sums=counted.row_sums,
            column_sums=counted.column_sums,
        )

    @property
    def hidden(self) -> frozenset[Cell]:
        """Where its hidden cells are."""
        return frozenset((i, j) for i, row in enumerate(self.cells) for j, value in enumerate(row) if value is HIDDEN)


def changed_by_few(counted: Counted, earlier: Shown, *, least: int) -> frozenset[Cell]:
    """The cells of a table to be hidden since they, or lines put together, changed by 1 to `least` - 1 since an earlier one."""
    few = set()
    for (rows, old_rows), (columns, old_columns) in product(
        _same_codes(counted.rows, earlier.rows), _same_codes(counted.columns, earlier.columns)
    ):
        before = [earlier.cells[i][j] for i, j in product(old_rows, old_columns)]
        now = {cell: counted.cells[cell[0]][cell[1]] for cell in product(rows, columns)}
        known = [value for value in before if value is not HIDDEN]
        if len(known) == len(before) and 0 < abs(sum(now.values()) - sum(known)) < least:
            few.add(min(now, key=lambda cell: (now[cell] == 0, now[cell])))
    return frozenset(few)


def tells_of_few(later: Shown, earlier: Shown, *, least: int) -> bool:
    """Whether two tables of nearly the same children, both known, tell of a small group."""
    if (later.rows, later.columns) != (earlier.rows, earlier.columns) or not earlier.hidden <= later.hidden:
        return True
    return any(0 < abs(change) < least for change in _changes(later, earlier))


def _changes(later: Shown, earlier: Shown) -> Iterator[int]:
    """How every number shown in both has changed, and how what each line leaves open has."""
    cells = {
        (i, j): now - before
        for i, row in enumerate(later.cells)
        for j, now in enumerate(row)
        if now is not None and (before := earlier.cells[i][j]) is not None
    }
    yield from cells.values()
    for axis, (sums, before_sums) in enumerate(
        ((later.row_sums, earlier.row_sums), (later.column_sums, earlier.column_sums))
    ):
        for number, (now, before) in enumerate(zip(sums, before_sums, strict=True)):
            yield now - before
            yield now - before - sum(change for cell, change in cells.items() if cell[axis] == number)


def _same_codes(lines: Sequence[Line], others: Sequence[Line]) -> Iterator[_Group]:
    """The smallest groups of lines of both tables that hold the same codes; codes of one of them only are left out."""
    left = set(range(len(lines)))
    while left:
        group, other_group = {min(left)}, set[int]()
        codes = set(lines[min(left)])
        while True:
            other_group = {j for j, other in enumerate(others) if codes & set(other)}
            group = {i for i, line in enumerate(lines) if codes & set(line)}
            reached = codes.union(*(lines[i] for i in group), *(others[j] for j in other_group))
            if reached == codes:
                break
            codes = reached
        left -= group
        if {code for i in group for code in lines[i]} == {code for j in other_group for code in others[j]}:
            yield sorted(group), sorted(other_group)
