"""What a topic has lost is said, never passed over, and comes back with a new generation: once and in order."""

from dataclasses import replace

from kafka import KafkaAdminClient, KafkaProducer
from kafka.structs import TopicPartition

from services.chassis.inbox import Inbox
from services.chassis.log_kafka import Cluster, Topic, create_topics
from services.chassis.relay import Relay, republish
from tests.faults.log.line import Line
from tests.fixtures.store import eventually

SOON_S = 30.0


def test_a_deleted_topic_is_told_again_and_read_on_in_a_new_generation(line: Line, kafka: Cluster) -> None:
    old = line.place.topic
    relay, inbox = line.start_relay(), line.start_inbox()
    told_before(line)
    with KafkaAdminClient(**kafka.settings()) as admin:
        admin.delete_topics([old.name])

    line.producer.tell("while there is no topic")
    eventually(lambda: inbox.health() == "waiting: LogIncomplete", within=SOON_S)
    eventually(lambda: relay.health().startswith("waiting: "), within=SOON_S)

    begin_generation(line, kafka, old=(relay, inbox))
    line.producer.tell("afterwards")
    line.settle()


def test_a_topic_that_is_made_anew_under_its_old_name_is_refused_by_all(line: Line, kafka: Cluster) -> None:
    old = line.place.topic
    relay, inbox = line.start_relay(), line.start_inbox()
    told_before(line)
    relay.stop()
    inbox.stop()
    with KafkaAdminClient(**kafka.settings()) as admin:
        admin.delete_topics([old.name])
        eventually(lambda: old.name not in admin.list_topics(), within=SOON_S)
    create_topics(kafka, [old], replicas=1)

    relay, inbox = line.start_relay(), line.start_inbox()
    line.producer.tell("on a topic without a past")
    eventually(lambda: "publish again, into a new generation" in relay.health(), within=SOON_S)

    begin_generation(line, kafka, old=(relay, inbox))
    line.settle()


def test_what_retention_took_from_under_a_reader_is_told_again(line: Line, kafka: Cluster) -> None:
    old = line.place.topic
    relay, inbox = line.start_relay(), line.start_inbox()
    told_before(line)
    inbox.stop()
    for _ in range(6):
        line.producer.tell("unheard", "and taken away")
    eventually(lambda: relay.position() == line.producer.things.position(), within=SOON_S)
    with KafkaAdminClient(**kafka.settings()) as admin:
        admin.delete_records({TopicPartition(old.name, number): -1 for number in range(old.partitions)})

    inbox = line.start_inbox()
    eventually(lambda: inbox.health() == "waiting: LogIncomplete", within=SOON_S)

    begin_generation(line, kafka, old=(relay, inbox))
    line.settle()


def test_a_reader_may_go_over_while_the_new_generation_is_being_filled(line: Line, kafka: Cluster) -> None:
    """And the old one goes on: nobody has to stop for it."""
    relay, inbox = line.start_relay(), line.start_inbox()
    told_before(line)
    anew = generation_after(line.place.topic)
    create_topics(kafka, [anew], replicas=1)
    inbox.stop()

    inbox = line.start_inbox(topic=anew)
    line.producer.tell("before it is filled")
    filling = line.start_relay(topic=anew)
    line.producer.tell("while it is filled")

    line.settle()
    head = line.producer.things.position()
    eventually(lambda: (relay.position(), filling.position()) == (head, head), within=SOON_S)
    assert inbox.health() == "ok"


def test_bytes_that_are_no_event_hold_up_nothing(line: Line, kafka: Cluster) -> None:
    line.start_relay()
    inbox = line.start_inbox()
    thing = line.producer.tell("before")
    poison = [b"no event", b"", b'{"type": "\xff"}', b"[" * 5000]
    producer = KafkaProducer(**kafka.settings())
    try:
        for number, value in enumerate(poison):
            producer.send(line.place.topic.name, value, partition=number % line.place.partitions).get(timeout=SOON_S)
            line.producer.tell("and on", thing_id=thing)
    finally:
        producer.close()

    line.settle()

    eventually(lambda: inbox.parked_keys() == len(poison), within=SOON_S)
    assert inbox.health() == "ok"


def told_before(line: Line) -> None:
    """Some of it has been heard, of some things all."""
    for _ in range(8):
        line.producer.tell("one", "two", "three")
    line.settle(within=SOON_S)


def generation_after(topic: Topic) -> Topic:
    return replace(topic, generation=topic.generation + 1)


def begin_generation(line: Line, kafka: Cluster, *, old: tuple[Relay, Inbox]) -> None:
    """What an operator does: makes the topic, fills it, and starts relay and readers on it."""
    for part in old:
        part.stop()
    anew = generation_after(line.place.topic)
    create_topics(kafka, [anew], replicas=1)
    reached = republish(
        publication=line.producer.publication,
        cluster=kafka,
        topic=anew,
        dsn=line.places,
        progress=lambda _position: None,
    )
    assert reached == line.producer.things.position()
    line.start_relay(topic=anew)
    line.start_inbox(topic=anew)
