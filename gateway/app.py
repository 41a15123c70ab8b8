"""The gateway as one ASGI application. Takes everything it works with; read top to bottom."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from gateway.access.freshness import Freshness, Nobody
from gateway.access.issuing import DEMO_ACCOUNTS, DevelopmentIssuer
from gateway.access.policy import Policy
from gateway.access.predicates import Predicates
from gateway.access.principal import Tokens
from gateway.access.quotas import Quota, Quotas
from gateway.access.receipts import Receipts
from gateway.access.warrants import Warrants
from gateway.commands import Commands
from gateway.console.arrivals import Arrivals
from gateway.console.asking import Asking, Files
from gateway.console.caller import Console
from gateway.console.document import Documents as PageDocuments
from gateway.console.renewals import Renewals
from gateway.console.routes import Lending, console_routes
from gateway.console.session import Sessions
from gateway.endpoint import Endpoint
from gateway.files.desk import Desk
from gateway.files.routes import file_routes
from gateway.identity.office import Office
from gateway.looks import Looks, Surroundings
from gateway.public.disclosure import Board, disclosure_routes
from gateway.public.forms import Forms
from gateway.public.routes import Hall, public_routes
from gateway.readmodel.changes import Changes
from gateway.readmodel.reading import Reader
from gateway.reports import report_routes
from gateway.schema.replay import Supervision
from gateway.schema.schema import build_schema
from gateway.schema.trusted import read_documents
from gateway.sheets import pdf
from gateway.sheets.template import check_folder
from gateway.stream import Streams
from services.chassis.clock import Clock
from services.chassis.errors import Refused
from services.chassis.witnesses import Witnessing

DEFAULT_QUOTA: Final = Quota()
EXPLORER: Final = Path(__file__).parent / "explorer"
"""GraphiQL, kept here so that it works without a line to the outside; see LICENSES.md there."""


class Gateway(FastAPI):
    """FastAPI for all but /graphql, which goes to its endpoint without the detour through routes and middleware."""

    graphql: Endpoint
    streams: Streams
    lending: Lending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or hands on."""
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self.graphql(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == "/graphql":
            await self.streams(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith("/files/"):
            scope, send = await self.lending.lend(scope, send)
            await super().__call__(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def build_gateway(
    *,
    policy: Policy,
    tokens: Tokens,
    reader: Reader,
    receipts: Receipts,
    clock: Clock,
    commands: Commands | None = None,
    supervision: Supervision | None = None,
    warrants: Warrants | None = None,
    predicates: Predicates | None = None,
    freshness: Freshness | None = None,
    development: bool = False,
    issuer: DevelopmentIssuer | None = None,
    papers: Path | None = None,
    documents: Path | None = None,
    quota: Quota = DEFAULT_QUOTA,
    public_secret: str = "",
    console_secret: str = "",
    office: Office | None = None,
    witnessing: Witnessing | None = None,
) -> Gateway:
    """The gateway. Without `commands` mutations are refused, without `warrants` those that approve, consent and break
    glass; without `freshness` nothing is shown that ends with a task; with `witnessing` exports wait while it refuses.

    With `public_secret`, one that all gateways of the installation share, the public may report (and only with `commands`).
    `console_secret` is one they share too: under it the console's sessions are sealed; without it these end with the process.
    `office` is where people sign in to the console outside development.
    `papers` is a folder of the office's own Word templates, each of which has to fit; `documents` one of partners' trusted documents. `development`
    opens introspection, the query page and documents of anybody's making; an `issuer` gives tokens of demonstration
    accounts to anybody. Its lifespan runs the writer of receipts; without it nothing is answered.
    """
    _check_templates(papers)
    freshness = freshness or Freshness(heads=Nobody(), reader=reader)
    changes = Changes(dsn=reader.dsn)
    page = (EXPLORER / "page.html").read_bytes() if development else None

    lifespan = _lifespan(receipts, closing=(changes, reader, commands, office))
    app = Gateway(title="Baoxue gateway", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    surroundings = Surroundings(
        schema=build_schema(),
        policy=policy,
        tokens=tokens,
        documents=read_documents(documents, free=development),
        quotas=Quotas(quota),
        reader=reader,
        receipts=receipts,
        clock=clock,
        commands=commands,
        supervision=supervision,
        warrants=warrants,
        predicates=predicates,
        freshness=freshness,
        introspection=development,
        page=page,
    )
    looks = Looks(surroundings)
    app.graphql, app.streams = Endpoint(looks), Streams(looks, changes)
    desk = _desk(
        surroundings, templates=papers, witnessing=witnessing, console="" if office is None else office.address
    )
    app.router.routes.extend(file_routes(desk))
    _open_console(app, surroundings, issuer=issuer, office=office, secret=console_secret)
    _open_to_outsiders(app, surroundings, secret=public_secret)
    if development:
        app.router.routes.append(Mount("/graphql/explorer", StaticFiles(directory=EXPLORER)))
    _issue_tokens(app, issuer)
    return app


class _Closing(Protocol):
    async def close(self) -> None: ...


def _lifespan(
    receipts: Receipts, *, closing: Sequence[_Closing | None]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Runs the writer of receipts, and in the end closes what was opened."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with receipts.running():
            yield
        for one in closing:
            if one is not None:
                await one.close()

    return lifespan


def _open_to_outsiders(app: Gateway, surroundings: Surroundings, *, secret: str) -> None:
    """For who has no token: what is made public, providers that report what became of a message, and, with a secret, the public."""
    app.router.routes.extend(disclosure_routes(Board(reader=surroundings.reader)))
    if (commands := surroundings.commands) is None:
        return
    app.router.routes.extend(report_routes(commands))
    if secret:
        app.router.routes.extend(public_routes(_hall(surroundings, commands=commands, secret=secret)))


def _desk(surroundings: Surroundings, *, templates: Path | None, witnessing: Witnessing | None, console: str) -> Desk:
    """Where files are handed out and taken in, with all that holds at /graphql."""
    return Desk(
        policy=surroundings.policy,
        tokens=surroundings.tokens,
        reader=surroundings.reader,
        receipts=surroundings.receipts,
        clock=surroundings.clock,
        freshness=surroundings.freshness,
        commands=surroundings.commands,
        supervision=surroundings.supervision,
        templates=templates,
        witnessing=witnessing,
        console=console,
        development=surroundings.introspection,
    )


def _hall(surroundings: Surroundings, *, commands: Commands, secret: str) -> Hall:
    """Where the public is served, over the same read model and log of looks."""
    return Hall(
        forms=Forms(secret=secret, clock=surroundings.clock),
        reader=surroundings.reader,
        receipts=surroundings.receipts,
        clock=surroundings.clock,
        commands=commands,
        policy_version=surroundings.policy.version,
    )


def _open_console(
    app: Gateway, surroundings: Surroundings, *, issuer: DevelopmentIssuer | None, office: Office | None, secret: str
) -> None:
    """The offices' pages, which ask /graphql and /files as any partner does. Without a secret to share sessions end with the process."""
    clock, development = surroundings.clock, issuer is not None
    secret = secret or secrets.token_hex(32)
    console = Console(
        asking=Asking(app.graphql),
        files=Files(app),
        documents=PageDocuments(trust=surroundings.documents.trust),
        sessions=Sessions(secret=secret, clock=clock, development=development),
        arrivals=Arrivals(secret=secret, clock=clock, development=development),
        renewals=Renewals(clock=clock, issuer=issuer, office=office),
        clock=clock,
        issuer=issuer,
        office=office,
        makes_pdf=pdf.is_there(),
    )
    app.lending = Lending(console)
    app.router.routes.extend(console_routes(console))


def _check_templates(papers: Path | None) -> None:
    """Refuses a folder that isn't there, and a template that does not fit."""
    if papers is None:
        return
    if not papers.is_dir():
        raise Refused("The setting BAOXUE_PAPERS names no folder that is there.")
    check_folder(papers)


def _issue_tokens(app: FastAPI, issuer: DevelopmentIssuer | None) -> None:
    """Where there is an issuer for demonstrations: to anybody."""
    if issuer is None:
        return

    @app.get("/development/accounts")
    async def accounts() -> list[dict[str, str]]:
        return [
            {"account": name, "unit": account.unit, "purpose": account.purpose, "role": account.role}
            for name, account in DEMO_ACCOUNTS.items()
        ]

    @app.post("/development/token/{account}")
    async def token(account: str) -> JSONResponse:
        if account not in DEMO_ACCOUNTS:
            return JSONResponse({"message": f"Known are {', '.join(DEMO_ACCOUNTS)}."}, status_code=404)
        return JSONResponse({"token": issuer.mint(account)})
