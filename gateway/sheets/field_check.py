"""The field check on paper and on a phone 摸排 (N1.8): a village's list to be filled in, and what a township hands in.

A list is a workbook that needs no network: who is to be asked after stands there already and is locked, the result is chosen
from a list, and whom no register knows is written on a sheet of its own. Hidden columns carry the numbers by which a line is
known when it comes back. Handed out again, it shows what came back so far, and where two sheets contradict each other.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from gateway.access.policy import Grants, Mode, forbidden
from gateway.schema.map import TABLES, identity_join, scope
from gateway.sheets.ledger import canonical, told_as
from gateway.sheets.stamp import Stamp
from gateway.words import WORDS, unit, word
from services.chassis.workbook import Column, Sheet, write

MET_LINES: Final = 40
"""Empty lines for people whom no register knows."""

_KNOWN: Final = (
    ("姓名", 10, "Child.name"),
    ("性别", 6, "Child.sex"),
    ("出生日期", 11, "Child.birthDate"),
    ("身份证号", 19, "Child.idNumber"),
    ("监护人", 10, "Child.guardianName"),
    ("联系电话", 13, "Child.guardianPhone"),
    ("登记学校", 18, "Child.schoolName"),
    ("年级", 8, "Child.grade"),
    ("登记归类", 10, "Child.accountedState"),
)
"""What the registers say of a child, as far as whoever takes the list out may see it."""
FIELDS: Final = tuple(field for _, _, field in _KNOWN)

_HOW_TO: Final = "只填“摸排结果”(点选)、“摸排日期”、“备注”三栏；未摸到的留空。名单上没有的儿童填在“册外儿童”表。"
_FOUND: Final = Column("摸排结果", 18, choices=tuple(WORDS["found"].values()))
_VISITED: Final = Column("摸排日期", 11, "date")
_REMARK: Final = Column("备注", 24)
_LIST: Final = Column("名单编号", 0, locked=True)
_CHILD: Final = Column("儿童编号", 0, locked=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageList:
    """A village's list of a round, as it stands."""

    field_check_id: UUID
    village: str
    township: str
    round: str
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A child on it: what the registers say, in the order of `FIELDS`, and what came back so far."""

    child_id: UUID
    known: Sequence[object]
    found: str
    before: str
    conflict: bool


def choose(grants: Grants) -> bytes:
    """The statement that brings `child_id`, found, before, conflict and then `FIELDS` of a list's children within reach.

    Raises `Forbidden` where the caller may not see names in full: nobody can be asked after by half a name.
    """
    name = grants.of("Child", "name")
    if name is None or name.mode is not Mode.FULL:
        raise forbidden("Child", "name", grants=grants)
    values = ", ".join(told_as(field, grants=grants) for field in FIELDS)
    return (
        f"select c.child_id, a.found, a.before, a.conflict, {values}"
        " from field_check_answer a join child c on c.child_id = a.child_id"
        f" {identity_join(alias='c', grants=grants)}"
        f" where a.field_check_id = %(field_check_id)s and c.merged_into is null and not c.erased and not c.restricted"
        f" and {scope(TABLES['FieldCheckAnswer'], alias='a', grants=grants)}"
        f" and {scope(TABLES['Child'], alias='c', grants=grants)}"
        " order by c.household_id, c.child_id"
    ).encode()


def content_hash(listed: VillageList, lines: Sequence[Line]) -> str:
    """What the list says, as sha256 over its number and every line."""
    digest = hashlib.sha256(canonical([listed.field_check_id]))
    for line in lines:
        digest.update(canonical([line.child_id, *line.known, line.found, line.before]))
    return digest.hexdigest()


def workbook(listed: VillageList, lines: Sequence[Line], *, stamp: Stamp) -> bytes:
    """The list as XLSX."""
    place = f"{listed.township}{listed.village or '(村不详)'}"
    warning = f"内含未成年人个人信息，仅供{unit(stamp.unit)}用于{word('purposes', stamp.purpose)}，不得转发、转抄。"
    known = Sheet(
        "在册儿童",
        [
            Column("序号", 6, "number", locked=True),
            *(Column(title, width, locked=True) for title, width, _ in _KNOWN),
            _FOUND,
            _VISITED,
            _REMARK,
            _LIST,
            _CHILD,
        ],
        [
            [number, *_told(line.known), word("found", line.found), "", "", listed.field_check_id, line.child_id]
            for number, line in enumerate(lines, start=1)
        ],
        title=f"{place}适龄儿童少年摸排表({listed.round})",
        notes=[
            f"共 {len(lines)} 人，请于 {listed.due_on} 前入户摸排并交回。{_HOW_TO}",
            f"{warning}{stamp.words}",
            "摸排人：　　　　　　村负责人：　　　　　　(盖章)　　　　年　　月　　日",
        ],
        footer=f"{warning}{stamp.words}",
        marks={
            (
                at,
                len(_KNOWN) + 1,
            ): f"两份表不一致：{word('found', line.before)}、{word('found', line.found)}，由乡镇裁定。"
            for at, line in enumerate(lines)
            if line.conflict
        },
    )
    met = Sheet(
        "册外儿童",
        [
            Column("姓名", 10),
            Column("性别", 6, choices=("男", "女")),
            Column("公民身份号码", 20),
            Column("出生日期", 12, "date"),
            Column("监护人姓名", 10),
            Column("监护人电话", 13),
            _FOUND,
            _VISITED,
            _REMARK,
            _LIST,
        ],
        [["", "", "", "", "", "", "", "", "", listed.field_check_id] for _ in range(MET_LINES)],
        title=f"{place}册外适龄儿童少年登记({listed.round})",
        notes=["在册儿童表上没有、但实际住在本村的 6 至 16 周岁儿童少年，每人一行；没有身份证号的也要填。"],
        footer=stamp.words,
    )
    return write([known, met], properties={"title": known.title, "subject": stamp.words, "编号": stamp.number})


def _told(known: Sequence[object]) -> list[object]:
    groups: Mapping[str, str] = {"Child.sex": "sexes", "Child.accountedState": "states"}
    return [
        "" if value is None else word(groups[field], str(value)) if field in groups else value
        for field, value in zip(FIELDS, known, strict=True)
    ]


# --- what a township hands in ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A version as it was handed in."""

    township: str
    round: str
    version: int
    state: str
    sha256: str
    made_by: str
    made_on: date | None
    decided_by: str
    decided_on: date | None


VILLAGES: Final = b"""
    select coalesce(nullif(v.name, ''), f.village) as village, f.children, f.met,
      (select coalesce(jsonb_object_agg(found, n), '{}') from
        (select found, count(*) as n from field_check_answer a where a.field_check_id = f.field_check_id group by found) g)
        as found
    from field_check f left join village v on v.code = f.village
    where f.township = %(township)s and f.round = %(round)s order by f.village"""
"""The lists of a township's round: village, children, people met, and how many children were found how."""


def submission(told: Submitted, villages: Sequence[Mapping[str, Any]], *, place: str, stamp: Stamp) -> bytes:
    """What a township handed in, village by village with sums, to be signed by both sides 会签."""
    codes = [*WORDS["found"]]
    lines = [
        [
            row["village"] or "村不详",
            row["children"],
            *(row["found"].get(code, 0) for code in codes),
            _open(row),
            row["met"],
        ]
        for row in villages
    ]
    sums: Counter[int] = Counter()
    for line in lines:
        sums.update(dict(enumerate(line[1:], start=1)))
    total = ["合计", *(sums[at] for at in range(1, len(codes) + 4))]
    sheet = Sheet(
        "乡镇上报",
        [
            Column("村(社区)", 18),
            Column("在册人数", 9, "number"),
            *(Column(word("found", code), 11, "number") for code in codes),
            Column("未摸排", 9, "number"),
            Column("册外儿童", 9, "number"),
        ],
        [*lines, total],
        title=f"{place}适龄儿童少年摸排上报表({told.round} 第{told.version}版)",
        notes=[
            f"上报：{unit(told.made_by)} {told.made_on or ''}　会签：{_countersigned(told)}　内容校验码(SHA-256)：{told.sha256}",
            stamp.words,
            "填表人：　　　　　　乡镇负责人：　　　　　　(盖章)　　　　教体局经办人：　　　　　　(盖章)　　　　年　　月　　日",
        ],
        footer=stamp.words,
    )
    return write([sheet], properties={"title": sheet.title, "subject": stamp.words, "编号": stamp.number})


def _open(row: Mapping[str, Any]) -> int:
    return int(row["found"].get("", 0))


def _countersigned(told: Submitted) -> str:
    return f"{unit(told.decided_by)} {told.decided_on}" if told.state == "accepted" else "待教体局会签"
