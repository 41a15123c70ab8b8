"""The pages' documents: each is of the schema, and what a department sends of it is what that department is granted."""

from typing import Any

import pytest
from graphql import parse, validate

from gateway.access.policy import Grants, Relation, load_policy
from gateway.console.document import TEXTS, Documents, Granted, schema
from gateway.schema.limits import refuse_excess
from gateway.schema.rights import asked_fields, require_rights

POLICY = load_policy()


def granted(grants: Grants) -> Granted:
    """The grants as `me` tells them."""
    return Granted(
        grants.kind,
        grants.purpose,
        {key: str(grant.mode) for key, grant in grants.fields.items()},
        frozenset(grants.commands),
        frozenset(key for key, grant in grants.fields.items() if grant.relation is Relation.CONSENT),
    )


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_document_is_of_the_schema_and_within_its_limits(name: str) -> None:
    document = parse(TEXTS[name])

    assert validate(schema(), document) == []
    refuse_excess(document)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_department_sends_only_what_it_is_granted(name: str) -> None:
    documents = Documents(trust=lambda _text: None)
    sent = 0
    for grants in POLICY.grants.values():
        part = documents.of(name, granted(grants))
        if part is not None:
            sent += 1
            document = parse(part)
            assert validate(schema(), document) == [], (grants.kind, grants.purpose)
            require_rights(asked_fields(schema(), document.definitions[0], {}), grants=grants)  # type: ignore[arg-type]

    assert sent, "a page that nobody may see"


def test_a_field_that_is_not_granted_is_not_asked_for_and_nothing_else_is_left_out() -> None:
    documents = Documents(trust=lambda _text: None)
    police, office = (
        documents.of("child_page", granted(POLICY.grants_of(kind=kind, purpose=purpose))) or ""
        for kind, purpose in (("public_security", "identity_check"), ("education_bureau", "dropout_control"))
    )

    assert "idNumber" in police
    assert "guardianPhone" not in police
    assert "guardianPhone" in office


def test_who_is_granted_nothing_sends_nothing() -> None:
    assert Documents(trust=lambda _text: None).of("child_page", Granted("nobody", "", {}, frozenset())) is None


def test_what_is_sent_is_made_known_to_the_gateway() -> None:
    known: list[str] = []
    documents = Documents(trust=known.append)
    office = granted(POLICY.grants_of(kind="education_bureau", purpose="dropout_control"))

    assert documents.of("child_page", office) in known
    assert documents.command("issueOrder") in known


def test_a_command_is_sent_with_all_that_it_takes() -> None:
    document = Documents(trust=lambda _text: None).command("issueOrder")

    assert validate(schema(), parse(document)) == []
    assert "$caseId: UUID!" in document
    mutations: Any = schema().mutation_type
    for name in mutations.fields:
        assert validate(schema(), parse(Documents(trust=lambda _text: None).command(name))) == []
