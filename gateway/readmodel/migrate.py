"""Makes the gateway's database what `tables.sql` says; run once, before any worker starts.

May run again at any time. The roles are made where they are missing, without a right to log in: passwords are the
deployment's. The connection is a superuser's, or that of `gateway_owner` itself where the roles exist already.
"""

from importlib.resources import files
from typing import Any

from psycopg import Connection

from gateway.readmodel import moves, partition, trees
from services.chassis import parking
from services.contracts.divisions import TOWNSHIPS, VILLAGES

ROLES = ("gateway_owner", "gateway_writer", "gateway_reader")
STATEMENTS = files("gateway.readmodel").joinpath("tables.sql").read_text(encoding="utf-8")


def migrate(conn: Connection[Any]) -> None:
    """Makes roles, tables, row security, the lists of townships and villages and the place for what is parked, in one transaction; idempotent."""
    with conn.transaction():
        hold_back_migrations(conn)
        for role in ROLES:
            _make_role(conn, role)
        _give_database(conn)
        conn.execute("set local role gateway_owner")
        conn.execute(STATEMENTS.encode())
        _look_back(conn)
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into township (code, name) values (%s, %s)"
                " on conflict (code) do update set name = excluded.name",
                list(TOWNSHIPS.items()),
            )
            cursor.executemany(
                "insert into village (code, township, name) values (%s, %s, %s)"
                " on conflict (code) do update set township = excluded.township, name = excluded.name",
                [(village.code, village.parent, village.name) for village in VILLAGES],
            )
        parking.migrate(conn, app_role="gateway_writer")
        # Whoever waits for an event is told when it was parked; what it says stays behind the journal's row security.
        conn.execute("grant select (reader, key, producer, place, type, state) on parked to gateway_reader")
        trees.migrate(conn)
        conn.execute("reset role")


def hold_back_migrations(conn: Connection[Any]) -> None:
    """Until the transaction ends: two at once would trip over each other's policies, and over a rebuild's."""
    conn.execute("select pg_advisory_xact_lock(hashtext('baoxue gateway migrate'))")


def _look_back(conn: Connection[Any]) -> None:
    """Looks at a read model of an earlier version: counts its children where no numbers were kept, and notes where no statements of
    the partition's past were, which only a rebuild can make. For that the owner sees them a moment."""
    seen = ("child", "child_identity", partition.TABLE, moves.ChildMove.TABLE)
    for table in seen:
        conn.execute(f"alter table {table} no force row level security".encode())
    [(uncounted, moved)] = conn.execute(
        b"select not exists (select from partition_count), exists (select from child_move)"
        b" from (select from child limit 1) any_child"
    ).fetchall() or [(False, True)]
    if uncounted:
        partition.recount(conn)
    if not moved:
        moves.note_missing(conn)
    for table in seen:
        conn.execute(f"alter table {table} force row level security".encode())


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
    """Lets `gateway_owner` make tables here, and the schema of a rebuild, where whoever connects may grant that."""
    conn.execute(
        b"do $$ begin"
        b" if (select rolsuper from pg_roles where rolname = current_user) then"
        b"   grant create, usage on schema public to gateway_owner;"
        b"   execute format('grant create on database %I to gateway_owner', current_database());"
        b" end if;"
        b" grant usage on schema public to gateway_writer, gateway_reader;"
        b" exception when insufficient_privilege then null; end $$"
    )
