"""Records that nobody can read: their key waits for a person, everything else flows."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from uuid import UUID

import psycopg
from kafka import KafkaProducer

from deploy.distributed import Distributed
from services.chassis import parking
from services.chassis.parking import UNREADABLE
from tests.faults.conftest import Log, rounds
from tests.faults.load import Load, opened_by_hand, verified_by_hand
from tests.faults.promises import GATEWAY, HEARS, wait_until_heard
from tests.fixtures.store import eventually

TOPIC = "baoxue.cases.1"
READERS = tuple(reader for reader, producers in HEARS.items() if "cases" in producers)


def test_bytes_that_are_no_event_park_their_key_until_a_person_drops_them(
    system: Distributed, children: list[UUID], random: Random, log: Log
) -> None:
    log.fault = "poison bytes on a topic"
    with Load(system, children=children, seed=random.getrandbits(32)) as load:
        for _ in range(rounds(1, dear=10)):
            case = load.send(opened_by_hand(random))
            assert case.id is not None
            wait_until_heard(system, GATEWAY)
            _poison(system, key=case.id.bytes, value=random.randbytes(200))
            _poison(system, key=None, value=b"")
            load.send(verified_by_hand(case.id))
            for reader in READERS:
                eventually(partial(_is_parked, system, reader, key=case.id, behind=1), within=60)

            load.wait_for(20)
            for reader in READERS:
                wait_until_heard(system, reader)  # other keys flow

            _drop_what_cannot_be_read(system)
            for reader in READERS:
                eventually(partial(_nothing_waits, system, reader), within=60)
            log.rounds += 1
    log.conclude(load.ledger)


def _poison(system: Distributed, *, key: bytes | None, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=list(system.kafka.bootstrap), api_version=(4, 0))
    try:
        producer.send(TOPIC, key=key, value=value).get(timeout=10)
    finally:
        producer.close(timeout=5)


def _is_parked(system: Distributed, reader: str, *, key: UUID, behind: int) -> bool:
    with _connected(system, reader) as connection:
        return any(row.key == key and row.behind >= behind for row in parking.list_parked(connection))


def _nothing_waits(system: Distributed, reader: str) -> bool:
    with _connected(system, reader) as connection:
        return not parking.list_parked(connection)


def _drop_what_cannot_be_read(system: Distributed) -> None:
    """As an operator does it: one decision for a record, for all readers that have parked it."""
    unreadable = set()
    for reader in READERS:
        with _connected(system, reader) as connection:
            unreadable |= {row.id for row in parking.list_parked(connection) if row.error == UNREADABLE}
    for id_ in unreadable:
        words = ("parked", "drop", str(id_), "--why", "no event of cases", "--by", "operator-1", "--yes")
        subprocess.run(
            (sys.executable, "-c", "from deploy.cli import main; main()", *words),
            env=system.environment(),
            stdout=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )


@contextmanager
def _connected(system: Distributed, reader: str) -> Iterator[psycopg.Connection]:
    role = "gateway_writer" if reader == GATEWAY else f"{reader}_app"
    with psycopg.connect(system.cluster.dsn(reader, role), autocommit=True) as connection:
        yield connection
