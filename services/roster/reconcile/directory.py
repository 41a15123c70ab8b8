"""The register files of a directory, in two processes where they are large: read, and their rows brought to comparable form.

A file is read by itself, whoever reads it, and numbered on after those before it; so the answer is the same with one process and
with two. The other process is started anew and shares nothing (spawn): a fork of a process with threads, as a server has, may
hang. It hands back what it read, which costs a fifth of the reading: worth it for the large files of a county only.
"""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from services.chassis.errors import Refused
from services.roster.reconcile.model import Register, RowRef
from services.roster.reconcile.reading import MAX_FILES, MAX_PASSED, TABLES, WORKBOOKS, Reading, read_file
from services.roster.reconcile.records import in_county, read_record

WORTH_BYTES: Final = 2 * 1024 * 1024
"""Of all files but the largest: less is read before another process has started."""
PACKED: Final = 2
"""How much longer a workbook takes than a text file of its size: it is packed."""

Told = Callable[[int, int], None]


def read_directory(directory: Path, *, processes: int | None = None, told: Told | None = None) -> Reading:
    """All registers of a directory, by columns and not by file name, with the records of their rows.

    `processes` is 1 or 2, by default what is worth it; `told(done, total)` is called after each file.
    Raises Refused, naming the file, where one can't be read at all; then nothing is taken from any of them.
    """
    if not directory.is_dir():
        raise Refused(f"{directory.name}: 不是文件夹 / not a directory; give the folder that holds the register files")
    files = sorted(p for p in directory.iterdir() if p.is_file() and not p.name.startswith((".", "~$")))
    if len(files) > MAX_FILES:
        raise Refused(
            f"{directory.name}: 超过 {MAX_FILES} 个文件 / more than {MAX_FILES} files; put only the register files into the folder"
        )
    tables = [path for path in files if path.suffix.lower() in TABLES]
    if processes is None:
        processes = 2 if (os.cpu_count() or 1) > 1 and sum(sorted(map(_size, tables))[:-1]) >= WORTH_BYTES else 1
    found = (_read_by_two if processes > 1 else _read_by_one)(tables, told or _silent)
    for path in tables:
        if isinstance(refused := found[path], Refused):
            raise refused
    return _in_one_numbering(read for path in tables if isinstance(read := found.pop(path), Reading))


def _silent(_done: int, _total: int) -> None:
    """Tells nobody."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cycle collection meanwhile: millions of rows live to the end, and walking them again and again costs a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _size(path: Path) -> int:
    """How long a file takes to be read, in bytes of a text file."""
    return path.stat().st_size * (PACKED if path.suffix.lower() in WORKBOOKS else 1)


def _read(path: Path) -> Reading | Refused:
    """One file with its records, or why it can't be read: which of several files is refused is not for the quickest process to say."""
    reading = Reading()
    try:
        read_file(path, into=reading)
    except Refused as refused:
        return refused
    reading.records = [read_record(row) for row in reading.rows]
    reading.strings.clear()
    return reading


def _read_by_one(files: Sequence[Path], told: Told) -> dict[Path, Reading | Refused]:
    found = {}
    for path in files:
        found[path] = _read(path)
        told(len(found), len(files))
    return found


def _read_by_two(files: Sequence[Path], told: Told) -> dict[Path, Reading | Refused]:
    """Each takes the largest file that waits when it has done with the one before; this process is one of the two."""
    waiting = deque(sorted(files, key=_size, reverse=True))
    found: dict[Path, Reading | Refused] = {}
    theirs: tuple[Path, Future[Reading | Refused]] | None = None
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=gc.disable) as other:
        while waiting or theirs is not None:
            if theirs is None:
                path = waiting.popleft()
                theirs = path, other.submit(_read, path)
            if waiting and not theirs[1].done():
                path = waiting.popleft()
                found[path] = _read(path)
            else:
                path, reading = theirs
                found[path], theirs = _result(reading, path), None
            told(len(found), len(files))
    return found


def _result(reading: Future[Reading | Refused], path: Path) -> Reading | Refused:
    """What the other process read; it comes to an end, for what a file may hold is bounded."""
    try:
        return reading.result()
    except BrokenProcessPool:  # the system ends what takes more memory than there is
        return Refused(
            f"{path.name}: 读取时内存不足，请按乡镇或学校分开 / the process that read it was ended, likely for want of memory; split it"
        )


def _in_one_numbering(readings: Iterable[Reading]) -> Reading:
    """What was read of several files as one: rows of a register count on from file to file."""
    whole = Reading()
    for reading in readings:
        if moved := {register: before for register in reading.counted if (before := whole.counted[register])}:
            _count_on(reading, moved)
        whole.counted += reading.counted
        whole.rows += reading.rows
        whole.records += reading.records
        whole.rejects += reading.rejects
        whole.unknown += reading.unknown
        whole.passed = (whole.passed + reading.passed)[:MAX_PASSED]
        whole.passed_over += reading.passed_over
    whole.records.sort(key=attrgetter("ref"))
    whole.records = in_county(whole.records)
    return whole


def _count_on(reading: Reading, before: dict[Register, int]) -> None:
    """Number the rows of some registers on after so many rows."""

    def on(ref: RowRef) -> RowRef:
        return RowRef(ref.register, ref.row + before.get(ref.register, 0))

    reading.rows = [replace(row, ref=on(row.ref)) for row in reading.rows]
    reading.records = [
        replace(record, ref=on(record.ref), row=replace(record.row, ref=on(record.ref))) for record in reading.records
    ]
    reading.rejects = [
        replace(reject, row=reject.row + before[reject.register])
        if reject.row and reject.register in before
        else reject
        for reject in reading.rejects
    ]
