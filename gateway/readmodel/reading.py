"""Connections that look: `gateway_reader` behind row security, with the claims of whoever asks on the connection.

Claims stay on a connection (sticky) and are set anew only when they differ, in one round trip before the query; a free
connection with equal claims is taken first. After any error the connection is thrown away with its claims, so none can
be left that nobody knows of. The number of connections and every wait are bounded.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

Claims = tuple[tuple[str, str], ...]
CLAIMS = (
    "lo", "hi", "village", "school", "unit", "kind", "area", "receipts", "journal",
    "open_lo", "open_hi", "since", "warrant", "actor", "purpose", "at", "child",
)  # fmt: skip
"""What row security asks of a session; see `tables.sql`."""
PAGE = 2000
"""Rows a `stream` brings at once."""
_OPTIONS = "-c default_transaction_read_only=on -c statement_timeout={timeout_ms} -c timezone=UTC -c jit=off"


class ReadModelUnavailable(Exception):
    """The read model can't be reached, or not in time; asking again later may work."""


def claims(**opened: str) -> Claims:
    """The claims that open what is named, and nothing else: every one is always set, so none of a caller before stays."""
    if opened.keys() - set(CLAIMS):
        message = f"no such claim: {', '.join(opened.keys() - set(CLAIMS))}"
        raise ValueError(message)
    return tuple((f"app.{name}", opened.get(name, "")) for name in CLAIMS)


class Reader:
    """A bounded number of connections to the read model."""

    def __init__(self, *, dsn: str, connections: int = 8, timeout_s: float = 5.0) -> None:
        self._dsn = dsn
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(connections)
        self._free: deque[tuple[Claims | None, AsyncConnection[Any]]] = deque()

    async def fetch(
        self, statement: bytes, parameters: Mapping[str, object], *, claims: Claims
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement, run under these claims; raises `ReadModelUnavailable`."""
        async with self._lent(claims) as connection:
            cursor = await connection.execute(statement, parameters, prepare=True)
            return await cursor.fetchall()

    async def fetch_dicts(
        self, statement: bytes, parameters: Mapping[str, object], *, claims: Claims
    ) -> list[dict[str, Any]]:
        """The same, each row by column name."""
        async with self._lent(claims) as connection:
            cursor = await connection.cursor(row_factory=dict_row).execute(statement, parameters, prepare=True)
            return await cursor.fetchall()

    async def stream(
        self, statement: bytes, parameters: Mapping[str, object], *, claims: Claims
    ) -> AsyncGenerator[list[tuple[Any, ...]], None]:
        """The rows of one statement in pages, all of one moment: nobody has to hold them all."""
        async with (
            self._lent(claims) as connection,
            connection.transaction(),
            connection.cursor("pages") as cursor,
        ):
            await connection.execute(b"set local statement_timeout = '30s'")
            await cursor.execute(statement, parameters)
            while page := await cursor.fetchmany(PAGE):
                yield page

    async def close(self) -> None:
        """Lets go of all connections."""
        while self._free:
            await _close(self._free.pop()[1])

    @asynccontextmanager
    async def _lent(self, claims: Claims) -> AsyncIterator[AsyncConnection[Any]]:
        try:
            if self._slots.locked():
                async with asyncio.timeout(self._timeout_s):
                    await self._slots.acquire()
            else:
                await self._slots.acquire()
        except TimeoutError:
            raise ReadModelUnavailable from None
        connection: AsyncConnection[Any] | None = None
        try:
            held, connection = await self._take(claims)
            if held != claims:
                await _claim(connection, claims)
            yield connection
            self._free.append((claims, connection))
            connection = None
        except (psycopg.OperationalError, OSError):
            raise ReadModelUnavailable from None
        finally:
            self._slots.release()
            if connection is not None:
                await _close(connection)

    async def _take(self, claims: Claims) -> tuple[Claims | None, AsyncConnection[Any]]:
        for entry in self._free:
            if entry[0] == claims and not entry[1].closed:
                self._free.remove(entry)
                return entry
        while self._free:
            entry = self._free.popleft()
            if not entry[1].closed:
                return entry
        options = _OPTIONS.format(timeout_ms=int(self._timeout_s * 1000))
        connect = AsyncConnection.connect(self._dsn, autocommit=True, options=options, prepare_threshold=0)
        return None, await asyncio.wait_for(connect, self._timeout_s)


async def _claim(connection: AsyncConnection[Any], claims: Claims) -> None:
    calls = ", ".join("set_config(%s, %s, false)" for _ in claims)
    await connection.execute(f"select {calls}".encode(), [text for claim in claims for text in claim], prepare=True)


async def _close(connection: AsyncConnection[Any]) -> None:
    with suppress(psycopg.Error, OSError):
        await connection.close()
