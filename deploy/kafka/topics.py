"""The producers' topics as `topics.yaml` lists them, made where they are missing."""

from pathlib import Path

from services.chassis.log_kafka import Cluster, create_topics, read_topics

FILE = Path(__file__).with_name("topics.yaml")


def make_topics(cluster: Cluster, *, replicas: int, file: Path = FILE) -> list[str]:
    """Makes the topics that are missing and returns their names.

    Raises `Refused` where one has another number of partitions than listed, and `LogUnavailable`.
    """
    return create_topics(cluster, read_topics(file), replicas=replicas)
