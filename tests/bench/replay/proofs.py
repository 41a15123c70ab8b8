"""What proofs cost: a million entries checked, proofs made and checked, looks recorded so that they can be proved.

    python -m tests.bench.replay.proofs [--leaves 1000000]

Each figure stands beside its floor from the same run: SHA-256 alone over the same bytes, or a plain INSERT and COMMIT of the same rows.
Processor time where nothing waits for a disk, since other work on the machine would count otherwise.
"""

import argparse
import asyncio
import hashlib
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg

from deploy.migrate import migrate
from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from deploy.witness import verify
from gateway.access.receipts import Receipt, Receipts
from services.chassis import merkle
from services.chassis.notes import checkpoint, tlog_proof
from services.chassis.tree import origin_of, signer_of
from tests.bench.figures import machine, table, write_section

ENTRY_BYTES = 600
ROUNDS = 3
PROOFS = 2_000
WAITING = 64
LOOKS = 8_000
PLAIN_CLIENTS = 16
PLAIN_LOOKS = 2_000


class Grown:
    """A tree of so many entries in memory, and every perfect subtree of it."""

    def __init__(self, leaves: int) -> None:
        self.tree = merkle.Growing()
        self.levels: list[list[bytes]] = []
        for number in range(leaves):
            for level, _, root in self.tree.append(merkle.leaf_hash(an_entry(number))):
                if level == len(self.levels):
                    self.levels.append([])
                self.levels[level].append(root)

    def node(self, level: int, place: int) -> bytes:
        return self.levels[level][place]


def an_entry(number: int) -> bytes:
    """As long as an event is, and different from every other."""
    return number.to_bytes(8) * (ENTRY_BYTES // 8)


def cpu_s(work: Callable[[], object]) -> float:
    """The processor time of a piece of work, the median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def check_all(entries: list[bytes], root: bytes) -> None:
    """What an inspector does who was given a whole log."""
    leaves = [verify.leaf_hash(entry) for entry in entries]
    if verify.root_around(0, leaves, len(leaves), left=(), right=()) != root and verify.root_of(leaves) != root:
        raise AssertionError("the log doesn't hold")


def hash_all(entries: list[bytes]) -> None:
    """The floor: nobody can check a log without looking at every byte of it once."""
    for entry in entries:
        hashlib.sha256(entry).digest()


def of_verification(leaves: int) -> list[tuple[object, ...]]:
    """A whole log checked, and single proofs made and checked."""
    grown = Grown(leaves)
    root = merkle.root_of(leaves, grown.node)
    entries = [an_entry(number) for number in range(leaves)]
    floor, whole = cpu_s(lambda: hash_all(entries)), cpu_s(lambda: check_all(entries, root))
    places = [number * 7_919 % leaves for number in range(PROOFS)]
    made = cpu_s(lambda: [merkle.inclusion_proof(place, leaves, grown.node) for place in places])
    paths = {place: merkle.inclusion_proof(place, leaves, grown.node) for place in places}

    def check() -> None:
        for place, path in paths.items():
            leaf = verify.leaf_hash(entries[place])
            verify.check_inclusion(index=place, size=leaves, leaf=leaf, path=path, root=root)

    checked = cpu_s(check)
    signer = signer_of(origin_of("cases"), secret=bytes(32))
    note = signer.sign(checkpoint(signer.name, leaves, root))
    proof = tlog_proof(places[0], paths[places[0]], note)
    trusted = [verify.Verifier.parse(signer.verifier)]

    def check_kept() -> None:
        for _ in range(PROOFS):
            verify.check_tlog_proof(proof, entry=entries[places[0]], trusted=trusted, origin=signer.name)

    kept = cpu_s(check_kept)
    half = leaves // 2 + 1
    consistency = merkle.consistency_proof(half, leaves, grown.node)
    return [
        (f"check a log of {leaves:,} entries of {ENTRY_BYTES} bytes", f"{whole:.2f} s CPU", f"{leaves / whole:,.0f}/s", f"SHA-256 of the same bytes alone {floor:.2f} s: {whole / floor:.1f} times"),
        ("make a proof that an entry is in it", f"{made / PROOFS * 1e6:.0f} µs", f"{PROOFS / made:,.0f}/s", f"{len(paths[places[0]])} hashes"),
        ("check it against a root", f"{checked / PROOFS * 1e6:.0f} µs", f"{PROOFS / checked:,.0f}/s", ""),
        ("check a proof that is kept, with the log's signature", f"{kept / PROOFS * 1e6:.0f} µs", f"{PROOFS / kept:,.0f}/s", f"{len(proof.encode()):,} bytes; each witness adds some 150"),
        (f"prove that it goes on from {half:,}", "", "", f"{len(consistency)} hashes, {len(consistency) * 45:,} bytes"),
    ]  # fmt: skip


def a_look() -> Receipt:
    """A look at one child."""
    return Receipt(
        at=datetime.now(UTC),
        actor="officer-1",
        department="education_bureau:410326",
        purpose="dropout_control",
        operation="case",
        document_hash="0" * 64,
        decision="answered",
        policy_version="0123456789abcdef",
        child_ids=(uuid4(),),
        rows=1,
        fields=("Case.state", "Case.openedOn", "Child.township"),
        positions=msgspec.Raw(b'{"cases": 1, "roster": 1}'),
    )


@contextmanager
def durable() -> Iterator[Cluster]:
    """A gateway's database that has reached the disk when it says so."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster.start(Path(folder) / "cluster")
        try:
            prepare(cluster)
            migrate(cluster, ("gateway",))
            yield cluster
        finally:
            cluster.stop()


def recorded(dsn: str) -> float:
    """Looks a second, each durable before its answer, from as many as wait at once."""

    async def look() -> float:
        receipts = Receipts(dsn=dsn)

        async def look_often() -> None:
            for _ in range(LOOKS // WAITING):
                await receipts.record(a_look())

        async with receipts.running():
            begun = time.perf_counter()
            await asyncio.gather(*(look_often() for _ in range(WAITING)))
            return LOOKS / (time.perf_counter() - begun)

    return asyncio.run(look())


def plain(dsn: str) -> float:
    """Rows a second by INSERT and COMMIT, one each, from so many clients: into the same columns and nothing beside."""

    def insert() -> None:
        with psycopg.connect(dsn, autocommit=True, options="-c search_path=plain") as connection:
            for _ in range(PLAIN_LOOKS // PLAIN_CLIENTS):
                row = msgspec.json.encode(a_look()).decode()
                connection.execute(
                    "insert into receipt select * from jsonb_populate_record(null::receipt, %s::jsonb)", [row]
                )

    clients = [threading.Thread(target=insert) for _ in range(PLAIN_CLIENTS)]
    begun = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return PLAIN_LOOKS / (time.perf_counter() - begun)


def of_receipts() -> list[tuple[object, ...]]:
    """Looks recorded with and without their place in the line before the tree, and plain rows."""
    with durable() as cluster:
        writer, ruler = cluster.dsn("gateway", "gateway_writer"), cluster.dsn("gateway", SUPERUSER)
        with psycopg.connect(ruler) as connection:
            connection.execute("create schema plain")
            connection.execute("create table plain.receipt (like public.receipt)")
            connection.execute("grant usage on schema plain to gateway_writer")
            connection.execute("grant insert, select on plain.receipt to gateway_writer")
        figures: dict[str, list[float]] = {"with": [], "without": [], "plain": []}
        for _ in range(ROUNDS):
            figures["with"].append(recorded(writer))
            _line(ruler, "disable")
            figures["without"].append(recorded(writer))
            _line(ruler, "enable")
            figures["plain"].append(plain(writer))
    floor = statistics.median(figures["plain"])
    told = {
        name: (f"{statistics.median(rates):,.0f}/s", f"{min(rates):,.0f} to {max(rates):,.0f}")
        for name, rates in figures.items()
    }
    times = {name: f"{statistics.median(rates) / floor:.1f} times the floor" for name, rates in figures.items()}
    return [
        (f"record a look, durable, {WAITING} waiting", "", told["with"][0], f"{told['with'][1]}; {times['with']}"),
        ("the same without a place in the tree", "", told["without"][0], f"{told['without'][1]}; {times['without']}"),
        (f"floor: plain INSERT and COMMIT, {PLAIN_CLIENTS} clients", "", told["plain"][0], told["plain"][1]),
    ]


def _line(dsn: str, what: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(f"alter table receipt {what} trigger in_line".encode())


def main() -> None:
    """Measures, and writes the section."""
    parser = argparse.ArgumentParser(description="what proofs cost")
    parser.add_argument("--leaves", type=int, default=1_000_000)
    arguments, _ = parser.parse_known_args()
    on = machine()
    rows = [*of_verification(arguments.leaves), *of_receipts()]
    text = f"{on}. `make bench-replay`. Checking by processor time of one core; looks and their floor by the clock, the median\nof three rounds taken by turns, with the lowest and the highest: where they overlap the difference is the machine's.\n\n{table(('what', 'one', 'rate', 'beside'), rows)}"
    write_section("proofs", title="Proofs: a log checked, looks recorded", text=text)


if __name__ == "__main__":
    main()
