"""Every producer of the contracts has its topic, and no topic is without a producer."""

from deploy.kafka.topics import FILE
from services.chassis.log_kafka import read_topics
from tests.architecture.schemas import contract_types


def producers() -> set[str]:
    """Who tells something, by the contracts."""
    return {wire_type.partition(".")[0] for wire_type in contract_types()} - {"message-dropped"}


def test_every_producer_of_the_contracts_has_exactly_one_topic() -> None:
    assert sorted(topic.producer for topic in read_topics(FILE)) == sorted(producers())


def test_a_topic_is_named_by_its_producer_and_generation() -> None:
    for topic in read_topics(FILE):
        assert topic.generation >= 1
        assert topic.name == f"baoxue.{topic.producer}.{topic.generation}"


def test_topics_have_partitions_and_keep_everything() -> None:
    """A reader without a place begins at the beginning, so the beginning has to be there."""
    for topic in read_topics(FILE):
        assert topic.partitions >= 1
        assert topic.retention_days is None
