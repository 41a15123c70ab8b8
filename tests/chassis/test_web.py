"""A process says over HTTP that it runs, and how its parts are; to anybody, so nothing but names of parts and numbers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

import httpx
import pytest
from fastapi import FastAPI

from services.chassis.log import Lag
from services.chassis.runtime import Report, Runtime
from services.chassis.web import HEAD_BYTES, WebServer, add_health


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


@pytest.mark.parametrize(
    "said", [b"", b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["nothing", "half a head"]
)
def test_whoever_connects_and_does_not_ask_is_hung_up_on(said: bytes) -> None:
    server = WebServer(FastAPI(), name="cases", host="127.0.0.1", port=0, head_s=0.1)
    with Runtime([server]), hanging_on(server) as caller:
        caller.sendall(said)

        assert heard_until_hung_up(caller) == b""


def test_a_head_without_end_is_hung_up_on() -> None:
    server = WebServer(FastAPI(), name="cases", host="127.0.0.1", port=0)
    with Runtime([server]), hanging_on(server) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\n")
        with suppress(ConnectionError):
            for number in range(HEAD_BYTES // 1000 + 100):
                caller.sendall(f"X-{number}: ".encode() + b"x" * 1000 + b"\r\n")

        assert heard_until_hung_up(caller) == b""


def test_a_connection_that_was_answered_may_ask_again_later() -> None:
    app = FastAPI()
    add_health(app, report=lambda: Report(parts={}, lag={}, parked={}))
    server = WebServer(app, name="cases", host="127.0.0.1", port=0, head_s=0.1)
    with Runtime([server]), httpx.Client(base_url=server.url) as client:
        first = address_of(client.get("/health/live"))
        Event().wait(0.3)  # longer than a head may take
        second = address_of(client.get("/health/live"))

    assert first == second


def address_of(answer: httpx.Response) -> object:
    """The caller's end of the connection that an answer came over."""
    return answer.extensions["network_stream"].get_extra_info("client_addr")


@contextmanager
def hanging_on(server: WebServer) -> Iterator[socket.socket]:
    """A connection on which nothing has been said yet."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as caller:
        yield caller


def heard_until_hung_up(caller: socket.socket) -> bytes:
    """All that the server says before it ends the connection."""
    heard = b""
    with suppress(ConnectionError):
        while more := caller.recv(4096):
            heard += more
    return heard
