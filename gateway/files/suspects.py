"""The national platform's list of suspects handed back with what was found 核查反馈.

GET /files/suspects      a workbook: each row of the lists in force as the platform wrote it, and how its child stands
"""

import asyncio
from uuid import uuid4

import msgspec
from starlette.responses import Response

from gateway.files.desk import XLSX, Asked, Desk, file
from gateway.sheets import suspects
from gateway.sheets.stamp import stamp_of
from services.chassis.clock import china_date
from services.chassis.errors import NotFound


async def export_suspects(desk: Desk, asked: Asked) -> Response:
    """The list as it stands; recorded with every child in it before it leaves."""
    asked.given()
    principal, now = asked.principal, desk.clock.now()
    statement = suspects.choose(principal.grants)
    passed = await desk.services.pass_on(
        "roster",
        "/suspects",
        command="export_suspects",
        principal=principal,
        idempotency_key=asked.idempotency_key,
    )
    listed = msgspec.json.decode(passed.body, type=list[suspects.Suspect])
    if not listed:
        raise NotFound("没有国家平台下发的名单。The platform's list was not handed in.")
    stamp, today = stamp_of(principal, at=now, receipt_id=uuid4()), china_date(now)
    batches = sorted({row.batch_id for row in listed})
    async with desk.making():
        positions = await desk.positions(principal)
        wanted = {**principal.parameters, "batches": batches, "today": today}
        found = await desk.reader.fetch(statement, wanted, claims=principal.claims)
        lines = suspects.answered(listed, found)
        content_hash = suspects.content_hash(lines)
        content = await asyncio.to_thread(suspects.workbook, lines, on=today, stamp=stamp)
        await desk.record(
            principal,
            "export_suspects",
            receipt_id=stamp.receipt_id,
            content_hash=content_hash,
            child_ids=tuple(dict.fromkeys(line.child_id for line in lines if line.child_id is not None)),
            rows=len(lines),
            fields=suspects.FIELDS,
            positions=positions,
        )
    told = {"x-export-number": stamp.number, "x-content-sha256": content_hash}
    return file(content, name=f"疑似辍学名单核查反馈 {today} {stamp.number}.xlsx", media_type=XLSX, headers=told)
