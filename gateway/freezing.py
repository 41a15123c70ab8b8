"""到期定格: each period's pack of statistics is frozen by the clock once the period is over (四个一, 教基厅函〔2024〕15号).

The numbers are counted here and cases decides about them, as when an officer freezes; the clock acts for the bureau, under the
bureau's line of the policy, and `clock` stands as who froze it. Nothing is kept between two looks: what there is to freeze is what
the read model has no pack of, so after a restart or an outage whatever can still be frozen is. Who looks at the same time freezes
nothing twice: a period's command has one id, and a pack of a period is one.

A period that was over before the first register came in is left to officers: there was nobody to count. While the read model is
behind, nothing is frozen. What a rule refuses stays in `statisticsDue`, where an officer sees it.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid5

from gateway.access.policy import Policy
from gateway.access.principal import principal_of
from gateway.commands import Answer, Commands, CommandUncertain
from gateway.readmodel.reading import Reader, claims
from gateway.schema.reading import Looking
from gateway.schema.statistics_lines import Period, as_sent, count_period, still_to_freeze
from services.chassis.clock import Clock, china_date
from services.chassis.errors import ServiceError
from services.chassis.runtime import UNDONE, Repeating
from services.contracts.divisions import COUNTY

EVERY_S: Final = 300.0
THE_CLOCK: Final = "clock"
COUNTED_FROM: Final = ("roster", "cases")
"""Whose events the numbers are made of."""
_UNIT: Final = f"education_bureau:{COUNTY}"
_PURPOSE: Final = "dropout_control"
_FREEZING: Final = UUID("0f6e3d0c-52c5-5b6a-8a2d-7c1f3f4f9a11")
_FIRST: Final = b"select recorded_at from journal where producer = 'roster' order by position limit 1"
_log = logging.getLogger("baoxue.gateway.freezing")

Reach = Callable[[], tuple[Reader, Commands]]
"""Opens a way to the read model and one to the services, for one look."""


class Freezing:
    """Freezes what is over."""

    def __init__(self, *, policy: Policy, reach: Reach, clock: Clock) -> None:
        self._policy = policy
        self._reach = reach
        self._clock = clock

    def part(self) -> Repeating:
        """The part that looks every few minutes."""
        return Repeating(name="gateway clock", every_s=EVERY_S, do=self.look)

    def look(self) -> str:
        """Freezes what is over and has no pack, the longest over first; says so where something of it could not be."""
        return asyncio.run(self._look())

    async def _look(self) -> str:
        reader, commands = self._reach()
        try:
            looking = self._looking(reader)
            due = await _over(looking)
            if not due or not await _is_caught_up(commands):
                return "ok"
            said = {period: await _freeze(looking, commands, period) for period in due}
            left = await _over(looking)
            for period in left:
                _log.error(
                    "statistics of %s %s could not be frozen: %s", period.kind, period.name, said.get(period, "")
                )
            return UNDONE if left else "ok"
        finally:
            await commands.close()
            await reader.close()

    def _looking(self, reader: Reader) -> Looking:
        now = self._clock.now()
        bureau = principal_of(
            actor=THE_CLOCK, unit=_UNIT, purpose=_PURPOSE, client=THE_CLOCK, policy=self._policy, now=now
        )
        return Looking(principal=bureau, reader=reader, today=china_date(now))


async def _over(looking: Looking) -> list[Period]:
    """What is over since the first register came in, and has no pack."""
    due = [period for period in await still_to_freeze(looking) if period.ended_on < looking.today]
    if not due:
        return []
    begun = await looking.reader.fetch(_FIRST, {}, claims=claims(journal="on"))
    return [period for period in due if begun and china_date(begun[0][0]) <= period.ended_on]


async def _is_caught_up(commands: Commands) -> bool:
    """Whether the read model has all that was told by now; where a service doesn't answer, it can't be known."""
    try:
        heads = {service: await commands.head(service) for service in COUNTED_FROM}
    except CommandUncertain:
        return False
    return all(
        [await commands.visible(service, Answer(id=_FREEZING, position=head)) for service, head in heads.items()]
    )


async def _freeze(looking: Looking, commands: Commands, period: Period) -> str:
    """Freezes one; what a rule says against it, or that no answer came, is answered and left for the next look."""
    counted = await count_period(looking, kind=period.kind, period=period.name)
    try:
        answer = await commands.send(
            "cases",
            "freeze_statistics",
            {"kind": period.kind, "period": period.name, **as_sent(counted)},
            principal=looking.principal,
            idempotency_key=uuid5(_FREEZING, f"{_UNIT}/{period.kind}/{period.name}"),
        )
    except ServiceError as error:
        return str(error)
    except CommandUncertain:
        return "cases gave no answer"
    await commands.visible("cases", answer)
    return "not shown yet"
