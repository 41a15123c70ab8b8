"""What a programme pays a pupil for a term 资助项目与标准 (N6.1, N6.2): effective-dated rates as data, in fen 分.

`programmes.csv` is read once, when this module is imported; a file that contradicts itself stops the service there.
The shipped amounts are defaults: the county's finance and education offices set their own. To change one, end the old
line and add a new one; a line in place never changes, or past awards could not be checked.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import combinations
from typing import Final, Self

from services.assistance.domain.categories import CATEGORIES
from services.chassis.errors import Refused

STAGES = ("primary", "junior")
"""小学, 初中: the stages of compulsory education."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One line of the table, in force from `from_on` until the day before `until_on`; `amount_fen` for one term."""

    programme: str
    name: str
    stage: str
    boarding: bool
    amount_fen: int
    from_on: date
    until_on: date | None
    categories: tuple[str, ...]
    legal_basis: str
    source: str

    def holds(self, *, on: date) -> bool:
        """Whether the rate is in force on a day."""
        return self.from_on <= on and (self.until_on is None or on < self.until_on)

    def clashes(self, *, other: "Rate") -> bool:
        """Whether both are meant for one pupil on one day."""
        return (
            (self.programme, self.stage, self.boarding) == (other.programme, other.stage, other.boarding)
            and (self.until_on is None or other.from_on < self.until_on)
            and (other.until_on is None or self.from_on < other.until_on)
        )


@dataclass(frozen=True, slots=True)
class Programmes:
    """A table of rates that doesn't contradict itself."""

    rates: tuple[Rate, ...]

    @classmethod
    def of(cls, lines: Iterable[Mapping[str, str]]) -> Self:
        """Reads the lines of the table; a fault is a `ValueError` that names the line, counted from 2 as a person sees it."""
        rates = []
        for number, line in enumerate(lines, start=2):
            try:
                rates.append(_rate(line))
            except (KeyError, ValueError) as error:
                message = f"programmes.csv line {number}: {error}"
                raise ValueError(message) from None
        for (first, one), (second, other) in combinations(enumerate(rates, start=2), 2):
            if one.clashes(other=other):
                message = f"programmes.csv lines {first} and {second} are meant for the same pupil on the same day"
                raise ValueError(message)
        return cls(tuple(rates))

    @property
    def codes(self) -> tuple[str, ...]:
        """Every programme there ever was a rate of."""
        return tuple(dict.fromkeys(rate.programme for rate in self.rates))

    def get(self, programme: str, *, stage: str, boarding: bool, on: date) -> Rate:
        """The rate for such a pupil in force on a day; refuses where the table has none."""
        for rate in self.rates:
            if (rate.programme, rate.stage, rate.boarding) == (programme, stage, boarding) and rate.holds(on=on):
                return rate
        known = ", ".join(sorted({rate.programme for rate in self.rates if rate.holds(on=on)})) or "none"
        raise Refused(
            f"No rate is set for this programme, stage (primary or junior) and boarding on {on}; "
            f"programmes in force then: {known}. The county sets rates in programmes.csv (N6.2)."
        )


def _rate(line: Mapping[str, str]) -> Rate:
    categories = tuple(line["categories"].split())
    if unknown := set(categories) - {category.code for category in CATEGORIES.categories}:
        message = f"unknown categories {', '.join(sorted(unknown))}"
        raise ValueError(message)
    if line["stage"] not in STAGES or line["boarding"] not in {"yes", "no"} or int(line["amount_fen"]) <= 0:
        message = "stage is primary or junior, boarding yes or no, amount_fen a whole number over 0"
        raise ValueError(message)
    return Rate(
        programme=line["programme"],
        name=line["name"],
        stage=line["stage"],
        boarding=line["boarding"] == "yes",
        amount_fen=int(line["amount_fen"]),
        from_on=date.fromisoformat(line["from_on"]),
        until_on=date.fromisoformat(line["until_on"]) if line["until_on"] else None,
        categories=categories,
        legal_basis=line["legal_basis"],
        source=line["source"],
    )


PROGRAMMES: Final = Programmes.of(
    csv.DictReader(resources.files(__package__).joinpath("programmes.csv").read_text("utf-8").splitlines())
)
"""The rates as shipped."""
