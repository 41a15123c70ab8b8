"""The databases of one cluster and the roles that may enter them.

Each database has an owner, which migrates it and owns its schema, and roles that work in it with no more than the owner
grants them. Nobody else may connect, and no role here may pass row security, make roles or make databases.
Sorting and letter case follow the built-in C.UTF-8, which needs no library of the system and never changes under an index.
"""

from dataclasses import dataclass
from typing import Protocol

import psycopg
from psycopg import Connection, sql

from deploy.postgres.cluster import SUPERUSER


@dataclass(frozen=True, slots=True)
class Database:
    """A database, the role that owns it, and the roles that work in it."""

    name: str
    owner: str
    workers: tuple[str, ...]


DATABASES = (
    Database("roster", owner="roster_owner", workers=("roster_app",)),
    Database("cases", owner="cases_owner", workers=("cases_app",)),
    Database("assistance", owner="assistance_owner", workers=("assistance_app",)),
    Database("notify", owner="notify_owner", workers=("notify_app",)),
    Database("gateway", owner="gateway_owner", workers=("gateway_writer", "gateway_reader")),
    Database("vault", owner="vault_owner", workers=("vault_app",)),
)


class Server(Protocol):
    """Where the databases are: a cluster of our own, or servers that settings name."""

    def dsn(self, database: str, role: str) -> str:
        """How a role reaches a database."""
        ...

    def secret(self, role: str, *, create: bool = False) -> str:
        """A role's password; made at its first `create` where it is ours to make."""
        ...


def prepare(cluster: Server) -> None:
    """Creates what is missing of `DATABASES` and restores the rights of what is there; any number of times."""
    with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
        for database in DATABASES:
            for role in (database.owner, *database.workers):
                _prepare_role(connection, role=role, password=cluster.secret(role, create=True))
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database.name):
                create_database(connection, database, template="template0")
            _limit_connections(connection, database)
    for database in DATABASES:
        with psycopg.connect(cluster.dsn(database.name, SUPERUSER), autocommit=True) as connection:
            _limit_schema(connection, database)


def create_database(connection: Connection[tuple[object, ...]], database: Database, *, template: str) -> None:
    """Creates `database` as a copy of `template` (`template0` is empty), for its owner and workers alone."""
    connection.execute(
        sql.SQL(
            "CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8'"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
        ).format(*map(sql.Identifier, (database.name, database.owner, template)))
    )
    _limit_connections(connection, database)


def _prepare_role(connection: Connection[tuple[object, ...]], *, role: str, password: str) -> None:
    """The server is sent the SCRAM verifier, never the password, so neither can reach its log."""
    name = sql.Identifier(role)
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL(
            "ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT PASSWORD {}"
        ).format(name, sql.Literal(verifier))
    )


def _limit_connections(connection: Connection[tuple[object, ...]], database: Database) -> None:
    name = sql.Identifier(database.name)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in database.workers:
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))


def _limit_schema(connection: Connection[tuple[object, ...]], database: Database) -> None:
    connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(database.owner)))
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for role in database.workers:
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))


def _exists(connection: Connection[tuple[object, ...]], query: str, name: str) -> bool:
    return connection.execute(sql.SQL(query), (name,)).fetchone() is not None
