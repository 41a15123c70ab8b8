"""What every transport of published events promises; each runs this suite as it stands.

A transport's own test module says how its log is made of the producers' publications, and no more::

    class TestDirectLog(LogContract):
        @pytest.fixture
        def log(self, producers: Producers) -> Log:
            return DirectLog([producer.publication for producer in producers])

Producers record on real stores. Nothing here knows how many partitions there are: messages name what they rise within.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from uuid import UUID, uuid4

import pytest

from services.chassis.log import Behind, Log, Message, Record, Subscription
from services.chassis.mapper import SealingMapper
from services.chassis.publication import Publication
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.contracts.envelope import Envelope, event_id, read_body
from tests.chassis.things import Thing, ThingBegun, Things, ThingTold, acted, publish
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually, migrate_store

SOON_S = 10.0
"""How long a message may be under way before a test gives it up."""


class Producer:
    """A service that tells of its things."""

    def __init__(self, name: str, *, dsn: str, vault: Vault) -> None:
        self.name = name
        self.dsn = dsn
        recorder = Recorder(dsn=dsn)
        self.close = recorder.close
        self.things = Things(recorder=recorder, mapper=SealingMapper(vault=vault))
        self.publication = Publication(producer=name, application=self.things, publish=publish)

    def tell(self, *words: str, thing_id: UUID | None = None) -> UUID:
        """Tells this of a thing, a new one unless it is given."""
        with acted():
            thing = (
                Thing.begin(owner_id=uuid4(), name="燕归来") if thing_id is None else self.things.get(Thing, thing_id)
            )
            for word in words:
                thing.tell(word)
            self.things.record(thing)
        return thing.id

    def hide(self, thing_id: UUID) -> None:
        """Records something that is nobody else's matter."""
        with acted():
            thing = self.things.get(Thing, thing_id)
            thing.hide()
            self.things.record(thing)

    def recorded(self) -> set[tuple[str, int]]:
        """Everything there is to be heard from it."""
        return {(self.name, position) for position in range(1, self.things.position() + 1)}


Producers = tuple[Producer, Producer]


class LogContract:
    """The promises of `services.chassis.log`."""

    @pytest.fixture
    def producers(self, database: Callable[..., FreshDatabase], vault: Vault) -> Iterator[Producers]:
        """Two producers, each on a store of its own."""
        with ExitStack() as stack:
            left, right = (
                stack.enter_context(
                    closing(Producer(name, dsn=database("roster", migrate=migrate_store).app, vault=vault))
                )
                for name in ("left", "right")
            )
            yield left, right

    @pytest.fixture
    def log(self, producers: Producers) -> Log:
        """The transport under test, reading these producers."""
        raise NotImplementedError

    @pytest.fixture
    def subscribe(self, log: Log) -> Iterator[Callable[..., Subscription]]:
        """Makes subscriptions, from the origin unless told otherwise; all are closed at the end."""
        with ExitStack() as stack:

            def make(
                *, reader: str = "reader", of: Sequence[str] = ("left", "right"), after: dict[str, int] | None = None
            ) -> Subscription:
                subscription = stack.enter_context(closing(log.subscribe(reader=reader, producers=of)))
                subscription.seek(after or {})
                return subscription

            yield make

    def test_everything_arrives(self, producers: Producers, subscribe: Callable[..., Subscription]) -> None:
        left, right = producers
        left.tell("one", "two")
        subscription = subscribe()
        right.tell("three")
        left.tell("four")

        messages = heard(subscription, left.recorded() | right.recorded())

        assert {message.envelope.producer for message in messages} == {"left", "right"}
        assert all(message.tracking.startswith(f"{message.envelope.producer}/") for message in messages)

    def test_an_aggregates_events_arrive_in_order_and_positions_rise(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, right = producers
        subscription = subscribe()
        with ThreadPoolExecutor(6) as threads:
            for number in range(6):
                threads.submit(tell_much, (left, right)[number % 2])

        messages = heard(subscription, left.recorded() | right.recorded())

        versions: dict[UUID, list[int]] = defaultdict(list)
        for message in messages:
            versions[message.envelope.aggregate_id].append(message.envelope.version)
        assert len(versions) == 6
        assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
        rises(messages)

    def test_an_envelope_says_what_who_and_why(
        self, producers: Producers, subscribe: Callable[..., Subscription], vault: Vault
    ) -> None:
        left, _ = producers
        thing_id = left.tell("one")

        begun, told = heard(subscribe(of=("left",)), left.recorded())

        envelope = told.envelope
        (stored,) = left.things.recorder_of_commands.select_events(thing_id, gt=1)
        assert read_body(envelope) == ThingTold(thing_id=thing_id, words="one")
        assert (envelope.id, envelope.type) == (event_id(thing_id, 2), "things.thing-told.v1")
        assert (envelope.position, envelope.version, envelope.stored_topic) == (2, 2, "things.Thing.Told")
        assert (envelope.recorded_at, envelope.actor) == (stored.recorded_at, stored.caused.actor)
        assert (envelope.department, envelope.purpose) == (stored.caused.department, stored.caused.purpose)
        assert (envelope.command_id, envelope.correlation_id) == (
            stored.caused.command_id,
            stored.caused.correlation_id,
        )
        assert opened(begun.envelope, vault) == "燕归来"

    def test_what_is_nobodys_matter_arrives_empty_and_moves_the_position(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, _ = producers
        thing_id = left.tell("one")
        left.hide(thing_id)

        hidden = heard(subscribe(of=("left",)), left.recorded())[-1].envelope

        assert (hidden.position, hidden.type, bytes(hidden.body)) == (3, "left.private.v1", b"{}")
        assert read_body(hidden) is None

    def test_a_reader_goes_on_after_any_position_it_names(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, right = producers
        left.tell("one", "two", "three")
        right.tell("four", "five")
        everything = heard(subscribe(), left.recorded() | right.recorded())

        for cut in (1, len(everything) // 2, len(everything) - 1):
            places = {message.tracking: message.envelope.position for message in everything[:cut]}
            rest = {place_of(message) for message in everything[cut:]}
            again = heard(subscribe(after=places), rest)
            assert {place_of(message) for message in again} == rest

    def test_what_was_not_committed_comes_again(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, _ = producers
        left.tell("one", "two")
        first = subscribe()
        heard(first, left.recorded())
        first.close()

        again = heard(subscribe(), left.recorded())

        assert {place_of(message) for message in again} == left.recorded()

    def test_a_reader_that_committed_may_still_go_back(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        """Its own tracking decides, not what the transport remembers: a read model can be built anew."""
        left, _ = producers
        left.tell("one", "two")
        first = subscribe()
        heard(first, left.recorded())
        first.commit()
        first.close()

        again = heard(subscribe(after={}), left.recorded())

        assert {place_of(message) for message in again} == left.recorded()

    def test_readers_do_not_take_from_each_other(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, _ = producers
        one, other = subscribe(reader="one"), subscribe(reader="other")
        left.tell("one", "two")

        for subscription in (one, other):
            assert {place_of(message) for message in heard(subscription, left.recorded())} == left.recorded()

    def test_only_the_producers_asked_for_are_heard(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, right = producers
        left.tell("one")
        right.tell("two")

        messages = heard(subscribe(of=("right",)), right.recorded())

        assert {message.envelope.producer for message in messages} == {"right"}

    def test_no_more_comes_than_was_asked_for(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, right = producers
        for producer in producers:
            producer.tell(*"abcdefg")
        subscription = subscribe()

        messages = heard(subscription, left.recorded() | right.recorded(), limit=3)

        assert len(messages) == 16
        rises(messages)

    def test_nothing_to_hear_is_answered_in_the_time_given(self, subscribe: Callable[..., Subscription]) -> None:
        subscription = subscribe()
        subscription.poll(limit=10, timeout_s=0.1)
        began = time.monotonic()

        assert list(subscription.poll(limit=10, timeout_s=0.3)) == []

        assert 0.25 < time.monotonic() - began < 0.3 + SOON_S

    def test_whoever_waits_is_woken_by_what_is_recorded(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, _ = producers
        subscription = subscribe()
        assert list(subscription.poll(limit=10, timeout_s=0.1)) == []
        with ThreadPoolExecutor(1) as threads:
            began = time.monotonic()
            waiting = threads.submit(subscription.poll, limit=10, timeout_s=6 * SOON_S)
            left.tell("one")

            messages = events(waiting.result(timeout=SOON_S))

        assert messages[0].envelope.position == 1
        assert time.monotonic() - began < SOON_S

    def test_who_has_polled_everything_is_not_behind(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, right = producers
        left.tell("one", "two")
        right.tell("three")
        subscription = subscribe()
        heard(subscription, left.recorded() | right.recorded())

        eventually(lambda: subscription.behind() == Behind(0, reachable=True), within=SOON_S)

    def test_a_reader_can_say_how_much_lies_beyond_what_it_polled(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, _ = producers
        left.tell(*"abcdefghi")
        heard(subscribe(of=("left",)), left.recorded())
        subscription = subscribe(of=("left",))

        read: list[Record] = []
        while not read:
            read += subscription.poll(limit=4, timeout_s=SOON_S)

        def rest_is_known() -> bool:
            behind = subscription.behind()
            assert behind.events in {None, 10 - len(read)}
            return behind.events is not None

        eventually(rest_is_known, within=SOON_S)

    def test_a_new_reader_reads_to_the_end_by_asking_how_far_behind_it_is(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        """Once everything is on the log; that an empty poll alone means nothing is why this can be asked."""
        left, right = producers
        for producer in producers:
            producer.tell(*"abcdefg")
        heard(subscribe(), left.recorded() | right.recorded())
        subscription = subscribe()

        read: list[Record] = []
        deadline = time.monotonic() + SOON_S
        while (more := subscription.poll(limit=5, timeout_s=0)) or subscription.behind() != Behind(0, reachable=True):
            read += more
            assert time.monotonic() < deadline, f"not at the end after {len(read)}"

        assert {place_of(message) for message in events(read)} == left.recorded() | right.recorded()

    def test_who_has_much_to_tell_does_not_drown_the_other(
        self, producers: Producers, subscribe: Callable[..., Subscription]
    ) -> None:
        left, right = producers
        left.tell(*("much",) * 500)
        right.tell("little")
        subscription = subscribe()

        messages: list[Message] = []
        while not any(message.envelope.producer == "right" for message in messages):
            messages += events(subscription.poll(limit=50, timeout_s=SOON_S))
            assert len(messages) < 500, "the other was heard only after everything else"


def tell_much(producer: Producer) -> None:
    """Twelve events of one thing, in as many transactions."""
    thing_id = producer.tell()
    for number in range(11):
        producer.tell(str(number), thing_id=thing_id)


def heard(subscription: Subscription, wanted: set[tuple[str, int]], *, limit: int = 100) -> list[Message]:
    """Polls until everything wanted was heard; fails where that doesn't happen in time, or a poll breaks its bounds."""
    messages: list[Message] = []
    missing = set(wanted)
    deadline = time.monotonic() + SOON_S
    while missing:
        batch = events(subscription.poll(limit=limit, timeout_s=0.5))
        assert len(batch) <= limit
        messages += batch
        missing -= {place_of(message) for message in batch}
        assert time.monotonic() < deadline, f"not heard: {sorted(missing)}"
    return messages


def events(records: Sequence[Record]) -> list[Message]:
    """The records as the events they are; fails where one is none."""
    assert not [record for record in records if not isinstance(record, Message)]
    return [record for record in records if isinstance(record, Message)]


def place_of(message: Message) -> tuple[str, int]:
    """Which event of which producer this is."""
    return message.envelope.producer, message.envelope.position


def rises(messages: list[Message]) -> None:
    """Within what a message names, positions rise; nothing was redelivered here, so they never repeat."""
    seen: dict[str, int] = defaultdict(int)
    for message in messages:
        assert message.envelope.position > seen[message.tracking]
        seen[message.tracking] = message.envelope.position


def opened(envelope: Envelope, vault: Vault) -> str | None:
    """The sealed name within, as the envelope says where it was sealed."""
    begun = read_body(envelope)
    assert isinstance(begun, ThingBegun)
    return vault.open(
        begun.name,
        aggregate_id=envelope.aggregate_id,
        version=envelope.version,
        stored_topic=envelope.stored_topic,
    )
