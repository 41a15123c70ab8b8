"""The log of cases on a real store behind its own HTTP face, and the other services away: for tests of what proves an entry."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import psycopg

from gateway.commands import Service
from gateway.readmodel import trees
from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.proofs import Proofs
from gateway.supervision.replay import Replay
from services.cases.service import migrate
from services.chassis.application import RecordedApplication
from services.chassis.clock import SystemClock
from services.chassis.config import SERVICES
from services.chassis.http import Surroundings, command_api
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from services.chassis.tree import EVENTS, LogTree, origin_of, signer_of
from services.chassis.vault import Vault
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.stored_events import an_event
from tests.gateway.conftest import Asking
from tests.gateway.readmodel.telling import TestVault

SECRET = bytes(32)
RECORDED = 5


class Away(httpx.AsyncBaseTransport):
    """A service that doesn't answer."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)


@dataclass(slots=True)
class Logs:
    """The databases of cases and of the gateway, their keepers, and the gateway that proves from them."""

    cases: FreshDatabase
    gateway: FreshDatabase
    recorder: Recorder
    asking: Asking = field(init=False)

    def tree(self, log: str) -> LogTree:
        """The keeper of a log."""
        dsn = self.cases.app if log == "cases" else self.gateway.dsn("gateway_writer")
        entries = trees.LOGS.get(log, EVENTS)
        return LogTree(dsn=dsn, signer=signer_of(origin_of(log), secret=SECRET), clock=SystemClock(), entries=entries)

    @contextmanager
    def changed(self, statement: str, undone: str) -> Iterator[None]:
        """Somebody who rules the database of cases has changed what was recorded, within."""
        self._rule(statement)
        try:
            yield
        finally:
            self._rule(undone)

    def _rule(self, statement: str) -> None:
        with psycopg.connect(self.cases.superuser) as connection:
            connection.execute("alter table events disable trigger append_only")
            connection.execute(statement.encode())


@contextmanager
def proving(read_model: Any, module_database: Callable[..., FreshDatabase]) -> Iterator[Logs]:
    """Five events in cases, the first two signed by themselves."""
    cases = module_database("cases", migrate=migrate)
    with closing(Recorder(dsn=cases.app)) as recorder:
        logs = Logs(cases, read_model, recorder)
        recorder.insert_events([an_event() for _ in range(2)])
        logs.tree("cases").keep_up()
        recorder.insert_events([an_event() for _ in range(RECORDED - 2)])
        logs.tree("cases").keep_up()
        application = RecordedApplication(recorder=recorder, mapper=SealingMapper(vault=cast("Vault", TestVault())))
        face = command_api(
            title="cases",
            application=application,
            surroundings=Surroundings(clock=SystemClock(), token="secret"),
            commands=(),
        )
        services = {name: Service(f"http://{name}", Away()) for name in SERVICES}
        services["cases"] = Service("http://cases", httpx.ASGITransport(face))
        reader, writer, vault = read_model.dsn("gateway_reader"), read_model.dsn("gateway_writer"), TestVault()
        answers = Answers(replay=Replay(dsn=reader, opener=vault), informants=Informants(dsn=reader, opener=vault))
        logs.asking = Asking(
            reader_dsn=reader,
            writer_dsn=writer,
            owner_dsn=read_model.superuser,
            services=services,
            supervision=answers,
        )
        assert logs.asking.commands is not None
        answers.proofs = Proofs(commands=logs.asking.commands, dsn=writer)
        yield logs
        logs.asking.close()
