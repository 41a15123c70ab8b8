"""Who is still to get a letter, and which letters are still to be served 待制发、待送达: a read side in memory, folded from the own events.

It is a part of `due.py` and decides nothing: the aggregates look again. A stale entry costs one look.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from services.roster.domain.child import Child
from services.roster.domain.facts import SchoolYears
from services.roster.domain.guardian_letter import GuardianLetter, Kind, LetterRun

GONE: Final = frozenset({"gone", "graduated", "transferred_out"})
"""States of children to whom nothing is sent, and time brings nothing any more."""


class Unserved(NamedTuple):
    """A letter that nobody has served by its last day."""

    letter_id: UUID
    child_id: UUID
    kind: str
    serve_by: date


class LettersDue:
    """The children that open runs still owe a letter, and the letters that still have to reach somebody."""

    def __init__(self) -> None:
        self._years: dict[UUID, SchoolYears] = {}
        self._not_here: dict[UUID, set[str]] = {}
        self._runs: dict[UUID, LetterRun.Opened] = {}
        self._to_make: dict[UUID, set[UUID]] = {}
        self._made: dict[UUID, dict[UUID, UUID]] = {}
        self._out: dict[UUID, GuardianLetter.Made] = {}
        self._by_day: dict[date, set[UUID]] = {}
        self._to_withdraw: set[UUID] = set()

    def expected(self, kind: Kind, *, begin_on: date) -> int:
        """How many children get a letter of this kind for the school year that begins on a day."""
        return sum(
            kind.is_for(years, begin_on=begin_on) for child_id, years in self._years.items() if self._is_here(child_id)
        )

    def to_make(self) -> Iterator[tuple[UUID, list[UUID]]]:
        """The open runs, each with the children that have no letter of it yet."""
        for run_id, children in self._to_make.items():
            if children:
                yield run_id, sorted(children)

    def to_withdraw(self) -> list[UUID]:
        """The letters that are out and whose child is not here any more."""
        return sorted(self._to_withdraw)

    def unserved(self, today: date) -> Iterator[Unserved]:
        """The letters whose last day has passed."""
        for day in sorted(day for day in self._by_day if day < today):
            for letter_id in sorted(self._by_day[day]):
                made = self._out[letter_id]
                yield Unserved(letter_id, made.child_id, made.kind, made.serve_by)

    def apply(self, event: object) -> None:
        """Takes in one event of the service; what is of no letter passes by."""
        match event:
            case Child.Event():
                self._apply_of_child(event)
            case LetterRun.Opened():
                self._runs[event.originator_id] = event
                self._to_make[event.originator_id] = set()
                for child_id in self._years:
                    self._consider(child_id)
            case LetterRun.Closed():
                self._runs.pop(event.originator_id, None)
                self._to_make.pop(event.originator_id, None)
            case GuardianLetter.Made():
                self._out[event.originator_id] = event
                self._by_day.setdefault(event.serve_by, set()).add(event.originator_id)
                self._made.setdefault(event.child_id, {})[event.run_id] = event.originator_id
                self._consider(event.child_id)
            case GuardianLetter.Served() | GuardianLetter.Withdrawn():
                made = self._out.pop(event.originator_id, None)
                if made is not None:
                    self._by_day[made.serve_by].discard(event.originator_id)
                self._to_withdraw.discard(event.originator_id)
            case _:
                pass

    def _apply_of_child(self, event: Child.Event) -> None:
        child_id = event.originator_id
        match event:
            case Child.Registered() | Child.SchoolYearsStated():
                if event.school_years is not None:
                    self._years[child_id] = event.school_years
                else:
                    self._years.pop(child_id, None)
            case Child.Accounted():
                self._away(child_id, "left", is_so=event.state in GONE)
            case Child.Absorbed():
                self._away(child_id, "merged", is_so=True)
            case Child.Released():
                self._away(child_id, "merged", is_so=False)
            case Child.Erased():
                self._away(child_id, "erased", is_so=True)
            case Child.Restricted():
                self._away(child_id, "restricted", is_so=True)
            case Child.RestrictionLifted():
                self._away(child_id, "restricted", is_so=False)
            case _:
                return
        self._consider(child_id)

    def _away(self, child_id: UUID, why: str, *, is_so: bool) -> None:
        reasons = self._not_here.setdefault(child_id, set())
        reasons.add(why) if is_so else reasons.discard(why)

    def _is_here(self, child_id: UUID) -> bool:
        return not self._not_here.get(child_id)

    def _consider(self, child_id: UUID) -> None:
        """Notes of which runs a child still has to get a letter, and which of its letters are to be taken back."""
        here, years, made = self._is_here(child_id), self._years.get(child_id), self._made.get(child_id, {})
        for run_id, run in self._runs.items():
            fits = here and years is not None and run_id not in made and _fits(run, years)
            (self._to_make[run_id].add if fits else self._to_make[run_id].discard)(child_id)
        for letter_id in made.values():
            out = letter_id in self._out and not here
            (self._to_withdraw.add if out else self._to_withdraw.discard)(letter_id)


def _fits(run: LetterRun.Opened, years: SchoolYears) -> bool:
    """Whether a run is for a child of these school years: by what the run was opened under, whatever kinds are listed now."""
    if run.to == "entering":
        return years.begin_on == run.begin_on
    return years.begin_on <= run.begin_on <= years.end_on
