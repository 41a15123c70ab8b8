"""Whatever was ever stored can be read and folded by the program of today."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from eventsourcing.utils import get_topic, resolve_topic

from services.chassis.aggregate import RecordedAggregate
from services.chassis.application import fold
from services.chassis.key_store import migrate
from services.chassis.keyring import KeyRing
from services.chassis.mapper import SealingMapper, shape_of
from services.chassis.sealing import is_sealed
from services.chassis.vault import ERASED, Vault
from tests.architecture.test_topics import aggregates, events
from tests.fixtures.postgres import FreshDatabase
from tests.histories.stored import StoredEvent, histories, put_keys, read_history, read_keys

each_history = pytest.mark.parametrize("path", histories(), ids=lambda path: f"{path.parts[-3]}/{path.stem}")


@pytest.fixture(scope="module")
def vault(module_database: Callable[..., FreshDatabase]) -> Iterator[Vault]:
    """A vault with the keys of the histories; nobody shreds in it."""
    database = module_database("vault", migrate=migrate)
    kek, keys = read_keys()
    with psycopg.connect(database.owner) as connection:
        put_keys(connection, keys)
    with closing(Vault(dsn=database.app, ring=KeyRing.single(kek))) as vault:
        yield vault


@pytest.fixture(scope="module")
def mapper(vault: Vault) -> SealingMapper:
    return SealingMapper(vault=vault)


def by_aggregate(path: Path) -> dict[UUID, list[StoredEvent]]:
    """A history's events, each aggregate's for itself."""
    found: dict[UUID, list[StoredEvent]] = defaultdict(list)
    for event in read_history(path):
        found[event.originator_id].append(event)
    return found


def known_topics() -> set[str]:
    return {get_topic(event) for aggregate in aggregates() for event in events(aggregate)}


def test_every_event_of_every_service_stands_in_a_history() -> None:
    told = {event.topic for path in histories() for event in read_history(path)}

    assert known_topics() - told == set(), "tell it in the service's lives and write the history: tests.histories.write"


@each_history
def test_a_history_folds_to_the_aggregates_it_tells_of(path: Path, mapper: SealingMapper) -> None:
    assert known_topics()
    for aggregate_id, history in by_aggregate(path).items():
        events_of_today: list[Any] = [mapper.to_sealed_event(event.recorded()) for event in history]
        aggregate = fold(None, events_of_today)

        assert isinstance(aggregate, RecordedAggregate)
        assert aggregate.id == aggregate_id
        assert [event.version for event in history] == list(range(1, aggregate.version + 1))
        assert history[0].topic.startswith(f"{get_topic(type(aggregate))}.")
        assert aggregate.modified_on == history[-1].recorded_at


@each_history
def test_nothing_that_was_stored_is_passed_over(path: Path) -> None:
    """A field may only go by a new version of its event, whose upcast says what became of it."""
    for event in read_history(path):
        shape = shape_of(resolve_topic(event.topic))
        if shape.class_version == 1:
            assert event.state.keys() <= set(shape.fields), event.topic


@each_history
def test_what_was_sealed_still_opens(path: Path, mapper: SealingMapper) -> None:
    for event in read_history(path):
        if event.is_sealed:
            opened = vars(mapper.to_domain_event(event.recorded()))
            for name in shape_of(resolve_topic(event.topic)).personal:
                assert opened[name] != ERASED
                assert not is_sealed(opened[name])


@each_history
def test_an_entry_of_a_log_says_nothing_in_the_clear_that_is_sealed_in_it(path: Path, mapper: SealingMapper) -> None:
    """Entries are events as they are stored, and leave the county in bundles and in the copy that a supervising body keeps."""
    for event in read_history(path):
        if event.is_sealed:
            personal = shape_of(resolve_topic(event.topic)).personal
            opened = vars(mapper.to_domain_event(event.recorded()))
            clear = msgspec.json.encode({name: value for name, value in event.state.items() if name not in personal})
            for name in personal:
                assert not opened[name] or opened[name] != event.state[name], event.topic
                assert not opened[name] or str(opened[name]).encode() not in clear, event.topic


def test_a_child_that_was_sealed_years_ago_is_who_it_was(mapper: SealingMapper) -> None:
    (path,) = [path for path in histories() if path.stem == "a-child-lost-and-found"]
    (history,) = [events for events in by_aggregate(path).values() if events[0].topic == "roster.Child.Registered"]
    assert sum(event.is_sealed for event in history) == 2

    begun, *_, last = [vars(mapper.to_domain_event(event.recorded())) for event in history if event.is_sealed]

    assert (begun["name"], begun["birth_date"], begun["guardian_name"]) == ("燕归来", "2015-06-07", "燕青")
    assert (last["id_number"], last["guardian_name"]) == ("41032620150607059X", "")
