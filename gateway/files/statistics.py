"""Statistics 统计 handed out as a workbook: as they are counted now, or as a version of a pack holds them.

GET /files/statistics                    now, for the school year; a draft that nobody froze
GET /files/statistics-packs/{id}         one version of a frozen pack, with what it changed of the one before
"""

import asyncio
from uuid import uuid4

from starlette.responses import Response

from gateway.files.desk import XLSX, Asked, Desk, file
from gateway.schema.reading import Looking
from gateway.schema.statistics_lines import Counted, count_on_day, frozen
from gateway.sheets import statistics
from gateway.sheets.stamp import stamp_of
from services.chassis.clock import china_date


async def export_statistics(desk: Desk, asked: Asked) -> Response:
    """The county as it is counted now."""
    asked.given()
    looking = _looking(desk, asked)
    async with desk.making():
        return await _handed_out(desk, asked, await count_on_day(looking, on=looking.today))


async def export_pack(desk: Desk, asked: Asked) -> Response:
    """A version of a pack within the caller's reach; raises `NotFound`."""
    asked.given()
    version = asked.id("id")
    async with desk.making():
        return await _handed_out(desk, asked, await frozen(_looking(desk, asked), version))


def _looking(desk: Desk, asked: Asked) -> Looking:
    return Looking(principal=asked.principal, reader=desk.reader, today=china_date(desk.clock.now()))


async def _handed_out(desk: Desk, asked: Asked, counted: Counted) -> Response:
    stamp = stamp_of(asked.principal, at=desk.clock.now(), receipt_id=uuid4())
    made = statistics.of(counted)
    content = await asyncio.to_thread(statistics.workbook, made, stamp=stamp)
    await desk.record(
        asked.principal,
        "export_statistics",
        receipt_id=stamp.receipt_id,
        content_hash=made.content_hash,
        rows=len(counted.lines),
        fields=("Query.statistics",),
        positions=await desk.positions(asked.principal),
    )
    told = {"x-export-number": stamp.number, "x-content-sha256": made.content_hash}
    return file(content, name=f"{made.called} {stamp.number}.xlsx", media_type=XLSX, headers=told)
