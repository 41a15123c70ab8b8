"""The gateway over a real read model of an invented county, asked through its own ASGI face."""

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from gateway.access.freshness import Freshness
from gateway.access.issuing import DEMO_ACCOUNTS, DevelopmentIssuer
from gateway.access.policy import load_policy
from gateway.access.predicates import Predicates
from gateway.access.principal import Tokens
from gateway.access.receipts import Receipts
from gateway.access.warrants import Warrants
from gateway.access.writer import Writer
from gateway.app import build_gateway
from gateway.commands import Commands, ReadModelVisibility, Service
from gateway.readmodel.migrate import migrate
from gateway.readmodel.reading import Reader
from gateway.schema.reading import Looking
from gateway.schema.replay import Supervision
from gateway.schema.schema import build_schema
from services.chassis.clock import SteppedClock
from services.chassis.witnesses import Unwitnessed, Witnessing
from tests.gateway import county


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def code(self) -> str:
        return self.body["errors"][0]["extensions"]["code"]

    @property
    def message(self) -> str:
        return self.body["errors"][0]["message"]


@dataclass(slots=True)
class Watched:
    """Whether a witness sees the looks, as a test has it."""

    is_late: bool = False

    def require(self, what: str) -> None:
        if self.is_late:
            raise Unwitnessed(f"{what}: no witness has seen what is recorded here.")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the ordinary resolvers say, and whose records they read."""

    data: Any
    touched: set[UUID]


_begun = itertools.count()


class Notify(httpx.AsyncBaseTransport):
    """A service that takes every notice and remembers it, or is away."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.is_away = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("away")
        self.told.append(json.loads(request.content))
        return httpx.Response(200, json={"id": str(uuid4()), "position": 1})


class Heads:
    """How far the services say that they are, in a county that was written without them: no further than what is shown."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}

    async def head(self, service: str) -> int:
        return self.positions.get(service, 0)


class Asking:
    """Asks a gateway that runs in a loop of its own."""

    def __init__(
        self,
        *,
        reader_dsn: str,
        writer_dsn: str,
        owner_dsn: str,
        services: Mapping[str, Service] | None = None,
        supervision: Supervision | None = None,
    ) -> None:
        self.reader_dsn, self.writer_dsn, self.owner_dsn = reader_dsn, writer_dsn, owner_dsn
        # Each lives in a minute of its own, by which its receipts are told from those of others.
        self.minute = county.NOW + timedelta(minutes=next(_begun))
        self.clock = SteppedClock(self.minute)
        self.policy = load_policy()
        self.issuer = DevelopmentIssuer(enabled=True, issuer="https://test", audience="baoxue", clock=self.clock)
        self.reader = Reader(dsn=reader_dsn, connections=2)
        writer = Writer(dsn=writer_dsn)
        self.warrants = Warrants(writer=writer, reader=self.reader, policy=self.policy)
        self.tokens = Tokens(
            issuers={"https://test": self.issuer.keys},
            audience="baoxue",
            policy=self.policy,
            clock=self.clock,
            standing=self.warrants,
        )
        self.heads = Heads()
        self.seconds = 0.0
        self.freshness = Freshness(heads=self.heads, reader=self.reader, now=lambda: self.seconds)
        self.receipts = Receipts(dsn=writer_dsn, timeout_s=2)
        self.witnessing = Watched()
        self.runner = asyncio.Runner()
        self.visibility = ReadModelVisibility(reader=self.reader)
        self.commands = (
            None
            if services is None
            else Commands(services=services, token="secret", visibility=self.visibility, timeout_s=1.0)
        )
        self.app = build_gateway(
            policy=self.policy,
            tokens=self.tokens,
            reader=self.reader,
            receipts=self.receipts,
            clock=self.clock,
            freshness=self.freshness,
            commands=self.commands,
            supervision=supervision,
            warrants=self.warrants,
            predicates=Predicates(writer=writer, reader=self.reader),
            development=True,
            issuer=self.issuer,
            witnessing=cast("Witnessing", self.witnessing),
        )
        self.schema = build_schema()
        self._lifespan = self.app.router.lifespan_context(self.app)
        self.runner.run(self._lifespan.__aenter__())
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://gateway")

    def close(self) -> None:
        self.runner.run(self._http.aclose())
        self.runner.run(self._lifespan.__aexit__(None, None, None))
        self.runner.close()

    def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, by: str | tuple[str, str], **claims: str
    ) -> Reply:
        """Asks as a demonstration account, or as (unit, purpose); `claims` are further ones of the token."""
        return self.send({"query": query, "variables": variables or {}}, token=self.token(by, **claims))

    def token(self, by: str | tuple[str, str], **claims: str) -> str:
        unit, purpose = (DEMO_ACCOUNTS[by].unit, DEMO_ACCOUNTS[by].purpose) if isinstance(by, str) else by
        role = DEMO_ACCOUNTS[by].role if isinstance(by, str) else "officer"
        actor = by if isinstance(by, str) else "someone"
        return self.issuer.mint_for(**{"actor": actor, "unit": unit, "purpose": purpose, "role": role, **claims})

    def send(self, body: Any, *, token: str | None, method: str = "POST", **more: Any) -> Reply:
        self.clock.step(timedelta(milliseconds=1))  # receipts tell their order
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        response = self.runner.run(self._http.request(method, "/graphql", headers=headers, **given, **more))
        return Reply(response.status_code, response.json(), response.headers)

    def resolve(
        self, query: str, variables: dict[str, Any] | None = None, *, by: str | tuple[str, str], **claims: str
    ) -> Resolved:
        """The same, by the ordinary resolvers alone: no compiler, no rights, rows held back by row security only."""

        async def resolve() -> Resolved:
            looking = Looking(
                principal=await self.tokens.verify(self.token(by, **claims)), reader=self.reader, today=county.TODAY
            )
            result = await self.schema.execute(query, variable_values=variables, context_value=looking)
            assert not result.errors, result.errors
            return Resolved(result.data, looking.touched)

        return self.runner.run(resolve())

    def receipts_of(self, *, limit: int = 1) -> list[dict[str, Any]]:
        """The latest receipts, newest first."""
        with psycopg.connect(self.writer_dsn, row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(
                "select * from receipt where at >= %s and at < %s order by at desc limit %s",
                [self.minute, self.minute + timedelta(minutes=1), limit],
            ).fetchall()


@contextmanager
def asking_over(read_model: Any, services: httpx.AsyncBaseTransport) -> Iterator[Asking]:
    """Asks a gateway over a read model whose services are all played by one."""
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
        services={name: Service(f"http://{name}", services) for name in ("roster", "cases", "assistance", "notify")},
    )
    yield asking
    asking.close()


@pytest.fixture(scope="module")
def read_model(module_database: Any) -> Any:
    """The invented county's read model."""
    fresh = module_database("gateway", migrate=migrate)
    with psycopg.connect(fresh.dsn("gateway_writer")) as connection:
        county.fill(connection)
    return fresh


@pytest.fixture(scope="module")
def gateway(read_model: Any) -> Iterator[Asking]:
    """The gateway over the invented county."""
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
    )
    yield asking
    asking.close()


@pytest.fixture(scope="module")
def unfenced(read_model: Any) -> Iterator[Asking]:
    """The same, reading as a superuser whom no row security holds back: only the compiler keeps the scope."""
    asking = Asking(
        reader_dsn=read_model.superuser, writer_dsn=read_model.dsn("gateway_writer"), owner_dsn=read_model.superuser
    )
    yield asking
    asking.close()
