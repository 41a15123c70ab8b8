"""The hours a child was taught at home in a school year 送教课时 (N1.7), as assistance tells them, held against what is owed.

Who is taught at home is owed 216 class-hours a school year; fewer are a hidden dropout.
"""

from datetime import date
from typing import Final
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.school_terms import term_on, terms_of

HOURS_OF_A_YEAR: Final = 216
"""Class-hours of a school year: two visits a week of three each (河南省送教上门要求)."""


def hours_owed(*, placed_on: date, by: date) -> int:
    """How many hours a child taught at home must have had by a day in that day's school year: its part of the 216."""
    terms = terms_of(term_on(by).school_year)
    owed = sum(term.days_by(by, since=placed_on) for term in terms)
    whole = sum(term.days_by(term.ends_on, since=term.starts_on) for term in terms)
    return HOURS_OF_A_YEAR * owed // whole


class HomeHours(RecordedAggregate):
    """One child in one school year."""

    TOPIC = "roster.HomeHours"

    class Begun(RecordedAggregate.Event, Created):
        """The first hours of a school year were taught 首次送教."""

        TOPIC = "roster.HomeHours.Begun"
        child_id: UUID
        school_year: str

    class Counted(RecordedAggregate.Event):
        """So many hours were taught in the school year so far 累计课时."""

        TOPIC = "roster.HomeHours.Counted"
        child_id: UUID
        school_year: str
        hours: int
        taught_on: date

    @staticmethod
    def id_of(*, child_id: UUID, school_year: str) -> UUID:
        """The id of a child's hours in a school year."""
        return uuid5(child_id, f"home-hours/{school_year}")

    @classmethod
    def begin(cls, *, child_id: UUID, school_year: str) -> "HomeHours":
        """Begins to count a school year's hours."""
        hours_id = cls.id_of(child_id=child_id, school_year=school_year)
        return cls._create(cls.Begun, id=hours_id, child_id=child_id, school_year=school_year)

    def count(self, *, hours: int, taught_on: date) -> None:
        """Notes the hours so far; as many as are known already, or fewer, say nothing new."""
        if hours > self.hours:
            self.trigger_event(
                self.Counted, child_id=self.child_id, school_year=self.school_year, hours=hours, taught_on=taught_on
            )

    @event(Begun)
    def __init__(self, child_id: UUID, school_year: str) -> None:
        self.child_id = child_id
        self.school_year = school_year
        self.hours = 0

    @event(Counted)
    def _counted(self, hours: int) -> None:
        self.hours = hours
