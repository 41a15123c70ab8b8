"""Reading a file with its records: here, or in a process beside this one, which is started anew and shares nothing.

Paths go in by line, and what was read of each comes out, pickled (`main`). It is safe beside the threads of a server, where a fork
may hang. It is no pool of `multiprocessing` either: that runs the caller's main module again, and a script that is not written
for it would start all over. It ends with its caller.
"""

import gc
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from select import select
from types import TracebackType
from typing import Final, Self

from services.chassis.errors import Refused
from services.roster.reconcile.reading import Reading, read_file
from services.roster.reconcile.records import read_record

END_S: Final = 10.0


def read_one(path: Path) -> Reading | Refused:
    """One file with its records, or why it can't be read: which of several files is refused is not for the quickest to say."""
    reading = Reading()
    try:
        read_file(path, into=reading)
    except Refused as refused:
        return refused
    reading.records = [read_record(row) for row in reading.rows]
    reading.strings.clear()
    return reading


class Beside:
    """The other process, one file at a time; use it as a context."""

    def __init__(self) -> None:
        """Start it."""
        self._asked: Path | None = None
        self._process = subprocess.Popen(  # noqa: S603  # this interpreter, on this module
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate(timeout=END_S)

    @property
    def is_free(self) -> bool:
        """Whether nothing is asked of it."""
        return self._asked is None

    @property
    def has_answered(self) -> bool:
        """Whether what it was asked for is there."""
        return self._process.stdout is not None and bool(select([self._process.stdout], [], [], 0)[0])

    def ask(self, path: Path) -> None:
        """Have a file read; then `answer`, before the next one."""
        self._asked = path
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it has ended, and `answer` says so
                self._process.stdin.write(os.fsencode(path.absolute()) + b"\n")
                self._process.stdin.flush()

    def answer(self) -> tuple[Path, Reading | Exception]:
        """The file that was asked for and what was read of it; it comes to an end, for what a file may hold is bounded."""
        path, self._asked = self._asked, None
        if path is None or self._process.stdout is None:
            raise RuntimeError("nothing was asked for")
        try:
            return path, pickle.load(self._process.stdout)  # noqa: S301  # from our own process
        except (EOFError, pickle.UnpicklingError) as error:
            if (status := self._process.wait(END_S)) >= 0:
                raise RuntimeError(f"the process that reads beside ended with {status}") from error
            # The system ends what takes more memory than there is.
            return path, Refused(
                f"{path.name}: 读取时内存不足，请按乡镇或学校分开 / the process that read it was ended, likely for want of memory;"
                " split it"
            )


def main() -> None:
    """Answer until nobody asks any more."""
    gc.disable()  # all of it lives until it is handed over
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # what anybody prints is no answer
    for line in sys.stdin.buffer:
        try:
            answer: Reading | Exception = read_one(Path(os.fsdecode(line.removesuffix(b"\n"))))
        except Exception as error:  # noqa: BLE001  # it is raised where the file was asked for
            answer = error
        answers.write(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))
        answers.flush()
