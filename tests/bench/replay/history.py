"""How fast a county's whole history is told again: folded in memory, and into the tables of a read model made anew.

    python -m tests.bench.replay.history [--events 60000] [--keep]

A history is made in blocks of children of whom everything is told that can be (`readmodel/telling.py`), about 60 events each; a county has
2.6 million. The floor is decoding the same bytes, envelope and body, and nothing else, in the same run. Processor time is what can be compared
on a machine that has other work; the server's is told beside the program's. Sealed texts are opened by a vault for tests, which undoes
base64: a real one takes about 26 µs a text more.
"""

import argparse
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, Self

import msgspec
import psycopg

from deploy.migrate import migrate
from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from gateway.readmodel.fold import hear, project
from gateway.readmodel.projection import FOLDS, PERSONAL, keep, settle
from gateway.readmodel.rebuild import rebuild
from gateway.readmodel.rows import Rows
from gateway.readmodel.effective import as_it_was
from gateway.supervision.replay import Replay
from services.chassis.log import Behind, Message, Record
from services.chassis.runtime import collect_seldom
from services.contracts.envelope import Envelope, read_body
from tests.bench.county.run import cpu_of
from tests.bench.figures import machine, table, write_section
from tests.gateway.readmodel.story import DAY, START
from tests.gateway.readmodel.telling import TestVault, dice, published, stories

CHILDREN_OF_A_BLOCK: Final = 60
COUNTY: Final = 2_600_000
END: Final = START + timedelta(days=365)
OPENCRVS: Final = 934
"""Documents a second when OpenCRVS's event documents are indexed anew, as published; another machine, so an order of magnitude."""
_ID: Final = re.compile(rb"[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-)")
_PLACE: Final = re.compile(rb'"position":(\d+)')

Block = list[bytes]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds one thing took: of the clock, of this process's processor, of the server's."""

    wall_s: float
    python_s: float
    postgres_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        return self.python_s + self.postgres_s


def history(events: int, *, chance: random.Random) -> Iterator[Block]:
    """Envelopes as JSON, block by block: the same stories of other children each time, one after another in each producer's log."""
    told = published(stories(children=CHILDREN_OF_A_BLOCK, chance=chance), chance=chance)
    block = [msgspec.json.encode(message.envelope) for message in told]
    span = max(message.envelope.position for message in told)
    for number in range(-(-events // len(block))):
        key = number * 2_654_435_761 % 2**32

        def another(found: re.Match[bytes], key: int = key) -> bytes:
            return f"{int(found[0], 16) ^ key:08x}".encode()

        def later(found: re.Match[bytes], after: int = number * span) -> bytes:
            return b'"position":%d' % (int(found[1]) + after)

        yield [_PLACE.sub(later, _ID.sub(another, one), count=1) for one in block]


def decoded(block: Block) -> list[Envelope]:
    return [msgspec.json.decode(one, type=Envelope) for one in block]


def floor(blocks: Sequence[Block]) -> Measured:
    """Decoding alone."""
    begun, python = time.perf_counter(), time.process_time()
    for block in blocks:
        for one in block:
            read_body(msgspec.json.decode(one, type=Envelope))
    return Measured(time.perf_counter() - begun, time.process_time() - python)


def replayed(blocks: Sequence[Block], *, on: date | None = None) -> Measured:
    """Every fold of the read model over the history, in memory, to the rows at its end."""
    vault = TestVault()
    begun, python = time.perf_counter(), time.process_time()
    for block in blocks:
        told = hear(decoded(block), opener=vault, personal=PERSONAL)
        settle(project(as_it_was(told, on=on), folds=FOLDS, known=Rows()))
    return Measured(time.perf_counter() - begun, time.process_time() - python)


class Origin:
    """The log of a history, and its one reader: read from the origin, decoded as it comes."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._messages = (Message(f"{one.producer}/0", one) for block in blocks for one in decoded(block))

    def subscribe(self, *, reader: str, producers: Sequence[str]) -> Self:
        assert reader
        assert producers
        return self

    def seek(self, positions: dict[str, int]) -> None:
        assert not positions

    def poll(self, *, limit: int, timeout_s: float) -> Sequence[Record]:
        assert timeout_s
        return list(islice(self._messages, limit))

    def behind(self) -> Behind:
        return Behind(None, reachable=True)

    def commit(self) -> None: ...

    def close(self) -> None: ...


def rebuilt(blocks: Sequence[Block], *, cluster: Cluster) -> Measured:
    """As `baoxue rebuild` does it, from the first event to the tables in their place: the journal is there already. What reading a
    log or the stores takes is not in it."""
    vault, postmaster = TestVault(), int((cluster.data / "postmaster.pid").read_text("utf-8").split()[0])
    with psycopg.connect(cluster.dsn("gateway", "gateway_writer"), autocommit=True) as connection:
        for block in blocks:
            with connection.transaction():
                keep(connection, decoded(block))
        connection.execute(
            "insert into tracking (name, position) select producer || '/0', max(position) from journal group by producer"
        )
        begun, python, postgres = time.perf_counter(), time.process_time(), cpu_of(postmaster)
        owner = cluster.dsn("gateway", "gateway_owner")
        rebuild(dsn=cluster.dsn("gateway", "gateway_writer"), owner_dsn=owner, log=Origin(blocks), opener=vault)
        took = Measured(time.perf_counter() - begun, time.process_time() - python, cpu_of(postmaster) - postgres)
        [(parked,)] = connection.execute("select count(*) from parked").fetchall()
        if parked:
            raise SystemExit(f"{parked} events were parked: this is no measurement of a rebuild")
    return took


def past_partition(*, cluster: Cluster) -> Measured:
    """Where all children were accounted for, as known at the end: read from the journal, as a page of the console asks it."""
    postmaster = int((cluster.data / "postmaster.pid").read_text("utf-8").split()[0])
    replay = Replay(dsn=cluster.dsn("gateway", "gateway_reader"), opener=TestVault())
    begun, python, postgres = time.perf_counter(), time.process_time(), cpu_of(postmaster)
    if not replay.partition_as_of(END):
        raise SystemExit("nobody is accounted for: this is no measurement of a partition")
    return Measured(time.perf_counter() - begun, time.process_time() - python, cpu_of(postmaster) - postgres)


def said(rows: Sequence[tuple[str, Measured]], *, events: int, before: str) -> str:
    """The section."""
    base = rows[0][1]
    lines = [
        (
            name,
            f"{events / one.wall_s:,.0f}",
            f"{events / one.cpu_s:,.0f}",
            f"{one.cpu_s / base.cpu_s:.1f}",
            f"{one.python_s:.1f} + {one.postgres_s:.1f}",
            f"{COUNTY / events * one.cpu_s / 60:.1f}",
        )
        for name, one in rows
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    heading = f"{events:,} events ({before}); peak memory {peak:.1f} GiB:"
    columns = (
        "",
        "events/s",
        "events/s of processor",
        "× floor",
        "s of processor, here + server",
        "2.6 million, minutes of processor",
    )
    rest = (
        f"OpenCRVS publishes {OPENCRVS} documents a second for its own reindexing, on another machine: no ratio is made of that. Where children are as"
        " seldom looked for as in a county, an event makes fewer rows than here, where two of three have a case."
    )
    return "\n\n".join((heading, table(columns, lines), rest))


def main() -> None:
    """Measures, prints, and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000, help=f"about so many; a county has {COUNTY:,}")
    parser.add_argument("--keep", action="store_true", help="only print; leave BENCHMARKS.md as it is")
    asked, _ = parser.parse_known_args()
    before = machine()
    blocks = list(history(asked.events, chance=dice(20260914)))
    events = sum(map(len, blocks))
    collect_seldom()  # as every process of ours does
    rows = [
        ("floor: decoding", floor(blocks)),
        ("replay, as known", replayed(blocks)),
        ("replay, as it was on a day", replayed(blocks, on=DAY)),
    ]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cluster = Cluster.start(Path(folder) / "cluster")
        stack.callback(cluster.stop)
        prepare(cluster)
        migrate(cluster, ("gateway",))
        rows.append(("read model made anew", rebuilt(blocks, cluster=cluster)))
        rows.append(("a past partition", past_partition(cluster=cluster)))
    text = said(rows, events=events, before=before)
    sys.stdout.write(text + "\n")
    if not asked.keep:
        write_section("history", title="A county's history told again `make bench-replay`", text=text)


if __name__ == "__main__":
    main()
