"""Which notices time will act on: a small read side in memory, folded from the service's own events.

It is fed every event of the service in recorded order, from the beginning at each start, and decides nothing itself:
the notice looks again. So a stale entry costs one look, and feeding events twice in order changes nothing.
"""

from datetime import date
from uuid import UUID

from services.notify.domain.notice import Notice
from services.notify.domain.units import TOP


class OpenNotices:
    """The notices still to be delivered, and the last day of those still to be acknowledged that can climb."""

    def __init__(self) -> None:
        self._reply_by: dict[UUID, date] = {}
        self._undelivered: dict[UUID, None] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Notice.Raised():
                self._undelivered[event.originator_id] = None
                if not event.recipient.startswith(f"{TOP}:"):
                    self._reply_by[event.originator_id] = event.reply_by
            case Notice.Delivered():
                self._undelivered.pop(event.originator_id, None)
            case Notice.DeliveryFailed() if not event.retry:
                self._undelivered.pop(event.originator_id, None)
            case Notice.Acknowledged() | Notice.Escalated():
                self._reply_by.pop(event.originator_id, None)
            case _:
                pass

    def undelivered(self) -> list[UUID]:
        """The notices a channel is still to try, the oldest first."""
        return list(self._undelivered)

    def overdue(self, today: date) -> list[UUID]:
        """The notices nobody acknowledged in time, the longest overdue first."""
        late = sorted((reply_by, notice_id) for notice_id, reply_by in self._reply_by.items() if reply_by < today)
        return [notice_id for _, notice_id in late]
