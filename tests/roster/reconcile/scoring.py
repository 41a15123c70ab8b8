"""Scores a reconciliation against a county's truth, as the folders have both: `links.csv` and `findings.csv`.

Links: over pairs of rows of one child. Findings: over (person, kind), where a found child stands for the person who owns most of
its rows. Scores of several counties add up: `Score` keeps counts, not shares.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

Key = tuple[str, str]
"""Register and row."""


class Score(NamedTuple):
    """Right, found and true, counted."""

    right: int = 0
    found: int = 0
    true: int = 0

    def plus(self, other: "Score") -> "Score":
        """Both together."""
        return Score(self.right + other.right, self.found + other.found, self.true + other.true)

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of what is true that was found."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.found + self.true) if self.found + self.true else 1.0


def read_links(folder: Path, *, whose: str) -> dict[Key, str]:
    """Child or person of each row; `whose` is the column that names it."""
    with (folder / "links.csv").open(encoding="utf-8-sig", newline="") as file:
        return {(line["register"], line["row"]): line[whose] for line in csv.DictReader(file)}


def read_findings(folder: Path, *, whose: str) -> dict[str, set[str]]:
    """Children or persons by kind of finding."""
    found: dict[str, set[str]] = defaultdict(set)
    with (folder / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            found[line["kind"]].add(line[whose])
    return found


def score_links(true: Mapping[Key, str], found: Mapping[Key, str]) -> Score:
    """Pairs of rows; a row that was not linked is a child of its own."""
    child = {key: found.get(key, f"alone {key}") for key in true}
    return Score(
        right=_pairs(Counter((person, child[key]) for key, person in true.items())),
        found=_pairs(Counter(child.values())),
        true=_pairs(Counter(true.values())),
    )


def _pairs(counts: Mapping[object, int]) -> int:
    return sum(n * (n - 1) // 2 for n in counts.values())


def persons_of(true: Mapping[Key, str], found: Mapping[Key, str]) -> dict[str, str]:
    """The person who owns most of the rows of each found child."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for key, person in true.items():
        if key in found:
            votes[found[key]][person] += 1
    return {child: counted.most_common(1)[0][0] for child, counted in votes.items()}


def score_findings(want: Iterable[str], have: Iterable[str], *, persons: Mapping[str, str]) -> Score:
    """Persons of one kind of finding."""
    wanted, had = set(want), {persons.get(child, child) for child in have}
    return Score(right=len(wanted & had), found=len(had), true=len(wanted))
