"""A read side in memory is fed everything its own service has recorded, once and in order, and nothing in the clear."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from services.chassis.mapper import SealingMapper
from services.chassis.own_events import OwnEvents
from services.chassis.sealing import is_sealed
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from tests.chassis.things import Thing, Things, acted


def tell(things: Things, *words: str) -> None:
    with acted():
        thing = Thing.begin(owner_id=uuid4(), name="燕归来")
        for word in words:
            thing.tell(word)
        things.record(thing)


def words_of(seen: list[object]) -> list[str]:
    return [event.words for event in seen if isinstance(event, Thing.Told)]


def test_what_was_recorded_is_applied_once_and_in_order(
    things: Things, open_recorder: Callable[..., Recorder], vault: Vault
) -> None:
    seen: list[object] = []
    own = OwnEvents(application=things, apply=seen.append)
    tell(things, "one", "two")
    own.catch_up()
    tell(Things(recorder=open_recorder(), mapper=SealingMapper(vault=vault)), "three")
    own.catch_up()
    own.catch_up()

    assert words_of(seen) == ["one", "two", "three"]
    assert len(seen) == things.position() == 5


def test_personal_fields_stay_sealed(things: Things) -> None:
    seen: list[object] = []
    tell(things)

    OwnEvents(application=things, apply=seen.append).catch_up()

    (begun,) = seen
    assert isinstance(begun, Thing.Begun)
    assert is_sealed(begun.name)


def test_many_threads_that_catch_up_apply_nothing_twice(things: Things) -> None:
    seen: list[object] = []
    own = OwnEvents(application=things, apply=seen.append)
    tell(things, *map(str, range(200)))

    with ThreadPoolExecutor(4) as threads:
        for caught_up in [threads.submit(own.catch_up) for _ in range(8)]:
            caught_up.result()

    assert words_of(seen) == [str(number) for number in range(200)]


def test_what_could_not_be_applied_is_applied_the_next_time(things: Things) -> None:
    seen: list[object] = []

    def apply(event: object) -> None:
        seen.append(event)
        if len(seen) == 2:
            raise MemoryError

    own = OwnEvents(application=things, apply=apply)
    tell(things, "one", "two")
    with pytest.raises(MemoryError):
        own.catch_up()
    own.catch_up()

    assert words_of(seen) == ["one", "one", "two"]
