"""The departments' pages say what is in force."""

from datetime import date

import pytest

from gateway.access.kinds import DEPARTMENTS
from gateway.access.policy import load_policy
from gateway.schema.departments import FOLDER, pages
from gateway.schema.schema import build_schema

MADE = pages(load_policy(), build_schema()._schema)


def test_the_pages_of_the_departments_are_made_of_the_table_that_is_in_force() -> None:
    stands = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = {name for name in MADE.keys() | stands.keys() if MADE.get(name) != stands.get(name)}
    assert not stale, (
        "policy.csv or the schema changed: run python -m gateway.schema.departments, and say in"
        " tests/access/who_sees_what.toml who may see it"
    )


def test_every_kind_of_department_in_the_table_has_a_name_and_a_duty() -> None:
    assert DEPARTMENTS.keys() == {kind for kind, _ in load_policy().grants}


@pytest.mark.parametrize(
    ("kind", "on", "name"),
    [
        ("rural_affairs", date(2020, 6, 1), "扶贫开发办公室"),
        ("rural_affairs", date(2021, 2, 25), "乡村振兴局"),
        ("rural_affairs", date(2026, 9, 1), "农业农村局（乡村振兴局）"),
        ("market_supervision", date(2018, 4, 9), "工商行政管理局"),
        ("justice", date(1999, 1, 1), "司法局"),
    ],
)
def test_a_department_is_called_as_it_was_on_the_day(kind: str, on: date, name: str) -> None:
    assert DEPARTMENTS[kind].called(on) == name
