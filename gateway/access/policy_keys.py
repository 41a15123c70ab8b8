"""Whose signature releases a policy: a public list of Ed25519 keys, kept in a file beside the gateway, never in its database.

    [[keys]]
    public = "…"                    # 32 bytes in hex, as `baoxue policy key` prints it
    holder = "教育体育局局长办公室"    # the office that keeps the private half; no person's name
    from = 2026-09-01               # the first day on which it releases; left out: from the beginning
    until = 2027-09-01              # the first day on which it does no more; left out: it still does

A key that was retired stays on the list with its `until`, or what it released long ago couldn't be proved any more. The list
is the root of trust: whoever can write the database can't write it, and the other way round.
"""

import hashlib
import tomllib
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.chassis.config import read_secret
from services.chassis.errors import Refused

PUBLIC_KEYS: Final = "policy-keys.toml"
"""What the list is called where an installation keeps it in its data folder."""
_PURPOSE: Final = b"baoxue policy log\n"
"""Signed before every entry, so that a signature made for something else is none here."""


class Key(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"from_on": "from", "until_on": "until"},
):
    """A public key, who holds the private half, and on which days it releases; open at the ends that are left out."""

    public: str
    holder: str
    from_on: date | None = None
    until_on: date | None = None
    development: bool = False
    """Whether a program made it for itself: outside development it releases nothing."""

    @property
    def id(self) -> str:
        """By which an entry of the log names it."""
        return hashlib.sha256(bytes.fromhex(self.public)).hexdigest()[:16]

    def holds_on(self, day: date) -> bool:
        """Whether it releases on this day."""
        return (self.from_on or date.min) <= day < (self.until_on or date.max)

    def has_signed(self, body: bytes, signature: bytes) -> bool:
        """Whether the signature under these bytes is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public)).verify(signature, _PURPOSE + body)
        except InvalidSignature:
            return False
        return True


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The list."""

    keys: tuple[Key, ...] = ()

    def find(self, id: str) -> Key | None:  # noqa: A002
        """The key an entry names."""
        return next((key for key in self.keys if key.id == id), None)


class Signer:
    """A private key, from a file that only its owner may read: 32 bytes in hex."""

    def __init__(self, file: Path) -> None:
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(read_secret(file)))
        except ValueError:
            raise Refused(
                f"{file} holds no private key; `baoxue policy key {file}` makes one where there is none."
            ) from None
        self.public = self._key.public_key().public_bytes_raw().hex()

    def sign(self, body: bytes) -> bytes:
        """The signature under these bytes."""
        return self._key.sign(_PURPOSE + body)


def read_keys(file: Path) -> Keys:
    """The list from its file; raises `Refused` where it is missing or can't be read, naming the file."""
    try:
        keys = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), type=Keys)
        for key in keys.keys:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
    except FileNotFoundError:
        raise Refused(
            f"There is no list of public keys at {file}; BAOXUE_POLICY_KEYS names it. `baoxue policy key FILE` makes a key"
            " and prints its line. 缺少授权表发布公钥清单。"
        ) from None
    except (ValueError, UnicodeDecodeError) as error:  # not TOML, an unknown word, no key
        raise Refused(f"{file} can't be read as a list of public keys: {error}") from None
    return keys


def line_of(key: Key) -> str:
    """A key as it stands in the list."""
    lines = ["[[keys]]", f'public = "{key.public}"', f"holder = {msgspec.json.encode(key.holder).decode()}"]
    lines += [f"{name} = {day}" for name, day in (("from", key.from_on), ("until", key.until_on)) if day]
    lines += ["development = true"] if key.development else []
    return "\n".join(lines) + "\n"
