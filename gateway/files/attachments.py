"""Photos and scans 影像佐证 in and out, from a phone or a desk; the bytes are kept by cases, sealed under the child's key.

POST /files/attachments?child=&shows=[&case=][&document=]     the picture or PDF as the body; `Idempotency-Key` makes it repeatable
GET  /files/attachments/{id}                                   the file, for who may see the child
"""

import hashlib
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from starlette.responses import Response

from gateway.files.desk import Asked, Desk, as_told, file
from gateway.schema.map import TABLES, scope
from gateway.schema.paging import BadArgument
from services.chassis.errors import NotFound

UPLOAD_S: Final = 300.0
_KNOWN: Final = ("child", "shows", "case", "document")


async def keep_attachment(desk: Desk, asked: Asked) -> Response:
    """Hands a picture or scan on to cases, about a child within the caller's reach; answers its id."""
    given = asked.given(*_KNOWN)
    if not {"child", "shows"} <= given.keys():
        message = "Say which child and what it shows: ?child=…&shows=visit."
        raise BadArgument(message)
    ids = {name: _id(name, given[name]) for name in ("child", "case", "document") if name in given}
    principal = asked.principal
    reached = await desk.reader.fetch(
        f"select c.child_id from child c where c.child_id = %(child)s and {scope(TABLES['Child'], alias='c', grants=principal.grants)}".encode(),  # noqa: S608  # our own words
        {**principal.parameters, "child": ids["child"]},
        claims=principal.claims,
    )
    if not reached:
        raise NotFound("没有这名儿童。There is no such child.")
    query = urlencode({"shows": given["shows"], **{f"{name}_id": str(value) for name, value in ids.items()}})
    async with desk.taking():
        passed = await desk.services.pass_on(
            "cases",
            f"/attachments?{query}",
            command="keep_attachment",
            principal=principal,
            idempotency_key=asked.idempotency_key,
            upload=asked.request.stream(),
        )
    await desk.record(
        principal, "keep_attachment", child_ids=(ids["child"],), positions=await desk.positions(principal)
    )
    return as_told(passed)


async def read_attachment(desk: Desk, asked: Asked) -> Response:
    """Hands a file out, once the look is recorded."""
    asked.given()
    principal, attachment_id = asked.principal, asked.id("id")
    found = await desk.reader.fetch(
        f"select t.child_id, t.media_type from attachment t where t.attachment_id = %(id)s and {scope(TABLES['Attachment'], alias='t', grants=principal.grants)}".encode(),  # noqa: S608  # our own words
        {**principal.parameters, "id": attachment_id},
        claims=principal.claims,
    )
    if not found:
        raise NotFound("没有这份影像。There is no such file.")
    [(child_id, media_type)] = found
    passed = await desk.services.pass_on(
        "cases",
        f"/attachments/{attachment_id}",
        command="read_attachment",
        principal=principal,
        idempotency_key=uuid4(),
    )
    await desk.record(
        principal,
        "read_attachment",
        content_hash=hashlib.sha256(passed.body).hexdigest(),
        child_ids=(child_id,),
        rows=1,
        fields=("Attachment.id",),
        positions=await desk.positions(principal),
    )
    return file(passed.body, name=str(attachment_id), media_type=media_type)


def _id(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        message = f"{name} is an id."
        raise BadArgument(message) from None
