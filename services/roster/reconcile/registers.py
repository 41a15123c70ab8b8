"""The registers as data: their fields, what offices call the columns, and how a register is told by its columns.

A register is never told by the name of its file. Each field lists the column names seen or expected for it; a register is
recognised by the fields that only it has (`telling`). To take a new habit of naming, add the name here and nowhere else; what
one office alone writes is for that office to map (`Naming`).

Headers in two lines, with cells merged over several columns (监护人 over 姓名 and 电话), are read as one: see `join_lines`.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from services.roster.reconcile.model import Register

NAME = "name"
NUMBER = "id_number"

# Every field and the column names that stand for it, compared after `column_key`.
FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "学生姓名", "儿童姓名", "残疾人姓名", "家庭成员姓名", "成员姓名"),
    "sex": ("性别", "学生性别"),
    "id_number": (
        "公民身份号码", "公民身份证号码", "身份证件号", "身份证件号码", "证件号码", "证件号", "身份证号", "身份证号码", "身份证",
        "居民身份证号", "居民身份证号码", "学生身份证号", "学生身份证号码",
    ),
    "id_type": ("身份证件类型", "证件类型"),
    "birth_date": ("出生日期", "出生年月日", "出生年月", "生日"),
    "ethnicity": ("民族",),
    "township": ("乡镇", "乡", "乡镇名称", "所属乡镇", "乡镇街道", "户籍乡镇", "街道"),
    "village": ("行政村", "村", "村名", "行政村名称", "村社区", "村居", "居村委会"),
    "village_group": ("村民组", "村民小组", "组", "组别"),
    "address": ("现住址", "家庭住址", "家庭地址", "住址", "地址", "户籍所在地", "户籍地址", "户口所在地", "户籍地"),
    "guardian_name": ("监护人姓名", "监护人", "家长姓名", "家长", "法定监护人"),
    "guardian_phone": ("监护人电话", "监护人联系电话", "联系电话", "家长电话", "联系方式", "电话", "手机号", "手机号码"),
    "household_head": ("户主姓名", "户主"),
    "household_number": ("户号", "户编号", "家庭编号", "户口簿号"),
    "kinship": ("与户主关系", "关系"),
    "hukou_state": ("户籍状态", "户口状态", "人员状态", "人员户籍状态"),
    "student_number": ("学籍号", "全国学籍号", "学籍号码", "学籍辅号"),
    "school_code": ("学校标识码", "学校代码", "学校编码", "学校标识"),
    "school_name": ("学校名称", "学校", "就读学校", "所在学校", "学校全称"),
    "stage": ("学段", "教育阶段"),
    "grade": ("年级", "就读年级", "所在年级"),
    "school_class": ("班级", "班", "班别", "班级名称", "所在班级"),
    "enrolment_state": ("学籍状态", "学生状态", "学籍情况"),
    "presence": ("在校情况", "就读情况", "在校状态"),
    "departure_reason": ("离校原因", "其他离校原因", "离校说明", "异动原因"),
    "attendance_mode": ("就读方式",),
    "placement": ("安置方式", "安置形式", "残疾学生安置方式"),
    "left_behind": ("是否留守儿童", "留守儿童", "是否留守"),
    "migrant": ("是否随迁子女", "随迁子女", "是否随迁"),
    "reported_on": ("报到日期", "报到时间", "到校日期"),
    "arrival": ("到校情况", "报到情况", "到校状态", "是否报到", "是否到校"),
    "absence_reason": ("未报到原因", "未到校原因", "未返校原因", "未报到的原因", "未报到情况说明"),
    "term": ("学期", "报到学期", "学年学期", "所属学期"),
    "poverty_kind": ("户类型", "脱贫户类型", "农户类型", "户属性", "监测对象类别", "监测对象类型"),
    "risk_state": ("风险状态", "风险是否消除", "风险是否已消除", "是否消除风险", "风险消除状态", "风险消除情况", "监测对象风险状态"),
    "monitored_on": ("识别时间", "识别日期", "监测对象识别时间", "识别认定时间", "纳入监测时间", "纳入监测日期", "监测时间"),
    "risk_removed_on": ("风险消除时间", "风险消除日期", "消除风险时间", "消除时间", "消除日期"),
    "relief_kind": ("救助类别", "救助类型", "救助对象类别", "救助对象类型", "保障类别", "困境类型", "困境儿童类别", "儿童类别"),
    "studying": ("在校生状况", "在校生情况"),
    "health": ("健康状况",),
    "disability_certificate": ("残疾人证号", "残疾证号", "残疾人证号码", "残疾证号码", "残疾人证"),
    "disability_kind": ("残疾类别", "残疾类型"),
    "disability_grade": ("残疾等级", "残疾级别"),
    "suspect_number": ("疑似辍学编号", "疑似编号", "下发编号", "疑似辍学学生编号"),
    "issued_on": ("下发日期", "下发时间", "推送日期"),
    "due_on": ("核查期限", "核查截止日期", "反馈期限", "办结期限"),
    "found": ("摸排结果", "摸排情况", "摸排结论", "走访结果", "入户结果", "入户核查结果", "排查结果"),
    "visited_on": ("摸排日期", "摸排时间", "走访日期", "走访时间", "入户日期", "入户时间", "排查日期"),
    "note": ("备注", "摸排备注", "摸排说明"),
    "list_number": ("名单编号",),
    "child_number": ("儿童编号",),
    "serial": ("序号", "编号"),
}  # fmt: skip


COLUMNS: Final = frozenset(column for columns in FIELDS.values() for column in columns)
"""Every name of a column that is known here, as it is written most."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a register is told: `telling` fields weigh 2, `usual` fields 1, and `foreign` fields speak against it by 3."""

    register: Register
    telling: frozenset[str]
    usual: frozenset[str]
    foreign: frozenset[str]

    def weight(self, fields: frozenset[str]) -> int:
        """How much these columns look like this register; 0 where nothing tells it."""
        if not self.telling & fields:
            return 0
        return 2 * len(self.telling & fields) + len(self.usual & fields) - 3 * len(self.foreign & fields)


def _layout(register: Register, *, telling: str, usual: str, foreign: str = "") -> Layout:
    return Layout(
        register=register,
        telling=frozenset(telling.split()),
        usual=frozenset(usual.split()),
        foreign=frozenset(foreign.split()),
    )


LAYOUTS: tuple[Layout, ...] = (
    _layout(
        Register.HUKOU,
        telling="hukou_state village_group ethnicity household_number",
        usual="id_number birth_date household_head kinship township village guardian_name",
        foreign="student_number poverty_kind studying disability_certificate suspect_number enrolment_state relief_kind found",
    ),
    _layout(
        Register.ENROLMENT,
        telling="enrolment_state presence departure_reason student_number",
        usual="id_number id_type birth_date school_name school_code grade left_behind migrant attendance_mode placement",
        foreign="suspect_number arrival reported_on poverty_kind hukou_state relief_kind found absence_reason",
    ),
    _layout(
        Register.IN_SCHOOL,
        telling="arrival reported_on school_class grade",
        usual="school_name school_code student_number",
        foreign="enrolment_state presence suspect_number id_type departure_reason poverty_kind absence_reason term found",
    ),
    _layout(
        Register.POVERTY,
        telling="poverty_kind studying household_number",
        usual="household_head kinship id_number birth_date township village health risk_state monitored_on risk_removed_on",
        foreign="student_number hukou_state suspect_number disability_certificate village_group relief_kind found",
    ),
    _layout(
        Register.DISABILITY,
        telling="disability_certificate disability_grade disability_kind",
        usual="birth_date township village guardian_name",
        foreign="student_number poverty_kind hukou_state suspect_number found",
    ),
    _layout(
        Register.SUSPECTS,
        telling="suspect_number issued_on due_on",
        usual="id_number address serial",
        foreign="poverty_kind hukou_state disability_certificate",
    ),
    _layout(
        Register.CIVIL_AFFAIRS,
        telling="relief_kind",
        usual="household_head kinship household_number id_number birth_date township village health guardian_name address",
        foreign="student_number hukou_state suspect_number disability_certificate poverty_kind found village_group",
    ),
    _layout(
        Register.CHECK_IN,
        telling="absence_reason term",
        usual="arrival reported_on school_class grade school_name school_code student_number",
        foreign="enrolment_state presence suspect_number id_type departure_reason poverty_kind found",
    ),
    _layout(
        Register.FIELD_CHECK,
        telling="found visited_on",
        usual="id_number birth_date township village village_group guardian_name guardian_phone note address",
        foreign="enrolment_state presence suspect_number poverty_kind hukou_state disability_certificate relief_kind arrival",
    ),
)

_ONLY_IN: Final[Mapping[str, frozenset[Register]]] = {
    field: frozenset({Register.FIELD_CHECK}) for field in ("note", "list_number", "child_number")
}
"""Columns that every office may have and only these registers mean something by."""

COLUMN_LENGTH: Final = 40
WEIGHT_NEEDED: Final = 3
_GROUP_ENDING: Final = re.compile(r"(?:基本)?(?:信息|情况|资料)$")

_FIELD_OF_COLUMN = {column: field for field, columns in FIELDS.items() for column in columns}


@lru_cache(maxsize=4096)
def column_key(text: str) -> str:
    """A column name without width, spaces, stars of mandatory columns, brackets with hints, and punctuation."""
    plain = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[\s*＊:：、/\\\"'“”_-]", "", plain)


def field_of(column: str) -> str | None:
    """The field a column name stands for, or None for a column nobody here reads."""
    return _FIELD_OF_COLUMN.get(column_key(column)) if len(column) <= COLUMN_LENGTH else None


@dataclass(frozen=True, slots=True)
class Naming:
    """How one office calls the columns of a register 栏目对应: column as written (by `column_key`) to field."""

    register: Register
    fields: Mapping[str, str]


def naming(register: str, columns: Mapping[str, str]) -> Naming:
    """The naming that a saved mapping of written columns to fields is."""
    return Naming(Register(register), {column_key(column): field for column, field in columns.items()})


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: the register and, for each field, the position and written name of its column."""

    register: Register
    positions: dict[str, int]
    columns: dict[str, str]


def recognise(cells: Sequence[str], namings: Sequence[Naming] = ()) -> Header | None:
    """The header these cells are, or None. It needs a name or number column and must look like one register only.

    An office's own naming comes first: where all of its columns are there, they are what it says, of the register it says.
    """
    written = {column_key(cell) for cell in cells if cell and len(cell) <= COLUMN_LENGTH}
    for own in namings:
        if own.fields and own.fields.keys() <= written:
            return _header(cells, own.register, own.fields)
    positions = _positions(cells, {})
    fields = frozenset(positions)
    if not _names_somebody(fields):
        return None
    weights = sorted(((layout.weight(fields), layout.register) for layout in LAYOUTS), reverse=True)
    (best, register), (second, _) = weights[0], weights[1]
    if best < WEIGHT_NEEDED or best == second:
        return None
    return _header(cells, register, {})


def _header(cells: Sequence[str], register: Register, own: Mapping[str, str]) -> Header | None:
    positions = {
        field: position
        for field, position in _positions(cells, own).items()
        if register in _ONLY_IN.get(field, frozenset(Register))
    }
    if not _names_somebody(frozenset(positions)):
        return None
    return Header(register=register, positions=positions, columns={f: cells[p].strip() for f, p in positions.items()})


def _positions(cells: Sequence[str], own: Mapping[str, str]) -> dict[str, int]:
    """Where each field stands; what an office named itself goes before what everybody calls it."""
    positions: dict[str, int] = {}
    for position, cell in enumerate(cells):
        field = own.get(column_key(cell)) if cell and len(cell) <= COLUMN_LENGTH else None
        if field is not None:
            positions.setdefault(field, position)
    for position, cell in enumerate(cells):
        field = field_of(cell) if cell and column_key(cell) not in own else None
        if field is not None:
            positions.setdefault(field, position)
    return positions


def _names_somebody(fields: frozenset[str]) -> bool:
    return NAME in fields or bool(fields & {NUMBER, "disability_certificate"})


def missing_for(
    cells: Sequence[str], *, among: Collection[Register] = tuple(Register)
) -> tuple[Register | None, tuple[str, ...]]:
    """The register of some that these columns are nearest to, and the columns that would tell it; None where near none."""
    fields = frozenset(_positions(cells, {}))
    best = max(
        (layout for layout in LAYOUTS if layout.register in among),
        key=lambda layout: len((layout.telling | layout.usual) & fields) - 3 * len(layout.foreign & fields),
    )
    if not (best.telling | best.usual) & fields:
        return None, ()
    wanted = sorted(best.telling - fields) + ([] if _names_somebody(fields) else [NAME])
    return best.register, tuple(FIELDS[field][0] for field in wanted)


def to_map(register: Register) -> dict[str, str]:
    """What columns of a register can be mapped to: field to the name it is written by most, the telling ones first."""
    layout = next(layout for layout in LAYOUTS if layout.register is register)
    fields = dict.fromkeys((NAME, NUMBER, *sorted(layout.telling), *sorted(layout.usual)))
    return {field: FIELDS[field][0] for field in fields}


def join_lines(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """The columns that a header of two lines means: merged cells stand once, over the first of their columns.

    Of 监护人 over 姓名 and 电话 come 监护人姓名 and 监护人电话; where the two together are no column known here, the lower one.
    """
    joined: list[str] = []
    group = ""
    for place in range(max(len(upper), len(lower))):
        above = upper[place].strip() if place < len(upper) else ""
        below = lower[place].strip() if place < len(lower) else ""
        group = above or (group if below else "")
        together = (f"{group}{below}", f"{_GROUP_ENDING.sub('', group)}{below}")
        known = next((words for words in together if group and below and field_of(words) is not None), None)
        joined.append(known or below or above)
    return joined


def continues(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether a line is the second one of a header: all it has are names of columns, and some stand where there were none."""
    filled = [(place, cell.strip()) for place, cell in enumerate(lower) if cell.strip()]
    joined = join_lines(upper, lower)
    return bool(filled) and all(
        field_of(cell) is not None or field_of(joined[place]) is not None for place, cell in filled
    )
