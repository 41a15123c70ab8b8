"""One connection that answers prepared statements in one round trip each: what carries the gateway's compiled queries.

It is libpq's pipeline without psycopg's cursors. A statement goes out together with the one that sets the caller's claims,
where they differ from those that are set, and the answer stays as PostgreSQL wrote it: bytes. Claims and statement are
one transaction, so an answer is never given under claims that were not set. After any error the wire is of no more use.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import Transformer
from psycopg.adapt import PyFormat
from psycopg.adapt import Transformer as AnyTransformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

MOST_PREPARED: Final = 200
"""Statements a wire keeps prepared; the one unused for longest makes room."""
_GIVES_ROWS: Final = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)

Answer = tuple[bytes, ...]
"""One row as PostgreSQL wrote it, as text; empty for null."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement with its parameters as `$1`, `$2`, and what they are."""

    statement: bytes
    values: Sequence[object]


@dataclass(slots=True)
class Wire:
    """A connection lent to one task at a time."""

    _connection: AsyncConnection[Any]
    _pgconn: PGconn
    _socket: int
    _loop: asyncio.AbstractEventLoop
    _transformer: Transformer
    _prepared: OrderedDict[tuple[bytes, tuple[int, ...]], bytes] = field(default_factory=OrderedDict)
    _made: int = 0
    _full: bool = False
    _let_go: bool = False
    _waiting: asyncio.Future[list[PGresult]] | None = None
    _results: list[PGresult] = field(default_factory=list)

    @classmethod
    async def open(cls, dsn: str, *, options: str) -> Self:
        """Connects; raises psycopg's errors."""
        connection = await AsyncConnection.connect(dsn, autocommit=True, options=options)
        pgconn = connection.pgconn
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        loop = asyncio.get_running_loop()
        wire = cls(connection, pgconn, pgconn.socket, loop, AnyTransformer(connection))
        loop.add_reader(pgconn.socket, wire._read)
        return wire

    @property
    def closed(self) -> bool:
        """Whether it is of no more use."""
        return self._let_go or self._pgconn.status != ConnStatus.OK

    async def ask(self, *asked: Asked) -> Answer:
        """The first row of the last statement, all of them run in one transaction; raises psycopg's errors.

        Cancelled while it waits it is of no more use, and is closed.
        """
        for each in asked:
            self._send(each)
        self._pgconn.pipeline_sync()
        self._waiting = self._loop.create_future()
        self._write()
        try:
            results = await self._waiting
        except BaseException:
            self.close()
            raise
        for result in results:
            if result.status not in _GIVES_ROWS:
                self.close()
                raise psycopg.errors.error_from_result(result)
        last = results[-1]
        return tuple(last.get_value(0, column) or b"" for column in range(last.nfields))

    def close(self) -> None:
        """Lets go of the connection; twice is once."""
        if not self._let_go:
            self._let_go = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._pgconn.finish()

    def _send(self, asked: Asked) -> None:
        values = self._transformer.dump_sequence(asked.values, [PyFormat.AUTO] * len(asked.values))
        types, formats = tuple(self._transformer.types or ()), self._transformer.formats
        key = (asked.statement, types)
        name = self._prepared.get(key)
        if name is None:
            name = self._prepare(key)
        else:
            self._prepared.move_to_end(key)
        self._pgconn.send_query_prepared(name, values, param_formats=formats, result_format=Format.TEXT)

    def _prepare(self, key: tuple[bytes, tuple[int, ...]]) -> bytes:
        while len(self._prepared) >= MOST_PREPARED:
            self._pgconn.send_query_params(b"deallocate " + self._prepared.popitem(last=False)[1], None)
        self._made += 1
        name = f"s{self._made}".encode()
        self._pgconn.send_prepare(name, key[0], param_types=key[1])
        self._prepared[key] = name
        return name

    def _write(self) -> None:
        """Sends what is left to send; a socket that is full is waited for."""
        try:
            left = self._pgconn.flush()
        except psycopg.Error as error:
            self._fail(error)
            return
        if left:
            self._loop.add_writer(self._socket, self._write)
            self._full = True
        elif self._full:
            self._loop.remove_writer(self._socket)
            self._full = False

    def _read(self) -> None:
        """Takes in what has come; when the whole answer is there, whoever waits is told."""
        pgconn, ended = self._pgconn, False
        try:
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None and ended:
                    break  # one nothing ends a statement, two say that nothing more is there
                ended = result is None
                if result is None:
                    continue
                if result.status == ExecStatus.PIPELINE_SYNC:
                    self._tell()
                    return
                self._results.append(result)
        except psycopg.Error as error:
            self._fail(error)
            return
        if pgconn.status != ConnStatus.OK:
            self._fail(psycopg.OperationalError("the server ended the connection"))

    def _tell(self) -> None:
        results, self._results, waiting, self._waiting = self._results, [], self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(results)

    def _fail(self, error: psycopg.Error) -> None:
        """The connection is gone: whoever waits is told, and nobody listens any more."""
        waiting, self._waiting = self._waiting, None
        self.close()
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)
