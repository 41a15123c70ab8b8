"""What the registers counted on a day 四查三比对: how many children each names, and how many they do not agree on, by village.

The four checks count the children of school age that the household register, the enrolment system, the schools' lists and the
poverty register name. The three comparisons count whom one register names and the next does not: 户籍–学籍 is 失学, 学籍–在校 is
辍学, and those of either who are of poor households are 脱贫户失学辍学 (教基厅函〔2024〕15号). There is one count per day, made anew
whenever the registers say something else of that day; the same counts again leave no event.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

_COUNTS: Final = UUID("4c8a2d1e-6b0f-5a3c-9e57-1f0d2b3a4c5d")


@dataclass(frozen=True, slots=True)
class Place:
    """The counts of one village; `village` is its code, or its name where no list has it."""

    township: str
    village: str
    in_window: int
    hukou: int
    enrolled: int
    in_school: int
    poverty: int
    not_enrolled: int
    not_in_seat: int
    poverty_out: int


@dataclass(frozen=True, slots=True)
class InForce:
    """A batch that was compared, for the register or a unit's part of it."""

    register: str
    part: str
    batch_id: UUID


class FourChecks(RecordedAggregate):
    """The counts of one day."""

    TOPIC = "roster.FourChecks"

    class Begun(RecordedAggregate.Event, Created):
        """A day is counted for the first time."""

        TOPIC = "roster.FourChecks.Begun"
        as_of: date

    class Counted(RecordedAggregate.Event):
        """The registers in force were compared and counted 比对汇总."""

        TOPIC = "roster.FourChecks.Counted"
        as_of: date
        batches: tuple[InForce, ...]
        places: tuple[Place, ...]

    @staticmethod
    def id_of(*, as_of: date) -> UUID:
        """The id of a day's counts: there is one."""
        return uuid5(_COUNTS, as_of.isoformat())

    @classmethod
    def begin(cls, *, as_of: date) -> "FourChecks":
        """Begins the counts of a day."""
        return cls._create(cls.Begun, id=cls.id_of(as_of=as_of), as_of=as_of)

    def count(self, *, batches: tuple[InForce, ...], places: tuple[Place, ...]) -> None:
        """Keeps what was counted; nothing where the same was counted before."""
        if places != self.places:
            self.trigger_event(self.Counted, as_of=self.as_of, batches=batches, places=places)

    @event(Begun)
    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.places: tuple[Place, ...] = ()

    @event(Counted)
    def _counted(self, places: tuple[Place, ...]) -> None:
        self.places = places


def must_not_be_ahead(as_of: date, *, today: date) -> None:
    """Refuses to compare as of a day that has not come."""
    if as_of > today:
        raise Refused(f"Registers are compared as of today ({today}) or an earlier day.")
