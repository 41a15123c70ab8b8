"""`baoxue bundle`: a case, a child or a stretch of a log with its proofs, for an inspector who trusts nobody here 证据包.

Works on the databases alone, beside the running system. Which events a case or a child has is looked up in the journal; what
is handed out is what the services' stores hold, personal fields sealed. Making one is a look: it is receipted before the
file is written, and without a receipt there is no file.
"""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import psycopg
import typer
from rich.console import Console

from deploy.looking import By, For, Looker
from deploy.packing import About, Shown, events, pack, span
from deploy.proofs import LOGS, bundle_signer, tree_of
from deploy.servers import running_servers
from gateway.readmodel import trees
from services.chassis.clock import SystemClock
from services.chassis.config import SERVICES, read_settings
from services.chassis.errors import NotFound, Refused
from services.chassis.witnesses import Witnessing

CONNECT_S: Final = 5
SINGLE_MAX: Final = 10_000
"""Events of a case or a child that are handed out in one bundle, each with a proof of its own."""
SPAN_MAX: Final = 50_000
"""Entries of a range in one bundle; ranges that follow one another leave nothing out."""

Connection = psycopg.Connection[tuple[object, ...]]
console = Console(width=None if sys.stdout.isatty() else 160)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From which position to which of whose log."""

    log: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is to be shown, of which children."""

    shown: list[Shown]
    child_ids: tuple[UUID, ...]
    rows: int


def bundle(
    to: Annotated[
        Path, typer.Argument(dir_okay=False, help="The file it is written to, `….zip`; it must not be there yet.")
    ],
    by: By,
    unit: For,
    reason: Annotated[str, typer.Option(help="Why 事由: the order or the letter that asks for it; names nobody.")],
    case: Annotated[UUID | None, typer.Option(help="Everything recorded of this case.")] = None,
    child: Annotated[UUID | None, typer.Option(help="Everything recorded of this child, and who looked at it.")] = None,
    stretch: Annotated[str, typer.Option("--range", help="Every entry of a log: cases:1-900.")] = "",
) -> None:
    """Write a case, a child or a range with its proofs, for an inspector to check without us; personal texts stay sealed."""
    if sum((case is not None, child is not None, bool(stretch))) != 1:
        raise Refused(
            "A bundle is of one case, one child or one range: give --case, --child or --range, and one of them."
        )
    looker = Looker(by, unit)
    if not reason.strip() or not reason.isprintable():
        raise Refused("A bundle is a look that is kept: say why it is made, in one line.")
    if to.exists():
        raise Refused(f"{to.name} is there already; a bundle is not written over.")
    dsn = running_servers().dsn("gateway", "gateway_writer")
    Witnessing(
        dsn=dsn, entries=trees.LOGS["access"], clock=SystemClock(), within=read_settings().witnessed_within
    ).require("bundle")
    with psycopg.connect(dsn, connect_timeout=CONNECT_S) as gateway:
        if stretch:
            asked = _stretch(stretch)
            of: dict[str, object] = {"range": {"log": asked.log, "from": asked.first, "to": asked.last}}
            gathered = _of_stretch(gateway, asked)
        else:
            of = {"case": str(case)} if case else {"child": str(child)}
            gathered = _of_subject(gateway, case=case, child=child)
        about = About(of=of, made_at=SystemClock().now(), made_by=by, made_for=unit, reason=reason)
        keys, signer = [key for log in LOGS for key in tree_of(log).verifiers], bundle_signer()
        packed = pack(about, gathered.shown, keys=keys, signer=signer)
        for key in signer.verifiers:  # by which the page that checks bundles knows it
            tree_of("access").keep_key(signer.name, key)
        looker.record(
            gateway,
            "bundle",
            at=about.made_at,
            fields=("Event.entry",),
            child_ids=gathered.child_ids,
            rows=gathered.rows,
            content_hash=hashlib.sha256(packed).hexdigest(),
        )
    _write(to, packed)
    console.print(f"Written 已写出: {to.name}, {gathered.rows:,} entries, {len(packed):,} bytes. To check it:")
    console.print(f"python verify.py --keys keys.txt --list {to.name}", soft_wrap=True, highlight=False)


def _write(to: Path, packed: bytes) -> None:
    """Writes the file whole or not at all; raises `Refused`."""
    try:
        with to.open("xb") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise Refused(f"{to.name} is there already; a bundle is not written over.") from None
    except OSError as error:
        to.unlink(missing_ok=True)
        raise Refused(
            f"{to.name} can't be written ({error.strerror}); nothing was, though its making is on record."
        ) from None


def _of_stretch(gateway: Connection, asked: Stretch) -> Gathered:
    shown = span(tree_of(asked.log), asked.log, asked.first, asked.last)
    rows = gateway.execute(
        "select distinct child_id from journal where producer = %s and position between %s and %s and child_id is not null",
        (asked.log, asked.first, asked.last),
    ).fetchall()
    if asked.log == "access":
        rows = gateway.execute(
            """select distinct unnest(child_ids) from access_tree.entry join receipt on receipt_id = id::uuid
               where position between %s and %s""",
            (asked.first, asked.last),
        ).fetchall()
    return Gathered([shown], tuple(UUID(str(row[0])) for row in rows), asked.last - asked.first + 1)


def _of_subject(gateway: Connection, *, case: UUID | None, child: UUID | None) -> Gathered:
    """The events that name a case or a child, and with them all others of the same aggregates, unless those name another."""
    named = gateway.execute(
        "select producer, position, aggregate_id, child_id from journal where case_id = %s or child_id = %s",
        (case, child),
    ).fetchall()
    if not named:
        raise NotFound("没有这一案件或学生的记录 / nothing is recorded of this case or child.")
    if len(named) > SINGLE_MAX:
        raise Refused(f"{len(named):,} events are more than the {SINGLE_MAX:,} of one bundle; hand out ranges instead.")
    shown, rows = [], 0
    for service in SERVICES:
        positions = {int(str(position)) for producer, position, _, _ in named if producer == service}
        if not positions:
            continue
        tree = tree_of(service)
        aggregates = {UUID(str(aggregate)) for producer, _, aggregate, _ in named if producer == service}
        size = tree.signed(at_least=max(positions)).size
        streams = {aggregate: tree.positions_of([aggregate], size=size) for aggregate in aggregates}
        whole = aggregates - _naming_others(gateway, service, streams, case=case, child=child)
        positions.update(position for aggregate in whole for position in streams[aggregate])
        shown.append(events(tree, service, sorted(positions), whole=whole))
        rows += len(positions)
    if child and (looks := _looks_at(gateway, child)):
        shown.append(events(tree_of("access"), "access", looks, whole=()))
        rows += len(looks)
    child_ids = {UUID(str(row[3])) for row in named if row[3]}
    return Gathered(shown, tuple(sorted(child_ids)), rows)


def _naming_others(
    gateway: Connection, service: str, streams: dict[UUID, list[int]], *, case: UUID | None, child: UUID | None
) -> set[UUID]:
    """Aggregates that also have events of another case or child: of those only what names this one is handed out."""
    rows = gateway.execute(
        """select distinct aggregate_id from journal
           where producer = %s and position = any(%s) and (case_id <> %s or child_id <> %s)""",
        (service, [position for positions in streams.values() for position in positions], case, child),
    ).fetchall()
    return {UUID(str(row[0])) for row in rows}


def _looks_at(gateway: Connection, child: UUID) -> list[int]:
    """Where the looks that showed this child stand in their log, as far as that is signed."""
    try:
        size = tree_of("access").signed().size
    except NotFound:
        return []
    rows = gateway.execute(
        """select position from receipt join access_tree.entry on id = receipt_id::text
           where child_ids @> array[%s] and position <= %s order by position""",
        (child, size),
    ).fetchall()
    if len(rows) > SINGLE_MAX:
        raise Refused(f"{len(rows):,} looks are more than the {SINGLE_MAX:,} of one bundle; hand out ranges of access.")
    return [int(str(row[0])) for row in rows]


def _stretch(text: str) -> Stretch:
    log, _, span_text = text.partition(":")
    first, _, last = span_text.partition("-")
    if log not in LOGS or not (first.isdecimal() and last.isdecimal()) or not 1 <= int(first) <= int(last):
        raise Refused(f"{text!r} is no range; it reads cases:1-900, and a log is one of {', '.join(LOGS)}.")
    if int(last) - int(first) >= SPAN_MAX:
        raise Refused(
            f"One bundle holds {SPAN_MAX:,} entries at most; make several, each beginning where the last ended."
        )
    return Stretch(log, int(first), int(last))
