"""How strongly two groups of rows look like one child: levels of agreement field by field, and their weights in bits.

A weight says how many times likelier (as a power of two) an agreement is between rows of one child than between rows of two.
Agreement on a name counts by its rarity in the county, so 张家 proves little and 上官洋梓 a lot. The prior is one child in the
county. What twins and siblings share (birth, guardian, telephone, village) never outweighs different names: see VETO.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import product
from math import log2
from typing import NamedTuple

from msgspec import Struct
from rapidfuzz.distance import OSA

from services.roster.reconcile.births import BirthLevel, best_birth
from services.roster.reconcile.identity import Likeness, NumberKind, name_likeness
from services.roster.reconcile.model import Register, Sex
from services.roster.reconcile.normalise import sound_keys
from services.roster.reconcile.records import Record


class NumberLevel(StrEnum):
    """How two citizen numbers agree."""

    SAME = "same"
    STRAY = "stray"  # the same, but on one side it contradicts its own row's birth date: most likely a sibling's
    NEAR = "near"  # one digit wrong or two neighbours transposed, and one of the two fails its check
    CLOSE = "close"  # two such errors; twins' numbers are as close as that
    CUT = "cut"  # the same digits as far as a spreadsheet or a mask left them
    OLDER = "older"  # equal to the number kept in the 学籍号
    FAR = "far"  # one of the two fails its check and they have little in common
    OTHER = "other"  # the number of one side, or in its 学籍号, is not the number in the other's 学籍号
    CONFLICT = "conflict"  # both pass their check and differ
    UNKNOWN = "unknown"


VETO = -1000.0
DOUBTFUL = 3.0
"""The most that number and birth date, both wrong, leave of a pair: a person decides."""

BIRTH_BITS: Mapping[BirthLevel, float] = {
    BirthLevel.SAME: 11.5,  # eleven years of days
    BirthLevel.SWAPPED: 6.0,
    BirthLevel.SLIP: 5.0,
    BirthLevel.LUNAR: 0.0,
    BirthLevel.DIFFERENT: -9.0,
    BirthLevel.UNKNOWN: 0.0,
}
NUMBER_BITS: Mapping[NumberLevel, float] = {
    NumberLevel.SAME: 22.0,
    NumberLevel.STRAY: 4.0,
    NumberLevel.NEAR: 14.0,
    NumberLevel.CLOSE: 4.0,
    NumberLevel.CUT: 12.0,
    NumberLevel.OLDER: 16.0,
    NumberLevel.FAR: -2.0,
    NumberLevel.OTHER: -5.0,
    NumberLevel.CONFLICT: -14.0,
    NumberLevel.UNKNOWN: 0.0,
}
# Part of a name's rarity that is lost by not being the same to the character; RELATED, SIMILAR and DIFFERENT are absolute. A homophone
# loses as much as MARGIN_BITS of linking, so that of twins called 子涵 and 子晗 the one with the very name is taken.
NAME_LOSS: Mapping[Likeness, float] = {Likeness.EXACT: 0.0, Likeness.COMPATIBLE: 5.0, Likeness.HOMOPHONE: 6.0}
NAME_RELATED, NAME_SIMILAR, NAME_UNKNOWN, NAME_DIFFERENT = 4.0, 2.0, 0.0, -20.0
SEX_SAME, SEX_DIFFERENT = 1.0, -5.0
TOWNSHIP_SAME, TOWNSHIP_DIFFERENT = 3.0, -2.0
VILLAGE_SAME, VILLAGE_DIFFERENT = 3.5, -2.0
PERSON_SAME, PERSON_ALIKE, PERSON_DIFFERENT = 9.0, 5.0, -2.0
PHONE_SAME, PHONE_NEAR, PHONE_DIFFERENT = 11.0, 6.0, -1.0


class Profile(NamedTuple):
    """What the rows of a group say together, as sets of keys; complete once `profile` has made it."""

    names: set[str]
    sexes: set[Sex]
    births: set[date]
    numbers: set[str]  # pass their check
    strays: set[str]  # pass their check, but contradict their own row's birth date
    attempts: set[str]  # meant to be citizen numbers, but fail, or cut or masked
    older_numbers: set[str]
    townships: set[str]
    villages: set[str]
    people: set[str]
    phones: set[str]
    registers: set[Register]


_ATTEMPTS = frozenset({NumberKind.BROKEN, NumberKind.ROUNDED, NumberKind.MASKED})


def profile(records: Iterable[Record]) -> Profile:
    """The profile of a group of rows."""
    person = Profile(set(), set(), set(), set(), set(), set(), set(), set(), set(), set(), set(), set())
    for r in records:
        person.registers.add(r.register)
        person.births.update(r.births)
        person.people.update(r.people)
        number = r.number
        if number.kind is NumberKind.VALID:
            (person.strays if r.stray else person.numbers).add(number.text)
        elif number.kind in _ATTEMPTS:
            person.attempts.add(number.text)
        for found, stated in (
            (person.names, r.name),
            (person.older_numbers, r.older_number.valid),
            (person.townships, r.township),
            (person.villages, r.village),
            (person.phones, r.phone),
        ):
            if stated:
                found.add(stated)
        if r.sex:
            person.sexes.add(r.sex)
    return person


class Evidence(Struct, frozen=True, gc=False):
    """The weight of a pair in bits (prior taken off), the levels that matter for rules, and what agreed, in words."""

    bits: float
    name: Likeness
    birth: BirthLevel
    number: NumberLevel
    at_home: bool  # guardian or telephone the same
    rule: str


STRANGERS = Evidence(
    bits=VETO,
    name=Likeness.DIFFERENT,
    birth=BirthLevel.UNKNOWN,
    number=NumberLevel.UNKNOWN,
    at_home=False,
    rule="",
)


@dataclass(frozen=True, slots=True)
class Rarity:
    """How common names and sounds are among the county's children, and which of its townships go by two names."""

    children: int
    names: Mapping[str, int]
    sounds: Mapping[str, int]
    townships: AbstractSet[tuple[str, str]] = frozenset()
    """Pairs that are two names of one (`townships.py`)."""

    @property
    def prior(self) -> float:
        """Bits against two rows taken at random being one child. Fewer than 1,000 are a part of some county."""
        return log2(max(1_000, self.children))

    def name_bits(self, name: str) -> float:
        """Bits that agreement on this name is worth."""
        return self.prior - log2(max(1, self.names.get(name, 1)))

    def sound_bits(self, name: str) -> float:
        """Bits that agreement on the sound of this name is worth."""
        counts = [self.sounds.get(sound, 1) for sound in sound_keys(name)[:1]]
        return self.prior - log2(max(1, *counts)) if counts else self.name_bits(name)


def weigh(a: Profile, b: Profile, *, rarity: Rarity) -> Evidence:
    """The evidence that two groups are one child."""
    name, name_bits = _weigh_names(a, b, rarity)
    if name is Likeness.DIFFERENT and a.numbers.isdisjoint(b.numbers) and not _may_be_renamed(a, b):
        return STRANGERS
    birth = best_birth(a.births, b.births)
    number = compare_numbers(a, b)
    if number is NumberLevel.STRAY and name >= Likeness.RELATED:
        number = NumberLevel.NEAR  # a sibling's number comes with the sibling's name: here it is the date that is wrong
    bits = name_bits + BIRTH_BITS[birth] + NUMBER_BITS[number] - rarity.prior
    agreed = [f"name {name.name.lower()}"] if name >= Likeness.SIMILAR else []
    if birth in {BirthLevel.SAME, BirthLevel.SWAPPED, BirthLevel.SLIP}:
        agreed.append(f"birth {birth.value}")
    if number in {NumberLevel.SAME, NumberLevel.NEAR, NumberLevel.CLOSE, NumberLevel.CUT, NumberLevel.OLDER}:
        agreed.append(f"number {number.value}")
    if a.sexes and b.sexes:
        bits += SEX_SAME if a.sexes & b.sexes else SEX_DIFFERENT
    apart = bool(a.townships and b.townships) and a.townships.isdisjoint(b.townships)
    if apart and not rarity.townships.isdisjoint(product(a.townships, b.townships)):
        apart = False
    elif a.townships and b.townships:
        bits += TOWNSHIP_DIFFERENT if apart else TOWNSHIP_SAME
    if a.villages and b.villages:
        same = not apart and not a.villages.isdisjoint(b.villages)
        bits += VILLAGE_SAME if same else VILLAGE_DIFFERENT
        agreed += ["village"] if same else []
    person, phone = _weigh_people(a.people, b.people), _weigh_phones(a.phones, b.phones)
    agreed += ["guardian"] if person > 0 else []
    agreed += ["telephone"] if phone > 0 else []
    bits += person + phone
    if birth is BirthLevel.DIFFERENT and number not in {NumberLevel.SAME, NumberLevel.NEAR, NumberLevel.OLDER}:
        known = name is Likeness.EXACT and person == PERSON_SAME and (phone == PHONE_SAME or "village" in agreed)
        bits = min(bits, DOUBTFUL if known else 0.0)
    return Evidence(
        bits=bits,
        name=name,
        birth=birth,
        number=number,
        at_home=person == PERSON_SAME or phone == PHONE_SAME,
        rule=", ".join(agreed),
    )


def _may_be_renamed(a: Profile, b: Profile) -> bool:
    """Whether one child may have two names 曾用名: birth date and guardian or telephone the same, and much of the number.

    The number is what tells a renamed child from twins: theirs differ in two places at least, the sequence and the check. Where
    it is cut short, or missing on one side of a household register and a school register, a person has to decide.
    """
    at_home = not a.people.isdisjoint(b.people) or not a.phones.isdisjoint(b.phones)
    if not at_home or a.births.isdisjoint(b.births):
        return False
    number = compare_numbers(a, b)
    if number is NumberLevel.UNKNOWN:
        return a.registers.isdisjoint(b.registers) and {Register.HUKOU, Register.ENROLMENT} <= a.registers | b.registers
    return number in {NumberLevel.NEAR, NumberLevel.OLDER, NumberLevel.CUT}


def _weigh_names(a: Profile, b: Profile, rarity: Rarity) -> tuple[Likeness, float]:
    shared = a.names & b.names
    if shared:
        return Likeness.EXACT, max(map(rarity.name_bits, shared))
    if not a.names or not b.names:
        return Likeness.UNKNOWN, NAME_UNKNOWN
    likeness, x, y = max((name_likeness(x, y), x, y) for x in a.names for y in b.names)
    if likeness <= Likeness.SIMILAR and a.names & b.people and b.names & a.people:
        # Child and guardian stand in each other's column of one of the two.
        return Likeness.COMPATIBLE, max(map(rarity.name_bits, (*(a.names & b.people), *(b.names & a.people))))
    if likeness is Likeness.HOMOPHONE:
        return likeness, max(0.0, min(rarity.sound_bits(x), rarity.sound_bits(y)) - NAME_LOSS[likeness])
    if likeness is Likeness.COMPATIBLE:
        return likeness, max(0.0, min(rarity.name_bits(x), rarity.name_bits(y)) - NAME_LOSS[likeness])
    return likeness, {Likeness.RELATED: NAME_RELATED, Likeness.SIMILAR: NAME_SIMILAR}.get(likeness, NAME_DIFFERENT)


def _weigh_people(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    if not a or not b:
        return 0.0
    if a & b:
        return PERSON_SAME
    alike = any(name_likeness(x, y) >= Likeness.HOMOPHONE for x in a for y in b)
    return PERSON_ALIKE if alike else PERSON_DIFFERENT


def _weigh_phones(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    if not a or not b:
        return 0.0
    if a & b:
        return PHONE_SAME
    near = any(OSA.distance(x, y, score_cutoff=1) <= 1 for x in a for y in b)
    return PHONE_NEAR if near else PHONE_DIFFERENT


def compare_numbers(a: Profile, b: Profile) -> NumberLevel:
    """How the citizen numbers of two groups agree."""
    if a.numbers & b.numbers:
        return NumberLevel.SAME
    if a.strays & (b.numbers | b.strays) or b.strays & a.numbers:
        return NumberLevel.STRAY
    if (a.older_numbers & b.numbers) or (b.older_numbers & a.numbers) or (a.older_numbers & b.older_numbers):
        return NumberLevel.OLDER
    known_a, known_b = a.numbers | a.older_numbers, b.numbers | b.older_numbers
    written_a, written_b = known_a | a.attempts, known_b | b.attempts
    if (a.attempts or b.attempts) and written_a and written_b:
        levels = [same_attempt(x, y) for x in written_a for y in written_b]
        for level in (NumberLevel.NEAR, NumberLevel.CUT, NumberLevel.CLOSE):
            if level in levels:
                return level
        if not (a.numbers and b.numbers):
            return NumberLevel.FAR
    if a.numbers and b.numbers:
        return NumberLevel.CONFLICT
    return NumberLevel.OTHER if known_a and known_b else NumberLevel.UNKNOWN


@lru_cache(maxsize=65_536)
def same_attempt(x: str, y: str) -> NumberLevel:
    """How two written numbers agree, at least one of which fails its check."""
    if is_cut_of(x, y) or is_cut_of(y, x):
        return NumberLevel.CUT
    if x == y:
        return NumberLevel.NEAR
    distance = OSA.distance(x, y, score_cutoff=2)
    return NumberLevel.NEAR if distance == 1 else NumberLevel.CLOSE if distance == 2 else NumberLevel.FAR


def is_cut_of(cut: str, whole: str) -> bool:
    """Whether `cut` is `whole` as a spreadsheet rounds it (15 digits and 000) or with digits masked."""
    if len(cut) != 18 or len(whole) != 18:
        return False
    if cut.endswith("000") and cut[:15] == whole[:15]:
        return True
    return (
        "*" in cut and sum(c != "*" for c in cut) >= 8 and all(c in ("*", w) for c, w in zip(cut, whole, strict=True))
    )
