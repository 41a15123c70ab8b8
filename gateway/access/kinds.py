"""The kinds of department 部门 and their names: a kind is the duty and stays, a name has a day from which it is used."""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Final

import msgspec


class Name(msgspec.Struct, frozen=True, rename={"from_on": "from", "until_on": "until"}):
    """A name, from a day on and until before another; open at the ends that are left out."""

    name: str
    from_on: date | None = None
    until_on: date | None = None


class Department(msgspec.Struct, frozen=True):
    """A kind of department: its names in order, and why it is here, with the clause."""

    names: tuple[Name, ...]
    duty: str

    def called(self, on: date) -> str:
        """Its name on a day; raises `ValueError` where it had none."""
        for name in self.names:
            if (name.from_on or date.min) <= on < (name.until_on or date.max):
                return name.name
        message = f"no name is known for {on}"
        raise ValueError(message)


DEPARTMENTS: Final[Mapping[str, Department]] = msgspec.convert(
    tomllib.loads(files("gateway.access").joinpath("kinds.toml").read_text(encoding="utf-8")),
    type=dict[str, Department],
)
"""By kind, as the policy table names it."""
