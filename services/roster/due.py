"""What time brings to the children of the roster, and when: a small read side in memory, folded from the service's own events.

It is fed every event of the service in recorded order, from the beginning at each start, and decides nothing itself: the
aggregates look again. So a stale entry costs one look, and feeding an event twice in order changes nothing.

What was recorded of an entry that was merged into another one runs on for that one: a deferral ends, a transfer is late. Where the
merged entry itself was accounted for says nothing any more.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.chassis.school_terms import term_on
from services.roster.domain.child import Child
from services.roster.domain.deferral import KINDS, RAN_OUT, Deferral
from services.roster.domain.facts import LAPSED, Ground, SchoolYears
from services.roster.domain.field_check import FieldCheck, next_reminder
from services.roster.domain.findings import APPROVER, CATALOGUE, NO_LONGER_FOUND, OWN_RECORDS, TAKEN_OVER
from services.roster.domain.home_hours import HomeHours, hours_owed
from services.roster.domain.placement import Placement
from services.roster.domain.schooling_elsewhere import SchoolingElsewhere, proof_due_after
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import WORKING_DAYS, Transfer, hand_due_on
from services.roster.findings_soon import FindingsSoon
from services.roster.letters_due import GONE, LettersDue

WARNED: Final = (10, 30)
"""So many days before a deferral ends somebody is warned, twice: the nearer one counts."""

_DAY: Final = timedelta(days=1)
_Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Brought:
    """A finding that time brings to an entry; `owner` is a unit, or the kind of one that the child's own place tells.

    One that `replaces` takes the place of an open one on other grounds: the same matter, a stage further.
    """

    child_id: UUID
    kind: str
    reason: str
    owner: str
    ground: Ground
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class _Open:
    """An open finding: what it rests on, and the day by which something is owed, None once its lateness was told."""

    grounds: tuple[Ground, ...]
    due_on: date | None


@dataclass(slots=True)
class _CheckIn:
    """A check-in as far as somebody is missing at it."""

    term: str
    due_on: date
    missing: set[UUID]
    verified: set[UUID] = field(default_factory=set)
    closed: bool = False


@dataclass(slots=True)
class _List:
    """A field check list: its day or that of the last reminder, who was told that it is late, and whether it was handed in."""

    since: date
    reminded: str = ""
    is_locked: bool = False


class Due:
    """Everything in the roster that a later day changes."""

    def __init__(self) -> None:
        self.letters = LettersDue()
        self.findings = FindingsSoon()
        self._findings: dict[_Key, _Open] = {}
        self._settled: dict[_Key, tuple[Ground, ...]] = {}
        self._transfers: dict[UUID, Transfer.Opened] = {}
        self._deferrals: dict[UUID, Deferral.Approved] = {}
        self._ran_out: dict[UUID, UUID] = {}
        self._elsewhere: dict[UUID, date] = {}
        self._suspect: set[UUID] = set()
        self._proved: set[tuple[UUID, str]] = set()
        self._check_ins: dict[UUID, _CheckIn] = {}
        self._came_on: dict[UUID, date] = {}
        self._at_home: dict[UUID, Placement.Decided] = {}
        self._begun: set[UUID] = set()
        self._hours: dict[tuple[UUID, str], int] = {}
        self._taught: dict[UUID, set[date]] = {}
        self._left: set[UUID] = set()
        self._past: set[UUID] = set()
        self._into: dict[UUID, UUID] = {}
        self._merged: dict[UUID, set[UUID]] = {}
        self._lists: dict[UUID, _List] = {}
        self._school_years: dict[UUID, SchoolYears] = {}
        self._turns: dict[UUID, date] = {}
        self._turning: dict[date, set[UUID]] = {}

    # What is due

    def deferrals(self, today: date) -> list[UUID]:
        """The deferrals whose last day has passed, the longest over first."""
        return [id_ for _, id_ in sorted((d.until_on, id_) for id_, d in self._deferrals.items() if d.until_on < today)]

    def to_excuse(self, today: date) -> list[UUID]:
        """Children who are looked for though a deferral has begun to hold."""
        begun = self._deferred(today)
        return sorted(begun & self._suspect - self._past)

    def overdue(self, today: date) -> list[_Key]:
        """The findings, by child and kind, for which something owed is late and nobody was told, the latest first."""
        late = [
            (found.due_on, key)
            for key, found in self._findings.items()
            if found.due_on is not None and found.due_on < today and not self._is_past(key[0])
        ]
        return [key for _, key in sorted(late)]

    def of_age(self, today: date) -> list[UUID]:
        """The children whose school years have begun, or are over, and of whom that was not told, the longest ago first."""
        return [
            child_id
            for turn in sorted(turn for turn in self._turning if turn <= today)
            for child_id in sorted(self._turning[turn] - self._left)
            if not self._is_past(child_id)
        ]

    def to_begin(self) -> list[tuple[UUID, date]]:
        """The placements at home since which the child was visited, with the first such day, where that was not noted yet.

        It goes by what is known and not by what was heard first: a visit told before its decision counts like one told after.
        """
        found = []
        for child_id, decided in self._at_home.items():
            visits = {day for entry in self._kin(self._last(child_id)) for day in self._taught.get(entry, ())}
            since = [day for day in visits if day >= decided.decided_on]
            if since and decided.originator_id not in self._begun:
                found.append((decided.originator_id, min(since)))
        return sorted(found)

    def lists_overdue(self, today: date) -> list[UUID]:
        """The field check lists that are late and of which the next level was not told, the longest late first."""
        return [id_ for day, id_ in sorted((day, id_) for id_, day in self._lists_out()) if day < today]

    def _lists_out(self) -> Iterator[tuple[UUID, date]]:
        """The lists that were not handed in, each with the last day before somebody is told."""
        for check_id, out in self._lists.items():
            step = next_reminder(out.reminded, since=out.since)
            if step is not None and not out.is_locked:
                yield check_id, step[1]

    def to_raise(self, today: date) -> Iterator[Brought]:
        """The findings that time brings by today and that are not there yet, one of a kind for each child.

        A child of several entries may have several papers that bring one: it stands as long as one of them still does.
        """
        by_key: dict[_Key, list[Brought]] = defaultdict(list)
        for brought in self._brought(today):
            by_key[brought.child_id, brought.kind].append(brought)
        for key, of_key in by_key.items():
            found = self._findings.get(key)
            if found is not None and any(found.grounds == (brought.ground,) for brought in of_key):
                continue
            fresh = (brought for brought in of_key if self._settled.get(key) != (brought.ground,))
            first = next((brought for brought in fresh if found is None or brought.replaces), None)
            if first is not None:
                yield first

    def to_drop(self, today: date) -> list[_Key]:
        """The findings that time has brought and whose cause has ended."""
        still = {(brought.child_id, brought.kind) for brought in self._brought(today)}
        return [
            key
            for key, found in self._findings.items()
            if key not in still and not self._is_past(key[0]) and any(g.register in OWN_RECORDS for g in found.grounds)
        ]

    def _brought(self, today: date) -> Iterator[Brought]:
        for bring in (
            self._by_transfers,
            self._by_deferrals,
            self._by_schools_elsewhere,
            self._by_check_ins,
            self._by_first_visits,
            self._by_hours,
            self._by_letters,
        ):
            for brought in bring(today):
                child_id = self._last(brought.child_id)
                if child_id not in self._past and child_id not in self._left:
                    yield brought if child_id == brought.child_id else replace(brought, child_id=child_id)

    def _is_past(self, entry: UUID) -> bool:
        """Whether nothing is asked about an entry any more: erased, restricted, or merged when findings were not yet taken over."""
        return entry in self._past or entry in self._into

    def _last(self, entry: UUID) -> UUID:
        """The entry as which an entry goes on."""
        while (into := self._into.get(entry)) is not None:
            entry = into
        return entry

    def _kin(self, entry: UUID) -> Iterator[UUID]:
        """An entry and all that are merged into it, one through the other."""
        yield entry
        for merged in self._merged.get(entry, ()):
            yield from self._kin(merged)

    def _came(self, entry: UUID, *, since: date) -> bool:
        """Whether a child reported, as any of its entries, at a check-in that was due then or later."""
        return any(self._came_on.get(of_child, date.min) >= since for of_child in self._kin(entry))

    def _deferred(self, today: date) -> set[UUID]:
        """Who has a deferral that holds."""
        return {self._last(d.child_id) for d in self._deferrals.values() if d.from_on <= today <= d.until_on}

    def _by_transfers(self, today: date) -> Iterator[Brought]:
        for transfer_id, opened in self._transfers.items():
            hands = sum(hand_due_on(opened.opened_on, hand) < today for hand in (1, 2))
            if hands:
                yield Brought(
                    opened.child_id,
                    "transfer_overdue",
                    f"学籍转接{opened.opened_on:%Y-%m-%d}发起，逾{WORKING_DAYS * hands}个工作日未办结",
                    f"school:{opened.from_school}" if hands == 1 else APPROVER,
                    Ground("transfer", transfer_id, hands, "hand_overdue"),
                    replaces=True,
                )

    def _by_deferrals(self, today: date) -> Iterator[Brought]:
        longest = {
            self._last(approved.child_id): deferral_id
            for deferral_id, approved in sorted(self._deferrals.items(), key=lambda item: (item[1].until_on, item[0]))
        }
        for deferral_id in longest.values():  # who has a longer paper is excused all the same
            approved = self._deferrals[deferral_id]
            left = (approved.until_on - today).days
            warned = next((days for days in WARNED if 0 <= left <= days), None)
            if warned is not None:
                yield Brought(
                    approved.child_id,
                    "deferral_lapsing",
                    f"{KINDS[approved.kind]}将于{approved.until_on:%Y-%m-%d}期满",
                    _owner("deferral_lapsing", today),
                    Ground("deferral", deferral_id, warned, "days_before_end"),
                    replaces=True,
                )
        deferred = self._deferred(today)
        for child_id, deferral_id in self._ran_out.items():
            last = self._last(child_id)
            if last in self._suspect and last not in deferred:
                ground = Ground("deferral", deferral_id, 0, "ran_out")
                owner = _owner("deferral_lapsed", today)
                yield Brought(child_id, "deferral_lapsed", LAPSED, owner, ground, replaces=True)

    def _by_schools_elsewhere(self, today: date) -> Iterator[Brought]:
        term = term_on(today)
        for child_id, since in self._elsewhere.items():
            if child_id in self._into or proof_due_after(term, since) >= today:
                continue
            if not any((entry, term.name) in self._proved for entry in self._kin(child_id)):
                yield Brought(
                    child_id,
                    "elsewhere_unproved",
                    f"外地就读，{term.name}学期尚无就读证明",
                    _owner("elsewhere_unproved", today),
                    Ground("term", uuid5(child_id, term.name), 0, "term_unproved"),
                    replaces=True,
                )

    def _by_check_ins(self, today: date) -> Iterator[Brought]:
        deferred = self._deferred(today)
        for check_in_id, check_in in self._check_ins.items():
            ground = Ground("term_check_in", check_in_id, 0, "missing")
            for child_id in check_in.missing:
                last = self._last(child_id)
                if last in deferred or self._came(last, since=check_in.due_on):
                    continue
                if check_in.closed:
                    reason = f"{check_in.term}学期开学未报到"
                    yield Brought(child_id, "not_reported", reason, _owner("not_reported", today), ground)
                if check_in.due_on < today and child_id not in check_in.verified:
                    reason = f"{check_in.term}学期未报到，开学一周内未核实原因"
                    yield Brought(child_id, "absence_unverified", reason, _owner("absence_unverified", today), ground)

    def _by_first_visits(self, today: date) -> Iterator[Brought]:
        deferred = self._deferred(today)
        for child_id, decided in self._at_home.items():
            placement_id, visit_by = decided.originator_id, decided.first_visit_by
            if visit_by is None or visit_by >= today or placement_id in self._begun or self._last(child_id) in deferred:
                continue
            yield Brought(
                child_id,
                "home_teaching_not_begun",
                f"{decided.decided_on:%Y-%m-%d}决定送教上门，应于{visit_by:%Y-%m-%d}前首次上门，尚无送教记录",
                f"school:{decided.school}",
                Ground("placement", placement_id, 0, "not_begun"),
                replaces=True,
            )

    def _by_hours(self, today: date) -> Iterator[Brought]:
        last_month = today.replace(day=1) - _DAY
        year = term_on(last_month).school_year
        deferred = self._deferred(today)
        for child_id, decided in self._at_home.items():
            last = self._last(child_id)
            had = sum(self._hours.get((entry, year), 0) for entry in self._kin(last))
            owed = hours_owed(placed_on=decided.decided_on, by=last_month)
            if had < owed and last not in deferred:
                yield Brought(
                    child_id,
                    "home_teaching_short",
                    f"{year}学年送教上门至上月底应有{owed}课时，实有{had}课时",
                    _owner("home_teaching_short", today),
                    Ground("placement", decided.originator_id, int(f"{last_month:%Y%m}"), "hours_short"),
                )

    def _by_letters(self, today: date) -> Iterator[Brought]:
        deferred = self._deferred(today)
        for letter in self.letters.unserved(today):
            if self._last(letter.child_id) not in deferred:
                yield Brought(
                    letter.child_id,
                    "letter_unserved",
                    f"致监护人文书{letter.serve_by:%Y-%m-%d}前应送达，尚未送达",
                    _owner("letter_unserved", today),
                    Ground("letter", letter.letter_id, 0, "unserved"),
                )

    # What happened

    def apply(self, event: object) -> None:
        """Takes in one event of the service; what time doesn't change passes by."""
        self.letters.apply(event)
        self.findings.apply(event)
        match event:
            case Child.Event():
                self._apply_of_child(event)
            case Transfer.Opened():
                self._transfers[event.originator_id] = event
            case Transfer.Completed():
                self._transfers.pop(event.originator_id, None)
            case Deferral.Approved():
                self._deferrals[event.originator_id] = event
                self._ran_out.pop(event.child_id, None)
            case Deferral.Ended():
                self._deferrals.pop(event.originator_id, None)
                if event.reason == RAN_OUT:
                    self._ran_out[event.child_id] = event.originator_id
            case SchoolingElsewhere.Proved():
                self._proved.add((event.child_id, event.term))
            case Placement.Decided() if event.form == "home_teaching":
                self._at_home[event.child_id] = event
            case Placement.Decided():
                self._at_home.pop(event.child_id, None)
            case Placement.Ended():
                at_home = self._at_home.get(event.child_id)
                if at_home is not None and at_home.originator_id == event.originator_id:
                    del self._at_home[event.child_id]
            case Placement.TeachingBegun():
                self._begun.add(event.originator_id)
            case HomeHours.Counted():
                self._hours[event.child_id, event.school_year] = event.hours
                self._taught.setdefault(event.child_id, set()).add(event.taught_on)
            case TermCheckIn.Event():
                self._apply_of_check_in(event)
            case FieldCheck.Event():
                self._apply_of_list(event)
            case _:
                pass

    def _apply_of_child(self, event: Child.Event) -> None:
        child_id = event.originator_id
        match event:
            case Child.Registered() if event.school_years is not None:
                self._grow_up(child_id, event.school_years, since=event.valid_on or date.min)
            case Child.SchoolYearsStated():
                self._grow_up(child_id, event.school_years, since=event.valid_on)
            case Child.SchoolAgeReached():
                self._grow_up(child_id, self._school_years.get(child_id), since=event.begin_on)
            case Child.SchoolAgePassed():
                self._grow_up(child_id, None, since=event.end_on)
            case Child.Accounted():
                self._account(child_id, event.state, event.valid_on)
            case Child.FindingRaised():
                self._findings[child_id, event.kind] = _Open(event.grounds, event.due_on)
            case Child.FindingAnswered() | Child.FindingReturned():
                self._owe((child_id, event.kind), event.due_on)
            case Child.FindingOverdue():
                self._owe((child_id, event.kind), None)
            case Child.FindingResolved():
                found = self._findings.pop((child_id, event.kind))
                if event.resolution not in {NO_LONGER_FOUND, TAKEN_OVER}:
                    self._settled[child_id, event.kind] = found.grounds
            case Child.Absorbed():
                self._into[child_id] = event.into_id
                self._merged.setdefault(event.into_id, set()).add(child_id)
            case Child.Released():
                self._into.pop(child_id, None)
                self._merged.get(event.from_id, set()).discard(child_id)
            case Child.Erased() | Child.Restricted():
                self._past.add(child_id)
            case Child.RestrictionLifted():
                self._past.discard(child_id)
            case _:
                pass

    def _grow_up(self, child_id: UUID, school_years: SchoolYears | None, *, since: date) -> None:
        """Notes when next something is to be told of a child's age, if ever."""
        if (before := self._turns.pop(child_id, None)) is not None:
            self._turning[before].discard(child_id)
        self._school_years.pop(child_id, None)
        turn = school_years.turn_after(since) if school_years is not None else None
        if school_years is not None and turn is not None:
            self._school_years[child_id] = school_years
            self._turns[child_id] = turn
            self._turning.setdefault(turn, set()).add(child_id)

    def _account(self, child_id: UUID, state: str, since: date) -> None:
        self._suspect.discard(child_id)
        self._left.discard(child_id)
        self._elsewhere.pop(child_id, None)
        if state == "suspect":
            self._suspect.add(child_id)
        elif state == "elsewhere":
            self._elsewhere[child_id] = since
        elif state in GONE:
            self._left.add(child_id)

    def _owe(self, key: _Key, due_on: date | None) -> None:
        self._findings[key] = replace(self._findings[key], due_on=due_on)

    def _apply_of_check_in(self, event: TermCheckIn.Event) -> None:
        check_in_id = event.originator_id
        match event:
            case TermCheckIn.Opened():
                self._check_ins[check_in_id] = _CheckIn(event.term, event.due_on, set(event.expected))
            case TermCheckIn.Present():
                came_on = self._check_ins[check_in_id].due_on
                for (
                    check_in
                ) in self._check_ins.values():  # who came in this term isn't missing in an earlier one any more
                    if check_in.due_on <= came_on:
                        check_in.missing.difference_update(event.children)
                for entry in event.children:
                    self._came_on[entry] = max(came_on, self._came_on.get(entry, came_on))
            case TermCheckIn.Closed():
                self._check_ins[check_in_id].closed = True
            case TermCheckIn.AbsenceVerified():
                self._check_ins[check_in_id].verified.add(event.child_id)
            case _:
                pass

    def _apply_of_list(self, event: FieldCheck.Event) -> None:
        check_id = event.originator_id
        match event:
            case FieldCheck.Opened():
                self._lists[check_id] = _List(event.due_on)
            case FieldCheck.Overdue():
                self._lists[check_id] = _List(event.overdue_on, reminded=event.reminded)
            case FieldCheck.Locked():
                self._lists[check_id].is_locked = True
            case FieldCheck.Unlocked():
                self._lists[check_id].is_locked = False
            case _:
                pass


def _owner(kind: str, today: date) -> str:
    return CATALOGUE.get(kind, on=today).owner
