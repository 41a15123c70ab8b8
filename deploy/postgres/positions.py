"""Whether stores and their readers belong to one history: the question after every restore, before anything opens.

A producer that was taken back to position 100 gives the positions 101, 102, … to other events than it did before. A reader
that was not taken back with it knows 120 as seen: it passes over the new 101 to 120 without a word, for ever. Nothing
later heals that and nothing shows it, so a system in which it could happen is not opened. Three questions find it:

- Is every store whole: positions 1, 2, 3, … without a hole?
- Is no reader further than the head of whom it hears? (Enough at once after the restore, no more once the producer has
  recorded up to where the reader is.)
- Where a reader has written down which event it saw at a position (the gateway's journal; the cause of each reaction), is
  it the event that stands there? This finds it later, too.

The way out is never to move a reader's tracking by hand. It is to take all back to one common moment; see the runbook
`point-in-time.md`. What the producer has lost can't be told back by its readers: what is published is not what is stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg

from services.chassis.config import SERVICES
from services.chassis.errors import Refused
from services.contracts.envelope import event_id

GATEWAY: Final = "gateway"
READERS: Final = (*SERVICES, GATEWAY)
RELAY: Final = "relay to"
NAMED_MAX: Final = 5
"""How many of many findings of one kind are named."""
_SESSION: Final = "-c statement_timeout=600s -c default_transaction_read_only=on"

Connection = psycopg.Connection[tuple[Any, ...]]


class Astray(Refused):
    """Stores and readers are not of one history; the message says who is where and what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far one producer's store is, and whether it is whole."""

    position: int
    events: int
    newest: UUID | None
    """The id of the event at the head, as it is published; None where nothing was recorded."""
    newest_at: datetime | None

    @property
    def is_dense(self) -> bool:
        """Whether there are as many events as positions."""
        return self.events == self.position


@dataclass(frozen=True, slots=True)
class Beyond:
    """A reader that knows more of a producer than the producer itself."""

    reader: str
    producer: str
    tracking: str
    position: int
    head: int

    def __str__(self) -> str:
        ahead = self.position - self.head
        return (
            f"{self.reader} has seen {self.tracking} up to {self.position}, and {self.producer} is at {self.head}: the "
            f"next {ahead} events of {self.producer} would be passed over unseen"
        )


@dataclass(frozen=True, slots=True)
class Other:
    """A reader that saw another event at a position than the one that stands there."""

    reader: str
    producer: str
    position: int

    def __str__(self) -> str:
        return f"{self.reader} saw another event at {self.producer} {self.position} than the one that stands there now"


Finding = Beyond | Other | str


def check_positions(heads: Mapping[str, int], trackings: Mapping[str, Mapping[str, int]]) -> list[Beyond]:
    """Every (reader, producer) where the reader is beyond the producer's head.

    `heads` by producer; `trackings` by reader, then by tracking name `producer/partition` or, of a relay, by place.
    """
    return [
        Beyond(reader, producer, tracking, position, heads.get(producer, 0))
        for reader, places in trackings.items()
        for tracking, position in places.items()
        if position > heads.get(producer := producer_of(tracking), 0)
    ]


def producer_of(tracking: str) -> str:
    """Whose events are counted under a tracking name (`roster/3`) or a relay's place (`baoxue.roster.1`)."""
    producer, slash, _ = tracking.partition("/")
    return producer if slash else tracking.split(".")[-2]


def read_head(connection: Connection) -> Head:
    """The head of one store; reads all positions, in one statement, so that position and event belong together."""
    position, events, newest_id, newest_version, newest_at = connection.execute(
        """select head.position, head.events, originator_id, originator_version, stored_at
           from (select coalesce(max(notification_id), 0) as position, count(*) as events from events) head
           left join events on notification_id = head.position"""
    ).fetchall()[0]
    return Head(
        position=position,
        events=events,
        newest=None if newest_id is None else event_id(newest_id, newest_version),
        newest_at=newest_at,
    )


def read_trackings(connection: Connection, *, reader: str) -> dict[str, dict[str, int]]:
    """How far a reader has heard and, where it tells others over a broker, how far its relay has sent."""
    trackings: dict[str, dict[str, int]] = {
        reader: dict(
            connection.execute(
                "select name, position from tracking where not starts_with(name, 'parked/')"  # those count nothing
            ).fetchall()
        )
    }
    relays = connection.execute("select to_regclass('relay_place') is not null").fetchall()[0][0]
    if relays:
        trackings[f"{RELAY} {reader}"] = dict(connection.execute("select name, position from relay_place").fetchall())
    return trackings


def examine(dsns: Mapping[str, str]) -> tuple[dict[str, Head], list[Finding]]:
    """Asks all three questions and returns the heads and what is wrong, most telling first.

    `dsns` by database: of the services' app roles and of `gateway_writer`, or of a superuser. Reads every event's
    place once; takes some seconds per million events. Nothing may be recorded meanwhile.
    """
    with ExitStack() as stack:
        connections = {
            name: stack.enter_context(psycopg.connect(dsns[name], options=_SESSION, connect_timeout=10))
            for name in READERS
        }
        heads = {service: read_head(connections[service]) for service in SERVICES}
        trackings: dict[str, dict[str, int]] = {}
        for reader, connection in connections.items():
            trackings |= read_trackings(connection, reader=reader)
        findings: list[Finding] = [
            f"the store of {name} is not whole: {head.events} events up to position {head.position}"
            for name, head in heads.items()
            if not head.is_dense
        ]
        findings += check_positions({name: head.position for name, head in heads.items()}, trackings)
        findings += _other_in_journal(connections)
        findings += _unknown_causes(connections)
        return heads, findings


def refuse_astray(findings: Sequence[Finding]) -> None:
    """Raises `Astray` where anything is wrong, in words for who has to decide."""
    if findings:
        named = "; ".join(str(finding) for finding in findings[:NAMED_MAX])
        more = f"; and {len(findings) - NAMED_MAX} more" if len(findings) > NAMED_MAX else ""
        raise Astray(
            f"The stores and their readers are not of one history: {named}{more}. Nothing may be opened like this. "
            "Restore all databases to one common moment (runbook point-in-time.md); never move a tracking by hand."
        )


def _other_in_journal(connections: Mapping[str, Connection]) -> list[Other]:
    """Where the journal has another event than the store: at each producer's last entry, and from where they part."""
    others = []
    for producer in SERVICES:
        entries = connections[GATEWAY].execute(
            "select position, event_id from journal where producer = %s order by position desc", [producer]
        )
        stored = connections[producer]
        for position, seen in entries:
            found = stored.execute(
                "select originator_id, originator_version from events where notification_id = %s", [position]
            ).fetchone()
            if found is not None:  # one beyond the head is `Beyond`
                if event_id(*found) != seen:
                    others.append(Other(GATEWAY, producer, position))
                break  # the store is append-only: if this one is the same, all before it are
    return others


def _unknown_causes(connections: Mapping[str, Connection]) -> list[Finding]:
    """Reactions whose cause no store holds: it was lost on the producer's side."""
    reactions: dict[UUID, tuple[str, int]] = {}
    for service in SERVICES:
        for cause, position in _rows(
            connections[service],
            """select causation_id, min(notification_id) from events
               where causation_id is not null and department = 'system:policy' group by causation_id""",
        ):
            reactions[cause] = (service, position)
    for service in SERVICES:
        for aggregate_id, version in _rows(
            connections[service], "select originator_id, originator_version from events"
        ):
            reactions.pop(event_id(aggregate_id, version), None)
    findings: list[Finding] = []
    for service in SERVICES:
        positions = [position for reader, position in reactions.values() if reader == service]
        if positions:
            findings.append(
                f"{service} has reacted to {len(positions)} events that nobody knows any more, first at {min(positions)}"
            )
    return findings


def _rows(connection: Connection, query: LiteralString) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a portion at a time."""
    with connection.cursor(name="portions") as cursor:
        cursor.itersize = 20_000
        yield from cursor.execute(query)
