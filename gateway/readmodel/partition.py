"""Where the children of compulsory-school age are accounted for 适龄儿童归类: every one of them, in exactly one state.

The window is N1.8's: completed years 6 to 16, both included, on a date. Children whose birth date can't be read (not
known, or erased) are never dropped: they stand on lines of their own. An entry merged into another one is that other
child and isn't counted again. A child with an open case is accounted for by the case; a child nobody has accounted for
is `unaccounted`, and promise 1 is that there are none.

It is read from `partition_count`, which the projection keeps (`Recounting`): for each place and state how many children
were born in a year, in a month and on a day. A window is cut at the starts of months and years, so it is ten years, at
most 22 months and at most 60 days of numbers, whatever day it is of and however many children there are. Places are
townships and villages, each with numbers of its own.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from gateway.readmodel.rows import Connection

AGES: Final = range(6, 17)
OPEN_CASE: Final = "open_case"
UNACCOUNTED: Final = "unaccounted"
TABLE: Final = "partition_count"


def standing(alias: str = "") -> str:
    """The state that a row of `child` is counted in, as SQL: an open case goes first."""
    return (
        f"case when {alias}open_case_id is not null then '{OPEN_CASE}'"
        f" when {alias}accounted_state = '' then '{UNACCOUNTED}' else {alias}accounted_state end"
    )


def counted(level: str, *, within: str = "true", born: str = "born") -> str:
    """The statement that gives the partition by `level`, township or village, in no order.

    `within` is a condition on the places `c` that are counted. The parameter `born` is what `cut` makes of a window.
    `offset 0` has each piece of it looked up for each place; joined, all numbers of the places would be read.
    """
    by_village = ", p.village" if level == "village" else ""
    cuts = f"%({born})s::date[]"
    return f"""
    select p.township{by_village}, k.state, k.span <> 'undated' as dated, sum(k.children)::integer as children
    from (select distinct c.township, c.village from {TABLE} c
        where c.level = '{level}' and c.span = 'ever' and {within}) p
    cross join (values ('day', ({cuts})[1], ({cuts})[2]), ('month', ({cuts})[2], ({cuts})[3]),
        ('year', ({cuts})[3], ({cuts})[4]), ('month', ({cuts})[4], ({cuts})[5]), ('day', ({cuts})[5], ({cuts})[6]),
        ('undated', date '-infinity', date 'infinity')) s(span, since, until)
    cross join lateral (select n.state, n.span, n.children from {TABLE} n
        where n.level = '{level}' and n.span = s.span and n.township = p.township and n.village = p.village
          and n.born >= s.since and n.born < s.until offset 0) k
    group by p.township{by_village}, k.state, dated"""


PARTITION: Final = counted("village")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRow:
    """How many children of a village are in a state; `dated` is false for those whose age can't be told."""

    township: str
    village: str
    state: str
    dated: bool
    children: int


def partition(connection: Connection, *, as_of: date) -> list[PartitionRow]:
    """The partition on a date by village and state, as far as the connection may see; sorted."""
    with connection.cursor(row_factory=class_row(PartitionRow)) as cursor:
        rows = cursor.execute(PARTITION.encode(), {"born": cut(as_of)}).fetchall()
    return in_order(rows)


def window(as_of: date) -> tuple[date, date]:
    """The birth dates of the window: after the first, up to the second. Who turns 6 today is in, who turns 17 is out."""
    return _years_before(as_of, years=AGES.stop), _years_before(as_of, years=AGES.start)


def cut(as_of: date) -> list[date]:
    """The window as six days: its first, the first start of a month and of a year in it, the last of a year and of a month,
    and the day after its last."""
    after, until = window(as_of)
    first, end = after + timedelta(days=1), until + timedelta(days=1)
    month = first if first.day == 1 else _month_after(first)
    year = month if month.month == 1 else date(month.year + 1, 1, 1)
    return [first, month, year, date(end.year, 1, 1), end.replace(day=1), end]


def in_order(rows: Iterable[PartitionRow]) -> list[PartitionRow]:
    """Rows by township and village, those with a birth date first, by state."""
    return sorted(rows, key=lambda row: (row.township, row.village, not row.dated, row.state))


# How the numbers are kept.

_CHILDREN: Final = f"""
    select child.township, child.village, birth_date,
      {standing()} as state, count(*)::integer as children
    from child left join child_identity using (child_id) where merged_into is null and {{which}} group by 1, 2, 3, 4"""
_CELLS: Final = """
    select l.level, s.span, c.township, l.village, s.born, c.state, sum(c.children)::integer as children
    from ({children}) c
    cross join lateral (values ('township', ''), ('village', c.village)) l(level, village)
    cross join lateral (values ('ever', date 'epoch'), ('undated', case when c.birth_date is null then date 'epoch' end),
      ('year', date_trunc('year', c.birth_date)::date), ('month', date_trunc('month', c.birth_date)::date),
      ('day', c.birth_date)) s(span, born)
    where s.born is not null group by 1, 2, 3, 4, 5, 6 having sum(c.children) <> 0"""
_COLUMNS: Final = "level, span, township, village, born, state"
_OF_SOME: Final = _CHILDREN.format(which="child_id = any(%(ids)s)")
_BEFORE: Final = f"select coalesce(json_agg(c), '[]')::text from ({_OF_SOME}) c".encode()
_MOVE: Final = f"""
    with moved as materialized ({
    _CELLS.format(
        children=f"{_OF_SOME} union all select township, village, birth_date, state, -children from"
        " json_to_recordset(%(before)s::text::json) as b"
        "(township text, village text, birth_date date, state text, children integer)"
    )
}),
    now as materialized (select m.*, m.children + coalesce(k.children, 0) as sum
      from moved m left join {TABLE} k using ({_COLUMNS})),
    gone as (delete from {
    TABLE
} k using now n where n.sum = 0 and (k.level, k.span, k.township, k.village, k.born, k.state)
      = (n.level, n.span, n.township, n.village, n.born, n.state))
    insert into {TABLE} ({_COLUMNS}, children) select {_COLUMNS}, sum from now where sum <> 0
    on conflict ({_COLUMNS}) do update set children = excluded.children""".encode()
_ANEW: Final = f"insert into {TABLE} ({_COLUMNS}, children) {_CELLS.format(children=_CHILDREN.format(which='true'))} order by {_COLUMNS}".encode()


_MISCOUNTED: Final = f"""
    select count(*) from (select {_COLUMNS}, children from {TABLE}) k
    full join ({_CELLS.format(children=_CHILDREN.format(which="true"))}) c using ({_COLUMNS})
    where k.children is distinct from c.children""".encode()


class Recounting:
    """Counts children before they are written and after, and moves the numbers by the difference. Within a transaction
    in which nobody else writes children."""

    def __init__(self, connection: Connection, ids: Collection[UUID]) -> None:
        """Before `ids` are written."""
        self._connection = connection
        self._ids = list(ids)
        self._before = self._count() if self._ids else "[]"

    def move(self) -> None:
        """After they were."""
        if self._ids:
            self._connection.execute(_MOVE, {"ids": self._ids, "before": self._before})

    def _count(self) -> str:
        [(before,)] = self._connection.execute(_BEFORE, {"ids": self._ids}).fetchall()
        return str(before)


def miscounted(connection: Connection) -> int:
    """How many of the numbers kept are not what the children say who are there; asked where somebody doubts them."""
    [(number,)] = connection.execute(_MISCOUNTED).fetchall()
    return int(number)


def recount(connection: Connection) -> None:
    """Counts all children anew: for rows that were there before the numbers were, or were written past the projection."""
    with connection.transaction():
        connection.execute(f"delete from {TABLE}".encode())
        connection.execute(_ANEW)


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _years_before(day: date, *, years: int) -> date:
    """The same day so many years before; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
