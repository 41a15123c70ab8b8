"""The event store keeps its promises while nothing goes wrong; `test_store_faults.py` has the rest."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.application import LocalNotificationLog
from eventsourcing.persistence import IntegrityError, Tracking
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import CharacterNotInRepertoire

from services.chassis.store import (
    AlreadyTracked,
    Answer,
    Command,
    CommandAlreadyRecorded,
    RecordedEvent,
    Recorder,
    StoreUnavailable,
)
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually, is_waiting_for_the_lock, locked, migrate_store
from tests.fixtures.stored_events import an_event


def a_command(*, command_id: UUID | None = None) -> Command:
    return Command(id=command_id or uuid4(), name="open_case", request_hash=b"\x01" * 32, answer=uuid4())


def outcome(recorder: Recorder, events: list[RecordedEvent], **beside: object) -> object:
    """What became of an entry: its positions, or the refusal itself."""
    try:
        return recorder.insert_events(events, **beside)
    except (IntegrityError, AlreadyTracked, CommandAlreadyRecorded) as refusal:
        return refusal


def queued(recorder: Recorder) -> int:
    return len(recorder._writer._queue)


class TestWhatIsAppended:
    def test_is_read_back_as_it_was_written(self, recorder: Recorder) -> None:
        plain = an_event()
        caused = replace(an_event(of=plain.originator_id, version=2).caused, causation_id=uuid4(), trace="")
        later = replace(plain, originator_version=2, state=b'{"text":"\xe4\xb8\xad"}', caused=caused)

        recorder.insert_events([plain, later])

        assert recorder.select_events(plain.originator_id) == [plain, later]
        assert [(row.event, row.position) for row in recorder.follow(0, 10)] == [(plain, 1), (later, 2)]

    def test_is_read_within_the_bounds_asked_for(self, recorder: Recorder) -> None:
        child = uuid4()
        recorder.insert_events([an_event(of=child, version=version) for version in range(1, 6)])

        def versions(**bounds: int) -> list[int]:
            return [event.originator_version for event in recorder.select_events(child, **bounds)]

        assert versions() == [1, 2, 3, 4, 5]
        assert versions(gt=2, lte=4) == [3, 4]
        assert versions(desc=True, limit=2) == [5, 4]
        assert versions(gt=5) == []

    def test_is_followed_from_any_position(self, recorder: Recorder) -> None:
        recorder.insert_events([an_event() for _ in range(5)])

        assert [row.position for row in recorder.follow(2, 2)] == [3, 4]
        assert recorder.follow(5, 2) == []
        assert recorder.max_notification_id() == 5

    def test_is_served_to_the_librarys_notification_log(self, recorder: Recorder) -> None:
        recorder.insert_events([an_event(topic="tests.A"), an_event(topic="tests.B"), an_event(topic="tests.A")])

        section = LocalNotificationLog(recorder, section_size=2)["1,2"]

        assert [item.id for item in section.items] == [1, 2]
        assert section.next_id == "3,4"
        assert [item.id for item in recorder.select_notifications(1, 9, 2)] == [1, 2]
        assert [item.id for item in recorder.select_notifications(1, 9, topics=["tests.A"])] == [1, 3]
        assert [item.id for item in recorder.select_notifications(1, 9, inclusive_of_start=False)] == [2, 3]

    def test_is_nothing_in_an_empty_log(self, recorder: Recorder) -> None:
        assert recorder.max_notification_id() is None
        assert recorder.max_tracking_id("roster/0") is None
        assert recorder.follow(0, 10) == []
        assert recorder.insert_events([]) == []


class TestAConflict:
    def test_stores_nothing_of_its_entry(self, recorder: Recorder) -> None:
        child = uuid4()
        recorder.insert_events([an_event(of=child)])
        command = a_command()

        with pytest.raises(IntegrityError):
            recorder.insert_events([an_event(), an_event(of=child)], command=command, tracking=Tracking("roster/0", 9))

        assert recorder.max_notification_id() == 1
        assert recorder.find_answer(command.id) is None
        assert recorder.max_tracking_id("roster/0") is None

    def test_leaves_no_hole_in_the_positions(self, recorder: Recorder) -> None:
        child = uuid4()
        assert recorder.insert_events([an_event(of=child)]) == [1]
        with pytest.raises(IntegrityError):
            recorder.insert_events([an_event(of=child)])
        assert recorder.insert_events([an_event(), an_event()]) == [2, 3]

    def test_within_one_entry_is_refused_at_once(self, recorder: Recorder) -> None:
        child = uuid4()
        with pytest.raises(IntegrityError):
            recorder.insert_events([an_event(of=child), an_event(of=child)])

    def test_in_a_group_hits_only_its_own_entry(self, recorder: Recorder, store_database: FreshDatabase) -> None:
        child = uuid4()
        recorder.insert_events([an_event(of=child)])
        tracked = Tracking("roster/0", 1)
        entries: list[tuple[list[RecordedEvent], dict[str, object]]] = [
            ([an_event()], {}),
            ([an_event(), an_event(of=child)], {}),
            ([an_event()], {"tracking": tracked}),
            ([an_event()], {"tracking": tracked}),
            ([an_event(topic="no\x00text")], {}),
            ([an_event(), an_event()], {"command": a_command()}),
        ]

        def store(entry: tuple[list[RecordedEvent], dict[str, object]]) -> object:
            try:
                return outcome(recorder, entry[0], **entry[1])
            except CharacterNotInRepertoire as unstorable:
                return unstorable

        with ThreadPoolExecutor(len(entries) + 1) as threads:
            with locked(store_database):
                first = threads.submit(outcome, recorder, [an_event()])
                eventually(lambda: is_waiting_for_the_lock(store_database))
                answers = []
                for number, entry in enumerate(entries, start=1):
                    answers.append(threads.submit(store, entry))
                    eventually(lambda number=number: queued(recorder) == number)
            results = [answer.result() for answer in (first, *answers)]

        assert [type(result) for result in results] == [
            *(list, list, IntegrityError, list, AlreadyTracked, CharacterNotInRepertoire, list)
        ]
        positions = sorted(position for result in results if isinstance(result, list) for position in result)
        assert positions == list(range(2, 2 + 5))
        assert recorder.max_notification_id() == 6

    def test_is_decided_in_the_order_of_asking(self, recorder: Recorder, store_database: FreshDatabase) -> None:
        """The second competes with the first, the third with the second alone; yet it doesn't overtake the second.

        Were its later position tracked before, the second's message would pass for one that was heard already.
        """
        child = uuid4()
        recorder.insert_tracking(Tracking("roster/0", 1))
        asked: list[tuple[list[RecordedEvent], Tracking]] = [
            ([an_event(of=child)], Tracking("roster/0", 1)),
            ([an_event(of=child)], Tracking("cases/0", 1)),
            ([], Tracking("cases/0", 2)),
        ]
        with ThreadPoolExecutor(4) as threads:
            with locked(store_database):
                threads.submit(outcome, recorder, [an_event()])
                eventually(lambda: is_waiting_for_the_lock(store_database))
                answers = []
                for number, (events, tracking) in enumerate(asked, start=1):
                    answers.append(threads.submit(outcome, recorder, events, tracking=tracking))
                    eventually(lambda number=number: queued(recorder) == number)
            results = [answer.result() for answer in answers]

        assert [type(result) for result in results] == [AlreadyTracked, list, list]
        assert recorder.max_tracking_id("cases/0") == 2


class TestManyWriters:
    def test_lose_nothing_before_a_reader_who_tails_the_log(self, open_recorder: Callable[..., Recorder]) -> None:
        """Eight threads in two processes write, one reader follows: it sees 1, 2, 3, ... and never looks back."""
        writers = [open_recorder(), open_recorder()]
        each, total = 60, 8 * 60
        seen: list[int] = []
        positions: list[int] = []

        def write(number: int) -> None:
            child = uuid4()
            for version in range(1, each + 1):
                positions.extend(writers[number % 2].insert_events([an_event(of=child, version=version)]))

        def tail() -> None:
            reader = writers[0]
            while len(seen) < total:
                assert reader.wait_for(len(seen) + 1, timeout=10)
                seen.extend(row.position for row in reader.follow(seen[-1] if seen else 0, 7))

        with ThreadPoolExecutor(9) as threads:
            tailing = threads.submit(tail)
            for writing in [threads.submit(write, number) for number in range(8)]:
                writing.result()
            tailing.result()

        assert seen == list(range(1, total + 1))
        assert sorted(positions) == seen

    def test_of_one_place_find_one_winner(self, open_recorder: Callable[..., Recorder]) -> None:
        writers = [open_recorder(), open_recorder()]
        child = uuid4()
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda number: outcome(writers[number % 2], [an_event(of=child)]), range(8)))

        assert sorted(isinstance(result, list) for result in results) == [False] * 7 + [True]
        assert len(writers[0].select_events(child)) == 1


class TestACommand:
    def test_is_answered_by_what_it_changed_and_the_position_of_its_last_event(self, recorder: Recorder) -> None:
        command = a_command()
        recorder.insert_events([an_event()])
        recorder.insert_events([an_event(), an_event()], command=command)
        recorder.insert_events([an_event()])

        assert recorder.find_answer(command.id) == (command.request_hash, Answer(command.answer, 3))
        assert recorder.find_answer(uuid4()) is None

    def test_that_caused_nothing_is_answered_with_the_head_of_the_log(self, recorder: Recorder) -> None:
        recorder.insert_events([an_event(), an_event()])
        command = a_command()
        assert recorder.insert_events([], command=command) == []
        assert recorder.find_answer(command.id) == (command.request_hash, Answer(command.answer, 2))

    def test_sent_again_gets_the_first_answer_and_stores_nothing(self, recorder: Recorder) -> None:
        command = a_command()
        recorder.insert_events([an_event()], command=command)

        with pytest.raises(CommandAlreadyRecorded) as known:
            recorder.insert_events([an_event()], command=replace(command, answer=uuid4()))

        assert known.value.answer == Answer(command.answer, 1)
        assert recorder.max_notification_id() == 1

    def test_sent_at_once_from_many_sides_is_stored_once(self, open_recorder: Callable[..., Recorder]) -> None:
        writers = [open_recorder(), open_recorder()]
        commands = [a_command(command_id=UUID(int=7)) for _ in range(8)]
        together = threading.Barrier(8)

        def send(number: int) -> object:
            together.wait(timeout=10)
            return outcome(writers[number % 2], [an_event()], command=commands[number])

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(send, range(8)))

        (winner,) = [number for number, result in enumerate(results) if result == [1]]
        refused = [result for result in results if isinstance(result, CommandAlreadyRecorded)]
        assert [refusal.answer for refusal in refused] == [Answer(commands[winner].answer, 1)] * 7
        assert writers[0].max_notification_id() == 1


class TestAMessage:
    def test_heard_again_stores_nothing(self, recorder: Recorder) -> None:
        recorder.insert_events([an_event()], tracking=Tracking("cases/0", 5))
        for position in (5, 4):
            with pytest.raises(AlreadyTracked):
                recorder.insert_events([an_event()], tracking=Tracking("cases/0", position))

        assert recorder.max_notification_id() == 1
        assert recorder.max_tracking_id("cases/0") == 5

    def test_moves_only_its_own_tracking(self, recorder: Recorder) -> None:
        recorder.insert_tracking(Tracking("cases/0", 5))
        recorder.insert_tracking(Tracking("cases/1", 3))
        recorder.insert_tracking(Tracking("cases/0", 8))

        assert (recorder.max_tracking_id("cases/0"), recorder.max_tracking_id("cases/1")) == (8, 3)
        assert recorder.has_tracking_id("cases/1", 3)
        assert not recorder.has_tracking_id("cases/1", 4)


children = st.sampled_from([UUID(int=1), UUID(int=2)])
entries = st.tuples(
    st.sets(st.tuples(children, st.integers(1, 3)), max_size=3),
    st.none() | st.integers(1, 3),
    st.none() | st.integers(1, 4),
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(asked=st.lists(entries, max_size=12))
def test_the_store_decides_as_its_model_does(recorder: Recorder, asked: list) -> None:
    """Whatever is asked in whatever order: sets of places, command ids and a high-water mark say what is stored."""
    salt = uuid4().int
    places: set[object] = set()
    commands: set[object] = set()
    mark = 0
    for wanted, command, position in asked:
        beside = {}
        expected = list
        if command is not None:
            beside["command"] = a_command(command_id=UUID(int=salt ^ command))
        if position is not None:
            beside["tracking"] = Tracking(str(salt), position)
        if command in commands:
            expected = CommandAlreadyRecorded
        elif position is not None and position <= mark:
            expected = AlreadyTracked
        elif wanted & places:
            expected = IntegrityError
        else:
            places |= wanted
            commands |= {command} - {None}
            mark = max(mark, position or 0)
        events = [an_event(of=UUID(int=salt ^ child.int), version=version) for child, version in wanted]
        assert type(outcome(recorder, events, **beside)) is expected


class TestALoad:
    def test_joins_the_log_as_if_appended(self, recorder: Recorder) -> None:
        before, after, loaded = an_event(), an_event(), [an_event() for _ in range(300)]
        recorder.insert_events([before])
        assert recorder.load(iter(loaded)) == 301
        recorder.insert_events([after])

        assert [row.event for row in recorder.follow(0, 1000)] == [before, *loaded, after]
        assert [row.position for row in recorder.follow(0, 1000)] == list(range(1, 303))

    def test_stores_all_or_nothing(self, recorder: Recorder) -> None:
        taken = an_event()
        recorder.insert_events([taken])
        with pytest.raises(IntegrityError):
            recorder.load([an_event(), replace(taken, state=b"{}")])

        assert recorder.max_notification_id() == 1
        assert recorder.load([]) == 1


class TestWhatHasHappened:
    @pytest.mark.parametrize("table", ["events", "commands"])
    @pytest.mark.parametrize("change", ["update {} set stored_at = now()", "delete from {}", "truncate {}"])
    def test_can_be_changed_by_nobody(
        self, recorder: Recorder, store_database: FreshDatabase, table: str, change: str
    ) -> None:
        recorder.insert_events([an_event()], command=a_command())
        attempts = (
            (store_database.app, psycopg.errors.InsufficientPrivilege, ""),
            (store_database.owner, psycopg.errors.ObjectNotInPrerequisiteState, ""),
            (store_database.superuser, psycopg.errors.ObjectNotInPrerequisiteState, ""),
            (
                store_database.superuser,
                psycopg.errors.ObjectNotInPrerequisiteState,
                "set session_replication_role = replica",
            ),
        )
        for dsn, refusal, beforehand in attempts:
            with psycopg.connect(dsn, autocommit=True) as connection:
                if beforehand:
                    connection.execute(beforehand)
                with pytest.raises(refusal):
                    connection.execute(change.format(table))
        assert recorder.max_notification_id() == 1

    def test_is_kept_in_order_against_writers_who_go_around_the_recorder(
        self, recorder: Recorder, store_database: FreshDatabase
    ) -> None:
        """An insert by whomever takes the store's lock, so the recorder waits for its commit and counts on from there."""
        recorder.insert_events([an_event()])
        copied = (
            "insert into events select gen_random_uuid(), 1, topic, state, notification_id + 1, recorded_at, now(), actor,"
            " department, purpose, command_id, correlation_id, causation_id, trace from events"
        )
        with ThreadPoolExecutor(1) as threads:
            with psycopg.connect(store_database.owner) as around:
                around.execute(copied)
                waiting = threads.submit(recorder.insert_events, [an_event()])
                eventually(lambda: is_waiting_for_the_lock(store_database))
            assert waiting.result() == [3]


class TestFollowers:
    def test_are_woken_after_each_commit(self, recorder: Recorder) -> None:
        heard: list[int] = []
        recorder.on_recorded(heard.append)
        recorder.insert_events([an_event(), an_event()])
        eventually(lambda: heard == [2])
        recorder.insert_events([an_event()])
        eventually(lambda: heard == [2, 3])

    def test_do_not_harm_the_store_by_failing(self, recorder: Recorder) -> None:
        heard: list[int] = []
        recorder.on_recorded(lambda _: [].pop())
        recorder.on_recorded(heard.append)
        recorder.insert_events([an_event()])
        assert recorder.insert_events([an_event()]) == [2]
        eventually(lambda: heard == [1, 2])

    def test_can_wait_for_what_another_process_stores(self, open_recorder: Callable[..., Recorder]) -> None:
        here, elsewhere = open_recorder(), open_recorder()
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(here.wait_for, 1, timeout=10)
            elsewhere.insert_events([an_event()])
            assert waiting.result() is True

    def test_are_told_when_they_waited_in_vain(self, recorder: Recorder) -> None:
        assert recorder.wait_for(1, timeout=0.05) is False

    def test_are_offered_no_subscription(self, recorder: Recorder) -> None:
        with pytest.raises(NotImplementedError, match="follow"):
            recorder.subscribe()


class TestClosing:
    def test_leaves_no_thread_and_no_connection(
        self, open_recorder: Callable[..., Recorder], store_database: FreshDatabase
    ) -> None:
        before = set(threading.enumerate())
        recorder = open_recorder()
        recorder.insert_events([an_event()])
        recorder.max_notification_id()

        recorder.close()
        recorder.close()

        assert set(threading.enumerate()) == before
        sessions = "select count(*) from pg_stat_activity where datname = %s and usename = 'roster_app'"
        with psycopg.connect(store_database.superuser, autocommit=True) as connection:
            eventually(lambda: connection.execute(sessions, (store_database.name,)).fetchone() == (0,))

    def test_stores_what_was_accepted_and_refuses_what_comes_after(
        self, open_recorder: Callable[..., Recorder], store_database: FreshDatabase
    ) -> None:
        recorder = open_recorder()
        with ThreadPoolExecutor(6) as threads:
            with locked(store_database):
                first = threads.submit(recorder.insert_events, [an_event()])
                eventually(lambda: is_waiting_for_the_lock(store_database))
                others = [threads.submit(recorder.insert_events, [an_event()]) for _ in range(4)]
                eventually(lambda: queued(recorder) == 4)
                closing = threads.submit(recorder.close)
                eventually(lambda: recorder._writer._closing)
                with pytest.raises(StoreUnavailable, match="closed"):
                    recorder.insert_events([an_event()])
            closing.result()
            stored = sorted(position for answer in (first, *others) for position in answer.result())

        assert stored == [1, 2, 3, 4, 5]


def test_migrating_is_harmless_however_often_and_by_however_many(database: Callable[..., FreshDatabase]) -> None:
    fresh = database("roster")

    def migrate_once(_: int) -> None:
        with psycopg.connect(fresh.owner) as connection:
            migrate_store(connection)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate_once, range(6)))

    recorder = Recorder(dsn=fresh.app)
    assert recorder.insert_events([an_event()]) == [1]
    recorder.close()
