"""The parts of a process start in order and stop in reverse, whatever one of them does."""

import os
import signal
import threading
from collections.abc import Callable
from threading import Event, Thread
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.chassis.aggregate import Caused, NobodyActing, who_acts
from services.chassis.clock import SteppedClock
from services.chassis.log import Lag
from services.chassis.publication import Publication
from services.chassis.runtime import Repeating, Report, Runtime, Service, by_the_clock, until_told_to_stop
from tests.chassis.things import NOON, Things, publish
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually


class RecordingPart:
    """A part that tells a diary what is done with it, and fails where it is told to."""

    def __init__(self, name: str, *, diary: list[str], fails_at: str = "") -> None:
        self.name = name
        self._diary = diary
        self._fails_at = fails_at

    def start(self) -> None:
        self._do("start")

    def stop(self) -> None:
        self._do("stop")

    def health(self) -> str:
        return f"{self.name} is well"

    def _do(self, act: str) -> None:
        self._diary.append(f"{act} {self.name}")
        if self._fails_at == act:
            raise OSError("燕归来")


class Following(RecordingPart):
    """A part that lags behind a log and has put something aside."""

    def __init__(self, name: str) -> None:
        super().__init__(name, diary=[])

    def health(self) -> str:
        return "ok"

    def lag(self) -> Lag:
        return Lag(seconds=2.5, events=3)

    def parked_keys(self) -> int:
        return 1


def parts(diary: list[str], *, failing: dict[str, str] | None = None) -> list[RecordingPart]:
    """Three parts, of which some fail at starting or at stopping."""
    fails_at = failing or {}
    return [RecordingPart(name, diary=diary, fails_at=fails_at.get(name, "")) for name in ("one", "two", "three")]


class TestARuntime:
    def test_starts_its_parts_in_order_and_stops_them_in_reverse(self) -> None:
        diary: list[str] = []

        with Runtime(parts(diary)):
            diary.append("run")

        assert diary == ["start one", "start two", "start three", "run", "stop three", "stop two", "stop one"]

    def test_stops_its_parts_when_what_runs_within_fails(self) -> None:
        diary: list[str] = []

        with pytest.raises(KeyboardInterrupt), Runtime(parts(diary)):
            raise KeyboardInterrupt

        assert diary[3:] == ["stop three", "stop two", "stop one"]

    def test_that_cant_be_started_stops_what_had_started(self) -> None:
        diary: list[str] = []

        with pytest.raises(OSError, match="燕归来"), Runtime(parts(diary, failing={"two": "start"})):
            diary.append("run")

        assert diary == ["start one", "start two", "stop one"]

    def test_stops_the_others_when_one_does_not_stop_cleanly(self, caplog: pytest.LogCaptureFixture) -> None:
        diary: list[str] = []

        with Runtime(parts(diary, failing={"two": "stop"})):
            pass

        assert diary[3:] == ["stop three", "stop two", "stop one"]
        assert "two did not stop cleanly: OSError" in caplog.text
        assert "燕归来" not in caplog.text

    def test_tells_how_each_part_is(self) -> None:
        report = Runtime([*parts([]), Following("four")]).report()

        assert report.parts == {"one": "one is well", "two": "two is well", "three": "three is well", "four": "ok"}
        assert report.lag == {"four": Lag(seconds=2.5, events=3)}
        assert report.parked == {"four": 1}

    @pytest.mark.parametrize(
        ("states", "is_well"),
        [(("ok", "ok"), True), (("ok", "standing by"), True), (("ok", "waiting: LogUnavailable"), False), ((), True)],
    )
    def test_is_well_where_every_part_is(self, states: tuple[str, ...], is_well: bool) -> None:
        report = Report(parts={f"part {number}": state for number, state in enumerate(states)}, lag={}, parked={})

        assert report.is_well is is_well


class TestSomethingRepeated:
    def test_is_done_at_once_and_again(self) -> None:
        rounds: list[int] = []
        repeating = Repeating(name="clock", every_s=0.001, do=lambda: rounds.append(1))

        with Runtime([repeating]):
            eventually(lambda: len(rounds) > 3)
            assert repeating.health() == "ok"

        done = len(rounds)
        assert not any(thread.name == "clock" for thread in threading.enumerate())
        assert len(rounds) == done

    def test_that_fails_says_so_until_it_succeeds_again(self, caplog: pytest.LogCaptureFixture) -> None:
        well = Event()

        def do() -> None:
            if not well.is_set():
                raise ConnectionError("燕归来")

        repeating = Repeating(name="clock", every_s=0.001, do=do)
        with Runtime([repeating]):
            eventually(lambda: repeating.health() == "failing: ConnectionError")
            well.set()
            eventually(lambda: repeating.health() == "ok")

        assert "clock failed: ConnectionError" in caplog.text
        assert "燕归来" not in caplog.text

    def test_is_not_waited_for_until_its_next_time(self) -> None:
        done = Event()
        repeating = Repeating(name="clock", every_s=3_600, do=done.set)

        with Runtime([repeating]):
            assert done.wait(timeout=10)

        assert not any(thread.name == "clock" for thread in threading.enumerate())

    def test_that_never_started_is_stopped_all_the_same(self) -> None:
        Repeating(name="clock", every_s=1, do=lambda: None).stop()


def test_time_is_nobodys_department() -> None:
    clock = SteppedClock(NOON)
    first, second = by_the_clock(clock), by_the_clock(clock)

    assert (first.actor, first.department, first.at) == ("clock", "system:clock", NOON)
    assert isinstance(first.command_id, UUID)
    assert first.command_id != second.command_id


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_runs_until_it_is_told_to_stop(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def tell() -> None:
        eventually(lambda: signal.getsignal(number) is not before)
        os.kill(os.getpid(), number)

    teller = Thread(target=tell)
    teller.start()
    until_told_to_stop()
    teller.join(timeout=10)

    assert signal.getsignal(number) is before


def a_service(things: Things, *, dsn: str, pass_time: Callable[[], None]) -> Service:
    return Service(
        name="things",
        dsn=dsn,
        application=things,
        api=FastAPI(),
        publication=Publication(producer="things", application=things, publish=publish),
        hears=(),
        react=lambda _envelope, _event: None,
        heeds=frozenset(),
        pass_time=pass_time,
        close=lambda: None,
    )


def test_a_service_acts_by_the_clock_when_time_passes(things: Things, store_database: FreshDatabase) -> None:
    seen: list[Caused] = []
    service = a_service(things, dsn=store_database.app, pass_time=lambda: seen.append(who_acts()))

    service.tick(clock=SteppedClock(NOON))

    assert [(caused.actor, caused.at) for caused in seen] == [("clock", NOON)]
    with pytest.raises(NobodyActing):
        who_acts()


def test_time_passes_in_one_process_of_a_service_at_a_time(things: Things, store_database: FreshDatabase) -> None:
    inner: list[Caused] = []
    second = a_service(things, dsn=store_database.app, pass_time=lambda: inner.append(who_acts()))
    first = a_service(things, dsn=store_database.app, pass_time=lambda: second.tick(clock=SteppedClock(NOON)))

    first.tick(clock=SteppedClock(NOON))
    assert inner == []

    second.tick(clock=SteppedClock(NOON))
    assert len(inner) == 1
