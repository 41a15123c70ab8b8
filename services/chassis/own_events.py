"""Feeds a service's own events, in recorded order from the beginning, to a small read side it keeps in memory."""

from collections.abc import Callable
from threading import Lock

from services.chassis.application import RecordedApplication

BATCH = 2_000


class OwnEvents:
    """Follows one application's notification log; `catch_up` may be called from any thread."""

    def __init__(self, *, application: RecordedApplication, apply: Callable[[object], None]) -> None:
        self._application = application
        self._apply = apply
        self._seen = 0
        self._lock = Lock()

    def catch_up(self) -> None:
        """Applies everything recorded since the last time, personal fields left sealed."""
        with self._lock:
            while batch := self._application.recorder_of_commands.follow(after=self._seen, limit=BATCH):
                for notification in batch:
                    self._apply(self._application.sealed_event(notification.event))
                    self._seen = notification.position
