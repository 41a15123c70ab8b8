"""Whether what is shown is new enough to say that something still lasts 时效: an open case, a referral, the matter a token is about.

The read model hears late, and a grant that ends with a task would outlive it by as long. So what such a grant opens is shown
only while the read model is known to hold everything the services had recorded a bounded while ago. Each service says how
far its events go; the journal says whether it holds every one of them up to there, whatever lay between: a relay that
stands, a broker, a projector. Positions have no holes, so counting those after the last count is enough.

Warrants 凭据 need none of this: they stand in the gateway's own database and end there at once.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from gateway.access.policy import ROW_RELATIONS, Relation
from gateway.access.principal import Principal
from gateway.readmodel.reading import Reader, ReadModelUnavailable, claims

ENDING: Final = frozenset({Relation.CASE, Relation.REFERRAL})
"""Relations that end with a task of which the services tell."""
BOUND_S: Final = 60.0
PRODUCERS: Final = ("roster", "cases")
"""Whose events end such grants: an answered finding, an answered referral, a closed case."""
LOOKS: Final = 4
"""How often within the bound it is looked, at the least, while anybody asks."""
LEAST_S: Final = 1.0
_ASK_S: Final = 2.0
_SOON_S: Final = 0.2
_MOST_MARKS: Final = 64
_HELD: Final = b"""
    select count(*) from journal where producer = %(producer)s and position > %(after)s and position <= %(until)s"""


class TooOld(Exception):
    """What is shown is older than grants that end allow, or it isn't known how old it is."""

    def __init__(self, *, bound_s: float, after_s: int) -> None:
        super().__init__(
            f"What is shown here is more than {bound_s:.0f} seconds old, or that can't be told, so it can't say whether this case or"
            f" referral is still open; nothing was shown. Ask again in {after_s} seconds. 数据尚未更新，暂不能确认授权仍然有效，请稍后再试。"
        )
        self.after_s = after_s


class Heads(Protocol):
    """Knows how far the services' own events go."""

    async def head(self, service: str) -> int:
        """The position of a service's newest event; raises where it gives no answer."""
        ...


class Nobody:
    """No service can be asked, so nothing is ever known to be new enough."""

    async def head(self, service: str) -> int:
        """Gives no answer."""
        raise LookupError(service)


@dataclass(slots=True)
class _Known:
    """What is known of one producer: `held` is the position up to which the journal has all, as was so at `at`."""

    held: int = 0
    at: float = float("-inf")
    marks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=_MOST_MARKS))
    """Positions that were the newest at a moment, and are not all held yet."""


class Freshness:
    """Asks the services and the journal now and then, while anybody needs to know, and remembers."""

    def __init__(
        self,
        *,
        heads: Heads,
        reader: Reader,
        bound_s: float = BOUND_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._heads = heads
        self._reader = reader
        self._bound_s = bound_s
        self._now = now
        self._known = {producer: _Known() for producer in PRODUCERS}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def require(self) -> None:
        """Returns where the read model is new enough; raises `TooOld`."""
        if self._is_due() or (self._looking.locked() and not self._is_fresh()):
            async with self._looking:
                if self._is_due():  # nobody else has looked meanwhile
                    self._looked_at = self._now()
                    await asyncio.gather(*map(self._look, PRODUCERS))
        if not self._is_fresh():
            raise TooOld(bound_s=self._bound_s, after_s=max(1, int(self._bound_s / LOOKS)))

    def _is_due(self) -> bool:
        every_s = self._bound_s / LOOKS
        return self._now() - self._looked_at >= (every_s if self._is_fresh() else min(LEAST_S, every_s))

    def _is_fresh(self) -> bool:
        return min(known.at for known in self._known.values()) > self._now() - self._bound_s

    async def _look(self, producer: str) -> None:
        """What was the newest now, and whether what was the newest before has come; who gives no answer tells nothing."""
        known, now = self._known[producer], self._now()
        try:
            async with asyncio.timeout(_ASK_S):
                head = await self._heads.head(producer)
            if known.marks and head < known.marks[-1][0]:  # the service was taken back to a moment
                known.marks.clear()
            known.marks.append((head, now))
        except Exception:  # noqa: BLE001, S110  # however a service fails to answer, nothing is known, and time goes on
            pass
        with suppress(ReadModelUnavailable):
            await self._settle(producer)
            if known.marks and not self._is_fresh():  # a start under load: what is on its way comes in a moment
                await asyncio.sleep(_SOON_S)
                await self._settle(producer)

    async def _settle(self, producer: str) -> None:
        """Strikes off the marks that the journal has reached."""
        known = self._known[producer]
        while known.marks:
            until, at = known.marks[0]
            if until > known.held and not await self._holds(producer, after=known.held, until=until):
                return
            known.held, known.at = max(known.held, until), at
            known.marks.popleft()

    async def _holds(self, producer: str, *, after: int, until: int) -> bool:
        [(held,)] = await self._reader.fetch(
            _HELD, {"producer": producer, "after": after, "until": until}, claims=claims(journal="on")
        )
        return int(held) == until - after


def rests_on_a_task(principal: Principal, fields: Iterable[str]) -> bool:
    """Whether any of these `Type.field` is open to the caller only until a task ends."""
    grants = principal.grants
    if grants.reach not in ENDING and principal.about is None:
        return False
    granted = (grants.of(type_name, name) for type_name, _, name in (field.partition(".") for field in fields))
    return any(grant is not None and grant.relation in ROW_RELATIONS for grant in granted)
