"""The key-encryption keys 密钥加密密钥 of an installation by epoch, in one file; the newest wraps, each unwraps its own.

    <hex>              one line and nothing else: epoch 1 of suite 1, as every installation begins
    1 1 <hex>          epoch, suite, 32 random bytes
    2 2 <hex>

Why epochs: deleting a wrapped key doesn't take it out of dead rows, archives and backups. When all keys were wrapped anew
and the old key-encryption key is destroyed, what is left of the old wraps there opens no more. A new epoch may be of
another suite: what is sealed from then on is sealed in that suite, and what was sealed before opens as it did.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from services.chassis.config import own_secret, read_secret
from services.chassis.errors import Refused
from services.chassis.sealing import KEY_BYTES, SUITES, Suite


@dataclass(frozen=True, slots=True)
class Epoch:
    """One key-encryption key and the suite it belongs to."""

    number: int
    suite: Suite
    key: bytes

    @property
    def check_value(self) -> bytes:
        """Tells this key from any other; kept in the key store, so that a wrong file is noticed before it wraps anything."""
        return self.suite.check_value(self.key)

    def wrap(self, key: bytes, *, subject: UUID) -> bytes:
        """A person's key as the key store keeps it."""
        return self.suite.wrap(self.key, key, subject=subject)

    def unwrap(self, wrapped: bytes, *, subject: UUID) -> bytes:
        """A person's key; raises `WrapBroken`."""
        return self.suite.unwrap(self.key, wrapped, subject=subject)

    def written(self) -> str:
        """Its line in the file."""
        return f"{self.number} {self.suite.number} {self.key.hex()}"


class KeyRing:
    """The epochs a process holds; the file is read again when the key store names one that isn't among them."""

    def __init__(self, read: Callable[[], str]) -> None:
        """`read` gives the file's text. Raises `Refused` where it is none, without quoting it."""
        self._read = read
        self._epochs = parse(read())

    @classmethod
    def of(cls, path: Path) -> Self:
        """From the installation's file, which is made, with one epoch, where it is not there."""
        own_secret(path)
        return cls(lambda: read_secret(path))

    @classmethod
    def single(cls, key: bytes) -> Self:
        """One key and nothing else, as epoch 1."""
        return cls(key.hex)

    @property
    def newest(self) -> Epoch:
        """The epoch that wraps."""
        return self._epochs[max(self._epochs)]

    def find(self, number: int) -> Epoch | None:
        """An epoch by its number; None where the file doesn't hold it, either."""
        if number not in self._epochs:
            self._epochs = parse(self._read())
        return self._epochs.get(number)


LINE: Final = "<epoch> <suite> <64 hex digits>"


def parse(text: str) -> Mapping[int, Epoch]:
    """The epochs of a file's text; raises `Refused` with the number of a line that is none."""
    lines = text.split("\n")
    if len(lines) == 1 and " " not in text:
        lines = [f"1 1 {text}"]
    epochs: dict[int, Epoch] = {}
    for place, line in enumerate(lines, start=1):
        try:
            number, suite, key = line.split(" ")
            epoch = Epoch(int(number), SUITES[int(suite)], bytes.fromhex(key))
        except (ValueError, KeyError):
            epoch = None
        if epoch is None or len(epoch.key) != KEY_BYTES or epoch.number < 1 or epoch.number in epochs:
            raise Refused(f"Line {place} of the key-encryption keys is not “{LINE}” of an epoch of its own.")
        epochs[epoch.number] = epoch
    return epochs


def add_epoch(path: Path, *, suite: int) -> Epoch:
    """Writes one more epoch to the installation's file, in one step; returns it."""
    epochs = parse(own_secret(path))
    fresh = Epoch(max(epochs) + 1, SUITES[suite], secrets.token_bytes(KEY_BYTES))
    _rewrite(path, [*epochs.values(), fresh])
    return fresh


def destroy_epoch(path: Path, *, number: int) -> None:
    """Takes an epoch out of the installation's file; whoever kept no copy has destroyed it. Twice is once."""
    epochs = parse(read_secret(path))
    _rewrite(path, [epoch for epoch in epochs.values() if epoch.number != number])


def _rewrite(path: Path, epochs: list[Epoch]) -> None:
    written = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write("\n".join(epoch.written() for epoch in epochs))
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
