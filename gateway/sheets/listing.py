"""Any list of GraphQL as a file 名单导出: the rows, fields and masks that the same query shows this caller, all pages of it at once.

There is one way for all lists. Columns are the fields of the list's type that its caller may see, under the Chinese names that the
schema gives them, and before them who the child is, where the rows are of a child. A new field of the schema is in the file without
a line here. Rows are packed page by page while the hash is counted (`ledger.canonical`), and unpacked again as they go out.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import csv
import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from io import StringIO
from typing import Any, Final
from uuid import UUID

import msgspec
from graphql import GraphQLError, GraphQLField, GraphQLNonNull, GraphQLObjectType, GraphQLScalarType

from gateway.access.policy import NODE_ID, Grants, Mode, forbidden
from gateway.schema.count_tables import SUBQUERY_ALIAS
from gateway.schema.map import TABLES, asks_identity, column, identity_join, scope, source
from gateway.schema.paging import BadArgument
from gateway.schema.roots import ROOTS
from gateway.schema.schema import build_schema
from gateway.schema.table import Table
from gateway.sheets.ledger import MOST_ROWS, canonical, warning
from gateway.sheets.stamp import Stamp
from gateway.words import unit, word
from services.chassis.errors import Refused
from services.chassis.workbook import Column, Sheet, neutral, write

LISTS: Final = tuple(
    name
    for name, root in sorted(ROOTS.items())
    if root.keys and root.type != "Child" and not any(narrowing.personal for narrowing in root.filters.values())
)
"""What is paged in GraphQL and can be taken out as a file; children are the ledger's."""
_OF_THE_CHILD: Final = ("name", "idNumber", "sex", "birthDate", "townshipName", "schoolName", "grade")
_WORDS: Final[Mapping[str, str]] = {
    "Case.state": "cases",
    "Case.owedStep": "steps",
    "Case.clearanceAsked": "resolutions",
    "Finding.kind": "findings",
    "Referral.purpose": "referral_purposes",
    "Referral.decision": "crime_decisions",
    "FieldCheckAnswer.found": "found",
    "Child.sex": "sexes",
    "Duty.matter": "matters",
    "Duty.standing": "standings",
}
"""Fields whose codes have names for offices, and the list of words they are in."""
_UNITS: Final = frozenset(
    {
        "Finding.owner",
        "Referral.toUnit",
        "Notice.recipient",
        "Case.owedBy",
        "Delivery.unit",
        "Duty.owedBy",
        "Duty.owedTo",
        "Duty.endedFor",
    }
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One column: a field of a type and its heading."""

    type: str
    field: str
    heading: str

    @property
    def name(self) -> str:
        """The field as receipts name it."""
        return f"{self.type}.{self.field}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A statement that brings two children's ids (or null) and then one value for each column."""

    called: str
    statement: bytes
    parameters: Mapping[str, object]
    columns: tuple[Shown, ...]


def arguments(name: str) -> tuple[str, ...]:
    """What narrows a list."""
    return tuple(ROOTS[name].filters)


def choose(name: str, *, grants: Grants, given: Mapping[str, str]) -> Chosen:
    """The statement of a list for callers with these grants, narrowed by what is `given`; its parameters besides are the reach
    and `today`. Raises `Forbidden` for a field one may not narrow by, and `BadArgument`."""
    root, definition = ROOTS[name], _query().fields[name]
    table = TABLES[root.type]
    parameters: dict[str, object] = {}
    conditions = [root.where.replace("{a}", "t")]
    if table.type not in SUBQUERY_ALIAS:
        conditions.append(scope(table, alias="t", grants=grants))
    for argument, narrowing in root.filters.items():
        if argument not in given:
            if isinstance(definition.args[argument].type, GraphQLNonNull):
                message = f"Say which: {argument}."
                raise BadArgument(message)
            continue
        grant = None if narrowing.field is None else grants.of(root.type, narrowing.field)
        if narrowing.field is not None and (
            grant is None or (grant.mode is not Mode.FULL and not narrowing.mask_is_enough)
        ):
            raise forbidden(root.type, narrowing.field, grants=grants)
        value = _read(definition, argument, given[argument])
        parameters[f"given_{argument}"] = value if narrowing.read is None else narrowing.read(value)
        conditions.append(narrowing.condition.replace("{a}", "t").replace("{v}", f"%(given_{argument})s"))
    mine = [headed(root.type, each) for each in table.columns if each != NODE_ID and grants.of(root.type, each)]
    child = TABLES["Child"]
    has_child = "child" in table.links and grants.of(root.type, "child") is not None
    theirs = [headed("Child", each) for each in _OF_THE_CHILD if has_child and grants.of("Child", each)]
    values = [_value(table, shown, alias="t", grants=grants) for shown in mine]
    values = [_value(child, shown, alias="c", grants=grants) for shown in theirs] + values
    joins = ""
    if theirs:
        joins = (
            f" left join child c on c.child_id = t.child_id and {scope(child, alias='c', grants=grants, by_key=True)}"
        )
        if any(asks_identity(child, shown.field) for shown in theirs):
            joins += " " + identity_join(alias="c", grants=grants)
    ids = "t.child_id, t.other_id" if table.pair else f"{'t.child_id' if table.of_child else 'null::uuid'}, null::uuid"
    direction = " desc" if root.descending else ""
    order = ", ".join(key.sql.replace("{a}", "t") + direction for key in root.page_keys(grants=grants))
    known = "%(given_asOf)s" if "asOf" in given else "'infinity'"
    rows = source(table, grants=grants, known=known)
    statement = (
        f"select {', '.join([ids, *values])} from {rows} t{joins} where {' and '.join(conditions)} order by {order}"
    )
    return Chosen(
        called=_first_word(definition.description or name),
        statement=statement.encode(),
        parameters=parameters,
        columns=(*theirs, *mine),
    )


def _value(table: Table, shown: Shown, *, alias: str, grants: Grants) -> str:
    return column(table, shown.field, alias=alias, grants=grants)


def _read(definition: GraphQLField, argument: str, text: str) -> object:
    """A parameter of a URL as GraphQL reads it."""
    kind = definition.args[argument].type
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if not isinstance(kind, GraphQLScalarType):
        raise TypeError(argument)
    told: object = {"true": True, "false": False}.get(text, text) if kind.name == "Boolean" else text
    try:
        if kind.name in {"Int", "Float"}:
            told = int(text) if kind.name == "Int" else float(text)
        return kind.parse_value(told)
    except (GraphQLError, ValueError, TypeError):
        message = f"{argument} is not of its form, {kind.name}."
        raise BadArgument(message) from None


@cache
def _query() -> GraphQLObjectType:
    """The published Query."""
    published = build_schema()._schema.query_type  # noqa: SLF001  # Strawberry gives its graphql-core schema no public name
    if published is None:
        raise TypeError("Query")
    return published


@cache
def _published_type(name: str) -> GraphQLObjectType:
    kind = build_schema()._schema.type_map[name]  # noqa: SLF001
    if not isinstance(kind, GraphQLObjectType):
        raise TypeError(name)
    return kind


@cache
def headed(type_name: str, name: str) -> Shown:
    """A field of a type under its Chinese term."""
    return Shown(type_name, name, _first_word(_published_type(type_name).fields[name].description or name))


def term_of(type_name: str) -> str:
    """The Chinese term of a type."""
    return _first_word(_published_type(type_name).description or type_name)


def _first_word(description: str) -> str:
    """The Chinese term, which stands first."""
    return description.split(" ", 1)[0]


@dataclass(slots=True, kw_only=True)
class Draft:
    """A list being filled: its rows packed page by page, the hash counted along."""

    chosen: Chosen
    on: date
    child_ids: dict[UUID, None] = field(default_factory=dict)
    count: int = 0
    _pages: list[bytes] = field(default_factory=list)
    _hash: Any = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self._hash.update(canonical([self.chosen.called]) + canonical(self.headings))

    @property
    def headings(self) -> list[str]:
        """The headings of all columns."""
        return ["序号", *(shown.heading for shown in self.chosen.columns)]

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Takes a page of rows as the statement brings them; raises `Refused` beyond what one file holds."""
        if self.count + len(rows) > MOST_ROWS:
            message = f"一份名单最多 {MOST_ROWS} 行，请缩小范围。A list holds {MOST_ROWS} rows: narrow it down."
            raise Refused(message)
        page: list[list[str]] = []
        for child, other, *values in rows:
            self.count += 1
            self.child_ids |= dict.fromkeys(each for each in (child, other) if each is not None)
            page.append(
                [
                    str(self.count),
                    *(cell(shown, value) for shown, value in zip(self.chosen.columns, values, strict=True)),
                ]
            )
            self._hash.update(canonical(page[-1]))
        self._pages.append(zlib.compress(msgspec.msgpack.encode(page), 1))

    @property
    def content_hash(self) -> str:
        """The hash of everything taken so far."""
        return str(self._hash.hexdigest())

    def pages(self) -> Iterator[list[list[str]]]:
        """The rows again, page by page."""
        for page in self._pages:
            yield msgspec.msgpack.decode(zlib.decompress(page), type=list[list[str]])


def cell(shown: Shown, value: object) -> str:
    """A value as offices read it."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case list():
            return "、".join(map(str, value))
        case str() if shown.name in _UNITS:
            return unit(value)
        case str() if shown.name in _WORDS:
            return word(_WORDS[shown.name], value)
        case _:
            return str(value)


def text(draft: Draft, *, stamp: Stamp) -> Iterator[bytes]:
    """The list as CSV in UTF-8 with a mark for Excel, piece by piece: headings, rows, and a last line that says whose it is."""
    yield "\ufeff".encode() + _lines([draft.headings])
    for page in draft.pages():
        yield _lines(page)
    yield _lines([[f"{warning(stamp)}{stamp.words}　校验码：{draft.content_hash}"]])


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    lines = StringIO()
    csv.writer(lines).writerows([neutral(cell) for cell in row] for row in rows)
    return lines.getvalue().encode()


def workbook(draft: Draft, *, stamp: Stamp) -> bytes:
    """The list as XLSX."""
    said, called = f"{warning(stamp)}{stamp.words}", draft.chosen.called
    sheet = Sheet(
        called[:31],
        [Column(heading, 6 if place == 0 else 14) for place, heading in enumerate(draft.headings)],
        (row for page in draft.pages() for row in page),
        title=called,
        notes=[
            said,
            f"导出日期：{draft.on}　共 {draft.count} 行　内容校验码(SHA-256)：{draft.content_hash}",
            "本单位无权查看的栏目不列；凭编号或校验码可向教体局、督导机构核验。",
        ],
        footer=f"{said}　校验码：{draft.content_hash[:16]}",
    )
    properties = {
        "title": called,
        "subject": said,
        "creator": "保学",
        "编号": stamp.number,
        "单位": stamp.unit,
        "用途": stamp.purpose,
        "校验码": draft.content_hash,
    }
    return write([sheet], properties=properties)
