"""Somebody who has every number that was ever released reckons what was hidden, by linear program, and learns nothing.

He knows the tables, the sums, the method, and that all tables of a day are of the same children: his unknowns are the children
of each township, stage, sex and standing. Of releases near each other he takes all for unchanged that could be so.
"""

import random
from dataclasses import replace
from itertools import product

import highspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cases.domain.differencing import Shown
from services.cases.domain.disclosure import RULES, Content
from services.chassis.errors import Refused
from tests.cases.counties import SEXES, STAGES, STANDINGS, TOWNSHIPS, County, county, some_time_later
from tests.cases.given import MONDAY, days
from tests.cases.test_disclosure import Office

LEAST = RULES[-1].least
_AXES = {"children_by_township": 0, "children_by_stage": 1, "children_by_sex": 2}
_PEOPLE = {person: number for number, person in enumerate(product(TOWNSHIPS, STAGES, SEXES, STANDINGS))}


class Attacker:
    """A linear program over the children of one release: everything released is a condition, anything can be asked for."""

    def __init__(self, tables: list[Shown]) -> None:
        self._program = highspy.Highs()
        self._program.silent()
        self._told: dict[tuple[int, ...], tuple[float, float]] = {}
        for _ in _PEOPLE:
            self._program.addVar(0, highspy.kHighsInf)
        for table in tables:
            axis = _AXES[table.table]
            for (i, row), (j, column) in product(enumerate(table.rows), enumerate(table.columns)):
                if (value := table.cells[i][j]) is not None:
                    self._know(self.of(axis, row, column), value)
            for row, total in zip(table.rows, table.row_sums, strict=True):
                self._know(self.of(axis, row, STANDINGS), total)
            for column, total in zip(table.columns, table.column_sums, strict=True):
                self._know(self.of(axis, None, column), total)

    def of(self, axis: int, row: tuple[str, ...] | None, column: tuple[str, ...]) -> list[int]:
        """The unknowns that a cell or sum counts."""
        return [
            number for person, number in _PEOPLE.items() if (row is None or person[axis] in row) and person[3] in column
        ]

    def bounds(self, people: list[int]) -> tuple[float, float]:
        """Between which numbers these children are."""
        if (known := self._told.get(tuple(people))) is not None:
            return known
        for number in range(len(_PEOPLE)):
            self._program.changeColCost(number, 0.0)
        for number in people:
            self._program.changeColCost(number, 1.0)
        found = []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            self._program.changeObjectiveSense(sense)
            self._program.run()
            assert self._program.getModelStatus() == highspy.HighsModelStatus.kOptimal
            found.append(self._program.getInfo().objective_function_value)
        self._told[tuple(people)] = found[0], found[1]
        return found[0], found[1]

    def told(self, table: Shown, row: tuple[str, ...], column: tuple[str, ...]) -> tuple[float, float]:
        """Between which numbers a cell is: what is shown is as it is shown."""
        value = table.cells[table.rows.index(row)][table.columns.index(column)]
        return (value, value) if value is not None else self.bounds(self.of(_AXES[table.table], row, column))

    def _know(self, people: list[int], value: int) -> None:
        self._program.addRow(value, value, len(people), people, [1.0] * len(people))


def of_children(content: Content) -> list[Shown]:
    return [table for table in content.tables if table.table in _AXES]


def reckoned(content: Content) -> list[tuple[str, tuple[int, int], float]]:
    """What is hidden in a release and can be told within less than ten persons."""
    attacker = Attacker(of_children(content))
    return [
        (table.table, (i, j), high - low)
        for table in of_children(content)
        for i, j in sorted(table.hidden)
        for low, high in [attacker.bounds(attacker.of(_AXES[table.table], table.rows[i], table.columns[j]))]
        if high - low < LEAST - 1e-6
    ]


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_nobody_reckons_a_hidden_number_from_all_tables_of_a_release(seed: int) -> None:
    released = Office().release(county(random.Random(seed)), on=MONDAY)  # noqa: S311

    assert reckoned(released.content) == []


def test_the_attacker_does_reckon_small_numbers_that_are_hidden_alone() -> None:
    told = 0
    for seed in range(3):
        children = county(random.Random(seed))  # noqa: S311
        carelessly = [
            _hidden_alone(table, children) for table in of_children(Office().release(children, on=MONDAY).content)
        ]
        attacker = Attacker(carelessly)
        for table in carelessly:
            for i, j in table.hidden:
                low, high = attacker.bounds(attacker.of(_AXES[table.table], table.rows[i], table.columns[j]))
                told += high - low < 1

    assert told > 0, "whoever hides small cells alone tells them"


def _hidden_alone(table: Shown, children: County) -> Shown:
    axis = _AXES[table.table]
    cells = [
        [
            sum(held for who, held in children.items() if who[axis] in row and who[3] in column)
            for column in table.columns
        ]
        for row in table.rows
    ]
    return replace(table, cells=tuple(tuple(None if 0 < held < LEAST else held for held in row) for row in cells))


def released_over_time(seed: int, gaps: list[tuple[int, int]]) -> list[Content]:
    """What comes out of trying to release after each gap in days and so many changes; what is refused isn't there."""
    chance = random.Random(seed)  # noqa: S311
    office, children, on = Office(), county(chance), MONDAY
    out = [office.release(children, on=on).content]
    for gap, changes in gaps:
        on += days(gap)
        children = some_time_later(children, chance, changes=changes)
        try:
            out.append(office.release(children, on=on).content)
        except Refused:
            continue
    return out


_GAPS = st.lists(
    st.tuples(st.sampled_from((1, 30, 89, 90, 150)), st.sampled_from((0, 1, 2, 9, 60, 600))), min_size=1, max_size=4
)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), _GAPS)
def test_no_two_releases_tell_what_changed_for_a_few(seed: int, gaps: list[tuple[int, int]]) -> None:
    released = released_over_time(seed, gaps)
    attackers = [Attacker(of_children(content)) for content in released]

    for number, (content, attacker) in enumerate(zip(released, attackers, strict=True)):
        for earlier, knew in zip(released[:number], attackers, strict=False):
            if (content.counted_on - earlier.counted_on).days > RULES[-1].compared_days:
                continue
            for table, before in zip(of_children(content), of_children(earlier), strict=True):
                for row, column in product(
                    set(table.rows) & set(before.rows), set(table.columns) & set(before.columns)
                ):
                    low, high = attacker.told(table, row, column)
                    was_low, was_high = knew.told(before, row, column)
                    least, most = low - was_high, high - was_low
                    told = most - least < 1 and 0 < round(abs(least)) < LEAST
                    assert not told, (table.table, row, column, content.counted_on, earlier.counted_on)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), _GAPS)
def test_two_releases_near_each_other_together_tell_no_more_than_each(seed: int, gaps: list[tuple[int, int]]) -> None:
    released = released_over_time(seed, gaps)

    for later, earlier in zip(released[1:], released, strict=False):
        if (later.counted_on - earlier.counted_on).days >= RULES[-1].apart_days:
            continue
        unchanged = [
            table
            for table, before in zip(of_children(later), of_children(earlier), strict=True)
            if (table.row_sums, table.column_sums) == (before.row_sums, before.column_sums)
        ]
        together = Attacker([*of_children(earlier), *unchanged])
        for table in unchanged:
            for i, j in table.hidden:
                low, high = together.bounds(together.of(_AXES[table.table], table.rows[i], table.columns[j]))
                shown_before = next(t for t in of_children(earlier) if t.table == table.table).cells[i][j] is not None
                assert shown_before or high - low > LEAST - 1e-6


@pytest.mark.parametrize("changes", [1, 3, 9])
def test_a_release_days_after_another_is_refused_when_a_few_have_changed(changes: int) -> None:
    assert len(released_over_time(7, [(5, changes)])) == 1
