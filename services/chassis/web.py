"""The gateway's web server as a part of a process: it has started when its port answers."""

import time
from threading import Thread

import uvicorn
from fastapi import FastAPI

START_S = 30.0
STOP_S = 15.0


class WebServer:
    """Uvicorn on a thread of its own, loopback unless told otherwise."""

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        self.name = "gateway web"
        self._config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
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
                message = f"The gateway can't listen on {self._config.host}:{self._config.port}; is the port taken?"
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
