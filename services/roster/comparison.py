"""From the batches in force to children 比对: the long work of the roster, kept in steps that can be repeated.

First a draft, which writes nothing: rows are led to their entries by keyed hashes, the engine links them within what persons
have decided (`review.py`), and every linked child is recognised as an entry (`recognition.py`). Then the draft is kept: keys,
children, merges, doubts, in lots.

A comparison over the same batches and decisions states nothing new. A crash between two steps leaves whole children, and
comparing again does the rest.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from services.chassis.errors import Refused, Stale
from services.chassis.vault import Vault
from services.contracts.divisions import COUNTY, township_code
from services.roster.application import Roster
from services.roster.batches import Batches, in_one_numbering
from services.roster.counting import by_village
from services.roster.domain.child import Child
from services.roster.domain.doubt import PAIRS_SHOWN, RowPair
from services.roster.domain.four_checks import InForce
from services.roster.domain.statements import Doubtful, Stated, Statement
from services.roster.lookup import Lookup
from services.roster.recognition import (
    Pair,
    Recognised,
    RowKeys,
    Standing,
    constraints,
    lead,
    recognise,
    rows_decided_about,
)
from services.roster.reconcile.engine import reconcile_records
from services.roster.reconcile.model import (
    Department,
    Finding,
    FindingKind,
    LinkedChild,
    Reconciliation,
    Row,
    RowRef,
)
from services.roster.reconcile.records import Record, read_records
from services.roster.review import Review
from services.roster.side_by_side import cells_of, compared
from services.roster.stating import content_of, place_of, statement_of

Progress = Callable[[str, int, int], None]

CHILDREN_AT_ONCE: Final = 200

OPEN_DOUBTS_MAX: Final = 5_000
"""Doubts that wait for a person at most; the likeliest come first, what is beyond is counted and asked when there is room."""

TRIES: Final = 3
"""How often a lot is stated when somebody else changes one of its children meanwhile."""

NUMBER_OF_TWO: Final = "与另一名儿童证件号码相同，经人工判定不是同一人"
"""Why a number is looked into that two children have of whom a person decided that they are different."""

BY_COMPARISON: Final = "登记册比对"

OWNER_OF_MISSED: Final = f"education_bureau:{COUNTY}"
"""Who looks for children whom no register names any more."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """What became of the engine's doubts: how many were raised, withdrawn, wait for a person, found no room."""

    raised: int
    withdrawn: int
    waiting: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Draft:
    """All that a comparison would keep: what the engine said, and which entry each of its labels is."""

    reconciliation: Reconciliation
    recognised: Recognised
    standing: Standing
    batches: Batches
    closed: frozenset[UUID]
    """The entries of the rows of whom nothing more is written: erased, or restricted."""
    rows_of_erased: tuple[RowRef, ...]
    in_doubt: dict[RowRef, Record]
    """The rows that the engine doubts about."""
    stands: dict[bytes, UUID]
    """The keys of the rows by which entries that a person decided about were given to the engine."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison that was kept: what the engine said, and which child each of its labels is."""

    reconciliation: Reconciliation
    children: dict[str, UUID]
    doubts: Doubts
    position: int


class Comparison:
    """Compares the registers in force and keeps what that says; call it inside `acting(...)`."""

    def __init__(self, *, roster: Roster, lookup: Lookup, vault: Vault, new_id: Callable[[], UUID] = uuid4) -> None:
        self._roster = roster
        self._lookup = lookup
        self._vault = vault
        self._new_id = new_id
        self._review = Review(roster=roster)

    def compare(self, *, as_of: date, progress: Progress) -> Compared:
        """Compares the registers in force on a date and keeps what that says of each child."""
        rows, batches = in_one_numbering(self._lookup.rows_in_force())
        draft = self.draft(rows, batches=batches, as_of=as_of, progress=progress)
        del rows  # a county's are half a gigabyte
        children = draft.recognised.children
        self._lookup.drop_rows(batches.place(ref) for ref in draft.rows_of_erased)
        if draft.stands:
            self._lookup.keep_keys(draft.stands)
        self._release(draft)
        self._keep(draft, progress=progress)
        self._absorb(draft)
        self._miss(draft, progress=progress)
        doubts = self._doubt(draft)
        self._count(draft)
        return Compared(draft.reconciliation, children, doubts, self._roster.position())

    def look_back(self, *, as_of: date, progress: Progress) -> None:
        """Counts what the registers in force say of an earlier day, and states nothing of children."""
        rows, batches = in_one_numbering(self._lookup.rows_in_force())
        self._count(self.draft(rows, batches=batches, as_of=as_of, progress=progress))

    def draft(self, rows: Iterable[Row], *, batches: Batches, as_of: date, progress: Progress) -> Draft:
        """Links rows to entries within what was decided, and writes nothing."""
        standing = self._review.standing()
        records = read_records(rows)
        keys = {record.ref: self._keys_of(record, batches) for record in records}
        known = self._lookup.children_of({key for row_keys in keys.values() for key in row_keys})
        closed = frozenset(self._vault.closed_among(set(known.values())))
        erased = self._vault.shredded_among(closed)
        led = {ref: entry for ref, row_keys in keys.items() if (entry := lead(row_keys, known)) is not None}
        rows_of_erased = tuple(ref for ref, entry in led.items() if entry in erased)
        left_out = frozenset(ref for ref, entry in led.items() if entry in closed)
        for ref in left_out:  # nothing more is written about them, nor anything linked to them
            del led[ref]
        records = [record for record in records if record.ref not in left_out]
        decided = rows_decided_about(led, standing)
        stand_keys = {ref: self._stand_key(ref, batches) for refs in decided.values() for ref in refs}
        stood = self._lookup.children_of(stand_keys.values())
        same, apart, stands = constraints(decided, {ref for ref, key in stand_keys.items() if key in stood}, standing)
        result = reconcile_records(records, as_of=as_of, progress=progress, same=same, apart=apart)
        recognised = recognise(
            {child.label: child.rows for child in result.children},
            keys=keys,
            known=known,
            held={child.label: self._keys_held(child) for child in result.children},
            standing=standing,
            closed=closed,
            new_id=self._new_id,
        )
        doubted = {ref for doubt in result.doubtful for ref in (doubt.a, doubt.b)}
        findings = sorted((*result.findings, *_numbers_of_two(result, recognised, standing)), key=lambda f: f.label)
        return Draft(
            replace(result, findings=findings),
            recognised,
            standing,
            batches,
            closed,
            rows_of_erased,
            {record.ref: record for record in records if record.ref in doubted},
            {stand_keys[ref]: entry for ref, entry in stands.items()},
        )

    def statements(self, draft: Draft) -> Iterator[list[Statement]]:
        """What a draft states of children, in lots, in the order of their labels."""
        findings: dict[str, list[Finding]] = defaultdict(list)
        for finding in draft.reconciliation.findings:
            findings[finding.label].append(finding)
        children = draft.reconciliation.children
        for start in range(0, len(children), CHILDREN_AT_ONCE):
            yield [
                statement_of(
                    child,
                    findings[child.label],
                    child_id=draft.recognised.children[child.label],
                    new=draft.recognised.children[child.label] in draft.recognised.new,
                    batches=draft.batches,
                    as_of=draft.reconciliation.as_of,
                    key=self._lookup.key,
                )
                for child in children[start : start + CHILDREN_AT_ONCE]
            ]

    def unsaid(self, statements: Sequence[Statement]) -> tuple[list[Statement], dict[UUID, bytes]]:
        """The statements that weren't made of children as they are now, and what each says, as a keyed hash."""
        said = {statement.child_id: self._lookup.key(content_of(statement)) for statement in statements}
        unchanged = self._lookup.unchanged(said)
        return [statement for statement in statements if statement.child_id not in unchanged], said

    def missed(self, draft: Draft) -> list[UUID]:
        """The children whom no register names any more and of whom that was not said before."""
        recognised = draft.recognised
        elsewhere = draft.standing.into.keys() | recognised.absorbed.keys()
        vanished = self._lookup.known_children() - set(recognised.children.values()) - elsewhere
        said = dict.fromkeys(vanished, self._lookup.key("missed"))
        return sorted(vanished - self._lookup.unchanged(said) - self._vault.closed_among(vanished))

    def erase(self, child_id: UUID, *, reason: str) -> None:
        """Erases a person's data for good: keys, rows, and what others opened. Again, it does what is left.

        All entries of the person are erased, however they were merged; the one asked for last, so that a crash before leaves
        everything to be done again. Of who was shredded before, as by a shred list, only that entry is. The keyed hashes that
        recognise the child stay, so that nothing more is written about it when it comes again.
        """
        self._roster.get(Child, child_id)
        standing = self._review.standing()
        person = {child_id} if self._vault.is_shredded(child_id) else standing.kin(standing.last(child_id))
        for entry in (*sorted(person - {child_id}), child_id):
            self._vault.shred(entry, reason=reason)
        places = {
            self._lookup.key(f"row/{batch_id}/{row}"): (batch_id, row)
            for batch_id, row in self._lookup.places_in_force()
        }
        found = self._lookup.children_of(places)
        self._lookup.drop_rows(places[key] for key, entry in found.items() if entry in person)
        for entry in sorted(person):
            self._roster.erase_child(child_id=entry, reason=reason)

    def restrict(self, child_id: UUID, *, basis: str, until: date, holder: X25519PublicKey) -> None:
        """Restricts the processing of a person's data 限制处理: all entries; again, it does what is left.

        The rows of registers stay where they are; no comparison reads on who they are about.
        """
        self._roster.get(Child, child_id)
        standing = self._review.standing()
        person = standing.kin(standing.last(child_id))
        self._roster.restrict_children(children=sorted(person), basis=basis, until=until)
        for entry in sorted(person):
            self._vault.restrict(entry, holder=holder)

    def lift(self, child_id: UUID, *, reason: str, holder: X25519PrivateKey) -> None:
        """Lifts a restriction 解除限制, with the key of whoever holds it; the person is shown and compared again."""
        self._roster.get(Child, child_id)
        standing = self._review.standing()
        person = sorted(standing.kin(standing.last(child_id)))
        for entry in person:
            self._vault.lift(entry, holder=holder)
        self._roster.lift_restriction(children=person, reason=reason)

    def _keep(self, draft: Draft, *, progress: Progress) -> None:
        """Keeps what the draft states of children, lot by lot; of whom it says nothing new nothing is even read."""
        done = 0
        labels = {child_id: label for label, child_id in draft.recognised.children.items()}
        for statements in self.statements(draft):
            lot = [statement.child_id for statement in statements]
            kept: dict[bytes, UUID] = {}
            for child_id in lot:
                kept |= draft.recognised.kept.get(labels[child_id], {})
            if kept:  # before the children themselves, so that after a crash they are recognised
                self._lookup.keep_keys(kept)
            new = [child_id for child_id in lot if child_id in draft.recognised.new]
            if new:
                self._vault.create_keys(new)
            unsaid, said = self.unsaid(statements)
            if unsaid:
                stated = _patiently(partial(self._roster.state_children, statements=unsaid))
                self._lookup.keep_said(said, stated.versions)
            done += len(lot)
            progress("keep", done, len(draft.reconciliation.children))

    def _release(self, draft: Draft) -> None:
        """Entries that a comparison had taken for another child, and takes for themselves now, go on by themselves."""
        for merged_id, child_id in draft.recognised.released.items():
            self._roster.release_child(child_id=child_id, merged_id=merged_id, reason=BY_COMPARISON)

    def _absorb(self, draft: Draft) -> None:
        """Entries that turned out to be another child go on as that one."""
        for merged_id, child_id in draft.recognised.absorbed.items():
            try:
                self._roster.absorb_child(child_id=child_id, merged_id=merged_id, reason=BY_COMPARISON)
            except Refused:  # somebody decided about them since the draft was made; the next comparison goes by that
                continue

    def _miss(self, draft: Draft, *, progress: Progress) -> None:
        """Children whom no register names any more are looked for; not those who were erased, or go on as another one."""
        missed = self.missed(draft)
        said = dict.fromkeys(missed, self._lookup.key("missed"))
        for start in range(0, len(missed), CHILDREN_AT_ONCE):
            chunk = missed[start : start + CHILDREN_AT_ONCE]
            stated = _patiently(partial(self._roster.miss_children, children=chunk, owner=OWNER_OF_MISSED))
            self._lookup.keep_said(said, stated.versions)
            progress("miss", start + len(chunk), len(missed))

    def _doubt(self, draft: Draft) -> Doubts:
        """Asks a person about the pairs the engine left apart, the likeliest first, and takes back what it no longer doubts."""
        withdrawn, raised, doubts = self.doubts(draft, self._review.standing())
        for start in range(0, len(withdrawn), CHILDREN_AT_ONCE):
            self._roster.withdraw_doubts(doubts=withdrawn[start : start + CHILDREN_AT_ONCE])
        for start in range(0, len(raised), CHILDREN_AT_ONCE):
            lot = raised[start : start + CHILDREN_AT_ONCE]
            self._vault.create_keys(sorted({entry for doubt in lot for entry in (doubt.child_id, doubt.other_id)}))
            self._roster.raise_doubts(doubtful=lot)
        return doubts

    def _count(self, draft: Draft) -> None:
        """Keeps how many children each register names, and how many they do not agree on."""
        in_force = sorted((part.register, part.part, part.batch_id) for part in self._lookup.parts_in_force())
        self._roster.count_checks(
            as_of=draft.reconciliation.as_of,
            batches=tuple(InForce(*part) for part in in_force),
            places=by_village(draft.reconciliation),
        )

    def doubts(self, draft: Draft, standing: Standing) -> tuple[list[UUID], list[Doubtful], Doubts]:
        """The doubts a draft takes back, those it raises, the likeliest first, and how many there are of each."""
        doubtful = _doubtful(draft, standing)
        open_pairs = {pair: doubt_id for doubt_id, pair in standing.open_doubts.items()}
        withdrawn = sorted(doubt_id for pair, doubt_id in open_pairs.items() if pair not in doubtful)
        fresh = sorted(
            (doubt for pair, doubt in doubtful.items() if pair not in open_pairs),
            key=lambda doubt: (-doubt.score, doubt.child_id, doubt.other_id),
        )
        waiting = len(open_pairs) - len(withdrawn)
        raised = fresh[: max(0, OPEN_DOUBTS_MAX - waiting)]
        count = Doubts(len(raised), len(withdrawn), waiting + len(raised), len(fresh) - len(raised))
        return withdrawn, raised, count

    def _keys_of(self, record: Record, batches: Batches) -> RowKeys:
        key = self._lookup.key
        batch_id, row = batches.place(record.ref)
        numbers = dict.fromkeys(text for text in (record.number.valid, record.older_number.valid) if text)
        guardian = record.people[0] if record.people else ""
        who = tuple(
            key(f"who/{record.name}/{birth}/{guardian}/{record.village}") for birth in record.births if record.name
        )
        return RowKeys(
            place=key(f"row/{batch_id}/{row}"),
            who=who,
            students=(key(f"student/{record.student_number}"),) if record.student_number else (),
            numbers=tuple(key(f"number/{number}") for number in numbers),
        )

    def _stand_key(self, ref: RowRef, batches: Batches) -> bytes:
        """The key under which is kept that a row stands for its entry."""
        batch_id, row = batches.place(ref)
        return self._lookup.key(f"stands/{batch_id}/{row}")

    def _keys_held(self, child: LinkedChild) -> frozenset[bytes]:
        """The keys of the numbers that are held true of a child."""
        facts = child.facts
        texts = (("number", facts.id_number), ("student", facts.student_number))
        return frozenset(self._lookup.key(f"{kind}/{text}") for kind, text in texts if text)


def _patiently(state: Callable[[], Stated]) -> Stated:
    """States, again where somebody else has changed one of these children meanwhile."""
    for _ in range(TRIES - 1):
        try:
            return state()
        except Stale:
            continue
    return state()


def _numbers_of_two(result: Reconciliation, recognised: Recognised, standing: Standing) -> Iterator[Finding]:
    """Where two children whom a person told apart have one number, both are looked into: one of the numbers is wrong."""
    labels = {child_id: label for label, child_id in recognised.children.items()}
    asked = {labels[entry] for pair in standing.parted() for entry in pair if entry in labels}
    of_label = {child.label: child for child in result.children if child.label in asked}
    found = {finding.label for finding in result.findings if finding.kind is FindingKind.IDENTITY_MISMATCH}
    mixed: set[str] = set()
    for pair in standing.parted():
        of_pair = [of_label[labels[entry]] for entry in pair if entry in labels]
        numbers = {child.facts.id_number for child in of_pair}
        if len(of_pair) == len(pair) > len(numbers) and "" not in numbers:
            mixed.update(child.label for child in of_pair)
    for label in sorted(mixed - found):
        child = of_label[label]
        source = child.facts.sources.get("id_number", child.rows[0])
        yield Finding(label, FindingKind.IDENTITY_MISMATCH, NUMBER_OF_TWO, (source,), Department.POLICE)


def _doubtful(draft: Draft, standing: Standing) -> dict[Pair, Doubtful]:
    """The entries of which the engine doubts, by pair: not those of one child, decided before, or erased."""
    children = draft.recognised.children
    of_row = {ref: child for child in draft.reconciliation.children for ref in child.rows}
    pairs: dict[Pair, list[tuple[RowRef, RowRef]]] = defaultdict(list)
    best: dict[Pair, tuple[float, str]] = {}
    decided = standing.parted()
    for doubt in draft.reconciliation.doubtful:
        sides = [(standing.last(children[of_row[ref].label]), ref) for ref in (doubt.a, doubt.b)]
        (one, a), (another, b) = sorted(sides)
        pair = frozenset((one, another))
        if one == another or pair in decided:
            continue
        pairs[pair].append((a, b))
        best[pair] = max(best.get(pair, (0.0, "")), (doubt.score, doubt.reason))
    return {
        pair: _of_pair(pair, pairs[pair], score=score, reason=reason, of_row=of_row, draft=draft)
        for pair, (score, reason) in best.items()
    }


def _of_pair(
    pair: Pair,
    rows: Sequence[tuple[RowRef, RowRef]],
    *,
    score: float,
    reason: str,
    of_row: dict[RowRef, LinkedChild],
    draft: Draft,
) -> Doubtful:
    child_id, other_id = sorted(pair)
    townships = (township_code(of_row[ref].facts.township) for ref in rows[0])
    shown = sorted(set(rows))[:PAIRS_SHOWN]
    return Doubtful(
        child_id=child_id,
        other_id=other_id,
        township=next(filter(None, townships), ""),
        reason=reason,
        score=score,
        grounds=tuple(
            RowPair(
                place_of(a, draft.batches),
                place_of(b, draft.batches),
                *compared(draft.in_doubt[a], draft.in_doubt[b]),
            )
            for a, b in shown
        ),
        child_rows=_in_json(draft.in_doubt[a] for a, _ in shown),
        other_rows=_in_json(draft.in_doubt[b] for _, b in shown),
    )


def _in_json(records: Iterable[Record]) -> str:
    return msgspec.json.encode([cells_of(record) for record in records]).decode()
