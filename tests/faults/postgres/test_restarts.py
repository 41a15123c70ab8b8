"""The database server restarted, killed and away, under load: it is found again soon, and no answer given meanwhile was wrong.

A server that is killed loses nothing that was committed, fsync or not: what it wrote is in the system's cache. Only a
power cut takes that, and against it there is `durable=True`, which the tests do without.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Final
from uuid import UUID, uuid4

import pytest

from deploy.distributed import Distributed
from deploy.postgres.cluster import Cluster
from tests.faults.conftest import ROUNDS, Log, rounds
from tests.faults.load import Load
from tests.faults.postgres.asking import Caller
from tests.faults.postgres.disturb import crash, is_ready
from tests.fixtures.store import eventually

FOUND_AGAIN_S: Final = 5.0
"""Within this after the server is back every process works with it again."""
REFUSED_S: Final = 6.5
"""Within this a command is refused while the server is away: 5 s until a connection is free, and the rest."""
READY_S: Final = 20.0


def restart_fast(cluster: Cluster) -> None:
    """As for an upgrade: sessions are ended, the rest is written."""
    cluster.restart(mode="fast")


def restart_immediately(cluster: Cluster) -> None:
    """As at a power cut: nothing is written any more."""
    cluster.restart(mode="immediate")


def kill(cluster: Cluster) -> None:
    """The postmaster dies at once, its children as they notice."""
    crash(cluster)
    cluster.restart()


ENDINGS: Final[tuple[Callable[[Cluster], None], ...]] = (restart_fast, restart_immediately, kill)


def test_a_server_that_ends_in_any_way_is_found_again_and_nothing_is_lost(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller
) -> None:
    log.fault = "PostgreSQL restarted fast, immediately, killed"
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for _ in range(rounds(1, dear=3)):
            for end in random.sample(ENDINGS, len(ENDINGS)):
                load.wait_for(random.randrange(10, 30))
                end(system.cluster)
                log.kills += 1
                _expect_everything_to_work(caller, since=time.monotonic())
            log.rounds += 1
        load.wait_for(20)
    log.conclude(load.ledger)


@pytest.mark.parametrize("away_s", [0.0, *([30.0] if ROUNDS else [])])
def test_while_the_server_is_away_every_answer_says_so(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller, away_s: float
) -> None:
    log.fault = f"PostgreSQL away until all have said so{f', and for {away_s:.0f} s' if away_s else ''}"
    known, unknown = uuid4(), uuid4()
    with Load(system, children=children, seed=random.getrandbits(32)) as load, ThreadPoolExecutor() as threads:
        load.wait_for(10)
        first = caller.open_case(known)
        assert first.status == 200
        crash(system.cluster)
        log.kills, log.rounds, since = 1, 1, time.monotonic()
        try:
            asked = threads.submit(caller.open_case, unknown)
            refusals = [*caller.probe_all().values(), asked.result()]
            while time.monotonic() < since + away_s:
                refusals += caller.probe_all().values()
            look = caller.look()
            eventually(lambda: not is_ready(system, "gateway api"), within=READY_S)
            eventually(lambda: not is_ready(system, "cases relay"), within=READY_S)
        finally:
            system.cluster.restart()
        back = time.monotonic()
        _expect_everything_to_work(caller, since=back)
        assert all(refusal.says_later for refusal in refusals), refusals
        assert max(refusal.seconds for refusal in refusals) < REFUSED_S
        assert (look.status, look.tells_data) == (503, False)
        assert caller.open_case(known).place == first.place
        settled = caller.open_case(unknown)
        assert caller.open_case(unknown).place == settled.place
        load.wait_for(20)
    log.conclude(load.ledger)


def _expect_everything_to_work(caller: Caller, *, since: float, within_s: float = FOUND_AGAIN_S) -> None:
    """Every service reaches its store, and the gateway shows data, in time."""
    while True:
        probes, look = caller.probe_all(within_s=within_s), caller.look(within_s=within_s)
        waiting = [service for service, answer in probes.items() if answer.status != 404]
        waiting += [] if look.tells_data else ["gateway"]
        took = time.monotonic() - since
        assert took < within_s, f"{waiting or 'all'} found the server again only after {took:.1f} s"
        if not waiting:
            return
