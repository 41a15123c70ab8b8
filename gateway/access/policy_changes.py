"""What a version of the policy changes for whom 授权表变更, department by department, as its head can read it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.access.policy import Grant, Grants, Policy

EVERYBODY = "*"
"""Stands for every department: what a rule changes."""
_NOTHING = Grants(kind="", purpose="")


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One thing that is different for a kind of department and a purpose; empty `before` is new, empty `after` is gone."""

    kind: str
    purpose: str
    what: str
    before: str
    after: str


def changes(before: Policy, after: Policy) -> list[Change]:
    """What is different, in the order of departments and purposes."""
    return sorted(
        change
        for key in before.grants.keys() | after.grants.keys()
        for change in _of(key, before.grants.get(key, _NOTHING), after.grants.get(key, _NOTHING))
    )


def rule_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The same of `rules.toml`, which holds for everybody."""
    said, says = _flat(before), _flat(after)
    return [
        Change(EVERYBODY, "", name, said.get(name, ""), says.get(name, ""))
        for name in sorted(said.keys() | says.keys())
        if said.get(name) != says.get(name)
    ]


def _of(key: tuple[str, str], before: Grants, after: Grants) -> Iterator[Change]:
    """Fields that change alike are one line, by type."""
    approvals = [f"{g.approval.by} ({g.approval.legal_basis})" if g.approval else "" for g in (before, after)]
    if approvals[0] != approvals[1]:
        yield Change(*key, "approval 审批", *approvals)
    alike: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    fields = (before.fields | before.refused, after.fields | after.refused)  # type: ignore[operator]  # proxies of dicts
    for type_name, field in sorted(fields[0].keys() | fields[1].keys()):
        said, says = (_words(grants.get((type_name, field))) for grants in fields)
        if said != says:
            alike[type_name, said, says].append(field)
    for (type_name, said, says), names in alike.items():
        yield Change(*key, f"{type_name}: {' '.join(names)}", said, says)
    for command in sorted(before.commands.keys() | after.commands.keys()):
        basis = before.commands.get(command, ""), after.commands.get(command, "")
        if basis[0] != basis[1]:
            yield Change(*key, f"command {command}", *basis)


def _words(grant: Grant | None) -> str:
    return "" if grant is None else f"{grant.mode}, {grant.relation} ({grant.legal_basis})"


def _flat(rules: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{section}.{name}": msgspec.json.encode(value).decode().strip('"')
        for section, values in rules.items()
        for name, value in values.items()
    }
