"""Which cases time will act on, and when: a small read side in memory, folded from the service's own events.

It is fed every event of the service in recorded order, from the beginning at each start, and decides nothing itself:
`Case.expire` and `Case.lapse` look again. So a stale entry costs one look, and feeding an event twice in order changes nothing.
"""

from datetime import date
from uuid import UUID

from services.cases.domain.case import Case, Owing, id_of_case
from services.cases.domain.rules import Owed, handed_up


class DueCases:
    """The last day in time of every case that a later day changes."""

    def __init__(self) -> None:
        self._due_on: dict[UUID, date] = {}
        self._paused: dict[UUID, Owed] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Case.Paused():
                self._paused[event.originator_id] = event.owed
                self._set(event.originator_id, event.pause.until_on)
            case Owing() if self._stands(event):
                pass
            case Owing():
                self._paused.pop(event.originator_id, None)
                if isinstance(event, Case.Opened):
                    # Whatever the earlier case still waited for, a deferral's end, is the new case's matter now.
                    self._due_on.pop(id_of_case(event.child_id, event.number - 1), None)
                self._set(event.originator_id, event.owed.due_on if handed_up(event.owed.by) else None)
            case Case.Cleared():
                self._set(event.originator_id, event.clearance.expires_on)
            case Case.Closed() | Case.MergedInto() | Case.ClearanceLapsed():
                self._set(event.originator_id, None)
            case _:
                pass

    def due(self, today: date) -> list[UUID]:
        """The cases in which something has run out by today, the longest overdue first."""
        late = sorted((due_on, case_id) for case_id, due_on in self._due_on.items() if due_on < today)
        return [case_id for _, case_id in late]

    def _stands(self, event: Owing) -> bool:
        """Whether the clock of the step still stands: the same step is owed as when it was paused."""
        return not isinstance(event, Case.Resumed) and self._paused.get(event.originator_id) == event.owed

    def _set(self, case_id: UUID, due_on: date | None) -> None:
        if due_on is None:
            self._due_on.pop(case_id, None)
        else:
            self._due_on[case_id] = due_on
