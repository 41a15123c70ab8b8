"""Who told a report of the public 举报人 (N3.5), opened when somebody asks and kept nowhere.

The informant stands in no table of the read model: it lies in the journal as it was published, sealed under a key of its own.
Who may ask is decided before, and that it was asked is on a receipt before the answer leaves.
"""

from typing import Final
from uuid import UUID

import msgspec
import psycopg

from gateway.readmodel.fold import Opener

CONNECT_S: Final = 5
_NAMED: Final = """
    select jsonb_build_object('aggregate_id', aggregate_id, 'version', version, 'stored_topic', stored_topic,
      'sealed', body ->> 'informant')::text
    from journal where type = 'cases.public-report-informant-named.v1' and aggregate_id = %s"""


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    aggregate_id: UUID
    version: int
    stored_topic: str
    sealed: str


class Informants:
    """Opens who told a report."""

    def __init__(self, *, dsn: str, opener: Opener) -> None:
        self._dsn = dsn
        self._opener = opener

    def named_in(self, report_id: UUID) -> str:
        """Who told the report, as they said it themselves; empty where nobody said, or their key was shredded.

        Raises what the opener and psycopg raise.
        """
        with psycopg.connect(self._dsn, connect_timeout=CONNECT_S) as connection:
            connection.read_only = True
            connection.execute(
                "select set_config('app.journal', 'on', true), set_config('statement_timeout', '10s', true)"
            )
            found = connection.execute(_NAMED, [report_id]).fetchone()
        if found is None:
            return ""
        named = msgspec.json.decode(found[0], type=_Named)
        opened = self._opener.open(
            named.sealed,
            aggregate_id=named.aggregate_id,
            version=named.version,
            stored_topic=named.stored_topic,
        )
        return opened or ""
