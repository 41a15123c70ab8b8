"""One of the servers that are measured and run on Python, as a process of its own: `python -m tests.bench.gateway.serve`.

    gateway          as it is run: receipts on, row security on
    no-receipts      looks are not recorded
    no-row-security  looks are not recorded, and it reads as a superuser, whom row security does not hold back
    floor            a bare ASGI function: one prepared statement whose JSON PostgreSQL builds; no token, no scope, no receipt

Reads what it needs from standard input as JSON, writes the port it listens on, and ends when its input ends.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import psycopg
from fastapi import FastAPI
from psycopg import AsyncConnection
from starlette.types import Receive, Scope, Send

from gateway.access.freshness import Freshness
from gateway.access.policy import load_policy
from gateway.access.principal import Tokens
from gateway.access.quotas import Quota
from gateway.access.receipts import Receipt, Receipts
from gateway.app import build_gateway
from gateway.readmodel.reading import Reader
from services.chassis.clock import SystemClock
from services.chassis.web import WebServer

CONNECTIONS = 8
_ENDLESS = Quota(requests=10**9, rows=10**12)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a server is told: how to reach the database as whom, whose keys sign tokens, and the documents to be run."""

    superuser: str
    reader: str
    writer: str
    keys: dict[str, Any]
    issuer: str
    audience: str
    documents: str
    floor: dict[str, str]
    """The floor's statement for each document's text; parameters by name are the document's variables."""


class NoReceipts(Receipts):
    """Records nothing."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["NoReceipts"]:
        """Nothing has to run."""
        yield self

    async def record(self, receipt: Receipt) -> None:
        """Nothing."""


class _AtRest:
    """The services, of which nothing runs here and nothing is to come."""

    async def head(self, service: str) -> int:  # noqa: ARG002  # each is at rest
        """Nothing was told."""
        return 0


def gateway(task: Task, *, receipts: bool, row_security: bool) -> FastAPI:
    """The gateway, with or without what is measured."""

    async def keys() -> Mapping[str, Any]:
        return task.keys

    policy, clock = load_policy(), SystemClock()
    reader = Reader(dsn=task.reader if row_security else task.superuser, connections=CONNECTIONS)
    return build_gateway(
        policy=policy,
        tokens=Tokens(issuers={task.issuer: keys}, audience=task.audience, policy=policy, clock=clock),
        reader=reader,
        receipts=(Receipts if receipts else NoReceipts)(dsn=task.writer),
        clock=clock,
        documents=Path(task.documents),
        freshness=Freshness(heads=_AtRest(), reader=reader),
        quota=_ENDLESS,
    )


class Floor:
    """The least that can be done: read the body, run a prepared statement, send what it gives."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._free: asyncio.LifoQueue[AsyncConnection[Any]] = asyncio.LifoQueue()
        self._made = 0

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        asked = msgspec.json.decode(body)
        connection = await self._connection()
        cursor = await connection.execute(self._task.floor[asked["query"]].encode(), asked["variables"], prepare=True)
        row = await cursor.fetchone()
        self._free.put_nowait(connection)
        answer = b'{"data":' + (row or ("null",))[0].encode() + b"}"
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _connection(self) -> AsyncConnection[Any]:
        if self._free.empty() and self._made < CONNECTIONS:
            self._made += 1
            return await psycopg.AsyncConnection.connect(
                self._task.superuser, autocommit=True, prepare_threshold=0, options="-c jit=off -c timezone=UTC"
            )
        return await self._free.get()


def main() -> None:
    """Serves until standard input ends."""
    name = sys.argv[1]
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    app: object = Floor(task)
    if name != "floor":
        app = gateway(task, receipts=name == "gateway", row_security=name != "no-row-security")
    server = WebServer(cast("FastAPI", app), name=name, host="127.0.0.1", port=0)
    server.start()
    sys.stdout.write(server.url.rpartition(":")[2] + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
