"""School years and terms 学年学期: `2026-2027` runs from 1 September, `2026-2027-1` is its autumn, `-2` its spring."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.chassis.errors import Refused

_TERM = re.compile(r"(\d{4})-(\d{4})-([12])")


def school_year_of(day: date) -> str:
    """The school year a day lies in: 31 August 2027 is still `2026-2027`."""
    begun = day.year if day.month >= 9 else day.year - 1
    return f"{begun}-{begun + 1}"


_FIRST_YEAR: Final = 2019
"""The school year of the earliest rate there is."""


def terms_until(day: date) -> tuple[str, ...]:
    """The names of all terms awards were granted for until a day, those of its school year included."""
    last = int(school_year_of(day)[:4])
    return tuple(f"{year}-{year + 1}-{half}" for year in range(_FIRST_YEAR, last + 1) for half in (1, 2))


@dataclass(frozen=True, slots=True)
class Term:
    """One term 学期, from `begins_on` until the day before `ends_on`."""

    name: str
    begins_on: date
    ends_on: date

    @classmethod
    def of(cls, name: str) -> "Term":
        """Reads `2026-2027-1`; refuses what is no term."""
        match = _TERM.fullmatch(name)
        if match is None or int(match[2]) != int(match[1]) + 1:
            raise Refused(
                "A term is written 2026-2027-1 for the autumn and 2026-2027-2 for the spring of a school year."
            )
        autumn, spring = int(match[1]), int(match[2])
        if match[3] == "1":
            return cls(name, date(autumn, 9, 1), date(spring, 3, 1))
        return cls(name, date(spring, 3, 1), date(spring, 9, 1))
