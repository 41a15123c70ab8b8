"""How fast a term is recognised for a county, beside a raw INSERT of the same rows on the same server.

    make bench-aid                  # 6,000 children
    make bench-aid SIZE=86000       # a county

Of the children so many in a hundred were found eligible by the registers, as pupils of schools of one size; each school is
recognised by one command, durable when answered. The floor puts the rows that a command stored into a table of the same columns,
in one commit, by `executemany`. Processor time is this process's, without PostgreSQL's. Afterwards all is recognised again, which
has to grant nothing; and the next term in one run for the county, lot by lot.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, TypeVar
from uuid import UUID, uuid4

import psycopg

from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from services.assistance.application import Assistance
from services.assistance.domain.categories import Ground
from services.assistance.domain.eligibility import Eligibility
from services.assistance.domain.recognition_run import A_LOT, Pupil, RecognitionRun
from services.assistance.payments import Payments
from services.assistance.service import migrate
from services.chassis import key_store
from services.chassis.aggregate import Caused, acting
from services.chassis.application import Request
from services.chassis.keyring import KeyRing
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from tests.bench.figures import machine, table, write_section
from tests.bench.floor import COLUMNS, fresh_floor

T = TypeVar("T")
ELIGIBLE_PERCENT: Final = 15
A_SCHOOL: Final = 200
TERM: Final = "2026-2027-1"
NEXT_TERM: Final = "2026-2027-2"


class Took(NamedTuple):
    """Seconds on the clock, and of this process's processor."""

    wall_s: float
    cpu_s: float


def parts(whole: Sequence[T], *, of: int) -> Iterator[Sequence[T]]:
    """A sequence in parts of so many."""
    return (whole[at : at + of] for at in range(0, len(whole), of))


def timed(work: Callable[[], object]) -> Took:
    """How long something takes."""
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - begun, time.process_time() - cpu)


@contextmanager
def running_assistance() -> Iterator[tuple[Assistance, str]]:
    """Assistance on a durable cluster of its own, and how its superuser reaches its database."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cluster = Cluster.start(Path(folder) / "cluster")
        stack.callback(cluster.stop)
        prepare(cluster)
        for name, make in (("assistance", migrate), ("vault", key_store.migrate)):
            with psycopg.connect(cluster.dsn(name, f"{name}_owner")) as connection:
                make(connection)
        vault = stack.enter_context(
            closing(Vault(dsn=cluster.dsn("vault", "vault_app"), ring=KeyRing.single(bytes(32))))
        )
        recorder = Recorder(dsn=cluster.dsn("assistance", "assistance_app"))
        stack.callback(recorder.close)
        mapper = SealingMapper(vault=vault)
        yield Assistance(recorder=recorder, mapper=mapper), cluster.dsn("assistance", SUPERUSER)


def caused() -> Caused:
    """The bureau's office, now."""
    return Caused.begin(
        actor="officer-1", department="education_bureau:410326", purpose="assistance", at=datetime.now(UTC)
    )


def make_eligible(assistance: Assistance, children: list[UUID]) -> None:
    """Finds children eligible by the registers' word."""
    ground = Ground(category="near_poverty", source="roster", words="poverty register: 边缘易致贫户", legal_basis="law")
    on = datetime(2026, 3, 1, tzinfo=UTC).date()
    for some in parts(children, of=1_000):
        with acting(caused()):
            found = [Eligibility.recognise(child_id=child, ground=ground, from_on=on) for child in some]
            assistance.record(*found)


def recognise(assistance: Assistance, children: list[UUID]) -> None:
    """Recognises the term, school by school."""
    payments = Payments(assistance=assistance)
    for number, some in enumerate(parts(children, of=A_SCHOOL)):
        pupils = tuple(
            Pupil(child_id=child, stage="primary", boarding=bool(at % 3), categories=("near_poverty",))
            for at, child in enumerate(some)
        )
        school = f"31{number:08}"
        request = Request("recognise-term", number.to_bytes(4))

        def do(school: str = school, pupils: tuple[Pupil, ...] = pupils) -> object:
            return payments.recognise_term(programme="living_allowance", term=TERM, school=school, pupils=pupils)

        assistance.obey(caused=caused(), request=request, do=do, only_records=True)  # type: ignore[arg-type]  # the command's answer


def recognise_in_one_run(assistance: Assistance, children: list[UUID]) -> None:
    """Recognises the next term for all of them in one run, as the service's clock does."""
    payments = Payments(assistance=assistance)
    pupils = tuple(
        Pupil(child_id=child, stage="primary", boarding=bool(at % 3), categories=("near_poverty",))
        for at, child in enumerate(children)
    )
    with acting(caused()):
        run_id = payments.open_recognition(
            programme="living_allowance", term=NEXT_TERM, area="410326", pupils=pupils
        ).id
    for _ in parts(children, of=A_LOT):
        with acting(caused()):
            payments.recognise_lot(run_id=run_id)
    run: RecognitionRun = assistance.get(RecognitionRun, run_id)
    if (run.outcome, run.granted) != ("finished", len(children)):
        message = f"the run is {run.outcome or 'not through'} and granted {run.granted}"
        raise AssertionError(message)


def insert(dsn: str, rows: list[tuple[object, ...]], *, a_commit: int) -> None:
    """Inserts the same rows, as many a commit as a command stored."""
    marks = ", ".join(["%s"] * 12)
    statement = f"insert into floor ({COLUMNS}) values ({marks})".encode()  # noqa: S608  # names of this file
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        for some in parts(rows, of=a_commit):
            cursor.executemany(statement, some)
            connection.commit()


def main(size: int) -> None:
    """Measures, prints, and writes the section."""
    before = machine()
    children = [uuid4() for _ in range(size * ELIGIBLE_PERCENT // 100)]
    with running_assistance() as (assistance, superuser):
        make_eligible(assistance, children)
        after = assistance.position()
        ours = timed(lambda: recognise(assistance, children))
        stored = assistance.position() - after
        again = timed(lambda: recognise(assistance, children))
        if assistance.position() - after != stored:
            message = "recognised again, a term granted something"
            raise AssertionError(message)
        with psycopg.connect(superuser) as connection:
            rows = connection.execute(
                f"select {COLUMNS} from events where notification_id > %s order by notification_id".encode(),  # noqa: S608
                [after],
            ).fetchall()
        run = timed(lambda: recognise_in_one_run(assistance, children))
        rounds = []
        for _ in range(3):
            fresh_floor(superuser)
            rounds.append(timed(lambda: insert(superuser, rows, a_commit=3 * A_SCHOOL)))
        floor = Took(*(statistics.median(values) for values in zip(*rounds, strict=True)))
    lines = [
        ["recognised", f"{ours.wall_s:.1f}", f"{ours.cpu_s:.1f}", f"{len(children) / ours.wall_s:,.0f}"],
        ["again, nothing new", f"{again.wall_s:.1f}", f"{again.cpu_s:.1f}", f"{len(children) / again.wall_s:,.0f}"],
        ["in one run, the next term", f"{run.wall_s:.1f}", f"{run.cpu_s:.1f}", f"{len(children) / run.wall_s:,.0f}"],
        ["raw INSERT of the rows", f"{floor.wall_s:.1f}", f"{floor.cpu_s:.1f}", f"{len(children) / floor.wall_s:,.0f}"],
    ]
    text = "\n\n".join(
        (
            f"A term for {size:,} children, {len(children):,} of them eligible, {A_SCHOOL} a command; {stored:,} events ({before}):",
            table(("", "s", "CPU s", "awards/s"), lines),
            f"Ratio to the floor: {floor.wall_s / ours.wall_s:.2f} on the clock, {floor.cpu_s / ours.cpu_s:.2f} by processor time.",
        )
    )
    sys.stdout.write(text + "\n")
    write_section("bench-aid", title="A term recognised `make bench-aid`", text=text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6_000)
