"""Signed notes 签名文本: a text and the signatures under it, readable as it stands (C2SP signed-note, tlog-checkpoint).

    baoxue.example/cases/1                                     origin: which log
    20852163                                                   size: how many entries
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=               root

    — baoxue.example/cases/1 Az3grlgtzPICa5OS8npVmf1Myq/5...   signature of the log's key, then those of witnesses

What verifies is written apart from this, on purpose: see `deploy/witness/verify.py`.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519: Final = 0x01
"""The signature type of a log's own key (C2SP signed-note)."""


class SigningFailed(Exception):
    """A key gave no signature, or one that doesn't hold; nothing is signed, and it is tried again."""


class Key(Protocol):
    """A key that signs notes 签名密钥, wherever it lies: in this process, or in a device that never gives it out."""

    @property
    def material(self) -> bytes:
        """What it is known by: the signature type, then the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Its signature of a message; raises `SigningFailed`."""
        ...


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """A key in this process."""

    key: Ed25519PrivateKey

    @property
    def material(self) -> bytes:
        """The signature type and the public key."""
        return bytes([ED25519]) + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        """The signature (RFC 8032)."""
        return self.key.sign(message)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the name of its keys, which is that of the log, the Ed25519 key that C2SP asks for, and others that sign beside it."""

    name: str
    key: Ed25519PrivateKey
    also: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        """Raises `ValueError` where the name could not stand in a signature line."""
        if not self.name or "+" in self.name or any(letter.isspace() for letter in self.name):
            message = f"a key's name has neither spaces nor plus signs: {self.name!r}"
            raise ValueError(message)

    @property
    def verifier(self) -> str:
        """The public key as others are given it (C2SP vkey): name, key id, type and key."""
        return self.verifiers[0]

    @property
    def verifiers(self) -> tuple[str, ...]:
        """All of its public keys, the one that C2SP asks for first."""
        return tuple(
            f"{self.name}+{self._id(key).hex()}+{base64.b64encode(key.material).decode()}" for key in self._keys
        )

    def sign(self, text: str) -> str:
        """The note of a text: the text, an empty line, a line of each signature.

        Raises `ValueError` where it is no text of a note, and `SigningFailed`.
        """
        if not text.endswith("\n") or any(ord(letter) < ord(" ") and letter != "\n" for letter in text):
            raise ValueError("the text of a note ends with a line and has no control characters")
        signatures = (base64.b64encode(self._id(key) + key.sign(text.encode())).decode() for key in self._keys)
        return f"{text}\n" + "".join(f"— {self.name} {signature}\n" for signature in signatures)

    @property
    def _keys(self) -> tuple[Key, ...]:
        return (Ed25519Key(self.key), *self.also)

    def _id(self, key: Key) -> bytes:
        return hashlib.sha256(f"{self.name}\n".encode() + key.material).digest()[:4]


def checkpoint(origin: str, size: int, root: bytes) -> str:
    """The text that says how far a log is: origin, size, root (C2SP tlog-checkpoint)."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def tlog_proof(index: int, path: list[bytes], note: str, *, extra: bytes = b"") -> str:
    """The proof that an entry is in the log of a signed checkpoint, to be kept and checked by itself (C2SP tlog-proof)."""
    lines = ["c2sp.org/tlog-proof@v1"]
    if extra:
        lines.append(f"extra {base64.b64encode(extra).decode()}")
    lines += [f"index {index}", *(base64.b64encode(sibling).decode() for sibling in path), "", note]
    return "\n".join(lines)
