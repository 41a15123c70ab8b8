"""Packs of statistics frozen by the clock: each once, late where nobody was there, and nothing from before there was anybody to count."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from gateway.access.policy import load_policy
from gateway.commands import Commands, Service
from gateway.freezing import Freezing
from gateway.readmodel.reading import Reader
from gateway.readmodel.statistics import FOLDS
from services.cases.domain.pack import StatisticsPack
from services.chassis.clock import CHINA
from services.chassis.runtime import UNDONE, WELL
from tests.gateway.cases_behind import Cases

BEGUN = "2026-08-20"
"""When the first register came in."""


class Shown:
    """The read model's standing: how far it is, and, while it keeps up, what cases told."""

    def __init__(self, service: Cases | None, *, writer_dsn: str) -> None:
        self.keeps_up = True
        self._service, self._writer_dsn = service, writer_dsn

    async def reached(self, _producer: str, _position: int, _timeout_s: float) -> bool:
        if self.keeps_up and self._service is not None:
            self._service.project(FOLDS, writer_dsn=self._writer_dsn)
        return self.keeps_up

    async def close(self) -> None:
        pass


class Office:
    """A bureau in which nobody freezes anything, on a day."""

    def __init__(self, read_model: Any, *, at: str, services: httpx.AsyncBaseTransport | None = None) -> None:
        self.service = Cases(at=datetime.fromisoformat(at).replace(tzinfo=CHINA))
        self.shown = Shown(self.service, writer_dsn=read_model.dsn("gateway_writer"))
        self._reader_dsn = read_model.dsn("gateway_reader")
        self._services = services or self.service
        self.freezing = Freezing(policy=load_policy(), reach=self._reach, clock=self.service.clock)

    def _reach(self) -> tuple[Reader, Commands]:
        services = {name: Service(f"http://{name}", self._services) for name in ("roster", "cases")}
        return Reader(dsn=self._reader_dsn, connections=1), Commands(
            services=services, token="secret", visibility=self.shown
        )

    @property
    def frozen(self) -> list[tuple[str, str]]:
        """Kind and period of every pack, in the order in which they were frozen."""
        packs = self.service.cases.told(StatisticsPack.Frozen)
        assert {pack.frozen_by for pack in packs} <= {"clock"}
        return [(pack.content.kind, pack.content.period) for pack in packs]


@pytest.fixture(scope="module")
def begun(read_model: Any) -> Any:
    """The county's read model; its first register came in on a day in August, and it has no pack yet."""
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("delete from statistics_pack")
        connection.execute(
            "insert into journal (producer, position, event_id, type, aggregate_id, version, stored_topic, recorded_at, actor,"
            " department, purpose, command_id, correlation_id, body) values ('roster', 1, %(id)s, 'roster.private.v1', %(id)s, 1,"
            " '', %(at)s::date, 'loader', 'education_bureau:410326', 'dropout_control', %(id)s, %(id)s, '{}')",
            {"id": uuid4(), "at": BEGUN},
        )
    return read_model


@pytest.fixture
def hall(begun: Any) -> Iterator[Any]:
    """The same, and no pack is left to the next test."""
    yield begun
    with psycopg.connect(begun.dsn("gateway_writer")) as connection:
        connection.execute("delete from statistics_pack")


def test_what_is_over_is_frozen_by_the_clock_and_once(hall: Any) -> None:
    office = Office(hall, at="2026-09-14T09:00")

    assert office.freezing.look() == "ok"
    assert office.freezing.look() == "ok"

    assert office.frozen == [("monthly", "2026-08"), ("year", "2025-2026")]


def test_a_period_that_was_over_before_the_first_register_came_in_is_left_to_officers(hall: Any) -> None:
    """July could be frozen on that day, by its last day; nobody had been counted then."""
    office = Office(hall, at="2026-08-31T23:59")
    office.freezing.look()

    assert office.frozen == []


def test_a_month_is_frozen_when_its_last_day_is_over_and_not_on_it(hall: Any) -> None:
    office = Office(hall, at="2026-09-30T23:59")
    office.freezing.look()
    assert ("monthly", "2026-09") not in office.frozen

    office.service.clock.step(timedelta(minutes=1))
    office.freezing.look()

    assert office.frozen[-2:] == [("monthly", "2026-09"), ("quarterly", "2026-Q3")]


def test_after_an_outage_whatever_can_still_be_frozen_is_in_the_order_of_its_last_days(hall: Any) -> None:
    office = Office(hall, at="2026-11-10T09:00")
    office.freezing.look()

    assert office.frozen == [("monthly", "2026-09"), ("quarterly", "2026-Q3"), ("monthly", "2026-10")]


def test_a_gateway_that_does_not_see_what_another_froze_freezes_nothing_twice(
    hall: Any, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office(hall, at="2026-09-14T09:00")
    office.freezing.look()
    with psycopg.connect(hall.dsn("gateway_writer")) as connection:
        connection.execute("delete from statistics_pack")

    assert office.freezing.look() == "ok"
    assert office.frozen == [("monthly", "2026-08"), ("year", "2025-2026")]
    assert not caplog.records


def test_while_the_read_model_is_behind_nothing_is_frozen(hall: Any) -> None:
    office = Office(hall, at="2026-09-14T09:00")
    office.shown.keeps_up = False
    office.freezing.look()
    assert office.frozen == []

    office.shown.keeps_up = True
    office.freezing.look()
    assert office.frozen


def test_what_a_rule_refuses_is_told_and_does_not_take_the_gateway_away(
    hall: Any, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office(hall, at="2026-09-14T09:00", services=httpx.MockTransport(_refusing))

    assert office.freezing.look() == UNDONE
    assert UNDONE in WELL
    assert "monthly 2026-08 could not be frozen: 3 and 4 at the county" in caplog.text


def _refusing(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/head":
        return httpx.Response(200, json={"position": 0})
    return httpx.Response(422, json={"code": "REFUSED", "message": "3 and 4 at the county"})
