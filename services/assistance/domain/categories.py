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
    """What the roster states of one child 重点群体: registers' words, yes or no, and which row each was taken from."""

    poverty: str = ""
    disability: str = ""
    left_behind: bool = False
    migrant: bool = False
    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}))


FACTS: Final = ("poverty", "disability", "left_behind", "migrant")
"""What of it a category is read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category, in force from `from_on` until the day before `until_on`."""

    code: str
    name: str
    register: str
    from_on: date
    legal_basis: str
    field: str = ""
    words: tuple[str, ...] = ()
    until_on: date | None = None

    def holds(self, *, on: date) -> bool:
        """Whether the category is in force on a day."""
        return self.from_on <= on and (self.until_on is None or on < self.until_on)

    def word_for(self, groups: Groups) -> str:
        """The table's word by which the registers put a child into this category, or an empty text."""
        if not self.field:
            return ""
        stated = getattr(groups, self.field)
        if isinstance(stated, bool):
            return self.name if stated else ""
        return next((word for word in _SEPARATORS.split(stated) if word in self.words), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why a child is in a category 认定依据: who says so, the words of the source, the law, and the row, where one is known."""

    category: str
    source: Source
    words: str
    legal_basis: str
    origin: Origin | None = None


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
        categories = tuple(Category(**{**entry, "words": tuple(entry.get("words", ()))}) for entry in entries)
        readable = {"", *FACTS}
        for category in categories:
            if category.field not in readable or (category.field == "") != (category.register == "department"):
                message = (
                    f"category {category.code}: {category.field!r} is not a fact of register {category.register!r}"
                )
                raise ValueError(message)
        for one, other in combinations(categories, 2):
            if one.code == other.code or (_overlap(one, other) and set(one.words) & set(other.words)):
                message = f"categories {one.code} and {other.code} share a code, or a word on the same day"
                raise ValueError(message)
        return cls(categories)

    def get(self, code: str, *, on: date) -> Category:
        """The category of this code in force on a day; refuses an unknown or ended one."""
        for category in self.categories:
            if category.code == code and category.holds(on=on):
                return category
        known = ", ".join(category.code for category in self.categories if category.holds(on=on))
        raise Refused(f"There is no such category on that day (N6.1); in force are {known}.")

    def stated(self, groups: Groups, *, on: date) -> Mapping[str, Ground]:
        """The grounds the registers give on a day, by category."""
        return {
            category.code: Ground(
                category=category.code,
                source="roster",
                words=f"{category.register} register: {word}",
                legal_basis=category.legal_basis,
                origin=groups.origins.get(category.field),
            )
            for category in self.categories
            if category.holds(on=on) and (word := category.word_for(groups))
        }

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
