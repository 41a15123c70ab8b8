"""The logs as tiles 日志镜像 (C2SP tlog-tiles), for the supervising body's `mirror.py` to keep a copy of what its witness cosigned.

    GET /<log>/checkpoint                      the last signed checkpoint
    GET /<log>/tile/<level>/<place>[.p/<n>]    hashes
    GET /<log>/entries/<place>[.p/<n>]         256 entries, or the last n, each after its length in four bytes
        Authorization: Bearer <token>

Entries go out as they are stored, personal texts sealed; what is in the clear beside them is nobody's but the supervising body's to
have, so whoever asks shows the secret that was agreed with it. Nothing is shown that is not signed yet.
"""

import hmac
import re
import struct
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from services.chassis.errors import NotFound, Refused
from services.chassis.store import StoreUnavailable
from services.chassis.tree import TILE_HASHES, TILE_LEVELS, SignedTree, TreeBroken

SLOW_S: Final = 30.0
SHORTEST_TOKEN: Final = 32
_PATH: Final = re.compile(
    r"/(?P<log>[a-z]+)/(?:checkpoint|(?P<kind>tile/(?P<level>0|[1-7])|entries)/(?P<place>(?:x\d{3}/){0,4}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?)"
)


class Tiles:
    """What stands at a path."""

    def __init__(self, trees: Mapping[str, SignedTree], *, token: str) -> None:
        """Raises `Refused` for a secret that could be guessed."""
        if len(token) < SHORTEST_TOKEN:
            raise Refused(
                f"The secret for the mirror has {SHORTEST_TOKEN} characters at least; make one with openssl rand -hex 32."
            )
        self._trees = trees
        self._token = token

    def knows(self, authorization: str) -> bool:
        """Whether who asks shows the secret."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode())

    def read(self, path: str) -> bytes:
        """What stands at a path; raises `NotFound`, and what a tree raises."""
        asked = _PATH.fullmatch(path)
        if asked is None or asked["log"] not in self._trees:
            raise NotFound("There is nothing at this path.")
        tree = self._trees[asked["log"]]
        signed = tree.signed()
        if asked["kind"] is None:
            return signed.note.encode()
        place, width = int(asked["place"].replace("x", "").replace("/", "")), int(asked["width"] or TILE_HASHES)
        level = int(asked["level"] or 0)
        if width > TILE_HASHES or place * TILE_HASHES + width > signed.size >> TILE_LEVELS * level:
            raise NotFound("The log is not signed that far.")
        if asked["level"] is not None:
            return tree.tile(level, place, width=width)
        entries = tree.entries(range(place * TILE_HASHES + 1, place * TILE_HASHES + width + 1))
        return b"".join(struct.pack(">I", len(entry)) + entry for _, entry in sorted(entries.items()))


class _Exchange(BaseHTTPRequestHandler):
    """HTTP, and nothing else."""

    protocol_version = "HTTP/1.1"
    timeout = SLOW_S
    server: "TileServer"

    def do_GET(self) -> None:  # the library's name
        """Hands out what stands at the path."""
        status, content = HTTPStatus.OK, b""
        if not self.server.tiles.knows(self.headers.get("authorization", "")):
            status = HTTPStatus.UNAUTHORIZED
        else:
            try:
                content = self.server.tiles.read(self.path)
            except NotFound:
                status = HTTPStatus.NOT_FOUND
            except (StoreUnavailable, TreeBroken) as error:
                status = HTTPStatus.SERVICE_UNAVAILABLE
                sys.stderr.write(f"{self.path}: {type(error).__name__}\n")
        self.send_response(status)
        self.send_header("content-type", "application/octet-stream")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the library's name
        """Says on stderr what was asked and how it ended: logs have no personal data in them."""
        sys.stderr.write(f"{self.log_date_time_string()} {format % arguments}\n")


class TileServer(ThreadingHTTPServer):
    """The tiles on a port."""

    daemon_threads = True

    def __init__(self, tiles: Tiles, *, host: str, port: int) -> None:
        """Takes the port; `serve_forever` answers on it."""
        self.tiles = tiles
        super().__init__((host, port), _Exchange)
