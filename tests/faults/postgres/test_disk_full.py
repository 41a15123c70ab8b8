"""A disk that is full: what can't be kept is refused, what was kept stays, and with room again all goes on by itself.

Two disks of memory stand for it. One holds the tables of a service and of the log of looks under the running system, so
that statements fail; the other a whole small server, so that its write-ahead log fails too and the server ends itself. Then
it wants to be started again once there is room: that is what an operator, a container's restart policy or `baoxue up` does.
"""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from deploy.distributed import Distributed
from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from services.chassis import store
from services.chassis.store import Command, Recorder, StoreUnavailable
from tests.faults.conftest import Log, rounds
from tests.faults.load import Load
from tests.faults.postgres.asking import Caller
from tests.faults.postgres.disturb import administrator, raised, rows
from tests.fixtures.store import eventually, migrate_store
from tests.fixtures.stored_events import an_event

SERVER_MB: Final = 160
TABLES_MB: Final = 64
SEGMENT_BYTES: Final = 17_000_000
"""More than a segment of the write-ahead log holds: the next one has to be made."""
PATIENCE_S: Final = 2.0
"""A client's own deadline."""
MOVED: Final = {
    "cases": ("events", "commands"),
    "gateway": ("receipt", "journal"),
}
"""The tables that lie on the small disk, with their indexes."""
ANSWERED: Final = "select count(*) from receipt where decision = 'answered'"


class Disk:
    """A small disk of memory that can be filled to its last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leaves no room, however much of it the server takes meanwhile."""
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(65_536))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Makes room again."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def a_disk(*, megabytes: int) -> Iterator[Disk]:
    """A disk, where we may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="baoxue-disk-"))
    folder.chmod(0o755)
    options = f"size={megabytes}m,mode=755"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "baoxue-disk", folder], capture_output=True, text=True, check=False
    )
    try:
        if mounted.returncode != 0:
            _do_without(mounted.stderr.strip())
        yield Disk(folder)
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(folder)


def _do_without(why: str) -> None:
    told = f"NOT RUN: what is done when a disk is full. Only root may mount one of memory. {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


def test_a_server_whose_disk_is_full_refuses_then_ends_itself_and_goes_on_when_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "RETRY_S", 0.5)
    monkeypatch.setattr(store, "READ_S", 1.0)
    with a_disk(megabytes=SERVER_MB) as disk, Cluster.start(disk.folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        with psycopg.connect(cluster.dsn("roster", "roster_owner")) as connection:
            migrate_store(connection)
        with closing(Recorder(dsn=cluster.dsn("roster", "roster_app"))) as recorder:
            disk.fill()
            kept = _record_until_refused(recorder)
            assert len(recorder.follow(0, 1000)) == kept  # who only reads isn't hindered
            refused = Command(id=uuid4(), name="open_case", request_hash=b"\x01" * 32, answer=uuid4())
            with pytest.raises(StoreUnavailable):
                recorder.insert_events([_a_large_event()], command=refused)

            _exhaust_the_write_ahead_log(cluster)
            with pytest.raises(StoreUnavailable):
                recorder.insert_events([an_event()])

            disk.free()
            cluster.restart()
            eventually(lambda: raised(lambda: recorder.insert_events([an_event()])) is None)
            assert recorder.find_answer(refused.id) is None
            recorder.insert_events([_a_large_event()], command=refused)
            assert [row.position for row in recorder.follow(0, 1000)] == list(range(1, kept + 3))


def _record_until_refused(recorder: Recorder) -> int:
    """Records as much as there is room for, and returns how many events that were."""
    kept = 0
    while raised(lambda: recorder.insert_events([_a_large_event()])) is None:
        kept += 1
    return kept


def _a_large_event() -> store.RecordedEvent:
    return an_event(state=b'{"word":"' + 6000 * b"x" + b'"}')


def _exhaust_the_write_ahead_log(cluster: Cluster) -> None:
    """Has the server want another segment, which it can't have: it ends itself rather than lose what it promised."""
    with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
        much = "select pg_logical_emit_message(false, 'much', repeat('x', %s))"
        assert raised(lambda: [connection.execute(much, [SEGMENT_BYTES]) for _ in range(4)]) is not None
    eventually(lambda: cluster.pid() is None)


def test_where_a_table_can_grow_no_more_nobody_is_answered_unseen_and_no_command_is_half_done(
    system: Distributed, children: list[UUID], random: Random, log: Log, caller: Caller
) -> None:
    log.fault = "disk of tables full"
    with a_disk(megabytes=TABLES_MB) as disk, _tables_on(system, disk):
        with Load(system, children=children, seed=random.getrandbits(32)) as load:
            for _ in range(rounds(1, dear=5)):
                load.wait_for(10)
                [(before,)] = rows(system, "gateway", ANSWERED)
                disk.fill()
                try:
                    key, answered = uuid4(), 0
                    while (look := caller.look()).tells_data:
                        answered += 1
                    assert look.status == 503
                    asked = caller.open_case(key, within_s=PATIENCE_S)  # there may be room for it yet, or there isn't
                    [(after,)] = rows(system, "gateway", ANSWERED)
                    assert after - before >= answered
                finally:
                    disk.free()
                eventually(lambda: caller.look().tells_data)
                settled = caller.open_case(key)
                assert settled.place == (asked if asked.status == 200 else caller.open_case(key)).place
                log.rounds += 1
            load.wait_for(20)
        log.conclude(load.ledger)


@contextmanager
def _tables_on(system: Distributed, disk: Disk) -> Iterator[None]:
    """Some tables lie on the disk, and are brought back."""
    place = disk.folder / "tables"
    place.mkdir()
    os.chown(place, system.cluster.uid or -1, -1)  # the server runs under a uid of its own where we are root
    with administrator(system) as connection:
        connection.execute(sql.SQL("create tablespace small location {}").format(sql.Literal(str(place))))
        try:
            _move(system, to="small")
            yield
        finally:
            _move(system, to="pg_default")
            connection.execute("drop tablespace small")


def _move(system: Distributed, *, to: str) -> None:
    for database, tables in MOVED.items():
        with administrator(system, database) as connection:
            for table in tables:
                indexes = connection.execute(
                    "select indexname from pg_indexes where tablename = %s", [table]
                ).fetchall()
                _set_tablespace(connection, "table", table, to=to)
                for (index,) in indexes:
                    _set_tablespace(connection, "index", index, to=to)


def _set_tablespace(connection: psycopg.Connection[tuple[object, ...]], kind: str, name: str, *, to: str) -> None:
    statement = sql.SQL("alter table {} set tablespace {}" if kind == "table" else "alter index {} set tablespace {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(to)))
