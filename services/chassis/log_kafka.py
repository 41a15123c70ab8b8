"""The log over Apache Kafka 4: one topic for each producer, keyed by aggregate; PostgreSQL stays the truth.

The only module that names the client library. What a reader must know to change it:

Order. A reader passes over every position that is not beyond the last it saw of that partition. That is safe only
while a partition never holds a later position before an earlier one was there. Hence the sender has at most one batch
of each partition under way: it appends a chunk, flushes, and goes on when every event of it is acknowledged. What
failed is sent again from the start, so a partition may hold a stretch twice, and never with a gap.

Place. A reader's place is its own tracking, handed over by `seek`; the group's committed offset is only the quicker way
to it. Each commit carries, as its metadata, the position that it stands for. Where that is beyond the reader's place (a
read model was emptied, a database restored), the partition is read from its beginning. A partition that comes by a
rebalance is read from the committed offset, because whoever had it before committed after the effect.

Gaps. Topics keep everything, so what a reader needs next is there. Where it is not (retention was shortened, the topic
deleted and made anew), reading stops with `LogIncomplete` instead of passing over what is missing: the cure is a new
generation of the topic, which the relay fills from the event store.

Partitions. Their number is the same in every generation of a topic: an aggregate must not change its partition, because
positions are tracked by partition.

Absence of the broker is no error for readers: `poll` finds nothing until it is back.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
)
from kafka.structs import OffsetAndMetadata, TopicPartition

from services.chassis.errors import Refused
from services.chassis.log import LogUnavailable, Message, decode, encode
from services.contracts.envelope import Envelope

logger = logging.getLogger(__name__)

BROKER_VERSION: Final = (4, 0)
"""The oldest broker we speak to; said in advance, so that clients can be made while no broker is there."""
SEND_S: Final = 10.0
"""How long a request may take, and all the acknowledgements that `send` waits for."""
COMMIT_S: Final = 2.0
CLOSE_S: Final = 2.0
SESSION_S: Final = 10.0
"""After this silence of a reader its partitions go to others of its group."""
CHUNK_BYTES: Final = 500_000
"""About how much is under way at once."""
BATCH_BYTES: Final = 1_000_000
"""More than a chunk, so that a chunk is one batch in each partition; less than a broker takes by default (1,048,588)."""
OVERHEAD_BYTES: Final = 100
"""What a record needs beside its value, at most."""
AHEAD: Final = 2000
"""Records that are fetched before they are asked for."""
NEVER_MS: Final = 3_600_000

Client = dict[str, Any]


class LogIncomplete(Exception):
    """The topic no longer holds what the reader needs next; publish again into a new generation."""


class UnreadableMessage(Exception):
    """A message that is no envelope of the topic's producer; names the place and nothing of the content."""

    def __init__(self, topic: str, partition: int, *, offset: int) -> None:
        super().__init__(f"topic {topic}, partition {partition}, offset {offset}: this is no event of the producer")
        self.topic = topic
        self.partition = partition
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Where one producer's events are published; a new generation is another topic."""

    producer: str
    generation: int
    partitions: int
    """For good: see the module's docstring."""
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
            "request_timeout_ms": int(SEND_S * 1000),
            "reconnect_backoff_max_ms": 1000,
            **self.security,
        }


def create_topics(cluster: Cluster, topics: Sequence[Topic], *, replicas: int) -> list[str]:
    """Makes the topics that are missing and returns their names; what is there is not touched.

    Raises `Refused` where a topic has another number of partitions, and `LogUnavailable`.
    """
    settings = cluster.settings() | {"api_version": None, "bootstrap_timeout_ms": int(SEND_S * 1000)}
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


class KafkaSender:
    """Puts one producer's events on its topic. Not to be shared by threads."""

    def __init__(self, *, cluster: Cluster, topic: Topic, patience_s: float = SEND_S) -> None:
        """`patience_s` is how long `send` waits for acknowledgements."""
        self._settings = cluster.settings()
        self._topic = topic
        self._patience_s = patience_s
        self._producer: KafkaProducer | None = None

    def send(self, envelopes: Sequence[Envelope]) -> None:
        """Returns when all of them, in order, are on enough brokers; raises `LogUnavailable` when not known to be."""
        deadline = time.monotonic() + self._patience_s
        for chunk in _chunks(envelopes):
            try:
                self._send(chunk, deadline=deadline)
            except KafkaError as error:
                self.close()
                raise LogUnavailable(f"{self._topic.name} did not take events: {type(error).__name__}") from None

    def close(self) -> None:
        """Lets go of the connection; what was not acknowledged may have arrived all the same."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # `close` alone would first wait for what can't be sent, fail, and leave the thread of the client behind.
            producer._sender.force_close()  # noqa: SLF001
            producer._sender.join(CLOSE_S)  # noqa: SLF001
            with suppress(KafkaError):
                producer.close(timeout=0)

    def _send(self, chunk: Sequence[tuple[Envelope, bytes]], *, deadline: float) -> None:
        producer = self._producer = self._producer or self._connect()
        sent = [
            producer.send(
                self._topic.name,
                key=envelope.aggregate_id.bytes,
                value=value,
                headers=_headers(envelope),
                timestamp_ms=int(envelope.recorded_at.timestamp() * 1000),
            )
            for envelope, value in chunk
        ]
        producer.flush(timeout=max(0.0, deadline - time.monotonic()))
        for record in sent:
            if not record.succeeded():
                raise record.exception or KafkaTimeoutError()

    def _connect(self) -> KafkaProducer:
        return KafkaProducer(
            **self._settings,
            acks="all",
            enable_idempotence=True,
            max_in_flight_requests_per_connection=1,
            allow_auto_create_topics=False,
            batch_size=BATCH_BYTES,
            max_request_size=BATCH_BYTES,
            max_block_ms=int(self._patience_s * 1000),
            # Only `flush` sends, and nothing but our own deadline gives up: a batch that expired within the client
            # would let the next one of its partition pass.
            linger_ms=NEVER_MS,
            delivery_timeout_ms=3 * NEVER_MS,
        )


class KafkaLog:
    """Topics as readers see them; each reader is a consumer group of its own."""

    def __init__(self, *, cluster: Cluster, topics: Sequence[Topic], groups: str = "baoxue") -> None:
        """`groups` is what the names of the consumer groups begin with."""
        self._cluster = cluster
        self._topics = {topic.producer: topic for topic in topics}
        self._groups = groups

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> "KafkaSubscription":
        """A subscription to the events of these producers; those of one reader share the partitions among them."""
        return KafkaSubscription(
            cluster=self._cluster,
            topics=[self._topics[producer] for producer in producers],
            group=f"{self._groups}.{reader}",
        )


class _Fetched:
    """Records that were fetched and not yet handed on, by partition, and whose turn it is.

    The client would hand on all it fetched of one partition before it turns to the next.
    """

    def __init__(self) -> None:
        self.of: dict[TopicPartition, deque[Any]] = {}

    def __len__(self) -> int:
        return sum(map(len, self.of.values()))

    def add(self, records: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """Puts records behind those that are there."""
        for partition, more in records.items():
            self.of.setdefault(partition, deque()).extend(more)

    def drop(self, partitions: Iterable[TopicPartition]) -> None:
        """Forgets what was fetched of these."""
        for partition in partitions:
            self.of.pop(partition, None)

    def turn_of_others(self, served: TopicPartition) -> None:
        """Puts who was served behind the others."""
        self.of[served] = self.of.pop(served)


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # the library is untyped
    """What becomes of partitions that come and go. Called within `poll`, before anything of new partitions is fetched."""

    def __init__(self, *, consumer: KafkaConsumer, fetched: _Fetched, anew: set[TopicPartition]) -> None:
        self._consumer = consumer
        self._fetched = fetched
        self._anew = anew

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Others read on from what was committed."""
        self._fetched.drop(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Read on from what was committed, or from the beginning, however often they have come and gone."""
        self._fetched.drop(assigned)
        for partition in self._anew.intersection(assigned):
            self._consumer.seek(partition, 0)


class KafkaSubscription:
    """One member of a reader's group."""

    def __init__(self, *, cluster: Cluster, topics: Sequence[Topic], group: str) -> None:
        self._producers = {topic.name: topic.producer for topic in topics}
        self._partitions = [
            TopicPartition(topic.name, partition) for topic in topics for partition in range(topic.partitions)
        ]
        self._seen: dict[str, int] = {}
        self._sought = False  # whether our places are still to be compared with the group's
        self._anew: set[TopicPartition] = set()  # where the group's place is beyond ours
        self._fetched = _Fetched()
        self._polled: dict[TopicPartition, OffsetAndMetadata] = {}  # what the next commit says
        self._consumer = KafkaConsumer(
            **cluster.settings(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            partition_assignment_strategy=[CooperativeStickyAssignor],
            session_timeout_ms=int(SESSION_S * 1000),
            heartbeat_interval_ms=int(SESSION_S * 1000) // 5,
            metadata_max_age_ms=30_000,
        )
        listener = _Assigned(consumer=self._consumer, fetched=self._fetched, anew=self._anew)
        self._consumer.subscribe(list(self._producers), listener=listener)

    def seek(self, positions: dict[str, int]) -> None:
        """Go on after these positions (tracking name -> last position seen); what is not named starts at the origin.

        Without it, from where the group has committed.
        """
        self._seen = dict(positions)
        self._sought = True
        self._fetched.drop(self._partitions)
        self._polled.clear()

    def poll(self, *, limit: int, timeout_s: float) -> list[Message]:
        """At most `limit` next messages, waiting at most `timeout_s` for the first.

        Raises `UnreadableMessage` and `LogIncomplete`, again and again until somebody has dealt with it.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._fetch(limit=limit, timeout_s=max(0.0, deadline - time.monotonic()))
            except KafkaTimeoutError:
                pass  # the broker is away
            except NoOffsetForPartitionError as error:  # nobody of this group has read these yet
                for partition in error.args[0]:
                    self._consumer.seek(partition, 0)
            except (OffsetOutOfRangeError, LogTruncationError) as error:
                raise LogIncomplete(
                    f"{' and '.join(self._producers)} no longer hold what comes next ({type(error).__name__}); "
                    "publish again, into a new generation"
                ) from None
            messages = self._take(limit)
            if messages or time.monotonic() >= deadline:
                return messages

    def commit(self) -> None:
        """Tells the group how far it is; where that fails, the same messages come again."""
        assigned = set(self._consumer.assignment())
        mine = {partition: place for partition, place in self._polled.items() if partition in assigned}
        try:
            self._consumer.commit(mine, timeout_ms=int(COMMIT_S * 1000))
        except KafkaError as error:
            logger.warning("a place in the log was not noted: %s", type(error).__name__)
            return
        self._anew.difference_update(mine)
        self._polled.clear()

    def close(self) -> None:
        """Leaves the group, so that others need not wait for our silence."""
        self._consumer.close(autocommit=False, timeout_ms=int(CLOSE_S * 1000))

    def _fetch(self, *, limit: int, timeout_s: float) -> None:
        """Fetches records; waits only where none are there."""
        if self._sought:
            self._compare(deadline=time.monotonic() + timeout_s)
        wanted = max(limit, AHEAD) - len(self._fetched)
        if wanted > 0:
            timeout_ms = 0 if self._fetched else timeout_s * 1000
            self._fetched.add(self._consumer.poll(timeout_ms=timeout_ms, max_records=wanted))

    def _compare(self, *, deadline: float) -> None:
        """Finds the partitions where the group's place is beyond ours; raises `KafkaTimeoutError`."""
        places = {}
        for partition in self._partitions:
            left_ms = max(1.0, (deadline - time.monotonic()) * 1000)
            places[partition] = self._consumer.committed(partition, metadata=True, timeout_ms=left_ms)
        self._anew.clear()
        self._anew.update(
            partition
            for partition, place in places.items()
            if place is not None and int(place.metadata or 0) > self._seen.get(self._tracking(partition), 0)
        )
        for partition in self._consumer.assignment():
            place = None if partition in self._anew else places.get(partition)
            self._consumer.seek(partition, 0 if place is None else place.offset)
        self._sought = False

    def _take(self, limit: int) -> list[Message]:
        """Of what was fetched, messages not seen before; raises `UnreadableMessage` where only such are left."""
        messages: list[Message] = []
        unreadable: UnreadableMessage | None = None
        for partition, records in list(self._fetched.of.items()):
            tracking = self._tracking(partition)
            while records and len(messages) < limit:
                envelope = self._envelope(records[0])
                if envelope is None:
                    unreadable = UnreadableMessage(*partition, offset=records[0].offset)
                    break
                if envelope.position > self._seen.get(tracking, 0):
                    self._seen[tracking] = envelope.position
                    messages.append(Message(tracking, envelope))
                next_offset = records.popleft().offset + 1
                self._polled[partition] = OffsetAndMetadata(next_offset, str(self._seen[tracking]), -1)
                self._fetched.turn_of_others(partition)
        if unreadable is not None and not messages:
            raise unreadable
        return messages

    def _envelope(self, record: Any) -> Envelope | None:
        """The event within, or None where it is none of the topic's producer."""
        try:
            envelope = decode(record.value)
        except (msgspec.DecodeError, TypeError):  # a TypeError for a message without any value
            return None
        return envelope if envelope.producer == self._producers[record.topic] else None

    def _tracking(self, partition: TopicPartition) -> str:
        return f"{self._producers[partition.topic]}/{partition.partition}"


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


def _chunks(envelopes: Sequence[Envelope]) -> Iterator[list[tuple[Envelope, bytes]]]:
    """The envelopes with their encoding, in order, in pieces of at most `CHUNK_BYTES` (or of one envelope)."""
    chunk: list[tuple[Envelope, bytes]] = []
    size = 0
    for envelope in envelopes:
        value = encode(envelope)
        needs = len(value) + len(envelope.trace) + len(envelope.type) + 4 * len(envelope.actor) + OVERHEAD_BYTES
        if chunk and size + needs > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append((envelope, value))
        size += needs
    if chunk:
        yield chunk


def _headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """What tools on the way want to know without reading the value."""
    headers = [("type", envelope.type.encode()), ("actor", envelope.actor.encode())]
    return [*headers, ("traceparent", envelope.trace.encode())] if envelope.trace else headers
