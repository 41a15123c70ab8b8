"""Reading CSV and XLSX files as offices hand them over, into rows and rejects.

Rows are counted from 1 at the first data row under the header and on through all sheets and files of one register (files by
name, sheets as they stand); title, blank, note and footer rows are not counted. Files come from outside: size, columns, rows
and the spread of cells are bounded before anything is unpacked, and whatever goes beyond is refused with the file's name.
"""

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Final

from services.chassis.errors import Refused
from services.roster.reconcile.model import Register, Reject, Row, RowRef
from services.roster.reconcile.normalise import is_blank, parse_date, parse_sex
from services.roster.reconcile.registers import FIELDS, Header, recognise

MAX_FILE_BYTES: Final = 128 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
MAX_UNPACKED_RATIO: Final = 300  # a register packs about 1:15; a bomb packs above 1:1000
MAX_COLUMNS: Final = 256
MAX_ROWS: Final = 1_500_000
MAX_CELLS: Final = 40_000_000  # of the rectangle a sheet spans, filled or not
MAX_FILES: Final = 200
MAX_CELL_LENGTH: Final = 1_000
HEADER_SEARCH: Final = 30  # a header is looked for in so many lines from the top

_NOTE = re.compile(
    r"^(合计|总计|小计|共计|总人数|备注|注[:：]|注释|说明|填表|制表|审核|填报|单位|负责人|主管|统计|截止|截至|打印|数据来源|第\d+页|以上|联系人|校长|盖章)"
)
# Fields whose values repeat in a county: one string object stands for all of them.
_REPEATING = frozenset(FIELDS) - {"name", "id_number", "student_number", "disability_certificate", "suspect_number", "guardian_phone"}  # fmt: skip


@dataclass(slots=True)
class Reading:
    """What was read: rows by register in order, and what could not be read."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    counted: Counter[Register] = field(default_factory=Counter)
    strings: dict[str, str] = field(default_factory=dict)


def read_directory(directory: Path) -> Reading:
    """All registers of a directory, by columns and not by file name.

    Raises Refused, naming the file, where one can't be read at all; then nothing is taken from any of them.
    """
    if not directory.is_dir():
        raise Refused(f"{directory.name}: 不是文件夹 / not a directory; give the folder that holds the register files")
    files = sorted(p for p in directory.iterdir() if p.is_file() and not p.name.startswith((".", "~$")))
    if len(files) > MAX_FILES:
        raise Refused(f"{directory.name}: more than {MAX_FILES} files; put only the register files into the folder")
    reading = Reading()
    for path in files:
        read_file(path, into=reading)
    return reading


def read_file(path: Path, *, into: Reading) -> None:
    """Read one file into `into`. Raises Refused where the file is broken, too large or of a kind not read here."""
    suffix = path.suffix.lower()
    if suffix in {".xls", ".et", ".ods", ".xlsb"}:
        raise Refused(f"{path.name}: {suffix} is not read; save it as XLSX or CSV (另存为 .xlsx 或 .csv)")
    if suffix not in {".csv", ".tsv", ".txt", ".xlsx", ".xlsm"}:
        return
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Refused(f"{path.name}: larger than {MAX_FILE_BYTES // 1024**2} MB; split it by township or school")
    tables = _workbook(path) if suffix in {".xlsx", ".xlsm"} else [("", _delimited(path))]
    before = sum(into.counted.values()), len(into.rejects)
    unknown = [sheet for sheet, lines in tables if not _read_table(lines, file=path.name, sheet=sheet, into=into)]
    if unknown and (sum(into.counted.values()), len(into.rejects)) == before:
        reason = "no register is recognised by these columns (认不出是哪一类名册：请检查表头)"
        into.rejects.append(Reject(register=None, file=path.name, sheet=unknown[0], row=0, column="", reason=reason))


def _read_table(lines: Iterator[Sequence[object]], *, file: str, sheet: str, into: Reading) -> bool:
    """Read one sheet; False where no header is found in it."""
    header: Header | None = None
    width = 0
    for number, values in enumerate(lines, start=1):
        if number > MAX_ROWS:
            raise Refused(f"{file}: more than {MAX_ROWS} rows in one sheet; split it")
        if len(values) > MAX_COLUMNS and any(v not in ("", None) for v in values[MAX_COLUMNS:]):
            raise Refused(
                f"{file}: row {number} has more than {MAX_COLUMNS} columns; delete what does not belong there"
            )
        cells = [v if isinstance(v, str) else _text(v) for v in values]
        if header is None:
            if number > HEADER_SEARCH:
                return False
            header = recognise(cells)
            width = len(cells)
        elif not _is_note(cells, header):
            _take(cells, header=header, width=width, file=file, sheet=sheet, line=number, into=into)
    return header is not None


def _is_note(cells: Sequence[str], header: Header) -> bool:
    """Whether a line under the header is blank, a note, a sum, a footer, a numbering of columns or the header again."""
    filled = [c for c in (cell.strip() for cell in cells) if c]
    if len(filled) <= 1:
        return True
    position = header.positions.get("name")
    name = cells[position].strip() if position is not None and position < len(cells) else ""
    if name and name == header.columns.get("name"):
        return True
    if name.isdigit() and len(name) <= 2 and all(len(c) <= 2 for c in filled):
        return True
    # A note may stand in the name column, but then there is little beside it.
    return _NOTE.match(filled[0]) is not None and (not name or name == filled[0] or len(filled) <= 3)


def _take(cells: Sequence[str], *, header: Header, width: int, file: str, sheet: str, line: int, into: Reading) -> None:
    register = header.register
    into.counted[register] += 1
    row = into.counted[register]

    def reject(column: str, reason: str) -> None:
        name = header.columns.get(column, column)
        into.rejects.append(Reject(register=register, file=file, sheet=sheet, row=row, column=name, reason=reason))

    if any(cell.strip() for cell in cells[width:]):
        reject("", "more cells than the header has columns, so they may stand in the wrong columns (列数多于表头)")
        return
    found: dict[str, str] = {}
    for name, position in header.positions.items():
        text = cells[position].strip() if position < len(cells) else ""
        if len(text) > MAX_CELL_LENGTH:
            reject(name, f"longer than {MAX_CELL_LENGTH} characters (单元格过长)")
            text = ""
        found[name] = into.strings.setdefault(text, text) if name in _REPEATING else text
    numbers = (found.get(n, "") for n in ("id_number", "student_number", "disability_certificate"))
    if is_blank(found.get("name", "")) and all(is_blank(n) for n in numbers):
        reject("name", "neither name nor number (姓名和证件号都为空)")
        return
    if (day := found.get("birth_date", "")) and parse_date(day) is None and not is_blank(day):
        reject("birth_date", "not a day that can be read (日期无法识别)")
    if (sex := found.get("sex", "")) and parse_sex(sex) is None and not is_blank(sex):
        reject("sex", "neither 男 nor 女 (性别无法识别)")
    into.rows.append(Row(ref=RowRef(register, row), cells=found, file=file, sheet=sheet, line=line))


def _text(value: object) -> str:
    """A spreadsheet's value as text. A number of 16 digits or more has lost its end: 15 digits are kept, then zeros."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124
            return ""
        if value == int(value):
            digits = str(int(value)) if abs(value) < 1e15 else f"{value:.14e}".replace(".", "")[:15]
            return digits if abs(value) < 1e15 else digits.ljust(len(str(int(value))), "0")
        return repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return "" if isinstance(value, timedelta) else str(value)


def _delimited(path: Path) -> Iterator[list[str]]:
    text = _decode(path.read_bytes(), file=path.name)
    if "\0" in text:
        raise Refused(f"{path.name}: holds zero bytes, so it is not a text file; export it again as CSV")
    head = "\n".join(text.split("\n", 10)[:10])
    delimiter = max(",\t;|", key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise Refused(f"{path.name}: can't be read as CSV ({error}); export it again") from error


def _decode(content: bytes, *, file: str) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM, GB18030: in this order, because text in one rarely passes for the one before."""
    encodings = ["utf-16"] if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(f"{file}: neither UTF-8 nor GB18030; save it as CSV UTF-8")


def _workbook(path: Path) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415

    _check_package(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.width <= 1 or sheet.height <= 1:
                continue
            # Lines count from the top of the sheet, as people see them, so leading empty rows stay in.
            yield name, iter(sheet.to_python(skip_empty_area=False))
    except (CalamineError, OSError, ValueError) as error:
        raise Refused(f"{path.name}: can't be read as a workbook; open it and save it again as XLSX") from error


_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']""")


def _check_package(path: Path) -> None:
    """Refuse what would not fit into memory, before the reader unpacks it."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            packed = max(1, sum(part.compress_size for part in parts))
            if unpacked > MAX_UNPACKED_BYTES or (unpacked > 2**20 and unpacked / packed > MAX_UNPACKED_RATIO):
                raise Refused(f"{path.name}: unpacks to far more than a register holds; save it again as XLSX or CSV")
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    with package.open(part) as stream:
                        _check_spread(stream, file=path.name)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise Refused(f"{path.name}: not a whole XLSX file; open it and save it again as XLSX") from error


def _check_spread(stream: IO[bytes], *, file: str) -> None:
    """Refuse a sheet whose outermost cells span more than can be held: readers fill the whole rectangle between them."""
    columns = rows = 0
    rest = b""
    while chunk := stream.read(1 << 20):
        block = rest + chunk
        corners = _CELL.findall(block)
        if corners:
            columns = max(columns, *map(_column_number, {letters for letters, _ in corners}))
            rows = max(rows, *(int(digits) for _, digits in corners))
        if columns > MAX_COLUMNS or rows > MAX_ROWS or columns * rows > MAX_CELLS:
            raise Refused(
                f"{file}: a cell stands far outside the table (column {columns}, row {rows}); delete it and save again"
            )
        rest = block[-64:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
