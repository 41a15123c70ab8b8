"""The brokers and the topics on them: where they are, what is listed, and how topics are made."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from services.chassis.errors import Refused
from services.chassis.log import LogUnavailable

BROKER_VERSION: Final = (4, 0)
"""The oldest broker we speak to; said in advance, so that clients can be made while no broker is there."""
REQUEST_S: Final = 10.0
"""How long a request may take."""

Client = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Where one producer's events are published; a new generation is another topic."""

    producer: str
    generation: int
    partitions: int
    """For good: see the package's docstring."""
    retention_days: int | None = None
    """How long the topic keeps an event; None: for ever, and so it should be."""

    @property
    def name(self) -> str:
        """`baoxue.<producer>.<generation>`."""
        return f"baoxue.{self.producer}.{self.generation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """How to reach the brokers: their addresses, and the client library's own settings for TLS and SASL, if any."""

    bootstrap: tuple[str, ...]
    security: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> Client:
        """What all clients have in common."""
        return {
            "bootstrap_servers": list(self.bootstrap),
            "api_version": BROKER_VERSION,
            "request_timeout_ms": int(REQUEST_S * 1000),
            "reconnect_backoff_max_ms": 1000,
            **self.security,
        }


@dataclass(frozen=True, slots=True)
class _Listed:
    about: tuple[str, ...]
    topics: tuple[Topic, ...]


def read_topics(file: Path) -> tuple[Topic, ...]:
    """The topics a file lists, one for each producer; raises `Refused` where it can't be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Listed).topics
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(f"The list of topics {file} can't be read: {error}.") from None


def create_topics(cluster: Cluster, topics: Sequence[Topic], *, replicas: int) -> list[str]:
    """Makes the topics that are missing and returns their names; what is there is not touched.

    Raises `Refused` where a topic has another number of partitions, and `LogUnavailable`.
    """
    settings = cluster.settings() | {"api_version": None, "bootstrap_timeout_ms": int(REQUEST_S * 1000)}
    try:
        with KafkaAdminClient(**settings) as admin:
            there = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
            for topic in topics:
                partitions = there.get(topic.name, topic.partitions)
                if partitions != topic.partitions:
                    raise Refused(
                        f"The topic {topic.name} has {partitions} partitions, not {topic.partitions}. "
                        "Their number never changes; neither does it from generation to generation."
                    )
            missing = [topic for topic in topics if topic.name not in there]
            for topic in missing:
                with suppress(TopicAlreadyExistsError):  # another was quicker
                    admin.create_topics({topic.name: _creation(topic, replicas)}, wait_for_metadata=True)
    except KafkaError as error:
        raise LogUnavailable(f"the topics could not be made: {type(error).__name__}") from None
    return [topic.name for topic in missing]


def _creation(topic: Topic, replicas: int) -> dict[str, Any]:
    """What the client library wants to know of a new topic."""
    kept_ms = -1 if topic.retention_days is None else topic.retention_days * 86_400_000
    return {
        "num_partitions": topic.partitions,
        "replication_factor": replicas,
        "configs": {
            "retention.ms": str(kept_ms),
            "retention.bytes": "-1",
            "cleanup.policy": "delete",
            "min.insync.replicas": str(replicas // 2 + 1),  # what `acks=all` waits for, and refuses to do without
        },
    }
