"""The yearly audit of minors' data 合规审计报告 as a workbook to print.

GET /files/audit-reports/{id}            a report as it was kept; to supervision and the head of the bureau
"""

import asyncio
from typing import Final
from uuid import uuid4

from starlette.responses import Response

from gateway.files.desk import XLSX, Asked, Desk, file
from gateway.readmodel.audit_report import read_content
from gateway.schema.audit_report import reaches_audit
from gateway.sheets import audit_report
from gateway.sheets.stamp import stamp_of
from services.chassis.errors import NotFound

_ONE: Final = b"select body, sha256 from audit_report where report_id = %(id)s"


async def export_audit_report(desk: Desk, asked: Asked) -> Response:
    """One of the reports that are kept; raises `NotFound`, also for whoever of the bureau is not its head."""
    asked.given()
    found = await desk.reader.fetch_dicts(_ONE, {"id": asked.id("id")}, claims=asked.principal.claims)
    if not found or not reaches_audit(asked.principal):
        raise NotFound("没有这份报告。There is no such report.")
    content, sha256 = read_content(found[0]["body"]), found[0]["sha256"]
    stamp = stamp_of(asked.principal, at=desk.clock.now(), receipt_id=uuid4())
    async with desk.making():
        packed = await asyncio.to_thread(audit_report.workbook, content, sha256=sha256, stamp=stamp)
    await desk.record(
        asked.principal,
        "export_audit_report",
        receipt_id=stamp.receipt_id,
        content_hash=sha256,
        rows=len(content.figures),
        fields=("Query.auditReports",),
        positions=await desk.positions(asked.principal),
    )
    told = {"x-export-number": stamp.number, "x-content-sha256": sha256}
    return file(packed, name=f"{audit_report.called(content)} {stamp.number}.xlsx", media_type=XLSX, headers=told)
