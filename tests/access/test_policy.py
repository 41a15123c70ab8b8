"""The policy table as data: it is closed, it contradicts itself nowhere, and it and the schema know the same words."""

from dataclasses import replace

import pytest
from graphql import GraphQLObjectType

from gateway.access.policy import NODE_ID, Mode, PolicyError, Relation, compile_policy, load_policy
from gateway.access.predicates import PREDICATES
from gateway.files.routes import COMMANDS as FILES
from gateway.schema.map import TABLES, column, linked
from gateway.schema.rights import command_of, is_open
from gateway.schema.roots import ROOTS
from gateway.schema.schema import build_schema
from services.chassis.errors import Forbidden

SCHEMA = build_schema()._schema
POLICY = load_policy()
HEAD = "kinds,purpose,type,fields,relation,mode,legal_basis\n"
COMMANDS = "kinds,purpose,commands,legal_basis\n"
PURPOSES = "kinds,purpose,approval,legal_basis\npolice,identity_check,post,law\n"


def schema_fields() -> set[tuple[str, str]]:
    """Every field of the schema that holds data of its own; a node id is granted with the id, what is followed with what is asked."""
    return {
        (name, field)
        for name, kind in SCHEMA.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        and not name.startswith("__")
        and name not in {"Mutation", "Subscription"}
        for field in kind.fields
        if not is_open(name, field) and field != NODE_ID
    }


def test_every_field_of_the_schema_is_in_the_table_for_somebody() -> None:
    assert schema_fields() - POLICY.granted_fields() == set()


def test_the_table_grants_no_field_the_schema_does_not_have() -> None:
    assert POLICY.granted_fields() - schema_fields() == set()


def test_every_command_is_granted_to_somebody_and_every_grant_is_a_command() -> None:
    commands = {command_of(name) for name in SCHEMA.mutation_type.fields}
    granted = {command for grants in POLICY.grants.values() for command in grants.commands}
    assert commands | FILES == granted
    assert not commands & FILES


def test_a_field_nobody_was_granted_does_not_exist_for_anybody() -> None:
    child = replace(TABLES["Child"], columns={**TABLES["Child"].columns, "shoeSize": "{a}.shoe_size"})
    for grants in POLICY.grants.values():
        with pytest.raises(Forbidden, match=r"Child.shoeSize is not granted"):
            column(child, "shoeSize", alias="t", grants=grants)
        with pytest.raises(Forbidden, match=r"Child.friends is not granted"):
            linked(child, "friends", grants=grants)


def test_the_map_knows_every_column_and_relation_the_schema_has() -> None:
    for name, table in TABLES.items():
        assert table.columns.keys() | table.links.keys() == SCHEMA.type_map[name].fields.keys(), name


def test_every_list_over_an_area_may_show_the_township_that_leads_its_cursor() -> None:
    for grants in POLICY.grants.values():
        for name, root in ROOTS.items():
            if root.keys and grants.of("Query", name) and grants.relation(root.type) is Relation.AREA:
                leads = any(key.cast == "text" for key in root.page_keys(grants=grants))
                assert not leads or grants.of(root.type, "township")


def test_a_granted_relation_leads_to_a_granted_type() -> None:
    for grants in POLICY.grants.values():
        for type_name, field in grants.fields:
            link = TABLES[type_name].links.get(field) if type_name in TABLES else None
            if link is not None:
                assert grants.relation(link.type)


def test_whoever_reads_an_area_for_another_department_is_approved_by_its_head() -> None:
    """Who serves the area by office 本职 reads it by the post, and figures name nobody; any other standing look needs a head."""
    by_office = {"education_bureau", "township"}
    standing = {
        (kind, purpose)
        for (kind, purpose), grants in POLICY.grants.items()
        if grants.reach is Relation.AREA and kind not in by_office and grants.of("Child", "id")
    }
    assert standing == {("rural_affairs", "assistance"), ("supervision", "supervision")}
    assert all(POLICY.grants[key].needs_head for key in standing)


def test_what_a_head_approves_the_head_can_approve_and_the_officer_see() -> None:
    for (kind, purpose), grants in POLICY.grants.items():
        if grants.needs_head:
            assert {"approve_purpose", "end_warrant"} <= grants.commands.keys(), (kind, purpose)
            assert grants.of("Warrant", "untilAt"), (kind, purpose)


def test_who_may_ask_for_a_yes_or_no_holds_it_by_post() -> None:
    asking = {key for key, grants in POLICY.grants.items() if any(grants.of("Query", name) for name in PREDICATES)}

    assert asking
    assert not {key for key in asking if POLICY.grants[key].needs_head}


def test_only_those_who_reach_an_area_see_the_log_of_looks() -> None:
    seers = {kind for (kind, _), grants in POLICY.grants.items() if grants.of("Query", "receipts")}
    assert seers == {"education_bureau", "supervision"}


def test_statistics_sees_counts_and_nothing_of_anybody() -> None:
    grants = POLICY.grants_of(kind="statistics", purpose="statistics")
    assert {name for name, _ in grants.fields} == {
        "Query", "FindingCount", "PartitionRow", "Township", "Statistics", "StatisticsFigure", "StatisticsPack",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("police,curiosity,Child,id,area,full,law\n", "curiosity is not a purpose"),
        ("police,identity_check,Child,id,everywhere,full,law\n", "line 2: 'everywhere'"),
        ("police,identity_check,Child,id,area,blurred,law\n", "line 2: 'blurred'"),
        ("police,identity_check,Child,id,area,full,\n", "name the legal basis"),
        ("police,identity_check,Child,sex,area,mask,law\n", "no mask is defined for Child.sex"),
        (
            "police,identity_check,Child,id,area,full,law\npolice,identity_check,Child,id,area,full,law\n",
            "granted twice",
        ),
        (
            "police,identity_check,Child,id,area,full,law\npolice,identity_check,Child,sex,referral,full,law\n",
            "two ways",
        ),
        ("police,identity_check,Child,id,area,full,law\npolice,identity_check,Case,id,referral,full,law\n", "two ways"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_in_words(lines: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        compile_policy(fields=HEAD + lines, commands=COMMANDS, purposes=PURPOSES)


def test_grants_and_their_version_can_not_be_changed() -> None:
    grants = POLICY.grants_of(kind="township", purpose="dropout_control")
    with pytest.raises(TypeError):
        grants.fields["Child", "shoeSize"] = grants.fields["Child", "id"]  # type: ignore[index]
    assert grants.fields["Child", "idNumber"].mode is Mode.MASK
    assert compile_policy(fields=HEAD, commands=COMMANDS, purposes=PURPOSES).version != POLICY.version
