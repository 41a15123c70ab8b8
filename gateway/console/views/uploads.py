"""Small files of a form 上传: a form with a file in it is read here whole; register files and sheets stream on instead."""

from typing import Final, NamedTuple

from gateway.console.caller import Caller
from gateway.html_form import Unreadable

MOST_BYTES: Final = 8 * 1024 * 1024 + 64 * 1024
"""What is taken of a picture or a workbook, and the form around it."""


class Part(NamedTuple):
    """One field of the form: what was typed or chosen, and what a file is called."""

    content: bytes = b""
    file_name: str = ""

    @property
    def text(self) -> str:
        """What was typed."""
        return self.content.decode(errors="replace").strip()


async def form_of(caller: Caller, *, most_bytes: int = MOST_BYTES, refusal: str = "case.too_large") -> dict[str, Part]:
    """The fields of a form with a file in it; raises `Unreadable` with a text of the catalogue where it is too large."""
    body = bytearray()
    async for part in caller.request.stream():
        body += part
        if len(body) > most_bytes:
            raise Unreadable(caller.texts(refusal), status=413)
    return parts_of(bytes(body), content_type=caller.request.headers.get("content-type", ""))


def parts_of(body: bytes, *, content_type: str) -> dict[str, Part]:
    """The parts of a small multipart/form-data body by their names (RFC 7578); raises `Unreadable`."""
    kind, _, parameters = content_type.partition(";")
    boundary = parameters.strip().removeprefix("boundary=").strip('"').encode()
    if kind.strip().lower() != "multipart/form-data" or not boundary:
        raise Unreadable("请从本网页填写并提交。", status=415)
    found: dict[str, Part] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if separator:
            found[_told(head, b"name")] = Part(content, _told(head, b"filename"))
    return found


def _told(head: bytes, name: bytes) -> str:
    """What the head of a part says under a name; empty where it says nothing."""
    return head.partition(b" " + name + b'="')[2].partition(b'"')[0].decode(errors="replace")
