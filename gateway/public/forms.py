"""Forms of the public's pages: what keeps them from being sent by programs, twice, or from elsewhere, and how they are read.

A form carries a token, made here and kept nowhere: a random id, the moment it was handed out, and a MAC over both. It is good
once, since its id is the command's id; too soon after it was handed out nobody can have filled the form in; after half a
day it is handed out anew with what was typed. Beside it stands a field that only programs see and fill in.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from starlette.requests import Request

from gateway.html_form import Unreadable, read_pairs
from services.chassis.clock import Clock
from services.chassis.typed_code import code_of

SOONEST: Final = timedelta(seconds=3)
LATEST: Final = timedelta(hours=12)
MOST_BYTES: Final = 32 * 1024
"""A body: what may be typed is 9 bytes a character on its way."""
TRAP: Final = "website"
"""The field nobody sees."""
SECRET_SIGNS: Final = 14
"""About 69 bits."""
_MOST_FIELDS: Final = 8
_MAC_BYTES: Final = 16


class SendAgain(Exception):
    """The form has to be sent once more; the message says why. What was typed is kept."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A form that was handed out: its id is the id of what it asks for."""

    id: UUID
    at: datetime


class Forms:
    """Hands out tokens and reads what comes back."""

    def __init__(self, *, secret: str, clock: Clock) -> None:
        """`secret` is one that all gateways of an installation share, so that any of them reads another's form."""
        self._key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"public forms").digest()
        self._clock = clock

    def hand_out(self) -> str:
        """A token for one form."""
        ticket = Ticket(uuid4(), self._clock.now())
        told = ticket.id.bytes + int(ticket.at.timestamp()).to_bytes(8)
        return base64.urlsafe_b64encode(told + self._mac(told)).decode().rstrip("=")

    def take(self, form: Mapping[str, str]) -> Ticket:
        """The ticket of a form that came back; raises `Unreadable` for one of nobody's, `SendAgain` too soon, late or trapped."""
        ticket = self._read(form.get("token", ""))
        if form.get(TRAP):
            raise SendAgain("有一个供程序识别的隐藏栏目被填写了，可能是浏览器自动填写的，请重新提交。")
        age = self._clock.now() - ticket.at
        if age < SOONEST:
            raise SendAgain("提交得太快了，请核对内容后再提交一次。")
        if age > LATEST:
            raise SendAgain("页面打开时间过长，请核对内容后再提交一次。")
        return ticket

    def secret_of(self, ticket: Ticket) -> str:
        """What whoever sent this form asks with later 查询码; the same for the same form, and known to nobody else."""
        return code_of(self._mac(b"secret" + ticket.id.bytes), signs=SECRET_SIGNS)

    def _read(self, token: str) -> Ticket:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raw = b""
        told, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(told) != 24 or not hmac.compare_digest(mac, self._mac(told)):
            raise Unreadable("请从本网页填写并提交。")
        return Ticket(UUID(bytes=told[:16]), datetime.fromtimestamp(int.from_bytes(told[16:]), UTC))

    def _mac(self, told: bytes) -> bytes:
        return hmac.digest(self._key, told, "sha256")[:_MAC_BYTES]


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form sent from one of our own pages; raises `Unreadable`."""
    return dict(await read_pairs(request, most_bytes=MOST_BYTES, most_fields=_MOST_FIELDS))
