"""Whatever people typed anywhere is shown as text: every free text of the read model made hostile, and every page opened."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.gateway.console.browsing import Browser

HOSTILE = "</textarea></title></svg>\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}"
RECORDS = frozenset(
    {
        "journal",
        "receipt",
        "policy_log",
        "policy_text",
        "warrant",
        "warrant_end",
        "warrant_review",
        "consent",
        "consent_withdrawal",
    }
)
"""What can't be changed, by anybody."""
LEAST = 30
"""So many columns hold texts that somebody typed."""


def typed_columns(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    """Tables and columns in which something stands that is no code: Chinese, or words with a blank between them."""
    for table, column in connection.execute(
        "select c.table_name, c.column_name from information_schema.columns c join information_schema.tables t"
        " using (table_schema, table_name) where c.table_schema = 'public' and c.data_type = 'text'"
        " and t.table_type = 'BASE TABLE' order by 1, 2"
    ).fetchall():
        if table in RECORDS:
            continue
        said = sql.SQL("select exists (select from {} where {} ~ '[^[:ascii:]]|[[:alpha:]] [[:alpha:]]')")
        if connection.execute(said.format(sql.Identifier(table), sql.Identifier(column))).fetchone() == (True,):
            yield table, column


@pytest.fixture(scope="module")
def hostile(read_model: Any) -> list[tuple[str, str]]:
    with psycopg.connect(read_model.superuser) as connection:
        columns = list(typed_columns(connection))
        for table, column in columns:
            change = sql.SQL("update {} set {} = %s where {} <> ''")
            name = sql.Identifier(column)
            connection.execute(change.format(sql.Identifier(table), name, name), [HOSTILE])
    return columns


@pytest.mark.parametrize("account", ["bureau-office", "bureau-assistance", "xiaodian-officer", "inspector"])
def test_no_page_runs_or_loads_what_somebody_typed(gateway: Any, hostile: list[tuple[str, str]], account: str) -> None:
    assert len(hostile) >= LEAST, hostile
    assert ("child_identity", "name") in hostile
    with Browser(gateway) as browser:
        home = browser.signed_in(account).get("/")
        paths = re.findall(r'<li><a href="(/[^"]*)"', home.text.partition("</nav>")[0])
        some = [path for page in map(browser.get, paths) for path in _behind(page.text)]
        shown = 0
        for path in dict.fromkeys([*paths, *some]):
            text = browser.get(path).text
            assert "<img src=x" not in text, path
            assert "<script>alert" not in text, path
            shown += "&lt;img src=x" in text
    assert shown > len(paths) / 2, "what was typed is shown, as text"


def _behind(text: str) -> list[str]:
    """The first of each kind of record that a list leads to."""
    return [
        found[0] for kind in ("cases", "children", "doubts", "board", "registers", "disclosures")
        if (found := re.findall(rf'href="(/{kind}/[^"?#]+)"', text))
    ]  # fmt: skip
