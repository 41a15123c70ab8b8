"""Whatever the network between the processes and the broker does, every event has its effect once and in order."""

from collections.abc import Iterator
from random import Random

import pytest
from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from services.chassis.log import Lag
from services.chassis.relay import Relay
from tests.faults.conftest import rounds
from tests.faults.log.line import PATIENCE_S, Line, Load
from tests.faults.proxy import Proxy
from tests.fixtures.kafka import FORGETFUL
from tests.fixtures.store import eventually

pytestmark = [FORGETFUL, pytest.mark.usefixtures("no_sockets_left")]
SOON_S = 20.0


def is_well(relay: Relay) -> bool:
    """Whether the relay has nothing left to send and nothing to complain of."""
    return relay.health() == "ok" and relay.lag() == Lag(0.0, 0)


def waits(relay: Relay) -> bool:
    """Whether the relay says that the log doesn't take its events, and for how long already."""
    return relay.health().startswith("waiting: ") and relay.lag().seconds > 0


def on_topic(line: Line) -> int:
    """How many records were put on the topic."""
    partitions = [TopicPartition(line.place.topic.name, number) for number in range(line.place.partitions)]
    consumer = KafkaConsumer(**line.cluster.settings(), enable_auto_commit=False)
    try:
        return sum(consumer.end_offsets(partitions).values())
    finally:
        consumer.close()


def test_while_the_broker_is_away_commands_succeed_and_the_lag_tells_of_it(
    line: Line, proxy: Proxy, random: Random
) -> None:
    relay = line.start_relay(cluster=line.through(proxy.url))
    line.start_inbox(cluster=line.through(proxy.url))
    with Load(line, random=random) as load:
        load.goes_on()
        for _ in range(rounds(1)):
            proxy.refuse()
            eventually(lambda: waits(relay), within=SOON_S)
            load.goes_on()
            eventually(lambda: waits(relay) and relay.lag().seconds > 2 * PATIENCE_S, within=SOON_S)
            proxy.pass_on()
            eventually(lambda: relay.health() == "ok", within=SOON_S)
            load.goes_on()
    line.settle()
    eventually(lambda: is_well(relay))


@pytest.mark.parametrize("healed_by", ["waking up", "a new connection"])
def test_a_connection_of_which_only_half_is_left_is_given_up(
    line: Line, proxy: Proxy, random: Random, healed_by: str
) -> None:
    relay = line.start_relay(cluster=line.through(proxy.url))
    line.start_inbox()
    with Load(line, random=random) as load:
        load.goes_on()
        for _ in range(rounds(1)):
            proxy.blackhole()
            eventually(lambda: waits(relay), within=SOON_S)
            load.goes_on()
            if healed_by == "a new connection":
                proxy.refuse()
            proxy.pass_on()
            eventually(lambda: relay.health() == "ok", within=SOON_S)
    line.settle()
    eventually(lambda: is_well(relay))


def test_a_reader_at_the_silent_end_of_a_connection_goes_on_when_it_is_heard_again(
    line: Line, proxy: Proxy, random: Random
) -> None:
    line.start_relay()
    inbox = line.start_inbox(cluster=line.through(proxy.url))
    with Load(line, random=random) as load:
        load.goes_on()
        eventually(line.listener.trackings, within=SOON_S)
        for _ in range(rounds(1)):
            proxy.blackhole()
            load.goes_on()
            eventually(lambda: "out of reach" in inbox.health(), within=SOON_S)
            proxy.pass_on()
    line.settle()
    eventually(lambda: inbox.health() == "ok" and inbox.lag() == Lag(0.0, 0), within=SOON_S)


def test_what_is_published_again_because_no_acknowledgement_came_has_its_effect_once(
    line: Line, proxy: Proxy, random: Random
) -> None:
    relay = line.start_relay(cluster=line.through(proxy.url))
    line.start_inbox()
    with Load(line, random=random) as load:
        for number in range(1, rounds(2) + 1):
            load.goes_on()
            proxy.cut_after(2_000)
            eventually(lambda: proxy.cuts == number, within=SOON_S)  # noqa: B023  # this one
            eventually(lambda: waits(relay), within=SOON_S)  # it has given up, so it sends as if for the first time
            proxy.pass_on()
            eventually(lambda: relay.health() == "ok", within=SOON_S)
    line.settle()
    assert on_topic(line) > line.producer.things.position(), "nothing came twice, so nothing was tried"


def test_whatever_the_network_does_in_whatever_order(line: Line, proxy: Proxy, random: Random) -> None:
    relay = line.start_relay(cluster=line.through(proxy.url))
    inboxes = [line.start_inbox(cluster=line.through(proxy.url)) for _ in range(2)]
    faults = [proxy.refuse, proxy.blackhole, proxy.pass_on, lambda: proxy.slow(bytes_per_s=20_000)]
    faults.append(lambda: proxy.cut_after(random.randrange(500, 20_000)))
    with Load(line, random=random) as load:
        for _ in range(rounds(8)):
            random.choice(faults)()
            load.goes_on(by=random.choice((1, 20, 100, 300)))
        proxy.pass_on()
    line.settle()
    eventually(lambda: is_well(relay) and all(inbox.health() == "ok" for inbox in inboxes), within=SOON_S)


@pytest.fixture(autouse=True)
def healed(proxy: Proxy) -> Iterator[None]:
    """What is still running at the end of a test can say goodbye."""
    yield
    proxy.pass_on()
