"""Signing in at an office's own provider: from what it vouches for to a post, and the console's own token for that post.

The token is like a partner's (RFC 9068): account, unit, purpose, ten minutes. It is never renewed without the provider having
vouched again, and for the same post; so whoever left an office, or its post, is out within that time.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.access.issuing import Issuer
from gateway.access.policy import Policy
from gateway.identity.posts import Post, SignIn, read_sign_in
from gateway.identity.provider import NotVouched, Provider, Vouched, Way
from services.chassis.clock import Clock

MINUTES: Final = 10
"""How long a token is good for."""
_LONGEST_REFRESH: Final = 2000
"""A browser keeps no cookie of more than 4096 bytes, and the session's holds more than this."""
_log = logging.getLogger("baoxue.gateway.identity")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom the provider vouches for, and the posts they hold."""

    account: str
    subject: str
    posts: tuple[Post, ...]
    refresh: str
    """By what the provider is asked again; empty where it gives nothing of the kind."""


def open_office(
    file: Path | None, *, secret: Callable[[], str], issuer: Issuer, policy: Policy, clock: Clock
) -> "Office | None":
    """The office of the file that BAOXUE_SIGN_IN names, or None where it names none or nothing is set in it; raises `Refused`.

    `secret` gives what the provider knows the console by; it is asked for only where there is a provider.
    """
    sign_in = None if file is None else read_sign_in(file, policy=policy, clock=clock)
    if sign_in is None:
        return None
    provider = Provider(sign_in=sign_in, secret=secret(), clock=clock)
    return Office(sign_in=sign_in, provider=provider, issuer=issuer, policy=policy, clock=clock)


class Office:
    """One provider, and what its word is good for here."""

    def __init__(self, *, sign_in: SignIn, provider: Provider, issuer: Issuer, policy: Policy, clock: Clock) -> None:
        self._sign_in = sign_in
        self._provider = provider
        self._issuer = issuer
        self._policy = policy
        self._clock = clock

    @property
    def address(self) -> str:
        """Where offices reach the console, an https address."""
        return self._sign_in.address

    async def way_in(self, way: Way) -> str:
        """Where a browser is sent to sign in; raises `Unreachable`."""
        return await self._provider.way_in(way)

    async def way_out(self) -> str:
        """Where a browser signs out at the provider; empty where there is no such place. Raises `Unreachable`."""
        return await self._provider.way_out()

    async def arrived(self, given: Mapping[str, str], way: Way) -> Arrival:
        """Who came back, and for which posts, which may be none; raises `NotVouched`, `Unreachable`."""
        return self._arrival(await self._provider.arrived(given, way))

    async def again(self, *, account: str, subject: str, post: Post, refresh: str) -> Arrival:
        """That somebody still holds a post; raises `NotVouched`, `Unreachable`."""
        arrival = self._arrival(await self._provider.again(refresh, subject=subject))
        if arrival.account != account or post not in arrival.posts:
            raise NotVouched("post")
        return arrival

    def token(self, account: str, post: Post) -> str:
        """The console's token for somebody in a post."""
        return self._issuer.mint_for(
            actor=account, unit=post.unit, purpose=post.purpose, role=post.role, minutes=MINUTES
        )

    async def close(self) -> None:
        """Lets go of the provider."""
        await self._provider.close()

    def _arrival(self, vouched: Vouched) -> Arrival:
        account = self._sign_in.account_of(vouched.claims)
        posts = self._sign_in.posts_of(vouched.claims, policy=self._policy, clock=self._clock)
        if len(vouched.refresh) > _LONGEST_REFRESH:
            _log.error(
                "the provider's refresh tokens are too long for a cookie: sessions end after %d minutes", MINUTES
            )
        refresh = vouched.refresh if len(vouched.refresh) <= _LONGEST_REFRESH else ""
        return Arrival(account, vouched.subject, posts, refresh)
