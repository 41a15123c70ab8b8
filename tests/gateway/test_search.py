"""Looking for a child by what it is called: as written, in pinyin, by initials, by the last four of its number; within reach."""

from typing import Any

import psycopg
import pytest

from gateway.readmodel.roster import search_keys
from tests.gateway import county

ASKED = "query Look($name: String, $ending: String) { children(name: $name, idLast4: $ending) { nodes { id name township } } }"


@pytest.fixture(scope="module")
def somebody(read_model: Any) -> dict[str, Any]:
    """A child of the township whose name is written with two or more characters."""
    with psycopg.connect(read_model.superuser, row_factory=psycopg.rows.dict_row) as connection:
        found = connection.execute(
            "select i.* from child_identity i join child c using (child_id)"
            " where c.township = %s and c.merged_into is null order by child_id limit 1",
            [county.XIAODIAN],
        ).fetchone()
    assert found is not None
    return found


def looked(gateway: Any, by: str = "xiaodian-officer", **variables: str) -> list[str]:
    """The ids that come back."""
    return [node["id"] for node in gateway.ask(ASKED, variables, by=by).data["children"]["nodes"]]


def test_every_way_of_saying_a_name_finds_the_child(gateway: Any, somebody: dict[str, Any]) -> None:
    pinyin, initials = search_keys(somebody["name"])
    for said in (somebody["name"], somebody["name"][:1], pinyin, pinyin[:4], pinyin.upper(), initials):
        assert str(somebody["child_id"]) in looked(gateway, name=said), said
    assert str(somebody["child_id"]) in looked(gateway, ending=somebody["id_last4"])


@pytest.mark.parametrize("said", ["", " ", "%", "_", "zzz", "'; drop table child; --"])
def test_what_names_nobody_finds_nobody(gateway: Any, said: str) -> None:
    assert looked(gateway, name=said) == []
    assert looked(gateway, ending=said) == []


def test_nobody_finds_a_child_beyond_their_reach(gateway: Any, somebody: dict[str, Any]) -> None:
    assert str(somebody["child_id"]) not in looked(gateway, by="santun-officer", name=somebody["name"])


def test_who_may_not_read_names_in_full_may_not_look_by_them(gateway: Any) -> None:
    query = '{ children(name: "a") { nodes { id } } }'
    assert gateway.ask(query, by="inspector").code == "FORBIDDEN"
    assert gateway.ask('{ children(idLast4: "0001") { nodes { id } } }', by="civil-affairs-officer").code == "FORBIDDEN"


def test_a_mask_that_shows_the_last_four_is_ground_enough_to_look_by_them(gateway: Any) -> None:
    assert gateway.policy.grants_of(kind="township", purpose="dropout_control").of("Child", "idNumber").mode == "mask"
    assert looked(gateway, ending="0001") is not None


def test_what_says_who_somebody_is_never_stands_in_an_address(gateway: Any) -> None:
    reply = gateway.send(
        b"",
        token=gateway.token("xiaodian-officer"),
        method="GET",
        params={"query": ASKED, "variables": '{"name": "a"}'},
    )

    assert (reply.status, reply.code) == (405, "BAD_REQUEST")
