"""What the event store does when connections, locks and servers fail: no accepted event is lost, none is stored twice."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from typing import Literal
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, Tracking
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.chassis import store
from services.chassis.store import Answer, Command, CommandAlreadyRecorded, Recorder, StoreUnavailable
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually, is_waiting_for_the_lock, locked
from tests.fixtures.stored_events import an_event

MARK = b"cut here"
MARKED = b'{"word":"' + MARK + b'"}'


class Wire:
    """A TCP connection to the database that is cut once, when the marked event passes: before it arrives or after.

    After means: the server has committed and its answer is lost.
    """

    def __init__(self, dsn: str) -> None:
        self._server = ("127.0.0.1", int(conninfo_to_dict(dsn)["port"]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.dsn = make_conninfo(dsn, port=self._listener.getsockname()[1])
        self.cut: Literal["before", "after"] | None = None
        self.cuts = 0
        self._spawn(self._accept)

    def close(self) -> None:
        """Cuts everything for good; later connections are refused."""
        self._cut(self._listener)
        self._threads[0].join(timeout=10)  # nobody is let in any more
        for end in self._open:
            self._cut(end)
        for thread in self._threads:
            thread.join(timeout=10)

    def _cut(self, end: socket.socket) -> None:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

    def _spawn(self, run: Callable[..., None], *ends: socket.socket) -> None:
        self._threads.append(threading.Thread(target=run, args=ends, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                server = socket.create_connection(self._server, timeout=30)
                self._open.append(server)
                self._spawn(self._to_server, client, server)
                self._spawn(self._to_client, client, server)

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while sent := client.recv(1 << 20):
                marked = MARK in sent and self.cut
                if marked:
                    self.cut, self.cuts = None, self.cuts + 1
                    if marked == "after":
                        client.shutdown(socket.SHUT_WR)  # the answer can't come back
                        server.sendall(sent)
                        continue
                    server.shutdown(socket.SHUT_RDWR)
                    client.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(sent)
            server.shutdown(socket.SHUT_WR)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while answered := server.recv(1 << 20):
                client.sendall(answered)
            client.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire(store_database: FreshDatabase) -> Iterator[Wire]:
    with closing(Wire(store_database.app)) as wire:
        yield wire


@pytest.fixture
def wired(wire: Wire, open_recorder: Callable[..., Recorder]) -> Recorder:
    """A recorder at the far end of the wire, with a connection made."""
    recorder = open_recorder(dsn=wire.dsn)
    recorder.insert_events([an_event()])
    return recorder


def terminate(database: FreshDatabase) -> int:
    """Ends the app role's sessions in this database, as an administrator or a failing server would."""
    query = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename = 'roster_app'"
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        return len(connection.execute(query, (database.name,)).fetchall())


@pytest.mark.parametrize("cut", ["before", "after"])
class TestALostConnection:
    def test_loses_no_event_and_doubles_none(
        self, wired: Recorder, wire: Wire, cut: Literal["before", "after"]
    ) -> None:
        event = an_event(state=MARKED)
        wire.cut = cut

        assert wired.insert_events([an_event(), event]) == [2, 3]

        assert wire.cuts == 1
        assert wired.select_events(event.originator_id) == [event]
        assert wired.max_notification_id() == 3

    def test_answers_a_command_and_a_message_once(
        self, wired: Recorder, wire: Wire, cut: Literal["before", "after"]
    ) -> None:
        command = Command(id=uuid4(), name="open_case", request_hash=b"\x02" * 32, answer=uuid4())
        wire.cut = cut

        positions = wired.insert_events([an_event(state=MARKED)], command=command, tracking=Tracking("cases/0", 4))

        assert (wire.cuts, positions) == (1, [2])
        assert wired.find_answer(command.id) == (command.request_hash, Answer(command.answer, 2))
        with pytest.raises(CommandAlreadyRecorded):
            wired.insert_events([an_event()], command=command)

    def test_does_not_turn_another_writers_answer_into_ones_own(
        self, wired: Recorder, wire: Wire, open_recorder: Callable[..., Recorder], cut: Literal["before", "after"]
    ) -> None:
        theirs = Command(id=uuid4(), name="open_case", request_hash=b"\x04" * 32, answer=uuid4())
        open_recorder().insert_events([], command=theirs)
        wire.cut = cut

        with pytest.raises(CommandAlreadyRecorded) as known:
            wired.insert_events([], command=replace(theirs, name=MARK.decode(), answer=uuid4()))

        assert (wire.cuts, known.value.answer) == (1, Answer(theirs.answer, 1))

    def test_does_not_turn_another_writers_event_into_ones_own(
        self, wired: Recorder, wire: Wire, open_recorder: Callable[..., Recorder], cut: Literal["before", "after"]
    ) -> None:
        child = uuid4()
        theirs = an_event(of=child, state=MARKED)
        open_recorder().insert_events([theirs])
        wire.cut = cut

        with pytest.raises(IntegrityError):
            wired.insert_events([an_event(of=child, state=MARKED)])

        assert wire.cuts == 1
        assert wired.select_events(child) == [theirs]

    def test_spares_the_rest_of_the_group(
        self, wired: Recorder, wire: Wire, store_database: FreshDatabase, cut: Literal["before", "after"]
    ) -> None:
        child = uuid4()
        wired.insert_events([an_event(of=child)])
        with ThreadPoolExecutor(8) as threads:
            with locked(store_database):
                first = threads.submit(wired.insert_events, [an_event()])
                eventually(lambda: is_waiting_for_the_lock(store_database))
                wire.cut = cut
                states = [b"{}", MARKED, b"[]"]
                good = [threads.submit(wired.insert_events, [an_event(state=state)]) for state in states]
                bad = threads.submit(wired.insert_events, [an_event(of=child)])
                eventually(lambda: len(wired._writer._queue) == 4)
            positions = sorted(position for answer in (first, *good) for position in answer.result())
            with pytest.raises(IntegrityError):
                bad.result()

        assert (wire.cuts, positions) == (1, [3, 4, 5, 6])
        assert wired.max_notification_id() == 6


def test_killing_the_writers_session_again_and_again_loses_and_doubles_nothing(
    recorder: Recorder, store_database: FreshDatabase
) -> None:
    accepted: dict[object, int] = {}
    kills = 0

    def write() -> None:
        for _ in range(40):
            event = an_event()
            (accepted[event.originator_id],) = recorder.insert_events([event])

    with ThreadPoolExecutor(8) as threads:
        writing = [threads.submit(write) for _ in range(8)]
        while not all(task.done() for task in writing):
            before = len(accepted)
            kills += terminate(store_database)
            eventually(lambda before=before: len(accepted) > before or all(task.done() for task in writing))
        for task in writing:
            task.result()

    assert kills >= 3
    assert {row.event.originator_id: row.position for row in recorder.follow(0, 1000)} == accepted
    assert sorted(accepted.values()) == list(range(1, 321))


class TestADatabaseThatIsAway:
    def test_is_unavailable_within_a_bounded_time(
        self, wired: Recorder, wire: Wire, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "RETRY_S", 0.1)
        wire.close()
        with pytest.raises(StoreUnavailable):
            wired.insert_events([an_event()])

    def test_is_unavailable_for_readers_too(self, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "READ_S", 0.1)
        wire.close()
        with closing(Recorder(dsn=wire.dsn)) as away, pytest.raises(StoreUnavailable):
            away.max_notification_id()

    def test_and_back_again_is_read_without_anyone_noticing(
        self, recorder: Recorder, store_database: FreshDatabase
    ) -> None:
        recorder.insert_events([an_event()])
        assert len(recorder.follow(0, 10)) == 1
        terminate(store_database)
        assert len(recorder.follow(0, 10)) == 1


class TestALockedStore:
    def test_answers_nothing_in_time_and_the_command_once_asked_again(
        self, recorder: Recorder, store_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "ANSWER_S", 0.2)
        command = Command(id=uuid4(), name="open_case", request_hash=b"\x03" * 32, answer=uuid4())
        with locked(store_database), pytest.raises(StoreUnavailable, match="in time"):
            recorder.insert_events([an_event()], command=command)

        eventually(lambda: recorder.find_answer(command.id))
        assert recorder.find_answer(command.id) == (command.request_hash, Answer(command.answer, 1))

    def test_drops_what_its_caller_no_longer_waits_for(
        self, recorder: Recorder, store_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only what the writer has begun may still be stored; what merely waited in the queue is not."""
        with ThreadPoolExecutor(1) as threads:
            with locked(store_database):
                begun = threads.submit(recorder.insert_events, [an_event()])
                eventually(lambda: is_waiting_for_the_lock(store_database))
                monkeypatch.setattr(store, "ANSWER_S", 0.1)
                with pytest.raises(StoreUnavailable):
                    recorder.insert_events([an_event()])
            assert begun.result() == [1]
        assert recorder.insert_events([an_event()]) == [2]

    def test_refuses_when_its_queue_is_full(
        self, recorder: Recorder, store_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "QUEUE_MAX", 3)
        monkeypatch.setattr(store, "ENQUEUE_S", 0.05)
        with ThreadPoolExecutor(4) as threads:
            with locked(store_database):
                answers = [threads.submit(recorder.insert_events, [an_event()])]
                eventually(lambda: is_waiting_for_the_lock(store_database))
                answers += [threads.submit(recorder.insert_events, [an_event()]) for _ in range(3)]
                eventually(lambda: len(recorder._writer._queue) == 3)
                with pytest.raises(StoreUnavailable, match="3 entries are waiting"):
                    recorder.insert_events([an_event()])
            assert sorted(answer.result() for answer in answers) == [[1], [2], [3], [4]]

    def test_is_tried_again_after_the_lock_timed_out(
        self, open_recorder: Callable[..., Recorder], store_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "_WRITING", "-c lock_timeout=50ms")
        recorder = open_recorder()
        with ThreadPoolExecutor(1) as threads:
            with locked(store_database):
                answer = threads.submit(recorder.insert_events, [an_event()])
                eventually(lambda: is_waiting_for_the_lock(store_database))
                eventually(lambda: not is_waiting_for_the_lock(store_database))
                eventually(lambda: is_waiting_for_the_lock(store_database))
            assert answer.result() == [1]
