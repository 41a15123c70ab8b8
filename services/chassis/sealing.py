"""How a text is sealed under a key: suites of algorithms, and the token they write.

A sealed text is one token that may travel anywhere in the clear::

    sealed:<suite>:<subject, hex>:<key generation>:<key commitment>:<field>:<nonce and ciphertext>

| suite | seals | commits | wraps keys |
|---|---|---|---|
| 1 | AES-256-GCM | HMAC-SHA256 | AES-KW (RFC 3394) |
| 2 国密 | SM4-GCM (GB/T 32907) | HMAC-SM3 (GB/T 32905) | SM4-GCM |

The associated data binds a token to the event it was written for (aggregate, version, stored topic), to its field, its
subject and its suite, so one that was moved elsewhere doesn't open. The commitment stands in the clear because GCM alone
would let a holder of keys present another key under which the same bytes say something else.

A person's key is 32 random bytes whatever the suite; SM4's sixteen are derived from them with HKDF-SM3, as are those of
a key-encryption key.
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SM3, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_BEGINS: Final = "sealed:"
_SUBJECT_CHARACTERS: Final = len("1:") + 32


class SealBroken(Exception):
    """A token does not open as the field of this event: it was altered, moved, or sealed under another key."""


class WrapBroken(Exception):
    """A wrapped key doesn't open under this key-encryption key: it is another one, or the bytes were altered."""


@dataclass(frozen=True, slots=True)
class Token:
    """A sealed text taken apart."""

    suite: int
    subject: UUID
    generation: int
    commitment: str
    field: str
    box: str

    def written(self) -> str:
        """The one way to write it."""
        return f"{_BEGINS}{self.suite}:{self.subject.hex}:{self.generation}:{self.commitment}:{self.field}:{self.box}"

    def bound(self, *, aggregate_id: UUID, version: int, stored_topic: str) -> bytes:
        """The associated data of this token in that event."""
        words = f"{version}\0{stored_topic}\0{self.field}\0{self.generation}".encode()
        return f"baoxue/{self.suite}\0".encode() + aggregate_id.bytes + self.subject.bytes + words


def is_sealed(text: str) -> bool:
    """Whether a text is a sealed token."""
    return any(text.startswith(f"{_BEGINS}{suite}:") for suite in SUITES)


def subject_of(token: str) -> str:
    """Where a token names its subject, unread: the same in all tokens of one person, for whoever wants one of each."""
    return token[len(_BEGINS) : len(_BEGINS) + _SUBJECT_CHARACTERS]


def read_token(text: str) -> Token:
    """Takes a sealed text apart; raises `SealBroken` for anything else."""
    try:
        suite, subject, generation, commitment, field, box = text.removeprefix(_BEGINS).split(":")
        token = Token(int(suite), UUID(hex=subject), int(generation), commitment, field, box)
    except ValueError:
        raise SealBroken("not a sealed text") from None
    if token.suite not in SUITES or not text.isascii() or token.written() != text:  # one text, one way to write it
        raise SealBroken("not a sealed text")
    return token


class Sealer(Protocol):
    """Seals and opens under one person's key."""

    @property
    def commitment(self) -> str:
        """Says which key it is and nothing else of it; 43 characters."""

    def encrypt(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        """Ciphertext and tag."""

    def decrypt(self, nonce: bytes, box: bytes, bound: bytes) -> bytes:
        """The text; raises `InvalidTag` or `ValueError`."""


class Suite(Protocol):
    """One set of algorithms 密码套件."""

    number: int
    title: str

    def sealer(self, key: bytes) -> Sealer:
        """What seals and opens under a person's key."""

    def wrap(self, kek: bytes, key: bytes, *, subject: UUID) -> bytes:
        """A person's key under a key-encryption key."""

    def unwrap(self, kek: bytes, wrapped: bytes, *, subject: UUID) -> bytes:
        """The person's key; raises `WrapBroken`."""

    def check_value(self, kek: bytes) -> bytes:
        """Tells key-encryption keys apart and nothing else of them; 8 bytes."""


def seal(sealer: Sealer, text: str, *, bound: bytes) -> str:
    """The last part of a token."""
    nonce = os.urandom(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + sealer.encrypt(nonce, text.encode(), bound)).decode()


def unseal(sealer: Sealer, written: str, *, bound: bytes) -> str:
    """The text of a token's last part; raises `SealBroken`."""
    try:
        box = base64.urlsafe_b64decode(written)
        if base64.urlsafe_b64encode(box).decode() != written:  # the decoder passes over what it doesn't know
            raise SealBroken("altered")
        return sealer.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], bound).decode()
    except (InvalidTag, ValueError):  # a ValueError where so much is missing that it can't even be tried
        raise SealBroken("altered, or of another event") from None


class _AesSealer:
    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)
        self.encrypt = self._cipher.encrypt
        self.decrypt = self._cipher.decrypt

    @cached_property
    def commitment(self) -> str:
        return _commitment(self._key, SHA256())


class _International:
    """Suite 1: what the rest of the world has reviewed."""

    number = 1
    title = "AES-256-GCM, SHA-256"

    def sealer(self, key: bytes) -> Sealer:
        return _AesSealer(key)

    def wrap(self, kek: bytes, key: bytes, *, subject: UUID) -> bytes:  # noqa: ARG002  # AES-KW binds nothing else
        return aes_key_wrap(kek, key)

    def unwrap(self, kek: bytes, wrapped: bytes, *, subject: UUID) -> bytes:  # noqa: ARG002
        try:
            return aes_key_unwrap(kek, wrapped)
        except InvalidUnwrap:
            raise WrapBroken from None

    def check_value(self, kek: bytes) -> bytes:
        return _mac(kek, b"check", SHA256())[:8]


class _Sm4Sealer:
    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sm4 = algorithms.SM4(_derived(key, b"baoxue/2 seal"))

    @cached_property
    def commitment(self) -> str:
        return _commitment(self._key, SM3())

    def encrypt(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        encryptor = Cipher(self._sm4, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound)
        return encryptor.update(text) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, box: bytes, bound: bytes) -> bytes:
        tag = box[-_TAG_BYTES:]
        if len(nonce) != _NONCE_BYTES or len(tag) != _TAG_BYTES:  # a shorter tag would be a weaker one
            raise InvalidTag
        decryptor = Cipher(self._sm4, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(bound)
        return decryptor.update(box[:-_TAG_BYTES]) + decryptor.finalize()


class _Commercial:
    """Suite 2: the commercial cryptography 商用密码 that GB/T 39786 asks of important systems."""

    number = 2
    title = "国密 SM4-GCM, SM3"

    def sealer(self, key: bytes) -> Sealer:
        return _Sm4Sealer(key)

    def wrap(self, kek: bytes, key: bytes, *, subject: UUID) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wrapper(kek).encrypt(nonce, key, subject.bytes)

    def unwrap(self, kek: bytes, wrapped: bytes, *, subject: UUID) -> bytes:
        try:
            return self._wrapper(kek).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], subject.bytes)
        except InvalidTag:
            raise WrapBroken from None

    def check_value(self, kek: bytes) -> bytes:
        return _mac(kek, b"check", SM3())[:8]

    def _wrapper(self, kek: bytes) -> _Sm4Sealer:
        return _Sm4Sealer(_mac(kek, b"wrap", SM3()))


SUITES: Final[Mapping[int, Suite]] = MappingProxyType({1: _International(), 2: _Commercial()})


def _commitment(key: bytes, hashed: HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(_mac(key, b"commit", hashed)).decode().rstrip("=")


def _mac(key: bytes, word: bytes, hashed: HashAlgorithm) -> bytes:
    mac = HMAC(key, hashed)
    mac.update(word)
    return mac.finalize()


def _derived(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SM3(), length=16, salt=None, info=info).derive(key)
