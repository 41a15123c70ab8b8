"""Seating class list rows without 学籍号.

They name children who are in the registers, so the question is not "is this anybody?" but "which of them?", and uniqueness decides.
A row is matched with the enrolment rows of its school that no row sits on yet, from the narrowest rule to the widest; a rule
joins only where it leaves one choice. Which schools and grades answer to each other is learnt first (`schools.py`). Namesakes
in one class, as many rows as children, are seated in order: their rows can't be told apart by anybody, and for each of them "is
in class" is true.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

from services.roster.reconcile.evidence import NumberLevel, same_attempt
from services.roster.reconcile.groups import Groups
from services.roster.reconcile.identity import Likeness, name_likeness
from services.roster.reconcile.model import Doubt, Register
from services.roster.reconcile.normalise import WILDCARD, sound_keys
from services.roster.reconcile.records import Record
from services.roster.reconcile.schools import Place, Schools, align_schools
from services.roster.reconcile.unenrolled import seat_unenrolled

Keys = Iterable[tuple[Hashable, ...]]


@dataclass(frozen=True, slots=True)
class SeatRule:
    """One way to find the 学籍 of a class list row: the keys both must share, and how sure that is."""

    name: str
    keys: Callable[[Place, Record], Keys]
    score: float
    departed: bool = False  # also 学籍 that are no longer 在读, for children who came back
    pair_off: bool = False  # seat namesakes in order where rows and children are as many


SEAT_RULES: tuple[SeatRule, ...] = (
    SeatRule("same class, same name", lambda p, r: [(*p, r.name)], 0.999, departed=True, pair_off=True),
    SeatRule("same grade, same name", lambda p, r: [(p.school, p.grade, r.name)], 0.995, departed=True),
    SeatRule("same class, same sound", lambda p, r: [(*p, s) for s in sound_keys(r.name)], 0.995, pair_off=True),
    SeatRule("same grade, same sound", lambda p, r: [(p.school, p.grade, s) for s in sound_keys(r.name)], 0.99),
    SeatRule("same school, same name", lambda p, r: [(p.school, r.name)], 0.98),
)
ANYWHERE = SeatRule("same name and grade, other school", lambda p, r: [(p.grade, r.name)], 0.9)
MAX_CHOICES = 3  # of doubtful pairs shown for one row


def seat_classes(groups: Groups, class_list: Register) -> list[Doubt]:
    """Join each row of a kind of class list (in school, check-in) that has no enrolment row yet with its own, if that can be told."""
    if not any(record.register is class_list for record in groups.records):
        return []
    seating = _Seating(groups, align_schools(groups, class_list), class_list)
    seating.fold_copies()
    seating.by_student_number()
    for rule in SEAT_RULES:
        seating.apply(rule)
    seating.by_likeness(lambda p: p)
    seating.by_likeness(lambda p: (p.school, p.grade))
    # A name that only one child of the county bears may also sit in another school than its 学籍 says.
    once = _borne_once(groups)
    seating.apply(ANYWHERE, names=once)
    seating.by_likeness(lambda p: p, alike=_left_over)
    seat_unenrolled(groups, seating.rows, once)
    return list(seating.doubts())


class _Seating:
    """The class list rows that wait, and the enrolment rows that are free."""

    def __init__(self, groups: Groups, schools: Schools, class_list: Register) -> None:
        self.groups = groups
        self.class_list = class_list
        self.places: dict[int, Place] = {}
        self.rows: list[int] = []
        self.free: list[int] = []
        self.joined: list[int] = []
        """Rows that were joined since it was last looked which still wait."""
        for i, record in enumerate(groups.records):
            if record.register in {class_list, Register.ENROLMENT}:
                self.places[i] = schools.place(record)
        for i in self.places:
            if groups.records[i].register is class_list:
                if not groups.holds(i, Register.ENROLMENT):
                    self.rows.append(i)
            elif not self._is_seated(i):
                self.free.append(i)

    def _is_seated(self, i: int) -> bool:
        """Whether a class list row of the same school sits on this enrolment row, or one of any school if this child has one 学籍."""
        members, records = self.groups.members(i), self.groups.records
        seats = [j for j in members if records[j].register is self.class_list] if len(members) > 1 else []
        if not seats:
            return False
        if any(self.places[j].school == self.places[i].school for j in seats):
            return True
        return sum(records[j].register is Register.ENROLMENT for j in members) == 1

    def _expects(self, record: Record) -> bool:
        """Whether this kind of class list should have the holder of a 学籍: a check-in also asks for those who are not in class."""
        return record.expected_in_class or (
            self.class_list is Register.CHECK_IN and record.active and not record.placed
        )

    def _refresh(self) -> None:
        """Forget the rows and places that have found each other: looked for again and again, so only where something was joined."""
        if self.joined:
            self.rows = [i for i in self.rows if not self.groups.holds(i, Register.ENROLMENT)]
            touched = {j for i in self.joined for j in self.groups.members(i)}
            self.free = [i for i in self.free if i not in touched or not self._is_seated(i)]
            self.joined.clear()

    def _join(self, j: int, i: int, *, rule: str, score: float) -> None:
        """Join a row with a place."""
        self.groups.join(j, i, rule=rule, score=score)
        self.joined.append(i)

    def fold_copies(self) -> None:
        """Join rows that repeat another cell for cell and for whom there is no namesake's 学籍 in the class.

        Of equal rows as many stay as the class has free places under that name, at least one; the others join the last that stays.
        """
        records = self.groups.records
        places = Counter((*self.places[j], records[j].name) for j in self.free if records[j].active)
        by_name: dict[tuple[str, int, str, str], list[int]] = defaultdict(list)
        for i in self.rows:
            by_name[(*self.places[i], records[i].name)].append(i)
        for key, found in by_name.items():
            equal: dict[frozenset[tuple[str, str]], list[int]] = defaultdict(list)
            for i in found if len(found) > 1 else ():
                kept = equal[records[i].content]
                if len(kept) < max(1, places[key]):
                    kept.append(i)
                else:
                    self.groups.join(kept[-1], i, rule="the same row twice", score=0.99)
        first = {self.groups.of(i): i for i in reversed(self.rows)}
        self.rows = sorted(first.values())

    def apply(self, rule: SeatRule, *, names: frozenset[str] | None = None) -> None:
        """Join by one rule: first with children whose 学籍 says that they sit in class, then with the others."""
        records = self.groups.records
        for expected in (True, False):
            self._refresh()
            if not self.rows:
                return
            places = self.free
            if expected:
                places = [i for i in places if self._expects(records[i])]
            elif not rule.departed:
                places = [i for i in places if records[i].active]
            by_key: dict[tuple[Hashable, ...], tuple[set[int], set[int]]] = {}
            for side, positions in enumerate((self.rows, places)):
                for i in positions:
                    name = records[i].name
                    if name and (names is None or name in names):
                        for key in rule.keys(self.places[i], records[i]):
                            if side == 0:
                                by_key.setdefault(key, (set(), set()))[0].add(i)
                            elif key in by_key:
                                by_key[key][1].add(i)
            for left, right in by_key.values():
                if len(left) == len(right) and (len(left) == 1 or rule.pair_off):
                    self._pair_off(sorted(left), sorted(right), rule)

    def _pair_off(self, left: list[int], right: list[int], rule: SeatRule) -> None:
        """Join in order, same names with same names first."""
        if len(left) == 1:
            self._seat(left[0], right[0], rule, score=rule.score)
            return
        records = self.groups.records
        names = {j: {records[k].name for k in self.groups.members(j)} for j in right}
        borne = Counter(name for found in names.values() for name in found)
        # First names that only one of the children bears in any register, then those of the 学籍, then the rest.
        tellings: tuple[Callable[[int, int], bool], ...] = (
            lambda i, j: records[i].name in names[j] and borne[records[i].name] == 1,
            lambda i, j: records[i].name == records[j].name,
            lambda _i, _j: True,
        )
        for told in tellings:
            for i in left:
                for j in right:
                    if told(i, j):
                        self._seat(i, j, rule, score=rule.score / len(left))

    def _seat(self, i: int, j: int, rule: SeatRule, *, score: float) -> None:
        """Join a row with a place, unless either is taken by now."""
        if not self.groups.holds(i, Register.ENROLMENT) and not self._is_seated(j):
            self._join(j, i, rule=rule.name, score=score)

    def by_student_number(self) -> None:
        """学籍号 with one slip of the pen, or the same 学籍号 under a name with one wrong character.

        A name that is not heard alike joins only where nobody of the school bears it: else it is a twin's row with the other's number.
        On a 学籍 that has its row already only a copy of that row sits, under the very same 学籍号.
        """
        records = self.groups.records
        by_part: dict[tuple[str, str], list[int]] = defaultdict(list)
        borne = {
            (self.places[j].school, r.name) for j in self.places if (r := records[j]).register is Register.ENROLMENT
        }
        taken: dict[tuple[str, str], list[int]] = defaultdict(list)
        for j in self.places:
            if records[j].register is Register.ENROLMENT:
                taken[self.places[j].school, records[j].student_number].append(j)
        for j in self.free:
            for part in _parts(records[j].student_number):
                by_part[self.places[j].school, part].append(j)
        for i in self.rows:
            record, school = records[i], self.places[i].school
            least = Likeness.HOMOPHONE if (school, record.name) in borne else Likeness.SIMILAR
            near = {
                j
                for part in _parts(record.student_number)
                for j in by_part.get((school, part), ())
                if same_attempt(record.student_number, records[j].student_number) is NumberLevel.NEAR
                and self._likeness_under_number(i, j) >= least
            }
            if len(near) == 1 and not self._is_seated(j := near.pop()):
                self._join(j, i, rule="学籍号 nearly the same, name alike", score=0.99)
            elif not near and (school, record.name) not in borne and len(record.student_number) >= 17:
                holders = taken.get((school, record.student_number), [])
                if len(holders) == 1 and self._likeness_under_number(i, holders[0]) >= Likeness.RELATED:
                    self._join(holders[0], i, rule="the same 学籍号 twice, name alike", score=0.98)

    def _likeness_under_number(self, i: int, j: int) -> Likeness:
        """How alike two names are, where under one 学籍号 in one class a character in common makes them similar (a milk name 乳名)."""
        a, b = self.groups.records[i], self.groups.records[j]
        likeness = name_likeness(a.name, b.name)
        here, there = self.places[i], self.places[j]
        same = a.student_number == b.student_number and (here == there or not here.grade)
        return max(likeness, _in_common(a.name, b.name)) if same else likeness

    def by_likeness(
        self, key: Callable[[Place], tuple[Hashable, ...]], *, alike: Callable[[str, str], Likeness] = name_likeness
    ) -> None:
        """Join names that are alike (placeholders, one character) to one that any register gives the child, where each side has no
        other choice within the key."""
        self._refresh()
        choices = self._choices(key, alike=alike)
        claims = Counter(j for found in choices.values() for j in found)
        for i, found in choices.items():
            if len(found) == 1 and claims[found[0]] == 1:
                self._join(found[0], i, rule="same class or grade, name alike", score=0.95)

    def _choices(
        self,
        key: Callable[[Place], tuple[Hashable, ...]],
        *,
        alike: Callable[[str, str], Likeness] = name_likeness,
        places: Iterable[int] | None = None,
        least: Likeness = Likeness.SIMILAR,
    ) -> dict[int, list[int]]:
        """For each waiting row the places (the free ones by default) within the key whose names are most alike, and alike at least so."""
        records = self.groups.records
        asked = {key(self.places[i]) for i in self.rows}
        by_key: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
        for j in self.free if places is None else places:
            # With little in common a row takes nobody who sits elsewhere already.
            sits = alike is not name_likeness and self.groups.holds(j, self.class_list)
            if self._expects(records[j]) and not sits and (place := key(self.places[j])) in asked:
                by_key[place].append(j)
        names = {j: {records[k].name for k in self.groups.members(j)} for found in by_key.values() for j in found}
        choices: dict[int, list[int]] = {}
        for i in self.rows:
            likely = [
                (max(alike(records[i].name, n) for n in names[j]), j) for j in by_key.get(key(self.places[i]), ())
            ]
            best = max((level for level, _ in likely), default=Likeness.DIFFERENT)
            choices[i] = [j for level, j in likely if level is best] if best >= least else []
        return choices

    def doubts(self) -> Iterator[Doubt]:
        """For each row that still waits the children it may be: alike in its grade, or of its name in the county."""
        self._refresh()
        records = self.groups.records
        near = self._choices(lambda p: (p.school, p.grade), alike=_in_common)
        seated = self.places.keys() - self.free - {j for j in self.places if records[j].register is self.class_list}
        twice = self._choices(lambda p: (p.school, p.grade), places=sorted(seated), least=Likeness.RELATED)
        asked = {records[i].name for i in self.rows}
        by_name: dict[str, list[int]] = defaultdict(list)
        for j, record in enumerate(records):
            if record.name in asked and record.register in {Register.HUKOU, Register.ENROLMENT}:
                by_name[record.name].append(j)
        for i in self.rows:
            place, name = self.places[i], records[i].name
            same = [j for j in by_name[name] if j in self.places]
            here = [j for j in same if self.places[j][:2] == place[:2]]
            reason = "namesakes in one grade (同年级同名)"
            if not here:
                here, reason = near[i], "name alike, in the same grade, without a seat (同年级姓名相近)"
            if not here and twice[i]:
                reason = "name alike, in the same grade, with a row already (疑似同一人两行)"
                yield Doubt(a=records[i].ref, b=records[twice[i][0]].ref, score=0.5, reason=reason)
                continue
            if not here:
                here, reason = same or by_name[name], "same name elsewhere in the county (县内同名)"
            chosen = [j for j in here if not self.groups.holds(j, self.class_list)][:MAX_CHOICES]
            for j in chosen:
                score = round(0.5 / len(chosen), 4)
                yield Doubt(a=records[i].ref, b=records[j].ref, score=score, reason=reason)


def _parts(student_number: str) -> tuple[str, ...]:
    return ("^" + student_number[:10], "$" + student_number[-8:]) if len(student_number) >= 17 else ()


def _left_over(a: str, b: str) -> Likeness:
    """How alike two names are, where a milk name 乳名 is similar to its own: for the last row and the last place of a class.

    小明, 明明, 张小明 and 张明明 of 张晓明: nothing of the name but a character of the given name, doubled or behind a 小.
    """
    likeness = name_likeness(a, b)
    if likeness is not Likeness.DIFFERENT or WILDCARD in a + b:
        return likeness
    called = (a[1:] if a[:1] == b[:1] else a).removeprefix("小").removeprefix("阿")
    return Likeness.SIMILAR if called and set(called) <= set(b[1:]) else likeness


def _in_common(a: str, b: str) -> Likeness:
    """How alike two names are, where any character in common makes them similar: under one number, or for a person to decide."""
    likeness = name_likeness(a, b)
    return Likeness.SIMILAR if likeness is Likeness.DIFFERENT and set(a) & set(b) else likeness


def _borne_once(groups: Groups) -> frozenset[str]:
    bearers: dict[str, set[int]] = defaultdict(set)
    for i, record in enumerate(groups.records):
        if record.register in {Register.HUKOU, Register.ENROLMENT}:
            bearers[record.name].add(groups.of(i))
    return frozenset(name for name, found in bearers.items() if len(found) == 1)
