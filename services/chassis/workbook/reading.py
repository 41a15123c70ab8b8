"""Workbooks that come back: as texts, and only as much as can be held.

A workbook is a ZIP archive and may claim anything: a few kilobytes that unpack to gigabytes, or one cell in the last column
of the last row, for which readers lay out everything between. Both are looked for before the reader sees the file.
"""

import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import IO, Final

from python_calamine import CalamineError, CalamineWorkbook

from services.chassis.errors import Refused

MOST_BYTES: Final = 16 * 2**20
MOST_UNPACKED: Final = 128 * 2**20
MOST_RATIO: Final = 300
"""A table packs about 1:15, a bomb above 1:1000."""
MOST_PARTS: Final = 500
MOST_SHEETS: Final = 64
MOST_WIDE: Final = 512
MOST_HIGH: Final = 100_000
MOST_CELLS: Final = 2_000_000
_CELL: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']""")


@dataclass(frozen=True, slots=True)
class OpenedSheet:
    """A sheet that was opened: every row from the first, cells as texts; dates are ISO 8601, whole numbers without a point."""

    name: str
    rows: list[list[str]]


def open_workbook(content: bytes) -> list[OpenedSheet]:
    """The sheets of an XLSX file; raises `Refused` for what is none or is beyond the bounds. Nothing in it is run."""
    if len(content) > MOST_BYTES:
        raise Refused(f"文件过大，最多 {MOST_BYTES // 2**20} MB。The file is too large.")
    _check(content)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        if not 0 < len(book.sheet_names) <= MOST_SHEETS:
            raise _not_a_workbook()
        sheets = [
            OpenedSheet(name, [[_text(cell) for cell in row] for row in rows])
            for name in book.sheet_names
            for rows in [book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
        ]
    except (CalamineError, OSError, ValueError):
        raise _not_a_workbook() from None
    else:
        return sheets


def _check(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or unpacked > 2**20 + MOST_RATIO * len(content):
                raise Refused("文件解压后过大，请另存为 XLSX 再交。The file unpacks to far more than a table holds.")
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    with package.open(part) as stream:
                        _check_spread(stream)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, zlib.error, ValueError):
        raise _not_a_workbook() from None


def _check_spread(stream: IO[bytes]) -> None:
    """Refuses a sheet whose outermost cells span more than can be held."""
    wide = high = 0
    rest = b""
    while chunk := stream.read(2**20):
        block = rest + chunk
        for letters, digits in _CELL.findall(block):
            wide, high = max(wide, _number_of(letters)), max(high, int(digits))
        if wide > MOST_WIDE or high > MOST_HIGH or wide * high > MOST_CELLS:
            raise Refused(
                f"有单元格远在表格之外(第 {wide} 列、第 {high} 行)，请删除后再交。A cell stands far outside the table."
            )
        rest = block[-64:]


def _number_of(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.min.time() else str(value.date())
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


def _not_a_workbook() -> Refused:
    return Refused(
        "不是完整的 XLSX 文件，请打开后另存为 XLSX 再交。This is no whole XLSX file; open it and save it again."
    )
