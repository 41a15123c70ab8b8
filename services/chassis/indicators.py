"""Statistics of schooling 教育统计指标: measures, named formulas with dates of validity, and sums that have to agree 勾稽.

All of it is data in `indicators.toml`; here is the arithmetic, over lines that hold one school's numbers each. What is of
no school stands on a line of its township with no school. Whoever counts, freezes or shows numbers reckons here, so that a
figure is the same wherever it stands.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from importlib import resources
from typing import Any, Final, Literal

import msgspec

Level = Literal["county", "township", "school"]
LEVELS: Final[tuple[Level, ...]] = ("county", "township", "school")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is counted 统计项; `of` is `children`, who can be listed, or `stated`, a number from elsewhere."""

    name: str
    of: Literal["children", "stated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A figure's formula 指标口径: measures with their signs above and below, its basis, and from when until when it holds."""

    id: str
    figure: str
    name: str
    numerator: Mapping[str, int]
    denominator: Mapping[str, int]
    better: Literal["high", "low"]
    from_on: date
    legal_basis: str
    source: str
    target: str = ""
    until_on: date | None = None

    def meets(self, rate: Fraction) -> bool | None:
        """Whether a rate is what the notice wants; None where it wants nothing of this figure."""
        if not self.target:
            return None
        return rate >= Fraction(self.target) if self.better == "high" else rate <= Fraction(self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Two sums that have to agree 勾稽关系; `always` where one count makes both."""

    id: str
    name: str
    left: Mapping[str, int]
    right: Mapping[str, int]
    on: Literal["every", "county"]
    always: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One school's numbers, or those of a township that are of no school; `counts` in the order of the measures."""

    township: str
    school: str
    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A county, a township or a school with its sums; codes that don't apply are empty."""

    township: str = ""
    school: str = ""
    name: str = ""
    counts: Mapping[str, int]

    def sum_of(self, terms: Mapping[str, int]) -> int:
        """A sum of measures with their signs; one that was not counted is none."""
        return sum(sign * self.counts.get(measure, 0) for measure, sign in terms.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A formula's two numbers for a place; no rate where there is nothing to divide by."""

    formula: Formula
    place: Place
    numerator: int
    denominator: int

    @property
    def rate(self) -> Fraction | None:
        """The one over the other, exact."""
        return Fraction(self.numerator, self.denominator) if self.denominator > 0 else None

    @property
    def meets(self) -> bool | None:
        """Whether it is what the notice wants; None where that can't be said."""
        return None if self.rate is None else self.formula.meets(self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Both sides of sums that have to agree, at a place."""

    identity: Identity
    place: Place
    left: int
    right: int

    @property
    def agrees(self) -> bool:
        """Whether they do."""
        return self.left == self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A number that was restated: what stood, and what stands now."""

    township: str
    school: str
    name: str
    measure: str
    before: int
    after: int


_LISTS: Final[dict[str, Any]] = tomllib.loads(
    resources.files(__package__).joinpath("indicators.toml").read_text("utf-8")
)
MEASURES: Final = msgspec.convert(_LISTS["measures"], dict[str, Measure])
FORMULAS: Final = msgspec.convert(_LISTS["formulas"], tuple[Formula, ...])
IDENTITIES: Final = msgspec.convert(_LISTS["identities"], tuple[Identity, ...])


def formulas_on(day: date) -> tuple[Formula, ...]:
    """The formulas in force on a day, in the order of the list."""
    return tuple(each for each in FORMULAS if each.from_on <= day and (each.until_on is None or day < each.until_on))


def places(lines: Sequence[Line], *, measures: Sequence[str], level: Level) -> list[Place]:
    """The sums of lines by school, by township or of the whole county; each line is in one sum of a level."""
    summed: dict[tuple[str, str], list[int]] = {}
    names: dict[tuple[str, str], str] = {}
    for line in lines:
        key = {"county": ("", ""), "township": (line.township, ""), "school": (line.township, line.school)}[level]
        sums = summed.setdefault(key, [0] * len(measures))
        for index, count in enumerate(line.counts):
            sums[index] += count
        names[key] = line.name if level == "school" else ""
    if level == "county" and not summed:
        summed["", ""] = [0] * len(measures)
    return [
        Place(
            township=township,
            school=school,
            name=names.get((township, school), ""),
            counts=dict(zip(measures, sums, strict=True)),
        )
        for (township, school), sums in sorted(summed.items())
    ]


def figures(formulas: Iterable[Formula], at: Iterable[Place]) -> list[Figure]:
    """Each formula for each place."""
    found = list(at)
    return [
        Figure(
            formula=formula,
            place=place,
            numerator=place.sum_of(formula.numerator),
            denominator=place.sum_of(formula.denominator),
        )
        for formula in formulas
        for place in found
    ]


def ranked(of_one: Iterable[Figure]) -> list[tuple[int, Figure]]:
    """Figures of one formula, the best first, with their rank 名次; equal rates share one. What has no rate is not ranked."""
    with_rate = [(figure.rate, figure) for figure in of_one if figure.rate is not None]
    ordered = sorted(
        with_rate,
        key=lambda each: (
            -each[0] if each[1].formula.better == "high" else each[0],
            each[1].place.township,
            each[1].place.school,
        ),
    )
    rates = [rate for rate, _ in ordered]
    return [(rates.index(rate) + 1, figure) for rate, figure in ordered]


def compared(lines: Sequence[Line], *, measures: Sequence[str], always: bool | None = None) -> list[Compared]:
    """Both sides of every sum that has to agree: for the county, and line by line where it is held there too."""
    whole = places(lines, measures=measures, level="county")
    by_line = places(lines, measures=measures, level="school")
    return [
        Compared(identity=each, place=place, left=place.sum_of(each.left), right=place.sum_of(each.right))
        for each in IDENTITIES
        if always is None or each.always is always
        for place in ([*whole, *by_line] if each.on == "every" else whole)
    ]


def changed(before: Sequence[Line], after: Sequence[Line], *, measures: Sequence[str]) -> list[Change]:
    """Every number that a restatement 更正 changed, by line and measure; a line that one side has not is of zeros there."""
    old, new = ({(line.township, line.school): line for line in lines} for lines in (before, after))
    found = []
    for key in sorted(old.keys() | new.keys()):
        lines = [side.get(key) for side in (old, new)]
        counts = [line.counts if line else (0,) * len(measures) for line in lines]
        name = next(line.name for line in reversed(lines) if line)
        found += [
            Change(township=key[0], school=key[1], name=name, measure=measure, before=was, after=now)
            for measure, was, now in zip(measures, *counts, strict=True)
            if was != now
        ]
    return found
