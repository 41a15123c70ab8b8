"""The way out over HTTP, and where it may lead: to public addresses, and to those private networks that the settings name.

A unit says itself where its system stands, so an address may point at anything, also at what stands beside us (SSRF). The name
is looked up once, every address it has must be one that is let through, and the connection goes to the very address that
was looked at. Nothing is followed further. The whole of a call has an end, however slowly the other side speaks.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

CALL_S: Final = 15.0
"""How long a call takes at most."""
ANSWER_MAX: Final = 64 * 1024
"""Bytes of an answer that are read."""


class NoEntry(Exception):
    """The address may not be called."""


class Away(Exception):
    """Nothing was handed over: nobody is there."""


class Unanswered(Exception):
    """It was handed over, in part at least, and no answer came."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How HTTP leaves the house."""

    networks: Sequence[IPv4Network | IPv6Network] = ()
    """Private networks that may be called all the same."""
    plain: bool = False
    """Whether http:// is let through: in development only."""
    call_s: float = CALL_S
    context: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context, repr=False)

    def call(self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Calls an address once; raises `NoEntry`, `Away`, `Unanswered`."""
        parts = urlsplit(url)
        if parts.scheme not in ({"https", "http"} if self.plain else {"https"}) or not parts.hostname:
            raise NoEntry
        port = parts.port or (443 if parts.scheme == "https" else 80)
        line = self._line(parts.hostname, port, tls=parts.scheme == "https")
        watch = Timer(self.call_s, _cut, (line,))
        watch.daemon = True
        watch.start()
        try:
            connection = http.client.HTTPConnection(parts.hostname, port, timeout=self.call_s)
            connection.sock = line
            connection.request(method, parts.path or "/", body=body, headers=dict(headers))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(ANSWER_MAX))
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered from error
        finally:
            watch.cancel()
            line.close()

    def _line(self, host: str, port: int, *, tls: bool) -> socket.socket:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Away from error
        places = [place for *_, place in found]
        if not places or not all(self._is_open(ip_address(str(place[0]))) for place in places):
            raise NoEntry
        try:
            line = socket.create_connection((str(places[0][0]), port), timeout=self.call_s)
        except OSError as error:
            raise Away from error
        if not tls:
            return line
        try:
            return self.context().wrap_socket(line, server_hostname=host)
        except OSError as error:
            line.close()
            raise Away from error

    def _is_open(self, address: IPv4Address | IPv6Address) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        named = any(address in network for network in self.networks if network.version == address.version)
        return named or (address.is_global and not address.is_multicast)


def _cut(line: socket.socket) -> None:
    """Ends a call that takes too long, wherever it waits."""
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has just ended by itself
        return
