"""Commands over HTTP: one route per application method, errors to status codes in this one place.

    GET  /head                         {"position"}: how far this service's events go; only the secret is asked for
    GET  /proof?position=&earlier=     what proves an event, or the way from an earlier checkpoint (`proving.Proven`); only the secret too
    POST /commands/<command-name>      body: the method's keyword arguments as JSON
        Authorization: Bearer <token>  the services' shared secret: only the gateway and operators reach a service
        Idempotency-Key: <uuid>        the command's id; the same key again gets the first answer
        X-Actor, X-Department, X-Purpose, X-Correlation-Id, traceparent

    200 {"id", "position"}   404 not found   422 refused   403 forbidden   409 stale   400 malformed   401   503 later

A route's body is derived from the signature of its method, so a command has one place where its words stand.
Answers and errors never quote what was sent: it may be personal.

A command is a span of the caller's trace, once the caller is recognised; where it is recorded, the events that the command
causes name this very span, so that whoever hears of them goes on with the one trace.
"""

import hashlib
import hmac
import inspect
import re
import time
import warnings
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, get_type_hints
from uuid import UUID, uuid4

import msgspec
from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ConfigDict, create_model
from pydantic_core import PydanticSerializationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.chassis.aggregate import Caused
from services.chassis.application import Answer, RecordedApplication
from services.chassis.application import Request as CommandRequest
from services.chassis.clock import Clock
from services.chassis.errors import Forbidden, NotFound, Refused, ServiceError, Stale
from services.chassis.key_store import VaultUnavailable
from services.chassis.proving import prove
from services.chassis.store import StoreUnavailable
from services.chassis.telemetry import command_took, is_traceparent, span, traceparent
from services.chassis.tree import SignedTree

STATUS: dict[type[ServiceError], int] = {NotFound: 404, Refused: 422, Forbidden: 403, Stale: 409}

Position = Annotated[int | None, Query(ge=1, le=2**53)]

_UNIT = re.compile(r"[a-z_]+:[0-9a-z_]+")
_WORD = re.compile(r"[a-z_]{1,40}")
_ACTOR = re.compile(r"[A-Za-z0-9_.:@-]{1,80}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every service's HTTP face needs from outside: the clock and the secret its callers share.

    Raises `Refused` for an empty secret, which would let everybody in.
    """

    clock: Clock
    token: str
    witnessed_within: timedelta = timedelta(hours=4)
    """How long what is recorded may be unseen by every witness; zero asks for none."""

    def __post_init__(self) -> None:
        if not self.token:
            raise Refused("The services' secret is empty; give each process the file that holds it.")


class Accepted(BaseModel):
    """A command's answer: what it created or changed, and the position readers must reach to see it."""

    id: UUID
    position: int


class Head(BaseModel):
    """How far a service's events go: the position of the newest, 0 where there is none."""

    position: int


class Unauthenticated(Exception):
    """The caller did not show the services' secret."""


class Malformed(Exception):
    """A header the protocol asks for is missing or not of its form; the message names it."""


OUTCOMES: dict[type[Exception], str] = {
    Refused: "refused",
    NotFound: "not_found",
    Stale: "stale",
    Forbidden: "forbidden",
    Malformed: "malformed",
    RequestValidationError: "malformed",
    HTTPException: "malformed",
    Unauthenticated: "unauthenticated",
    StoreUnavailable: "unavailable",
    VaultUnavailable: "unavailable",
}
"""How a command that failed is counted; anything else is `failed`, which is a fault of ours."""


def command_api(
    *,
    title: str,
    application: RecordedApplication,
    surroundings: Surroundings,
    commands: Sequence[Callable[..., Answer]],
    only_records: bool = False,
) -> FastAPI:
    """The HTTP face of a service: one POST route per command; `only_records` where none of them does anything else."""
    api = FastAPI(title=title, docs_url=None, redoc_url=None)
    measured = _measured(title.partition(" ")[0])
    for command in commands:
        _add_command(
            api,
            command,
            application=application,
            surroundings=surroundings,
            route=measured,
            only_records=only_records,
        )
    _add_head(api, application=application, surroundings=surroundings)
    _add_proof(api, application=application, surroundings=surroundings)
    _add_errors(api)
    return api


def caused_by(request: Request, *, surroundings: Surroundings) -> Caused:
    """Who sends this request and why, from its headers; raises `Unauthenticated` or `Malformed`."""
    require_secret(request, surroundings)
    correlation = request.headers.get("x-correlation-id")
    return Caused(
        actor=_header(request, "x-actor", _ACTOR),
        department=_header(request, "x-department", _UNIT),
        purpose=_header(request, "x-purpose", _WORD),
        at=surroundings.clock.now(),
        command_id=_uuid_header(request, "idempotency-key"),
        correlation_id=uuid4() if correlation is None else _uuid_header(request, "x-correlation-id"),
        trace=_trace(request),
    )


def require_secret(request: Request, surroundings: Surroundings) -> None:
    """Raises `Unauthenticated` for whoever does not show the services' secret."""
    shown = request.headers.get("authorization", "")
    if not hmac.compare_digest(shown.encode(), f"Bearer {surroundings.token}".encode()):
        raise Unauthenticated


def _add_head(api: FastAPI, *, application: RecordedApplication, surroundings: Surroundings) -> None:
    @api.get("/head")
    def head(request: Request) -> Head:
        require_secret(request, surroundings)
        return Head(position=application.position())


def _add_proof(api: FastAPI, *, application: RecordedApplication, surroundings: Surroundings) -> None:
    @api.get("/proof")
    def proof(request: Request, position: Position = None, earlier: Position = None) -> Response:
        require_secret(request, surroundings)
        tree = SignedTree(dsn=application.recorder_of_commands.dsn)
        proven = prove(tree, position=position, earlier=earlier)
        return Response(msgspec.json.encode(proven), media_type="application/json")


def _add_command(
    api: FastAPI,
    command: Callable[..., Answer],
    *,
    application: RecordedApplication,
    surroundings: Surroundings,
    route: type[APIRoute],
    only_records: bool,
) -> None:
    name = command.__name__.replace("_", "-")
    body_model = _body_of(command)

    async def recognised(request: Request) -> Caused:  # a dependency, so that it comes before the body is looked at
        return caused_by(request, surroundings=surroundings)

    def carry_out(request: Request, body: Any, caused: Annotated[Caused, Depends(recognised)]) -> Answer:
        asked = CommandRequest(name, _hash_of(body))
        arguments = {field: getattr(body, field) for field in type(body).model_fields}
        request.state.outcome = "repeated"  # unless it is carried out

        def do() -> Answer:
            answer = command(**arguments)
            request.state.outcome = "ok"
            return answer

        with span(f"command {name}", parent=caused.trace, kind=SpanKind.SERVER) as current:
            if current.is_recording():
                caused = replace(caused, trace=traceparent())
            return application.obey(caused=caused, request=asked, do=do, only_records=only_records)

    carry_out.__annotations__["body"] = body_model
    api.router.add_api_route(
        f"/commands/{name}",
        carry_out,
        methods=["POST"],
        operation_id=command.__name__,
        description=inspect.getdoc(command),
        response_model=Accepted,
        route_class_override=route,
    )


def _measured(service: str) -> type[APIRoute]:
    """Routes that note how long each request took from its arrival, and what came of it, malformed ones too."""

    class Measured(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()
            command = self.path.rpartition("/")[2]

            async def timed(request: Request) -> Response:
                began = time.perf_counter()
                outcome = "failed"
                try:
                    response = await answer(request)
                    outcome = request.state.outcome
                except Exception as error:
                    outcome = OUTCOMES.get(type(error), outcome)
                    raise
                else:
                    return response
                finally:
                    command_took(service=service, command=command, outcome=outcome, seconds=time.perf_counter() - began)

            return timed

    return Measured


def _hash_of(body: BaseModel) -> bytes:
    try:
        return hashlib.sha256(body.model_dump_json().encode()).digest()
    except PydanticSerializationError:  # JSON can spell half a character, which nothing can store
        raise Malformed("The request can't be read: a text in it is not Unicode.") from None


def _body_of(command: Callable[..., Answer]) -> type[BaseModel]:
    hints = get_type_hints(command)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(command).parameters.items()
    }
    title = "".join(word.capitalize() for word in command.__name__.split("_"))
    with warnings.catch_warnings():
        # A field may have the name of something every class has, such as `register`; nothing here asks a body for that.
        warnings.filterwarnings("ignore", message="Field name .* shadows an attribute", category=UserWarning)
        return create_model(title, __config__=ConfigDict(extra="forbid", frozen=True), **fields)


def _add_errors(api: FastAPI) -> None:
    @api.exception_handler(ServiceError)
    def service_error(_request: Request, error: ServiceError) -> JSONResponse:
        return _problem(STATUS[type(error)], error.code, str(error))

    @api.exception_handler(RequestValidationError)
    def not_understood(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = "; ".join(f"{_place(fault)}: {fault['type']}" for fault in error.errors())
        return _problem(400, "BAD_REQUEST", f"The request can't be read: {faults}.")

    @api.exception_handler(HTTPException)
    def no_such_door(_request: Request, error: HTTPException) -> JSONResponse:
        return _problem(error.status_code, "BAD_REQUEST", "The request can't be read, or there is no such command.")

    @api.exception_handler(Malformed)
    def malformed(_request: Request, error: Malformed) -> JSONResponse:
        return _problem(400, "BAD_REQUEST", str(error))

    @api.exception_handler(Unauthenticated)
    def unauthenticated(_request: Request, _error: Unauthenticated) -> JSONResponse:
        return _problem(401, "UNAUTHENTICATED", "This service answers the gateway only.")

    @api.exception_handler(StoreUnavailable)
    @api.exception_handler(VaultUnavailable)
    def later(_request: Request, _error: Exception) -> JSONResponse:
        answer = _problem(503, "UNAVAILABLE", "The store can't be reached; send the same request again with its key.")
        answer.headers["retry-after"] = "2"
        return answer


def _place(fault: dict[str, Any]) -> str:
    """Where in the body a fault is; a field's name is the sender's own word where there is no such field."""
    place = fault["loc"][:-1] if fault["type"] == "extra_forbidden" else fault["loc"]
    return ".".join(str(part) for part in place)


def _problem(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status_code=status)


def _header(request: Request, name: str, form: re.Pattern[str]) -> str:
    value = request.headers.get(name, "")
    if not form.fullmatch(value):
        raise Malformed(f"The header {name} is missing or not of its form.")
    return value


def _trace(request: Request) -> str:
    """The caller's traceparent, or empty where it is none: it goes into every event, so it is looked at."""
    value = request.headers.get("traceparent", "")
    return value if is_traceparent(value) else ""


def _uuid_header(request: Request, name: str) -> UUID:
    try:
        return UUID(request.headers.get(name, ""))
    except ValueError:
        raise Malformed(f"The header {name} must be a UUID.") from None
