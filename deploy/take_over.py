"""Lets a system that began in one process go on over Kafka: what was heard by producer is written down by partition.

In one process a reader's place is one number for each producer, `cases/0`; over Kafka it is one for each partition,
`cases/0` to `cases/5`. A reader whose places were not rewritten would hear five sixths of everything again and react twice.
So this is done once, with nothing running, on the databases as they were moved, and only where everybody has heard
everything: then each partition's place is the producer's head. What is published afterwards from the beginning is passed
over up to there.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import psycopg

from deploy.postgres.databases import Server
from services.chassis.config import SERVICES
from services.chassis.errors import Refused

if TYPE_CHECKING:
    from services.chassis.log_kafka import Topic

ROLES: Final[Mapping[str, str]] = {**{service: f"{service}_app" for service in SERVICES}, "gateway": "gateway_writer"}
"""The readers by their database, and the role that writes their places."""

Connection = psycopg.Connection[tuple[Any, ...]]


def take_over(server: Server, *, topics: "Sequence[Topic]") -> dict[str, dict[str, int]]:
    """Rewrites the places of all readers, all or none, and returns them by reader; again, it finds nothing to do.

    Raises `Refused` where somebody has not heard everything, or where the system has already run over Kafka.
    """
    partitions = {topic.producer: topic.partitions for topic in topics}
    with ExitStack() as stack:
        connections = {
            reader: stack.enter_context(psycopg.connect(server.dsn(reader, role))) for reader, role in ROLES.items()
        }
        heads = {service: _head(connections[service]) for service in SERVICES}
        return {
            reader: _rewrite(connection, reader=reader, heads=heads, partitions=partitions)
            for reader, connection in connections.items()
        }


def _head(connection: Connection) -> int:
    found: int = connection.execute("select coalesce(max(notification_id), 0) from events").fetchall()[0][0]
    return found


def _rewrite(
    connection: Connection, *, reader: str, heads: Mapping[str, int], partitions: Mapping[str, int]
) -> dict[str, int]:
    """The places of one reader after this; in the caller's transaction."""
    connection.execute("lock table tracking in exclusive mode")
    places: dict[str, int] = dict(connection.execute("select name, position from tracking").fetchall())
    heard = sorted({name.partition("/")[0] for name in places} & set(heads))
    wanted = {f"{producer}/{number}": heads[producer] for producer in heard for number in range(partitions[producer])}
    if wanted.items() <= places.items():
        return wanted
    for producer in heard:
        if any(f"{producer}/{number}" in places for number in range(1, partitions[producer])):
            raise Refused(f"{reader} has already heard {producer} over Kafka; its places are not touched.")
        behind = heads[producer] - places[f"{producer}/0"]
        if behind:
            raise Refused(
                f"{reader} has not heard the last {behind} events of {producer}. Start the system once more as it was, "
                "let it come to rest, stop it, and try again."
            )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into tracking (name, position) values (%s, %s) on conflict (name) do update set position = excluded.position",
            list(wanted.items()),
        )
    return wanted
