"""The witnesses of a tree 见证人, as the tree's keeper meets them: each is shown every new checkpoint and signs what it has seen.

A witness belongs to another body, the one that supervises; what it runs is `deploy/witness/`. It speaks C2SP tlog-witness. A
witness that has seen more than there is now, or something else, tells that the database was set back or written over.

    a list of them, a line each:   https://witness.example/ supervision.example/w1+1a2b3c4d+BA...

In the embedded profile the tree's keeper shows them every checkpoint; the processes of the distributed one reach nobody outside, so
there `baoxue proof cosign` does, by a timer on a machine that reaches both.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.chassis.clock import CHINA, Clock
from services.chassis.errors import NotFound, Refused
from services.chassis.tree import Entries, LogTree, Signed, TreeBroken, is_witnessed, unseen_since

COSIGNATURE: Final = 0x04
"""The signature type of a witness's Ed25519 key (C2SP tlog-cosignature)."""

WAIT_S: Final = 10.0
ANSWER_BYTES: Final = 16 * 1024
_TIMED: Final = 8


WITHIN: Final = timedelta(hours=4)
"""How long what is recorded may be unseen by every witness."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What of the checkpoints of a time a witness had seen by its end 见证情况, and how long it took at the longest."""

    checkpoints: int
    witnessed: int
    late: int
    longest_s: int


class Unwitnessed(Refused):
    """A witness has not seen for too long what is recorded here; what may wait is refused until it has."""


@dataclass(frozen=True, slots=True)
class Witnessing:
    """Whether a log is witnessed in time 见证时限: its first entry that no witness has seen is not older than `within`.

    A log that no witness has ever signed has none, and nothing waits for it. `within` zero asks for nothing.
    """

    dsn: str
    entries: Entries
    clock: Clock
    within: timedelta = WITHIN

    def require(self, what: str) -> None:
        """Returns where it is, or nothing is asked for; raises `Unwitnessed`, with `what` waits, and `StoreUnavailable`."""
        since = self.late_since(self.within)
        if since is not None:
            raise Unwitnessed(
                f"{what}: since {since.astimezone(CHINA):%Y-%m-%d %H:%M} no witness has seen what is recorded here, and without one for"
                f" {self.within / timedelta(hours=1):g} hours nothing is handed out or closed (N8.3). Work with children goes on. Ask the operator to reach"
                " the supervising body's witness, then try again. 见证中断超过时限，暂停导出和结案，其他工作照常。"
            )

    def late_since(self, within: timedelta) -> datetime | None:
        """Since when it is not witnessed, where that is longer than this."""
        if not self.within or not self.entries.unseen:
            return None
        since = unseen_since(self.dsn, self.entries)
        return since if since is not None and self.clock.now() - since > within else None

    def is_there(self) -> bool:
        """Whether there is a witness at all."""
        return is_witnessed(self.dsn, self.entries)


def seen(tree: LogTree, *, since: datetime, until: datetime, within: timedelta) -> Seen:
    """What of the checkpoints signed from a moment until another a witness had seen by then; `late` are those it saw later
    than `within`, or not by then."""
    with tree.connection() as connection:
        [found] = connection.execute(
            """select count(*), count(seen_at), count(*) filter (where coalesce(seen_at, %(until)s) - signed_at > %(within)s),
                 coalesce(max(extract(epoch from coalesce(seen_at, %(until)s) - signed_at)), 0)::bigint
               from (select signed_at, case when kept_at < %(until)s then kept_at end as seen_at from tree_checkpoint c
                 left join lateral (select kept_at from tree_cosignature s where s.size >= c.size
                   order by s.size, kept_at limit 1) first on true
                 where signed_at >= %(since)s and signed_at < %(until)s) checkpoints""",
            {"since": since, "until": until, "within": within},
        ).fetchall()
    return Seen(*found)


class NotWitnessed(Exception):
    """A witness could not be reached or gave no cosignature; it is asked again."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: where it is asked, its name, and the key by which its signatures are known."""

    address: str
    name: str
    id: bytes
    public: bytes

    @classmethod
    def parse(cls, line: str) -> "Witness":
        """Reads `<address> <name+id+key>`; raises `Refused`."""
        address, _, vkey = line.strip().partition(" ")
        name, id_hex, encoded = (*vkey.split("+", 2), "", "")[:3]
        try:
            material = base64.b64decode(encoded, validate=True)
        except ValueError:
            material = b""
        key_id = hashlib.sha256(f"{name}\n".encode() + material).digest()[:4]
        if material[:1] != bytes([COSIGNATURE]) or len(material) != 1 + 32 or key_id.hex() != id_hex:
            raise Refused(f"{line!r} is no witness; a line of the list reads <https address> <name+id+key>.")
        if not address.startswith(("https://", "http://")):
            raise Refused(f"{address!r} is no address of a witness; it begins with https://.")
        return cls(address.rstrip("/"), name, key_id, material[1:])

    @property
    def vkey(self) -> str:
        """The key as others are given it."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([COSIGNATURE]) + self.public).decode()}"

    def line_of(self, answer: str, signed: Signed) -> str:
        """Its own line in what it answered; raises `NotWitnessed` where there is none that holds."""
        text = signed.note.partition("\n\n")[0] + "\n"
        for line in answer.splitlines():
            mark, _, rest = line.partition(" ")
            name, _, encoded = rest.rpartition(" ")
            if mark != "—" or name != self.name:
                continue
            try:
                blob = base64.b64decode(encoded, validate=True)
            except ValueError:
                continue
            timed, signature = blob[4 : 4 + _TIMED], blob[4 + _TIMED :]
            if blob[:4] == self.id and len(timed) == _TIMED:
                message = f"cosignature/v1\ntime {int.from_bytes(timed)}\n{text}"
                try:
                    Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message.encode())
                except InvalidSignature:
                    continue
                return f"{line}\n"
        message = f"{self.name} gave no cosignature that holds"
        raise NotWitnessed(message)


def read_witnesses(path: Path | None) -> tuple[Witness, ...]:
    """The witnesses of a list, none where there is no list; raises `Refused` where it can't be read."""
    if path is None:
        return ()
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise Refused(f"The list of witnesses {path} can't be read ({type(error).__name__}).") from None
    return tuple(Witness.parse(line) for line in lines if line.strip() and not line.startswith("#"))


def cosign(tree: LogTree, *, witnesses: Sequence[Witness]) -> None:
    """Has the last checkpoint cosigned by each witness that hasn't yet; one that is away keeps no other from it.

    Raises `NotWitnessed` in the end where one is away, `TreeBroken` where one has seen what is not there any more.
    """
    if not witnesses:
        return
    try:
        signed, cosigned = tree.signed(), tree.cosigned()
    except NotFound:  # an empty log is shown to nobody
        return
    away: list[str] = []
    for witness in witnesses:
        known = cosigned.get(witness.name, 0)
        if known < signed.size:
            try:
                line = _ask(witness, tree, signed, old=known)
            except (NotWitnessed, OSError):
                away.append(witness.name)
            else:
                tree.keep_cosignature(size=signed.size, witness=witness.name, line=line, key=witness.vkey)
    if away:
        message = f"not cosigned by {', '.join(away)}"
        raise NotWitnessed(message)


def _ask(witness: Witness, tree: LogTree, signed: Signed, *, old: int) -> str:
    """The cosignature of a checkpoint; where the witness knows the log from elsewhere, from where it knows it."""
    status, answer = _post(witness, tree, signed, old=old)
    if status == HTTPStatus.CONFLICT and answer.strip().isdigit():
        seen = int(answer)
        if seen > signed.size:
            message = f"{witness.name} has seen {seen} events of {tree.origin} and there are {signed.size}: they were set back"
            raise TreeBroken(message)
        status, answer = _post(witness, tree, signed, old=seen)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        message = f"{witness.name} has seen other events of {tree.origin}: they were written over"
        raise TreeBroken(message)
    if status != HTTPStatus.OK:
        message = f"{witness.name} answered {status}"
        raise NotWitnessed(message)
    return witness.line_of(answer, signed)


def _post(witness: Witness, tree: LogTree, signed: Signed, *, old: int) -> tuple[int, str]:
    path = (base64.b64encode(sibling).decode() for sibling in tree.consistency(old, size=signed.size))
    body = "\n".join((f"old {old}", *path, "", signed.note)).encode()
    request = Request(f"{witness.address}/add-checkpoint", data=body, method="POST")  # noqa: S310  # http only: see parse
    try:
        with urlopen(request, timeout=WAIT_S) as response:  # noqa: S310
            return response.status, response.read(ANSWER_BYTES).decode(errors="replace")
    except HTTPError as error:
        with error:
            return error.code, error.read(ANSWER_BYTES).decode(errors="replace")
    except URLError as error:
        message = f"{witness.name} can't be reached"
        raise NotWitnessed(message) from error
