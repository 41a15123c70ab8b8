"""Workbooks from outside before they are unpacked: what would not fit into memory is refused by what is in the archive, not by what it says.

An archive states how large each of its parts is, and may lie; the reader unpacks to the end all the same. So every part is
unpacked here once, piece by piece, counted and thrown away. A sheet is looked through for its outermost
cells on the way: readers lay out the whole rectangle between them. Archives within the archive are left as they are.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from services.chassis.errors import Refused

MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
MAX_UNPACKED_RATIO: Final = 300  # a register packs about 1:15; a bomb packs above 1:1000
MAX_STRINGS_BYTES: Final = 256 * 1024 * 1024  # of the table of shared texts, which is held whole
MAX_PARTS: Final = 2_000
MAX_COLUMNS: Final = 256
MAX_ROWS: Final = 1_500_000
MAX_CELLS: Final = 8_000_000  # of a sheet, filled or not; 120,000 children of a county in 40 columns are five million
MAX_SPREAD: Final = 10  # how much larger than its cells the rectangle may be that a sheet spans
MAX_MERGED: Final = 300_000  # merged cells of a sheet: the households of a county, each merged in four columns
SMALL: Final = 1_000_000  # cells of a rectangle that is never too large

_PIECE: Final = 1 << 20
_FED: Final = 1 << 16
_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_PLAIN: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_CELL: Final = re.compile(rb"""r\s*=\s*["']([A-Za-z]{1,9})([0-9]{1,18})["']""")
"""Where a cell says it stands. With a blank before the `r` it would be exact, and take twice as long: it is looked for a million times."""
_BEGINS: Final = (b"<c", b"<row", b":c", b":row")
"""A cell or a row begins, with a prefix or without; they need not say where they stand. A few others are counted along."""


def check_archive(content: bytes, *, file: str) -> None:
    """Raises Refused, naming the file, for what is no archive, lies about its parts, or unpacks to more than can be held."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            parts = package.infolist()
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
        struct.error,
    ) as error:
        raise _broken(file) from error
    if len(parts) > MAX_PARTS:
        raise _too_much(file)
    unpacked = 0
    for part in parts:
        allowed = min(MAX_UNPACKED_BYTES - unpacked, _PIECE + MAX_UNPACKED_RATIO * max(1, part.compress_size))
        if part.filename.endswith("sharedStrings.xml"):
            allowed = min(allowed, MAX_STRINGS_BYTES)
        if part.file_size > allowed:
            raise _too_much(file)
        pieces = _unpacked(content, part, file=file)
        if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
            pieces = _within_spread(pieces, file=file)
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > allowed:
                raise _too_much(file)
        if size != part.file_size:
            raise _broken(file)
        unpacked += size


def _unpacked(content: bytes, part: zipfile.ZipInfo, *, file: str) -> Iterator[bytes]:
    """What a part really holds, in pieces of at most a megabyte."""
    if part.compress_type not in _PLAIN or part.flag_bits & 0x1:
        raise _broken(file)
    try:
        mark, name_length, extra_length = _LOCAL_HEADER.unpack_from(content, part.header_offset)
    except struct.error as error:
        raise _broken(file) from error
    start = part.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    if mark != b"PK\x03\x04" or start + part.compress_size > len(content):
        raise _broken(file)
    packed = memoryview(content)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(packed), _PIECE):
            yield bytes(packed[at : at + _PIECE])
        return
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, len(packed), _FED):
            waiting: bytes | memoryview = packed[at : at + _FED]
            while waiting and not stream.eof:
                yield stream.decompress(waiting, _PIECE)
                waiting = stream.unconsumed_tail
        yield stream.flush()
    except zlib.error as error:
        raise _broken(file) from error


def _within_spread(pieces: Iterator[bytes], *, file: str) -> Iterator[bytes]:
    """The pieces of a sheet, as long as its outermost cells span no more than can be held."""
    columns = rows = begun = merged = 0
    rest = b""
    for piece in pieces:
        block = rest + piece
        corners = _CELL.findall(block)
        if corners:
            columns = max(columns, *map(_column_number, {letters for letters, _ in corners}))
            rows = max(rows, *map(int, {digits for _, digits in corners}))
        begun += sum(map(block.count, _BEGINS))
        if columns > MAX_COLUMNS or rows > MAX_ROWS or columns * rows > MAX_CELLS:
            raise _far_outside(file, columns=columns, rows=rows)
        merged += block.count(b"mergeCell ")
        if begun > MAX_CELLS or merged > MAX_MERGED:
            raise _too_much(file)
        rest = block[-64:]
        yield piece
    if columns * rows > max(SMALL, MAX_SPREAD * begun):
        raise _far_outside(file, columns=columns, rows=rows)


def _far_outside(file: str, *, columns: int, rows: int) -> Refused:
    return Refused(
        f"{file}: 有单元格远在表格之外(第{columns}列、第{rows}行)，请删除后重新保存 / a cell stands far outside the table; delete it and save again"
    )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _broken(file: str) -> Refused:
    return Refused(
        f"{file}: 不是完整的 XLSX 文件，请打开后另存为 .xlsx / not a whole XLSX file; open it and save it again as XLSX"
    )


def _too_much(file: str) -> Refused:
    return Refused(
        f"{file}: 文件解压后过大，请另存为 .xlsx 或 .csv，或按乡镇分开 / unpacks to far more than a register holds; save it again, or split it"
    )
