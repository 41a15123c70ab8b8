"""The review queue as a comparison sees it: what persons decided about pairs of entries, and which doubts are open.

Read from the roster's own events: their topics say which doubts and children have changed since the last time, the aggregates
themselves how they stand now. So there is no table that could be behind.
"""

from threading import Lock
from typing import Final
from uuid import UUID

from services.roster.application import Roster
from services.roster.domain.child import Child
from services.roster.domain.doubt import Doubt
from services.roster.recognition import Pair, Standing

AT_ONCE: Final = 10_000

OF_DOUBTS: Final = tuple(event.TOPIC for event in (Doubt.Raised, Doubt.RaisedAgain, Doubt.Decided, Doubt.Withdrawn))
OF_MERGES: Final = tuple(event.TOPIC for event in (Child.Merged, Child.Unmerged))


class Review:
    """How entries stand to one another; `standing` may be asked from any thread."""

    def __init__(self, *, roster: Roster) -> None:
        self._roster = roster
        self._seen = 0
        self._lock = Lock()
        self._into: dict[UUID, set[UUID]] = {}
        self._doubts: dict[UUID, tuple[Pair, str]] = {}

    def standing(self) -> Standing:
        """How entries stand to one another now."""
        with self._lock:
            self._catch_up()
            doubts = self._doubts.items()
            return Standing(
                into={merged_id: child_id for child_id, merged in self._into.items() for merged_id in merged},
                same=frozenset(pair for _, (pair, stands) in doubts if stands == "same"),
                different=frozenset(pair for _, (pair, stands) in doubts if stands == "different"),
                open_doubts={doubt_id: pair for doubt_id, (pair, stands) in doubts if stands == "open"},
            )

    def _catch_up(self) -> None:
        head = self._roster.position()
        doubts: set[UUID] = set()
        children: set[UUID] = set()
        seen = self._seen
        while seen < head:
            told = self._roster.recorder_of_commands.select_notifications(
                seen, AT_ONCE, head, topics=(*OF_DOUBTS, *OF_MERGES), inclusive_of_start=False
            )
            for notification in told:
                changed = doubts if notification.topic in OF_DOUBTS else children
                changed.add(UUID(str(notification.originator_id)))
            seen = told[-1].id if len(told) == AT_ONCE else head
        for doubt_id in doubts:
            doubt = self._roster.get(Doubt, doubt_id)
            stands = doubt.decision or ("open" if doubt.is_open else "withdrawn")
            self._doubts[doubt_id] = frozenset((doubt.child_id, doubt.other_id)), stands
        for child_id in children:
            self._into[child_id] = set(self._roster.get(Child, child_id).merged)
        self._seen = head
