"""Who is on the way in: what a browser keeps between leaving for the provider and being signed in, sealed, for ten minutes."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.sealing import Cookie, Seal
from gateway.identity.posts import Post
from gateway.identity.provider import Way
from services.chassis.clock import Clock

LONGEST: Final = timedelta(minutes=10)
_MOST_SPENT: Final = 10_000


class Begun(msgspec.Struct, frozen=True, tag="begun", kw_only=True):
    """Somebody was sent to the provider."""

    way: Way
    next: str
    at: datetime


class Arrived(msgspec.Struct, frozen=True, tag="arrived", kw_only=True):
    """Somebody is back, and still has to say for which post."""

    way: Way
    account: str
    subject: str
    posts: tuple[Post, ...]
    refresh: str
    next: str
    at: datetime


class _Kept(msgspec.Struct, frozen=True):
    arrival: Begun | Arrived


class Arrivals:
    """Has browsers keep how far somebody's way in has come."""

    def __init__(self, *, secret: str, clock: Clock, development: bool) -> None:
        self._seal = Seal(secret=secret, kind=b"console arrival")
        self._cookie = Cookie("baoxue-arrival", development=development)
        self._clock = clock
        self._spent: OrderedDict[str, None] = OrderedDict()

    def keep(self, request: Request, response: Response, arrival: Begun | Arrived) -> None:
        """Has the browser keep it."""
        self._cookie.set(request, response, self._seal.close(_Kept(arrival)), max_age=int(LONGEST.total_seconds()))

    def find(self, request: Request) -> Begun | Arrived | None:
        """What the browser kept; None where there is nothing, it is too old, or it led to somewhere already."""
        sealed = self._cookie.of(request)
        kept = None if sealed is None else self._seal.open(sealed, _Kept)
        if kept is None or self._clock.now() - kept.arrival.at > LONGEST:
            return None
        spent = isinstance(kept.arrival, Begun) and kept.arrival.way.state in self._spent
        return None if spent else kept.arrival

    def spend(self, begun: Begun) -> None:
        """What was begun leads back once, whatever comes of it."""
        self._spent[begun.way.state] = None
        while len(self._spent) > _MOST_SPENT:
            self._spent.popitem(last=False)

    def forget(self, request: Request, response: Response) -> None:
        """Takes it back."""
        self._cookie.set(request, response, "", max_age=0)
