"""Who may see what: the policy table 授权表 (`policy.csv`, `commands.csv`, `purposes.csv`), compiled once into immutable grants.

A gateway takes it from the policy log, where every version stands released and signed (`policy_log.py`).

A line of `policy.csv` gives kinds of department (education_bureau, township …), for a purpose, fields of a GraphQL type:
in which rows (`relation`), how (`mode`) and on what legal basis. What no line gives does not exist for that caller.
`purposes.csv` says who approves a purpose for an officer. There are no conditions and no expressions, so the table is finite and can be read on paper by the department it binds.

Relations and modes are closed sets, see `Relation` and `Mode`; their days and numbers stand in `rules.toml`.
A purpose reaches children in one way only, so a record can't be seen through the widest of several doors.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from gateway.access import rules
from services.chassis.errors import Forbidden

NODE_ID = "nodeId"
FILES: Final = ("policy.csv", "commands.csv", "purposes.csv", "rules.toml")
"""What is the policy, by name: these texts together are one version."""


class Relation(StrEnum):
    """In which rows a field may be seen."""

    AREA = "area"
    """Rows of townships in the unit's area 辖区."""
    VILLAGE = "village"
    """The unit's own village 本村."""
    SCHOOL = "school"
    """The unit's own school 本校."""
    CASE = "case"
    """Children of the unit's area whose case is open 在办个案; closing it ends this."""
    REFERRAL = "referral"
    """Children about whom the unit is asked: by an open referral to it 转办, for some days after its answer (`rules.toml`),
    or by an open finding it owes an answer to 比对发现."""
    CONSENT = "consent"
    """Children whose guardian consented to this purpose for this unit 监护人同意, while the consent lasts."""
    ORDER = "order"
    """Children whom a supervision order to this unit names 督导令, while it lasts."""
    EMERGENCY = "emergency"
    """The one child on whose record the officer broke the glass 紧急查阅, for the hours in `rules.toml`."""
    OWN = "own"
    """Notices addressed to the unit, and deliveries it handed in."""
    ANY = "any"
    """Reference data, and the roots of Query, which hold nothing themselves."""


class Mode(StrEnum):
    """How a field may be seen; what may not be seen has no grant."""

    FULL = "full"
    MASK = "mask"
    """A name's first character, a number's last four 脱敏."""
    BUCKET = "bucket"
    """A class instead of the value, by a field of its own: `ageBand` for a birth date 分档."""
    PREDICATE = "predicate"
    """Yes or no instead of the value, by a field of its own: `inHardship` for the kind of hardship 是否."""
    COUNT = "count"
    """A number of persons, small ones withheld 小数隐去."""
    NONE = "none"
    """Never, said expressly: a later line that grants it contradicts the table 明确不予."""


class Purpose(StrEnum):
    """The grounds on which data may be looked at 用途, a closed set."""

    DROPOUT_CONTROL = "dropout_control"
    IDENTITY_CHECK = "identity_check"
    SOCIAL_RELIEF = "social_relief"
    DISABILITY_PLACEMENT = "disability_placement"
    LEGAL_ACTION = "legal_action"
    LEGAL_SUPERVISION = "legal_supervision"
    ASSISTANCE = "assistance"
    MENTORING = "mentoring"
    SUPERVISION = "supervision"
    SUPERVISION_ORDER = "supervision_order"
    STATISTICS = "statistics"
    EMERGENCY = "emergency"
    INFORMANT_CONTACT = "informant_contact"
    """Whoever looks into a report of the public has to ask who told it 联系举报人 (N3.5)."""
    OPERATION = "operation"


_MASKED = ("name", "guardianName", "idNumber", "guardianPhone", "studentNumber")
_MODES: Mapping[tuple[str, str], frozenset[Mode]] = {
    **{(of, field): frozenset({Mode.FULL, Mode.MASK}) for of in ("Child", "DoubtRow") for field in _MASKED},
    ("Child", "ageBand"): frozenset({Mode.BUCKET}),
    **{("Child", field): frozenset({Mode.PREDICATE}) for field in ("underFourteen", "inHardship", "hasDisability")},
    **{
        ("Query", field): frozenset({Mode.PREDICATE})
        for field in ("identityMatches", "holdsDisabilityCertificate", "inMinimumLiving", "enrolledThisTerm")
    },
    ("ChildReplay", "name"): frozenset({Mode.FULL, Mode.MASK}),
    ("FindingCount", "count"): frozenset({Mode.FULL, Mode.COUNT}),
    ("PartitionRow", "count"): frozenset({Mode.FULL, Mode.COUNT}),
    ("StatisticsFigure", "numerator"): frozenset({Mode.FULL, Mode.COUNT}),
    ("StatisticsFigure", "denominator"): frozenset({Mode.FULL, Mode.COUNT}),
}
"""The modes a field has; any other may be seen in full or not at all."""
_FULL = frozenset({Mode.FULL})


class Approver(StrEnum):
    """Who approves a purpose for an officer 审批."""

    POST = "post"
    """The post itself, as the department's directory has it 岗位授权: the issuer gives such tokens to nobody else."""
    HEAD = "head"
    """The department's head, officer by officer and for a time 负责人审批."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approves a purpose, and on what legal basis."""

    by: Approver
    legal_basis: str


WARRANTED = frozenset({Relation.CONSENT, Relation.ORDER, Relation.EMERGENCY})
"""Relations that rest on a warrant 凭据, see `warrants.py`."""
ROW_RELATIONS = WARRANTED | {Relation.AREA, Relation.VILLAGE, Relation.SCHOOL, Relation.CASE, Relation.REFERRAL}


class PolicyError(ValueError):
    """The table contradicts itself; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One field that may be seen."""

    relation: Relation
    mode: Mode
    legal_basis: str


def _nothing() -> Mapping[tuple[str, str], Grant]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What a kind of department may do for a purpose. `reach` is the way its rows are reached, None where none are."""

    kind: str
    purpose: str
    fields: Mapping[tuple[str, str], Grant] = field(default_factory=_nothing)
    commands: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The commands that may be sent, each with its legal basis."""
    reach: Relation | None = None
    refused: Mapping[tuple[str, str], Grant] = field(default_factory=_nothing)
    """What the table refuses expressly, and why."""
    about_one: bool = False
    """Whether the token is about one child, whose rows alone are then reached."""
    approval: "Approval | None" = None
    """Who approves the purpose for an officer; None where the kind has no such purpose."""

    @property
    def needs_head(self) -> bool:
        """Whether the unit's head has to approve this purpose for each officer."""
        return self.approval is not None and self.approval.by is Approver.HEAD

    def of(self, type_name: str, field_name: str) -> Grant | None:
        """The grant of a field, or None. A node id says what the id says, and is granted with it."""
        return self.fields.get((type_name, "id" if field_name == NODE_ID else field_name))

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
    """The compiled table. `version` is a hash of its text and of the rules', written on every receipt."""

    version: str
    grants: Mapping[tuple[str, str], Grants]

    def grants_of(self, *, kind: str, purpose: str) -> Grants:
        """What this kind of department may do for this purpose; nothing, where the table has no line."""
        found = self.grants.get((kind, purpose))
        return found or Grants(kind=kind, purpose=purpose)

    def granted_fields(self) -> frozenset[tuple[str, str]]:
        """Every field somebody may see."""
        return frozenset(field for grants in self.grants.values() for field in grants.fields)


def read_files() -> dict[str, str]:
    """The texts that ship with the gateway, by the names of `FILES`; line ends are line feeds whatever the checkout made."""
    folder = files("gateway.access")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in FILES}


def load_policy() -> Policy:
    """The policy that ships with the gateway, released or not: for tools that look at it. A gateway asks the log."""
    return compile_files(read_files())


def compile_files(texts: Mapping[str, str]) -> Policy:
    """Compiles one version from its texts; raises `PolicyError`."""
    return compile_policy(
        fields=texts["policy.csv"],
        commands=texts["commands.csv"],
        purposes=texts["purposes.csv"],
        rules=texts["rules.toml"],
    )


@lru_cache(maxsize=8)
def compile_policy(*, fields: str, commands: str, purposes: str, rules: str = rules.TEXT) -> Policy:
    """Compiles the three tables, the same texts once; raises `PolicyError` where a line contradicts another or uses an unknown word."""
    granted: dict[tuple[str, str], dict[tuple[str, str], Grant]] = {}
    ways: dict[tuple[str, str], dict[str, Relation]] = {}
    for line, row in enumerate(csv.DictReader(fields.splitlines()), start=2):
        grant = _grant(row, line=line)
        for kind in row["kinds"].split():
            for purpose in row["purpose"].split():
                key = (kind, _purpose(purpose, line=line))
                _add(granted.setdefault(key, {}), ways.setdefault(key, {}), row, grant=grant, line=line)
    sent: dict[tuple[str, str], dict[str, str]] = {}
    for line, row in enumerate(csv.DictReader(commands.splitlines()), start=2):
        for kind in row["kinds"].split():
            words = sent.setdefault((kind, _purpose(row["purpose"], line=line)), {})
            words.update(dict.fromkeys(row["commands"].split(), row["legal_basis"].strip()))
    approvals = _approvals(purposes)
    for kind, purpose in sorted((granted.keys() | sent.keys()) - approvals.keys()):
        message = f"purposes.csv: say who approves {purpose} for an officer of {kind}: post or head"
        raise PolicyError(message)
    compiled = {
        key: Grants(
            kind=key[0],
            purpose=key[1],
            fields=MappingProxyType(_given(granted.get(key, {}))),
            commands=MappingProxyType(sent.get(key, {})),
            refused=MappingProxyType({k: g for k, g in granted.get(key, {}).items() if g.mode is Mode.NONE}),
            approval=approvals[key],
            reach=_reach(key, _given(granted.get(key, {})).items()),
        )
        for key in granted.keys() | sent.keys()
    }
    version = hashlib.sha256(f"{fields}\0{commands}\0{purposes}\0{rules}".encode()).hexdigest()[:16]
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


def _approvals(purposes: str) -> dict[tuple[str, str], Approval]:
    approvals: dict[tuple[str, str], Approval] = {}
    for line, row in enumerate(csv.DictReader(purposes.splitlines()), start=2):
        try:
            approval = Approval(Approver(row["approval"]), row["legal_basis"].strip())
        except ValueError as error:
            message = f"purposes.csv line {line}: {error}"
            raise PolicyError(message) from None
        for kind in row["kinds"].split():
            for word in row["purpose"].split():
                if approvals.setdefault((kind, _purpose(word, line=line)), approval) is not approval:
                    message = f"purposes.csv line {line}: {word} of {kind} stands there already"
                    raise PolicyError(message)
    return approvals


def _purpose(word: str, *, line: int) -> str:
    if word not in set(Purpose):
        message = f"line {line}: {word} is not a purpose; one of {', '.join(Purpose)}"
        raise PolicyError(message)
    return word


def _add(
    granted: dict[tuple[str, str], Grant], ways: dict[str, Relation], row: Mapping[str, str], *, grant: Grant, line: int
) -> None:
    for name in row["fields"].split():
        key = (row["type"], name)
        if grant.mode is not Mode.NONE and grant.mode not in _MODES.get(key, _FULL):
            message = f"policy.csv line {line}: no {grant.mode} is defined for {row['type']}.{name}"
            raise PolicyError(message)
        if granted.setdefault(key, grant) is not grant:
            message = f"policy.csv line {line}: {row['type']}.{name} is granted twice for the same kind and purpose"
            raise PolicyError(message)
    way = grant.relation if grant.mode is Mode.NONE else ways.setdefault(row["type"], grant.relation)
    if way is not grant.relation:
        message = (
            f"policy.csv line {line}: {row['type']} is reached in two ways: {', '.join(sorted((way, grant.relation)))}"
        )
        raise PolicyError(message)


def _given(fields: Mapping[tuple[str, str], Grant]) -> dict[tuple[str, str], Grant]:
    """What may be seen, without what is refused expressly."""
    return {key: grant for key, grant in fields.items() if grant.mode is not Mode.NONE}


def _reach(key: tuple[str, str], granted: Iterable[tuple[tuple[str, str], Grant]]) -> Relation | None:
    relations = {grant.relation for _, grant in granted} & ROW_RELATIONS
    if len(relations) > 1:
        message = f"policy.csv: {key[0]} reaches rows for {key[1]} in two ways: {', '.join(sorted(relations))}"
        raise PolicyError(message)
    return next(iter(relations), None)
