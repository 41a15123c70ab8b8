"""The school days on which a child that came back was in class, or was not 到课登记: one word for each day, the latest holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from services.chassis.errors import Refused

MOST_DAYS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DayInClass:
    """One line of a school's list: whether the child of a case sat in class on a day."""

    case_id: UUID
    on: date
    present: bool


def refuse_more_than_one_list(seen: Sequence[DayInClass]) -> None:
    """Refuses a list without a line, and one that is too long to be one act."""
    if not 1 <= len(seen) <= MOST_DAYS_AT_ONCE:
        raise Refused(f"record_attendance: 1 to {MOST_DAYS_AT_ONCE} days in class at once.")


@dataclass(frozen=True, slots=True)
class Attendance:
    """What is known of each school day."""

    told: Mapping[date, bool] = field(default_factory=dict)

    def with_day(self, seen_on: date, *, present: bool) -> "Attendance":
        """The same with what was said of one more day, or of one again."""
        return Attendance({**self.told, seen_on: present})

    @property
    def days(self) -> int:
        """On how many days the child was in class."""
        return sum(self.told.values())

    @property
    def missing_in_a_row(self) -> int:
        """On how many of the days told last, one after the other, it was not; a day nobody spoke of breaks no row."""
        missing = 0
        for seen_on in sorted(self.told, reverse=True):
            if self.told[seen_on]:
                break
            missing += 1
        return missing
