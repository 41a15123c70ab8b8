"""What is stored is plain JSON with the personal fields sealed, and what was ever stored can be read."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from services.chassis.aggregate import RecordedAggregate
from services.chassis.application import fold
from services.chassis.errors import Refused
from services.chassis.mapper import SealingMapper, StoredByALaterVersion
from services.chassis.sealing import SealBroken, is_sealed
from services.chassis.store import RecordedEvent
from services.chassis.vault import ERASED, KeyLost, Vault
from tests.chassis.things import NOON, Thing, Things, acted, somebody
from tests.fixtures.postgres import FreshDatabase

CANARY = "燕归来 13800000000 canary"


@pytest.fixture
def mapper(vault: Vault) -> SealingMapper:
    return SealingMapper(vault=vault)


def a_thing(*, name: str = CANARY, owner_id: UUID | None = None) -> Thing:
    """A thing with a history of every event there is."""
    with acted():
        thing = Thing.begin(owner_id=owner_id or uuid4(), name=name)
        thing.tell("in plain words 明文")
        thing.hide()
        thing.measure(centimetres=250, by="officer-1")
    return thing


def stored(mapper: SealingMapper, thing: Thing) -> list[RecordedEvent]:
    return [mapper.to_stored_event(event) for event in thing.pending_events]


def folded(mapper: SealingMapper, events: list[RecordedEvent]) -> RecordedAggregate | None:
    history: list[Any] = [mapper.to_domain_event(event) for event in events]
    return fold(None, history)


def an_old_measurement(state: str) -> RecordedEvent:
    """A measurement as an earlier version has stored it."""
    return RecordedEvent(uuid4(), 2, "things.Thing.Measured", state.encode(), somebody(), NOON)


def test_an_event_is_read_back_as_it_happened(mapper: SealingMapper) -> None:
    thing = a_thing()

    read = [mapper.to_domain_event(event) for event in stored(mapper, thing)]

    assert read == list(thing.pending_events)


def test_the_same_history_folds_to_the_same_aggregate(mapper: SealingMapper) -> None:
    thing = a_thing()

    again = folded(mapper, stored(mapper, thing))

    assert isinstance(again, Thing)
    assert (again.name, again.told, again.centimetres) == (CANARY, ["in plain words 明文"], 250)
    assert again.version == thing.version
    assert again.modified_on == NOON


def test_the_state_is_plain_json_and_who_and_when_stand_beside_it(mapper: SealingMapper) -> None:
    thing = a_thing()
    begun, told, hidden, measured = stored(mapper, thing)

    state = msgspec.json.decode(begun.state)
    assert state.keys() == {"originator_topic", "owner_id", "name"}
    assert state["owner_id"] == str(thing.owner_id)
    assert is_sealed(state["name"])
    assert msgspec.json.decode(told.state) == {"words": "in plain words 明文"}
    assert hidden.state == b"{}"
    assert msgspec.json.decode(measured.state) == {"centimetres": 250, "by": "officer-1", "v": 3}
    assert (told.topic, told.originator_version, told.recorded_at) == ("things.Thing.Told", 2, NOON)
    assert told.caused.actor == "officer-1"


def test_nothing_personal_reaches_the_store_in_the_clear(things: Things, store_database: FreshDatabase) -> None:
    with acted():
        thing_id = things.begin_thing(owner_id=uuid4(), name=CANARY).id
        things.tell_thing(thing_id=thing_id, words="plain")

    with psycopg.connect(store_database.owner) as connection:
        states = connection.execute("select string_agg(state, '\\x0a') from events").fetchall()[0][0]
        everything = str(connection.execute("select e::text from events e").fetchall())

    assert b"plain" in states
    for word in CANARY.split():
        assert word.encode() not in states
        assert word.encode().hex() not in everything
        assert word not in everything


def test_an_erased_persons_fields_read_erased_and_the_rest_stays(mapper: SealingMapper, vault: Vault) -> None:
    thing = a_thing()
    events = stored(mapper, thing)

    vault.shred(thing.owner_id, reason="erasure 2026-7")
    again = folded(mapper, events)

    assert isinstance(again, Thing)
    assert (again.name, again.told) == (ERASED, ["in plain words 明文"])


def test_nothing_more_is_written_about_an_erased_person(things: Things, vault: Vault) -> None:
    owner_id = uuid4()
    vault.shred(owner_id, reason="erasure 2026-7")

    with acted(), pytest.raises(Refused, match="erased"):
        things.begin_thing(owner_id=owner_id, name=CANARY)
    assert things.position() == 0


def test_a_publisher_reads_the_personal_fields_sealed(mapper: SealingMapper) -> None:
    begun, *_ = stored(mapper, a_thing())

    event = mapper.to_sealed_event(begun)

    assert isinstance(event, Thing.Begun)
    assert event.name == msgspec.json.decode(begun.state)["name"]
    assert event.originator_id == begun.originator_id


@pytest.mark.parametrize(
    ("state", "centimetres", "by"),
    [
        ('{"metres": 3}', 300, "unknown"),
        ('{"centimetres": 310, "v": 2}', 310, "unknown"),
        ('{"centimetres": 320, "by": "officer-2", "v": 3}', 320, "officer-2"),
        ('{"centimetres": 330, "by": "officer-2", "v": 3, "left out since": 1}', 330, "officer-2"),
    ],
)
def test_a_stored_event_of_an_earlier_version_reads_as_one_of_today(
    mapper: SealingMapper, state: str, centimetres: int, by: str
) -> None:
    event = mapper.to_domain_event(an_old_measurement(state))

    assert isinstance(event, Thing.Measured)
    assert (event.centimetres, event.by) == (centimetres, by)


def test_a_stored_event_of_a_later_version_is_not_guessed_at(mapper: SealingMapper) -> None:
    later = an_old_measurement('{"centimetres": 1, "by": "officer-2", "v": 4}')

    with pytest.raises(StoredByALaterVersion, match="version 4"):
        mapper.to_domain_event(later)
    with pytest.raises(StoredByALaterVersion, match="version 2"):
        mapper.to_sealed_event(replace(later, topic="things.Thing.Told", state=b'{"words": "", "tone": "", "v": 2}'))


def test_a_field_that_was_never_stored_is_an_error_and_not_a_guess(mapper: SealingMapper) -> None:
    with pytest.raises(msgspec.ValidationError, match="words"):
        mapper.to_domain_event(replace(an_old_measurement("{}"), topic="things.Thing.Told"))


def test_a_token_moved_to_another_event_is_not_read(mapper: SealingMapper) -> None:
    owner_id = uuid4()
    mine, theirs = (stored(mapper, a_thing(name=name, owner_id=owner_id))[0] for name in ("mine", "theirs"))

    with pytest.raises(SealBroken):
        mapper.to_domain_event(replace(mine, state=theirs.state))


def test_a_token_of_another_field_is_not_read(mapper: SealingMapper, vault: Vault) -> None:
    thing = a_thing()
    begun = stored(mapper, thing)[0]
    token = vault.seal(
        "a nickname",
        subject=thing.owner_id,
        aggregate_id=thing.id,
        version=1,
        stored_topic=begun.topic,
        field="nickname",
    )
    state = msgspec.json.decode(begun.state) | {"name": token}

    with pytest.raises(SealBroken, match="another field"):
        mapper.to_domain_event(replace(begun, state=msgspec.json.encode(state)))


def test_a_lost_key_is_never_taken_for_an_erasure(mapper: SealingMapper) -> None:
    begun = stored(mapper, a_thing())[0]
    text = msgspec.json.decode(begun.state)["name"]
    form, version, subject, *rest = text.split(":")
    state = msgspec.json.decode(begun.state) | {"name": ":".join([form, version, uuid4().hex, *rest])}

    with pytest.raises(KeyLost):
        mapper.to_domain_event(replace(begun, state=msgspec.json.encode(state)))

    assert subject


class Parcel(RecordedAggregate):
    """Something whose event has gained a field since it was first stored."""

    TOPIC = "tests.Parcel"

    class Arrived(RecordedAggregate.Event):
        TOPIC = "tests.Parcel.Arrived"
        place: str
        told_by: str = "nobody"


def test_a_field_that_was_added_with_a_default_is_read_from_what_was_stored_before(mapper: SealingMapper) -> None:
    before = RecordedEvent(uuid4(), 2, "tests.Parcel.Arrived", b'{"place":"here"}', somebody(), NOON)
    since = RecordedEvent(uuid4(), 2, "tests.Parcel.Arrived", b'{"place":"here","told_by":"a clerk"}', somebody(), NOON)

    read = [mapper.to_domain_event(event) for event in (before, since)]

    assert [event.told_by for event in read] == ["nobody", "a clerk"]  # type: ignore[attr-defined]


def test_a_field_without_a_default_is_asked_for(mapper: SealingMapper) -> None:
    without = RecordedEvent(uuid4(), 2, "tests.Parcel.Arrived", b'{"told_by":"a clerk"}', somebody(), NOON)

    with pytest.raises(msgspec.ValidationError, match="place"):
        mapper.to_domain_event(without)
