"""How a bundle 证据包 is packed: what is shown of each log, a manifest that lists it, and one signature over that.

    manifest                 a signed note, its text JSON: of what, for whom, why, when; logs, keys, every file with its SHA-256
    README.txt               what an inspector does with it
    cases/checkpoint         how far the log was, with the lines of its witnesses
    cases/earlier            the first checkpoint with all of this in it that a witness has cosigned, where that is another one
    cases/consistency        that the log went on from there
    cases/17.entry           an event as it is stored, personal fields sealed, and cases/17.tlog-proof
    cases/1-900.entries      of a range: every entry, each after its length; and cases/1-900.edges, what stands beside them

A zip without compression, in this order, with no time of its own: there is one way to write a bundle, so not a byte of it can
be another. What checks it is written apart from this, on purpose: `deploy/witness/verify.py` and `verify.mjs`.
"""

import base64
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.chassis.notes import Signer, tlog_proof
from services.chassis.tree import LogTree, Signed

KIND: Final = 1
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
_UNIX, _PLAIN_FILE = 3, 0o100644

README: Final = """\
证据包 A bundle: what was recorded, as it was stored, and the proof that nothing of it was altered.
Personal texts are sealed; a proof needs no key to open them.

To check it you need verify.py (Python 3.11, pip install cryptography) or verify.mjs (Node 20), and the file of public keys
that was handed to you on paper: not from this bundle, and not from whoever gave it to you. Without a network:

    python verify.py --keys keys.txt --list bundle.zip
    node verify.mjs --keys keys.txt bundle.zip

PROVED 已证明 and 0: every entry stands in the log at its place as it did when the witnesses named signed.
NOT PROVED 未通过 and 1: the words begin with the place. Keep the file as it is and ask the supervising body.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a bundle is of, and for whom and why it was made."""

    of: Mapping[str, object]
    made_at: datetime
    made_by: str
    made_for: str
    reason: str


@dataclass(slots=True)
class Shown:
    """What a bundle shows of one log."""

    folder: str
    origin: str
    files: dict[str, bytes]
    whole: list[UUID] = field(default_factory=list)
    """Aggregates all of whose events it shows."""


def events(tree: LogTree, folder: str, positions: Sequence[int], *, whole: Iterable[UUID]) -> Shown:
    """Single events, each with a proof of its own; raises `NotFound` where one is not signed yet."""
    signed = tree.signed(at_least=max(positions))
    entries, paths = tree.entries(positions), tree.inclusions(positions, size=signed.size)
    files = _checkpoints(tree, folder, signed, last=max(positions))
    for position in sorted(positions):
        files[f"{folder}/{position}.entry"] = entries[position]
        files[f"{folder}/{position}.tlog-proof"] = tlog_proof(position - 1, paths[position], signed.note).encode()
    return Shown(folder, tree.origin, files, sorted(whole))


def span(tree: LogTree, folder: str, first: int, last: int) -> Shown:
    """Every entry from one position to another, none left out; raises `NotFound` where the log isn't signed that far."""
    signed = tree.signed(at_least=last)
    entries = tree.entries(range(first, last + 1))
    left, right = tree.beside(first, last, size=signed.size)
    files = _checkpoints(tree, folder, signed, last=last)
    files[f"{folder}/{first}-{last}.entries"] = b"".join(
        struct.pack(">I", len(entry)) + entry for _, entry in sorted(entries.items())
    )
    files[f"{folder}/{first}-{last}.edges"] = f"left\n{_lines(left)}right\n{_lines(right)}".encode()
    return Shown(folder, tree.origin, files)


def pack(about: About, shown: Sequence[Shown], *, keys: Sequence[str], signer: Signer) -> bytes:
    """The bundle, signed by the county's key for bundles."""
    files = {"README.txt": README.encode()}
    for log in shown:
        files |= log.files
    manifest = {
        "bundle": KIND,
        "of": about.of,
        "made_at": about.made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "made_by": about.made_by,
        "made_for": about.made_for,
        "reason": about.reason,
        "logs": [
            {"folder": log.folder, "origin": log.origin, "whole": [str(one) for one in log.whole]} for log in shown
        ],
        "keys": list(keys),
        "files": [
            {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
        ],
    }
    note = signer.sign(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
    return zipped({"manifest": note.encode(), **files})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as a zip, in the one way in which bundles are written."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, date_time=_FIRST_DAY)
            member.create_system, member.external_attr = _UNIX, _PLAIN_FILE << 16
            archive.writestr(member, data)
    return packed.getvalue()


def _checkpoints(tree: LogTree, folder: str, signed: Signed, *, last: int) -> dict[str, bytes]:
    earlier = tree.first_witnessed(at_least=last)
    files = {f"{folder}/checkpoint": signed.note.encode()}
    if earlier is not None and earlier.size < signed.size:
        files[f"{folder}/earlier"] = earlier.note.encode()
        files[f"{folder}/consistency"] = _lines(tree.consistency(earlier.size, size=signed.size)).encode()
    return files


def _lines(hashes: Iterable[bytes]) -> str:
    return "".join(f"{base64.b64encode(one).decode()}\n" for one in hashes)
