"""What was backed up is there again, who was erased stays erased, and nothing is ever half-done."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from threading import Event, Thread
from typing import Self
from uuid import UUID

import psycopg
import pytest
from rich.console import Console

from deploy.backup import KEYS, MANIFEST, Manifest, backup, keys_folder
from deploy.embedded import Embedded, Running
from deploy.postgres.cluster import SUPERUSER, Cluster, ClusterError
from deploy.quiet import wait_until_quiet
from deploy.restore import open_backup, restore
from deploy.sample.county import generate
from services.cases.public_reports import PublicReports
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SteppedClock
from services.chassis.config import Settings
from services.chassis.errors import Refused
from services.chassis.keyring import KeyRing
from services.chassis.shred_list import ShredList
from services.chassis.vault import ERASED, Vault
from tests.fixtures.store import eventually

AS_OF = date(2026, 9, 14)
CLOCK = SteppedClock(datetime(2026, 9, 14, 1, tzinfo=UTC))
TOWNSHIP = "410326101000"


def settings_of(folder: Path) -> Settings:
    return Settings(data_folder=folder, development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    with Embedded(settings=settings_of(folder), clock=CLOCK, durable=False) as system:
        yield system


def clerk() -> Caused:
    return Caused.begin(actor="clerk", department="education_bureau:410326", purpose="dropout_control", at=CLOCK.now())


def wal_place(text: str) -> int:
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


@dataclass
class Flow:
    """Commands that go on while something else happens, and where the databases' log was after each."""

    system: Running
    accepted: list[tuple[UUID, int]] = field(default_factory=list)
    _told: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._run)
        self._thread.start()
        eventually(lambda: len(self.accepted) > 5)
        return self

    def __exit__(self, *_: object) -> None:
        self._told.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        cases = self.system.services["cases"].application
        dsn = self.system.cluster.dsn("postgres", SUPERUSER)
        with psycopg.connect(dsn, autocommit=True) as asking:
            while not self._told.wait(0.005):  # a pace at which others get their turn
                with acting(clerk()):
                    answer = PublicReports(cases=cases).receive_public_report(text="无人上学", township=TOWNSHIP)
                [(place,)] = asking.execute("select pg_current_wal_insert_lsn()::text").fetchall()
                self.accepted.append((answer.id, wal_place(place)))


@dataclass(frozen=True)
class Story:
    """An installation that was backed up while commands flowed, and has gone on since: a child was erased."""

    home: Path
    backup: Path
    accepted: list[tuple[UUID, int]]
    erased: UUID
    erased_name: str
    kept: UUID
    kept_name: str
    heads: dict[str, int]

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def manifest(self) -> Manifest:
        return open_backup(self.backup, keys=self.keys).manifest


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    home = Path(tempfile.mkdtemp(prefix="baoxue-backup-"))
    home.chmod(0o755)
    generate(children=40, seed=7, as_of=AS_OF).write(home / "county")
    (home / "data").mkdir()
    with running(home / "data") as system:
        with acting(clerk()):
            system.intake.load_files(list((home / "county" / "registers").iterdir()))
            system.intake.comparison.compare(as_of=AS_OF, progress=lambda *_: None)
        wait_until_quiet(system)
        with Flow(system) as flow:
            made = a_backup(home)
            after = len(flow.accepted)
            eventually(lambda: len(flow.accepted) > after)
        with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as gateway:
            named = gateway.execute("select child_id, name from child_identity where name <> '' limit 2").fetchall()
        with acting(clerk()):
            system.intake.comparison.erase(named[0][0], reason="guardian's request")
        wait_until_quiet(system)
        heads = {name: service.application.position() for name, service in system.services.items()}
        open_vault(system.cluster, home / "data").close()
    yield Story(home, made, flow.accepted, *named[0], *named[1], heads)
    for left in (*home.glob("*/postgres"), *home.glob(".*/postgres")):
        Cluster.discard(left)
    shutil.rmtree(home)


def a_backup(home: Path) -> Path:
    return backup(
        Console(file=StringIO()), settings=settings_of(home / "data"), target=home / "backups", keys=home / "keys"
    )


def open_vault(cluster: Cluster, folder: Path) -> Vault:
    return Vault(
        dsn=cluster.dsn("vault", "vault_app"),
        ring=KeyRing.of(folder / "vault.kek"),
        shred_list=ShredList(folder / "shredded.list"),
    )


def put_back(story: Story, *, to: str, source: Path | None = None, keys: Path | None = None, **how: object) -> Path:
    """Restores to another folder of the story's home."""
    restore(
        Console(file=StringIO(), width=200),
        settings=settings_of(story.home / to),
        source=source or story.backup,
        keys=keys or story.keys,
        durable=False,
        **how,
    )
    return story.home / to


def content(folder: Path) -> dict[str, str]:
    """Every file of a stopped installation, by the SHA-256 of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


@pytest.fixture
def copy(story: Story) -> Iterator[Path]:
    """A copy of the backup, to be spoilt with `flip` or by deleting."""
    copied = story.home / "copied" / story.backup.name
    shutil.copytree(story.backup, copied, copy_function=os.link)
    yield copied
    shutil.rmtree(copied)


@pytest.fixture
def copied_keys(story: Story) -> Iterator[Path]:
    """A copy of the backup's keys, to be spoilt."""
    copied = story.home / "copied" / "keys"
    shutil.copytree(keys_folder(story.keys, name=story.backup.name), copied)
    yield copied
    shutil.rmtree(copied)


def flip(path: Path, *, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.unlink()  # the copy shares its files with the backup
    path.write_bytes(content)


@pytest.fixture(scope="module")
def restored(story: Story) -> Path:
    """The story's backup, restored elsewhere with what its shred list knows by now."""
    return put_back(story, to="restored", shred_lists=[story.data / "shredded.list"])


class TestARestoredSystem:
    def test_has_every_command_that_was_accepted_before_the_end_of_the_backup(
        self, story: Story, restored: Path
    ) -> None:
        end = wal_place(story.manifest.wal_end)
        before = {command for command, place in story.accepted if place <= end}
        after = {command for command, place in story.accepted if place > end}

        with (
            Cluster.start(restored / "postgres", durable=False) as cluster,
            psycopg.connect(cluster.dsn("cases", "cases_app")) as connection,
        ):
            stored = {row[0] for row in connection.execute("select originator_id from events")}

        assert len(before) > 5
        assert after - stored
        assert before <= stored

    def test_is_known_to_the_providers_it_was_known_to(self, story: Story, restored: Path) -> None:
        for name in ("services.token", "trees.key", "reports.key"):
            assert (restored / name).read_text() == (story.data / name).read_text()

    def test_goes_on_and_does_not_know_who_was_erased_after_the_backup(self, story: Story, restored: Path) -> None:
        with running(restored) as system:
            wait_until_quiet(system)
            roster = system.services["roster"].application
            erased, kept = (roster.repository.get(child) for child in (story.erased, story.kept))
            with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as gateway:
                shown = gateway.execute("select child_id, name from child_identity").fetchall()
                noted = gateway.execute("select keys_back from restoration").fetchall()
            with psycopg.connect(system.cluster.dsn("roster", "roster_app")) as connection:
                rows = set(connection.execute("select batch_id, row from register_row").fetchall())
            with psycopg.connect(system.cluster.dsn("vault", "vault_app")) as vault:
                keys = {row[0] for row in vault.execute("select subject from subject_key")}

        assert noted == [(1,)]
        assert erased.erased
        assert erased.identity.name == ERASED
        assert kept.identity.name == story.kept_name
        assert story.erased not in dict(shown)
        assert dict(shown)[story.kept] == story.kept_name
        assert not {(ground.batch_id, ground.row) for ground in erased.grounds} & rows
        assert {(ground.batch_id, ground.row) for ground in kept.grounds} <= rows
        assert story.erased not in keys
        assert story.erased in ShredList(restored / "shredded.list").read()


class TestABackup:
    def test_lies_apart_from_its_keys(self, story: Story) -> None:
        kek = (story.data / "vault.kek").read_bytes().strip()
        keys = keys_folder(story.keys, name=story.backup.name)

        assert not any(kek in path.read_bytes() for path in story.backup.rglob("*") if path.is_file())
        assert (keys / "vault.kek").read_bytes().strip() == kek
        assert all(path.stat().st_mode & 0o077 == 0 for path in keys.rglob("*") if path.is_file())

    @pytest.mark.parametrize("keys", ["backups", "backups/keys", "."])
    def test_is_refused_with_its_keys_beside_it(self, story: Story, keys: str) -> None:
        with pytest.raises(Refused, match="beside the data they open"):
            backup(
                Console(file=StringIO()),
                settings=settings_of(story.data),
                target=story.home / "backups",
                keys=story.home / keys,
            )

    def test_of_nothing_is_refused(self, story: Story) -> None:
        with pytest.raises(Refused, match="holds no data"):
            backup(
                Console(file=StringIO()),
                settings=settings_of(story.home / "nowhere"),
                target=story.home / "backups",
                keys=story.home / "keys",
            )

    def test_says_what_it_holds(self, story: Story) -> None:
        manifest = story.manifest

        assert manifest.children == 40
        assert 0 < manifest.positions["roster"].position <= story.heads["roster"]
        assert manifest.positions["cases"].newest_at is not None
        assert manifest.begun_at < manifest.finished_at

    @pytest.mark.parametrize("name", ["global/pg_control", "pg_wal", "backup_manifest"])
    def test_with_one_flipped_byte_is_refused(self, story: Story, copy: Path, name: str) -> None:
        path = copy / "cluster" / name
        path = next(iter(sorted(path.glob("0*")))) if path.is_dir() else path
        flip(path, at=path.stat().st_size // 2)

        with pytest.raises(Refused, match=f"{path.name} of the backup is damaged"):
            put_back(story, to="never", source=copy)

        assert not (story.home / "never").exists()
        assert not list(story.home.glob(".never.restoring-*"))

    @pytest.mark.parametrize("name", [MANIFEST, "manifest.mac"])
    def test_whose_manifest_was_altered_anywhere_is_refused(self, story: Story, copy: Path, name: str) -> None:
        size = (copy / name).stat().st_size
        for at in {*range(0, min(size, 1_500), 50), *range(0, size, size // 20)}:
            flip(copy / name, at=at)
            with pytest.raises(Refused):
                open_backup(copy, keys=story.keys)
            flip(copy / name, at=at)

        open_backup(copy, keys=story.keys)

    def test_with_a_file_missing_is_refused(self, story: Story, copy: Path) -> None:
        (copy / "cluster" / "PG_VERSION").unlink()

        with pytest.raises(Refused, match="missing from the backup"):
            put_back(story, to="never", source=copy)

    @pytest.mark.parametrize(("what", "newer"), [("format", 99), ("baoxue", "99.1"), ("postgresql", "PostgreSQL 99.1")])
    def test_of_a_newer_version_is_refused(self, story: Story, copy: Path, what: str, newer: object) -> None:
        manifest = json.loads((copy / MANIFEST).read_bytes())
        (copy / MANIFEST).unlink()
        (copy / MANIFEST).write_text(json.dumps(manifest | {what: newer}))

        with pytest.raises(Refused, match="was made by"):
            put_back(story, to="never", source=copy)

    def test_without_its_keys_is_refused(self, story: Story) -> None:
        with pytest.raises(Refused, match="without them it can't be restored"):
            put_back(story, to="never", keys=story.home / "county")

    def test_with_the_keys_of_another_installation_is_refused(self, story: Story, copied_keys: Path) -> None:
        (copied_keys / "vault.kek").write_text("ab" * 32)
        listed = json.loads((copied_keys / KEYS).read_bytes())
        listed["files"]["vault.kek"] = hashlib.sha256(b"ab" * 32).hexdigest()
        (copied_keys / KEYS).write_text(json.dumps(listed))

        with pytest.raises(Refused, match="not those of"):
            put_back(story, to="never", keys=copied_keys)

    @pytest.mark.parametrize("name", ["vault.kek", "roster.key", "secrets/postgres"])
    def test_with_a_damaged_key_is_refused(self, story: Story, copied_keys: Path, name: str) -> None:
        flip(copied_keys / name, at=3)

        with pytest.raises(Refused, match="missing or damaged"):
            put_back(story, to="never", keys=copied_keys)


class TestARestore:
    def test_onto_data_is_refused(self, story: Story) -> None:
        before = content(story.data)

        with pytest.raises(Refused, match="holds data"):
            put_back(story, to="data")

        assert content(story.data) == before

    def test_onto_a_running_system_is_refused(self, story: Story) -> None:
        with Cluster.start(story.data / "postgres", durable=False), pytest.raises(ClusterError, match="in use"):
            put_back(story, to="data", replace=True)

    def test_puts_what_it_replaces_aside_and_knows_its_erasures(self, story: Story) -> None:
        old = story.home / "replaced"
        shutil.copytree(story.data, old, ignore=shutil.ignore_patterns("postgres"))
        (old / "note").write_text("the office's own")

        put_back(story, to="replaced", replace=True)

        [aside] = story.home.glob("replaced.replaced-*")
        assert (aside / "note").read_text() == "the office's own"
        assert not (old / "note").exists()
        assert story.erased in ShredList(old / "shredded.list").read()
        with Cluster.start(old / "postgres", durable=False) as cluster, closing(open_vault(cluster, old)) as vault:
            assert vault.is_shredded(story.erased)

    def test_names_a_shred_list_that_is_not_there(self, story: Story) -> None:
        with pytest.raises(Refused, match="no shred list"):
            put_back(story, to="never", shred_lists=[story.home / "none.list"])


KILLED_BACKUP = """
from deploy.backup import backup
backup(Console(file=StringIO()), settings=settings, target=home / "backups", keys=home / "keys", durable=False, progress=die)
"""
KILLED_RESTORE = """
from deploy.restore import restore
restore(Console(file=StringIO()), settings=settings, source=Path(sys.argv[3]), keys=home / "keys", replace=True,
        durable=False, progress=die)
"""


def killed(story: Story, program: str, *, at: str) -> None:
    """Runs a program in a process of its own, which dies by SIGKILL as soon as the step `at` has got somewhere."""
    before = """
import os, signal, sys
from io import StringIO
from pathlib import Path
from rich.console import Console
from services.chassis.config import Settings
home = Path(sys.argv[1])
settings = Settings(data_folder=home / "data", development=False, host="127.0.0.1", port=0, otlp_endpoint="",
                    trace_share=0.0)
def die(step, done, total):
    if step == sys.argv[2] and (done > 0 or step == "make ready"):
        os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(
        [sys.executable, "-c", before + program, str(story.home), at, str(story.backup)],
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def copying(cluster: Cluster) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.dsn("postgres", SUPERUSER)) as connection:
        return connection.execute("select application_name from pg_stat_replication").fetchall()


class TestKilled:
    @pytest.mark.parametrize("at", ["copy"])
    def test_a_backup_leaves_nothing_that_passes_for_one(self, story: Story, at: str) -> None:
        with Cluster.start(story.data / "postgres", durable=False) as cluster:
            killed(story, KILLED_BACKUP, at=at)

            [half] = (story.home / "backups").glob(".*.unfinished")
            assert [path.name for path in (story.home / "backups").glob("baoxue-*")] == [story.backup.name]
            with pytest.raises(Refused, match="no finished backup"):
                put_back(story, to="never", source=half)

            made = a_backup(story.home)
            eventually(lambda: not copying(cluster))
        assert not half.exists()
        shutil.rmtree(made)
        shutil.rmtree(keys_folder(story.keys, name=made.name))

    @pytest.mark.parametrize("at", ["copy (MB)", "make ready"])
    def test_a_restore_leaves_the_data_as_it_was_and_its_rubbish_to_the_next(self, story: Story, at: str) -> None:
        before = content(story.data)

        killed(story, KILLED_RESTORE, at=at)

        assert content(story.data) == before
        assert list(story.home.glob(".data.restoring-*"))
        with pytest.raises(Refused, match="damaged"):
            put_back(story, to="data", replace=True, progress=refuse)
        assert not list(story.home.glob(".data.restoring-*"))
        assert content(story.data) == before


def refuse(_step: str, _done: int, _total: int) -> None:
    raise Refused("damaged: as if the disk had failed at this step")
