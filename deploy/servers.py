"""Where the databases of a system are that runs already, in either profile: for what an operator does beside it."""

from typing import Protocol

from deploy.postgres.cluster import Cluster
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
