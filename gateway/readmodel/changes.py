"""That the read model has moved on: the projector says so with each batch, and who waits for it hears it, without asking.

What has changed isn't told: whoever waits looks again, within what it may see. The connection that listens is made when
somebody first waits; after one that was lost everybody looks again, for nobody knows what was missed.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from gateway.readmodel.projection import CHANNEL

AGAIN_S: Final = 2.0
"""How long a listener that was lost waits before it comes again."""
_HEARD_S: Final = 30.0
_OPTIONS: Final = "-c default_transaction_read_only=on -c statement_timeout=5000"


class Changes:
    """Counts how often the read model has moved since this process listens."""

    def __init__(self, *, dsn: str) -> None:
        self._dsn = dsn
        self._listening: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()
        self.count = 0

    async def after(self, count: int, *, within_s: float) -> int:
        """The count as soon as it is another one than `count`, or as it is when the time is over."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="read model changes")
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._moved:
                await self._moved.wait_for(lambda: self.count != count)
        return self.count

    async def close(self) -> None:
        """Listens no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None

    async def _listen(self) -> None:
        while True:
            with suppress(psycopg.Error, OSError, TimeoutError):
                await self._listen_once()
            await asyncio.sleep(AGAIN_S)

    async def _listen_once(self) -> None:
        connecting = AsyncConnection.connect(self._dsn, autocommit=True, options=_OPTIONS)
        connection: AsyncConnection[Any] = await asyncio.wait_for(connecting, 5.0)
        async with connection:
            await connection.execute(f"listen {CHANNEL}".encode())
            await self._tell()
            while True:
                async for _ in connection.notifies(timeout=_HEARD_S):
                    await self._tell()
                await connection.execute(b"select 1")  # a connection that died in silence is noticed here

    async def _tell(self) -> None:
        async with self._moved:
            self.count += 1
            self._moved.notify_all()
