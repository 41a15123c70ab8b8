"""The producers' topics as `topics.yaml` lists them, made where they are missing."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from services.chassis.log_kafka import Cluster, Topic, create_topics

FILE = Path(__file__).with_name("topics.yaml")


@dataclass(frozen=True, slots=True)
class _Listed:
    about: tuple[str, ...]
    topics: tuple[Topic, ...]


def read_topics() -> tuple[Topic, ...]:
    """The topics of `topics.yaml`, one for each producer."""
    return msgspec.json.decode(FILE.read_bytes(), type=_Listed).topics


def make_topics(cluster: Cluster, *, replicas: int) -> list[str]:
    """Makes the topics that are missing and returns their names.

    Raises `Refused` where one has another number of partitions than listed, and `LogUnavailable`.
    """
    return create_topics(cluster, read_topics(), replicas=replicas)
