"""Where the children of compulsory-school age are accounted for 适龄儿童归类: every one of them, in exactly one state.

The window is N1.8's: completed years 6 to 16, both included, on a date. Children whose birth date can't be read (not
known, or erased) are never dropped: they stand on lines of their own. An entry merged into another one is that other
child and isn't counted again. A child with an open case is accounted for by the case; a child nobody has accounted for
is `unaccounted`, and promise 1 is that there are none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg.rows import class_row

from gateway.readmodel.roster import Child
from gateway.readmodel.rows import Connection

AGES: Final = range(6, 17)
OPEN_CASE: Final = "open_case"
UNACCOUNTED: Final = "unaccounted"

PARTITION: Final = """
    select child.township, child.village,
      case when open_case_id is not null then 'open_case' when accounted_state = '' then 'unaccounted'
        else accounted_state end as state,
      birth_date is not null as dated, count(*)::integer as children
    from child left join child_identity using (child_id)
    where merged_into is null and (birth_date is null or (birth_date > %(after)s and birth_date <= %(until)s))
    group by 1, 2, 3, 4"""
"""The partition by village; `after` and `until` are the `window`. Everybody counts by this one but the compiler of
GraphQL, which is held equal to it."""


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
    after, until = window(as_of)
    with connection.cursor(row_factory=class_row(PartitionRow)) as cursor:
        rows = cursor.execute(PARTITION, {"after": after, "until": until}).fetchall()
    return in_order(rows)


def accounted(child: Child) -> str:
    """The one state a child is accounted for in: its open case first, else what the roster says; as in `partition`."""
    if child.open_case_id is not None:
        return OPEN_CASE
    return child.accounted_state or UNACCOUNTED


def window(as_of: date) -> tuple[date, date]:
    """The birth dates of the window: after the first, up to the second. Who turns 6 today is in, who turns 17 is out."""
    return _years_before(as_of, years=AGES.stop), _years_before(as_of, years=AGES.start)


def in_order(rows: Iterable[PartitionRow]) -> list[PartitionRow]:
    """Rows by township and village, those with a birth date first, by state."""
    return sorted(rows, key=lambda row: (row.township, row.village, not row.dated, row.state))


def _years_before(day: date, *, years: int) -> date:
    """The same day so many years before; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
