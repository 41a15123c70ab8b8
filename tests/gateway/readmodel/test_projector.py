"""The projector's thread: it follows, lets people wait, survives what is lost, parks what it can't show."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from gateway.readmodel.migrate import migrate
from gateway.readmodel.projector import Projector
from services.chassis import parking
from services.chassis.clock import SteppedClock
from services.chassis.key_store import VaultUnavailable
from services.chassis.log import Lag, Message, Unreadable
from tests.gateway.readmodel.telling import (
    START,
    ListLog,
    SealedVault,
    Story,
    TestVault,
    contents,
    delivered,
    dice,
    empty,
    envelope,
    made,
    misshapen,
    published,
    registered,
    registration,
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

    def start(log: ListLog, *, opener: Any = None, clock: Any = None) -> Projector:
        running.append(Projector(dsn=dsn, log=log, opener=opener or TestVault(), clock=clock))
        running[-1].start()
        return running[-1]

    yield start
    for projector in running:
        projector.stop()


def county(*, children: int = 5, partitions: int = 1, seed: int = 1) -> list[Message]:
    chance = dice(seed)
    return published(stories(children=children, chance=chance), chance=chance, partitions=partitions)


def afresh(database: Any, told: Sequence[Message]) -> dict[str, list[str]]:
    """What these events come to, projected once and in order, in a database of its own."""
    dsn = database("gateway", migrate=migrate).dsn("gateway_writer")
    Projector(dsn=dsn, log=ListLog(told), opener=TestVault()).catch_up()
    with psycopg.connect(dsn) as connection:
        return contents(connection)


def shown(dsn: str) -> dict[str, list[str]]:
    with psycopg.connect(dsn) as connection:
        return contents(connection)


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


def test_it_survives_a_lost_database_connection_and_a_lost_broker(
    fresh: Any, dsn: str, follow: Any, database: Any
) -> None:
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
    assert shown(dsn) == afresh(database, told)


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


def test_two_projectors_apply_everything_once(dsn: str, follow: Any, database: Any) -> None:
    told = county(children=8)
    log = ListLog()
    both = [follow(log), follow(log)]
    for batch in delivered(told, chance=dice(5)):
        log.append(*batch)

    for projector in both:
        wait_for_all(projector, told)

    assert shown(dsn) == afresh(database, told)


def test_it_stops_at_once_and_stopping_what_never_started_does_nothing(dsn: str) -> None:
    Projector(dsn=dsn, log=ListLog(), opener=TestVault()).stop()
    projector = Projector(dsn=dsn, log=ListLog(county()), opener=TestVault())
    projector.start()

    projector.stop()

    assert not projector.wait_until(producer="roster", position=10_000, timeout_s=WAIT_S)


def test_a_projector_whose_read_model_was_emptied_fills_it_again(dsn: str, follow: Any, database: Any) -> None:
    told = county(children=8)
    log = ListLog(told[:-20])
    projector = follow(log)
    wait_for_all(projector, told[:-20])

    with psycopg.connect(dsn) as connection:
        empty(connection)
    log.append(*told[-20:])

    wait_for_all(projector, told)
    assert shown(dsn) == afresh(database, told)


# How far behind


def test_it_lags_by_what_it_knows_and_has_not_applied(dsn: str, follow: Any) -> None:
    class Away(TestVault):
        is_away = True

        def warm(self, tokens: Any) -> None:
            if self.is_away:
                raise VaultUnavailable("the key store can't be reached")
            super().warm(tokens)

    told, vault = county(), Away()
    oldest = min(message.envelope.recorded_at for message in told)
    projector = follow(ListLog(told), opener=vault, clock=SteppedClock(oldest + timedelta(minutes=10)))
    wait_for(lambda: projector.health() == "waiting: VaultUnavailable")

    assert projector.lag().seconds == 600.0

    vault.is_away = False
    wait_for_all(projector, told)
    wait_for(lambda: projector.lag() == Lag(0.0, 0))


def test_a_log_that_cannot_be_reached_is_no_reason_to_say_that_all_is_shown(dsn: str, follow: Any) -> None:
    log = ListLog(county())
    projector = follow(log)
    wait_for(lambda: projector.lag() == Lag(0.0, 0))

    log.is_reachable = False

    wait_for(lambda: projector.health() == "waiting: the log can't be reached")
    assert projector.lag().events is None


def test_catching_up_is_over_when_the_log_says_so_not_when_a_poll_was_empty(dsn: str) -> None:
    told = county()
    log = ListLog(told)
    log.empty_polls = 3

    assert Projector(dsn=dsn, log=log, opener=TestVault()).catch_up() == len(told)


def test_catching_up_is_not_over_for_whoever_holds_no_partition_yet(dsn: str) -> None:
    told = county()
    log = ListLog(told)
    log.unshared_polls = 3

    assert Projector(dsn=dsn, log=log, opener=TestVault()).catch_up() == len(told)


# What can't be projected


def test_an_event_that_cannot_be_projected_parks_its_key_and_everything_else_flows(dsn: str, follow: Any) -> None:
    messages = [registration(number, position=number) for number in range(1, 7)]
    messages[2] = misshapen(messages[2])

    projector = follow(ListLog(messages))

    wait_for_all(projector, messages[:2] + messages[3:])
    assert projector.health() == "ok"
    assert projector.parked_keys() == 1
    assert projector.positions() == {"roster/0": 6}
    assert len(shown(dsn)["child"]) == 5


def test_who_waits_for_an_event_that_was_parked_is_told_at_once(follow: Any) -> None:
    messages = [misshapen(registration(1, position=1)), registration(2, position=2)]
    projector = follow(ListLog(messages))
    wait_for_all(projector, messages[1:])

    began = time.monotonic()

    assert not projector.wait_until(producer="roster", position=1, timeout_s=WAIT_S)
    assert time.monotonic() - began < WAIT_S / 2


def test_a_parked_event_stands_in_the_journal(dsn: str, follow: Any) -> None:
    messages = [misshapen(registration(1, position=1)), registration(2, position=2)]

    wait_for_all(follow(ListLog(messages)), messages[1:])

    assert len(shown(dsn)["journal"]) == 2


def test_who_answers_queries_may_know_that_an_event_was_parked_and_not_what_it_says(fresh: Any, follow: Any) -> None:
    messages = [misshapen(registration(1, position=1)), registration(2, position=2)]
    wait_for_all(follow(ListLog(messages)), messages[1:])

    with psycopg.connect(fresh.dsn("gateway_reader")) as connection:
        assert connection.execute("select producer, place from parked where state = 'parked'").fetchall() == [
            ("roster", 1)
        ]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select raw from parked")


def test_later_events_of_a_parked_key_queue_behind_it_and_all_are_shown_in_order_when_it_is_mended(
    dsn: str, follow: Any, database: Any
) -> None:
    told, vault = county(children=8), SealedVault({made("child", 3)})
    projector = follow(ListLog(told), opener=vault)
    others = [message for message in told if message.envelope.aggregate_id != made("child", 3)]
    wait_for_all(projector, others)
    queued = [message.envelope.position for message in told if message not in others]
    assert [place for _, place, state in parked(dsn) if state == "parked"] == queued

    vault.broken.clear()
    retry(dsn)

    wait_for(lambda: projector.parked_keys() == 0)
    wait_for_all(projector, told)
    assert shown(dsn) == afresh(database, told)
    assert {state for _, _, state in parked(dsn)} == {"handled"}


def test_parked_keys_are_tried_again_by_themselves(dsn: str, follow: Any, database: Any) -> None:
    told, vault = county(children=4), SealedVault({made("child", 1)})
    clock = SteppedClock(START)
    projector = follow(ListLog(told), opener=vault, clock=clock)
    wait_for(lambda: projector.parked_keys() == 1)

    vault.broken.clear()
    clock.step(timedelta(seconds=2))

    wait_for(lambda: projector.parked_keys() == 0)
    wait_for_all(projector, told)
    assert shown(dsn) == afresh(database, told)


def test_two_projectors_show_a_parked_event_once(dsn: str, follow: Any, database: Any) -> None:
    told, vault = county(children=8), SealedVault({made("child", 2), made("child", 5)})
    log = ListLog(told[:-9])
    both = [follow(log, opener=vault), follow(log, opener=vault)]
    for projector in both:
        wait_for(lambda projector=projector: projector.parked_keys() == 2)
    vault.broken.clear()
    retry(dsn)
    log.append(*told[-9:])

    for projector in both:
        wait_for(lambda projector=projector: projector.parked_keys() == 0)
        wait_for_all(projector, told)

    assert shown(dsn) == afresh(database, told)


def test_a_version_that_is_not_known_here_is_parked_and_tried_at_the_next_start(dsn: str, follow: Any) -> None:
    newer = msgspec.structs.replace(registration(1, position=1).envelope, type="roster.child-registered.v9")
    log = ListLog([Message("roster/0", newer), registration(2, position=2)])
    first = follow(log)
    wait_for_all(first, log.messages[1:])
    assert parked(dsn) == [("UnknownVersion", 1, "parked")]
    first.stop()

    follow(log)

    with psycopg.connect(dsn, autocommit=True) as connection:
        wait_for(lambda: connection.execute("select tries from parked").fetchone() == (1,))


def test_what_is_no_event_is_parked_and_its_key_queues(dsn: str, follow: Any) -> None:
    garbage = Unreadable(tracking="roster/0", key=made("child", 1), id=made("record", 1), offset=7, raw=b"\xff\x00")
    nobodys = Unreadable(tracking="cases/0", key=None, id=made("record", 2), offset=3, raw=b"")
    log = ListLog([garbage, nobodys, registration(1, position=1), registration(2, position=2)])

    projector = follow(log)

    wait_for_all(projector, log.messages[3:])
    assert parked(dsn) == [("Unreadable", 7, "parked"), ("Unreadable", 3, "parked"), ("", 1, "parked")]
    assert projector.parked_keys() == 2


@pytest.mark.parametrize(
    "broken",
    [
        {"actor": "曾\x00小一"},
        {"type": "roster.child\x00.v1"},
        {"position": 2**70},
        {"version": 2**40},
        {"body": msgspec.Raw(b'{"child_id": "nobody"}')},
    ],
)
def test_a_value_the_database_refuses_parks_it_without_quoting_it(
    follow: Any, caplog: pytest.LogCaptureFixture, broken: dict[str, Any]
) -> None:
    first = registration(1, position=1)
    log = ListLog([Message("roster/0", msgspec.structs.replace(first.envelope, **broken)), registration(2, position=2)])

    projector = follow(log)

    wait_for(lambda: projector.parked_keys() == 1)
    assert "曾" not in projector.health() + caplog.text
    log.append(registration(3, position=3))
    wait_for_all(projector, [registration(3, position=3)])


def test_a_log_that_contradicts_the_journal_is_told_by_health_until_somebody_has_decided(
    fresh: Any, dsn: str, follow: Any
) -> None:
    Projector(dsn=dsn, log=ListLog([registration(1, position=1)]), opener=TestVault()).catch_up()
    with psycopg.connect(dsn) as connection:
        empty(connection)
    log = ListLog([registration(2, position=1), registration(3, position=2)])
    projector = follow(log)

    wait_for_all(projector, log.messages[1:])
    wait_for(lambda: projector.health() == "contradicted at roster/0 1")
    with psycopg.connect(fresh.owner) as connection:
        [(id_,)] = connection.execute("select id from parked").fetchall()
        parking.drop(connection, reader="gateway", id=id_, at=START, by="operator", why="the journal is right")

    wait_for(lambda: projector.health() == "ok")


def test_what_is_amiss_around_an_event_is_waited_for_and_nothing_is_parked(fresh: Any, dsn: str, follow: Any) -> None:
    told = county()
    with psycopg.connect(fresh.owner) as owner:
        owner.execute("revoke insert on child from gateway_writer")
    projector = follow(ListLog(told))
    wait_for(lambda: projector.health() == "waiting: InsufficientPrivilege")
    assert parked(dsn) == []

    with psycopg.connect(fresh.owner) as owner:
        owner.execute("grant insert on child to gateway_writer")

    wait_for_all(projector, told)


def parked(dsn: str) -> list[tuple[str, int, str]]:
    """Kind of error, place and state of all that was ever parked, in order."""
    with psycopg.connect(dsn) as connection:
        return connection.execute("select error, place, state from parked order by number").fetchall()


def retry(dsn: str) -> None:
    """As an operator does."""
    with psycopg.connect(dsn) as connection:
        parking.retry(connection, at=datetime.now(UTC))
