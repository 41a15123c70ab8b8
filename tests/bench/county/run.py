"""How long a county's registers take from files to everybody having heard: events, services' inboxes, the read model.

    make bench-county

The whole embedded system on a durable cluster of its own, as `baoxue up --load` runs it. Wall time is what an office waits; CPU
time, of this process and of PostgreSQL's, is what can be compared on a machine that has other work. The floor is PostgreSQL's own
COPY of the events that were stored, into a table without index or guard, in the same run.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from deploy.embedded import Embedded, Running
from deploy.operate import operator
from deploy.postgres.cluster import SUPERUSER
from deploy.quiet import wait_until_quiet
from deploy.sample.county import generate
from services.chassis.aggregate import acting
from services.chassis.clock import SystemClock
from services.chassis.config import read_settings
from tests.bench.figures import machine, table, write_section

AS_OF = date(2026, 9, 14)
TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the way: seconds of wall time, and of CPU here and in PostgreSQL."""

    name: str
    wall_s: float
    python_s: float
    postgres_s: float


class Stopwatch:
    """Measures steps one after the other."""

    def __init__(self, *, postmaster: int) -> None:
        self.steps: list[Step] = []
        self._postmaster = postmaster

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measures what is done within."""
        wall, python, postgres = time.perf_counter(), time.process_time(), cpu_of(self._postmaster)
        yield
        self.steps.append(
            Step(
                name,
                time.perf_counter() - wall,
                time.process_time() - python,
                cpu_of(self._postmaster) - postgres,
            )
        )
        sys.stderr.write(f"{name}: {self.steps[-1].wall_s:.1f} s\n")


def cpu_of(postmaster: int) -> float:
    """Seconds of CPU of a PostgreSQL server, those of its ended processes too."""
    own = _stat(postmaster)
    children = (
        _stat(int(entry.name))
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and _stat(int(entry.name))[0] == postmaster
    )
    return (own[1] + own[2] + sum(child[1] for child in children)) / TICKS_S


def _stat(pid: int) -> tuple[int, int, int]:
    """Parent, own ticks, ticks of ended children; all 0 of a process that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0, 0
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def take_in(running: Running, registers: Path, watch: Stopwatch, *, compare_again: bool) -> int:
    """Takes the files of a folder in, and waits until everybody has heard; how many children there are then."""

    def told(step: str, done: int, total: int) -> None:
        if done == total:
            sys.stderr.write(f"  {step} {done:,}\n")

    with acting(operator(purpose="dropout_control")), running.intake.alone():
        with watch.step("read the files"):
            read = running.intake.read_paths(sorted(registers.iterdir()), progress=told)
        with watch.step("keep the batches"):
            running.intake.load(read, progress=told)
        del read
        with watch.step("compare and record"):
            compared = running.intake.comparison.compare(as_of=AS_OF, progress=told)
    children = len(compared.reconciliation.children)
    del compared
    with watch.step("until everybody has heard"):
        wait_until_quiet(running)
    if compare_again:
        before = running.services["roster"].application.position()
        with (
            acting(operator(purpose="dropout_control")),
            running.intake.alone(),
            watch.step("compare again, nothing new"),
        ):
            running.intake.comparison.compare(as_of=AS_OF, progress=told)
        assert running.services["roster"].application.position() == before, "a comparison again recorded something"
    return children


def copied(running: Running) -> tuple[int, float]:
    """How many events there are over all services, and how long PostgreSQL takes to COPY them into a bare table."""
    events, took = 0, 0.0
    for name in running.services:
        with psycopg.connect(running.cluster.dsn(name, SUPERUSER), autocommit=True) as connection:
            with connection.cursor().copy("copy events to stdout (format binary)") as out:
                rows = b"".join(bytes(part) for part in out)
            connection.execute("create table floor (like events)")
            begun = time.perf_counter()
            with connection.cursor().copy("copy floor from stdin (format binary)") as back:
                back.write(rows)
            took += time.perf_counter() - begun
            (counted,) = connection.execute("select count(*) from floor").fetchone() or (0,)
            events += counted
            connection.execute("drop table floor")
    return events, took


def main() -> None:
    """Measures, prints, and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=86_000)
    parser.add_argument("--registers", type=Path, help="take these instead of inventing a county")
    parser.add_argument("--keep", action="store_true", help="only print; leave BENCHMARKS.md as it is")
    asked = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory() as folder:
        registers = asked.registers
        if registers is None:
            generate(children=asked.children, seed=1, as_of=AS_OF).write(Path(folder))
            registers = Path(folder) / "registers"
        environment = {"BAOXUE_DATA": f"{folder}/data", "BAOXUE_PORT": "0", "BAOXUE_DEVELOPMENT": "yes"}
        settings = read_settings(environment)
        settings.data_folder.mkdir()
        with Embedded(settings=settings, clock=SystemClock()) as running:
            pid = int((running.cluster.data / "postmaster.pid").read_text("utf-8").split()[0])
            watch = Stopwatch(postmaster=pid)
            children = take_in(running, registers, watch, compare_again=True)
            events, floor_s = copied(running)
    text = said(watch.steps, children=children, events=events, floor_s=floor_s, before=before)
    sys.stdout.write(text + "\n")
    if not asked.keep:
        write_section("bench-county", title="A county through the running system `make bench-county`", text=text)


def said(steps: list[Step], *, children: int, events: int, floor_s: float, before: str) -> str:
    """The section."""
    first = steps[:-1]
    total = Step(
        "all of it, once",
        sum(step.wall_s for step in first),
        sum(step.python_s for step in first),
        sum(step.postgres_s for step in first),
    )
    lines = [
        (step.name, f"{step.wall_s:.1f}", f"{step.python_s:.1f}", f"{step.postgres_s:.1f}")
        for step in (*first, total, steps[-1])
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    floor = (
        f"The floor, a bare COPY of the same events: {floor_s:.1f} s; all of it is {total.wall_s / floor_s:,.0f} times that."
        f" Peak memory of the process {peak:.1f} GiB."
    )
    heading = f"{children:,} children taken in, {events:,} events recorded, heard and shown ({before}; seconds):"
    return "\n\n".join((heading, table(("step", "wall", "CPU, Python", "CPU, PostgreSQL"), lines), floor))


if __name__ == "__main__":
    main()
