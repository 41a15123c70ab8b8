"""The commands of the roster 花名册: each loads, decides and records; what is refused is refused by the aggregates."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Final
from uuid import UUID, uuid4

from services.chassis.aggregate import today, who_acts
from services.chassis.application import Answer, RecordedApplication
from services.chassis.school_terms import term_on
from services.roster.domain.child import Child
from services.roster.domain.deferral import EXTENDED, Deferral
from services.roster.domain.doubt import (
    Doubt,
    must_not_be_closed,
    must_not_contradict,
    must_not_hang_on_a_third,
)
from services.roster.domain.facts import (
    OF_GROUPS,
    OF_IDENTITY,
    OF_RESIDENCE,
    OF_SCHOOLING,
    OF_STUDENT_NUMBER,
    Ground,
)
from services.roster.domain.field_check import FieldCheck
from services.roster.domain.findings import Officer
from services.roster.domain.four_checks import FourChecks, InForce, Place
from services.roster.domain.home_hours import HomeHours
from services.roster.domain.placement import DECIDED_ANEW, Placement
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.schooling_elsewhere import SchoolingElsewhere
from services.roster.domain.statements import Doubtful, Rehearsed, Stated, Statement
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import Transfer

TOLD_OF_A_DOUBT: Final = ("township", "reason", "score", "grounds", "child_rows", "other_rows")
"""What a doubt takes from a pair each time it is raised."""
RAISED_BY_HAND: Final = "人工提出"
"""Why two entries are doubted that no comparison doubts: somebody merged or parted them by hand."""

EVEN_SCORE: Final = 0.5
"""The score of what nobody computed."""


BESIDE: Final = (Child.RowsLinked, Child.SchoolYearsStated)
"""What follows from the rows of a child and changes nothing that is said of it."""


class Roster(RecordedApplication):
    """Everything that can be asked of the roster."""

    # Registers and what they say

    def load_batch(self, *, register: str, sha256: str, rows: int, rejected: int, part: str = "") -> Answer:
        """Takes a read register file in 入库; the same content again is the batch that is there."""
        batch_id = RegisterBatch.id_of(register=register, sha256=sha256, part=part)
        if self.find(RegisterBatch, batch_id) is not None:
            return self.record(answer=batch_id)
        return self.record(
            RegisterBatch.load(register=register, sha256=sha256, rows=rows, rejected=rejected, part=part)
        )

    def state_children(self, *, statements: Sequence[Statement]) -> Stated:
        """Keeps what a comparison states of children; what was known already leaves no event."""
        return self._stated([self._state(statement) for statement in statements])

    def rehearse(
        self, *, statements: Sequence[Statement] = (), missed: Sequence[UUID] = (), owner: str = ""
    ) -> Rehearsed:
        """What `state_children` and `miss_children` would record, decided by the same aggregates and not recorded.

        A child of whom only one more row is known is not changed by it, nor is one whose school years were not counted before.
        """
        children = [self._state(statement) for statement in statements]
        for child in filter(None, (self.find(Child, child_id) for child_id in missed)):
            children.append(child)
            child.vanish(owner=owner, today=today())
        events = Counter(type(event) for child in children for event in child.pending_events)
        changed = sum(any(not isinstance(event, BESIDE) for event in child.pending_events) for child in children)
        new = events[Child.Registered]
        return Rehearsed(new, changed - new, events[Child.FindingRaised], events[Child.FindingResolved])

    def miss_children(self, *, children: Sequence[UUID], owner: str) -> Stated:
        """No register names these children any more: they are looked for 登记册中消失; what was noted before is not again.

        Of an entry whose keys were kept when the process died before it was recorded there is nothing to look for.
        """
        missed = [child for child_id in children if (child := self.find(Child, child_id)) is not None]
        for child in missed:
            child.vanish(owner=owner, today=today())
        return self._stated(missed)

    def erase_child(self, *, child_id: UUID, reason: str) -> Answer:
        """Notes that a child's key was shredded, so that everybody forgets what they opened 删除."""
        child = self.get(Child, child_id)
        child.erase(reason=reason)
        return self.record(child)

    def restrict_children(self, *, children: Sequence[UUID], basis: str, until: date) -> Answer:
        """Notes that nothing but keeping is done with the entries of one person any more, until a day 限制处理."""
        person = [self.get(Child, child_id) for child_id in children]
        for child in person:
            child.restrict(basis=basis, until=until, today=today())
        return self.record(*person)

    def lift_restriction(self, *, children: Sequence[UUID], reason: str) -> Answer:
        """Notes that the entries of one person are readable again, and says anew who it is 解除限制."""
        person = [self.get(Child, child_id) for child_id in children]
        for child in person:
            child.lift_restriction(reason=reason, today=today())
        return self.record(*person)

    def count_checks(self, *, as_of: date, batches: tuple[InForce, ...], places: tuple[Place, ...]) -> Answer:
        """Keeps what the registers counted on a day 四查三比对; the same again leaves no event."""
        known = self.find(FourChecks, FourChecks.id_of(as_of=as_of))
        counts = known or FourChecks.begin(as_of=as_of)
        counts.count(batches=batches, places=places)
        return self.record(counts)

    # Findings and their answers

    def answer_finding(self, *, child_id: UUID, kind: str, code: str, evidence: str) -> Answer:
        """The unit that owes a finding answers it 答复; only that unit does, and somebody else accepts the answer.

        Nobody answers for another unit: what an office sent on paper, the bureau settles by `resolve_finding`.
        """
        child = self.get(Child, child_id)
        child.answer_finding(kind=kind, code=code, evidence=evidence, by=_officer(), today=today())
        return self.record(child)

    def accept_answer(self, *, child_id: UUID, kind: str) -> Answer:
        """Accepts an answer, which closes the finding 销号."""
        child = self.get(Child, child_id)
        child.accept_answer(kind=kind, by=_officer(), today=today())
        return self.record(child)

    def return_answer(self, *, child_id: UUID, kind: str, reason: str) -> Answer:
        """Sends an answer back with a reason 退回; the finding is owed again, by a new day."""
        child = self.get(Child, child_id)
        child.return_answer(kind=kind, reason=reason, by=_officer(), today=today())
        return self.record(child)

    def resolve_finding(self, *, child_id: UUID, kind: str, resolution: str, evidence: str) -> Answer:
        """Settles a finding that another unit owes, on a paper of theirs 比对发现销号."""
        child = self.get(Child, child_id)
        child.resolve_finding(kind=kind, resolution=resolution, evidence=evidence, by=_officer(), today=today())
        return self.record(child)

    # Review queue

    def decide_doubt(self, *, doubt_id: UUID, decision: str, reason: str) -> Answer:
        """Decides whether two entries are one child 疑似同一人判定; every later comparison keeps to it.

        `same` merges them at once, the entry that came first goes on; `different` takes a merge of the two back.
        """
        doubt = self.get(Doubt, doubt_id)
        doubt.decide(decision=decision, reason=reason, today=today())
        children = self.get(Child, doubt.child_id), self.get(Child, doubt.other_id)
        must_not_be_closed(children)
        child, other = sorted(children, key=lambda entry: (entry.created_on, entry.id))
        if child.id in other.merged:
            child, other = other, child
        are_one = self._going_on(child.id).id == self._going_on(other.id).id
        if decision == "same" and not are_one:
            self._merge(child, other, reason=reason)
        elif decision == "different" and other.id in child.merged:
            self._part(child, other, reason=reason)
        elif decision == "different":
            must_not_hang_on_a_third(are_one=are_one)
        return self.record(doubt, child, other)

    def merge_children(self, *, child_id: UUID, merged_id: UUID, reason: str) -> Answer:
        """Takes two entries as one child 合并, of which the first goes on; it is a decision that they are the same."""
        child, other = self.get(Child, child_id), self.get(Child, merged_id)
        self._merge(child, other, reason=reason)
        return self.record(child, other, self._decided(child, other, "same", reason=reason))

    def unmerge_children(self, *, child_id: UUID, merged_id: UUID, reason: str) -> Answer:
        """Takes a merge back 撤销合并; it is a decision that the two are different children."""
        child, other = self.get(Child, child_id), self.get(Child, merged_id)
        self._part(child, other, reason=reason)
        return self.record(child, other, self._decided(child, other, "different", reason=reason))

    def absorb_child(self, *, child_id: UUID, merged_id: UUID, reason: str) -> Answer:
        """A comparison found that an entry is another child; nobody decided it, so a later comparison may part them."""
        child, other = self.get(Child, child_id), self.get(Child, merged_id)
        self._merge(child, other, reason=reason, decides=False)
        return self.record(child, other)

    def release_child(self, *, child_id: UUID, merged_id: UUID, reason: str) -> Answer:
        """A comparison found that an entry it had taken for another child is one of its own."""
        child, other = self.get(Child, child_id), self.get(Child, merged_id)
        self._part(child, other, reason=reason)
        return self.record(child, other)

    def raise_doubts(self, *, doubtful: Sequence[Doubtful]) -> Answer:
        """Asks a person about pairs of entries; about those that stand or were decided nothing is asked again."""
        return self.record(*(self._doubt(pair) for pair in doubtful))

    def withdraw_doubts(self, *, doubts: Sequence[UUID]) -> Answer:
        """Takes doubts back that no comparison has any more 疑点消除."""
        withdrawn = [self.get(Doubt, doubt_id) for doubt_id in doubts]
        for doubt in withdrawn:
            doubt.withdraw(today=today())
        return self.record(*withdrawn)

    # Moves and placements

    def open_transfer(self, *, child_id: UUID, from_school: str, to_place: str) -> Answer:
        """Begins the hand-over of a child's enrolment 学籍转接."""
        child = self._going_on(child_id)
        transfer = Transfer.open(
            transfer_id=uuid4(), child_id=child.id, from_school=from_school, to_place=to_place, today=today()
        )
        return self.record(transfer)

    def complete_transfer(self, *, transfer_id: UUID, to_school: str) -> Answer:
        """The other school has the child 转接办结."""
        transfer = self.get(Transfer, transfer_id)
        transfer.complete(to_school=to_school, today=today())
        return self.record(transfer)

    def decide_placement(self, *, child_id: UUID, form: str, school: str) -> Answer:
        """Keeps the panel's decision on a disabled child 安置, which ends the one before; taught at home, it is accounted for."""
        child = self._going_on(child_id)
        earlier = self.find(Placement, child.placement_id) if child.placement_id is not None else None
        placement = Placement.decide(placement_id=uuid4(), child_id=child.id, form=form, school=school, today=today())
        if earlier is not None and earlier.ended_on is None:
            earlier.end(reason=DECIDED_ANEW, today=today())
            child.end_placement(earlier.id, today=today())
        child.place(placement.id)
        excuse = placement.excuse(approved_by=who_acts().department)
        if excuse is not None:
            child.excuse_by(excuse, today=today())
        return self.record(placement, child, *([earlier] if earlier else []))

    def end_placement(self, *, placement_id: UUID, reason: str) -> Answer:
        """Ends a placement 安置终止."""
        placement = self.get(Placement, placement_id)
        placement.end(reason=reason, today=today())
        line = self._line(placement.child_id)
        for child in line:
            child.end_placement(placement.id, today=today())
        return self.record(placement, *line)

    # Papers that hold for a time, and what time brings

    def approve_deferral(self, *, child_id: UUID, kind: str, proof: str, from_on: date, until_on: date) -> Answer:
        """Approves that a child starts later, pauses or is exempt 延缓入学 / 休学 / 免入学; ends the deferral before it."""
        child = self._going_on(child_id)
        deferral = Deferral.approve(
            deferral_id=uuid4(),
            child_id=child.id,
            kind=kind,
            proof=proof,
            from_on=from_on,
            until_on=until_on,
            today=today(),
        )
        excuse = deferral.excuse(approved_by=who_acts().department)
        earlier = self._running_deferral(child)
        if earlier is not None:
            earlier.end(reason=EXTENDED, today=today())
            excuse = replace(excuse, from_on=min(from_on, today()))  # no gap between the two
        child.excuse_by(excuse, today=today())
        return self.record(deferral, child, *([earlier] if earlier else []))

    def end_deferral(self, *, deferral_id: UUID, reason: str) -> Answer:
        """Ends a deferral before its day 延缓终止; the child is looked for until a register says where it is."""
        deferral = self.get(Deferral, deferral_id)
        deferral.end(reason=reason, today=today())
        line = self._line(deferral.child_id)
        for child in line:
            child.end_excuse(deferral.id, today=today())
        return self.record(deferral, *line)

    def lapse_deferral(self, *, deferral_id: UUID) -> Answer:
        """Ends a deferral whose last day has passed 期满; who isn't back by then is looked for."""
        deferral = self.get(Deferral, deferral_id)
        child = self._going_on(deferral.child_id)
        deferral.lapse(today=today())
        if not child.closed:
            child.heed_excuse(today=today())
        return self.record(deferral, child)

    def prove_schooling_elsewhere(
        self, *, child_id: UUID, term: str, place: str, school_name: str, proof: str
    ) -> Answer:
        """Keeps the proof that a child is at school outside the county in a term 外地就读核实."""
        child = self._going_on(child_id)
        known = self.find(SchoolingElsewhere, SchoolingElsewhere.id_of(child_id=child.id, term=term))
        schooling = SchoolingElsewhere.prove(
            child_id=child.id,
            term=term,
            place=place,
            school_name=school_name,
            proof=proof,
            today=today(),
            known=known is not None,
        )
        deferral = self._running_deferral(child)
        if deferral is not None:
            deferral.end(reason="已在外地就读", today=today())
        child.excuse_by(schooling.excuse(), today=today())
        if "elsewhere_unproved" in child.findings and term == term_on(today()).name:
            child.drop_finding(kind="elsewhere_unproved", today=today(), evidence=schooling.proof)
        return self.record(schooling, child, *([deferral] if deferral else []))

    def heed_excuse(self, *, child_id: UUID) -> Answer:
        """A paper that was approved for later begins to hold 生效."""
        child = self.get(Child, child_id)
        child.heed_excuse(today=today())
        return self.record(child)

    def raise_finding(self, *, child_id: UUID, kind: str, reason: str, owner: str, ground: Ground) -> Answer:
        """Time brings a finding to a child; one of the same kind that rests on another ground gives way to it.

        `owner` is a unit, or the kind of one: then the child's own school or township.
        """
        child = self.get(Child, child_id)
        open_ = child.findings.get(kind)
        if open_ is not None and not open_.of_a_comparison and open_.grounds != (ground,):
            child.drop_finding(kind=kind, today=today())
        unit = owner if ":" in owner else child.unit_of(owner)
        child.raise_finding(kind=kind, reason=reason, owner=unit, raised_on=today(), grounds=(ground,))
        return self.record(child)

    def drop_finding(self, *, child_id: UUID, kind: str) -> Answer:
        """The cause of a finding that time brought has ended; nothing where it is closed meanwhile."""
        child = self.get(Child, child_id)
        if kind in child.findings:
            child.drop_finding(kind=kind, today=today())
        return self.record(child)

    def expire_finding(self, *, child_id: UUID, kind: str) -> Answer:
        """Tells that what is owed for a finding is late 逾期."""
        child = self.get(Child, child_id)
        child.expire_finding(kind=kind, today=today())
        return self.record(child)

    def count_home_hours(self, *, child_id: UUID, school_year: str, hours: int, taught_on: date) -> Answer:
        """Keeps how many hours a child was taught at home in a school year so far 送教课时."""
        known = self.find(HomeHours, HomeHours.id_of(child_id=child_id, school_year=school_year))
        home_hours = known or HomeHours.begin(child_id=child_id, school_year=school_year)
        home_hours.count(hours=hours, taught_on=taught_on)
        return self.record(home_hours)

    def begin_home_teaching(self, *, placement_id: UUID, taught_on: date) -> Answer:
        """Notes that a child placed at home was visited for the first time 首次送教; again, it says nothing new."""
        placement = self.get(Placement, placement_id)
        placement.begin_teaching(taught_on=taught_on)
        return self.record(placement)

    def come_of_age(self, *, child_id: UUID) -> Answer:
        """Tells that a child's school years have begun, or are over 进入、超出义务教育年龄."""
        child = self.get(Child, child_id)
        child.come_of_age(today=today())
        return self.record(child)

    def expire_field_check(self, *, field_check_id: UUID) -> Answer:
        """Tells that a field check list is late 摸排逾期: the township, then the bureau."""
        check = self.get(FieldCheck, field_check_id)
        check.expire(today=today())
        return self.record(check)

    # Term start

    def verify_absence(self, *, check_in_id: UUID, child_id: UUID, reason: str) -> Answer:
        """Keeps why a child did not report at term start 逐一核实原因."""
        check_in, child = self.get(TermCheckIn, check_in_id), self._going_on(child_id)
        check_in.verify_absence(child_id=child_id, reason=reason, today=today())
        if "absence_unverified" in child.findings:
            child.drop_finding(kind="absence_unverified", today=today())
        return self.record(check_in, child)

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

    def _running_deferral(self, child: Child) -> Deferral | None:
        deferral = self.find(Deferral, child.excuse.source_id) if child.excuse else None
        return deferral if deferral is not None and deferral.ended_on is None else None

    def _line(self, child_id: UUID) -> list[Child]:
        """An entry and those as which it goes on, one after the other."""
        line = [self.get(Child, child_id)]
        while (into := line[-1].absorbed_by) is not None:
            line.append(self.get(Child, into))
        return line

    def _going_on(self, child_id: UUID) -> Child:
        """The entry as which an entry goes on: what is said of a merged one is said of that one."""
        return self._line(child_id)[-1]

    def _stated(self, children: Sequence[Child]) -> Stated:
        versions = {child.id: child.version for child in children}
        return Stated(versions, self.record(*children).position if children else self.position())

    def _merge(self, child: Child, other: Child, *, reason: str, decides: bool = True) -> None:
        """Merges, unless a person decided that entries which would come to be one child are different.

        Where it `decides`, the two themselves may have been: this is the new decision about them.
        """
        pairs = product(list(self._kin(child)), list(self._kin(other)))
        others = [pair for pair in pairs if not (decides and pair == (child.id, other.id))]
        must_not_contradict(self.find(Doubt, Doubt.id_of(one, another)) for one, another in others)
        child.merge(merged_id=other.id, reason=reason)
        other.go_on_as(child.id, today=today())
        child.take_over(other, today=today(), compared=not decides)

    @staticmethod
    def _part(child: Child, other: Child, *, reason: str) -> None:
        child.unmerge(merged_id=other.id, reason=reason)
        child.give_back(other, today=today())
        other.go_on_alone(from_id=child.id, today=today())

    def _kin(self, child: Child) -> Iterator[UUID]:
        """An entry and all that are merged into it, one through the other."""
        yield child.id
        for merged_id in sorted(child.merged):
            yield from self._kin(self.get(Child, merged_id))

    def _decided(self, child: Child, other: Child, decision: str, *, reason: str) -> Doubt:
        """The doubt about two entries, decided; raised by hand where no comparison ever doubted."""
        doubt = self.find(Doubt, Doubt.id_of(child.id, other.id))
        if doubt is None:
            first, second = sorted((child.id, other.id))
            doubt = self._doubt(
                Doubtful(first, second, child.residence.township, RAISED_BY_HAND, EVEN_SCORE, grounds=())
            )
        if doubt.decision != decision:
            doubt.decide(decision=decision, reason=reason, today=today())
        return doubt

    def _doubt(self, pair: Doubtful) -> Doubt:
        doubt = self.find(Doubt, Doubt.id_of(pair.child_id, pair.other_id))
        told = {field: getattr(pair, field) for field in TOLD_OF_A_DOUBT}
        if doubt is None:
            return Doubt.raise_new(child_id=pair.child_id, other_id=pair.other_id, today=today(), **told)
        doubt.raise_again(today=today(), **told)
        return doubt

    def _state(self, statement: Statement) -> Child:
        child = None if statement.new else self.find(Child, statement.child_id)
        if child is None:
            child = Child.register(
                child_id=statement.child_id,
                identity=statement.identity,
                residence=statement.residence,
                grounds=statement.grounds,
                sources=statement.sources_of(OF_IDENTITY | OF_RESIDENCE),
                valid_on=statement.valid_on,
                links=statement.links,
            )
        day, sources, rows, links = statement.valid_on, statement.sources_of, statement.grounds, statement.links
        child.state_identity(statement.identity, grounds=rows, sources=sources(OF_IDENTITY), valid_on=day, links=links)
        child.state_rows(rows, links=links, valid_on=day)
        child.state_school_years(valid_on=day)
        child.state_residence(statement.residence, sources=sources(OF_RESIDENCE), valid_on=day)
        child.state_schooling(statement.schooling, valid_on=day, sources=sources(OF_SCHOOLING))
        child.state_groups(statement.groups, valid_on=day, sources=sources(OF_GROUPS))
        child.state_student_number(statement.student_number, valid_on=day, sources=sources(OF_STUDENT_NUMBER))
        child.account(state=statement.state, reason=statement.state_reason, valid_on=statement.valid_on)
        found = {finding.kind for finding in statement.findings}
        for kind in sorted(kind for kind, open_ in child.findings.items() if open_.of_a_comparison):
            if kind not in found:
                child.drop_finding(kind=kind, today=statement.valid_on)
        for finding in statement.findings:
            child.raise_finding(
                kind=finding.kind,
                reason=finding.reason,
                owner=finding.owner,
                raised_on=statement.valid_on,
                grounds=finding.grounds,
                today=today(),
            )
        return child


def _officer() -> Officer:
    """Who acts now, for which unit."""
    acts = who_acts()
    return Officer(acts.actor, acts.department)
