"""What a department may not see has no effect on what it gets: no byte, count, order or status, and nothing on its receipts.

Everything a department may ask is asked, then every column hidden from it is changed, and everything is asked again. With
BAOXUE_ATTACK=long each hidden column is changed alone, so that no two changes can hide each other.
"""

# ruff: noqa: S608  # statements are made of this test's own words

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from gateway.schema.map import TABLES
from gateway.schema.roots import ROOTS
from tests.access.matrix import WHO, Who, expected
from tests.gateway import county
from tests.gateway.conftest import Asking

EXPECTED = expected()
LONG = os.environ.get("BAOXUE_ATTACK") == "long"
AREAS = {"township": county.XIAODIAN, "school": county.SCHOOL, "village": county.VILLAGE}
NOT_ASKED = {"informant", "receipts", "looks", "replayCase", "replayPartition", "townships"}
"""The log of looks grows by asking; the past is not in these tables; townships are everybody's."""
ROUTING = re.compile(
    r".*_id|erased|.*restricted|merged_.*|open_case_id|.*township|village|school|owner|to_unit|recipient|unit|"
    r"producer|position|earlier_case|pinyin|name_.*|id_last4"
)
"""What decides which rows are reached, in which order things were told, or is derived from a name by the projection."""
DECIDES_ROWS = {
    ("referral", "state"),
    ("referral", "answered_on"),
    ("finding", "resolved_on"),
    ("case_file", "closed_on"),
}
_SAME_AGE = "make_date(extract(year from birth_date)::int, case when to_char(birth_date, 'MMDD') <= '0914' then 1 else 12 end, 1)"
"""Another birth date of somebody who is as old on the county's day, 14 September."""


@dataclass(frozen=True)
class Column:
    """A column of the read model, and what is told of it: the modes in which its department sees it."""

    table: str
    name: str
    type: str
    modes: frozenset[str]

    @property
    def change(self) -> str | None:
        """SQL of another value that is told the same way; None where the value itself is told."""
        if self.modes & {"full", "count"}:
            return None
        name = self.name
        if self.name == "birth_date" and self.type == "date":
            return _SAME_AGE if self.modes else f"{name} - 800"
        if "mask" in self.modes:
            kept = f"left({name}, 1) || '另有其人'" if name.endswith("name") else f"'77777' || right({name}, 4)"
            short = 2 if name.endswith("name") else 8
            return f"case when {name} = '' then '' when length({name}) < {short} then '改' else {kept} end"
        emptiness = bool(self.modes)  # a yes or no is told
        match self.type:
            case "text":
                return f"case when {name} = '' then '{'' if emptiness else '改'}' else {name} || '改' end"
            case "date":
                return f"{name} + 3"
            case "bool":
                return f"not {name}"
            case "int4" | "int8" | "float8":
                return f"{name} + 1"
            case "timestamptz":
                return f"{name} + interval '3 days'"
            case "_text":
                return f"{name} || '{{改}}'::text[]"
        return None


OWN_WORDS = re.compile(r"select w\.(\w+) from (\w+) w where")
"""A column that stands in a narrow table beside the type's own: people's own words."""


def columns_towards(connection: psycopg.Connection, who: Who) -> list[Column]:
    """All columns that could be changed, with what this department is told of each."""
    cells = EXPECTED[who.kind, who.purpose]
    told: dict[tuple[str, str], set[str]] = {}
    for table in TABLES.values():
        for field, sql in table.columns.items():
            mode = cells.get((table.type, field))
            for alias, name in re.findall(r"\{a\}(i?)\.(\w+)", sql) if mode else ():
                source = "child_identity" if alias else table.source
                told.setdefault((source, name), set()).add(mode)
            for name, source in OWN_WORDS.findall(sql) if mode else ():
                told.setdefault((source, name), set()).add(mode)
    if ("Query", "partition") in cells:
        told |= {(t, c): {"full"} for t, c in (("child", "accounted_state"), ("child_identity", "birth_date"))}
    if ("Query", "findingCounts") in cells:
        told["finding", "kind"] = {"full"}
    sources = sorted(
        {table.source for table in TABLES.values() if re.fullmatch(r"\w+", table.source)}
        | {"child_identity", "visit_words", "step_words", "report_words"}
    )
    found = connection.execute(
        "select table_name, column_name, udt_name from information_schema.columns"
        " where table_schema = 'public' and table_name = any(%s) order by 1, 2",
        [[source for source in sources if source not in {"receipt", "township"}]],
    ).fetchall()
    return [
        Column(table, name, type_, frozenset(told.get((table, name), ())))
        for table, name, type_ in found
        if not ROUTING.fullmatch(name) and (table, name) not in DECIDES_ROWS
    ]


def selection(type_name: str, cells: dict[tuple[str, str], str], *, depth: int) -> str:
    """Everything of a type that may be seen."""
    table = TABLES[type_name]
    plain = [name for name in table.columns if (type_name, name) in cells]
    nested = [
        f"{name} {{ {selection(link.type, cells, depth=depth - 1)} }}"
        for name, link in table.links.items()
        if depth and (type_name, name) in cells and name != "looks"  # they grow by asking
    ]
    return " ".join([*plain, *nested]) or "__typename"


def in_parts(type_name: str, cells: dict[tuple[str, str], str]) -> Iterator[str]:
    """Everything of a type that may be seen and what it leads to, a few relations at a time."""
    plain, links = selection(type_name, cells, depth=0), TABLES[type_name].links
    leads = [name for name in links if (type_name, name) in cells and name != "looks"]
    for first in range(0, max(len(leads), 1), 8):
        nested = (f"{name} {{ {selection(links[name].type, cells, depth=0)} }}" for name in leads[first : first + 8])
        yield " ".join([plain, *nested])


VALUES: dict[str, list[object]] = {
    "state": ["suspect", "confirmed", "opened"],
    "name": ["赵", "zhao", "qy"],
    "idLast4": ["0001", "0014"],
    "kind": ["not_in_seat"],
    "found": ["moved_away"],
    "round": [county.ROUND],
    "term": [county.TERM],
    "officer": ["teacher-1"],
    "owner": ["public_security:410326"],
    "township": [county.XIAODIAN],
    "overdue": [True],
    "mine": [True],
    "unit": ["school:3141000300"],
    "register": ["in_school"],
    "obligedFrom": ["2026-09-01"],
    "scoreFrom": [0.75],
    "verified": [True],
    "conflict": [True],
    "asOf": ["2026-01-01"],
}


def questions(who: Who) -> Iterator[str]:
    """Everything the department may ask, and everything it may try: filters on what it does not see among them."""
    cells = EXPECTED[who.kind, who.purpose]
    for name, root in ROOTS.items():
        if ("Query", name) not in cells or name in NOT_ASKED:
            continue
        body = selection(root.type, cells, depth=1 if name in {"child", "case", "doubt"} else 0)
        narrowings = [f"{n}: {json.dumps(v)}" for n in root.filters for v in VALUES.get(n, ())[: 3 if LONG else 1]]
        required = f'fieldCheckId: "{county.made("fieldCheck", 0)}"' if name == "fieldCheckAnswers" else ""
        if "id" in root.filters and not root.keys:
            kind = {"child": "child", "case": "case", "doubt": "doubt", "delivery": "delivery"}[name]
            for number in (0, 1, 2, 4, 5, 12) if LONG else (0, 1, 2):
                for part in in_parts(root.type, cells):  # a document asks for a bounded number of fields
                    yield f'{{ {name}(id: "{county.made(kind, number)}") {{ {part} }} }}'
        elif root.keys:
            for narrowing in ["", *narrowings]:
                arguments = ", ".join(filter(None, ["first: 60", required, narrowing]))
                yield f"{{ {name}({arguments}) {{ nodes {{ {body} }} edges {{ cursor }} pageInfo {{ hasNextPage }} }} }}"
        else:
            for narrowing in ["", *(narrowings if name == "partition" else [])]:
                yield f"{{ {name}{f'({narrowing})' if narrowing else ''} {{ {body} }} }}"


def everything(gateway: Asking, who: Who) -> list[tuple[Any, ...]]:
    """All answers, and what stands on their receipts."""
    by = (f"{who.kind}:{AREAS.get(who.kind, '410326')}", who.purpose)
    told = []
    for query in questions(who):
        reply = gateway.ask(query, by=by)
        [receipt] = gateway.receipts_of()
        told.append(
            (query, reply.status, reply.body, sorted(receipt["child_ids"]), receipt["rows"], receipt["decision"])
        )
    return told


def differences(then: object, now: object, path: str = "") -> list[tuple[str, object, object]]:
    """Where two answers differ, so that a failure can be read."""
    if isinstance(then, dict | list | tuple) and type(then) is type(now) and len(then) == len(now):
        keys = then if isinstance(then, dict) else range(len(then))
        return [d for k in keys for d in differences(then[k], now[k], f"{path}.{k}")]  # type: ignore[index]
    return [] if then == now and type(then) is type(now) else [(path, then, now)]


def changed(connection: psycopg.Connection, columns: list[Column]) -> None:
    for column in columns:
        connection.execute(f"update {column.table} set {column.name} = {column.change}".encode())
    connection.commit()


@pytest.mark.parametrize("name", WHO)
def test_what_is_hidden_changes_nothing_that_is_shown(gateway: Asking, name: str) -> None:
    who = WHO[name]
    with psycopg.connect(gateway.owner_dsn) as connection:
        hidden = [column for column in columns_towards(connection, who) if column.change is not None]
        for columns in [[column] for column in hidden] if LONG else [hidden]:
            before = everything(gateway, who)
            changed(connection, columns)
            for then, now in zip(before, everything(gateway, who), strict=True):
                assert differences(then, now) == [], [(column.table, column.name) for column in columns]
    assert hidden or name == "bureau"


def test_the_changes_are_seen_by_whoever_may_see_them(gateway: Asking) -> None:
    """So that the test above can fail."""
    with psycopg.connect(gateway.owner_dsn) as connection:
        village, bureau = WHO["village"], WHO["bureau"]
        hidden = [
            c
            for c in columns_towards(connection, village)
            if c.change is not None and (c.table, c.name) == ("child_identity", "guardian_phone")
        ]
        assert not hidden
        before = everything(gateway, bureau)
        changed(connection, [Column("child_identity", "guardian_phone", "text", frozenset())])
        assert everything(gateway, bureau) != before
