"""The part that sends 发送: claims what is due, hands it to its channel, and records what came of it.

Of several processes one sends at a time, under a lock of the database. Whoever loses the lock without knowing can't send twice: a
message is begun by whoever records its first event, and no other may touch it before its lease is over. By then every wait
of a channel has ended.

A round sends what may be sent now: within each channel's rate, and over no channel that rests. A provider that is away rests for
half a minute, then twice as long, up to a quarter of an hour; then one message tries it. So an outage of days costs a few
tries of a few messages, and loses none.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final
from uuid import UUID

import psycopg

from services.chassis.aggregate import acting
from services.chassis.application import SomeFailed, let_time_work
from services.chassis.clock import Clock
from services.chassis.errors import Refused
from services.chassis.key_store import VaultUnavailable
from services.chassis.runtime import by_the_clock
from services.chassis.store import StoreUnavailable
from services.chassis.telemetry import count
from services.notify.channels import Outbound
from services.notify.dispatching import Claimed, Dispatching
from services.notify.domain.contact import ChannelName, Contact
from services.notify.domain.dispatch import Dispatch, Outcome
from services.notify.waiting import Waiting

ROUND_EVERY_S: Final = 1.0
AT_ONCE: Final = 500
"""How many messages a round sends over one channel at most; the rest the next time."""
REST: Final = timedelta(seconds=30)
REST_MAX: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A message that may be sent now: who is asked to carry it, how it is claimed, and what is read for that."""

    provider: Hashable
    make: Callable[[], Claimed | None]
    reads: tuple[UUID, ...]


_Line = Future[Outcome | None]
_Ended = tuple[Hashable, Claimed, Outcome | None]
"""A message that a line is done with, and what came of it; None where its lease was over before it was handed over."""
_NOT_SENT: Final = Outcome(result="failed", failure="unreachable")


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
        self._failed: SomeFailed | None = None
        """What could not be recorded in this round, to be told at its end."""

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
                self._send_all(channel, due)
            self._catch_up()
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

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

    def _due(self, name: ChannelName) -> list[_Claim]:
        """What may be sent over a channel now: within its rate, a single one where it has just rested."""
        now = self._clock.now()
        most = min(AT_ONCE, self._paces[name].allowed(now))
        return list(islice(self._beyond_rests(self._candidates(name, now), now), most))

    def _candidates(self, name: ChannelName, now: datetime) -> Iterator[_Claim]:
        for dispatch_id in self._waiting.again(now=now):
            place = self._waiting.place_of(dispatch_id)
            if place is None or place[0] == name:
                take_up = partial(self._dispatching.take_up, dispatch_id=dispatch_id)
                yield _Claim(self._provider(name, place), take_up, (dispatch_id,))
        for first in self._waiting.first({*self._channels}, now=now):
            if self._waiting.channel_of(first) == name:
                begin = partial(
                    self._dispatching.begin,
                    unit=first.unit,
                    account=first.account,
                    entry_id=first.entry_id,
                    notice_ids=first.notice_ids,
                )
                reads = (Contact.id_of(unit=first.unit, account=first.account), *first.notice_ids)
                yield _Claim(self._provider(name, (name, first.entry_id)), begin, reads)

    def _provider(self, name: ChannelName, place: tuple[ChannelName, UUID] | None) -> Hashable:
        """Who is asked to carry it: one provider for all mailboxes and telephones, each webhook for itself."""
        return place if name == "webhook" and place else name

    def _beyond_rests(self, candidates: Iterator[_Claim], now: datetime) -> Iterator[_Claim]:
        tried: set[Hashable] = set()
        for claim in candidates:
            rest = self._rests.get(claim.provider)
            if rest is None:
                yield claim
            elif rest.until <= now and claim.provider not in tried:
                tried.add(claim.provider)
                yield claim

    def _send_all(self, channel: Outbound, claims: Sequence[_Claim]) -> None:
        """Sends what is due over a channel. Its lines only send; what came back and what goes out next is recorded together.

        Where a message whose end nobody saw is told for what it is, as many are begun ahead as there are lines, so that no line waits
        for the record; where nobody can be asked, none is, so that a sender that ends leaves as few open as it can.
        """
        ahead = channel.width if channel.can_ask or channel.if_unseen.result != "open" else 0
        waiting = deque(claims)
        sent: dict[_Line, tuple[Hashable, Claimed]] = {}
        lines = ThreadPoolExecutor(max_workers=channel.width, thread_name_prefix=f"send {channel.name}")
        try:
            while waiting or sent:
                done = [line for line in sent if line.done()]
                ended = [(*sent[line], line.result()) for line in done]
                self._note(channel, ended)
                free = channel.width + ahead - len(sent) + len(done)
                begun = self._record(channel, ended, list(self._take(waiting, free)))
                for line in done:
                    del sent[line]
                for provider, claimed in begun:
                    sent[lines.submit(self._send, channel, claimed)] = (provider, claimed)
                wait(sent, return_when=FIRST_COMPLETED)
        except Exception:
            lines.shutdown(cancel_futures=True)
            for line, (_, claimed) in sent.items():
                self._conclude(channel, claimed, _NOT_SENT if line.cancelled() else line.result())
            raise
        finally:
            lines.shutdown(cancel_futures=True)

    def _take(self, waiting: deque[_Claim], most: int) -> Iterator[_Claim]:
        """The next few that are due, and go to no provider that has begun to rest meanwhile."""
        now = self._clock.now()
        while waiting and most > 0:
            claim = waiting.popleft()
            rest = self._rests.get(claim.provider)
            if rest is None or rest.until <= now:
                most -= 1
                yield claim

    def _record(
        self, channel: Outbound, ended: Sequence[_Ended], claims: Sequence[_Claim]
    ) -> list[tuple[Hashable, Claimed]]:
        """Records what came of messages and begins others, all at once; each by itself where one of them can't be recorded.

        What can't be recorded at all is found by its lease.
        """
        try:
            with self._dispatching.together(reading={id_ for claim in claims for id_ in claim.reads}):
                for _, claimed, outcome in ended:
                    self._conclude(channel, claimed, outcome, known=claimed.dispatch)
                begun = [(claim.provider, new) for claim in claims if (new := self._begin(claim))]
        except (StoreUnavailable, VaultUnavailable):
            raise
        except Exception:  # noqa: BLE001  # whatever befalls one, the others are sent all the same
            begun = self._record_singly(channel, ended, claims)
        return begun

    def _record_singly(
        self, channel: Outbound, ended: Sequence[_Ended], claims: Sequence[_Claim]
    ) -> list[tuple[Hashable, Claimed]]:
        begun: list[tuple[Hashable, Claimed]] = []

        def begin(claim: _Claim) -> None:
            with suppress(Refused):  # another was quicker: the next round looks again
                if claimed := self._begin(claim):
                    begun.append((claim.provider, claimed))

        try:
            let_time_work(
                [
                    *((one.dispatch_id, partial(self._conclude, channel, one, outcome)) for _, one, outcome in ended),
                    *((claim.reads[0], partial(begin, claim)) for claim in claims),
                ]
            )
        except SomeFailed as failed:
            self._failed = failed
        return begun

    def _begin(self, claim: _Claim) -> Claimed | None:
        with acting(by_the_clock(self._clock)):
            return claim.make()

    def _conclude(
        self, channel: Outbound, claimed: Claimed, outcome: Outcome | None, *, known: Dispatch | None = None
    ) -> None:
        if outcome is not None:
            with acting(by_the_clock(self._clock)):
                self._dispatching.conclude(
                    dispatch_id=claimed.dispatch_id, outcome=outcome, can_ask=channel.can_ask, known=known
                )

    def _send(self, channel: Outbound, claimed: Claimed) -> Outcome | None:
        """Hands a message over; None where its lease ran out before that: somebody else may be at it."""
        if claimed.dispatch.lease <= self._clock.now():
            return None
        return channel.send(claimed.message, to=claimed.to)

    def _note(self, channel: Outbound, ended: Sequence[_Ended]) -> None:
        """Counts what came of messages, and by that lets a provider that is away rest, and one that answers be."""
        for provider, _, outcome in ended:
            if outcome is not None:
                count("baoxue.messages", kind=channel.name, outcome=outcome.result)
                self._rest(provider, outcome)

    def _rest(self, provider: Hashable, outcome: Outcome) -> None:
        if outcome.failure != "unreachable":
            self._rests.pop(provider, None)
            return
        before = self._rests.get(provider)
        now = self._clock.now()
        if before is None or before.until <= now:
            pause = REST if before is None else min(2 * before.pause, REST_MAX)
            self._rests[provider] = _Rest(now + pause, pause)
