"""Runs parts of the gateway as a process of their own: `python -m gateway api`, `projector`, or `all`."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI

from gateway.access.freshness import Freshness
from gateway.access.issuing import DEVELOPMENT_ISSUER, DevelopmentIssuer, Issuer, console_issuer
from gateway.access.policy import Policy
from gateway.access.policy_keys import read_keys
from gateway.access.policy_log import load_released
from gateway.access.predicates import Predicates
from gateway.access.principal import Keys, Tokens
from gateway.access.receipts import Receipts
from gateway.access.warrants import Warrants
from gateway.access.writer import Writer
from gateway.app import build_gateway
from gateway.commands import Commands, ReadModelVisibility, Service
from gateway.freezing import Freezing
from gateway.identity.office import open_office
from gateway.readmodel import trees
from gateway.readmodel.projector import Projector
from gateway.readmodel.reading import Reader
from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.proofs import Proofs
from gateway.supervision.replay import Replay
from services.chassis.config import ProcessSettings
from services.chassis.errors import Refused
from services.chassis.process import Process, within
from services.chassis.runtime import Part, watch
from services.chassis.witnesses import Witnessing

PARTS = ("api", "projector")


def main() -> None:
    """Runs the parts that the command line names."""
    with within("gateway", parts=PARTS) as process:
        parts: list[Part] = []
        if "projector" in process.parts:
            parts += [
                Projector(dsn=process.dsn("writer"), log=process.log, opener=process.vault, clock=process.clock),
                *trees.keepers(
                    dsn=process.dsn("writer"),
                    secret=process.tree_secret,
                    also=process.signing_beside,
                    clock=process.clock,
                    epochs=process.vault.epochs,
                    within=process.settings.witnessed_within,
                ),
            ]
        app = None
        if "api" in process.parts:
            policy = _policy(process)
            parts += [
                watch("gateway read model", process.dsn("reader")),
                watch("gateway receipts", process.dsn("writer")),
                Freezing(policy=policy, reach=partial(_reach, process), clock=process.clock).part(),
            ]
            app = build(process, policy=policy)
        process.keep_running(parts, app=app)


def build(process: Process, *, policy: Policy) -> FastAPI:
    """The gateway's face: reads its read model, sends commands to the services over the network."""
    settings = process.settings
    development = _development_issuer(process)
    console_secret = settings.secret("console.key")
    console = console_issuer(secret=console_secret, audience=settings.audience, clock=process.clock)
    reader, commands = _reach(process)
    writer = Writer(dsn=process.dsn("writer"))
    warrants = Warrants(writer=writer, reader=reader, policy=policy)
    return build_gateway(
        policy=policy,
        tokens=Tokens(
            issuers=_issuers(settings, development=development, console=console),
            audience=settings.audience,
            policy=policy,
            clock=process.clock,
            standing=warrants,
        ),
        reader=reader,
        receipts=Receipts(dsn=process.dsn("writer")),
        clock=process.clock,
        freshness=Freshness(heads=commands, reader=reader, bound_s=settings.stale_after_s),
        commands=commands,
        warrants=warrants,
        predicates=Predicates(writer=writer, reader=reader),
        supervision=Answers(
            replay=Replay(dsn=process.dsn("reader"), opener=process.vault),
            informants=Informants(dsn=process.dsn("reader"), opener=process.vault),
            proofs=Proofs(commands=commands, dsn=process.dsn("writer")),
        ),
        development=settings.development,
        issuer=development,
        papers=settings.papers,
        documents=settings.documents,
        public_secret=settings.secret("services.token"),
        console_secret=console_secret,
        office=None
        if settings.development
        else open_office(
            settings.sign_in,
            secret=lambda: settings.secret("sign-in.secret"),
            issuer=console,
            policy=policy,
            clock=process.clock,
        ),
        witnessing=Witnessing(
            dsn=process.dsn("writer"),
            entries=trees.LOGS["access"],
            clock=process.clock,
            within=settings.witnessed_within,
        ),
    )


def _policy(process: Process) -> Policy:
    """The policy as it was released; raises `Refused` where nobody can have released one."""
    settings = process.settings
    if settings.policy_keys is None:
        raise Refused(
            "Nobody can have released a policy: set BAOXUE_POLICY_KEYS, the list of public keys that release it."
        )
    return load_released(process.dsn("reader"), keys=read_keys(settings.policy_keys), development=settings.development)


def _reach(process: Process) -> tuple[Reader, Commands]:
    """A way to the read model, and one to the services."""
    settings = process.settings
    reader = Reader(dsn=process.dsn("reader"))
    commands = Commands(
        services={name: Service(address) for name, address in settings.services.items()},
        token=settings.secret("services.token"),
        visibility=ReadModelVisibility(reader=reader),
    )
    return reader, commands


def _development_issuer(process: Process) -> DevelopmentIssuer | None:
    """Who gives tokens to anybody, in development only."""
    if not process.settings.development:
        return None
    audience = process.settings.audience
    return DevelopmentIssuer(enabled=True, issuer=DEVELOPMENT_ISSUER, audience=audience, clock=process.clock)


def _issuers(
    settings: ProcessSettings, *, development: DevelopmentIssuer | None, console: Issuer
) -> Mapping[str, Keys]:
    """Whose tokens are taken: the console's, and partners' from the issuer of the installation; raises `Refused` where there is none."""
    if development is not None:
        return {development.issuer: development.keys}
    if settings.jwks is None or not settings.issuer:
        raise Refused("Nobody's token can be checked: set BAOXUE_ISSUER and BAOXUE_JWKS, the file of its public keys.")
    return {settings.issuer: _KeysInFile(settings.jwks), console.issuer: console.keys}


class _KeysInFile:
    """The issuer's keys from a file, read again whenever they are asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def __call__(self) -> dict[str, Any]:
        raw = await asyncio.to_thread(self._file.read_bytes)
        return msgspec.json.decode(raw, type=dict[str, Any])


if __name__ == "__main__":
    main()
