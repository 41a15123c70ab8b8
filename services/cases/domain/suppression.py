"""What of a counted table may be shown so that no small number can be reckoned from the rest 小数隐藏与互补隐藏 (N9.2).

A table is two-way: lines across lines, with all its sums. The sums are shown, so a hidden cell lies between bounds that
anybody can reckon. Cells and sums are a flow: what one hidden cell could be more, another of its line must be less. So the
bounds are found exactly, in whole numbers, as the greatest flow round through the other hidden cells, and a table is shown only
when the bounds of every hidden cell lie far enough apart. More is hidden until they do, along the way that costs least.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final, Self

Line = tuple[str, ...]
"""A row or column: the codes counted in it, more than one where small lines were put together."""
Cell = tuple[int, int]

_HIDING_COSTS: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A table as it was counted; `cells[i][j]` are the children of row i and column j."""

    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    cells: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, *, rows: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[int]]) -> Self:
        """A table with a line for each code."""
        return cls(
            rows=tuple((row,) for row in rows),
            columns=tuple((column,) for column in columns),
            cells=tuple(map(tuple, cells)),
        )

    @property
    def row_sums(self) -> tuple[int, ...]:
        """The sum of each row."""
        return tuple(map(sum, self.cells))

    @property
    def column_sums(self) -> tuple[int, ...]:
        """The sum of each column."""
        return tuple(map(sum, zip(*self.cells, strict=True))) if self.cells else (0,) * len(self.columns)

    def turned(self) -> "Counted":
        """Rows as columns."""
        return Counted(rows=self.columns, columns=self.rows, cells=tuple(zip(*self.cells, strict=True)))

    def with_columns(self, columns: Sequence[Line]) -> "Counted":
        """The same children in columns put together; each code stands in one of them."""
        at = {code: number for number, line in enumerate(self.columns) for code in line}
        into = [sorted({at[code] for code in line}) for line in columns]
        return Counted(
            rows=self.rows,
            columns=tuple(columns),
            cells=tuple(tuple(sum(row[j] for j in group) for group in into) for row in self.cells),
        )

    def with_rows(self, rows: Sequence[Line]) -> "Counted":
        """The same children in rows put together."""
        return self.turned().with_columns(rows).turned()


def put_together(lines: Sequence[Line], sums: Sequence[int], *, least: int) -> tuple[Line, ...]:
    """Lines such that each holds nobody or at least so many: the smallest that holds somebody joins the next smallest 合并."""
    held = [(total, position, line) for position, (line, total) in enumerate(zip(lines, sums, strict=True)) if total]
    empty = [(position, line) for position, (line, total) in enumerate(zip(lines, sums, strict=True)) if not total]
    heapq.heapify(held)
    while len(held) > 1 and held[0][0] < least:
        total, position, line = heapq.heappop(held)
        others, place, joined = heapq.heappop(held)
        both = (joined + line) if place < position else (line + joined)
        heapq.heappush(held, (total + others, min(place, position), both))
    return tuple(line for _, line in sorted([*((position, line) for _, position, line in held), *empty]))


def hide(counted: Counted, *, least: int, also: Iterable[Cell] = ()) -> frozenset[Cell]:
    """The cells to hide: those of 1 up to `least` - 1, those of `also`, and as many more as keep each of them from being reckoned.

    Afterwards the bounds of every hidden cell lie at least `least` apart. Needs lines that hold nobody or at least `least`:
    see `put_together`. Where only one row or one column holds anybody, the cells are the sums, and nothing is hidden.
    """
    open_cells = set(_not_empty(counted))
    hidden = {(i, j) for i, j in open_cells if 0 < counted.cells[i][j] < least} | (set(also) & open_cells)
    while hidden:
        short = next((cell for cell in sorted(hidden) if width(counted, hidden, cell) < least), None)
        if short is None:
            break
        more = _way_round(counted, hidden, short, least=least) - hidden
        hidden |= more or _next_column(counted, open_cells, hidden, short)
    return frozenset(hidden)


def _not_empty(counted: Counted) -> Iterator[Cell]:
    """The cells of lines that hold somebody, where there are several such rows and columns: all others can be told from the sums."""
    rows = [i for i, total in enumerate(counted.row_sums) if total]
    columns = [j for j, total in enumerate(counted.column_sums) if total]
    if len(rows) > 1 and len(columns) > 1:
        yield from ((i, j) for i in rows for j in columns)


def bounds(counted: Counted, hidden: Iterable[Cell], cell: Cell) -> tuple[int, int]:
    """Between which numbers a hidden cell lies, for whoever knows all that is shown, sums too."""
    value = counted.cells[cell[0]][cell[1]]
    others = set(hidden) - {cell}
    row, column = ("row", cell[0]), ("column", cell[1])
    more = _flow(counted, others, source=column, sink=row, most=sum(map(sum, counted.cells)))
    less = _flow(counted, others, source=row, sink=column, most=value)
    return value - less, value + more


def width(counted: Counted, hidden: Iterable[Cell], cell: Cell) -> int:
    """How far apart the bounds of a hidden cell are."""
    low, high = bounds(counted, hidden, cell)
    return high - low


_Node = tuple[str, int]


def _flow(counted: Counted, others: set[Cell], *, source: _Node, sink: _Node, most: int) -> int:
    """The greatest flow through hidden cells: from its row to its column a cell takes any more, back as much as it holds."""
    given = dict.fromkeys(others, 0)
    total = 0
    while total < most:
        came: dict[_Node, tuple[_Node, Cell, int] | None] = {source: None}
        queue = deque([source])
        while queue and sink not in came:
            node = queue.popleft()
            for cell, onward, room in _steps(counted, given, node, most=most):
                if room > 0 and onward not in came:
                    came[onward] = (node, cell, 1 if node[0] == "row" else -1)
                    queue.append(onward)
        if sink not in came:
            return total
        way = list(_back(came, sink))
        push = min([most - total, *(counted.cells[i][j] + given[i, j] for (i, j), sign in way if sign < 0)])
        for cell, sign in way:
            given[cell] += sign * push
        total += push
    return total


def _steps(counted: Counted, given: dict[Cell, int], node: _Node, *, most: int) -> Iterator[tuple[Cell, _Node, int]]:
    side, number = node
    for (i, j), more in given.items():
        if side == "row" and i == number:
            yield (i, j), ("column", j), most
        elif side == "column" and j == number:
            yield (i, j), ("row", i), counted.cells[i][j] + more


def _back(came: dict[_Node, tuple[_Node, Cell, int] | None], node: _Node) -> Iterator[tuple[Cell, int]]:
    while (step := came[node]) is not None:
        node, cell, sign = step
        yield cell, sign


def _way_round(counted: Counted, hidden: set[Cell], cell: Cell, *, least: int) -> set[Cell]:
    """The cells of the cheapest way round that sets the bounds of `cell` far enough apart; none where no single way does."""
    row, column, value = ("row", cell[0]), ("column", cell[1]), counted.cells[cell[0]][cell[1]]
    low, high = bounds(counted, hidden, cell)
    ways = [_cheapest(counted, hidden, cell, source=column, sink=row, need=least - (value - low))]
    if (less := least - (high - value)) <= value:
        ways.append(_cheapest(counted, hidden, cell, source=row, sink=column, need=less))
    found = [way for way in ways if way is not None]
    return min(found, key=lambda way: way[0])[1] if found else set()


def _next_column(counted: Counted, open_cells: set[Cell], hidden: set[Cell], cell: Cell) -> set[Cell]:
    """The rest of the cell's column; of the smallest other one that still shows something where that is hidden already."""
    sums = counted.column_sums
    for j in sorted(range(len(sums)), key=lambda j: (j != cell[1], sums[j])):
        if rest := {cell for cell in open_cells if cell[1] == j} - hidden:
            return rest
    message = "a table of which nothing is shown but its sums has a cell that can be reckoned"
    raise ValueError(message)


def _cheapest(
    counted: Counted, hidden: set[Cell], cell: Cell, *, source: _Node, sink: _Node, need: int
) -> tuple[float, set[Cell]] | None:
    costs: dict[_Node, float] = {source: 0.0}
    came: dict[_Node, tuple[_Node, Cell]] = {}
    queue = [(0.0, source)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == sink:
            return cost, set(_cells_back(came, source, sink))
        if cost > costs[node]:
            continue
        side, number = node
        across = range(len(counted.columns) if side == "row" else len(counted.rows))
        for other in across:
            step = (number, other) if side == "row" else (other, number)
            value = counted.cells[step[0]][step[1]]
            if step == cell or (side == "column" and value < need):
                continue
            onward = ("column" if side == "row" else "row", other)
            dear = cost + (0.0 if step in hidden else _HIDING_COSTS + log2(1 + value))
            if dear < costs.get(onward, float("inf")):
                costs[onward], came[onward] = dear, (node, step)
                heapq.heappush(queue, (dear, onward))
    return None


def _cells_back(came: dict[_Node, tuple[_Node, Cell]], source: _Node, node: _Node) -> Iterator[Cell]:
    while node != source:
        node, cell = came[node]
        yield cell
