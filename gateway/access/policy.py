"""Who may see what: the policy table 授权表 (`policy.csv`, `commands.csv`), compiled once into immutable grants.

A line of `policy.csv` gives kinds of department (education_bureau, township …), for a purpose, fields of a GraphQL type:
in which rows (`relation`), how (`mode`) and on what legal basis. What no line gives does not exist for that caller.
There are no conditions and no expressions, so the table is finite and can be read on paper by the department it binds.

Relations, a closed set: `area` rows of townships in the unit's area 辖区; `village` and `school` the unit's own; `referral`
rows of children about whom the unit is asked, by an open referral to it 转办 or by an open finding it owes an answer to
比对发现; `own` notices addressed to the unit, and deliveries it handed in; `any` reference data.
A purpose reaches children in one way only, so a record can't be seen through the widest of several doors.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType

from services.chassis.errors import Forbidden


class Relation(StrEnum):
    """In which rows a field may be seen."""

    AREA = "area"
    VILLAGE = "village"
    SCHOOL = "school"
    REFERRAL = "referral"
    OWN = "own"
    ANY = "any"


class Mode(StrEnum):
    """How a field may be seen; what may not be seen has no grant."""

    FULL = "full"
    MASK = "mask"


class Purpose(StrEnum):
    """The grounds on which data may be looked at 用途, a closed set."""

    DROPOUT_CONTROL = "dropout_control"
    IDENTITY_CHECK = "identity_check"
    SOCIAL_RELIEF = "social_relief"
    DISABILITY_PLACEMENT = "disability_placement"
    LEGAL_ACTION = "legal_action"
    ASSISTANCE = "assistance"
    SUPERVISION = "supervision"
    STATISTICS = "statistics"
    OPERATION = "operation"


MASKABLE = frozenset(
    ("Child", field) for field in ("name", "guardianName", "idNumber", "guardianPhone", "studentNumber")
)
"""Fields for which a mask is defined; any other may be seen in full or not at all."""

ROW_RELATIONS = frozenset({Relation.AREA, Relation.VILLAGE, Relation.SCHOOL, Relation.REFERRAL})


class PolicyError(ValueError):
    """The table contradicts itself; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One field that may be seen."""

    relation: Relation
    mode: Mode
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Grants:
    """What a kind of department may do for a purpose. `reach` is the way its rows are reached, None where none are."""

    kind: str
    purpose: str
    fields: Mapping[tuple[str, str], Grant]
    commands: frozenset[str]
    reach: Relation | None

    def of(self, type_name: str, field: str) -> Grant | None:
        """The grant of a field, or None."""
        return self.fields.get((type_name, field))

    def relation(self, type_name: str) -> Relation:
        """In which rows of a type anything may be seen; raises `Forbidden` for a type of which nothing may be."""
        relation = next((grant.relation for (name, _), grant in self.fields.items() if name == type_name), None)
        if relation is None:
            raise forbidden(type_name, None, grants=self)
        return relation

    def require_command(self, command: str) -> None:
        """Raises `Forbidden` unless the command may be sent."""
        if command not in self.commands:
            message = f"The command {command} is not granted to {self.kind or 'this unit'} for {self.purpose}."
            raise Forbidden(message)


def forbidden(type_name: str, field: str | None, *, grants: Grants) -> Forbidden:
    """The refusal of a field, naming it; whether it exists at all is not told apart."""
    name = type_name if field is None else f"{type_name}.{field}"
    return Forbidden(f"{name} is not granted to {grants.kind} for {grants.purpose}.")


@dataclass(frozen=True, slots=True)
class Policy:
    """The compiled table. `version` is a hash of its text, written on every receipt."""

    version: str
    grants: Mapping[tuple[str, str], Grants]

    def grants_of(self, *, kind: str, purpose: str) -> Grants:
        """What this kind of department may do for this purpose; nothing, where the table has no line."""
        found = self.grants.get((kind, purpose))
        return found or Grants(kind, purpose, MappingProxyType({}), frozenset(), None)

    def granted_fields(self) -> frozenset[tuple[str, str]]:
        """Every field somebody may see."""
        return frozenset(field for grants in self.grants.values() for field in grants.fields)


def load_policy() -> Policy:
    """The policy that ships with the gateway."""
    folder = files("gateway.access")
    return compile_policy(
        fields=folder.joinpath("policy.csv").read_text(encoding="utf-8"),
        commands=folder.joinpath("commands.csv").read_text(encoding="utf-8"),
    )


def compile_policy(*, fields: str, commands: str) -> Policy:
    """Compiles the two tables; raises `PolicyError` where a line contradicts another or uses an unknown word."""
    granted: dict[tuple[str, str], dict[tuple[str, str], Grant]] = {}
    for line, row in enumerate(csv.DictReader(fields.splitlines()), start=2):
        grant = _grant(row, line=line)
        for kind in row["kinds"].split():
            for purpose in row["purpose"].split():
                _add(granted.setdefault((kind, _purpose(purpose, line=line)), {}), row, grant=grant, line=line)
    sent: dict[tuple[str, str], set[str]] = {}
    for line, row in enumerate(csv.DictReader(commands.splitlines()), start=2):
        for kind in row["kinds"].split():
            words = sent.setdefault((kind, _purpose(row["purpose"], line=line)), set())
            words.update(row["commands"].split())
    compiled = {
        key: Grants(
            kind=key[0],
            purpose=key[1],
            fields=MappingProxyType(granted.get(key, {})),
            commands=frozenset(sent.get(key, ())),
            reach=_reach(key, granted.get(key, {}).items()),
        )
        for key in granted.keys() | sent.keys()
    }
    version = hashlib.sha256(f"{fields}\0{commands}".encode()).hexdigest()[:16]
    return Policy(version=version, grants=MappingProxyType(compiled))


def _grant(row: Mapping[str, str], *, line: int) -> Grant:
    try:
        grant = Grant(Relation(row["relation"]), Mode(row["mode"]), row["legal_basis"].strip())
    except ValueError as error:
        message = f"policy.csv line {line}: {error}"
        raise PolicyError(message) from None
    if not grant.legal_basis:
        message = f"policy.csv line {line}: name the legal basis"
        raise PolicyError(message)
    return grant


def _purpose(word: str, *, line: int) -> str:
    if word not in set(Purpose):
        message = f"line {line}: {word} is not a purpose; one of {', '.join(Purpose)}"
        raise PolicyError(message)
    return word


def _add(granted: dict[tuple[str, str], Grant], row: Mapping[str, str], *, grant: Grant, line: int) -> None:
    for field in row["fields"].split():
        key = (row["type"], field)
        if grant.mode is Mode.MASK and key not in MASKABLE:
            message = f"policy.csv line {line}: no mask is defined for {row['type']}.{field}"
            raise PolicyError(message)
        if granted.setdefault(key, grant) is not grant:
            message = f"policy.csv line {line}: {row['type']}.{field} is granted twice for the same kind and purpose"
            raise PolicyError(message)
        others = {g.relation for (name, _), g in granted.items() if name == row["type"]}
        if len(others) > 1:
            message = f"policy.csv line {line}: {row['type']} is reached in two ways: {', '.join(sorted(others))}"
            raise PolicyError(message)


def _reach(key: tuple[str, str], granted: Iterable[tuple[tuple[str, str], Grant]]) -> Relation | None:
    relations = {grant.relation for _, grant in granted} & ROW_RELATIONS
    if len(relations) > 1:
        message = f"policy.csv: {key[0]} reaches rows for {key[1]} in two ways: {', '.join(sorted(relations))}"
        raise PolicyError(message)
    return next(iter(relations), None)
