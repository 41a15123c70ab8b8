"""Behind each number of the partition and of the focus groups stand exactly as many children, for whoever is told the number."""

# ruff: noqa: S608  # the condition is of the project's own words

import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from gateway.readmodel.partition import window
from gateway.schema.count_tables import OF_SCHOOL_AGE
from tests.gateway import county
from tests.gateway.conftest import Asking

COUNTED = """{
  partition { township state dated count } villagePartition { township village state dated count }
  focusGroups { township kind state count }
}"""
CHILD = county.made("child", 1)
OFFICES = ["bureau-office", "xiaodian-officer", "inspector"]


def behind(gateway: Asking, by: str, **narrowed: str) -> list[str]:
    """The children of a list that fits a page."""
    given = ", ".join(f"{name}: {json.dumps(value)}" for name, value in narrowed.items())
    query = f"{{ partitionChildren({given}, first: 200) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}"
    found = gateway.ask(query, by=by).data["partitionChildren"]
    assert gateway.resolve(query, by=by).data["partitionChildren"] == found, "the resolver lists the same children"
    assert not found["pageInfo"]["hasNextPage"]
    return [child["id"] for child in found["nodes"]]


@pytest.mark.parametrize("by", OFFICES)
def test_behind_each_number_stand_exactly_as_many(gateway: Any, by: str) -> None:
    counted = gateway.ask(COUNTED, by=by).data
    numbers = [row for row in [*counted["partition"], *counted["villagePartition"]] if row["dated"]]
    numbers += [{**row, "group": row["kind"]} for row in counted["focusGroups"]]

    assert {row["state"] for row in counted["focusGroups"]} >= {"open_case", "suspect"}
    for row in numbers:
        where = {name: row[name] for name in ("state", "township", "village", "group") if name in row}
        assert len(set(behind(gateway, by, **where))) == row["count"], where


def test_a_child_whose_case_another_township_has_is_counted_and_listed_where_it_lives(
    gateway: Any, read_model: Any
) -> None:
    """Its own township is told so by the partition and the ledger; of the case it sees nothing, and nobody else sees the child."""
    with psycopg.connect(read_model.dsn("gateway_writer")) as writer:
        [(child, case)] = writer.execute(
            "select c.child_id, c.open_case_id from child c join child_identity i using (child_id) where c.township = %s"
            " and c.open_case_id is not null and c.merged_into is null and i.birth_date between %s and %s limit 1",
            [county.XIAODIAN, *(day + timedelta(days=1) for day in window(county.TODAY))],
        ).fetchall()
        writer.execute("update case_file set township = %s where case_id = %s", [county.SANTUN, case])

    assert str(child) in behind(gateway, "xiaodian-officer", state="open_case")
    seen = f'{{ child(id: "{child}") {{ openCase {{ id }} }} case(id: "{case}") {{ id }} }}'
    assert gateway.ask(seen, by="xiaodian-officer").data == {"child": {"openCase": None}, "case": None}
    assert str(child) not in behind(gateway, "santun-officer", state="open_case")


@pytest.mark.parametrize("today", [county.TODAY, date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1)])
def test_a_list_ends_on_the_days_on_which_the_number_does(read_model: Any, today: date) -> None:
    after, until = window(today)
    with psycopg.connect(read_model.dsn("gateway_writer")) as writer:
        for born, is_listed in [
            (after, False), (after + timedelta(days=1), True), (until, True), (until + timedelta(days=1), False)
        ]:  # fmt: skip
            writer.execute("update child_identity set birth_date = %s where child_id = %s", [born, CHILD])
            listed = f"select count(*) from child c where {OF_SCHOOL_AGE.format(a='c')} and c.child_id = %(child)s"
            assert writer.execute(listed.encode(), {"today": today, "child": CHILD}).fetchone() == (int(is_listed),), (
                born
            )
        writer.rollback()


@pytest.mark.parametrize("by", ["school-principal", "civil-affairs-officer"])
def test_who_is_told_no_number_is_told_no_list(gateway: Any, by: str) -> None:
    reply = gateway.ask('{ partitionChildren(state: "open_case") { nodes { id } } }', by=by)

    assert reply.code == "FORBIDDEN"
    assert "Query.partitionChildren is not granted" in reply.message
