"""A service hears everything once, in order, and stands still rather than pass over what it can't digest."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import count
from uuid import UUID, uuid4, uuid5

import pytest

from services.chassis.clock import SteppedClock
from services.chassis.errors import Stale
from services.chassis.inbox import Inbox, React
from services.chassis.log import Log, Message
from services.chassis.log_direct import DirectLog
from services.chassis.mapper import SealingMapper
from services.chassis.publication import Publication
from services.chassis.store import Recorder, StoreUnavailable
from services.chassis.vault import Vault, VaultUnavailable
from services.contracts.envelope import Envelope, Published
from tests.chassis.things import NOON, Thing, Things, ThingTold, acted, publish
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually, migrate_store

CLOCK = SteppedClock(NOON)


@pytest.fixture
def listener(database: Callable[..., FreshDatabase], vault: Vault) -> Iterator[Things]:
    """The service that listens, on a store of its own."""
    fresh = database("roster", migrate=migrate_store)
    with closing(Recorder(dsn=fresh.app)) as recorder:
        yield Things(recorder=recorder, mapper=SealingMapper(vault=vault))


@pytest.fixture
def log(things: Things) -> Log:
    """What things tells."""
    return DirectLog([Publication(producer="things", application=things, publish=publish)])


@pytest.fixture
def listen(listener: Things, log: Log) -> Iterator[Callable[..., Inbox]]:
    """Starts inboxes of the listening service, as so many runs of it would; all are stopped at the end."""
    with ExitStack() as stack:

        def start(react: React | None = None, *, log: Log = log) -> Inbox:
            inbox = an_inbox(listener, log, react or note_in(listener))
            stack.callback(inbox.stop)
            inbox.start()
            return inbox

        yield start


def an_inbox(listener: Things, log: Log, react: React) -> Inbox:
    return Inbox(service="listener", log=log, producers=("things",), application=listener, react=react, clock=CLOCK)


def note_in(listener: Things) -> React:
    """A policy: for whatever is told of a thing, unless it is to be ignored, the listener begins a thing of its own."""

    def react(envelope: Envelope, event: Published) -> None:
        if isinstance(event, ThingTold) and event.words != "ignore":
            listener.begin_thing(owner_id=uuid4(), name=event.words, thing_id=uuid5(envelope.id, "noted"))

    return react


def tell(things: Things, *words: str, hidden: bool = False) -> None:
    """Things says this of a new thing; then perhaps something that is nobody's matter."""
    with acted():
        thing = Thing.begin(owner_id=uuid4(), name="a thing")
        for word in words:
            thing.tell(word)
        if hidden:
            thing.hide()
        things.record(thing)


def noted(listener: Things) -> list[str]:
    """What the listener has noted, in the order in which it did."""
    recorder = listener.recorder_of_commands
    return [listener.get(Thing, told.event.originator_id).name for told in recorder.follow(0, 1_000)]


def heard(listener: Things) -> int:
    return listener.recorder_of_commands.max_tracking_id("things/0") or 0


def test_everything_told_is_heard_in_order(things: Things, listener: Things, listen: Callable[..., Inbox]) -> None:
    tell(things, "one", "two")
    inbox = listen()
    tell(things, "three")

    eventually(lambda: heard(listener) == things.position())

    assert noted(listener) == ["one", "two", "three"]
    assert inbox.positions() == {"things/0": 5}
    assert inbox.health() == "ok"


def test_messages_that_cause_nothing_are_tracked_too(
    things: Things, listener: Things, listen: Callable[..., Inbox]
) -> None:
    tell(things, "ignore", hidden=True)
    listen()

    eventually(lambda: heard(listener) == 3)

    assert noted(listener) == []


def test_what_is_caused_says_by_whom_and_why(things: Things, listener: Things, listen: Callable[..., Inbox]) -> None:
    tell(things, "one")
    listen()
    eventually(lambda: noted(listener))

    told = things.recorder_of_commands.follow(1, 1)[0].event
    caused = listener.recorder_of_commands.follow(0, 1)[0].event.caused
    assert (caused.actor, caused.department, caused.at) == ("policy:listener", "system:policy", NOON)
    assert caused.correlation_id == told.caused.correlation_id
    assert caused.causation_id == uuid5(told.originator_id, "2")
    assert caused.purpose == told.caused.purpose


def test_after_a_restart_it_goes_on_where_it_was(
    things: Things, listener: Things, listen: Callable[..., Inbox]
) -> None:
    tell(things, "one")
    first = listen()
    eventually(lambda: heard(listener) == 2)
    first.stop()
    tell(things, "two")

    heard_again: list[str] = []
    note = note_in(listener)

    def react(envelope: Envelope, event: Published) -> None:
        heard_again.append(envelope.type)
        note(envelope, event)

    listen(react)
    eventually(lambda: heard(listener) == 4)

    assert noted(listener) == ["one", "two"]
    assert heard_again == ["things.thing-begun.v1", "things.thing-told.v1"]


def test_what_comes_again_has_no_second_effect(things: Things, listener: Things, log: Log) -> None:
    tell(things, "one", "ignore", "two", hidden=True)
    messages = log.subscribe(reader="listener", producers=("things",)).poll(limit=10, timeout_s=1)
    inbox = an_inbox(listener, log, note_in(listener))

    for again in (messages, messages, messages[2:], messages[:1]):
        inbox.take(again)

    assert noted(listener) == ["one", "two"]
    assert heard(listener) == 5


@pytest.mark.parametrize("trouble", [Stale("quicker"), StoreUnavailable("away"), VaultUnavailable("away")], ids=repr)
def test_what_passes_is_tried_again(
    things: Things, listener: Things, listen: Callable[..., Inbox], trouble: Exception
) -> None:
    tries = count(1)
    note = note_in(listener)

    def react(envelope: Envelope, event: Published) -> None:
        note(envelope, event)
        if next(tries) < 3:
            raise trouble

    tell(things, "one", "two")
    inbox = listen(react)

    eventually(lambda: heard(listener) == 3)
    assert noted(listener) == ["one", "two"]
    assert inbox.health() == "ok"


class TestAMessageThatCantBeDigested:
    @pytest.fixture
    def choking(self, listener: Things) -> React:
        note = note_in(listener)

        def react(envelope: Envelope, event: Published) -> None:
            note(envelope, event)
            if isinstance(event, ThingTold) and event.words == "poison":
                raise ValueError("燕归来")

        return react

    def test_stops_the_inbox_for_all_to_see(
        self,
        things: Things,
        listener: Things,
        listen: Callable[..., Inbox],
        choking: React,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        tell(things, "one", "poison", "two")

        inbox = listen(choking)

        eventually(lambda: inbox.health() != "ok")
        assert inbox.health() == "stopped: ValueError"
        assert noted(listener) == ["one"]
        assert heard(listener) == 2
        assert "listener inbox stands still: ValueError" in caplog.text
        assert "燕归来" not in caplog.text

    def test_is_heard_once_it_can_be(
        self, things: Things, listener: Things, listen: Callable[..., Inbox], choking: React
    ) -> None:
        tell(things, "one", "poison", "two")
        inbox = listen(choking)
        eventually(lambda: inbox.health() != "ok")

        listen()

        eventually(lambda: heard(listener) == 4)
        assert noted(listener) == ["one", "poison", "two"]


class PreparedLog:
    """A log of messages at hand, which counts what it is told was heard."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = list(messages)
        self.commits = 0
        self.closed = False

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> "PreparedLog":  # noqa: ARG002  # as the protocol has it
        return self

    def seek(self, positions: dict[str, int]) -> None:
        pass

    def poll(self, *, limit: int, timeout_s: float) -> Sequence[Message]:  # noqa: ARG002  # as the protocol has it
        given, self.messages = self.messages[:limit], self.messages[limit:]
        return given

    def commit(self) -> None:
        self.commits += 1

    def close(self) -> None:
        self.closed = True


class TestStopping:
    def test_what_was_never_started_does_nothing(self, listener: Things, log: Log) -> None:
        an_inbox(listener, log, note_in(listener)).stop()

    def test_lets_the_message_at_hand_end_and_says_nothing_of_the_rest(
        self, things: Things, listener: Things, log: Log
    ) -> None:
        tell(things, "one", "two", "three")
        prepared = PreparedLog(log.subscribe(reader="listener", producers=("things",)).poll(limit=10, timeout_s=1))
        note = note_in(listener)

        def react(envelope: Envelope, event: Published) -> None:
            note(envelope, event)
            if isinstance(event, ThingTold):
                inbox._stopping.set()  # as `stop` from another thread, which would wait for this one

        inbox = an_inbox(listener, prepared, react)
        inbox.start()
        eventually(lambda: prepared.closed)

        assert noted(listener) == ["one"]
        assert heard(listener) == 2
        assert prepared.commits == 0

    def test_does_not_wait_for_what_will_not_pass(self, things: Things, listen: Callable[..., Inbox]) -> None:
        tries: list[UUID] = []

        def react(envelope: Envelope, _event: Published) -> None:
            tries.append(envelope.id)
            raise Stale("always")

        tell(things, "one")
        inbox = listen(react)
        eventually(lambda: len(tries) > 2)

        inbox.stop()

        tried = len(tries)
        assert inbox.health() == "stopped: Stale"
        assert len(tries) == tried
