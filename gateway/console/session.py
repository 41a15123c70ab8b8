"""Who is signed in: a session sealed in a cookie, and the tickets of its forms.

The cookie holds the access token, who it is for, and two moments, sealed (AES-256-GCM) under a key that all gateways of an
installation share; nothing of it is kept here. It can be read by no script and goes to no other site. A session ends when
its user signs out, after half an hour without a request, and after a working day in any case.

A form carries a ticket: a random id, which becomes the command's Idempotency-Key, and a MAC over it and the session. So a form
sent twice is one command, and a form of somebody else's making is none.
"""

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.sealing import Cookie, Seal
from gateway.html_form import Unreadable
from services.chassis.clock import Clock

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=10)
_SEEN_AGAIN: Final = timedelta(minutes=1)
"""A session is sealed anew no more often than this."""
_MAC: Final = 16
_MOST_ENDED: Final = 10_000


class Vouch(msgspec.Struct, frozen=True, kw_only=True):
    """By what the office's provider is asked whether somebody is still who they were when they signed in."""

    subject: str
    """Their id at the provider."""
    refresh: str
    role: str
    several: bool
    """Whether they hold other posts too."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in: the token is theirs, everything asked is asked with it."""

    id: UUID
    token: str
    account: str
    unit: str
    purpose: str
    began: datetime
    seen: datetime
    vouch: Vouch | None = None
    """None for a demonstration account."""

    @property
    def kind(self) -> str:
        """The kind of unit, such as `township`."""
        return self.unit.partition(":")[0]

    @property
    def area(self) -> str:
        """The code of its area or school."""
        return self.unit.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A form that came back: its id is the key of what it asks for."""

    id: UUID


class Sessions:
    """Seals sessions into cookies and opens them again."""

    def __init__(self, *, secret: str, clock: Clock, development: bool) -> None:
        """`secret` is one that all gateways of an installation share. In development a cookie may go over plain HTTP."""
        self._seal = Seal(secret=secret, kind=b"console session")
        self._cookie = Cookie("baoxue", development=development)
        self._key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"console forms").digest()
        self._clock = clock
        self._ended: OrderedDict[UUID, None] = OrderedDict()

    def begin(self, *, token: str, me: Mapping[str, Any], vouch: Vouch | None = None) -> Session:
        """A new session of whoever the token is for."""
        now = self._clock.now()
        return Session(
            id=uuid4(),
            token=token,
            account=me["actor"],
            unit=me["unit"],
            purpose=me["purpose"],
            began=now,
            seen=now,
            vouch=vouch,
        )

    def find(self, request: Request) -> Session | None:
        """The session of a request, or None where there is none, it was idle for too long, or it ended."""
        sealed = self._cookie.of(request)
        session = None if sealed is None else self._seal.open(sealed, Session)
        now = self._clock.now()
        if session is None or session.id in self._ended:
            return None
        if now - session.seen > IDLE or now - session.began > LONGEST:
            return None
        return session

    def keep(self, request: Request, response: Response, session: Session, *, before: Session | None) -> None:
        """Sets the cookie where the session is new, was seen a while ago, or has another token."""
        now = self._clock.now()
        if session.id in self._ended:
            return
        if before is not None and before.token == session.token and now - session.seen < _SEEN_AGAIN:
            return
        sealed = self._seal.close(msgspec.structs.replace(session, seen=now))
        self._cookie.set(request, response, sealed, max_age=int(LONGEST.total_seconds()))

    def end(self, request: Request, response: Response, session: Session | None) -> None:
        """Takes the cookie back; this gateway takes it from nobody any more."""
        if session is not None:
            self._ended[session.id] = None
            while len(self._ended) > _MOST_ENDED:
                self._ended.popitem(last=False)
        self._cookie.set(request, response, "", max_age=0)

    def hand_out(self, session: Session) -> str:
        """A ticket for one form of a session."""
        id = uuid4().bytes  # noqa: A001  # the form's
        return base64.urlsafe_b64encode(id + self._mac(session, id)).decode().rstrip("=")

    def take(self, session: Session, ticket: str) -> Ticket:
        """The ticket of a form that came back; raises `Unreadable` for one that this session was not handed."""
        try:
            raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
        except (binascii.Error, ValueError):
            raw = b""
        id, mac = raw[:-_MAC], raw[-_MAC:]  # noqa: A001
        if len(id) != 16 or not hmac.compare_digest(mac, self._mac(session, id)):
            raise Unreadable("请从本网页填写并提交。", status=403)
        return Ticket(UUID(bytes=id))

    def _mac(self, session: Session, id: bytes) -> bytes:  # noqa: A002
        return hmac.digest(self._key, session.id.bytes + id, "sha256")[:_MAC]
