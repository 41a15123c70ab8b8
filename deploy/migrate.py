"""Creates the tables of the databases, each as its owner: once for each version, before any worker of it starts."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import psycopg

from deploy.postgres.databases import Server
from gateway.readmodel.migrate import migrate as migrate_gateway
from services.assistance import service as assistance
from services.cases import service as cases
from services.chassis import key_store
from services.notify import service as notify
from services.roster import service as roster

MIGRATIONS: Final[dict[str, Callable[[psycopg.Connection[Any]], None]]] = {
    "roster": roster.migrate,
    "cases": cases.migrate,
    "assistance": assistance.migrate,
    "notify": notify.migrate,
    "gateway": migrate_gateway,
    "vault": key_store.migrate,
}


def migrate(server: Server, databases: Iterable[str] = tuple(MIGRATIONS)) -> None:
    """Creates what is missing in these databases; any number of times."""
    for database in databases:
        with psycopg.connect(server.dsn(database, f"{database}_owner")) as connection:
            MIGRATIONS[database](connection)
