"""What is held of a child, for the guardian who asked 个人信息查阅、复制件: made of an open request of whom it was seen who asks.

GET /files/child-data/{id of the request}[?format=html|xlsx]
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

from starlette.responses import Response

from gateway.access.policy import Purpose
from gateway.files.desk import XLSX, Asked, Desk, file, shown
from gateway.schema.paging import BadArgument
from gateway.sheets import child_data
from gateway.sheets.child_data import Held
from gateway.sheets.stamp import stamp_of
from services.chassis.clock import china_date
from services.chassis.errors import NotFound, Refused

_REQUEST: Final = b"""
    select child_id, receipt_number, kind, checked_on, ended_on from data_request
    where request_id = %(id)s and township >= %(lo)s and township < %(hi)s"""
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


_FORMS: Final[Mapping[str, Callable[..., str | bytes]]] = {"html": child_data.page, "xlsx": child_data.workbook}


async def export_child_data(desk: Desk, asked: Asked) -> Response:
    """Everything, where it came from, and who looked; its hash is what the request is answered with."""
    form = asked.given("format").get("format", "html")
    if form not in _FORMS:
        message = "format is html or xlsx."
        raise BadArgument(message)
    principal, now = asked.principal, desk.clock.now()
    parameters = {**principal.parameters, "id": asked.id("id"), "today": china_date(now)}
    found = await desk.reader.fetch_dicts(_REQUEST, parameters, claims=principal.claims)
    if not found:
        raise NotFound("没有这件请求。There is no such request.")
    request = found[0]
    if request["kind"] not in {"access", "copy"} or request["ended_on"] is not None:
        raise Refused("该请求不要求查阅、复制，或已办结。Nobody asks to see or have it, or that was answered.")
    if request["checked_on"] is None:
        raise Refused("请先核验请求人身份。See who asks first (checkRequester).")
    parameters |= {"child": request["child_id"]}
    stamp, held = stamp_of(principal, at=now, receipt_id=uuid4()), Held(receipt_number=request["receipt_number"])
    # The child's aid is the same office's, for its other purpose, over the same area.
    of_aid = desk.policy.grants_of(kind=principal.grants.kind, purpose=Purpose.ASSISTANCE)
    async with desk.making():
        positions = await desk.positions(principal)
        for section in child_data.sections((principal.grants, of_aid)):
            held.add(section, await desk.reader.fetch(section.statement, parameters, claims=principal.claims))
        held.add_looks(await desk.reader.fetch_dicts(child_data.LOOKS, parameters, claims=principal.claims))
        content = await asyncio.to_thread(_FORMS[form], held, stamp=stamp)
        await desk.record(
            principal,
            "export_child_data",
            receipt_id=stamp.receipt_id,
            content_hash=held.content_hash,
            child_ids=(request["child_id"],),
            rows=held.count,
            fields=tuple(held.names),
            positions=positions,
        )
    if isinstance(content, str):
        return shown(content, policy=_POLICY)
    told = {"x-export-number": stamp.number, "x-content-sha256": held.content_hash}
    return file(content, name=f"{child_data.CALLED} {stamp.number}.xlsx", media_type=XLSX, headers=told)
