"""What a browser keeps for us, sealed: it can't be read, made or changed by whoever holds it (AES-256-GCM)."""

import base64
import binascii
import hashlib
import secrets
from typing import Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.requests import Request
from starlette.responses import Response

_NONCE: Final = 12
T = TypeVar("T")


class Seal:
    """Seals values of one kind; what was sealed as another kind is no value of this one."""

    def __init__(self, *, secret: str, kind: bytes) -> None:
        """`secret` is one that all gateways of an installation share."""
        self._aead = AESGCM(hashlib.blake2b(secret.encode(), digest_size=32, person=kind).digest())

    def close(self, value: msgspec.Struct) -> str:
        """The value as a text."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._aead.encrypt(nonce, msgspec.json.encode(value), None)).decode()

    def open(self, sealed: str, kind: type[T]) -> T | None:
        """The value, or None where it was not sealed here."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            return msgspec.json.decode(self._aead.decrypt(raw[:_NONCE], raw[_NONCE:], None), type=kind)
        except (binascii.Error, ValueError, InvalidTag, msgspec.DecodeError):
            return None


class Cookie:
    """A cookie for this host alone, over TLS, that no script reads; in development it may go over plain HTTP."""

    def __init__(self, name: str, *, development: bool) -> None:
        self._plain = name
        self._development = development

    def of(self, request: Request) -> str | None:
        """What a request brings."""
        return request.cookies.get(self._name(request))

    def set(self, request: Request, response: Response, value: str, *, max_age: int) -> None:
        """Has the browser keep a value, or with `max_age` 0 forget it."""
        response.set_cookie(
            self._name(request),
            value,
            max_age=max_age,
            path="/",
            httponly=True,
            samesite="lax",
            secure=not self._is_plain(request),
        )

    def _is_plain(self, request: Request) -> bool:
        return self._development and request.url.scheme == "http"

    def _name(self, request: Request) -> str:
        return self._plain if self._is_plain(request) else f"__Host-{self._plain}"
