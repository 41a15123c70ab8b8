"""影像佐证 from a phone: one file of a form, handed on to `/files/attachments` as it is."""

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from gateway.console.asking import given_at_once
from gateway.console.caller import Caller
from gateway.html_form import Unreadable

MOST_BYTES: Final = 8 * 1024 * 1024 + 64 * 1024
"""What cases takes of a picture, and the form around it."""


async def take(caller: Caller, key: UUID) -> Response:
    """Keeps the picture for the case's child and goes back to the case. Raises `Said` where it isn't taken."""
    case = await caller.get("case_page", "case", id=caller.id("id"))
    fields = await form_of(caller)
    about = {"child": case["childId"], "case": case["id"], "shows": fields.get("shows", b"").decode(errors="replace")}
    await caller.hand_in(
        "/files/attachments",
        key=key,
        query=urlencode(about),
        receive=given_at_once(fields.get("photo", b"")),
        content_type="application/octet-stream",
    )
    return caller.go(f"/cases/{case['id']}?done=keepAttachment")


async def form_of(caller: Caller, *, most_bytes: int = MOST_BYTES, refusal: str = "case.too_large") -> dict[str, bytes]:
    """The fields of a form with a file in it; raises `Unreadable` with a text of the catalogue where it is too large."""
    body = bytearray()
    async for part in caller.request.stream():
        body += part
        if len(body) > most_bytes:
            raise Unreadable(caller.texts(refusal), status=413)
    return parts_of(bytes(body), content_type=caller.request.headers.get("content-type", ""))


def parts_of(body: bytes, *, content_type: str) -> dict[str, bytes]:
    """The parts of a small multipart/form-data body by their names (RFC 7578); raises `Unreadable`."""
    kind, _, parameters = content_type.partition(";")
    boundary = parameters.strip().removeprefix("boundary=").strip('"').encode()
    if kind.strip().lower() != "multipart/form-data" or not boundary:
        raise Unreadable("请从本网页填写并提交。", status=415)
    found: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if separator:
            name = head.partition(b'name="')[2].partition(b'"')[0].decode(errors="replace")
            found[name] = content
    return found
