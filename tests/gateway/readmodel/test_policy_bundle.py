"""Every kind of entry of the policy's log goes into a bundle: two programs take it, and of what is altered both name the place."""

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from deploy.packing import Shown, pack, span
from deploy.witness import verify
from gateway.readmodel import trees
from gateway.readmodel.migrate import migrate
from services.chassis.clock import SteppedClock
from services.chassis.tree import LogTree, origin_of, signer_of
from tests.data.bundles.write import NOON, about
from tests.fixtures.postgres import FreshDatabase

CHECK: Final = Path(__file__).parents[2] / "deploy" / "witness" / "check.mjs"
KINDS: Final = [table for schema, table, _, _ in trees.RECORDED if schema == "policy_tree"]
GIVEN, ITSELF = (UUID(int=number, version=4) for number in (1, 2))
ROWS: Final[dict[str, tuple[str, list[Any]]]] = {
    "policy_log": ("(1, 'body', 'signature')", []),
    "warrant": (
        "(%s, 'consent', 'youth_league:410326', '', 'help', %s, '', %s, %s, 'paper 1', '', 'user:1', 'bureau', %s)",
        [GIVEN, ITSELF, NOON, NOON, NOON],
    ),
    "warrant_end": ("(%s, %s, 'user:1', 'bureau', 'consent_withdrawn')", [GIVEN, NOON]),
    "warrant_review": ("(%s, %s, 'user:2', 'supervision', true, '')", [GIVEN, NOON]),
    "consent": (
        "(%s, %s, 'mother', 'agrees', 'paper', null, '', '{Child.name}', '2026-09-14', %s)",
        [GIVEN, ITSELF, NOON],
    ),
    "consent_withdrawal": ("(%s, 'mother', 'paper', '2026-09-14', %s)", [GIVEN, NOON]),
    "rule_version": ("(%s, 'rules', 'cases/rules.toml', 'ab12', '{2026-09-01}', 'a = 1', %s)", [ITSELF, NOON]),
    "key_life": ("(%s, 'witness', 'supervision.example/w', 'ab12', 'used', %s, %s)", [ITSELF, NOON, NOON]),
    "restoration": ("(%s, %s, 3, 1)", [ITSELF, NOON]),
    "audit_report": ("(%s, '2025-01-01', '2025-12-31', 'ab12', '{}', %s, 'user:3', 'bureau')", [ITSELF, NOON]),
}
"""A row of each kind; whoever adds a kind to the log gives it one here."""


@pytest.fixture(scope="module")
def log(module_database: Callable[..., FreshDatabase]) -> LogTree:
    """The policy's log with one entry of every kind, signed."""
    gateway = module_database("gateway", migrate=migrate)
    with psycopg.connect(gateway.superuser) as connection:
        for kind in KINDS:
            values, given = ROWS[kind]
            connection.execute(f"insert into {kind} values {values}", given)  # type: ignore[arg-type]  # noqa: S608  # texts of this file
    signer = signer_of(origin_of("policy"), secret=bytes(32))
    tree = LogTree(dsn=gateway.app, signer=signer, clock=SteppedClock(NOON), entries=trees.LOGS["policy"])
    tree.keep_up()
    return tree


MAKER: Final = signer_of(origin_of("bundles"), secret=bytes(32))


def bundle(log: LogTree, shown: Shown) -> bytes:
    of = {"range": {"log": "policy", "from": 1, "to": len(KINDS)}}
    return pack(about(of), [shown], keys=[log.verifier], signer=MAKER)


def altered(shown: Shown, position: int) -> Shown:
    """The operator's own hand: the last byte of an entry changed, everything listed and signed as if nothing had happened."""
    [name] = [name for name in shown.files if name.endswith(".entries")]
    entries, at = bytearray(shown.files[name]), 0
    for _ in range(position):
        [length] = struct.unpack_from(">I", entries, at)
        at += 4 + length
    entries[at - 1] ^= 1
    return Shown(shown.folder, shown.origin, shown.files | {name: bytes(entries)})


def first(packed: bytes, trusted: list[str]) -> str:
    """What the first program says; nothing where it is proved."""
    try:
        verify.check_bundle(packed, trusted=[verify.Verifier.parse(line) for line in trusted])
    except verify.NotProved as error:
        return str(error)
    return ""


def second(bundles: dict[str, bytes], trusted: list[str], folder: Path) -> dict[str, str]:
    """What the second program says of each."""
    keys, packed = folder / "keys.txt", folder / "bundles"
    keys.write_text("\n".join(trusted) + "\n")
    packed.mkdir()
    for name, content in bundles.items():
        (packed / name).write_bytes(content)
    command = ["node", str(CHECK), str(Path(verify.__file__).with_name("verify.mjs")), str(keys), str(packed)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    said: dict[str, str] = json.loads(ended.stdout)
    return said


def test_there_is_a_row_of_every_kind_that_the_log_takes(log: LogTree) -> None:
    assert ROWS.keys() == set(KINDS)
    assert log.signed().size == len(KINDS)


def test_an_inspector_reads_of_each_entry_what_it_is_and_what_it_says(log: LogTree) -> None:
    [shown] = verify.check_bundle(
        bundle(log, span(log, "policy", 1, len(KINDS))),
        trusted=[verify.Verifier.parse(line) for line in (log.verifier, *MAKER.verifiers)],
    ).logs
    heads, texts = {}, {}
    for position in range(2, len(KINDS) + 1):
        head, _, text = log.entry(position).decode().partition("\n")
        heads[position], texts[head] = head, json.loads(text)

    assert sorted(shown.entries) == list(range(1, len(KINDS) + 1))
    assert sorted(heads.values()) == sorted(f"baoxue {kind} 1" for kind in KINDS if kind != "policy_log")
    assert log.entry(1) == b"\0\0\0\4bodysignature"
    assert texts["baoxue key_life 1"]["key"] == "ab12"
    assert texts["baoxue restoration 1"]["keys_back"] == 1
    assert all(text for text in texts.values())


def test_both_programs_take_every_kind_and_refuse_an_altered_one_by_its_place(log: LogTree, tmp_path: Path) -> None:
    whole = span(log, "policy", 1, len(KINDS))
    trusted = [log.verifier, *MAKER.verifiers]
    bundles = {"whole": bundle(log, whole)}
    bundles |= {kind: bundle(log, altered(whole, place)) for place, kind in enumerate(KINDS, start=1)}
    one = {name: first(packed, trusted) for name, packed in bundles.items()}
    other = second(bundles, trusted, tmp_path)

    for said in (one, other):
        assert said.pop("whole") == ""
        assert said.keys() == set(KINDS)
        assert {kind: words for kind, words in said.items() if not words.startswith(f"policy/1-{len(KINDS)}")} == {}
