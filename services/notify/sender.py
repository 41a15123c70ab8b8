"""The part that sends 发送: claims what is due, hands it to its channel, and records what came of it.

Of several processes one sends at a time, under a lock of the database. Whoever loses the lock without knowing can't send twice: a
message is begun by whoever records its first event, and no other may touch it before its lease is over. By then every wait
of a channel has ended.

A round sends what may be sent now: within each channel's rate, and over no channel that rests. A provider that is away rests for
half a minute, then twice as long, up to a quarter of an hour; then one message tries it. So an outage of days costs a few
tries of a few messages, and loses none.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final
from uuid import UUID

import psycopg

from services.chassis.aggregate import acting
from services.chassis.clock import Clock
from services.chassis.errors import Refused, Stale
from services.chassis.runtime import by_the_clock
from services.chassis.telemetry import count
from services.notify.channels import Outbound
from services.notify.dispatching import Claimed, Dispatching
from services.notify.domain.contact import ChannelName
from services.notify.domain.dispatch import Outcome
from services.notify.waiting import Waiting

ROUND_EVERY_S: Final = 1.0
AT_ONCE: Final = 500
"""How many messages a round sends over one channel at most; the rest the next time."""
REST: Final = timedelta(seconds=30)
REST_MAX: Final = timedelta(minutes=15)

Claim = Callable[[], Claimed | None]


@dataclass(slots=True)
class _Rest:
    until: datetime
    pause: timedelta


class Pace:
    """How many messages a channel may still send now: as many as it may in a minute, and no more saved up."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._at: datetime | None = None

    def allowed(self, now: datetime) -> int:
        """How many."""
        if self._at is not None:
            gained = (now - self._at).total_seconds() * self._per_minute / 60
            self._left = min(float(self._per_minute), self._left + gained)
        self._at = now
        return int(self._left)

    def took(self, number: int) -> None:
        """So many were sent."""
        self._left -= number


class Sender:
    """Sends over the channels it is given; `round` does what is due now."""

    def __init__(
        self,
        *,
        dispatching: Dispatching,
        waiting: Waiting,
        catch_up: Callable[[], None],
        channels: Sequence[Outbound],
        clock: Clock,
        dsn: str,
    ) -> None:
        self._dispatching = dispatching
        self._waiting = waiting
        self._catch_up = catch_up
        self._channels: Mapping[ChannelName, Outbound] = {channel.name: channel for channel in channels}
        self._clock = clock
        self._dsn = dsn
        self._paces = {channel.name: Pace(channel.per_minute) for channel in channels}
        self._rests: dict[Hashable, _Rest] = {}

    def round(self) -> None:
        """Does what is due, unless another process does just that."""
        if not self._channels:
            return
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            found = connection.execute("select pg_try_advisory_lock(hashtextextended('sender', 0))").fetchone()
            if found == (True,):
                self.send_due()

    def send_due(self) -> None:
        """Settles what others left, then sends, channel by channel, each with as many lines as it bears."""
        self._catch_up()
        with acting(by_the_clock(self._clock)):
            self._settle()
        for name, channel in self._channels.items():
            due = self._due(name)
            if due:
                self._paces[name].took(len(due))
                with ThreadPoolExecutor(max_workers=channel.width, thread_name_prefix=f"send {name}") as lines:
                    for done in [lines.submit(self._send, channel, place, claim) for place, claim in due]:
                        done.result()
            self._catch_up()

    def _settle(self) -> None:
        """Messages whose sender is gone, messages nobody knows the end of, webhooks that take nothing."""
        now = self._clock.now()
        for dispatch_id in self._waiting.abandoned(now=now):
            if (place := self._waiting.place_of(dispatch_id)) and (channel := self._channels.get(place[0])):
                self._dispatching.abandon(dispatch_id=dispatch_id, unseen=channel.if_unseen, can_ask=channel.can_ask)
                count("baoxue.messages", kind=channel.name, outcome=channel.if_unseen.result)
        self._catch_up()
        for dispatch_id in self._waiting.unsettled(now=now):
            self._ask(dispatch_id)
        for unit, entry_id in self._waiting.dead(now=now):
            self._dispatching.suspend_address(unit=unit, entry_id=entry_id, failure="unreachable")
        self._catch_up()

    def _ask(self, dispatch_id: UUID) -> None:
        place = self._waiting.place_of(dispatch_id)
        channel = self._channels.get(place[0]) if place else None
        claimed = self._dispatching.claimed(dispatch_id=dispatch_id)
        if channel is not None and claimed is not None:
            outcome = channel.ask(claimed.message, to=claimed.to)
            self._dispatching.conclude(dispatch_id=dispatch_id, outcome=outcome, can_ask=channel.can_ask)

    def _due(self, name: ChannelName) -> list[tuple[Hashable, Claim]]:
        """What may be sent over a channel now: within its rate, a single one where it has just rested."""
        now = self._clock.now()
        most = min(AT_ONCE, self._paces[name].allowed(now))
        return list(islice(self._beyond_rests(self._candidates(name, now), now), most))

    def _candidates(self, name: ChannelName, now: datetime) -> Iterator[tuple[Hashable, Claim]]:
        for dispatch_id in self._waiting.again(now=now):
            place = self._waiting.place_of(dispatch_id)
            if place is None or place[0] == name:
                yield self._provider(name, place), partial(self._dispatching.take_up, dispatch_id=dispatch_id)
        for first in self._waiting.first({*self._channels}, now=now):
            if self._waiting.channel_of(first) == name:
                yield (
                    self._provider(name, (name, first.entry_id)),
                    partial(
                        self._dispatching.begin, unit=first.unit, entry_id=first.entry_id, notice_ids=first.notice_ids
                    ),
                )

    def _provider(self, name: ChannelName, place: tuple[ChannelName, UUID] | None) -> Hashable:
        """Who is asked to carry it: one provider for all mailboxes and telephones, each webhook for itself."""
        return place if name == "webhook" and place else name

    def _beyond_rests(
        self, candidates: Iterator[tuple[Hashable, Claim]], now: datetime
    ) -> Iterator[tuple[Hashable, Claim]]:
        tried: set[Hashable] = set()
        for provider, claim in candidates:
            rest = self._rests.get(provider)
            if rest is None:
                yield provider, claim
            elif rest.until <= now and provider not in tried:
                tried.add(provider)
                yield provider, claim

    def _send(self, channel: Outbound, provider: Hashable, claim: Claim) -> None:
        """One message from its claim to its outcome. What can't be recorded is found by its lease."""
        with acting(by_the_clock(self._clock)):
            rest = self._rests.get(provider)
            if rest is not None and rest.until > self._clock.now():
                return
            try:
                claimed = claim()
            except (Stale, Refused):  # another was quicker: the next round looks again
                return
            if claimed is None:
                return
            outcome = channel.send(claimed.message, to=claimed.to)
        with acting(by_the_clock(self._clock)):
            self._dispatching.conclude(
                dispatch_id=claimed.dispatch_id, outcome=outcome, can_ask=channel.can_ask, known=claimed.dispatch
            )
        count("baoxue.messages", kind=channel.name, outcome=outcome.result)
        self._note(provider, outcome)

    def _note(self, provider: Hashable, outcome: Outcome) -> None:
        """Lets a provider that is away rest, and one that answers be."""
        if outcome.failure != "unreachable":
            self._rests.pop(provider, None)
            return
        before = self._rests.get(provider)
        now = self._clock.now()
        if before is None or before.until <= now:
            pause = REST if before is None else min(2 * before.pause, REST_MAX)
            self._rests[provider] = _Rest(now + pause, pause)
