"""Seating rows that hardly describe a person: class lists without 学籍号, and the pushed list of suspects.

Both name children who are in the registers, so the question is not "is this anybody?" but "which of them?", and uniqueness decides.
A class list row is matched with the enrolment rows of its school that no row sits on yet, from the narrowest rule to the
widest; a rule joins only where it leaves one choice. Namesakes in one class, as many rows as children, are seated in order:
their rows can't be told apart by anybody, and for each of them "is in class" is true.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median_low

from services.roster.reconcile.births import BirthLevel, best_birth
from services.roster.reconcile.evidence import (
    NumberLevel,
    Profile,
    compare_numbers,
    profile,
    same_attempt,
)
from services.roster.reconcile.groups import Groups
from services.roster.reconcile.identity import Likeness, name_likeness
from services.roster.reconcile.model import Doubt, Register
from services.roster.reconcile.normalise import sound_keys
from services.roster.reconcile.records import Record

Keys = Iterable[tuple[Hashable, ...]]


@dataclass(frozen=True, slots=True)
class SeatRule:
    """One way to find the 学籍 of a class list row: the keys both must share, and how sure that is."""

    name: str
    keys: Callable[[Record], Keys]
    score: float
    departed: bool = False  # also 学籍 that are no longer 在读, for children who came back
    pair_off: bool = False  # seat namesakes in order where rows and children are as many


def _class_keys(r: Record) -> tuple[Hashable, ...]:
    return (r.school, r.grade, r.school_class)


SEAT_RULES: tuple[SeatRule, ...] = (
    SeatRule("same class, same name", lambda r: [(*_class_keys(r), r.name)], 0.999, departed=True, pair_off=True),
    SeatRule("same grade, same name", lambda r: [(r.school, r.grade, r.name)], 0.995, departed=True),
    SeatRule(
        "same class, same sound", lambda r: [(*_class_keys(r), s) for s in sound_keys(r.name)], 0.995, pair_off=True
    ),
    SeatRule("same grade, same sound", lambda r: [(r.school, r.grade, s) for s in sound_keys(r.name)], 0.99),
    SeatRule("same school, same name", lambda r: [(r.school, r.name)], 0.98),
)
ANYWHERE = SeatRule("same name and grade, other school", lambda r: [(r.grade, r.name)], 0.9)


def seat_classes(groups: Groups) -> list[Doubt]:
    """Join each class list row that has no enrolment row yet with the one that is its own, if that can be told."""
    rows = [
        i for i, r in enumerate(groups.records) if r.register is Register.IN_SCHOOL and not _has_enrolment(groups, i)
    ]
    free = [i for i, r in enumerate(groups.records) if r.register is Register.ENROLMENT and not _is_seated(groups, i)]
    rows = _fold_copies(groups, rows, free)
    _seat_by_student_number(groups, rows, free)
    for rule in SEAT_RULES:
        _apply(groups, rule, rows, free)
        rows, free = _still(groups, rows, free)
    _seat_by_likeness(groups, rows, free, _class_keys)
    _seat_by_likeness(groups, rows, free, lambda r: (r.school, r.grade))
    # A name that only one child of the county bears may also sit in another school than its 学籍 says.
    once = _borne_once(groups)
    _apply(
        groups,
        ANYWHERE,
        [i for i in rows if groups.records[i].name in once],
        [i for i in free if groups.records[i].name in once],
    )
    _seat_without_enrolment(groups, rows, once)
    return list(_unseated(groups, rows, free))


def _fold_copies(groups: Groups, rows: list[int], free: list[int]) -> list[int]:
    """The rows without those that repeat another cell for cell and for whom there is no namesake's 学籍 in the class.

    Of equal rows as many stay as the class has free places under that name, at least one; the others join the last that stays.
    """
    places = Counter((*_class_keys(r), r.name) for j in free if (r := groups.records[j]).active)
    stay: list[int] = []
    equal: dict[frozenset[tuple[str, str]], list[int]] = defaultdict(list)
    for i in rows:
        record = groups.records[i]
        kept = equal[record.content]
        if len(kept) < max(1, places[*_class_keys(record), record.name]):
            kept.append(i)
            stay.append(i)
        else:
            groups.join(kept[-1], i, rule="the same row twice", score=0.99)
    return stay


def _has_enrolment(groups: Groups, i: int) -> bool:
    return any(groups.records[j].register is Register.ENROLMENT for j in groups.members(i))


def _is_seated(groups: Groups, i: int) -> bool:
    """Whether a class list row of the same school sits on this enrolment row, or one of any school if this child has one 学籍."""
    members = [groups.records[j] for j in groups.members(i)]
    seats = [r for r in members if r.register is Register.IN_SCHOOL]
    mine = groups.records[i]
    others = sum(r.register is Register.ENROLMENT for r in members)
    return any(r.school == mine.school for r in seats) or (bool(seats) and others == 1)


def _still(groups: Groups, rows: Iterable[int], free: Iterable[int]) -> tuple[list[int], list[int]]:
    return [i for i in rows if not _has_enrolment(groups, i)], [i for i in free if not _is_seated(groups, i)]


def _apply(groups: Groups, rule: SeatRule, rows: list[int], free: list[int]) -> None:
    """Join by one rule: first with children whose 学籍 says that they sit in class, then with the others."""
    for expected in (True, False):
        waiting, places = _still(groups, rows, free)
        if expected:
            places = [i for i in places if groups.records[i].expected_in_class]
        elif not rule.departed:
            places = [i for i in places if groups.records[i].active]
        by_key: dict[tuple[Hashable, ...], tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
        for side, positions in enumerate((waiting, places)):
            for i in positions:
                if groups.records[i].name:
                    for key in rule.keys(groups.records[i]):
                        by_key[key][side].add(i)
        for left, right in by_key.values():
            if len(left) == len(right) and (len(left) == 1 or rule.pair_off):
                _pair_off(groups, sorted(left), sorted(right), rule)


def _pair_off(groups: Groups, left: list[int], right: list[int], rule: SeatRule) -> None:
    """Join in order, same names with same names first."""
    records = groups.records
    for same in (True, False):
        for i in left:
            for j in right:
                if _has_enrolment(groups, i) or _is_seated(groups, j):
                    continue
                if records[i].name == records[j].name or not same:
                    score = rule.score if len(left) == 1 else rule.score / len(left)
                    groups.join(j, i, rule=rule.name, score=score)


def _seat_by_student_number(groups: Groups, rows: list[int], free: list[int]) -> None:
    """学籍号 with one slip of the pen, or the same 学籍号 under a name with one wrong character.

    A name that is not heard alike joins only where nobody of the school bears it: else it is a twin's row with the other's number.
    """
    by_part: dict[tuple[str, str], list[int]] = defaultdict(list)
    borne = {(r.school, r.name) for r in groups.records if r.register is Register.ENROLMENT}
    for j in free:
        record = groups.records[j]
        for part in _parts(record.student_number):
            by_part[record.school, part].append(j)
    for i in rows:
        record = groups.records[i]
        least = Likeness.HOMOPHONE if (record.school, record.name) in borne else Likeness.SIMILAR
        near = {
            j
            for part in _parts(record.student_number)
            for j in by_part.get((record.school, part), ())
            if same_attempt(record.student_number, groups.records[j].student_number) is NumberLevel.NEAR
            and _likeness_in_class(record, groups.records[j]) >= least
        }
        if len(near) == 1 and not _is_seated(groups, j := near.pop()):
            groups.join(j, i, rule="学籍号 nearly the same, name alike", score=0.99)


def _likeness_in_class(a: Record, b: Record) -> Likeness:
    """How alike two names are, where a name of two characters with one wrong is similar if 学籍号 and class are the same."""
    likeness = name_likeness(a.name, b.name)
    short = len(a.name) == len(b.name) == 2 and a.name[0] == b.name[0]
    same = a.student_number == b.student_number and _class_keys(a) == _class_keys(b)
    return Likeness.SIMILAR if likeness is Likeness.DIFFERENT and short and same else likeness


def _parts(student_number: str) -> tuple[str, ...]:
    return ("^" + student_number[:11], "$" + student_number[11:]) if len(student_number) == 19 else ()


def _seat_by_likeness(
    groups: Groups, rows: list[int], free: list[int], key: Callable[[Record], tuple[Hashable, ...]]
) -> None:
    """Names that are alike (placeholders, one character) to one that any register gives the child, where each side has no other
    choice within the key."""
    waiting, places = _still(groups, rows, free)
    by_key: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for j in places:
        if groups.records[j].expected_in_class:
            by_key[key(groups.records[j])].append(j)
    names = {j: {groups.records[k].name for k in groups.members(j)} for found in by_key.values() for j in found}
    choices: dict[int, list[int]] = {}
    claims: dict[int, list[int]] = defaultdict(list)
    for i in waiting:
        name = groups.records[i].name
        likely = [(max(name_likeness(name, n) for n in names[j]), j) for j in by_key.get(key(groups.records[i]), ())]
        best = max((level for level, _ in likely), default=Likeness.DIFFERENT)
        choices[i] = [j for level, j in likely if level is best] if best >= Likeness.SIMILAR else []
        for j in choices[i]:
            claims[j].append(i)
    for i, found in choices.items():
        if len(found) == 1 and len(claims[found[0]]) == 1:
            groups.join(found[0], i, rule="same class or grade, name alike", score=0.95)


def _seat_without_enrolment(groups: Groups, rows: list[int], once: set[str]) -> None:
    """A child in class whom no 学籍 knows: by a name that nobody else bears, and an age that fits the grade."""
    years: dict[int, list[int]] = defaultdict(list)
    for record in groups.records:
        if record.register is Register.ENROLMENT and record.birth and record.grade:
            years[record.grade].append(record.birth.year)
    usual = {grade: median_low(found) for grade, found in years.items()}
    at_home = {r.name: i for i, r in enumerate(groups.records) if r.register is Register.HUKOU and r.name in once}
    for i in rows:
        record = groups.records[i]
        home = at_home.get(record.name)
        if home is None or record.grade not in usual or _has_enrolment(groups, i) or _has_enrolment(groups, home):
            continue
        if any(abs(birth.year - usual[record.grade]) <= 1 for birth in groups.records[home].births):
            groups.join(home, i, rule="in class without 学籍, name borne once, age fits", score=0.9)


def _borne_once(groups: Groups) -> set[str]:
    bearers: dict[str, set[int]] = defaultdict(set)
    for i, record in enumerate(groups.records):
        if record.register in {Register.HUKOU, Register.ENROLMENT}:
            bearers[record.name].add(groups.of(i))
    return {name for name, found in bearers.items() if len(found) == 1}


def _unseated(groups: Groups, rows: list[int], free: list[int]) -> Iterator[Doubt]:
    waiting, places = _still(groups, rows, free)
    by_name: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    for j in places:
        record = groups.records[j]
        by_name[record.school, record.grade, record.name].append(j)
    for i in waiting:
        record = groups.records[i]
        for j in by_name.get((record.school, record.grade, record.name), ())[:5]:
            yield Doubt(a=record.ref, b=groups.records[j].ref, score=0.5, reason="namesakes in one grade (同年级同名)")


SUSPECT_BITS = 8.5
SUSPECT_MARGIN = 3.5
MAX_NAMESAKES = 400
OUT_OF_CLASS_BITS = 4.0  # the list is of suspected dropouts, so of namesakes the one who is on no class list is meant
_NAME_BITS = {
    Likeness.EXACT: 8.0,
    Likeness.COMPATIBLE: 6.0,
    Likeness.HOMOPHONE: 5.0,
    Likeness.SIMILAR: 1.0,
    Likeness.UNKNOWN: 0.0,
}
_BIRTH_BITS = {BirthLevel.SAME: 8.0, BirthLevel.SWAPPED: 3.0, BirthLevel.SLIP: 3.0, BirthLevel.DIFFERENT: -4.0}
_NUMBER_BITS = {NumberLevel.SAME: 16.0, NumberLevel.OLDER: 12.0, NumberLevel.NEAR: 12.0, NumberLevel.CUT: 10.0, NumberLevel.CLOSE: 6.0, NumberLevel.CONFLICT: -8.0}  # fmt: skip


def seat_suspects(groups: Groups) -> list[Doubt]:
    """Join each suspect that no number has joined yet with the one child it can be; doubt where several fit."""
    alone = [i for i in groups.roots() if all(r.register is Register.SUSPECTS for r in groups.rows(i))]
    index = _by_sound(groups, {key for i in alone for key in _suspect_keys(groups.records[i])}) if alone else {}
    claims: dict[int, list[tuple[float, int]]] = defaultdict(list)
    doubts: list[Doubt] = []
    for i in alone:
        record = groups.records[i]
        found = {groups.of(j) for key in _suspect_keys(record) for j in index.get(key, ())}
        scored = sorted(((_suspect_bits(profile([record]), profile(groups.rows(j))), j) for j in found), reverse=True)
        if scored and scored[0][0] >= SUSPECT_BITS:
            clear = len(scored) == 1 or scored[0][0] - scored[1][0] >= SUSPECT_MARGIN
            if clear:
                claims[scored[0][1]].append((scored[0][0], i))
                continue
        for bits, j in scored[:3]:
            if bits >= SUSPECT_BITS - SUSPECT_MARGIN:
                reason = "suspect fits several children, or none well (疑似名单待核)"
                doubts.append(Doubt(a=record.ref, b=groups.records[j].ref, score=0.5, reason=reason))
    for j, claimants in sorted(claims.items()):
        for bits, i in claimants:
            groups.join(j, i, rule="suspect: name, township, number", score=1.0 - 2.0**-bits)
    return doubts


def _suspect_keys(record: Record) -> Iterator[tuple[str, ...]]:
    for sound in sound_keys(record.name):
        yield "sound", sound
        yield "sound, township", sound, record.township
    for text in {record.number.text, record.older_number.text}:
        if len(text) == 18:
            yield "number, first", text[:14]
            yield "number, last", text[6:]
            yield "number, surname", record.name[:1], text[14:]


def _by_sound(groups: Groups, asked: set[tuple[str, ...]]) -> dict[tuple[str, ...], list[int]]:
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, record in enumerate(groups.records):
        if record.register not in {Register.SUSPECTS, Register.IN_SCHOOL}:
            for key in _suspect_keys(record):
                if key in asked:
                    index[key].append(i)
    return {key: found for key, found in index.items() if len(found) <= MAX_NAMESAKES}


def _suspect_bits(a: Profile, b: Profile) -> float:
    name = max((name_likeness(x, y) for x in a.names for y in b.names), default=Likeness.UNKNOWN)
    bits = _NAME_BITS.get(name, -8.0)
    bits += _BIRTH_BITS.get(best_birth(a.births, b.births), 0.0)
    bits += _NUMBER_BITS.get(compare_numbers(a, b), 0.0)
    bits += 0.0 if Register.IN_SCHOOL in b.registers else OUT_OF_CLASS_BITS
    if a.sexes and b.sexes:
        bits += 1.0 if a.sexes & b.sexes else -4.0
    if a.townships and b.townships:
        bits += 3.5 if a.townships & b.townships else -2.0
    return bits
