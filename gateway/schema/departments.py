"""A page for each department 部门授权说明: what it sees, in which rows, how, for which purpose, why, and what it may do.

    python -m gateway.schema.departments      writes gateway/access/departments/ anew

Made of the policy table and the schema's own descriptions, so a page says what is in force and nothing else; a test holds
that the pages of the tree are these.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from graphql import GraphQLObjectType, GraphQLSchema

from gateway.access.kinds import DEPARTMENTS, Department
from gateway.access.policy import Approver, Grant, Grants, Mode, Policy, Relation, load_policy
from gateway.access.rules import RULES
from gateway.schema.schema import build_schema

K = TypeVar("K")
FOLDER: Final = Path(__file__).parent.parent / "access" / "departments"
_REACH: Final[Mapping[Relation | None, str]] = {
    Relation.AREA: "辖区内的记录 rows of its area",
    Relation.VILLAGE: "本村的记录 rows of its village",
    Relation.SCHOOL: "本校的记录 rows of its school",
    Relation.CASE: "辖区内有在办个案的儿童 children of its area whose case is open",
    Relation.REFERRAL: (
        "转办给本单位的儿童，办结答复后宽限若干日，或本单位应答复比对发现的儿童 children referred to it, for"
        f" {RULES.referral.grace_days} days after its answer, or about whom it owes an answer to a finding"
    ),
    Relation.CONSENT: "监护人已同意的儿童 children whose guardian consented, while the consent lasts",
    Relation.ORDER: "督导令列明的儿童 children a supervision order names, while it lasts",
    Relation.EMERGENCY: (
        f"紧急查阅的一名儿童，{RULES.emergency.opens_hours} 小时 the one child on whose record the officer broke the glass,"
        f" {RULES.emergency.opens_hours} hours"
    ),
    None: "不涉及个人 no person's record",
}
_MODES: Final[Mapping[Mode, str]] = {
    Mode.FULL: "全部 full",
    Mode.MASK: "脱敏 mask",
    Mode.BUCKET: "分档 class",
    Mode.PREDICATE: "是否 yes or no",
    Mode.COUNT: f"计数，小于 {RULES.count.withheld_under} 隐去 count, withheld under {RULES.count.withheld_under}",
}
_APPROVED: Final[Mapping[Approver, str]] = {
    Approver.POST: "岗位授权 by the post",
    Approver.HEAD: "负责人逐人审批，有期限 by the unit's head, officer by officer, for a time",
}


def pages(policy: Policy, schema: GraphQLSchema) -> dict[str, str]:
    """Each page by the name of its file; `README.md` lists them."""
    by_kind: dict[str, list[Grants]] = {kind: [] for kind in DEPARTMENTS}
    for (kind, _), grants in sorted(policy.grants.items()):
        by_kind[kind].append(grants)
    written = {f"{kind}.md": _page(kind, DEPARTMENTS[kind], of_kind, schema) for kind, of_kind in by_kind.items()}
    return {**written, "README.md": _contents(by_kind)}


def _contents(by_kind: Mapping[str, list[Grants]]) -> str:
    lines = [
        "# 部门授权说明",
        "",
        "What each department sees of a child, and why. Written by `python -m gateway.schema.departments`; don't edit.",
        "",
        "| | 部门 | 用途 |",
        "|---|---|---|",
        *(
            f"| [{kind}]({kind}.md) | {DEPARTMENTS[kind].names[-1].name} | {', '.join(g.purpose for g in of_kind)} |"
            for kind, of_kind in by_kind.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _page(kind: str, department: Department, of_kind: Iterable[Grants], schema: GraphQLSchema) -> str:
    lines = [f"# {department.names[-1].name} {kind}", "", department.duty, ""]
    if len(department.names) > 1:
        lines += ["| 名称 name | 自 from | 至 until |", "|---|---|---|"]
        lines += [f"| {n.name} | {n.from_on or ''} | {n.until_on or ''} |" for n in department.names]
        lines.append("")
    for grants in of_kind:
        lines += _purpose(grants, schema)
    return "\n".join(lines)


def _purpose(grants: Grants, schema: GraphQLSchema) -> Iterator[str]:
    yield f"## {grants.purpose}"
    yield ""
    if grants.approval is not None:
        yield f"- 审批 approved: {_APPROVED[grants.approval.by]}（{grants.approval.legal_basis}）"
    yield f"- 范围 rows: {_REACH[grants.reach]}"
    yield ""
    shown = [(key, grant) for key, grant in grants.fields.items() if key[0] != "Query"]
    if shown:
        yield "| 类型 type | 字段 fields | 方式 how | 依据 legal basis |"
        yield "|---|---|---|---|"
        yield from _lines(shown, schema)
        yield ""
    if grants.refused:
        yield "Never shown 明确不予:"
        yield ""
        yield from (
            f"- {type_name}: {_called(type_name, names, schema)}（{basis}）"
            for (type_name, basis), names in _grouped(grants.refused.items(), lambda grant: grant.legal_basis)
        )
        yield ""
    asked = [name for type_name, name in grants.fields if type_name == "Query"]
    yield f"May ask 可查询: {', '.join(f'`{name}`' for name in asked) or 'nothing'}."
    yield ""
    if grants.commands:
        yield "May do 可办理:"
        yield ""
        for basis, words in groupby(
            sorted(grants.commands, key=lambda w: (grants.commands[w], w)), grants.commands.get
        ):
            yield f"- {', '.join(f'`{word}`' for word in words)}（{basis}）"
        yield ""


def _lines(shown: Iterable[tuple[tuple[str, str], Grant]], schema: GraphQLSchema) -> Iterator[str]:
    for (type_name, how), names in _grouped(shown, lambda grant: (_MODES[grant.mode], grant.legal_basis)):
        mode, basis = how
        yield f"| {type_name} | {_called(type_name, names, schema)} | {mode} | {basis} |"


def _grouped(
    shown: Iterable[tuple[tuple[str, str], Grant]], key: Callable[[Grant], K]
) -> Iterable[tuple[tuple[str, K], list[str]]]:
    found: dict[tuple[str, K], list[str]] = {}
    for (type_name, name), grant in shown:
        found.setdefault((type_name, key(grant)), []).append(name)
    order = list(dict.fromkeys(type_name for type_name, _ in found))
    return sorted(found.items(), key=lambda line: order.index(line[0][0]))


def _called(type_name: str, names: Iterable[str], schema: GraphQLSchema) -> str:
    """Fields by name, with the Chinese term their description begins with."""
    kind = schema.type_map[type_name]
    fields = kind.fields if isinstance(kind, GraphQLObjectType) else {}
    told = []
    for name in names:
        term = re.match(r"[^\x00-\x7f]+", (fields[name].description or "") if name in fields else "")
        told.append(f"{name} {term.group()}" if term else name)
    return ", ".join(told)


def main() -> None:
    """Writes the pages, and takes away those of kinds that are no more."""
    written = pages(load_policy(), build_schema()._schema)  # noqa: SLF001  # see schema/operations.py
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
