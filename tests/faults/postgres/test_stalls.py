"""A server that answers late or not at all: callers wait a bounded time, and what became of their command is settled later."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Final
from uuid import UUID, uuid4

import pytest

from deploy.distributed import Distributed
from tests.faults.conftest import ROUNDS, Log, rounds
from tests.faults.load import Load
from tests.faults.postgres.asking import Caller
from tests.faults.postgres.disturb import held, is_waited_for, raised, rows, setting, stuttering
from tests.faults.promises import wait_until_heard
from tests.fixtures.store import eventually

PATIENCE_S: Final = 2.0
"""A client's own deadline."""
ANSWER_S: Final = 27.0
"""Nobody waits longer than this for a service's answer: 1 s for a place in the store's queue, 25 s for what becomes of it."""
IDLE: Final = "1s"
HEAD: Final = "select max(notification_id) from events"


def test_a_command_that_no_standby_acknowledges_is_settled_when_one_does(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller
) -> None:
    log.fault = "synchronous standby gone"
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for _ in range(rounds(1, dear=5)):
            load.wait_for(10)
            key = uuid4()
            with setting(system, "synchronous_standby_names", "nobody"), ThreadPoolExecutor() as threads:
                eventually(lambda: is_waited_for(system, event="SyncRep"))
                looking = threads.submit(caller.look)
                assert caller.open_case(key, within_s=PATIENCE_S).status == 0
                look = looking.result()
                assert (look.status, look.tells_data) == (503, False)  # the look isn't safe in the log either
            answer = caller.open_case(key)
            assert answer.status == 200
            assert caller.open_case(key).place == answer.place
            log.rounds += 1
        load.wait_for(20)
    log.conclude(load.ledger)


def test_while_the_events_are_locked_writers_wait_and_what_they_asked_for_is_settled_afterwards(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller
) -> None:
    log.fault = "LOCK TABLE events"
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for _ in range(rounds(1, dear=5)):
            load.wait_for(10)
            key = uuid4()
            with held(system, "cases", "lock table events in exclusive mode"):
                answer = caller.open_case(key, within_s=PATIENCE_S if not ROUNDS else 2 * ANSWER_S)
                assert answer.says_later if ROUNDS else answer.status == 0, answer
                assert answer.seconds < ANSWER_S
                assert caller.look().tells_data
            answer = caller.open_case(key)
            assert answer.status == 200
            assert caller.open_case(key).place == answer.place
            log.rounds += 1
        load.wait_for(20)
    log.conclude(load.ledger)


@pytest.mark.skipif(not ROUNDS, reason="takes as long as a caller may have to wait; the long form")
def test_while_not_even_reading_is_possible_nobody_waits_longer_than_for_any_answer(
    system: Distributed, caller: Caller
) -> None:
    with held(system, "cases", "lock table events in access exclusive mode"):
        assert caller.open_case(uuid4()).seconds < ANSWER_S


def test_a_transaction_left_open_holds_up_nobody_for_good(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller
) -> None:
    log.fault = "transaction left open"
    assert rows(system, "postgres", "show idle_in_transaction_session_timeout") != [("0",)]
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for _ in range(rounds(1, dear=2)):
            with held(system, "cases", "select pg_current_xact_id()", "select count(*) from events"):
                load.wait_for(10)
                wait_until_heard(system, "gateway")  # an old transaction doesn't hide what was committed after it began
            with (
                setting(system, "idle_in_transaction_session_timeout", IDLE),
                held(system, "cases", "select lock_store()") as forgotten,
            ):
                assert caller.open_case(uuid4()).status == 200  # as soon as the server has ended the other
                assert raised(partial(forgotten.execute, "select 1")) is not None
            log.rounds += 1
        load.wait_for(10)
    log.conclude(load.ledger)


def test_a_server_that_stands_still_again_and_again_is_slow_and_loses_nothing(
    system: Distributed, children: list[UUID], random: Random, log: Log
) -> None:
    log.fault = "PostgreSQL standing still half of the time"
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        load.wait_for(30)
        began = time.monotonic()
        with stuttering(system.cluster):
            log.rounds = rounds(1, dear=5)
            load.wait_for(40 * log.rounds)
        over = time.monotonic()
    log.conclude(load.ledger)
    smooth = [sent.seconds for sent in load.ledger.sent if sent.ended < began]
    slow = [sent.seconds for sent in load.ledger.sent if sent.began > began and sent.ended < over]
    assert max(slow) > max(min(smooth), 0.05), "standing still was not noticed, so nothing was tried"
