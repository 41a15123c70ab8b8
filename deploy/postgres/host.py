"""What a cluster asks of the machine it lies on: programs run as another user, rights, ownership, free ports."""

import ctypes
import errno
import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SERVER_UID: Final = 65534  # nobody: owns the server's files and runs it, when we are root
SERVER_GID: Final = 65534
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_STATUS_LINE: Final = 7  # of postmaster.pid, counted from 0


def is_root() -> bool:
    """Whether we are root, as which PostgreSQL refuses to run."""
    return os.geteuid() == 0


def run_as(
    uid: int | None, *command: str, cwd: Path, timeout: float, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a program as `uid` (None: as ourselves) with nothing of our environment, its errors among its output."""
    return subprocess.run(  # noqa: S603 - only programs named in this module, never through a shell
        command,
        user=uid,
        group=None if uid is None else SERVER_GID,
        extra_groups=None if uid is None else [],
        umask=0o077,
        cwd=cwd,
        env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )


def can(uid: int | None, right: str, path: Path) -> bool:
    """Whether `uid` has the right (`-r`, `-x`) to `path`, every folder above it included: asked of the kernel."""
    return run_as(uid, "test", right, str(path), cwd=Path("/"), timeout=10).returncode == 0


def give(folder: Path, *, uid: int) -> None:
    """Makes a folder that nobody else can reach yet, and all that is in it, the server's."""
    for parent, _, files in os.walk(folder):
        for path in (*(Path(parent, name) for name in files), Path(parent)):
            os.chown(path, uid, SERVER_GID, follow_symlinks=False)


def write_private(file: Path, text: str) -> None:
    """Writes a file nobody but its owner can read, whole or not at all."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


@contextmanager
def held_alone(lock: Path) -> Iterator[None]:
    """Held by one process of this machine at a time, for as long as it lives; raises `BlockingIOError` for the others."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def is_free(port: int) -> bool:
    """Whether a server may listen on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL binds: past connections don't count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def flush(folder: Path) -> None:
    """Puts everything written to the folder's file system onto the disk: of thousands of files in one step."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


def exchange(first: Path, second: Path) -> bool:
    """Gives two folders of one file system each other's names in one step; False where the file system can't."""
    renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    if renameat2(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS}:
        return False
    raise OSError(number, os.strerror(number), str(first), None, str(second))


def is_up(data: Path, *, deadline: float) -> bool:
    """Waits until a server that was started on this folder takes writes; False where it ends instead, or takes too long.

    One that goes back to a moment lets readers in before it knows whether it gets there; `pg_ctl` waits no longer than that.
    """
    while time.monotonic() < deadline:
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        if len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready":
            return True
        time.sleep(0.02)
    return False
