"""How many children entered a school's first class in a year 入学基数, as a paper says it: nine years later retention 巩固率 is
reckoned on it. The system was not there then, so somebody states the number, with the paper; stated anew, the older one stays on record.
"""

from datetime import date
from typing import Final, Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.cases.domain.pack import StatisticsPack
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

MOST_YEARS: Final = 20
MOST_PUPILS: Final = 20_000
_COHORTS: Final = UUID("b0d7f1c8-3a52-5e94-8f07-1d6c2e9a5b40")


class EntryCohort(RecordedAggregate):
    """The entry cohort of one school and year."""

    TOPIC = "cases.EntryCohort"

    class Opened(RecordedAggregate.Event, Created):
        """It was begun with the first number that was stated."""

        TOPIC = "cases.EntryCohort.Opened"
        unit: str
        school: str
        entered: int

    class Stated(RecordedAggregate.Event):
        """How many entered was stated 登记; an earlier number of the cohort holds no longer."""

        TOPIC = "cases.EntryCohort.Stated"
        unit: str
        school: str
        entered: int
        pupils: int
        paper: str
        stated_by: str
        stated_on: date

    @staticmethod
    def id_of(*, unit: str, school: str, entered: int) -> UUID:
        """The id of a cohort: there is one of a school and a year."""
        return uuid5(_COHORTS, f"{unit}/{school}/{entered}")

    # Decisions

    @classmethod
    def open(cls, *, unit: str, school: str, entered: int, today: date) -> Self:
        """Begins a cohort; refused for a year to come, and one too long ago."""
        StatisticsPack.must_be_made_by(unit)
        if not school.isalnum():
            raise Refused("state_entry_cohort: name the school by its code.")
        if not today.year - MOST_YEARS <= entered <= today.year:
            raise Refused(f"state_entry_cohort: the year of entry is one of the last {MOST_YEARS}.")
        return cls._create(
            cls.Opened,
            id=cls.id_of(unit=unit, school=school, entered=entered),
            unit=unit,
            school=school,
            entered=entered,
        )

    def state(self, *, pupils: int, paper: str, officer: str, today: date) -> None:
        """States how many entered, by which paper; refused where that stands already."""
        if not 0 < pupils <= MOST_PUPILS:
            raise Refused(f"state_entry_cohort: from 1 to {MOST_PUPILS} children entered.")
        paper = catalogue.in_the_clear(paper, what="which paper says how many entered")
        if (pupils, paper) == (self.pupils, self.paper):
            raise Refused("state_entry_cohort: this number stands already, by this paper.")
        self.trigger_event(
            self.Stated,
            unit=self.unit,
            school=self.school,
            entered=self.entered,
            pupils=pupils,
            paper=paper,
            stated_by=officer,
            stated_on=today,
        )

    # Evolution

    @event(Opened)
    def __init__(self, unit: str, school: str, entered: int) -> None:
        self.unit = unit
        self.school = school
        self.entered = entered
        self.pupils = 0
        self.paper = ""

    @event(Stated)
    def _stated(self, pupils: int, paper: str) -> None:
        self.pupils = pupils
        self.paper = paper
