"""A payment list 发放名册 for the bank, in the office's layout, and what the bank answers on it (N6.2).

GET  /files/payment-lists/{id}             a list that was approved, as a workbook, with room for what the bank answers line by line
POST /files/payment-lists/{id}/result      the workbook as the bank filled it in, the body; `X-File-Name` says what it is called

An account's number is not in it: an allowance goes to the pupil's social security card, which the bank finds by name and number.
"""

import asyncio
import hashlib
from typing import Final
from urllib.parse import unquote
from uuid import UUID, uuid4, uuid5

from starlette.responses import Response

from gateway.files.deliveries import bounded, too_large
from gateway.files.desk import XLSX, Asked, Desk, answer, file
from gateway.sheets import payment_list, payment_result
from gateway.sheets.payment_list import FIELDS, Approved, Line
from gateway.sheets.stamp import stamp_of
from services.chassis.clock import china_date
from services.chassis.errors import NotFound, Refused

_LIST: Final = b"""
    select programme, term, school, lines, total_fen, state, made_by, approved_by, approved_on, sha256
    from payment_list where list_id = %(id)s"""
_AWARDS: Final = b"select p.child_id, p.award_id from payment p where p.list_id = %(id)s order by p.award_id"
_LONGEST_NAME: Final = 120
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


async def take_bank_file(desk: Desk, asked: Asked) -> Response:
    """Takes the bank's answer for a list within the caller's reach: all of the file or nothing of it; recorded child by child.

    Where a line can't be taken, the answer names every such place by file, sheet, row and column. The same file again changes nothing.
    """
    asked.given()
    principal = asked.principal
    wanted = {"id": asked.id("id")}
    name = unquote(asked.request.headers.get("x-file-name", ""))[-_LONGEST_NAME:] or "银行回执.xlsx"
    async with desk.taking():
        content = await _body(asked)
        positions = await desk.positions(principal)
        if not await desk.reader.fetch_dicts(_LIST, wanted, claims=principal.claims):
            raise NotFound("没有这份名册。There is no such list.")
        rows = await desk.reader.fetch_dicts(_AWARDS, wanted, claims=principal.claims)
        child_of = {row["award_id"]: row["child_id"] for row in rows}
        result = await asyncio.to_thread(
            payment_result.read, content, file=name, awards=child_of.keys(), today=china_date(desk.clock.now())
        )
    sha256 = hashlib.sha256(content).hexdigest()
    if not result.rejects and result.lines:
        await _send(desk, asked, wanted["id"], result, sha256=sha256)
    await desk.record(
        principal,
        "take_bank_file",
        decision="refused" if result.rejects else "answered",
        content_hash=sha256,
        child_ids=tuple(child_of[line.award_id] for line in result.lines),
        rows=len(result.lines),
        fields=("Award.id", "Award.amountFen"),
        positions=positions,
    )
    outcomes = [line.outcome for line in result.lines]
    told = {
        "list_id": wanted["id"],
        "paid": outcomes.count("paid"),
        "refused": outcomes.count("refused"),
        "unanswered": result.unanswered,
    }
    if not result.rejects:
        return answer(told)
    message = (
        f"回执有 {len(result.rejects)} 处无法采用，整份未收；请按所列位置改正后重新上传。"
        "Nothing of this file was taken: correct the places that are named and send it again."
    )
    named = result.rejects[: payment_result.MOST_REJECTS]
    return answer({"code": "REFUSED", "message": message, **told, "rejects": named}, status=422)


async def _send(desk: Desk, asked: Asked, list_id: UUID, result: payment_result.Result, *, sha256: str) -> None:
    """Carries the answered lines to assistance; what it refuses of a line becomes a reject of that line's place."""
    lines = [
        {
            "award_id": one.award_id,
            "outcome": one.outcome,
            "amount_fen": one.amount_fen,
            "on": one.on,
            "reason": one.reason,
        }
        for one in result.lines
    ]
    try:
        await desk.services.send(
            "assistance",
            "take_bank_result",
            {"list_id": list_id, "lines": lines},
            principal=asked.principal,
            idempotency_key=uuid5(list_id, sha256),
        )
    except Refused as error:
        number, words = payment_result.line_of(str(error))
        if number is None:
            raise
        line = result.lines[number - 1]
        result.reject(line.sheet, line.row, payment_result.OUTCOME, words)


async def _body(asked: Asked) -> bytes:
    most = payment_result.MOST_BYTES
    length = asked.request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large(most)
    return b"".join([part async for part in bounded(asked.request.stream(), digest=hashlib.sha256(), most=most)])
