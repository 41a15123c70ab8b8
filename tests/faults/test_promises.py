"""The look afterwards can fail: what is lost, done twice or shown wrongly is found, and named."""

from dataclasses import replace
from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest

from deploy.distributed import Distributed
from tests.faults.load import Ledger, Load
from tests.faults.promises import check


@pytest.fixture(scope="module")
def kept() -> list[Ledger]:
    """The ledger of one short load, shared by the tests of this module."""
    return []


@pytest.fixture
def ledger(system: Distributed, children: list[UUID], random: Random, kept: list[Ledger]) -> Ledger:
    if not kept:
        with Load(system, children=children, seed=random.getrandbits(32)) as load:
            load.wait_for(20)
        kept.append(load.ledger)
    return kept[0]


def test_nothing_is_found_where_nothing_happened(system: Distributed, ledger: Ledger) -> None:
    assert check(system, ledger).words == ""


def test_an_accepted_command_that_is_not_in_the_store_is_lost(system: Distributed, ledger: Ledger) -> None:
    told = ledger.of("accepted")[0]

    found = check(system, Ledger([replace(told, key=uuid4())]))

    assert len(found.lost) == 1
    assert told.name in found.lost[0]


def test_a_refused_command_that_left_an_event_is_found(system: Distributed, ledger: Ledger) -> None:
    told = ledger.of("accepted")[0]

    found = check(system, Ledger([replace(told, outcome="refused")]))

    assert "was refused and is recorded" in found.words


def test_a_row_that_is_not_the_fold_of_the_events_is_found(system: Distributed, ledger: Ledger) -> None:
    with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer"), autocommit=True) as connection:
        [(child, village)] = connection.execute("select child_id, village from child limit 1").fetchall()
        connection.execute("update child set village = 'elsewhere' where child_id = %s", [child])
        try:
            found = check(system, ledger)
        finally:
            connection.execute("update child set village = %s where child_id = %s", [village, child])

    assert f"child {child} differs from the fold in village" in found.words
    assert "numbers of the partition are not those of its children" in found.words, "they were moved behind its back"
