"""The published language only grows."""

import ast
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from inspect import getsource
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
import pytest

from services.contracts.envelope import (
    Envelope,
    MessageDropped,
    Published,
    is_known_otherwise,
    read_body,
    told_as,
)
from tests.architecture.schemas import SCHEMAS, Schema, breaks, contract_types, kept, schema
from tests.architecture.sources import ROOT, SERVICES, modules

RENEW = "run `python -m tests.architecture.schemas` and have the changed files reviewed"


def test_no_wire_type_is_ever_withdrawn() -> None:
    gone = sorted(kept().keys() - contract_types().keys())
    assert not gone, f"{gone} may still be on its way, or replayed: keep the class; a new meaning is a new type (…v2)"


def test_every_wire_type_has_its_snapshot() -> None:
    new = sorted(contract_types().keys() - kept().keys())
    assert not new, f"{new} has no snapshot in {SCHEMAS.relative_to(ROOT)}: {RENEW}"


@pytest.mark.parametrize("wire_type", sorted(contract_types()))
def test_a_wire_type_only_gains_fields_that_have_a_default(wire_type: str) -> None:
    old, new = kept().get(wire_type), schema(contract_types()[wire_type])
    assert old is not None, RENEW

    broken = list(breaks(old=old, new=new))

    assert not broken, f"{broken}: leave the field as it was, or make a type of its own (…v2) beside this one"
    assert old == new, f"only texts changed, or fields came with a default: {RENEW}"


TOLD_BY = {
    "data_requests": "cases",
    "deliveries": "roster",
    "disclosure": "cases",
    "restriction": "roster",
    "field_check": "roster",
    "guardian_letters": "roster",
    "near_replies": "cases",
    "oversight": "cases",
    "proceedings": "cases",
    "review": "roster",
    "statistics": "cases",
}
"""Modules of the contracts that hold one part of what a service tells."""


def test_a_wire_type_is_named_by_its_service_and_its_class() -> None:
    """What any service may tell stands beside the envelope, and its type is without a service's name."""
    for wire_type, published in contract_types().items():
        words = re.findall(r"[A-Z][a-z]*", published.__name__)
        module = published.__module__.rpartition(".")[2]
        service = TOLD_BY.get(module, module)
        assert service in {*SERVICES, "envelope"}
        prefix = "" if service == "envelope" else rf"{service}\."
        assert re.fullmatch(rf"{prefix}{'-'.join(words).lower()}\.v[1-9]\d*", wire_type)


@pytest.mark.parametrize("service", SERVICES)
def test_what_any_service_may_tell_is_read_under_each_ones_name(service: str) -> None:
    dropped = MessageDropped(message_id=uuid4(), producer="cases", type="", place=1, error="KeyError", why="of no use")
    name = told_as(dropped, producer=service)
    envelope = an_envelope(type=name, body=dropped)

    assert name == f"{service}.message-dropped.v1"
    assert read_body(envelope) == dropped


@pytest.mark.parametrize(
    ("name", "known_otherwise"),
    [
        ("cases.case-opened.v1", False),
        ("cases.case-opened.v2", True),
        ("roster.message-dropped.v1", False),
        ("roster.message-dropped.v2", True),
        ("cases.case-forgotten.v1", False),
        ("cases.private.v1", False),
        ("roster.cases.case-opened.v2", False),
        ("", False),
    ],
)
def test_a_type_known_in_another_version_is_told_from_one_not_known_at_all(name: str, known_otherwise: bool) -> None:
    assert "cases.case-opened.v1" in contract_types()
    assert is_known_otherwise(name) is known_otherwise


def an_envelope(*, type: str, body: Published) -> Envelope:  # noqa: A002
    """An envelope around this."""
    return Envelope(
        id=uuid4(),
        type=type,
        producer=type.partition(".")[0],
        position=1,
        aggregate_id=uuid4(),
        version=1,
        stored_topic="",
        recorded_at=datetime(2026, 9, 14, tzinfo=UTC),
        actor="",
        department="",
        purpose="",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=None,
        trace="",
        body=msgspec.Raw(msgspec.json.encode(body)),
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_policy_heeds_what_it_does_something_about(service: str) -> None:
    """What it doesn't name passes by unread, so a case of `react` that is missing there would never be reached."""
    policy = import_module(f"services.{service}.policy")
    cases = (node.cls for node in ast.walk(ast.parse(getsource(policy))) if isinstance(node, ast.MatchClass))
    matched = {eval(ast.unparse(cls), vars(policy)) for cls in cases}  # noqa: S307  # names of our own source

    assert {event for event in matched if issubclass(event, Published)} == policy.HEEDS


def test_the_contracts_say_in_words_what_each_type_tells() -> None:
    assert [wire_type for wire_type, published in contract_types().items() if not published.__doc__] == []


def test_whoever_reads_the_whole_log_knows_every_type() -> None:
    """A type whose module nobody imported would be passed over in silence; each service's module has to be among them."""
    ask = (
        "import gateway.readmodel.projection; from services.contracts.envelope import wire_types; print(*wire_types())"
    )
    known = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()

    assert set(known) == set(contract_types())


def test_every_service_has_a_module_in_the_contracts() -> None:
    telling = {published.__module__ for published in contract_types().values()}

    assert telling == {f"services.contracts.{service}" for service in (*SERVICES, *TOLD_BY, "envelope")}
    assert telling <= {module.dotted for module in modules("services/contracts")}


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    """A part."""

    by: str


def a_type(**fields: Any) -> Schema:
    """The schema of a wire type of these fields; a pair is a type and its default."""
    struct = msgspec.defstruct(
        "Told",
        [(name, *given) if isinstance(given, tuple) else (name, given) for name, given in fields.items()],
        kw_only=True,
    )
    return {"$id": "tests.told.v1", **msgspec.json.schema(struct)}


class TestWhatBreaksAReader:
    """The comparison itself: old form against new form."""

    old: ClassVar[Schema] = a_type(what=str, owed=Inner, note=(str, ""))

    def breaks(self, **fields: Any) -> list[str]:
        return list(breaks(old=self.old, new=a_type(**fields)))

    def test_nothing_and_a_new_field_with_a_default_break_nothing(self) -> None:
        assert self.breaks(what=str, owed=Inner, note=(str, "")) == []
        assert self.breaks(what=str, owed=Inner, note=(str, ""), more=(int, 0)) == []

    def test_a_removed_field_does(self) -> None:
        assert self.breaks(owed=Inner, note=(str, "")) == ["Told.what is gone"]

    def test_a_changed_type_does(self) -> None:
        assert self.breaks(what=int, owed=Inner, note=(str, "")) == ["Told.what has another type"]
        assert self.breaks(what=str | None, owed=Inner, note=(str, "")) == ["Told.what has another type"]

    def test_a_new_field_without_default_does(self) -> None:
        assert self.breaks(what=str, owed=Inner, note=(str, ""), more=int) == ["Told.more is new and has no default"]

    def test_a_default_gained_or_lost_does(self) -> None:
        assert self.breaks(what=(str, ""), owed=Inner, note=(str, "")) == [
            "Told.what was always given and now has a default"
        ]
        assert self.breaks(what=str, owed=Inner, note=str) == [
            "Told.note had a default and now has none",
        ]

    def test_a_change_in_a_part_does(self) -> None:
        other = msgspec.defstruct("Inner", [("by", int)])
        assert self.breaks(what=str, owed=other, note=(str, "")) == ["Inner.by has another type"]


def test_published_events_are_frozen() -> None:
    assert [name for name, published in contract_types().items() if not published.__struct_config__.frozen] == []
    assert all(issubclass(published, Published) for published in contract_types().values())
