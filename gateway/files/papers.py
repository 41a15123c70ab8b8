"""Papers of a case as Word files 文书, to be signed and served.

GET /files/documents/{id}      DOCX, filled in; with the receipt of service on its second page
"""

import asyncio
import hashlib
from typing import Final
from uuid import uuid4

from starlette.responses import Response

from gateway.files.desk import Asked, Desk, file
from gateway.sheets.paper import COLUMNS, Paper, called, choose, render
from gateway.sheets.stamp import stamp_of
from services.chassis.errors import NotFound

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def print_document(desk: Desk, asked: Asked) -> Response:
    """One paper, filled in; recorded with the child it concerns before it leaves."""
    asked.given()
    principal = asked.principal
    found = await desk.reader.fetch(
        choose(principal.grants),
        {**principal.parameters, "document_id": asked.id("id")},
        claims=principal.claims,
    )
    if not found:
        raise NotFound("没有这份文书。There is no such paper.")
    child_id, *told = found[0]
    paper = Paper(**dict(zip(COLUMNS, told, strict=True)))
    stamp = stamp_of(principal, at=desk.clock.now(), receipt_id=uuid4())
    async with desk.making():
        content = await asyncio.to_thread(render, paper, stamp=stamp, templates=desk.templates)
    await desk.record(
        principal,
        "print_document",
        receipt_id=stamp.receipt_id,
        content_hash=hashlib.sha256(content).hexdigest(),
        child_ids=(child_id,),
        rows=1,
        fields=("Child.name", "Child.guardianName", "Document.number"),
        positions=await desk.positions(principal),
    )
    return file(content, name=called(paper), media_type=DOCX)
