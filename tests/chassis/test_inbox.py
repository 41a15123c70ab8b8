"""A service hears everything once, in order; what it can't digest is parked by key and everything else flows on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import msgspec
import psycopg
import pytest
from eventsourcing.domain import CanMutateAggregate
from eventsourcing.persistence import Tracking
from msgspec.structs import replace

from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from services.chassis import parking
from services.chassis import progress as progress_module
from services.chassis.aggregate import Caused
from services.chassis.clock import SteppedClock
from services.chassis.dropping import drop
from services.chassis.errors import Refused, Stale
from services.chassis.inbox import Inbox, LooksFor, React
from services.chassis.key_store import VaultUnavailable
from services.chassis.log import Behind, Lag, Log, Message, Record, Unreadable, encode
from services.chassis.log_direct import DirectLog
from services.chassis.mapper import SealingMapper
from services.chassis.parking import PAUSES, find_parked, retry
from services.chassis.publication import Publication
from services.chassis.store import RecordedEvent, Recorder, StoreUnavailable
from services.chassis.vault import Vault
from services.contracts.envelope import Envelope, Published, read_body
from tests.chassis.things import NOON, Thing, Things, ThingTold, acted, publish, somebody
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually, migrate_store

BEFORE_THE_NEXT_TRY = PAUSES[0] - timedelta(milliseconds=1)


@pytest.fixture
def clock() -> SteppedClock:
    """The listening service's clock; it begins when things tell."""
    return SteppedClock(NOON)


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
def open_inbox(listener: Things, log: Log, clock: SteppedClock) -> Iterator[Callable[..., Inbox]]:
    """Makes inboxes of the listening service, as so many runs of it would; all are stopped at the end."""
    with ExitStack() as stack:

        def make(
            react: React | None = None,
            *,
            log: Log = log,
            application: Things = listener,
            looks_for: LooksFor | None = None,
        ) -> Inbox:
            inbox = Inbox(
                service="listener",
                log=log,
                producers=("things",),
                application=application,
                react=react or note_in(listener),
                clock=clock,
                looks_for=looks_for,
            )
            stack.callback(inbox.stop)
            return inbox

        yield make


@pytest.fixture
def listen(open_inbox: Callable[..., Inbox]) -> Callable[..., Inbox]:
    """Starts inboxes of the listening service."""

    def start(react: React | None = None, *, log: Log | None = None) -> Inbox:
        inbox = open_inbox(react) if log is None else open_inbox(react, log=log)
        inbox.start()
        return inbox

    return start


def note_in(listener: Things) -> React:
    """A policy: for whatever is told of a thing, unless it is to be ignored, the listener begins a thing of its own."""

    def react(envelope: Envelope, event: Published) -> None:
        if isinstance(event, ThingTold) and event.words != "ignore":
            listener.begin_thing(owner_id=uuid4(), name=event.words)

    return react


def choking_on(listener: Things, *poison: str) -> tuple[React, list[str]]:
    """A policy that notes what it is told and fails on these words; and a list in which words are no poison any more."""
    note, cured = note_in(listener), list[str]()

    def react(envelope: Envelope, event: Published) -> None:
        note(envelope, event)
        if isinstance(event, ThingTold) and event.words in poison and event.words not in cured:
            raise ValueError("燕归来")

    return react, cured


def id_of_word(word: str) -> UUID:
    """The listener's thing about a word."""
    return uuid5(NAMESPACE_URL, word)


def counting_words(listener: Things) -> tuple[React, LooksFor]:
    """A policy that begins a thing for each word and is told the word again after that; and what it looks for."""

    def react(_envelope: Envelope, event: Published) -> None:
        if isinstance(event, ThingTold):
            if (known := listener.find(Thing, id_of_word(event.words))) is None:
                listener.begin_thing(owner_id=uuid4(), name=event.words, thing_id=id_of_word(event.words))
            else:
                known.tell(event.words)
                listener.record(known)

    def looks_for(event: Published) -> Iterable[UUID]:
        if isinstance(event, ThingTold):
            yield id_of_word(event.words)

    return react, looks_for


def tell(things: Things, *words: str, of: UUID | None = None, hidden: bool = False) -> UUID:
    """Things says this of a thing, a new one unless it is named; then perhaps something that is nobody's matter."""
    with acted():
        thing = Thing.begin(owner_id=uuid4(), name="a thing") if of is None else things.get(Thing, of)
        for word in words:
            thing.tell(word)
        if hidden:
            thing.hide()
        things.record(thing)
    return thing.id


def told(log: Log) -> list[Message]:
    """Everything that things has told, from the origin."""
    with closing(log.subscribe(reader="test", producers=("things",))) as subscription:
        return [record for record in subscription.poll(limit=100, timeout_s=1) if isinstance(record, Message)]


def waiting(listener: Things) -> list[tuple[str, str]]:
    """What is parked and waits: the word of each message and the kind of its error, in order."""
    with closing(listener.recorder_of_commands.connect()) as connection:
        rows = connection.execute("select id from parked where state = 'parked' order by number").fetchall()
        found = [find_parked(connection, of=id)[0] for (id,) in rows]  # noqa: A001
    return [(word_of(row.message()), row.error) for row in found]


def word_of(message: Message | None) -> str:
    body = None if message is None else read_body(message.envelope)
    return body.words if isinstance(body, ThingTold) else ""


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


def test_what_comes_again_has_no_second_effect(
    things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
) -> None:
    tell(things, "one", "ignore", "two", hidden=True)
    messages = told(log)
    inbox = open_inbox()

    for again in (messages, messages, messages[2:], messages[:1]):
        inbox.take(again)

    assert noted(listener) == ["one", "two"]
    assert heard(listener) == 5


@pytest.mark.parametrize(
    "trouble",
    [Stale("quicker"), StoreUnavailable("away"), VaultUnavailable("away"), psycopg.OperationalError("away")],
    ids=repr,
)
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


class TestAPage:
    """What comes together is stored together; who reads it can't tell."""

    def test_is_one_transaction(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one", "ignore", "two", "three", "ignore")

        open_inbox().take(told(log))

        assert noted(listener) == ["one", "two", "three"]
        assert heard(listener) == 6
        assert transactions(listener) == 1

    def test_lets_each_message_see_what_those_before_it_caused(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        id_ = uuid4()

        def react(_envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold):
                if (known := listener.find(Thing, id_)) is None:
                    listener.begin_thing(owner_id=uuid4(), name=event.words, thing_id=id_)
                else:
                    known.tell(event.words)
                    listener.record(known)

        tell(things, "one", "two", "three")
        open_inbox(react).take(told(log))

        assert listener.get(Thing, id_).told == ["two", "three"]
        assert transactions(listener) == 1

    def test_asks_once_for_what_is_not_there(
        self,
        things: Things,
        listener: Things,
        log: Log,
        open_inbox: Callable[..., Inbox],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked, recorder = list[UUID](), listener.recorder_of_commands
        select = recorder.select_events

        def select_events(originator_id: UUID, **how: Any) -> list[RecordedEvent]:
            asked.append(originator_id)
            return select(originator_id, **how)

        monkeypatch.setattr(recorder, "select_events", select_events)
        nobody = uuid4()

        def react(_envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold) and listener.find(Thing, nobody) is None and event.words == "three":
                listener.begin_thing(owner_id=uuid4(), name=event.words, thing_id=nobody)

        tell(things, "one", "two", "three", "four")
        open_inbox(react).take(told(log))

        assert asked == [nobody]
        assert listener.get(Thing, nobody).name == "three"

    def test_reads_at_once_what_its_messages_look_for(
        self,
        things: Things,
        listener: Things,
        log: Log,
        open_inbox: Callable[..., Inbox],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked, recorder = list[list[UUID]](), listener.recorder_of_commands
        select = recorder.select_events_of

        def select_events_of(originator_ids: Iterable[UUID]) -> list[RecordedEvent]:
            asked.append(list(originator_ids))
            return select(asked[-1])

        monkeypatch.setattr(recorder, "select_events_of", select_events_of)
        monkeypatch.delattr(Recorder, "select_events")  # nothing is looked for by itself
        react, looks_for = counting_words(listener)
        tell(things, "one", "two", "one")
        tell(things, "two", "one")

        open_inbox(react, looks_for=looks_for).take(told(log))

        assert asked == [[id_of_word("one"), id_of_word("two")]]
        monkeypatch.undo()
        assert listener.get(Thing, id_of_word("one")).told == ["one", "one"]
        assert listener.get(Thing, id_of_word("two")).told == ["two"]

    def test_lets_each_message_look_for_itself_where_nothing_can_be_read_ahead(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        react, _ = counting_words(listener)

        def fails(_event: Published) -> Iterable[UUID]:
            raise ValueError

        tell(things, "one", "two", "one")
        open_inbox(react, looks_for=fails).take(told(log))

        assert listener.get(Thing, id_of_word("one")).told == ["one"]
        assert waiting(listener) == []

    def test_says_of_each_event_which_message_caused_it(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one", "two")
        _, one, two = (message.envelope.id for message in told(log))

        open_inbox().take(told(log))

        causes = [note.event.caused.causation_id for note in listener.recorder_of_commands.follow(0, 10)]
        assert causes == [one, two]

    def test_leaves_no_half_of_a_message_that_failed(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        listener.record(thing := acted_thing())

        def react(_envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold):
                found = listener.get(Thing, thing.id)
                found.tell(event.words)
                if event.words == "poison":
                    raise ValueError
                listener.record(found)

        tell(things, "one", of=(first := tell(things)))
        tell(things, "poison")
        tell(things, "two", of=first)
        open_inbox(react).take(told(log))

        assert listener.get(Thing, thing.id).told == ["one", "two"]
        assert waiting(listener) == [("poison", "ValueError")]

    def test_that_another_process_has_heard_a_part_of_has_no_second_effect(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one", "two", "three")
        messages, note, other = told(log), note_in(listener), open_inbox()

        def react(envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold) and event.words == "three" and not noted(listener):
                other.take(messages[:3])
            note(envelope, event)

        open_inbox(react).take(messages)

        assert noted(listener) == ["one", "two", "three"]
        assert heard(listener) == 4

    def test_that_somebody_was_quicker_than_is_decided_again(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        listener.record(thing := acted_thing())

        def react(_envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold):
                found = listener.get(Thing, thing.id)
                if event.words == "two" and found.told == ["one"] and not told_by_another:
                    told_by_another.append("meanwhile")
                    tell_beside(listener, thing.id, "meanwhile")
                found.tell(event.words)
                listener.record(found)

        told_by_another: list[str] = []
        tell(things, "one", "two", "three")
        open_inbox(react).take(told(log))

        assert listener.get(Thing, thing.id).told == ["meanwhile", "one", "two", "three"]

    def test_that_was_stored_although_the_connection_was_lost_is_not_stored_again(
        self, things: Things, listener: Things, vault: Vault, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one", "two")
        losing = LosingThings(recorder=listener.recorder_of_commands, mapper=SealingMapper(vault=vault))

        open_inbox(note_in(losing), application=losing).take(told(log))

        assert noted(listener) == ["one", "two"]
        assert heard(listener) == 3


class LosingThings(Things):
    """A listening service that loses its connection just after the first page was committed."""

    lost = False

    def store_page(
        self,
        connection: psycopg.Connection,
        events: Sequence[CanMutateAggregate[UUID]],
        *,
        first: int,
        tracking: Tracking,
    ) -> None:
        super().store_page(connection, events, first=first, tracking=tracking)
        if not self.lost:
            self.lost = True
            raise psycopg.OperationalError("the connection is lost")


def acted_thing() -> Thing:
    """A thing of the listener's that was there before."""
    with acted():
        return Thing.begin(owner_id=uuid4(), name="a thing")


def tell_beside(listener: Things, thing_id: UUID, words: str) -> None:
    """Another process of the listening service says something of a thing, past what this one has at hand."""
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(tell, listener, words, of=thing_id).result()


def transactions(listener: Things) -> int:
    """In how many transactions the listener has stored its events."""
    with closing(listener.recorder_of_commands.connect()) as connection:
        [(number,)] = connection.execute("select count(distinct xmin::text) from events").fetchall()
    return int(number)


class PreparedLog:
    """A log of records at hand, which may be out of reach, and counts what it is told was heard."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = list(records)
        self.commits = 0
        self.closed = False
        self.reachable = True
        self.falls_over = 0

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> "PreparedLog":  # noqa: ARG002  # as the protocol has it
        return self

    def seek(self, positions: dict[str, int]) -> None:
        pass

    def poll(self, *, limit: int, timeout_s: float) -> Sequence[Record]:  # noqa: ARG002  # as the protocol has it
        if self.falls_over:
            self.falls_over -= 1
            raise RuntimeError("燕归来")
        given, self.records = self.records[:limit], self.records[limit:]
        return given

    def behind(self) -> Behind:
        return Behind(len(self.records) if self.reachable else None, reachable=self.reachable)

    def commit(self) -> None:
        self.commits += 1

    def close(self) -> None:
        self.closed = True


class TestAMessageThatCantBeDigested:
    def test_parks_its_key_while_everything_else_flows(
        self,
        things: Things,
        listener: Things,
        listen: Callable[..., Inbox],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        react, _ = choking_on(listener, "poison")
        thing = tell(things, "one", "poison", "two")
        tell(things, "three")
        inbox = listen(react)
        eventually(lambda: heard(listener) == things.position())
        tell(things, "four", of=thing, hidden=True)
        tell(things, "five")

        eventually(lambda: heard(listener) == things.position())

        assert noted(listener) == ["one", "three", "five"]
        assert waiting(listener) == [("poison", "ValueError"), ("two", ""), ("four", "")]
        assert (inbox.health(), inbox.parked_keys()) == ("ok", 1)
        assert "listener inbox parked things/0 3: ValueError" in caplog.text
        assert "燕归来" not in caplog.text

    def test_has_its_effect_later_and_before_what_came_behind_it(
        self, things: Things, listener: Things, listen: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        react, cured = choking_on(listener, "poison")
        tell(things, "one", "poison", "two", "three")
        inbox = listen(react)
        eventually(lambda: heard(listener) == things.position())

        cured.append("poison")
        clock.step(PAUSES[0])

        eventually(lambda: inbox.parked_keys() == 0)
        assert noted(listener) == ["one", "poison", "two", "three"]
        assert waiting(listener) == []

    def test_is_not_tried_before_its_time(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        react, cured = choking_on(listener, "poison")
        tell(things, "poison")
        inbox = open_inbox(react)
        inbox.take(told(log))
        cured.append("poison")

        clock.step(BEFORE_THE_NEXT_TRY)
        inbox.try_parked()
        assert noted(listener) == []

        clock.step(PAUSES[0] - BEFORE_THE_NEXT_TRY)
        inbox.try_parked()
        assert noted(listener) == ["poison"]

    def test_waits_for_a_person_after_so_many_tries(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        react, cured = choking_on(listener, "poison")
        thing = tell(things, "poison")
        inbox = open_inbox(react)
        inbox.take(told(log))
        for pause in PAUSES:
            clock.step(pause)
            inbox.try_parked()
        cured.append("poison")
        clock.step(timedelta(days=30))
        inbox.try_parked()
        assert noted(listener) == []

        with closing(listener.recorder_of_commands.connect()) as connection:
            (row,) = find_parked(connection, of=thing)
            assert (row.tries, row.next_try_at) == (len(PAUSES), None)
            assert retry(connection, at=clock.now(), of=thing) == [("things", thing)]
        inbox.try_parked()

        assert noted(listener) == ["poison"]

    def test_leaves_what_is_behind_it_alone_as_often_as_it_fails(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        react, cured = choking_on(listener, "poison", "venom")
        tell(things, "poison", "two", "venom", "three")
        inbox = open_inbox(react)
        inbox.take(told(log))
        for pause in PAUSES[:2]:
            clock.step(pause)
            inbox.try_parked()
            assert noted(listener) == []

        cured.append("poison")
        clock.step(PAUSES[2])
        inbox.try_parked()

        assert noted(listener) == ["poison", "two"]
        assert waiting(listener) == [("venom", "ValueError"), ("three", "")]

    def test_is_given_up_to_parking_where_another_is_always_quicker(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        def react(_envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold):
                raise Stale("always")

        tell(things, "one")

        open_inbox(react).take(told(log))

        assert waiting(listener) == [("one", "Stale")]

    def test_is_not_parked_where_it_was_heard_before(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        """A reaction may refuse what it has done already, when the message comes again."""
        tell(things, "one")
        open_inbox().take(told(log))

        open_inbox(choking_on(listener, "one")[0]).take(told(log))

        assert noted(listener) == ["one"]
        assert waiting(listener) == []

    def test_is_no_longer_parked_where_too_many_are(
        self, things: Things, listener: Things, listen: Callable[..., Inbox], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parking, "KEYS_MAX", 2)
        react, cured = choking_on(listener, "one", "two", "three")
        for word in ("one", "two", "three", "four"):
            tell(things, word)

        inbox = listen(react)

        eventually(lambda: inbox.health() == "waiting: TooMuchParked")
        assert waiting(listener) == [("one", "ValueError"), ("two", "ValueError")]
        cured.append("three")
        eventually(lambda: heard(listener) == things.position())
        assert noted(listener) == ["three", "four"]
        eventually(lambda: inbox.health() == "ok")


class Crash(BaseException):
    """The process ends here."""


class CrashingThings(Things):
    """A listening service whose process ends just after a reaction was stored."""

    def hear(self, *, caused: Caused, tracking: Tracking, react: Callable[[], None]) -> bool:
        super().hear(caused=caused, tracking=tracking, react=react)
        raise Crash


class TestAProcessThatEnds:
    """At any moment; the next one takes up what it left."""

    @pytest.fixture
    def crashing(self, listener: Things, vault: Vault) -> CrashingThings:
        return CrashingThings(recorder=listener.recorder_of_commands, mapper=SealingMapper(vault=vault))

    @pytest.fixture
    def messages(self, things: Things, log: Log) -> list[Message]:
        tell(things, "one", "poison", "two")
        return told(log)

    def test_before_a_message_was_parked(
        self, listener: Things, messages: list[Message], open_inbox: Callable[..., Inbox]
    ) -> None:
        def react(envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold) and event.words == "poison":
                raise Crash
            note_in(listener)(envelope, event)

        with pytest.raises(Crash):
            open_inbox(react).take(messages)
        assert (waiting(listener), noted(listener), heard(listener)) == ([], [], 0)

        open_inbox(choking_on(listener, "poison")[0]).take(messages)

        assert noted(listener) == ["one"]
        assert waiting(listener) == [("poison", "ValueError"), ("two", "")]

    def test_after_a_message_was_parked_and_before_the_log_was_told(
        self, listener: Things, messages: list[Message], open_inbox: Callable[..., Inbox]
    ) -> None:
        react, _ = choking_on(listener, "poison")
        open_inbox(react).take(messages[:3])
        assert heard(listener) == 3

        open_inbox().take(messages)

        assert noted(listener) == ["one"]
        assert waiting(listener) == [("poison", "ValueError"), ("two", "")]

    def test_after_a_parked_message_had_its_effect_and_before_that_was_noted(
        self,
        listener: Things,
        crashing: CrashingThings,
        messages: list[Message],
        open_inbox: Callable[..., Inbox],
        clock: SteppedClock,
    ) -> None:
        open_inbox(choking_on(listener, "poison")[0]).take(messages)
        clock.step(PAUSES[0])
        with pytest.raises(Crash):
            open_inbox(application=crashing).try_parked()
        assert noted(listener) == ["one", "poison"]

        open_inbox().try_parked()

        assert noted(listener) == ["one", "poison", "two"]
        assert waiting(listener) == []

    def test_after_all_of_a_key_was_handled_and_before_the_log_was_told(
        self, listener: Things, messages: list[Message], open_inbox: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        open_inbox(choking_on(listener, "poison")[0]).take(messages)
        clock.step(PAUSES[0])
        open_inbox().try_parked()

        open_inbox().take(messages)

        assert noted(listener) == ["one", "poison", "two"]
        assert waiting(listener) == []

    def test_while_another_of_the_same_service_tries_the_same(
        self, listener: Things, messages: list[Message], open_inbox: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        open_inbox(choking_on(listener, "poison")[0]).take(messages)
        clock.step(PAUSES[0])
        note, other = note_in(listener), open_inbox()

        def react(envelope: Envelope, event: Published) -> None:
            if isinstance(event, ThingTold) and event.words == "poison":
                other.try_parked()
            note(envelope, event)

        open_inbox(react).try_parked()

        assert noted(listener) == ["one", "poison", "two"]
        assert waiting(listener) == []


class TestWhatIsNotKnownHere:
    def test_a_type_known_in_another_version_is_parked_and_heals_when_a_newer_program_starts(
        self, things: Things, listener: Things, log: Log, listen: Callable[..., Inbox]
    ) -> None:
        tell(things, "one", "two")
        begun, one, two = told(log)
        newer = replace(one.envelope, type="things.thing-told.v9")
        first = listen(log=PreparedLog([begun, Message(one.tracking, newer), two]))
        eventually(lambda: heard(listener) == 3)
        first.stop()
        assert waiting(listener) == [("", "UnknownVersion"), ("two", "")]
        msgspec.defstruct(
            "ThingToldAnew",
            [("words", str)],
            bases=(Published,),
            namespace={"TYPE": "things.thing-told.v9"},
            kw_only=True,
        )

        def react(_envelope: Envelope, event: Published) -> None:
            listener.begin_thing(owner_id=uuid4(), name=event.words)

        listen(react, log=PreparedLog([]))

        eventually(lambda: waiting(listener) == [])
        assert noted(listener) == ["one", "two"]

    def test_a_type_not_known_at_all_is_passed_over(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one", "two")
        begun, one, two = told(log)
        strange = Message(one.tracking, replace(one.envelope, type="things.thing-forgotten.v1"))

        open_inbox().take([begun, strange, two])

        assert (noted(listener), waiting(listener), heard(listener)) == (["two"], [], 3)

    def test_a_body_that_is_not_what_its_type_says_is_parked(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one")
        begun, one = told(log)
        broken = Message(one.tracking, replace(one.envelope, body=msgspec.Raw(b'{"words": 7}')))

        open_inbox().take([begun, broken])

        with closing(listener.recorder_of_commands.connect()) as connection:
            (row,) = find_parked(connection, of=one.envelope.id)
        assert (row.error, row.type, row.place) == ("ValidationError", "things.thing-told.v1", 2)

    def test_a_record_that_cant_be_read_holds_up_its_key_and_nothing_else(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        thing = tell(things, "one")
        tell(things, "two")
        begun, one, *others = told(log)
        broken = Unreadable(tracking="things/0", key=thing, id=uuid4(), offset=1, raw=b"\xff")
        inbox = open_inbox()

        inbox.take([begun, broken, one, *others])
        inbox.take([broken])

        assert noted(listener) == ["two"]
        assert waiting(listener) == [("", "Unreadable"), ("one", "")]
        assert inbox.parked_keys() == 1

    def test_a_record_that_cant_be_read_and_names_no_key_holds_up_nothing(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one")
        begun, one = told(log)
        broken = Unreadable(tracking="things/0", key=None, id=uuid4(), offset=2, raw=b"")
        inbox = open_inbox()

        inbox.take([begun, broken, one])

        assert noted(listener) == ["one"]
        assert (waiting(listener), inbox.parked_keys()) == ([("", "Unreadable")], 1)

    def test_a_record_that_can_be_read_at_last_has_its_effect(
        self, things: Things, listener: Things, log: Log, listen: Callable[..., Inbox]
    ) -> None:
        """Its offset may be the position of another one."""
        thing = tell(things, "one", "two", "three")
        begun, one, two, three = told(log)
        late = Unreadable(tracking="things/0", key=thing, id=uuid4(), offset=3, raw=encode(one.envelope))
        first = listen(log=PreparedLog([begun, late, two, three]))
        eventually(lambda: len(waiting(listener)) == 3)
        first.stop()

        listen(log=PreparedLog([]))

        eventually(lambda: waiting(listener) == [])
        assert noted(listener) == ["one", "two", "three"]


class TestADecision:
    """Of a person, who works beside the inbox."""

    def test_what_was_dropped_has_no_effect_and_lets_its_key_flow(
        self, things: Things, listener: Things, listen: Callable[..., Inbox]
    ) -> None:
        thing = tell(things, "poison", "two")
        inbox = listen(choking_on(listener, "poison")[0])
        eventually(lambda: heard(listener) == 3)

        drop_first(listener, of=thing)

        eventually(lambda: inbox.parked_keys() == 0)
        tell(things, "three", of=thing)
        eventually(lambda: heard(listener) == 4)
        assert noted_words(listener) == ["two", "three"]

    def test_what_is_being_tried_is_either_dropped_or_handled(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        thing = tell(things, "poison", "two")
        open_inbox(choking_on(listener, "poison")[0]).take(told(log))
        clock.step(PAUSES[0])
        note = note_in(listener)

        def react(envelope: Envelope, event: Published) -> None:
            note(envelope, event)
            if isinstance(event, ThingTold) and event.words == "poison":
                drop_first(listener, of=thing)

        open_inbox(react).try_parked()

        assert noted_words(listener) == ["two"]

    def test_is_made_by_a_person_who_may_come_too_late(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        thing = tell(things, "poison")
        open_inbox(choking_on(listener, "poison")[0]).take(told(log))
        with closing(listener.recorder_of_commands.connect()) as connection:
            (row,) = find_parked(connection, of=thing)
            clock.step(PAUSES[0])
            open_inbox().try_parked()

            with pytest.raises(Refused, match="waits no longer"):
                drop(connection, row, why="it is of no use", caused=somebody())

        assert noted_words(listener) == ["poison"]


def drop_first(listener: Things, *, of: UUID) -> None:
    """Somebody drops the first message of a thing that waits."""
    with closing(listener.recorder_of_commands.connect()) as connection:
        drop(connection, find_parked(connection, of=of)[0], why="it is of no use", caused=somebody())


def noted_words(listener: Things) -> list[str]:
    """What the listener has noted, leaving out the decisions about what was parked."""
    events = [row.event for row in listener.recorder_of_commands.follow(0, 1_000)]
    return [listener.get(Thing, event.originator_id).name for event in events if event.topic == Thing.Begun.TOPIC]


class TestHowItIs:
    def test_it_lags_by_the_age_of_what_it_has_not_handled(
        self, things: Things, log: Log, listen: Callable[..., Inbox], clock: SteppedClock
    ) -> None:
        tell(things, "one", "two")
        clock.step(timedelta(minutes=3))
        lags: list[Lag] = []

        def react(_envelope: Envelope, _event: Published) -> None:
            lags.append(inbox.lag())

        inbox = listen(react, log=PreparedLog(told(log)))

        eventually(lambda: inbox.lag() == Lag(0.0, 0))
        assert lags == [Lag(180.0, 3), Lag(180.0, 2), Lag(180.0, 1)]

    def test_while_the_log_is_out_of_reach_its_lag_grows_and_it_says_so(
        self, listen: Callable[..., Inbox], clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(progress_module, "UNREACHABLE_S", 0.05)
        log = PreparedLog([])
        inbox = listen(log=log)
        eventually(lambda: inbox.lag() == Lag(0.0, 0))

        log.reachable = False
        eventually(lambda: inbox.health() == "waiting: the log is out of reach")
        clock.step(timedelta(seconds=40))
        assert inbox.lag() == Lag(40.0, None)

        log.reachable = True
        eventually(lambda: inbox.health() == "ok")
        assert inbox.lag() == Lag(0.0, 0)

    def test_it_outlives_what_nobody_expected(
        self,
        things: Things,
        listener: Things,
        log: Log,
        listen: Callable[..., Inbox],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        tell(things, "one")
        prepared = PreparedLog(told(log))
        prepared.falls_over = 3

        inbox = listen(log=prepared)

        eventually(lambda: "RuntimeError" in inbox.health())
        eventually(lambda: noted(listener) == ["one"])
        eventually(lambda: inbox.health() == "ok")
        assert "listener inbox begins anew: RuntimeError" in caplog.text
        assert "燕归来" not in caplog.text

    def test_what_it_causes_continues_a_trace_that_is_recorded(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one")
        begun, one = told(log)
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        open_inbox().take([begun, Message(one.tracking, replace(one.envelope, trace=trace))])

        (caused,) = [row.event.caused for row in listener.recorder_of_commands.follow(0, 10)]
        assert caused.trace.split("-")[1] == trace.split("-")[1]
        assert caused.trace.endswith("-01")


def test_a_database_that_is_restarted_under_it_is_waited_for(
    data_folder: Path, things: Things, log: Log, vault: Vault, clock: SteppedClock
) -> None:
    with Cluster.start(data_folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        with psycopg.connect(cluster.dsn("roster", "roster_owner")) as connection:
            migrate_store(connection)
        with closing(Recorder(dsn=cluster.dsn("roster", "roster_app"))) as recorder:
            listener = Things(recorder=recorder, mapper=SealingMapper(vault=vault))
            react, cured = choking_on(listener, "poison")
            inbox = Inbox(
                service="listener", log=log, producers=("things",), application=listener, react=react, clock=clock
            )
            inbox.start()
            try:
                tell(things, "one", "poison", "two")
                eventually(lambda: heard(listener) == 4)

                cluster._halt(mode="immediate")
                tell(things, "three")
                eventually(lambda: inbox.health() != "ok")
                clock.step(PAUSES[0])
                assert inbox.lag().seconds > 0
                cluster._launch()

                cured.append("poison")
                eventually(lambda: inbox.health() == "ok" and heard(listener) == things.position(), within=30)
                clock.step(PAUSES[-1])
                eventually(lambda: inbox.parked_keys() == 0)
                assert sorted(noted(listener)) == ["one", "poison", "three", "two"]
            finally:
                inbox.stop()


class TestStopping:
    def test_what_was_never_started_does_nothing(self, open_inbox: Callable[..., Inbox]) -> None:
        open_inbox().stop()

    def test_lets_the_message_at_hand_end_and_says_nothing_of_the_rest(
        self, things: Things, listener: Things, log: Log, open_inbox: Callable[..., Inbox]
    ) -> None:
        tell(things, "one", "two", "three")
        prepared = PreparedLog(told(log))
        note = note_in(listener)

        def react(envelope: Envelope, event: Published) -> None:
            note(envelope, event)
            if isinstance(event, ThingTold):
                inbox._stopping.set()  # as `stop` from another thread, which would wait for this one

        inbox = open_inbox(react, log=prepared)
        inbox.start()
        eventually(lambda: prepared.closed)

        assert noted(listener) == ["one"]
        assert heard(listener) == 2
        assert prepared.commits == 0

    @pytest.mark.parametrize("trouble", [Stale("always"), StoreUnavailable("away"), ValueError("always")], ids=repr)
    def test_does_not_wait_for_what_will_not_pass(
        self, things: Things, listener: Things, listen: Callable[..., Inbox], trouble: Exception
    ) -> None:
        tries: list[UUID] = []

        def react(envelope: Envelope, _event: Published) -> None:
            tries.append(envelope.id)
            raise trouble

        tell(things, "one")
        inbox = listen(react)
        eventually(lambda: len(tries) > 1)

        inbox.stop()

        tried = len(tries)
        assert heard(listener) == 0
        assert waiting(listener) == []
        assert len(tries) == tried
