"""Spreadsheets whose bytes depend on their cells alone: every time stamp inside is fixed."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from shutil import copyfileobj
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

_STILL = datetime(2000, 1, 1)  # noqa: DTZ001 - the format keeps times without a zone


class _StillZip(ZipFile):
    """A zip archive that gives every entry the same time and mode, whatever the clock and the temporary files say."""

    def writestr(self, zinfo_or_arcname: str | ZipInfo, data: Any, *_: Any, **__: Any) -> None:
        name = zinfo_or_arcname.filename if isinstance(zinfo_or_arcname, ZipInfo) else zinfo_or_arcname
        super().writestr(_entry(name), data, ZIP_DEFLATED, 6)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        with Path(filename).open("rb") as source, self.open(_entry(str(arcname)), "w", force_zip64=True) as target:
            copyfileobj(source, target, 1 << 20)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, date_time=_STILL.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def write_workbook(path: Path, *, title: str, rows: Iterable[Sequence[str | int | date | None]]) -> None:
    """Write one sheet row by row; `title` is the sheet's name. The same rows give the same bytes."""
    book = Workbook(write_only=True)
    book.properties.creator = "baoxue sample"
    book.properties.created = book.properties.modified = _STILL
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    ExcelWriter(book, _StillZip(path, "w", ZIP_DEFLATED)).save()
