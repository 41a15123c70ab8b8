"""How the ordinary resolvers read: plain SQL for one type at a time, through row security, masks laid on in Python.

They serve what the compiler does not take and are its oracle in tests, so nothing here is shared with `map` or `compile`:
rows are held back by row security alone, and a resolver's SQL says no more than what its field means.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar
from uuid import UUID

import strawberry

from gateway.access.policy import Mode
from gateway.access.principal import Principal
from gateway.access.rules import RULES
from gateway.readmodel.reading import Reader
from gateway.schema.paging import cursor_of, place_after, size_of_page

if TYPE_CHECKING:
    from gateway.access.predicates import Predicates
    from gateway.access.warrants import Warrants
    from gateway.commands import Commands
    from gateway.schema.replay import Supervision

_SHORT = 7
"""A number of so many characters or fewer would be told by its last four."""
Info = strawberry.Info["Looking", None]
T = TypeVar("T")


class Readable(Protocol):
    """A GraphQL type with what it is read by."""

    SELECT: ClassVar[str]

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: "Looking", /) -> Self:
        """The object as this caller may see it."""
        ...


class AsRead:
    """A type that shows the columns of its row as they are."""

    @classmethod
    def of(cls, row: Mapping[str, Any], _looking: "Looking", /) -> Self:
        """The object, as read."""
        return cls(**facts(cls, row))


R = TypeVar("R", bound=Readable)


@dataclass(slots=True)
class Looking:
    """One request being answered by ordinary resolvers: who asks, on which day, and whose records it has touched."""

    principal: Principal
    reader: Reader
    today: date
    now: datetime | None = None
    supervision: "Supervision | None" = None
    warrants: "Warrants | None" = None
    predicates: "Predicates | None" = None
    commands: "Commands | None" = None
    idempotency_key: UUID | None = None
    trace: str = ""
    touched: set[UUID] = field(default_factory=set)
    about: UUID | None = None
    """The record that was looked at where it is none of a child: a report of the public."""
    rows_read: int = 0
    counting: asyncio.Future[Any] | None = None
    """Statistics as they are being counted for this request; see `statistics_lines.counted_today`."""

    async def rows(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        """The rows of a statement, as far as the caller's claims open them."""
        rows = await self.reader.fetch_dicts(statement.encode(), parameters, claims=self.principal.claims)
        self.rows_read += len(rows)
        self.touch(rows)
        return rows

    def touch(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Notes whose records these rows are; a row of two children is a record of both."""
        self.touched.update(row[key] for row in rows for key in ("child_id", "other_id") if row.get(key) is not None)

    def masked(self, type_name: str, name: str, value: str | None) -> str | None:
        """A text as this caller may see it."""
        grant = self.principal.grants.of(type_name, name)
        if grant is None or not value:
            return None if grant is None else value
        if grant.mode is Mode.FULL:
            return value
        if name.lower().endswith("name"):
            return value[0] + "＊" if len(value) > 1 else "＊"
        return "＊" + value[-4:] if len(value) > _SHORT else "＊"

    def counted(self, type_name: str, name: str, value: int) -> int | None:
        """A number of persons as this caller may see it."""
        grant = self.principal.grants.of(type_name, name)
        if grant is None or (grant.mode is Mode.COUNT and value < RULES.count.withheld_under):
            return None
        return value


@strawberry.type(description="Where a page ends 分页.")
class PageInfo:
    """Where a page ends, and whether there is more."""

    has_next_page: bool = strawberry.field(description="Whether rows follow 是否还有")
    end_cursor: str | None = strawberry.field(description="What to give as `after` for the next page 下一页游标")


@strawberry.type(description="One row of a page 页内一行.")
class Edge(Generic[T]):
    """A row and the cursor that stands for it."""

    cursor: str = strawberry.field(description="游标 what to give as `after` to go on behind this row")
    node: T = strawberry.field(description="本行 the row")


@strawberry.type(description="A page of rows 一页.")
class Connection(Generic[T]):
    """A page: its rows, with or without their cursors."""

    nodes: list[T] = strawberry.field(description="各行 the rows")
    edges: list[Edge[T]] = strawberry.field(description="各行及游标 the rows with their cursors")
    page_info: PageInfo = strawberry.field(description="分页信息 whether there is more, and where it begins")


async def page(
    looking: Looking,
    cls: type[R],
    where: str,
    *,
    given: Mapping[str, object],
    keys: Mapping[str, str],
    first: int,
    after: str | None,
    descending: bool = False,
) -> Connection[R]:
    """A page of a type in the order of `keys` (SQL to its type), after a cursor; `given` are the parameters of `where`.

    The page reads one row more than it shows, and that row is not counted as seen.
    """
    size, order = size_of_page(first), " desc" if descending else ""
    conditions, parameters = where, dict(given)
    if after is not None:
        place = place_after(after, casts=tuple(keys.values()))
        names = [f"place_{i}" for i in range(len(place))]
        parameters |= dict(zip(names, place, strict=True))
        marks = ", ".join(f"%({name})s::{cast}" for name, cast in zip(names, keys.values(), strict=True))
        conditions += f" and ({', '.join(keys)}) {'<' if descending else '>'} ({marks})"
    ordering = ", ".join(key + order for key in keys)
    cursors = "".join(f", {key} as cursor_{i}" for i, key in enumerate(keys))
    found = await looking.reader.fetch_dicts(
        f"select r.*{cursors} from ({cls.SELECT}) r where {conditions} order by {ordering} limit {size + 1}".encode(),
        parameters,
        claims=looking.principal.claims,
    )
    shown = found[:size]
    looking.rows_read += len(shown)
    looking.touch(shown)
    cursors_of = [cursor_of(*(_text(row[f"cursor_{i}"]) for i in range(len(keys)))) for row in shown]
    nodes = [cls.of(row, looking) for row in shown]
    return Connection(
        nodes=nodes,
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(cursors_of, nodes, strict=True)],
        page_info=PageInfo(has_next_page=len(found) > size, end_cursor=cursors_of[-1] if cursors_of else None),
    )


def by_township(info: Info, *, type_name: str, key: str) -> dict[str, str]:
    """The order of a page: by township for callers who reach an area, by id alone for others."""
    by_area = info.context.principal.grants.relation(type_name) == "area"
    return {"township": "text", key: "uuid"} if by_area else {key: "uuid"}


async def listed(
    info: Info, cls: type[R], narrowed: Mapping[str, object], *, key: str, first: int, after: str | None
) -> Connection[R]:
    """A page by township and id; `narrowed` holds conditions, with `{v}` for the argument, and arguments or None."""
    given = {f"v{i}": (text, value) for i, (text, value) in enumerate(narrowed.items()) if value is not None}
    where = " and ".join(["true", *(text.replace("{v}", f"%({name})s") for name, (text, _) in given.items())])
    parameters: dict[str, object] = {name: value for name, (_, value) in given.items()}
    parameters |= {"today": info.context.today, "unit": info.context.principal.unit}
    keys = by_township(info, type_name=cls.__name__, key=key)
    return await page(info.context, cls, where, keys=keys, first=first, after=after, given=parameters)


def _text(value: Any) -> str:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else str(value)


def facts(cls: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a row that are plain fields of a type; what the type resolves itself is left to it."""
    return {plain.name: row[plain.name] for plain in fields(cls) if plain.init}


async def many(looking: Looking, cls: type[R], rest: str, **parameters: object) -> list[R]:
    """The rows of a type for which `rest` (conditions and order) holds."""
    rows = await looking.rows(f"{cls.SELECT} where {rest}", **parameters)
    return [cls.of(row, looking) for row in rows]


async def one(looking: Looking, cls: type[R], rest: str, **parameters: object) -> R | None:
    """The row of a type for which `rest` holds, or None."""
    return next(iter(await many(looking, cls, rest, **parameters)), None)


def is_past(day: date | None, today: date) -> bool:
    """Whether a last day in time is over."""
    return day is not None and day < today
