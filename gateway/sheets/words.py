"""The codes of the read model in the words of offices 代码与名称; the lists stand in `words.toml`."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    files("gateway.sheets").joinpath("words.toml").read_text(encoding="utf-8")
)


def word(group: str, code: str) -> str:
    """The name of a code of a list, or the code itself where the list does not have it."""
    return WORDS[group].get(code, code)


def unit(name: str) -> str:
    """A unit `kind:area` as it is printed: the kind in words and its area, such as 教体局(410326)."""
    kind, _, area = name.partition(":")
    return f"{word('units', kind)}({area})" if area else word("units", kind)
