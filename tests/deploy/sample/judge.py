"""Reads a county's files back and works out the findings from the cells alone, by the words of the definitions.

It shares no code with the generator: other arithmetic, other readers, a converter for old forms. It may be told only what no
file says for certain: whose each row is, and when each child was born.
"""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from opencc import OpenCC
from openpyxl import load_workbook
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

FIRST_COLUMNS = {"户号", "学籍号", "学校标识码", "户编号", "残疾人证号", "序号"}
BLANK = {None, "", "无"}

Record = dict[str, object]


def read_rows(path: Path) -> list[Record]:
    """The data rows of a register: under its header, without blank lines and totals."""
    if path.suffix == ".xlsx":
        book = load_workbook(path, read_only=True)
        lines: list[tuple[object, ...]] = [tuple(line) for line in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    else:
        encoding = "gb18030" if path.stem == "hukou" else "utf-8-sig"
        with path.open(encoding=encoding, newline="") as file:
            lines = [tuple(line) for line in csv.reader(file)]
    top = next(i for i, line in enumerate(lines) if line and line[0] in FIRST_COLUMNS)
    header = [str(cell) for cell in lines[top] if cell]
    return [
        dict(zip(header, line, strict=True))
        for line in lines[top + 1 :]
        if any(cell not in BLANK for cell in line) and not str(line[0]).startswith("合计")
    ]


def read_registers(folder: Path) -> dict[str, list[Record]]:
    """All registers of a folder by file name."""
    return {path.stem: read_rows(path) for path in sorted(folder.iterdir())}


def read_table(path: Path) -> list[tuple[str, ...]]:
    """A truth file without its header."""
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(line) for line in csv.reader(file)][1:]


def number_of(cell: object) -> str | None:
    """The full number a cell gives, None where it is missing or was rounded by a spreadsheet."""
    if cell in BLANK or isinstance(cell, int | float):
        return None
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(cell))).upper()
    if "E+" in text or (text.endswith("000") and not passes(text)):
        return None
    return text


def passes(number: str) -> bool:
    """Whether the number passes its check, by the library."""
    try:
        return bool(ric.validate(number))
    except ValidationError:
        return False


def date_of(cell: object) -> date:
    """The date a cell gives."""
    if isinstance(cell, datetime):
        return cell.date()
    text = str(cell)
    parts = (text[:4], text[4:6], text[6:]) if re.fullmatch(r"\d{8}", text) else re.findall(r"\d+", text)
    return date(*map(int, parts))


_plain = OpenCC("t2s").convert


def name_pattern(cell: object) -> str:
    """A name as plain characters, with `.` for a character that the office could not write."""
    text = re.sub(r"[\s·•・.．]", "", unicodedata.normalize("NFKC", str(cell)))
    return re.sub(r"[A-Za-z]+|[?？■]", ".", _plain(text))


def agree(left: str, right: str) -> bool:
    """Whether two name patterns may be one name."""
    return len(left) == len(right) and all(a == b or "." in {a, b} for a, b in zip(left, right, strict=True))


NUMBER_COLUMNS = {
    "hukou": "公民身份号码", "enrolment": "身份证件号", "poverty": "证件号码", "suspects": "身份证件号", "civil_affairs": "身份证号",
}  # fmt: skip
IDENTIFYING = ("hukou", "enrolment", "poverty", "disability")


def numbers_in(register: str, row: Record) -> list[str]:
    """The full numbers of a row: its number, or the one inside a disability certificate."""
    if register == "disability":
        return [str(row["残疾人证号"])[:18]]
    number = number_of(row[NUMBER_COLUMNS[register]]) if register in NUMBER_COLUMNS else None
    return [number] if number else []


def is_mismatch(rows: Mapping[str, list[Record]]) -> bool:
    """Whether the child's rows contradict each other or themselves."""
    names: set[str] = set()
    sexes: set[str] = set()
    births: set[date] = set()
    numbers: set[str] = set()
    for register in IDENTIFYING:
        for row in rows.get(register, []):
            names.add(name_pattern(row["姓名"]))
            sexes.add(str(row["性别"]))
            births.add(date_of(row["出生日期"]))
            numbers.update(numbers_in(register, row))
    if any(not passes(number) for number in numbers) or len(numbers) > 1:
        return True
    sexes |= {"男" if int(number[16]) % 2 else "女" for number in numbers}
    births |= {date_of(number[6:14]) for number in numbers}
    return len(sexes) > 1 or len(births) > 1 or not all(agree(a, b) for a in names for b in names)


def judge(
    *, registers: Mapping[str, list[Record]], links: list[tuple[str, ...]], births: Mapping[str, date], as_of: date
) -> set[tuple[str, str]]:
    """(person, kind) of every finding that holds."""
    people: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for register, row, person in links:
        people[person][register].append(registers[register][int(row) - 1])
    return {
        (person, kind) for person, rows in people.items() for kind in kinds(rows, birth=births[person], as_of=as_of)
    }


def kinds(rows: Mapping[str, list[Record]], *, birth: date, as_of: date) -> set[str]:
    """The findings of one child."""
    had_birthday = (birth.month, birth.day) <= (as_of.month, as_of.day)
    years = as_of.year - birth.year - (0 if had_birthday else 1)
    in_window = 6 <= years <= 16
    hukou, enrolment = rows.get("hukou", []), rows.get("enrolment", [])
    active = [row for row in enrolment if row["学籍状态"] == "在读"]
    marks = {row["在校情况"] for row in active}
    dead = any(row["户籍状态"] != "正常" for row in hukou)
    given = [n for register, listed in rows.items() for row in listed for n in numbers_in(register, row)]
    given += [str(row["学籍号"])[1:] for row in enrolment if str(row["学籍号"])[0] == "G"]
    not_enrolled = in_window and not dead and not enrolment
    elsewhere = bool(marks & {"外地就读", "送教上门"})
    absent = "在籍不在校" in marks or not rows.get("in_school")
    not_in_seat = not dead and bool(active) and not elsewhere and absent
    held = {
        "not_enrolled": not_enrolled,
        "not_in_seat": not_in_seat,
        "unexplained_departure": any(r["学籍状态"] == "其他离校" and r["离校原因"] in BLANK for r in enrolment),
        "transfer_pending": "外地就读" in marks,
        "duplicate_enrolment": len(active) > 1,
        "ghost_enrolment": dead and bool(active),
        "no_id_number": in_window and not any(passes(number) for number in given),
        "identity_mismatch": is_mismatch(rows),
        "disabled_unplaced": not_enrolled and bool(rows.get("disability")),
        "poverty_out_of_school": bool(rows.get("poverty")) and (not_enrolled or not_in_seat),
        "suspect_listed": bool(rows.get("suspects")),
        "not_reported": not dead
        and bool(rows.get("check_in"))
        and all(row["报到情况"] not in {"已报到", "报到"} for row in rows["check_in"]),
    }
    return {kind for kind, holds in held.items() if holds}
