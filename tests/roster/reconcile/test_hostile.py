"""Files nobody should hand over: each is refused by name, soon, and without taking the memory it asks for.

Whatever the bytes are, reading gives rows and rejects or raises `Refused`, and nothing else.
"""

import io
import json
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.errors import Refused
from services.roster.reconcile.reading import Reading, read_content

ROOT = Path(__file__).parents[3]
COUNTY = Path(__file__).parents[2] / "data" / "county" / "registers"
SECONDS = 20.0
"""Of a processor, for one file; what is refused takes some seconds at most."""
BYTES = 512 * 1024 * 1024
"""Of address space beyond what the process had before."""

SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


@cache
def a_workbook() -> bytes:
    """A small register as Excel writes it."""
    book = openpyxl.Workbook()
    for line in (
        ["姓名", "户号", "户籍状态", "出生日期"],
        ["燕归来", "7", "正常", "2015-06-07"],
        ["燕小乙", "8", "正常", 42162],
    ):
        book.active.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """The workbook with one part put in the place of another."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(a_workbook())) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for part in source.infolist():
            if part.filename != name:
                made.writestr(part, source.read(part))
        made.writestr(name, content)
    return target.getvalue()


def a_bomb() -> bytes:
    return with_part(SHEET, HEAD + b" " * 60_000_000)


def a_bomb_that_lies() -> bytes:
    """The archive says that its sheet has a hundred bytes, and states their checksum."""
    true, said = b" " * 60_000_000, b" " * 100
    content = with_part(SHEET, true)
    lie = struct.pack("<I", zlib.crc32(said)), struct.pack("<I", len(said))
    content = content.replace(struct.pack("<I", zlib.crc32(true)), lie[0])
    return content.replace(struct.pack("<I", len(true)), lie[1])


def shared_texts_beyond_measure() -> bytes:
    return with_part("xl/sharedStrings.xml", b"<sst>" + b"<si><t>a</t></si>" * 4_000_000)


def broken_xml() -> bytes:
    return with_part(SHEET, HEAD + b"<row><c r='A1'><v>1</row>")


def entities() -> bytes:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "lol"><!ENTITY x SYSTEM "file:///etc/passwd">' + laughs + b"]>"
    )
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&l11;&x;</t></is></c></row>' * 3
    return with_part(SHEET, bomb + HEAD + row + b"</sheetData></worksheet>")


def a_million_columns() -> bytes:
    cells = b"".join(b'<c r="A1"><v>%d</v></c>' % number for number in range(200_000))
    return with_part(SHEET, HEAD + b'<row r="1">' + cells + b'<c r="BDWGN1"><v>1</v></c></row></sheetData></worksheet>')


def two_cells_far_apart() -> bytes:
    """Four kilobytes for which readers lay out forty million cells."""
    cells = b'<row><c r="A1"><v>1</v></c></row><row><c r="Z1500000"><v>1</v></c></row>'
    return with_part(SHEET, HEAD + cells + b"</sheetData></worksheet>")


def cells_without_places() -> bytes:
    return with_part(SHEET, HEAD + (b"<row>" + b"<c><v>1</v></c>" * 20 + b"</row>") * 500_000)


def ten_million_rows() -> bytes:
    return with_part(SHEET, HEAD + b"<row/>" * 10_000_000 + b"</sheetData></worksheet>")


def merged_without_end() -> bytes:
    merged = b'<mergeCell ref="A1:A9"/>' * 1_000_000
    cells = b'<row><c r="A1"><v>1</v></c></row><row><c r="B2"><v>1</v></c></row></sheetData>'
    return with_part(SHEET, HEAD + cells + b"<mergeCells>" + merged + b"</mergeCells></worksheet>")


def a_picture() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 64


def parts_by_names_of_other_places() -> bytes:
    return with_part("../../../../tmp/baoxue-was-here", b"x" * 100)


def archives_in_archives() -> bytes:
    content = b"PK"
    for _ in range(5):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("a.xlsx", content)
        content = made.getvalue()
    return content


def a_web_page() -> bytes:
    return "<html><table><tr><td>姓名</td></tr></table></html>".encode()


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a bomb": ("a.xlsx", a_bomb),
    "a bomb that lies": ("a.xlsx", a_bomb_that_lies),
    "shared texts": ("a.xlsx", shared_texts_beyond_measure),
    "broken xml": ("a.xlsx", broken_xml),
    "entities": ("a.xlsx", entities),
    "a million columns": ("a.xlsx", a_million_columns),
    "two cells far apart": ("a.xlsx", two_cells_far_apart),
    "cells without places": ("a.xlsx", cells_without_places),
    "ten million rows": ("a.xlsx", ten_million_rows),
    "merged without end": ("a.xlsx", merged_without_end),
    "a picture": ("a.csv", a_picture),
    "a picture named xlsx": ("a.xlsx", a_picture),
    "parts by names of other places": ("a.xlsx", parts_by_names_of_other_places),
    "archives in archives": ("a.xlsx", archives_in_archives),
    "a workbook with a password": ("a.xlsx", lambda: b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le")),
    "an old workbook": ("a.xlsx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)),
    "a web page": ("a.csv", a_web_page),
    "a web page named xlsx": ("a.xlsx", a_web_page),
    "nothing": ("a.xlsx", lambda: b""),
    "a million columns of text": ("a.csv", lambda: b"," * 1_000_000),
    "a line without end": ("a.csv", lambda: b"x" * 20_000_000),
    "a quotation without end": ("a.csv", lambda: '姓名,户号,户籍状态\n"'.encode() + b"x\n" * 5_000_000),
    "fields over lines without end": ("a.csv", lambda: b'"' + b'x","y\n' * 2_000_000),
}


HARMLESS = {"parts by names of other places": "2 rows"}
"""What is read all the same: nothing is made of a part that no workbook has."""


def read_or_refused(name: str, content: bytes) -> Reading | None:
    """What was read, or None where it was refused by name."""
    reading = Reading(keep_spoilt=True)
    try:
        read_content(name, content, into=reading)
    except Refused as error:
        if not str(error).startswith(name):
            raise
        return None
    return reading


CHILD = """
import json, resource, sys
from pathlib import Path

import python_calamine  # what a process has anyway, before its bounds

from services.chassis.errors import Refused
from services.roster.reconcile.reading import Reading, read_content

used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]),) * 2)
for path in sorted(Path(sys.argv[2]).iterdir()):
    name = path.name.partition(" ")[2]
    began = resource.getrusage(resource.RUSAGE_SELF)
    reading = Reading(keep_spoilt=True)
    try:
        read_content(name, path.read_bytes(), into=reading)
        told = f"{len(reading.rows)} rows"
    except Refused as error:
        told = "refused" if str(error).startswith(name) else str(error)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    took = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    print(json.dumps([path.name, told, took]), flush=True)
"""
"""Reads every file of a folder in a process that may not take more memory than it is told; one after the other."""


def test_what_is_hostile_is_refused_by_name_in_time_and_memory(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    kinds = {}
    for number, (kind, (name, make)) in enumerate(HOSTILE.items()):
        kinds[f"{number:02} {name}"] = kind
        (folder / f"{number:02} {name}").write_bytes(make())

    done = subprocess.run(  # this interpreter, on files written here
        [sys.executable, "-c", CHILD, str(BYTES), str(folder)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=300,
        check=False,
    )

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [kinds[name] for name, _, _ in told] == list(kinds.values()), done.stderr
    assert {kinds[name]: said for name, said, _ in told if said != "refused"} == HARMLESS
    assert {kinds[name]: took for name, _, took in told if took > SECONDS} == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files"], "nothing was unpacked to anywhere"


def test_a_bomb_that_lies_really_does() -> None:
    with zipfile.ZipFile(io.BytesIO(a_bomb_that_lies())) as archive:
        assert archive.getinfo(SHEET).file_size == 100


@cache
def real_files() -> list[tuple[str, bytes]]:
    """Registers as offices hand them over, cut to a size that is soon read."""
    files = [("a.xlsx", a_workbook())]
    for path in sorted(COUNTY.iterdir()):
        content = path.read_bytes()
        files.append((path.name, content if path.suffix == ".xlsx" and len(content) < 60_000 else content[:4000]))
    return files


Change = tuple[str, int, bytes]
changes = st.lists(
    st.tuples(
        st.sampled_from(["put", "insert", "cut", "double"]), st.integers(0, 2**20), st.binary(min_size=1, max_size=8)
    ),
    min_size=1,
    max_size=6,
)


def changed(content: bytes, made: list[Change]) -> bytes:
    mutable = bytearray(content)
    for kind, place, data in made:
        at = place % (len(mutable) + 1)
        match kind:
            case "put":
                mutable[at : at + len(data)] = data
            case "insert":
                mutable[at:at] = data
            case "cut":
                del mutable[at : at + 16 * data[0]]
            case _:
                mutable[at:at] = mutable[at : at + 16 * data[0]]
    return bytes(mutable)


def check(name: str, content: bytes) -> None:
    began = time.monotonic()
    reading = read_or_refused(name, content)
    assert reading is None or len({row.ref for row in reading.rows}) == len(reading.rows)
    assert time.monotonic() - began < SECONDS


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(file=st.integers(0, 6), made=changes)
def test_a_real_file_with_bytes_changed_is_read_or_refused(file: int, made: list[Change]) -> None:
    name, content = real_files()[file]

    check(name, changed(content, made))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(part=st.sampled_from([SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"]), made=changes)
def test_a_workbook_with_the_insides_of_a_part_changed_is_read_or_refused(part: str, made: list[Change]) -> None:
    with zipfile.ZipFile(io.BytesIO(a_workbook())) as archive:
        inside = archive.read(part)

    check("a.xlsx", with_part(part, changed(inside, made)))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_any_text_is_read_or_refused(text: str, encoding: str) -> None:
    check("a.csv", ("姓名,户号,户籍状态\n" + text).encode(encoding, errors="replace"))
