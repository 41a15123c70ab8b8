"""A service as its composition root hands it over, and the parts of a process: started in order, stopped in reverse."""

import gc
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import psycopg
from fastapi import FastAPI

from services.chassis.aggregate import Caused, acting
from services.chassis.application import RecordedApplication
from services.chassis.clock import Clock
from services.chassis.inbox import Inbox, LooksFor, React
from services.chassis.log import Lag, Log
from services.chassis.notes import Key
from services.chassis.publication import Publication
from services.chassis.telemetry import observe_parts
from services.chassis.tree import EVENTS, Entries, LogTree, origin_of, signer_of
from services.chassis.witnesses import WITHIN, NotWitnessed, Witness, Witnessing, cosign
from services.contracts.envelope import Published

TICK_EVERY_S = 5.0
WATCH_EVERY_S = 5.0
TREE_EVERY_S = 10.0
OFF = "off"
NO_WITNESS = "ok, but no witness has ever signed 未设见证"
UNDONE = "ok, but something that was due was refused 到期事项有未能办理的"
WELL = ("ok", "standing by", OFF, NO_WITNESS, UNDONE)
"""What a part says of itself when nothing is wrong."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """One service, built and not yet running: its face, its voice, its ear, and what time brings."""

    name: str
    dsn: str
    """How its app role reaches its database."""
    application: RecordedApplication
    api: FastAPI
    publication: Publication
    hears: tuple[str, ...]
    react: React
    heeds: frozenset[type[Published]]
    """What `react` does something about."""
    pass_time: Callable[[], None]
    """Lets the day work on what is due; nothing where time brings nothing."""
    close: Callable[[], None]
    looks_for: LooksFor | None = None
    """What `react` looks for first, so that it is read for many messages at once."""
    also: Mapping[str, Callable[[Clock], "Sequence[Part]"]] = field(default_factory=dict)
    """Parts that only this service has, by the name they are run by."""

    def inbox(self, *, log: Log, clock: Clock) -> Inbox:
        """The part that listens."""
        return Inbox(
            service=self.name,
            log=log,
            producers=self.hears,
            application=self.application,
            react=self.react,
            heeds=self.heeds,
            looks_for=self.looks_for,
            clock=clock,
        )

    def ticker(self, *, clock: Clock) -> "Repeating":
        """The part that lets time pass."""
        return Repeating(name=f"{self.name} clock", every_s=TICK_EVERY_S, do=partial(self.tick, clock=clock))

    def tree_keeper(
        self,
        *,
        secret: bytes,
        clock: Clock,
        also: tuple[Key, ...] = (),
        witnesses: Sequence[Witness] = (),
        within: timedelta = WITHIN,
    ) -> "Repeating":
        """The part that keeps the tree up with the events and has it cosigned."""
        return tree_keeper(
            self.name, dsn=self.dsn, secret=secret, clock=clock, also=also, witnesses=witnesses, within=within
        )

    def tick(self, *, clock: Clock) -> None:
        """Lets time pass once, now, unless another process of this service is doing just that."""
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=5) as connection:
            found = connection.execute("select pg_try_advisory_lock(hashtextextended('clock', 0))").fetchone()
            if found == (True,):
                with acting(by_the_clock(clock)):
                    self.pass_time()


def by_the_clock(clock: Clock) -> Caused:
    """Who acts where nobody asked: the clock, for the sake of the duty itself."""
    return Caused.begin(actor="clock", department="system:clock", purpose="dropout_control", at=clock.now())


class Part(Protocol):
    """Something that runs until it is stopped."""

    name: str

    def start(self) -> None:
        """Begins; returns when it runs."""
        ...

    def stop(self) -> None:
        """Ends cleanly; returns when nothing of it is left. Stopping what never started does nothing."""
        ...

    def health(self) -> str:
        """`ok`, or in a few words what is wrong."""
        ...


@runtime_checkable
class Follower(Protocol):
    """A part that follows a log and may lag behind it."""

    def lag(self) -> Lag:
        """How far it is behind."""
        ...


@runtime_checkable
class Parker(Protocol):
    """A part that puts aside what it can't handle."""

    def parked_keys(self) -> int:
        """How many keys wait."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """How the parts of a process are, by their names."""

    parts: dict[str, str]
    lag: dict[str, Lag]
    parked: dict[str, int]

    @property
    def is_well(self) -> bool:
        """Whether every part does what it is there for."""
        return all(state in WELL for state in self.parts.values())


class Runtime:
    """The parts of a process as one context: started in order, stopped in reverse."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = list(parts)
        self._started: list[Part] = []

    def __enter__(self) -> Self:
        try:
            for part in self._parts:
                part.start()
                self._started.append(part)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def report(self) -> Report:
        """How each part is."""
        return Report(
            parts={part.name: part.health() for part in self._parts},
            lag={part.name: part.lag() for part in self._parts if isinstance(part, Follower)},
            parked={part.name: part.parked_keys() for part in self._parts if isinstance(part, Parker)},
        )

    def observe(self) -> None:
        """Lets the process's metrics tell what `report` does."""
        observe_parts(
            well=lambda: {name: float(state in WELL) for name, state in self.report().parts.items()},
            lag_seconds=lambda: {name: lag.seconds for name, lag in self.report().lag.items()},
            lag_events=lambda: {name: lag.events for name, lag in self.report().lag.items() if lag.events is not None},
            parked_keys=lambda: self.report().parked,
        )

    def _stop(self) -> None:
        while self._started:
            part = self._started.pop()
            try:
                part.stop()
            except Exception as error:  # noqa: BLE001  # the other parts must be stopped all the same
                logger.error("%s did not stop cleanly: %s", part.name, type(error).__name__)  # noqa: TRY400


class Repeating:
    """Does something every so often, on a thread of its own; an error is counted and told, not swallowed for good.

    What `do` returns is how it says that it is well.
    """

    def __init__(self, *, name: str, every_s: float, do: Callable[[], str | None]) -> None:
        self.name = name
        self._every_s = every_s
        self._do = do
        self._stopping = Event()
        self._state = "ok"
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins; the first time is now."""
        self._thread.start()

    def stop(self) -> None:
        """Finishes what is at hand and ends."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def health(self) -> str:
        """`ok` or how else it is well, or the kind of the last error while it lasts."""
        return self._state

    def once(self) -> None:
        """Does it now, on the caller's thread; raises what it raises."""
        self._do()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._state = self._do() or "ok"
            except Exception as error:  # noqa: BLE001  # the next round may succeed; health says so until then
                self._state = f"failing: {type(error).__name__}"
                logger.error("%s failed: %s", self.name, type(error).__name__)  # noqa: TRY400
            self._stopping.wait(self._every_s)


def tree_keeper(
    log: str,
    *,
    dsn: str,
    secret: bytes,
    clock: Clock,
    also: tuple[Key, ...] = (),
    witnesses: Sequence[Witness] = (),
    within: timedelta = WITHIN,
    entries: Entries = EVENTS,
) -> Repeating:
    """The part that keeps a log's tree up with what is recorded and has it cosigned.

    It is unwell from half the time on in which a witness has to have seen something: before anything has to wait for that.
    """
    signer = signer_of(origin_of(log), secret=secret, also=also)
    tree = LogTree(dsn=dsn, signer=signer, clock=clock, entries=entries)
    witnessing = Witnessing(dsn=dsn, entries=entries, clock=clock, within=within)

    def keep_up() -> str:
        tree.keep_up()
        cosign(tree, witnesses=witnesses)
        if witnessing.late_since(within / 2) is not None:
            raise NotWitnessed
        return "ok" if witnessing.is_there() else NO_WITNESS

    return Repeating(name=f"{log} tree", every_s=TREE_EVERY_S, do=keep_up)


class SwitchedOff:
    """A part that this installation does without, so that health says so."""

    def __init__(self, name: str) -> None:
        self.name = name

    def start(self) -> None:
        """Nothing begins."""

    def stop(self) -> None:
        """Nothing ends."""

    def health(self) -> str:
        """`off`."""
        return OFF


def watch(name: str, dsn: str) -> Repeating:
    """Looks every so often whether a database lets its role in, so that health knows before a caller does."""

    def look() -> None:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
            connection.execute("select 1")

    return Repeating(name=name, every_s=WATCH_EVERY_S, do=look)


def collect_seldom() -> None:
    """Has Python look for cycles of garbage a thirtieth as often, in the whole process, and not in what is loaded by now.

    Rows and events of ours make none and live long; walking through them again and again took a sixth of the processor time in
    which a county was taken in. Half a million objects of programs stay as long as the process; each walk through them takes
    half a second, in which nobody is answered.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def until_told_to_stop(*, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Waits for Ctrl-C or a termination signal, and does something every second meanwhile."""
    told = Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not told.wait(1.0):
            meanwhile()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
