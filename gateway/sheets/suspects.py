"""The national platform's list handed back 疑似辍学学生名单核查反馈: each row as the platform wrote it, and beside it what was found.

The platform knows its rows by its own numbers, which stand in no event: the roster hands the rows out as they came, and what became
of the children is told from the read model, as far as whoever takes the list out may see it.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from gateway.access.policy import Grants, Mode, forbidden
from gateway.schema.map import TABLES, identity_join, scope
from gateway.sheets.ledger import canonical, told_as
from gateway.sheets.stamp import Stamp
from gateway.words import unit, word
from services.chassis.workbook import Column, Sheet, write

_WRITTEN: Final = (
    ("疑似辍学编号", 18),
    ("姓名", 10),
    ("性别", 6),
    ("身份证件号", 20),
    ("户籍所在地", 28),
    ("下发日期", 12),
    ("核查期限", 12),
)
"""The platform's own columns, in the order in which the roster hands out cells."""
_FOUND: Final = (
    ("查实姓名", 10, "Child.name"),
    ("查实身份证号", 20, "Child.idNumber"),
    ("归类", 10, "Child.accountedState"),
    ("就读学校", 18, "Child.schoolName"),
    ("核查状态", 10, "Finding.state"),
    ("核查结果", 24, "Finding.resolution"),
    ("佐证材料", 24, "Finding.evidence"),
    ("销号日期", 12, "Finding.resolvedOn"),
    ("办结期限", 12, "Finding.dueOn"),
)
"""What was found of the child whom a row means."""
FIELDS: Final = tuple(field for _, _, field in _FOUND)
_GROUPS: Final[Mapping[str, str]] = {
    "Child.accountedState": "states",
    "Finding.state": "finding_states",
    "Finding.resolution": "resolutions",
}
_SETTLED: Final = {"no_longer_found": "比对已不再列", "taken_over": "已并入同一儿童"}
"""How a finding ends without a resolution code."""
UNKNOWN: Final = "待核实：尚未确认是哪名儿童"
"""Of a row that no entry was found to mean: a person decides in the review queue, or the platform is asked."""


class Suspect(msgspec.Struct, frozen=True):
    """A row as the roster hands it out."""

    batch_id: UUID
    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A row, and of the child whom it means who that is and what was found, in the order of `FIELDS`; None where nobody is known."""

    suspect: Suspect
    child_id: UUID | None
    found: Sequence[object]

    @property
    def line(self) -> list[object]:
        """The cells of the sheet, after the running number."""
        told = [
            "" if value is None else _in_words(field, str(value)) if field in _GROUPS else value
            for field, value in zip(FIELDS, self.found, strict=True)
        ]
        return [*self.suspect.cells, *told] if self.child_id else [*self.suspect.cells, UNKNOWN, *told[1:]]


def _in_words(field: str, code: str) -> str:
    return _SETTLED.get(code) or word(_GROUPS[field], code)


def choose(grants: Grants) -> bytes:
    """The statement that brings batch, row, child and then `FIELDS` of the latest finding that rests on each row `%(rows)s`.

    Raises `Forbidden` where the caller may not see names in full: the list is answered by name.
    """
    name = grants.of("Child", "name")
    if name is None or name.mode is not Mode.FULL:
        raise forbidden("Child", "name", grants=grants)
    values = ", ".join(told_as(field, grants=grants) for field in FIELDS)
    return (
        f"select distinct on (g.batch_id, g.row) g.batch_id, g.row, c.child_id, {values} from finding f"
        " cross join lateral jsonb_to_recordset(f.grounds) as g(register text, batch_id uuid, row integer)"
        f" join child c on c.child_id = f.child_id {identity_join(alias='c', grants=grants)}"
        " where f.kind = 'suspect_listed' and g.register = 'suspects' and g.batch_id = any(%(batches)s::uuid[])"
        f" and {scope(TABLES['Finding'], alias='f', grants=grants)} and {scope(TABLES['Child'], alias='c', grants=grants)}"
        " order by g.batch_id, g.row, f.raised_on desc, f.finding_id"
    ).encode()


def answered(suspects: Sequence[Suspect], found: Sequence[tuple[object, ...]]) -> list[Answered]:
    """The rows in the platform's order, each with what was found."""
    by_row = {(batch_id, row): (child_id, values) for batch_id, row, child_id, *values in found}
    nothing: tuple[None, list[object]] = (None, [None] * len(FIELDS))
    lines = []
    for suspect in suspects:
        child_id, values = by_row.get((suspect.batch_id, suspect.row), nothing)
        lines.append(Answered(suspect, child_id if isinstance(child_id, UUID) else None, values))
    return lines


def content_hash(lines: Sequence[Answered]) -> str:
    """What the list says, as sha256 over every line."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(canonical([str(cell) for cell in line.line]))
    return digest.hexdigest()


def workbook(lines: Sequence[Answered], *, on: date, stamp: Stamp) -> bytes:
    """The list as XLSX: the answers, and before them how many stand where."""
    warning = f"内含未成年人个人信息，仅供{unit(stamp.unit)}用于{word('purposes', stamp.purpose)}，不得转发、转抄。"
    place = FIELDS.index("Finding.state")
    states = Counter("未确认" if line.child_id is None else str(line.found[place]) for line in lines)
    counted = "，".join(f"{word('finding_states', state)} {count} 人" for state, count in sorted(states.items()))
    listed = Sheet(
        "核查反馈",
        [
            Column("序号", 6, "number"),
            *(Column(title, width) for title, width in _WRITTEN),
            *(Column(title, width) for title, width, _ in _FOUND),
        ],
        [[number, *line.line] for number, line in enumerate(lines, start=1)],
        title="疑似辍学学生名单核查反馈表",
        notes=[f"国家平台下发 {len(lines)} 人，截至 {on}：{counted}。", f"{warning}{stamp.words}"],
        footer=f"{warning}{stamp.words}",
    )
    return write([listed], properties={"title": listed.title, "subject": stamp.words, "编号": stamp.number})
