"""The trees over looks and over the policy: whatever is recorded has its place, whoever records it, and keeps it."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from deploy.witness import verify
from gateway.access.receipts import Receipt, record_at_once
from gateway.readmodel import trees
from gateway.readmodel.migrate import migrate
from services.chassis.clock import SystemClock
from services.chassis.tree import LogTree, TreeBroken, origin_of, signer_of, unseen_since
from tests.fixtures.postgres import FreshDatabase

NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)
CHILD = UUID(int=7, version=4)


@pytest.fixture
def gateway(database: Callable[..., FreshDatabase]) -> FreshDatabase:
    return database("gateway", migrate=migrate)


@pytest.fixture
def writer(gateway: FreshDatabase) -> Iterator[psycopg.Connection[Any]]:
    """A connection of who writes receipts and warrants."""
    with psycopg.connect(gateway.app, autocommit=True) as connection:
        yield connection


@pytest.fixture
def open_tree(gateway: FreshDatabase) -> Callable[[str], LogTree]:
    def opened(log: str) -> LogTree:
        signer = signer_of(origin_of(log), secret=bytes(32))
        return LogTree(dsn=gateway.app, signer=signer, clock=SystemClock(), entries=trees.LOGS[log])

    return opened


def a_look(number: int = 0) -> Receipt:
    return Receipt(
        at=NOON + timedelta(seconds=number),
        actor="user:17",
        department="supervision:410326",
        purpose="supervision",
        operation="case",
        document_hash="",
        decision="answered",
        policy_version="1",
        child_ids=(CHILD,),
        rows=1,
        fields=("Case.state",),
        positions=msgspec.Raw(b'{"cases": 7}'),
    )


def a_warrant(writer: psycopg.Connection[Any]) -> UUID:
    warrant = uuid4()
    writer.execute(
        "insert into warrant values (%s, 'order', 'procuratorate:410326', '', 'supervision', %s, '', %s, %s, '', '', 'u', 'v', %s)",
        [warrant, CHILD, NOON, NOON + timedelta(days=9), NOON],
    )
    return warrant


def proved(tree: LogTree, position: int) -> bytes:
    """An entry that stands at its place, as whoever trusts the log's key finds."""
    signed = tree.signed(at_least=position)
    trusted = [verify.Verifier.parse(tree.verifier)]
    found = verify.open_checkpoint(signed.note, trusted, origin=tree.origin)
    entry = tree.entry(position)
    path = tree.inclusion(position, size=found.size)
    leaf = verify.leaf_hash(entry)
    verify.check_inclusion(index=position - 1, size=found.size, leaf=leaf, path=path, root=found.root)
    return entry


def test_every_look_has_its_place_and_an_inspector_can_read_it(
    writer: psycopg.Connection[Any], open_tree: Callable[[str], LogTree]
) -> None:
    for number in range(3):
        record_at_once(writer, a_look(number))
    tree = open_tree("access")
    tree.keep_up()

    kind, _, text = proved(tree, 2).partition(b"\n")
    said = json.loads(text)
    assert kind == b"baoxue receipt 1"
    assert (said["at"], said["child_ids"], said["positions"]) == (
        "2026-09-14T04:00:01+00:00",
        [str(CHILD)],
        {"cases": 7},
    )
    assert tree.signed().size == 3


def test_looks_recorded_from_many_sides_are_each_taken_once(
    gateway: FreshDatabase, open_tree: Callable[[str], LogTree]
) -> None:
    def look_often(_: int) -> None:
        with psycopg.connect(gateway.app, autocommit=True) as connection:
            for number in range(20):
                record_at_once(connection, a_look(number))

    with ThreadPoolExecutor(8) as many:
        looking = [many.submit(look_often, number) for number in range(4)]
        keeping = [many.submit(open_tree("access").keep_up) for _ in range(8)]
        for each in (*looking, *keeping):
            each.result()
    tree = open_tree("access")
    tree.keep_up()

    entries = tree.entries(range(1, 81))
    assert tree.signed().size == 80
    assert len(set(entries.values())) == 80


def test_releases_and_warrants_stand_in_the_policys_log_in_order(
    gateway: FreshDatabase, writer: psycopg.Connection[Any], open_tree: Callable[[str], LogTree]
) -> None:
    with psycopg.connect(gateway.owner) as owner:
        owner.execute("insert into policy_log values (1, 'body', 'signature')")
    warrant = a_warrant(writer)
    writer.execute("insert into warrant_end values (%s, %s, 'u', 'v', '')", [warrant, NOON])
    writer.execute("insert into warrant_review values (%s, %s, 'u', 'v', true, '')", [warrant, NOON])
    tree = open_tree("policy")
    tree.keep_up()

    entries = [proved(tree, position) for position in range(1, 5)]
    assert entries[0] == b"\0\0\0\4bodysignature"  # as `policy_log.Entry.leaf` hashes it
    assert [entry.partition(b"\n")[0].decode() for entry in entries[1:]] == [
        "baoxue warrant 1",
        "baoxue warrant_end 1",
        "baoxue warrant_review 1",
    ]


def test_what_was_recorded_before_there_were_trees_is_taken_in_its_order(
    gateway: FreshDatabase, writer: psycopg.Connection[Any], open_tree: Callable[[str], LogTree]
) -> None:
    with psycopg.connect(gateway.superuser) as connection:
        connection.execute("drop schema access_tree cascade")
    for number in (2, 0, 1):
        record_at_once(writer, a_look(number))
    for _ in range(2):
        with psycopg.connect(gateway.superuser) as connection:
            migrate(connection)
    tree = open_tree("access")
    tree.keep_up()

    told = [json.loads(tree.entry(position).partition(b"\n")[2])["at"][17:19] for position in (1, 2, 3)]
    assert told == ["00", "01", "02"]
    assert tree.signed().size == 3


def test_a_look_that_was_made_away_with_is_found_out(
    gateway: FreshDatabase, writer: psycopg.Connection[Any], open_tree: Callable[[str], LogTree]
) -> None:
    for number in range(3):
        record_at_once(writer, a_look(number))
    tree = open_tree("access")
    tree.keep_up()
    with psycopg.connect(gateway.superuser) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update receipt set actor = 'user:18' where at = %s", [NOON])
    with pytest.raises(verify.NotProved, match="is not what the log of 3 entries says"):
        proved(tree, 1)

    record_at_once(writer, a_look(3))
    with psycopg.connect(gateway.superuser) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("delete from receipt where at = %s", [NOON + timedelta(seconds=3)])
    with pytest.raises(TreeBroken, match="position 4 is missing"):
        tree.keep_up()


def test_nobody_takes_an_entry_out_of_its_place(
    gateway: FreshDatabase, writer: psycopg.Connection[Any], open_tree: Callable[[str], LogTree]
) -> None:
    record_at_once(writer, a_look())
    open_tree("access").keep_up()
    for statement in ("delete from access_tree.entry", "update access_tree.entry set position = 2"):
        with psycopg.connect(gateway.owner) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(statement)


def test_a_look_no_witness_has_seen_is_known_by_its_moment_whether_it_has_a_place_or_not(
    writer: psycopg.Connection[Any], open_tree: Callable[[str], LogTree], gateway: FreshDatabase
) -> None:
    tree = open_tree("access")
    record_at_once(writer, a_look(0))
    tree.keep_up()
    assert unseen_since(gateway.app, trees.LOGS["access"]) is None  # there is no witness
    tree.keep_cosignature(size=1, witness="w", line="", key="w+00000000+")
    assert unseen_since(gateway.app, trees.LOGS["access"]) is None

    record_at_once(writer, a_look(60))
    assert unseen_since(gateway.app, trees.LOGS["access"]) == NOON + timedelta(minutes=1)
    record_at_once(writer, a_look(90))
    tree.keep_up()
    assert unseen_since(gateway.app, trees.LOGS["access"]) == NOON + timedelta(minutes=1)
