"""What term start and time bring 学期与期限, as rows: check-ins, absences, deferrals, and schooling elsewhere that was proved."""

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.divisions import COUNTY
from services.contracts.roster import (
    AbsenceVerified,
    ChildrenCheckedIn,
    DeferralApproved,
    DeferralEnded,
    SchoolingElsewhereProved,
    TermCheckInClosed,
    TermCheckInOpened,
)

CheckInEvent = TermCheckInOpened | TermCheckInClosed
DeferralEvent = DeferralApproved | DeferralEnded


class CheckIn(Row, frozen=True, kw_only=True):
    """A school's term check-in 开学报到. It stands under the county: the event names no township."""

    TABLE: ClassVar[str] = "check_in"
    KEY: ClassVar[str] = "check_in_id"
    check_in_id: UUID
    township: str = COUNTY
    school: str = ""
    term: str = ""
    expected: int = 0
    present: int = 0
    absent: int = 0
    due_on: date | None = None
    closed_on: date | None = None


class Absence(OfChild, frozen=True, kw_only=True):
    """A child who did not report at term start 未报到, and why, once that was verified."""

    TABLE: ClassVar[str] = "absence"
    KEY: ClassVar[str] = "absence_id"
    absence_id: UUID
    check_in_id: UUID
    school: str = ""
    term: str = ""
    missed_on: date | None = None
    reason: str = ""
    late: bool = False
    verified_on: date | None = None


class Deferral(OfChild, frozen=True, kw_only=True):
    """A start put off, a pause or an exemption 延缓入学 / 休学 / 免入学, as long as it holds."""

    TABLE: ClassVar[str] = "deferral"
    KEY: ClassVar[str] = "deferral_id"
    deferral_id: UUID
    kind: str = ""
    proof: str = ""
    from_on: date | None = None
    until_on: date | None = None
    approved_on: date | None = None
    end_reason: str = ""
    ended_on: date | None = None


class SchoolingElsewhere(OfChild, frozen=True, kw_only=True):
    """A child's schooling outside the county, proved for a term 外地就读核实; a new proof of the term takes its place."""

    TABLE: ClassVar[str] = "schooling_elsewhere"
    KEY: ClassVar[str] = "proof_id"
    proof_id: UUID
    term: str = ""
    place: str = ""
    school_name: str = ""
    proof: str = ""
    proved_on: date | None = None


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """One child of a check-in's list of absent."""

    check_in_id: UUID
    child_id: UUID
    school: str
    term: str
    missed_on: date


def check_in(row: CheckIn | None, told: Told[CheckInEvent | ChildrenCheckedIn]) -> CheckIn:
    """A check-in from its opening to its count; who was absent stands in `absence`. Of those who came so far there is a number."""
    event = told.event
    row = row or CheckIn(check_in_id=event.check_in_id)
    match event:
        case TermCheckInOpened():
            return replace(row, school=event.school, term=event.term, expected=event.expected, due_on=event.due_on)
        case ChildrenCheckedIn():
            return replace(row, present=row.present + len(event.children))
        case TermCheckInClosed():
            return replace(
                row,
                school=event.school,
                term=event.term,
                expected=event.expected,
                present=event.present,
                absent=len(event.absent),
                closed_on=event.closed_on,
            )
        case _:
            assert_never(event)


def missed(told: Told[TermCheckInClosed | AbsenceVerified]) -> Iterator[Told[Missed | AbsenceVerified]]:
    """A count's absent children one by one."""
    event = told.event
    if isinstance(event, AbsenceVerified):
        yield Told(told.envelope, event)
        return
    for child_id in event.absent:
        yield Told(
            told.envelope,
            Missed(
                check_in_id=event.check_in_id,
                child_id=child_id,
                school=event.school,
                term=event.term,
                missed_on=event.closed_on,
            ),
        )


def absence(row: Absence | None, told: Told[Missed | AbsenceVerified]) -> Absence:
    """An absence from the count to its verified reason."""
    event = told.event
    row = row or Absence(absence_id=absence_id(told), check_in_id=event.check_in_id, child_id=event.child_id)
    row = replace(row, school=event.school, term=event.term)
    match event:
        case Missed():
            return replace(row, missed_on=event.missed_on)
        case AbsenceVerified():
            return replace(row, reason=event.reason, late=event.late, verified_on=event.verified_on)
        case _:
            assert_never(event)


def absence_id(told: Told[Missed | AbsenceVerified]) -> UUID:
    """The id of a child's absence from a check-in: there is one."""
    return uuid5(told.event.check_in_id, str(told.event.child_id))


def deferral(row: Deferral | None, told: Told[DeferralEvent]) -> Deferral:
    """A deferral until it ended."""
    event = told.event
    row = row or Deferral(deferral_id=event.deferral_id, child_id=event.child_id)
    match event:
        case DeferralApproved():
            return replace(
                row,
                kind=event.kind,
                proof=event.proof,
                from_on=event.from_on,
                until_on=event.until_on,
                approved_on=event.approved_on,
            )
        case DeferralEnded():
            return replace(row, end_reason=event.reason, ended_on=event.ended_on)
        case _:
            assert_never(event)


def schooling_elsewhere(_: SchoolingElsewhere | None, told: Told[SchoolingElsewhereProved]) -> SchoolingElsewhere:
    """The last proof of a term."""
    event = told.event
    return SchoolingElsewhere(
        proof_id=proof_id(told),
        child_id=event.child_id,
        term=event.term,
        place=event.place,
        school_name=event.school_name,
        proof=event.proof,
        proved_on=event.proved_on,
    )


def proof_id(told: Told[SchoolingElsewhereProved]) -> UUID:
    """The id of a child's proof for a term: there is one."""
    return uuid5(told.event.child_id, f"schooling-elsewhere/{told.event.term}")


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=CheckIn, events=(*get_args(CheckInEvent), ChildrenCheckedIn), about=about("check_in_id"), evolve=check_in),
    Fold(row=Absence, events=(TermCheckInClosed, AbsenceVerified), about=absence_id, evolve=absence, parts=missed),
    Fold(row=Deferral, events=get_args(DeferralEvent), about=about("deferral_id"), evolve=deferral),
    Fold(row=SchoolingElsewhere, events=(SchoolingElsewhereProved,), about=proof_id, evolve=schooling_elsewhere),
)
