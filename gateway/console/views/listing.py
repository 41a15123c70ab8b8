"""What a list is as a page: its document, what narrows it in the address, its columns, and the commands and files of a row."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts
from gateway.console.views.moments import end_of, terms_until
from gateway.words import WORDS


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field, its heading in the catalogue, and how a value is shown."""

    field: str
    heading: str
    kind: str = "text"
    """text, number, money, score, flag, date, due, moment, place, unit, child, case or doubt; or the list of words its code, or its codes, are of."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What narrows a list: a parameter of the address and of the document, chosen from a list of words, or a township, term, day, end of day,
    flag, yes or no or text. An id stands in the path and about in the address; neither is shown."""

    name: str
    heading: str
    kind: str
    is_required: bool = False
    """Whether the list can't be asked without it; the term that runs where nothing was chosen."""


@dataclass(frozen=True, slots=True)
class Button:
    """A command on a row: which of its arguments come from which fields of the row, and on which rows it is offered."""

    command: str
    arguments: Mapping[str, str]
    offered: Callable[[Mapping[str, Any]], bool]
    of_unit: str = ""
    """The field of the unit that may do it and no other; empty where that is no question of the row."""
    of_kind: str = ""
    """The field of the kind of unit that may do it; the bureau may for any, as it enters what others wrote on paper 代录."""
    not_by: str = ""
    """The field of the account that may not: a second person has to."""

    def is_offered(self, row: Mapping[str, Any], *, unit: str, account: str) -> bool:
        """Whether it is offered on a row to an account that acts for a unit."""
        kinds = {str(row.get(self.of_kind, "")).partition(":")[0], "education_bureau"}
        return (
            self.offered(row)
            and (not self.of_unit or row.get(self.of_unit) == unit)
            and (not self.of_kind or unit.partition(":")[0] in kinds)
            and (not self.not_by or row.get(self.not_by) != account)
        )


@dataclass(frozen=True, slots=True)
class Paper:
    """A row as a file: where it is handed out by the row's id, what it is called, the command that opens it, and for which rows."""

    path: str
    heading: str
    command: str
    offered: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Behind:
    """Another list or page that shows what is behind a row: its address up to the value of a field of the row, and how the link is called."""

    path: str
    heading: str
    field: str


@dataclass(frozen=True, slots=True)
class List:
    """A list as a page; `name` is its document, its root in the answer and its name under `nav` in the catalogue."""

    name: str
    columns: tuple[Column, ...]
    narrowings: tuple[Narrowing, ...] = ()
    buttons: tuple[Button, ...] = ()
    starts: tuple[str, ...] = ()
    """Commands that begin something new, offered above the list."""
    file: str = ""
    """The list as a file, by its name under `/files/lists/`."""
    papers: tuple[Paper, ...] = ()
    behind: tuple[Behind, ...] = ()
    part_of: tuple[str, str] = ("", "")
    """The page that leads here: its address and its name under `nav`."""


PAGE: Final = 200
"""How many rows are asked for at once where all are wanted."""
MOST_PAGES: Final = 25
"""Five thousand rows: the villages and schools of a county are some hundreds, the pupils of a school some thousands."""
TOWNSHIP: Final = Narrowing("township", "ledger.township", "township")
TERM: Final = Narrowing("term", "assistance.term", "term")
CHILD: Final = Column("child", "my_day.child", "child")
PLACE: Final = Column("township", "my_day.place", "place")


def in_state(*states: str) -> Callable[[Mapping[str, Any]], bool]:
    """Rows that are in one of these states."""
    return lambda row: row.get("state") in states


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a list that were found, and what this caller may do with them."""

    list: List
    nodes: Sequence[Mapping[str, Any]]
    columns: Sequence[Column]
    """Those in which a row says something."""
    buttons: Sequence[tuple[Button, str]]
    papers: Sequence[Paper]
    more: Mapping[str, Any]
    unit: str
    """The caller's."""
    account: str
    """The caller's."""


def shown(one: List) -> Callable[[Caller], Awaitable[Response]]:
    """The page of a list."""

    async def show(caller: Caller) -> Response:
        asked = {each.name: _given(caller, each) for each in one.narrowings}
        has_townships = any(each.kind == "township" for each in one.narrowings)
        places = await caller.ask("places") if has_townships else {}
        return caller.page(
            "list.html",
            rows=await rows_of(caller, one, asked, after=caller.given("after")),
            asked=asked,
            narrowings=[(each, _options(caller, each, places)) for each in one.narrowings],
            file=_file(one, asked),
            starts=[(name, acts.title_of(caller, name)) for name in one.starts if caller.granted.may(name)],
        )

    return show


async def rows_of(
    caller: Caller, one: List, asked: Mapping[str, str], *, after: str = "", first: int | None = None
) -> Rows:
    """The rows of a list as they are narrowed, a page of them; none where the list is not granted."""
    found = await caller.ask(one.name, after=after, first=first, **_typed(one, asked))
    page: Mapping[str, Any] = found.get(one.name) or {}
    nodes = page.get("nodes", ())
    return Rows(
        one,
        nodes,
        [column for column in one.columns if any(_is_told(node.get(column.field)) for node in nodes)],
        [(each, caller.texts(f"acts.{each.command}")) for each in one.buttons if caller.granted.may(each.command)],
        [each for each in one.papers if caller.granted.may(each.command)],
        page.get("pageInfo", {}),
        caller.session.unit,
        caller.session.account,
    )


async def all_of(
    caller: Caller, document: str, *, root: str = "", **narrowed: str
) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """All rows that a document pages through, and whether they are all; `root` is the list's name where it is another."""
    found: list[Mapping[str, Any]] = []
    after = ""
    for _ in range(MOST_PAGES):
        page = (await caller.ask(document, **narrowed, first=PAGE, after=after)).get(root or document)
        if page is None:
            return [], True
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found, True
        after = page["pageInfo"]["endCursor"]
    return found, False


def _file(one: List, asked: Mapping[str, str]) -> str:
    """Where the list is handed out as a file, narrowed as the page is; empty where it is not."""
    if not one.file:
        return ""
    typed = {name: value for name, value in _typed(one, asked).items() if value not in {None, ""}}
    told = {name: str(value).lower() if isinstance(value, bool) else value for name, value in typed.items()}
    return f"/files/lists/{one.file}?" + urlencode({"format": "xlsx", **told})


def _is_told(value: object) -> bool:
    """Whether a field says something; a column in which no row does is left out."""
    return value is not None and value not in ("", [])


def _given(caller: Caller, each: Narrowing) -> str:
    """What narrows: by the path, by the address, or what holds where nobody chose."""
    if each.kind == "id":
        return caller.id(each.name)
    where_none = terms_until(caller.today)[0] if each.is_required and each.kind == "term" else ""
    return caller.given(each.name) or where_none


def _typed(one: List, asked: Mapping[str, str]) -> dict[str, object]:
    """What narrows, as the document takes it; a flag that is not set does not narrow."""
    kinds = {each.name: each.kind for each in one.narrowings}
    typed: dict[str, object] = {}
    for name, value in asked.items():
        match kinds[name]:
            case "flag":
                typed[name] = value == "yes" or None
            case "yes or no":
                typed[name] = {"yes": True, "no": False}.get(value)
            case "end of day":
                typed[name] = end_of(value)
            case _:
                typed[name] = value
    return typed


def _options(caller: Caller, each: Narrowing, places: Mapping[str, Any]) -> list[tuple[str, str]]:
    match each.kind:
        case "township":
            return [(place["code"], place["name"]) for place in places.get("townships", ())]
        case "term":
            return [(term, term) for term in terms_until(caller.today)]
        case "yes or no":
            return [(code, caller.texts(f"lists.{code}")) for code in ("yes", "no")]
        case _:
            return [(code, caller.texts.word(each.kind, code)) for code in WORDS.get(each.kind, ())]
