"""How far an inbox is behind the log: told by the thread that hears, read from any."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from services.chassis.clock import Clock
from services.chassis.log import Behind, Lag, Message, Record, Subscription

ASK_EVERY_S: Final = 5.0
"""How often it asks how much there is beyond what it polled, while there is something to handle."""
CAUGHT_UP: Final = Behind(0, reachable=True)
UNREACHABLE_S: Final = 3.0
"""How long the log may be out of reach before `health()` speaks of it."""


class Progress:
    """What was polled and what of it was handled, and how much lies beyond."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._caught_up_at = clock.now()
        self._front: datetime | None = self._caught_up_at  # when the oldest event was recorded that is not handled
        self._at_hand = 0
        self._behind = Behind(None, reachable=True)
        self._asked_at = 0.0
        self._cut_off_at: float | None = None

    def polled(self, records: Sequence[Record], subscription: Subscription) -> None:
        """What a poll brought; asks how much there is beyond it where that may have changed."""
        if records:
            self._front, self._at_hand = min(self._recorded(records)), len(records)
            if time.monotonic() - self._asked_at < ASK_EVERY_S:
                return
        self._asked_at = time.monotonic()
        self._behind = subscription.behind()
        if self._behind.reachable:
            self._cut_off_at = None
        elif self._cut_off_at is None:
            self._cut_off_at = time.monotonic()
        if records:
            return
        if self._behind == CAUGHT_UP:
            self._caught_up_at, self._front = self._clock.now(), None
        elif self._front is None:
            self._front = self._caught_up_at

    def through(self, records: Sequence[Record]) -> Iterator[Record]:
        """The records, one after the other, each noted as the next to be handled."""
        oldest = list(accumulate(reversed(self._recorded(records)), min))[::-1]
        for number, record in enumerate(records):
            self._front, self._at_hand = oldest[number], len(records) - number
            yield record
        self._at_hand = 0

    def lag(self, *, goes_on: bool) -> Lag:
        """The age of what is handled next, and how many events that and what is beyond it are.

        Who doesn't go on was caught up only when he last knew it.
        """
        front, behind, at_hand = self._front, self._behind.events, self._at_hand
        if front is None and not goes_on:
            front = self._caught_up_at
        seconds = 0.0 if front is None else max(0.0, (self._clock.now() - front).total_seconds())
        return Lag(seconds, None if behind is None else behind + at_hand)

    def _recorded(self, records: Sequence[Record]) -> list[datetime]:
        """When each was recorded; of one that can't be read that isn't known."""
        now = self._clock.now()
        return [record.envelope.recorded_at if isinstance(record, Message) else now for record in records]

    def is_cut_off(self) -> bool:
        """Whether the log has been out of reach for longer than a blink."""
        since = self._cut_off_at
        return since is not None and time.monotonic() - since > UNREACHABLE_S
