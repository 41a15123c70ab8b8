"""What the stories of the invented county are made of: a day, places, ids, and a text as its vault seals it."""

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from services.contracts.envelope import Published, Sealed

COUNTY_SEED = UUID("0f9f2d0a-4f3f-4f5e-8f0b-0a3c5d7e9b11")
START = datetime(2026, 9, 1, tzinfo=UTC)
DAY = date(2026, 9, 1)
TOWNSHIPS = ("410326103", "410326104", "410326000")


def made(*name: object) -> UUID:
    """An id of the invented county, the same every time."""
    return uuid5(COUNTY_SEED, "/".join(map(str, name)))


@dataclass(frozen=True, slots=True)
class Story:
    """What one aggregate tells, in order."""

    producer: str
    aggregate_id: UUID
    events: tuple[Published, ...]


def sealed(child_id: UUID, text: str) -> Sealed:
    """A text under a child's key, as the vault of these tests seals it."""
    return Sealed(f"sealed:{child_id.hex}:{base64.b64encode(text.encode()).decode()}" if text else "")
