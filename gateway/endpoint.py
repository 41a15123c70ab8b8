"""/graphql as one ASGI object: who asks, what may be asked, one statement, a receipt, and only then the answer.

    token -> document (parsed, limited, validated; kept) -> rights -> plan (kept) -> SQL under claims -> receipt -> bytes

Operations the compiler does not take (mutations, introspection, `@include` on a variable) run through the ordinary
resolvers between the same rights and the same receipt. Refusals are GraphQL errors whose `extensions.code` is one of
UNAUTHENTICATED, BAD_REQUEST, FORBIDDEN, NOT_FOUND, REFUSED, STALE, UNCERTAIN, THROTTLED, UNAVAILABLE, INTERNAL. Nothing a
caller sent is logged.

An operation is a trace of our own, sampled as we say: a partner's traceparent is only linked to, or whoever sends one could
have us record everything. Its span bears the operation's name and the document's hash, never text or variables.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from graphql import GraphQLError
from opentelemetry.trace import SpanKind
from starlette.types import Receive, Scope, Send

from gateway.access.freshness import TooOld
from gateway.access.principal import NotApproved, Principal, Unauthenticated
from gateway.access.quotas import QuotaUsedUp
from gateway.access.receipts import Decision, NotRecorded
from gateway.looks import Looks, error_of, shown_error
from gateway.readmodel.reading import ReadModelUnavailable
from gateway.request import JSON, POLICY_HEADER, BadRequest, Request, read_request
from gateway.schema.compile import Plan
from gateway.schema.operations import BadDocument, Operation
from gateway.schema.paging import BadArgument
from gateway.schema.reading import Looking
from gateway.schema.trusted import NotTrusted
from services.chassis.clock import china_date
from services.chassis.errors import Forbidden
from services.chassis.telemetry import request_took, span, traceparent

REQUEST_TIMEOUT_S = 15.0
RETRY_AFTER_S = 2
AS_OF_HEADER = b"baoxue-as-of"
_GRAPHQL_JSON = b"application/graphql-response+json"
_log = logging.getLogger("baoxue.gateway")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was read: its headers, its document, and who asks."""

    headers: Mapping[bytes, bytes]
    request: Request
    document: str
    principal: Principal


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the body, the HTTP status for clients that understand GraphQL's media type, and how it is counted."""

    body: bytes
    status: int = 200
    outcome: str = "answered"
    retry_after_s: int | None = None
    as_of: bytes = b""
    """How far what was read had come, by producer and partition; empty where nothing was read."""


class Endpoint:
    """The ASGI object behind /graphql."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._with = looks.surroundings
        self._policy = (POLICY_HEADER.encode(), looks.surroundings.policy.version.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        headers = dict(scope["headers"])
        understands = _GRAPHQL_JSON in headers.get(b"accept", b"")
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                if self._with.page is not None and _from_a_browser(scope, headers):
                    return await self._send(send, 200, self._with.page, media=b"text/html")
                answer = await self._serve(headers, await read_request(scope, headers, receive))
        except BadRequest as error:
            return await self._send(send, error.status, _error("BAD_REQUEST", str(error)), media=JSON)
        except NotTrusted as error:
            answer = Answer(_error("BAD_REQUEST", str(error)), 400)
        except QuotaUsedUp as error:
            message = (
                f"This client asked its share of this minute; go on in {error.after_s} seconds. 请求过多，请稍后再试。"
            )
            return await self._send(send, 429, _error("THROTTLED", message), media=JSON, retry_after_s=error.after_s)
        except Unauthenticated:
            message = "Show a valid access token: Authorization: Bearer <token>."
            return await self._send(send, 401, _error("UNAUTHENTICATED", message), media=JSON)
        except (NotRecorded, ReadModelUnavailable, TimeoutError) as error:
            _log.warning("no answer: %s", type(error).__name__)
            message = "The look could not be recorded or carried out just now, so there is no answer; try again."
            return await self._send(send, 503, _error("UNAVAILABLE", message), media=JSON, retry_after_s=RETRY_AFTER_S)
        except Exception as error:  # noqa: BLE001  # the rim: what nobody expected is told without its text
            _log.error("failed: %s", type(error).__name__)  # without a traceback, which could quote a person
            return await self._send(send, 500, _error("INTERNAL", "Something failed here; it was noted."), media=JSON)
        media = _GRAPHQL_JSON if understands else JSON
        return await self._send(
            send,
            answer.status if understands else 200,
            answer.body,
            media=media,
            retry_after_s=answer.retry_after_s,
            as_of=answer.as_of,
        )

    async def _send(
        self,
        send: Send,
        status: int,
        body: bytes,
        *,
        media: bytes,
        retry_after_s: int | None = None,
        as_of: bytes = b"",
    ) -> None:
        headers = [
            (b"content-type", media + b"; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            self._policy,
            *([(AS_OF_HEADER, as_of)] if as_of else []),
            *([] if retry_after_s is None else [(b"retry-after", str(retry_after_s).encode())]),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _serve(self, headers: Mapping[bytes, bytes], request: Request) -> Answer:
        """The answer to a request of somebody whose purpose is approved."""
        try:
            principal = await self._principal(headers)
        except NotApproved as error:
            return await self._refuse(error)
        document = self._with.documents.text(query=request.query, document_id=request.document_id)
        return await self._answer(Asked(headers, request, document, principal))

    async def _principal(self, headers: Mapping[bytes, bytes]) -> Principal:
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated
        return await self._with.tokens.verify(token)

    async def _refuse(self, error: NotApproved) -> Answer:
        """A purpose that is not approved: recorded, and refused as any other right; what was asked isn't even read."""
        await self._looks.record_not_approved(error.principal)
        return Answer(_error("FORBIDDEN", str(error)), 403, "denied")

    async def _answer(self, asked: Asked) -> Answer:
        """The answer to one operation, seen and timed."""
        try:
            operation = self._looks.operations.find(
                asked.document,
                asked.request.operation_name,
                introspection=self._with.introspection or asked.principal.is_developer,
            )
        except BadDocument as error:
            return Answer(_body(None, error.errors), 400)
        kind = operation.definition.operation.value
        if kind == "subscription":
            raise BadRequest(405, "A subscription goes over a WebSocket to this address: graphql-transport-ws.")
        if asked.request.safe and kind != "query":
            raise BadRequest(405, "What changes something is sent by POST.")
        if asked.request.safe and operation.names_somebody:
            raise BadRequest(405, "What says who somebody is goes by POST: addresses are written down on their way.")
        self._with.quotas.take(
            client=asked.principal.client, unit=asked.principal.unit, rows=operation.rows, now=time.monotonic()
        )
        began, outcome = time.perf_counter(), "failed"
        with span(
            f"graphql {operation.shown}",
            link=_text(asked.headers, b"traceparent"),
            kind=SpanKind.SERVER,
            operation=kind,
            document=operation.hash,
        ):
            try:
                answer = await self._decide(asked, operation)
                outcome = answer.outcome
            except (NotRecorded, ReadModelUnavailable, asyncio.CancelledError):
                outcome = "unavailable"
                raise
            else:
                return answer
            finally:
                request_took(kind=kind, outcome=outcome, seconds=time.perf_counter() - began)

    async def _decide(self, asked: Asked, operation: Operation) -> Answer:
        """The answer, recorded; refusals before anything was looked at are recorded only where they are of a right."""
        try:
            fields = operation.require_rights(asked.principal.grants)
            variables = operation.variables(asked.request.variables)
            await self._looks.require_fresh(asked.principal, fields)
            plan = operation.plan(asked.principal.grants, variables=variables)
            if plan is None:
                return await self._resolve(asked, operation, fields)
            return await self._run(asked, operation, fields, plan=plan, variables=variables)
        except Forbidden as error:
            await self._looks.record(asked.principal, operation, decision="denied")
            return Answer(_error("FORBIDDEN", str(error)), 403, "denied")
        except TooOld as error:
            await self._looks.record(asked.principal, operation, decision="refused")
            return Answer(_error("STALE", str(error)), 503, "refused", retry_after_s=error.after_s)
        except BadArgument as error:
            return Answer(_error("BAD_REQUEST", str(error)), 400, "malformed")

    async def _run(
        self,
        asked: Asked,
        operation: Operation,
        fields: tuple[str, ...],
        *,
        plan: Plan,
        variables: Mapping[str, Any],
    ) -> Answer:
        """One statement. A deep cursor or a date out of range is the database's to refuse, and the caller's mistake."""
        look = await self._looks.look(asked.principal, plan, variables)
        await self._looks.record_look(asked.principal, operation, fields, look)
        return Answer(b'{"data":' + look.data + b"}", as_of=look.positions)

    async def _resolve(self, asked: Asked, operation: Operation, fields: tuple[str, ...]) -> Answer:
        """Ordinary resolvers; what they touched is recorded before anything of it leaves, whatever came of it."""
        looking = Looking(
            principal=asked.principal,
            reader=self._with.reader,
            today=china_date(self._with.clock.now()),
            now=self._with.clock.now(),
            supervision=self._with.supervision,
            warrants=self._with.warrants,
            predicates=self._with.predicates,
            commands=self._with.commands,
            idempotency_key=_key(asked.headers),
            trace=traceparent(),
        )
        result = await self._with.schema.execute(
            asked.document,
            variable_values=asked.request.variables,
            context_value=looking,
            operation_name=asked.request.operation_name,
        )
        errors = [_formatted(error) for error in result.errors or ()]
        codes = {error["extensions"]["code"] for error in errors}
        if codes & {"UNAVAILABLE"}:
            raise ReadModelUnavailable
        decision: Decision = "answered"
        if codes:
            decision = "denied" if "FORBIDDEN" in codes else "refused"
        [(positions,)] = await self._with.reader.fetch(
            b"select coalesce(jsonb_object_agg(name, position), '{}'::jsonb)::text from tracking",
            {},
            claims=asked.principal.claims,
        )
        await self._looks.record(
            asked.principal,
            operation,
            decision=decision,
            fields=fields,
            child_ids=tuple(looking.touched),
            rows=looking.rows_read,
            about=looking.about,
            positions=positions.encode(),
        )
        return Answer(_body(result.data, errors), outcome=decision, as_of=positions.encode())


def _key(headers: Mapping[bytes, bytes]) -> UUID | None:
    given = headers.get(b"idempotency-key")
    try:
        return None if given is None else UUID(given.decode("latin-1"))
    except ValueError:
        message = "Idempotency-Key is a UUID."
        raise BadArgument(message) from None


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")[:128]


def _formatted(error: GraphQLError) -> dict[str, Any]:
    """An error of a resolver or a document as shown."""
    shown = shown_error(*error_of(error.original_error, said=error.message))
    if error.path is not None:
        shown["path"] = error.path
    return shown


def _error(code: str, message: str) -> bytes:
    return _body(None, [shown_error(code, message)])


def _body(data: object, errors: list[dict[str, Any]]) -> bytes:
    """Data is left out where nothing was run."""
    body: dict[str, object] = {"errors": errors} if errors else {}
    if data is not None or not errors:
        body["data"] = data
    return msgspec.json.encode(body)


def _from_a_browser(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Whether somebody opens the address to look at it, rather than to ask."""
    return scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b"")
