"""The policy table against what a person says who may see what, cell by cell and both ways."""

import pytest
from graphql import FieldNode, GraphQLObjectType, NameNode

from gateway.access.policy import NODE_ID, Purpose, load_policy
from gateway.schema.rights import is_open, require_rights
from gateway.schema.schema import build_schema
from services.chassis.errors import Forbidden
from tests.access.matrix import WHO, expected

SCHEMA = build_schema()._schema
POLICY = load_policy()
EXPECTED = expected()
FIELDS = [
    (name, field)
    for name, kind in SCHEMA.type_map.items()
    if isinstance(kind, GraphQLObjectType) and not name.startswith("__") and name != "Mutation"
    for field in kind.fields
    if not is_open(name, field)
]
"""Every field of the schema that holds data."""
KINDS = sorted({kind for kind, _ in POLICY.grants} | {"nobody", "helping_unit"})


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_grants_exactly_what_a_person_says_it_should(kind: str) -> None:
    for purpose in Purpose:
        granted = {key: grant.mode.value for key, grant in POLICY.grants_of(kind=kind, purpose=purpose).fields.items()}
        assert granted == EXPECTED.get((kind, purpose), {}), f"{kind} for {purpose}: see who_sees_what.toml"


def test_each_department_reaches_rows_the_way_a_person_says() -> None:
    for who in WHO.values():
        reach = POLICY.grants_of(kind=who.kind, purpose=who.purpose).reach
        assert reach == who.reach, who


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_is_refused_for_exactly_the_fields_that_are_not_granted(kind: str) -> None:
    for purpose in Purpose:
        grants, cells = POLICY.grants_of(kind=kind, purpose=purpose), EXPECTED.get((kind, purpose), {})
        for type_name, field in FIELDS:
            asked = ((type_name, FieldNode(name=NameNode(value=field))),)
            if (type_name, "id" if field == NODE_ID else field) in cells:
                assert require_rights(asked, grants=grants) == (f"{type_name}.{field}",)
            else:
                with pytest.raises(Forbidden):
                    require_rights(asked, grants=grants)


@pytest.mark.parametrize("field", ["shoeSize", "income"])
def test_a_field_that_is_new_in_the_schema_is_shown_to_nobody_until_a_line_says_so(field: str) -> None:
    for grants in POLICY.grants.values():
        for type_name in {type_name for type_name, _ in FIELDS}:
            with pytest.raises(Forbidden):
                require_rights(((type_name, FieldNode(name=NameNode(value=field))),), grants=grants)
