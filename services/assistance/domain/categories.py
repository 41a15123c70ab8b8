"""Categories of children who may be assisted 资助对象类别 (N6.1): effective-dated data, each with its legal basis.

`categories.toml` is read once, when this module is imported; a file that contradicts itself stops the service there.
A ground names the register and the category's own words, never the register's cell: what is recorded in the clear
comes out of the table.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from itertools import combinations
from types import MappingProxyType
from typing import Any, Final, Literal, Self
from uuid import UUID

from services.chassis.errors import Refused

_SEPARATORS = re.compile(r"[,，、;；/\s]+")

Source = Literal["roster", "department"]
"""Who says that a category holds: the registers the roster compares, or a department on its own authority."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The row of a register that says so 出处: register, batch, and row counted from 1."""

    register: str
    batch_id: UUID
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """What the roster states of one child 重点群体: registers' words, yes or no, and which row each was taken from.

    `risk` of a monitored household is `not_removed` 风险未消除 or `removed` 风险已消除; empty where its register doesn't say.
    """

    poverty: str = ""
    relief: str = ""
    disability: str = ""
    left_behind: bool = False
    migrant: bool = False
    risk: str = ""
    monitored_on: date | None = None
    risk_removed_on: date | None = None
    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}))


FACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "relief": "civil_affairs",
        "poverty": "poverty",
        "disability": "disability",
        "left_behind": "enrolment",
        "migrant": "enrolment",
    }
)
"""What of it a category is read from, and the register that states it."""

_RISKS: Final[Mapping[str, str]] = {"not_removed": "风险未消除", "removed": "风险已消除"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category, in force from `from_on` until the day before `until_on`.

    Read from no fact, it is for a department to say. A `monitored` one holds until the household's risk is removed.
    """

    code: str
    name: str
    from_on: date
    legal_basis: str
    facts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    monitored: bool = False
    until_on: date | None = None

    def holds(self, *, on: date) -> bool:
        """Whether the category is in force on a day."""
        return self.from_on <= on and (self.until_on is None or on < self.until_on)

    def word_for(self, groups: Groups) -> tuple[str, str]:
        """The fact, and the table's word, by which the registers put a child into this category; empty texts where none does."""
        for fact in self.facts:
            stated = getattr(groups, fact)
            if isinstance(stated, bool):
                word = self.name if stated else ""
            else:
                word = next((word for word in _SEPARATORS.split(stated) if word in self.words), "")
            if word:
                return fact, word
        return "", ""

    def said(self, groups: Groups, *, on: date) -> "Said | None":
        """What the registers say of a child and this category on a day, or None where they don't name it."""
        fact, word = self.word_for(groups)
        if not word:
            return None
        since = until = None
        if self.monitored:
            word = ", ".join(part for part in (word, _RISKS.get(groups.risk, "")) if part)
            since = groups.monitored_on and max(self.from_on, min(groups.monitored_on, on))
            until = min(groups.risk_removed_on or on, on) if groups.risk == "removed" else None
        ground = Ground(
            category=self.code,
            source="roster",
            words=f"{FACTS[fact]} register: {word}",
            legal_basis=self.legal_basis,
            origin=groups.origins.get(fact),
        )
        return Said(ground, since=since, until=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why a child is in a category 认定依据: who says so, the words of the source, the law, and the row, where one is known."""

    category: str
    source: Source
    words: str
    legal_basis: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the registers say of a child and a category: the ground and, where they tell days, since when and until which day
    it holds, that day not included."""

    ground: Ground
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Categories:
    """A table of categories that doesn't contradict itself."""

    categories: tuple[Category, ...]
    _lapses: Mapping[str, date | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lapses = {category.code: category.until_on for category in self.categories}
        object.__setattr__(self, "_lapses", MappingProxyType(lapses))

    @classmethod
    def of(cls, entries: Iterable[dict[str, Any]]) -> Self:
        """Reads the entries of the file; a fault is a `ValueError` that names the category."""
        lists = ("facts", "words")
        categories = tuple(
            Category(**entry | {name: tuple(entry.get(name, ())) for name in lists}) for entry in entries
        )
        for category in categories:
            if not FACTS.keys() >= set(category.facts):
                message = f"category {category.code}: facts are {', '.join(FACTS)}, not {', '.join(category.facts)}"
                raise ValueError(message)
        for one, other in combinations(categories, 2):
            if one.code == other.code or (_overlap(one, other) and set(one.words) & set(other.words)):
                message = f"categories {one.code} and {other.code} share a code, or a word on the same day"
                raise ValueError(message)
        return cls(categories)

    def get(self, code: str, *, on: date) -> Category:
        """The category of this code in force on a day; refuses an unknown or ended one."""
        category = self.find(code, on=on)
        if category is not None:
            return category
        known = ", ".join(category.code for category in self.categories if category.holds(on=on))
        raise Refused(f"There is no such category on that day (N6.1); in force are {known}.")

    def find(self, code: str, *, on: date) -> Category | None:
        """The category of this code in force on a day, if there is one."""
        return next((one for one in self.categories if one.code == code and one.holds(on=on)), None)

    def stated(self, groups: Groups, *, on: date) -> Mapping[str, Said]:
        """What the registers say of a child on a day, by category."""
        in_force = (category for category in self.categories if category.holds(on=on))
        return {category.code: said for category in in_force if (said := category.said(groups, on=on))}

    def lapses_on(self, code: str) -> date | None:
        """The day from which a category is in force no longer; None for one that goes on, or that the table does not know."""
        return self._lapses.get(code)


def _overlap(one: Category, other: Category) -> bool:
    return (one.until_on is None or other.from_on < one.until_on) and (
        other.until_on is None or one.from_on < other.until_on
    )


CATEGORIES: Final = Categories.of(
    tomllib.loads(resources.files(__package__).joinpath("categories.toml").read_text("utf-8"))["category"]
)
"""The categories as shipped."""
