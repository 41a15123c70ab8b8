"""A session's token had anew before it ends: from the development issuer, or after the office's provider has vouched once more.

Requests of one session share one question to the provider, whose refresh tokens may be good once only.
"""

import asyncio
from collections import OrderedDict
from typing import Final, Protocol
from uuid import UUID

import msgspec
from joserfc import jws

from gateway.console.session import Session
from gateway.identity.office import MINUTES, Office
from gateway.identity.posts import Post
from gateway.identity.provider import Unreachable
from services.chassis.clock import Clock

_BEFORE_S: Final = 120
_MOST: Final = 4096


class Issuer(Protocol):
    """Gives tokens of demonstration accounts; in development only."""

    def mint(self, name: str, *, minutes: int = 10) -> str:
        """A token for an account; raises `KeyError` for one there is not."""
        ...


class Renewals:
    """Has tokens of sessions anew."""

    def __init__(self, *, clock: Clock, issuer: Issuer | None, office: Office | None) -> None:
        self._clock = clock
        self._issuer = issuer
        self._office = office
        self._asked: OrderedDict[UUID, asyncio.Task[Session]] = OrderedDict()

    async def of(self, session: Session) -> Session:
        """The session with a token that is good for a while, or as it is where nobody gives another; raises `NotVouched` and,
        where the provider does not answer and the token has ended, `Unreachable`."""
        if self._left_s(session) > _BEFORE_S:
            return session
        if self._issuer is not None:
            return msgspec.structs.replace(session, token=self._issuer.mint(session.account, minutes=MINUTES))
        if self._office is None or session.vouch is None or not session.vouch.refresh:
            return session
        try:
            latest = await asyncio.shield(self._ask(session, self._office))
        except Unreachable:
            if self._left_s(session) <= 0:
                raise
            return session
        return msgspec.structs.replace(session, token=latest.token, vouch=latest.vouch)

    def _ask(self, session: Session, office: Office) -> asyncio.Task[Session]:
        asked = self._asked.get(session.id)
        if asked is None or (asked.done() and not self._is_good(asked)):
            asked = self._asked[session.id] = asyncio.create_task(_renewed(session, office))
            while len(self._asked) > _MOST:
                self._asked.popitem(last=False)
        return asked

    def _is_good(self, asked: asyncio.Task[Session]) -> bool:
        return not asked.cancelled() and asked.exception() is None and self._left_s(asked.result()) > _BEFORE_S

    def _left_s(self, session: Session) -> float:
        ends: float = msgspec.json.decode(jws.extract_compact(session.token.encode()).payload)["exp"]
        return ends - self._clock.now().timestamp()


async def _renewed(session: Session, office: Office) -> Session:
    vouch = session.vouch
    if vouch is None:
        raise ValueError(session.id)
    post = Post(session.unit, session.purpose, vouch.role)
    arrival = await office.again(account=session.account, subject=vouch.subject, post=post, refresh=vouch.refresh)
    return msgspec.structs.replace(
        session,
        token=office.token(session.account, post),
        vouch=msgspec.structs.replace(vouch, refresh=arrival.refresh, several=len(arrival.posts) > 1),
    )
