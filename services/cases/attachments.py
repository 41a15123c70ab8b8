"""The door for photos and scans: the bytes come and go as they are, beside the commands, in the name of whoever acts.

    POST /attachments?child_id=…&shows=…[&case_id=…][&document_id=…]     the file as the body; headers as for a command
    GET  /attachments/{id}                               the file; the gateway has looked whether it may be seen

The file is kept before its event, under an id that follows from the command's, so a retry keeps it once.
"""

import hashlib
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from services.cases.application import Cases
from services.chassis.aggregate import Caused
from services.chassis.application import Answer
from services.chassis.application import Request as CommandRequest
from services.chassis.blobs import LARGEST, Blobs, media_type_of
from services.chassis.errors import Refused
from services.chassis.http import Accepted, Surroundings, caused_by


def add_attachments(api: FastAPI, cases: Cases, *, blobs: Blobs, surroundings: Surroundings) -> None:
    """Adds the two routes."""

    async def recognised(request: Request) -> Caused:
        return caused_by(request, surroundings=surroundings)

    @api.post("/attachments", response_model=Accepted, operation_id="keep_attachment")
    async def keep(
        request: Request,
        caused: Annotated[Caused, Depends(recognised)],
        child_id: UUID,
        shows: str,
        case_id: UUID | None = None,
        document_id: UUID | None = None,
    ) -> Answer:
        content = await _body(request)

        def keep_it() -> Answer:
            return cases.keep_attachment(
                attachment_id=attachment_id,
                child_id=child_id,
                case_id=case_id,
                shows=shows,
                media_type=media_type,
                size=len(content),
                sha256=blobs.put(content, blob_id=attachment_id, subject=child_id),
                document_id=document_id,
            )

        media_type = media_type_of(content)
        attachment_id = uuid5(caused.command_id, "attachment")
        asked = hashlib.sha256(f"{child_id}/{case_id}/{document_id}/{shows}/".encode() + content).digest()
        return await run_in_threadpool(
            cases.obey, caused=caused, request=CommandRequest("keep-attachment", asked), do=keep_it
        )

    @api.get("/attachments/{attachment_id}", operation_id="read_attachment")
    async def read(attachment_id: UUID, _caused: Annotated[Caused, Depends(recognised)]) -> Response:
        kept = await run_in_threadpool(blobs.get, attachment_id)
        if kept.content is None:
            raise Refused("该儿童的个人信息已删除，影像不可读 / the child was erased, and its photos with it.")
        return Response(kept.content, media_type=kept.media_type, headers={"cache-control": "no-store"})


async def _body(request: Request) -> bytes:
    """The body, as long as it is within the bound."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            media_type_of(bytes(content))
    return bytes(content)
