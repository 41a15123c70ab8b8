"""Further processes beside those of the profile: a second one of a part, or one of another version of the program."""

import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from deploy.distributed import Distributed, Worker
from deploy.postgres.cluster import SUPERUSER
from services.chassis.config import LOOPBACK


@contextmanager
def second(
    system: Distributed, *names: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[Worker, ...]]:
    """Another process of each of these parts, all ready, on ports of their own."""
    workers = tuple(_like(system.workers[name], environment or {}) for name in names)
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.wait_until_ready()
        yield workers
    finally:
        for worker in workers:  # all at once
            worker.send(signal.SIGTERM)
        for worker in workers:
            worker.stop()


def _like(worker: Worker, environment: Mapping[str, str]) -> Worker:
    port = free_port()
    return replace(
        worker,
        name=f"second {worker.name}",
        environment={**worker.environment, **environment, "BAOXUE_PORT": str(port)},
        log=worker.log.with_name(f"second-{worker.log.name}"),
        port=port,
        process=None,
    )


def state_of(worker: Worker) -> str:
    """What the part of a process says of itself; empty where the process doesn't answer."""
    health = worker.health() or {}
    parts = health.get("parts")
    part = worker.name.removeprefix("second ")
    return str(parts.get(part, "")) if isinstance(parts, dict) else ""


def cut_connections(system: Distributed, database: str, *, holding_a_lock: bool = False) -> int:
    """Ends sessions of a database as a lost network does; returns how many, or only those that hold an advisory lock."""
    locked = "and pid in (select pid from pg_locks where locktype = 'advisory' and granted)" if holding_a_lock else ""
    with psycopg.connect(system.cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
        return connection.execute(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = %s {locked}".encode(),  # noqa: S608
            [database],
        ).rowcount


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
