"""A drop is a decision of a person: an event of the service that will not act, told to everybody."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis import parking
from services.chassis.dropping import ParkedMessage, drop
from services.chassis.errors import Refused
from services.chassis.log import Unreadable
from services.chassis.parking import Parked
from services.chassis.publication import Publication
from services.contracts.envelope import MessageDropped, is_known_otherwise, read_body
from tests.chassis.things import NOON, Things, publish, somebody
from tests.fixtures.postgres import FreshDatabase


@pytest.fixture
def connection(store_database: FreshDatabase) -> Iterator[psycopg.Connection]:
    """A connection of whoever decides."""
    with psycopg.connect(store_database.app, autocommit=True) as connection:
        yield connection


@pytest.fixture
def parked(connection: psycopg.Connection) -> Parked:
    """A record that can't be read, parked by the service of things."""
    record = Unreadable(tracking="cases/2", key=uuid4(), id=uuid4(), offset=17, raw=b"\xff")
    parking.park(connection, reader="things", record=record, error=parking.UNREADABLE, at=NOON)
    return found(connection, record.id)


def found(connection: psycopg.Connection, id: UUID) -> Parked:  # noqa: A002
    (row,) = parking.find_parked(connection, of=id)
    return row


def test_it_is_told_under_the_services_own_name(connection: psycopg.Connection, parked: Parked, things: Things) -> None:
    caused = somebody()

    drop(connection, parked, why=" a test record of the vendor ", caused=caused)

    (envelope,) = Publication(producer="things", application=things, publish=publish).read(after=0, limit=10)
    assert (envelope.type, envelope.actor) == ("things.message-dropped.v1", caused.actor)
    assert (envelope.command_id, envelope.recorded_at) == (caused.command_id, NOON)
    assert not is_known_otherwise(envelope.type)
    assert read_body(envelope) == MessageDropped(
        message_id=parked.id,
        producer="cases",
        type="",
        place=17,
        error="Unreadable",
        why="a test record of the vendor",
    )


def test_it_is_read_back_as_every_other_event(connection: psycopg.Connection, parked: Parked, things: Things) -> None:
    drop(connection, parked, why="of no use", caused=somebody())

    (row,) = things.recorder_of_commands.follow(0, 10)
    dropped = things.get(ParkedMessage, row.event.originator_id)
    assert (dropped.message_id, dropped.place, dropped.why) == (parked.id, 17, "of no use")


def test_it_is_kept_with_who_and_why(connection: psycopg.Connection, parked: Parked) -> None:
    drop(connection, parked, why="of no use", caused=somebody())

    row = found(connection, parked.id)
    assert (row.state, row.decided_at, row.decided_by, row.why) == ("dropped", NOON, "officer-1", "of no use")


def test_it_is_made_once(connection: psycopg.Connection, parked: Parked, things: Things) -> None:
    drop(connection, parked, why="of no use", caused=somebody())

    with pytest.raises(Refused, match="waits no longer"):
        drop(connection, parked, why="again", caused=somebody())

    assert things.position() == 1
    assert found(connection, parked.id).why == "of no use"


def test_it_needs_a_reason(connection: psycopg.Connection, parked: Parked, things: Things) -> None:
    with pytest.raises(Refused, match="say why"):
        drop(connection, parked, why="  ", caused=somebody())

    assert (things.position(), found(connection, parked.id).state) == (0, "parked")


def test_it_is_not_told_where_it_could_not_be_made(
    connection: psycopg.Connection, parked: Parked, things: Things
) -> None:
    parking.handled(connection, reader="things", id=parked.id, at=NOON)  # as a message that caused nothing

    with pytest.raises(Refused, match="waits no longer"):
        drop(connection, parked, why="of no use", caused=somebody())

    assert things.position() == 0
