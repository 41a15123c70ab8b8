"""Who stands in for an official for a while 代理: one at a time, from a day until a day, while the official stays in charge."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.chassis.errors import Refused

LONGEST_DAYS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Deputy:
    """An account that answers in another's place; both days included."""

    officer: str
    from_on: date
    until_on: date


def stand_in(deputy: Deputy, *, for_officer: str, since: date, others: Iterable[Deputy], act: str) -> Deputy:
    """The deputy, when nothing speaks against it: somebody else, after the official began, on days nobody stands in yet."""
    if not deputy.officer or deputy.officer == for_officer:
        raise Refused(f"{act}: name the account of somebody else to stand in (N7).")
    if not since <= deputy.from_on <= deputy.until_on:
        raise Refused(f"{act}: the official answers since {since}; a deputy's days lie after that, first before last.")
    if (deputy.until_on - deputy.from_on).days >= LONGEST_DAYS:
        raise Refused(f"{act}: nobody stands in for more than {LONGEST_DAYS} days; hand the responsibility over (N7).")
    for other in others:
        if deputy.from_on <= other.until_on and other.from_on <= deputy.until_on:
            raise Refused(f"{act}: somebody stands in from {other.from_on} until {other.until_on} already.")
    return deputy


def on_day(day: date, *, deputies: Iterable[Deputy], officer: str) -> str:
    """The one account that answers on a day: the deputy's where one stands in, the official's own else."""
    return next((one.officer for one in deputies if one.from_on <= day <= one.until_on), officer)
