"""The log over Kafka keeps every promise of the log, and says so where it can't."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from threading import Event, Thread
from threading import enumerate as threads
from typing import Self
from uuid import UUID, uuid4

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from deploy.kafka.broker import Brokers
from services.chassis.errors import Refused
from services.chassis.log import Behind, Log, LogIncomplete, LogUnavailable, Message, Record, Subscription, Unreadable
from services.chassis.log_kafka import (
    Cluster,
    KafkaLog,
    KafkaSender,
    Topic,
    create_topics,
)
from services.chassis.relay import Relay
from services.contracts.envelope import Envelope, event_id
from tests.chassis.things import NOON
from tests.contracts.log import SOON_S, LogContract, Producers, events, heard, place_of
from tests.fixtures.kafka import FORGETFUL, NewTopic, a_topic
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually

Subscribe = Callable[..., Subscription]
Send = Callable[..., None]


class TestKafkaLog(LogContract):
    @pytest.fixture
    def topics(self, new_topic: NewTopic) -> list[Topic]:
        return [new_topic("left"), new_topic("right")]

    @pytest.fixture
    def log(self, kafka: Cluster, topics: list[Topic], producers: Producers, places: FreshDatabase) -> Iterator[Log]:
        """What relays carry from the producers' stores."""
        with ExitStack() as stack:
            for producer, topic in zip(producers, topics, strict=True):
                sender = KafkaSender(cluster=kafka, topic=topic)
                relay = Relay(publication=producer.publication, sender=sender, dsn=places.app, place=topic.name)
                relay.start()
                stack.callback(relay.stop)
            yield KafkaLog(cluster=kafka, topics=topics, groups=topics[0].name)

    @pytest.fixture
    def subscribe(self, log: Log) -> Iterator[Subscribe]:
        """As the suite's own, but a reader's next subscription takes the place of its last: two would share the work."""
        with ExitStack() as stack:
            current: dict[str, Subscription] = {}

            def make(
                *, reader: str = "reader", of: Sequence[str] = ("left", "right"), after: dict[str, int] | None = None
            ) -> Subscription:
                if reader in current:
                    current[reader].close()
                current[reader] = stack.enter_context(closing(log.subscribe(reader=reader, producers=of)))
                current[reader].seek(after or {})
                return current[reader]

            yield make


@pytest.fixture
def topic(new_topic: NewTopic) -> Topic:
    """The topic of things, three partitions."""
    return new_topic("things")


@pytest.fixture
def send(kafka: Cluster, topic: Topic) -> Iterator[Send]:
    """Puts envelopes on the topic."""
    with closing(KafkaSender(cluster=kafka, topic=topic)) as sender:
        yield sender.send


@pytest.fixture
def subscribe(kafka: Cluster, topic: Topic) -> Iterator[Subscribe]:
    """Makes subscriptions to the topic, without a place unless they are given one; all are closed at the end."""
    with ExitStack() as stack:

        def make(*, reader: str = "reader", after: dict[str, int] | None = None) -> Subscription:
            log = KafkaLog(cluster=kafka, topics=[topic], groups=topic.name)
            subscription = stack.enter_context(closing(log.subscribe(reader=reader, producers=("things",))))
            if after is not None:
                subscription.seek(after)
            return subscription

        yield make


def an_envelope(position: int, *, of: UUID | None = None, words: str = "one") -> Envelope:
    """An event of things at this position, of this aggregate or of a new one."""
    aggregate_id = of or uuid4()
    return Envelope(
        id=event_id(aggregate_id, position),
        type="things.private.v1",
        producer="things",
        position=position,
        aggregate_id=aggregate_id,
        version=position,
        stored_topic="things.Thing.Told",
        recorded_at=NOON,
        actor="officer-1",
        department="education_bureau:410326",
        purpose="dropout_control",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=None,
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        body=msgspec.Raw(msgspec.json.encode({"words": words})),
    )


def envelopes(count: int, *, after: int = 0, aggregates: int = 7) -> list[Envelope]:
    """Events at positions in a row, of several aggregates in turn."""
    ids = [uuid4() for _ in range(aggregates)]
    return [an_envelope(after + number, of=ids[number % aggregates]) for number in range(1, count + 1)]


def places_of(sent: Sequence[Envelope]) -> set[tuple[str, int]]:
    return {(envelope.producer, envelope.position) for envelope in sent}


def reached(messages: Sequence[Message]) -> dict[str, int]:
    """Where a reader is that has seen these."""
    return {message.tracking: message.envelope.position for message in messages}


def test_an_aggregate_keeps_to_one_partition_and_its_order(send: Send, subscribe: Subscribe) -> None:
    sent = envelopes(600, aggregates=30)
    send(sent[:250])
    send(sent[250:])

    messages = heard(subscribe(), places_of(sent))

    homes = {(message.envelope.aggregate_id, message.tracking) for message in messages}
    assert len(homes) == 30
    assert {tracking for _, tracking in homes} == {"things/0", "things/1", "things/2"}
    for aggregate_id, _ in homes:
        mine = [message.envelope.position for message in messages if message.envelope.aggregate_id == aggregate_id]
        assert mine == sorted(mine)
    assert len(messages) == 600


def test_what_is_large_goes_in_several_pieces_and_stays_in_order(send: Send, subscribe: Subscribe) -> None:
    one = uuid4()
    sent = [an_envelope(position, of=one, words="保" * 30_000) for position in range(1, 21)]
    send(sent)

    messages = heard(subscribe(), places_of(sent))

    assert [message.envelope for message in messages] == sent


def test_an_event_too_large_for_the_log_is_not_passed_over(send: Send, subscribe: Subscribe) -> None:
    one = uuid4()
    first, second = an_envelope(1, of=one), an_envelope(2, of=one, words="x" * 1_100_000)

    with pytest.raises(LogUnavailable, match="MessageSizeTooLarge"):
        send([first, second, an_envelope(3, of=one)])

    assert heard(subscribe(), places_of([first]))[-1].envelope == first


def test_tools_on_the_way_can_read_type_actor_and_trace(kafka: Cluster, topic: Topic, send: Send) -> None:
    sent = an_envelope(1)
    send([sent])

    with closing(KafkaConsumer(topic.name, **kafka.settings(), auto_offset_reset="earliest")) as raw:
        (records,) = raw.poll(timeout_ms=SOON_S * 1000).values()

    assert dict(records[0].headers) == {
        "type": b"things.private.v1",
        "actor": b"officer-1",
        "traceparent": sent.trace.encode(),
    }
    assert records[0].key == sent.aggregate_id.bytes
    assert records[0].timestamp == int(NOON.timestamp() * 1000)


def test_a_reader_without_a_place_goes_on_where_its_group_committed(send: Send, subscribe: Subscribe) -> None:
    sent = envelopes(20)
    send(sent)
    first = subscribe()
    heard(first, places_of(sent))
    first.commit()
    first.close()
    later = envelopes(5, after=20)
    send(later)

    messages = heard(subscribe(), places_of(later))

    assert place_set(messages) == places_of(later)


def test_a_reader_may_go_back_without_leaving(send: Send, subscribe: Subscribe) -> None:
    sent = envelopes(20)
    send(sent)
    subscription = subscribe(after={})
    first = heard(subscription, places_of(sent))
    subscription.commit()

    subscription.seek(reached(first[:7]))

    assert place_set(heard(subscription, place_set(first[7:]))) == place_set(first[7:])


def test_a_stretch_that_was_sent_twice_is_heard_once(send: Send, subscribe: Subscribe) -> None:
    sent = envelopes(30)
    send(sent[:20])
    send(sent[10:])

    messages = heard(subscribe(), places_of(sent))

    assert sorted(message.envelope.position for message in messages) == list(range(1, 31))


def test_members_of_a_group_share_the_partitions_and_take_over_from_each_other(
    send: Send, subscribe: Subscribe
) -> None:
    with Member(subscribe()) as one, Member(subscribe()) as other:
        positions = count(1)

        def each_has_a_share() -> bool:
            one.heard.clear()
            other.heard.clear()
            fresh = [an_envelope(next(positions)) for _ in range(30)]
            send(fresh)
            eventually(lambda: places_of(fresh) <= place_set([*one.heard, *other.heard]), within=2 * SOON_S)
            shares = [{message.tracking for message in member.heard} for member in (one, other)]
            return all(shares) and shares[0].isdisjoint(shares[1])

        eventually(each_has_a_share, within=2 * SOON_S)

        one.leave()
        last = [an_envelope(next(positions)) for _ in range(30)]
        send(last)
        eventually(lambda: places_of(last) <= place_set(other.heard), within=2 * SOON_S)


class Member:
    """Reads on a thread of its own until it leaves, as an inbox does."""

    def __init__(self, subscription: Subscription) -> None:
        self.heard: list[Message] = []
        self._subscription = subscription
        self._leaving = Event()
        self._thread = Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._leaving.set()
        self._thread.join(timeout=SOON_S)

    def _read(self) -> None:
        while not self._leaving.is_set():
            self.heard += events(self._subscription.poll(limit=100, timeout_s=0.5))
            self._subscription.commit()
        self._subscription.close()


def test_what_is_no_event_is_handed_on_in_its_place_and_holds_up_nothing(
    kafka: Cluster, topic: Topic, send: Send, subscribe: Subscribe
) -> None:
    one = uuid4()
    send([an_envelope(position, of=one) for position in (1, 2)])
    tracking = heard(subscribe(reader="another"), {("things", 2)})[0].tracking
    poison = put(kafka, topic, b"a secret that is no event", key=one.bytes)
    send([an_envelope(position, of=one) for position in (3, 4)])

    records = polled(subscribe(), 5)

    assert [getattr(record, "offset", 0) or record.envelope.position for record in records] == [1, 2, poison, 3, 4]
    unreadable = records[2]
    assert isinstance(unreadable, Unreadable)
    assert (unreadable.tracking, unreadable.key, unreadable.raw) == (tracking, one, b"a secret that is no event")


def test_what_is_no_event_is_the_same_at_every_redelivery_until_it_is_committed(
    kafka: Cluster, topic: Topic, send: Send, subscribe: Subscribe
) -> None:
    put(kafka, topic, b"no event")
    first = subscribe()
    (unreadable,) = polled(first, 1)
    first.close()

    second = subscribe()
    assert polled(second, 1) == [unreadable]
    second.commit()
    second.close()

    send([an_envelope(1)])
    assert place_set(events(polled(subscribe(), 1))) == {("things", 1)}


def test_whatever_lies_on_a_topic_can_be_passed_by(kafka: Cluster, topic: Topic, subscribe: Subscribe) -> None:
    anything: list[tuple[bytes | None, bytes | None]] = [
        (None, b"short"),
        (b"", None),
        (b"{}", b"much longer than any aggregate's id is"),
        (b"\xff\xfe", b""),
        (b"null", None),
    ]
    for value, key in anything:
        put(kafka, topic, value, key=key)

    records = polled(subscribe(), len(anything))

    assert all(isinstance(record, Unreadable) and record.key is None for record in records)
    assert {record.raw for record in records if isinstance(record, Unreadable)} == {
        value or b"" for value, _ in anything
    }
    assert len({record.id for record in records if isinstance(record, Unreadable)}) == len(anything)


def test_an_event_on_the_wrong_topic_is_not_taken_for_another_producers(kafka: Cluster, new_topic: NewTopic) -> None:
    wrong = new_topic("others")
    sent = an_envelope(1)
    with closing(KafkaSender(cluster=kafka, topic=wrong)) as sender:
        sender.send([sent])
    log = KafkaLog(cluster=kafka, topics=[wrong], groups=wrong.name)

    with closing(log.subscribe(reader="reader", producers=("others",))) as subscription:
        (record,) = polled(subscription, 1)

    assert isinstance(record, Unreadable)
    assert (record.key, record.tracking.partition("/")[0]) == (sent.aggregate_id, "others")


def test_before_it_has_its_partitions_a_reader_does_not_know_how_far_behind_it_is(
    send: Send, subscribe: Subscribe
) -> None:
    send(envelopes(5))

    assert subscribe(after={}).behind() == Behind(None, reachable=True)


def test_whoever_has_no_partition_of_its_own_is_behind_with_nothing(
    kafka: Cluster, new_topic: NewTopic, subscribe: Subscribe
) -> None:
    topic = new_topic("things", partitions=1)
    log = KafkaLog(cluster=kafka, topics=[topic], groups=topic.name)
    with (
        Member(log.subscribe(reader="reader", producers=("things",))) as one,
        closing(log.subscribe(reader="reader", producers=("things",))) as other,
        closing(KafkaSender(cluster=kafka, topic=topic)) as sender,
    ):
        sender.send([an_envelope(1)])
        eventually(lambda: one.heard, within=2 * SOON_S)

        def has_joined() -> bool:
            assert other.poll(limit=10, timeout_s=0.1) == []
            return other.behind() == Behind(0, reachable=True)

        eventually(has_joined, within=2 * SOON_S)


def test_a_topic_that_is_not_there_is_said_to_be_missing(kafka: Cluster) -> None:
    log = KafkaLog(cluster=kafka, topics=[a_topic("things")])
    with closing(log.subscribe(reader="reader", producers=("things",))) as subscription:
        assert subscription.poll(limit=10, timeout_s=0.1) == []
        assert subscription.behind() == Behind(None, reachable=True)

        with pytest.raises(LogIncomplete, match="there is no topic"):
            subscription.poll(limit=10, timeout_s=0.1)


def test_a_reader_is_told_when_the_log_lost_what_it_needs(
    kafka: Cluster, topic: Topic, send: Send, subscribe: Subscribe
) -> None:
    one = uuid4()
    send([an_envelope(position, of=one) for position in range(1, 6)])
    first = heard(subscribe(reader="another"), {("things", 5)})
    partition = int(first[0].tracking.partition("/")[2])
    with KafkaAdminClient(**kafka.settings()) as admin:
        admin.delete_records({TopicPartition(topic.name, partition): 3})

    with pytest.raises(LogIncomplete, match="new generation"):
        heard(subscribe(after={}), {("things", 5)})


def test_in_a_new_generation_a_reader_goes_on_by_position(kafka: Cluster, topic: Topic, new_topic: NewTopic) -> None:
    sent = envelopes(40)
    anew = new_topic("things")
    for generation, known in ((topic, sent[:30]), (anew, sent)):
        with closing(KafkaSender(cluster=kafka, topic=generation)) as sender:
            sender.send(known)

    def subscription(generation: Topic) -> Subscription:
        log = KafkaLog(cluster=kafka, topics=[generation], groups=topic.name)
        return log.subscribe(reader="reader", producers=("things",))

    with closing(subscription(topic)) as old:
        seen = heard(old, places_of(sent[:30]))
        old.commit()
    with closing(subscription(anew)) as new:
        new.seek(reached(seen))
        messages = heard(new, places_of(sent[30:]))

    assert place_set(messages) == places_of(sent[30:])


def test_a_topic_is_made_once_and_keeps_its_number_of_partitions(kafka: Cluster) -> None:
    topic = a_topic("things", partitions=2)

    assert create_topics(kafka, [topic], replicas=1) == [topic.name]
    assert create_topics(kafka, [topic], replicas=1) == []
    with pytest.raises(Refused, match="has 2 partitions, not 4"):
        create_topics(kafka, [Topic(producer=topic.producer, generation=topic.generation, partitions=4)], replicas=1)


@FORGETFUL
@pytest.mark.usefixtures("no_sockets_left")
class TestWithoutABroker:
    nobody = Cluster(bootstrap=("127.0.0.1:1",))
    topic = a_topic("things")

    def test_sending_is_refused_in_time(self) -> None:
        with (
            closing(KafkaSender(cluster=self.nobody, topic=self.topic, patience_s=0.3)) as sender,
            pytest.raises(LogUnavailable, match=self.topic.name),
        ):
            sender.send([an_envelope(1)])

    def test_reading_finds_nothing(self) -> None:
        log = KafkaLog(cluster=self.nobody, topics=[self.topic])
        with closing(log.subscribe(reader="reader", producers=("things",))) as subscription:
            subscription.seek({"things/0": 3})
            assert subscription.poll(limit=10, timeout_s=0.3) == []
            assert subscription.behind() == Behind(None, reachable=False)

    def test_a_sender_leaves_no_thread_behind(self) -> None:
        """It closes its client by means that the client doesn't offer; this tells when they have become others."""
        before = set(threads())
        sender = KafkaSender(cluster=self.nobody, topic=self.topic, patience_s=0.3)
        with pytest.raises(LogUnavailable):
            sender.send([an_envelope(1)])
        sender.close()

        eventually(lambda: set(threads()) <= before, within=SOON_S)


@FORGETFUL
@pytest.mark.usefixtures("no_sockets_left")
def test_after_a_restart_of_the_broker_everything_arrives_in_order(kafka_here: None, tmp_path: Path) -> None:
    topic = a_topic("things")
    with Brokers.start(tmp_path / "kafka") as brokers:
        cluster = Cluster(bootstrap=brokers.bootstrap)
        create_topics(cluster, [topic], replicas=1)
        log = KafkaLog(cluster=cluster, topics=[topic])
        with (
            closing(KafkaSender(cluster=cluster, topic=topic, patience_s=1.0)) as sender,
            closing(log.subscribe(reader="reader", producers=("things",))) as subscription,
        ):
            sent = envelopes(60)
            sender.send(sent[:20])
            messages = heard(subscription, places_of(sent[:20]))
            subscription.commit()
            brokers.nodes[0].kill()

            with pytest.raises(LogUnavailable):
                sender.send(sent[20:40])
            assert subscription.poll(limit=10, timeout_s=0.2) == []
            subscription.commit()  # which fails, and does no harm

            Brokers.start(tmp_path / "kafka")
            eventually(lambda: arrives(sender, sent[20:]), within=3 * SOON_S)
            messages += heard(subscription, places_of(sent[20:]))

    assert sorted(message.envelope.position for message in messages) == list(range(1, 61))
    for tracking in ("things/0", "things/1", "things/2"):
        mine = [message.envelope.position for message in messages if message.tracking == tracking]
        assert mine == sorted(mine)


def put(cluster: Cluster, topic: Topic, value: bytes | None, *, key: bytes | None = None) -> int:
    """Puts anything at all on a topic, where the sender would put what has this key; returns its offset."""
    with closing(KafkaProducer(**cluster.settings())) as producer:
        offset: int = producer.send(topic.name, value, key=key).get(timeout=SOON_S).offset
        return offset


def polled(subscription: Subscription, count: int) -> list[Record]:
    """The next so many records."""
    records: list[Record] = []
    eventually(lambda: records.extend(subscription.poll(limit=100, timeout_s=0.5)) or len(records) >= count)
    return records


def arrives(sender: KafkaSender, sent: Sequence[Envelope]) -> bool:
    try:
        sender.send(sent)
    except LogUnavailable:
        return False
    return True


def place_set(messages: Sequence[Message]) -> set[tuple[str, int]]:
    return {place_of(message) for message in messages}
