"""Erasures 删除 that outlive a restore: who was erased is done again in databases that are older than the erasure.

An older copy holds the key of the erased again, the name in the gateway's one table of opened names, and the rows of the
registers, and its log doesn't tell of the erasure. All four are dealt with here, in that order, before anybody opens it.
What the list has to say comes from outside of the copy: the shred list's file, or another installation's key store.
"""

import secrets
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg import sql

from deploy.postgres.databases import Server
from gateway.readmodel.partition import Recounting
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SystemClock
from services.chassis.errors import NotFound
from services.chassis.http import Surroundings
from services.chassis.key_store import shred_again
from services.chassis.keyring import KeyRing
from services.chassis.shred_list import ShredList
from services.chassis.vault import Vault
from services.contracts.divisions import COUNTY
from services.roster import service as roster

CONNECT_S = 10
Connection = psycopg.Connection[tuple[object, ...]]


def erase_again(
    server: Server,
    *,
    listed: Mapping[UUID, datetime],
    ring: KeyRing,
    roster_key: bytes,
    shred_list: ShredList | None = None,
) -> int:
    """Does every listed erasure again and returns how many keys had come back; any number of times.

    Needs the secrets of `vault_app`, `gateway_writer` and `roster_app`; tables must be of this version. With `shred_list`
    the key store's own list is written there, too. Nobody else may be at work.
    """
    with psycopg.connect(server.dsn("vault", "vault_app"), connect_timeout=CONNECT_S) as keys:
        came_back = shred_again(keys, listed)
    with psycopg.connect(server.dsn("gateway", "gateway_writer"), connect_timeout=CONNECT_S) as gateway:
        _forget_names(gateway, listed)
    with closing(Vault(dsn=server.dsn("vault", "vault_app"), ring=ring, shred_list=shred_list)) as vault:
        built = roster.build(
            dsn=server.dsn("roster", "roster_app"),
            vault=vault,
            surroundings=Surroundings(
                clock=SystemClock(), token=secrets.token_hex()
            ),  # it isn't served, nobody calls it
            key_secret=roster_key,
        )
        with closing(built.service), acting(_operator()):
            for subject in listed:
                try:
                    built.intake.comparison.erase(subject, reason="erased before the restore")
                except NotFound:  # no child of this moment: taken in later, or somebody else's key
                    continue
    return came_back


def export_shred_list(server: Server, *, to: ShredList) -> int:
    """Writes everybody whom the key store knows to be erased to a list outside of it; returns how many those are."""
    with psycopg.connect(server.dsn("vault", "vault_app"), connect_timeout=CONNECT_S) as keys:
        rows: list[tuple[UUID, datetime]] = keys.execute("select subject, shredded_at from shredded").fetchall()
    shredded = dict(rows)
    to.add(shredded)
    return len(shredded)


def _forget_names(gateway: Connection, listed: Mapping[UUID, datetime]) -> None:
    """Deletes the erased from every table of opened names and words: also of a read model that was being made anew.

    A child of whom nobody knows any more when it was born is counted elsewhere, so the numbers kept beside the children are moved.
    """
    found = gateway.execute(
        """select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind = 'r' and c.relname in ('child_identity', 'child_births', 'visit_words', 'step_words', 'doubt_row')
               and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'delete')"""
    ).fetchall()
    for schema in {str(schema) for schema, _ in found}:
        gateway.execute(sql.SQL("set local search_path to {}").format(sql.Identifier(schema)))
        counted = Recounting(gateway, listed)
        for name in (str(name) for of, name in found if of == schema):
            gateway.execute(
                sql.SQL("delete from {} where child_id = any(%s)").format(sql.Identifier(name)), [list(listed)]
            )
        counted.move()


def _operator() -> Caused:
    department = f"education_bureau:{COUNTY}"
    return Caused.begin(actor="operator", department=department, purpose="operation", at=SystemClock().now())
