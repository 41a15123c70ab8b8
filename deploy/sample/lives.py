"""What is true of each child's schooling on the as-of date, whatever any office writes.

`Life` is the truth; the registers are written from it. The kinds and their shares are in `SHARES`, by what the child is:
shares are higher than in life so that a small county shows every kind. A child aged 6 on the as-of date counts as enrolled
in the first grade even where the birthday lies after 31 August, because the window is counted in completed years.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from random import Random

from deploy.sample.numbers import age
from deploy.sample.people import Child
from deploy.sample.places import County, School

YOUNGEST, OLDEST = 6, 16


class Schooling(Enum):
    """How a child stands to school; each child in exactly one."""

    TOO_YOUNG = "too young"
    IN_SEAT = "in seat"
    MARKED_ABSENT = "active row marked 在籍不在校"
    ABSENT = "active row marked 在校, in no classroom"
    ELSEWHERE = "active row marked 外地就读"
    TAUGHT_AT_HOME = "active row marked 送教上门"
    MOVED_WITHIN = "转出 from one school of the county, in seat at another"
    TRANSFERRED = "转出 of the county"
    DEPARTED_EXPLAINED = "其他离校 with a reason"
    DEPARTED_UNEXPLAINED = "其他离校 without a reason"
    SUSPENDED = "休学"
    GRADUATED = "毕业"
    NEVER_ENROLLED = "in no enrolment row"
    IN_CLASS_WITHOUT_ROW = "sits in class, in no enrolment row"
    DEAD = "dead, never enrolled or removed from the school register"
    DEAD_BUT_ENROLLED = "dead or cancelled on the household register, still an active row"
    GONE = "past compulsory school, on no school register any more"


ACTIVE = frozenset(
    {
        Schooling.IN_SEAT,
        Schooling.MARKED_ABSENT,
        Schooling.ABSENT,
        Schooling.ELSEWHERE,
        Schooling.TAUGHT_AT_HOME,
        Schooling.MOVED_WITHIN,
        Schooling.DEAD_BUT_ENROLLED,
    }
)
"""Those with a row 在读."""

SEATED = frozenset({Schooling.IN_SEAT, Schooling.MOVED_WITHIN, Schooling.IN_CLASS_WITHOUT_ROW})
"""Those who sit in a classroom of the county."""

Shares = dict[Schooling, float]

SHARES: Shares = {
    Schooling.MARKED_ABSENT: 0.0025,
    Schooling.ABSENT: 0.0030,
    Schooling.ELSEWHERE: 0.0070,
    Schooling.TAUGHT_AT_HOME: 0.0003,
    Schooling.MOVED_WITHIN: 0.0080,
    Schooling.TRANSFERRED: 0.0090,
    Schooling.DEPARTED_EXPLAINED: 0.0015,
    Schooling.DEPARTED_UNEXPLAINED: 0.0025,
    Schooling.SUSPENDED: 0.0010,
    Schooling.NEVER_ENROLLED: 0.0090,
    Schooling.IN_CLASS_WITHOUT_ROW: 0.0010,
    Schooling.DEAD: 0.0012,
}
"""Of children of school age; the rest is in seat."""

DISABLED_SHARES: Shares = {Schooling.TAUGHT_AT_HOME: 0.12, Schooling.NEVER_ENROLLED: 0.10, Schooling.ABSENT: 0.02}
"""Of those with a disability certificate; the rest is in seat."""

UNREGISTERED_SHARES: Shares = {Schooling.NEVER_ENROLLED: 0.12, Schooling.ABSENT: 0.02}
"""Of those on no household register; the rest is in seat."""


@dataclass(frozen=True, slots=True)
class Life:
    """One child and the truth of its schooling. `grade` 1-9 and `school` are None where the child never had a seat."""

    child: Child
    age: int
    schooling: Schooling
    grade: int | None
    class_number: int
    school: School | None
    earlier_school: School | None
    boards: bool

    @property
    def in_window(self) -> bool:
        """Aged 6 to 16 in completed years."""
        return YOUNGEST <= self.age <= OLDEST


def live(people: Iterable[Child], *, as_of: date, county: County, rng: Random) -> list[Life]:
    """The truth of each child on `as_of`."""
    year_start = date(as_of.year if as_of.month >= 9 else as_of.year - 1, 8, 31)
    return [_life(child, as_of=as_of, year_start=year_start, county=county, rng=rng) for child in people]


def bury(lives: list[Life], *, share: float, rng: Random) -> list[Life]:
    """The same lives, but this share of the registered children in their seat have died, and nobody told the school."""
    return [
        replace(life, schooling=Schooling.DEAD_BUT_ENROLLED)
        if life.schooling is Schooling.IN_SEAT and life.child.household.origin == "local" and rng.random() < share
        else life
        for life in lives
    ]


def _life(child: Child, *, as_of: date, year_start: date, county: County, rng: Random) -> Life:
    years = age(birth=child.birth, on=as_of)
    school_years = age(birth=child.birth, on=year_start)
    schooling = _schooling(child, years=years, school_years=school_years, rng=rng)
    grade = min(9, max(1, school_years - 5))
    school = county.school_of(village=child.household.village, stage="小学" if grade <= 6 else "初中")
    earlier = county.other_school(than=school, rng=rng) if schooling is Schooling.MOVED_WITHIN else None
    if schooling is Schooling.IN_SEAT and child.disability and rng.random() < 0.15:
        school = county.special_school
    enrolled = schooling not in {Schooling.TOO_YOUNG, Schooling.NEVER_ENROLLED, Schooling.DEAD, Schooling.GONE}
    return Life(
        child=child,
        age=years,
        schooling=schooling,
        grade=grade if enrolled else None,
        class_number=rng.randint(1, school.classes),
        school=school if enrolled else None,
        earlier_school=earlier,
        boards=rng.random() < (0.5 if grade > 6 else 0.12),
    )


def _schooling(child: Child, *, years: int, school_years: int, rng: Random) -> Schooling:
    origin = child.household.origin
    if years < YOUNGEST:
        return Schooling.TOO_YOUNG
    if years > OLDEST:
        return Schooling.GRADUATED if origin == "local" and rng.random() < 0.5 else Schooling.GONE
    if school_years >= 15 and rng.random() < (0.75 if school_years == 15 else 0.97):
        return Schooling.GRADUATED
    if origin == "migrant":
        return Schooling.IN_SEAT
    shares = UNREGISTERED_SHARES if origin == "unregistered" else DISABLED_SHARES if child.disability else SHARES
    draw = rng.random()
    for schooling, share in shares.items():
        draw -= share
        if draw < 0:
            return schooling
    return Schooling.IN_SEAT
