"""The floor that stores are measured beside: the same rows put into a bare table by plain INSERT, from as many clients."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import psycopg

COLUMNS: Final = (
    "originator_id, originator_version, topic, state, recorded_at, actor, department, purpose, command_id,"
    " correlation_id, causation_id, trace"
)


class Measured(NamedTuple):
    """Jobs a second, and microseconds of this process's processor time for one."""

    rate: float
    cpu_us: float


def measure(work: Callable[[int], None], *, clients: int, jobs: int) -> Measured:
    """Lets so many clients work at once, each on its share."""

    def share(first: int) -> None:
        for number in range(first, jobs, clients):
            work(number)

    threads = [threading.Thread(target=share, args=(first,)) for first in range(clients)]
    begun, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Measured(jobs / (time.perf_counter() - begun), (time.process_time() - cpu) / jobs * 1e6)


def insert_rows(dsn: str, rows: Sequence[tuple[object, ...]], *, clients: int) -> Measured:
    """Inserts rows, one a commit, into a table of the same columns."""
    marks = ", ".join(["%s"] * 12)
    statement = f"insert into floor ({COLUMNS}) values ({marks})".encode()  # noqa: S608  # names of this file
    local = threading.local()
    connections: list[psycopg.Connection] = []

    def work(number: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(dsn, autocommit=True)
            connections.append(local.connection)
        local.connection.execute(statement, rows[number])

    try:
        return measure(work, clients=clients, jobs=len(rows))
    finally:
        for connection in connections:
            connection.close()


def fresh_floor(dsn: str) -> None:
    """An empty table like the store's, with its primary key and its numbering, and without its guards."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop table if exists floor")
        connection.execute("create table floor (like events including defaults)")
        connection.execute("alter table floor alter column notification_id add generated always as identity")
        connection.execute("alter table floor add primary key (originator_id, originator_version)")
        connection.execute("create unique index on floor (notification_id)")
