"""The witness 见证人: what the supervising body runs on a machine of its own (C2SP tlog-witness).

    python witness.py --data /srv/witness --listen 0.0.0.0:7350

It remembers of every log it knows how far it was, and signs how far it is now only where the log can prove that it goes on
from there: nobody can change or take away what it has seen, the system's operator and its database's owner least of all. It
reads no entries and holds no personal data. It needs this file, `verify.py` beside it, Python's standard library and
`cryptography`; nothing of the system itself.

The data folder:

    witness.key     its private key, made at the first start, for nobody else to read
    witness.vkey    its public key, to be handed to whoever is to trust it
    logs            the keys of the logs it knows, one `name+id+key` a line, written by its holder
    witness.sqlite  how far each of them was

What it answers on `POST /add-checkpoint`: 200 with its cosignature; 404 for a log it doesn't know, 403 where that log has not
signed, 400 for what can't be read or goes backwards, 409 with the size it saw last where that is another one, 422 where the
log doesn't go on from there. `GET /` shows what it has seen, for people.
"""

import argparse
import base64
import hashlib
import os
import sqlite3
import struct
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

try:
    from deploy.witness import verify
except ImportError:  # run as a file of its own, with verify.py beside it
    import verify  # type: ignore[import-not-found,no-redef]

MOST_BYTES = 64 * 1024
MOST_PROOF_LINES = 63
SLOW_S = 10.0

SCHEMA = """
create table if not exists seen (
    origin text primary key, size integer not null, root blob not null, note text not null, at integer not null
)"""


@dataclass(frozen=True)
class Answer:
    """What is answered: a status, a text, and what kind of text."""

    status: HTTPStatus
    text: str
    kind: str = "text/plain; charset=utf-8"


class Witness:
    """What it knows, and the one thing it does."""

    def __init__(self, data: Path, *, name: str, now: Callable[[], float] = time.time) -> None:
        """Opens the data folder and makes it where there is none; raises `verify.Malformed` for a key of a log that is none."""
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._key = _key(data / "witness.key")
        self._now = now
        self._database = data / "witness.sqlite"
        self.name = name
        public = bytes([verify.WITNESS_KEY]) + self._key.public_key().public_bytes_raw()
        self._id = hashlib.sha256(f"{name}\n".encode() + public).digest()[:4]
        self.vkey = f"{name}+{self._id.hex()}+{base64.b64encode(public).decode()}"
        (data / "witness.vkey").write_text(self.vkey + "\n")
        lines = (data / "logs").read_text().splitlines() if (data / "logs").exists() else []
        self._logs: dict[str, list[verify.Verifier]] = {}
        for line in filter(None, map(str.strip, lines)):
            key = verify.Verifier.parse(line)
            self._logs.setdefault(key.name, []).append(key)
        with closing(self._connect()) as connection:
            connection.execute(SCHEMA)

    def add_checkpoint(self, request: str) -> Answer:
        """Looks at a checkpoint and cosigns it, or says why not."""
        try:
            old, path, note = _read(request)
            origin = note.partition("\n")[0]
            if origin not in self._logs:
                return Answer(HTTPStatus.NOT_FOUND, f"this witness does not know the log {origin}\n")
            found = verify.open_checkpoint(note, self._logs[origin], origin=origin)
        except verify.Unsigned as error:
            return Answer(HTTPStatus.FORBIDDEN, f"{error}\n")
        except verify.NotProved as error:
            return Answer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        if old > found.size:
            return Answer(HTTPStatus.BAD_REQUEST, f"a log of {found.size} entries doesn't go on from one of {old}\n")
        return self._see(found, note, old=old, path=path)

    def seen(self) -> list[tuple[str, int, bytes, int]]:
        """What it has seen last of each log: origin, size, root, and when, in seconds since 1970."""
        with closing(self._connect()) as connection:
            return connection.execute("select origin, size, root, at from seen order by origin").fetchall()

    def keys_of(self, origin: str) -> list[verify.Verifier]:
        """The keys by which a log's checkpoints and its own cosignatures are known."""
        return [*self._logs.get(origin, []), verify.Verifier.parse(self.vkey)]

    def cosigned(self, origin: str) -> tuple[int, bytes, str] | None:
        """How far it has cosigned a log: size, root, and the checkpoint with its own line; None where it never has."""
        with closing(self._connect()) as connection:
            row = connection.execute("select size, root, note, at from seen where origin = ?", (origin,)).fetchone()
        if row is None:
            return None
        size, root, note, at = row
        return size, root, note + self._cosignature(note.rpartition("\n\n")[0] + "\n", at)

    def _see(self, found: verify.Checkpoint, note: str, *, old: int, path: list[bytes]) -> Answer:
        """Compares and remembers in one transaction, and answers when that is on disk: two at once can't roll back a log."""
        with closing(self._connect()) as connection, connection:
            connection.execute("begin immediate")
            row = connection.execute("select size, root from seen where origin = ?", (found.origin,)).fetchone()
            size, root = row or (0, hashlib.sha256(b"").digest())
            if old != size:
                return Answer(HTTPStatus.CONFLICT, f"{size}\n", kind="text/x.tlog.size")
            try:
                verify.check_consistency(old=old, old_root=root, size=found.size, root=found.root, path=path)
            except verify.NotProved as error:
                return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}\n")
            at = int(self._now())
            connection.execute(
                "insert into seen values (?, ?, ?, ?, ?) on conflict (origin) do update"
                " set size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at",
                (found.origin, found.size, found.root, note, at),
            )
        return Answer(HTTPStatus.OK, self._cosignature(found.text, at))

    def _cosignature(self, text: str, at: int) -> str:
        signature = self._key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        line = base64.b64encode(self._id + struct.pack(">Q", at) + signature).decode()
        return f"— {self.name} {line}\n"

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._database, timeout=SLOW_S, isolation_level=None)
        connection.execute("pragma synchronous = full")
        return connection


def _read(request: str) -> tuple[int, list[bytes], str]:
    """The old size, the proof and the checkpoint of a request; raises `verify.Malformed`."""
    head, blank, note = request.partition("\n\n")
    first, *lines = head.split("\n")
    if not blank or not first.startswith("old "):
        raise verify.Malformed("a request reads: old size, proof, an empty line, a checkpoint")
    if len(lines) > MOST_PROOF_LINES:
        raise verify.Malformed(f"a proof has {MOST_PROOF_LINES} lines at most")
    return verify.parse_size(first.removeprefix("old ")), [verify.parse_hash(line) for line in lines], note


def _key(path: Path) -> Ed25519PrivateKey:
    """Its own key; made where there is none."""
    if not path.exists():
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw().hex().encode())
            file.flush()
            os.fsync(file.fileno())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text()))


class _Exchange(BaseHTTPRequestHandler):
    """HTTP, and nothing else."""

    protocol_version = "HTTP/1.1"
    timeout = SLOW_S
    server: "WitnessServer"

    def do_POST(self) -> None:  # the library's name
        """Takes a checkpoint."""
        length = self.headers.get("content-length", "")
        if self.path != "/add-checkpoint":
            self._answer(Answer(HTTPStatus.NOT_FOUND, "only /add-checkpoint takes anything\n"))
        elif not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._answer(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{MOST_BYTES} bytes at most\n"))
        else:
            try:
                request = self.rfile.read(int(length)).decode()
            except UnicodeDecodeError:
                self._answer(Answer(HTTPStatus.BAD_REQUEST, "this is no text\n"))
            else:
                self._answer(self.server.witness.add_checkpoint(request))

    def do_GET(self) -> None:  # the library's name
        """Shows what it has seen."""
        if self.path != "/":
            self._answer(Answer(HTTPStatus.NOT_FOUND, "there is only /\n"))
            return
        lines = [f"见证人 witness {self.server.witness.vkey}", ""]
        for origin, size, root, at in self.server.witness.seen():
            when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
            lines.append(f"{origin}  {size}  {base64.b64encode(root).decode()}  {when}")
        self._answer(Answer(HTTPStatus.OK, "\n".join(lines) + "\n"))

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the library's name
        """Says on stderr what was asked and how it ended: logs have no personal data in them."""
        sys.stderr.write(f"{self.log_date_time_string()} {format % arguments}\n")

    def _answer(self, answer: Answer) -> None:
        body = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("content-type", answer.kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class WitnessServer(ThreadingHTTPServer):
    """A witness on a port."""

    daemon_threads = True

    def __init__(self, witness: Witness, *, host: str, port: int) -> None:
        """Takes the port; `serve_forever` answers on it."""
        self.witness = witness
        super().__init__((host, port), _Exchange)


def main() -> None:
    """Runs until it is stopped."""
    parser = argparse.ArgumentParser(description="见证人 a witness for the logs whose keys are in its data folder")
    parser.add_argument("--data", type=Path, required=True, help="数据目录 its folder")
    parser.add_argument("--listen", default="127.0.0.1:7350", help="地址 host:port (127.0.0.1:7350)")
    parser.add_argument("--name", default="supervision.baoxue.example/w1", help="名称 its name in signatures")
    arguments = parser.parse_args()
    host, _, port = arguments.listen.rpartition(":")
    witness = Witness(arguments.data, name=arguments.name)
    with WitnessServer(witness, host=host, port=int(port)) as server:
        print(f"{witness.vkey}\n见证人 listening on {arguments.listen}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
