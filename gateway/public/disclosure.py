"""The public's page of what the county makes public 信息公开 (N9.2): the latest release, every earlier one, and files to take along.

    GET /disclosure                       the latest
    GET /disclosure/{number}              one of them; of one that was withdrawn, why
    GET /disclosure/{number}.xlsx|csv|json

Nobody signs in and no look is recorded: what stands here is told to everybody, and row security opens nothing else to who asks
without a claim. `sha256sum` of the JSON is the hash of the ledger.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.public.answering import HEADERS, refusal, style
from gateway.readmodel.reading import Reader, ReadModelUnavailable, claims
from gateway.sheets import disclosure
from gateway.sheets.disclosure import Made
from services.chassis.telemetry import count, span

TIMEOUT_S: Final = 20.0
AT_ONCE: Final = 8
MOST_LISTED: Final = 100
_LISTED: Final = disclosure.READ + b" where number > 0 order by number desc limit %(most)s"
_FILE: Final = re.compile(r"([1-9][0-9]{0,5})(?:\.(xlsx|csv|json))?")
_KEPT: Final = {**HEADERS, "cache-control": "public, max-age=300"}
_MEDIA: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "json": "application/json",
}
_log = logging.getLogger("baoxue.gateway.public")


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Where releases hang 公示栏."""

    reader: Reader
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @property
    def places(self) -> asyncio.Semaphore:
        """So many are served at once; the others wait until the time of a request is over."""
        return self._places

    async def released(self) -> list[Made]:
        """All that was released, the newest first."""
        return [Made.of(row) for row in await self.reader.fetch_dicts(_LISTED, {"most": MOST_LISTED}, claims=claims())]


def disclosure_routes(board: Board) -> list[Route]:
    """All of them, and the style of every page of the public."""
    return [style(), _route(board, "/disclosure", _latest), _route(board, "/disclosure/{asked}", _one)]


def _route(board: Board, path: str, handler: Callable[[Board, Request], Awaitable[Response]]) -> Route:
    async def enter(request: Request) -> Response:
        try:
            async with asyncio.timeout(TIMEOUT_S), board.places:
                with span(f"public GET {path}", kind=SpanKind.SERVER):
                    return await handler(board, request)
        except (ReadModelUnavailable, TimeoutError) as error:
            _log.warning("no answer: %s", type(error).__name__)
            return refusal("unavailable", "系统暂时无法查询，请稍后再试。", status=503, retry_after_s=5)
        except Exception as error:  # noqa: BLE001  # the rim: what nobody expected is told without its text
            _log.error("failed: %s", type(error).__name__)  # as above
            return refusal("failed", "系统出错了，已记录。请稍后再试。", status=500)

    return Route(path, enter, methods=["GET"])


async def _latest(board: Board, _request: Request) -> Response:
    released = await board.released()
    standing = next((made for made in released if not made.is_withdrawn), None)
    count("baoxue.public", outcome="disclosed")
    if standing is None:
        content = disclosure.page(released[0], others=released, files=False) if released else disclosure.empty_page()
    else:
        content = disclosure.page(standing, others=released, files=True)
    return Response(content, media_type="text/html", headers=_KEPT)


async def _one(board: Board, request: Request) -> Response:
    asked = _FILE.fullmatch(request.path_params["asked"])
    released = await board.released()
    made = next((each for each in released if asked and each.number == int(asked[1])), None)
    if asked is None or made is None or (made.is_withdrawn and asked[2]):
        return refusal("unknown", "没有这份公开内容，或者已经撤回。", status=404)
    count("baoxue.public", outcome="disclosed")
    form = asked[2]
    if form is None:
        content = disclosure.page(made, others=released, files=not made.is_withdrawn)
        return Response(content, media_type="text/html", headers=_KEPT)
    content_of = {
        "xlsx": disclosure.workbook,
        "csv": disclosure.text,
        "json": lambda made: msgspec.json.encode(made.content, order="deterministic"),
    }[form]
    kept = {**_KEPT, "content-disposition": f'attachment; filename="baoxue-disclosure-{made.number}.{form}"'}
    return Response(await asyncio.to_thread(content_of, made), media_type=_MEDIA[form], headers=kept)
