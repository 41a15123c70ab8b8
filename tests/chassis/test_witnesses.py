"""A tree and its witnesses, each real: what they have seen can't be taken back, and one that is away keeps nobody waiting."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from deploy.witness import verify
from deploy.witness.witness import Witness as Supervision
from deploy.witness.witness import WitnessServer
from services.chassis.clock import SteppedClock, SystemClock
from services.chassis.errors import Refused
from services.chassis.runtime import NO_WITNESS, tree_keeper
from services.chassis.store import Recorder, StoreUnavailable
from services.chassis.tree import EVENTS, LogTree, TreeBroken, origin_of, signer_of
from services.chassis.witnesses import NotWitnessed, Unwitnessed, Witness, Witnessing, cosign, read_witnesses
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import migrate_store_and_tree
from tests.fixtures.stored_events import NOON, an_event

SIGNER = signer_of(origin_of("roster"), secret=bytes(32))


@pytest.fixture
def store_database(database: Callable[..., FreshDatabase]) -> FreshDatabase:
    """An event store with a tree over it."""
    return database("roster", migrate=migrate_store_and_tree)


@pytest.fixture
def events(store_database: FreshDatabase) -> LogTree:
    return LogTree(dsn=store_database.app, signer=SIGNER, clock=SystemClock())


@contextmanager
def watching(folder: Path, *, name: str = "supervision.example/w1") -> Iterator[Witness]:
    """A witness on a port, that knows the log, and how it is met."""
    folder.mkdir(exist_ok=True)
    (folder / "logs").write_text(SIGNER.verifier)
    supervision = Supervision(folder, name=name)
    with WitnessServer(supervision, host="127.0.0.1", port=0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Witness.parse(f"http://127.0.0.1:{server.server_address[1]}/ {supervision.vkey}")
        server.shutdown()
        thread.join()


def set_back(database: FreshDatabase, *, to: int) -> None:
    """A database as a backup of earlier days has it."""
    with psycopg.connect(database.superuser) as connection:
        for table in ("events", "tree_checkpoint", "tree_cosignature"):
            connection.execute(f"alter table {table} disable trigger append_only")
        connection.execute("delete from events where notification_id > %s", (to,))
        connection.execute("truncate tree_tile, tree_head, tree_checkpoint, tree_cosignature")


def grown(recorder: Recorder, events: LogTree, count: int) -> None:
    recorder.insert_events([an_event() for _ in range(count)])
    events.keep_up()


def test_every_checkpoint_is_cosigned_and_the_proof_of_an_event_carries_that(
    recorder: Recorder, events: LogTree, tmp_path: Path
) -> None:
    with watching(tmp_path / "one") as one, watching(tmp_path / "two", name="prosecutors.example/w") as two:
        for count in (3, 40):
            grown(recorder, events, count)
            cosign(events, witnesses=[one, two])
            cosign(events, witnesses=[one, two])  # nothing is left to be asked
    grown(recorder, events, 1)

    assert events.cosigned() == {"supervision.example/w1": 43, "prosecutors.example/w": 43}
    keys = [SIGNER.verifier, *((tmp_path / name / "witness.vkey").read_text() for name in ("one", "two"))]
    trusted = [verify.Verifier.parse(key) for key in keys]
    found = verify.open_checkpoint(events.signed(at_least=7).note, trusted, origin=events.origin)
    assert (found.size, set(found.signed)) == (43, {events.origin, "supervision.example/w1", "prosecutors.example/w"})
    assert events.signed().size == 44, "the last one is not witnessed yet"


def test_a_witness_that_is_away_keeps_no_other_and_is_asked_again(
    recorder: Recorder, events: LogTree, tmp_path: Path
) -> None:
    with watching(tmp_path / "away", name="away.example/w") as gone:
        pass
    grown(recorder, events, 3)
    with watching(tmp_path / "one") as one, pytest.raises(NotWitnessed, match=r"not cosigned by away\.example/w"):
        cosign(events, witnesses=[gone, one])
    assert events.cosigned() == {"supervision.example/w1": 3}

    with watching(tmp_path / "away", name="away.example/w") as back:
        cosign(events, witnesses=[back])
    assert events.cosigned() == {"supervision.example/w1": 3, "away.example/w": 3}


def test_a_witness_that_knows_the_log_from_elsewhere_is_shown_where_it_goes_on(
    recorder: Recorder, events: LogTree, store_database: FreshDatabase, tmp_path: Path
) -> None:
    with watching(tmp_path / "one") as one:
        grown(recorder, events, 5)
        cosign(events, witnesses=[one])
        with psycopg.connect(store_database.superuser) as connection:
            connection.execute("alter table tree_cosignature disable trigger append_only")
            connection.execute("truncate tree_cosignature")
        grown(recorder, events, 2)
        cosign(events, witnesses=[one])
    assert events.cosigned() == {"supervision.example/w1": 7}


def test_a_database_that_was_set_back_is_found_out(
    recorder: Recorder, events: LogTree, store_database: FreshDatabase, tmp_path: Path
) -> None:
    with watching(tmp_path / "one") as one:
        grown(recorder, events, 9)
        cosign(events, witnesses=[one])
        set_back(store_database, to=4)
        events.keep_up()
        with pytest.raises(TreeBroken, match="has seen 9 events of baoxue/410326/roster/1 and there are 4"):
            cosign(events, witnesses=[one])


def test_a_database_that_was_written_over_is_found_out(
    recorder: Recorder, events: LogTree, store_database: FreshDatabase, tmp_path: Path
) -> None:
    with watching(tmp_path / "one") as one:
        grown(recorder, events, 9)
        cosign(events, witnesses=[one])
        set_back(store_database, to=0)
        recorder.insert_events([an_event() for _ in range(12)])
        events.keep_up()
        with pytest.raises(TreeBroken, match="other events"):
            cosign(events, witnesses=[one])


def test_a_signature_that_does_not_hold_is_no_cosignature(recorder: Recorder, events: LogTree, tmp_path: Path) -> None:
    with watching(tmp_path / "one") as one, watching(tmp_path / "two") as two:
        grown(recorder, events, 1)
        mistaken = Witness(one.address, two.name, two.id, two.public)
        with pytest.raises(NotWitnessed):
            cosign(events, witnesses=[mistaken])
    assert events.cosigned() == {}


def test_an_empty_log_is_shown_to_nobody(events: LogTree) -> None:
    cosign(events, witnesses=[Witness("http://127.0.0.1:9", "nobody.example/w", bytes(4), bytes(32))])


class TestTheList:
    def test_names_where_each_is_asked_and_its_key(self, tmp_path: Path) -> None:
        with watching(tmp_path / "one") as one:
            key = (tmp_path / "one" / "witness.vkey").read_text()
            (tmp_path / "witnesses").write_text(f"# 纪检监察\n{one.address} {key}\n\n")
            assert read_witnesses(tmp_path / "witnesses") == (one,)
        assert read_witnesses(None) == ()

    @pytest.mark.parametrize(
        "line", ["https://w.example/", "https://w.example/ w+00000000+BA==", "w+x+y", "https://x a+b+c"]
    )
    def test_is_refused_where_a_line_is_none(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "witnesses").write_text(line)
        with pytest.raises(Refused, match="is no witness"):
            read_witnesses(tmp_path / "witnesses")

    def test_is_refused_where_it_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="can't be read"):
            read_witnesses(tmp_path / "none")


def test_what_no_witness_saw_in_time_lets_what_may_wait_wait_until_one_has(
    recorder: Recorder, events: LogTree, store_database: FreshDatabase, tmp_path: Path
) -> None:
    clock = SteppedClock(NOON)
    witnessing = Witnessing(dsn=store_database.app, entries=EVENTS, clock=clock)
    grown(recorder, events, 3)
    clock.step(timedelta(days=9))
    witnessing.require("close_case")  # nobody has ever witnessed: there is no rule to break
    assert not witnessing.is_there()

    with watching(tmp_path) as supervision:
        cosign(events, witnesses=[supervision])
        witnessing.require("close_case")  # all has been seen, however long ago
        assert witnessing.is_there()

        grown(recorder, events, 1)  # at noon, nine days ago
        with pytest.raises(Unwitnessed, match=r"close_case: since 2026-09-01 12:00 no witness .* 4 hours .*N8\.3"):
            witnessing.require("close_case")
        replace(witnessing, within=timedelta(0)).require("close_case")
        replace(witnessing, within=timedelta(days=10)).require("close_case")

        cosign(events, witnesses=[supervision])
        witnessing.require("close_case")


def test_what_can_not_be_asked_is_not_taken_for_witnessed() -> None:
    nowhere = Witnessing(dsn="host=127.0.0.1 port=9 dbname=none", entries=EVENTS, clock=SystemClock())

    with pytest.raises(StoreUnavailable):
        nowhere.require("close_case")


def test_a_trees_keeper_says_that_there_is_no_witness_and_is_unwell_before_anything_has_to_wait(
    recorder: Recorder, events: LogTree, store_database: FreshDatabase, tmp_path: Path
) -> None:
    clock = SteppedClock(NOON)
    keeper = tree_keeper("roster", dsn=store_database.app, secret=bytes(32), clock=clock)
    grown(recorder, events, 1)
    said = keeper._do()
    assert said == NO_WITNESS

    with watching(tmp_path) as supervision:
        cosign(events, witnesses=[supervision])
    assert keeper._do() == "ok"
    grown(recorder, events, 1)
    clock.step(timedelta(hours=2, minutes=1))
    with pytest.raises(NotWitnessed):
        keeper._do()
