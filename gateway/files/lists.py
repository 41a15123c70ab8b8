"""Lists 名单 handed out, for offices without a system of their own: whatever is paged in GraphQL, all of it as one file.

GET /files/lists/{cases|findings|referrals|…}[?<what narrows the query>][&format=xlsx|csv]
"""

import asyncio
from contextlib import aclosing
from functools import partial
from uuid import uuid4

from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response

from gateway.access.freshness import rests_on_a_task
from gateway.files.desk import CSV, XLSX, Asked, Desk, file, streamed
from gateway.schema.paging import BadArgument
from gateway.sheets import listing
from gateway.sheets.listing import Draft, choose
from gateway.sheets.stamp import stamp_of
from services.chassis.clock import china_date


async def export_list(desk: Desk, asked: Asked, *, name: str) -> Response:
    """A list within the caller's reach, as it is now; recorded with every child in it before it leaves."""
    given = asked.given(*listing.arguments(name), "format")
    form = given.pop("format", "xlsx")
    if form not in {"xlsx", "csv"}:
        message = "format is xlsx or csv."
        raise BadArgument(message)
    principal, now = asked.principal, desk.clock.now()
    chosen = choose(name, grants=principal.grants, given=given)
    fields = (f"Query.{name}", *(shown.name for shown in chosen.columns))
    if rests_on_a_task(principal, fields):
        await desk.freshness.require()
    stamp = stamp_of(principal, at=now, receipt_id=uuid4())
    draft = Draft(chosen=chosen, on=china_date(now))
    parameters = {**principal.parameters, **chosen.parameters, "today": china_date(now)}
    async with desk.making():
        positions = await desk.positions(principal)
        async with aclosing(desk.reader.stream(chosen.statement, parameters, claims=principal.claims)) as pages:
            async for page in pages:
                await asyncio.to_thread(draft.add, page)
        content = b"" if form == "csv" else await asyncio.to_thread(listing.workbook, draft, stamp=stamp)
        await desk.record(
            principal,
            "export_list",
            receipt_id=stamp.receipt_id,
            content_hash=draft.content_hash,
            child_ids=tuple(draft.child_ids),
            rows=draft.count,
            fields=fields,
            positions=positions,
        )
    told = {"x-export-number": stamp.number, "x-content-sha256": draft.content_hash}
    called = f"{chosen.called} {draft.on} {stamp.number}.{form}"
    if form == "csv":
        lines = iterate_in_threadpool(listing.text(draft, stamp=stamp))
        return streamed(lines, name=called, media_type=CSV, headers=told)
    return file(content, name=called, media_type=XLSX, headers=told)


HANDLERS = {name: partial(export_list, name=name) for name in listing.LISTS}
"""What hands out each list."""
