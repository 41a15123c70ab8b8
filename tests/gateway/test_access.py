"""Who sees which fields of which children: every kind of department and purpose against an oracle in plain words."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from gateway.access.policy import NODE_ID, Purpose, load_policy
from gateway.schema.schema import build_schema
from tests.access.matrix import expected
from tests.gateway import county

SCHEMA = build_schema()._schema
POLICY = load_policy()

EXPECTED = expected()


def cells(kind: str, purpose: str, type_name: str) -> dict[str, str]:
    """The fields of a type a department may see for a purpose, and how, as a person says it."""
    return {field: mode for (name, field), mode in EXPECTED.get((kind, purpose), {}).items() if name == type_name}


AREAS = {"township": county.XIAODIAN, "school": county.SCHOOL, "village": county.VILLAGE}
KINDS = sorted({kind for kind, _ in POLICY.grants} | {"nobody", "market_supervision"})


def unit_of(kind: str) -> str:
    return f"{kind}:{AREAS.get(kind, '410326')}"


def fields_of(type_name: str) -> dict[str, bool]:
    """The fields of a type, and whether they are objects."""
    return {
        name: isinstance(get_named_type(field.type), GraphQLObjectType)
        for name, field in SCHEMA.type_map[type_name].fields.items()
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("single", "type_name"), [("child", "Child"), ("case", "Case")])
def test_each_department_gets_exactly_its_fields_for_each_purpose(
    gateway: Any, kind: str, single: str, type_name: str
) -> None:
    for purpose in Purpose:
        seen = cells(kind, purpose, type_name).keys()
        if single not in cells(kind, purpose, "Query"):
            continue  # reached through a referral, or not at all
        for name, nested in fields_of(type_name).items():
            reply = gateway.ask(
                f'{{ {single}(id: "{county.made("child", 1)}") {{ {name} {"{ __typename }" if nested else ""} }} }}',
                by=(unit_of(kind), purpose),
            )
            if ("id" if name == NODE_ID else name) in seen:
                assert "errors" not in reply.body
            else:
                assert (reply.code, reply.message) == (
                    "FORBIDDEN",
                    f"{type_name}.{name} is not granted to {kind} for {purpose}.",
                )


def test_a_purpose_nobody_granted_opens_nothing(gateway: Any) -> None:
    for purpose in ("operation", "curiosity"):
        reply = gateway.ask("{ children { nodes { id } } }", by=("education_bureau:410326", purpose))
        assert reply.code == "FORBIDDEN"


@pytest.mark.parametrize(
    "who", [key for key in EXPECTED if "children" in cells(*key, "Query") and "name" in cells(*key, "Child")]
)
def test_each_department_sees_exactly_its_children_with_masks_where_the_table_says(
    gateway: Any, who: tuple[str, str]
) -> None:
    kind, purpose = who
    granted = cells(kind, purpose, "Child")
    masked = {name for name, mode in granted.items() if mode == "mask"}
    plain = " ".join(name for name in ("name", "idNumber", "studentNumber") if name in granted)

    nodes = gateway.ask(f"{{ children(first: 200) {{ nodes {{ id {plain} }} }} }}", by=(unit_of(kind), purpose)).data

    shown = {node["id"]: node for node in nodes["children"]["nodes"]}
    known = {str(row["child_id"]): row for table, row in county.county_rows() if table == "child_identity"}
    assert shown.keys() == children_of(kind, purpose)
    assert shown
    for child, node in shown.items():
        name, number = (known[child]["name"], known[child]["id_number"]) if child in known else (None, None)
        if "name" in granted:
            assert node["name"] == (f"{name[0]}＊" if name and "name" in masked else name)
        if "idNumber" in granted:
            assert node["idNumber"] == (f"＊{number[-4:]}" if number and "idNumber" in masked else number)
        if "studentNumber" in granted:
            enrolled = known[child]["student_number"] if child in known else None
            assert node["studentNumber"] == (
                f"＊{enrolled[-4:]}" if enrolled and "studentNumber" in masked else enrolled
            )


def children_of(kind: str, purpose: str = "") -> set[str]:
    """The children a unit reaches, said plainly; merged entries are in no list."""
    rows = county.county_rows()
    asked = {
        row["child_id"]
        for table, row in rows
        if table == "referral"
        and row["state"] in {"opened", "accepted"}
        and row["to_unit"] == kind
        and str(row["township"]).startswith("410326")
    } | {
        row["child_id"]
        for table, row in rows
        if table == "finding" and row["resolved_on"] is None and row["owner"] == f"{kind}:410326"
    }
    ended = {row["warrant_id"] for table, row in rows if table == "warrant_end"}
    warranted = {
        row.get("child_id")
        for table, row in rows
        if table == "warrant" and row["unit"] == f"{kind}:410326" and row["warrant_id"] not in ended
    }
    by_purpose = {
        "legal_supervision": lambda row: row["township"] != county.ELSEWHERE and row["open_case_id"] is not None,
        "mentoring": lambda row: row["child_id"] in warranted,
        "supervision_order": lambda row: row["child_id"] in warranted,
    }
    reached = by_purpose.get(purpose) or {
        "township": lambda row: row["township"] == county.XIAODIAN,
        "school": lambda row: row["school"] == county.SCHOOL,
        "village": lambda row: row["village"] == county.VILLAGE,
        "education_bureau": lambda row: row["township"] != county.ELSEWHERE,
        "supervision": lambda row: row["township"] != county.ELSEWHERE,
        "rural_affairs": lambda row: row["township"] != county.ELSEWHERE,
    }.get(kind, lambda row: row["child_id"] in asked)
    return {
        str(row["child_id"]) for table, row in rows if table == "child" and row["merged_into"] is None and reached(row)
    }


def test_what_is_not_there_and_what_is_not_yours_get_the_same_answer(gateway: Any) -> None:
    elsewhere = next(
        row["child_id"] for table, row in county.county_rows() if table == "child" and row["township"] == county.SANTUN
    )
    query = "query($id: UUID!) { child(id: $id) { id name } case(id: $id) { id } }"

    not_mine = gateway.ask(query, {"id": str(elsewhere)}, by="xiaodian-officer")
    not_there = gateway.ask(query, {"id": str(county.made("nobody"))}, by="xiaodian-officer")

    assert not_mine == not_there
    assert not_mine.data == {"child": None, "case": None}


def test_an_answered_referral_closes_the_door(gateway: Any) -> None:
    rows = county.county_rows()
    answered = [
        row["child_id"]
        for table, row in rows
        if table == "referral" and row["to_unit"] == "civil_affairs" and row["state"] == "answered"
    ]
    still_open = children_of("civil_affairs")
    closed = [child for child in answered if str(child) not in still_open]

    assert closed
    for child in closed:
        query = f'{{ child(id: "{child}") {{ name }} }}'
        assert gateway.ask(query, by="civil-affairs-officer").data == {"child": None}


def test_a_filter_on_a_field_that_is_not_granted_is_refused_too(gateway: Any) -> None:
    reply = gateway.ask('{ children(state: "suspect") { nodes { id } } }', by="police-officer")

    assert (reply.code, reply.message) == (
        "FORBIDDEN",
        "Child.accountedState is not granted to public_security for identity_check.",
    )


def test_a_field_that_is_skipped_by_a_variable_must_be_granted_all_the_same(gateway: Any) -> None:
    query = "query($show: Boolean!) { children { nodes { id idNumber @include(if: $show) } } }"

    assert gateway.ask(query, {"show": False}, by="civil-affairs-officer").code == "FORBIDDEN"
    assert gateway.ask(query, {"show": False}, by="xiaodian-officer").data["children"]["nodes"]


def test_me_tells_what_i_may_see_and_do(gateway: Any) -> None:
    me = gateway.ask(
        "{ me { unit purpose commands grants { type field mode legalBasis } } }", by="police-officer"
    ).data["me"]

    assert me["unit"] == "public_security:410326"
    assert me["commands"] == [
        "accept_referral",
        "acknowledge_notice",
        "answer_finding",
        "answer_referral",
        "cancel_delivery",
        "clear_address",
        "delete_mapping",
        "export_rejects",
        "hand_in_delivery",
        "record_crime_decision",
        "resend_dispatch",
        "return_referral",
        "save_mapping",
        "see_delivery",
        "set_absence",
        "set_address",
        "set_hours",
    ]
    assert {g["field"] for g in me["grants"] if g["type"] == "Child"} == set(
        cells("public_security", "identity_check", "Child")
    )
