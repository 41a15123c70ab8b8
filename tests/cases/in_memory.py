"""Cases on a recorder in memory and a mapper that seals nothing: for tests of what commands and policy cause.

What the real store and vault promise is tested with them, in tests/chassis; nothing here is about storage.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking

from services.cases import policy
from services.cases.application import Cases
from services.cases.due import DueReplies
from services.cases.lookup import Dropouts, DueCases, DueVisits, NamedPersons, Posts
from services.cases.oversight import Oversight
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from tests.cases.given import acting_on


class PlainMapper:
    """Keeps the event itself as the stored event."""

    def to_stored_event(self, domain_event: Any) -> Any:
        return domain_event

    def to_domain_event(self, stored_event: Any) -> DomainEventProtocol[UUID]:
        return cast("DomainEventProtocol[UUID]", stored_event)


class MemoryRecorder:
    """An event log in a list: one event for each aggregate and version, all or nothing."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self._of: dict[UUID, list[Any]] = defaultdict(list)
        self._taken: set[tuple[UUID, int]] = set()

    def insert_events(self, stored_events: Sequence[Any], **_beside: object) -> list[int]:
        fresh = [(event.originator_id, event.originator_version) for event in stored_events]
        if len(set(fresh)) < len(fresh) or not self._taken.isdisjoint(fresh):
            raise IntegrityError
        self._taken.update(fresh)
        first = len(self.log) + 1
        self.log.extend(stored_events)
        for event in stored_events:
            self._of[event.originator_id].append(event)
        return list(range(first, len(self.log) + 1))

    def select_events(self, originator_id: UUID, **_bounds: object) -> Iterable[StoredEvent]:
        return list(self._of.get(originator_id, ()))

    def select_events_of(self, originator_ids: Iterable[UUID]) -> list[StoredEvent]:
        return [event for id_ in originator_ids for event in self._of.get(id_, ())]

    def find_answer(self, _command_id: UUID) -> None:
        return None

    def max_notification_id(self) -> int | None:
        return len(self.log) or None

    def max_tracking_id(self, _name: str) -> int | None:
        return None

    def has_tracking_id(self, _tracking: Tracking) -> bool:
        return False


class MemoryCases(Cases):
    """Cases in memory, and their days."""

    def __init__(self, *, require_witnessed: Callable[[str], None] = lambda _: None) -> None:
        self.memory = MemoryRecorder()
        super().__init__(
            recorder=cast("Recorder", self.memory),
            mapper=cast("SealingMapper", PlainMapper()),
            require_witnessed=require_witnessed,
        )
        self.oversight = Oversight(cases=self, dropouts=Dropouts, posts=Posts)
        self.due_cases, self.due_visits, self.due_replies = DueCases(), DueVisits(), DueReplies()
        self.named_persons = NamedPersons()
        self._seen = 0

    def told(self, kind: type[Any]) -> list[Any]:
        """All events of a class recorded so far."""
        return [event for event in self.memory.log if isinstance(event, kind)]

    def pass_day(self, day: date) -> None:
        """Lets the clock tick on a day."""
        self.look()
        with acting_on(day, actor="clock", department="system:clock"):
            policy.tick(
                self,
                self.oversight,
                day,
                due_cases=self.due_cases,
                due_visits=self.due_visits,
                due_replies=self.due_replies,
                named_persons=self.named_persons,
            )

    def look(self) -> None:
        """Feeds the look-ups what was recorded since the last time."""
        for event in self.memory.log[self._seen :]:
            for look_up in (self.due_cases, self.due_visits, self.due_replies, self.named_persons):
                look_up.apply(event)
        self._seen = len(self.memory.log)
