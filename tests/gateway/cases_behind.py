"""Cases in memory behind its own HTTP face, for tests that go from a command to what is shown of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

import httpx
import psycopg

from gateway.readmodel.fold import Fold, Told
from gateway.readmodel.rows import Rows, write_rows
from services.cases.api import build_api
from services.cases.courts import Courts
from services.cases.data_requests import DataRequests
from services.cases.disclosures import Disclosures
from services.cases.lookup import Dropouts, Posts
from services.cases.oversight import Oversight
from services.cases.public_reports import PublicReports
from services.cases.publisher import publish
from services.cases.responsibility import Responsibility
from services.cases.statistics import Statistics
from services.chassis.clock import SteppedClock
from services.chassis.http import Surroundings
from services.contracts.envelope import Envelope
from tests.cases.in_memory import MemoryCases
from tests.gateway import county


class Cases(httpx.AsyncBaseTransport):
    """The service, at a moment; what it tells is projected when asked."""

    def __init__(self, *, at: datetime = county.NOW) -> None:
        self.cases = MemoryCases()
        self.clock = SteppedClock(at)
        self._face = httpx.ASGITransport(
            build_api(
                self.cases,
                Oversight(cases=self.cases, dropouts=Dropouts, posts=Posts),
                PublicReports(cases=self.cases),
                Responsibility(cases=self.cases),
                Disclosures(cases=self.cases),
                Courts(cases=self.cases),
                Statistics(cases=self.cases),
                DataRequests(cases=self.cases),
                surroundings=Surroundings(clock=self.clock, token="secret"),
            )
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._face.handle_async_request(request)

    def project(self, folds: Iterable[Fold[Any]], *, writer_dsn: str) -> None:
        """Writes the rows of these folds from everything the service has told by now."""
        changed = Rows()
        for event in self.cases.memory.log:
            published = publish(event)
            for fold in folds if published is not None else ():
                if isinstance(published, fold.events):
                    told: Told[Any] = Told(cast("Envelope", None), published)
                    key = fold.about(told)
                    changed.put(fold.row, key, fold.evolve(changed.find(fold.row, key), told))
        with psycopg.connect(writer_dsn) as connection:
            write_rows(connection, changed)
