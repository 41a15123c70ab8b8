"""Node ids: one way to ask again for whatever was shown, and no way around what may be seen."""

import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import GraphQLObjectType

from gateway.schema.map import TABLES
from gateway.schema.node import node_id_of
from gateway.schema.schema import build_schema
from tests.gateway import county
from tests.gateway.test_compile import equal, grants_of

NODES = sorted(name for name, table in TABLES.items() if "nodeId" in table.columns)
ROWS = county.county_rows()
NODE = "query($id: ID!) { node(id: $id) { __typename nodeId ... on Child { id township } ... on Case { id state } } }"


def ids_of(type_name: str) -> list[UUID]:
    """The ids of the first and the last row of a type in the invented county."""
    table, key = TABLES[type_name].source, TABLES[type_name].columns["id"].removeprefix("{a}.")
    found = [UUID(str(row[key])) for name, row in ROWS if name == table]
    return [*found[:1], *found[-1:]]


def test_what_has_an_id_of_its_own_is_a_node() -> None:
    published = build_schema()._schema
    node = published.type_map["Node"]

    assert sorted(kind.name for kind in published.get_possible_types(node)) == NODES
    assert "Child" in NODES
    assert "Receipt" not in NODES


@pytest.mark.parametrize("by", ["bureau-office", "xiaodian-officer", "school-principal", "civil-affairs-officer"])
def test_a_node_is_what_its_own_type_would_show_and_nothing_where_that_shows_nothing(
    unfenced: Any, gateway: Any, by: str
) -> None:
    grants, published = grants_of(by), build_schema()._schema
    for name in NODES:
        if grants.of(name, "id") is None:
            continue
        plain = [field for field in TABLES[name].columns if grants.of(name, field)]
        kind = published.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        document = f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {name} {{ {' '.join(plain)} }} }} }}"
        for key in ids_of(name):
            equal(unfenced, gateway, document, {"id": node_id_of(name, key)}, by=by)


def test_a_child_is_found_again_by_the_node_id_it_was_shown_with(gateway: Any) -> None:
    shown = gateway.ask("{ children(first: 3) { nodes { nodeId id township } } }", by="bureau-office").data
    for child in shown["children"]["nodes"]:
        again = gateway.ask(NODE, {"id": child["nodeId"]}, by="bureau-office").data["node"]

        assert again == {"__typename": "Child", **child}


def test_a_node_id_as_a_literal_is_served_by_the_same_compiler(gateway: Any) -> None:
    child = str(county.made("child", 1))
    by_id = gateway.ask(f'{{ child(id: "{child}") {{ township }} }}', by="bureau-office").data["child"]
    text = f'{{ node(id: "{node_id_of("Child", UUID(child))}") {{ ... on Child {{ township }} }} }}'

    assert gateway.ask(text, by="bureau-office").data["node"] == by_id


def test_elsewhere_unknown_and_of_no_type_are_the_same_nothing(gateway: Any) -> None:
    elsewhere = next(row["child_id"] for table, row in ROWS if table == "child" and row["township"] == county.ELSEWHERE)
    asked = [
        node_id_of("Child", elsewhere),
        node_id_of("Child", uuid4()),
        node_id_of("Receipt", uuid4()),
        node_id_of("Nobody", uuid4()),
        node_id_of("pg_shadow'--", uuid4()),
    ]

    answers = [gateway.ask(NODE, {"id": text}, by="bureau-office") for text in asked]

    assert {str(answer.body) for answer in answers} == {"{'data': {'node': None}}"}


@pytest.mark.parametrize("text", ["", "x", "=", base64.b64encode(b"Child:1").decode(), "Q" * 100_00, "子"])
def test_what_is_no_node_id_is_refused_in_words(gateway: Any, text: str) -> None:
    reply = gateway.ask(NODE, {"id": text}, by="bureau-office")

    assert reply.code == "BAD_REQUEST"
    assert "nodeId" in reply.message


def test_a_node_shows_no_field_that_its_type_does_not_grant(gateway: Any) -> None:
    text = "query($id: ID!) { node(id: $id) { ... on Child { guardianPhone } } }"

    assert gateway.ask(text, {"id": node_id_of("Child", uuid4())}, by="statistician").code == "FORBIDDEN"


def test_a_look_at_a_node_is_on_its_receipt(gateway: Any) -> None:
    rows = county.county_rows()
    child = next(row["child_id"] for table, row in rows if table == "child" and row["township"] == county.XIAODIAN)
    shown = gateway.ask(NODE, {"id": node_id_of("Child", child)}, by="bureau-office").data["node"]

    assert shown is not None
    [receipt] = gateway.receipts_of()

    assert receipt["child_ids"] == [child]
    assert "Child.township" in receipt["fields"]


NODES_OF = (
    "query($ids: [ID!]!) { nodes(ids: $ids) { __typename nodeId ... on Child { id name } ... on Case { id state } } }"
)


@pytest.mark.parametrize("by", ["bureau-office", "xiaodian-officer", "school-principal", "civil-affairs-officer"])
def test_nodes_are_as_each_would_be_alone_in_their_order_with_nulls_in_place(
    unfenced: Any, gateway: Any, by: str
) -> None:
    ids = [node_id_of(name, key) for name in ("Case", "Child", "Doubt", "Referral") for key in ids_of(name)]
    asked = [*ids, node_id_of("Child", uuid4()), *reversed(ids), node_id_of("Receipt", uuid4())]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename nodeId } }"

    shown = equal(unfenced, gateway, document, {"ids": asked}, by=by)["nodes"]

    one = "query($id: ID!) { node(id: $id) { __typename nodeId } }"
    assert shown == [gateway.ask(one, {"id": text}, by=by).data["node"] for text in asked]
    assert None in shown


def test_all_children_of_nodes_are_on_their_receipt(gateway: Any) -> None:
    [case] = [row for table, row in ROWS if table == "case_file" and row["township"] == county.XIAODIAN][:1]
    other = next(
        row["child_id"]
        for table, row in ROWS
        if table == "child" and row["township"] == county.XIAODIAN and row["child_id"] != case["child_id"]
    )
    ids = [node_id_of("Case", UUID(str(case["case_id"]))), node_id_of("Child", UUID(str(other)))]
    shown = gateway.ask(NODES_OF, {"ids": ids}, by="bureau-office").data["nodes"]

    [receipt] = gateway.receipts_of()

    assert [node["nodeId"] for node in shown] == ids
    assert {str(child) for child in receipt["child_ids"]} == {str(case["child_id"]), str(other)}
    assert receipt["rows"] == 2


def test_nodes_by_literals_by_one_value_and_none_at_all_are_served_too(gateway: Any) -> None:
    child = node_id_of("Child", next(row["child_id"] for table, row in ROWS if table == "child"))
    alone = gateway.ask(NODES_OF, {"ids": [child]}, by="bureau-office").data["nodes"]
    texts = [
        f'{{ nodes(ids: ["{child}"]) {{ __typename nodeId ... on Child {{ id name }} }} }}',
        f'{{ nodes(ids: "{child}") {{ __typename nodeId ... on Child {{ id name }} }} }}',
    ]

    assert [gateway.ask(text, by="bureau-office").data["nodes"] for text in texts] == [alone, alone]
    assert gateway.ask(NODES_OF, {"ids": []}, by="bureau-office").data["nodes"] == []


@pytest.mark.parametrize("ids", [["x"], [node_id_of("Child", UUID(int=number)) for number in range(51)]])
def test_too_many_ids_and_one_that_is_none_are_refused(gateway: Any, ids: list[str]) -> None:
    assert gateway.ask(NODES_OF, {"ids": ids}, by="bureau-office").code == "BAD_REQUEST"
