"""Versions of rules and what became of keys: noted once, by whoever begins with them, in the policy's log."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.readmodel import in_force, trees
from gateway.readmodel.in_force import (
    CASE_RULES,
    RULES,
    Key,
    holds_from,
    note_keys,
    note_restoration,
    note_rules,
    noting,
    read_rules,
)
from gateway.readmodel.migrate import migrate
from services.chassis.clock import SteppedClock
from services.chassis.key_store import EpochState
from services.chassis.tree import LogTree, origin_of, signer_of
from tests.fixtures.postgres import FreshDatabase

NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)
SERVICES = Path(in_force.__file__).parents[2] / "services"


@pytest.fixture(scope="module")
def gateway(module_database: Callable[..., FreshDatabase]) -> FreshDatabase:
    return module_database("gateway", migrate=migrate)


@pytest.fixture
def writer(gateway: FreshDatabase) -> Iterator[psycopg.Connection[Any]]:
    """Who notes; what a test notes by it is taken back in the end."""
    with psycopg.connect(gateway.app) as connection:
        yield connection
        connection.rollback()


def versions(writer: psycopg.Connection[Any], name: str = CASE_RULES) -> list[str]:
    """The texts of a file that were noted, in order."""
    found = writer.execute("select text from rule_version where name = %s order by noted_at", [name]).fetchall()
    return [row[0] for row in found]


def test_every_file_that_decides_is_noted() -> None:
    """A file of rules that somebody adds is a rule too, until it is said here that it isn't."""
    here = {str(path.relative_to(SERVICES)) for kind in ("toml", "csv", "txt") for path in SERVICES.rglob(f"*.{kind}")}

    assert here == RULES.keys()


def test_a_version_is_noted_once_however_often_programs_begin_with_it(writer: psycopg.Connection[Any]) -> None:
    assert note_rules(writer, read_rules(), at=NOON) == len(RULES)
    assert note_rules(writer, read_rules(), at=NOON + timedelta(days=1)) == 0


def test_another_version_is_another_entry_and_so_is_going_back(writer: psycopg.Connection[Any]) -> None:
    for day, text in enumerate(("a = 1", "a = 2", "a = 2", "a = 1")):
        note_rules(writer, {CASE_RULES: text.encode()}, at=NOON + timedelta(days=day))

    assert versions(writer) == ["a = 1", "a = 2", "a = 1"]


def test_from_when_something_holds_is_read_from_the_file_itself() -> None:
    toml = b"[[rule]]\nfrom_on = 2025-09-01\n[[rule]]\nfrom_on = 2024-09-01\nuntil_on = 2025-09-01\n[[rule]]\nfrom_on = 2025-09-01\n"
    csv = 'name,valid_from,note\n甲,1996-12,"一,二"\n乙,,\n丙,1959,\n'.encode()

    assert holds_from("x.toml", toml) == [date(2024, 9, 1), date(2025, 9, 1)]
    assert holds_from("x.csv", csv) == [date(1959, 1, 1), date(1996, 12, 1)]
    assert holds_from("x.txt", b"from_on") == []


def test_an_epoch_is_noted_when_it_begins_and_when_it_is_given_up(writer: psycopg.Connection[Any]) -> None:
    first = EpochState(1, 1, NOON, None, 7)
    assert note_keys(writer, in_force.keys_of_epochs([first]), at=NOON) == 1
    given_up = EpochState(1, 1, NOON, NOON + timedelta(days=30), 0)
    second = EpochState(2, 2, NOON + timedelta(days=30), None, 7)
    assert note_keys(writer, in_force.keys_of_epochs([given_up, second]), at=NOON + timedelta(days=30)) == 2
    assert note_keys(writer, in_force.keys_of_epochs([given_up, second]), at=NOON + timedelta(days=31)) == 0

    told = writer.execute("select name, key, became from key_life order by at, became").fetchall()
    assert told == [("epoch 1", "suite 1", "used"), ("epoch 1", "suite 1", "retired"), ("epoch 2", "suite 2", "used")]


def test_a_log_that_signs_with_another_key_says_so(writer: psycopg.Connection[Any]) -> None:
    for secret in (bytes(32), bytes(32), b"1" * 32):
        note_keys(writer, in_force.keys_of_logs(("cases",), secret=secret), at=NOON)

    told = writer.execute("select kind, count(distinct key) from key_life group by kind order by kind").fetchall()
    assert told == [("bundles", 2), ("log", 2)]


def test_what_is_noted_is_an_entry_of_the_policys_log_once_whoever_notes_it_at_once(
    database: Callable[..., FreshDatabase],
) -> None:
    app = database("gateway", migrate=migrate).app
    keys = [Key("witness", "supervision.example/w", "ab12", "used")]
    note = noting(dsn=app, keys=lambda: keys, clock=SteppedClock(NOON))
    with ThreadPoolExecutor(4) as many:
        for each in [many.submit(note) for _ in range(8)]:
            each.result()
    with psycopg.connect(app) as connection:
        note_restoration(connection, erasures=3, keys_back=1, at=NOON)
    signer = signer_of(origin_of("policy"), secret=bytes(32))
    tree = LogTree(dsn=app, signer=signer, clock=SteppedClock(NOON), entries=trees.LOGS["policy"])
    tree.keep_up()

    assert tree.signed().size == len(RULES) + 2
    told = [tree.entry(position).partition(b"\n") for position in range(1, len(RULES) + 3)]
    assert {kind for kind, _, _ in told} == {b"baoxue rule_version 1", b"baoxue key_life 1", b"baoxue restoration 1"}
    said = [json.loads(text) for _, _, text in told]
    [of_cases] = [each for each in said if each.get("name") == CASE_RULES]
    assert len(of_cases["sha256"]) == 64
    assert "2018-02-01" in of_cases["holds_from"]
    assert (said[-2]["key"], said[-1]["keys_back"]) == ("ab12", 1)


def test_nobody_takes_back_what_was_noted(gateway: FreshDatabase) -> None:
    for statement in ("delete from rule_version", "update key_life set became = 'used'", "truncate audit_report"):
        with psycopg.connect(gateway.owner) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(statement)
