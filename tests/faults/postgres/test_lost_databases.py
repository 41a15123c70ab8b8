"""One database away while the others live: what can't be written down isn't told, and what can't be sealed isn't kept."""

import time
from random import Random
from typing import Final
from uuid import UUID, uuid4

import pytest

from deploy.distributed import Distributed
from tests.faults.conftest import ROUNDS, Log, rounds
from tests.faults.load import Load
from tests.faults.postgres.asking import Answer, Caller
from tests.faults.postgres.disturb import away, is_ready, rows, shut_out
from tests.fixtures.store import eventually

SAID_S: Final = 15.0
"""Within this health says that something is away; it looks every 5 s."""
SEALED_AGAIN_S: Final = 20.0
"""Within this after the key store is back something is sealed: one caller may still wait 10 s for a lost connection."""
ANSWERED: Final = "select count(*) from receipt where decision = 'answered'"


def test_without_the_log_of_looks_nobody_is_answered(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller
) -> None:
    log.fault = "log of looks and read model away"
    assert caller.look().tells_data
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for _ in range(rounds(1, dear=5)):
            with shut_out(system, "gateway_writer"):  # the read model could be read, but no look be written down
                before = rows(system, "gateway", ANSWERED)
                looks = [caller.look() for _ in range(3)]
                assert rows(system, "gateway", ANSWERED) == before
            with away(system, "gateway"):
                looks += [caller.look() for _ in range(3)]
                load.wait_for(20)  # those straight to the services go on
                eventually(lambda: not is_ready(system, "gateway api"), within=SAID_S)
                eventually(lambda: not is_ready(system, "gateway projector"), within=SAID_S)
            assert {(look.status, look.tells_data) for look in looks} == {(503, False)}
            eventually(lambda: caller.look().tells_data, within=SAID_S)
            log.rounds += 1
    log.conclude(load.ledger)


@pytest.mark.skipif(not ROUNDS, reason="takes as long as health takes to look; the long form")
def test_health_says_that_no_look_can_be_recorded(system: Distributed) -> None:
    with shut_out(system, "gateway_writer"):
        eventually(lambda: not is_ready(system, "gateway api"), within=SAID_S)


def test_without_the_key_store_nothing_sealed_is_read_or_kept_and_the_rest_goes_on(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller
) -> None:
    log.fault = "key store away"
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for _ in range(rounds(1, dear=5)):
            load.wait_for(10)
            sealing, plain, case_id = uuid4(), uuid4(), caller.confirmed_case()
            with away(system, "vault"):
                refused = caller.persuade(case_id, key=sealing)
                assert refused.says_later, refused
                assert caller.open_case(plain).status == 200
            settled = _persuade_when_possible(caller, case_id, key=sealing)
            assert caller.persuade(case_id, key=sealing).place == settled.place
            log.rounds += 1
        load.wait_for(10)
    log.conclude(load.ledger)


def _persuade_when_possible(caller: Caller, case_id: str, *, key: UUID) -> Answer:
    deadline = time.monotonic() + SEALED_AGAIN_S
    while (answer := caller.persuade(case_id, key=key)).status != 200:
        assert time.monotonic() < deadline, answer
    return answer
