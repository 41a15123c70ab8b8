"""`baoxue parked`: what could not be digested, and what a person decides about it.

Works on the databases alone, beside the running processes: a reader looks every second for what it is to try and for what
was decided. Where BAOXUE_POSTGRES is set those are the servers it names, else the data folder's own while `baoxue up` runs.
Nothing personal is shown: of an event's body not a word, of an error only its kind.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import psycopg
import typer
from rich.console import Console
from rich.markup import escape

from deploy.servers import running_servers
from deploy.showing import table
from services.chassis import dropping, parking
from services.chassis.aggregate import Caused
from services.chassis.clock import CHINA, SystemClock
from services.chassis.config import SERVICES
from services.chassis.errors import NotFound, Refused
from services.chassis.parking import Connection, Parked, ParkedKey
from services.contracts.divisions import COUNTY

GATEWAY: Final = "gateway"
ROLES: Final = {service: f"{service}_app" for service in SERVICES} | {GATEWAY: "gateway_writer"}
"""The databases in which readers park, and as whom they are worked on: what a reader may, and no more."""
CONNECT_S: Final = 5
SHOWN_MAX: Final = 200

app = typer.Typer(no_args_is_help=True, help="What a part could not digest 暂存, and what is to become of it.")
console = Console(width=None if sys.stdout.isatty() else 160)

Of = Annotated[UUID, typer.Argument(metavar="KEY|ID", help="A key, or the id of one record, as `list` and `show` say.")]


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was parked, and the database it lies in."""

    database: str
    parked: Parked


@app.command("list")
def list_() -> None:
    """Show every key that waits: for whom, how many behind, why, since when, and when it is tried next."""
    keys = [key for database in ROLES for key in _keys_in(database)]
    if not keys:
        console.print("Nothing is parked.")
        return
    columns = ("reader", "key", "first of it", "behind", "error", "tries", "since", "next try")
    console.print(table(f"{len(keys):,} keys wait 暂存", columns, map(_key_line, keys[:SHOWN_MAX])))
    if len(keys) > SHOWN_MAX:
        console.print(f"… and {len(keys) - SHOWN_MAX:,} more.")


@app.command()
def show(of: Of) -> None:
    """Show what is known of the records of a key, or of one record, and nothing of their contents."""
    for found in _find(of):
        facts = [(name, escape(str(fact))) for name, fact in _facts(found.parked)]
        console.print(table(f"{found.parked.reader}: {escape(found.parked.type) or 'unreadable'}", ("", ""), facts))


@app.command()
def retry(
    of: Annotated[UUID | None, typer.Argument(metavar="KEY|ID", help="What to try; or give --all.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that waits, of every reader.")] = False,
) -> None:
    """Have what waits tried now; a key's records come in their order, however they are named."""
    if (of is None) != everything:
        raise Refused("Say which key or record is to be tried, or --all; one of the two.")
    keys = []
    for database in ROLES:
        with _connected(database) as connection:
            keys += parking.retry(connection, at=SystemClock().now(), of=of)
    if not keys and of is not None:
        raise _nothing(of)
    console.print(f"{len(keys):,} keys will be tried within a second or two; `baoxue parked list` shows what remains.")


@app.command()
def drop(
    id: Annotated[UUID, typer.Argument(help="The id of one record, as `show` says.")],  # noqa: A002
    why: Annotated[str, typer.Option(help="Why nothing is lost by it. Kept and shown for ever; name nobody.")],
    by: Annotated[str, typer.Option(help="Who decides: an official's identifier, not a name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Decide that a record will never have an effect; the decision is recorded, and the rest of its key flows."""
    if not why.strip() or not by.strip():
        raise Refused("A drop is a decision that is kept: say why, and who decides.")
    waiting = [found for found in _find(id) if found.parked.id == id and found.parked.state == "parked"]
    if not waiting:
        raise Refused(
            f"Nothing of the id {id} waits; `baoxue parked list` and `show` say what does, drop takes one record."
        )
    readers = " and ".join(found.parked.reader for found in waiting)
    if not yes:
        typer.confirm(f"{readers} will never act on this record, and what is behind it goes on. Drop it?", abort=True)
    for found in waiting:
        _drop(found, why=why, by=by)
    console.print(f"Dropped for {readers}; recorded with {by} and the reason.")


def _drop(found: Found, *, why: str, by: str) -> None:
    """A service tells of it as an event of its own; the gateway, which has none, keeps it in the row."""
    at = SystemClock().now()
    department = f"education_bureau:{COUNTY}"
    caused = Caused.begin(actor=by, department=department, purpose="operation", at=at)
    with _connected(found.database) as connection:
        if found.database == GATEWAY:
            parking.drop(connection, reader=found.parked.reader, id=found.parked.id, at=at, by=by, why=why)
        else:
            dropping.drop(connection, found.parked, why=why, caused=caused)


def _find(of: UUID) -> list[Found]:
    """Everything of this key or id, of every reader; raises `NotFound`."""
    found = []
    for database in ROLES:
        with _connected(database) as connection:
            found += [Found(database, parked) for parked in parking.find_parked(connection, of=of)]
    if not found:
        raise _nothing(of)
    return found


def _nothing(of: UUID) -> NotFound:
    return NotFound(f"Nothing is parked under {of}; `baoxue parked list` shows what is.")


def _keys_in(database: str) -> list[ParkedKey]:
    with _connected(database) as connection:
        return parking.list_parked(connection, limit=parking.KEYS_MAX)


@contextmanager
def _connected(database: str) -> Iterator[Connection]:
    """A connection to one of the databases; raises `Refused` in words where there is no way in."""
    try:
        dsn = running_servers().dsn(database, ROLES[database])
        with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_S) as connection:
            connection.execute("set statement_timeout = '30s'")
            yield connection
    except psycopg.OperationalError as error:  # its text may name hosts and roles, not more; the kind is enough
        raise Refused(f"The database {database} can't be reached ({type(error).__name__}).") from None
    except psycopg.errors.UndefinedTable:
        raise Refused(f"The database {database} was not migrated; run `baoxue migrate {database}`.") from None


def _key_line(key: ParkedKey) -> tuple[object, ...]:
    return (
        *(
            key.reader,
            f"{key.producer} {key.key or key.id}",
            escape(key.type) or "unreadable",
            key.behind,
            key.error or "queued",
        ),
        *(key.tries, _moment(key.parked_at), _next(key.next_try_at)),
    )


def _facts(parked: Parked) -> list[tuple[str, object]]:
    """What may be shown of a record: its envelope, and what has been done about it."""
    message = parked.message()
    lines: list[tuple[str, object]] = [
        ("id", parked.id),
        ("key", f"{parked.producer} {parked.key or '(none: nothing queues behind it)'}"),
        ("place", f"{parked.tracking} {'position' if parked.type else 'offset'} {parked.place}"),
    ]
    if message is not None:
        envelope = message.envelope
        lines += [
            ("version of its aggregate", str(envelope.version)),
            ("recorded", _moment(envelope.recorded_at)),
            ("actor", f"{envelope.actor} for {envelope.department}, {envelope.purpose}"),
            ("command, correlation", f"{envelope.command_id} {envelope.correlation_id}"),
            ("causation", envelope.causation_id or "none"),
        ]
    lines += [
        ("parked", _moment(parked.parked_at)),
        ("error", parked.error or "queued behind an earlier one"),
        ("tries since", str(parked.tries)),
        ("state", parked.state),
    ]
    if parked.state == "parked":
        return [*lines, ("next try", _next(parked.next_try_at))]
    decided = _moment(parked.decided_at) if parked.decided_at else ""
    return [*lines, ("decided", f"{decided} by {parked.decided_by}"), *([("why", parked.why)] if parked.why else [])]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _next(at: datetime | None) -> str:
    return "waits for a person" if at is None else _moment(at)
