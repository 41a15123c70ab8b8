"""What a relay puts on its producer's topic."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.structs import TopicPartition

from services.chassis.log import LogIncomplete, LogUnavailable, encode
from services.chassis.log_kafka.topics import Cluster, Topic
from services.contracts.envelope import Envelope

SEND_S: Final = 10.0
"""How long `send` waits for all the acknowledgements."""
TRUSTED_S: Final = 5.0
"""How long after an acknowledgement a sender takes it for granted that the topic is still the same."""
CLOSE_S: Final = 2.0
CHUNK_BYTES: Final = 500_000
"""About how much is under way at once."""
BATCH_BYTES: Final = 1_000_000
"""More than a chunk, so that a chunk is one batch in each partition; less than a broker takes by default (1,048,588)."""
OVERHEAD_BYTES: Final = 100
"""What a record needs beside its value, at most."""
NEVER_MS: Final = 3_600_000


class KafkaSender:
    """Puts one producer's events on its topic. Not to be shared by threads."""

    def __init__(self, *, cluster: Cluster, topic: Topic, patience_s: float = SEND_S) -> None:
        """`patience_s` is how long `send` waits for acknowledgements."""
        self._settings = cluster.settings()
        self._topic = topic
        self._patience_s = patience_s
        self._producer: KafkaProducer | None = None
        self._asking: KafkaConsumer | None = None  # kept, as connecting anew takes longer than asking and sending
        self._acknowledged_at = -math.inf
        self._ends: dict[int, int] = {}  # the offset after the last known record, by partition; it only rises

    def send(self, envelopes: Sequence[Envelope]) -> None:
        """Returns when all of them, in order, are on enough brokers; raises `LogUnavailable` when not known to be.

        Raises `LogIncomplete` where the topic isn't the one that holds what came before them.
        """
        deadline = time.monotonic() + self._patience_s
        for chunk in _chunks(envelopes):
            try:
                self._send(chunk, deadline=deadline)
            except KafkaError as error:
                self.close()
                raise LogUnavailable(f"{self._topic.name} did not take events: {type(error).__name__}") from None
            except LogIncomplete:
                self.close()
                raise

    def close(self) -> None:
        """Lets go of the connections; what was not acknowledged may have arrived all the same."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # `close` alone would first wait for what can't be sent, fail, and leave the thread of the client behind.
            producer._sender.force_close()  # noqa: SLF001
            producer._sender.join(CLOSE_S)  # noqa: SLF001
            with suppress(KafkaError):
                producer.close(timeout=0)
        asking, self._asking = self._asking, None
        if asking is not None:
            with suppress(KafkaError):
                asking.close(autocommit=False, timeout_ms=int(CLOSE_S * 1000))

    def _send(self, chunk: Sequence[tuple[Envelope, bytes]], *, deadline: float) -> None:
        if self._producer is None or time.monotonic() > self._acknowledged_at + TRUSTED_S:
            self._check_topic(before=chunk[0][0].position)
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
            place = record.get(timeout=0)
            if 0 <= place.offset < self._ends.get(place.partition, 0):  # negative: acknowledged before, who knows where
                raise self._lacks_events()
            self._ends[place.partition] = max(self._ends.get(place.partition, 0), place.offset + 1)
        self._acknowledged_at = time.monotonic()

    def _check_topic(self, *, before: int) -> None:
        """A topic that took every event before this position can't have got fewer records, since positions have no holes.

        One that was deleted and made anew has: on it, what comes now would look like everything there is.
        """
        partitions = [TopicPartition(self._topic.name, number) for number in range(self._topic.partitions)]
        asking = self._asking = self._asking or KafkaConsumer(**self._settings, enable_auto_commit=False)
        ends = asking.end_offsets(partitions, timeout_ms=int(self._patience_s * 1000))
        if sum(ends.values()) < before - 1:
            raise self._lacks_events()
        self._ends = {partition.partition: end for partition, end in ends.items()}

    def _lacks_events(self) -> LogIncomplete:
        return LogIncomplete(
            f"{self._topic.name} lacks events that had been sent, as one made anew does; publish again, into a new generation"
        )

    def _connect(self) -> KafkaProducer:
        return KafkaProducer(
            **self._settings,
            acks="all",
            enable_idempotence=True,
            max_in_flight_requests_per_connection=1,
            allow_auto_create_topics=False,
            # Not for the disk's sake alone: the client computes checksums in Python, and of a third of the bytes that
            # takes a third of the time, for whoever sends and for all who read. gzip comes with Python.
            compression_type="gzip",
            batch_size=BATCH_BYTES,
            max_request_size=BATCH_BYTES,
            max_block_ms=int(self._patience_s * 1000),
            # Only `flush` sends, and nothing but our own deadline gives up: a batch that expired within the client
            # would let the next one of its partition pass.
            linger_ms=NEVER_MS,
            delivery_timeout_ms=3 * NEVER_MS,
        )


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
