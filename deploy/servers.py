"""Where the databases of a system are, in either profile: for what an operator does beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from deploy.postgres.cluster import Cluster, ClusterError
from deploy.postgres.databases import prepare
from services.chassis.config import read_process_settings, read_settings


class Servers(Protocol):
    """Where the databases are."""

    def dsn(self, database: str, role: str) -> str:
        """How a role reaches a database."""
        ...


def running_servers() -> Servers:
    """The servers that BAOXUE_POSTGRES names, else the data folder's own; raises `ClusterError` where none runs."""
    settings = read_process_settings()
    return settings if settings.postgres else Cluster.attach(read_settings().data_folder / "postgres")


@contextmanager
def reached(*databases: str) -> Iterator[Servers]:
    """The same, but the data folder's own is started, with the tables of `databases`, for as long as it is needed."""
    try:
        servers = running_servers()
    except ClusterError:
        from deploy.migrate import migrate  # noqa: PLC0415  # it knows every service, and most commands need none

        with Cluster.start(read_settings().data_folder / "postgres") as started:
            prepare(started)
            migrate(started, databases)
            yield started
    else:
        yield servers
