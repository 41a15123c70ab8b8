"""Which cases and visits time will act on, who is confirmed where, and who answers for whom: small read sides in memory, folded from own events.

It is fed every event of the service in recorded order, from the beginning at each start, and decides nothing itself:
`Case.expire` and `Case.lapse` look again. So a stale entry costs one look, and feeding an event twice in order changes nothing.

A command may feed them while the clock reads: so what is read is a copy, made in one step.
"""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.cases.domain.assignment import Assignment
from services.cases.domain.case import Case, Owing, Place, id_of_case
from services.cases.domain.catalogue import ROLES
from services.cases.domain.post import NAMED_WITHIN_WORKING_DAYS, Post, roles_needed
from services.cases.domain.rules import Owed, falls_due_soon
from services.cases.domain.visit import VisitPlan
from services.chassis.working_days import add_working_days


class DueCases:
    """The last day in time of every case that a later day changes."""

    def __init__(self) -> None:
        self._due_on: dict[UUID, date] = {}
        self._paused: dict[UUID, Owed] = {}
        self._near: dict[UUID, Owed] = {}
        self._warned_of: dict[UUID, date] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Case.Warned():
                self._near.pop(event.originator_id, None)
                self._warned_of[event.originator_id] = event.owed.due_on
            case Case.Paused():
                self._paused[event.originator_id] = event.owed
                self._near.pop(event.originator_id, None)
                self._set(event.originator_id, event.pause.until_on)
            case Owing() if self._stands(event):
                pass
            case Owing():
                self._paused.pop(event.originator_id, None)
                if isinstance(event, Case.Opened):
                    # Whatever the earlier case still waited for, a deferral's end, is the new case's matter now.
                    self._due_on.pop(id_of_case(event.child_id, event.number - 1), None)
                if self._warned_of.get(event.originator_id) != event.owed.due_on:
                    self._near[event.originator_id] = event.owed
                self._set(event.originator_id, event.owed.due_on)
            case Case.Cleared():
                self._near.pop(event.originator_id, None)
                self._set(event.originator_id, event.clearance.expires_on)
            case Case.Closed() | Case.MergedInto() | Case.ClearanceLapsed():
                self._near.pop(event.originator_id, None)
                self._set(event.originator_id, None)
            case _:
                pass

    def due(self, today: date) -> list[tuple[date, UUID]]:
        """The last days in time that are over by today, and the cases in which they are, the longest overdue first."""
        return sorted((due_on, case_id) for case_id, due_on in list(self._due_on.items()) if due_on < today)

    def soon(self, today: date) -> list[tuple[date, UUID]]:
        """The last days that are near and of which nobody was told, and their cases, the nearest first; what is late is not among them."""
        steps = list(self._near.items())
        return sorted((step.due_on, case_id) for case_id, step in steps if falls_due_soon(step, today=today))

    def _stands(self, event: Owing) -> bool:
        """Whether the clock of the step still stands: the same step is owed as when it was paused."""
        return not isinstance(event, Case.Resumed) and self._paused.get(event.originator_id) == event.owed

    def _set(self, case_id: UUID, due_on: date | None) -> None:
        if due_on is None:
            self._due_on.pop(case_id, None)
        else:
            self._due_on[case_id] = due_on


class DueVisits:
    """The next day of every regular home visit, until it was missed: that is recorded once for each day."""

    def __init__(self) -> None:
        self._due_on: dict[UUID, date] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case VisitPlan.Begun() | VisitPlan.Visited():
                self._due_on[event.originator_id] = event.next_on
            case VisitPlan.Missed() | VisitPlan.Ended():
                self._due_on.pop(event.originator_id, None)
            case _:
                pass

    def due(self, today: date) -> list[tuple[date, UUID]]:
        """The days that have passed without a visit, and their plans, the longest ago first."""
        return sorted((due_on, plan_id) for plan_id, due_on in list(self._due_on.items()) if due_on < today)


class NamedPersons:
    """For which roles somebody answers, by place and by child, and the open cases for which somebody doesn't.

    Hardly anything of that changes between two ticks: only a case something was told about since is looked at again.
    """

    def __init__(self) -> None:
        self._posts: set[tuple[str, str]] = set()
        self._own: set[tuple[UUID, str]] = set()
        self._cases: dict[UUID, _LookedFor] = {}
        self._case_of: dict[UUID, UUID] = {}
        self._to_look_at: set[UUID] = set()

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Post.Filled():
                self._posts.add((event.unit, event.role))
                self._to_look_at.update(self._cases)
            case Assignment.Assigned():
                self._own.add((event.child_id, event.role))
                self._look_again(event.child_id)
            case Assignment.Ended() if not event.successor:
                self._own.discard((event.child_id, event.role))
                self._look_again(event.child_id)
            case Case.Opened():
                named_by = add_working_days(event.opened_on, NAMED_WITHIN_WORKING_DAYS)
                self._know(event.originator_id, _LookedFor(event.child_id, event.place, named_by))
                self._case_of[event.child_id] = event.originator_id
            case Case.Moved() if event.originator_id in self._cases:
                self._know(event.originator_id, self._cases[event.originator_id]._replace(place=event.place))
            case Case.FoundUnnamed() if event.originator_id in self._cases:
                self._know(event.originator_id, self._cases[event.originator_id]._replace(noted=event.roles))
            case Case.Closed() | Case.Cleared() | Case.MergedInto():
                self._cases.pop(event.originator_id, None)
                self._to_look_at.discard(event.originator_id)
            case _:
                pass

    def lacking(self, today: date) -> list[tuple[date, UUID, tuple[str, ...]]]:
        """By when somebody should have been named, for which open case and in which roles, where these aren't noted yet.

        No roles at all for a case whose missing persons were named since that was noted. The longest overdue first.
        """
        lacking = []
        for case_id in list(self._to_look_at):
            case = self._cases.get(case_id)
            if case is not None and case.by < today:
                self._to_look_at.discard(case_id)  # first: what is told while it is looked at counts the next time
                if (roles := self._roles_lacking(case)) != case.noted:
                    self._to_look_at.add(case_id)
                    lacking.append((case.by, case_id, roles))
        return sorted(lacking)

    def _know(self, case_id: UUID, case: "_LookedFor") -> None:
        self._cases[case_id] = case
        self._to_look_at.add(case_id)

    def _look_again(self, child_id: UUID) -> None:
        if (case_id := self._case_of.get(child_id)) in self._cases:
            self._to_look_at.add(case_id)

    def _roles_lacking(self, case: "_LookedFor") -> tuple[str, ...]:
        place = case.place
        areas = {"village": place.village, "township": place.township, "school": place.school}
        return tuple(
            role
            for role in sorted(roles_needed(pupil=place.school != ""))
            if (case.child_id, role) not in self._own
            and (f"{ROLES[role].unit}:{areas.get(ROLES[role].unit, '')}", role) not in self._posts
        )


class Posts:
    """Which posts there are of a role within a township: its own, its villages' and its schools'."""

    def __init__(self) -> None:
        self._posts: dict[tuple[str, str], list[UUID]] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        if isinstance(event, Post.Filled):
            self._posts.setdefault((event.township, event.role), []).append(event.originator_id)

    def of(self, township: str, *, role: str) -> list[UUID]:
        """The ids of these posts."""
        return list(self._posts.get((township, role), ()))


class _LookedFor(NamedTuple):
    child_id: UUID
    place: Place
    by: date
    noted: tuple[str, ...] = ()


class Dropouts:
    """Which cases are confirmed and not yet back or can't be found, and which township and school each belongs to."""

    def __init__(self) -> None:
        self._places: dict[UUID, Place] = {}
        self._confirmed: set[UUID] = set()
        self._unreachable: set[UUID] = set()

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Case.Opened() | Case.Moved():
                self._places[event.originator_id] = event.place
            case Case.Confirmed():
                self._confirmed.add(event.originator_id)
                self._unreachable.discard(event.originator_id)
            case Case.FoundUnreachable():
                self._confirmed.discard(event.originator_id)
                self._unreachable.add(event.originator_id)
            case Case.VerificationBegun():
                self._unreachable.discard(event.originator_id)
            case Case.Returned() | Case.Closed() | Case.Cleared() | Case.MergedInto():
                self._confirmed.discard(event.originator_id)
                self._unreachable.discard(event.originator_id)
            case _:
                pass

    def cases_of(self, unit: str) -> list[UUID]:
        """The confirmed cases of a unit, `kind:area`: of a school's pupils, or of all children within the area."""
        kind, _, area = unit.partition(":")
        return [case_id for case_id in list(self._confirmed) if _belongs(self._places[case_id], kind=kind, area=area)]

    def unreachable_of(self, unit: str) -> list[UUID]:
        """The cases of a unit whose child can't be found."""
        kind, _, area = unit.partition(":")
        return [case_id for case_id in list(self._unreachable) if _belongs(self._places[case_id], kind=kind, area=area)]

    def of(self, unit: str) -> int:
        """How many are confirmed or can't be found."""
        return len(self.cases_of(unit)) + len(self.unreachable_of(unit))


def _belongs(place: Place, *, kind: str, area: str) -> bool:
    if kind == "school":
        return place.school == area
    return area != "" and (place.township.startswith(area) or place.village.startswith(area))
