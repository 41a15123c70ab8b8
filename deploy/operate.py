"""What an operator does to a distributed system, from wherever its settings and the secrets for the act are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import typer
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from rich.console import Console

from deploy.migrate import migrate
from deploy.postgres.databases import DATABASES, prepare
from deploy.showing import StepBars, table
from deploy.take_over import take_over
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import Clock, SystemClock, china_date
from services.chassis.config import ProcessSettings, read_process_settings, read_settings
from services.chassis.errors import Refused
from services.chassis.http import Surroundings
from services.chassis.keyring import KeyRing
from services.chassis.runtime import WELL
from services.chassis.shred_list import ShredList
from services.chassis.vault import Vault
from services.contracts.divisions import COUNTY
from services.roster import service as roster
from services.roster.intake import Intake, Preview, Read
from services.roster.intake.rejects import workbook_of

HEALTH_S = 3.0
WAIT_S = 60.0
"""How long a load waits while somebody else is taking registers in."""
REJECTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class NamedServers:
    """The database servers that the settings name; their secrets are there already."""

    settings: ProcessSettings

    def dsn(self, database: str, role: str) -> str:
        """How a role reaches a database."""
        return self.settings.dsn(database, role)

    def secret(self, role: str, *, create: bool = False) -> str:  # noqa: ARG002  # here nothing is made
        """A role's password."""
        return self.settings.secret(role)


def prepare_databases(console: Console) -> None:
    """Makes roles and databases, as the superuser; for servers that nobody else prepares."""
    with _reaching():
        prepare(NamedServers(read_process_settings()))
    console.print(f"Prepared: {', '.join(database.name for database in DATABASES)}.")


@contextmanager
def _reaching() -> Iterator[None]:
    """Says in words where a database can't be reached or doesn't let us in."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise Refused(f"A database server can't be used as BAOXUE_POSTGRES says: {error}") from None


def migrate_databases(console: Console, *, databases: list[str]) -> None:
    """Makes what is missing of the tables, each as its database's owner."""
    with _reaching():
        migrate(NamedServers(read_process_settings()), databases)
    console.print(f"Tables are as this version needs them: {', '.join(databases)}.")


def make_missing_topics(console: Console, *, replicas: int) -> None:
    """Makes the topics that are missing."""
    from deploy.kafka.topics import make_topics  # noqa: PLC0415  # the client library, which `baoxue up` never needs
    from services.chassis.log_kafka import Cluster  # noqa: PLC0415

    settings = read_process_settings()
    if not settings.kafka:
        raise Refused("BAOXUE_KAFKA is not set; name the brokers, host:port,host:port.")
    cluster = Cluster(bootstrap=settings.kafka, security=settings.kafka_client())
    made = make_topics(cluster, replicas=replicas, file=settings.topics)
    console.print(f"Made: {', '.join(made)}." if made else "All topics are there.")


def take_over_databases(console: Console) -> None:
    """Writes the places of readers down by partition, so that they go on over Kafka where they were."""
    from services.chassis.log_kafka import read_topics  # noqa: PLC0415  # as above

    settings = read_process_settings()
    with _reaching():
        places = take_over(NamedServers(settings), topics=read_topics(settings.topics))
    rows = [
        (reader, producer, max(at for name, at in names.items() if name.startswith(f"{producer}/")))
        for reader, names in places.items()
        for producer in sorted({name.partition("/")[0] for name in names})
    ]
    console.print(table("Everybody goes on after 各方续读位置", ("reader", "producer", "position"), rows))


@dataclass(frozen=True, slots=True)
class Wish:
    """How an operator wants registers loaded: shown first and asked about, and where to write what can't be read."""

    preview: bool = False
    yes: bool = False
    rejects: Path | None = None


def load(
    console: Console,
    intake: Intake,
    *,
    registers: Path,
    as_of: date | None,
    wish: Wish | None = None,
    clock: Clock | None = None,
) -> None:
    """Takes the register files of a folder in and compares them; what was there already changes nothing.

    `clock` is that of the system they go into, where it isn't the machine's.

    With `wish.preview` what would change is shown first, and nothing is done unless somebody agrees.
    """
    wish = wish or Wish()
    act = operator(purpose="dropout_control", clock=clock)
    day = as_of or china_date(act.at)
    with acting(act), intake.alone(wait_s=WAIT_S):
        with StepBars(console) as bars:
            files = [path for path in registers.iterdir() if path.is_file()]
            read = intake.read_paths(files, keep_spoilt=wish.rejects is not None, progress=bars.tell)
            preview = intake.preview(read, as_of=day, progress=bars.tell) if wish.preview else None
        show_rejects(console, read, to=wish.rejects)
        if preview is not None:
            show_preview(console, read, preview)
            if not wish.yes and not typer.confirm("Take them in? 是否入库？"):
                console.print("Nothing was changed.")
                return
        with StepBars(console) as bars:
            intake.load(read, progress=bars.tell)
            compared = intake.comparison.compare(as_of=day, progress=bars.tell)
    console.print(f"{len(compared.reconciliation.children):,} children are in the roster.")


def show_rejects(console: Console, read: Read, *, to: Path | None) -> None:
    """Says where something can't be read, the first of it, and writes all of it into a workbook where asked to."""
    rejects = read.reading.rejects
    for reject in rejects[:REJECTS_SHOWN]:
        place = f"{reject.file} {reject.sheet}".strip()
        console.print(f"{place} line {reject.line} {reject.column}: {reject.reason}", markup=False)
    if len(rejects) > REJECTS_SHOWN:
        console.print(
            f"… and {len(rejects) - REJECTS_SHOWN:,} more that can't be read; --rejects FILE writes them all."
        )
    if read.reading.passed_over:
        console.print(
            f"{read.reading.passed_over:,} lines are no rows but sums, notes or headers said again, the first at "
            + ", ".join(f"{line.file} {line.sheet} line {line.line}" for line in read.reading.passed[:REJECTS_SHOWN]),
            markup=False,
        )
    if to is not None and rejects:
        to.touch(mode=0o600)
        to.write_bytes(workbook_of(read.reading.spoilt, rejects=rejects, passed_over=read.reading.passed_over))
        console.print(f"{len(rejects):,} cells that can't be read are marked in {to}; it holds personal data.")


def show_preview(console: Console, read: Read, preview: Preview) -> None:
    """What would change."""
    rows: list[tuple[str, int]] = [(f"rows of {register}", count) for register, count in read.counts.items()]
    rows += [
        ("cells that can't be read 退回", preview.rejected),
        ("children new 新增", preview.said.new),
        ("children changed 变更", preview.said.changed),
        ("children in no register any more 消失", preview.missed),
        ("findings raised 新发现", preview.said.raised),
        ("findings closed 销号", preview.said.resolved),
        ("pairs for a person to decide 疑似同一人", preview.doubts),
    ]
    console.print(table("What would change 预览", ("what", "how many"), rows))


def erase(intake: Intake, *, child_id: UUID, reason: str) -> None:
    """Erases a child's personal data for good."""
    with acting(operator(purpose="operation")):
        intake.comparison.erase(child_id, reason=reason)


def restrict(intake: Intake, *, child_id: UUID, basis: str, until: date, holder: X25519PublicKey) -> None:
    """Restricts the processing of a child's personal data."""
    with acting(operator(purpose="operation")):
        intake.comparison.restrict(child_id, basis=basis, until=until, holder=holder)


def lift(intake: Intake, *, child_id: UUID, reason: str, holder: X25519PrivateKey) -> None:
    """Lifts the restriction of a child's personal data."""
    with acting(operator(purpose="operation")):
        intake.comparison.lift(child_id, reason=reason, holder=holder)


def on_the_roster(act: Callable[[Intake], None]) -> None:
    """Does one act of an operator: on the servers of BAOXUE_POSTGRES, else on this machine's system, which is stopped."""
    settings = read_process_settings()
    if not settings.postgres:
        from deploy.up import act as act_embedded  # noqa: PLC0415  # it knows the whole system

        act_embedded(settings=read_settings(), done=act)
        return
    require_shred_list(settings)
    with roster_intake(settings) as intake:
        act(intake)


def require_shred_list(settings: ProcessSettings) -> None:
    """Raises `Refused` where erasures would be written nowhere but into the key store, which a restore takes back."""
    if settings.shred_list is None:
        raise Refused(
            "BAOXUE_SHRED_LIST is not set. Name a file outside of the databases where it is kept who was erased; "
            "without it a restore would bring the child back."
        )


def operator(*, purpose: str, clock: Clock | None = None) -> Caused:
    """Who acts where somebody types a command: the operator, for the county's bureau 县教育局."""
    department = f"education_bureau:{COUNTY}"
    return Caused.begin(actor="operator", department=department, purpose=purpose, at=(clock or SystemClock()).now())


@contextmanager
def roster_intake(settings: ProcessSettings) -> Iterator[Intake]:
    """The roster's intake on the databases that the settings name; needs the secrets of a roster process."""
    vault = Vault(
        dsn=settings.dsn("vault", "vault_app"),
        ring=KeyRing(lambda: settings.secret("vault.kek")),
        shred_list=ShredList(settings.shred_list) if settings.shred_list is not None else None,
    )
    try:
        built = roster.build(
            dsn=settings.dsn("roster", "roster_app"),
            vault=vault,
            surroundings=Surroundings(clock=SystemClock(), token=settings.secret("services.token")),
            key_secret=bytes.fromhex(settings.secret("roster.key")),
        )
        try:
            yield built.intake
        finally:
            built.service.close()
    finally:
        vault.close()


def show_health(console: Console, urls: Sequence[str]) -> bool:
    """Shows how the processes at these URLs are, and returns whether all of them are ready."""
    rows: list[tuple[str, ...]] = []
    ready = True
    for url in urls:
        try:
            answer = httpx.get(f"{url.rstrip('/')}/health/ready", timeout=HEALTH_S)
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            rows.append((url, "", f"[red]nothing answers: {type(error).__name__}[/red]", "", "", ""))
            ready = False
            continue
        rows.extend(
            (url, part, _coloured(state), *_lag(said["lag"].get(part)), str(said["parked"].get(part, "")))
            for part, state in said["parts"].items()
        )
        ready = ready and answer.is_success
    columns = ("process at", "part", "state", "behind s", "behind events", "parked keys")
    console.print(table("All is well" if ready else "Not all is well", columns, rows))
    return ready


def _coloured(state: str) -> str:
    return f"[green]{state}[/green]" if state in WELL else f"[red]{state}[/red]"


def _lag(lag: dict[str, object] | None) -> tuple[str, str]:
    return ("", "") if lag is None else (str(lag["seconds"]), str(lag["events"] if lag["events"] is not None else "?"))
