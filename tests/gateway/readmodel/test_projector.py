"""The projector's thread: it follows, lets people wait, survives what is lost, and stands still rather than skip."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import psycopg
import pytest

from gateway.readmodel.migrate import migrate
from gateway.readmodel.projector import Projector
from gateway.readmodel.rebuild import empty, rebuild
from services.chassis.log import Message
from services.chassis.vault import VaultUnavailable
from tests.gateway.readmodel.telling import (
    ListLog,
    Story,
    TestVault,
    contents,
    delivered,
    dice,
    envelope,
    made,
    published,
    registered,
    stories,
)

WAIT_S = 10.0


@pytest.fixture
def fresh(database: Any) -> Any:
    return database("gateway", migrate=migrate)


@pytest.fixture
def dsn(fresh: Any) -> str:
    return fresh.dsn("gateway_writer")


@pytest.fixture
def follow(dsn: str) -> Iterator[Callable[..., Projector]]:
    """Starts projectors that are stopped at the end."""
    running: list[Projector] = []

    def start(log: ListLog, *, opener: Any = None) -> Projector:
        running.append(Projector(dsn=dsn, log=log, opener=opener or TestVault()))
        running[-1].start()
        return running[-1]

    yield start
    for projector in running:
        projector.stop()


def county(*, children: int = 5, partitions: int = 1, seed: int = 1) -> list[Message]:
    chance = dice(seed)
    return published(stories(children=children, chance=chance), chance=chance, partitions=partitions)


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.01)


def wait_for_all(projector: Projector, messages: list[Message]) -> None:
    for message in messages:
        told = message.envelope
        assert projector.wait_until(producer=told.producer, position=told.position, timeout_s=WAIT_S)


def test_it_follows_and_lets_people_wait_for_their_own_event(dsn: str, follow: Any) -> None:
    told = county()
    log = ListLog(told[:-1])
    projector = follow(log)
    last = told[-1].envelope

    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(projector.wait_until, producer=last.producer, position=last.position, timeout_s=WAIT_S)
        wait_for_all(projector, told[:-1])
        assert not waiting.done()
        log.append(told[-1])
        assert waiting.result(WAIT_S)

    assert projector.health() == "ok"
    with psycopg.connect(dsn) as connection:
        assert len(contents(connection)["journal"]) == len(told)
        assert dict(connection.execute("select name, position from tracking").fetchall()) == projector.positions()


def test_waiting_ends_when_the_time_is_over(follow: Any) -> None:
    told = county()
    projector = follow(ListLog(told))
    wait_for_all(projector, told)

    assert not projector.wait_until(producer="roster", position=10_000, timeout_s=0.05)


def test_with_several_partitions_a_later_position_elsewhere_is_not_enough(follow: Any) -> None:
    first, second = (Story("roster", made("child", number), (registered(number),)) for number in (1, 2))
    late = Message("roster/0", envelope(first, 0, position=5))
    early = Message("roster/1", envelope(second, 0, position=9))
    log = ListLog([early])
    projector = follow(log)
    assert projector.wait_until(producer="roster", position=9, timeout_s=WAIT_S)

    assert not projector.wait_until(producer="roster", position=5, timeout_s=0.05)
    log.append(late)
    assert projector.wait_until(producer="roster", position=5, timeout_s=WAIT_S)


def test_an_event_of_long_ago_is_known_to_be_applied(dsn: str, follow: Any) -> None:
    told = county()
    Projector(dsn=dsn, log=ListLog(told), opener=TestVault()).catch_up()
    projector = follow(ListLog(told))
    wait_for(lambda: bool(projector.positions()))

    wait_for_all(projector, told)


def test_it_goes_on_from_the_tracking_after_a_restart(dsn: str, follow: Any) -> None:
    told = county()
    half = len(told) // 2
    first = follow(ListLog(told[:half]))
    wait_for_all(first, told[:half])
    first.stop()
    vault = TestVault()

    second = follow(ListLog(told), opener=vault)

    wait_for_all(second, told)
    with psycopg.connect(dsn) as connection:
        assert len(contents(connection)["journal"]) == len(told)


def test_it_survives_a_lost_database_connection_and_a_lost_broker(fresh: Any, dsn: str, follow: Any) -> None:
    told = county(children=8)
    log = ListLog()
    projector = follow(log)
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = %s"
    with psycopg.connect(fresh.superuser, autocommit=True) as connection:
        for number, batch in enumerate(delivered(told, chance=dice(3))):
            log.append(*batch)
            if number % 3 == 0:
                connection.execute(cut, [fresh.name])
            if number % 4 == 0:
                log.fail = 2

    wait_for_all(projector, told)

    wait_for(lambda: projector.health() == "ok")
    with psycopg.connect(dsn) as connection:
        survived = contents(connection)
    assert len(survived["journal"]) == len(told)
    rebuild(dsn=dsn, projector=Projector(dsn=dsn, log=ListLog(told), opener=TestVault()))
    with psycopg.connect(dsn) as connection:
        assert contents(connection) == survived


def test_it_waits_for_a_vault_that_is_away(follow: Any) -> None:
    class Away(TestVault):
        turns = 2

        def warm(self, tokens: Any) -> None:
            self.turns -= 1
            if self.turns >= 0:
                raise VaultUnavailable("the key store can't be reached")
            super().warm(tokens)

    told = county()

    projector = follow(ListLog(told), opener=Away())

    wait_for_all(projector, told)


def test_an_event_that_cannot_be_projected_parks_it_and_nothing_is_skipped(dsn: str, follow: Any) -> None:
    told = [Story("roster", made("child", number), (registered(number),)) for number in range(6)]
    messages = [Message("roster/0", envelope(story, 0, position=1 + number)) for number, story in enumerate(told)]
    poison = msgspec.structs.replace(messages[3].envelope, body=msgspec.Raw(b'{"name":"\xe6\x9b\xbe"}'))
    log = ListLog([*messages[:3], Message("roster/0", poison), *messages[4:]])

    projector = follow(log)

    wait_for(lambda: projector.parked() is not None)
    assert projector.health() == "parked at roster/0 4: ValidationError"
    assert projector.positions() == {"roster/0": 3}
    assert not projector.wait_until(producer="roster", position=5, timeout_s=WAIT_S)
    with psycopg.connect(dsn) as connection:
        assert len(contents(connection)["child"]) == 3

    mended = follow(ListLog(messages))
    wait_for_all(mended, messages)


def test_a_value_the_database_refuses_parks_it_without_quoting_it(
    follow: Any, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story("roster", made("child", 1), (registered(1),))
    broken = msgspec.structs.replace(envelope(story, 0, position=1), actor="曾\x00小一")

    projector = follow(ListLog([Message("roster/0", broken)]))

    wait_for(lambda: projector.parked() is not None)
    assert "曾" not in projector.health() + caplog.text


def test_two_projectors_apply_everything_once(dsn: str, follow: Any) -> None:
    told = county(children=8)
    log = ListLog()
    both = [follow(log), follow(log)]
    for batch in delivered(told, chance=dice(5)):
        log.append(*batch)

    for projector in both:
        wait_for_all(projector, told)

    with psycopg.connect(dsn) as connection:
        twice = contents(connection)
    rebuild(dsn=dsn, projector=Projector(dsn=dsn, log=ListLog(told), opener=TestVault()))
    with psycopg.connect(dsn) as connection:
        assert contents(connection) == twice


def test_it_stops_at_once_and_stopping_what_never_started_does_nothing(dsn: str) -> None:
    Projector(dsn=dsn, log=ListLog(), opener=TestVault()).stop()
    projector = Projector(dsn=dsn, log=ListLog(county()), opener=TestVault())
    projector.start()

    projector.stop()

    assert not projector.wait_until(producer="roster", position=10_000, timeout_s=WAIT_S)


# Rebuild


def test_a_rebuilt_read_model_equals_the_one_before_table_by_table(dsn: str) -> None:
    told = county(children=12, partitions=3)
    projector = Projector(dsn=dsn, log=ListLog(told), opener=TestVault())
    projector.catch_up()
    with psycopg.connect(dsn) as connection:
        before = contents(connection)
        connection.execute("update child set school_name = 'spoiled'")
        connection.execute("delete from case_file")
        assert contents(connection) != before

    read = rebuild(dsn=dsn, projector=projector)

    assert read == len(told)
    with psycopg.connect(dsn) as connection:
        after = contents(connection)
    for table, rows in before.items():
        assert rows, f"the county tells nothing of {table}"
        assert after[table] == rows, table


def test_a_rebuild_keeps_receipts_and_journal(dsn: str) -> None:
    told = county()
    projector = Projector(dsn=dsn, log=ListLog(told), opener=TestVault())
    projector.catch_up()
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "insert into receipt (receipt_id, at, actor, department, purpose, decision) values (%s, now(), '', '', '', 'denied')",
            [made("receipt", 1)],
        )
        empty(connection)
        assert connection.execute("select count(*) from child").fetchone() == (0,)
        assert connection.execute("select count(*) from journal").fetchone() == (len(told),)
        assert connection.execute("select count(*) from receipt").fetchone() == (1,)


def test_a_running_projector_takes_part_in_a_rebuild(dsn: str, follow: Any) -> None:
    told = county(children=8)
    log = ListLog(told[:-20])
    projector = follow(log)
    wait_for_all(projector, told[:-20])

    with psycopg.connect(dsn) as connection:
        empty(connection)
    log.append(*told[-20:])

    wait_for_all(projector, told)
    with psycopg.connect(dsn) as connection:
        followed = contents(connection)
    rebuild(dsn=dsn, projector=Projector(dsn=dsn, log=log, opener=TestVault()))
    with psycopg.connect(dsn) as connection:
        assert contents(connection) == followed
