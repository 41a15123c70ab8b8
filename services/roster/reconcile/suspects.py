"""Finding the child that a row of the pushed list of suspects 疑似辍学名单 means.

The list names children who are in the registers, so the question is not "is this anybody?" but "which of them?": a suspect is
joined with the one child it fits clearly best; where several fit, a person decides.
"""

from collections import defaultdict
from collections.abc import Iterator

from services.roster.reconcile.births import BirthLevel, best_birth
from services.roster.reconcile.evidence import NumberLevel, Profile, compare_numbers, profile
from services.roster.reconcile.groups import Groups
from services.roster.reconcile.identity import Likeness, name_likeness
from services.roster.reconcile.model import Doubt, Register
from services.roster.reconcile.normalise import WILDCARD, sound_keys
from services.roster.reconcile.records import CLASS_LISTS, Record

SUSPECT_BITS = 8.5
SUSPECT_MARGIN = 3.5
MAX_NAMESAKES = 400
OUT_OF_CLASS_BITS = 4.0  # the list is of suspected dropouts, so of namesakes the one who is on no class list is meant
_NAME_BITS = {
    Likeness.EXACT: 8.0,
    Likeness.COMPATIBLE: 6.0,
    Likeness.HOMOPHONE: 5.0,
    Likeness.RELATED: 3.0,
    Likeness.SIMILAR: 1.0,
    Likeness.UNKNOWN: 0.0,
}
_BIRTH_BITS = {BirthLevel.SAME: 8.0, BirthLevel.SWAPPED: 3.0, BirthLevel.SLIP: 3.0, BirthLevel.DIFFERENT: -4.0}
_NUMBER_BITS = {NumberLevel.SAME: 16.0, NumberLevel.OLDER: 12.0, NumberLevel.NEAR: 12.0, NumberLevel.CUT: 10.0, NumberLevel.CLOSE: 6.0, NumberLevel.CONFLICT: -8.0}  # fmt: skip


def seat_suspects(groups: Groups) -> list[Doubt]:
    """Join each suspect that no number has joined yet with the one child it can be; doubt where several fit."""
    alone = [
        i
        for i in groups.roots()
        if groups.records[i].register is Register.SUSPECTS
        and all(r.register is Register.SUSPECTS for r in groups.rows(i))
    ]
    index = _index(groups, {key for i in alone for key in _suspect_keys(groups.records[i])}) if alone else {}
    claims: dict[int, list[tuple[float, int]]] = defaultdict(list)
    doubts: list[Doubt] = []
    for i in alone:
        record = groups.records[i]
        found = {groups.of(j) for key in _suspect_keys(record) for j in index.get(key, ())} - groups.foes(i)
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
    if WILDCARD in record.name:
        yield from _parts(record)
    for text in {record.number.text, record.older_number.text}:
        if len(text) == 18:
            yield "number, first", text[:14]
            yield "number, last", text[6:]
            yield "number, surname", record.name[:1], text[14:]


def _parts(record: Record) -> Iterator[tuple[str, ...]]:
    """The ends of a name of which a character could not be written, within the township."""
    for end, character in (("first", record.name[:1]), ("last", record.name[-1:])):
        if record.township and character not in {"", WILDCARD}:
            yield end, character, record.township


def _index(groups: Groups, asked: set[tuple[str, ...]]) -> dict[tuple[str, ...], list[int]]:
    """The records that share one of these keys, by key."""
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    hidden = any(key[0] in {"first", "last"} for key in asked)
    parts = {part for key in asked for part in key[1:]} - {""}
    for i, record in enumerate(groups.records):
        if record.register is Register.SUSPECTS or record.register in CLASS_LISTS:
            continue
        own, older = record.number.text, record.older_number.text
        # A number that ends as a suspect's does is found by its last digits.
        digits = (own[:14], own[14:], older[:14], older[14:]) if older else (own[:14], own[14:])
        if (
            parts.isdisjoint(sound_keys(record.name))
            and parts.isdisjoint(digits)
            and not (hidden and any(key in asked for key in _parts(record)))
        ):
            continue  # shares nothing with any suspect: most don't
        for key in (*_suspect_keys(record), *(_parts(record) if hidden else ())):
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
