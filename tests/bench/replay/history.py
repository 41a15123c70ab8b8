"""How fast a county's whole history is told again: folded in memory, and into the tables of a read model made anew.

    python -m tests.bench.replay.history [--events 1000000 2600000] [--keep]

A history is made in waves of children of whom everything is told that can be (`readmodel/telling.py`), about 60 events each; twenty
groups of them are told at once, so a child's events lie thousands apart, as in a county. A county has 2.6 million. The floor is decoding
the same bytes, envelope and body, and nothing else, in the same run; it and the replays run through the first of the sizes, wave by wave, and
the median wave is told. Processor time is what can be compared on a machine that has other work; the server's is told beside the
program's. Sealed texts are opened by a vault for tests, which undoes base64: a real one takes about 26 µs a text more.
"""

import argparse
import random
import re
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, Self

import msgspec
import psycopg
from psycopg import sql

from deploy.migrate import migrate
from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from gateway.readmodel.effective import as_it_was
from gateway.readmodel.fold import hear, project
from gateway.readmodel.projection import FOLDS, PERSONAL, keep, settle
from gateway.readmodel.rebuild import rebuild
from gateway.readmodel.rows import Rows
from gateway.supervision.replay import Replay
from services.chassis.log import Behind, Message, Record
from services.chassis.runtime import collect_seldom
from services.contracts.envelope import Envelope, read_body
from tests.bench.county.run import cpu_of
from tests.bench.figures import machine, table, write_section
from tests.gateway.readmodel.story import DAY, START
from tests.gateway.readmodel.telling import TestVault, dice, published, stories

CHILDREN_OF_A_GROUP: Final = 60
AT_ONCE: Final = 20
"""So many groups are told in turns."""
SIZES: Final = (1_000_000, 2_600_000)
COUNTY: Final = SIZES[-1]
MOMENTS: Final = 7
"""So many past partitions are asked for, by each of the two times."""
END: Final = START + timedelta(days=365)
OPENCRVS: Final = 934
"""Documents a second when OpenCRVS's event documents are indexed anew, as published; another machine, so an order of magnitude."""
_ID: Final = re.compile(rb"[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-)")
_PLACE: Final = re.compile(rb'"position":(\d+)')

Wave = list[bytes]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds one thing took for so many events: of the clock, of this process's processor, of the server's; and the least and the
    most events a second of processor, where it was measured in parts."""

    events: int
    wall_s: float
    python_s: float
    postgres_s: float = 0.0
    spread: tuple[float, float] | None = None

    @property
    def cpu_s(self) -> float:
        return self.python_s + self.postgres_s


def history(events: int, *, chance: random.Random) -> Iterator[Wave]:
    """Envelopes as JSON, wave by wave: the same stories of other children each time, `AT_ONCE` groups of them in turns."""
    told = published(stories(children=CHILDREN_OF_A_GROUP, chance=chance), chance=chance)
    group = [msgspec.json.encode(message.envelope) for message in told]
    span = max(message.envelope.position for message in told)
    for wave in range(-(-events // (AT_ONCE * len(group)))):
        yield [_of_another(one, wave * AT_ONCE + number, span=span) for one in group for number in range(AT_ONCE)]


def _of_another(told: bytes, group: int, *, span: int) -> bytes:
    """The same told of another group's child, at a position of its own."""
    key, (wave, number) = group * 2_654_435_761 % 2**32, divmod(group, AT_ONCE)

    def another(found: re.Match[bytes]) -> bytes:
        return f"{int(found[0], 16) ^ key:08x}".encode()

    def later(found: re.Match[bytes]) -> bytes:
        return b'"position":%d' % ((wave * (span + 1) + int(found[1])) * AT_ONCE + number)

    return _PLACE.sub(later, _ID.sub(another, told), count=1)


def decoded(wave: Wave) -> list[Envelope]:
    return [msgspec.json.decode(one, type=Envelope) for one in wave]


def decode(wave: Wave) -> None:
    """The floor: decoding alone."""
    for one in wave:
        read_body(msgspec.json.decode(one, type=Envelope))


def replay(wave: Wave, *, on: date | None = None) -> None:
    """Every fold of the read model over a wave, in memory, to the rows at its end."""
    told = hear(decoded(wave), opener=TestVault(), personal=PERSONAL)
    settle(project(as_it_was(told, on=on), folds=FOLDS, known=Rows()))


def each(waves: Sequence[Wave], work: Callable[[Wave], None]) -> Measured:
    """What the median wave takes, as if all were like it, and by processor time what the quickest and the slowest take."""
    walls, cpus = [], []
    for wave in waves:
        begun, python = time.perf_counter(), time.process_time()
        work(wave)
        walls.append((time.perf_counter() - begun) / len(wave))
        cpus.append((time.process_time() - python) / len(wave))
    events = sum(map(len, waves))
    spread = (1 / max(cpus), 1 / min(cpus))
    return Measured(events, events * statistics.median(walls), events * statistics.median(cpus), spread=spread)


class Origin:
    """The log of a history, and its one reader: read from the origin, decoded as it comes."""

    def __init__(self, waves: Sequence[Wave]) -> None:
        self._messages = (Message(f"{one.producer}/0", one) for wave in waves for one in decoded(wave))

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


def keep_all(waves: Sequence[Wave], *, cluster: Cluster) -> None:
    """Puts these into the journal, which a rebuild expects to be there; without the indexes of those who look something up in it."""
    with psycopg.connect(cluster.dsn("gateway", "gateway_owner"), autocommit=True) as connection:
        indexes = "select indexname from pg_indexes where tablename = 'journal' and indexname <> 'journal_pkey'"
        for (name,) in connection.execute(indexes).fetchall():
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    with psycopg.connect(cluster.dsn("gateway", "gateway_writer"), autocommit=True) as connection:
        for wave in waves:
            with connection.transaction():
                keep(connection, decoded(wave))
        connection.execute(
            """insert into tracking (name, position) select producer || '/0', max(position) from journal group by producer
               on conflict (name) do update set position = excluded.position"""
        )


def rebuilt(waves: Sequence[Wave], *, cluster: Cluster) -> Measured:
    """As `baoxue rebuild` does it, from the first event to the tables in their place: the journal is there already. What reading a
    log or the stores takes is not in it."""
    postmaster = postmaster_of(cluster)
    begun, python, postgres = time.perf_counter(), time.process_time(), cpu_of(postmaster)
    writer, owner = cluster.dsn("gateway", "gateway_writer"), cluster.dsn("gateway", "gateway_owner")
    events = rebuild(dsn=writer, owner_dsn=owner, log=Origin(waves), opener=TestVault())
    took = time.perf_counter() - begun, time.process_time() - python, cpu_of(postmaster) - postgres
    with psycopg.connect(writer) as connection:
        [(parked,)] = connection.execute("select count(*) from parked").fetchall()
    if parked:
        raise SystemExit(f"{parked} events were parked: this is no measurement of a rebuild")
    return Measured(events, *took)


def past_partitions(*, cluster: Cluster) -> str:
    """Where all children were accounted for at moments of the year, and on days of it as known at the end; as a page asks it."""
    postmaster, told = postmaster_of(cluster), []
    replaying = Replay(dsn=cluster.dsn("gateway", "gateway_reader"), opener=TestVault())
    moments = [START + (END - START) * number / MOMENTS for number in range(1, MOMENTS + 1)]
    for title, asked in (
        ("as known", [(one, None) for one in moments]),
        ("on a day", [(END, one.date()) for one in moments]),
    ):
        walls, cpus = [], []
        for moment, on in asked:
            begun, cpu = time.perf_counter(), time.process_time() + cpu_of(postmaster)
            rows = replaying.partition_as_of(moment, on=on)
            walls.append(time.perf_counter() - begun)
            cpus.append(time.process_time() + cpu_of(postmaster) - cpu)
        children = sum(row.children for row in rows)
        told.append(
            f"{title} {statistics.median(walls):.2f} s ({min(walls):.2f} to {max(walls):.2f}), {statistics.median(cpus):.2f} s of processor"
        )
    return f"{children:,} children in the window: {'; '.join(told)}"


def postmaster_of(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text("utf-8").split()[0])


def said(rows: Sequence[tuple[str, Measured]], past: Sequence[tuple[int, str]], *, before: str) -> str:
    """The section."""
    base = rows[0][1]
    lines = [
        (
            name,
            f"{one.events:,}",
            f"{one.events / one.wall_s:,.0f}",
            f"{one.events / one.cpu_s:,.0f}"
            + (f" ({one.spread[0]:,.0f} to {one.spread[1]:,.0f})" if one.spread else ""),
            f"{one.cpu_s / one.events / (base.cpu_s / base.events):.1f}",
            f"{one.python_s / one.events * 1e6:.1f} + {one.postgres_s / one.events * 1e6:.1f}",
            f"{COUNTY / one.events * one.wall_s / 60:.1f}",
        )
        for name, one in rows
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    heading = f"{before}; peak memory of the program {peak:.1f} GiB, with the history itself:"
    columns = (
        "",
        "events",
        "events/s",
        "events/s of processor",
        "× floor",
        "µs of processor an event, here + server",
        "2.6 million, minutes",
    )
    partitions = "\n".join(f"- A past partition after {events:,} events, {one}." for events, one in past)
    rest = (
        f"OpenCRVS publishes {OPENCRVS} documents a second for its own reindexing, on another machine: no ratio is made of that. Where children are as"
        " seldom looked for as in a county, an event makes fewer rows than here, where two of three have a case."
    )
    return "\n\n".join((heading, table(columns, lines), partitions, rest))


def main() -> None:
    """Measures, prints, and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=SIZES, help="about so many, rising")
    parser.add_argument("--keep", action="store_true", help="only print; leave BENCHMARKS.md as it is")
    asked, _ = parser.parse_known_args()
    before = machine()
    waves = list(history(asked.events[-1], chance=dice(20260914)))
    cuts = [-(-events * len(waves) // asked.events[-1]) for events in asked.events]
    collect_seldom()  # as every process of ours does
    first = waves[: cuts[0]]
    rows = [
        ("floor: decoding", each(first, decode)),
        ("replay, as known", each(first, replay)),
        ("replay, as it was on a day", each(first, partial(replay, on=DAY))),
    ]
    past, kept = [], 0
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cluster = Cluster.start(Path(folder) / "cluster")
        stack.callback(cluster.stop)
        prepare(cluster)
        migrate(cluster, ("gateway",))
        for cut in cuts:
            keep_all(waves[kept:cut], cluster=cluster)
            kept = cut
            rows.append(("read model made anew", rebuilt(waves[:cut], cluster=cluster)))
            past.append((rows[-1][1].events, past_partitions(cluster=cluster)))
    text = said(rows, past, before=before)
    sys.stdout.write(text + "\n")
    if not asked.keep:
        write_section("history", title="A county's history told again `make bench-replay`", text=text)


if __name__ == "__main__":
    main()
