"""What a table of the read-model map is: a GraphQL type, its columns and its relations; see `map.py`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Link:
    """A relation: rows of `type` for which `on` holds; in `order` where there may be many."""

    type: str
    on: str
    order: str = ""
    most: int | None = None
    """How many rows there are at most, the first in order; None for all."""
    names_no_other: bool = False
    """Whether its rows lead to no child beyond those of the parent, although `on` doesn't say so."""

    @property
    def many(self) -> bool:
        """Whether the field is a list."""
        return self.order != ""

    @property
    def stays(self) -> bool:
        """Whether the children of its rows are those of the parent; of any other link the receipt names them besides."""
        return self.names_no_other or OF_CHILD in self.on.split(" and ")


@dataclass(frozen=True, slots=True)
class Table:
    """What a GraphQL type is read from. `source` may be a subquery, in which case it holds its own `{scope}`."""

    type: str
    source: str
    columns: Mapping[str, str]
    links: Mapping[str, Link] = field(default_factory=dict)
    of_child: bool = True
    placed: bool = False
    """Whether it has a village or a school of its own; where it has none, its child's are asked."""
    pair: bool = False
    """Whether a row is of two children, child_id and other_id; whoever looks at it has looked at both."""


def columns(names: str, **special: str) -> dict[str, str]:
    """Fields that are columns of the same name, and those that are SQL of their own."""
    plain = {name: "{a}." + re.sub(r"([A-Z])", r"_\1", name).lower() for name in names.split()}
    return {**special, **plain}


def moment(column: str) -> str:
    """A timestamp as text, in UTC to the microsecond."""
    return f"""to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""


OF_CHILD = "{a}.child_id = {p}.child_id"
OF_CASE = "{a}.case_id = {p}.case_id and {a}.child_id = {p}.child_id"
TO_CHILD = Link("Child", OF_CHILD)
