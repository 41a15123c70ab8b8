"""/graphql over a WebSocket: subscriptions by graphql-transport-ws, scoped, limited and recorded as any other look.

    connection_init (token) -> subscribe -> document, rights, plan -> [ statement -> receipt -> next ] again and again

A subscription shows what its query would show, and shows it again when the read model has moved and the answer is another one.
So there is no queue of events: whoever is slow sees the latest state later, and whoever was away lacks nothing. Before each
answer the token is verified again and the policy applied anew, so a grant that ends, an approval taken back or a token out of time
ends the stream. Nothing is sent before its receipt is durable.

Bounds: see the constants. Who breaks the protocol, or takes no answer off our hands, is hung up on with a reason.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

import msgspec
from graphql import OperationType
from opentelemetry.trace import SpanKind
from starlette.types import Receive, Scope, Send

from gateway.access.freshness import TooOld
from gateway.access.principal import NotApproved, Principal, Unauthenticated
from gateway.access.quotas import QuotaUsedUp
from gateway.access.receipts import NotRecorded
from gateway.looks import Looks, error_of, shown_error
from gateway.readmodel.changes import Changes
from gateway.readmodel.reading import ReadModelUnavailable
from gateway.schema.limits import BYTES
from gateway.schema.operations import BadDocument, Operation
from gateway.schema.paging import BadArgument
from gateway.schema.trusted import NotTrusted
from services.chassis.errors import Forbidden
from services.chassis.telemetry import span

PROTOCOL: Final = "graphql-transport-ws"
MOST_STREAMS: Final = 500
"""WebSockets of a process."""
MOST_OF_PARTNER: Final = 20
"""WebSockets of one client of one unit."""
MOST_OPERATIONS: Final = 10
"""Subscriptions of a WebSocket."""
INIT_S: Final = 10.0
"""How long `connection_init` may take."""
IDLE_S: Final = 60.0
"""How long a WebSocket may follow nothing."""
PAUSE_S: Final = 1.0
"""How long a subscription rests between two looks: what moves faster is seen at once."""
RENEW_S: Final = 20.0
"""How often it is asked again whether the caller may still look, where nothing has moved."""
SEND_S: Final = 10.0
"""How long a caller may take to take an answer."""
LOOK_S: Final = 15.0
_log = logging.getLogger("baoxue.gateway")


class _Payload(msgspec.Struct, rename={"operation_name": "operationName", "document_id": "documentId"}):
    query: str | None = None
    document_id: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


class _Message(msgspec.Struct):
    type: str
    id: str | None = None
    payload: dict[str, Any] | None = None


class Closed(Exception):
    """The WebSocket is to be closed, with a code of the protocol and a reason in words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Streams:
    """All WebSockets of this process."""

    def __init__(self, looks: Looks, changes: Changes) -> None:
        self._looks = looks
        self._changes = changes
        self._open = 0
        self._of_partner: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one WebSocket until either side has had enough."""
        await receive()  # that somebody connects
        if PROTOCOL not in scope["subprotocols"]:
            return await send({"type": "websocket.close", "code": 4406, "reason": f"Speak {PROTOCOL}."})
        if self._open >= MOST_STREAMS:
            return await send({"type": "websocket.close", "code": 1013, "reason": "Too many streams; try again later."})
        self._open += 1
        try:
            await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
            await self._serve(_Socket(receive, send))
        finally:
            self._open -= 1
        return None

    async def _serve(self, socket: "_Socket") -> None:
        try:
            token, principal = await self._init(socket)
            with self._counted(principal):
                await socket.say({"type": "connection_ack"})
                async with _Following(self._looks, self._changes, socket, token) as following:
                    while True:
                        message = await socket.hear(within_s=None if following.operations else IDLE_S)
                        await following.take(message)
        except Closed as closed:
            await socket.close(closed)
        except _Gone:
            return
        except Exception as error:  # noqa: BLE001  # the rim: what nobody expected is told without its text
            _log.error("a stream failed: %s", type(error).__name__)
            await socket.close(Closed(1011, "Something failed here; it was noted."))

    @contextmanager
    def _counted(self, principal: Principal) -> Iterator[None]:
        """Counts a partner's streams; raises `Closed` where it has enough."""
        partner = (principal.client, principal.unit)
        if self._of_partner[partner] >= MOST_OF_PARTNER:
            raise Closed(4429, f"A client of a unit has at most {MOST_OF_PARTNER} streams.")
        self._of_partner[partner] += 1
        try:
            yield
        finally:
            self._of_partner[partner] -= 1
            if not self._of_partner[partner]:
                del self._of_partner[partner]

    async def _init(self, socket: "_Socket") -> tuple[str, Principal]:
        message = await socket.hear(within_s=INIT_S)
        if message.type != "connection_init":
            raise Closed(4401, "Begin with connection_init.")
        given = (message.payload or {}).get("authorization")
        scheme, _, token = given.partition(" ") if isinstance(given, str) else ("", "", "")
        if scheme.lower() != "bearer":
            raise Closed(4403, 'Show a valid access token in connection_init: {"authorization": "Bearer <token>"}.')
        return token, await _verified(self._looks, token)


class _Following:
    """The subscriptions of one WebSocket, each a task; ends with all of them."""

    def __init__(self, looks: Looks, changes: Changes, socket: "_Socket", token: str) -> None:
        self.operations: dict[str, asyncio.Task[None]] = {}
        self._looks = looks
        self._changes = changes
        self._socket = socket
        self._token = token

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self.operations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(self, message: _Message) -> None:
        """Does what a message asks; raises `Closed` where it breaks the protocol."""
        match message:
            case _Message(type="ping"):
                await self._socket.say({"type": "pong"})
            case _Message(type="pong"):
                return
            case _Message(type="connection_init"):
                raise Closed(4429, "Too many initialisation requests")
            case _Message(type="complete", id=str(name)):
                if name in self.operations:
                    self.operations.pop(name).cancel()
            case _Message(type="subscribe", id=str(name)) if name:
                await self._subscribe(name, message.payload or {})
            case _:
                raise Closed(4400, "Send connection_init, subscribe, complete, ping or pong.")

    async def _subscribe(self, name: str, payload: Mapping[str, Any]) -> None:
        if name in self.operations:
            raise Closed(4409, f"Subscriber for {name[:60]} already exists")
        if len(self.operations) >= MOST_OPERATIONS:
            message = f"A stream follows at most {MOST_OPERATIONS} subscriptions."
            return await self._fail(name, [shown_error("THROTTLED", message)])
        task = asyncio.create_task(self._follow(name, payload), name="subscription")
        self.operations[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))
        return None

    def _forget(self, name: str, task: "asyncio.Task[None]") -> None:
        if self.operations.get(name) is task:
            del self.operations[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._socket.end(error)

    async def _follow(self, name: str, payload: Mapping[str, Any]) -> None:
        """Shows and shows again. What is wrong with the subscription ends it in words, what is wrong with the caller the stream."""
        try:
            operation, variables = self._prepare(payload)
            async with aclosing(self._answers(operation, variables)) as answers:
                async for data in answers:
                    await self._socket.say({"id": name, "type": "next", "payload": {"data": msgspec.Raw(data)}})
        except BadDocument as error:
            await self._fail(name, error.errors)
        except (NotTrusted, msgspec.ValidationError) as error:
            await self._fail(name, [shown_error("BAD_REQUEST", str(error))])
        except QuotaUsedUp as error:
            await self._fail(
                name, [shown_error("THROTTLED", f"This client asked its share; go on in {error.after_s} seconds.")]
            )
        except TooOld as error:
            await self._fail(name, [shown_error("STALE", str(error))])
        except (Forbidden, BadArgument, ReadModelUnavailable, TimeoutError) as error:
            await self._fail(name, [shown_error(*error_of(error))])
        except NotRecorded:
            await self._fail(
                name, [shown_error("UNAVAILABLE", "The look could not be recorded, so there is no answer.")]
            )

    def _prepare(self, payload: Mapping[str, Any]) -> tuple[Operation, Mapping[str, Any]]:
        asked = msgspec.convert(payload, _Payload)
        if (asked.query is None) == (asked.document_id is None):
            message = "Send either a document as query, or the documentId of a trusted one."
            raise BadArgument(message)
        surroundings = self._looks.surroundings
        text = surroundings.documents.text(query=asked.query, document_id=asked.document_id)
        operation = self._looks.operations.find(text, asked.operation_name, introspection=False)
        if operation.definition.operation is not OperationType.SUBSCRIPTION:
            message = "Only subscriptions go over a WebSocket; send this one by POST."
            raise BadArgument(message)
        return operation, operation.variables(asked.variables)

    async def _answers(self, operation: Operation, variables: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        """The answer, recorded; and again whenever it is another one."""
        shown: bytes | None = None
        seen, before = -1, None
        while True:
            principal = await _verified(self._looks, self._token)
            moved = self._changes.count
            if moved != seen or principal != before:
                try:
                    async with asyncio.timeout(LOOK_S):
                        data = await self._look(principal, operation, variables, shown=shown)
                except QuotaUsedUp as error:
                    if shown is None:
                        raise
                    await asyncio.sleep(error.after_s)
                    continue
                if data is not None:
                    yield data
                    shown = data
                seen, before = moved, principal
            await asyncio.sleep(PAUSE_S)
            await self._changes.after(seen, within_s=RENEW_S)

    async def _look(
        self, principal: Principal, operation: Operation, variables: Mapping[str, Any], *, shown: bytes | None
    ) -> bytes | None:
        """What is to be shown now, recorded; None where it is what was shown before."""
        surroundings = self._looks.surroundings
        with span(
            f"graphql {operation.shown}", kind=SpanKind.SERVER, operation="subscription", document=operation.hash
        ):
            try:
                fields = operation.require_rights(principal.grants)
                await self._looks.require_fresh(principal, fields)
                plan = operation.plan(principal.grants, variables=variables)
            except Forbidden:
                await self._looks.record(principal, operation, decision="denied")
                raise
            except TooOld:
                await self._looks.record(principal, operation, decision="refused")
                raise
            if plan is None:
                message = "A subscription has no directives on variables."
                raise BadArgument(message)
            surroundings.quotas.take(
                client=principal.client, unit=principal.unit, rows=operation.rows, now=time.monotonic()
            )
            look = await self._looks.look(principal, plan, variables)
            if look.data == shown:
                return None
            await self._looks.record_look(principal, operation, fields, look)
            return look.data

    async def _fail(self, name: str, errors: list[dict[str, Any]]) -> None:
        await self._socket.say({"id": name, "type": "error", "payload": errors})


class _Gone(Exception):
    """The other side has left."""


@dataclass(slots=True)
class _Socket:
    """One WebSocket: messages in and out, each in its time."""

    receive: Receive
    send: Send
    _ended: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def hear(self, *, within_s: float | None) -> _Message:
        """The next message; raises `Closed` where there is none in time or it is none, and what a subscription ended with."""
        heard = asyncio.ensure_future(self.receive())
        try:
            await asyncio.wait({heard, self._ended}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not heard.done():
                heard.cancel()
        if self._ended.done():
            self._ended.result()
        if not heard.done() or heard.cancelled():
            raise Closed(4408, "Nothing was asked in time")
        event = heard.result()
        if event["type"] == "websocket.disconnect":
            raise _Gone
        text = event.get("text")
        if text is None or len(text) > BYTES:
            raise Closed(4400 if text is None else 1009, f"A message is text of at most {BYTES // 1024} kB.")
        try:
            return _decoder.decode(text)
        except (msgspec.DecodeError, RecursionError):
            raise Closed(4400, "A message is one JSON object with its type.") from None

    async def say(self, message: Mapping[str, Any]) -> None:
        """Sends a message; raises `Closed` where it is not taken in time."""
        try:
            async with asyncio.timeout(SEND_S):
                await self.send({"type": "websocket.send", "text": msgspec.json.encode(message).decode()})
        except TimeoutError:
            raise Closed(4408, "Answers were not taken in time") from None
        except (OSError, RuntimeError):
            raise _Gone from None

    def end(self, error: BaseException) -> None:
        """Has whoever hears this WebSocket raise what ended one of its subscriptions."""
        if not self._ended.done():
            self._ended.set_exception(error)

    async def close(self, closed: Closed) -> None:
        """Says why, and hangs up."""
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(SEND_S):
                await self.send({"type": "websocket.close", "code": closed.code, "reason": str(closed)[:120]})


async def _verified(looks: Looks, token: str) -> Principal:
    """The caller as it may look now; raises `Closed` where it may not any more."""
    try:
        return await looks.surroundings.tokens.verify(token)
    except Unauthenticated:
        raise Closed(4403, "The token is not valid, or has ended.") from None
    except NotApproved as error:
        await looks.record_not_approved(error.principal)
        raise Closed(4403, "The purpose is not approved, or what the token is about has ended.") from None


_decoder = msgspec.json.Decoder(_Message)
