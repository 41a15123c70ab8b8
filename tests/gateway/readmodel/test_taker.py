"""The taker against a real PostgreSQL: what fails is found and parked, what was parked is shown once, in order."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from gateway.readmodel.migrate import migrate
from gateway.readmodel.projection import TABLES, apply
from gateway.readmodel.taker import Taker, TooMuchParked
from services.chassis import parking
from services.chassis.clock import Clock, SteppedClock
from tests.gateway.readmodel.telling import (
    START,
    SealedVault,
    TestVault,
    contents,
    delivered,
    dice,
    empty,
    made,
    misshapen,
    published,
    registration,
    stories,
)


@pytest.fixture(scope="module")
def emptied(module_database: Any) -> Any:
    """Empties a database wholly, which only its superuser can; returns a writer of it."""
    fresh = module_database("gateway", migrate=migrate)

    def empty_all() -> psycopg.Connection:
        with psycopg.connect(fresh.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            for table in (*TABLES, "journal", "receipt", "tracking", "parked"):
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        return psycopg.connect(fresh.dsn("gateway_writer"), autocommit=True)

    return empty_all


def taking(connection: psycopg.Connection, *, vault: TestVault, clock: Clock | None = None, **more: Any) -> Taker:
    reader = Taker(reader="gateway", opener=vault, clock=clock or SteppedClock(START), **more)
    reader.go_on(connection)
    return reader


def test_one_event_among_many_is_found_by_halves(emptied: Any) -> None:
    messages = [registration(number, position=number) for number in range(1, 513)]
    messages[300] = misshapen(messages[300])
    vault = CountingVault()
    with emptied() as connection:
        taking(connection, vault=vault).take(connection, messages)

        assert len(contents(connection)["child"]) == 511
    assert vault.batches < 30


def test_when_nearly_everything_fails_it_stops_instead_of_parking_a_county(
    emptied: Any,
) -> None:
    messages = [misshapen(registration(number, position=number)) for number in range(1, 7)]
    with emptied() as connection:
        reader = taking(connection, vault=TestVault(), keys_max=3)

        with pytest.raises(TooMuchParked):
            reader.take(connection, messages)

        assert len(reader.keys) == 3
        assert reader.positions == {"roster/0": 3}


def test_what_was_parked_and_shown_waits_again_where_the_read_model_was_emptied_and_it_fails_once_more(
    emptied: Any,
) -> None:
    told, vault, clock = [registration(1, position=1)], SealedVault({made("child", 1)}), SteppedClock(START)
    with emptied() as connection:
        taking(connection, vault=vault, clock=clock).take(connection, told)
        clock.step(timedelta(seconds=2))
        taking(connection, vault=TestVault(), clock=clock).try_again(connection)
        assert len(contents(connection)["child"]) == 1
        empty(connection)

        reader = taking(connection, vault=vault, clock=clock)
        reader.take(connection, told)

        assert len(reader.keys) == 1
        taking(connection, vault=TestVault(), clock=clock).try_again(connection)
        assert len(contents(connection)["child"]) == 1


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_whatever_was_parked_in_between_all_is_shown_once_in_the_end(emptied: Any, seed: int) -> None:
    chance = dice(seed)
    told = published(stories(children=5, chance=chance), chance=chance, partitions=3)
    vault, clock = SealedVault(set()), SteppedClock(START)
    with emptied() as connection:
        apply(connection, told, since={}, opener=TestVault())
        expected = contents(connection)
    with emptied() as connection:
        reader = taking(connection, vault=vault, clock=clock)
        for batch in delivered(told, chance=chance):
            vault.broken = {made("child", number) for number in range(5) if chance.random() < 0.3}
            reader.take(connection, batch)
            if chance.random() < 0.3:
                clock.step(timedelta(minutes=chance.randrange(20)))
                reader.try_again(connection)
        vault.broken = set()
        parking.retry(connection, at=clock.now())
        reader.try_again(connection)

        assert reader.keys == frozenset()
        assert contents(connection) == expected


class CountingVault(TestVault):
    batches = 0

    def warm(self, tokens: Any) -> None:
        self.batches += 1
        super().warm(tokens)
