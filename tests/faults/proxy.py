"""A TCP proxy that misbehaves on request: what stands between a process and its broker, database or service in a fault test.

    with Proxy(target=("127.0.0.1", 5432)) as proxy: ...      # forwards to one address: connect to proxy.port
    with Proxy() as proxy: ...                                # an HTTP CONNECT proxy, proxy.url: forwards to whatever is asked for

The second form stands before all brokers of a Kafka cluster, whose clients take `proxy_url` and would otherwise go past
any other proxy to the addresses that the brokers tell. One thread, `LINKS_MAX` connections, `HELD_MAX` bytes held for each
direction of one. What it is told applies to connections there are and to new ones.
"""

import contextlib
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Condition, Thread
from types import TracebackType
from typing import Final, Literal, Self

LINKS_MAX: Final = 200
HELD_MAX: Final = 65_536
TICK_S: Final = 0.01
CONNECT_S: Final = 2.0
JOIN_S: Final = 10.0
_RESET: Final = struct.pack("ii", 1, 0)

Mode = Literal["pass", "refuse", "blackhole"]


@dataclass(eq=False, slots=True)
class _Link:
    """A client's connection and the one made for it; `held` waits to be sent to the client, and to the server."""

    client: socket.socket
    server: socket.socket | None = None
    asked: bytearray = field(default_factory=bytearray)  # of a CONNECT request, until it is whole
    held: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    sent: int = 0  # bytes forwarded to the server since the last cut was ordered
    spent: float = 0.0  # when the last slow byte went, on the monotonic clock

    def ends(self) -> Iterator[tuple[int, socket.socket]]:
        yield 0, self.client
        if self.server is not None:
            yield 1, self.server

    def close(self) -> None:
        """Ends both connections at once, as a process that was killed does."""
        for _, end in self.ends():
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()


class Proxy:
    """See the module's docstring."""

    def __init__(self, *, target: tuple[str, int] | None = None) -> None:
        """Forwards to `target`, or where each client asks to be connected."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._told = Condition()
        self._mode: Mode = "pass"
        self._bytes_per_s: float | None = None
        self._cut_after: int | None = None
        self._turn = 0  # counts the rounds of the thread, so that an order can be waited for
        self._cuts = 0
        self._stopping = False
        self._links: list[_Link] = []
        self._thread = Thread(target=self._run, name="faulty proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping = True
        self._thread.join(JOIN_S)

    @property
    def cuts(self) -> int:
        """How many connections were cut when what they carried had been forwarded."""
        return self._cuts

    def pass_on(self) -> None:
        """Forwards everything at once, also what a black hole has held, and forgets what it was told."""
        with self._told:
            self._cut_after = None
        self._order(mode="pass", bytes_per_s=None)

    def refuse(self) -> None:
        """Ends all connections, and new ones as soon as they are made."""
        self._order(mode="refuse", bytes_per_s=None)

    def blackhole(self) -> None:
        """Keeps all connections, takes new ones, and carries nothing: neither side is told that the other is gone."""
        self._order(mode="blackhole", bytes_per_s=None)

    def slow(self, *, bytes_per_s: float) -> None:
        """Forwards so many bytes a second in each direction of a connection."""
        self._order(mode="pass", bytes_per_s=bytes_per_s)

    def cut_after(self, sent: int) -> None:
        """Once a connection has carried so many bytes to the server, swallows the answer, and refuses from then on."""
        with self._told:
            for link in self._links:
                link.sent = 0
            self._cut_after = sent

    def _order(self, *, mode: Mode, bytes_per_s: float | None) -> None:
        """Returns when the order is carried out."""
        with self._told:
            self._mode, self._bytes_per_s = mode, bytes_per_s
            turn = self._turn
            self._told.wait_for(lambda: self._turn > turn + 1 or self._stopping, JOIN_S)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            while not self._stopping:
                with self._told:
                    self._turn += 1
                    self._told.notify_all()
                    if self._mode == "refuse":
                        self._end_all()
                    self._round(selector)
            self._end_all()
            self._listener.close()

    def _round(self, selector: selectors.BaseSelector) -> None:
        """Waits for what can be done, a tick at most, and does it."""
        selector.register(self._listener, selectors.EVENT_READ)
        for link in self._links:
            for side, end in link.ends():
                if interest := self._interest(link, side):
                    selector.register(end, interest, (link, side))
        self._told.release()
        try:
            ready = selector.select(TICK_S)
        finally:
            self._told.acquire()
        for key in list(selector.get_map().values()):
            selector.unregister(key.fileobj)
        for key, mask in ready:
            if key.data is None:
                self._accept()
            else:
                self._serve(*key.data, mask=mask)

    def _interest(self, link: _Link, side: int) -> int:
        if self._mode == "blackhole":
            return 0
        reading = len(link.held[1 - side]) < HELD_MAX
        writing = bool(link.held[side]) and self._allowed(link) > 0
        return selectors.EVENT_READ * reading | selectors.EVENT_WRITE * writing

    def _allowed(self, link: _Link) -> int:
        if self._bytes_per_s is None:
            return HELD_MAX
        return int((time.monotonic() - link.spent) * self._bytes_per_s)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            link = _Link(client)
            if self._mode == "refuse" or len(self._links) >= LINKS_MAX:
                link.close()
                return
            client.setblocking(False)
            self._links.append(link)
            if self._target is not None and not self._connect(link, self._target):
                self._end(link)

    def _serve(self, link: _Link, side: int, *, mask: int) -> None:
        if link not in self._links:
            return
        try:
            if mask & selectors.EVENT_READ and not self._read(link, side):
                self._end(link)
            elif mask & selectors.EVENT_WRITE:
                self._write(link, side)
        except BlockingIOError:
            pass
        except OSError:
            self._end(link)

    def _read(self, link: _Link, side: int) -> bool:
        """Takes what one side says; False where the link is at its end."""
        end = link.client if side == 0 else link.server
        data = end.recv(HELD_MAX) if end is not None else b""
        if not data:
            return False
        if link.server is None:
            return self._asked(link, data)
        if side == 1 and self._cut_after is not None and link.sent >= self._cut_after:
            self._cut_after = None
            self._cuts += 1
            self._mode = "refuse"
            return False
        link.held[1 - side].extend(data)
        return True

    def _write(self, link: _Link, side: int) -> None:
        end = link.client if side == 0 else link.server
        assert end is not None
        sent = end.send(link.held[side][: self._allowed(link)])
        del link.held[side][:sent]
        link.spent = time.monotonic()
        if side == 1:
            link.sent += sent

    def _asked(self, link: _Link, data: bytes) -> bool:
        """Reads a CONNECT request and obeys it when it is whole."""
        link.asked += data
        head, found, rest = bytes(link.asked).partition(b"\r\n\r\n")
        if not found:
            return len(head) < HELD_MAX
        host, _, port = head.split(b" ", 2)[1].decode("ascii").rpartition(":")
        if not self._connect(link, (host, int(port))):
            return False
        link.held[0].extend(b"HTTP/1.1 200 OK\r\n\r\n")
        link.held[1].extend(rest)
        return True

    def _connect(self, link: _Link, target: tuple[str, int]) -> bool:
        try:
            link.server = socket.create_connection(target, timeout=CONNECT_S)
        except OSError:
            return False
        link.server.setblocking(False)
        return True

    def _end(self, link: _Link) -> None:
        self._links.remove(link)
        link.close()

    def _end_all(self) -> None:
        for link in list(self._links):
            self._end(link)
