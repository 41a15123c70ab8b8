"""Who was erased, in a file outside of the key store.

A copy of the key store that is older than an erasure holds the key again. Therefore whoever shreds writes here first, and
a vault that is given the list shreds everybody on it before it opens anything.
"""

import fcntl
import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from services.chassis.errors import Refused

_LINE_BYTES: Final = 78  # without its line feed


class ShredListDamaged(Refused):
    """A line of the shred list is not one that was written; somebody on it might be readable again, so nothing opens."""


class ShredList:
    """Who was erased, in a file outside of the key store: one line each, only ever added to.

    A line is moment, subject and a check of both. One that was cut short by a power cut was never acted upon.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[UUID, datetime]:
        """Everybody on the list with the moment of the erasure; nobody where there is no file.

        Raises `ShredListDamaged` with the number of a line that is none.
        """
        try:
            return self._parse(self.path.read_bytes())
        except FileNotFoundError:
            return {}

    def add(self, subjects: Mapping[UUID, datetime]) -> None:
        """Writes those who are missing; when it returns they are on the disk. Raises `OSError`, `ShredListDamaged`."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            there = file.read()
            known = self._parse(there)
            lines = [_line(subject, at) for subject, at in subjects.items() if subject not in known]
            if lines:
                begun = b"\n" if there and not there.endswith(b"\n") else b""
                written = begun + b"".join(lines)
                if file.write(written) != len(written):
                    raise OSError("the disk of the shred list is full")
            os.fsync(file.fileno())
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _parse(self, content: bytes) -> dict[UUID, datetime]:
        listed: dict[UUID, datetime] = {}
        for number, line in enumerate(content.split(b"\n"), start=1):
            if len(line) < _LINE_BYTES:
                continue
            try:
                moment, subject = line.decode("ascii").split(" ")[:2]
                at, who = datetime.fromisoformat(moment), UUID(subject)
            except ValueError:
                raise ShredListDamaged(f"{self.path.name} is damaged in line {number}") from None
            if _line(who, at) != line + b"\n":
                raise ShredListDamaged(f"{self.path.name} is damaged in line {number}")
            listed.setdefault(who, at)
        return listed


def _line(subject: UUID, at: datetime) -> bytes:
    words = f"{at.astimezone(UTC).isoformat(timespec='microseconds')} {subject}"
    return f"{words} {hashlib.sha256(words.encode()).hexdigest()[:8]}\n".encode()
