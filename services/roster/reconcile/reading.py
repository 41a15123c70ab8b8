"""Reading CSV and XLSX files as offices hand them over, into rows and rejects.

Rows are counted from 1 at the first data row under the header and on through all sheets and files of one register (files by
name, sheets as they stand); title, blank, note and footer rows are not counted. What a file is, is told by its first bytes.

Nothing that stands under a header is lost: a line is a row that is taken, a row that is rejected, or it was passed over as a
sum, a note or a header said again, and then `passed` tells where. Blank lines say nothing.

Files come from outside: `delimited.py` and the chassis (`workbook/reading.py`) take them apart within bounds, and a workbook is
looked into before anything of it is laid out; the bounds here hold for what they give. Whatever goes beyond is refused with the
file's name.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.chassis.errors import Refused
from services.chassis.workbook.archive import MAX_COLUMNS, MAX_ROWS
from services.chassis.workbook.reading import ARCHIVE, OLD_WORKBOOK, refuse_old, sheets_of, text_of
from services.roster.reconcile.cells import Checks, checks_of, odd_cells
from services.roster.reconcile.delimited import delimited
from services.roster.reconcile.model import Register, Reject, Row, RowRef
from services.roster.reconcile.normalise import is_blank
from services.roster.reconcile.records import Record
from services.roster.reconcile.registers import (
    COLUMNS,
    FIELDS,
    Header,
    Naming,
    continues,
    join_lines,
    missing_for,
    recognise,
)

MAX_FILE_BYTES: Final = 128 * 1024 * 1024
MAX_FILES: Final = 200
MAX_CELL_LENGTH: Final = 1_000
MAX_PASSED: Final = 1_000  # lines of which it is kept where they stand; all are counted
MAX_SPOILT: Final = 20_000  # rows kept as they were written, to be marked and handed back
HEADER_SEARCH: Final = 30  # a header is looked for in so many lines from the top

RETURNED: Final = frozenset({"退回原因", "原行号"})
"""Columns of a workbook of returned rows: it is not the list, and must not take its place."""
WORKBOOKS: Final = frozenset({".xlsx", ".xlsm"})
OLD_TABLES: Final = frozenset({".xls", ".et", ".ods", ".xlsb"})
TABLES: Final = WORKBOOKS | OLD_TABLES | {".csv", ".tsv", ".txt"}

_NOTE = re.compile(
    r"^(合计|总计|小计|共计|总人数|备注|注[:：]|注释|说明|填表|制表|审核|填报|单位|负责人|主管|统计|截止|截至|打印|数据来源|第\d+页|以上|联系人|校长|盖章)"
)
_HOW_TO: Final = re.compile("说明|须知|封面|目录|字典|代码|选项")
"""Names of sheets that offices put beside a list and that are none."""
_LOOKS_LIKE_A_NAME: Final = re.compile(r"[\u3400-\u9fff·•]{2,5}(?<![镇乡村组社区级班校园表册县局部科股处所站队室])")
"""What alone in a line, and in the column of names, is a child of whom no more is known, and no heading of a part of the list."""
# Fields whose values repeat in a county: one string object stands for all of them.
_REPEATING = frozenset(FIELDS) - {"name", "id_number", "student_number", "disability_certificate", "suspect_number", "guardian_phone"}  # fmt: skip
_WHO: Final = ("id_number", "student_number", "disability_certificate", "name")
"""What a row names a child by; the numbers first, for hardly any is blank."""

UNRECOGNISED: Final = "no register is recognised by these columns (认不出是哪一类名册：请检查表头)"
NOT_READ: Final = "this sheet is no register by its columns, so it was not read (该工作表认不出是哪一类名册，未读取)"

OwnRows = Callable[[Register, dict[str, str]], tuple[str, str] | None]
"""What a unit's own list leaves out is filled in; (field, reason) where a row is not of that unit."""


@dataclass(slots=True)
class Spoilt:
    """A row of which something can't be read, as it was written, and why: by position, or by none (-1) for all of it."""

    register: Register
    file: str
    sheet: str
    line: int
    columns: tuple[str, ...]
    cells: tuple[str, ...]
    marks: dict[int, str]
    taken: bool = True
    """Whether the row counts all the same."""


@dataclass(slots=True)
class Reading:
    """What was read: rows by register in order, and what could not be read.

    `namings` are how the office calls its columns, `own` what holds for rows of one unit; with `keep_spoilt` the rows of which
    something can't be read are kept as they were written. `unknown` are tables of no known register: file, sheet, columns.
    """

    rows: list[Row] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    """The rows by their keys; `read_directory` alone makes them along with the rows."""
    rejects: list[Reject] = field(default_factory=list)
    counted: Counter[Register] = field(default_factory=Counter)
    strings: dict[str, str] = field(default_factory=dict)
    namings: Sequence[Naming] = ()
    own: OwnRows | None = None
    keep_spoilt: bool = False
    spoilt: list[Spoilt] = field(default_factory=list)
    unknown: list["Unknown"] = field(default_factory=list)
    passed: list["Passed"] = field(default_factory=list)
    passed_over: int = 0
    """How many lines are no rows; `passed` says of the first of them where they stand."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A line under a header that is no row, by its place in the file: a sum, a note, a header said again."""

    file: str
    sheet: str
    line: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A table that is no register by its columns, and what they are."""

    file: str
    sheet: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns under a header, made ready once for all of its rows."""

    header: Header
    width: int
    fields: tuple[str, ...]
    positions: tuple[int, ...]
    repeating: tuple[int, ...]
    """Positions of the fields whose values repeat."""
    person: int | None
    """Where a row says who is meant."""
    titles: frozenset[str]
    """What stands there where a line is a header."""
    checks: Checks

    @classmethod
    def under(cls, header: Header, heading: Sequence[str]) -> "_Columns":
        """The columns of a header that was found as these cells."""
        positions = header.positions
        return cls(
            header=header,
            width=len(heading),
            fields=tuple(positions),
            positions=tuple(positions.values()),
            repeating=tuple(position for name, position in positions.items() if name in _REPEATING),
            person=positions.get("name", positions.get("id_number")),
            titles=COLUMNS | frozenset(header.columns.values()),
            checks=checks_of(positions),
        )


def read_file(path: Path, *, into: Reading) -> None:
    """Read one file into `into`; one that is no table by its name is passed over. Raises Refused as `read_content` does."""
    if path.suffix.lower() not in TABLES:
        return
    if path.stat().st_size > MAX_FILE_BYTES:
        raise too_large(path.name)
    read_content(path.name, path.read_bytes(), into=into)


def read_content(name: str, content: bytes, *, into: Reading) -> None:
    """Read a file's bytes into `into`. Raises Refused where it is broken, too large or of a kind not read here."""
    if len(content) > MAX_FILE_BYTES:
        raise too_large(name)
    suffix = Path(name).suffix.lower()
    if suffix in OLD_TABLES or content.startswith(OLD_WORKBOOK):
        refuse_old(name, content)
    is_workbook = suffix in WORKBOOKS or content.startswith(ARCHIVE)
    tables = sheets_of(name, content) if is_workbook else iter([("", delimited(name, content))])
    before = sum(into.counted.values()), len(into.rejects)
    unknown: list[Unknown] = []
    for sheet, lines in tables:
        if (columns := _read_table(lines, file=name, sheet=sheet, into=into)) is not None:
            unknown.append(Unknown(name, sheet, columns))
    nothing_read = (sum(into.counted.values()), len(into.rejects)) == before
    if unknown and nothing_read:
        into.unknown.append(
            max(unknown, key=lambda table: (missing_for(table.columns)[0] is not None, len(table.columns)))
        )
        into.rejects.append(Reject(None, name, unknown[0].sheet, row=0, column="", reason=UNRECOGNISED))
    elif unknown:
        for table in unknown:
            if len(table.columns) > 1 and not _HOW_TO.search(table.sheet):
                into.rejects.append(Reject(None, name, table.sheet, row=0, column="", reason=NOT_READ))


def too_large(file: str) -> Refused:
    """What is said of a file that is too large to be read."""
    return Refused(
        f"{file}: 超过 {MAX_FILE_BYTES // 1024**2} MB，请按乡镇或学校分开 / larger than {MAX_FILE_BYTES // 1024**2} MB; split it"
    )


def _read_table(lines: Iterator[Sequence[object]], *, file: str, sheet: str, into: Reading) -> tuple[str, ...] | None:
    """Read one sheet; where no header is found in it, the line that looks most like one."""
    columns: _Columns | None = None
    heading: list[str] = []
    above: list[str] = []
    widest: list[str] = []
    for number, values in enumerate(lines, start=1):
        _check_line(values, number=number, file=file)
        cells = [v if isinstance(v, str) else text_of(v) for v in values]
        if columns is None:
            if number > HEADER_SEARCH:
                break
            header, heading = _header_of(cells, above=above, into=into)
            if set(heading) >= RETURNED and header is not None:
                raise Refused(
                    f"{file}: 这是退回行，请在本单位原名册中改正后整份报送 / a workbook of returned rows; correct them in your own list and"
                    " hand that in whole"
                )
            columns = _Columns.under(header, heading) if header is not None else None
            above = cells
            widest = max(widest, [cell for cell in cells if cell.strip()], key=len)
        elif above and continues(above, cells):  # right under the header: its second line
            heading = join_lines(above, cells)
            columns = _Columns.under(recognise(heading, into.namings) or columns.header, heading)
            above = []
        else:
            above = []
            texts = list(map(str.strip, cells))
            filled = list(filter(None, texts))
            if not filled:
                continue
            person = texts[columns.person] if columns.person is not None and columns.person < len(texts) else ""
            if person in columns.titles and (anew := recognise(cells, into.namings)) is not None:
                columns, heading = _Columns.under(anew, cells), cells  # the same list written on, or another below it
            elif not _is_note(texts, columns.header, filled=filled):
                _take(cells, texts, columns=columns, heading=heading, file=file, sheet=sheet, line=number, into=into)
                continue
            into.passed_over += 1
            if len(into.passed) < MAX_PASSED:
                into.passed.append(Passed(file, sheet, number))
    return None if columns is not None else tuple(widest[:MAX_COLUMNS])


def _check_line(values: Sequence[object], *, number: int, file: str) -> None:
    if number > MAX_ROWS:
        raise Refused(f"{file}: 一张表超过 {MAX_ROWS} 行，请分开 / more than {MAX_ROWS} rows in one sheet; split it")
    if len(values) > MAX_COLUMNS and any(v not in ("", None) for v in values[MAX_COLUMNS:]):
        raise Refused(
            f"{file}: 第{number}行超过 {MAX_COLUMNS} 列，请删除多余的列 / row {number} has more than {MAX_COLUMNS} columns"
        )


def _header_of(cells: list[str], *, above: list[str], into: Reading) -> tuple[Header | None, list[str]]:
    """The header that a line is, by itself or with the one above it, whichever says more."""
    alone = recognise(cells, into.namings)
    if above and (together := recognise(join := join_lines(above, cells), into.namings)) is not None:
        is_second_line = continues(above, cells) or sum(map(bool, map(str.strip, above))) > 1
        if is_second_line and (alone is None or len(together.positions) > len(alone.positions)):
            return together, join
    return alone, cells


def _is_note(texts: Sequence[str], header: Header, *, filled: Sequence[str]) -> bool:
    """Whether a line under the header is a note, a sum, a footer, or a numbering of columns; `filled` are its cells with text."""
    position = header.positions.get("name")
    name = texts[position] if position is not None and position < len(texts) else ""
    if len(filled) == 1:
        return not name or _NOTE.match(name) is not None or not _LOOKS_LIKE_A_NAME.fullmatch(name)
    if name and name == header.columns.get("name"):
        return True
    if name.isdigit() and len(name) <= 2 and all(len(c) <= 2 for c in filled):
        return True
    # A note may stand in the name column, but then there is little beside it.
    return (not name or name == filled[0] or len(filled) <= 3) and _NOTE.match(filled[0]) is not None


def _take(
    cells: list[str],
    texts: list[str],
    *,
    columns: _Columns,
    heading: list[str],
    file: str,
    sheet: str,
    line: int,
    into: Reading,
) -> None:
    """Take a line, or reject it; `cells` are as written, `texts` without spaces at their ends."""
    header = columns.header
    register = header.register
    into.counted[register] += 1
    row = into.counted[register]
    marks: dict[int, str] = {}

    def reject(column: str, reason: str) -> None:
        name = header.columns.get(column, column)
        into.rejects.append(Reject(register, file, sheet, row, name, reason, line))
        marks[header.positions.get(column, -1)] = reason

    if len(texts) < columns.width:
        texts += [""] * (columns.width - len(texts))
    shared = into.strings.setdefault
    for position in columns.repeating:
        texts[position] = shared(text := texts[position], text)
    found = dict(zip(columns.fields, [texts[position] for position in columns.positions], strict=True))
    written = "".join(cells)
    if len(written) > MAX_CELL_LENGTH:  # of all cells, as no one of them in most rows
        for name in [name for name, text in found.items() if len(text) > MAX_CELL_LENGTH]:
            reject(name, f"longer than {MAX_CELL_LENGTH} characters (单元格过长)")
            found[name] = ""
    refused = _why_refused(cells, found, written=written, width=columns.width, register=register, into=into)
    if refused is not None:
        reject(*refused)
    else:
        for name, reason in odd_cells(found, columns.checks):
            reject(name, reason)
        into.rows.append(Row(RowRef(register, row), found, file, sheet, line))
    if marks and into.keep_spoilt and len(into.spoilt) < MAX_SPOILT:
        kept = tuple(cells[:MAX_COLUMNS])
        into.spoilt.append(Spoilt(register, file, sheet, line, tuple(heading), kept, marks, refused is None))


def _why_refused(
    cells: Sequence[str], found: dict[str, str], *, written: str, width: int, register: Register, into: Reading
) -> tuple[str, str] | None:
    """Field and reason where a row can't be taken at all; `written` is all of it."""
    if "\n" in written and any("\n" in cell and sum(map(cell.count, ",\t;|")) >= width - 1 for cell in cells):
        return "", "a quotation mark is not closed, so several lines ran into one (引号未成对，几行并成了一行)"
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return "", "more cells than the header has columns, so they may stand in the wrong columns (列数多于表头)"
    if all(is_blank(found.get(field, "")) for field in _WHO):
        return "name", "neither name nor number (姓名和证件号都为空)"
    return into.own(register, found) if into.own is not None else None
