"""The register files of a directory, read by two processes where they are large (`beside.py`).

A file is read by itself, whoever reads it, and its rows are numbered on after those before it; so the answer is the same with one
process and with two. What the other process read it hands over whole, which costs a fifth of the reading: worth it for the files
of a county only.
"""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from services.chassis.errors import Refused
from services.roster.reconcile.beside import Beside, read_one
from services.roster.reconcile.model import Register, RowRef
from services.roster.reconcile.reading import MAX_FILES, MAX_PASSED, TABLES, WORKBOOKS, Reading
from services.roster.reconcile.records import in_county

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
    return _in_one_numbering(found.pop(path) for path in tables)


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


def _read_by_one(files: Sequence[Path], told: Told) -> dict[Path, Reading | Exception]:
    found: dict[Path, Reading | Exception] = {}
    for path in files:
        found[path] = read_one(path)
        told(len(found), len(files))
    return found


def _read_by_two(files: Sequence[Path], told: Told) -> dict[Path, Reading | Exception]:
    """Each takes the largest file that waits when it has done with the one before; this process is one of the two."""
    waiting = deque(sorted(files, key=_size, reverse=True))
    found: dict[Path, Reading | Exception] = {}
    with Beside() as other:
        while waiting or not other.is_free:
            if waiting and other.is_free:
                other.ask(waiting.popleft())
            if waiting and not other.has_answered:
                path = waiting.popleft()
                found[path] = read_one(path)
            else:
                path, found[path] = other.answer()
            told(len(found), len(files))
    return found


def _in_one_numbering(found: Iterable[Reading | Exception]) -> Reading:
    """What was read of several files as one: rows of a register count on from file to file. Raises the first that can't be read."""
    whole = Reading()
    for reading in found:
        if isinstance(reading, Exception):
            raise reading
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
