"""全县看板: where every child of school age stands, by township and village, what does not agree, and how far cases have come.

Each figure leads to the rows behind it and is named with its formula. Figures are those of `partition`, `findingCounts`, `caseFunnel` and
`focusGroups`; nothing is counted here but what those sum. A number of children leads to exactly those whom it counts (`partitionChildren`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from gateway.console import charts
from gateway.console.caller import Caller
from gateway.words import WORDS

OUT: Final = ("suspect", "open_case", "unaccounted")
"""The states in which a child is not known to be anywhere that is in order."""
_NARROWED: Final = ("state", "township", "village", "group")
"""What says which number of the board is meant."""


async def show(caller: Caller) -> Response:
    """The county, or what of it the caller reaches."""
    board = await caller.ask("board")
    rows = board.get("partition", ())
    names = {row["township"]: row["townshipName"] or caller.texts("board.unknown_place") for row in rows}
    table = table_of(rows, of="township")
    out = {place: sum(counts[state] or 0 for state in OUT) for place, counts in table.items()}
    return caller.page(
        "board.html",
        states=states_of(rows),
        places=sorted(names.items()),
        table=table,
        sums=sums_of(rows),
        out=out,
        map=charts.tiles(
            caller.texts("board.map"),
            [charts.Mark(names[code], out[code], f"/board/{code}") for code in sorted(names)],
        ),
        kinds=_kinds(board.get("findingCounts", ())),
        trend=await _trend(caller),
        funnel=await _funnel(caller),
        groups=await _groups(caller),
        outs=OUT,
        behind=partial(_list_behind, caller),
    )


async def show_township(caller: Caller) -> Response:
    """One township, village by village."""
    township = str(caller.request.path_params["township"])
    rows = (await caller.ask("board_villages", township=township)).get("villagePartition", ())
    names = {row["village"]: row["villageName"] or caller.texts("board.unknown_place") for row in rows}
    return caller.page(
        "board_township.html",
        township=township,
        states=states_of(rows),
        places=sorted(names.items()),
        table=table_of(rows, of="village"),
        sums=sums_of(rows),
        behind=partial(_list_behind, caller),
    )


async def show_children(caller: Caller) -> Response:
    """The children behind a number."""
    number = {name: caller.given(name) for name in _NARROWED if caller.given(name)}
    found = (await caller.ask("board_children", **number, after=caller.given("after"))).get("partitionChildren", {})
    return caller.page(
        "board_children.html",
        number=number,
        children=found.get("nodes", ()),
        more=found.get("pageInfo", {}),
        next_page=_list_behind(caller, **number, after=found.get("pageInfo", {}).get("endCursor") or ""),
    )


def _list_behind(caller: Caller, **number: str) -> str:
    """Where a number's children are listed; nowhere for who may not see them, and for a place that nobody knows."""
    if not caller.granted.shows("Query", "partitionChildren") or "" in (number.get("township"), number.get("village")):
        return ""
    return f"/board/children?{urlencode(number)}"


def _dated(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row.get("dated", True)]


def states_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The states that somebody is in, in the order of the partition sheet."""
    there = {row["state"] for row in rows}
    return [state for state in WORDS["states"] if state in there]


def table_of(rows: Sequence[Mapping[str, Any]], *, of: str) -> dict[str, Counter[str]]:
    """Children by place and state, of whom the birth date is known; places of others are there with nobody."""
    table: dict[str, Counter[str]] = {}
    for row in _dated(rows):
        table.setdefault(row[of], Counter())[row["state"]] += row["count"] or 0
    for row in rows:
        table.setdefault(row[of], Counter())
    return table


def sums_of(rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """The same, of all places together."""
    sums: Counter[str] = Counter()
    for row in _dated(rows):
        sums[row["state"]] += row["count"] or 0
    return sums


def _kinds(counts: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    kinds: Counter[str] = Counter()
    for row in counts:
        kinds[row["kind"]] += row["count"] or 0
    return kinds.most_common()


async def _trend(caller: Caller) -> Markup | None:
    """Children out of order on the last days of the months before, and today, as known now."""
    days = _ends_of_months(date.fromisoformat(caller.today))
    found = await caller.ask("board_trend", **dict(zip("abcdef", (day.isoformat() for day in days), strict=True)))
    if not found:
        return None
    marks = []
    for name, day in zip("abcdef", days, strict=True):
        out = sum(row["count"] or 0 for row in _dated(found[name]) if row["state"] in OUT)
        marks.append(charts.Mark(day.isoformat()[2:], out, _behind(caller, day)))
    return charts.line(caller.texts("board.trend"), marks)


def _behind(caller: Caller, day: date) -> str:
    """Where the numbers of a day stand place by place, for whoever may look back."""
    return f"/replay?at={caller.today}&on={day.isoformat()}" if caller.granted.shows("Query", "replayPartition") else ""


def _ends_of_months(today: date) -> list[date]:
    """The last days of the five months before, and today."""
    days = [today]
    while len(days) < 6:
        days.append(days[-1].replace(day=1) - timedelta(days=1))
    return days[::-1]


async def _funnel(caller: Caller) -> Markup | None:
    """How many cases ever came to each step; a bar leads to them."""
    rows = (await caller.ask("board_funnel")).get("caseFunnel")
    if rows is None:
        return None
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["step"]] += row["count"]
    marks = [
        charts.Mark(caller.texts.word("funnel", step), counts[step], f"/cases?reached={step}")
        for step in WORDS["funnel"]
    ]
    return charts.bars(caller.texts("board.funnel"), marks)


async def _groups(caller: Caller) -> list[tuple[str, Counter[str]]]:
    """Children of each focus group by state."""
    groups: dict[str, Counter[str]] = {}
    for row in (await caller.ask("board_groups")).get("focusGroups", ()):
        groups.setdefault(row["kind"], Counter())[row["state"]] += row["count"]
    return [(kind, groups[kind]) for kind in WORDS["groups"] if kind in groups]
