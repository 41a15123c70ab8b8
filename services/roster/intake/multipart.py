"""A body of several files (multipart/form-data, RFC 7578) taken apart piece by piece: nothing of it is ever held whole.

Bytes go in as they come; out come names, pieces and ends. What has no file name is passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from services.chassis.http import Malformed

MOST_HEADER: Final = 8 * 1024
LONGEST_NAME: Final = 120

_BOUNDARY: Final = re.compile(r"""boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)
_NAME: Final = re.compile(rb'[;\s]filename="((?:[^"\\\r\n]|\\.)*)"', re.IGNORECASE)
_CODED_NAME: Final = re.compile(rb"[;\s]filename\*=utf-8''([^;\s]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Begun:
    """A file begins."""

    name: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The file at hand is whole."""


Told = Begun | bytes | Ended


class Multipart:
    """The state between two pieces of a body; raises `Malformed` for what is none."""

    def __init__(self, content_type: str) -> None:
        boundary = _BOUNDARY.search(content_type)
        if not content_type.lower().startswith("multipart/form-data") or boundary is None:
            raise Malformed("Files are handed in as multipart/form-data, one part with a file name each.")
        self._delimiter = b"\r\n--" + (boundary[1] or boundary[2]).encode()
        self._buffer = bytearray(b"\r\n")  # the first delimiter may begin the body
        self._in_header = False
        self._in_file = False
        self._over = False

    def feed(self, data: bytes) -> Iterator[Told]:
        """What another piece of the body tells."""
        if self._over:
            return
        self._buffer += data
        while not self._over:
            if self._in_header:
                end = self._buffer.find(b"\r\n\r\n")
                if end < 0:
                    self._check_header()
                    return
                yield from self._begin(bytes(self._buffer[:end]))
                del self._buffer[: end + 4]
                self._in_header = False
                continue
            at = self._buffer.find(self._delimiter)
            safe = at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter))
            yield from self._piece(safe)
            if at < 0 or len(self._buffer) < len(self._delimiter) + 2:
                return
            yield from self._delimited()

    def finish(self) -> None:
        """Nothing more comes; raises `Malformed` where something was still to come."""
        if not self._over:
            raise Malformed("The files broke off; hand them in again.")

    def _check_header(self) -> None:
        if len(self._buffer) > MOST_HEADER:
            raise Malformed("A part of the body has no readable heading.")

    def _begin(self, header: bytes) -> Iterator[Told]:
        if len(header) > MOST_HEADER:
            raise Malformed("A part of the body has no readable heading.")
        name = _name_in(header)
        self._in_file = name is not None
        if name is not None:
            yield Begun(name)

    def _piece(self, length: int) -> Iterator[Told]:
        piece = bytes(self._buffer[:length])
        del self._buffer[:length]
        if self._in_file and piece:
            yield piece

    def _delimited(self) -> Iterator[Told]:
        after = bytes(self._buffer[len(self._delimiter) : len(self._delimiter) + 2])
        if after not in {b"--", b"\r\n"}:
            raise Malformed("The parts of the body are not divided as its heading says.")
        del self._buffer[: len(self._delimiter) + 2]
        if self._in_file:
            yield Ended()
        self._in_file = False
        self._in_header = after == b"\r\n"
        self._over = after == b"--"


def _name_in(header: bytes) -> str | None:
    """The file's name, without folders and what can't be shown."""
    if coded := _CODED_NAME.search(header):
        raw = unquote_to_bytes(coded[1])
    elif plain := _NAME.search(header):
        raw = re.sub(rb"\\(.)", rb"\1", plain[1])
    else:
        return None
    text = raw.decode("utf-8", errors="replace")
    name = re.split(r"[/\\]", text)[-1]
    return "".join(letter for letter in name if letter.isprintable()).strip()[-LONGEST_NAME:] or "file"
