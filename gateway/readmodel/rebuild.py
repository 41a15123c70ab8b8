"""Empties the read model and projects it again from the origin of the log.

What stays: the journal and the receipts. They are records, append-only, and the projection finds the journal's entries
already there and holds them against the log (`projection.Contradicted`). What is written anew is everything else.
Meanwhile readers see a read model that is still filling.
"""

from typing import Final

from psycopg import connect, sql

from gateway.readmodel.projection import KINDS, LOCK
from gateway.readmodel.projector import Projector
from gateway.readmodel.rows import Connection

CONNECT_S: Final = 5


def rebuild(*, dsn: str, projector: Projector) -> int:
    """Empties, projects again, and returns how many events were read.

    A projector running elsewhere notices (`Overtaken`) and goes on from the new place, too; none is applied twice.
    """
    with connect(dsn, connect_timeout=CONNECT_S) as connection:
        empty(connection)
    return projector.catch_up()


def empty(connection: Connection) -> None:
    """Empties what the projection writes and its tracking; in the caller's transaction, as `gateway_writer`."""
    tables = sql.SQL(", ").join(sql.Identifier(kind.TABLE) for kind in KINDS)
    connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    connection.execute(sql.SQL("truncate {}, tracking").format(tables))
