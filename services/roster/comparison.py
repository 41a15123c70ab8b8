"""From the batches in force to children 比对: the long work of the roster, kept in steps that can be repeated.

A comparison over the same batches states nothing new. A crash between two steps leaves whole children, and comparing again
does the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from services.chassis.vault import Vault
from services.contracts.divisions import COUNTY, township_code
from services.roster.application import FoundOf, Roster, Statement
from services.roster.domain.child import Child, Ground, Groups, Identity, Residence, Schooling
from services.roster.lookup import Lookup
from services.roster.reconcile.engine import reconcile
from services.roster.reconcile.model import Department, Finding, LinkedChild, Reconciliation, RowRef

Progress = Callable[[str, int, int], None]

CHILDREN_AT_ONCE: Final = 200
PRIMARY_GRADES: Final = "一二三四五六"


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison that was kept: what the engine said, and which child each of its labels is."""

    reconciliation: Reconciliation
    children: dict[str, UUID]
    position: int


class Comparison:
    """Compares the registers in force and keeps what that says; call it inside `acting(...)`."""

    def __init__(self, *, roster: Roster, lookup: Lookup, vault: Vault) -> None:
        self._roster = roster
        self._lookup = lookup
        self._vault = vault

    def compare(self, *, as_of: date, progress: Progress) -> Compared:
        """Compares the registers in force on a date and keeps what that says of each child."""
        batches = self._lookup.batches_in_force()
        result = reconcile(self._lookup.rows_in_force(), as_of=as_of, progress=progress)
        keys = {child.label: tuple(self._keys_of(child, batches)) for child in result.children}
        children, new, absorbed = self._recognise(keys)
        findings: dict[str, list[Finding]] = defaultdict(list)
        for finding in result.findings:
            findings[finding.label].append(finding)
        erased = self._vault.shredded_among(children.values())
        for start in range(0, len(result.children), CHILDREN_AT_ONCE):
            chunk = result.children[start : start + CHILDREN_AT_ONCE]
            self._lookup.keep_keys(  # before the children themselves, so that after a crash they are recognised
                {key: children[child.label] for child in chunk for key in keys[child.label]}
            )
            self._vault.create_keys([children[child.label] for child in chunk if children[child.label] in new])
            statements = [
                self._statement(
                    child,
                    findings[child.label],
                    child_id=children[child.label],
                    new=children[child.label] in new,
                    batches=batches,
                    as_of=as_of,
                )
                for child in chunk
                if children[child.label] not in erased  # nothing more is written about them
            ]
            if statements:
                self._roster.state_children(statements=statements)
            progress("keep", start + len(chunk), len(result.children))
        self._merge(absorbed, erased=erased)
        self._miss(self._lookup.known_children() - set(children.values()), progress=progress)
        return Compared(result, children, self._roster.position())

    def erase(self, child_id: UUID, *, reason: str) -> None:
        """Erases a child's personal data for good: its key, its rows, and what others opened. Again, it does what is left.

        The keyed hashes that recognise the child stay, so that nothing more is written about it when it comes again.
        """
        grounds = self._roster.get(Child, child_id).grounds
        self._vault.shred(child_id, reason=reason)
        self._lookup.drop_rows((ground.batch_id, ground.row) for ground in grounds)
        self._roster.erase_child(child_id=child_id, reason=reason)

    def _merge(self, absorbed: dict[UUID, UUID], *, erased: set[UUID]) -> None:
        """Entries that turned out to be another child go on as that one; what a crash left half-done is done again."""
        for merged_id, child_id in absorbed.items():
            if child_id not in erased and merged_id not in self._roster.get(Child, child_id).merged:
                self._roster.merge_children(child_id=child_id, merged_id=merged_id, reason="登记册比对")
            self._lookup.lead_elsewhere(absorbed=merged_id, child_id=child_id)

    def _miss(self, vanished: set[UUID], *, progress: Progress) -> None:
        """Children whom no register names any more are looked for; those who were erased are not."""
        missed = sorted(vanished - self._vault.shredded_among(vanished))
        for start in range(0, len(missed), CHILDREN_AT_ONCE):
            chunk = missed[start : start + CHILDREN_AT_ONCE]
            self._roster.miss_children(children=chunk, owner=f"education_bureau:{COUNTY}")
            progress("miss", start + len(chunk), len(missed))

    def _recognise(self, keys: dict[str, tuple[bytes, ...]]) -> tuple[dict[str, UUID], set[UUID], dict[UUID, UUID]]:
        """Which child each linked child is, by label: the one most of its keys led to before, or a new one; no child twice.

        Also which of them are new, and which entries turned out to be one of the others.
        """
        known = self._lookup.children_of({key for of_child in keys.values() for key in of_child})
        children: dict[str, UUID] = {}
        new: set[UUID] = set()
        taken: set[UUID] = set()
        voted: dict[UUID, UUID] = {}
        for label, of_child in keys.items():
            votes = Counter(known[key] for key in of_child if key in known)
            free = [child_id for child_id in votes if child_id not in taken]
            if free:
                recognised = min(free, key=lambda child_id: (-votes[child_id], child_id))
            else:
                recognised = uuid4()
                new.add(recognised)
            taken.add(recognised)
            children[label] = recognised
            voted |= dict.fromkeys(votes, recognised)
        return children, new, {entry: child_id for entry, child_id in voted.items() if entry not in taken}

    def _keys_of(self, child: LinkedChild, batches: dict[str, UUID]) -> Iterable[bytes]:
        for ref in child.rows:
            yield self._lookup.key(f"row/{batches[ref.register]}/{ref.row}")
        facts = child.facts
        if facts.id_number:
            yield self._lookup.key(f"number/{facts.id_number}")
        if facts.student_number:
            yield self._lookup.key(f"student/{facts.student_number}")
        if facts.name and facts.birth_date:
            yield self._lookup.key(f"who/{facts.name}/{facts.birth_date}/{facts.guardian_name}/{facts.village}")

    def _statement(
        self,
        child: LinkedChild,
        findings: Sequence[Finding],
        *,
        child_id: UUID,
        new: bool,
        batches: dict[str, UUID],
        as_of: date,
    ) -> Statement:
        facts = child.facts
        rules = {ref: link.rule for link in child.links for ref in (link.a, link.b)}
        household = self._lookup.key(f"household/{facts.household_number}")[:16] if facts.household_number else None
        return Statement(
            child_id=child_id,
            new=new,
            identity=Identity(
                name=facts.name,
                id_number=facts.id_number,
                birth_date=facts.birth_date.isoformat() if facts.birth_date else "",
                sex=facts.sex or "",
                guardian_name=facts.guardian_name,
                guardian_phone=facts.guardian_phone,
            ),
            residence=Residence(
                household_id=UUID(bytes=household) if household else None,
                township=township_code(facts.township),
                village=facts.village,
            ),
            schooling=Schooling(
                school=facts.school_code,
                school_name=facts.school_name,
                stage=stage_of(facts.grade),
                grade=facts.grade,
                status=child.state,
            ),
            groups=Groups(
                poverty=facts.poverty_kind,
                disability=facts.disability_kind,
                disability_grade=facts.disability_grade,
                left_behind=facts.left_behind,
                migrant=facts.migrant,
            ),
            state=child.state,
            state_reason=child.state_reason,
            findings=tuple(
                FoundOf(
                    finding.kind,
                    finding.reason,
                    owner_unit(finding.owner, child),
                    tuple(_ground(ref, batches, rules) for ref in finding.evidence),
                )
                for finding in findings
            ),
            grounds=tuple(_ground(ref, batches, rules) for ref in child.rows),
            valid_on=as_of,
        )


def stage_of(grade: str) -> str:
    """The stage of a grade 学段: `primary` 小学 or `junior` 初中, empty where the grade is not known."""
    if not grade:
        return ""
    return "primary" if grade[0] in PRIMARY_GRADES else "junior"


def owner_unit(owner: Department, child: LinkedChild) -> str:
    """The unit that must answer a finding of this child 责任单位."""
    match owner:
        case Department.SCHOOL if child.facts.school_code:
            return f"school:{child.facts.school_code}"
        case Department.POLICE:
            return f"public_security:{COUNTY}"
        case Department.DISABLED_FEDERATION:
            return f"disabled_federation:{COUNTY}"
        case Department.CIVIL_AFFAIRS:
            return f"civil_affairs:{COUNTY}"
        case Department.TOWNSHIP:
            return f"township:{township_code(child.facts.township)}"
        case _:
            return f"education_bureau:{COUNTY}"


def _ground(ref: RowRef, batches: dict[str, UUID], rules: dict[RowRef, str]) -> Ground:
    return Ground(ref.register, batches[ref.register], ref.row, rules.get(ref, "single_row"))
