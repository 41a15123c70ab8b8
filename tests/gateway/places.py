"""Where and when the invented county of the gateway's tests is, and how its ids are made."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid5

TODAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 14, 2, 30, 0, 250_000, tzinfo=UTC)
SEED = UUID("6f0f0d9e-6c0a-4a52-9d0c-3b1f1c2d4e5f")

XIAODIAN, SANTUN, ELSEWHERE = "410326103", "410326104", "410327101"
VILLAGE, OTHER_VILLAGE = "410326103005", "410326103006"
SCHOOL, OTHER_SCHOOL = "3141000300", "3141000301"


def made(*name: object) -> UUID:
    """An id of the invented county, the same every time."""
    return uuid5(SEED, "/".join(map(str, name)))
