"""The relay carries everything that is recorded, in order, at least once, and knows its place after any crash."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from threading import Event
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaAdminClient

from services.chassis.aggregate import acting
from services.chassis.clock import Clock, SteppedClock
from services.chassis.errors import Refused
from services.chassis.inbox import Inbox
from services.chassis.log import Lag, LogUnavailable
from services.chassis.log_kafka import Cluster, KafkaLog, KafkaSender, Topic, create_topics
from services.chassis.mapper import SealingMapper
from services.chassis.publication import Publication
from services.chassis.relay import BATCH, Relay, Sender, republish
from services.chassis.store import Recorder
from services.chassis.telemetry import Telemetry
from services.chassis.vault import Vault
from services.contracts.envelope import Envelope, Published
from tests.chassis.things import NOON, Thing, Things, ThingTold, acted, publish, somebody
from tests.contracts.log import heard
from tests.fixtures.kafka import NewTopic
from tests.fixtures.otlp import Collector
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


class Away(Noted):
    """A sender whose log is away until it is told otherwise."""

    away = True

    def send(self, envelopes: Sequence[Envelope]) -> None:
        if self.away:
            raise LogUnavailable("the topic did not take events: NoBrokersAvailable")
        super().send(envelopes)


class Stuck(Noted):
    """A sender that gets no answer until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = Event()

    def send(self, envelopes: Sequence[Envelope]) -> None:
        assert self.goes_on.wait(20)
        super().send(envelopes)


@pytest.fixture
def publication(things: Things) -> Publication:
    return Publication(producer="things", application=things, publish=publish)


@pytest.fixture
def start_relay(publication: Publication, places: FreshDatabase) -> Iterator[StartRelay]:
    """Starts relays of things, as so many processes would; all are stopped at the end."""
    with ExitStack() as stack:

        def start(sender: Sender, *, place: str = "a topic", clock: Clock | None = None) -> Relay:
            relay = Relay(publication=publication, sender=sender, dsn=places.app, place=place, clock=clock)
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

    eventually(lambda: relay.position() == 5)

    assert sender.sent == [1, 2, 3, 4, 5]
    assert place(places) == 5
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


def test_an_append_of_whatever_process_wakes_it(places: FreshDatabase, vault: Vault) -> None:
    """It would not look by itself for a minute."""
    sender = Noted()
    with closing(Recorder(dsn=places.app)) as reading, closing(Recorder(dsn=places.app)) as elsewhere:
        publication = Publication(
            producer="things",
            application=Things(recorder=reading, mapper=SealingMapper(vault=vault)),
            publish=publish,
        )
        relay = Relay(publication=publication, sender=sender, dsn=places.app, place="a topic", look_again_s=60)
        relay.start()
        try:
            eventually(lambda: relay.health() == "ok")
            tell(Things(recorder=elsewhere, mapper=SealingMapper(vault=vault)), "one")
            eventually(lambda: sender.sent == [1, 2])
        finally:
            relay.stop()


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


def test_while_the_log_is_away_the_lag_grows_and_then_it_is_gone(things: Things, start_relay: StartRelay) -> None:
    clock = SteppedClock(NOON)
    sender = Away()
    relay = start_relay(sender, clock=clock)
    tell(things, "one")
    eventually(lambda: relay.lag() == Lag(0.0, 2))

    clock.step(timedelta(minutes=10))
    assert relay.lag() == Lag(600.0, 2)
    tell(things, "two", "three")
    eventually(lambda: relay.lag() == Lag(600.0, 5))

    sender.away = False
    eventually(lambda: relay.lag() == Lag(0.0, 0))
    assert sender.sent == [1, 2, 3, 4, 5]


def test_of_more_than_a_batch_it_knows_only_how_old_the_oldest_is(things: Things, start_relay: StartRelay) -> None:
    sender = Away()
    relay = start_relay(sender, clock=SteppedClock(NOON + timedelta(minutes=1)))
    tell(things, *("word",) * BATCH)

    eventually(lambda: relay.lag() == Lag(60.0, None))

    sender.away = False
    eventually(lambda: relay.lag() == Lag(0.0, 0))


def test_whoever_stands_by_leaves_the_lag_to_who_works(things: Things, start_relay: StartRelay) -> None:
    stuck = Stuck()
    working = start_relay(stuck, clock=SteppedClock(NOON + timedelta(minutes=1)))
    tell(things, "one")
    eventually(lambda: working.lag() == Lag(60.0, 2))

    idle = start_relay(Noted())

    try:
        eventually(lambda: idle.health() == "standing by")
        assert idle.lag() == Lag(0.0, 0)
    finally:
        stuck.goes_on.set()


def test_sending_is_seen_in_the_trace_of_what_caused_the_event(
    things: Things, start_relay: StartRelay, otlp: Collector, telemetry: Telemetry
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    caused = replace(somebody(), trace=f"00-{trace}-b7ad6b7169203331-01")
    with acting(caused):
        things.record(Thing.begin(owner_id=uuid4(), name="a thing"))

    start_relay(Noted())

    seen = otlp.wait_for_span(name="relay things")
    assert (seen.trace_id, seen.parent_id) == (trace, "b7ad6b7169203331")
    assert dict(seen.attributes) == {"events": 1, "position": 1}


def test_what_was_told_can_be_told_again_into_a_new_topic(
    kafka: Cluster, new_topic: NewTopic, things: Things, publication: Publication, places: FreshDatabase
) -> None:
    for _ in range(4):
        tell(things, *("word",) * 400)
    anew = new_topic("things")
    passed: list[int] = []

    reached = republish(publication=publication, cluster=kafka, topic=anew, dsn=places.app, progress=passed.append)
    again = republish(publication=publication, cluster=kafka, topic=anew, dsn=places.app, progress=passed.append)

    assert (reached, again, passed) == (1604, 1604, [1000, 1604])
    assert place(places, anew.name) == 1604
    log = KafkaLog(cluster=kafka, topics=[anew], groups=anew.name)
    with closing(log.subscribe(reader="reader", producers=("things",))) as subscription:
        told = {("things", position) for position in range(1, 1605)}
        assert len(heard(subscription, told, limit=1000)) == 1604


def test_telling_again_goes_on_where_it_was_cut_short(
    kafka: Cluster, new_topic: NewTopic, things: Things, publication: Publication, places: FreshDatabase
) -> None:
    tell(things, *("word",) * 1200)
    anew = new_topic("things")

    def cut_short(_position: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        republish(publication=publication, cluster=kafka, topic=anew, dsn=places.app, progress=cut_short)
    passed: list[int] = []
    republish(publication=publication, cluster=kafka, topic=anew, dsn=places.app, progress=passed.append)

    assert passed == [1201]


def test_while_a_relay_fills_the_topic_nobody_else_does(
    kafka: Cluster, new_topic: NewTopic, start_relay: StartRelay, publication: Publication, places: FreshDatabase
) -> None:
    anew = new_topic("things")
    relay = start_relay(Noted(), place=anew.name)
    eventually(lambda: relay.health() == "ok")

    with pytest.raises(Refused, match="done when its lag is 0"):
        republish(publication=publication, cluster=kafka, topic=anew, dsn=places.app, progress=lambda _: None)


def test_a_topic_that_was_made_anew_is_not_filled_from_where_the_old_one_was(
    kafka: Cluster, new_topic: NewTopic, things: Things, start_relay: StartRelay
) -> None:
    """On it, what comes now would look like everything there is."""
    topic = new_topic("things")
    relay = start_relay(KafkaSender(cluster=kafka, topic=topic), place=topic.name)
    tell(things, "one", "two")
    eventually(lambda: relay.position() == 3)
    relay.stop()
    make_anew(kafka, topic)

    later = start_relay(KafkaSender(cluster=kafka, topic=topic), place=topic.name)
    tell(things, "three")

    eventually(lambda: "publish again, into a new generation" in later.health(), within=20)
    assert later.position() == 3


def test_a_topic_that_was_made_anew_under_a_working_relay_is_noticed(
    kafka: Cluster, new_topic: NewTopic, things: Things, start_relay: StartRelay
) -> None:
    topic = new_topic("things", partitions=1)
    relay = start_relay(KafkaSender(cluster=kafka, topic=topic), place=topic.name)
    tell(things, "one", "two")
    eventually(lambda: relay.position() == 3)
    make_anew(kafka, topic)

    tell(things, "three")

    eventually(lambda: "publish again, into a new generation" in relay.health(), within=20)
    assert relay.position() == 3


def make_anew(kafka: Cluster, topic: Topic) -> None:
    """Deletes a topic and makes one of the same name."""
    with KafkaAdminClient(**kafka.settings()) as admin:
        admin.delete_topics([topic.name])
        eventually(lambda: topic.name not in admin.list_topics())
    create_topics(kafka, [topic], replicas=1)


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
