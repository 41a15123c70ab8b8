"""Register files as text: CSV in the encodings and with the delimiters of offices, line by line, none longer than can be held."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from services.chassis.errors import Refused

MAX_LINE_LENGTH: Final = 256 * 1024  # a line of the widest register has some thousand characters
MAX_LINES_OF_ROW: Final = 200  # cells with line breaks in them make one row of several lines
HEAD_LENGTH: Final = 4_000
_MARKUP: Final = ("<html", "<!doctype", "<?xml", "<table", "<meta")
_NAME: Final = "姓名"
"""What a register in UTF-16 without a mark of its own is told by."""


def delimited(name: str, content: bytes) -> Iterator[list[str]]:
    """The rows of a text file; raises `Refused`, naming the file, for what is no table."""
    text = _decode(content, file=name)
    if "\0" in text:
        raise Refused(
            f"{name}: 不是文本文件，请重新导出为 CSV / holds zero bytes, so it is not a text file; export it again as CSV"
        )
    if text.lstrip()[:200].lower().startswith(_MARKUP):
        raise Refused(
            f"{name}: 是网页而不是表格，请打开后另存为 .xlsx / a web page and no table; open it and save it as XLSX"
        )
    head = text[:HEAD_LENGTH]
    delimiter = max(",\t;|", key=head.count)
    lines = _Lines(text, file=name)
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            lines.taken = 0
            yield row
    except csv.Error as error:
        raise Refused(
            f"{name}: 无法按 CSV 读取，请重新导出 / can't be read as CSV ({error}); export it again"
        ) from error


class _Lines:
    """The lines of a text, one by one, none too long; `taken` counts those since a row was last complete."""

    def __init__(self, text: str, *, file: str) -> None:
        self._text = io.StringIO(text, newline="")
        self._file = file
        self.taken = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE_LENGTH + 1)
        self.taken += 1
        if len(line) > MAX_LINE_LENGTH or self.taken > MAX_LINES_OF_ROW:
            raise Refused(
                f"{self._file}: 有一行过长或引号未成对，请重新导出为 CSV / a row is far too long, or a quotation mark is not closed;"
                " export it again as CSV"
            )
        if not line:
            raise StopIteration
        return line


def _decode(content: bytes, *, file: str) -> str:
    """UTF-8 or UTF-16 with or without BOM, GB18030: in this order, because text in one rarely passes for the one before."""
    encodings = ["utf-8-sig", "gb18030"]
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encodings = ["utf-16"]
    for bare in ("utf-16-le", "utf-16-be"):
        if _NAME.encode(bare) in content[: 2 * HEAD_LENGTH]:
            encodings = [bare]
    for encoding in encodings:
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise Refused(
        f"{file}: 文字编码无法识别，请另存为 CSV UTF-8 或 .xlsx / neither UTF-8 nor GB18030; save it as CSV UTF-8"
    )
