"""The counter 窗口 at which files are handed out and taken in: who asks, whether they may, a receipt, and only then the file.

Everything that holds at `/graphql` holds here: the same tokens, the same policy table (a file is granted like a command,
by its name), rows by the caller's reach, and nothing answered that was not recorded. Refusals are JSON, `{code, message}`,
as the services answer them. No URL, header or message holds anything of a person: parameters are codes and ids, and what a
caller sent is never repeated.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
import psycopg
from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.access.freshness import Freshness, TooOld
from gateway.access.policy import Policy, forbidden
from gateway.access.principal import NotApproved, Principal, Tokens, Unauthenticated
from gateway.access.receipts import Decision, NotRecorded, Receipt, Receipts
from gateway.commands import Commands, CommandUncertain, Passed
from gateway.readmodel.reading import Reader, ReadModelUnavailable
from gateway.request import POLICY_HEADER
from gateway.schema.paging import BadArgument
from gateway.schema.replay import Supervision
from services.chassis.clock import Clock
from services.chassis.errors import Forbidden, NotFound, Refused, ServiceError, Stale
from services.chassis.key_store import VaultUnavailable
from services.chassis.store import StoreUnavailable
from services.chassis.telemetry import count, span
from services.chassis.witnesses import Unwitnessed, Witnessing

TIMEOUT_S: Final = 120.0
MADE_AT_ONCE: Final = 2
"""Files made at the same time; each takes a thread and, for a whole county, some sixty MB."""
TAKEN_AT_ONCE: Final = 4
WAIT_S: Final = 10.0
RETRY_AFTER_S: Final = 5
CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STATUS: Final[Mapping[type[ServiceError], int]] = {NotFound: 404, Refused: 422, Forbidden: 403, Stale: 409}
_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "township": re.compile(r"[0-9]{9}"),
    "village": re.compile(r"[0-9]{12}"),
    "school": re.compile(r"[0-9A-Za-z]{1,20}"),
}
_log = logging.getLogger("baoxue.gateway.files")


class Busy(Exception):
    """As many files as may be are being made already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the file routes work with; see `app.build_gateway`."""

    policy: Policy
    tokens: Tokens
    reader: Reader
    receipts: Receipts
    clock: Clock
    freshness: Freshness
    commands: Commands | None
    supervision: Supervision | None
    templates: Path | None = None
    """The folder of the office's own Word templates; None for those that come with this."""
    witnessing: Witnessing | None = None
    """Whether looks are witnessed; None where nobody asks for that."""
    console: str = ""
    """Where offices reach the console, as `sign-in.toml` says."""
    development: bool = False
    _making: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MADE_AT_ONCE))
    _taking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TAKEN_AT_ONCE))

    def making(self) -> AbstractAsyncContextManager[None]:
        """While a file is made: a few at a time, the others wait a bounded while; raises `Busy`."""
        return _place(self._making)

    def taking(self) -> AbstractAsyncContextManager[None]:
        """The same while a file is taken in, so that slow senders hold up nobody but senders."""
        return _place(self._taking)

    @property
    def services(self) -> Commands:
        """The way to the services; raises `Refused` where the gateway only reads."""
        if self.commands is None:
            message = "本网关只供查询。This gateway sends no commands."
            raise Refused(message)
        return self.commands

    def console_for(self, request: Request) -> str:
        """Where the console is reached, for what is printed: as it is set, in development as this was asked for.

        What a proxy passes on is no ground to print an address on thousands of sheets: raises `Refused` where none is set.
        """
        if not self.console and not self.development:
            raise Refused(
                "未设置工作台地址，无法打印二维码。Nobody has said where the console is reached, to which QR codes lead: `address` in the"
                " file of BAOXUE_SIGN_IN."
            )
        return (self.console or str(request.base_url)).rstrip("/")

    async def require_witnessed(self, command: str) -> None:
        """Returns where looks are witnessed in time; raises `Unwitnessed`: what is handed out waits, work with children goes on."""
        if self.witnessing is not None:
            try:
                await asyncio.to_thread(self.witnessing.require, command)
            except StoreUnavailable:
                raise ReadModelUnavailable from None

    async def positions(self, principal: Principal) -> str:
        """How far the read model has come, as JSON."""
        [(positions,)] = await self.reader.fetch(
            b"select coalesce(jsonb_object_agg(name, position), '{}'::jsonb)::text from tracking",
            {},
            claims=principal.claims,
        )
        return str(positions)

    async def record(
        self,
        principal: Principal,
        operation: str,
        *,
        decision: Decision = "answered",
        receipt_id: UUID | None = None,
        content_hash: str = "",
        child_ids: tuple[UUID, ...] = (),
        rows: int = 0,
        fields: tuple[str, ...] = (),
        positions: str = "{}",
    ) -> None:
        """Writes the look down; raises `NotRecorded`, and then nothing may leave."""
        receipt = Receipt(
            receipt_id=receipt_id or uuid4(),
            at=self.clock.now(),
            actor=principal.actor,
            department=principal.unit,
            purpose=principal.purpose,
            operation=operation,
            document_hash=content_hash,
            decision=decision,
            policy_version=self.policy.version,
            child_ids=child_ids,
            rows=rows,
            fields=fields,
            positions=msgspec.Raw(positions.encode()),
        )
        try:
            await self.receipts.record(receipt)
        except NotRecorded:
            count("baoxue.receipts.missing")
            raise
        count("baoxue.reads", kind="file", decision=decision, department=principal.grants.kind)


@asynccontextmanager
async def _place(places: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(WAIT_S):
            await places.acquire()
    except TimeoutError:
        raise Busy from None
    try:
        yield
    finally:
        places.release()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of somebody who may make it."""

    request: Request
    principal: Principal

    def given(self, *names: str) -> dict[str, str]:
        """The parameters of the URL; raises `BadArgument` for one that is not among `names` or not of its form."""
        given = dict(self.request.query_params)
        if len(given) != len(self.request.query_params.multi_items()) or given.keys() - set(names):
            message = f"Known parameters are {', '.join(names)}, each at most once."
            raise BadArgument(message)
        for name, form in _FORMS.items():
            if name in given and not form.fullmatch(given[name]):
                message = f"{name} is not of its form: a code, never a name."
                raise BadArgument(message)
        return given

    @property
    def idempotency_key(self) -> UUID:
        """The key under which a command is carried out once; a new one where the caller gives none."""
        given = self.request.headers.get("idempotency-key")
        try:
            return uuid4() if given is None else UUID(given)
        except ValueError:
            message = "Idempotency-Key is a UUID."
            raise BadArgument(message) from None

    def id(self, name: str) -> UUID:
        """An id in the path; raises `NotFound` where it is none, as if there were no such thing."""
        try:
            return UUID(self.request.path_params[name])
        except ValueError:
            raise NotFound("没有这样的编号。There is no such thing.") from None


Handler = Callable[[Desk, Asked], Awaitable[Response]]


def door(
    path: str,
    *,
    method: str,
    command: str,
    desk: Desk,
    handler: Handler,
    timeout_s: float = TIMEOUT_S,
    is_export: bool = False,
) -> Route:
    """A route that only those pass to whom `command` is granted. `Query.x` asks for a field of GraphQL's grants instead.

    An export takes many children's records out of here: it waits while no witness sees the log of looks.
    """

    async def enter(request: Request) -> Response:
        try:
            async with asyncio.timeout(timeout_s):
                with span(f"file {command}", kind=SpanKind.SERVER):
                    response = await _enter(request, command=command, desk=desk, handler=handler, is_export=is_export)
        except Exception as error:  # noqa: BLE001  # the rim: every refusal becomes an answer here
            response = _refusal(error)
        response.headers[POLICY_HEADER] = desk.policy.version
        return response

    return Route(path, enter, methods=[method])


async def _enter(request: Request, *, command: str, desk: Desk, handler: Handler, is_export: bool) -> Response:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    try:
        principal = await desk.tokens.verify(token)
    except NotApproved as error:
        await desk.record(error.principal, command, decision="denied")
        raise
    try:
        _require(principal, command)
        if is_export:
            await desk.require_witnessed(command)
        if principal.about is not None:  # whatever the file is, it ends with the task; lists ask by what stands in them
            await desk.freshness.require()
        return await handler(desk, Asked(request, principal))
    except Forbidden:
        await desk.record(principal, command, decision="denied")
        raise
    except (TooOld, Unwitnessed):
        await desk.record(principal, command, decision="refused")
        raise


def _require(principal: Principal, command: str) -> None:
    type_name, _, field_name = command.rpartition(".")
    if not type_name:
        principal.grants.require_command(command)
    elif principal.grants.of(type_name, field_name) is None:
        raise forbidden(type_name, field_name, grants=principal.grants)


def file(content: bytes | str, *, name: str, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """A file to keep; `name` may be Chinese and names nobody."""
    return Response(content, media_type=media_type, headers=_kept_as(name, headers))


def streamed(
    content: AsyncIterator[bytes], *, name: str, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The same, piece by piece, no faster than it is taken."""
    return StreamingResponse(content, media_type=media_type, headers=_kept_as(name, headers))


def _kept_as(name: str, headers: Mapping[str, str] | None) -> dict[str, str]:
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.") or "file"
    disposition = f"attachment; filename=\"baoxue-{plain}\"; filename*=UTF-8''{quote(name)}"
    return {**_HEADERS, "content-disposition": disposition, **(headers or {})}


def shown(content: str, *, policy: str) -> Response:
    """A page to look at and to print, under a content security policy."""
    return Response(content, media_type="text/html", headers={**_HEADERS, "content-security-policy": policy})


def answer(body: object, *, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(body), status, media_type="application/json", headers=_HEADERS)


def as_told(passed: Passed) -> Response:
    """What a service answered, as it answered it."""
    return Response(passed.body, passed.status, media_type=passed.media_type, headers=_HEADERS)


def _refusal(error: Exception) -> Response:
    status, code, message, after_s = 500, "INTERNAL", "Something failed here; it was noted.", RETRY_AFTER_S
    match error:
        case ServiceError():
            status, code, message = _STATUS.get(type(error), 422), error.code, str(error)
        case BadArgument():
            status, code, message = 400, "BAD_REQUEST", str(error)
        case psycopg.DataError():
            status, code, message = 400, "BAD_REQUEST", "A parameter is out of its range."
        case ClientDisconnect():
            status, code, message = 400, "BAD_REQUEST", "The request broke off."
        case Unauthenticated():
            status, code = 401, "UNAUTHENTICATED"
            message = "Show a valid access token: Authorization: Bearer <token>."
        case CommandUncertain():
            status, code = 503, "UNCERTAIN"
            message = "The service gave no answer; it may have acted. Send the same again with its Idempotency-Key."
        case TooOld():
            status, code, message, after_s = 503, "STALE", str(error), error.after_s
        case Busy():
            status, code, message = 503, "UNAVAILABLE", "Others are being served; try again in a moment."
        case NotRecorded() | ReadModelUnavailable() | VaultUnavailable() | TimeoutError():
            _log.warning("no file: %s", type(error).__name__)
            status, code = 503, "UNAVAILABLE"
            message = "It could not be recorded or carried out just now, so there is no file; try again."
        case _:
            _log.error("failed: %s", type(error).__name__)  # without a traceback, which could quote a person
    headers = {**_HEADERS, **({"retry-after": str(after_s)} if status == 503 else {})}
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=headers)
