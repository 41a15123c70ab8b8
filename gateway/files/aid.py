"""A term's aid 资助汇总 at the counter: its sums by county, township and school, and what does not agree (N6.2).

GET /files/aid?term=2026-2027-1     as a workbook, within the caller's reach
"""

import asyncio
from uuid import uuid4

from starlette.responses import Response

from gateway.access.policy import Mode
from gateway.files.desk import XLSX, Asked, Desk, file
from gateway.schema.aid_watch import AidSum, AidWatch, days_of
from gateway.schema.paging import BadArgument
from gateway.schema.reading import Looking
from gateway.sheets import aid
from gateway.sheets.aid import Aid
from gateway.sheets.stamp import stamp_of
from services.chassis.clock import china_date
from services.chassis.errors import Refused

MOST_QUESTIONS = 20_000


async def export_aid(desk: Desk, asked: Asked) -> Response:
    """A term's sums and questions as they stand; recorded with every child that is asked about before it leaves."""
    given = asked.given("term")
    if "term" not in given:
        message = "Say which term: ?term=2026-2027-1."
        raise BadArgument(message)
    principal, now, term = asked.principal, desk.clock.now(), given["term"]
    begins_on, ends_on, before = days_of(term)
    today = china_date(now)
    wanted = {"term": term, "term_before": before, "begins_on": begins_on, "ends_on": ends_on, "today": today}
    shown = principal.grants.of("Child", "name")
    name = "i.name" if shown is not None and shown.mode is Mode.FULL else "null::text"
    looking = Looking(principal=principal, reader=desk.reader, today=today)
    stamp = stamp_of(principal, at=now, receipt_id=uuid4())
    async with desk.making():
        positions = await desk.positions(principal)
        sums = await looking.rows(
            f"{AidSum.SELECT} where term = %(term)s order by township, school, programme", **wanted
        )
        found = await looking.rows(
            f"select q.*, coalesce({name}, '') as called from ({AidWatch.SELECT}) q"  # noqa: S608  # our own words
            f" left join child_identity i on i.child_id = q.child_id order by kind, township, watch_id limit {MOST_QUESTIONS + 1}",
            **wanted,
        )
        if len(found) > MOST_QUESTIONS:
            message = (
                f"待办超过 {MOST_QUESTIONS} 条，请按乡镇查询。More than {MOST_QUESTIONS} questions: ask by township."
            )
            raise Refused(message)
        made = Aid(
            term=term,
            on=today,
            sums=[AidSum.of(row, looking) for row in sums],
            questions=[(AidWatch.of(row, looking), row["called"]) for row in found],
        )
        content_hash = made.content_hash
        content = await asyncio.to_thread(aid.workbook, made, stamp=stamp)
        await desk.record(
            principal,
            "export_aid",
            receipt_id=stamp.receipt_id,
            content_hash=content_hash,
            child_ids=made.child_ids,
            rows=len(found),
            fields=(*aid.FIELDS, *(("Child.name",) if name == "i.name" else ())),
            positions=positions,
        )
    told = {"x-export-number": stamp.number, "x-content-sha256": content_hash}
    return file(content, name=f"资助汇总 {term} {today} {stamp.number}.xlsx", media_type=XLSX, headers=told)
