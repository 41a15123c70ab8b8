"""Lists of the field check 摸排 out and back (N1.8), and what a township hands in, on paper.

GET  /files/field-check/{id}      a village's list as a workbook to fill in, with what came back so far
POST /files/field-check           sheets as they were filled in, any villages' together; what became of each line
GET  /files/submission/{id}       a township's version village by village, to be signed
"""

import asyncio
from typing import Final
from uuid import uuid4

from starlette.responses import Response

from gateway.files.deliveries import hand_on
from gateway.files.desk import XLSX, Asked, Desk, file
from gateway.sheets import field_check
from gateway.sheets.field_check import Line, Submitted, VillageList
from gateway.sheets.stamp import stamp_of
from services.chassis.errors import NotFound, Refused

MOST_BYTES: Final = 32 * 2**20
_LIST: Final = b"""
    select f.field_check_id, coalesce(nullif(v.name, ''), f.village) as village, coalesce(t.name, f.township) as township,
      f.round, f.due_on
    from field_check f left join village v on v.code = f.village left join township t on t.code = f.township
    where f.field_check_id = %(id)s"""
_SUBMISSION: Final = b"""
    select township, round, version, state, sha256, made_by, made_on, decided_by, decided_on
    from submission where submission_id = %(id)s"""
_PLACE: Final = b"select coalesce((select name from township where code = %(township)s), %(township)s)"


async def export_field_check(desk: Desk, asked: Asked) -> Response:
    """A village's list within the caller's reach; recorded with every child on it before it leaves."""
    asked.given()
    principal, now = asked.principal, desk.clock.now()
    statement = field_check.choose(principal.grants)
    wanted = {**principal.parameters, "field_check_id": asked.id("id"), "id": asked.id("id")}
    stamp = stamp_of(principal, at=now, receipt_id=uuid4())
    async with desk.making():
        positions = await desk.positions(principal)
        found = await desk.reader.fetch_dicts(_LIST, wanted, claims=principal.claims)
        if not found:
            raise NotFound("没有这份名单。There is no such list.")
        listed = VillageList(**found[0])
        lines = [
            Line(child_id=child_id, found=told, before=before, conflict=conflict, known=known)
            for child_id, told, before, conflict, *known in await desk.reader.fetch(
                statement, wanted, claims=principal.claims
            )
        ]
        content_hash = field_check.content_hash(listed, lines)
        content = await asyncio.to_thread(field_check.workbook, listed, lines, stamp=stamp)
        await desk.record(
            principal,
            "export_field_check",
            receipt_id=stamp.receipt_id,
            content_hash=content_hash,
            child_ids=tuple(line.child_id for line in lines),
            rows=len(lines),
            fields=(*field_check.FIELDS, "FieldCheckAnswer.found"),
            positions=positions,
        )
    name = f"摸排表 {listed.round} {listed.township}{listed.village} {stamp.number}.xlsx"
    told = {"x-export-number": stamp.number, "x-content-sha256": content_hash}
    return file(content, name=name, media_type=XLSX, headers=told)


async def take_field_sheets(desk: Desk, asked: Asked) -> Response:
    """Streams filled-in sheets on to the roster and answers with its answer: how each list stands, and lines not taken."""
    return await hand_on(desk, asked, path="/field-checks", command="take_field_sheets", most=MOST_BYTES)


async def print_submission(desk: Desk, asked: Asked) -> Response:
    """A version that is locked: it waits for the bureau, or was countersigned. There is nobody's name in it."""
    asked.given()
    principal = asked.principal
    stamp = stamp_of(principal, at=desk.clock.now(), receipt_id=uuid4())
    async with desk.making():
        positions = await desk.positions(principal)
        found = await desk.reader.fetch_dicts(_SUBMISSION, {"id": asked.id("id")}, claims=principal.claims)
        if not found:
            raise NotFound("没有这次上报。There is no such submission.")
        told = Submitted(**found[0])
        if told.state == "returned":
            raise Refused(
                "该版本已退回，请打印新上报的版本。This version was returned: print the one handed in after it."
            )
        wanted = {"township": told.township, "round": told.round}
        villages = await desk.reader.fetch_dicts(field_check.VILLAGES, wanted, claims=principal.claims)
        [(place,)] = await desk.reader.fetch(_PLACE, wanted, claims=principal.claims)
        content = await asyncio.to_thread(field_check.submission, told, villages, place=place, stamp=stamp)
        await desk.record(
            principal,
            "print_submission",
            receipt_id=stamp.receipt_id,
            content_hash=told.sha256,
            rows=len(villages),
            fields=("Submission.sha256",),
            positions=positions,
        )
    return file(
        content, name=f"摸排上报表 {told.round} {place} 第{told.version}版 {stamp.number}.xlsx", media_type=XLSX
    )
