"""Which programmes are not paid together for one term 互斥项目 (N6.3): effective-dated pairs as data, with their legal basis.

`exclusions.csv` is read once, when this module is imported; a file that contradicts itself, or names a programme that has no
rate, stops the service there. A pair holds for a term where it is in force on the term's first day. The shipped pair is a
default: the county sets its own by ending a line and adding one.
"""

import csv
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import combinations
from typing import Final, Self

from services.assistance.domain.programmes import PROGRAMMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Two programmes of which a child is paid one, from `from_on` until the day before `until_on`."""

    pair: frozenset[str]
    from_on: date
    until_on: date | None
    legal_basis: str
    source: str

    def holds(self, *, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.from_on <= on and (self.until_on is None or on < self.until_on)

    def clashes(self, *, other: "Exclusion") -> bool:
        """Whether both say the same of one day."""
        return (
            self.pair == other.pair
            and (self.until_on is None or other.from_on < self.until_on)
            and (other.until_on is None or self.from_on < other.until_on)
        )


@dataclass(frozen=True, slots=True)
class Exclusions:
    """A table of pairs that doesn't contradict itself."""

    exclusions: tuple[Exclusion, ...]

    @classmethod
    def of(cls, lines: Iterable[Mapping[str, str]], *, programmes: Container[str]) -> Self:
        """Reads the lines of the table; a fault is a `ValueError` that names the line, counted from 2 as a person sees it."""
        exclusions = []
        for number, line in enumerate(lines, start=2):
            try:
                exclusions.append(_exclusion(line, programmes=programmes))
            except (KeyError, ValueError) as error:
                message = f"exclusions.csv line {number}: {error}"
                raise ValueError(message) from None
        for (first, one), (second, other) in combinations(enumerate(exclusions, start=2), 2):
            if one.clashes(other=other):
                message = f"exclusions.csv lines {first} and {second} name the same two programmes on the same day"
                raise ValueError(message)
        return cls(tuple(exclusions))

    def between(self, one: str, other: str, *, on: date) -> Exclusion | None:
        """What keeps two programmes apart on a day, if anything does."""
        pair = frozenset((one, other))
        return next((found for found in self.exclusions if found.pair == pair and found.holds(on=on)), None)

    def beside(self, programme: str, *, on: date) -> tuple[str, ...]:
        """The programmes that are not paid together with one on a day."""
        held = (found for found in self.exclusions if programme in found.pair and found.holds(on=on))
        return tuple(other for found in held for other in found.pair if other != programme)


def _exclusion(line: Mapping[str, str], *, programmes: Container[str]) -> Exclusion:
    pair = frozenset((line["one"], line["other"]))
    if unknown := [programme for programme in sorted(pair) if programme not in programmes]:
        message = f"no rate is set for {', '.join(unknown)}"
        raise ValueError(message)
    if len(pair) == 1 or not line["legal_basis"]:
        message = "a line names two programmes and the legal basis on which a child is paid one of them"
        raise ValueError(message)
    return Exclusion(
        pair=pair,
        from_on=date.fromisoformat(line["from_on"]),
        until_on=date.fromisoformat(line["until_on"]) if line["until_on"] else None,
        legal_basis=line["legal_basis"],
        source=line["source"],
    )


EXCLUSIONS: Final = Exclusions.of(
    csv.DictReader(resources.files(__package__).joinpath("exclusions.csv").read_text("utf-8").splitlines()),
    programmes=PROGRAMMES.codes,
)
"""The pairs as shipped."""
