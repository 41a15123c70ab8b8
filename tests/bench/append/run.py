"""How fast events are appended, beside a raw INSERT of the same rows and beside emmett-postgresql, on one durable server.

    make bench-append                            # at an empty log, at 10,000, 100,000 and a million events
    python -m tests.bench.append.run --sizes 0 10000000

One durable event a call, from 1, 8 and 32 clients, each of another aggregate: by the recorder with the key of its command (so that
a retried command is known), by INSERT with nothing beside it, by `appendToStream` of emmett, whose clients are as many connections.
Taken by turns, medians of the rounds. Then a thousand events in one call, and all at once by COPY as a first load has it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict

from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from services.chassis.aggregate import Caused
from services.chassis.store import Command, RecordedEvent, Recorder, migrate
from tests.bench.figures import machine, table, write_section
from tests.bench.floor import COLUMNS, Measured, fresh_floor, insert_rows, measure
from tests.bench.node import installed

ROUNDS: Final = 3
CLIENTS: Final = (1, 8, 32)
APPENDS: Final = 3_000
AT_ONCE: Final = 1_000
SIZES: Final = (0, 10_000, 100_000, 1_000_000)
STATE: Final = b'{"reason":"' + b"x" * 580 + b'"}'
"""About what an event of a case takes."""
PEER: Final = Path(__file__).parent / "peer"
PEER_S: Final = 300


@contextmanager
def running_store() -> Iterator[tuple[Recorder, Cluster]]:
    """An empty store on a durable cluster of its own, and an empty database beside it for the peer."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster.start(Path(folder) / "cluster")
        try:
            prepare(cluster)
            with psycopg.connect(cluster.dsn("cases", "cases_owner")) as connection:
                migrate(connection, app_role="cases_app")
            with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
                connection.execute("create database peer")
            with closing(Recorder(dsn=cluster.dsn("cases", "cases_app"))) as recorder:
                yield recorder, cluster
        finally:
            cluster.stop()


def events(count: int, *, of: UUID | None = None) -> Iterator[RecordedEvent]:
    """So many first events of aggregates, or the first so many events of one."""
    now = datetime.now(UTC)
    caused = Caused.begin(actor="officer-1", department="education_bureau:410326", purpose="dropout_control", at=now)
    for number in range(count):
        yield RecordedEvent(
            originator_id=of or uuid4(),
            originator_version=number + 1 if of else 1,
            topic="cases.Case.Opened",
            state=STATE,
            caused=caused,
            recorded_at=now,
        )


def append(recorder: Recorder, *, clients: int, appends: int, each: int = 1) -> Measured:
    """Appends, a call for each aggregate, each with the key of its command."""
    prepared = [list(events(each, of=uuid4())) for _ in range(appends)]
    commands = [Command(uuid4(), "open-case", bytes(32), told[0].originator_id) for told in prepared]

    def work(number: int) -> None:
        recorder.insert_events(prepared[number], command=commands[number])

    return measure(work, clients=clients, jobs=appends)


def raw(cluster: Cluster, *, clients: int) -> Measured:
    """INSERTs the rows that were appended last, one a commit."""
    superuser = cluster.dsn("cases", SUPERUSER)
    with psycopg.connect(superuser) as connection:
        rows = connection.execute(
            f"select {COLUMNS} from events order by notification_id desc limit {APPENDS}".encode()  # noqa: S608
        ).fetchall()
    fresh_floor(superuser)
    return insert_rows(superuser, rows, clients=clients)


def peer(node: Path, cluster: Cluster, *, clients: int, appends: int, each: int = 1) -> Measured:
    """What emmett says of itself."""
    known = conninfo_to_dict(cluster.dsn("peer", SUPERUSER))
    who = f"{known['user']}:{quote(str(known['password']), safe='')}"
    address = f"postgresql://{who}@{known['host']}:{known['port']}/peer"
    program = shutil.which("node") or "node"
    told = subprocess.run(
        [program, "emmett.mjs", address, str(clients), str(appends), str(each)],
        cwd=node, check=True, capture_output=True, text=True, timeout=PEER_S,
    )  # fmt: skip
    heard = json.loads(told.stdout.splitlines()[-1])
    return Measured(heard["rate"], heard["cpu_us"])


def fill(recorder: Recorder, upto: int) -> float:
    """Brings the log to so many events by COPY; events a second, or 0 where there was nothing to do."""
    missing = upto - (recorder.max_notification_id() or 0)
    if missing <= 0:
        return 0.0
    begun = time.perf_counter()
    recorder.load(events(missing))
    return missing / (time.perf_counter() - begun)


def by_turns(ways: Sequence[Callable[[], Measured]]) -> list[list[Measured]]:
    """Rounds of all ways, one after the other, so that what the machine does besides meets each."""
    rounds = [[way() for way in ways] for _ in range(ROUNDS)]
    return [list(of_one) for of_one in zip(*rounds, strict=True)]


def median(measured: Iterable[Measured]) -> float:
    """The middle rate."""
    return statistics.median(each.rate for each in measured)


def beside(recorder: Recorder, cluster: Cluster, node: Path | None, *, clients: int) -> list[object]:
    """One line: ours, the floor, the peer."""
    ways = [lambda: append(recorder, clients=clients, appends=APPENDS), lambda: raw(cluster, clients=clients)]
    if node is not None:
        ways.append(lambda: peer(node, cluster, clients=clients, appends=APPENDS))
    ours, floor, *others = by_turns(ways)
    spread = f"{min(one.rate for one in ours):,.0f}-{max(one.rate for one in ours):,.0f}"
    cpu = f"{statistics.median(one.cpu_us for one in ours):,.0f}"
    line = [
        clients,
        f"{median(ours):,.0f}",
        spread,
        cpu,
        f"{median(floor):,.0f}",
        f"{median(ours) / median(floor):.2f}",
    ]
    for other in others:
        line += [f"{median(other):,.0f}", f"{median(ours) / median(other):.2f}"]
    return line if others else [*line, "-", "-"]


def grown(recorder: Recorder, cluster: Cluster, size: int) -> list[object]:
    """One line: how fast one event after another goes in, is followed and is read back where there are so many."""
    loaded = fill(recorder, size)
    ours = [append(recorder, clients=8, appends=APPENDS) for _ in range(ROUNDS)]
    floor = [raw(cluster, clients=8) for _ in range(ROUNDS)]
    followed, seen = time.perf_counter(), max(size - 50_000, 0)
    first = seen
    while batch := recorder.follow(after=seen, limit=2_000):
        seen = batch[-1].position
    rate = (seen - first) / (time.perf_counter() - followed)
    ratio = f"{median(ours) / median(floor):.2f}"
    return [f"{size:,}", f"{median(ours):,.0f}", ratio, f"{rate:,.0f}", f"{loaded:,.0f}" if loaded else "-"]


def main() -> None:
    """Measures, prints, and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="events in the log before")
    sizes = parser.parse_args().sizes
    before = machine()
    with tempfile.TemporaryDirectory() as folder, running_store() as (recorder, cluster):
        node = installed(PEER, into=Path(folder))
        lines = [beside(recorder, cluster, node, clients=clients) for clients in CLIENTS]
        many = append(recorder, clients=1, appends=20, each=AT_ONCE).rate * AT_ONCE
        theirs = peer(node, cluster, clients=1, appends=20, each=AT_ONCE).rate * AT_ONCE if node else 0.0
        growth = [grown(recorder, cluster, size) for size in sorted(sizes)]
    text = "\n\n".join(
        (
            f"One durable event a call ({before}; {APPENDS:,} appends, medians of {ROUNDS} rounds by turns):",
            table(("clients", "appends/s", "spread", "CPU µs", "raw INSERT/s", "÷ raw", "emmett/s", "÷ emmett"), lines),
            f"{AT_ONCE:,} events in a call, one client: {many:,.0f} events/s; emmett {theirs:,.0f}.",
            "As the log grows, 8 clients; followed: the last 50,000 events read in order; loaded: by COPY up to there:",
            table(("events before", "appends/s", "÷ raw INSERT", "followed/s", "loaded/s"), growth),
        )
    )
    sys.stdout.write(text + "\n")
    write_section("bench-append", title="Events appended `make bench-append`", text=text)


if __name__ == "__main__":
    main()
