"""A payment list 发放名册 for the bank, in the office's layout (N6.2).

GET /files/payment-lists/{id}     a list that was approved, as a workbook, with room for what the bank answers line by line
"""

import asyncio
from typing import Final
from uuid import uuid4

from starlette.responses import Response

from gateway.files.desk import XLSX, Asked, Desk, file
from gateway.sheets import payment_list
from gateway.sheets.payment_list import FIELDS, Approved, Line
from gateway.sheets.stamp import stamp_of
from services.chassis.errors import NotFound, Refused

_LIST: Final = b"""
    select programme, term, school, lines, total_fen, state, made_by, approved_by, approved_on, sha256
    from payment_list where list_id = %(id)s"""
_LINES: Final = b"""
    select p.child_id, a.award_id, a.amount_fen, i.name, i.id_number, c.school_name, c.grade
    from payment p join award a on a.award_id = p.award_id join child c on c.child_id = p.child_id
    left join child_identity i on i.child_id = p.child_id
    where p.list_id = %(id)s order by a.award_id"""


async def export_payment_list(desk: Desk, asked: Asked) -> Response:
    """An approved list within the caller's reach; recorded with every child on it before it leaves.

    Raises `Refused` where it isn't approved, and where a child on it was erased or has left the caller's reach: the bank gets all
    lines of what was approved, or nothing.
    """
    asked.given()
    principal, now = asked.principal, desk.clock.now()
    stamp = stamp_of(principal, at=now, receipt_id=uuid4())
    wanted = {"id": asked.id("id")}
    async with desk.making():
        positions = await desk.positions(principal)
        found = await desk.reader.fetch_dicts(_LIST, wanted, claims=principal.claims)
        if not found:
            raise NotFound("没有这份名册。There is no such list.")
        approved = Approved(**found[0])
        if approved.state != "approved":
            raise Refused("名册未经审批，不得发放。This list is not approved; nothing of it goes to the bank.")
        lines = [Line(**row) for row in await desk.reader.fetch_dicts(_LINES, wanted, claims=principal.claims)]
        if len(lines) != approved.lines or sum(line.amount_fen for line in lines) != approved.total_fen:
            raise Refused(
                "名册明细与审批时不符，请撤回后重新编制。Not all lines of this list can be shown any more: withdraw it and make it anew."
            )
        content = await asyncio.to_thread(payment_list.workbook, approved, lines, stamp=stamp)
        await desk.record(
            principal,
            "export_payment_list",
            receipt_id=stamp.receipt_id,
            content_hash=approved.sha256,
            child_ids=tuple(line.child_id for line in lines),
            rows=len(lines),
            fields=FIELDS,
            positions=positions,
        )
    told = {"x-export-number": stamp.number, "x-content-sha256": approved.sha256}
    name = f"资助发放名册 {approved.term} {approved.school} {stamp.number}.xlsx"
    return file(content, name=name, media_type=XLSX, headers=told)
