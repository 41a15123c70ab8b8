"""The door for sheets of the field check, beside the commands and in the name of whoever acts.

    POST /field-checks      multipart/form-data, a part with a file name for each sheet; headers as for a command

Sheets are small, so they are read and taken at once: the answer says how each list stands now, and which lines were not taken.
"""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from services.chassis.aggregate import Caused, acting, today
from services.chassis.application import Request as CommandRequest
from services.chassis.errors import Refused
from services.chassis.http import Surroundings, caused_by
from services.roster.domain.delivery import Delivery
from services.roster.domain.field_check import FieldCheck
from services.roster.field_checks import MOST_LISTS, FieldChecks, HandIn
from services.roster.intake.field_sheets import Sheets, read_sheets
from services.roster.intake.multipart import Begun, Ended, Multipart
from services.roster.intake.tables import Place, Tables

MOST_BYTES: Final = 32 * 2**20
"""Of all sheets together."""
PLACES_SHOWN: Final = 200


class ListSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How a list stands once its sheets were taken; `conflicts` are the children about whom two sheets differ."""

    id: UUID
    village: str
    children: int
    answered: int
    conflicts: tuple[UUID, ...]
    met: int


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sheets."""

    id: UUID
    position: int
    lists: tuple[ListSeen, ...]
    rejected: int
    rejects: tuple[Place, ...]


def add_field_checks(api: FastAPI, field_checks: FieldChecks, *, surroundings: Surroundings) -> None:
    """Adds the route."""

    async def recognised(request: Request) -> Caused:
        return caused_by(request, surroundings=surroundings)

    @api.post("/field-checks", operation_id="take_field_sheets")
    async def take(request: Request, caused: Annotated[Caused, Depends(recognised)]) -> Response:
        files = await _files(request.stream(), content_type=request.headers.get("content-type", ""))
        taken = await run_in_threadpool(_take, field_checks, caused, files=files)
        return Response(
            msgspec.json.encode(taken), media_type="application/json", headers={"cache-control": "no-store"}
        )


def delivered_by(tables: Tables) -> HandIn:
    """The way in which what an accepted round found becomes a delivery: its file is kept, sealed, before the delivery is."""

    def hand_in(unit: str, name: str, content: bytes) -> Delivery:
        sha256 = hashlib.sha256(content).hexdigest()
        delivery = Delivery.hand_in(unit=unit, sha256=(sha256,), attempt=1, today=today())
        upload_id = UUID(bytes=hashlib.sha256(delivery.id.bytes).digest()[:16])
        tables.keep_file(upload_id, number=1, name=name, content=content)
        tables.add_work(delivery.id, upload_id=upload_id, unit=unit)
        return delivery

    return hand_in


async def _files(stream: AsyncIterator[bytes], *, content_type: str) -> list[tuple[str, bytes]]:
    """The sheets of a body, in memory; raises `Refused` for too many or too much, and `Malformed`."""
    parser = Multipart(content_type)
    files: list[tuple[str, bytearray]] = []
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > MOST_BYTES:
            raise Refused(f"一次最多 {MOST_BYTES // 2**20} MB / at most {MOST_BYTES // 2**20} MB at once; bring less.")
        for told in parser.feed(piece):
            match told:
                case Begun():
                    files.append((told.name, bytearray()))
                case bytes():
                    files[-1][1].extend(told)
                case Ended():
                    pass
    parser.finish()
    if not 0 < len(files) <= MOST_LISTS:
        raise Refused(f"一次交 1 至 {MOST_LISTS} 张表 / bring 1 to {MOST_LISTS} sheets at once.")
    return [(name, bytes(content)) for name, content in files]


def _take(field_checks: FieldChecks, caused: Caused, *, files: list[tuple[str, bytes]]) -> Taken:
    with acting(caused):
        sheets = read_sheets(files, list_of=field_checks.own_list, today=today())
    if not sheets.returned:
        raise Refused(_nothing(sheets))
    content = hashlib.sha256("/".join(sorted(sheet.sheet for sheet in sheets.returned)).encode()).digest()
    answer = field_checks.roster.obey(
        caused=caused,
        request=CommandRequest("take-field-sheets", content),
        do=lambda: field_checks.take_sheets(sheets.returned),
    )
    return Taken(
        id=answer.id,
        position=answer.position,
        lists=tuple(
            _seen(field_checks.roster.get(FieldCheck, number))
            for number in dict.fromkeys(sheet.field_check_id for sheet in sheets.returned)
        ),
        rejected=len(sheets.rejects),
        rejects=tuple(sheets.rejects[:PLACES_SHOWN]),
    )


def _seen(check: FieldCheck) -> ListSeen:
    return ListSeen(
        id=check.id,
        village=check.village,
        children=len(check.children),
        answered=len(check.found),
        conflicts=tuple(sorted(check.conflicts)),
        met=check.met,
    )


def _nothing(sheets: Sheets) -> str:
    """Why nothing was taken, in words: the first lines that can't be, or that nothing was filled in."""
    if not sheets.rejects:
        return "表上没有填写任何结果 / nothing was filled in on these sheets."
    lines = "；".join(f"{p.file} {p.sheet} 第{p.line}行 {p.column}：{p.reason}" for p in sheets.rejects[:10])
    return f"没有可收的行 / no line can be taken: {lines}"
