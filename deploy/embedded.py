"""Everything on one machine, in one process: PostgreSQL from a wheel, the direct log, four services, the gateway.

Read `Embedded.__enter__` top to bottom: it is the whole system. Parts start in order and stop in reverse.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import httpx

from deploy.migrate import migrate
from deploy.policy import keys_of, release_for_development
from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from deploy.services import built
from gateway.access.freshness import Freshness
from gateway.access.issuing import DEVELOPMENT_ISSUER, DevelopmentIssuer, Issuer, console_issuer
from gateway.access.policy import Policy, load_policy
from gateway.access.policy_keys import read_keys
from gateway.access.policy_log import load_released
from gateway.access.predicates import Predicates
from gateway.access.principal import Tokens
from gateway.access.receipts import Receipts
from gateway.access.warrants import Warrants
from gateway.access.writer import Writer
from gateway.app import build_gateway
from gateway.commands import Commands, ReadModelVisibility
from gateway.commands import Service as Reached
from gateway.freezing import Freezing
from gateway.identity.office import Office, open_office
from gateway.readmodel import trees
from gateway.readmodel.projector import Projector
from gateway.readmodel.reading import Reader
from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.proofs import Proofs
from gateway.supervision.replay import Replay
from services.chassis.clock import Clock
from services.chassis.config import Settings, own_secret, read_secret
from services.chassis.http import Surroundings
from services.chassis.inbox import Inbox
from services.chassis.keyring import KeyRing
from services.chassis.log_direct import DirectLog
from services.chassis.runtime import Part, Runtime, Service, collect_seldom, watch
from services.chassis.shred_list import ShredList
from services.chassis.signing import read_signer
from services.chassis.telemetry import Telemetry, observe_pool
from services.chassis.vault import Vault
from services.chassis.web import WebServer, add_health
from services.chassis.witnesses import Witnessing, read_witnesses
from services.notify.service import channels_of
from services.roster.intake import Intake

AUDIENCE = "baoxue"


@dataclass(frozen=True, slots=True)
class Running:
    """The system while it runs."""

    cluster: Cluster
    vault: Vault
    services: dict[str, Service]
    log: DirectLog
    intake: Intake
    projector: Projector
    replay: Replay
    inboxes: tuple[Inbox, ...]
    runtime: Runtime
    web: WebServer
    issuer: DevelopmentIssuer | None
    """Gives tokens to demonstration accounts; only in development."""
    policy: Policy
    """The policy that is in force, as it was released."""
    freezing: Freezing
    """Freezes the statistics of what is over."""


class Embedded:
    """The embedded profile as one context; `durable=False` is for tests, where data may die with the machine."""

    def __init__(self, *, settings: Settings, clock: Clock, durable: bool = True, serving: bool = True) -> None:
        """Without `serving` nobody can ask anything, so no policy has to be released: for an operator's single act."""
        self._settings = settings
        self._clock = clock
        self._durable = durable
        self._serving = serving
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
        collect_seldom()
        folder = self._settings.data_folder
        telemetry = Telemetry(endpoint=self._settings.otlp_endpoint, service="baoxue", share=self._settings.trace_share)
        stack.enter_context(telemetry)
        cluster = stack.enter_context(Cluster.start(folder / "postgres", durable=self._durable))
        prepare(cluster)
        migrate(cluster)

        vault = Vault(
            dsn=cluster.dsn("vault", "vault_app"),
            ring=KeyRing.of(folder / "vault.kek"),
            shred_list=ShredList(folder / "shredded.list"),
        )
        stack.callback(vault.close)
        within = self._settings.witnessed_within
        surroundings = Surroundings(
            clock=self._clock, token=own_secret(folder / "services.token"), witnessed_within=within
        )
        services = stack.enter_context(
            built(
                cluster,
                vault=vault,
                surroundings=surroundings,
                key_secret=bytes.fromhex(own_secret(folder / "roster.key")),
                channels=channels_of(
                    self._settings.ways_out, secret=lambda name: read_secret(folder / name), clock=self._clock
                ),
                reports_key=own_secret(folder / "reports.key").encode(),
            )
        )
        tree_secret = bytes.fromhex(own_secret(folder / "trees.key"))
        witnesses, also = read_witnesses(self._settings.witnesses), read_signer(self._settings.signer)
        log = services.direct_log()
        projector = Projector(dsn=cluster.dsn("gateway", "gateway_writer"), log=log, opener=vault, clock=self._clock)
        replay = Replay(dsn=cluster.dsn("gateway", "gateway_reader"), opener=vault)
        issuer = self._issuer()
        console_secret = own_secret(folder / "console.key")
        console = console_issuer(secret=console_secret, audience=AUDIENCE, clock=self._clock)
        reach = partial(_reach, cluster, services=services.all, token=surroundings.token)
        reader, commands = reach()
        policy = self._policy(cluster)
        writer = Writer(dsn=cluster.dsn("gateway", "gateway_writer"))
        warrants = Warrants(writer=writer, reader=reader, policy=policy)
        gateway = build_gateway(
            policy=policy,
            tokens=Tokens(
                issuers={issuer.issuer: issuer.keys} if issuer else {console.issuer: console.keys},
                audience=AUDIENCE,
                policy=policy,
                clock=self._clock,
                standing=warrants,
            ),
            reader=reader,
            receipts=Receipts(dsn=cluster.dsn("gateway", "gateway_writer")),
            clock=self._clock,
            freshness=Freshness(heads=commands, reader=reader, bound_s=self._settings.stale_after_s),
            commands=commands,
            supervision=Answers(
                replay=replay,
                informants=Informants(dsn=cluster.dsn("gateway", "gateway_reader"), opener=vault),
                proofs=Proofs(commands=commands, dsn=cluster.dsn("gateway", "gateway_writer")),
            ),
            warrants=warrants,
            predicates=Predicates(writer=writer, reader=reader),
            development=self._settings.development,
            issuer=issuer,
            papers=self._settings.papers,
            documents=self._settings.documents,
            public_secret=surroundings.token,
            console_secret=console_secret,
            office=self._office(policy, issuer=console),
            witnessing=Witnessing(
                dsn=cluster.dsn("gateway", "gateway_writer"),
                entries=trees.LOGS["access"],
                clock=self._clock,
                within=within,
            ),
        )
        web = WebServer(gateway, name="gateway", host=self._settings.host, port=self._settings.port)
        freezing = Freezing(policy=policy, reach=reach, clock=self._clock)
        inboxes = tuple(service.inbox(log=log, clock=self._clock) for service in services.all if service.hears)
        parts: list[Part] = [
            *inboxes,
            projector,
            watch("gateway read model", cluster.dsn("gateway", "gateway_reader")),
            watch("gateway receipts", cluster.dsn("gateway", "gateway_writer")),
            watch("key store", cluster.dsn("vault", "vault_app")),
            *(service.ticker(clock=self._clock) for service in services.all),
            *(part for service in services.all for parts in service.also.values() for part in parts(self._clock)),
            *(
                service.tree_keeper(
                    secret=tree_secret, also=also, clock=self._clock, witnesses=witnesses, within=within
                )
                for service in services.all
            ),
            *trees.keepers(
                dsn=cluster.dsn("gateway", "gateway_writer"),
                secret=tree_secret,
                also=also,
                clock=self._clock,
                epochs=vault.epochs,
                witnesses=witnesses,
                within=within,
            ),
            *((web, freezing.part()) if self._serving else ()),
        ]
        runtime = Runtime(parts)
        add_health(gateway, report=runtime.report)
        runtime.observe()
        observe_pool("key store", stats=vault.pool_stats)
        for service in services.all:
            observe_pool(f"{service.name} store", stats=service.application.recorder_of_commands.pool_stats)
        stack.enter_context(runtime)
        return Running(
            cluster=cluster,
            vault=vault,
            services={service.name: service for service in services.all},
            log=log,
            intake=services.intake,
            projector=projector,
            replay=replay,
            inboxes=inboxes,
            runtime=runtime,
            web=web,
            issuer=issuer,
            policy=policy,
            freezing=freezing,
        )

    def _policy(self, cluster: Cluster) -> Policy:
        """The policy as it was released; in development this program releases what it has by itself."""
        if not self._serving:
            return load_policy()
        keys = keys_of(self._settings.data_folder, named=self._settings.policy_keys)
        development = self._settings.development
        if development:
            release_for_development(cluster, folder=self._settings.data_folder, keys=keys, at=self._clock.now())
        return load_released(cluster.dsn("gateway", "gateway_reader"), keys=read_keys(keys), development=development)

    def _issuer(self) -> DevelopmentIssuer | None:
        if not self._settings.development:
            return None
        return DevelopmentIssuer(enabled=True, issuer=DEVELOPMENT_ISSUER, audience=AUDIENCE, clock=self._clock)

    def _office(self, policy: Policy, *, issuer: Issuer) -> Office | None:
        """Where people sign in to the console; in development they choose an account of the list."""
        if self._settings.development:
            return None
        folder = self._settings.data_folder
        return open_office(
            self._settings.sign_in,
            secret=lambda: read_secret(folder / "sign-in.secret"),
            issuer=issuer,
            policy=policy,
            clock=self._clock,
        )


def _reach(cluster: Cluster, *, services: Sequence[Service], token: str) -> tuple[Reader, Commands]:
    """A way to the read model, and one to the services, which run in this process."""
    reader = Reader(dsn=cluster.dsn("gateway", "gateway_reader"))
    commands = Commands(
        services={
            service.name: Reached(
                f"http://{service.name}", httpx.ASGITransport(app=service.api, raise_app_exceptions=False)
            )
            for service in services
        },
        token=token,
        visibility=ReadModelVisibility(reader=reader),
    )
    return reader, commands
