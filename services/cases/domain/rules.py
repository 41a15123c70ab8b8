"""The county's clocks 期限规则: effective-dated rules as data, and what is owed under them.

The rules stand in `rules.toml`, each with its legal basis and source; they are read once, when this module is imported,
and a file that contradicts itself stops the service there. A case asks for what is owed on the day of an act and keeps
the answer in its event, so that a rule changed later changes nothing that was owed before.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib import resources
from itertools import combinations
from typing import Any, Final, Literal, Self, get_args

import msgspec

from services.chassis.school_terms import add_school_days, school_days
from services.chassis.working_days import add_working_days, working_days_between

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
        "penalty_ran_out",
        "demand_ran_out",
        "judicial_ran_out",
        "suit_filed",
        "suit_accepted",
        "enforcement_filed",
        "enforcement_accepted",
        "judgment_served",
        "ruling_served",
        "decision_appealed",
        "decision_enforced",
        "returned",
        "watched",
        "searched",
        "report_received",
        "report_inquired",
        "data_request_received",
    }
    | {f"{unit}_late" for unit in get_args(Unit)}
)
"""What starts a clock. Nobody is above the county: what it lets run out it owes again, and is told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The next step owed 应办: what, by whom, by when (that day included), under which rule, on what legal basis."""

    step: str
    by: Unit
    due_on: date
    rule: str
    legal_basis: str

    def due(self, due_on: date) -> "Owed":
        """The same step, due on another day."""
        return replace(self, due_on=due_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One clock, in force from `from_on` until the day before `until_on`; its term in days of its `unit`."""

    id: str
    trigger: str
    by: Unit
    term: int
    from_on: date
    legal_basis: str
    source: str
    unit: Literal["days", "working_days", "school_days"] = "days"
    step: str = ""
    stage: str = "any"
    area: str = ""
    pupil: bool | None = None
    until_on: date | None = None
    seat_days: int = 0
    absent_days: int = 0
    watch_days: int = 0

    def holds(self, *, on: date) -> bool:
        """Whether the rule is in force on a day."""
        return self.from_on <= on and (self.until_on is None or on < self.until_on)

    def covers(self, *, stage: str, pupil: bool, township: str) -> bool:
        """Whether the rule is for a child of this stage and township, with or without a school."""
        return self.stage in {"any", stage} and self.pupil in {None, pupil} and township.startswith(self.area)

    def after(self, day: date, *, term: int = 0) -> date:
        """The last day in time of a clock that starts on a day; of another term than the rule's own where one is given."""
        term = term or self.term
        match self.unit:
            case "working_days":
                return add_working_days(day, term)
            case "school_days":
                return add_school_days(day, term)
            case "days":
                return day + timedelta(days=term)

    def between(self, day: date, later: date) -> int:
        """How many days of the rule's unit come after a day, up to and including a later one."""
        match self.unit:
            case "working_days":
                return working_days_between(day, later)
            case "school_days":
                return school_days(day + timedelta(days=1), later)
            case "days":
                return (later - day).days

    @property
    def unit_in_words(self) -> str:
        """The unit as people read it."""
        return self.unit.replace("_", " ")

    @property
    def precision(self) -> int:
        """How narrow the rule is: the narrower of two wins, and an area is narrower than anything else."""
        return 4 * (self.area != "") + (self.stage != "any") + (self.pupil is not None)

    def clashes(self, *, other: "Rule") -> bool:
        """Whether both could be meant for one child on one day, and nothing tells which."""
        return (
            self.trigger == other.trigger
            and self.precision == other.precision
            and (self.stage == other.stage or "any" in {self.stage, other.stage})
            and (self.pupil == other.pupil or None in {self.pupil, other.pupil})
            and (self.area.startswith(other.area) or other.area.startswith(self.area))
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
            if rule.trigger not in TRIGGERS or rule.term < 1:
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

    def by_id(self, rule_id: str) -> Rule:
        """The rule of an id; ids are never taken away, because histories name them."""
        return next(rule for rule in self.rules if rule.id == rule_id)

    def get(self, trigger: str, *, stage: str, pupil: bool, on: date, township: str = "") -> Rule:
        """The narrowest rule in force on a day; before the first rule of a kind began, that first rule."""
        fitting = [
            rule
            for rule in self.rules
            if rule.trigger == trigger and rule.covers(stage=stage, pupil=pupil, township=township)
        ]
        in_force = [rule for rule in fitting if rule.holds(on=on)]
        if in_force:
            return max(in_force, key=lambda rule: rule.precision)
        return min(fitting, key=lambda rule: (abs((rule.from_on - on).days), -rule.precision))


def owed(rule: Rule, *, counted_from: date, step: str = "") -> Owed:
    """What is owed when a rule's clock starts on a day; `step` where the rule leaves the step as it was."""
    return Owed(
        step=rule.step or step,
        by=rule.by,
        due_on=rule.after(counted_from),
        rule=rule.id,
        legal_basis=rule.legal_basis,
    )


class Lead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many working days before its last day a step falls due soon 临期, in force from `from_on` until the day before `until_on`."""

    id: str
    days: int
    shortest_term: int
    from_on: date
    source: str
    until_on: date | None = None


_FILE: Final = tomllib.loads(resources.files(__package__).joinpath("rules.toml").read_text("utf-8"))
RULES: Final = Rules.of(_FILE["rule"])
"""The rules as shipped."""
LEADS: Final = msgspec.convert(_FILE["lead"], tuple[Lead, ...])
"""The leads as shipped."""


def falls_due_soon(step: Owed, *, today: date) -> bool:
    """Whether the last day of a step is near."""
    return is_near(step.due_on, term=RULES.by_id(step.rule).term, today=today)


def is_near(due_on: date, *, term: int, today: date) -> bool:
    """Whether a last day is within its lead: not past, and of a term of days longer than whoever owes it was told of just now."""
    lead = next(
        (lead for lead in LEADS if lead.from_on <= today and (lead.until_on is None or today < lead.until_on)), None
    )
    if lead is None or not today <= due_on or term <= lead.shortest_term:
        return False
    return working_days_between(today, due_on) <= lead.days


def handed_up(late: Owed, *, on: date, stage: str, pupil: bool, township: str) -> Owed:
    """What is owed one level up when a step was not done in time 逾期上报: the same step, by whoever stands above."""
    rule = RULES.get(f"{late.by}_late", stage=stage, pupil=pupil, on=on, township=township)
    return owed(rule, counted_from=on, step=late.step)


def owed_beside(trigger: str, *, on: date, township: str) -> Owed:
    """What is owed beside a child's own case, where it isn't known which child is meant."""
    return owed(RULES.get(trigger, stage="", pupil=False, on=on, township=township), counted_from=on)
