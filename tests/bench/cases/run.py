"""How fast cases are opened, beside a raw INSERT of the same rows on the same server, and how fast they are read back.

    make bench-cases

Each command is durable when it is answered: fsync on, one commit or a share of one. The floor puts the rows that the
command stored into a table of the same columns, one row a commit, from as many clients. Medians of five rounds. Beside the
rates stands the processor time of this process for one of them, which says more where the machine has other work.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from services.cases.application import Cases
from services.cases.domain.case import id_of_case
from services.cases.service import migrate
from services.chassis import key_store
from services.chassis.aggregate import Caused, RecordedAggregate
from services.chassis.application import Request, fold
from services.chassis.keyring import KeyRing
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from tests.bench.figures import machine, table, write_section
from tests.bench.floor import COLUMNS, Measured, fresh_floor, insert_rows, measure

ROUNDS = 5
CLIENTS = (1, 8, 32)
COMMANDS = 2_000


@contextmanager
def running_cases() -> Iterator[tuple[Cases, Cluster]]:
    """Cases on a durable cluster of their own."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cluster = Cluster.start(Path(folder) / "cluster")
        stack.callback(cluster.stop)
        prepare(cluster)
        for name, make in (("cases", migrate), ("vault", key_store.migrate)):
            with psycopg.connect(cluster.dsn(name, f"{name}_owner")) as connection:
                make(connection)
        vault = stack.enter_context(
            closing(Vault(dsn=cluster.dsn("vault", "vault_app"), ring=KeyRing.single(bytes(32))))
        )
        recorder = Recorder(dsn=cluster.dsn("cases", "cases_app"))
        stack.callback(recorder.close)
        yield Cases(recorder=recorder, mapper=SealingMapper(vault=vault)), cluster


def caused() -> Caused:
    """An officer of the bureau, now."""
    return Caused(
        actor="officer-1",
        department="education_bureau:410326",
        purpose="dropout_control",
        at=datetime.now(UTC),
        command_id=uuid4(),
        correlation_id=uuid4(),
    )


def open_cases(cases: Cases, children: Sequence[UUID], *, clients: int) -> Measured:
    """Opens a case for each child."""

    def work(number: int) -> None:
        cause = caused()
        request = Request("open-case", number.to_bytes(4))

        def do() -> object:
            return cases.open_case(
                child_id=children[number],
                cause="not_in_seat",
                township="410326103",
                school="3141000300",
                stage="junior",
            )

        cases.obey(caused=cause, request=request, do=do, only_records=True)  # type: ignore[arg-type]  # the command's answer

    return measure(work, clients=clients, jobs=len(children))


def replay(cases: Cases, children: Sequence[UUID]) -> tuple[float, float]:
    """Microseconds to load one case, and events a second that are read, decoded and folded into all cases."""
    sample = random.Random(1).sample(list(children), 500)  # noqa: S311  # which cases is of no matter
    begun = time.perf_counter()
    for child in sample:
        cases.repository.get(id_of_case(child, 1))
    one = (time.perf_counter() - begun) / len(sample) * 1e6
    folded: dict[UUID, RecordedAggregate | None] = {}
    begun, seen = time.perf_counter(), 0
    while batch := cases.recorder_of_commands.follow(after=seen, limit=2_000):
        for notification in batch:
            case_id = notification.event.originator_id
            folded[case_id] = fold(folded.get(case_id), [cases.sealed_event(notification.event)])
        seen = batch[-1].position
    return one, seen / (time.perf_counter() - begun)


def line(clients: int, ours: Sequence[Measured], floor: Sequence[Measured]) -> list[object]:
    """One line of the table."""
    mine, raw = (statistics.median(each.rate for each in measured) for measured in (ours, floor))
    spread = f"{min(each.rate for each in ours):,.0f}-{max(each.rate for each in ours):,.0f}"
    cpu = [f"{statistics.median(each.cpu_us for each in measured):,.0f}" for measured in (ours, floor)]
    return [clients, f"{mine:,.0f}", spread, f"{raw:,.0f}", f"{mine / raw:.2f}", *cpu]


def main() -> None:
    """Measures, prints, and writes the section."""
    before = machine()
    lines: list[list[object]] = []
    with running_cases() as (cases, cluster):
        superuser = cluster.dsn("cases", SUPERUSER)
        everyone: list[UUID] = []
        for clients in CLIENTS:
            ours, floor = [], []
            for _ in range(ROUNDS):
                children = [uuid4() for _ in range(COMMANDS)]
                everyone += children
                ours.append(open_cases(cases, children, clients=clients))
                with psycopg.connect(superuser) as connection:
                    rows = connection.execute(
                        f"select {COLUMNS} from events order by notification_id desc limit {COMMANDS}".encode()  # noqa: S608
                    ).fetchall()
                fresh_floor(superuser)
                floor.append(insert_rows(superuser, rows, clients=clients))
            lines.append(line(clients, ours, floor))
        one, all_of_them = replay(cases, everyone)
    said = (
        f"Cases opened a second, each durable when answered, beside a raw `INSERT` of the same rows ({before}; "
        f"{COMMANDS:,} commands, median of {ROUNDS} rounds):"
    )
    text = "\n\n".join(
        (
            said,
            table(("clients", "commands/s", "spread", "raw INSERT/s", "ratio", "CPU µs", "raw CPU µs"), lines),
            f"Read back: one case {one:,.0f} µs; all, {all_of_them:,.0f} events/s decoded and folded.",
        )
    )
    sys.stdout.write(text + "\n")
    write_section("bench-cases", title="Commands of cases `make bench-cases`", text=text)


if __name__ == "__main__":
    main()
