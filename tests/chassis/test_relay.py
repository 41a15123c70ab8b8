"""The relay carries everything that is recorded, in order, at least once, and knows its place after any crash."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from uuid import uuid4

import psycopg
import pytest

from services.chassis.clock import SteppedClock
from services.chassis.inbox import Inbox
from services.chassis.log import LogUnavailable
from services.chassis.log_kafka import Cluster, KafkaLog, KafkaSender, Topic
from services.chassis.mapper import SealingMapper
from services.chassis.publication import Publication
from services.chassis.relay import Relay, Sender
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.contracts.envelope import Envelope, Published
from tests.chassis.things import NOON, Thing, Things, ThingTold, acted, publish
from tests.fixtures.kafka import NewTopic
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually, migrate_store

StartRelay = Callable[..., Relay]


class Noted:
    """A sender that notes what it was given and does then as it is told: fail, or hand it on."""

    def __init__(self, *, onward: Sender | None = None) -> None:
        self.sent: list[int] = []
        self.failing: Exception | None = None
        self._onward = onward

    def send(self, envelopes: Sequence[Envelope]) -> None:
        if self._onward is not None:
            self._onward.send(envelopes)
        self.sent += [envelope.position for envelope in envelopes]
        if self.failing is not None:
            failing, self.failing = self.failing, None
            raise failing

    def close(self) -> None:
        if self._onward is not None:
            self._onward.close()


@pytest.fixture
def publication(things: Things) -> Publication:
    return Publication(producer="things", application=things, publish=publish)


@pytest.fixture
def start_relay(publication: Publication, places: FreshDatabase) -> Iterator[StartRelay]:
    """Starts relays of things, as so many processes would; all are stopped at the end."""
    with ExitStack() as stack:

        def start(sender: Sender, *, place: str = "a topic") -> Relay:
            relay = Relay(publication=publication, sender=sender, dsn=places.app, place=place)
            stack.callback(relay.stop)
            relay.start()
            return relay

        yield start


def tell(things: Things, *words: str) -> None:
    """Things says this of a new thing."""
    with acted():
        thing = Thing.begin(owner_id=uuid4(), name="a thing")
        for word in words:
            thing.tell(word)
        things.record(thing)


def place(places: FreshDatabase, name: str = "a topic") -> int:
    with psycopg.connect(places.app) as connection:
        rows = connection.execute("select position from relay_place where name = %s", [name]).fetchall()
        return rows[0][0] if rows else -1


def test_everything_recorded_is_sent_once_and_in_order(
    things: Things, places: FreshDatabase, start_relay: StartRelay
) -> None:
    tell(things, "one")
    sender = Noted()
    relay = start_relay(sender)
    tell(things, "two", "three")

    eventually(lambda: place(places) == 5)

    assert sender.sent == [1, 2, 3, 4, 5]
    assert relay.position() == 5
    assert relay.health() == "ok"


def test_what_another_process_recorded_is_found_too(
    things: Things, open_recorder: Callable[..., Recorder], vault: Vault, start_relay: StartRelay
) -> None:
    """No bell rings for it."""
    sender = Noted()
    start_relay(sender)
    elsewhere = Things(recorder=open_recorder(), mapper=SealingMapper(vault=vault))
    tell(elsewhere, "one")

    eventually(lambda: sender.sent == [1, 2])


def test_after_a_stop_it_goes_on_where_it_was(things: Things, start_relay: StartRelay) -> None:
    first, second = Noted(), Noted()
    tell(things, "one")
    relay = start_relay(first)
    eventually(lambda: relay.position() == 2)
    relay.stop()
    tell(things, "two")

    start_relay(second)

    eventually(lambda: second.sent == [3, 4])
    assert first.sent == [1, 2]
    assert relay.health() == "stopped"


def test_what_was_sent_and_not_written_down_is_sent_again(things: Things, start_relay: StartRelay) -> None:
    sender = Noted()
    sender.failing = RuntimeError("the process dies between sending and writing down")
    tell(things, "one", "two")
    relay = start_relay(sender)

    eventually(lambda: relay.position() == 3)

    assert sender.sent == [1, 2, 3, 1, 2, 3]


def test_while_the_log_is_away_it_waits_and_says_so(things: Things, start_relay: StartRelay) -> None:
    class Away(Noted):
        away = True

        def send(self, envelopes: Sequence[Envelope]) -> None:
            if self.away:
                raise LogUnavailable("the topic did not take events: NoBrokersAvailable")
            super().send(envelopes)

    sender = Away()
    relay = start_relay(sender)
    tell(things, "one")
    eventually(lambda: relay.health() == "waiting: the topic did not take events: NoBrokersAvailable")

    sender.away = False

    eventually(lambda: relay.health() == "ok")
    assert sender.sent == [1, 2]


def test_an_event_that_cant_be_published_holds_up_what_comes_after_it(things: Things, places: FreshDatabase) -> None:
    def choke(event: object) -> Published | None:
        match event:
            case Thing.Told(words=words):
                raise LookupError(words)
            case _:
                return publish(event)

    sender = Noted()
    publication = Publication(producer="things", application=things, publish=choke)
    relay = Relay(publication=publication, sender=sender, dsn=places.app, place="a topic")
    tell(things, "one")
    relay.start()
    try:
        eventually(lambda: relay.health() == "waiting: LookupError")
        assert sender.sent == []
    finally:
        relay.stop()


def test_of_two_relays_one_works_and_the_other_takes_over(things: Things, start_relay: StartRelay) -> None:
    working, idle = Noted(), Noted()
    first = start_relay(working)
    eventually(lambda: first.health() == "ok")
    second = start_relay(idle)
    eventually(lambda: second.health() == "standing by")
    tell(things, "one", "two")
    eventually(lambda: first.position() == 3)
    assert idle.sent == []

    first.stop()
    tell(things, "three")

    eventually(lambda: second.position() == 5)
    assert (working.sent, idle.sent) == ([1, 2, 3], [4, 5])
    assert second.health() == "ok"


def test_a_lost_connection_to_the_database_is_made_anew(
    things: Things, places: FreshDatabase, start_relay: StartRelay
) -> None:
    sender = Noted()
    relay = start_relay(sender)
    eventually(lambda: relay.health() == "ok")
    with psycopg.connect(places.superuser) as connection:
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
        connection.execute(ended, [places.name])
    tell(things, "one")

    eventually(lambda: place(places) == 2)

    assert set(sender.sent) == {1, 2}


def test_a_new_place_begins_at_the_beginning(things: Things, start_relay: StartRelay) -> None:
    tell(things, "one", "two")
    old, new = Noted(), Noted()
    first = start_relay(old, place="generation 1")
    eventually(lambda: first.position() == 3)

    second = start_relay(new, place="generation 2")

    eventually(lambda: second.position() == 3)
    assert new.sent == [1, 2, 3]
    assert (first.health(), second.health()) == ("ok", "ok")


def test_what_reaches_kafka_twice_has_its_effect_once(  # all of them stand for one way of an event
    kafka: Cluster,
    new_topic: NewTopic,
    things: Things,
    vault: Vault,
    database: Callable[..., FreshDatabase],
    start_relay: StartRelay,
) -> None:
    topic: Topic = new_topic("things")
    sender = Noted(onward=KafkaSender(cluster=kafka, topic=topic))
    sender.failing = RuntimeError("the process dies between sending and writing down")
    relay = start_relay(sender)
    with closing(Recorder(dsn=database("roster", migrate=migrate_store).app)) as recorder:
        listener = Things(recorder=recorder, mapper=SealingMapper(vault=vault))

        def note(envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold):
                listener.begin_thing(owner_id=uuid4(), name=event.words)

        inbox = Inbox(
            service="listener",
            log=KafkaLog(cluster=kafka, topics=[topic], groups=topic.name),
            producers=("things",),
            application=listener,
            react=note,
            clock=SteppedClock(NOON),
        )
        inbox.start()
        try:
            for _ in range(5):
                tell(things, "one", "two")
            eventually(lambda: relay.position() == things.position())
            eventually(lambda: listener.position() >= 10, within=20)
            tell(things, "the last")
            eventually(lambda: "the last" in noted(listener), within=20)
        finally:
            inbox.stop()

        assert len(sender.sent) > len(set(sender.sent))
        assert sorted(noted(listener)) == ["one"] * 5 + ["the last"] + ["two"] * 5
        assert inbox.health() == "ok"


def noted(listener: Things) -> list[str]:
    """What the listener has noted."""
    recorder = listener.recorder_of_commands
    return [listener.get(Thing, told.event.originator_id).name for told in recorder.follow(0, 1_000)]
