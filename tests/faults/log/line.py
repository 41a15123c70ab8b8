"""One producer, its relay, a topic and those who hear it: what the fault tests of the log disturb, and what must hold then.

    store of the producer → relay → topic → inboxes of one reader → store of the reader

The producer is the little service of things. The reader prints a label for everything that is told, under an id that is new
each time: nothing but its tracking keeps a message from having its effect twice. `Line.settle` waits until everything was
heard and then looks whether it was heard once and in order.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self
from uuid import UUID, uuid4

import pytest
from kafka.partitioner.default import murmur2

from services.chassis.clock import SystemClock
from services.chassis.inbox import Inbox
from services.chassis.log_kafka import Cluster, KafkaLog, KafkaSender, Topic
from services.chassis.mapper import SealingMapper
from services.chassis.relay import Relay
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.contracts.envelope import Envelope, Published
from tests.chassis.things import Label, Things, ThingTold
from tests.contracts.log import Producer
from tests.fixtures.store import eventually

SESSION_S: Final = 2.0
"""After this silence of a member its partitions go to others: short, so that tests needn't wait long."""
PATIENCE_S: Final = 1.5
"""How long a relay waits for an acknowledgement."""
HEALED_S: Final = 60.0
"""How long a line may take until everything has arrived."""
STOP_S: Final = 15.0
THINGS: Final = 12
TELL_EVERY_S: Final = 0.004
EVERYTHING: Final = 1_000_000
REPOSITORY: Final = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a member in a process of its own has to know."""

    bootstrap: tuple[str, ...]
    producer: str
    generation: int
    partitions: int
    groups: str
    store: str
    vault: str
    kek: str

    @property
    def topic(self) -> Topic:
        return Topic(producer=self.producer, generation=self.generation, partitions=self.partitions)


class Listener:
    """The reader's store and its policy, as one process has them."""

    def __init__(self, *, store: str, vault: Vault) -> None:
        self._recorder = Recorder(dsn=store)
        self.things = Things(recorder=self._recorder, mapper=SealingMapper(vault=vault))
        self.trackings = self._recorder.trackings
        self.close = self._recorder.close

    def inbox(self, *, cluster: Cluster, topic: Topic, groups: str) -> Inbox:
        """A member of the reader's group; not started."""
        return Inbox(
            service="listener",
            log=KafkaLog(cluster=cluster, topics=[topic], groups=groups, session_s=SESSION_S),
            producers=(topic.producer,),
            application=self.things,
            react=self._react,
            clock=SystemClock(),
        )

    def printed(self) -> list[tuple[UUID, int]]:
        """Of what it has printed a label, in the order in which it did: aggregate and version."""
        labels = (self.things.sealed_event(told.event) for told in self._recorder.follow(0, EVERYTHING))
        texts = (label.text.partition("/") for label in labels if isinstance(label, Label.Printed))
        return [(UUID(aggregate), int(version)) for aggregate, _, version in texts]

    def _react(self, envelope: Envelope, event: Published) -> None:
        if isinstance(event, ThingTold):
            text = f"{envelope.aggregate_id}/{envelope.version}"
            self.things.record(Label._create(Label.Printed, id=uuid4(), text=text))


class Line:
    """See the module's docstring. What it starts, it stops when it is closed."""

    def __init__(self, *, producer: Producer, listener: Listener, places: str, place: Place, vault: Vault) -> None:
        """`places` is the connection string of the database where its relays write down theirs."""
        self.producer = producer
        self.listener = listener
        self.place = place
        self.cluster = Cluster(bootstrap=place.bootstrap)
        self.places = places
        self._vault = vault
        self._running = ExitStack()
        self._parts: list[Relay | Inbox] = []
        self._heads: tuple[int, dict[str, int]] = (0, {})

    def close(self) -> None:
        self._running.close()

    def through(self, url: str) -> Cluster:
        """The same brokers, reached through a proxy."""
        return Cluster(bootstrap=self.cluster.bootstrap, security={"proxy_url": url})

    def start_relay(self, *, cluster: Cluster | None = None, topic: Topic | None = None) -> Relay:
        """A relay of the producer's."""
        topic = topic or self.place.topic
        sender = KafkaSender(cluster=cluster or self.cluster, topic=topic, patience_s=PATIENCE_S)
        relay = Relay(publication=self.producer.publication, sender=sender, dsn=self.places, place=topic.name)
        self._parts.append(relay)
        self._running.callback(relay.stop)
        relay.start()
        return relay

    def start_inbox(self, *, cluster: Cluster | None = None, topic: Topic | None = None) -> Inbox:
        """A member of the reader's group in this process, on connections of its own."""
        listener = self._running.enter_context(closing(Listener(store=self.place.store, vault=self._vault)))
        inbox = listener.inbox(
            cluster=cluster or self.cluster, topic=topic or self.place.topic, groups=self.place.groups
        )
        self._parts.append(inbox)
        self._running.callback(inbox.stop)
        inbox.start()
        return inbox

    def start_member(self) -> "subprocess.Popen[str]":
        """A member of the reader's group in a process of its own; it ends when its input does."""
        member = self._running.enter_context(
            subprocess.Popen(
                (sys.executable, "-m", "tests.faults.log.member", json.dumps(asdict(self.place))),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self._running.callback(member.kill)
        assert member.stdout is not None
        assert member.stdout.readline() == "listening\n"
        return member

    def settle(self, *, within: float = HEALED_S) -> None:
        """Waits until everything is heard; fails where that takes too long, and where something was heard out of turn."""
        try:
            eventually(lambda: self.listener.trackings() == self.heads(), within=within)
        except AssertionError:
            states = [f"{part.name}: {part.health()}" for part in self._parts]
            pytest.fail(f"heard {self.listener.trackings()} of {self.heads()}; {states}")
        told, printed = self.told(), self.printed()
        assert {thing: sorted(versions) for thing, versions in printed.items()} == told, (
            "something is lost, or came twice"
        )
        assert printed == told, "something came out of turn"

    def told(self) -> dict[UUID, list[int]]:
        """What the producer has told, by thing."""
        told: dict[UUID, list[int]] = defaultdict(list)
        for envelope in self.producer.publication.read(after=0, limit=EVERYTHING):
            if envelope.type == ThingTold.TYPE:
                told[envelope.aggregate_id].append(envelope.version)
        return dict(told)

    def printed(self) -> dict[UUID, list[int]]:
        """What the reader has printed, by thing."""
        printed: dict[UUID, list[int]] = defaultdict(list)
        for thing, version in self.listener.printed():
            printed[thing].append(version)
        return dict(printed)

    def heads(self) -> dict[str, int]:
        """The last position of each partition, by the partitioner that Kafka's clients agree on."""
        head, heads = self._heads
        for envelope in self.producer.publication.read(after=head, limit=EVERYTHING):
            partition = (murmur2(envelope.aggregate_id.bytes) & 0x7FFFFFFF) % self.place.partitions
            head, heads = envelope.position, heads | {f"{envelope.producer}/{partition}": envelope.position}
        self._heads = head, heads
        return heads


class Load:
    """Somebody who goes on telling of things while the block lasts: every command has to succeed, whatever befalls the log."""

    def __init__(self, line: Line, *, random: Random) -> None:
        self.told = 0
        self._tell = line.producer.tell
        self._random = random
        self._things = [line.producer.tell() for _ in range(THINGS)]
        self._ended = Event()
        self._failed: Exception | None = None
        self._thread = Thread(target=self._run, name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(STOP_S)
        if self._failed is not None:
            raise self._failed

    def goes_on(self, *, by: int = 20) -> None:
        """Returns when so much more was told."""
        wanted = self.told + by
        eventually(lambda: self.told >= wanted or self._failed is not None)

    def _run(self) -> None:
        try:
            while not self._ended.wait(TELL_EVERY_S):
                words = ["word"] * self._random.choice((1, 1, 1, 2, 5))
                self._tell(*words, thing_id=self._random.choice(self._things))
                self.told += len(words)
        except Exception as failed:  # noqa: BLE001  # the test's own thread tells it
            self._failed = failed


NewLine = Callable[..., Line]
