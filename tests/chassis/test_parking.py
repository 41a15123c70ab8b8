"""What is parked keeps its order by key, is nowhere else, and becomes one thing only: handled or dropped."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from itertools import count
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import msgspec
import psycopg
import pytest
from eventsourcing.domain import CanMutateAggregate
from eventsourcing.persistence import Tracking
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.chassis import inbox as inbox_module
from services.chassis import parking
from services.chassis.aggregate import Caused
from services.chassis.clock import SteppedClock
from services.chassis.dropping import drop
from services.chassis.errors import Refused
from services.chassis.inbox import Inbox
from services.chassis.log import Message, Unreadable
from services.chassis.log_direct import DirectLog
from services.chassis.mapper import SealingMapper
from services.chassis.parking import PAUSES, Parked
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.contracts.envelope import Envelope, Published, event_id
from tests.chassis.things import NOON, Label, Things, ThingTold, somebody
from tests.fixtures.postgres import FreshDatabase

ROUNDS = int(os.environ.get("BAOXUE_FAULT_ROUNDS", "1"))
"""How many times the examples of an ordinary run are tried."""


def a_message(key: UUID, version: int, *, position: int = 1, producer: str = "things") -> Message:
    """The n-th event of an aggregate, at a position of its producer; it tells its own version."""
    envelope = Envelope(
        id=event_id(key, version),
        type=ThingTold.TYPE,
        producer=producer,
        position=position,
        aggregate_id=key,
        version=version,
        stored_topic="things.Thing.Told",
        recorded_at=NOON,
        actor="officer-1",
        department="education_bureau:410326",
        purpose="dropout_control",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=None,
        trace="",
        body=msgspec.Raw(msgspec.json.encode(ThingTold(thing_id=key, words=str(version)))),
    )
    return Message(f"{producer}/0", envelope)


@pytest.fixture
def connection(store_database: FreshDatabase) -> Iterator[psycopg.Connection]:
    """A service's own connection to its database."""
    with psycopg.connect(store_database.app, autocommit=True) as connection:
        yield connection


def park(connection: psycopg.Connection, *messages: Message, error: str = "ValueError", at: datetime = NOON) -> None:
    """Parks the first, and the others behind it."""
    for number, message in enumerate(messages):
        parking.park(connection, reader="cases", record=message, error="" if number else error, at=at)


def due(connection: psycopg.Connection, *, after: timedelta = timedelta()) -> list[tuple[UUID, int]]:
    """Key and version of what is due so long after noon."""
    rows = parking.due(connection, reader="cases", at=NOON + after)
    messages = [row.message() for row in rows]
    return [(message.envelope.aggregate_id, message.envelope.version) for message in messages if message is not None]


def only(connection: psycopg.Connection, of: UUID) -> Parked:
    (row,) = parking.find_parked(connection, of=of)
    return row


class TestTheTable:
    def test_is_made_once_however_often_it_is_asked_for(self, store_database: FreshDatabase) -> None:
        with psycopg.connect(store_database.owner) as connection:
            parking.migrate(connection, app_role="roster_app")
            parking.migrate(connection, app_role="roster_app")

    def test_keeps_its_rows_for_ever(self, connection: psycopg.Connection) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from parked")

    def test_gives_back_what_was_parked(self, connection: psycopg.Connection) -> None:
        message = a_message(uuid4(), 3, position=7)

        park(connection, message)

        row = only(connection, message.envelope.id)
        assert row.message() == message
        assert (row.key, row.place, row.type) == (message.envelope.aggregate_id, 7, "things.thing-told.v1")
        assert (row.error, row.tries, row.state) == ("ValueError", 0, "parked")
        assert (row.parked_at, row.next_try_at) == (NOON, NOON + PAUSES[0])

    def test_does_not_show_its_contents_where_a_row_is_shown(self, connection: psycopg.Connection) -> None:
        message = a_message(uuid4(), 1)
        park(connection, message)

        assert "raw" not in repr(only(connection, message.envelope.id))

    def test_parks_a_record_once(self, connection: psycopg.Connection) -> None:
        message = a_message(uuid4(), 1)
        park(connection, message)

        parked = parking.park(connection, reader="cases", record=message, error="KeyError", at=NOON + PAUSES[0])

        assert not parked
        assert only(connection, message.envelope.id).error == "ValueError"

    def test_keeps_the_readers_of_one_database_apart(self, connection: psycopg.Connection) -> None:
        message = a_message(uuid4(), 1)
        park(connection, message)

        assert parking.parked_keys(connection, reader="gateway") == set()
        assert parking.due(connection, reader="gateway", at=NOON + PAUSES[0]) == []
        assert parking.parked_keys(connection, reader="cases") == {message_key(message)}


def message_key(message: Message) -> parking.Key:
    return (message.envelope.producer, message.envelope.aggregate_id)


class TestTheOrder:
    def test_of_a_key_is_that_of_arrival_and_the_longest_waiting_key_comes_first(
        self, connection: psycopg.Connection
    ) -> None:
        early, late = uuid4(), uuid4()
        park(connection, a_message(early, 1))
        park(connection, a_message(late, 1), a_message(late, 2))
        park(connection, a_message(early, 2), error="")

        assert due(connection, after=PAUSES[0]) == [(early, 1), (early, 2), (late, 1), (late, 2)]

    def test_is_kept_where_there_is_more_than_is_asked_for(self, connection: psycopg.Connection) -> None:
        first, second = uuid4(), uuid4()
        park(connection, *(a_message(first, version) for version in (1, 2)))
        park(connection, *(a_message(second, version) for version in (1, 2)))

        rows = parking.due(connection, reader="cases", at=NOON + PAUSES[0], limit=3)

        assert [row.key for row in rows] == [first, first, second]

    def test_keeps_a_key_back_until_its_first_record_is_due(self, connection: psycopg.Connection) -> None:
        key = uuid4()
        park(connection, a_message(key, 1), a_message(key, 2))

        assert due(connection, after=PAUSES[0] - timedelta(milliseconds=1)) == []

    @pytest.mark.parametrize("decide", ["handled", "dropped"])
    def test_lets_the_next_of_a_key_come_at_once_when_the_first_is_done_with(
        self, connection: psycopg.Connection, decide: str
    ) -> None:
        first, second = a_message(key := uuid4(), 1), a_message(key, 2)
        park(connection, first, second)
        id = first.envelope.id  # noqa: A001

        if decide == "handled":
            parking.handled(connection, reader="cases", id=id, at=NOON)
        else:
            parking.drop(connection, reader="cases", id=id, at=NOON, by="operator", why="of no use")

        assert due(connection) == [(key, 2)]
        assert only(connection, id).state == decide

    def test_holds_nothing_behind_a_record_without_a_key(self, connection: psycopg.Connection) -> None:
        for offset in (4, 5):
            record = Unreadable(tracking="things/0", key=None, id=uuid4(), offset=offset, raw=b"\xff")
            parking.park(connection, reader="cases", record=record, error=parking.UNREADABLE, at=NOON)

        assert len(parking.parked_keys(connection, reader="cases")) == 2
        assert parking.due(connection, reader="cases", at=NOON + timedelta(days=1)) == []
        parking.retry_lasting(connection, reader="cases", at=NOON)
        assert [row.place for row in parking.due(connection, reader="cases", at=NOON)] == [4, 5]


class TestTryingAgain:
    def test_happens_after_growing_pauses_and_then_waits_for_a_person(self, connection: psycopg.Connection) -> None:
        message = a_message(uuid4(), 1)
        park(connection, message)
        at, pauses = NOON, []
        while (row := only(connection, message.envelope.id)).next_try_at is not None:
            pauses.append(row.next_try_at - at)
            at = row.next_try_at
            parking.tried_again(connection, reader="cases", id=row.id, error="KeyError", at=at)

        assert tuple(pauses) == PAUSES
        assert (row.tries, row.error) == (len(PAUSES), "KeyError")

    def test_of_what_cant_be_read_here_happens_when_a_process_starts(self, connection: psycopg.Connection) -> None:
        message = a_message(uuid4(), 1)
        park(connection, message, error=parking.UNKNOWN_VERSION)
        assert due(connection, after=timedelta(days=365)) == []

        parking.retry_lasting(connection, reader="cases", at=NOON)
        assert len(due(connection)) == 1
        parking.tried_again(connection, reader="cases", id=message.envelope.id, error=parking.UNKNOWN_VERSION, at=NOON)

        assert due(connection, after=timedelta(days=365)) == []

    def test_is_asked_for_by_id_or_by_key_or_for_all(self, connection: psycopg.Connection) -> None:
        one, other = a_message(uuid4(), 1), a_message(uuid4(), 1)
        park(connection, one, error=parking.UNKNOWN_VERSION)
        park(connection, other, error=parking.UNKNOWN_VERSION)

        assert parking.retry(connection, at=NOON, of=uuid4()) == []
        assert parking.retry(connection, at=NOON, of=one.envelope.id) == [message_key(one)]
        assert parking.retry(connection, at=NOON, of=other.envelope.aggregate_id) == [message_key(other)]
        assert len(due(connection)) == 2
        assert set(parking.retry(connection, at=NOON)) == {message_key(one), message_key(other)}

    def test_changes_nothing_of_what_was_decided(self, connection: psycopg.Connection) -> None:
        message = a_message(uuid4(), 1)
        park(connection, message)
        id = message.envelope.id  # noqa: A001
        parking.handled(connection, reader="cases", id=id, at=NOON)
        decided = only(connection, id)

        parking.retry(connection, at=NOON)
        parking.tried_again(connection, reader="cases", id=id, error="KeyError", at=NOON)
        with pytest.raises(Refused, match="waits no longer"):
            parking.drop(connection, reader="cases", id=id, at=NOON, by="operator", why="of no use")

        assert only(connection, id) == decided


def test_a_list_tells_each_key_once_with_how_many_wait_behind(connection: psycopg.Connection) -> None:
    long, short = uuid4(), uuid4()
    park(connection, a_message(long, 1), a_message(long, 2), a_message(long, 3))
    park(connection, a_message(short, 5), at=NOON + timedelta(hours=1))

    first, second = parking.list_parked(connection)

    assert (first.reader, first.key, first.behind, first.error) == ("cases", long, 2, "ValueError")
    assert (second.key, second.behind, second.parked_at) == (short, 0, NOON + timedelta(hours=1))
    assert parking.list_parked(connection, limit=1, offset=1) == [second]


# A model: whatever happens in whatever order, nothing is lost, nothing comes twice, and a key keeps its order.


class Crash(BaseException):
    """The process ends here."""


class EndingThings(Things):
    """A service whose process ends just after something was stored, when told to."""

    ends = False

    def hear(self, *, caused: Caused, tracking: Tracking, react: Callable[[], None]) -> bool:
        heard = super().hear(caused=caused, tracking=tracking, react=react)
        if self.ends:
            raise Crash
        return heard

    def store_page(
        self,
        connection: psycopg.Connection,
        events: Sequence[CanMutateAggregate[UUID]],
        *,
        first: int,
        tracking: Tracking,
    ) -> None:
        super().store_page(connection, events, first=first, tracking=tracking)
        if self.ends:
            raise Crash


KEYS = [uuid5(NAMESPACE_URL, name) for name in ("one", "two", "three")]
_runs = count(1)


class ParkingModel(RuleBasedStateMachine):
    """A log of a few keys, a service that fails on some of it, people who decide, processes that end."""

    def __init__(self, service: EndingThings, desk: psycopg.Connection) -> None:
        """`desk` is the connection of whoever looks and decides."""
        super().__init__()
        self.desk = desk
        self.service = service
        self.reader = f"reader-{(run := next(_runs))}"
        self.producer = f"producer-{run}"
        self.clock = SteppedClock(NOON)
        self.told: list[Message] = []
        self.taken = 0
        self.poison: set[UUID] = set()
        self.dropped: set[UUID] = set()
        self.began_at = service.position()
        self.inbox = self.open()

    def open(self) -> Inbox:
        """A process of the service."""
        return Inbox(
            service=self.reader,
            log=DirectLog([]),
            producers=(self.producer,),
            application=self.service,
            react=self.react,
            clock=self.clock,
        )

    def react(self, envelope: Envelope, _event: Published) -> None:
        self.service.record(Label._create(Label.Printed, id=uuid4(), text=str(envelope.id)))
        if envelope.id in self.poison:
            raise ValueError

    def teardown(self) -> None:
        """In the end everything is cured, and nothing is left."""
        self.poison.clear()
        self.take(len(self.told))
        self.retry()
        self.inbox.stop()
        assert self.waiting() == []
        assert set(self.effects()) == {message.envelope.id for message in self.told} - self.dropped

    @initialize()
    def begin(self) -> None:
        self.tell(0, True)

    @rule(key=st.integers(0, 2), poisonous=st.booleans())
    def tell(self, key: int, poisonous: bool) -> None:
        number = len(self.told) + 1
        message = a_message(uuid5(KEYS[key], self.producer), number, position=number, producer=self.producer)
        self.told.append(message)
        if poisonous:
            self.poison.add(message.envelope.id)

    @rule(how_many=st.integers(1, 5))
    def take(self, how_many: int) -> None:
        self.inbox.take(self.told[self.taken : self.taken + how_many])
        self.taken = min(len(self.told), self.taken + how_many)

    @rule(how_far=st.integers(1, 8))
    def come_again(self, how_far: int) -> None:
        """As after a rebalance: some of it was heard before, perhaps all."""
        self.inbox.take(self.told[max(0, self.taken - how_far) : self.taken])

    @rule(pause=st.sampled_from(PAUSES))
    def let_time_pass(self, pause: timedelta) -> None:
        self.clock.step(pause)
        self.inbox.try_parked()

    @rule()
    def cure(self) -> None:
        """A newer program, or what was missing has come."""
        self.poison.clear()

    @rule()
    def retry(self) -> None:
        parking.retry(self.desk, at=self.clock.now())
        self.inbox.try_parked()

    @rule(which=st.integers(0, 5))
    def drop(self, which: int) -> None:
        waiting = self.waiting()
        if waiting:
            row = waiting[which % len(waiting)]
            try:
                drop(self.desk, row, why="of no use", caused=somebody(at=self.clock.now()))
            except Refused:  # it had its effect, and the process ended before the row could say so
                assert row.id in self.effects()
            else:
                self.dropped.add(row.id)

    @rule(how_many=st.integers(1, 3))
    def end_while_taking(self, how_many: int) -> None:
        self.ending(lambda: self.inbox.take(self.told[self.taken : self.taken + how_many]))

    @rule(pause=st.sampled_from(PAUSES))
    def end_while_trying_again(self, pause: timedelta) -> None:
        self.clock.step(pause)
        self.ending(self.inbox.try_parked)

    def ending(self, do: Callable[[], None]) -> None:
        """The process ends within; the next one begins where the tracking is."""
        self.service.ends = True
        with suppress(Crash):
            do()
        self.service.ends = False
        self.inbox.stop()
        self.inbox = self.open()
        self.taken = self.service.recorder_of_commands.max_tracking_id(f"{self.producer}/0") or 0

    @invariant()
    def nothing_comes_twice_and_a_key_keeps_its_order(self) -> None:
        order = {message.envelope.id: number for number, message in enumerate(self.told)}
        by_key: dict[UUID, list[int]] = {}
        for id in self.effects():  # noqa: A001
            message = self.told[order[id]]
            by_key.setdefault(message.envelope.aggregate_id, []).append(order[id])
        assert all(came == sorted(set(came)) for came in by_key.values())

    @invariant()
    def nothing_is_lost(self) -> None:
        heard = self.service.recorder_of_commands.max_tracking_id(f"{self.producer}/0") or 0
        known = set(self.effects()) | {row.id for row in self.waiting()} | self.dropped
        assert {message.envelope.id for message in self.told[:heard]} <= known

    def effects(self) -> list[UUID]:
        """The messages that had their effect, in the order in which they had it."""
        events = [row.event for row in self.service.recorder_of_commands.follow(self.began_at, 10_000)]
        return [
            UUID(msgspec.json.decode(event.state)["text"]) for event in events if event.topic == Label.Printed.TOPIC
        ]

    def waiting(self) -> list[Parked]:
        return [row for key in KEYS for row in parking.find_parked(self.desk, of=uuid5(key, self.producer))]


def test_whatever_happens_a_key_keeps_its_order_and_nothing_is_lost_or_comes_twice(
    store_database: FreshDatabase, connection: psycopg.Connection, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "PAUSE_S", 0.0)
    with ExitStack() as stack:
        recorder = stack.enter_context(closing(Recorder(dsn=store_database.app)))
        service = EndingThings(recorder=recorder, mapper=SealingMapper(vault=vault))
        run_state_machine_as_test(
            lambda: ParkingModel(service, connection),
            settings=settings(max_examples=60 * ROUNDS, stateful_step_count=25),
        )
