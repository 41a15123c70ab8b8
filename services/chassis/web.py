"""The web server of a process as one of its parts, and what it answers about the health of the others.

`/health/live` says that the process runs; `/health/ready` how each part is, how far it lags, and what is parked: 200 where
all are well, else 503. Nobody needs to show who they are for that, so it holds names of parts and numbers only.
"""

import time
from collections.abc import Callable
from threading import Thread

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from services.chassis.runtime import Report

START_S = 30.0
STOP_S = 15.0


class WebServer:
    """Uvicorn on a thread of its own, loopback unless told otherwise."""

    def __init__(self, app: FastAPI, *, name: str, host: str, port: int) -> None:
        self.name = f"{name} web"
        self._config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            limit_concurrency=512,
        )
        self._server = uvicorn.Server(self._config)
        self._thread = Thread(target=self._server.run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begins to answer; raises `RuntimeError` where the port can't be had."""
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started:
            self._thread.join(timeout=0.02)
            if not self._thread.is_alive() or time.monotonic() > deadline:
                message = f"{self.name} can't listen on {self._config.host}:{self._config.port}; is the port taken?"
                raise RuntimeError(message)

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
