"""Columns are what the driver would have made of the same lists, whatever stands in them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.arrays import BYTEA, INT4, INT8, TEXT, TIMESTAMPTZ, UUIDS, Kind, column
from tests.fixtures.postgres import FreshDatabase

IN_CHINA = timezone(timedelta(hours=8))
VALUES: dict[str, tuple[Kind, st.SearchStrategy[Any]]] = {
    "int4": (INT4, st.integers(-(2**31), 2**31 - 1)),
    "int8": (INT8, st.integers(-(2**63), 2**63 - 1)),
    "text": (TEXT, st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"))),
    "bytea": (BYTEA, st.binary()),
    "uuid": (UUIDS, st.uuids()),
    "timestamptz": (
        TIMESTAMPTZ,
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, IN_CHINA])),  # noqa: DTZ001
    ),
}


@pytest.fixture
def connection(store_database: FreshDatabase) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(store_database.app) as connected:
        yield connected


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_column_is_read_by_the_server_as_it_was_written(
    connection: psycopg.Connection[tuple[Any, ...]], name: str, data: st.DataObject
) -> None:
    kind, values = VALUES[name]
    told = data.draw(st.lists(st.none() | values, max_size=5))

    [(read, is_its_type)] = connection.execute(
        "select c, pg_typeof(c) = %s::regtype from (select %b as c) c", [f"{name}[]", column(kind, told)], binary=True
    ).fetchall()

    assert (read, is_its_type) == (told, True)
