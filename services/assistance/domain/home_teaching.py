"""Teaching at home 送教上门 (N1.7): the visits of a school year, counted in class-hours against what is due.

Henan's rule is two visits a week of three class-hours, at least 216 a school year; less is hidden dropping out. The
hours due are kept with the year, so that a later rule leaves past years as they were.
"""

from datetime import date
from typing import Final, Self
from uuid import UUID, uuid5

from services.assistance.domain.references import reference
from services.assistance.domain.school_year import school_year_of
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

HOURS_DUE: Final = 216
"""Class-hours a school year 课时."""

HOURS_A_VISIT_MAX: Final = 8
"""More class-hours than a school day has are not one visit."""


class HomeTeaching(RecordedAggregate):
    """One child in one school year."""

    TOPIC = "assistance.HomeTeaching"

    class Begun(RecordedAggregate.Event, Created):
        """The year's teaching at home began 送教开始."""

        TOPIC = "assistance.HomeTeaching.Begun"
        child_id: UUID
        school_year: str
        hours_due: int

    class Given(RecordedAggregate.Event):
        """A teacher came and taught 送教一次."""

        TOPIC = "assistance.HomeTeaching.Given"
        child_id: UUID
        school_year: str
        visit_id: UUID
        hours: int
        hours_so_far: int
        evidence: str
        given_on: date

    @staticmethod
    def id_of(*, child_id: UUID, school_year: str) -> UUID:
        """The id of a child's teaching at home in a school year: there is one."""
        return uuid5(child_id, f"home-teaching/{school_year}")

    @classmethod
    def begin(cls, *, child_id: UUID, school_year: str) -> Self:
        """Begins a school year's count."""
        return cls._create(
            cls.Begun,
            id=cls.id_of(child_id=child_id, school_year=school_year),
            child_id=child_id,
            school_year=school_year,
            hours_due=HOURS_DUE,
        )

    def give(self, *, visit_id: UUID, hours: int, evidence: str, given_on: date, today: date) -> None:
        """Counts a visit, with the reference of its record; the same visit again is nothing new."""
        if visit_id in self.visits:
            return
        if not 1 <= hours <= HOURS_A_VISIT_MAX:
            raise Refused(f"A visit has 1 to {HOURS_A_VISIT_MAX} class-hours (N1.7).")
        if given_on > today:
            raise Refused("A visit is recorded when it was made; its day lies ahead.")
        if school_year_of(given_on) != self.school_year:
            raise Refused(f"This visit was not in the school year {self.school_year}.")
        self.trigger_event(
            self.Given,
            child_id=self.child_id,
            school_year=self.school_year,
            visit_id=visit_id,
            hours=hours,
            hours_so_far=self.hours_so_far + hours,
            evidence=reference(evidence, what="the record of a visit"),
            given_on=given_on,
        )

    @property
    def hours_missing(self) -> int:
        """Class-hours still due this school year."""
        return max(0, self.hours_due - self.hours_so_far)

    @event(Begun)
    def __init__(self, child_id: UUID, school_year: str, hours_due: int) -> None:
        self.child_id = child_id
        self.school_year = school_year
        self.hours_due = hours_due
        self.hours_so_far = 0
        self.visits: set[UUID] = set()

    @event(Given)
    def _given(self, visit_id: UUID, hours_so_far: int) -> None:
        self.visits.add(visit_id)
        self.hours_so_far = hours_so_far
