"""Moments that somebody chose on a page, by the day or by the term."""

from datetime import date, timedelta
from typing import Final

from services.chassis.school_terms import Term, term_on

TERMS: Final = 6
"""How many terms there are to choose from."""


def end_of(day: str) -> str:
    """The last moment of a day in China, as GraphQL takes it; '' for none. What is no date is refused by the schema."""
    return f"{day}T23:59:59.999999+08:00" if day else ""


def terms_until(day: str) -> list[str]:
    """The names of the last terms that have begun by a day, the latest first."""
    terms: list[Term] = [term_on(date.fromisoformat(day))]
    while len(terms) < TERMS:
        terms.append(term_on(terms[-1].starts_on - timedelta(days=1)))
    return [term.name for term in terms]
