"""Ledgers 台账 and partition sheets 归类表 handed out, and the record of what was handed out 导出核验.

GET /files/ledger?kind=school_age|suspect|dropout[&township=][&village=][&school=][&format=xlsx|csv]
GET /files/partition?[on=YYYY-MM-DD][&township=][&format=xlsx|html]                     XLSX or a page to print
GET /files/exports/{hash}                                                               who took this content out
"""

import asyncio
import re
from contextlib import aclosing
from datetime import date, datetime, time, timedelta
from uuid import uuid4

from starlette.responses import Response

from gateway.access.policy import Relation
from gateway.files.desk import CSV, XLSX, Asked, Desk, answer, file, shown
from gateway.readmodel.partition import PARTITION, PartitionRow, cut, window
from gateway.schema.paging import BadArgument
from gateway.sheets import ledger, partition
from gateway.sheets.ledger import BATCHES, Batch, Draft, Ledger, choose
from gateway.sheets.partition import Printed, add_up
from gateway.sheets.stamp import export_number, stamp_of
from services.chassis.clock import CHINA, china_date
from services.chassis.errors import Forbidden, NotFound

_NAMES = b"select code, name from township union all select code, name from village where name <> ''"
_EXPORTS = b"""
    select receipt_id, at, department, actor, purpose, operation, rows from receipt
    where document_hash = %(hash)s and decision = 'answered'
      and operation in ('export_ledger', 'print_partition', 'export_field_check', 'print_submission', 'export_rejects', 'export_suspects', 'export_list', 'export_statistics', 'export_child_data', 'export_audit_report')
      and (exists (select from child c where c.child_id = any(child_ids) and c.township >= %(lo)s and c.township < %(hi)s)
        or child_ids = '{}' and starts_with(split_part(department, ':', 2), %(lo)s))
    order by at desc limit 50"""


async def export_ledger(desk: Desk, asked: Asked) -> Response:
    """A ledger within the caller's reach, as it is now; recorded with every child in it before it leaves."""
    given = asked.given("kind", "township", "village", "school", "format")
    form = given.pop("format", "xlsx")
    if form not in {"xlsx", "csv"}:
        message = "format is xlsx or csv."
        raise BadArgument(message)
    try:
        kind = Ledger(given.pop("kind", ""))
    except ValueError:
        message = f"kind is one of {', '.join(Ledger)}."
        raise BadArgument(message) from None
    principal, now = asked.principal, desk.clock.now()
    chosen = choose(kind, grants=principal.grants, given=given)
    after, until = window(china_date(now))
    parameters = {**principal.parameters, **given, "after": after, "until": until}
    stamp = stamp_of(principal, at=now, receipt_id=uuid4())
    async with desk.making():
        positions = await desk.positions(principal)
        batches = [Batch(**row) for row in await desk.reader.fetch_dicts(BATCHES, {}, claims=principal.claims)]
        draft = Draft(ledger=kind, on=china_date(now), batches=batches)
        async with aclosing(desk.reader.stream(chosen.statement, parameters, claims=principal.claims)) as pages:
            async for page in pages:
                await asyncio.to_thread(draft.add, page)
        write = ledger.text if form == "csv" else ledger.workbook
        content = await asyncio.to_thread(write, draft, stamp=stamp)
        await desk.record(
            principal,
            "export_ledger",
            receipt_id=stamp.receipt_id,
            content_hash=draft.content_hash,
            child_ids=tuple(draft.child_ids),
            rows=len(draft.child_ids),
            fields=chosen.fields,
            positions=positions,
        )
    told = {"x-export-number": stamp.number, "x-content-sha256": draft.content_hash}
    media_type = CSV if form == "csv" else XLSX
    return file(content, name=f"{kind.called} {draft.on} {stamp.number}.{form}", media_type=media_type, headers=told)


async def print_partition(desk: Desk, asked: Asked) -> Response:
    """The partition of the caller's area on a day: today as it is, an earlier day as it was known when that day ended."""
    given = asked.given("on", "township", "format")
    form = given.get("format", "xlsx")
    if form not in {"xlsx", "html"}:
        message = "format is xlsx or html."
        raise BadArgument(message)
    principal, now = asked.principal, desk.clock.now()
    on = _day(given.get("on"), today=china_date(now))
    stamp = stamp_of(principal, at=now, receipt_id=uuid4())
    async with desk.making():
        positions = await desk.positions(principal)
        rows = await _partition(desk, asked, on=on)
        rows = [row for row in rows if row.township == given.get("township", row.township)]
        names = dict(await desk.reader.fetch(_NAMES, {}, claims=principal.claims))
        added, printed = add_up(rows), Printed(on=on, stamp=stamp, names=names)
        content_hash = partition.content_hash(added, on=on)
        content: bytes | str = (
            partition.page(added, printed)
            if form == "html"
            else await asyncio.to_thread(partition.workbook, added, printed)
        )
        await desk.record(
            principal,
            "print_partition",
            receipt_id=stamp.receipt_id,
            content_hash=content_hash,
            rows=len(rows),
            fields=("Query.partition",),
            positions=positions,
        )
    if isinstance(content, str):
        return shown(content, policy=partition.CONTENT_SECURITY_POLICY)
    return file(content, name=f"适龄儿童少年归类表 {on} {stamp.number}.xlsx", media_type=XLSX)


async def verify_export(desk: Desk, asked: Asked) -> Response:
    """Which exports had this content: when, by which unit and account, for what. `NotFound` where the county knows none."""
    asked.given()
    content_hash = asked.request.path_params["hash"]
    if not re.fullmatch(r"[0-9a-f]{64}", content_hash):
        raise NotFound("没有导出过这样的内容。Nothing of this hash was ever exported.")
    principal = asked.principal
    found = await desk.reader.fetch_dicts(
        _EXPORTS, {**principal.parameters, "hash": content_hash}, claims=principal.claims
    )
    await desk.record(principal, "verify_export", content_hash=content_hash, rows=len(found))
    if not found:
        raise NotFound("没有导出过这样的内容。Nothing of this hash was ever exported.")
    exports = [
        {
            "number": export_number(row["receipt_id"], at=row["at"]),
            **{k: v for k, v in row.items() if k != "receipt_id"},
        }
        for row in found
    ]
    return answer({"hash": content_hash, "exports": exports})


def _day(text: str | None, *, today: date) -> date:
    try:
        on = today if text is None else date.fromisoformat(text)
    except ValueError:
        message = "on is a day, YYYY-MM-DD."
        raise BadArgument(message) from None
    if on > today:
        message = "on is today or an earlier day."
        raise BadArgument(message)
    return on


async def _partition(desk: Desk, asked: Asked, *, on: date) -> list[PartitionRow]:
    """The rows within the caller's area; only those who reach an area have any."""
    principal = asked.principal
    if principal.grants.reach is not Relation.AREA and principal.grants.of("Query", "partition") is None:
        message = f"Query.partition is not granted to {principal.grants.kind} for {principal.grants.purpose}."
        raise Forbidden(message)
    if on == china_date(desk.clock.now()):
        found = await desk.reader.fetch_dicts(PARTITION.encode(), {"born": cut(on)}, claims=principal.claims)
        return [PartitionRow(**row) for row in found]
    if desk.supervision is None:
        raise NotFound("没有可回放的记录。There is nothing to replay from.")
    low, high = principal.parameters["lo"], principal.parameters["hi"]
    end = datetime.combine(on + timedelta(days=1), time(), tzinfo=CHINA) - timedelta(microseconds=1)
    return [row for row in await desk.supervision.villages_as_of(end) if low <= row.township < high]
