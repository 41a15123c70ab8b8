"""A process says over HTTP that it runs, and how its parts are; to anybody, so nothing but names of parts and numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI

from services.chassis.log import Lag
from services.chassis.runtime import Report, Runtime
from services.chassis.web import WebServer, add_health


@contextmanager
def reporting(report: Report) -> Iterator[str]:
    """A process of which this is to be said; where it answers."""
    app = FastAPI()
    add_health(app, report=lambda: report)
    server = WebServer(app, name="cases", host="127.0.0.1", port=0)
    with Runtime([server]):
        yield server.url


def test_a_process_whose_parts_are_well_is_ready() -> None:
    report = Report(
        parts={"cases relay": "ok", "cases inbox": "standing by"},
        lag={"cases relay": Lag(seconds=1.23456, events=None)},
        parked={"cases inbox": 2},
    )

    with reporting(report) as url:
        answer = httpx.get(f"{url}/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "parts": {"cases relay": "ok", "cases inbox": "standing by"},
        "lag": {"cases relay": {"seconds": 1.235, "events": None}},
        "parked": {"cases inbox": 2},
    }


def test_a_process_with_a_part_that_waits_lives_and_is_not_ready() -> None:
    with reporting(Report(parts={"cases relay": "waiting: OperationalError"}, lag={}, parked={})) as url:
        live, ready = httpx.get(f"{url}/health/live"), httpx.get(f"{url}/health/ready")

    assert live.json() == {"status": "ok"}
    assert ready.status_code == 503
    assert ready.json()["parts"] == {"cases relay": "waiting: OperationalError"}


def test_a_web_server_that_cant_have_its_port_says_whose_it_is() -> None:
    first = WebServer(FastAPI(), name="cases", host="127.0.0.1", port=0)
    with Runtime([first]):
        second = WebServer(FastAPI(), name="notify", host="127.0.0.1", port=int(first.url.rpartition(":")[2]))
        with pytest.raises(RuntimeError, match="notify web can't listen"):
            second.start()
