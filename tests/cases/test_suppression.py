"""Small cells and what hides them: bounds are what a brute search finds, and nothing hidden can be reckoned."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cases.domain.suppression import Counted, bounds, hide, put_together, width

LEAST = 10


def table(*rows: list[int]) -> Counted:
    return Counted.of(
        rows=[f"r{i}" for i in range(len(rows))], columns=[f"c{j}" for j in range(len(rows[0]))], cells=rows
    )


def every_table_with(shown: dict[tuple[int, int], int], *, like: Counted) -> list[tuple[int, ...]]:
    """Every table that has these cells and the sums of another: by trying all."""
    size = len(like.rows), len(like.columns)
    cells = list(product(range(size[0]), range(size[1])))
    found = []
    ranges = [
        [shown[cell]] if cell in shown else range(min(like.row_sums[cell[0]], like.column_sums[cell[1]]) + 1)
        for cell in cells
    ]
    for values in product(*ranges):
        at = dict(zip(cells, values, strict=True))
        if all(sum(at[i, j] for j in range(size[1])) == like.row_sums[i] for i in range(size[0])) and all(
            sum(at[i, j] for i in range(size[0])) == like.column_sums[j] for j in range(size[1])
        ):
            found.append(values)
    return found


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=2, max_size=2),
    st.sets(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1),
)
def test_bounds_are_those_of_all_tables_that_could_be(rows: list[list[int]], hidden: set[tuple[int, int]]) -> None:
    counted = table(*rows)
    shown = {(i, j): rows[i][j] for i in range(2) for j in range(3) if (i, j) not in hidden}
    possible = every_table_with(shown, like=counted)

    for i, j in hidden:
        values = [each[3 * i + j] for each in possible]
        assert bounds(counted, hidden, (i, j)) == (min(values), max(values))


def test_a_small_cell_alone_is_no_secret() -> None:
    counted = table([100, 3], [200, 40])

    assert bounds(counted, {(0, 1)}, (0, 1)) == (3, 3)


def test_what_hides_a_small_cell_is_the_cheapest_way_round() -> None:
    counted = table([500, 3, 60], [900, 40, 70], [700, 15, 900])

    hidden = hide(counted, least=LEAST)

    assert hidden == {(0, 1), (0, 2), (1, 1), (1, 2)}
    assert all(width(counted, hidden, cell) >= LEAST for cell in hidden)


def test_a_table_without_small_cells_is_shown_whole() -> None:
    assert hide(table([10, 0, 300], [0, 25, 11]), least=LEAST) == frozenset()


def test_where_only_one_line_holds_anybody_the_sums_say_all() -> None:
    assert hide(table([30, 12], [0, 0]), least=LEAST, also={(0, 0)}) == frozenset()


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ((40, 3, 12, 0), (("a",), ("b", "c"), ("d",))),
        ((40, 3, 2, 0), (("a", "b", "c"), ("d",))),
        ((3, 2, 1, 0), (("a", "b", "c"), ("d",))),
        ((10, 10, 0, 0), (("a",), ("b",), ("c",), ("d",))),
        ((0, 0, 0, 0), (("a",), ("b",), ("c",), ("d",))),
    ],
)
def test_a_small_line_joins_the_next_smallest(sums: tuple[int, ...], expected: tuple[tuple[str, ...], ...]) -> None:
    assert put_together([("a",), ("b",), ("c",), ("d",)], sums, least=LEAST) == expected


_CELLS = st.one_of(st.integers(0, 12), st.integers(0, 400))


@settings(max_examples=150)
@given(
    st.integers(1, 5).flatmap(
        lambda wide: st.lists(st.lists(_CELLS, min_size=wide, max_size=wide), min_size=1, max_size=7)
    ),
    st.sets(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=3),
)
def test_nothing_hidden_can_be_reckoned_in_any_table(rows: list[list[int]], also: set[tuple[int, int]]) -> None:
    counted = table(*rows)
    counted = counted.with_columns(put_together(counted.columns, counted.column_sums, least=LEAST))
    counted = counted.with_rows(put_together(counted.rows, counted.row_sums, least=LEAST))

    hidden = hide(counted, least=LEAST, also={cell for cell in also if cell[0] < len(counted.rows)})

    several = sum(map(bool, counted.row_sums)) > 1 and sum(map(bool, counted.column_sums)) > 1
    small = {(i, j) for i, row in enumerate(counted.cells) for j, held in enumerate(row) if 0 < held < LEAST}
    assert sum(counted.row_sums) == sum(map(sum, rows))
    assert not small or sum(counted.row_sums) < LEAST or (several and small <= hidden)
    assert all(width(counted, hidden, cell) >= LEAST for cell in hidden)
