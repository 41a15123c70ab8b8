"""Checks what the system proves 离线核验: one file, Python's standard library and `cryptography`, nothing of the system itself.

    python verify.py --key 'baoxue/…/cases/1+…+…' cases-17.tlog-proof cases-17.entry

It shares no line with what makes the proofs. Whatever doesn't hold raises `NotProved`, whose words say what and where.

    note        signed text; C2SP signed-note                 tree        RFC 9162, sections 2.1.3.2 and 2.1.4.2
    checkpoint  origin, size, root; C2SP tlog-checkpoint      proof       one entry in a log; C2SP tlog-proof
    cosignature a witness's, with its time; C2SP tlog-cosignature
"""

import argparse
import base64
import binascii
import hashlib
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH_BYTES = 32
LOG_KEY, WITNESS_KEY = 0x01, 0x04
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
        """Reads a C2SP vkey of a log (type 1) or a witness (type 4)."""
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise Malformed("a key reads name+id+key")
        name, id_hex, encoded = parts
        material = _decoded(encoded, of="key")
        if len(material) != 1 + HASH_BYTES or material[0] not in {LOG_KEY, WITNESS_KEY}:
            raise Malformed(f"the key of {name} is no Ed25519 key of a log or a witness")
        key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        if key_id.hex() != id_hex:
            raise Malformed(f"the key of {name} is not the one its id names")
        return cls(name, key_id, material[0], material[1:])

    def check(self, text: str, signature: bytes) -> int | None:
        """The time of a witness's cosignature, None for a log's own; raises `Unsigned` where it doesn't hold."""
        when, message = None, text.encode()
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
    if not any(verifier.kind == LOG_KEY and verifier.name in signed for verifier in trusted):
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
    head, blank, note = proof.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != "c2sp.org/tlog-proof@v1":
        raise Malformed("a proof begins with c2sp.org/tlog-proof@v1")
    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    if not rest or not rest[0].startswith("index "):
        raise Malformed("a proof names its entry's index")
    found = open_checkpoint(note, trusted, origin=origin)
    check_inclusion(
        index=parse_size(rest[0].removeprefix("index ")),
        size=found.size,
        leaf=leaf_hash(entry),
        path=[parse_hash(line) for line in rest[1:]],
        root=found.root,
    )
    return found


def parse_hash(line: str) -> bytes:
    """A hash as a line of base64; raises `Malformed`."""
    found = _decoded(line, of="hash")
    if len(found) != HASH_BYTES:
        raise Malformed("a hash has 32 bytes")
    return found


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
    """Says whether an entry is in a log, and who says so; ends with 1 where that is not proved."""
    parser = argparse.ArgumentParser(description="核验一条存证 checks that an entry is in a log")
    parser.add_argument("--key", action="append", required=True, help="公钥 of the log; again for each witness")
    parser.add_argument("proof", type=Path, help="证明 the .tlog-proof")
    parser.add_argument("entry", type=Path, help="条目 the .entry")
    arguments = parser.parse_args()
    try:
        trusted = [Verifier.parse(key) for key in arguments.key]
        origin = next((key.name for key in trusted if key.kind == LOG_KEY), "")
        found = check_tlog_proof(
            arguments.proof.read_text(), entry=arguments.entry.read_bytes(), trusted=trusted, origin=origin
        )
    except NotProved as error:
        sys.exit(f"未通过 NOT PROVED: {error}")
    print(f"已证明 PROVED: the entry is one of the {found.size} of {found.origin}")  # noqa: T201
    for name, when in found.signed.items():
        moment = f" at {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(when))}" if when is not None else ""
        print(f"签名 signed by {name}{moment}")  # noqa: T201


if __name__ == "__main__":
    main()
