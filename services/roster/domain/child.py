"""A child 适龄儿童少年 as the registers know it: who, where, at which school, accounted for how, and what doesn't agree.

Every statement is recorded only if it says something new, so a comparison run again over the same registers leaves no
trace. `Accounted` carries the one state the child is in on a date; the partition of all children (promise 1) is made
of these.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Refused


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a fact comes from 依据: register, batch, row counted from 1, and the rule that linked the row."""

    register: str
    batch_id: UUID
    row: int
    rule: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a child is 身份; unknown texts are empty, the birth date is ISO text because it is sealed as one."""

    name: str = ""
    id_number: str = ""
    birth_date: str = ""
    sex: str = ""
    guardian_name: str = ""
    guardian_phone: str = ""


@dataclass(frozen=True, slots=True)
class Residence:
    """Where a child lives 住址: household, township code (9 digits), village."""

    household_id: UUID | None
    township: str
    village: str


@dataclass(frozen=True, slots=True)
class Schooling:
    """What the registers say of a child's schooling 就学: school code and name, stage, grade, status."""

    school: str = ""
    school_name: str = ""
    stage: str = ""
    grade: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Groups:
    """The focus groups a child belongs to 重点群体 (N1.5)."""

    poverty: str = ""
    disability: str = ""
    disability_grade: str = ""
    left_behind: bool = False
    migrant: bool = False


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding that holds now."""

    finding_id: UUID
    reason: str
    grounds: tuple[Ground, ...]


LAST_AGE: Final = 16
"""Completed years up to which a child is of compulsory-school age (N1.8)."""

NO_LONGER_FOUND: Final = "no_longer_found"
"""Resolution of a finding that a later comparison doesn't make any more 复核已消除."""

IN_NO_REGISTER: Final = "各登记册均已无此人"
"""Why a child is looked for that no register names any more."""


class Child(RecordedAggregate):
    """One child over all registers."""

    TOPIC = "roster.Child"

    class Registered(RecordedAggregate.Event, Created):
        """The child became known 入册."""

        TOPIC = "roster.Child.Registered"
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

    class IdentityCorrected(RecordedAggregate.Event):
        """Who the child is was stated anew 身份更正."""

        TOPIC = "roster.Child.IdentityCorrected"
        name: Annotated[str, Personal()]
        id_number: Annotated[str, Personal()]
        birth_date: Annotated[str, Personal()]
        sex: str
        guardian_name: Annotated[str, Personal()]
        guardian_phone: Annotated[str, Personal()]
        grounds: tuple[Ground, ...]

    class ResidenceStated(RecordedAggregate.Event):
        """Where the child lives was stated anew 住址变更."""

        TOPIC = "roster.Child.ResidenceStated"
        household_id: UUID | None
        township: str
        village: str

    class SchoolingStated(RecordedAggregate.Event):
        """The child's schooling was stated 就学情况."""

        TOPIC = "roster.Child.SchoolingStated"
        schooling: Schooling
        valid_on: date

    class GroupsStated(RecordedAggregate.Event):
        """The child's focus groups were stated 重点群体."""

        TOPIC = "roster.Child.GroupsStated"
        groups: Groups
        valid_on: date

    class Accounted(RecordedAggregate.Event):
        """On this date the child is in this state 归类."""

        TOPIC = "roster.Child.Accounted"
        state: str
        valid_on: date
        reason: str

    class FindingRaised(RecordedAggregate.Event):
        """Something does not agree 比对发现; place and school stand beside it for those who must act."""

        TOPIC = "roster.Child.FindingRaised"
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

    class FindingResolved(RecordedAggregate.Event):
        """It no longer holds, or was answered 销号."""

        TOPIC = "roster.Child.FindingResolved"
        finding_id: UUID
        kind: str
        resolution: str
        resolved_on: date

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

    class Erased(RecordedAggregate.Event):
        """The child's personal data was erased for good 删除."""

        TOPIC = "roster.Child.Erased"
        reason: str

    @classmethod
    def register(
        cls, *, child_id: UUID, identity: Identity, residence: Residence, grounds: tuple[Ground, ...]
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
        )

    def state_identity(self, identity: Identity, *, grounds: tuple[Ground, ...]) -> None:
        """States who the child is."""
        if identity != self.identity:
            self.trigger_event(
                self.IdentityCorrected,
                name=identity.name,
                id_number=identity.id_number,
                birth_date=identity.birth_date,
                sex=identity.sex,
                guardian_name=identity.guardian_name,
                guardian_phone=identity.guardian_phone,
                grounds=grounds,
            )

    def state_residence(self, residence: Residence) -> None:
        """States where the child lives."""
        if residence != self.residence:
            self.trigger_event(
                self.ResidenceStated,
                household_id=residence.household_id,
                township=residence.township,
                village=residence.village,
            )

    def state_schooling(self, schooling: Schooling, *, valid_on: date) -> None:
        """States the child's schooling."""
        if schooling != self.schooling:
            self.trigger_event(self.SchoolingStated, schooling=schooling, valid_on=valid_on)

    def state_groups(self, groups: Groups, *, valid_on: date) -> None:
        """States the child's focus groups."""
        if groups != self.groups:
            self.trigger_event(self.GroupsStated, groups=groups, valid_on=valid_on)

    def account(self, *, state: str, reason: str, valid_on: date) -> None:
        """Puts the child into its one accounted state."""
        if state != self.accounted:
            self.trigger_event(self.Accounted, state=state, valid_on=valid_on, reason=reason)

    def raise_finding(
        self, *, kind: str, reason: str, owner: str, raised_on: date, grounds: tuple[Ground, ...]
    ) -> None:
        """Raises a finding; not again while it holds, nor where somebody answered it on these very grounds."""
        if kind in self.findings or self.answered.get(kind) == grounds:
            return
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
        )

    def resolve_finding(self, *, kind: str, resolution: str, resolved_on: date) -> None:
        """Resolves the finding of a kind; refused where none holds."""
        if kind not in self.findings:
            raise Refused(f"This child has no open finding of the kind {kind}.")
        self.trigger_event(
            self.FindingResolved,
            finding_id=self.findings[kind].finding_id,
            kind=kind,
            resolution=resolution,
            resolved_on=resolved_on,
        )

    def vanish(self, *, owner: str, today: date) -> None:
        """No register names the child any more: of school age it has to be looked for (promise 1), older it is past it."""
        birth_date = self.identity.birth_date
        if _is_date(birth_date) and completed_years(date.fromisoformat(birth_date), today) > LAST_AGE:
            self.account(state="graduated", reason="已超出义务教育年龄", valid_on=today)
            return
        self.account(state="suspect", reason=IN_NO_REGISTER, valid_on=today)
        self.raise_finding(
            kind="unexplained_departure", reason=IN_NO_REGISTER, owner=owner, raised_on=today, grounds=self.grounds
        )

    def erase(self, *, reason: str) -> None:
        """Notes that the child's personal data was erased; twice is once."""
        if not self.erased:
            self.trigger_event(self.Erased, reason=reason)

    def merge(self, *, merged_id: UUID, reason: str) -> None:
        """Takes another entry as this same child; refused for itself and where merged already."""
        if merged_id == self.id or merged_id in self.merged:
            raise Refused("An entry is merged once, and never with itself.")
        self.trigger_event(self.Merged, merged_id=merged_id, reason=reason)

    def unmerge(self, *, merged_id: UUID, reason: str) -> None:
        """Takes a merge back; refused where there is none."""
        if merged_id not in self.merged:
            raise Refused("These two entries are not merged.")
        self.trigger_event(self.Unmerged, merged_id=merged_id, reason=reason)

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
    ) -> None:
        self.identity = Identity(name, id_number, birth_date, sex, guardian_name, guardian_phone)
        self.residence = Residence(household_id, township, village)
        self.grounds = grounds
        self.schooling = Schooling()
        self.groups = Groups()
        self.accounted = ""
        self.findings: dict[str, OpenFinding] = {}
        self.findings_raised = 0
        self.answered: dict[str, tuple[Ground, ...]] = {}
        self.erased = False
        self.merged: set[UUID] = set()

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
    ) -> None:
        self.identity = Identity(name, id_number, birth_date, sex, guardian_name, guardian_phone)
        self.grounds = grounds

    @event(ResidenceStated)
    def _residence_stated(self, household_id: UUID | None, township: str, village: str) -> None:
        self.residence = Residence(household_id, township, village)

    @event(SchoolingStated)
    def _schooling_stated(self, schooling: Schooling) -> None:
        self.schooling = schooling

    @event(GroupsStated)
    def _groups_stated(self, groups: Groups) -> None:
        self.groups = groups

    @event(Accounted)
    def _accounted(self, state: str) -> None:
        self.accounted = state

    @event(FindingRaised)
    def _finding_raised(self, finding_id: UUID, kind: str, reason: str, grounds: tuple[Ground, ...]) -> None:
        self.findings[kind] = OpenFinding(finding_id, reason, grounds)
        self.findings_raised += 1

    @event(FindingResolved)
    def _finding_resolved(self, kind: str, resolution: str) -> None:
        finding = self.findings.pop(kind)
        if resolution != NO_LONGER_FOUND:
            self.answered[kind] = finding.grounds

    @event(Erased)
    def _erased(self) -> None:
        self.erased = True

    @event(Merged)
    def _merged(self, merged_id: UUID) -> None:
        self.merged.add(merged_id)

    @event(Unmerged)
    def _unmerged(self, merged_id: UUID) -> None:
        self.merged.discard(merged_id)


def completed_years(birth_date: date, day: date) -> int:
    """The age on a day 周岁."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
