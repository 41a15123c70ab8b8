"""Three brokers, of which one, two or all fail under load: commands succeed, and every event has its effect once and in order."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from kafka import KafkaAdminClient

from deploy.kafka.broker import Broker, Brokers
from services.chassis.log import Lag
from services.chassis.log_kafka import Cluster
from services.chassis.relay import Relay
from tests.faults.conftest import rounds
from tests.faults.log.line import Line, Load, NewLine
from tests.fixtures.kafka import FORGETFUL
from tests.fixtures.store import eventually

pytestmark = [FORGETFUL, pytest.mark.usefixtures("no_sockets_left")]
SOON_S = 60.0


@pytest.fixture(scope="module")
def brokers(kafka_here: None) -> Iterator[Brokers]:
    """Three brokers of which each holds everything, for this module alone."""
    folder = Path(tempfile.mkdtemp(prefix="baoxue-faults-kafka-"))
    started = Brokers.start(folder / "brokers", nodes=3)
    try:
        yield started
    finally:
        started.delete()
        shutil.rmtree(folder)


@pytest.fixture
def line(brokers: Brokers, new_line: NewLine) -> Iterator[Line]:
    """A line over all three brokers, of which all run again at its end."""
    line = new_line(Cluster(bootstrap=brokers.bootstrap), replicas=3)
    yield line
    restart(brokers)
    line.close()


def restart(brokers: Brokers) -> None:
    """Starts again what doesn't run, and waits until all of them take part."""
    Brokers.start(brokers.folder, nodes=3)


def leader(line: Line, brokers: Brokers, *, partition: int = 0) -> Broker:
    """The broker that leads a partition of the line's topic."""
    with KafkaAdminClient(**line.cluster.settings()) as admin:
        (topic,) = admin.describe_topics([line.place.topic.name])
    leading = {found["partition_index"]: found["leader_id"] for found in topic["partitions"]}[partition]
    return next(broker for broker in brokers.nodes if broker.node == leading)


def everything_is_sent(relay: Relay, line: Line) -> bool:
    return relay.position() == line.producer.things.position() and relay.lag() == Lag(0.0, 0)


def test_when_the_leader_is_killed_another_leads_on(line: Line, brokers: Brokers, random: Random) -> None:
    relay = line.start_relay()
    inbox = line.start_inbox()
    with Load(line, random=random) as load:
        for number in range(rounds(1)):
            load.goes_on()
            leader(line, brokers, partition=number % line.place.partitions).kill()
            sent = relay.position()
            load.goes_on()
            eventually(lambda: relay.position() > sent, within=SOON_S)  # noqa: B023  # this round's
            restart(brokers)
    line.settle()
    eventually(lambda: everything_is_sent(relay, line) and inbox.health() == "ok", within=SOON_S)


def test_with_one_replica_left_nothing_is_taken_and_even_with_none_nothing_is_lost(
    line: Line, brokers: Brokers, random: Random
) -> None:
    """Two of three are what an event needs to be kept; commands need none of them."""
    relay = line.start_relay()
    inbox = line.start_inbox()
    with Load(line, random=random) as load:
        for _ in range(rounds(1)):
            load.goes_on()
            *two, last = random.sample(brokers.nodes, 3)
            for broker in two:
                broker.kill()
            eventually(lambda: relay.health().startswith("waiting: "), within=SOON_S)
            load.goes_on()
            assert relay.lag().seconds > 0
            last.kill()
            load.goes_on()
            restart(brokers)
            eventually(lambda: relay.health() == "ok", within=SOON_S)
    line.settle()
    eventually(lambda: everything_is_sent(relay, line) and inbox.health() == "ok", within=SOON_S)
