"""What goes over the border and up as rows: letters, notices of the procuratorate, what is late, reports to the county."""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfCase, Row
from services.contracts.oversight import (
    AssistanceLetterAnswered,
    AssistanceLetterReminded,
    AssistanceLetterSent,
    AssistanceLetterWithdrawn,
    CountyReported,
    LateReplySettled,
    ProcuratorateNoticeAnswered,
    ProcuratorateNoticeReceived,
    ReplyClimbed,
    ReplyOverdue,
)

LetterEvent = AssistanceLetterSent | AssistanceLetterReminded | AssistanceLetterAnswered | AssistanceLetterWithdrawn
NoticeEvent = ProcuratorateNoticeReceived | ProcuratorateNoticeAnswered
LateEvent = ReplyOverdue | ReplyClimbed | LateReplySettled


class AssistanceLetter(OfCase, frozen=True, kw_only=True):
    """A letter to another county 异地协查函."""

    TABLE: ClassVar[str] = "assistance_letter"
    KEY: ClassVar[str] = "letter_id"
    letter_id: UUID
    child_id: UUID
    place: str = ""
    number: str = ""
    request: str = ""
    reply_by: date | None = None
    sent_on: date | None = None
    reminders: int = 0
    outcome: str = ""
    paper: str = ""
    answered_on: date | None = None
    withdrawn_on: date | None = None


class ProcuratorateNotice(Row, frozen=True, kw_only=True):
    """A notice of the procuratorate 检察建议, and the county's answer."""

    TABLE: ClassVar[str] = "procuratorate_notice"
    KEY: ClassVar[str] = "notice_id"
    notice_id: UUID
    sender: str = ""
    """The procuratorate of the county the notice is about, `procuratorate:area`: it sees its own notices and their answers."""
    township: str = ""
    number: str = ""
    matter: str = ""
    case_id: UUID | None = None
    reply_by: date | None = None
    received_on: date | None = None
    answer: str = ""
    paper: str = ""
    late: bool = False
    answered_on: date | None = None


class CountyReport(Row, frozen=True, kw_only=True):
    """The bureau's report to the county government 上报县政府, and whom it names."""

    TABLE: ClassVar[str] = "county_report"
    KEY: ClassVar[str] = "report_id"
    report_id: UUID
    unit: str = ""
    township: str = ""
    """The bureau's area; no one township's matter."""
    number: str = ""
    confirmed: tuple[UUID, ...] = ()
    unreachable: tuple[UUID, ...] = ()
    made_on: date | None = None


class LateReply(Row, frozen=True, kw_only=True):
    """An answer that didn't come by its day 逾期未复, how far up that is known, and when it ended."""

    TABLE: ClassVar[str] = "late_reply"
    KEY: ClassVar[str] = "late_reply_id"
    late_reply_id: UUID
    matter: str = ""
    about: UUID
    number: int = 0
    owed_by: str = ""
    township: str = ""
    case_id: UUID | None = None
    due_on: date | None = None
    up_to: str = ""
    noted_on: date | None = None
    settled_on: date | None = None


def assistance_letter(row: AssistanceLetter | None, told: Told[LetterEvent]) -> AssistanceLetter:
    """A letter until its answer."""
    event = told.event
    row = row or AssistanceLetter(letter_id=event.letter_id, case_id=event.case_id, child_id=event.child_id)
    match event:
        case AssistanceLetterSent():
            return replace(
                row,
                place=event.place,
                number=event.number,
                request=event.request,
                reply_by=event.reply_by,
                sent_on=event.sent_on,
            )
        case AssistanceLetterReminded():
            return replace(row, reminders=event.reminders, reply_by=event.reply_by)
        case AssistanceLetterAnswered():
            return replace(row, outcome=event.outcome, paper=event.paper, answered_on=event.answered_on)
        case AssistanceLetterWithdrawn():
            return replace(row, withdrawn_on=event.withdrawn_on)
        case _:
            assert_never(event)


def procuratorate_notice(row: ProcuratorateNotice | None, told: Told[NoticeEvent]) -> ProcuratorateNotice:
    """A notice until the county's answer."""
    event = told.event
    row = row or ProcuratorateNotice(
        notice_id=event.notice_id, township=event.township, sender=f"procuratorate:{event.township[:6]}"
    )
    match event:
        case ProcuratorateNoticeReceived():
            return replace(
                row,
                number=event.number,
                matter=event.matter,
                case_id=event.case_id,
                reply_by=event.reply_by,
                received_on=event.received_on,
            )
        case ProcuratorateNoticeAnswered():
            return replace(row, answer=event.answer, paper=event.paper, late=event.late, answered_on=event.answered_on)
        case _:
            assert_never(event)


def county_report(_: CountyReport | None, told: Told[CountyReported]) -> CountyReport:
    """A report as it was made."""
    event = told.event
    return CountyReport(
        report_id=event.report_id,
        unit=event.unit,
        township=event.unit.partition(":")[2],
        number=event.number,
        confirmed=event.confirmed,
        unreachable=event.unreachable,
        made_on=event.made_on,
    )


def late_reply(row: LateReply | None, told: Told[LateEvent]) -> LateReply:
    """What is late until it ends."""
    event = told.event
    row = row or LateReply(late_reply_id=event.late_reply_id, about=event.about, case_id=event.case_id)
    match event:
        case ReplyOverdue():
            return replace(
                row,
                matter=event.matter,
                number=event.number,
                owed_by=event.owed_by,
                township=event.township,
                due_on=event.due_on,
                up_to=event.up_to,
                noted_on=event.noted_on,
            )
        case ReplyClimbed():
            return replace(row, up_to=event.up_to)
        case LateReplySettled():
            return replace(row, settled_on=event.settled_on)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=CountyReport, events=(CountyReported,), about=about("report_id"), evolve=county_report),
    Fold(row=AssistanceLetter, events=get_args(LetterEvent), about=about("letter_id"), evolve=assistance_letter),
    Fold(row=ProcuratorateNotice, events=get_args(NoticeEvent), about=about("notice_id"), evolve=procuratorate_notice),
    Fold(row=LateReply, events=get_args(LateEvent), about=about("late_reply_id"), evolve=late_reply),
)
