"""A child 适龄儿童少年 as the registers know it: who, where, at which school, accounted for how, and what doesn't agree.

Every statement is recorded only if it says something new, so a comparison run again over the same registers leaves no
trace. `Accounted` carries the one state the child is in on a date; the partition of all children (promise 1) is made
of these.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Refused
from services.chassis.school_age import LAST_AGE
from services.chassis.working_days import add_working_days
from services.roster.domain.facts import (
    Excuse,
    Ground,
    Groups,
    Identity,
    Links,
    Residence,
    Schooling,
    SchoolYears,
    Sources,
    StudentNumbers,
    told_by_rows,
)
from services.roster.domain.findings import (
    ACCEPT_WITHIN,
    APPROVER,
    CATALOGUE,
    EXCUSED,
    NO_LONGER_FOUND,
    TAKEN_OVER,
    GivenAnswer,
    Officer,
    OpenFinding,
    in_the_clear,
    may_approve,
    unit_for,
)

SPOKEN_FOR_NO_MORE: Final = "原批准已终止，待名册核实"
"""Why a child is looked for whose paper was ended before its day."""

IN_NO_REGISTER: Final = "各登记册均已无此人"
"""Why a child is looked for that no register names any more."""


class Child(RecordedAggregate):
    """One child over all registers."""

    TOPIC = "roster.Child"

    class Registered(RecordedAggregate.Event, Created):
        """The child became known 入册."""

        TOPIC = "roster.Child.Registered"
        class_version: ClassVar[int] = 3
        name: Annotated[str, Personal()]
        id_number: Annotated[str, Personal()]
        birth_date: Annotated[str, Personal()]
        sex: str
        guardian_name: Annotated[str, Personal()]
        guardian_phone: Annotated[str, Personal()]
        household_id: UUID | None
        township: str
        village: str
        grounds: tuple[Ground, ...]
        sources: Sources
        valid_on: date | None
        links: Links
        school_years: SchoolYears | None = None

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a fact was taken from, nor of which day it is."""
            state.update(sources=(), valid_on=None)

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """At first only the rows were kept, not by which pairs of them they are one child's."""
            state.update(links=())

    class IdentityCorrected(RecordedAggregate.Event):
        """Who the child is was stated anew 身份更正."""

        TOPIC = "roster.Child.IdentityCorrected"
        class_version: ClassVar[int] = 3
        name: Annotated[str, Personal()]
        id_number: Annotated[str, Personal()]
        birth_date: Annotated[str, Personal()]
        sex: str
        guardian_name: Annotated[str, Personal()]
        guardian_phone: Annotated[str, Personal()]
        grounds: tuple[Ground, ...]
        sources: Sources
        valid_on: date | None
        links: Links

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a fact was taken from, nor of which day it is."""
            state.update(sources=(), valid_on=None)

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """At first only the rows were kept, not by which pairs of them they are one child's."""
            state.update(links=())

    class RowsLinked(RecordedAggregate.Event):
        """Which rows are the child's, and why, was stated anew 关联依据."""

        TOPIC = "roster.Child.RowsLinked"
        grounds: tuple[Ground, ...]
        links: Links
        valid_on: date

    class ResidenceStated(RecordedAggregate.Event):
        """Where the child lives was stated anew 住址变更."""

        TOPIC = "roster.Child.ResidenceStated"
        class_version: ClassVar[int] = 2
        household_id: UUID | None
        township: str
        village: str
        sources: Sources
        valid_on: date | None

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a fact was taken from, nor of which day it is."""
            state.update(sources=(), valid_on=None)

    class SchoolYearsStated(RecordedAggregate.Event):
        """From when until when the child is owed schooling was stated anew, by another birth date 义务教育起止."""

        TOPIC = "roster.Child.SchoolYearsStated"
        school_years: SchoolYears | None
        valid_on: date

    class SchoolAgeReached(RecordedAggregate.Event):
        """The child has to be in school from this school year on 进入义务教育年龄 (义务教育法 第十一条)."""

        TOPIC = "roster.Child.SchoolAgeReached"
        begin_on: date
        township: str
        village: str

    class SchoolAgePassed(RecordedAggregate.Event):
        """Nine years of school and sixteen years of age are over 超出义务教育年龄; nobody has to answer for it any more."""

        TOPIC = "roster.Child.SchoolAgePassed"
        end_on: date
        township: str
        village: str

    class SchoolingStated(RecordedAggregate.Event):
        """The child's schooling was stated 就学情况."""

        TOPIC = "roster.Child.SchoolingStated"
        class_version: ClassVar[int] = 2
        schooling: Schooling
        valid_on: date
        sources: Sources

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a fact was taken from."""
            state.update(sources=())

    class GroupsStated(RecordedAggregate.Event):
        """The child's focus groups were stated 重点群体."""

        TOPIC = "roster.Child.GroupsStated"
        class_version: ClassVar[int] = 2
        groups: Groups
        valid_on: date
        sources: Sources

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a fact was taken from."""
            state.update(sources=())

    class StudentNumberStated(RecordedAggregate.Event):
        """Under which 学籍号 the child is enrolled was stated 学籍号变更; the number before it stays an alias."""

        TOPIC = "roster.Child.StudentNumberStated"
        class_version: ClassVar[int] = 2
        student_number: Annotated[str, Personal()]
        valid_on: date
        sources: Sources

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a fact was taken from."""
            state.update(sources=())

    class Accounted(RecordedAggregate.Event):
        """On this date the child is in this state 归类."""

        TOPIC = "roster.Child.Accounted"
        state: str
        valid_on: date
        reason: str

    class FindingRaised(RecordedAggregate.Event):
        """Something does not agree 比对发现; place and school stand beside it for those who must act."""

        TOPIC = "roster.Child.FindingRaised"
        class_version: ClassVar[int] = 2
        finding_id: UUID
        kind: str
        reason: str
        owner: str
        township: str
        village: str
        school: str
        stage: str
        raised_on: date
        grounds: tuple[Ground, ...]
        due_on: date | None
        legal_basis: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Findings had no term at first; those raised then are owed without one."""
            state.update(due_on=None, legal_basis="")

    class FindingAnswered(RecordedAggregate.Event):
        """Whoever owes it answered 答复; by `due_on` the answer is accepted or returned."""

        TOPIC = "roster.Child.FindingAnswered"
        finding_id: UUID
        kind: str
        code: str
        evidence: str
        answered_by: str
        officer: str
        answered_on: date
        due_on: date

    class FindingReturned(RecordedAggregate.Event):
        """The answer was not accepted 退回; it is owed again."""

        TOPIC = "roster.Child.FindingReturned"
        class_version: ClassVar[int] = 2
        finding_id: UUID
        kind: str
        reason: str
        due_on: date
        returned_on: date
        owner: str
        township: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first only the raising said whose it is."""
            state.update(owner="", township="")

    class FindingOverdue(RecordedAggregate.Event):
        """The last day of what was owed has passed 逾期; `owner` owed the answer, or to accept it."""

        TOPIC = "roster.Child.FindingOverdue"
        class_version: ClassVar[int] = 2
        finding_id: UUID
        kind: str
        owner: str
        due_on: date
        overdue_on: date
        township: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first only the raising said of which township the child is."""
            state.update(township="")

    class FindingResolved(RecordedAggregate.Event):
        """It no longer holds, or was answered 销号."""

        TOPIC = "roster.Child.FindingResolved"
        class_version: ClassVar[int] = 2
        finding_id: UUID
        kind: str
        resolution: str
        resolved_on: date
        evidence: str
        approved_by: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept what a resolution rested on, nor who approved it."""
            state.update(evidence="", approved_by="")

    class Excused(RecordedAggregate.Event):
        """A paper says why the child is in no class here, as long as it holds 凭据; told by the deferral or the proof."""

        TOPIC = "roster.Child.Excused"
        excuse: Excuse

    class ExcuseEnded(RecordedAggregate.Event):
        """The paper no longer speaks for the child; told by the deferral."""

        TOPIC = "roster.Child.ExcuseEnded"
        source_id: UUID

    class Placed(RecordedAggregate.Event):
        """The panel decided where the disabled child is taught 安置; told by the placement."""

        TOPIC = "roster.Child.Placed"
        placement_id: UUID

    class PlacementEnded(RecordedAggregate.Event):
        """That placement no longer holds; told by the placement."""

        TOPIC = "roster.Child.PlacementEnded"
        placement_id: UUID

    class Merged(RecordedAggregate.Event):
        """Another entry was this same child 合并."""

        TOPIC = "roster.Child.Merged"
        merged_id: UUID
        reason: str

    class Unmerged(RecordedAggregate.Event):
        """The merge was wrong 撤销合并."""

        TOPIC = "roster.Child.Unmerged"
        merged_id: UUID
        reason: str

    class Absorbed(RecordedAggregate.Event):
        """This entry goes on as another one 并入; told by that one's `Merged`."""

        TOPIC = "roster.Child.Absorbed"
        into_id: UUID

    class Released(RecordedAggregate.Event):
        """This entry goes on by itself again 分出; told by the other one's `Unmerged`."""

        TOPIC = "roster.Child.Released"
        from_id: UUID

    class Erased(RecordedAggregate.Event):
        """The child's personal data was erased for good 删除."""

        TOPIC = "roster.Child.Erased"
        reason: str

    class Restricted(RecordedAggregate.Event):
        """Nothing but keeping is done with the child's data any more 限制处理 (PIPL 47): a law wants it kept until a day."""

        TOPIC = "roster.Child.Restricted"
        basis: str
        until: date

    class RestrictionLifted(RecordedAggregate.Event):
        """The child's data may be worked with again 解除限制; who the child is was stated anew beside it."""

        TOPIC = "roster.Child.RestrictionLifted"
        reason: str

    @classmethod
    def register(
        cls,
        *,
        child_id: UUID,
        identity: Identity,
        residence: Residence,
        grounds: tuple[Ground, ...],
        sources: Sources = (),
        valid_on: date | None = None,
        links: Links = (),
    ) -> "Child":
        """Takes a child into the roster."""
        return cls._create(
            cls.Registered,
            id=child_id,
            name=identity.name,
            id_number=identity.id_number,
            birth_date=identity.birth_date,
            sex=identity.sex,
            guardian_name=identity.guardian_name,
            guardian_phone=identity.guardian_phone,
            household_id=residence.household_id,
            township=residence.township,
            village=residence.village,
            grounds=grounds,
            sources=sources,
            valid_on=valid_on,
            links=links,
            school_years=SchoolYears.of(identity),
        )

    def state_identity(
        self,
        identity: Identity,
        *,
        grounds: tuple[Ground, ...],
        sources: Sources = (),
        valid_on: date | None = None,
        links: Links = (),
    ) -> None:
        """States who the child is."""
        if identity != self.identity:
            self._say_who(identity, grounds=grounds, sources=sources, valid_on=valid_on, links=links)

    def _say_who(
        self, identity: Identity, *, grounds: tuple[Ground, ...], sources: Sources, valid_on: date | None, links: Links
    ) -> None:
        self.trigger_event(
            self.IdentityCorrected,
            name=identity.name,
            id_number=identity.id_number,
            birth_date=identity.birth_date,
            sex=identity.sex,
            guardian_name=identity.guardian_name,
            guardian_phone=identity.guardian_phone,
            grounds=grounds,
            sources=sources,
            valid_on=valid_on,
            links=links,
        )

    def state_rows(self, grounds: tuple[Ground, ...], *, links: Links, valid_on: date) -> None:
        """States which rows are the child's and why; the same registers linked by the same rules say nothing new."""
        if told_by_rows(grounds, links) != told_by_rows(self.grounds, self.links):
            self.trigger_event(self.RowsLinked, grounds=grounds, links=links, valid_on=valid_on)

    def state_school_years(self, *, valid_on: date) -> None:
        """States from when until when the child is owed schooling, by the birth date that is known of it."""
        school_years = SchoolYears.of(self.identity)
        if school_years != self.school_years:
            self.trigger_event(self.SchoolYearsStated, school_years=school_years, valid_on=valid_on)

    def come_of_age(self, *, today: date) -> None:
        """Tells that the child's school years have begun, or are over: once each, in order, also after days without a clock.

        What had begun or was over when the child became known is told by its registration alone.
        """
        while (
            not self.closed
            and self.school_years is not None
            and (turn := self.school_years.turn_after(self.age_told_on)) is not None
        ):
            if turn > today:
                return
            place = {"township": self.residence.township, "village": self.residence.village}
            if turn == self.school_years.begin_on:
                self.trigger_event(self.SchoolAgeReached, begin_on=turn, **place)
            else:
                self.trigger_event(self.SchoolAgePassed, end_on=self.school_years.end_on, **place)

    def state_residence(self, residence: Residence, *, sources: Sources = (), valid_on: date | None = None) -> None:
        """States where the child lives."""
        if residence != self.residence:
            self.trigger_event(
                self.ResidenceStated,
                household_id=residence.household_id,
                township=residence.township,
                village=residence.village,
                sources=sources,
                valid_on=valid_on,
            )

    def state_schooling(self, schooling: Schooling, *, valid_on: date, sources: Sources = ()) -> None:
        """States the child's schooling."""
        if schooling != self.schooling:
            self.trigger_event(self.SchoolingStated, schooling=schooling, valid_on=valid_on, sources=sources)

    def state_groups(self, groups: Groups, *, valid_on: date, sources: Sources = ()) -> None:
        """States the child's focus groups."""
        if groups != self.groups:
            self.trigger_event(self.GroupsStated, groups=groups, valid_on=valid_on, sources=sources)

    def state_student_number(self, number: str, *, valid_on: date, sources: Sources = ()) -> None:
        """States the 学籍号; one that the current number doesn't give way to says nothing."""
        if self.student_numbers.give_way_to(number):
            self.trigger_event(self.StudentNumberStated, student_number=number, valid_on=valid_on, sources=sources)

    def account(self, *, state: str, reason: str, valid_on: date) -> None:
        """Puts the child into its one accounted state; a suspicion gives way to a paper that holds, and comes with its end."""
        if self.excuse is not None:
            state, reason = self.excuse.account(state=state, reason=reason, day=valid_on)
        if state != self.accounted:
            self.trigger_event(self.Accounted, state=state, valid_on=valid_on, reason=reason)

    def raise_finding(
        self,
        *,
        kind: str,
        reason: str,
        owner: str,
        raised_on: date,
        grounds: tuple[Ground, ...],
        today: date | None = None,
    ) -> None:
        """Raises a finding; not again while it holds, was answered on these very grounds, or a deferral answers for it.

        Its answer is owed from `today` on, which is later than `raised_on` where a past day is looked at.
        """
        entry = CATALOGUE.find(kind, on=raised_on)
        deferred = self.excuse is not None and self.excuse.defers(raised_on)
        if kind in self.findings or self.answered.get(kind) == grounds:
            return
        if deferred and entry is not None and EXCUSED in entry.resolutions:
            return
        self._raise(
            kind,
            reason=reason,
            owner=owner,
            raised_on=raised_on,
            grounds=grounds,
            due_on=entry.due_on(max(raised_on, today or raised_on)) if entry else None,
            legal_basis=entry.legal_basis if entry else "",
        )

    def _raise(
        self,
        kind: str,
        *,
        reason: str,
        owner: str,
        raised_on: date,
        grounds: tuple[Ground, ...],
        due_on: date | None,
        legal_basis: str,
    ) -> None:
        self.trigger_event(
            self.FindingRaised,
            finding_id=uuid5(self.id, f"finding/{kind}/{self.findings_raised + 1}"),
            kind=kind,
            reason=reason,
            owner=owner,
            township=self.residence.township,
            village=self.residence.village,
            school=self.schooling.school,
            stage=self.schooling.stage,
            raised_on=raised_on,
            grounds=grounds,
            due_on=due_on,
            legal_basis=legal_basis,
        )

    def answer_finding(self, *, kind: str, code: str, evidence: str, by: Officer, today: date) -> None:
        """The unit that owes a finding answers it 答复; it stays open until somebody else accepts the answer."""
        finding = self._open_finding(kind)
        finding.may_be_answered(kind=CATALOGUE.get(kind, on=today), code=code, by=by)
        self.trigger_event(
            self.FindingAnswered,
            finding_id=finding.finding_id,
            kind=kind,
            code=code,
            evidence=in_the_clear(evidence, what=f"the paper it rests on ({CATALOGUE.codes[code].evidence})"),
            answered_by=by.unit,
            officer=by.person,
            answered_on=today,
            due_on=add_working_days(today, ACCEPT_WITHIN),
        )

    def accept_answer(self, *, kind: str, by: Officer, today: date) -> None:
        """Accepts the owner's answer, which closes the finding 销号; never by the person who gave it."""
        answer = self._open_finding(kind).may_be_accepted(kind=CATALOGUE.get(kind, on=today), by=by)
        self._resolve(kind, answer.code, evidence=answer.evidence, approved_by=by.unit, today=today)

    def return_answer(self, *, kind: str, reason: str, by: Officer, today: date) -> None:
        """Sends the owner's answer back with a reason 退回; the finding is owed again, by a new day."""
        finding = self._open_finding(kind)
        may_approve(code=finding.waiting("return_answer").code, by=by)
        self.trigger_event(
            self.FindingReturned,
            finding_id=finding.finding_id,
            kind=kind,
            reason=in_the_clear(reason, what="why the answer is returned"),
            due_on=CATALOGUE.get(kind, on=today).due_again_on(today),
            returned_on=today,
            owner=finding.owner,
            township=self.residence.township,
        )

    def resolve_finding(self, *, kind: str, resolution: str, evidence: str, by: Officer, today: date) -> None:
        """Settles by hand a finding that another unit owes and nobody has answered; only in words its kind allows."""
        self._open_finding(kind).may_be_resolved(kind=CATALOGUE.get(kind, on=today), code=resolution, by=by)
        paper = in_the_clear(evidence, what=f"the paper it rests on ({CATALOGUE.codes[resolution].evidence})")
        self._resolve(kind, resolution, evidence=paper, approved_by=by.unit, today=today)

    def drop_finding(self, *, kind: str, today: date, evidence: str = "") -> None:
        """The finding's cause has ended: the registers, or time, no longer say so 复核已消除."""
        self._open_finding(kind)
        self._resolve(kind, NO_LONGER_FOUND, evidence=evidence, approved_by="", today=today)

    def expire_finding(self, *, kind: str, today: date) -> None:
        """Tells that what is owed for a finding is late; once for a due date, nothing where it isn't late."""
        finding = self.findings.get(kind)
        if finding is not None and finding.is_late(today):
            self.trigger_event(
                self.FindingOverdue,
                finding_id=finding.finding_id,
                kind=kind,
                owner=self.unit_of(APPROVER) if finding.answer else finding.owner,
                due_on=finding.due_on,
                overdue_on=today,
                township=self.residence.township,
            )

    def excuse_by(self, excuse: Excuse, *, today: date) -> None:
        """A paper speaks for the child from now on, in the place of the one before."""
        self._refuse_if_closed()
        excused = self.excuse is not None and self.accounted == self.excuse.state
        self.trigger_event(self.Excused, excuse=excuse)
        self.account(state="suspect" if excused else self.accounted, reason=SPOKEN_FOR_NO_MORE, valid_on=today)
        self.heed_excuse(today=today)

    def heed_excuse(self, *, today: date) -> None:
        """Lets a paper say where the child is on the day it begins to hold, and no more on the day after its last.

        A deferral that holds closes what it answers for (R9).
        """
        self.account(state=self.accounted, reason="", valid_on=today)
        if self.excuse is not None and self.excuse.defers(today):
            paper, unit = self.excuse.evidence, self.excuse.approved_by
            for kind in sorted(self.findings):
                entry = CATALOGUE.find(kind, on=today)
                if entry is not None and EXCUSED in entry.resolutions:
                    self._resolve(kind, EXCUSED, evidence=paper, approved_by=unit, today=today)

    def end_excuse(self, source_id: UUID, *, today: date) -> None:
        """A paper no longer speaks for the child: until a register says where it is, it is looked for."""
        if self.excuse is not None and self.excuse.source_id == source_id:
            excused = self.accounted == self.excuse.state
            self.trigger_event(self.ExcuseEnded, source_id=source_id)
            if excused:
                self.account(state="suspect", reason=SPOKEN_FOR_NO_MORE, valid_on=today)

    def place(self, placement_id: UUID) -> None:
        """Remembers the placement that holds; one taught at home is excused by it as well."""
        self._refuse_if_closed()
        self.trigger_event(self.Placed, placement_id=placement_id)

    def end_placement(self, placement_id: UUID, *, today: date) -> None:
        """A placement no longer holds; who was accounted for by it is looked for until a register says where it is."""
        if self.placement_id == placement_id:
            self.trigger_event(self.PlacementEnded, placement_id=placement_id)
        self.end_excuse(placement_id, today=today)

    def _open_finding(self, kind: str) -> OpenFinding:
        if kind not in self.findings:
            raise Refused(f"This child has no open finding of the kind {kind}.")
        return self.findings[kind]

    def _resolve(self, kind: str, resolution: str, *, evidence: str, approved_by: str, today: date) -> None:
        self.trigger_event(
            self.FindingResolved,
            finding_id=self.findings[kind].finding_id,
            kind=kind,
            resolution=resolution,
            resolved_on=today,
            evidence=evidence,
            approved_by=approved_by,
        )

    def unit_of(self, kind: str) -> str:
        """The unit of a kind that answers for this child: its school or township, or the county's department."""
        return unit_for(kind, school=self.schooling.school, township=self.residence.township)

    def vanish(self, *, owner: str, today: date) -> None:
        """No register names the child any more: of school age it has to be looked for (promise 1), older it is past it."""
        if (self.identity.completed_years(today) or 0) > LAST_AGE:
            self.account(state="graduated", reason="已超出义务教育年龄", valid_on=today)
            return
        self.account(state="suspect", reason=IN_NO_REGISTER, valid_on=today)
        self.raise_finding(
            kind="unexplained_departure", reason=IN_NO_REGISTER, owner=owner, raised_on=today, grounds=self.grounds
        )

    @property
    def closed(self) -> bool:
        """Whether nothing is stated, asked or decided about the entry any more: erased, or restricted."""
        return self.erased or self.restricted

    def erase(self, *, reason: str) -> None:
        """Notes that the child's personal data was erased; twice is once."""
        if not self.erased:
            self.trigger_event(self.Erased, reason=reason)

    def restrict(self, *, basis: str, until: date, today: date) -> None:
        """Notes that processing is restricted until a day; again, it changes nothing.

        Refused for a child who is owed schooling, whom the county has to look for by law, and while a finding is open.
        """
        if self.restricted:
            return
        self._refuse_if_closed()
        if self.school_years is None or today <= self.school_years.end_on:
            raise Refused(
                "A child of whom school age has not passed is looked for by law (义务教育法 11, 13); restrict when it has."
            )
        if self.findings:
            raise Refused(f"Findings are open: {', '.join(sorted(self.findings))}. Answer them first.")
        if until <= today:
            raise Refused("The day until which the law wants the data kept has passed; erase the child instead.")
        self.trigger_event(self.Restricted, basis=basis, until=until)

    def lift_restriction(self, *, reason: str, today: date) -> None:
        """Notes that a restriction is lifted, and says anew who the child is, for whoever forgot it; twice is once."""
        if not self.restricted:
            return
        self.trigger_event(self.RestrictionLifted, reason=reason)
        self._say_who(self.identity, grounds=self.grounds, sources=(), valid_on=today, links=self.links)
        if self.student_numbers.current:
            self.trigger_event(
                self.StudentNumberStated, student_number=self.student_numbers.current, valid_on=today, sources=()
            )

    def merge(self, *, merged_id: UUID, reason: str) -> None:
        """Takes another entry as this same child; refused for itself, where merged already, and for who was erased or is restricted."""
        if merged_id == self.id or merged_id in self.merged:
            raise Refused("An entry is merged once, and never with itself.")
        if self.absorbed_by is not None:
            raise Refused("The entry that is to go on is itself merged into another one; decide about that one.")
        self._refuse_if_closed()
        self.trigger_event(self.Merged, merged_id=merged_id, reason=reason)

    def unmerge(self, *, merged_id: UUID, reason: str) -> None:
        """Takes a merge back; refused where there is none, and for who was erased or is restricted."""
        if merged_id not in self.merged:
            raise Refused("These two entries are not merged.")
        self._refuse_if_closed()
        self.trigger_event(self.Unmerged, merged_id=merged_id, reason=reason)

    def go_on_as(self, into_id: UUID, *, today: date) -> None:
        """The other side of `merge`: this entry goes on as another one, and as one other at most; that one owes its findings."""
        if self.absorbed_by is not None:
            raise Refused("This entry is merged into another one already; take that merge back first.")
        self._refuse_if_closed()
        for kind in sorted(self.findings):
            self._resolve(kind, TAKEN_OVER, evidence="", approved_by="", today=today)
        self.trigger_event(self.Absorbed, into_id=into_id)

    def go_on_alone(self, *, from_id: UUID, today: date) -> None:
        """The other side of `unmerge`: its findings are its own again, and its paper holds if it still does.

        Nothing where it was merged before entries remembered that they are.
        """
        self._refuse_if_closed()
        if self.absorbed_by != from_id:
            return
        self.trigger_event(self.Released, from_id=from_id)
        for kind in sorted(self.taken_over):
            self._raise_as_it_stood(kind, self.taken_over[kind])
        self.heed_excuse(today=today)

    def take_over(self, merged: "Child", *, today: date, compared: bool = False) -> None:
        """Owes what was owed for an entry that goes on as this one, by the same day, and keeps the paper that speaks for it.

        A paper that holds for this entry itself goes first; both stand in their own histories. A comparison has just said of
        this entry what rests on registers (`compared`): of that nothing is taken over, or the next one would drop it again.
        """
        for kind, finding in sorted(merged.taken_over.items()):
            if kind not in self.findings and not (compared and finding.of_a_comparison):
                self._raise_as_it_stood(kind, finding)
        own = self.excuse
        if merged.excuse is not None and (own is None or own.until_on < today):
            self.excuse_by(merged.excuse, today=today)
        self.heed_excuse(today=today)

    def give_back(self, merged: "Child", *, today: date) -> None:
        """The other side of `take_over`: a paper of the other entry no longer speaks for this one."""
        if merged.excuse is not None:
            self.end_excuse(merged.excuse.source_id, today=today)

    def _raise_as_it_stood(self, kind: str, finding: OpenFinding) -> None:
        """Raises a finding that was owed for another entry: on its grounds, due when it was due, answered if it was."""
        self._raise(
            kind,
            reason=finding.reason,
            owner=finding.owner,
            raised_on=finding.raised_on,
            grounds=finding.grounds,
            due_on=finding.due_on,
            legal_basis=finding.legal_basis,
        )
        if finding.answer is not None and finding.due_on is not None:
            self.trigger_event(
                self.FindingAnswered,
                finding_id=self.findings[kind].finding_id,
                kind=kind,
                code=finding.answer.code,
                evidence=finding.answer.evidence,
                answered_by=finding.answer.by.unit,
                officer=finding.answer.by.person,
                answered_on=finding.answer.on,
                due_on=finding.due_on,
            )

    def _refuse_if_closed(self) -> None:
        if self.erased:
            raise Refused("This entry was erased for good; nothing more is decided about it.")
        if self.restricted:
            raise Refused(
                "Processing of this entry is restricted (PIPL 47); it is kept, and nothing is decided about it."
            )

    @event(Registered)
    def __init__(
        self,
        name: str,
        id_number: str,
        birth_date: str,
        sex: str,
        guardian_name: str,
        guardian_phone: str,
        household_id: UUID | None,
        township: str,
        village: str,
        grounds: tuple[Ground, ...],
        links: Links,
        school_years: SchoolYears | None,
        valid_on: date | None,
    ) -> None:
        self.identity = Identity(name, id_number, birth_date, sex, guardian_name, guardian_phone)
        self.residence = Residence(household_id, township, village)
        self.grounds = grounds
        self.links = links
        self.school_years = school_years
        self.age_told_on = valid_on or date.min
        self.schooling = Schooling()
        self.groups = Groups()
        self.student_numbers = StudentNumbers()
        self.accounted = ""
        self.findings: dict[str, OpenFinding] = {}
        self.findings_raised = 0
        self.answered: dict[str, tuple[Ground, ...]] = {}
        self.taken_over: dict[str, OpenFinding] = {}
        self.excuse: Excuse | None = None
        self.placement_id: UUID | None = None
        self.erased = False
        self.restricted = False
        self.merged: set[UUID] = set()
        self.absorbed_by: UUID | None = None

    @event(IdentityCorrected)
    def _identity_corrected(
        self,
        name: str,
        id_number: str,
        birth_date: str,
        sex: str,
        guardian_name: str,
        guardian_phone: str,
        grounds: tuple[Ground, ...],
        links: Links,
    ) -> None:
        self.identity = Identity(name, id_number, birth_date, sex, guardian_name, guardian_phone)
        self.grounds = grounds
        self.links = links

    @event(RowsLinked)
    def _rows_linked(self, grounds: tuple[Ground, ...], links: Links) -> None:
        self.grounds = grounds
        self.links = links

    @event(SchoolYearsStated)
    def _school_years_stated(self, school_years: SchoolYears | None, valid_on: date) -> None:
        self.school_years = school_years
        self.age_told_on = valid_on

    @event(SchoolAgeReached)
    def _school_age_reached(self, begin_on: date) -> None:
        self.age_told_on = begin_on

    @event(SchoolAgePassed)
    def _school_age_passed(self, end_on: date) -> None:
        self.age_told_on = end_on + timedelta(days=1)

    @event(ResidenceStated)
    def _residence_stated(self, household_id: UUID | None, township: str, village: str) -> None:
        self.residence = Residence(household_id, township, village)

    @event(SchoolingStated)
    def _schooling_stated(self, schooling: Schooling) -> None:
        self.schooling = schooling

    @event(GroupsStated)
    def _groups_stated(self, groups: Groups) -> None:
        self.groups = groups

    @event(StudentNumberStated)
    def _student_number_stated(self, student_number: str) -> None:
        self.student_numbers = self.student_numbers.then(student_number)

    @event(Accounted)
    def _accounted(self, state: str) -> None:
        self.accounted = state

    @event(FindingRaised)
    def _finding_raised(
        self,
        finding_id: UUID,
        kind: str,
        reason: str,
        grounds: tuple[Ground, ...],
        owner: str,
        raised_on: date,
        due_on: date | None,
        legal_basis: str,
    ) -> None:
        self.findings[kind] = OpenFinding(finding_id, reason, grounds, owner, raised_on, legal_basis, due_on)
        self.findings_raised += 1
        self.taken_over.pop(kind, None)

    @event(FindingAnswered)
    def _finding_answered(
        self, kind: str, code: str, evidence: str, answered_by: str, officer: str, answered_on: date, due_on: date
    ) -> None:
        answer = GivenAnswer(code, evidence, Officer(officer, answered_by), answered_on)
        self.findings[kind] = replace(self.findings[kind], answer=answer, due_on=due_on, overdue=False)

    @event(FindingReturned)
    def _finding_returned(self, kind: str, due_on: date) -> None:
        self.findings[kind] = replace(self.findings[kind], answer=None, due_on=due_on, overdue=False)

    @event(FindingOverdue)
    def _finding_overdue(self, kind: str) -> None:
        self.findings[kind] = replace(self.findings[kind], overdue=True)

    @event(FindingResolved)
    def _finding_resolved(self, kind: str, resolution: str) -> None:
        finding = self.findings.pop(kind)
        if resolution == TAKEN_OVER:
            self.taken_over[kind] = finding
        elif resolution != NO_LONGER_FOUND:
            self.answered[kind] = finding.grounds

    @event(Excused)
    def _excused(self, excuse: Excuse) -> None:
        self.excuse = excuse

    @event(ExcuseEnded)
    def _excuse_ended(self) -> None:
        self.excuse = None

    @event(Placed)
    def _placed(self, placement_id: UUID) -> None:
        self.placement_id = placement_id

    @event(PlacementEnded)
    def _placement_ended(self) -> None:
        self.placement_id = None

    @event(Erased)
    def _erased(self) -> None:
        self.erased = True

    @event(Restricted)
    def _restricted(self) -> None:
        self.restricted = True

    @event(RestrictionLifted)
    def _restriction_lifted(self) -> None:
        self.restricted = False

    @event(Merged)
    def _merged(self, merged_id: UUID) -> None:
        self.merged.add(merged_id)

    @event(Unmerged)
    def _unmerged(self, merged_id: UUID) -> None:
        self.merged.discard(merged_id)

    @event(Absorbed)
    def _absorbed(self, into_id: UUID) -> None:
        self.absorbed_by = into_id

    @event(Released)
    def _released(self) -> None:
        self.absorbed_by = None
