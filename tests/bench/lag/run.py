"""How long it takes from a command to its effect being read, how long to start, and how much memory, in both profiles.

    make bench-lag                                # an invented county of 2,000 children
    python -m tests.bench.lag.run --only embedded

A mutation answers once its effect can be read by the next query, so its answer's time is the lag: over HTTP, gateway, service, store, log, projector,
read model and back, everything durable. Each command begins a transfer of another child. The floor of the same run is the gateway's
answer to a query of the caller's own rights, which passes the same door and touches no service. Memory is that of all processes, shared pages counted once.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import psutil
from rich.console import Console

from deploy import operate
from deploy.distributed import Distributed, Worker
from deploy.sample.county import generate
from services.chassis.config import Settings, read_process_settings
from tests.bench.figures import machine, table, write_section
from tests.faults.workers import free_port

AS_OF: Final = date(2026, 9, 14)
CHILDREN: Final = 2_000
COMMANDS: Final = 400
CLIENTS: Final = (1, 8)
START_S: Final = 180
ACCOUNT: Final = "bureau-office"
PAGE: Final = (
    "query($after: String) { children(first: 200, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }"
)
BEGIN: Final = (
    'mutation($child: UUID!) { openTransfer(childId: $child, fromSchool: "3141000300", toPlace: "410306") { visible } }'
)
ASK: Final = "{ me { unit purpose } }"


@dataclass(slots=True)
class Found:
    """What one profile gave: seconds to start, memory in MiB, and seconds of each command and query by number of clients."""

    starts: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    commands: dict[int, list[float]] = field(default_factory=dict)
    queries: dict[int, list[float]] = field(default_factory=dict)
    unseen: int = 0
    """Commands whose effect could not be read within the time the gateway waits."""


class ShareUsedUp(RuntimeError):
    """This client asked its share of the minute; the next begins in so many seconds."""

    def __init__(self, after_s: int) -> None:
        super().__init__(f"go on in {after_s} seconds")
        self.after_s = after_s


class Asking:
    """An officer of the bureau at the gateway of a running system."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, limits=httpx.Limits(max_connections=64))
        self._token = self._http.post(f"/development/token/{ACCOUNT}").raise_for_status().json()["token"]

    def __call__(self, query: str, **variables: object) -> dict[str, object]:
        """Asks, and returns the data; an error ends the run.

        Raises:
            ShareUsedUp: nothing was done; ask again later.
        """
        response = self._http.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self._token}", "idempotency-key": str(uuid4())},
        )
        if "retry-after" in response.headers:
            raise ShareUsedUp(int(response.headers["retry-after"]))
        answer = response.json()
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        data: dict[str, object] = answer["data"]
        return data

    def children(self) -> Iterator[str]:
        """The ids of all children it reaches."""
        after: str | None = None
        while True:
            page = self(PAGE, after=after)["children"]
            yield from (node["id"] for node in page["nodes"])  # type: ignore[index]  # an answer's form
            if not page["pageInfo"]["hasNextPage"]:  # type: ignore[index]
                return
            after = page["pageInfo"]["endCursor"]  # type: ignore[index]


def memory_mib(folder: Path) -> float:
    """What all processes of the system hold: those we began, and those that name its folder, with their children."""
    roots = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or ())
    ]
    ours = {psutil.Process(), *psutil.Process().children(recursive=True)}
    every = ours | {one for root in roots for one in (root, *root.children(recursive=True))}
    return sum(int(one.memory_full_info().pss) for one in every if one.is_running()) / 2**20


def took(
    asking: Asking, query: str, variables: Sequence[dict[str, object]], *, clients: int
) -> tuple[list[float], int]:
    """Seconds of each, asked by so many at once, and how many said that they are not visible yet."""

    def once(given: dict[str, object]) -> tuple[float, bool]:
        while True:
            begun = time.perf_counter()
            try:
                answer = asking(query, **given)
                break
            except ShareUsedUp as used_up:  # the quota of a client is no part of the way from a command to its effect
                time.sleep(used_up.after_s)
        return time.perf_counter() - begun, answer.get("openTransfer", {}).get("visible", True)  # type: ignore[attr-defined]

    with ThreadPoolExecutor(clients) as pool:
        done = list(pool.map(once, variables))
    return [seconds for seconds, _ in done], sum(not visible for _, visible in done)


def measure(url: str, folder: Path, found: Found) -> None:
    """Commands and queries of more and more clients; memory before and after."""
    asking = Asking(url)
    children = list(asking.children())
    found.memory["at rest"] = memory_mib(folder)
    took(asking, BEGIN, [{"child": children.pop()} for _ in range(20)], clients=1)  # plans and pools settle
    for clients in CLIENTS:
        wanted: list[dict[str, object]] = [{"child": children.pop()} for _ in range(COMMANDS)]
        found.commands[clients], unseen = took(asking, BEGIN, wanted, clients=clients)
        found.queries[clients], _ = took(asking, ASK, [{}] * COMMANDS, clients=clients)
        found.unseen += unseen
    found.memory["under load"] = memory_mib(folder)


@contextmanager
def embedded(folder: Path) -> Iterator[tuple[str, float]]:
    """The embedded profile as its command starts it; yields its address and how long it took until it was ready."""
    port = free_port()
    worker = Worker(
        name="embedded",
        command=(sys.executable, "-m", "deploy.cli", "up", "--development"),
        environment=os.environ | {"BAOXUE_DATA": str(folder), "BAOXUE_PORT": str(port)},
        log=folder.with_suffix(".log"),
        port=port,
    )
    begun = time.perf_counter()
    worker.start()
    try:
        worker.wait_until_ready(within_s=START_S)
        yield worker.url, time.perf_counter() - begun
    finally:
        worker.stop()


def of_embedded(folder: Path, registers: Path) -> Found:
    """Started in an empty folder, then with a county in it, and measured there."""
    found = Found()
    with embedded(folder) as (_, seconds):
        found.starts["first time"] = seconds
    load = [sys.executable, "-m", "deploy.cli", "load", str(registers), "--as-of", AS_OF.isoformat()]
    environment = os.environ | {"BAOXUE_DATA": str(folder)}
    subprocess.run(load, check=True, env=environment, stdout=subprocess.DEVNULL, timeout=600)
    with embedded(folder) as (url, seconds):
        found.starts["again, with a county"] = seconds
        measure(url, folder, found)
    return found


def of_distributed(folder: Path, registers: Path) -> Found:
    """The same, every part a process of its own, with Kafka between them."""
    found = Found()
    settings = Settings(
        data_folder=folder, development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0
    )
    begun = time.perf_counter()
    with Distributed(settings) as system:
        found.starts["first time"] = time.perf_counter() - begun
        with operate.roster_intake(read_process_settings(system.environment())) as intake:
            operate.load(Console(quiet=True), intake, registers=registers, as_of=AS_OF)
    begun = time.perf_counter()
    with Distributed(settings) as system:
        found.starts["again, with a county"] = time.perf_counter() - begun
        _wait_until_shown(system.url)
        measure(system.url, folder, found)
    return found


def _wait_until_shown(url: str) -> None:
    asking, before, deadline = Asking(url), -1, time.perf_counter() + START_S
    while (now := len(list(asking.children()))) != before or now < CHILDREN // 2:
        if time.perf_counter() > deadline:
            raise RuntimeError("the county is not shown in time")
        before = now
        time.sleep(2)


def lines(name: str, found: Found) -> Iterator[list[object]]:
    """A line for each number of clients."""
    for clients, seconds in found.commands.items():
        cuts = statistics.quantiles(seconds, n=100)
        asked = statistics.median(found.queries[clients])
        p50, p99 = cuts[49] * 1e3, cuts[98] * 1e3
        yield [
            name,
            clients,
            f"{p50:,.1f}",
            f"{p99:,.1f}",
            f"{asked * 1e3:,.1f}",
            f"{p50 / asked / 1e3:.1f}",
            f"{max(seconds) * 1e3:,.0f}",
        ]


def main() -> None:
    """Measures, prints, and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("embedded", "distributed"))
    only = parser.parse_args().only
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as on an office's machine, where programs are compiled once
    before = machine()
    profiles = {"embedded": of_embedded, "distributed": of_distributed}
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o711)  # PostgreSQL's user may pass, so that its data lies within and its memory is found
        registers = Path(home) / "registers"
        generate(children=CHILDREN, seed=7, as_of=AS_OF).write(registers.parent)
        for name, measured in profiles.items():
            if only in {None, name}:
                found[name] = measured(Path(home) / name, registers)
    said = (
        f"A county of {CHILDREN:,} children, {COMMANDS} commands for each number of clients ({before}). From a mutation being sent to "
        "its answer, whose effect the next query reads; beside it a query that passes the same door:"
    )
    lags = [line for name, one in found.items() for line in lines(name, one)]
    columns = ("profile", *next(iter(found.values())).starts, *next(iter(found.values())).memory)
    sizes = [
        [name, *(f"{s:.1f} s" for s in one.starts.values()), *(f"{m:,.0f} MiB" for m in one.memory.values())]
        for name, one in found.items()
    ]
    text = "\n\n".join(
        (
            said,
            table(("profile", "clients", "p50 ms", "p99 ms", "query p50 ms", "÷ query", "longest ms"), lags),
            "Until everything is ready, the program's own start and PostgreSQL's (and Kafka's) included; memory of all of them:",
            table(columns, sizes),
            f"Not visible within the time a gateway waits: {sum(one.unseen for one in found.values())}.",
        )
    )
    sys.stdout.write(text + "\n")
    write_section("bench-lag", title="From a command to its effect, starting, memory `make bench-lag`", text=text)


if __name__ == "__main__":
    main()
