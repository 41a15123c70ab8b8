"""Which entry each linked child is: pure decisions over keyed hashes, without a database.

Every register row has keys: its place, who it names, a 学籍号, an ID number. A key, once kept, leads to one entry. A row is
led by its strongest key (`LEADS`); a linked child is claimed by every entry that some of its keys lead to, and goes to the
strongest claim.

Entries are merged, not melted: the keys of a merged entry go on leading to it, so that taking the merge back gives it its
rows again. `Standing` says which entry goes on as which.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Final
from uuid import UUID

from services.roster.reconcile.model import RowRef

PLACE_WEIGHT, WHO_WEIGHT, NUMBER_WEIGHT = 1_000, 4, 3
"""What a key counts in a claim. A row that is still in its place outweighs whatever else its child may share with others."""

ABSORBED_FROM: Final = WHO_WEIGHT
"""What an entry that no rows are left for must claim to be taken for another child: a number alone is often a slip of the
pen, and would hide a child that nobody looks for then."""

ROWS_OF_A_PAIR: Final = 100
"""Pairs of rows by which two entries are kept apart at most."""

Pair = frozenset[UUID]
"""Two entries, whichever comes first."""

RowPairs = list[tuple[RowRef, RowRef]]


@dataclass(frozen=True, slots=True)
class RowKeys:
    """The keyed hashes of one row: of its place, of name, birth, guardian and village, of 学籍号, of ID numbers."""

    place: bytes
    who: tuple[bytes, ...]
    students: tuple[bytes, ...]
    numbers: tuple[bytes, ...]

    def __iter__(self) -> Iterator[bytes]:
        yield self.place
        yield from self.who
        yield from self.students
        yield from self.numbers


@dataclass(frozen=True, slots=True)
class Standing:
    """How entries stand to one another, as far as it was decided or found before.

    `into` says as which other one a merged entry goes on; `same` and `different` are what persons decided.
    """

    into: Mapping[UUID, UUID] = field(default_factory=dict)
    same: frozenset[Pair] = frozenset()
    different: frozenset[Pair] = frozenset()
    open_doubts: Mapping[UUID, Pair] = field(default_factory=dict)

    def line(self, entry: UUID) -> list[UUID]:
        """An entry and those as which it goes on, one after the other; the last one goes on by itself."""
        line = [entry]
        while (onward := self.into.get(line[-1])) is not None and onward not in line:
            line.append(onward)
        return line

    def last(self, entry: UUID) -> UUID:
        """The entry as which an entry goes on in the end."""
        return self.line(entry)[-1]

    def parted(self) -> set[Pair]:
        """The pairs of entries going on by themselves that are different children, themselves or by what merged into them."""
        return {frozenset(self.last(entry) for entry in pair) for pair in self.different}

    def kin(self, entry: UUID) -> set[UUID]:
        """An entry and all that are merged into it."""
        return {entry} | {merged for merged in self.into if entry in self.line(merged)}


@dataclass(frozen=True, slots=True)
class Recognised:
    """Which entry each label is, and what has to be done so that the next comparison says the same.

    `new` are entries that were not there before, `absorbed` those that turned out to be another one, `released` those that a
    comparison had taken for another one and takes for themselves now: each with that other one.
    """

    children: dict[str, UUID]
    new: set[UUID]
    absorbed: dict[UUID, UUID]
    released: dict[UUID, UUID]
    kept: dict[str, dict[bytes, UUID]]
    """By label, which entry its new and moved keys lead to from now on."""


def lead(keys: RowKeys, known: Mapping[bytes, UUID]) -> UUID | None:
    """The entry that the strongest known key of a row leads to: its place, who it names, its 学籍号, its number."""
    for kind in ((keys.place,), keys.who, keys.students, keys.numbers):
        for key in kind:
            if (entry := known.get(key)) is not None:
                return entry
    return None


def rows_decided_about(led: Mapping[RowRef, UUID], standing: Standing) -> dict[UUID, list[RowRef]]:
    """The rows of each entry that a person decided about, in their order."""
    asked = {entry for pair in standing.same | standing.different for entry in pair}
    rows: dict[UUID, list[RowRef]] = defaultdict(list)
    for ref in sorted(led):
        if led[ref] in asked:
            rows[led[ref]].append(ref)
    return rows


def constraints(
    rows: Mapping[UUID, Sequence[RowRef]], stood: Container[RowRef], standing: Standing
) -> tuple[RowPairs, RowPairs, dict[RowRef, UUID]]:
    """What was decided, as pairs of rows: those that are of one child, and those that are not; and which row stands for whom.

    For an entry that is one child with another the row stands that has `stood` for one before: what else a comparison finds
    to be the child's doesn't change what the next one is given.
    """
    stands = {entry: next((ref for ref in refs if ref in stood), refs[0]) for entry, refs in rows.items()}
    decided = Standing(
        into={one: into for one, into in standing.into.items() if frozenset((one, into)) in standing.same}
    )
    together: dict[UUID, list[RowRef]] = defaultdict(list)
    for entry in sorted(stands):
        together[decided.last(entry)].append(stands[entry])
    same = [(first, other) for first, *others in together.values() for other in others]
    apart: RowPairs = []
    for one, another in sorted(sorted(pair) for pair in standing.different):
        apart += islice(product(rows.get(one, ()), rows.get(another, ())), ROWS_OF_A_PAIR)
    return same, apart, {ref: entry for entry, ref in stands.items()}


def recognise(
    groups: Mapping[str, Sequence[RowRef]],
    *,
    keys: Mapping[RowRef, RowKeys],
    known: Mapping[bytes, UUID],
    held: Mapping[str, frozenset[bytes]],
    standing: Standing,
    closed: frozenset[UUID],
    new_id: Callable[[], UUID],
) -> Recognised:
    """Gives each linked child (label and rows) its entry, the strongest claim first, and no entry twice.

    `held` are the number keys of the facts held true of each label: where several state a number, it is the holder's.
    """
    claims = {label: _claims(rows, keys=keys, known=known, closed=closed) for label, rows in groups.items()}
    children, left = _strongest(claims, standing)
    released = _release(children, claims, standing)
    new = {label: new_id() for label in groups if label not in children}
    children |= new
    taken, parted = set(children.values()), standing.parted()
    absorbed = {
        entry: children[label]
        for entry, label in left.items()
        if entry not in taken and frozenset((entry, children[label])) not in parted
    }
    after = Standing(into={one: into for one, into in standing.into.items() if one not in released} | absorbed)
    of_label = _labels_of_keys(groups, keys=keys, held=held)
    present = set(children.values())
    kept: dict[str, dict[bytes, UUID]] = {}
    for label, rows in groups.items():
        child_id = children[label]
        moved: dict[bytes, UUID] = {}
        for ref in rows:
            home = lead(keys[ref], known)
            entry = home if home is not None and after.last(home) == child_id else child_id
            for key in keys[ref]:
                leads = known.get(key)
                if of_label[key] == label and (
                    leads is None or _moves(leads, to=child_id, after=after, present=present)
                ):
                    moved[key] = entry
        if moved:
            kept[label] = moved
    return Recognised(children, set(new.values()), absorbed, released, kept)


def _moves(entry: UUID, *, to: UUID, after: Standing, present: set[UUID]) -> bool:
    """Whether a key leaves an entry for a child: keys move between children that are there.

    Whoever is looked for keeps those by which to be found again, and whoever was erased or is restricted those by which to stay so.
    """
    last = after.last(entry)
    return last != to and last in present


Claims = dict[str, Counter[UUID]]


def _claims(
    rows: Iterable[RowRef], *, keys: Mapping[RowRef, RowKeys], known: Mapping[bytes, UUID], closed: frozenset[UUID]
) -> Counter[UUID]:
    """How strongly each entry, merged or not, claims these rows: every key counts once."""
    weights: dict[bytes, int] = {}
    for ref in rows:
        of_row = keys[ref]
        weights[of_row.place] = PLACE_WEIGHT
        weights |= dict.fromkeys(of_row.who, WHO_WEIGHT)
        weights |= dict.fromkeys((*of_row.students, *of_row.numbers), NUMBER_WEIGHT)
    claims: Counter[UUID] = Counter()
    for key, weight in weights.items():
        entry = known.get(key)
        if entry is not None and entry not in closed:
            claims[entry] += weight
    return claims


def _strongest(claims: Claims, standing: Standing) -> tuple[dict[str, UUID], dict[UUID, str]]:
    """The entry of each label that gets one, and for the entries that got none the label they claim most."""
    found: list[tuple[int, str, UUID]] = []
    for label, of_label in claims.items():
        together: Counter[UUID] = Counter()
        for entry, weight in of_label.items():
            together[standing.last(entry)] += weight
        found += ((-weight, label, entry) for entry, weight in together.items())
    children: dict[str, UUID] = {}
    taken: set[UUID] = set()
    wished: dict[UUID, str] = {}
    for weight, label, entry in sorted(found):
        if -weight >= ABSORBED_FROM:
            wished.setdefault(entry, label)
        if label not in children and entry not in taken:
            children[label] = entry
            taken.add(entry)
    return children, {entry: label for entry, label in wished.items() if entry not in taken}


def _release(children: dict[str, UUID], claims: Claims, standing: Standing) -> dict[UUID, UUID]:
    """Gives labels that got nobody an entry that a comparison had merged, where more of it is there than with the other.

    What a person merged stays merged.
    """
    loose = {one for one, into in standing.into.items() if frozenset((one, into)) not in standing.same}
    labels = {entry: label for label, entry in children.items()}
    released: dict[UUID, UUID] = {}
    for label, of_label in claims.items():
        if label in children:
            continue
        for entry in sorted(loose & of_label.keys() - released.keys(), key=lambda entry: (-of_label[entry], entry)):
            elsewhere = labels.get(standing.last(entry))
            if elsewhere is None or claims[elsewhere][entry] < of_label[entry]:
                children[label] = entry
                released[entry] = standing.into[entry]
                break
    return released


def _labels_of_keys(
    groups: Mapping[str, Sequence[RowRef]], *, keys: Mapping[RowRef, RowKeys], held: Mapping[str, frozenset[bytes]]
) -> dict[bytes, str]:
    """The one label each key is of: the only one whose rows have it, or the only one that holds it; else none ('')."""
    of_rows: dict[bytes, str] = {}
    of_facts: dict[bytes, str] = {}
    for label, rows in groups.items():
        for ref in rows:
            for key in keys[ref]:
                if of_rows.setdefault(key, label) != label:
                    of_rows[key] = ""
        for key in held[label]:
            if of_facts.setdefault(key, label) != label:
                of_facts[key] = ""
    for key, label in of_facts.items():
        if of_rows.get(key) == "":
            of_rows[key] = label
    return of_rows
