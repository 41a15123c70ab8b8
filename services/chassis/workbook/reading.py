"""Workbooks on their way in: XLSX, one sheet laid out at a time, row by row, every cell as a text.

The reader is a compiled one; should it give up on a file in a way of its own, that is a refusal too. A value in cells merged
downwards (a household's number beside all its members) stands in the first of them only; here every row of them has it.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from services.chassis.errors import Refused
from services.chassis.workbook.archive import MAX_CELLS, check_archive

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
ARCHIVE: Final = b"PK\x03\x04"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")

Line = Sequence[object]


def refuse_old(name: str, content: bytes) -> None:
    """Raises `Refused`, saying what to do, for what is no XLSX: one with a password, or a workbook of before 2007."""
    if content.startswith(OLD_WORKBOOK) and _ENCRYPTED in content:
        raise Refused(
            f"{name}: 有打开密码，请取消密码后再交 / it has a password; take the password off and save it again"
        )
    raise Refused(f"{name}: 旧格式工作簿，请另存为 .xlsx 或 .csv / an old workbook is not read; save it as XLSX or CSV")


def sheets_of(name: str, content: bytes) -> Iterator[tuple[str, Iterator[Line]]]:
    """Name and lines of each sheet; lines count from the top as people see them. Raises `Refused`, naming the file."""
    from python_calamine import CalamineWorkbook  # noqa: PLC0415

    check_archive(content, file=name)
    with _named(name):
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet_names = workbook.sheet_names
    for sheet_name in sheet_names:
        with _named(name):
            sheet = workbook.get_sheet_by_name(sheet_name)
        if sheet.width <= 1 or sheet.height <= 1:
            continue
        if sheet.total_width * sheet.total_height > MAX_CELLS:
            raise Refused(
                f"{name}: 有单元格远在表格之外，请删除后重新保存 / a cell stands far outside the table; delete it and save again"
            )
        yield sheet_name, _lines(sheet, file=name)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """While the compiled reader works: whatever it gives up with becomes a refusal that names the file."""
    broken = f"{name}: 无法按工作簿读取，请打开后另存为 .xlsx / can't be read as a workbook; open it and save it again as XLSX"
    try:
        yield
    except Exception as error:
        raise Refused(broken) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the compiled reader's own way of giving up
            raise Refused(broken) from None
        raise


def _lines(sheet: "CalamineSheet", *, file: str) -> Iterator[Line]:
    """The lines of a sheet, those above and beside its first cell too, values of merged cells in every row of them."""
    with _named(file):
        (_, left), (last_row, _) = sheet.start or (0, 0), sheet.end or (-1, 0)
        merged = _merged_downwards(sheet)
    beside = [""] * left
    held: dict[int, tuple[object, int]] = {}  # by column: the value that goes on, and its last row
    for at, row in enumerate(_rows_of(sheet, last=last_row, file=file)):
        line: list[object] = [*beside, *row]
        if held and any(cell != "" for cell in line):
            held = {column: (value, last) for column, (value, last) in held.items() if at <= last}
            for column, (value, _) in held.items():
                if line[column] == "":
                    line[column] = value
        for column, last in merged.get(at, ()):
            if column < len(line) and line[column] != "":
                held[column] = line[column], last
        yield line


def _rows_of(sheet: "CalamineSheet", *, last: int, file: str) -> Iterator[Line]:
    """The rows down to the last one, as the compiled reader gives them; fewer of them are a broken file."""
    with _named(file):
        rows = sheet.iter_rows()
        for _ in range(last + 1):
            yield next(rows)


def _merged_downwards(sheet: "CalamineSheet") -> dict[int, list[tuple[int, int]]]:
    """By its first row, each column in which cells are merged downwards, and the last row of them."""
    merged: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        if bottom > top:
            merged.setdefault(top, []).append((left, bottom))
    return merged


def text_of(value: object) -> str:
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
