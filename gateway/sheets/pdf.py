"""Word files as PDF: by LibreOffice, a program of its own, many files in one run.

It is there where whoever runs the system has put it (`libreoffice-writer-nogui`, and a font for Chinese); without it PDF is refused in
words, and Word is handed out as ever. Names stand in what it reads: its files are numbered, lie in a folder that nobody but this
process's account may enter, with the program's profile, and are gone when it ends. In that profile no macro runs, and nothing that a
document links to is fetched. One run at a time, each with an end.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from services.chassis.errors import Refused

PDF: Final = "application/pdf"
PROGRAM: Final = "soffice"
RUN_S: Final = 200.0
"""How long a run may take; a township's year of letters takes a fraction of it."""
WAIT_S: Final = 60.0
"""How long one waits for another's run."""

_PROFILE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""
_running: Final = Lock()


def is_there() -> bool:
    """Whether Word files can be made into PDF here."""
    return shutil.which(PROGRAM) is not None


def require() -> str:
    """The program; raises `Refused` where it is not installed."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise Refused(
            "本系统未安装转换程序，请下载 Word。There is no LibreOffice here to make PDF: take the Word file."
        )
    return program


def converted(files: Sequence[bytes], *, within_s: float = RUN_S) -> list[bytes]:
    """Word files as PDF, in their order; raises `Refused` where one can't be made, or not in time."""
    program = require()
    if not _running.acquire(timeout=WAIT_S):
        raise Refused("正在转换其他文件，请稍后再试。Others are made into PDF now; ask again later.")
    try:
        with tempfile.TemporaryDirectory(prefix="baoxue-pdf-") as folder:
            return _converted(files, program=program, folder=Path(folder), within_s=within_s)
    finally:
        _running.release()


def _converted(files: Sequence[bytes], *, program: str, folder: Path, within_s: float) -> list[bytes]:
    settings = folder / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_PROFILE, encoding="utf-8")
    given = [folder / f"{number}.docx" for number in range(len(files))]
    for path, content in zip(given, files, strict=True):
        path.write_bytes(content)
    command = [
        program,
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder / "made"),
        *map(str, given),
    ]
    _run(command, folder=folder, within_s=within_s)
    made = [folder / "made" / f"{path.stem}.pdf" for path in given]
    if not all(path.is_file() for path in made):
        raise Refused("文件无法转换为 PDF，请下载 Word。This can't be made into PDF: take the Word file.")
    return [path.read_bytes() for path in made]


def _run(command: Sequence[str], *, folder: Path, within_s: float) -> None:
    """Runs the program and all that it starts, in an environment of its own; raises `Refused` where it does not end in time."""
    environment = {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    running = subprocess.Popen(  # noqa: S603  # a program of the system, with file names of our own, never through a shell
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        running.wait(timeout=within_s)
    except subprocess.TimeoutExpired:
        raise Refused(
            "转换超时，请按村下载，或下载 Word。Making PDF takes too long: ask by village, or take Word."
        ) from None
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
