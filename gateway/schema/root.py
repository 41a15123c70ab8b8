"""What a root of Query is: the type it shows, what narrows it and in which order it is paged; see `roots.py`.

`{a}` is the alias of the root's table, `{v}` the argument's value; both are put in by the compiler.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.access.policy import Grants, Relation
from gateway.schema.table import moment


@dataclass(frozen=True, slots=True)
class Filter:
    """An argument that narrows a root. `field` must be granted in full: a filter on a hidden field would tell it.

    `mask_is_enough` where the mask shows all that the argument asks for. A `personal` argument says who somebody is, so it
    never stands in an address. `{identity}` in the condition keeps names and numbers `s` within what the caller reaches.
    """

    condition: str
    field: str | None = None
    mask_is_enough: bool = False
    personal: bool = False
    read: Callable[[object], object] | None = None
    """How the argument's value becomes the parameter's, where it isn't that already."""


@dataclass(frozen=True, slots=True)
class Key:
    """One part of a page's order: its SQL, how it is written into a cursor, and the type it is read back as."""

    sql: str
    text: str
    cast: str


@dataclass(frozen=True, slots=True)
class Root:
    """A field of Query that the compiler serves: one row, a list, or (with `keys`) pages of rows."""

    type: str
    many: bool = False
    where: str = "true"
    filters: Mapping[str, Filter] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()
    descending: bool = False
    order: str = ""

    def page_keys(self, *, grants: Grants) -> tuple[Key, ...]:
        """The order of pages. The township leads only where the caller reaches an area: there it has an index, and no
        cursor tells a township to somebody who may not see it."""
        by_area = grants.relation(self.type) is Relation.AREA
        return tuple(key for key in self.keys if by_area or key is not TOWNSHIP)


TOWNSHIP = Key("{a}.township", "{a}.township", "text")
"""Led by only where the caller reaches an area."""


def by_id(name: str) -> Key:
    """By an id: what makes any order a whole one."""
    return Key(f"{{a}}.{name}", f"{{a}}.{name}::text", "uuid")


def by_moment(name: str) -> Key:
    """By a moment; what has none comes first."""
    sql = f"coalesce({{a}}.{name}, 'epoch'::timestamptz)"
    return Key(sql, moment(sql), "timestamptz")


def by_day(name: str) -> Key:
    """By a day; what has none comes first."""
    sql = f"coalesce({{a}}.{name}, 'epoch'::date)"
    return Key(sql, f"{sql}::text", "date")
