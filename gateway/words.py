"""The codes of the read model in the words of offices 代码与名称; the lists stand in `words.toml`."""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Final

from services.contracts.divisions import DIVISIONS

WORDS: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    files("gateway").joinpath("words.toml").read_text(encoding="utf-8")
)


def word(group: str, code: str) -> str:
    """The name of a code of a list, or the code itself where the list does not have it."""
    return WORDS[group].get(code, code)


def audit_part(figure: str, item: str) -> str:
    """A part of a figure of the yearly audit by its name; all of it where it has none."""
    return word(WORDS["audit_part_lists"].get(figure, "audit_parts"), item) if item else "合计"


def unit(name: str) -> str:
    """A unit `kind:area` as it is printed: the kind in words and its area, such as 教体局(410326)."""
    kind, _, area = name.partition(":")
    return f"{word('units', kind)}({area})" if area else word("units", kind)


def office(name: str) -> str:
    """A unit `kind:area` as it signs and is addressed: 小店镇人民政府, 汝阳县教育体育局."""
    kind, _, area = name.partition(":")
    place = DIVISIONS.name_of(area)
    return f"{place}{word('offices', kind)}" if place else unit(name)


def day(on: date | None) -> str:
    """A date as it is printed 成文日期, without leading zeros (GB/T 9704); room to write where there is none."""
    return "　　年　月　日" if on is None else f"{on.year}年{on.month}月{on.day}日"
