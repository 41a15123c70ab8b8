"""The commands of the roster 花名册: each loads, decides and records; what is refused is refused by the aggregates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from services.chassis.aggregate import today
from services.chassis.application import Answer, RecordedApplication
from services.roster.domain.child import NO_LONGER_FOUND, Child, Ground, Groups, Identity, Residence, Schooling
from services.roster.domain.placement import Placement
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class FoundOf:
    """A finding that a comparison made of a child."""

    kind: str
    reason: str
    owner: str
    grounds: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All that one comparison states of one child; `new` where the child was not known before."""

    child_id: UUID
    new: bool
    identity: Identity
    residence: Residence
    schooling: Schooling
    groups: Groups
    state: str
    state_reason: str
    findings: tuple[FoundOf, ...]
    grounds: tuple[Ground, ...]
    valid_on: date


class Roster(RecordedApplication):
    """Everything that can be asked of the roster."""

    # Registers and what they say

    def load_batch(self, *, register: str, sha256: str, rows: int, rejected: int) -> Answer:
        """Takes a read register file in 入库; the same content again is the batch that is there."""
        batch_id = RegisterBatch.id_of(register=register, sha256=sha256)
        if self.find(RegisterBatch, batch_id) is not None:
            return self.record(answer=batch_id)
        return self.record(RegisterBatch.load(register=register, sha256=sha256, rows=rows, rejected=rejected))

    def state_children(self, *, statements: Sequence[Statement]) -> Answer:
        """Keeps what a comparison states of children; what was known already leaves no event."""
        children = [self._state(statement) for statement in statements]
        return self.record(*children)

    def miss_children(self, *, children: Sequence[UUID], owner: str) -> Answer:
        """No register names these children any more: they are looked for 登记册中消失; what was noted before is not again."""
        missed = [self.get(Child, child_id) for child_id in children]
        for child in missed:
            child.vanish(owner=owner, today=today())
        return self.record(*missed)

    def erase_child(self, *, child_id: UUID, reason: str) -> Answer:
        """Notes that a child's key was shredded, so that everybody forgets what they opened 删除."""
        child = self.get(Child, child_id)
        child.erase(reason=reason)
        return self.record(child)

    def resolve_finding(self, *, child_id: UUID, kind: str, resolution: str) -> Answer:
        """Answers a finding by hand 比对发现销号."""
        child = self.get(Child, child_id)
        child.resolve_finding(kind=kind, resolution=resolution, resolved_on=today())
        return self.record(child)

    def merge_children(self, *, child_id: UUID, merged_id: UUID, reason: str) -> Answer:
        """Takes two entries as one child 合并."""
        child = self.get(Child, child_id)
        self.get(Child, merged_id)
        child.merge(merged_id=merged_id, reason=reason)
        return self.record(child)

    def unmerge_children(self, *, child_id: UUID, merged_id: UUID, reason: str) -> Answer:
        """Takes a merge back 撤销合并."""
        child = self.get(Child, child_id)
        child.unmerge(merged_id=merged_id, reason=reason)
        return self.record(child)

    # Moves and placements

    def open_transfer(self, *, child_id: UUID, from_school: str, to_place: str) -> Answer:
        """Begins the hand-over of a child's enrolment 学籍转接."""
        self.get(Child, child_id)
        transfer = Transfer.open(
            transfer_id=uuid4(), child_id=child_id, from_school=from_school, to_place=to_place, today=today()
        )
        return self.record(transfer)

    def complete_transfer(self, *, transfer_id: UUID, to_school: str) -> Answer:
        """The other school has the child 转接办结."""
        transfer = self.get(Transfer, transfer_id)
        transfer.complete(to_school=to_school, today=today())
        return self.record(transfer)

    def decide_placement(self, *, child_id: UUID, form: str, school: str) -> Answer:
        """Keeps the panel's decision on a disabled child 安置."""
        self.get(Child, child_id)
        placement = Placement.decide(placement_id=uuid4(), child_id=child_id, form=form, school=school, today=today())
        return self.record(placement)

    def end_placement(self, *, placement_id: UUID, reason: str) -> Answer:
        """Ends a placement 安置终止."""
        placement = self.get(Placement, placement_id)
        placement.end(reason=reason, today=today())
        return self.record(placement)

    # Term start

    def open_check_in(self, *, school: str, term: str, expected: tuple[UUID, ...], starts_on: date) -> Answer:
        """Begins a school's check-in for a term 开学报到."""
        return self.record(TermCheckIn.open(school=school, term=term, expected=expected, starts_on=starts_on))

    def check_in(self, *, check_in_id: UUID, children: tuple[UUID, ...]) -> Answer:
        """Counts children present 报到."""
        check_in = self.get(TermCheckIn, check_in_id)
        check_in.check_in(children=children)
        return self.record(check_in)

    def close_check_in(self, *, check_in_id: UUID) -> Answer:
        """Counts the check-in; whoever did not come is named 报到汇总."""
        check_in = self.get(TermCheckIn, check_in_id)
        check_in.close(today=today())
        return self.record(check_in)

    def _state(self, statement: Statement) -> Child:
        child = None if statement.new else self.find(Child, statement.child_id)
        if child is None:
            child = Child.register(
                child_id=statement.child_id,
                identity=statement.identity,
                residence=statement.residence,
                grounds=statement.grounds,
            )
        child.state_identity(statement.identity, grounds=statement.grounds)
        child.state_residence(statement.residence)
        child.state_schooling(statement.schooling, valid_on=statement.valid_on)
        child.state_groups(statement.groups, valid_on=statement.valid_on)
        child.account(state=statement.state, reason=statement.state_reason, valid_on=statement.valid_on)
        for kind in sorted(child.findings.keys() - {finding.kind for finding in statement.findings}):
            child.resolve_finding(kind=kind, resolution=NO_LONGER_FOUND, resolved_on=statement.valid_on)
        for finding in statement.findings:
            child.raise_finding(
                kind=finding.kind,
                reason=finding.reason,
                owner=finding.owner,
                raised_on=statement.valid_on,
                grounds=finding.grounds,
            )
        return child
