"""The door for register files, beside the commands and in the name of whoever acts.

    POST /deliveries                       multipart/form-data, a part with a file name for each file; headers as for a command
    GET  /deliveries/{id}                  how far it has come, what it would change, what can't be read and where
    GET  /deliveries/{id}/rejects.xlsx     the rows that can't be read, marked
    GET  /comparisons/{id}                 how far a comparison has come that was asked for

Files are sealed piece by piece as they come and never lie anywhere in the clear. Handing in twice, with the same key or with
the same content, answers with the delivery that is there.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID, uuid4

import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from services.chassis.aggregate import Caused
from services.chassis.application import Answer
from services.chassis.application import Request as CommandRequest
from services.chassis.errors import Forbidden, NotFound, Refused
from services.chassis.http import Accepted, Surroundings, caused_by
from services.roster.deliveries import Deliveries
from services.roster.domain.delivery import OPEN, REGISTERS_OF, Delivery, State, part_of
from services.roster.intake.multipart import Begun, Ended, Multipart
from services.roster.intake.tables import CHUNK_BYTES, REJECTS, Place, Tables, Work
from services.roster.lookup import Lookup
from services.roster.reconcile.reading import MAX_FILE_BYTES, MAX_FILES, OLD_TABLES, TABLES

MOST_BYTES: Final = 256 * 1024 * 1024
MOST_OPEN: Final = 50
"""Deliveries that wait at once, for reading or for somebody's decision."""
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as far as it has come; `since` is when its step began, `preview` the counts that were told.

    `passed_over` lines were taken for no rows: whoever handed the list in sees of the first of them where they stand.
    """

    id: UUID
    state: State
    part: str
    step: str
    done: int
    total: int
    since: datetime
    registers: dict[str, int]
    replaces: dict[str, int]
    preview: dict[str, int] | None
    rejected: int
    rejects: tuple[Place, ...]
    passed_over: int
    passed: tuple[Place, ...]
    refused: str


class SeenComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison that was asked for, as far as it has come."""

    id: UUID
    as_of: date
    step: str
    done: int
    total: int
    since: datetime
    made: bool


def add_deliveries(
    api: FastAPI, deliveries: Deliveries, *, tables: Tables, lookup: Lookup, surroundings: Surroundings
) -> None:
    """Adds the four routes."""

    async def recognised(request: Request) -> Caused:
        return caused_by(request, surroundings=surroundings)

    @api.post("/deliveries", response_model=Accepted, status_code=202, operation_id="hand_in_delivery")
    async def hand_in(request: Request, caused: Annotated[Caused, Depends(recognised)]) -> Answer:
        await run_in_threadpool(_check_room, tables, caused.department)
        upload = _Upload(tables, upload_id=uuid4())
        try:
            await upload.take(request.stream(), content_type=request.headers.get("content-type", ""))
            return await run_in_threadpool(_hand_in, deliveries, caused, upload=upload, tables=tables, lookup=lookup)
        except BaseException:
            await run_in_threadpool(tables.drop_files, upload.upload_id)
            raise

    @api.get("/deliveries/{delivery_id}", operation_id="see_delivery")
    def see(delivery_id: UUID, caused: Annotated[Caused, Depends(recognised)]) -> Response:
        delivery, work = _seen_by(caused.department, delivery_id, deliveries=deliveries, tables=tables)
        seen = msgspec.json.encode(_as_seen(delivery, work, tables=tables))
        return Response(seen, media_type="application/json", headers={"cache-control": "no-store"})

    @api.get("/comparisons/{comparison_id}", operation_id="see_comparison")
    def see_comparison(comparison_id: UUID, caused: Annotated[Caused, Depends(recognised)]) -> Response:
        again = tables.find_comparison(comparison_id)
        if again is None or again.asked.department != caused.department:
            raise NotFound("There is no comparison of this id.")
        seen = SeenComparison(
            id=again.comparison_id,
            as_of=again.as_of,
            step=again.step,
            done=again.done,
            total=again.total,
            since=again.since,
            made=again.over is not None,
        )
        return Response(msgspec.json.encode(seen), media_type="application/json", headers={"cache-control": "no-store"})

    @api.get("/deliveries/{delivery_id}/rejects.xlsx", operation_id="export_rejects")
    def rejects(delivery_id: UUID, caused: Annotated[Caused, Depends(recognised)]) -> Response:
        _, work = _seen_by(caused.department, delivery_id, deliveries=deliveries, tables=tables)
        content = tables.content(work.upload_id, REJECTS)
        if not content:
            raise NotFound("没有退回行 / no row was returned, or it is too long ago.")
        return Response(content, media_type=XLSX, headers={"cache-control": "no-store"})


class _Upload:
    """Files on their way in."""

    def __init__(self, tables: Tables, *, upload_id: UUID) -> None:
        self.upload_id = upload_id
        self.sha256: dict[str, str] = {}
        self._tables = tables
        self._size = 0

    async def take(self, stream: AsyncIterator[bytes], *, content_type: str) -> None:
        """Keeps the files of a body as they come; raises `Refused` or `Malformed`, and then nothing of them counts."""
        parser = Multipart(content_type)
        name, waiting, digest, size, chunk = "", bytearray(), hashlib.sha256(), 0, 0
        async for piece in stream:
            self._check_size(len(piece))
            for told in parser.feed(piece):
                match told:
                    case Begun():
                        name, waiting, digest, size, chunk = self._named(told.name), bytearray(), hashlib.sha256(), 0, 0
                        await self._do(self._tables.begin_file, name=name)
                    case bytes():
                        digest.update(told)
                        size += len(told)
                        _check_file(name, size)
                        waiting += told
                        while len(waiting) >= CHUNK_BYTES:
                            await self._do(self._tables.add_chunk, chunk=chunk, content=bytes(waiting[:CHUNK_BYTES]))
                            del waiting[:CHUNK_BYTES]
                            chunk += 1
                    case Ended():
                        if waiting:
                            await self._do(self._tables.add_chunk, chunk=chunk, content=bytes(waiting))
                        self.sha256[name] = digest.hexdigest()
                        await self._do(self._tables.end_file, sha256=self.sha256[name])
        parser.finish()
        if not self.sha256:
            raise Refused("没有文件 / there is no file among what was handed in.")

    async def _do(self, keep: Callable[..., None], **what: object) -> None:
        await run_in_threadpool(keep, self.upload_id, number=self._number, **what)

    def _named(self, name: str) -> str:
        """A file's name, another one where it was there already; raises `Refused` for what is no table or is too much."""
        self._number = len(self.sha256) + 1
        if self._number > MAX_FILES:
            raise Refused(
                f"一次最多 {MAX_FILES} 个文件 / at most {MAX_FILES} files at once; hand in the rest after it."
            )
        suffix = f".{name.rpartition('.')[2].lower()}"
        if suffix not in TABLES - OLD_TABLES:
            raise Refused(f"{name}: 请另存为 .xlsx 或 .csv / not read here; save it as XLSX or CSV.")
        if name in self.sha256:
            return f"{name.rpartition('.')[0]} ({self._number}){suffix}"
        return name

    def _check_size(self, more: int) -> None:
        self._size += more
        if self._size > MOST_BYTES:
            raise Refused(
                f"一次最多 {MOST_BYTES // 2**20} MB / at most {MOST_BYTES // 2**20} MB at once; hand in less."
            )


def _check_file(name: str, size: int) -> None:
    if size > MAX_FILE_BYTES:
        most = MAX_FILE_BYTES // 2**20
        raise Refused(f"{name}: 超过 {most} MB，请按乡镇或学校分开 / larger than {most} MB; split it.")


def _check_room(tables: Tables, unit: str) -> None:
    if unit.partition(":")[0] not in REGISTERS_OF:
        raise Forbidden("该单位不负责送册 / this kind of unit hands in no registers.")
    if len(tables.open_work()) >= MOST_OPEN:
        raise Refused("待办理的送册太多，请先确认或撤回 / too many deliveries wait; commit or cancel some first.")


def _hand_in(deliveries: Deliveries, caused: Caused, *, upload: _Upload, tables: Tables, lookup: Lookup) -> Answer:
    """The delivery that the files are, there or new; files of one that is there are not kept again."""

    def do() -> Answer:
        standing, attempt = deliveries.standing(sha256=upload.sha256, heard=lookup.heard())
        if standing is not None:
            return deliveries.roster.record(answer=standing.id)
        delivery_id = Delivery.id_of(part=part_of(caused.department), sha256=upload.sha256.values(), attempt=attempt)
        tables.add_work(delivery_id, upload_id=upload.upload_id, unit=caused.department)
        return deliveries.hand_in(sha256=upload.sha256, attempt=attempt)

    content = hashlib.sha256("/".join(sorted(upload.sha256.values())).encode()).digest()
    asked = CommandRequest("hand-in-delivery", content)
    answer = deliveries.roster.obey(caused=caused, request=asked, do=do)
    work = tables.find_work(answer.id)
    if work is None or work.upload_id != upload.upload_id:
        tables.drop_files(upload.upload_id)
    return answer


def _seen_by(unit: str, delivery_id: UUID, *, deliveries: Deliveries, tables: Tables) -> tuple[Delivery, Work]:
    delivery = deliveries.roster.get(Delivery, delivery_id)
    work = tables.find_work(delivery_id)
    if work is None or not delivery.may_be_seen_by(unit):
        raise NotFound("There is no delivery of this id.")
    return delivery, work


def _as_seen(delivery: Delivery, work: Work, *, tables: Tables) -> Seen:
    report = tables.report(work)
    return Seen(
        id=delivery.id,
        state=delivery.state,
        part=delivery.part,
        step=work.step if delivery.state in OPEN else delivery.state,
        done=work.done,
        total=work.total,
        since=work.since,
        registers=report.registers,
        replaces=report.replaces,
        preview=delivery.previewed,
        rejected=report.rejected,
        rejects=report.rejects,
        passed_over=report.passed_over,
        passed=report.passed,
        refused=report.refused,
    )
