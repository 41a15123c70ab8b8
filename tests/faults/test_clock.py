"""The clock of one node jumps back two days while it works: positions give the order, so nothing else moves."""

from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
import pytest

from deploy.distributed import Distributed
from tests.faults.conftest import Log
from tests.faults.load import Load

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.mark.skipif(
    not LIBRARIES, reason="NOT RUN: no clock was turned back. Install faketime: apt-get install faketime"
)
def test_a_clock_that_jumps_back_two_days_changes_neither_order_nor_answers(
    system: Distributed, children: list[UUID], random: Random, log: Log, tmp_path: Path
) -> None:
    log.fault = "clock of cases api jumps back 2 days"
    cases, hands = system.workers["cases api"], tmp_path / "hands"
    hands.write_text("+0\n", encoding="ascii")
    before = cases.environment
    cases.stop()
    cases.environment = {
        **before,
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(hands),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # a clock that is set leaves the monotonic one alone
        "DONT_FAKE_MONOTONIC": "1",
    }
    cases.start()
    cases.wait_until_ready()
    try:
        with Load(system, children=children, seed=random.getrandbits(32), through_gateway=0) as load:
            load.wait_for(30)
            hands.write_text("-2d\n", encoding="ascii")
            load.wait_for(60)
            log.rounds += 1
    finally:
        cases.stop()
        cases.environment = before
        cases.start()
    assert _recorded_in_the_past(system), "the clock did not jump"
    assert not load.ledger.of("refused")
    log.conclude(load.ledger)


def _recorded_in_the_past(system: Distributed) -> int:
    """Events that were stored a day or more after they say they were recorded."""
    with psycopg.connect(system.cluster.dsn("cases", "cases_app")) as connection:
        [(count,)] = connection.execute(
            "select count(*) from events where recorded_at < stored_at - interval '1 day'"
        ).fetchall()
    return int(count)
