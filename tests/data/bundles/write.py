"""Writes the golden bundles: `python -m tests.data.bundles.write`. What checks them has to take them for ever.

case.zip     a case of two aggregates in cases and one in notify, cosigned twice since
range.zip    entries 3 to 9 of cases
other.zip    the same case as another county's system hands it out
keys.txt     the keys an inspector of the first county was given; other-keys.txt those of the second
"""

import hashlib
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.packing import About, events, pack, span
from deploy.witness import verify
from services.chassis.merkle import (
    EMPTY_ROOT,
    Growing,
    beside,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from services.chassis.notes import Key, Signer, checkpoint
from services.chassis.tree import Signed, frame

HERE: Final = Path(__file__).parent
NOON: Final = datetime(2026, 9, 14, 4, tzinfo=UTC)
CASE, PAPER, NOTICE, OTHER = (UUID(int=number, version=4) for number in (1, 2, 3, 4))
CASES: Final = [CASE, OTHER, CASE, PAPER, OTHER, CASE, PAPER, OTHER, OTHER, CASE, OTHER]
"""Whose each event of cases is."""


def entry(aggregate: UUID, version: int, position: int) -> bytes:
    """An event as it is stored."""
    state = f'{{"text":"sealed:1:{aggregate.hex}:1:c2Vh:text:bGVkIGFuZCBub3Qgb3BlbmVk"}}'.encode()
    columns = (aggregate, version, position, "tests.Thing:Thing.Happened", state, NOON, NOON)
    return frame((*columns, "user:17", "township:410326100", "casework", aggregate, aggregate, None, ""))


class Kept:
    """A log in memory that shows itself as the tree over a service's events does."""

    def __init__(self, signer: Signer, of: Sequence[UUID]) -> None:
        self.signer = signer
        self.origin = signer.name
        self.of = list(of)
        versions = [self.of[: place + 1].count(one) for place, one in enumerate(self.of)]
        self.stored = [entry(one, versions[place], place + 1) for place, one in enumerate(self.of)]
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.roots = [EMPTY_ROOT]
        self.lines: dict[int, str] = {}
        self.notes: dict[int, str] = {}
        tree = Growing()
        for stored in self.stored:
            self.nodes |= {(level, place): root for level, place, root in tree.append(leaf_hash(stored))}
            self.roots.append(tree.root())

    def note(self, size: int) -> str:
        if size not in self.notes:  # signed once: SM2 signs the same text otherwise each time
            self.notes[size] = self.signer.sign(checkpoint(self.origin, size, self.roots[size]))
        return self.notes[size]

    def signed(self, *, at_least: int) -> Signed:
        size = max(size for size in self.lines if size >= at_least)
        return Signed(size, self.roots[size], self.note(size) + self.lines[size], NOON)

    def first_witnessed(self, *, at_least: int) -> Signed:
        size = min(size for size in self.lines if size >= at_least)
        return Signed(size, self.roots[size], self.note(size) + self.lines[size], NOON)

    def entries(self, positions: Sequence[int]) -> dict[int, bytes]:
        return {position: self.stored[position - 1] for position in positions}

    def inclusions(self, positions: Sequence[int], *, size: int) -> dict[int, list[bytes]]:
        return {position: inclusion_proof(position - 1, size, self.node) for position in positions}

    def beside(self, first: int, last: int, *, size: int) -> tuple[list[bytes], list[bytes]]:
        return beside(first - 1, last, size, self.node)

    def consistency(self, old: int, *, size: int) -> list[bytes]:
        return consistency_proof(old, size, self.node)

    def node(self, level: int, place: int) -> bytes:
        return self.nodes[level, place]


class Cosigner:
    """A witness of these tests, without a server: its key is known, and it signs what it is shown."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = name
        self.key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest())
        public = bytes([verify.WITNESS_KEY]) + self.key.public_key().public_bytes_raw()
        self.id = hashlib.sha256(f"{name}\n".encode() + public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{verify.base64.b64encode(public).decode()}"

    def line(self, note: str, *, at: int) -> str:
        text = note.partition("\n\n")[0] + "\n"
        signature = self.key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        blob = verify.base64.b64encode(self.id + struct.pack(">Q", at) + signature).decode()
        return f"— {self.name} {blob}\n"


class County:
    """A county's logs, its key for bundles, and the witness that saw both."""

    def __init__(self, code: str, *, also: tuple[Key, ...] = ()) -> None:
        def signer(log: str) -> Signer:
            seed = hashlib.sha256(f"{code} {log}".encode()).digest()
            return Signer(f"baoxue/{code}/{log}/1", Ed25519PrivateKey.from_private_bytes(seed), also)

        self.bundles = signer("bundles")
        self.witness = Cosigner(f"supervision.example/{code}", code.encode())
        self.cases = Kept(signer("cases"), CASES)
        self.notify = Kept(signer("notify"), [NOTICE, OTHER])
        for log, sizes in ((self.cases, (10, 11)), (self.notify, (2,))):
            for size in sizes:
                log.lines[size] = self.witness.line(log.note(size), at=int(NOON.timestamp()) + size * 60)

    @property
    def keys(self) -> list[str]:
        return [*self.cases.signer.verifiers, *self.notify.signer.verifiers]

    @property
    def trusted(self) -> list[str]:
        """What an inspector is handed."""
        return [*self.keys, *self.bundles.verifiers, self.witness.vkey]

    def case(self) -> bytes:
        positions = [place for place, one in enumerate(CASES, start=1) if one in {CASE, PAPER}]
        shown = [
            events(self.cases, "cases", positions, whole=[CASE, PAPER]),  # type: ignore[arg-type]
            events(self.notify, "notify", [1], whole=[NOTICE]),  # type: ignore[arg-type]
        ]
        return pack(about({"case": str(CASE)}), shown, keys=self.keys, signer=self.bundles)

    def range(self) -> bytes:
        shown = [span(self.cases, "cases", 3, 9)]  # type: ignore[arg-type]
        of = {"range": {"log": "cases", "from": 3, "to": 9}}
        return pack(about(of), shown, keys=self.keys, signer=self.bundles)


def about(of: dict[str, object]) -> About:
    return About(of=of, made_at=NOON, made_by="user:1", made_for="supervision:410326", reason="督导 2026-7")


def main() -> None:
    own, other = County("410326"), County("410327")
    (HERE / "case.zip").write_bytes(own.case())
    (HERE / "range.zip").write_bytes(own.range())
    (HERE / "other.zip").write_bytes(other.case())
    (HERE / "keys.txt").write_text("\n".join(own.trusted) + "\n")
    (HERE / "other-keys.txt").write_text("\n".join(other.trusted) + "\n")


if __name__ == "__main__":
    main()
