"""The log of looks as supervision reads it: by unit, officer, child and time, whole and of its own area."""

from datetime import timedelta
from typing import Any

import pytest

from tests.gateway import county
from tests.gateway.conftest import Asking

LOOKS = """query($department: String, $actor: String, $childId: UUID, $decision: String, $since: DateTime, $until: DateTime,
    $first: Int!, $after: String) { looks(department: $department, actor: $actor, childId: $childId, decision: $decision, since: $since,
    until: $until, first: $first, after: $after) { nodes { actor department decision at } pageInfo { hasNextPage endCursor } } }"""
ELSEWHERE = (f"education_bureau:{county.ELSEWHERE[:6]}", "dropout_control")


@pytest.fixture(scope="module")
def looked(gateway: Asking) -> str:
    """Looks of several units, and the child at whom two of them looked."""
    child = gateway.ask("{ children(first: 1) { nodes { id } } }", by="xiaodian-officer").data["children"]["nodes"][0][
        "id"
    ]
    gateway.ask("query($id: UUID!) { child(id: $id) { id } }", {"id": child}, by="bureau-office")
    gateway.ask("{ partition { count } }", by="bureau-office")
    gateway.ask("{ children { nodes { guardianPhone } } }", by="police-officer")
    gateway.ask("{ children(first: 1) { nodes { id } } }", by=ELSEWHERE)
    gateway.ask("{ partition { count } }", by=ELSEWHERE)
    return str(child)


def looks(gateway: Asking, **narrowed: object) -> list[dict[str, Any]]:
    given = {"first": 200, "since": str(gateway.minute).replace(" ", "T"), **narrowed}
    return list(gateway.ask(LOOKS, given, by="inspector").data["looks"]["nodes"])


def test_supervision_lists_looks_by_unit_officer_child_and_time(gateway: Asking, looked: str) -> None:
    of_child = looks(gateway, childId=looked, actor="bureau-office") + looks(
        gateway, childId=looked, actor="xiaodian-officer"
    )
    of_unit = looks(gateway, department="education_bureau:410326")
    refused = looks(gateway, decision="denied")

    assert [look["actor"] for look in of_child] == ["bureau-office", "xiaodian-officer"]
    assert len(of_unit) == 2  # one at a child, one at numbers
    assert [look["actor"] for look in refused] == ["police-officer"]
    assert looks(gateway, until=str(gateway.minute).replace(" ", "T")) == []


def test_looks_of_another_county_are_not_of_its_area(gateway: Asking, looked: str) -> None:
    assert looked
    assert ELSEWHERE[0] not in {look["department"] for look in looks(gateway)}


def test_pages_of_looks_follow_each_other_newest_first(gateway: Asking, looked: str) -> None:
    until = str(gateway.clock.now() + timedelta(microseconds=1)).replace(" ", "T")
    whole = looks(gateway, until=until)
    walked, after, more = [], None, True
    while more:
        page = gateway.ask(
            LOOKS,
            {"first": 2, "after": after, "until": until, "since": str(gateway.minute).replace(" ", "T")},
            by="inspector",
        ).data["looks"]
        walked += page["nodes"]
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]

    assert looked
    assert walked == whole
    assert [look["at"] for look in whole] == sorted((look["at"] for look in whole), reverse=True)


@pytest.mark.parametrize("by", ["bureau-office", "xiaodian-officer", "police-officer"])
def test_nobody_else_lists_them(gateway: Asking, by: str) -> None:
    assert gateway.ask("{ looks { nodes { actor } } }", by=by).code == "FORBIDDEN"
