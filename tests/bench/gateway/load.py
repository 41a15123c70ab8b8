"""A client that keeps so many connections busy and notes how long each answer took.

It speaks as little HTTP/1.1 as it needs, so that it takes little of the processor it shares with what it measures.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

TICKS: Final = 100
"""How many a second the kernel counts of a process's time (USER_HZ)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as bytes, for one server and one department."""

    raw: bytes

    @classmethod
    def post(cls, *, port: int, token: str, query: str, variables: dict[str, object]) -> "Ask":
        """A GraphQL request by POST."""
        body = msgspec.json.encode({"query": query, "variables": variables})
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return cls(head.encode() + body)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a while of asking: how long each answer took, in seconds, and how long the while was."""

    took: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds

    def percentile(self, share: float) -> float:
        """The time within which this share of the answers came."""
        ordered = sorted(self.took)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class WrongAnswer(Exception):
    """A server said something else than an answer; measuring it would mean nothing."""


class _Client(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, asks: Iterator[Ask], took: list[float]) -> None:
        self._asks, self._took = asks, took
        self._buffer = b""
        self._length, self._head = -1, 0
        self._asked_at = 0.0
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._ask()

    def _ask(self) -> None:
        self._buffer, self._length = b"", -1
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._asks).raw)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._length < 0:
            self._read_head()
        if not 0 <= self._length <= len(self._buffer):
            return
        if b'"errors"' in self._buffer[self._head :]:
            self._fail()
            return
        self._took.append(time.perf_counter() - self._asked_at)
        self._ask()

    def _read_head(self) -> None:
        """How long the answer is, once its head is there."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        if not head.startswith(b"http/1.1 200") or at < 0:
            self._fail()
            return
        self._head = end + 4
        self._length = self._head + int(head[at + 15 :].split(b"\r\n", 1)[0])

    def _fail(self) -> None:
        if not self.failed.done():
            self.failed.set_exception(WrongAnswer(self._buffer[:600].decode(errors="replace")))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.failed.done():
            self.failed.set_exception(exc or ConnectionError("the server hung up"))

    def leave(self) -> None:
        if not self.failed.done():
            self.failed.cancel()
        self._transport.abort()


def ask_for(seconds: float, asks: Sequence[Ask], *, port: int, clients: int) -> Heard:
    """Asks again and again for a while; raises `WrongAnswer` at the first that is none."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_ask_for(seconds, asks, port=port, clients=clients))


async def _ask_for(seconds: float, asks: Sequence[Ask], *, port: int, clients: int) -> Heard:
    took: list[float] = []
    endless = itertools.cycle(asks)
    loop = asyncio.get_running_loop()
    connected: list[_Client] = []
    begun = time.perf_counter()
    for _ in range(clients):
        _, client = await loop.create_connection(lambda: _Client(endless, took), "127.0.0.1", port)
        connected.append(client)
    failed, _ = await asyncio.wait(
        [client.failed for client in connected], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
    )
    passed = time.perf_counter() - begun
    for client in connected:
        client.leave()
    for broken in failed:
        broken.result()
    return Heard(tuple(took), passed)


def processor_seconds(pid: int) -> float:
    """How long a process and its threads have had the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children_of(pid: int) -> list[int]:
    """The processes a process has begun and that still run."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
