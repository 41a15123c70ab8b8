"""A lost server comes back as it was at a chosen moment, and what doesn't fit together is not opened."""

import gzip
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql
from rich.console import Console

from deploy.drill import drill
from deploy.erasures import export_shred_list
from deploy.migrate import migrate
from deploy.postgres import pitr
from deploy.postgres.cluster import SUPERUSER, Cluster, ClusterError
from deploy.postgres.databases import prepare
from deploy.postgres.host import write_private
from deploy.postgres.positions import Astray, Beyond, Other, check_positions, examine, refuse_astray
from deploy.recovered import recovered
from gateway.readmodel.migrate import migrate as migrate_gateway
from services.chassis.config import SERVICES, ProcessSettings, own_secret, read_process_settings
from services.chassis.errors import Refused
from services.chassis.log_kafka import Cluster as KafkaCluster
from services.chassis.shred_list import ShredList
from services.chassis.store import migrate as migrate_store
from services.contracts.envelope import event_id
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually


def test_the_drill_succeeds(kafka: KafkaCluster) -> None:
    console = Console(file=StringIO(), width=160)

    assert drill(console, children=30, durable=False, kafka=kafka), console.file.getvalue()


class TestTheArchive:
    @pytest.fixture
    def archive(self, tmp_path: Path) -> Path:
        pitr.install(tmp_path / "archive")
        return tmp_path / "archive"

    def hand_in(self, archive: Path, segment: Path, *, name: str = "000000010000000000000001") -> int:
        command = [str(archive / pitr.SCRIPT), str(segment), name, str(archive / "wal")]
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode

    def test_keeps_a_segment_and_takes_the_same_one_again(self, archive: Path, tmp_path: Path) -> None:
        (tmp_path / "segment").write_bytes(b"wal" * 1000)

        assert self.hand_in(archive, tmp_path / "segment") == 0
        assert self.hand_in(archive, tmp_path / "segment") == 0

        [kept] = (archive / "wal").iterdir()
        assert gzip.decompress(kept.read_bytes()) == b"wal" * 1000

    def test_never_writes_over_another_segment(self, archive: Path, tmp_path: Path) -> None:
        (tmp_path / "segment").write_bytes(b"first")
        (tmp_path / "other").write_bytes(b"other")
        self.hand_in(archive, tmp_path / "segment")

        assert self.hand_in(archive, tmp_path / "other") != 0

        [kept] = (archive / "wal").iterdir()
        assert gzip.decompress(kept.read_bytes()) == b"first"

    def test_says_so_when_nothing_could_be_kept(self, archive: Path, tmp_path: Path) -> None:
        assert self.hand_in(archive, tmp_path / "no-such-segment") != 0
        assert not list((archive / "wal").iterdir())

    @pytest.mark.parametrize("path", ["relative", "/with space", "/with'quote", '/with"quote', "/with$dollar"])
    def test_is_refused_at_a_path_that_a_shell_would_misread(self, path: str) -> None:
        with pytest.raises(Refused, match="path"):
            pitr.archiving(Path(path))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A place the server's uid can reach; the clusters in it are deleted in the end."""
    folder = Path(tempfile.mkdtemp(prefix="baoxue-pitr-"))
    folder.chmod(0o755)
    yield folder
    for cluster in folder.glob("*/lock"):
        Cluster.discard(cluster.parent)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def moments(home: Path) -> list[datetime]:
    """A server that was copied twice, with the moments after each of four rows; the last one was never archived."""
    moments: list[datetime] = []
    with Cluster.start(home / "server", durable=False) as cluster:
        pitr.install(home / "archive", server_uid=cluster.uid)
        with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
            for name, setting in pitr.archiving(home / "archive").items():
                connection.execute(
                    sql.SQL("alter system set {} = {}").format(sql.Identifier(name), sql.Literal(setting))
                )
        cluster.restart()
        with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
            connection.execute("create table row (number integer)")
            for number in range(4):
                if number in {1, 2}:
                    dsn = cluster.dsn("postgres", SUPERUSER)
                    pitr.take_base(home / "archive", dsn=dsn, programs=cluster.programs, keep=2, durable=False)
                connection.execute("insert into row values (%s)", [number])
                moments.append(connection.execute("select clock_timestamp()").fetchall()[0][0])
                if number < 3:
                    [(segment,)] = connection.execute("select pg_walfile_name(pg_switch_wal())").fetchall()
                    eventually((home / "archive" / "wal" / f"{segment}.gz").exists, within=30)
        cluster.stop(mode="immediate")  # a power cut: what was not archived is lost with the disk
    return moments


def rows_at(home: Path, at: datetime, *, folder: str) -> set[int]:
    """Recovers to a moment in a new folder and returns the rows that are there."""
    programs = Cluster(folder=home / "server", server=(home / "server" / "server").resolve()).programs
    fill = partial(pitr.fill, archive=home / "archive", at=at, programs=programs, durable=False)
    Cluster.put(home / folder, fill=fill)
    shutil.copytree(home / "server" / "secrets", home / folder / "secrets", dirs_exist_ok=True)
    with (
        Cluster.start(home / folder, durable=False) as cluster,
        psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection,
    ):
        eventually(lambda: not connection.execute("select pg_is_in_recovery()").fetchall()[0][0], within=30)
        assert connection.execute("show archive_mode").fetchall() == [("off",)]
        return {number for (number,) in connection.execute("select number from row")}


class TestAMoment:
    def test_is_reached_exactly(self, home: Path, moments: list[datetime]) -> None:
        assert rows_at(home, moments[1], folder="exactly") == {0, 1}

    def test_before_the_oldest_copy_is_refused_with_the_earliest_one(self, home: Path, moments: list[datetime]) -> None:
        with pytest.raises(Refused, match="earliest moment"):
            pitr.base_for(home / "archive", at=moments[0])

    def test_is_reached_from_the_newest_copy_before_it(self, home: Path, moments: list[datetime]) -> None:
        older, newer = pitr.list_bases(home / "archive")

        assert pitr.base_for(home / "archive", at=moments[1]) == older
        assert pitr.base_for(home / "archive", at=moments[2]) == newer

    def test_that_was_not_archived_is_refused_by_the_server(self, home: Path, moments: list[datetime]) -> None:
        # It ends itself when it comes to that: while it is waited for, or a moment after it has let somebody look.
        with pytest.raises((ClusterError, psycopg.OperationalError)):
            rows_at(home, moments[3] + timedelta(seconds=1), folder="beyond")
        said = (home / "beyond" / "server" / "server.log").read_text(errors="replace")
        assert "recovery ended before configured recovery target was reached" in said

    def test_needs_a_time_zone(self, home: Path, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="time zone"):
            pitr.fill(tmp_path, archive=home / "archive", at=datetime(2026, 9, 1), programs=tmp_path)  # noqa: DTZ001


def segments(archive: Path) -> set[str]:
    return {path.stem for path in (archive / "wal").iterdir() if len(path.stem) == 24}


def test_old_copies_go_with_the_wal_that_only_they_needed(home: Path, moments: list[datetime], tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(home / "archive", archive)
    _, newer = pitr.list_bases(archive)
    programs = Cluster(folder=home / "server", server=(home / "server" / "server").resolve()).programs

    pitr.prune(archive, keep=1, programs=programs)

    assert pitr.list_bases(archive) == [newer]
    assert min(segments(archive)) == newer.first_segment
    assert segments(archive) < segments(home / "archive")


class TestPositions:
    @given(
        heads=st.dictionaries(st.sampled_from(SERVICES), st.integers(0, 50)),
        seen=st.dictionaries(st.tuples(st.sampled_from(SERVICES), st.integers(0, 5)), st.integers(0, 50)),
    )
    def test_a_reader_is_beyond_exactly_where_it_has_seen_what_the_producer_has_not(
        self, heads: dict[str, int], seen: dict[tuple[str, int], int]
    ) -> None:
        trackings = {f"{producer}/{partition}": position for (producer, partition), position in seen.items()}

        beyond = check_positions(heads, {"gateway": trackings})

        assert {(one.producer, one.tracking) for one in beyond} == {
            (producer, f"{producer}/{partition}")
            for (producer, partition), position in seen.items()
            if position > heads.get(producer, 0)
        }

    def test_a_relay_that_has_sent_more_than_there_is_is_found(self) -> None:
        assert check_positions({"roster": 7}, {"relay to roster": {"baoxue.roster.1": 9}}) == [
            Beyond("relay to roster", "roster", "baoxue.roster.1", 9, 7)
        ]


class Stores:
    """Databases of all services and the gateway, with events written by hand."""

    def __init__(self, databases: dict[str, FreshDatabase]) -> None:
        self.dsns = {name: database.superuser for name, database in databases.items()}

    def record(self, service: str, *, cause: UUID | None = None) -> tuple[int, UUID]:
        """One more event; returns its position and published id."""
        aggregate_id = uuid4()
        with psycopg.connect(self.dsns[service]) as connection:
            [(position,)] = connection.execute(
                """insert into events (originator_id, originator_version, topic, state, notification_id, recorded_at,
                     actor, department, purpose, command_id, correlation_id, causation_id, trace)
                   values (%s, 1, '', '', (select coalesce(max(notification_id), 0) + 1 from events), now(), '',
                     'system:policy', '', gen_random_uuid(), gen_random_uuid(), %s, '') returning notification_id""",
                [aggregate_id, cause],
            ).fetchall()
        return position, event_id(aggregate_id, 1)

    def track(self, reader: str, tracking: str, position: int) -> None:
        with psycopg.connect(self.dsns[reader]) as connection:
            connection.execute(
                "insert into tracking values (%s, %s) on conflict (name) do update set position = excluded.position",
                [tracking, position],
            )

    def project(self, producer: str, position: int, seen: UUID) -> None:
        """As the gateway does: the event into the journal, and how far it is."""
        self.track("gateway", f"{producer}/0", position)
        with psycopg.connect(self.dsns["gateway"]) as connection:
            connection.execute(
                """insert into journal (producer, position, event_id, type, aggregate_id, version, stored_topic,
                     recorded_at, actor, department, purpose, command_id, correlation_id, body)
                   values (%s, %s, %s, '', gen_random_uuid(), 1, '', now(), '', '', '', gen_random_uuid(),
                     gen_random_uuid(), '{}')""",
                [producer, position, seen],
            )

    def findings(self) -> list[object]:
        return list(examine(self.dsns)[1])


@pytest.fixture
def stores(database: Callable[..., FreshDatabase]) -> Stores:
    made = {
        service: database(service, migrate=partial(migrate_store, app_role=f"{service}_app")) for service in SERVICES
    }
    return Stores({**made, "gateway": database("gateway", migrate=migrate_gateway)})


class TestAfterARestore:
    def test_stores_and_readers_of_one_history_may_be_opened(self, stores: Stores) -> None:
        for _ in range(3):
            position, event = stores.record("roster")
            stores.project("roster", position, event)
        stores.record("cases", cause=event)
        stores.track("cases", "roster/0", 3)

        assert stores.findings() == []

    def test_a_reader_beyond_its_producer_is_refused_with_the_way_out(self, stores: Stores) -> None:
        stores.record("roster")
        stores.track("cases", "roster/0", 3)

        findings = stores.findings()

        assert findings == [Beyond("cases", "roster", "roster/0", 3, 1)]
        with pytest.raises(Astray, match=r"next 2 events of roster would be passed over.*one common moment"):
            refuse_astray(findings)

    def test_a_producer_that_has_gone_on_under_used_positions_is_found_by_the_journal(self, stores: Stores) -> None:
        """The producer was taken back and has recorded other events since: no position is beyond any more."""
        position, event = stores.record("roster")
        stores.project("roster", position, event)
        stores.project("roster", 2, uuid5(event, "lost"))
        stores.record("roster")
        stores.record("roster")

        assert stores.findings() == [Other("gateway", "roster", 2)]

    def test_a_reaction_to_an_event_that_nobody_knows_is_found(self, stores: Stores) -> None:
        stores.record("roster")
        stores.record("cases", cause=uuid4())

        [finding] = stores.findings()

        assert finding == "cases has reacted to 1 events that nobody knows any more, first at 1"

    def test_a_store_with_a_hole_is_found(self, stores: Stores) -> None:
        stores.record("notify")
        with psycopg.connect(stores.dsns["notify"]) as connection:
            connection.execute("alter table events disable trigger append_only")
            connection.execute("update events set notification_id = 2")

        assert stores.findings() == ["the store of notify is not whole: 1 events up to position 2"]


@pytest.fixture(scope="module")
def recovered_cluster(home: Path) -> Iterator[Cluster]:
    """A server with all databases, as somebody has recovered it."""
    with Cluster.start(home / "recovered", durable=False) as cluster:
        prepare(cluster)
        migrate(cluster)
        yield cluster


class TestRecoveredServers:
    """The last step before databases of servers of one's own may be opened again."""

    @pytest.fixture
    def settings(self, tmp_path: Path, recovered_cluster: Cluster) -> ProcessSettings:
        for role in ("roster_app", "cases_app", "assistance_app", "notify_app", "gateway_writer", "vault_app"):
            write_private(tmp_path / role, recovered_cluster.secret(role))
        for key in ("vault.kek", "roster.key"):
            own_secret(tmp_path / key)
        return replace(
            read_process_settings({}),
            postgres=f"host=127.0.0.1 port={recovered_cluster.port} sslmode=disable",
            secrets=tmp_path,
        )

    def test_are_made_to_forget_whom_the_list_names(
        self, settings: ProcessSettings, recovered_cluster: Cluster, tmp_path: Path
    ) -> None:
        child, at = uuid4(), datetime(2026, 9, 1, 4, tzinfo=UTC)
        ShredList(tmp_path / "shredded.list").add({child: at})
        with psycopg.connect(recovered_cluster.dsn("vault", "vault_app")) as vault:
            vault.execute("insert into subject_key values (%s, 1, 1, 'wrapped')", [child])
        with psycopg.connect(recovered_cluster.dsn("gateway", "gateway_writer")) as gateway:
            gateway.execute("insert into child_identity (child_id, name) values (%s, '燕归来')", [child])

        recovered(Console(file=StringIO()), settings=settings, shred_lists=[tmp_path / "shredded.list"])

        with psycopg.connect(recovered_cluster.dsn("vault", "vault_app")) as vault:
            assert vault.execute("select subject from subject_key").fetchall() == []
        with psycopg.connect(recovered_cluster.dsn("gateway", "gateway_writer")) as gateway:
            assert gateway.execute("select child_id from child_identity").fetchall() == []
        exported = ShredList(tmp_path / "exported.list")
        assert export_shred_list(recovered_cluster, to=exported) == 1
        assert exported.read() == {child: at}

    def test_with_a_reader_beyond_its_producer_are_refused(
        self, settings: ProcessSettings, recovered_cluster: Cluster
    ) -> None:
        with psycopg.connect(recovered_cluster.dsn("notify", "notify_app"), autocommit=True) as notify:
            notify.execute("insert into tracking values ('cases/2', 5)")
            try:
                with pytest.raises(Astray, match="notify has seen cases/2 up to 5, and cases is at 0"):
                    recovered(Console(file=StringIO()), settings=settings, shred_lists=[])
            finally:
                notify.execute("update tracking set position = 0")
