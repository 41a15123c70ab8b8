"""What cases told of the work around them, as rows: visits, lists, statements, inspections, summonses, zero reports.

These rows name units and papers, not people; what a family promised at a visit stands in `words.py`.
"""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID, uuid5

from msgspec.structs import replace

from gateway.readmodel.cases import PublicReport, Referral, owing_beside
from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.envelope import Published
from services.contracts.oversight import (
    AccountabilityDecided,
    AdmonitionAnswered,
    AdmonitionIssued,
    AttachmentKept,
    InspectionClosed,
    InspectionFound,
    InspectionOpened,
    PersuasionListOpened,
    PersuasionListSigned,
    PlannedVisitMade,
    PublicReportHandled,
    RectificationChecked,
    RectificationReported,
    ReferralReturned,
    StatementSigned,
    VisitMissed,
    VisitPlanEnded,
    VisitRecorded,
    VisitsPlanned,
    ZeroReported,
)

PlanEvent = VisitsPlanned | PlannedVisitMade | VisitMissed | VisitPlanEnded
ListEvent = PersuasionListOpened | PersuasionListSigned
FindingEvent = InspectionFound | RectificationReported | RectificationChecked
AdmonitionEvent = AdmonitionIssued | AdmonitionAnswered


class Visit(OfChild, frozen=True, kw_only=True):
    """A home visit as it was made 家访."""

    TABLE: ClassVar[str] = "visit"
    KEY: ClassVar[str] = "visit_id"
    visit_id: UUID
    case_id: UUID | None = None
    method: str = ""
    attitude: str = ""
    visitor: str = ""
    visited_on: date | None = None
    next_on: date | None = None
    attachments: tuple[UUID, ...] = ()


class Attachment(OfChild, frozen=True, kw_only=True):
    """A photo or scan that was kept 影像佐证."""

    TABLE: ClassVar[str] = "attachment"
    KEY: ClassVar[str] = "attachment_id"
    attachment_id: UUID
    case_id: UUID | None = None
    shows: str = ""
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    kept_on: date | None = None
    document_id: UUID | None = None
    """The paper whose scan or receipt it is."""


class VisitPlan(OfChild, frozen=True, kw_only=True):
    """A focus child's regular visits 家访计划; `missed` counts the days that passed without one."""

    TABLE: ClassVar[str] = "visit_plan"
    KEY: ClassVar[str] = "plan_id"
    plan_id: UUID
    visitor: str = ""
    reason: str = ""
    every_days: int = 0
    first_on: date | None = None
    next_on: date | None = None
    missed: int = 0
    missed_on: date | None = None
    ended_on: date | None = None


class PersuasionList(Row, frozen=True, kw_only=True):
    """A township's monthly list 劝返清单 and who has signed it, in order."""

    TABLE: ClassVar[str] = "persuasion_list"
    KEY: ClassVar[str] = "list_id"
    list_id: UUID
    township: str = ""
    month: str = ""
    returned: int = 0
    not_returned: int = 0
    returned_cases: tuple[UUID, ...] = ()
    not_returned_cases: tuple[UUID, ...] = ()
    signed_by: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    signed_days: tuple[date, ...] = ()
    """Roles, accounts and days of those who have signed, in order."""
    complete: bool = False
    opened_on: date | None = None


class Statement(Row, frozen=True, kw_only=True):
    """A responsibility statement 目标责任书."""

    TABLE: ClassVar[str] = "statement"
    KEY: ClassVar[str] = "statement_id"
    statement_id: UUID
    level: str = ""
    year: int = 0
    superior: str = ""
    party: str = ""
    township: str = ""
    signed_on: date | None = None


class Inspection(Row, frozen=True, kw_only=True):
    """An inspection 督导检查, and the cases its sample named."""

    TABLE: ClassVar[str] = "inspection"
    KEY: ClassVar[str] = "inspection_id"
    inspection_id: UUID
    unit: str = ""
    township: str = ""
    matter: str = ""
    population: int = 0
    sample: tuple[UUID, ...] = ()
    opened_on: date | None = None
    closed_on: date | None = None


class InspectionFinding(Row, frozen=True, kw_only=True):
    """One thing an inspection found 检查发现: owed, reported, or right."""

    TABLE: ClassVar[str] = "inspection_finding"
    KEY: ClassVar[str] = "finding_id"
    finding_id: UUID
    inspection_id: UUID
    township: str = ""
    number: int = 0
    finding: str = ""
    owed_by: str = ""
    due_on: date | None = None
    state: str = ""
    evidence: str = ""
    first_due_on: date | None = None
    """By when it was owed before any second look gave it another day."""
    reported_on: date | None = None
    """When the unit said that it is right, the last time it did."""
    checked_on: date | None = None


class Admonition(Row, frozen=True, kw_only=True):
    """A unit called to order 约谈、通报, and its answer."""

    TABLE: ClassVar[str] = "admonition"
    KEY: ClassVar[str] = "admonition_id"
    admonition_id: UUID
    kind: str = ""
    unit: str = ""
    township: str = ""
    number: str = ""
    ground: str = ""
    reply_by: date | None = None
    issued_on: date | None = None
    answer: str = ""
    late: bool = False
    answered_on: date | None = None


class Accountability(Row, frozen=True, kw_only=True):
    """A decision that holds a unit to account 责任追究."""

    TABLE: ClassVar[str] = "accountability"
    KEY: ClassVar[str] = "decision_id"
    decision_id: UUID
    unit: str = ""
    township: str = ""
    ground: str = ""
    measure: str = ""
    number: str = ""
    decided_on: date | None = None


class ZeroReport(Row, frozen=True, kw_only=True):
    """A unit's word that nobody dropped out in a month 零报告."""

    TABLE: ClassVar[str] = "zero_report"
    KEY: ClassVar[str] = "report_id"
    report_id: UUID
    unit: str = ""
    township: str = ""
    month: str = ""
    late: bool = False
    signed_on: date | None = None


def visit(_: Visit | None, told: Told[VisitRecorded]) -> Visit:
    """A visit as it was made."""
    event = told.event
    return Visit(
        visit_id=event.visit_id,
        child_id=event.child_id,
        case_id=event.case_id,
        method=event.method,
        attitude=event.attitude,
        visitor=event.visitor,
        visited_on=event.visited_on,
        next_on=event.next_on,
        attachments=event.attachments,
    )


def attachment(_: Attachment | None, told: Told[AttachmentKept]) -> Attachment:
    """A file as it was kept."""
    event = told.event
    return Attachment(
        attachment_id=event.attachment_id,
        child_id=event.child_id,
        case_id=event.case_id,
        shows=event.shows,
        media_type=event.media_type,
        size=event.size,
        sha256=event.sha256,
        kept_on=event.kept_on,
        document_id=event.document_id,
    )


def visit_plan(row: VisitPlan | None, told: Told[PlanEvent]) -> VisitPlan:
    """Regular visits from their plan to their end."""
    event = told.event
    row = row or VisitPlan(plan_id=event.plan_id, child_id=event.child_id)
    match event:
        case VisitsPlanned():
            return replace(
                row,
                visitor=event.visitor,
                reason=event.reason,
                every_days=event.every_days,
                first_on=event.next_on,
                next_on=event.next_on,
            )
        case PlannedVisitMade():
            return replace(row, next_on=event.next_on)
        case VisitMissed():
            return replace(row, missed=row.missed + 1, missed_on=event.missed_on)
        case VisitPlanEnded():
            return replace(row, ended_on=event.ended_on)
        case _:
            assert_never(event)


def persuasion_list(row: PersuasionList | None, told: Told[ListEvent]) -> PersuasionList:
    """A monthly list and its signatures."""
    event = told.event
    row = row or PersuasionList(list_id=event.list_id, township=event.township, month=event.month)
    match event:
        case PersuasionListOpened():
            return replace(
                row,
                returned=len(event.returned),
                not_returned=len(event.not_returned),
                returned_cases=event.returned,
                not_returned_cases=event.not_returned,
                opened_on=event.opened_on,
            )
        case PersuasionListSigned():
            return replace(
                row,
                signed_by=(*row.signed_by, event.role),
                signers=(*row.signers, event.signer),
                signed_days=(*row.signed_days, event.signed_on),
                complete=event.complete,
            )
        case _:
            assert_never(event)


def inspection(row: Inspection | None, told: Told[InspectionOpened | InspectionClosed]) -> Inspection:
    """An inspection from its sample to its end."""
    event = told.event
    row = row or Inspection(inspection_id=event.inspection_id, unit=event.unit, township=event.township)
    match event:
        case InspectionOpened():
            return replace(
                row,
                matter=event.matter,
                population=event.population,
                sample=event.sample,
                opened_on=event.opened_on,
            )
        case InspectionClosed():
            return replace(row, closed_on=event.closed_on)
        case _:
            assert_never(event)


def id_of_finding(told: Told[FindingEvent]) -> UUID:
    """The id of an inspection's n-th finding."""
    return uuid5(told.event.inspection_id, str(told.event.number))


def inspection_finding(row: InspectionFinding | None, told: Told[FindingEvent]) -> InspectionFinding:
    """A finding until it is right."""
    event = told.event
    row = row or InspectionFinding(
        finding_id=id_of_finding(told),
        inspection_id=event.inspection_id,
        township=event.township,
        number=event.number,
    )
    match event:
        case InspectionFound():
            owed = {"owed_by": event.owed_by, "due_on": event.due_on, "first_due_on": event.due_on}
            return replace(row, finding=event.finding, state=row.state or "owed", **owed)
        case RectificationReported():
            return replace(row, state="reported", evidence=event.evidence, reported_on=event.reported_on)
        case RectificationChecked():
            state = "right" if event.right else "owed"
            return replace(row, state=state, due_on=event.due_on or row.due_on, checked_on=event.checked_on)
        case _:
            assert_never(event)


def admonition(row: Admonition | None, told: Told[AdmonitionEvent]) -> Admonition:
    """A summons or circular, and its answer."""
    event = told.event
    row = row or Admonition(admonition_id=event.admonition_id, unit=event.unit, township=event.township)
    match event:
        case AdmonitionIssued():
            return replace(
                row,
                kind=event.kind,
                number=event.number,
                ground=event.ground,
                reply_by=event.reply_by,
                issued_on=event.issued_on,
            )
        case AdmonitionAnswered():
            return replace(row, answer=event.answer, late=event.late, answered_on=event.answered_on)
        case _:
            assert_never(event)


def accountability(_: Accountability | None, told: Told[AccountabilityDecided]) -> Accountability:
    """A decision as it was made."""
    event = told.event
    return Accountability(
        decision_id=event.decision_id,
        unit=event.unit,
        township=event.township,
        ground=event.ground,
        measure=event.measure,
        number=event.number,
        decided_on=event.decided_on,
    )


def statement(_: Statement | None, told: Told[StatementSigned]) -> Statement:
    """A statement as it was signed."""
    event = told.event
    return Statement(
        statement_id=event.statement_id,
        level=event.level,
        year=event.year,
        superior=event.superior,
        party=event.party,
        township=event.township,
        signed_on=event.signed_on,
    )


def zero_report(_: ZeroReport | None, told: Told[ZeroReported]) -> ZeroReport:
    """A zero report as it was signed."""
    event = told.event
    return ZeroReport(
        report_id=event.report_id,
        unit=event.unit,
        township=event.township,
        month=event.month,
        late=event.late,
        signed_on=event.signed_on,
    )


def returned_referral(row: Referral | None, told: Told[ReferralReturned]) -> Referral:
    """A referral that the department asked gave back."""
    event = told.event
    row = row or Referral(referral_id=event.referral_id, case_id=event.case_id, child_id=event.child_id)
    return replace(row, to_unit=event.to, state="returned", outcome=event.reason)


def handled_report(row: PublicReport | None, told: Told[PublicReportHandled]) -> PublicReport:
    """What came of a report of the public."""
    event = told.event
    row = row or PublicReport(report_id=event.report_id, township=event.township, receipt_number=event.receipt_number)
    row = replace(row, **owing_beside(None))
    return replace(row, outcome=event.outcome, case_id=event.case_id, handled_on=event.handled_on)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Visit, events=(VisitRecorded,), about=about("visit_id"), evolve=visit),
    Fold(row=Attachment, events=(AttachmentKept,), about=about("attachment_id"), evolve=attachment),
    Fold(
        row=VisitPlan,
        events=get_args(PlanEvent),
        about=about("plan_id"),
        evolve=visit_plan,
    ),
    Fold(row=PersuasionList, events=get_args(ListEvent), about=about("list_id"), evolve=persuasion_list),
    Fold(row=Statement, events=(StatementSigned,), about=about("statement_id"), evolve=statement),
    Fold(row=Inspection, events=(InspectionOpened, InspectionClosed), about=about("inspection_id"), evolve=inspection),
    Fold(row=InspectionFinding, events=get_args(FindingEvent), about=id_of_finding, evolve=inspection_finding),
    Fold(row=Admonition, events=get_args(AdmonitionEvent), about=about("admonition_id"), evolve=admonition),
    Fold(row=Accountability, events=(AccountabilityDecided,), about=about("decision_id"), evolve=accountability),
    Fold(row=ZeroReport, events=(ZeroReported,), about=about("report_id"), evolve=zero_report),
    Fold(row=Referral, events=(ReferralReturned,), about=about("referral_id"), evolve=returned_referral),
    Fold(row=PublicReport, events=(PublicReportHandled,), about=about("report_id"), evolve=handled_report),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset()
