"""Everything on one machine, in one process: PostgreSQL from a wheel, the direct log, four services, the gateway.

Read `Embedded.__enter__` top to bottom: it is the whole system. Parts start in order and stop in reverse.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

import httpx
import psycopg

from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from deploy.web import WebServer
from gateway.access.policy import load_policy
from gateway.access.principal import DevelopmentIssuer, Tokens
from gateway.access.receipts import Receipts
from gateway.app import build_gateway
from gateway.commands import Commands, ReadModelVisibility
from gateway.commands import Service as Reached
from gateway.readmodel.migrate import migrate as migrate_gateway
from gateway.readmodel.projector import Projector
from gateway.readmodel.reading import Reader
from gateway.supervision.answers import Answers
from gateway.supervision.replay import Replay
from services.assistance import service as assistance
from services.cases import service as cases
from services.chassis import vault as vault_module
from services.chassis.clock import Clock
from services.chassis.config import Settings, own_secret
from services.chassis.http import Surroundings
from services.chassis.inbox import Inbox
from services.chassis.log_direct import DirectLog
from services.chassis.runtime import Part, Runtime, Service
from services.chassis.telemetry import trace_to
from services.chassis.vault import Vault, load_kek
from services.contracts.divisions import COUNTY
from services.notify import service as notify
from services.roster import service as roster
from services.roster.intake import Intake

ISSUER = "https://baoxue.invalid/development"
AUDIENCE = "baoxue"


@dataclass(frozen=True, slots=True)
class Running:
    """The system while it runs."""

    cluster: Cluster
    vault: Vault
    services: dict[str, Service]
    intake: Intake
    projector: Projector
    replay: Replay
    inboxes: tuple[Inbox, ...]
    runtime: Runtime
    web: WebServer
    issuer: DevelopmentIssuer | None
    """Gives tokens to demonstration accounts; only in development."""


class Embedded:
    """The embedded profile as one context; `durable=False` is for tests, where data may die with the machine."""

    def __init__(self, *, settings: Settings, clock: Clock, durable: bool = True) -> None:
        self._settings = settings
        self._clock = clock
        self._durable = durable
        self._stack = ExitStack()

    def __enter__(self) -> Running:
        with ExitStack() as stack:
            running = self._start(stack)
            self._stack = stack.pop_all()
        return running

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> Running:
        folder = self._settings.data_folder
        if self._settings.otlp_endpoint:
            share = self._settings.trace_share
            stack.callback(trace_to(endpoint=self._settings.otlp_endpoint, service="baoxue", share=share).shutdown)
        cluster = stack.enter_context(Cluster.start(folder / "postgres", durable=self._durable))
        prepare(cluster)
        migrate(cluster)

        vault = Vault(dsn=cluster.dsn("vault", "vault_app"), kek=load_kek(folder / "vault.kek"))
        stack.callback(vault.close)
        surroundings = Surroundings(clock=self._clock, token=own_secret(folder / "services.token"))
        roster_service = roster.build(
            dsn=cluster.dsn("roster", "roster_app"),
            vault=vault,
            surroundings=surroundings,
            key_secret=bytes.fromhex(own_secret(folder / "roster.key")),
        )
        built = (
            roster_service.service,
            cases.build(dsn=cluster.dsn("cases", "cases_app"), vault=vault, surroundings=surroundings),
            assistance.build(dsn=cluster.dsn("assistance", "assistance_app"), vault=vault, surroundings=surroundings),
            notify.build(
                dsn=cluster.dsn("notify", "notify_app"),
                vault=vault,
                surroundings=surroundings,
                county=COUNTY,
            ),
        )
        for service in built:
            stack.callback(service.close)

        log = DirectLog([service.publication for service in built])
        projector = Projector(dsn=cluster.dsn("gateway", "gateway_writer"), log=log, opener=vault)
        replay = Replay(dsn=cluster.dsn("gateway", "gateway_writer"), opener=vault)
        issuer = self._issuer()
        reader = Reader(dsn=cluster.dsn("gateway", "gateway_reader"))
        policy = load_policy()
        gateway = build_gateway(
            policy=policy,
            tokens=Tokens(
                keys=issuer.keys if issuer else _no_keys,
                issuer=ISSUER,
                audience=AUDIENCE,
                policy=policy,
                clock=self._clock,
            ),
            reader=reader,
            receipts=Receipts(dsn=cluster.dsn("gateway", "gateway_writer")),
            clock=self._clock,
            commands=Commands(
                services={
                    service.name: Reached(
                        f"http://{service.name}", httpx.ASGITransport(app=service.api, raise_app_exceptions=False)
                    )
                    for service in built
                },
                token=surroundings.token,
                visibility=ReadModelVisibility(reader=reader),
            ),
            supervision=Answers(replay),
            development=self._settings.development,
            issuer=issuer,
            parts=lambda: runtime.health(),  # noqa: PLW0108  # the runtime is made of parts that need the gateway first
        )
        web = WebServer(gateway, host=self._settings.host, port=self._settings.port)
        inboxes = tuple(service.inbox(log=log, clock=self._clock) for service in built if service.hears)
        parts: list[Part] = [
            *inboxes,
            projector,
            *(service.ticker(clock=self._clock) for service in built),
            web,
        ]
        runtime = stack.enter_context(Runtime(parts))
        return Running(
            cluster=cluster,
            vault=vault,
            services={service.name: service for service in built},
            intake=roster_service.intake,
            projector=projector,
            replay=replay,
            inboxes=inboxes,
            runtime=runtime,
            web=web,
            issuer=issuer,
        )

    def _issuer(self) -> DevelopmentIssuer | None:
        if not self._settings.development:
            return None
        return DevelopmentIssuer(enabled=True, issuer=ISSUER, audience=AUDIENCE, clock=self._clock)


async def _no_keys() -> dict[str, list[object]]:
    """Without an issuer nobody's token is good."""
    return {"keys": []}


def migrate(cluster: Cluster) -> None:
    """Creates the tables of all databases, each as its owner; once, before any worker starts."""
    for database, create in (
        ("roster", roster.migrate),
        ("cases", cases.migrate),
        ("assistance", assistance.migrate),
        ("notify", notify.migrate),
        ("gateway", migrate_gateway),
        ("vault", vault_module.migrate),
    ):
        with psycopg.connect(cluster.dsn(database, f"{database}_owner")) as connection:
            create(connection)
