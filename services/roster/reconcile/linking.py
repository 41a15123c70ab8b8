"""Linking the rows that describe a person (hukou, enrolment, poverty, disability), and all rows that share a number.

1. Exact keys: a row pasted twice is one row; rows with one citizen number or one 学籍号 are one child if their names sound alike.
   A shared number under another name proves nothing yet (twins' numbers get mixed up, children are renamed): such pairs are
   weighed in step 2. Two household registrations (双重户籍) are one child only by `registrations.py`.
2. The rest is weighed pair by pair (`evidence.py`), among candidates that share a blocking key, best pair first. A pair is joined
   where the evidence is strong, nothing forbids it, and no rival is nearly as good; else it is a doubt for a person to decide.

`seats.py` then seats the class lists and suspects. Nothing depends on the order of rows: records come sorted by address.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import combinations
from math import exp2

from msgspec import Struct

from services.roster.reconcile.births import BirthLevel
from services.roster.reconcile.evidence import (
    Evidence,
    NumberLevel,
    Profile,
    Rarity,
    compare_numbers,
    profile,
    weigh,
)
from services.roster.reconcile.groups import Groups
from services.roster.reconcile.identity import Likeness, name_likeness
from services.roster.reconcile.model import Doubt, Register
from services.roster.reconcile.normalise import sound_keys
from services.roster.reconcile.records import CLASS_LISTS, Record
from services.roster.reconcile.townships import one_township
from services.roster.reconcile.twins import mixed_up
from services.roster.reconcile.wording import in_words

JOIN_BITS = 6.0  # 64 : 1 that the pair is one child
DOUBT_BITS = 1.0
MARGIN_BITS = 6.0
MAX_BLOCK = 60  # a key shared by more groups tells too little to be worth comparing
PERSON_REGISTERS = frozenset(Register) - CLASS_LISTS - {Register.SUSPECTS}
LEVELS_OF_ONE = (Likeness.EXACT, Likeness.COMPATIBLE, Likeness.HOMOPHONE, Likeness.UNKNOWN)
SINGLE_REGISTERS = (Register.POVERTY, Register.DISABILITY, Register.CIVIL_AFFAIRS)
NUMBERS_THAT_PART = frozenset({NumberLevel.CONFLICT, NumberLevel.FAR, NumberLevel.CLOSE})
# A number cut short is no proof: what a spreadsheet or a mask leaves of two twins' numbers is mostly the same.
NUMBERS_THAT_PROVE = frozenset({NumberLevel.SAME, NumberLevel.NEAR, NumberLevel.OLDER})
NUMBERS_OF_ONE_ENROLLED_TWICE = frozenset({NumberLevel.OLDER, NumberLevel.NEAR})

Step = Callable[[int, int], None]


class _Pair(Struct, frozen=True, gc=False):
    a: int
    b: int
    evidence: Evidence


def link_exact(groups: Groups) -> list[tuple[int, int]]:
    """Join rows of one number or 学籍号 under like names; return the pairs that share a number under unlike names."""
    _join_copies(groups)
    by_number: dict[str, list[int]] = defaultdict(list)
    by_student: dict[str, list[int]] = defaultdict(list)
    for i, record in enumerate(groups.records):
        number, older = record.number.valid, record.older_number.valid
        if number:
            by_number[number].append(i)
        if older and older != number:
            by_number[older].append(i)
        if record.student_number:
            by_student[record.student_number].append(i)
    unsure = mixed_up(groups.records, by_number)
    unlike: list[tuple[int, int]] = []
    for rule, index in (("citizen number", by_number), ("学籍号", by_student)):
        for holders in index.values():
            if 1 < len(holders) <= MAX_BLOCK:
                unlike += _join_like(groups, holders, rule=rule, unsure=unsure)
    return unlike


def _join_copies(groups: Groups) -> None:
    """Join rows of one register that are the same cell for cell, where they state more than a name.

    Class lists are left to `seats.py`: there two equal rows may well be two namesakes, and the 学籍 tell how many there are.
    """
    alike: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for i, r in enumerate(groups.records):
        if r.register not in CLASS_LISTS and r.name and (r.births or r.number.text):
            alike[r.register, r.name, r.births, r.number.text, r.student_number].append(i)
    for found in alike.values():
        first: dict[frozenset[tuple[str, str]], int] = {}
        for i in found if len(found) > 1 else ():
            original = first.setdefault(groups.records[i].content, i)
            groups.join(original, i, rule="the same row twice", score=1.0)


def _join_like(groups: Groups, holders: list[int], *, rule: str, unsure: AbstractSet[int]) -> list[tuple[int, int]]:
    """Join the holders of one number whose names are alike, nearest names first; return the pairs left apart.

    Rows that may have somebody else's number (`unsure`, see `twins.py`) need the very name.
    """
    names = {groups.records[i].name for i in holders}
    levels = (Likeness.EXACT,) if len(names) == 1 and "" not in names else LEVELS_OF_ONE
    for level in levels:
        for i, j in combinations(holders, 2):
            a, b = groups.records[i], groups.records[j]
            if level is not Likeness.EXACT and (i in unsure or j in unsure):
                continue
            if name_likeness(a.name, b.name) is level and _may_share(a, b, level) and not _contested(groups, i, j):
                groups.join(i, j, rule=_rule(rule, level), score=1.0)
    return [(i, j) for i, j in combinations(holders, 2) if groups.of(i) != groups.of(j)]


@cache
def _rule(rule: str, level: Likeness) -> str:
    return f"{rule}, name {level.name.lower()}"


def _may_share(a: Record, b: Record, level: Likeness) -> bool:
    """Whether two rows of one number may be one child without further evidence: names as alike as they are, and no stray."""
    if level is Likeness.EXACT:
        return True
    if a.stray or b.stray:
        return False
    if level < Likeness.COMPATIBLE and a.sex and b.sex and a.sex is not b.sex:
        return False
    if a.number.valid and b.number.valid and a.number.valid != b.number.valid:
        return False  # it is the 学籍号 they share: numbers of twins get mixed up there
    return level > Likeness.UNKNOWN or not a.births or not b.births or not set(a.births).isdisjoint(b.births)


def _contested(groups: Groups, i: int, j: int) -> bool:
    """Whether one of two groups was told apart by a person from somebody whom the other may as well be: then all are weighed."""
    mine, theirs = groups.foes(i), groups.foes(j)
    if not (mine or theirs) or not (foes := mine ^ theirs):  # hardly anybody has any
        return False
    keys = {
        (groups.records[k].number.valid, groups.records[k].student_number)
        for k in (*groups.members(i), *groups.members(j))
    }
    numbers, students = {number for number, _ in keys} - {""}, {student for _, student in keys} - {""}
    return any(
        (record := groups.records[k]).number.valid in numbers or record.student_number in students
        for foe in foes
        for k in groups.members(foe)
    )


def count_names(groups: Groups) -> Rarity:
    """How common each name and sound is, counted by groups that stand for a person, and which townships are one."""
    names: Counter[str] = Counter()
    sounds: Counter[str] = Counter()
    children = 0
    for root in groups.roots():
        found = {groups.records[i].name for i in groups.members(root) if groups.records[i].register in PERSON_REGISTERS}
        if found:
            children += 1
            names.update(found)
            sounds.update({sound for name in found for sound in sound_keys(name)[:1]})
    return Rarity(children=children, names=names, sounds=sounds, townships=one_township(groups))


def link_persons(groups: Groups, *, unlike: Iterable[tuple[int, int]], rarity: Rarity, step: Step) -> list[Doubt]:
    """Step 2: weigh the candidates and join the sure ones, best first; return the doubtful ones."""
    roots = [root for root in groups.roots() if groups.holds_one_of(root, PERSON_REGISTERS)]
    profiles, chosen = _candidates(groups, roots, extra={(groups.of(i), groups.of(j)) for i, j in unlike})
    weighed: list[_Pair] = []
    for done, (a, b) in enumerate(chosen):
        if done % 5000 == 0:
            step(done, len(chosen))
        evidence = weigh(profiles[a], profiles[b], rarity=rarity)
        if evidence.bits > DOUBT_BITS - MARGIN_BITS:
            weighed.append(_Pair(a=a, b=b, evidence=evidence))
    step(len(chosen), len(chosen))
    mixed = [p for p in weighed if p.evidence.number in NUMBERS_THAT_PROVE and p.evidence.name <= Likeness.HOMOPHONE]
    asked = {key for pair in mixed for side in (pair.a, pair.b) for key in _home_keys(profiles[side])}
    homes = _homes(groups, roots, profiles=profiles, asked=asked)
    siblings = {(p.a, p.b) for p in mixed if _is_siblings(p.a, p.b, profiles, homes)}
    return _Matching(groups, [p for p in weighed if (p.a, p.b) not in siblings]).join_best()


_Home = tuple[Hashable, ...]


def _home_keys(person: Profile) -> Iterator[_Home]:
    for name in person.names:
        for birth in person.births:
            for anchor in (*person.people, *person.phones):
                yield name, birth, anchor


def _homes(
    groups: Groups, roots: Iterable[int], *, profiles: dict[int, Profile], asked: AbstractSet[_Home]
) -> dict[_Home, set[int]]:
    """Groups by name, birth and home, as far as asked; their profiles are added to `profiles`."""
    names = {key[0] for key in asked}
    homes: dict[_Home, set[int]] = defaultdict(set)
    for root in roots if asked else ():
        if any(groups.records[i].name in names for i in groups.members(root)):
            person = profiles.setdefault(root, profile(groups.rows(root)))
            for key in _home_keys(person):
                if key in asked:
                    homes[key].add(root)
    return homes


def _is_siblings(a: int, b: int, profiles: dict[int, Profile], homes: dict[_Home, set[int]]) -> bool:
    """Whether the number that a and b share under different names is a sibling's.

    It is where a third group has the name and birth of one of them in the same home and another number; or no number, while the
    other of the two is registered and known elsewhere by its name: then both names are somebody's.
    """
    for side, other in ((a, b), (b, a)):
        lone = Register.HUKOU not in profiles[side].registers and profiles[other].registers > {Register.HUKOU}
        for third in {root for key in _home_keys(profiles[side]) for root in homes.get(key, ())} - {a, b}:
            level = compare_numbers(profiles[side], profiles[third])
            if level in NUMBERS_THAT_PART or (lone and level is NumberLevel.UNKNOWN):
                return True
    return False


def _block_keys(person: Profile) -> list[tuple[Hashable, ...]]:
    """Keys under which groups of one child meet; every key leaves some fields free to be wrong."""
    keys: list[tuple[Hashable, ...]] = []
    sounds = {sound for name in person.names for sound in sound_keys(name)}
    surnames = {name[:1] for name in person.names}
    written = person.numbers | person.attempts | person.older_numbers
    anchors = person.people | person.phones
    places = {(t, v) for t in person.townships for v in person.villages}
    for birth in person.births:
        keys += [("sound, birth", s, birth) for s in sounds]
        keys += [("birth, home", birth, anchor) for anchor in anchors]
        keys += [("birth, place", birth, *place) for place in places]
        keys += [("birth, surname", birth, s) for s in surnames]
    for sound in sounds:
        keys += [("sound, home", sound, anchor) for anchor in anchors]
        keys += [("sound, place", sound, *place) for place in places]
    for number in written:
        keys.append(("first digits", number[:14]))
        keys += [("last digits", s, number[-4:]) for s in surnames if len(number) == 18 and number[-3:] != "000"]
    return keys


def _candidates(
    groups: Groups, roots: Iterable[int], *, extra: AbstractSet[tuple[int, int]]
) -> tuple[dict[int, Profile], list[tuple[int, int]]]:
    """Pairs that share a blocking key, and the profiles of all in them.

    Two hukou registrations are never a pair: that is for the police to decide.
    """
    lone: dict[int, Profile] = {}
    registered: list[int] = []
    for root in roots:
        if groups.holds(root, Register.HUKOU):
            registered.append(root)
        else:
            lone[root] = profile(groups.rows(root))
    blocks: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for root, person in lone.items():
        for key in _block_keys(person):
            blocks[key].append(root)
    profiles = dict(lone)
    of_pairs = {root for pair in extra for root in pair}
    for root in registered:
        person = profile(groups.rows(root))
        met = [found for key in _block_keys(person) if (found := blocks.get(key)) is not None]
        if met or root in of_pairs:
            profiles[root] = person
        for found in met:
            found.append(root)
    pairs = {(min(a, b), max(a, b)) for a, b in extra if a != b and a in profiles and b in profiles}
    for holders in blocks.values():
        if 1 < len(holders) <= MAX_BLOCK:
            holders.sort()
            for position, a in enumerate(holders):
                pairs.update((a, b) for b in holders[position + 1 :] if a != b and (a in lone or b in lone))
    return profiles, sorted(pairs)


class _Matching:
    """Joining weighed pairs best first, each checked against what has been joined before and against its rivals."""

    def __init__(self, groups: Groups, pairs: list[_Pair]) -> None:
        self.groups = groups
        self.pairs = sorted(pairs, key=lambda pair: (-pair.evidence.bits, pair.a, pair.b))
        self.around: dict[int, list[_Pair]] = defaultdict(list)
        for pair in self.pairs:
            self.around[pair.a].append(pair)
            self.around[pair.b].append(pair)

    def join_best(self) -> list[Doubt]:
        """Join what is sure; return what is doubtful."""
        doubts: list[Doubt] = []
        for pair in self.pairs:
            if self.groups.of(pair.a) == self.groups.of(pair.b):
                continue
            bits = pair.evidence.bits
            barred = _barred(self.groups, pair)
            rival = not barred and self._has_rival(pair)
            if bits >= JOIN_BITS and not barred and not rival:
                self._join(pair)
            elif bits >= (JOIN_BITS if barred and pair.evidence.name > Likeness.DIFFERENT else DOUBT_BITS):
                # Two names that have nothing in common come this far only where the child may have been renamed.
                doubts.append(self._doubt(pair, barred or (RIVAL if rival else THIN)))
        return doubts

    def _join(self, pair: _Pair) -> None:
        sides = self.groups.of(pair.a), self.groups.of(pair.b)
        around = [other for side in sides for other in self.around.pop(side, ())]
        self.groups.join(pair.a, pair.b, rule=pair.evidence.rule, score=probability(pair.evidence.bits))
        self.around[self.groups.of(pair.a)] = around

    def _doubt(self, pair: _Pair, reason: str) -> Doubt:
        a, b = self.groups.records[pair.a].ref, self.groups.records[pair.b].ref
        score = round(probability(pair.evidence.bits), 4)
        return Doubt(a=a, b=b, score=score, reason=f"{reason}: {in_words(pair.evidence.rule)}")

    def _has_rival(self, pair: _Pair) -> bool:
        """Whether somebody else, who can't be this child too, fits one of the sides nearly as well."""
        here = {self.groups.of(pair.a), self.groups.of(pair.b)}
        least = pair.evidence.bits - MARGIN_BITS
        sure = _is_sure(pair.evidence)
        for side in here:
            for other in self.around[side]:
                strangers = {self.groups.of(other.a), self.groups.of(other.b)} - here
                if not strangers or other.evidence.bits <= least or _barred(self.groups, other):
                    continue
                if sure and other.evidence.name <= Likeness.SIMILAR:
                    continue  # a number under another name is no rival of name, birth and home
                (mine,), (stranger,) = here - {side}, strangers
                if not self._may_be_one(stranger, mine):
                    return True
        return False

    def _may_be_one(self, a: int, b: int) -> bool:
        """Whether two groups fit each other as well, so that all three are one child."""
        both = {a, b}
        return any(
            other.evidence.bits >= DOUBT_BITS
            and {self.groups.of(other.a), self.groups.of(other.b)} == both
            and not _barred(self.groups, other)
            for other in self.around[a]
        )


RIVAL, THIN = "another row fits nearly as well (另有相近的人)", "the evidence is thin (依据不足)"


def _barred(groups: Groups, pair: _Pair) -> str:
    """Why two groups must not be joined whatever their score, or ''."""
    left, right = groups.rows(pair.a), groups.rows(pair.b)
    registers = {r.register for r in left} & {r.register for r in right}
    evidence = pair.evidence
    sure = _is_sure(evidence)
    if groups.are_parted(pair.a, pair.b):
        return "decided to be two children (人工判定不是同一人)"
    if Register.HUKOU in registers:
        return "two household registrations (双重户籍待公安核)"
    if evidence.name <= Likeness.SIMILAR and evidence.number not in NUMBERS_THAT_PROVE:
        # Twins share birth, home and most of the name; one may be missing from the hukou register.
        return "names differ and no number says that they are one (可能是双胞胎或兄弟姐妹)"
    if evidence.name is Likeness.HOMOPHONE and evidence.number not in NUMBERS_THAT_PROVE and _of_two_sexes(left, right):
        return "names of one sound, and a boy and a girl (可能是同音双胞胎)"
    numbers = [{r.number.valid for r in side if r.number.valid and not r.stray} for side in (left, right)]
    if all(numbers) and numbers[0].isdisjoint(numbers[1]) and not sure:
        return "two different valid numbers (证件号均有效但不同)"
    # Twins go to one school, and an office that has one of them has both: a name that only sounds the same may be the other's there.
    elsewhere = {r.school for r in left if r.school}.isdisjoint(r.school for r in right if r.school)
    alike = Likeness.HOMOPHONE if registers <= {Register.ENROLMENT} and elsewhere else Likeness.COMPATIBLE
    same_person = sure or evidence.number is NumberLevel.SAME or (evidence.name >= alike and evidence.at_home)
    if evidence.number in NUMBERS_OF_ONE_ENROLLED_TWICE and evidence.birth is BirthLevel.SAME and evidence.at_home:
        same_person = same_person or elsewhere  # one number at two schools, be it with a slip of the pen
    if registers.intersection({*SINGLE_REGISTERS, Register.ENROLMENT}) and not same_person:
        return "two rows of one register (同一名册两行)"
    return ""


def _is_sure(evidence: Evidence) -> bool:
    """Whether name, birth date and home are the same: enough against any number."""
    return evidence.name >= Likeness.COMPATIBLE and evidence.birth is BirthLevel.SAME and evidence.at_home


def _of_two_sexes(left: Iterable[Record], right: Iterable[Record]) -> bool:
    mine, theirs = {r.sex for r in left if r.sex}, {r.sex for r in right if r.sex}
    return bool(mine and theirs) and mine.isdisjoint(theirs)


def probability(bits: float) -> float:
    """A weight in bits as a probability."""
    return 1.0 / (1.0 + exp2(-max(-60.0, min(60.0, bits))))
