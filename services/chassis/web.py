"""The web server of a process as one of its parts, and what it answers about the health of the others.

Who connects and then says nothing, or says it drop by drop, is hung up on: a head has so long and so much room. How long a
body may take is for the application to say.

`/health/live` says that the process runs; `/health/ready` how each part is, how far it lags, and what is parked: 200 where
all are well, else 503. Nobody needs to show who they are for that, so it holds names of parts and numbers only.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.chassis.runtime import Report

START_S = 30.0
STOP_S = 15.0
HEAD_S = 10.0
"""How long a request's head may take to arrive, and a new connection to begin one."""
HEAD_BYTES = 96 * 1024
"""How long a head may be; a GraphQL query by GET stands in it."""
MESSAGE_BYTES = 64 * 1024
"""How long a message over a WebSocket may be."""


class WebServer:
    """Uvicorn on a thread of its own, loopback unless told otherwise."""

    def __init__(self, app: FastAPI, *, name: str, host: str, port: int, head_s: float = HEAD_S) -> None:
        self.name = f"{name} web"
        self._config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http=type("Protocol", (_Impatient,), {"head_s": head_s}),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            limit_concurrency=512,
            ws_max_size=MESSAGE_BYTES,
            ws_per_message_deflate=False,
        )
        self._server = uvicorn.Server(self._config)
        self._thread = Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begins to answer; raises `RuntimeError` where the port can't be had."""
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started:
            self._thread.join(timeout=0.02)
            if not self._thread.is_alive() or time.monotonic() > deadline:
                message = f"{self.name} can't listen on {self._config.host}:{self._config.port}; is the port taken?"
                raise RuntimeError(message)

    def _run(self) -> None:
        with suppress(SystemExit):  # uvicorn's way to say that it can't start; `start` says it in words
            self._server.run()

    def stop(self) -> None:
        """Finishes the requests at hand and ends."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S)

    def health(self) -> str:
        """`ok` while it answers."""
        return "ok" if self._thread.is_alive() else "stopped"

    @property
    def url(self) -> str:
        """Where it answers."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://{self._config.host}:{port}"


class _Impatient(HttpToolsProtocol):
    """Uvicorn's protocol with a bound on the head, in time and in length."""

    head_s: float
    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the library
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._timer is None:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._timer is not None and self._head_bytes > HEAD_BYTES:
            self._hang_up()

    def on_headers_complete(self) -> None:
        self._have_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._timer = self.loop.call_later(self.head_s, self._hang_up)

    def _have_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        self._have_head()
        self.transport.abort()


def add_health(app: FastAPI, *, report: Callable[[], Report]) -> None:
    """Lets an application answer how the process is."""

    @app.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/health/ready")
    def ready() -> JSONResponse:
        return readiness(report())


def readiness(report: Report) -> JSONResponse:
    """The answer about readiness."""
    lag = {name: {"seconds": round(lag.seconds, 3), "events": lag.events} for name, lag in report.lag.items()}
    body = {
        "status": "ok" if report.is_well else "a part does not work",
        "parts": report.parts,
        "lag": lag,
        "parked": report.parked,
    }
    return JSONResponse(body, status_code=200 if report.is_well else 503)
