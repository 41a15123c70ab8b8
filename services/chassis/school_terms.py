"""School years, terms and school days 校历 of the county, as data in `school_terms.toml`; a term without data is provisional.

`2026-2027` is a school year, `2026-2027-1` its autumn term, `2026-2027-2` its spring term.
"""

import re
import tomllib
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Final, Literal, get_args

from services.chassis.errors import Refused
from services.chassis.working_days import is_working_day

PeriodKind = Literal["monthly", "quarterly", "term", "year"]
"""For what statistics are reported 报告期: 月报 / 季报 / 学期报 / 学年报 (四个一, 教基厅函〔2024〕15号)."""
PERIOD_KINDS: Final[tuple[PeriodKind, ...]] = get_args(PeriodKind)
MOST_DAYS_LATE: Final = 45
"""So long after its last day the numbers of a period can be frozen: later, they would be those of another time."""
_NAME: Final = re.compile(r"(\d{4})-(\d{4})-([12])")


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One term, from its first day of class to its last, both included."""

    starts_on: date
    ends_on: date
    name: str
    provisional: bool = False

    @property
    def school_year(self) -> str:
        """The school year the term belongs to."""
        return self.name[:9]

    def days_by(self, day: date, *, since: date) -> int:
        """How many of its calendar days lie between two days, both included."""
        return max(0, (min(day, self.ends_on) - max(since, self.starts_on)).days + 1)


def term_named(name: str) -> Term:
    """The term of a name; refuses what is no term."""
    match = _NAME.fullmatch(name)
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise Refused("A term is written 2026-2027-1 for the autumn and 2026-2027-2 for the spring of a school year.")
    if name in _TERMS:
        return _TERMS[name]
    autumn, spring = int(match[1]), int(match[2])
    if match[3] == "1":
        return Term(date(autumn, 9, 1), date(spring, 1, 31), name, provisional=True)
    return Term(date(spring, 3, 1), date(spring, 7, 10), name, provisional=True)


def term_on(day: date) -> Term:
    """The term that has begun last: in the holidays it is the one before them."""
    return max(
        term
        for year in (day.year - 1, day.year)
        for part in (1, 2)
        if (term := term_named(f"{year}-{year + 1}-{part}")).starts_on <= day
    )


def terms_of(school_year: str) -> tuple[Term, Term]:
    """Both terms of a school year."""
    return term_named(f"{school_year}-1"), term_named(f"{school_year}-2")


def next_term(term: Term) -> Term:
    """The term after a term."""
    autumn, spring = terms_of(term.school_year)
    year = spring.starts_on.year
    return spring if term == autumn else term_named(f"{year}-{year + 1}-1")


def days_of(kind: str, period: str) -> tuple[date, date]:
    """The first and last day of a period: `2026-11`, `2026-Q4`, `2026-2027-1`, `2026-2027`; refuses what is none of its kind."""
    match kind:
        case "monthly" if found := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", period):
            return _months(int(found[1]), since=int(found[2]), until=int(found[2]))
        case "quarterly" if found := re.fullmatch(r"(\d{4})-Q([1-4])", period):
            return _months(int(found[1]), since=int(found[2]) * 3 - 2, until=int(found[2]) * 3)
        case "term" if _NAME.fullmatch(period):
            term = term_named(period)
            return term.starts_on, term.ends_on
        case "year" if _NAME.fullmatch(f"{period}-1"):
            begun = int(term_named(f"{period}-1").name[:4])
            return date(begun, 9, 1), date(begun + 1, 8, 31)
        case _ if kind not in PERIOD_KINDS:
            raise Refused(f"Statistics are reported {', '.join(PERIOD_KINDS)}.")
    form = {"monthly": "2026-11", "quarterly": "2026-Q4", "term": "2026-2027-1", "year": "2026-2027"}[kind]
    raise Refused(f"A period that is reported {kind} is written like {form}.")


def periods_to_freeze(day: date) -> list[tuple[PeriodKind, str]]:
    """The periods that are over, or end today, and of which the numbers can still be frozen, in the order of their last days."""
    found: list[tuple[date, PeriodKind, str]] = []
    for back in range(MOST_DAYS_LATE + 1):
        last = day - timedelta(days=back)
        month, term = last + timedelta(days=1), term_on(last)
        if month.day == 1:
            found.append((last, "monthly", f"{last:%Y-%m}"))
            if last.month % 3 == 0:
                found.append((last, "quarterly", f"{last:%Y}-Q{last.month // 3}"))
        if term.ends_on == last:
            found.append((last, "term", term.name))
        if (last.month, last.day) == (8, 31):
            found.append((last, "year", f"{last.year - 1}-{last.year}"))
    return [(kind, period) for _, kind, period in sorted(found)]


def _months(year: int, *, since: int, until: int) -> tuple[date, date]:
    return date(year, since, 1), date(year, until, monthrange(year, until)[1])


def is_school_day(day: date) -> bool:
    """Whether classes are held: a day of a term on which offices work, days worked in place of a holiday among them."""
    return is_working_day(day) and day <= term_on(day).ends_on


def school_days(since: date, until: date) -> int:
    """How many school days lie between two days, both included."""
    return sum(is_school_day(since + timedelta(days=number)) for number in range((until - since).days + 1))


def add_school_days(day: date, number: int) -> date:
    """The last day of a term of so many school days that begins with `day`, which itself is not counted."""
    while number > 0:
        day += timedelta(days=1)
        number -= is_school_day(day)
    return day


_TERMS: Final = {
    name: Term(told["starts_on"], told["ends_on"], name)
    for name, told in tomllib.loads(
        resources.files(__package__).joinpath("school_terms.toml").read_text("utf-8")
    ).items()
}
