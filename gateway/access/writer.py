"""Writes what access itself keeps (warrants, uses of predicates) as `gateway_writer`: one statement, durable."""

import asyncio
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection

from gateway.readmodel.reading import ReadModelUnavailable


class Writer:
    """Rare enough for a connection of its own each time; receipts, which are not, have `receipts.py`."""

    def __init__(self, *, dsn: str, timeout_s: float = 5.0) -> None:
        self._dsn = dsn
        self._timeout_s = timeout_s

    async def write(self, statement: bytes, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Carries out one statement as its own transaction and gives what it returns; raises `ReadModelUnavailable`."""
        options = "-c synchronous_commit=on -c statement_timeout=4s"
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                await AsyncConnection.connect(self._dsn, autocommit=True, options=options) as connection,
            ):
                cursor = await connection.execute(statement, parameters)
                return await cursor.fetchall() if cursor.description else []
        except (psycopg.OperationalError, OSError, TimeoutError):
            raise ReadModelUnavailable from None
