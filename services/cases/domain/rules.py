"""The county's clocks 期限规则: effective-dated rules as data, and what is owed under them.

The rules stand in `rules.toml`, each with its legal basis and source; they are read once, when this module is imported,
and a file that contradicts itself stops the service there. A case asks for what is owed on the day of an act and keeps
the answer in its event, so that a rule changed later changes nothing that was owed before.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from itertools import combinations
from typing import Any, Final, Literal, Self, get_args

import msgspec

Unit = Literal["teacher", "school", "township", "bureau", "county", "justice", "court"]
"""Who owes a step: 班主任 / 学校 / 乡镇 / 教体局 / 县政府 / 司法局 / 法院."""

TRIGGERS: Final = frozenset(
    {
        "opened",
        "confirmed",
        "persuaded",
        "unreachable",
        "unreachable_reported",
        "reported",
        "order_ran_out",
        "judicial_ran_out",
        "returned",
        "watched",
    }
    | {f"{unit}_late" for unit in get_args(Unit) if unit != "county"}
)
"""What starts a clock. Nobody is above the county: what it lets run out is shown as late and handed to no one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The next step owed 应办: what, by whom, by when (that day included), under which rule, on what legal basis."""

    step: str
    by: Unit
    due_on: date
    rule: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One clock, in force from `from_on` until the day before `until_on`; terms in calendar days."""

    id: str
    trigger: str
    by: Unit
    term_days: int
    from_on: date
    legal_basis: str
    source: str
    step: str = ""
    stage: str = "any"
    pupil: bool | None = None
    until_on: date | None = None
    seat_days: int = 0
    watch_days: int = 0

    def holds(self, *, on: date) -> bool:
        """Whether the rule is in force on a day."""
        return self.from_on <= on and (self.until_on is None or on < self.until_on)

    def covers(self, *, stage: str, pupil: bool) -> bool:
        """Whether the rule is for a child of this stage, with or without a school."""
        return self.stage in {"any", stage} and self.pupil in {None, pupil}

    @property
    def precision(self) -> int:
        """How narrow the rule is: the narrower of two wins."""
        return (self.stage != "any") + (self.pupil is not None)

    def clashes(self, *, other: "Rule") -> bool:
        """Whether both could be meant for one child on one day, and nothing tells which."""
        return (
            self.trigger == other.trigger
            and self.precision == other.precision
            and (self.stage == other.stage or "any" in {self.stage, other.stage})
            and (self.pupil == other.pupil or None in {self.pupil, other.pupil})
            and (self.until_on is None or other.from_on < self.until_on)
            and (other.until_on is None or self.from_on < other.until_on)
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """A book of rules that doesn't contradict itself."""

    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, entries: Iterable[dict[str, Any]]) -> Self:
        """Reads the entries of a rule file; a fault is a `ValueError` that names the rule."""
        rules = tuple(msgspec.convert(entry, Rule) for entry in entries)
        for rule in rules:
            if rule.trigger not in TRIGGERS or rule.term_days < 1:
                message = f"rule {rule.id}: no trigger is called {rule.trigger!r}, or its term is under one day"
                raise ValueError(message)
        if missing := TRIGGERS - {rule.trigger for rule in rules}:
            message = f"no rule at all for {', '.join(sorted(missing))}"
            raise ValueError(message)
        for one, other in combinations(rules, 2):
            if one.id == other.id or one.clashes(other=other):
                message = f"rules {one.id} and {other.id} are meant for the same child on the same day"
                raise ValueError(message)
        return cls(rules)

    def get(self, trigger: str, *, stage: str, pupil: bool, on: date) -> Rule:
        """The narrowest rule in force on a day; before the first rule of a kind began, that first rule."""
        fitting = [rule for rule in self.rules if rule.trigger == trigger and rule.covers(stage=stage, pupil=pupil)]
        in_force = [rule for rule in fitting if rule.holds(on=on)]
        if in_force:
            return max(in_force, key=lambda rule: rule.precision)
        return min(fitting, key=lambda rule: (abs((rule.from_on - on).days), -rule.precision))


def owed(rule: Rule, *, counted_from: date, step: str = "") -> Owed:
    """What is owed when a rule's clock starts on a day; `step` where the rule leaves the step as it was."""
    return Owed(
        step=rule.step or step,
        by=rule.by,
        due_on=counted_from + timedelta(days=rule.term_days),
        rule=rule.id,
        legal_basis=rule.legal_basis,
    )


def handed_up(by: Unit) -> bool:
    """Whether somebody stands above who gets what this unit lets run out."""
    return f"{by}_late" in TRIGGERS


RULES: Final = Rules.of(tomllib.loads(resources.files(__package__).joinpath("rules.toml").read_text("utf-8"))["rule"])
"""The rules as shipped."""
