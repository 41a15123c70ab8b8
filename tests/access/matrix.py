"""The expectation of who sees what, as `who_sees_what.toml` says it: by department and purpose, fields and how each is shown."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MODES = {"~": "mask", "#": "count"}
DERIVED = {
    "ageBand": "bucket",
    "underFourteen": "predicate",
    "inHardship": "predicate",
    "hasDisability": "predicate",
    "identityMatches": "predicate",
    "enrolledThisTerm": "predicate",
    "inMinimumLiving": "predicate",
    "holdsDisabilityCertificate": "predicate",
}
"""Fields that are a class, or a yes or no, themselves."""
_TOLD = tomllib.loads(Path(__file__).with_name("who_sees_what.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Who:
    """A kind of department with a purpose, and the way its rows are reached."""

    kind: str
    purpose: str
    reach: str


WHO: Mapping[str, Who] = {name: Who(*told.split()) for name, told in _TOLD["departments"].items()}


def expected() -> dict[tuple[str, str], dict[tuple[str, str], str]]:
    """By (kind, purpose): each (type, field) that may be seen, and how."""
    cells: dict[tuple[str, str], dict[tuple[str, str], str]] = {(who.kind, who.purpose): {} for who in WHO.values()}
    for type_name, lines in _TOLD.items():
        if type_name in {"departments", "groups"}:
            continue
        for names, seers in lines.items():
            for name, mode in _seers(seers):
                for field in names.split():
                    cells[WHO[name].kind, WHO[name].purpose][type_name, field] = mode or DERIVED.get(field, "full")
    return cells


def _seers(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        mode = MODES.get(word[-1], "")
        name = word[:-1] if mode else word
        for one in _TOLD["groups"].get(name, name).split():
            yield one, mode
