"""Which findings are near their last day 临期: a read side in memory, folded from the service's own events, and part of `due.py`.

It decides nothing: a stale entry costs one look. What was answered waits for the bureau, which is told of each answer; it is near no more.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.roster.domain.child import Child
from services.roster.domain.near_findings import NearFindings, is_near

_Key = tuple[UUID, str]
_NOBODY: Final = ("", "")
_OF_A_PLACE: Final = frozenset({"school", "township"})
"""Owners of one place; to the county's departments all townships are one."""


@dataclass(frozen=True, slots=True, order=True)
class Alike:
    """What findings have in common that are told of together."""

    due_on: date
    owner: str
    township: str
    kind: str

    @property
    def warning_id(self) -> UUID:
        """The id of the warning of all of them."""
        return NearFindings.id_of(owner=self.owner, township=self.township, kind=self.kind, due_on=self.due_on)


class FindingsSoon:
    """The findings whose answer is owed, by what they have in common."""

    def __init__(self) -> None:
        self._owner: dict[_Key, tuple[str, str]] = {}
        self._owed: dict[_Key, Alike] = {}
        self._since: dict[Alike, date] = {}
        self._open: dict[Alike, set[UUID]] = {}
        self._warned: set[Alike] = set()
        self._past: set[UUID] = set()

    def soon(self, on: date) -> list[Alike]:
        """What is near on a day and was not told of, the nearest first."""
        return sorted(
            alike
            for alike, children in self._open.items()
            if children - self._past
            and alike not in self._warned
            and is_near(alike.due_on, owed_since=self._since[alike], today=on)
        )

    def apply(self, event: object) -> None:
        """Takes in one event of the service; what findings don't depend on passes by."""
        match event:
            case Child.FindingRaised() if event.due_on is not None:
                key = (event.originator_id, event.kind)
                self._owner[key] = (event.owner, event.township)
                self._owe(key, event.due_on, since=event.raised_on)
            case Child.FindingReturned():
                self._owe((event.originator_id, event.kind), event.due_on, since=event.returned_on)
            case Child.FindingAnswered() | Child.FindingOverdue():
                self._owe_nothing((event.originator_id, event.kind))
            case Child.FindingResolved():
                self._owe_nothing((event.originator_id, event.kind))
                self._owner.pop((event.originator_id, event.kind), None)
            case Child.Erased() | Child.Restricted():
                self._past.add(event.originator_id)
            case Child.RestrictionLifted():
                self._past.discard(event.originator_id)
            case NearFindings.Warned():
                self._warned.add(
                    Alike(due_on=event.due_on, owner=event.owner, township=event.township, kind=event.kind)
                )
            case _:
                pass

    def _owe(self, key: _Key, due_on: date, *, since: date) -> None:
        self._owe_nothing(key)
        owner, township = self._owner.get(key, _NOBODY)
        if owner:
            place = township if owner.partition(":")[0] in _OF_A_PLACE else ""
            alike = self._owed[key] = Alike(due_on=due_on, owner=owner, township=place, kind=key[1])
            self._since.setdefault(alike, since)
            self._open.setdefault(alike, set()).add(key[0])

    def _owe_nothing(self, key: _Key) -> None:
        alike = self._owed.pop(key, None)
        if alike is not None:
            self._open[alike].discard(key[0])
            if not self._open[alike]:
                del self._open[alike]
