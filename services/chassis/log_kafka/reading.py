"""What readers make of topics: members of a group, each with a place of its own."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from kafka.structs import MemberState, OffsetAndMetadata, TopicPartition

from services.chassis.log import Behind, LogIncomplete, Message, Record, Unreadable, decode
from services.chassis.log_kafka.topics import Cluster, Topic

logger = logging.getLogger(__name__)

COMMIT_S: Final = 2.0
CLOSE_S: Final = 2.0
SESSION_S: Final = 10.0
"""After this silence of a reader its partitions go to others of its group."""
ASK_S: Final = 5.0
"""How old the figure may be by which a reader says how far behind it is."""
ASK_WAIT_S: Final = 1.0
"""How long it waits for that figure."""
AHEAD: Final = 2000
"""Records that are fetched before they are asked for."""


class KafkaLog:
    """Topics as readers see them; each reader is a consumer group of its own."""

    def __init__(
        self, *, cluster: Cluster, topics: Sequence[Topic], groups: str = "baoxue", session_s: float = SESSION_S
    ) -> None:
        """`groups` is what the names of the consumer groups begin with; `session_s` is told at `SESSION_S`."""
        self._cluster = cluster
        self._topics = {topic.producer: topic for topic in topics}
        self._groups = groups
        self._session_s = session_s

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> "KafkaSubscription":
        """A subscription to the events of these producers; those of one reader share the partitions among them."""
        return KafkaSubscription(
            cluster=self._cluster,
            topics=[self._topics[producer] for producer in producers],
            group=f"{self._groups}.{reader}",
            session_s=self._session_s,
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


class _Assignor(CooperativeStickyAssignor):  # type: ignore[misc]  # the library is untyped
    """Claims, whenever its member joins, what that owns at this moment.

    The library's own claims what it was last assigned, also where that was lost since because the member was put out of
    the group. Then the others leave a partition to it, it knows of nothing to give up, and nobody reads the partition
    until the next member comes or goes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.owned: Callable[[], Iterable[TopicPartition]] = tuple

    def metadata(self, topics: Iterable[str]) -> Any:
        """What the member says when it joins."""
        self.member_assignment = list(self.owned())
        return super().metadata(topics)


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]  # the library is untyped
    """What becomes of partitions that come and go. Called within `poll`, before anything of new partitions is fetched."""

    def __init__(self, subscription: "KafkaSubscription") -> None:
        self._subscription = subscription

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Also called where they were lost: the library does so by itself."""
        self._subscription.let_go(revoked)

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """However often they have come and gone."""
        self._subscription.take_up(assigned)


class KafkaSubscription:
    """One member of a reader's group."""

    def __init__(self, *, cluster: Cluster, topics: Sequence[Topic], group: str, session_s: float) -> None:
        self._producers = {topic.name: topic.producer for topic in topics}
        self._partitions = [
            TopicPartition(topic.name, partition) for topic in topics for partition in range(topic.partitions)
        ]
        self._seen: dict[str, int] = {}
        self._sought = False  # whether our places are still to be compared with the group's
        self._anew: set[TopicPartition] = set()  # where the group's place is beyond ours
        self._fetched = _Fetched()
        self._polled: dict[TopicPartition, OffsetAndMetadata] = {}  # what the next commit says
        self._figures = _Figures(cluster=cluster, partitions=self._partitions)
        assignor = _Assignor()
        self._consumer = KafkaConsumer(
            **cluster.settings(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            partition_assignment_strategy=[assignor],
            session_timeout_ms=int(session_s * 1000),
            heartbeat_interval_ms=int(session_s * 1000) // 10,  # a member hears by its heartbeat that others have come
            metadata_max_age_ms=30_000,
        )
        assignor.owned = self._consumer.assignment
        self._consumer.subscribe(list(self._producers), listener=_Rebalance(self))

    def seek(self, positions: dict[str, int]) -> None:
        """Go on after these positions (tracking name -> last position seen); what is not named starts at the origin.

        Without it, from where the group has committed.
        """
        self._seen = dict(positions)
        self._sought = True
        self._fetched.drop(self._partitions)
        self._polled.clear()

    def poll(self, *, limit: int, timeout_s: float) -> list[Record]:
        """At most `limit` next records, waiting at most `timeout_s` for the first.

        Raises `LogIncomplete`, again and again until somebody has dealt with it.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            self._figures.refuse_if_missing()
            try:
                self._fetch(limit=limit, timeout_s=max(0.0, deadline - time.monotonic()))
            except KafkaTimeoutError:
                pass  # the broker is away
            except NoOffsetForPartitionError as error:  # nobody of this group has read these yet
                self._begin(error.args[0])
            except (OffsetOutOfRangeError, LogTruncationError) as error:
                raise _incomplete(self._producers.values(), why=type(error).__name__) from None
            records = self._take(limit)
            if records or time.monotonic() >= deadline:
                return records

    def behind(self) -> Behind:
        """How many records lie beyond what was polled, in the partitions that are ours; a figure of the last `ASK_S`.

        Unknown while the partitions are still being shared out, and while the broker doesn't answer.
        """
        ends = self._figures.ends(self._consumer)
        shared_out = self._consumer.group_metadata().state == MemberState.STABLE
        if ends is None or self._sought or not shared_out:
            return Behind(None, reachable=self._figures.reachable)
        left = [self._left(partition, end=ends[partition]) for partition in self._consumer.assignment()]
        known = [records for records in left if records is not None]
        events = sum(known) if len(known) == len(left) else None
        return Behind(events, reachable=self._figures.reachable, holds_any=bool(left))

    def commit(self) -> None:
        """Tells the group how far it is; where that fails, the same records come again."""
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

    def let_go(self, partitions: Collection[TopicPartition]) -> None:
        """Others read these on, from what was committed."""
        self._fetched.drop(partitions)
        for partition in partitions:
            self._polled.pop(partition, None)

    def take_up(self, partitions: Collection[TopicPartition]) -> None:
        """These are ours now, from what was committed; or from their beginning, where that is beyond our place."""
        self._fetched.drop(partitions)
        self._begin(self._anew.intersection(partitions))

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
            if place is None:
                self._begin([partition])
            else:
                self._consumer.seek(partition, place.offset)
        self._sought = False

    def _begin(self, partitions: Iterable[TopicPartition]) -> None:
        """Reads these from their beginning."""
        for partition in partitions:
            self._consumer.seek(partition, 0)

    def _take(self, limit: int) -> list[Record]:
        """Of what was fetched, records not seen before."""
        taken: list[Record] = []
        for partition, fetched in list(self._fetched.of.items()):
            while fetched and len(taken) < limit:
                record = self._record(fetched[0], tracking=self._tracking(partition))
                if isinstance(record, Unreadable):
                    taken.append(record)
                elif record.envelope.position > self._seen.get(record.tracking, 0):
                    self._seen[record.tracking] = record.envelope.position
                    taken.append(record)
                next_offset = fetched.popleft().offset + 1
                self._polled[partition] = OffsetAndMetadata(next_offset, str(self._seen.get(record.tracking, 0)), -1)
                self._fetched.turn_of_others(partition)
        return taken

    def _record(self, fetched: Any, *, tracking: str) -> Record:
        """The event within, or what can't be read as one of the topic's producer."""
        try:
            envelope = decode(fetched.value)
            if envelope.producer == self._producers[fetched.topic]:
                return Message(tracking, envelope)
        except (msgspec.DecodeError, TypeError):  # a TypeError for a record without any value
            pass
        return Unreadable(
            tracking=tracking,
            key=UUID(bytes=fetched.key) if fetched.key is not None and len(fetched.key) == 16 else None,
            id=uuid5(NAMESPACE_URL, f"kafka:{fetched.topic}/{fetched.partition}/{fetched.offset}"),
            offset=fetched.offset,
            raw=fetched.value or b"",
        )

    def _left(self, partition: TopicPartition, *, end: int) -> int | None:
        """How many records of a partition that is ours lie beyond what was polled, or None where that isn't known."""
        waiting = self._fetched.of.get(partition)
        try:
            following = waiting[0].offset if waiting else self._consumer.position(partition, timeout_ms=0)
        except KafkaError:
            return None
        return None if following is None else max(0, end - following)

    def _tracking(self, partition: TopicPartition) -> str:
        return f"{self._producers[partition.topic]}/{partition.partition}"


class _Figures:
    """How far the partitions go, as the broker said it at most `ASK_S` ago; and which topics it doesn't have."""

    def __init__(self, *, cluster: Cluster, partitions: Sequence[TopicPartition]) -> None:
        self.reachable = False
        self._cluster = cluster
        self._partitions = partitions
        self._ends: Mapping[TopicPartition, int] | None = None
        self._missing: set[str] = set()
        self._asked_at = -math.inf

    def ends(self, consumer: KafkaConsumer) -> Mapping[TopicPartition, int] | None:
        """The offset after the last record of every partition, or None where the broker doesn't say."""
        if time.monotonic() > self._asked_at + ASK_S:
            try:
                self._ends = consumer.end_offsets(self._partitions, timeout_ms=int(ASK_WAIT_S * 1000))
                self._missing = set()
                self.reachable = True
            except KafkaError:
                self._ends = None
                self._find_missing()
            self._asked_at = time.monotonic()
        return self._ends

    def refuse_if_missing(self) -> None:
        """Raises `LogIncomplete` where the broker has answered without knowing a topic of ours."""
        if self._missing:
            raise LogIncomplete(f"there is no topic {' and '.join(sorted(self._missing))}: make it, or publish again")

    def _find_missing(self) -> None:
        """Asks which topics there are: the client itself waits for a missing one as it does for a broker."""
        wait_ms = int(ASK_WAIT_S * 1000)
        settings = self._cluster.settings() | {"request_timeout_ms": wait_ms, "bootstrap_timeout_ms": wait_ms}
        try:
            with KafkaAdminClient(**settings) as admin:
                self._missing = {partition.topic for partition in self._partitions} - set(admin.list_topics())
            self.reachable = True
        except KafkaError:
            self.reachable = False


def _incomplete(producers: Iterable[str], *, why: str) -> LogIncomplete:
    return LogIncomplete(
        f"{' and '.join(producers)} no longer hold what comes next ({why}); publish again, into a new generation"
    )
