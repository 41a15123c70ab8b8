"""What befalls PostgreSQL under the running system. Each context undoes what it did, however it ends."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from deploy.distributed import Distributed
from deploy.postgres.cluster import SUPERUSER, Cluster
from tests.fixtures.store import eventually

STUTTER_S: Final = 0.1
"""How long a stuttering server stands still, and how long it then works: half of the time."""

Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def administrator(system: Distributed, database: str = "postgres") -> Iterator[Connection]:
    """The superuser's connection."""
    with psycopg.connect(system.cluster.dsn(database, SUPERUSER), autocommit=True) as connection:
        yield connection


def rows(system: Distributed, database: str, query: str) -> list[tuple[Any, ...]]:
    """What a database holds, whoever may see it."""
    with administrator(system, database) as connection:
        return connection.execute(query.encode()).fetchall()


def crash(cluster: Cluster) -> None:
    """kill -9 of the postmaster; returns when it is gone. What it had told the system's cache stays, as after any kill."""
    pid = cluster.pid()
    assert pid is not None, "there is no server to kill"
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: cluster.pid() is None)


@contextmanager
def away(system: Distributed, database: str) -> Iterator[None]:
    """The database takes no connection and has none; the others live."""
    with administrator(system) as connection:
        open_again, close = (
            sql.SQL("alter database {} allow_connections {}").format(sql.Identifier(database), sql.Literal(allowed))
            for allowed in (True, False)
        )
        try:
            connection.execute(close)
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database])
            yield
        finally:
            connection.execute(open_again)


@contextmanager
def shut_out(system: Distributed, role: str) -> Iterator[None]:
    """One role gets no connection and has none."""
    with administrator(system) as connection:
        try:
            connection.execute(sql.SQL("alter role {} connection limit 0").format(sql.Identifier(role)))
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [role])
            yield
        finally:
            connection.execute(sql.SQL("alter role {} connection limit -1").format(sql.Identifier(role)))


@contextmanager
def setting(system: Distributed, name: str, value: str) -> Iterator[None]:
    """The server runs under another setting, without a restart."""
    with administrator(system) as connection:
        try:
            connection.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), sql.Literal(value)))
            connection.execute("select pg_reload_conf()")
            eventually(lambda: rows(system, "postgres", f"show {name}") == [(value,)])
            yield
        finally:
            connection.execute(sql.SQL("alter system reset {}").format(sql.Identifier(name)))
            connection.execute("select pg_reload_conf()")


@contextmanager
def held(system: Distributed, database: str, *statements: str) -> Iterator[Connection]:
    """A transaction of the service's owner stays open after these statements, and is idle."""
    with psycopg.connect(system.cluster.dsn(database, f"{database}_owner")) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield connection
        with suppress(psycopg.OperationalError):  # the server may have ended it
            connection.rollback()


def is_waited_for(system: Distributed, *, event: str) -> bool:
    """Whether any session waits for this: `SyncRep` for the acknowledgement of a standby, `relation` for a table's lock."""
    return bool(rows(system, "postgres", f"select from pg_stat_activity where wait_event = '{event}' limit 1"))


def is_ready(system: Distributed, name: str) -> bool:
    """Whether a process says that all its parts are well."""
    return bool((system.workers[name].health() or {}).get("ready"))


@contextmanager
def stuttering(cluster: Cluster) -> Iterator[None]:
    """All of the server's processes but the postmaster stand still half of the time, as they do on a disk that hangs."""
    over = threading.Event()

    def stutter() -> None:
        pause = False
        while not over.wait(STUTTER_S):
            pause = not pause
            _send_to_children(cluster, signal.SIGSTOP if pause else signal.SIGCONT)
        _send_to_children(cluster, signal.SIGCONT)

    thread = threading.Thread(target=stutter, name="stutter")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _send_to_children(cluster: Cluster, number: signal.Signals) -> None:
    postmaster = cluster.pid()
    for child in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text("ascii").split():
        with suppress(ProcessLookupError):
            os.kill(int(child), number)


def raised(act: Callable[[], object]) -> type[Exception] | None:
    """The kind of what it raises, if it does."""
    try:
        act()
    except Exception as error:  # noqa: BLE001  # whatever it is: its kind is what is asked for
        return type(error)
    return None
