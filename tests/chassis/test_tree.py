"""The tree over a service's events, on a real store: it proves what is there, and finds out what was changed."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from deploy.witness import verify
from services.chassis import witnesses
from services.chassis.clock import SteppedClock
from services.chassis.errors import NotFound
from services.chassis.notes import Signer, SigningFailed
from services.chassis.store import Recorder
from services.chassis.tree import LogTree, TreeBroken
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import migrate_store_and_tree
from tests.fixtures.stored_events import an_event

ORIGIN = "baoxue.example/410326/roster/1"
KEY = bytes(range(32))
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(KEY))
TRUSTED = [verify.Verifier.parse(SIGNER.verifier)]
NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)


class AtNoon:
    """A clock."""

    def now(self) -> datetime:
        return NOON


@pytest.fixture
def store_database(database: Callable[..., FreshDatabase]) -> FreshDatabase:
    """An event store with a tree over it."""
    return database("roster", migrate=migrate_store_and_tree)


@pytest.fixture
def open_tree(store_database: FreshDatabase) -> Callable[[], LogTree]:
    """Opens the tree, as so many processes would."""
    return lambda: LogTree(dsn=store_database.app, signer=SIGNER, clock=AtNoon())


def opened(note: str) -> verify.Checkpoint:
    """A checkpoint as whoever trusts the log's key reads it."""
    return verify.open_checkpoint(note, TRUSTED, origin=ORIGIN)


def changed(database: FreshDatabase, statement: str) -> None:
    """Somebody who rules the database changes what happened."""
    with psycopg.connect(database.superuser) as connection:
        connection.execute("alter table events disable trigger append_only")
        connection.execute(statement)


def test_every_event_is_proved_at_its_position_and_every_checkpoint_goes_on_from_the_one_before(
    recorder: Recorder, open_tree: Callable[[], LogTree]
) -> None:
    events = open_tree()
    checkpoints = []
    for count in (1, 2, 300, 30):
        recorder.insert_events([an_event() for _ in range(count)])
        events.keep_up()
        checkpoints.append(opened(events.signed().note))

    assert [found.size for found in checkpoints] == [1, 3, 303, 333]
    last = checkpoints[-1]
    for before in checkpoints:
        verify.check_consistency(
            old=before.size,
            old_root=before.root,
            size=last.size,
            root=last.root,
            path=events.consistency(before.size, size=last.size),
        )
    for position in (1, 2, 256, 257, 333):
        verify.check_inclusion(
            index=position - 1,
            size=last.size,
            leaf=verify.leaf_hash(events.entry(position)),
            path=events.inclusion(position, size=last.size),
            root=last.root,
        )
    assert verify.root_of([verify.leaf_hash(events.entry(n)) for n in range(1, 334)]) == last.root


def test_what_is_not_there_is_not_proved(recorder: Recorder, open_tree: Callable[[], LogTree]) -> None:
    events = open_tree()
    with pytest.raises(NotFound, match="no checkpoint that far"):
        events.signed()
    recorder.insert_events([an_event()])
    for ask in (lambda: events.inclusion(1, size=1), lambda: events.consistency(0, size=1), lambda: events.entry(2)):
        with pytest.raises(NotFound):
            ask()


def test_nothing_new_is_signed_where_nothing_happened(recorder: Recorder, open_tree: Callable[[], LogTree]) -> None:
    events = open_tree()
    recorder.insert_events([an_event()])
    events.keep_up()
    first = events.signed()
    events.keep_up()
    open_tree().keep_up()

    assert events.signed() == first


def test_the_first_checkpoint_over_an_event_stays_the_first(
    recorder: Recorder, open_tree: Callable[[], LogTree]
) -> None:
    events = open_tree()
    with pytest.raises(NotFound, match="no checkpoint of 1 entries"):
        events.first_signed(at_least=1)
    for count in (2, 2, 3):
        recorder.insert_events([an_event() for _ in range(count)])
        events.keep_up()
    events.keep_cosignature(size=7, witness="w", key="k", line="")

    assert [events.first_signed(at_least=size).size for size in (1, 2, 3, 4, 5, 7)] == [2, 2, 4, 4, 7, 7]
    with pytest.raises(NotFound):
        events.first_signed(at_least=8)


def test_how_long_witnesses_took_is_told_of_a_time(recorder: Recorder, store_database: FreshDatabase) -> None:
    """Signed at noon, at one, at two and at five; a witness sees the second at half past one, and the third at four."""
    clock = SteppedClock(NOON)
    events = LogTree(dsn=store_database.app, signer=SIGNER, clock=clock)

    def sign() -> None:
        recorder.insert_events([an_event()])
        events.keep_up()

    sign()
    clock.step(timedelta(hours=1))
    sign()
    clock.step(timedelta(minutes=30))
    events.keep_cosignature(size=2, witness="w", key="k", line="")
    clock.step(timedelta(minutes=30))
    sign()
    clock.step(timedelta(hours=2))
    events.keep_cosignature(size=3, witness="w", key="k", line="")
    clock.step(timedelta(hours=1))
    sign()

    def seen(until: int) -> witnesses.Seen:
        return witnesses.seen(events, since=NOON, until=NOON + timedelta(hours=until), within=timedelta(hours=1))

    assert seen(6) == witnesses.Seen(checkpoints=4, witnessed=3, late=2, longest_s=2 * 3600)
    assert seen(3) == witnesses.Seen(checkpoints=3, witnessed=2, late=1, longest_s=90 * 60)
    assert witnesses.seen(
        events, since=NOON - timedelta(days=1), until=NOON, within=timedelta(hours=1)
    ) == witnesses.Seen(0, 0, 0, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "update events set state = '{}' where notification_id = 2",
        "update events set actor = 'somebody else' where notification_id = 2",
        "update events set recorded_at = recorded_at - interval '1 day' where notification_id = 2",
    ],
)
def test_an_event_that_was_changed_is_no_longer_proved(
    recorder: Recorder, open_tree: Callable[[], LogTree], store_database: FreshDatabase, statement: str
) -> None:
    events = open_tree()
    recorder.insert_events([an_event() for _ in range(5)])
    events.keep_up()
    changed(store_database, statement)

    with pytest.raises(verify.NotProved, match="not what the log of 5 entries says"):
        verify.check_inclusion(
            index=1,
            size=5,
            leaf=verify.leaf_hash(events.entry(2)),
            path=events.inclusion(2, size=5),
            root=opened(events.signed().note).root,
        )


def test_what_was_changed_long_ago_is_found_by_reading_all_once_more_and_named(
    recorder: Recorder, open_tree: Callable[[], LogTree], store_database: FreshDatabase
) -> None:
    events = open_tree()
    recorder.insert_events([an_event() for _ in range(400)])
    events.keep_up()
    told: list[tuple[int, int]] = []
    assert events.check(lambda done, total: told.append((done, total))) == 400
    assert told == [(400, 400)]

    changed(store_database, "update events set actor = 'user:18' where notification_id = 333")
    events.keep_up()  # which looks at what is new only
    with pytest.raises(TreeBroken, match="position 333 is not the one that was signed"):
        events.check()

    changed(store_database, "delete from events where notification_id = 333")
    with pytest.raises(TreeBroken, match="position 333 is missing"):
        events.check()


def test_a_tree_made_anew_over_changed_events_is_found_by_its_root_where_it_was_signed(
    recorder: Recorder, open_tree: Callable[[], LogTree], store_database: FreshDatabase
) -> None:
    events = open_tree()
    recorder.insert_events([an_event() for _ in range(5)])
    events.keep_up()
    changed(store_database, "update events set state = '{}' where notification_id = 2")
    changed(store_database, "truncate tree_tile, tree_head")
    with pytest.raises(TreeBroken, match="first 5 entries are not those"):
        events.keep_up()

    with pytest.raises(TreeBroken, match="their tree was made anew"):
        events.check()


def test_a_tree_made_anew_over_changed_events_is_not_signed(
    recorder: Recorder, open_tree: Callable[[], LogTree], store_database: FreshDatabase
) -> None:
    events = open_tree()
    recorder.insert_events([an_event() for _ in range(5)])
    events.keep_up()
    signed = events.signed()
    changed(store_database, "update events set state = '{}' where notification_id = 2")
    changed(store_database, "truncate tree_tile, tree_head")
    recorder.insert_events([an_event()])

    with pytest.raises(TreeBroken, match="first 5 entries are not those"):
        events.keep_up()
    assert events.signed() == signed


def test_an_event_that_is_missing_stops_the_tree_before_it(
    recorder: Recorder, open_tree: Callable[[], LogTree], store_database: FreshDatabase
) -> None:
    events = open_tree()
    recorder.insert_events([an_event()])
    events.keep_up()
    recorder.insert_events([an_event() for _ in range(3)])
    changed(store_database, "delete from events where notification_id = 3")

    with pytest.raises(TreeBroken, match="position 3 is missing"):
        events.keep_up()
    assert events.signed().size == 1


def test_a_signed_checkpoint_can_t_be_taken_back(
    recorder: Recorder, open_tree: Callable[[], LogTree], store_database: FreshDatabase
) -> None:
    events = open_tree()
    recorder.insert_events([an_event()])
    events.keep_up()
    with psycopg.connect(store_database.owner) as connection, pytest.raises(psycopg.Error, match="append-only"):
        connection.execute("delete from tree_checkpoint")


def test_two_processes_make_one_tree(recorder: Recorder, open_tree: Callable[[], LogTree]) -> None:
    trees = [open_tree(), open_tree()]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            recorder.insert_events([an_event() for _ in range(40)])
            list(pool.map(LogTree.keep_up, trees))
    trees[0].keep_up()

    found = opened(trees[0].signed().note)
    assert (found.size, found.root) == (
        400,
        verify.root_of([verify.leaf_hash(trees[1].entry(position)) for position in range(1, 401)]),
    )


def test_what_is_signed_is_on_disk_also_where_the_database_answers_before_the_disk_does(
    open_tree: Callable[[], LogTree], store_database: FreshDatabase
) -> None:
    """An operator may set `synchronous_commit = off`: a commit that waits for the disk takes all commits before it along."""
    with psycopg.connect(store_database.superuser, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("alter database {} set synchronous_commit = off").format(name))
    with psycopg.connect(store_database.app) as connection:
        assert connection.execute("show synchronous_commit").fetchone() == ("off",)

    with open_tree().connection() as connection:
        assert connection.execute("show synchronous_commit").fetchone() == ("on",)


KEEPS_UP = textwrap.dedent("""
    import sys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from services.chassis import tree
    from services.chassis.clock import SystemClock
    from services.chassis.notes import Signer, SigningFailed

    tree.AT_ONCE = 7  # so that it is killed between two transactions as well as within one
    signer = Signer(sys.argv[2], Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sys.argv[3])))
    events = tree.LogTree(dsn=sys.argv[1], signer=signer, clock=SystemClock())
    print("begins", flush=True)
    while True:
        events.keep_up()
""")


def test_a_process_killed_again_and_again_signs_only_what_holds(
    recorder: Recorder, open_tree: Callable[[], LogTree], store_database: FreshDatabase
) -> None:
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", KEEPS_UP, store_database.app, ORIGIN, KEY.hex()], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(6):
            recorder.insert_events([an_event() for _ in range(11)])
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        process.stdout.close()
    events = open_tree()
    events.keep_up()

    with psycopg.connect(store_database.app) as connection:
        notes = [note for (note,) in connection.execute("select note from tree_checkpoint order by size")]
    leaves = [verify.leaf_hash(events.entry(position)) for position in range(1, 4 * 66 + 1)]
    for found in map(opened, notes):
        assert found.root == verify.root_of(leaves[: found.size])
    assert opened(notes[-1]).size == len(leaves)


def test_a_key_that_gives_no_signature_keeps_the_log_unsigned_until_it_does(
    recorder: Recorder, store_database: FreshDatabase
) -> None:
    @dataclass
    class Away:
        """A cipher machine that is switched off, or on."""

        material: bytes = b"\xffexample"
        is_on: bool = False

        def sign(self, message: bytes) -> bytes:
            if not self.is_on:
                raise SigningFailed("switched off")
            return message[:8]

    machine = Away()
    log = LogTree(dsn=store_database.app, signer=Signer(ORIGIN, SIGNER.key, (machine,)), clock=AtNoon())
    recorder.insert_events([an_event()])
    with pytest.raises(SigningFailed):
        log.keep_up()
    with pytest.raises(NotFound):
        log.signed()
    machine.is_on = True
    log.keep_up()

    assert opened(log.signed().note).size == 1
    assert log.keys() == sorted(log.verifiers)
