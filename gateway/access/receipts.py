"""The log of looks 查阅留痕: who saw which children's which fields, on what ground; written before the answer leaves.

Fail closed (promise 4): `record` returns when the receipt is durable in PostgreSQL and raises `NotRecorded` otherwise, and
then there is no answer. Receipts that wait at the same time share one transaction, so a burst of looks costs few commits.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
import psycopg

from gateway.readmodel.wire import Asked, Wire

_MOST_WAITING = 1024
_MOST_AT_ONCE = 128
_WRITERS = 3
"""Commits under way at once: whoever comes while one is waiting for the disk need not wait for that one first."""
_INSERT = b"insert into receipt select r.* from jsonb_populate_recordset(null::receipt, $1::text::jsonb) r"
# Autocommit: the one INSERT is its own transaction, and COMMIT has reached the disk when it returns.
_OPTIONS = "-c synchronous_commit=on -c statement_timeout=4s"

Decision = Literal["answered", "refused", "denied"]


class NotRecorded(Exception):
    """The look could not be written down, so it must not be answered."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One look, answered or not. `fields` are `Type.field` as granted; `positions` say how new the answer's data is."""

    at: datetime
    actor: str
    department: str
    purpose: str
    operation: str
    document_hash: str
    decision: Decision
    policy_version: str
    child_ids: tuple[UUID, ...] | msgspec.Raw = ()
    """The children whose records were in the answer; raw where PostgreSQL wrote them as JSON."""
    about: UUID | None = None
    """The record that was shown where it is none of a child: a report of the public."""
    rows: int = 0
    fields: tuple[str, ...] = ()
    positions: msgspec.Raw = msgspec.Raw(b"{}")
    receipt_id: UUID = msgspec.field(default_factory=uuid4)


@dataclass(slots=True)
class _Waiting:
    receipt: Receipt
    until: float
    done: asyncio.Future[None]


def record_at_once(connection: psycopg.Connection[Any], receipt: Receipt) -> None:
    """Writes one receipt down for an operator's command, durable when it returns; raises `NotRecorded`.

    The connection is `gateway_writer`'s, and what it had begun is committed with it.
    """
    try:
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute("set local synchronous_commit = on")
            cursor.execute(_INSERT, [msgspec.json.encode([receipt]).decode()])
        connection.commit()
    except psycopg.Error:
        raise NotRecorded from None


class Receipts:
    """Writes receipts as `gateway_writer`, many in one commit, and the next commit begun before the last one has ended."""

    def __init__(self, *, dsn: str, timeout_s: float = 5.0) -> None:
        self._dsn = dsn
        self._timeout_s = timeout_s
        self._waiting: deque[_Waiting] = deque()
        self._more = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Receipts"]:
        """Keeps the writer going within; nothing is recorded outside of it."""
        writers = [asyncio.create_task(self._write_on(), name=f"receipts {number}") for number in range(_WRITERS)]
        try:
            yield self
        finally:
            for writer in writers:
                writer.cancel()
            await asyncio.gather(*writers, return_exceptions=True)
            self._refuse(list(self._waiting))

    async def record(self, receipt: Receipt) -> None:
        """Returns when the receipt is durable; raises `NotRecorded` when it is not, or not in time.

        In time is twice `timeout_s` at the most: once to wait for those before it, once to be written.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise NotRecorded
        loop = asyncio.get_running_loop()
        waiting = _Waiting(receipt, loop.time() + self._timeout_s, loop.create_future())
        self._waiting.append(waiting)
        self._more.set()
        await waiting.done

    async def _write_on(self) -> None:
        """Takes what waits and writes it, again and again, over a connection of its own."""
        wire: Wire | None = None
        try:
            while True:
                await self._more.wait()
                if batch := self._next_batch():
                    wire = await self._write(batch, wire)
        finally:
            if wire is not None:
                wire.close()

    def _next_batch(self) -> list[_Waiting]:
        """What has waited for longest, without those who waited too long or left."""
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
        if not self._waiting:
            self._more.clear()
        now = asyncio.get_running_loop().time()
        self._refuse([waiting for waiting in batch if waiting.until <= now])
        return [waiting for waiting in batch if not waiting.done.done()]

    async def _write(self, batch: list[_Waiting], wire: Wire | None) -> Wire | None:
        """Writes a batch; gives the connection to go on with, None where it failed."""
        try:
            async with asyncio.timeout(self._timeout_s):
                if wire is None or wire.closed:
                    wire = await Wire.open(self._dsn, options=_OPTIONS)
                rows = msgspec.json.encode([waiting.receipt for waiting in batch]).decode()
                await wire.ask(Asked(_INSERT, [rows]))
        except (psycopg.Error, OSError, TimeoutError):
            self._refuse(batch)
            if wire is not None:
                wire.close()
            return None
        except asyncio.CancelledError:
            self._refuse(batch)
            raise
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_result(None)
        return wire

    @staticmethod
    def _refuse(batch: list[_Waiting]) -> None:
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_exception(NotRecorded())
