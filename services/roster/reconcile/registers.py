"""The six registers as data: their fields, what offices call the columns, and how a register is told by its columns.

A register is never told by the name of its file. Each field lists the column names seen or expected for it; a register is
recognised by the fields that only it has (`telling`). To take a new habit of naming, add the name here and nowhere else.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

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
    "arrival": ("到校情况", "报到情况", "到校状态"),
    "poverty_kind": ("户类型", "脱贫户类型", "农户类型", "户属性", "监测对象类别", "监测对象类型"),
    "studying": ("在校生状况", "在校生情况"),
    "health": ("健康状况",),
    "disability_certificate": ("残疾人证号", "残疾证号", "残疾人证号码", "残疾证号码", "残疾人证"),
    "disability_kind": ("残疾类别", "残疾类型"),
    "disability_grade": ("残疾等级", "残疾级别"),
    "suspect_number": ("疑似辍学编号", "疑似编号", "下发编号", "疑似辍学学生编号"),
    "issued_on": ("下发日期", "下发时间", "推送日期"),
    "due_on": ("核查期限", "核查截止日期", "反馈期限", "办结期限"),
    "serial": ("序号", "编号"),
}  # fmt: skip


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
        foreign="student_number poverty_kind studying disability_certificate suspect_number enrolment_state",
    ),
    _layout(
        Register.ENROLMENT,
        telling="enrolment_state presence departure_reason student_number",
        usual="id_number id_type birth_date school_name school_code grade left_behind migrant attendance_mode placement",
        foreign="suspect_number arrival reported_on poverty_kind hukou_state",
    ),
    _layout(
        Register.IN_SCHOOL,
        telling="arrival reported_on school_class grade",
        usual="school_name school_code student_number",
        foreign="enrolment_state presence suspect_number id_type departure_reason poverty_kind",
    ),
    _layout(
        Register.POVERTY,
        telling="poverty_kind studying household_number",
        usual="household_head kinship id_number birth_date township village health",
        foreign="student_number hukou_state suspect_number disability_certificate village_group",
    ),
    _layout(
        Register.DISABILITY,
        telling="disability_certificate disability_grade disability_kind",
        usual="birth_date township village guardian_name",
        foreign="student_number poverty_kind hukou_state suspect_number",
    ),
    _layout(
        Register.SUSPECTS,
        telling="suspect_number issued_on due_on",
        usual="id_number address serial",
        foreign="poverty_kind hukou_state disability_certificate",
    ),
)

_FIELD_OF_COLUMN = {column: field for field, columns in FIELDS.items() for column in columns}


@lru_cache(maxsize=4096)
def column_key(text: str) -> str:
    """A column name without width, spaces, stars of mandatory columns, brackets with hints, and punctuation."""
    plain = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[\s*＊:：、/\\\"'“”_-]", "", plain)


def field_of(column: str) -> str | None:
    """The field a column name stands for, or None for a column nobody here reads."""
    return _FIELD_OF_COLUMN.get(column_key(column)) if len(column) <= 40 else None


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: the register and, for each field, the position and written name of its column."""

    register: Register
    positions: dict[str, int]
    columns: dict[str, str]


def recognise(cells: Sequence[str]) -> Header | None:
    """The header these cells are, or None. It needs a name or number column and must look like one register only."""
    positions: dict[str, int] = {}
    for position, cell in enumerate(cells):
        field = field_of(cell) if cell else None
        if field is not None:
            positions.setdefault(field, position)
    fields = frozenset(positions)
    if NAME not in fields and not fields & {NUMBER, "disability_certificate"}:
        return None
    weights = sorted(((layout.weight(fields), layout.register) for layout in LAYOUTS), reverse=True)
    (best, register), (second, _) = weights[0], weights[1]
    if best < 3 or best == second:
        return None
    return Header(register=register, positions=positions, columns={f: cells[p].strip() for f, p in positions.items()})
