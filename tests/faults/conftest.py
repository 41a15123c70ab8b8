"""The whole distributed profile for fault tests, started once and shared, and the report of what befell it.

The tests that disturb it take turns on one system: it costs ten seconds and a gigabyte. They therefore stay on one
worker, one after the other (`tests/fixtures/workers.py`); any other way of distributing them works, and starts a system on each worker.

    BAOXUE_FAULT_ROUNDS=200 pytest tests/faults     the long form; the table goes to build/faults.md as well
    BAOXUE_FAULT_SEED=7                             another order of events; the seed stands in the header
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from deploy.distributed import Distributed
from deploy.sample.county import generate
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SystemClock, china_date
from services.chassis.config import LOOPBACK, Settings
from tests.faults.load import BUREAU, Ledger
from tests.faults.promises import check, roster_of, wait_until_quiet

ROUNDS = int(os.environ.get("BAOXUE_FAULT_ROUNDS", "0"))
SEED = int(os.environ.get("BAOXUE_FAULT_SEED", "20260901"))
STALE_AFTER_S = 3.0  # how old what is shown may be where a ground ends with a task: short, because a test waits for it
REPORT = Path("build/faults.md")
CHILDREN = 120
COLUMNS = (
    "fault",
    "rounds",
    "kills",
    "accepted",
    "retried",
    "lost",
    "twice",
    "otherwise",
    "events",
    "longest unavailability",
)
"""Of the report; the last column is how long the slowest command took until it was answered, tries included."""

SYSTEM = pytest.StashKey["Shared"]()


@dataclass(frozen=True, slots=True)
class Shared:
    """The running system and the children in its roster."""

    system: Distributed
    children: list[UUID]
    close: Callable[[], None]


class Log:
    """Notes what a fault did to the system, holds the promises against it, and fills a line of the report."""

    def __init__(self, *, system: Distributed, record: Callable[[str, object], None], fault: str) -> None:
        self._system = system
        self._record = record
        self.fault = fault
        self.rounds = 0
        self.kills = 0

    def conclude(self, ledger: Ledger) -> None:
        """Looks whether the promises were kept; fails in words."""
        verdict = check(self._system, ledger)
        figures = (
            *(self.fault, self.rounds, self.kills, len(ledger.of("accepted")), ledger.retried),
            *(
                len(verdict.lost),
                len(verdict.twice),
                len(verdict.otherwise),
                verdict.events,
                f"{ledger.longest_s:.1f} s",
            ),
        )
        self._record("fault", dict(zip(COLUMNS, figures, strict=True)))
        assert verdict.holds, verdict.words
        assert ledger.of("accepted"), "no command was accepted, so nothing was tried"


@pytest.fixture
def shared(pytestconfig: pytest.Config, kafka_here: None) -> Iterator[Shared]:
    """The system that tests share; whole again after each of them."""
    if SYSTEM not in pytestconfig.stash:
        pytestconfig.stash[SYSTEM] = _start()
    shared = pytestconfig.stash[SYSTEM]
    yield shared
    for worker in shared.system.workers.values():
        worker.start()
    for worker in shared.system.workers.values():
        worker.wait_until_ready()


@pytest.fixture
def system(shared: Shared) -> Distributed:
    return shared.system


@pytest.fixture
def children(shared: Shared) -> list[UUID]:
    """Children whom the roster knows."""
    return shared.children


@pytest.fixture
def random(request: pytest.FixtureRequest) -> Random:
    """Chance, the same at each run of this test with the same seed."""
    return Random(f"{SEED}/{request.node.name}")  # noqa: S311


@pytest.fixture
def log(system: Distributed, record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> Log:
    """The line of the report for this test; its fault is the test's name until it says otherwise."""
    return Log(system=system, record=record_property, fault=request.node.name.removeprefix("test_").replace("_", " "))


def rounds(short: int, *, dear: int = 1) -> int:
    """How often a fault is brought about: `short` in the short form; in the long one all rounds, or one of `dear`."""
    return max(short, ROUNDS // dear)


def _start() -> Shared:
    folder = Path(tempfile.mkdtemp(prefix="baoxue-faults-"))
    folder.chmod(0o755)
    settings = Settings(
        data_folder=folder,
        development=True,
        host=LOOPBACK,
        port=0,
        otlp_endpoint="",
        trace_share=0.0,
        stale_after_s=STALE_AFTER_S,
    )
    system = Distributed(settings, durable=False)
    try:
        system.__enter__()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise

    def close() -> None:
        system.__exit__(None, None, None)
        shutil.rmtree(folder, ignore_errors=True)

    try:
        children = settle_county(system, children=CHILDREN)
    except BaseException:
        close()
        raise
    return Shared(system, children, close)


def settle_county(system: Distributed, *, children: int) -> list[UUID]:
    """Takes an invented county into the roster, lets everybody hear of it, and returns the children's ids."""
    as_of: date = china_date(SystemClock().now())
    with tempfile.TemporaryDirectory() as folder:
        generate(children=children, seed=SEED, as_of=as_of).write(Path(folder))
        caused = Caused.begin(actor="clerk", department=BUREAU, purpose="dropout_control", at=SystemClock().now())
        with roster_of(system) as (roster, _vault), acting(caused):
            roster.intake.load_files(sorted((Path(folder) / "registers").iterdir()))
            compared = roster.intake.comparison.compare(as_of=as_of, progress=lambda *_: None)
    wait_until_quiet(system)
    return sorted(compared.children.values())


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Ends the system as soon as the next test is one without it."""
    if "shared" not in getattr(nextitem, "fixturenames", ()) and SYSTEM in item.config.stash:
        item.config.stash[SYSTEM].close()
        del item.config.stash[SYSTEM]


def pytest_report_header() -> str:
    return f"faults: seed {SEED}, {f'{ROUNDS} rounds' if ROUNDS else 'short form'}"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Report(), "faults-report")


class Report:
    """Gathers the lines of all tests, prints them at the end, and keeps those of the long form in a file."""

    def __init__(self) -> None:
        self._lines: list[dict[str, object]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._lines += [line for name, line in report.user_properties if name == "fault"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._lines:
            return
        rows = [COLUMNS, tuple("---" for _ in COLUMNS)]
        rows += [tuple(str(line[column]) for column in COLUMNS) for line in self._lines]
        widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
        table = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
        ]
        terminalreporter.section("faults")
        terminalreporter.write_line("\n".join(table))
        if ROUNDS:
            REPORT.parent.mkdir(exist_ok=True)
            head = f"# Faults\n\nSeed {SEED}, {ROUNDS} rounds, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n\n"
            REPORT.write_text(head + "\n".join(table) + "\n", encoding="utf-8")
