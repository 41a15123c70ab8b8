"""Runs parts of the gateway as a process of their own: `python -m gateway api`, `projector`, or `all`."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI

from gateway.access.freshness import Freshness
from gateway.access.policy_keys import read_keys
from gateway.access.policy_log import load_released
from gateway.access.predicates import Predicates
from gateway.access.principal import DEVELOPMENT_ISSUER, DevelopmentIssuer, Tokens
from gateway.access.receipts import Receipts
from gateway.access.warrants import Warrants
from gateway.access.writer import Writer
from gateway.app import build_gateway
from gateway.commands import Commands, ReadModelVisibility, Service
from gateway.readmodel import trees
from gateway.readmodel.projector import Projector
from gateway.readmodel.reading import Reader
from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.replay import Replay
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
                    clock=process.clock,
                    within=process.settings.witnessed_within,
                ),
            ]
        if "api" in process.parts:
            parts += [
                watch("gateway read model", process.dsn("reader")),
                watch("gateway receipts", process.dsn("writer")),
            ]
        process.keep_running(parts, app=build(process) if "api" in process.parts else None)


def build(process: Process) -> FastAPI:
    """The gateway's face: reads its read model, sends commands to the services over the network."""
    settings = process.settings
    issuer = None
    if settings.development:
        issuer = DevelopmentIssuer(
            enabled=True, issuer=DEVELOPMENT_ISSUER, audience=settings.audience, clock=process.clock
        )
    elif settings.jwks is None or not settings.issuer:
        raise Refused("Nobody's token can be checked: set BAOXUE_ISSUER and BAOXUE_JWKS, the file of its public keys.")
    if settings.policy_keys is None:
        raise Refused(
            "Nobody can have released a policy: set BAOXUE_POLICY_KEYS, the list of public keys that release it."
        )
    policy = load_released(
        process.dsn("reader"), keys=read_keys(settings.policy_keys), development=settings.development
    )
    reader = Reader(dsn=process.dsn("reader"))
    writer = Writer(dsn=process.dsn("writer"))
    warrants = Warrants(writer=writer, reader=reader, policy=policy)
    commands = Commands(
        services={name: Service(address) for name, address in settings.services.items()},
        token=settings.secret("services.token"),
        visibility=ReadModelVisibility(reader=reader),
    )
    return build_gateway(
        policy=policy,
        tokens=Tokens(
            keys=issuer.keys if issuer is not None else _KeysInFile(settings.jwks or Path()),
            issuer=DEVELOPMENT_ISSUER if issuer is not None else settings.issuer,
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
        ),
        development=settings.development,
        issuer=issuer,
        papers=settings.papers,
        documents=settings.documents,
        public_secret=settings.secret("services.token"),
        witnessing=Witnessing(
            dsn=process.dsn("writer"),
            entries=trees.LOGS["access"],
            clock=process.clock,
            within=settings.witnessed_within,
        ),
    )


class _KeysInFile:
    """The issuer's keys from a file, read again whenever they are asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def __call__(self) -> dict[str, Any]:
        raw = await asyncio.to_thread(self._file.read_bytes)
        return msgspec.json.decode(raw, type=dict[str, Any])


if __name__ == "__main__":
    main()
