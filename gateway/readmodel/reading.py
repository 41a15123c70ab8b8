"""Connections that look: `gateway_reader` behind row security, with the claims of whoever asks on the connection.

Claims stay on a connection (sticky) and are set anew only when they differ; a free connection with equal claims is taken
first. After any error the connection is thrown away with its claims, so none can be left that nobody knows of. Compiled
statements go over wires, ordinary resolvers' over connections of their own. The number of both and every wait are bounded.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from gateway.readmodel.wire import Answer, Asked, Wire

Claims = tuple[tuple[str, str], ...]
CLAIMS = (
    "lo", "hi", "village", "school", "unit", "kind", "area", "receipts", "journal",
    "open_lo", "open_hi", "since", "warrant", "actor", "purpose", "at", "child", "report",
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

    def __init__(self, *, dsn: str, connections: int = 8, wires: int = 24, timeout_s: float = 5.0) -> None:
        """`wires` is generous beside `connections`: each is one caller's for as long as nobody else needs it."""
        self.dsn = dsn
        self._timeout_s = timeout_s
        self._options = _OPTIONS.format(timeout_ms=int(timeout_s * 1000))
        self._slots = asyncio.Semaphore(connections)
        self._free: deque[tuple[Claims | None, AsyncConnection[Any]]] = deque()
        self._wires = _Wires(dsn=dsn, options=self._options, most=wires, timeout_s=timeout_s)

    async def answer(self, asked: Asked, *, claims: Claims) -> Answer:
        """The one row of a compiled statement, run under these claims; raises `ReadModelUnavailable`."""
        return await self._wires.answer(asked, claims=claims)

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
        await self._wires.close()
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
        connect = AsyncConnection.connect(self.dsn, autocommit=True, options=self._options, prepare_threshold=0)
        return None, await asyncio.wait_for(connect, self._timeout_s)


class _Wires:
    """The wires, each kept under the claims it last had; the caller unused for longest gives its own to another."""

    def __init__(self, *, dsn: str, options: str, most: int, timeout_s: float) -> None:
        self._dsn = dsn
        self._options = options
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(most)
        self._unmade = most
        self._idle: OrderedDict[Claims, list[Wire]] = OrderedDict()

    async def answer(self, asked: Asked, *, claims: Claims) -> Answer:
        if self._slots.locked():
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._slots.acquire()
            except TimeoutError:
                raise ReadModelUnavailable from None
        else:
            await self._slots.acquire()
        wire: Wire | None = None
        try:
            held, wire = await self._take(claims)
            answer = await (wire.ask(asked) if held == claims else wire.ask(_claiming(claims), asked))
        except (psycopg.OperationalError, OSError, TimeoutError):
            raise ReadModelUnavailable from None
        else:
            self._idle.setdefault(claims, []).append(wire)
            self._idle.move_to_end(claims)
            wire = None
            return answer
        finally:
            self._slots.release()
            if wire is not None:
                wire.close()
                self._unmade += 1

    async def close(self) -> None:
        while self._idle:
            for wire in self._idle.popitem()[1]:
                wire.close()
                self._unmade += 1

    async def _take(self, claims: Claims) -> tuple[Claims | None, Wire]:
        """A wire with the claims it has: one that has these, a new one while there may be more, anybody's."""
        while same := self._idle.get(claims):
            wire = same.pop()
            if not same:
                del self._idle[claims]
            if not wire.closed:
                return claims, wire
            self._unmade += 1
        while not self._unmade:
            held, wires = next(iter(self._idle.items()))
            wire = wires.pop()
            if not wires:
                del self._idle[held]
            if not wire.closed:
                return held, wire
            self._unmade += 1
        self._unmade -= 1
        try:
            return None, await asyncio.wait_for(Wire.open(self._dsn, options=self._options), self._timeout_s)
        except BaseException:
            self._unmade += 1
            raise


_CLAIMING = "select {}".format(
    ", ".join(f"set_config('app.{name}', ${number}, false)" for number, name in enumerate(CLAIMS, start=1))
).encode()


def _claiming(claims: Claims) -> Asked:
    return Asked(_CLAIMING, [text for _, text in claims])


async def _claim(connection: AsyncConnection[Any], claims: Claims) -> None:
    calls = ", ".join("set_config(%s, %s, false)" for _ in claims)
    await connection.execute(f"select {calls}".encode(), [text for claim in claims for text in claim], prepare=True)


async def _close(connection: AsyncConnection[Any]) -> None:
    with suppress(psycopg.Error, OSError):
        await connection.close()
