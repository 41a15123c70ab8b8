"""Who sees which fields of which children: every kind of department and purpose against an oracle in plain words."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from gateway.access.policy import Purpose, load_policy
from gateway.schema.schema import build_schema
from tests.gateway import county

SCHEMA = build_schema()._schema
POLICY = load_policy()

ABOUT = "id sex township"
IDENTITY = "name idNumber studentNumber birthDate guardianName guardianPhone"
SCHOOLING = "school schoolName stage grade schoolingStatus"
GROUPS = "poverty disability disabilityGrade leftBehind migrant"
PLACE = "townshipName village householdId"
ACCOUNTED = "accountedState accountedReason accountedOn mergedInto erased"
PROCESS = "findings openCase cases responsibilities transfers placements referrals"
TERMS = "deferrals schoolingElsewhere absences"
REVIEW = f"doubts fieldChecks {TERMS}"
HELP = "eligibilities awards plans learningSupports homeTeaching"
EVERYTHING = f"{ABOUT} {IDENTITY} {SCHOOLING} {GROUPS} {PLACE} {ACCOUNTED} {PROCESS} {REVIEW} {HELP}"

CHILD: Mapping[tuple[str, str], str] = {
    ("education_bureau", "dropout_control"): EVERYTHING,
    (
        "education_bureau",
        "assistance",
    ): f"{ABOUT} name idNumber {PLACE} school schoolName stage grade poverty disability"
    f" disabilityGrade leftBehind accountedState {HELP}",
    ("township", "dropout_control"): EVERYTHING,
    (
        "school",
        "dropout_control",
    ): f"{ABOUT} {IDENTITY} {SCHOOLING} leftBehind migrant townshipName village accountedState"
    " accountedReason accountedOn erased findings openCase cases responsibilities plans learningSupports homeTeaching"
    f" transfers placements {TERMS}",
    (
        "school",
        "assistance",
    ): f"{ABOUT} name school schoolName stage grade poverty disability disabilityGrade leftBehind {HELP}",
    ("village", "dropout_control"): f"{ABOUT} name guardianName guardianPhone village schoolName stage grade leftBehind"
    " accountedState openCase cases responsibilities fieldChecks",
    ("public_security", "identity_check"): "id name idNumber birthDate sex findings referrals",
    (
        "civil_affairs",
        "social_relief",
    ): f"{ABOUT} name guardianName village householdId poverty leftBehind findings referrals",
    ("disabled_federation", "disability_placement"): f"{ABOUT} name disability disabilityGrade stage placements"
    " homeTeaching findings referrals",
    (
        "rural_affairs",
        "assistance",
    ): "id township village householdId poverty stage schoolName accountedState name idNumber",
    ("justice", "legal_action"): f"{ABOUT} name guardianName village referrals",
    ("human_resources", "dropout_control"): f"{ABOUT} name referrals",
    ("womens_federation", "dropout_control"): f"{ABOUT} name referrals",
    ("procuratorate", "dropout_control"): f"{ABOUT} name referrals",
    (
        "supervision",
        "supervision",
    ): f"{ABOUT} name townshipName village {SCHOOLING} poverty disability leftBehind migrant"
    f" {ACCOUNTED} {PROCESS} {REVIEW} {HELP}",
}
"""The fields of a child each may see; who isn't named sees none."""

MASKED: Mapping[tuple[str, str], str] = {
    ("township", "dropout_control"): "idNumber studentNumber",
    ("school", "dropout_control"): "idNumber studentNumber",
    ("rural_affairs", "assistance"): "name idNumber",
    ("supervision", "supervision"): "name",
}

WAY = "openedOn confirmedOn orderedOn returnedOn closedOn resolution"
OWED = "owedStep owedBy owedDueOn owedRule owedLegalBasis expiredSteps overdue"
WHOLE_CASE = (
    f"id childId child state cause causes township village school stage earlierCaseId earlierCase {WAY} {OWED} steps"
    " documents"
)
CASE: Mapping[tuple[str, str], str] = {
    ("education_bureau", "dropout_control"): f"{WHOLE_CASE} referrals",
    ("township", "dropout_control"): f"{WHOLE_CASE} referrals",
    ("supervision", "supervision"): f"{WHOLE_CASE} referrals",
    ("school", "dropout_control"): WHOLE_CASE,
    (
        "village",
        "dropout_control",
    ): "id childId child state township village openedOn owedStep owedBy owedDueOn overdue",
    ("justice", "legal_action"): "id childId child state causes township openedOn confirmedOn orderedOn owedStep owedBy"
    " owedDueOn owedLegalBasis overdue documents",
}

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
@pytest.mark.parametrize(("root", "type_name", "oracle"), [("children", "Child", CHILD), ("cases", "Case", CASE)])
def test_each_department_gets_exactly_its_fields_for_each_purpose(
    gateway: Any, kind: str, root: str, type_name: str, oracle: Mapping[tuple[str, str], str]
) -> None:
    for purpose in Purpose:
        grants = POLICY.grants_of(kind=kind, purpose=purpose)
        seen = {name for name in fields_of(type_name) if grants.of(type_name, name)}
        assert seen == set(oracle.get((kind, purpose), "").split()), purpose
        single = "child" if type_name == "Child" else "case"
        if not grants.of("Query", root) and not grants.of("Query", single):
            continue  # reached through a case or a referral, or not at all
        for name, nested in fields_of(type_name).items():
            reply = gateway.ask(
                f'{{ {single}(id: "{county.made("child", 1)}") {{ {name} {"{ __typename }" if nested else ""} }} }}',
                by=(unit_of(kind), purpose),
            )
            if name in seen:
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
    "who", [key for key in CHILD if POLICY.grants_of(kind=key[0], purpose=key[1]).of("Query", "children")]
)
def test_each_department_sees_exactly_its_children_with_masks_where_the_table_says(
    gateway: Any, who: tuple[str, str]
) -> None:
    kind, purpose = who
    granted, masked = set(CHILD[who].split()), set(MASKED.get(who, "").split())
    plain = " ".join(name for name in ("name", "idNumber", "studentNumber") if name in granted)

    nodes = gateway.ask(f"{{ children(first: 200) {{ nodes {{ id {plain} }} }} }}", by=(unit_of(kind), purpose)).data

    shown = {node["id"]: node for node in nodes["children"]["nodes"]}
    known = {str(row["child_id"]): row for table, row in county.county_rows() if table == "child_identity"}
    assert shown.keys() == children_of(kind)
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


def children_of(kind: str) -> set[str]:
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
    reached = {
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
        "export_rejects",
        "hand_in_delivery",
        "return_referral",
        "see_delivery",
    ]
    assert {g["field"] for g in me["grants"] if g["type"] == "Child"} == set(
        CHILD["public_security", "identity_check"].split()
    )
