"""`baoxue drill`: once a month, and in tests, proves that a lost system comes back as it was at a chosen moment.

A small installation is made in a temporary folder, with a WAL archive. It works, is copied, works on, reaches a moment T,
and works on again: commands, and a child is erased. Then it is lost. A new server is recovered to T from the archive, made
to forget the erased child, examined and opened. Every step is timed; any failure ends with words and without success.

It proves the procedure and the programs of this machine. Whether the office's own backups are good is proved by
`baoxue restore … --rehearse`. With brokers at hand (`with_broker`) everything is also told again, into new topics.
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from rich.console import Console

from deploy.backup import PASSWORDS, SHRED_LIST, key_files
from deploy.embedded import Embedded, Running
from deploy.kafka.broker import Brokers
from deploy.postgres import pitr
from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.positions import READERS, examine, refuse_astray
from deploy.quiet import wait_until_quiet
from deploy.recovered import make_ready
from deploy.sample.county import generate
from deploy.showing import table
from gateway.access.policy_keys import PUBLIC_KEYS
from gateway.readmodel.partition import miscounted
from gateway.readmodel.projection import KINDS
from gateway.readmodel.rebuild import rebuild
from services.cases.public_reports import PublicReports
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import Clock, SteppedClock, SystemClock, china_date
from services.chassis.config import Settings, read_secret
from services.chassis.keyring import KeyRing
from services.chassis.log_kafka import Cluster as KafkaCluster
from services.chassis.log_kafka import Topic, create_topics
from services.chassis.relay import republish
from services.chassis.shred_list import ShredList
from services.chassis.vault import ERASED, Vault
from services.contracts.divisions import COUNTY, TOWNSHIPS

CHILDREN: Final = 200
COMMANDS: Final = 20
"""How many commands are given between one station and the next."""
WAIT_S: Final = 60.0
LOOK_EVERY_S: Final = 0.05

Rows = dict[str, frozenset[str]]


class DrillFailed(Exception):
    """What was restored is not what was lost; the message says in what."""


@dataclass(slots=True)
class Stopwatch:
    """The steps so far, with how long each took."""

    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step; the one that fails is in the list, too."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.steps.append((name, time.monotonic() - begun))


@dataclass(frozen=True, slots=True)
class Station:
    """The installation at the moment T: what has to be there again."""

    at: datetime
    heads: dict[str, int]
    shown: Rows
    erased_later: UUID


def drill(
    console: Console, *, children: int = CHILDREN, durable: bool = True, kafka: KafkaCluster | None = None
) -> bool:
    """Runs the drill, shows the steps, and returns whether all was well; topics made in `kafka` stay there."""
    home = Path(tempfile.mkdtemp(prefix="baoxue-drill-"))
    home.chmod(0o755)  # the server's uid has to get through
    watch = Stopwatch()
    clock = SteppedClock(SystemClock().now())
    failure: Exception | None = None
    try:
        station = _live_and_lose(home, children=children, clock=clock, durable=durable, watch=watch)
        _recover(home, station=station, durable=durable, watch=watch)
        _open_and_compare(home, station=station, clock=clock, durable=durable, watch=watch, kafka=kafka)
    except Exception as error:  # noqa: BLE001  # a drill tells what went wrong, whatever it was
        failure = error
    finally:
        for cluster in home.glob("*/postgres"):
            Cluster.discard(cluster)
        shutil.rmtree(home)
    console.print(table("Drill 恢复演练", ("step", "seconds"), [(name, f"{took:.1f}") for name, took in watch.steps]))
    if failure is not None:
        console.print(f"[red]failed[/red] at “{watch.steps[-1][0]}”: {type(failure).__name__}: {failure}")
        return False
    since_lost = sum(took for name, took in watch.steps if name.startswith("back: "))
    console.print(f"All was there again {since_lost:.1f} s after it was lost (RTO of this small system).")
    return True


def _live_and_lose(home: Path, *, children: int, clock: Clock, durable: bool, watch: Stopwatch) -> Station:
    """Lets an installation live in `lost/`, beyond T, with everything archived; then it is stopped."""
    folder, archive = home / "lost", home / "archive"
    with watch.step("a server that archives"):
        folder.mkdir()
        _start_archiving(folder / "postgres", archive=archive, durable=durable)
        generate(children=children, seed=1, as_of=_day(clock)).write(home / "county")
    with Embedded(settings=_settings(folder), clock=clock, durable=durable) as running:
        with watch.step(f"{children} children taken in"):
            with acting(_clerk(clock)):
                running.intake.load_files(list((home / "county" / "registers").iterdir()))
                running.intake.comparison.compare(as_of=_day(clock), progress=lambda *_: None)
            wait_until_quiet(running)
        with watch.step("base copy, checked"):
            superuser = running.cluster.dsn("postgres", SUPERUSER)
            pitr.take_base(archive, dsn=superuser, programs=running.cluster.programs, durable=durable)
        with watch.step("commands before T"):
            _give_commands(running, clock=clock)
            station = _station(running)
        with watch.step("commands and an erasure after T"):
            _give_commands(running, clock=clock)
            with acting(_clerk(clock)):
                running.intake.comparison.erase(station.erased_later, reason="drill")
            wait_until_quiet(running)
            _write_shred_list(running, folder)
        with watch.step("the last minute archived"):
            _hand_in(running.cluster, archive=archive)
    return station


def _recover(home: Path, *, station: Station, durable: bool, watch: Stopwatch) -> None:
    """A new server in `found/` at T; nobody can open it before the erased are forgotten and all positions are examined."""
    lost, found, archive = home / "lost", home / "found", home / "archive"
    with watch.step("back: keys, base copy"):
        found.mkdir()
        for name in (*key_files(lost), PUBLIC_KEYS):
            shutil.copy2(lost / name, found / name)
        programs = Cluster(folder=lost / "postgres", server=(lost / "postgres" / "server").resolve()).programs
        fill = partial(pitr.fill, archive=archive, at=station.at, programs=programs, durable=durable)
        Cluster.put(found / "postgres", fill=fill)
        shutil.copytree(lost / "postgres" / PASSWORDS, found / "postgres" / PASSWORDS, dirs_exist_ok=True)
    with watch.step("back: WAL up to T"):
        cluster = Cluster.start(found / "postgres", durable=durable)
        try:
            _wait_until_open(cluster)
        except BaseException:
            cluster.stop(mode="immediate")
            raise
    with cluster:
        with watch.step("back: positions as they were at T"):
            heads, _ = examine(_dsns(cluster))
            _expect("positions", {name: head.position for name, head in heads.items()}, station.heads)
        with watch.step("back: erasures done again, history examined"):
            _, came_back = make_ready(
                cluster,
                listed=ShredList(lost / SHRED_LIST).read(),
                ring=KeyRing.of(found / "vault.kek"),
                roster_key=bytes.fromhex(read_secret(found / "roster.key")),
                shred_list=ShredList(found / SHRED_LIST),
            )
            _expect("keys of the erased that had come back", came_back, 1)


def _open_and_compare(
    home: Path, *, station: Station, clock: Clock, durable: bool, watch: Stopwatch, kafka: KafkaCluster | None
) -> None:
    with ExitStack() as stack:
        with watch.step("back: opened"):
            running = stack.enter_context(Embedded(settings=_settings(home / "found"), clock=clock, durable=durable))
            wait_until_quiet(running)
        erased = station.erased_later
        with watch.step("who was erased after T is unreadable"):
            child: Any = running.services["roster"].application.repository.get(erased)
            _expect("name of the erased", child.identity.name, ERASED)
            _expect("key of the erased", running.vault.is_shredded(erased), expected=True)
        shown = _shown(running)
        with watch.step("all others are shown as at T"):
            _expect_rows(_without(shown, erased), _without(station.shown, erased))
        with watch.step("the partition's numbers are those of its children"):
            _expect("numbers of the partition that differ", _miscounted(running), 0)
        with watch.step("the read model made anew is the same"):
            rebuild(
                dsn=running.cluster.dsn("gateway", "gateway_writer"),
                owner_dsn=running.cluster.dsn("gateway", "gateway_owner"),
                log=running.log,
                opener=running.vault,
            )
            _expect_rows(_shown(running), shown)
            _expect("numbers of the partition that differ", _miscounted(running), 0)
        with watch.step("it goes on working"):
            _give_commands(running, clock=clock)
        if kafka is not None:
            with watch.step("told again, into a new generation of the topics"):
                _tell_again(running, kafka=kafka)


def with_broker(console: Console, *, children: int = CHILDREN) -> bool:
    """The drill with a broker of its own, which needs Java and the broker's jars."""
    folder = Path(tempfile.mkdtemp(prefix="baoxue-drill-broker-"))
    try:
        with Brokers.start(folder / "brokers") as brokers:
            return drill(console, children=children, kafka=KafkaCluster(bootstrap=brokers.bootstrap))
    finally:
        shutil.rmtree(folder)


def _tell_again(running: Running, *, kafka: KafkaCluster) -> None:
    """What follows a recovery in the distributed profile: topics that no reader has seen anything of the lost time in."""
    generation = secrets.randbelow(10**9) + 10**9
    for name, service in running.services.items():
        topic = Topic(producer=name, generation=generation, partitions=1)
        create_topics(kafka, [topic], replicas=1)
        reached = republish(
            publication=service.publication, cluster=kafka, topic=topic, dsn=service.dsn, progress=lambda _: None
        )
        _expect(f"{name} told again", reached, service.application.position())
    _, findings = examine(_dsns(running.cluster))
    refuse_astray(findings)


def _start_archiving(folder: Path, *, archive: Path, durable: bool) -> None:
    with Cluster.start(folder, durable=durable) as cluster:
        pitr.install(archive, server_uid=cluster.uid)
        with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
            for name, setting in pitr.archiving(archive).items():
                statement = sql.SQL("alter system set {} = {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Literal(setting)))


def _give_commands(running: Running, *, clock: Clock) -> None:
    cases: Any = running.services["cases"].application
    reports = PublicReports(cases=cases)
    with acting(_clerk(clock)):
        for number in range(COMMANDS):
            reports.receive_public_report(text=f"演练 {number}", township=next(iter(TOWNSHIPS)))
    wait_until_quiet(running)


def _station(running: Running) -> Station:
    """T, by the server's clock: after everything that was recorded by now, before whatever comes."""
    heads = _heads(running)
    with psycopg.connect(running.cluster.dsn("gateway", "gateway_writer"), autocommit=True) as gateway:
        at = gateway.execute("select clock_timestamp()").fetchall()[0][0]
        chosen = gateway.execute("select child_id from child_identity where name <> '' order by child_id").fetchone()
    if chosen is None or heads != _heads(running):
        raise DrillFailed("the installation was not at rest, or knows no child")
    return Station(at=at, heads=heads, shown=_shown(running), erased_later=chosen[0])


def _write_shred_list(running: Running, folder: Path) -> None:
    """Where the vault keeps the list anyway, this changes nothing."""
    Vault(
        dsn=running.cluster.dsn("vault", "vault_app"),
        ring=KeyRing.of(folder / "vault.kek"),
        shred_list=ShredList(folder / SHRED_LIST),
    ).close()


def _hand_in(cluster: Cluster, *, archive: Path) -> None:
    """Has the server archive what `archive_timeout` would at the latest in a minute, and waits for it."""
    with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
        segment = connection.execute("select pg_walfile_name(pg_switch_wal())").fetchall()[0][0]
    _wait((archive / "wal" / f"{segment}.gz").exists, "the server did not archive its WAL")


def _wait_until_open(cluster: Cluster) -> None:
    def is_open() -> bool:
        with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
            return not connection.execute("select pg_is_in_recovery()").fetchall()[0][0]

    _wait(is_open, "the recovered server did not open")


def _wait(until: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not until():
        if time.monotonic() > deadline:
            raise DrillFailed(otherwise)
        time.sleep(LOOK_EVERY_S)


def _dsns(cluster: Cluster) -> Mapping[str, str]:
    return {name: cluster.dsn(name, SUPERUSER) for name in READERS}


def _heads(running: Running) -> dict[str, int]:
    return {name: service.application.position() for name, service in running.services.items()}


def _shown(running: Running) -> Rows:
    """Every row of the read model, as text."""
    with psycopg.connect(running.cluster.dsn("gateway", "gateway_writer")) as gateway:
        return {
            kind.TABLE: frozenset(
                str(row) for row in gateway.execute(sql.SQL("select * from {}").format(sql.Identifier(kind.TABLE)))
            )
            for kind in KINDS
        }


def _miscounted(running: Running) -> int:
    """How many numbers of the partition are not those of the children shown."""
    with psycopg.connect(running.cluster.dsn("gateway", "gateway_writer")) as gateway:
        return miscounted(gateway)


def _without(rows: Rows, child: UUID) -> Rows:
    return {name: frozenset(row for row in of if str(child) not in row) for name, of in rows.items()}


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise DrillFailed(f"{what}: {found}, and not {expected}")


def _expect_rows(found: Rows, expected: Rows) -> None:
    """Names tables and numbers only: rows hold personal data."""
    differing = {name: len(found[name] ^ rows) for name, rows in expected.items() if found[name] != rows}
    if differing:
        raise DrillFailed(f"the read model differs, by rows: {differing}")


def _settings(folder: Path) -> Settings:
    return Settings(data_folder=folder, development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0)


def _clerk(clock: Clock) -> Caused:
    department = f"education_bureau:{COUNTY}"
    return Caused.begin(actor="drill", department=department, purpose="dropout_control", at=clock.now())


def _day(clock: Clock) -> date:
    return china_date(clock.now())
