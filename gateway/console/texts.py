"""Every text of the pages 网页文字, Chinese and English, from one catalogue (`texts.toml`), and codes in words.

A code's Chinese name is the one that stands on ledgers and papers (`gateway/words.toml`); its English is the code itself.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any, Final, Literal

from gateway.words import WORDS
from services.chassis.clock import CHINA
from services.contracts.divisions import DIVISIONS

Language = Literal["zh", "en"]
LANGUAGES: Final[Mapping[str, int]] = {"zh": 0, "en": 1}
CATALOGUE: Final[Mapping[str, Mapping[str, Any]]] = tomllib.loads(
    files("gateway.console").joinpath("texts.toml").read_text(encoding="utf-8")
)


class Texts:
    """The catalogue in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.lang = {"zh": "zh-CN", "en": "en"}[language]
        self._at = LANGUAGES[language]

    def __call__(self, name: str, /, **values: object) -> str:
        """A text by `section.key`, its braces filled in; raises `KeyError` for one that is not there."""
        section, _, key = name.partition(".")
        text: str = CATALOGUE[section][key][self._at]
        return text.format(**values) if values else text

    def has(self, name: str) -> bool:
        """Whether there is such a text."""
        section, _, key = name.partition(".")
        return key in CATALOGUE.get(section, {})

    def word(self, group: str, code: object) -> str:
        """A code of a list in words; as it is where the list does not have it."""
        if code is None or code == "":
            return ""
        if self.language == "zh":
            return WORDS.get(group, {}).get(str(code), str(code))
        return _spaced(str(code))

    def words(self, group: str) -> list[tuple[str, str]]:
        """A list's codes, each with its word."""
        return [(code, self.word(group, code)) for code in WORDS[group]]

    def unit(self, name: str | None) -> str:
        """A unit `kind:area` in words: 小店镇 乡镇, or the kind and the code of a school; the system for its own acts."""
        kind, _, area = (name or "").partition(":")
        if kind == "policy":
            return self("site.system")
        place = DIVISIONS.name_of(area) or area
        return f"{place} {self.word('units', kind)}".strip()

    def by(self, actor: str | None, unit: str | None) -> str:
        """Who did something, and for which unit; only the unit where whoever reads may not see who."""
        if actor in {"", "clock"} or (actor or "").startswith("policy:"):
            return self("site.system")
        if not actor:
            return self.unit(unit) if unit else ""
        return f"{actor} · {self.unit(unit)}"

    def place(self, code: object) -> str:
        """A township or village by its name, where the county's list has it."""
        return "" if not code else DIVISIONS.name_of(str(code)) or str(code)

    def moment(self, at: str | None) -> str:
        """A moment in China's time, to the minute."""
        return "" if not at else datetime.fromisoformat(at).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")

    def money(self, fen: object) -> str:
        """An amount in yuan; nothing where it was not granted."""
        return f"￥{fen / 100:,.2f}" if isinstance(fen, int) else ""

    def number(self, value: int | None) -> str:
        """A number of persons; a sign where a small one is withheld."""
        return "…" if value is None else f"{value:,}"


def _spaced(code: str) -> str:
    return re.sub(r"([a-z])([A-Z])", r"\1 \2", code).replace("_", " ").lower() if not code.isupper() else code
