"""The journal as a replay reads it: one picture of it for a whole question, cut at the moment of recording and at the day it holds from.

Replay reads as `gateway_reader` with the claims that open journal and receipts; who may ask for it is decided before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg

from gateway.readmodel.effective import as_it_was
from gateway.readmodel.fold import Opener, Told, hear
from gateway.readmodel.rows import Connection
from services.chassis.clock import china_date
from services.contracts.envelope import Envelope, Published

CONNECT_S: Final = 5
MERGES: Final[LiteralString] = "type in ('roster.children-merged.v1', 'roster.children-unmerged.v1')"
POSTS: Final[LiteralString] = "type in ('cases.post-filled.v1', 'cases.post-handed-over.v1', 'cases.post-deputised.v1')"
"""As the indexes on the journal are written (`tables.sql`), so that they answer."""

Personal = Mapping[type[Published], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Then:
    """A point in both times: what was recorded by `moment`, and of that what held `on` a day; without a day, all of it."""

    moment: datetime
    on: date | None = None

    @property
    def day(self) -> date:
        """The day by which is told what was late, in force and of school age."""
        return self.on if self.on is not None else china_date(self.moment)


class Journal:
    """Reads the journal."""

    def __init__(self, *, dsn: str, opener: Opener) -> None:
        self._dsn = dsn
        self._opener = opener

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One picture of the journal for the whole question."""
        with psycopg.connect(self._dsn, connect_timeout=CONNECT_S) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(
                """select set_config('app.journal', 'on', true), set_config('app.receipts', 'on', true),
                     set_config('statement_timeout', '60s', true)"""
            )
            yield connection

    def of_case(self, connection: Connection, case_id: UUID, then: Then) -> list[Told[Any]]:
        """What was told of a case."""
        return self._heard(self._found(connection, "case_id = %(key)s", then, key=case_id), then)

    def of_children(
        self, connection: Connection, children: Sequence[UUID], then: Then, *, personal: Personal | None = None
    ) -> list[Told[Any]]:
        """What was told of children, and into whom they were merged."""
        ids = list(children)
        envelopes = self._found(connection, "child_id = any(%(key)s)", then, key=ids)
        envelopes += self._found(connection, f"{MERGES} and (body ->> 'merged_id')::uuid = any(%(key)s)", then, key=ids)
        return self._heard(envelopes, then, personal=personal)

    def of_household(self, connection: Connection, household_id: UUID, then: Then) -> list[Told[Any]]:
        """What names a household: where children live, and its plan."""
        key = str(household_id)
        return self._heard(self._found(connection, "body ->> 'household_id' = %(key)s", then, key=key), then)

    def of_posts(self, connection: Connection, then: Then) -> list[Told[Any]]:
        """What was told of posts and those who hold them."""
        return self._heard(self._found(connection, POSTS, then), then)

    def _found(self, connection: Connection, which: LiteralString, then: Then, *, key: object = None) -> list[Envelope]:
        found = connection.execute(_TOLD + " and " + which + _ORDER, {"moment": then.moment, "key": key}).fetchall()
        return _envelopes(found)

    def _heard(self, envelopes: Iterable[Envelope], then: Then, *, personal: Personal | None = None) -> list[Told[Any]]:
        """What was told, each once, in the order of each producer."""
        by_place = {(envelope.producer, envelope.position): envelope for envelope in envelopes}
        in_order = [by_place[place] for place in sorted(by_place)]
        return list(as_it_was(hear(in_order, opener=self._opener, personal=personal or {}), on=then.on))


_TOLD: Final[LiteralString] = """
    select jsonb_build_object('id', event_id, 'type', type, 'producer', producer, 'position', position,
      'aggregate_id', aggregate_id, 'version', version, 'stored_topic', stored_topic, 'recorded_at', recorded_at,
      'actor', actor, 'department', department, 'purpose', purpose, 'command_id', command_id,
      'correlation_id', correlation_id, 'causation_id', causation_id, 'trace', trace, 'body', body)::text
    from journal
    where recorded_at <= %(moment)s
      and not exists (select from parked p where p.reader = 'gateway' and p.producer = journal.producer
        and p.place = journal.position and p.type <> '' and p.state <> 'handled')"""
"""The envelopes of the journal, each as one JSON text, but for those that can't be folded here."""
_ORDER: Final[LiteralString] = " order by producer, position"


def _envelopes(found: list[tuple[str]]) -> list[Envelope]:
    return msgspec.json.decode("[" + ",".join(text for (text,) in found) + "]", type=list[Envelope])
