"""Which cells of a row can't be what their column says. The row counts all the same: a hint for whoever hands the file in.

A cell without a code, or a 学籍号 of no known form, decides nothing about a child; but a column full of them shows that
columns were shifted or mixed up, before anything is committed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from services.roster.reconcile.codes import name_in
from services.roster.reconcile.identity import (
    NumberKind,
    check_character,
    read_certificate,
    read_number,
    read_student_number,
)
from services.roster.reconcile.normalise import compact, is_blank, parse_date, parse_risk, parse_sex

_STUDENT_NUMBER: Final = re.compile(r"[GJ]\d{17}[\dX]|L\d{18}")
_LUNAR: Final = re.compile(
    r"[农阴旧]历|[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]年|[正冬腊]月|初[一二三四五六七八九十]|廿"
)
_MONTH: Final = re.compile(r"(?:19|20)\d{2}(?:年?[01]?\d月?|[-/.][01]?\d)")
_IN_POWERS: Final = re.compile(r"\d(?:\.\d+)?[Ee]\+?1[4-9]")
_SCHOOL_CODE: Final = re.compile(r"\d{10}(?:\.0+)?")


Checks = Sequence[tuple[str, Callable[[str], str]]]
"""By field, why a cell of it is odd; '' where it is not."""


def checks_of(fields: Iterable[str]) -> Checks:
    """The checks of a register's fields; a register has half of them."""
    known = frozenset(fields)
    return tuple((field, reason_of) for field, reason_of in _CHECKS.items() if field in known)


def odd_cells(cells: Mapping[str, str], checks: Checks) -> list[tuple[str, str]]:
    """(field, reason) of each cell that can't be read as what its column says."""
    return [
        (field, reason)
        for field, reason_of in checks
        if (cell := cells[field]) and (reason := reason_of(cell)) and not is_blank(cell)
    ]


def odd_student_number(cell: str) -> str:
    """Why a text is no 学籍号, or '': G or J with a check character by GB 11643, or L, which has none."""
    number, within = read_student_number(cell)
    if (
        within.kind is NumberKind.VALID
    ):  # its check is the same; nearly all are this, and it is known from the child's own number
        return ""
    if not _STUDENT_NUMBER.fullmatch(number):
        return "neither G, J nor L with 18 characters (学籍号不是 G、J、L 加 18 位)"
    if number[0] != "L" and check_character(number[1:18]) != number[18]:
        return "the check character of the 学籍号 is wrong (学籍号校验码不符)"
    return ""


def _odd_certificate(cell: str) -> str:
    """Why a text is no number of a disability certificate, or '': 20 characters, 22 where issued again, or the 18 of the person."""
    number, category, _ = read_certificate(cell)
    if not category and not (number.valid and len(compact(cell)) == len(number.text)):
        return "no number of a certificate (残疾人证号应为身份证号加类别 1-7、等级 1-4，共 20 位)"
    return "" if number.valid else "the number in the certificate fails its check (残疾人证号中的身份证号校验码不符)"


@lru_cache(maxsize=4096)
def _odd_school_code(cell: str) -> str:
    right = _SCHOOL_CODE.fullmatch(cell) or _SCHOOL_CODE.fullmatch(compact(cell))
    return "" if right else "not a school code of ten digits (学校标识码不是十位数字)"


@lru_cache(maxsize=65_536)
def _odd_day(cell: str) -> str:
    if parse_date(cell):
        return ""
    if _LUNAR.search(cell):
        return "a day of the lunar calendar (农历日期，请填身份证上的公历日期)"
    if _MONTH.fullmatch(compact(cell)):
        return "a year and a month without the day (只有年月，请填到日)"
    return "not a day that can be read (日期无法识别)"


def _odd_number(cell: str) -> str:
    """What a spreadsheet did to a number it took for one: its end is gone, and no list can bring it back."""
    if cell[-3:] != "000" and "E" not in cell and "e" not in cell:  # nearly all: this is asked of every row
        return ""
    if _IN_POWERS.fullmatch(cell) or read_number(cell).kind is NumberKind.ROUNDED:
        return "a spreadsheet rounded the number (号码后几位被 Excel 改成了 0，请把该列设为“文本”后重新填写)"
    return ""


@lru_cache(maxsize=1024)
def _odd_sex(cell: str) -> str:
    return "" if parse_sex(cell) else "neither 男 nor 女 (性别无法识别)"


@lru_cache(maxsize=1024)
def _odd_risk(cell: str) -> str:
    return "" if parse_risk(cell) else "neither removed nor not removed (风险状态应填“风险未消除”或“风险已消除”)"


@lru_cache(maxsize=8192)
def _uncoded(cell: str, *, field: str, reason: str) -> str:
    return "" if name_in(field, cell) else reason


_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {
    "birth_date": _odd_day,
    "monitored_on": _odd_day,
    "risk_state": _odd_risk,
    "risk_removed_on": _odd_day,
    "sex": _odd_sex,
    "id_number": _odd_number,
    "student_number": odd_student_number,
    "school_code": _odd_school_code,
    "disability_certificate": _odd_certificate,
    **{
        field: partial(_uncoded, field=field, reason=reason)
        for field, reason in (
            ("ethnicity", "no ethnicity of GB/T 3304 (民族无法识别)"),
            ("kinship", "no kinship of GB/T 4761 (与户主关系无法识别)"),
            ("id_type", "no type of identity document (身份证件类型无法识别)"),
            ("disability_kind", "no category of disability (残疾类别无法识别)"),
            ("disability_grade", "no grade of disability (残疾等级无法识别)"),
        )
    },
}
