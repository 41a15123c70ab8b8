"""Makes the gateway's database what `tables.sql` says; run once, before any worker starts.

May run again at any time. The roles are made where they are missing, without a right to log in: passwords are the
deployment's. The connection is a superuser's, or that of `gateway_owner` itself where the roles exist already.
"""

from importlib.resources import files
from typing import Any

from psycopg import Connection

from services.contracts.divisions import TOWNSHIPS

ROLES = ("gateway_owner", "gateway_writer", "gateway_reader")


def migrate(conn: Connection[Any]) -> None:
    """Makes roles, tables, row security and the list of townships, in one transaction; idempotent."""
    tables = files("gateway.readmodel").joinpath("tables.sql").read_text(encoding="utf-8")
    with conn.transaction():
        # Two migrations at once would trip over each other's policies; the roles are the whole cluster's.
        conn.execute("select pg_advisory_xact_lock(hashtext('baoxue gateway migrate'))")
        for role in ROLES:
            _make_role(conn, role)
        _give_database(conn)
        conn.execute("set local role gateway_owner")
        conn.execute(tables.encode())
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into township (code, name) values (%s, %s)"
                " on conflict (code) do update set name = excluded.name",
                list(TOWNSHIPS.items()),
            )
        conn.execute("reset role")


def _make_role(conn: Connection[Any], role: str) -> None:
    """Makes a role that may not log in; another database of the cluster may be making it at the same moment."""
    conn.execute(
        f"do $$ begin"
        f" if not exists (select from pg_roles where rolname = '{role}') then"
        f"   create role {role} nologin nobypassrls;"
        f" end if;"
        f" exception when duplicate_object or unique_violation then null; end $$".encode()
    )


def _give_database(conn: Connection[Any]) -> None:
    """Lets `gateway_owner` make tables here, where whoever connects may grant that."""
    conn.execute(
        b"do $$ begin"
        b" if (select rolsuper from pg_roles where rolname = current_user) then"
        b"   grant create, usage on schema public to gateway_owner;"
        b" end if;"
        b" grant usage on schema public to gateway_writer, gateway_reader;"
        b" exception when insufficient_privilege then null; end $$"
    )
