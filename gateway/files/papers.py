"""Papers as Word files 文书, to be signed and served.

GET /files/documents/{id}        a case's paper, filled in; with the receipt of service on its second page
GET /files/papers/{kind}/{id}    any other: records of visits and persuasion, letters, calls to order, lists, statements, the report to the county
"""

import asyncio
import hashlib
from typing import Final
from uuid import UUID, uuid4

from starlette.responses import Response

from gateway.files.desk import Asked, Desk, file
from gateway.sheets import unit_paper
from gateway.sheets.paper import COLUMNS, Paper, called, choose, render
from gateway.sheets.stamp import Stamp, stamp_of
from services.chassis.errors import NotFound

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def print_document(desk: Desk, asked: Asked) -> Response:
    """One paper of a case; recorded with the child it concerns before it leaves."""
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
    await _record(desk, asked, "print_document", content, stamp=stamp, child_ids=(child_id,))
    return file(content, name=called(paper), media_type=DOCX)


async def print_paper(desk: Desk, asked: Asked) -> Response:
    """One paper of any other kind; recorded with the children it names before it leaves."""
    asked.given()
    principal, kind = asked.principal, asked.request.path_params["kind"]
    if kind not in unit_paper.KINDS:
        raise NotFound(f"没有这种文书。Papers that can be printed are {', '.join(unit_paper.KINDS)}.")
    parameters = {**principal.parameters, "paper_id": asked.id("id")}
    statement, names = unit_paper.choose(kind, principal.grants)
    found = await desk.reader.fetch(statement, parameters, claims=principal.claims)
    if not found:
        raise NotFound("没有这份文书。There is no such paper.")
    child_id, *told = found[0]
    named = unit_paper.choose_children(kind, principal.grants)
    children = [] if named is None else await desk.reader.fetch(named[0], parameters, claims=principal.claims)
    stamp = stamp_of(principal, at=desk.clock.now(), receipt_id=uuid4())
    row = dict(zip(names, told, strict=True))
    async with desk.making():
        content = await asyncio.to_thread(
            unit_paper.render,
            kind,
            row,
            [dict(zip(named[1], child, strict=True)) for _, *child in children] if named else [],
            stamp=stamp,
            templates=desk.templates,
        )
    concerned = tuple(dict.fromkeys([*([child_id] if child_id else []), *(child[0] for child in children)]))
    await _record(desk, asked, "print_paper", content, stamp=stamp, child_ids=concerned, fields=unit_paper.shown(kind))
    return file(content, name=unit_paper.called(kind, row), media_type=DOCX)


async def _record(
    desk: Desk,
    asked: Asked,
    operation: str,
    content: bytes,
    *,
    stamp: Stamp,
    child_ids: tuple[UUID, ...],
    fields: tuple[str, ...] = (),
) -> None:
    await desk.record(
        asked.principal,
        operation,
        receipt_id=stamp.receipt_id,
        content_hash=hashlib.sha256(content).hexdigest(),
        child_ids=child_ids,
        rows=max(1, len(child_ids)),
        fields=(*(("Child.name", "Child.guardianName") if child_ids else ()), *fields),
        positions=await desk.positions(asked.principal),
    )
