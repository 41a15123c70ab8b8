"""Migrating makes the read model's tables and keeps its lists of places; again at any time."""

from collections.abc import Callable

import psycopg

from gateway.readmodel.migrate import migrate
from gateway.readmodel.partition import partition
from services.contracts.divisions import TOWNSHIPS, VILLAGES
from tests.fixtures.postgres import FreshDatabase
from tests.gateway.places import TODAY


def test_every_township_and_village_of_the_county_is_named_however_often_it_migrates(
    database: Callable[..., FreshDatabase],
) -> None:
    fresh = database("gateway", migrate=migrate)
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        connection.execute("update village set name = 'a former name'")

    with psycopg.connect(fresh.owner) as connection:
        migrate(connection)

    with psycopg.connect(fresh.dsn("gateway_reader")) as connection:
        townships = connection.execute("select code, name from township").fetchall()
        villages = connection.execute("select code, township, name from village").fetchall()
    assert dict(townships) == TOWNSHIPS
    assert sorted(villages) == [(village.code, village.parent, village.name) for village in VILLAGES]


def test_children_from_before_they_were_counted_are_counted_when_it_migrates(
    database: Callable[..., FreshDatabase],
) -> None:
    fresh = database("gateway", migrate=migrate)
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        connection.execute(
            "insert into child (child_id, township, village) values (gen_random_uuid(), '410326103', '410326103005')"
        )
        assert partition(connection, as_of=TODAY) == []

    with psycopg.connect(fresh.owner) as connection:
        migrate(connection)
        migrate(connection)

    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        assert [(row.village, row.state, row.children) for row in partition(connection, as_of=TODAY)] == [
            ("410326103005", "unaccounted", 1)
        ]
        assert connection.execute("select kind from child_move").fetchall() == [("missing",)]  # a rebuild has its past
    with psycopg.connect(fresh.owner) as connection:
        connection.execute("set role gateway_owner")
        assert connection.execute("select count(*) from child").fetchall() == [(0,)]
