"""Time as an argument: the one place that reads the machine's clock.

Decisions never ask for the time; a composition root hands a `Clock` to the rim and the rim hands moments inward.
Dates of the law are dates in China, whatever the machine's zone.
"""

from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the moment now, aware and in UTC."""

    def now(self) -> datetime:
        """The moment now, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The moment now, in UTC."""
        return datetime.now(UTC)


class SteppedClock:
    """A clock that moves only when told, and never backwards: for rehearsals, demonstrations and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        """The moment the clock was last moved to."""
        with self._lock:
            return self._now

    def step(self, by: timedelta) -> datetime:
        """Moves the clock onward and returns the new moment; a step back is an error of the caller."""
        if by < timedelta(0):
            message = "a clock is never stepped back"
            raise ValueError(message)
        with self._lock:
            self._now += by
            return self._now


def china_date(moment: datetime) -> date:
    """The calendar date of a moment in China: 2026-09-14T23:00Z is already 15 September there."""
    return moment.astimezone(CHINA).date()
