"""How two birth dates agree: the slips that offices make, told apart from two different days."""

from collections.abc import Set as AbstractSet
from datetime import date
from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA


class BirthLevel(StrEnum):
    """How two birth dates agree."""

    SAME = "same"
    SWAPPED = "swapped"  # day and month
    SLIP = "slip"  # one year off on the same day, the day before or after, or one digit wrong or transposed
    LUNAR = "lunar"  # 15 to 55 days apart, as the same day of the lunar calendar is
    DIFFERENT = "different"
    UNKNOWN = "unknown"


_BIRTH_ORDER = tuple(BirthLevel)


def best_birth(a: AbstractSet[date], b: AbstractSet[date]) -> BirthLevel:
    """The best agreement among stated birth dates."""
    if not a or not b:
        return BirthLevel.UNKNOWN
    if a & b:
        return BirthLevel.SAME
    return min((compare_births(x, y) for x in a for y in b), key=_BIRTH_ORDER.index)


@lru_cache(maxsize=65_536)
def compare_births(a: date, b: date) -> BirthLevel:
    """How two birth dates agree."""
    if a == b:
        return BirthLevel.SAME
    if a.year == b.year and a.month == b.day and a.day == b.month:
        return BirthLevel.SWAPPED
    same_day = a.month == b.month and (a.day == b.day or min(a.day, b.day) >= 28)
    if (same_day and abs(a.year - b.year) <= 1) or abs((a - b).days) == 1:
        return BirthLevel.SLIP
    if OSA.distance(f"{a:%Y%m%d}", f"{b:%Y%m%d}", score_cutoff=1) <= 1:
        return BirthLevel.SLIP
    return BirthLevel.LUNAR if 15 <= abs((a - b).days) <= 55 else BirthLevel.DIFFERENT
