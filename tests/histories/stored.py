"""Golden histories: what a county has stored, in files that are never written anew.

A history is a list of events as the store keeps them, without who caused them: topic, originator_id, version, recorded_at
and state. Each service keeps its own in `tests/<service>/histories`. Personal fields hold sealed tokens, for which
`keys.json` has the keys, or words that stand in a token's place.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from services.chassis.aggregate import Caused
from services.chassis.sealing import is_sealed
from services.chassis.store import RecordedEvent

HERE = Path(__file__).parent
KEYS = HERE / "keys.json"

Key = tuple[UUID, int, int, bytes]
"""A row of the key store: subject, generation, epoch of the key-encryption key, wrapped key."""


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as it stands in a history."""

    topic: str
    originator_id: UUID
    version: int
    recorded_at: datetime
    state: dict[str, Any]

    def recorded(self) -> RecordedEvent:
        """The event as the store would hand it over."""
        caused = Caused(
            actor="officer-1",
            department="education_bureau:410326",
            purpose="dropout_control",
            at=self.recorded_at,
            command_id=self.originator_id,
            correlation_id=self.originator_id,
        )
        state = msgspec.json.encode(self.state)
        return RecordedEvent(self.originator_id, self.version, self.topic, state, caused, self.recorded_at)

    @property
    def is_sealed(self) -> bool:
        """Whether any of its fields is a sealed token, and not only a word in the place of one."""
        return any(
            isinstance(value, str) and value.count(":") == 6 and is_sealed(value) for value in self.state.values()
        )


def histories() -> list[Path]:
    """All histories of all services."""
    return sorted(HERE.parent.glob("*/histories/*.json"))


def read_history(path: Path) -> list[StoredEvent]:
    """A history's events, in their order."""
    return msgspec.json.decode(path.read_bytes(), type=list[StoredEvent])


def read_keys() -> tuple[bytes, list[Key]]:
    """The key-encryption key of the histories, and the keys wrapped under it. They guard nothing but invented children."""
    kept = json.loads(KEYS.read_text(encoding="utf-8"))
    keys = [
        (UUID(key["subject"]), key["generation"], key["kek_epoch"], bytes.fromhex(key["wrapped"]))
        for key in kept["keys"]
    ]
    return bytes.fromhex(kept["kek"]), keys


def put_keys(connection: psycopg.Connection, keys: Iterable[Key]) -> None:
    """Puts the keys into a key store, as its owner."""
    with connection.cursor() as cursor:
        cursor.executemany("insert into subject_key values (%s, %s, %s, %s)", keys)
