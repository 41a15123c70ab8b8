"""What bounds access besides the policy table (`rules.toml`): days, hours and numbers, each with its legal basis."""

import tomllib
from importlib.resources import files
from typing import Final

import msgspec


class Referral(msgspec.Struct, frozen=True):
    """How long an answered referral still opens its child 宽限."""

    grace_days: int
    legal_basis: str


class Count(msgspec.Struct, frozen=True):
    """Which counts of persons are withheld 小数隐去."""

    withheld_under: int
    legal_basis: str


class Emergency(msgspec.Struct, frozen=True):
    """How long break-glass opens a record, and by when somebody else has to review it 紧急查阅."""

    opens_hours: int
    review_within_hours: int
    legal_basis: str


class Longest(msgspec.Struct, frozen=True):
    """The longest something may be given for, in days."""

    longest_days: int
    legal_basis: str


class Consenting(Longest, frozen=True):
    """How long a consent lasts at most, and from which age the child itself is asked 同意."""

    own_view_from_years: int


class Predicates(msgspec.Struct, frozen=True):
    """How many questions with a yes or a no may be asked a day, and when it looks like somebody tries numbers out 是非核验."""

    unit_per_day: int
    officer_per_day: int
    number_per_day: int
    unknown_alarm: int
    legal_basis: str


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    referral: Referral
    count: Count
    emergency: Emergency
    approval: Longest
    consent: Consenting
    order: Longest
    predicates: Predicates


TEXT: Final = files("gateway.access").joinpath("rules.toml").read_text(encoding="utf-8")
"""The rules as they stand; part of the policy's version."""
RULES: Final = msgspec.convert(tomllib.loads(TEXT), type=Rules)
