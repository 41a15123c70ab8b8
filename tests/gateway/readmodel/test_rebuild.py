"""A rebuild while the read model is in use: readers notice nothing, nothing is missing, nothing is done twice."""

import asyncio
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import psycopg
import pytest

from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.sample.county import generate
from gateway.readmodel.migrate import migrate
from gateway.readmodel.projector import Projector
from gateway.readmodel.reading import Reader, claims
from gateway.readmodel.rebuild import GREEN, SWITCHED, make_green, rebuild
from services.chassis import parking
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SteppedClock
from services.chassis.config import Settings
from services.chassis.errors import Refused
from services.chassis.log import Message, Record
from services.chassis.log_direct import DirectLog
from services.chassis.log_kafka import KafkaLog, KafkaSender
from tests.gateway.readmodel.telling import (
    PRODUCERS,
    START,
    ListLog,
    SealedVault,
    Story,
    TestVault,
    contents,
    dice,
    envelope,
    made,
    misshapen,
    published,
    registered,
    registration,
    stories,
)

AS_OF = date(2026, 9, 14)
CLOCK = SteppedClock(datetime(2026, 9, 14, 1, tzinfo=UTC))
WAIT_S = 30.0
ROUNDS = int(os.environ.get("BAOXUE_FAULT_ROUNDS", "3"))


@pytest.fixture
def fresh(database: Any) -> Any:
    return database("gateway", migrate=migrate)


@pytest.fixture
def follow(fresh: Any) -> Iterator[Callable[..., Projector]]:
    """Starts projectors that are stopped at the end."""
    running: list[Projector] = []

    def start(log: Any, *, opener: Any = None) -> Projector:
        running.append(Projector(dsn=fresh.dsn("gateway_writer"), log=log, opener=opener or TestVault()))
        running[-1].start()
        return running[-1]

    yield start
    for projector in running:
        projector.stop()


def county(*, children: int = 12, partitions: int = 3, seed: int = 1) -> list[Message]:
    chance = dice(seed)
    return published(stories(children=children, chance=chance), chance=chance, partitions=partitions)


def anew(fresh: Any, log: Any, **more: Any) -> int:
    more = {"opener": TestVault()} | more
    return rebuild(dsn=fresh.dsn("gateway_writer"), owner_dsn=fresh.owner, log=log, **more)


def shown(fresh: Any) -> dict[str, list[str]]:
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        return contents(connection)


def afresh(database: Any, log: Any, *, opener: Any = None) -> dict[str, list[str]]:
    """What the log comes to in a database of its own."""
    other = database("gateway", migrate=migrate)
    Projector(dsn=other.dsn("gateway_writer"), log=log, opener=opener or TestVault()).catch_up()
    return shown(other)


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.02)


def wait_for_all(projector: Projector, messages: Sequence[Message]) -> None:
    for message in messages:
        told = message.envelope
        assert projector.wait_until(producer=told.producer, position=told.position, timeout_s=WAIT_S)


def spoil(fresh: Any) -> None:
    """What a wrong projection may have left."""
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        connection.execute("update child set school_name = 'spoiled', open_case_id = null")
        connection.execute("delete from case_file")
        connection.execute("delete from notice")


# What is shown afterwards


def test_a_rebuilt_read_model_equals_one_projected_from_scratch_table_by_table(fresh: Any, database: Any) -> None:
    told = county()
    Projector(dsn=fresh.dsn("gateway_writer"), log=ListLog(told), opener=TestVault()).catch_up()
    spoil(fresh)

    read = anew(fresh, ListLog(told))

    assert read == len(told)
    expected = afresh(database, ListLog(told))
    for table, rows in shown(fresh).items():
        assert rows, f"the county tells nothing of {table}"
        assert rows == expected[table], table


@pytest.mark.parametrize("broken", [set[int](), {1, 4}])
def test_batches_folded_ahead_of_what_is_written_come_to_the_same(
    fresh: Any, database: Any, monkeypatch: pytest.MonkeyPatch, broken: set[int]
) -> None:
    monkeypatch.setattr("gateway.readmodel.rebuild.BATCH", 23)
    monkeypatch.setattr("gateway.readmodel.rebuild.CLOSE", 100)
    told = county(children=20, seed=11)
    vault = SealedVault({made("child", number) for number in broken})
    Projector(dsn=fresh.dsn("gateway_writer"), log=ListLog(told), opener=vault).catch_up()
    expected = shown(fresh)
    spoil(fresh)

    anew(fresh, ListLog(told), opener=vault)

    assert shown(fresh) == expected
    assert bool(parked(fresh)) == bool(broken)


def test_a_rebuild_keeps_receipts_and_journal(fresh: Any) -> None:
    told = county()
    Projector(dsn=fresh.dsn("gateway_writer"), log=ListLog(told), opener=TestVault()).catch_up()
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        connection.execute(
            "insert into receipt (receipt_id, at, actor, department, purpose, decision)"
            " values (%s, now(), '', '', '', 'denied')",
            [made("receipt", 1)],
        )

    anew(fresh, ListLog(told))

    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        assert connection.execute("select count(*) from journal").fetchone() == (len(told),)
        assert connection.execute("select count(*) from receipt").fetchone() == (1,)


def test_tables_rights_policies_and_indexes_are_what_they_were(fresh: Any) -> None:
    before = catalog(fresh)

    anew(fresh, ListLog())

    assert catalog(fresh) == before


def test_it_tells_how_far_it_is(fresh: Any) -> None:
    told = county()
    Projector(dsn=fresh.dsn("gateway_writer"), log=ListLog(told), opener=TestVault()).catch_up()
    seen: list[tuple[str, int, int]] = []

    anew(fresh, ListLog(told), progress=lambda *step: seen.append(step))

    assert seen[-1] == ("rebuild", len(told), len(told))


# While it is in use


def test_readers_and_the_projector_notice_nothing_of_a_rebuild(fresh: Any, follow: Any, database: Any) -> None:
    told = county(children=150)
    half = len(told) // 2
    log = ListLog(told[:half])
    projector = follow(log)
    wait_for_all(projector, told[half - 1 : half])

    with ThreadPoolExecutor(4) as threads, until_the_end() as over:
        readers = [threads.submit(hammer, fresh, over, opened) for opened in CLAIMS]
        telling = threads.submit(tell, log, told[half:], over)
        read = anew(fresh, log)
        assert read >= half
        telling.result(WAIT_S)
        wait_for_all(projector, told[-50:])
        over.set()
        for reader in readers:
            assert reader.result(WAIT_S) > 10

    assert projector.health() == "ok"
    assert shown(fresh) == afresh(database, ListLog(told))


def test_the_projector_goes_on_without_a_gap(fresh: Any, follow: Any, database: Any) -> None:
    told = county(children=30)
    log = ListLog(told[:40])
    projector = follow(log)
    for done in range(40, len(told), 60):  # more often than it takes until statements are prepared
        wait_for_all(projector, told[done - 1 : done])
        if done % 120 == 40:
            anew(fresh, log)
        log.append(*told[done : done + 60])

    wait_for_all(projector, told)

    assert shown(fresh) == afresh(database, ListLog(told))


def test_nobody_is_told_of_an_event_before_the_read_model_in_use_shows_it(fresh: Any) -> None:
    told = county(children=30)
    half = len(told) // 2
    Projector(dsn=fresh.dsn("gateway_writer"), log=ListLog(told[:half]), opener=TestVault()).catch_up()
    before = shown(fresh)

    assert anew(fresh, ListLog(told)) == half

    assert shown(fresh) == before


def test_a_second_rebuild_at_once_is_refused(fresh: Any) -> None:
    told = county()
    log = ListLog(told)
    Projector(dsn=fresh.dsn("gateway_writer"), log=log, opener=TestVault()).catch_up()
    refused: list[str] = []

    def again(*_: Any) -> None:
        with pytest.raises(Refused) as refusal:
            anew(fresh, log)
        refused.append(str(refusal.value))

    assert anew(fresh, log, progress=again) == len(told)
    assert refused
    assert all("already" in words for words in refused)


def test_a_reader_that_never_lets_go_ends_the_rebuild_and_nothing_is_changed(
    fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.readmodel.rebuild.SWITCH_S", 0.5)
    told = county()
    Projector(dsn=fresh.dsn("gateway_writer"), log=ListLog(told), opener=TestVault()).catch_up()
    spoil(fresh)
    before = shown(fresh)
    with psycopg.connect(fresh.dsn("gateway_reader")) as reader:
        reader.execute("select count(*) from child")

        with pytest.raises(Refused, match="kept reading"):
            anew(fresh, ListLog(told))

    assert shown(fresh) == before
    assert left_over(fresh) == 0


# Cut short


def test_a_rebuild_that_is_killed_leaves_what_is_shown_and_the_next_one_clears_up(fresh: Any, follow: Any) -> None:
    told = county(children=60)
    projector = follow(ListLog(told))
    wait_for_all(projector, told[-1:])
    wait_for(lambda: sum(projector.positions().values()) > 0 and projector.lag().events == 0)
    expected = shown(fresh)
    chance = random.Random(4)  # noqa: S311  # where to kill needs no secrets

    for _ in range(ROUNDS):
        kill_within(fresh, told, reads=chance.randrange(len(told)), more_s=chance.random() / 4)
        assert shown(fresh) == expected

    anew(fresh, ListLog(told))
    assert shown(fresh) == expected
    assert left_over(fresh) == 0
    assert projector.health() == "ok"


def test_what_is_left_of_one_that_was_cut_short_does_not_get_in(fresh: Any) -> None:
    told = county()
    Projector(dsn=fresh.dsn("gateway_writer"), log=ListLog(told), opener=TestVault()).catch_up()
    with psycopg.connect(fresh.owner, autocommit=True) as owner:
        make_green(owner)
    with psycopg.connect(fresh.dsn("gateway_writer"), options=f"-c search_path={GREEN}") as connection:
        connection.execute("insert into tracking values ('roster/0', 9)")
    before = shown(fresh)

    anew(fresh, ListLog(told))

    assert shown(fresh) == before


# What is parked


def test_what_the_program_can_show_now_is_parked_no_more(fresh: Any, follow: Any, database: Any) -> None:
    told = county()
    broken = SealedVault({made("child", 1)})
    projector = follow(ListLog(told), opener=broken)
    wait_for(lambda: projector.parked_keys() == 1 and projector.lag().events == 0)

    anew(fresh, ListLog(told), opener=TestVault())

    wait_for(lambda: projector.parked_keys() == 0)
    assert shown(fresh) == afresh(database, ListLog(told))
    assert {(state, by) for _, state, by in parked(fresh)} == {("handled", "rebuild")}


def test_what_it_still_cannot_show_stays_parked_in_order_and_is_shown_when_mended(
    fresh: Any, follow: Any, database: Any
) -> None:
    told = county()
    broken = SealedVault({made("child", 1)})
    log = ListLog(told[:-5])
    projector = follow(log, opener=broken)
    wait_for(lambda: projector.parked_keys() == 1 and projector.lag().events == 0)
    before = parked(fresh)

    anew(fresh, log, opener=broken)
    assert parked(fresh) == before
    log.append(*told[-5:])
    wait_for(
        lambda: projector.lag().events == 0 and projector.positions()[told[-1].tracking] >= told[-1].envelope.position
    )
    broken.broken.clear()
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        parking.retry(connection, at=START)

    wait_for(lambda: projector.parked_keys() == 0)
    wait_for_all(projector, told)
    assert shown(fresh) == afresh(database, ListLog(told))


def test_what_an_operator_dropped_stays_dropped(fresh: Any) -> None:
    log = ListLog([misshapen(registration(1, position=1)), registration(2, position=2)])
    Projector(dsn=fresh.dsn("gateway_writer"), log=log, opener=TestVault()).catch_up()
    with psycopg.connect(fresh.owner) as connection:
        [(id_,)] = connection.execute("select id from parked").fetchall()
        parking.drop(connection, reader="gateway", id=id_, at=START, by="operator", why="a test of the line")

    anew(fresh, log)

    assert parked(fresh) == [(1, "dropped", "operator")]


def test_what_only_the_rebuild_failed_at_is_shown_by_the_projector_that_goes_on(
    fresh: Any, follow: Any, database: Any
) -> None:
    told = county()
    projector = follow(ListLog(told))
    wait_for_all(projector, told)

    anew(fresh, ListLog(told), opener=SealedVault({made("child", 2)}))

    assert "parked" in {state for _, state, _ in parked(fresh)}
    projector.stop()
    again = follow(ListLog(told))
    wait_for_all(again, [message for message in told if message.envelope.aggregate_id != made("child", 2)])
    wait_for(lambda: {state for _, state, _ in parked(fresh)} == {"handled"})
    assert shown(fresh) == afresh(database, ListLog(told))


# Of the services' own events


def test_a_running_system_is_rebuilt_from_its_own_stores_and_nothing_is_recorded_because_of_it(
    data_folder: Path, tmp_path: Path, database: Any
) -> None:
    generate(children=120, seed=7, as_of=AS_OF).write(tmp_path)
    with running(data_folder) as system, clerk():
        system.intake.load_files(list((tmp_path / "registers").iterdir()))
        system.intake.comparison.compare(as_of=AS_OF, progress=lambda *_: None)
        wait_until_quiet(system)
        with ThreadPoolExecutor(1) as threads, until_the_end() as over:
            working = threads.submit(decide_placements, system, over)
            made_anew(system)
            over.set()
            assert working.result(WAIT_S) > 0
        wait_until_quiet(system)
        heads = {name: service.application.position() for name, service in system.services.items()}

        made_anew(system)

        wait_until_quiet(system)
        assert {name: service.application.position() for name, service in system.services.items()} == heads
        with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as connection:
            assert contents(connection) == afresh(database, direct(system), opener=system.vault)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    settings = Settings(
        data_folder=folder, development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0
    )
    with Embedded(settings=settings, clock=CLOCK, durable=False) as system:
        yield system


@contextmanager
def clerk() -> Iterator[None]:
    caused = Caused.begin(
        actor="clerk", department="education_bureau:410326", purpose="dropout_control", at=CLOCK.now()
    )
    with acting(caused):
        yield


def direct(system: Running) -> DirectLog:
    return DirectLog([service.publication for service in system.services.values()])


def made_anew(system: Running) -> int:
    return rebuild(
        dsn=system.cluster.dsn("gateway", "gateway_writer"),
        owner_dsn=system.cluster.dsn("gateway", "gateway_owner"),
        log=direct(system),
        opener=system.vault,
    )


def decide_placements(system: Running, over: Event) -> int:
    """Something to project, for as long as it takes."""
    with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as connection:
        children = [row[0] for row in connection.execute("select child_id from child")]
    decided = 0
    while not over.wait(0.01):
        with clerk():
            system.services["roster"].application.decide_placement(
                child_id=children[decided % len(children)], form="home_teaching", school="3141000300"
            )
        decided += 1
    return decided


# Over Kafka


def test_two_projectors_and_a_rebuild_over_a_real_broker(
    fresh: Any, follow: Any, database: Any, kafka: Any, new_topic: Any
) -> None:
    told = dense(county(children=60))
    topics = [new_topic(producer) for producer in PRODUCERS]
    log = KafkaLog(cluster=kafka, topics=topics, groups=f"rebuild-{topics[0].generation}")
    half = len(told) // 2
    publish(kafka, topics, told[:half])
    first, second = follow(log), follow(log)
    wait_for_all(first, told[half - 1 : half])
    wait_for(lambda: journalled(fresh) == half)

    with ThreadPoolExecutor(3) as threads, until_the_end() as over:
        reading = threads.submit(hammer, fresh, over, CLAIMS[0])
        telling = threads.submit(publish, kafka, topics, told[half:])
        assert anew(fresh, log) >= half
        telling.result(WAIT_S)
        wait_for(lambda: journalled(fresh) == len(told))
        over.set()
        assert reading.result(WAIT_S) > 10
    first.stop()
    late = [Story("roster", made("child", number), (registered(number),)) for number in range(100, 130)]
    more = dense([*told, *(Message("roster/0", envelope(story, 0, position=10**6)) for story in late)])[len(told) :]
    publish(kafka, topics, more)

    wait_for(lambda: journalled(fresh) == len(told) + len(more))
    assert second.health() == "ok"
    other = KafkaLog(cluster=kafka, topics=topics, groups=f"fresh-{topics[0].generation}")
    assert shown(fresh) == afresh(database, other)


def dense(messages: Sequence[Message]) -> list[Message]:
    """The same events as a store numbers them, without holes; and of a moment that a broker takes."""
    positions: Counter[str] = Counter()
    numbered = []
    for message in messages:
        producer = message.envelope.producer
        positions[producer] += 1
        numbered.append(
            Message(
                message.tracking,
                msgspec.structs.replace(message.envelope, position=positions[producer], recorded_at=START),
            )
        )
    return numbered


def publish(kafka: Any, topics: Sequence[Any], messages: Sequence[Message]) -> None:
    for topic in topics:
        with closing(KafkaSender(cluster=kafka, topic=topic)) as sender:
            sender.send([message.envelope for message in messages if message.envelope.producer == topic.producer])


CLAIMS = (
    claims(lo="410326", hi="410327"),
    claims(kind="public_security", area="410326", unit="public_security:410326"),
)
_LOOK = b"""
    select count(distinct c.child_id), count(f.case_id), count(a.award_id), count(s.event_id),
      (select count(*) from notice), (select sum(position) from tracking)
    from child c left join case_file f using (child_id) left join award a using (child_id)
      left join case_step s using (case_id)"""


def hammer(fresh: Any, over: Event, opened: Any) -> int:
    """Reads as the gateway does, again and again; fails where a row is missing that was there before."""

    async def read() -> int:
        reader = Reader(dsn=fresh.dsn("gateway_reader"), connections=2)
        looks, children, positions = 0, 0, 0
        while not over.is_set():
            [row] = await reader.fetch(_LOOK, {}, claims=opened)
            [(now,)] = await reader.fetch(b"select count(*) from child", {}, claims=opened)
            assert row[-1] >= positions, "it went back"
            assert now >= children or opened != CLAIMS[0], "children are missing"
            looks, children, positions = looks + 1, now, row[-1]
        await reader.close()
        return looks

    return asyncio.run(read())


def tell(log: ListLog, messages: Sequence[Record], over: Event) -> None:
    """A bit at a time, as people work."""
    for start in range(0, len(messages), 40):
        log.append(*messages[start : start + 40])
        over.wait(0.02)


@contextmanager
def until_the_end() -> Iterator[Event]:
    """Set at the end, whatever happens, so that no thread goes on."""
    over = Event()
    try:
        yield over
    finally:
        over.set()


def kill_within(fresh: Any, told: list[Message], *, reads: int, more_s: float) -> None:
    """Rebuilds in a process of its own, and kills that when it has read so much, and some time has passed."""
    fork = multiprocessing.get_context("fork")
    read, got_there = fork.Value("i", 0), fork.Event()

    def progress(_step: str, done: int, _total: int) -> None:
        read.value = done
        if done >= reads:
            got_there.set()

    log = ListLog(told)
    log.at_once = 50
    process = fork.Process(target=anew, args=(fresh, log), kwargs={"progress": progress})
    process.start()
    assert got_there.wait(WAIT_S)
    process.join(more_s)
    process.kill()
    process.join(WAIT_S)
    process.close()


def journalled(fresh: Any) -> int:
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        [(events,)] = connection.execute("select count(*) from journal").fetchall()
    return int(events)


def left_over(fresh: Any) -> int:
    with psycopg.connect(fresh.superuser) as connection:
        [(schemas,)] = connection.execute("select count(*) from pg_namespace where nspname = %s", [GREEN]).fetchall()
        [(rows,)] = connection.execute("select count(*) from parked where reader = 'gateway.green'").fetchall()
    return schemas + rows


def parked(fresh: Any) -> list[tuple[int, str, str]]:
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        return connection.execute("select place, state, decided_by from parked order by number").fetchall()


def catalog(fresh: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the database knows of the tables that are made anew, by name."""
    queries = {
        "columns": "select table_name, ordinal_position, column_name, data_type, collation_name, is_nullable, column_default"
        " from information_schema.columns where table_schema = 'public' and table_name = any(%s)",
        "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' and tablename = any(%s)",
        "policies": "select * from pg_policies where schemaname = 'public' and tablename = any(%s)",
        "security": "select relname, relowner::regrole::text, relrowsecurity, relforcerowsecurity, relacl::text, reloptions"
        " from pg_class where relnamespace = 'public'::regnamespace and relname = any(%s)",
        "constraints": "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid::regclass::text = any(%s)",
        "triggers": "select tgrelid::regclass::text, tgname from pg_trigger where tgrelid::regclass::text = any(%s)",
    }
    with psycopg.connect(fresh.superuser) as connection:
        return {
            name: sorted(connection.execute(query.encode(), [list(SWITCHED)]), key=repr)
            for name, query in queries.items()
        }
