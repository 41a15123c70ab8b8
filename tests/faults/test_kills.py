"""Processes that end without a word, under load, and start again."""

from random import Random
from uuid import UUID

import pytest

from deploy.distributed import Distributed
from tests.faults.conftest import ROUNDS, Log, rounds
from tests.faults.load import Load

KINDS = {
    "api": ("roster api", "cases api", "assistance api", "notify api"),
    "relay": ("roster relay", "cases relay", "assistance relay", "notify relay"),
    "inbox": ("cases inbox", "assistance inbox", "notify inbox"),
    "projector": ("gateway projector",),
    "gateway api": ("gateway api",),
}


@pytest.mark.parametrize("kind", [*KINDS, "any process"] if ROUNDS else ["each kind of process"])
def test_what_is_killed_and_started_again_loses_nothing_and_does_nothing_twice(
    system: Distributed, children: list[UUID], random: Random, log: Log, kind: str
) -> None:
    log.fault = f"kill -9 of {kind}"
    some_of_each = [random.choice(names) for names in KINDS.values()]
    victims = KINDS.get(kind) or (some_of_each if not ROUNDS else list(system.workers))
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for number in range(rounds(len(KINDS))):
            load.wait_for(random.randrange(2, 30))
            victim = system.workers[victims[number] if not ROUNDS else random.choice(victims)]
            if random.random() < 0.8:  # else it may be hit while it still starts
                victim.wait_until_ready()
            victim.kill()
            victim.start()
            log.kills += 1
            log.rounds += 1
        load.wait_for(20)
    log.conclude(load.ledger)


def test_brokers_that_die_under_the_whole_system_cost_time_only(
    system: Distributed, children: list[UUID], random: Random, log: Log
) -> None:
    log.fault = "kill -9 of the brokers"
    [broker] = system.brokers.nodes
    with Load(system, children=children, seed=random.getrandbits(32), through_gateway=0, pause_s=0.15) as load:
        for _ in range(rounds(1, dear=10)):
            load.wait_for(random.randrange(5, 20))
            broker.kill()
            log.kills += 1
            load.wait_for(20)  # commands need no broker
            broker.start()
            broker.wait()
            log.rounds += 1
        load.wait_for(10)
    log.conclude(load.ledger)
