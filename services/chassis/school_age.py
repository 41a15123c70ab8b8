"""When compulsory schooling begins and ends for a child 义务教育起止 (义务教育法 第二条、第十一条; N1.8).

A child that has completed six years by 31 August enters school on 1 September of that year, and nine years of schooling end
on 31 August. That is the law's count by school years, by which children are told to come of age. Findings and the partition count otherwise, by the notice (N1.8): six to
sixteen completed years on the day they are made, so that nobody is missed at either end of a school year.
"""

from datetime import date
from typing import Final

ENTRY_AGE: Final = 6
SCHOOL_YEARS: Final = 9
LAST_AGE: Final = 16
"""Completed years up to which a child is of compulsory-school age (N1.8)."""
_LAST_BIRTHDAY: Final = (8, 31)
"""Month and day by which the entry age must be completed."""


def age_in(birth: date) -> date:
    """The first day of compulsory schooling 应入学日: 1 September after the sixth birthday, or of the year it falls in by August."""
    by_august = (birth.month, birth.day) <= _LAST_BIRTHDAY
    return date(birth.year + ENTRY_AGE + (not by_august), 9, 1)


def age_out(birth: date) -> date:
    """The last day of compulsory schooling 义务教育期满: 31 August nine years after it began."""
    return date(age_in(birth).year + SCHOOL_YEARS, *_LAST_BIRTHDAY)


def answered_for_until(birth: date) -> date:
    """The last day on which somebody answers for the child 劝返期满: nine years of school and sixteen of age both over (N1.8).

    Whoever has nine years behind it on a 31 August is fifteen, and sixteen on the next one.
    """
    nine_years = age_out(birth)
    return nine_years.replace(year=nine_years.year + 1)
