"""Checks what the system proves 离线核验: one file, Python's standard library and `cryptography`, nothing of the system itself.

    python verify.py --keys keys.txt case.zip                        a bundle
    python verify.py --keys keys.txt cases-17.tlog-proof cases-17.entry   one event

It shares no line with what makes the proofs. Whatever doesn't hold raises `NotProved`, whose words say what and where.
The keys come from their holders, on paper; those a bundle names are only compared with them.

    note        signed text; C2SP signed-note                 tree        RFC 9162, sections 2.1.3.2 and 2.1.4.2
    checkpoint  origin, size, root; C2SP tlog-checkpoint      proof       one entry in a log; C2SP tlog-proof
    cosignature a witness's, with its time; C2SP tlog-cosignature
    bundle      a zip of entries and proofs, written one way only; see README.md beside this
"""

import argparse
import base64
import binascii
import hashlib
import json
import struct
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH_BYTES = 32
LOG_KEY, WITNESS_KEY, SM2_KEY = 0x01, 0x04, 0xFF
SM2_NAME = b"baoxue sm2-sm3 v1\n"
"""What follows 0xff in an SM2 key: C2SP signed-note gives SM2 no byte of its own."""
LOGS_OWN = {LOG_KEY, SM2_KEY}
MAX_SIGNATURES = 64
MAX_NOTE_CHARACTERS = 64 * 1024


class NotProved(Exception):
    """Something doesn't hold; the words say what."""


class Malformed(NotProved):
    """It can't be read as what it should be."""


class Unsigned(NotProved):
    """No key that is trusted has signed it, or one has with a signature that doesn't hold."""


@dataclass(frozen=True)
class Verifier:
    """A key that is trusted, as its holder gave it: `name+id+key`."""

    name: str
    id: bytes
    kind: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Reads a C2SP vkey of a log (type 1, or SM2 under 0xff) or a witness (type 4)."""
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise Malformed("a key reads name+id+key")
        name, id_hex, encoded = parts
        material = _decoded(encoded, of="key")
        kind, public = int.from_bytes(material[:1], "big"), material[1:]
        if kind == SM2_KEY and public.startswith(SM2_NAME):
            public = public.removeprefix(SM2_NAME)
        elif kind not in {LOG_KEY, WITNESS_KEY} or len(public) != HASH_BYTES:
            raise Malformed(f"the key of {name} is no Ed25519 key of a log or a witness, and no SM2 key of a log")
        if kind == SM2_KEY and not sm2_is_key(public):
            raise Malformed(f"the key of {name} is no point of the curve of SM2")
        key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        if key_id.hex() != id_hex:
            raise Malformed(f"the key of {name} is not the one its id names")
        return cls(name, key_id, kind, public)

    def check(self, text: str, signature: bytes) -> int | None:
        """The time of a witness's cosignature, None for a log's own; raises `Unsigned` where it doesn't hold."""
        when, message = None, text.encode()
        if self.kind == SM2_KEY:
            if not sm2_holds(self.public, message, signature):
                raise Unsigned(f"the SM2 signature of {self.name} doesn't hold")
            return None
        if self.kind == WITNESS_KEY:
            if len(signature) != 8 + 64:
                raise Unsigned(f"the cosignature of {self.name} has not the length of one")
            when = struct.unpack(">Q", signature[:8])[0]
            message, signature = f"cosignature/v1\ntime {when}\n{text}".encode(), signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Unsigned(f"the signature of {self.name} doesn't hold") from None
        return when


@dataclass(frozen=True)
class Checkpoint:
    """How far a log was, and who says so: the trusted keys by name, with the time where a witness gave one."""

    origin: str
    size: int
    root: bytes
    text: str
    signed: dict[str, int | None]


def open_note(note: str, trusted: Sequence[Verifier]) -> tuple[str, dict[str, int | None]]:
    """The text of a note and who of the trusted has signed it; raises `Unsigned` where nobody has or one wrongly."""
    if len(note) > MAX_NOTE_CHARACTERS or any(ord(letter) < ord(" ") and letter != "\n" for letter in note):
        raise Malformed("a note is a short text without control characters")
    body, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Malformed("a note ends with an empty line and lines of signatures")
    text = body + "\n"
    signatures = lines[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise Malformed(f"a note has {MAX_SIGNATURES} signatures at most")
    by_key = {(verifier.name, verifier.id): verifier for verifier in trusted}
    signed: dict[str, int | None] = {}
    for line in signatures:
        mark, name, encoded = [*line.split(" "), "", ""][:3] if line.count(" ") == 2 else ("", "", "")
        blob = _decoded(encoded, of="signature")
        if mark != "—" or not name or len(blob) <= 4:
            raise Malformed("a line of a signature reads — name signature")
        verifier = by_key.get((name, blob[:4]))
        if verifier is not None:
            signed[name] = verifier.check(text, blob[4:])
    if not signed:
        raise Unsigned("no trusted key has signed this note")
    return text, signed


def open_checkpoint(note: str, trusted: Sequence[Verifier], *, origin: str) -> Checkpoint:
    """A checkpoint of this log, signed by the log's own key at least; raises `Malformed` or `Unsigned`."""
    text, signed = open_note(note, trusted)
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != origin:
        raise Malformed(f"this is no checkpoint of {origin}")
    if origin not in signed or not any(key.kind in LOGS_OWN and key.name == origin for key in trusted):
        raise Unsigned(f"the log {origin} itself has not signed this checkpoint")
    root = _decoded(lines[2], of="root")
    if len(root) != HASH_BYTES:
        raise Malformed("a root has 32 bytes")
    return Checkpoint(origin, parse_size(lines[1]), root, text, signed)


def parse_size(text: str) -> int:
    """A decimal number without leading zeroes; raises `Malformed`."""
    if not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0") or len(text) > 18:
        raise Malformed(f"this is no size: {text[:20]!r}")
    return int(text)


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry of a log."""
    return hashlib.sha256(b"\x00" + entry).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over all these hashes of entries, from the beginning of the log."""
    edge: list[tuple[int, bytes]] = []
    for leaf in leaves:
        level, node = 0, leaf
        while edge and edge[-1][0] == level:
            node = _node(edge.pop()[1], node)
            level += 1
        edge.append((level, node))
    if not edge:
        return hashlib.sha256(b"").digest()
    root = edge.pop()[1]
    while edge:
        root = _node(edge.pop()[1], root)
    return root


def check_inclusion(*, index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """An entry is at this place of the log of this root (RFC 9162, 2.1.3.2); raises `NotProved`."""
    if not 0 <= index < size:
        raise NotProved(f"a log of {size} entries has none at {index}")
    place, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise NotProved("the proof is longer than the tree is high")
        if place & 1 or place == last:
            node = _node(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = _node(node, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise NotProved("the proof ends below the root")
    if node != root:
        raise NotProved(f"the entry at {index} is not what the log of {size} entries says is there")


def check_consistency(*, old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """A log goes on from what it was (RFC 9162, 2.1.4.2); raises `NotProved` where entries were changed or taken away."""
    if old > size:
        raise NotProved(f"a log of {old} entries doesn't become one of {size}")
    if old in {0, size}:
        if path:
            raise NotProved("nothing is to be proved here, and the proof is not empty")
        if old == size and old_root != root:
            raise NotProved(f"two logs of {size} entries have different roots")
        return
    if not path:
        raise NotProved("the proof is empty")
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = now = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise NotProved("the proof is longer than the tree is high")
        if place & 1 or place == last:
            before, now = _node(sibling, before), _node(sibling, now)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            now = _node(now, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise NotProved("the proof ends below the root")
    if before != old_root or now != root:
        raise NotProved(f"the log of {size} entries doesn't go on from that of {old}: something before was changed")


def check_tlog_proof(proof: str, *, entry: bytes, trusted: Sequence[Verifier], origin: str) -> Checkpoint:
    """An entry is in the log, by a proof that is kept for itself; its checkpoint. Raises `NotProved`."""
    index, path, note = _read_proof(proof)
    found = open_checkpoint(note, trusted, origin=origin)
    check_inclusion(index=index, size=found.size, leaf=leaf_hash(entry), path=path, root=found.root)
    return found


def _read_proof(proof: str) -> tuple[int, list[bytes], str]:
    """The index, the path and the checkpoint of a proof; raises `Malformed`."""
    head, blank, note = proof.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != "c2sp.org/tlog-proof@v1":
        raise Malformed("a proof begins with c2sp.org/tlog-proof@v1")
    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    if not rest or not rest[0].startswith("index "):
        raise Malformed("a proof names its entry's index")
    return parse_size(rest[0].removeprefix("index ")), [parse_hash(line) for line in rest[1:]], note


def parse_hash(line: str) -> bytes:
    """A hash as a line of base64; raises `Malformed`."""
    found = _decoded(line, of="hash")
    if len(found) != HASH_BYTES:
        raise Malformed("a hash has 32 bytes")
    return found


def root_around(
    start: int, leaves: Sequence[bytes], size: int, *, left: Sequence[bytes], right: Sequence[bytes]
) -> bytes:
    """The root of a log of which all entries from `start` on are given, so many as there are, and the rest as whole subtrees.

    Which subtrees those are follows from the numbers alone, so no entry can be left out or put in. Raises `Malformed`.
    """
    end = start + len(leaves)
    before = [level for level in reversed(range(start.bit_length())) if start >> level & 1]
    after, at = [], end
    while at < size:
        level = (size - at).bit_length() - 1
        while at % (1 << level):
            level -= 1
        after.append(level)
        at += 1 << level
    if end > size or len(left) != len(before) or len(right) != len(after):
        raise Malformed(f"the entries {start + 1} to {end} of {size} have not these subtrees beside them")
    nodes = [*zip(before, left, strict=True), *((0, leaf) for leaf in leaves), *zip(after, right, strict=True)]
    edge: list[tuple[int, bytes]] = []
    for level, node in nodes:
        while edge and edge[-1][0] == level:
            level, node = level + 1, _node(edge.pop()[1], node)  # noqa: PLW2901  # as it grows
        edge.append((level, node))
    root = edge.pop()[1]
    while edge:
        root = _node(edge.pop()[1], root)
    return root


@dataclass(frozen=True)
class Event:
    """The clear part of an event as it is stored: which it is, when it was recorded, by whom, for which unit, what for."""

    aggregate: UUID
    version: int
    position: int
    topic: str
    recorded_at: float
    actor: str
    department: str
    purpose: str

    def __str__(self) -> str:
        """On a line."""
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.recorded_at))
        return f"{when} {self.topic} {self.aggregate} v{self.version} {self.actor} {self.department} {self.purpose}"


@dataclass
class Log:
    """What a bundle shows of one log: the entries by their positions, and which aggregates' events it holds from the first on."""

    checkpoint: Checkpoint
    earlier: Checkpoint | None = None
    entries: dict[int, Event | str] = field(default_factory=dict)
    whole: dict[UUID, int] = field(default_factory=dict)
    """Aggregates of which no event is missing up to this version; whether there is a later one is not shown."""
    span: tuple[int, int] | None = None
    """From which position to which nothing is missing."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that holds: what its maker says it is, and what each log shows."""

    said: dict[str, object]
    logs: list[Log]


def check_bundle(content: bytes, *, trusted: Sequence[Verifier]) -> Bundle:
    """Everything in a bundle is what was signed, and it is all there; raises `NotProved`, whose words begin with the place."""
    files = _unzipped(content)
    with _at("manifest"):
        said = _manifest(files, trusted)
    unread = set(files) - {"manifest", "README.txt"}
    logs = []
    for told in said["logs"]:
        folder, origin = str(told["folder"]), str(told["origin"])
        with _at(f"{folder}/checkpoint"):
            log = Log(_witnessed(_text(files, f"{folder}/checkpoint"), trusted, origin=origin))
        unread.discard(f"{folder}/checkpoint")
        if f"{folder}/earlier" in files:
            _check_earlier(files, folder, log, trusted)
            unread -= {f"{folder}/earlier", f"{folder}/consistency"}
        for name in [name for name in files if name.startswith(f"{folder}/") and name in unread]:
            stem, _, kind = name.rpartition(".")
            if kind == "entry":
                _check_entry(files, stem, log)
                unread -= {name, f"{stem}.tlog-proof"}
            elif kind == "entries":
                _check_span(files, stem, log)
                unread -= {name, f"{stem}.edges"}
        with _at(folder):
            _check_whole(log, [UUID(one) for one in told["whole"]])
        logs.append(log)
    if unread:
        raise NotProved(f"{min(unread)}: nothing says what this is")
    wanted = said["of"].get("range")
    with _at("manifest"):
        if not logs or any(not log.entries for log in logs):
            raise NotProved("it shows no entries")
        if wanted and [log.span for log in logs] != [(wanted["from"], wanted["to"])]:
            raise NotProved("it says another range than it shows")
    return Bundle(said, logs)


def read_entry(entry: bytes) -> Event | str:
    """The clear part of an entry that is an event, another's text; raises `Malformed`."""
    if not entry.startswith(b"baoxue event 1\n"):
        return entry.decode(errors="replace")
    columns, at = [], 15
    while at < len(entry):
        [length] = struct.unpack_from(">I", entry, at) if at + 4 <= len(entry) else [len(entry)]
        absent = length == 0xFFFF_FFFF
        columns.append(b"" if absent else entry[at + 4 : at + 4 + length])
        at += 4 if absent else 4 + length
    if len(columns) != 14 or at != len(entry):
        raise Malformed("this is no event")
    try:
        aggregate, number, position, topic, _, when, _, actor, department, purpose = columns[:10]
        version, place, micros = (struct.unpack(">q", column)[0] for column in (number, position, when))
        said = [column.decode() for column in (topic, actor, department, purpose)]
        return Event(UUID(bytes=aggregate), version, place, said[0], micros / 1e6, *said[1:])
    except (struct.error, ValueError):
        raise Malformed("this is no event") from None


def _manifest(files: dict[str, bytes], trusted: Sequence[Verifier]) -> dict[str, Any]:
    """What the bundle's maker says of it, compared with what is there."""
    text, signed = open_note(_text(files, "manifest"), trusted)
    makers = [key.name for key in trusted if key.kind in LOGS_OWN and key.name in signed and "/bundles/" in key.name]
    if not makers:
        raise Unsigned("the key for bundles has not signed it")
    try:
        said: dict[str, Any] = json.loads(text)
        listed = [(one["name"], one["bytes"], one["sha256"]) for one in said["files"]]
        shape = (
            said["bundle"],
            said["of"].get("range"),
            [(one["folder"], one["origin"], one["whole"]) for one in said["logs"]],
        )
        keys = [Verifier.parse(key) for key in said["keys"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Malformed("it can't be read") from None
    if shape[0] != 1:
        raise Malformed(f"this is a bundle of another kind: {shape[0]!r}")
    county = makers[0].partition("/bundles/")[0]
    for _, origin, _ in shape[2]:
        if not origin.startswith(f"{county}/"):
            raise NotProved(f"{makers[0]} has nothing to say of {origin}")
    for key in keys:
        if key not in trusted:
            raise NotProved(f"it rests on a key that is not trusted: {key.name}")
    there = [name for name in files if name != "manifest"]
    for name, size, digest in listed:
        if name not in files:
            raise NotProved(f"{name} is missing")
        if (len(files[name]), hashlib.sha256(files[name]).hexdigest()) != (size, digest):
            raise NotProved(f"{name} is not the file it lists")
    for name in there:
        if name not in {name for name, _, _ in listed}:
            raise NotProved(f"{name} is not listed")
    if [name for name, _, _ in listed] != there or next(iter(files)) != "manifest":
        raise NotProved("the files are not in the order it lists")
    return said


def _witnessed(note: str, trusted: Sequence[Verifier], *, origin: str) -> Checkpoint:
    """A checkpoint that one of the trusted witnesses has cosigned, where any is trusted; raises `Malformed` or `Unsigned`."""
    found = open_checkpoint(note, trusted, origin=origin)
    witnesses = {key.name for key in trusted if key.kind == WITNESS_KEY}
    if witnesses and not witnesses & set(found.signed):
        raise Unsigned("no witness whose key is trusted has cosigned it")
    return found


def _check_earlier(files: dict[str, bytes], folder: str, log: Log, trusted: Sequence[Verifier]) -> None:
    with _at(f"{folder}/earlier"):
        earlier = _witnessed(_text(files, f"{folder}/earlier"), trusted, origin=log.checkpoint.origin)
    with _at(f"{folder}/consistency"):
        check_consistency(
            old=earlier.size,
            old_root=earlier.root,
            size=log.checkpoint.size,
            root=log.checkpoint.root,
            path=_hashes(_text(files, f"{folder}/consistency")),
        )
    log.earlier = earlier


def _check_entry(files: dict[str, bytes], stem: str, log: Log) -> None:
    position = parse_size(stem.rpartition("/")[2])
    with _at(f"{stem}.tlog-proof"):
        index, path, note = _read_proof(_text(files, f"{stem}.tlog-proof"))
        if note != _text(files, f"{stem.rpartition('/')[0]}/checkpoint"):
            raise NotProved("it proves against another checkpoint than the one beside it")
        if index != position - 1:
            raise NotProved(f"it proves the entry at {index}")
        leaf, checkpoint = leaf_hash(files[f"{stem}.entry"]), log.checkpoint
        check_inclusion(index=index, size=checkpoint.size, leaf=leaf, path=path, root=checkpoint.root)
    with _at(f"{stem}.entry"):
        log.entries[position] = _placed(files[f"{stem}.entry"], position)


def _check_span(files: dict[str, bytes], stem: str, log: Log) -> None:
    with _at(f"{stem}.entries"):
        first, _, last = stem.rpartition("/")[2].partition("-")
        span = parse_size(first), parse_size(last)
        content, at, leaves = files[f"{stem}.entries"], 0, []
        while at < len(content):
            [length] = struct.unpack_from(">I", content, at) if at + 4 <= len(content) else [len(content)]
            entry = content[at + 4 : at + 4 + length]
            leaves.append(leaf_hash(entry))
            log.entries[span[0] + len(leaves) - 1] = _placed(entry, span[0] + len(leaves) - 1)
            at += 4 + length
        if at != len(content) or len(leaves) != span[1] - span[0] + 1 or span[0] < 1 or log.span:
            raise Malformed("these are not the entries its name says")
    with _at(f"{stem}.edges"):
        head, named, rest = _text(files, f"{stem}.edges").partition("right\n")
        if not head.startswith("left\n") or not named:
            raise Malformed("it names what stands left and what stands right")
        left, right = _hashes(head.removeprefix("left\n")), _hashes(rest)
        size = log.checkpoint.size
        if root_around(span[0] - 1, leaves, size, left=left, right=right) != log.checkpoint.root:
            raise NotProved(f"the entries {first} to {last} are not those of the log of {size} entries")
    log.span = span


def _check_whole(log: Log, claimed: Sequence[UUID]) -> None:
    versions: dict[UUID, list[int]] = {}
    for _, event in sorted(log.entries.items()):
        if isinstance(event, Event):
            versions.setdefault(event.aggregate, []).append(event.version)
    for aggregate in claimed:
        found = versions.get(aggregate, [])
        missing = next((number for number, version in enumerate(found, start=1) if number != version), None)
        if not found or missing is not None:
            raise NotProved(f"of {aggregate} version {missing or 1} is missing")
        log.whole[aggregate] = len(found)


def _placed(entry: bytes, position: int) -> Event | str:
    found = read_entry(entry)
    if isinstance(found, Event) and found.position != position:
        raise NotProved(f"the event says that it is at {found.position}")
    return found


def _unzipped(content: bytes) -> dict[str, bytes]:
    """The members of a zip that is written the one way bundles are: stored, one after the other, nothing between or beside."""
    files: dict[str, bytes] = {}
    at, directory = 0, b""
    while content[at : at + 4] == b"PK\3\4":
        name = content[at + 30 : at + 30 + int.from_bytes(content[at + 26 : at + 28], "little")]
        size, start = int.from_bytes(content[at + 22 : at + 26], "little"), at + 30 + len(name)
        data = content[start : start + size]
        rest = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)
        if not name.isascii() or content[at:start] != b"PK\3\4" + rest + name:
            raise Malformed(f"zip: the header at byte {at} is not that of a member of a bundle")
        if name.decode() in files:
            raise Malformed(f"zip: {name.decode()} is there twice")
        files[name.decode()] = data
        directory += b"PK\1\2\x14\3" + rest + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, at) + name
        at = start + size
    end = struct.pack("<HHHHIIH", 0, 0, len(files) & 0xFFFF, len(files) & 0xFFFF, len(directory), at, 0)
    if content[at:] != directory + b"PK\5\6" + end:
        raise Malformed(f"zip: what stands from byte {at} on is not the directory of a bundle")
    return files


def _hashes(text: str) -> list[bytes]:
    *lines, end = text.split("\n")
    if end:
        raise Malformed("the last line does not end")
    return [parse_hash(line) for line in lines]


def _text(files: dict[str, bytes], name: str) -> str:
    try:
        return files[name].decode()
    except KeyError:
        raise Malformed(f"{name} is missing") from None
    except UnicodeDecodeError:
        raise Malformed("this is no text") from None


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Whatever doesn't hold within begins with this place."""
    try:
        yield
    except NotProved as error:
        raise type(error)(f"{place}: {error}") from None


_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A, _B = _P - 3, 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
_GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
_NOWHERE = (0, 1, 0)
"""The point at infinity; points are x/z, y/z (projective), so that there is one division at the end."""


def sm2_is_key(public: bytes) -> bool:
    """Whether these are x and y of a point of SM2's curve (GB/T 32918.5)."""
    x, y = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    return len(public) == 64 and max(x, y) < _P and (y * y - (x * x + _A) * x - _B) % _P == 0


def sm2_holds(public: bytes, message: bytes, signature: bytes, identity: bytes = b"1234567812345678") -> bool:
    """Whether an SM2 signature, r and s of 32 bytes each, holds (GB/T 32918.2, 7.1, with SM3); it takes public numbers only."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    total = (r + s) % _N
    if len(signature) != 64 or not sm2_is_key(public) or not 1 <= r < _N or not 1 <= s < _N or not total:
        return False
    curve = b"".join(number.to_bytes(32, "big") for number in (_A, _B, _GX, _GY))
    who = _sm3(struct.pack(">H", 8 * len(identity)) + identity + curve + public)
    base = (_GX, _GY, 1)
    key = (int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big"), 1)
    both, point = _plus(base, key), _NOWHERE
    for bit in reversed(range(256)):
        point = _plus(point, point)
        chosen = (s >> bit & 1) | (total >> bit & 1) << 1
        point = _plus(point, (_NOWHERE, base, key, both)[chosen])
    x, _, z = point
    return bool(z) and (int.from_bytes(_sm3(who + message), "big") + x * pow(z, -1, _P) % _P) % _N == r


def _plus(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    """The sum of two points of the curve."""
    (x1, y1, z1), (x2, y2, z2) = one, other
    if not z1 or not z2:
        return other if not z1 else one
    u, v = (y2 * z1 - y1 * z2) % _P, (x2 * z1 - x1 * z2) % _P
    if not v and u:
        return _NOWHERE
    if not v:
        w, t = (_A * z1 * z1 + 3 * x1 * x1) % _P, y1 * z1 % _P
        b = x1 * y1 * t % _P
        h = (w * w - 8 * b) % _P
        return 2 * h * t % _P, (w * (4 * b - h) - 8 * y1 * y1 * t * t) % _P, 8 * t * t * t % _P
    v2 = v * v % _P
    v3, r = v2 * v % _P, v2 * x1 * z2 % _P
    a = (u * u * z1 * z2 - v3 - 2 * r) % _P
    return v * a % _P, (u * (r - a) - v3 * y1 * z2) % _P, v3 * z1 * z2 % _P


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _decoded(text: str, *, of: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"the {of} is no base64") from None
    if base64.b64encode(found).decode() != text:
        raise Malformed(f"the {of} is not written the one way base64 is written")
    return found


def main() -> None:
    """Says whether a bundle or an entry is what was signed, and who says so; ends with 1 where that is not proved."""
    parser = argparse.ArgumentParser(description="核验存证 checks a bundle, or that an entry is in a log")
    parser.add_argument("--key", action="append", default=[], help="公钥 of a log or a witness; again for each")
    parser.add_argument("--keys", type=Path, help="公钥清单 a file of keys, one a line")
    parser.add_argument("--list", action="store_true", help="列出条目 lists every entry of a bundle")
    parser.add_argument("files", type=Path, nargs="+", help="证据包 a bundle.zip, or a .tlog-proof and its .entry")
    arguments = parser.parse_args()
    listed = arguments.keys.read_text().splitlines() if arguments.keys else []
    try:
        trusted = [Verifier.parse(key) for key in [*arguments.key, *filter(None, map(str.strip, listed))]]
        if len(arguments.files) == 1:
            _tell(check_bundle(arguments.files[0].read_bytes(), trusted=trusted), with_entries=arguments.list)
            return
        proof, entry = arguments.files
        text = proof.read_text()
        origin = text.partition("\n\n")[2].partition("\n")[0]
        found = check_tlog_proof(text, entry=entry.read_bytes(), trusted=trusted, origin=origin)
    except NotProved as error:
        sys.exit(f"未通过 NOT PROVED: {error}")
    print(f"已证明 PROVED: the entry is one of the {found.size} of {found.origin}")
    _tell_who(found)


def _tell(bundle: Bundle, *, with_entries: bool) -> None:
    said = bundle.said
    print(f"已证明 PROVED: {json.dumps(said['of'])}, made {said['made_at']} by {said['made_by']}: {said['reason']}")
    for log in bundle.logs:
        print(f"{log.checkpoint.origin}: {len(log.entries)} of its {log.checkpoint.size} entries, none altered")
        if log.span:
            print(f"  无遗漏 all from {log.span[0]} to {log.span[1]}, none missing")
        for aggregate, last in sorted(log.whole.items()):
            print(f"  {aggregate}: versions 1 to {last}, none missing; whether there is a later one is not shown")
        in_part = {one.aggregate for one in log.entries.values() if isinstance(one, Event)} - set(log.whole)
        for aggregate in sorted(in_part) if not log.span else []:
            print(f"  {aggregate}: some of its events; whether there are others is not shown")
        for checkpoint in filter(None, (log.earlier, log.checkpoint)):
            _tell_who(checkpoint)
        for position, entry in sorted(log.entries.items()) if with_entries else []:
            text = str(entry) if isinstance(entry, Event) else entry
            print(f"  {position} {''.join(letter if letter.isprintable() else ' ' for letter in text)}")


def _tell_who(found: Checkpoint) -> None:
    for name, when in found.signed.items():
        moment = f" at {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(when))}" if when is not None else ""
        print(f"  签名 {found.size} entries signed by {name}{moment}")


if __name__ == "__main__":
    main()
