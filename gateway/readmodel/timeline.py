"""The timeline of a case 个案时间线: every step in plain Chinese words, who took it, for whom, on what ground."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID, uuid5

from gateway.readmodel.cases import CaseEvent, DocumentEvent, OwingEvent, ReferralEvent
from gateway.readmodel.fold import Fold, Told
from gateway.readmodel.proceedings import ProceedingsEvent
from gateway.readmodel.rows import OfCase
from gateway.words import office, word
from services.contracts.assistance import StudentPlanOpened
from services.contracts.cases import (
    CaseCleared,
    CaseClosed,
    CaseConfirmed,
    CaseDemanded,
    CaseMerged,
    CaseMoved,
    CaseOpened,
    CaseOrdered,
    CasePenalised,
    CaseReported,
    CaseSetBack,
    CaseTakenToJustice,
    CaseVerificationBegun,
    CaseWatched,
    ChildReturned,
    ChildSearched,
    ChildUnreachable,
    ClearanceDeclined,
    ClearanceRequested,
    Decision,
    DocumentIssued,
    DocumentServed,
    ExtensionDeclined,
    ExtensionRequested,
    Owed,
    PersuasionRecorded,
    ProceedingRecorded,
    ProceedingsFollowed,
    ReferralAccepted,
    ReferralAnswered,
    ReferralOpened,
    ReferralRevoked,
    StepExpired,
    StepExtended,
    StepPaused,
    StepResumed,
)
from services.contracts.divisions import DIVISIONS
from services.contracts.notify import MessageDelivered, MessageFailed
from services.contracts.oversight import (
    AssistanceLetterAnswered,
    AssistanceLetterReminded,
    AssistanceLetterSent,
    AssistanceLetterWithdrawn,
    AttendanceTaken,
    ChildUnnamed,
    DocumentResultFound,
    ReferralReturned,
    VisitRecorded,
)
from services.contracts.proceedings import (
    CourtDecided,
    CourtDecisionAppealed,
    CourtDecisionEnforced,
    CourtDecisionRemitted,
    CourtDecisionServed,
    CrimeDecided,
    FilingAccepted,
    FilingDeclined,
    HearingHeld,
    ProceedingsFallen,
    ProceedingsFiled,
    ProceedingsWithdrawn,
)

LetterEvent = AssistanceLetterSent | AssistanceLetterReminded | AssistanceLetterAnswered | AssistanceLetterWithdrawn
TimelineEvent = (
    CaseEvent
    | DocumentEvent
    | ReferralEvent
    | ReferralReturned
    | CrimeDecided
    | LetterEvent
    | ProceedingsEvent
    | VisitRecorded
    | StudentPlanOpened
)
MessageEvent = MessageDelivered | MessageFailed

CHANNELS: Final = {"email": "电子邮件", "sms": "短信", "webhook": "系统推送"}
UNITS: Final = {
    "teacher": "班主任",
    "school": "学校",
    "township": "乡镇",
    "bureau": "教体局",
    "county": "县政府",
    "justice": "司法局",
    "court": "法院",
}


class CaseStep(OfCase, frozen=True, kw_only=True):
    """One line of a case's timeline: what happened in plain words, who did it, for whom, on what ground."""

    TABLE: ClassVar[str] = "case_step"
    KEY: ClassVar[str] = "event_id"
    OF_ONE_EVENT: ClassVar[bool] = True
    event_id: UUID
    child_id: UUID | None = None
    """None until the case is known, for what its own service does not tell."""
    at: datetime
    type: str = ""
    actor: str = ""
    department: str = ""
    purpose: str = ""
    detail: str = ""
    producer: str = ""
    position: int = 0


def case_step(_: CaseStep | None, told: Told[TimelineEvent]) -> CaseStep | None:
    """What happened as a line of the timeline; a plan that belongs to no case is a line of none."""
    envelope, event = told.envelope, told.event
    if event.case_id is None:
        return None
    return CaseStep(
        event_id=envelope.id,
        case_id=event.case_id,
        child_id=event.child_id,
        at=envelope.recorded_at,
        type=envelope.type,
        actor=envelope.actor,
        department=envelope.department,
        purpose=envelope.purpose,
        detail=in_words(event),
        producer=envelope.producer,
        position=envelope.position,
    )


def in_words(event: TimelineEvent) -> str:
    """What happened, in plain words; nothing personal and no free text of a clerk."""
    match event:
        case (
            DocumentIssued()
            | DocumentServed()
            | DocumentResultFound()
            | ReferralOpened()
            | ReferralAccepted()
            | ReferralAnswered()
            | ReferralReturned()
            | ReferralRevoked()
            | CrimeDecided()
        ):
            return _papers_in_words(event)
        case VisitRecorded():
            again = f"，下次 {event.next_on}" if event.next_on else ""
            return f"{event.visited_on} 家访（{word('methods', event.method)}），态度：{word('attitudes', event.attitude)}{again}。"
        case (
            AssistanceLetterSent()
            | AssistanceLetterReminded()
            | AssistanceLetterAnswered()
            | AssistanceLetterWithdrawn()
        ):
            return _letter_in_words(event)
        case (
            ProceedingsFiled()
            | FilingAccepted()
            | FilingDeclined()
            | HearingHeld()
            | CourtDecided()
            | CourtDecisionServed()
            | CourtDecisionAppealed()
            | CourtDecisionRemitted()
            | CourtDecisionEnforced()
            | ProceedingsWithdrawn()
            | ProceedingsFallen()
        ):
            return _court_in_words(event)
        case StudentPlanOpened():
            return f"{event.opened_on} 建立一生一案，{event.review_on} 评估。"
        case (
            CaseClosed()
            | CaseCleared()
            | CaseMerged()
            | CaseMoved()
            | ChildUnnamed()
            | ClearanceRequested()
            | ClearanceDeclined()
            | ExtensionRequested()
            | ExtensionDeclined()
            | AttendanceTaken()
        ):
            return _beside_the_steps_in_words(event)
        case _:
            return f"{_step_in_words(event)}{_owed_words(event.owed)}"


def _step_in_words(event: OwingEvent) -> str:  # one line for each thing that can happen
    match event:
        case CaseOpened():
            chained = "，接前一个案" if event.earlier_case else ""
            return f"疑似辍学立案（{word('openings', event.cause)}）{chained}。"
        case CaseVerificationBegun():
            return "开始核实。"
        case CaseConfirmed():
            return f"确认辍学（{'、'.join(word('causes', cause) for cause in event.causes)}）。"
        case ChildUnreachable():
            return "联系不上，转入查找。"
        case ChildSearched():
            return f"{event.made_on} 查找（{word('searches', event.method)}），未找到。"
        case PersuasionRecorded():
            return f"{event.made_on} 劝返（{word('persuasion_methods', event.method)}），结果：{word('persuasion_outcomes', event.outcome)}。"
        case CaseReported():
            return "书面报告教体局。"
        case CaseOrdered():
            return f"{event.served_on} 责令限期改正送达。"
        case CasePenalised():
            return f"{event.served_on} 行政处罚决定书送达。"
        case CaseDemanded():
            return f"{event.served_on} 履行行政决定催告书送达。"
        case CaseTakenToJustice():
            return f"{event.served_on} 司法文书送达。"
        case CaseSetBack():
            return f"{event.decided_on} {word('set_back_grounds', event.ground)}，个案退回。"
        case ProceedingsFollowed():
            return "司法程序推进。"
        case ProceedingRecorded():
            comply = f"，限 {event.comply_by} 前履行" if event.comply_by else ""
            return f"{event.made_on} 司法进展（{word('proceedings', event.proceeding)}，{event.paper}）{comply}。"
        case ChildReturned():
            return f"{event.returned_on} 复学（{event.school}），在校 {event.seat_days} 天。"
        case CaseWatched():
            return f"返校属实，跟踪观察至 {event.watch_until}。"
        case StepExpired():
            late = UNITS.get(event.expired.by, event.expired.by)
            return f"{late}逾期未办“{word('steps', event.expired.step)}”（应于 {event.expired.due_on}）。"
        case StepPaused():
            return f"{event.paused_on} 期限中止（{word('pauses', event.reason)}），至迟 {event.until_on} 恢复。"
        case StepResumed():
            return f"{event.resumed_on} 期限恢复。"
        case StepExtended():
            return f"准予延期，批准人 {event.approver}。"
        case _:
            assert_never(event)


def _beside_the_steps_in_words(
    event: CaseClosed
    | CaseCleared
    | CaseMerged
    | CaseMoved
    | ChildUnnamed
    | ClearanceRequested
    | ClearanceDeclined
    | ExtensionRequested
    | ExtensionDeclined
    | AttendanceTaken,
) -> str:
    match event:
        case CaseClosed():
            return f"{event.closed_on} {'复辍，本案终结' if event.outcome == 'relapsed' else '结案'}。"
        case CaseCleared():
            until = f"，有效至 {event.expires_on}" if event.expires_on else ""
            return f"{event.cleared_on} 销号（{event.resolution} {word('resolutions', event.resolution)}）{until}，批准人 {event.approver}。"
        case CaseMerged():
            return f"{event.merged_on} 与同一儿童的个案并案。"
        case CaseMoved():
            return f"随儿童转至 {DIVISIONS.name_of(event.township) or event.township} {event.school}。"
        case ChildUnnamed(roles=()):
            return "责任人已全部明确。"
        case ChildUnnamed():
            return f"{event.found_on} 责任人缺失：{'、'.join(word('roles', role) for role in event.roles)}。"
        case ClearanceRequested():
            until = f"，延缓至 {event.expires_on}" if event.expires_on else ""
            return f"{event.asked_on} 申请销号（{event.resolution} {word('resolutions', event.resolution)}）{until}，待第二人核准。"
        case ClearanceDeclined():
            return "不予销号。"
        case ExtensionRequested():
            return f"申请延期 {event.days} 天。"
        case ExtensionDeclined():
            return "不予延期。"
        case AttendanceTaken():
            return f"{event.seen_on} {'到课' if event.present else '未到课'}，累计在校 {event.seat_days} 天。"
        case _:
            assert_never(event)


def _letter_in_words(event: LetterEvent) -> str:
    match event:
        case AssistanceLetterSent():
            return f"{event.sent_on} 向 {event.place} 发协查函 {event.number}，请于 {event.reply_by} 前回复。"
        case AssistanceLetterReminded():
            return f"{event.reminded_on} 第 {event.reminders} 次催办协查函，请于 {event.reply_by} 前回复。"
        case AssistanceLetterAnswered():
            return f"{event.answered_on} 协查回函（{word('letter_outcomes', event.outcome)}，{event.paper}）。"
        case AssistanceLetterWithdrawn():
            return f"{event.withdrawn_on} 个案已结，协查函撤回。"
        case _:
            assert_never(event)


def _papers_in_words(event: DocumentEvent | ReferralEvent | ReferralReturned | CrimeDecided) -> str:
    match event:
        case DocumentIssued():
            term = f"，期限 {event.term_days} 天" if event.term_days else ""
            return f"{event.issued_on} 签发{word('documents', event.kind)} {event.number}{term}。"
        case DocumentServed():
            way = word("service_methods", event.method)
            return f"{event.served_on} {word('documents', event.kind)}送达（{way}），期限至 {event.expires_on}。"
        case DocumentResultFound():
            return f"{event.found_on} {word('documents', event.kind)}办理结果：{word('paper_results', event.result)}。"
        case ReferralOpened():
            return f"{event.opened_on} 转办 {office(event.to)}，请于 {event.reply_by} 前回复。"
        case ReferralAccepted():
            return f"{office(event.to)} 已受理转办。"
        case ReferralAnswered():
            return f"{event.answered_on} {office(event.to)} 办结回复{_decided(event.decision)}。"
        case ReferralReturned():
            return f"{office(event.to)} 退回转办。"
        case ReferralRevoked():
            return f"撤回对 {office(event.to)} 的转办。"
        case CrimeDecided():
            return f"{event.decided_on} 涉嫌犯罪移送：{word('crime_decisions', event.decision)}（{event.paper}）。"
        case _:
            assert_never(event)


def _decided(decision: Decision | None) -> str:
    """What was decided of help that was asked for, in words to stand behind an answer; nothing where it was not about help."""
    match decision:
        case Decision(decision="granted", granted=granted, granted_from=day):
            return f"：准予{word('relief_grants', granted)}，自 {day} 起"
        case Decision(decision="refused", refused_for=reason):
            return f"：不予，{word('relief_refusals', reason)}"
        case Decision(papers=papers):
            return f"：补正{'、'.join(word('relief_papers', paper) for paper in papers)}"
        case _:
            return ""


def _court_in_words(event: ProceedingsEvent) -> str:  # one line for each thing that can happen
    match event:
        case ProceedingsFiled():
            support = f"，{office(event.supported_by)}支持起诉" if event.supported_by else ""
            kind = word("proceedings_kinds", event.kind)
            return (
                f"{event.filed_on} {office(event.brought_by)}向{office(event.authority)}起诉（申请）：{kind}{support}。"
            )
        case FilingAccepted():
            return f"{event.accepted_on} 法院立案，案号 {event.docket}。"
        case FilingDeclined():
            return f"{event.declined_on} 法院不予受理（{event.paper}）。"
        case HearingHeld():
            return f"{event.heard_on} 开庭。"
        case CourtDecided():
            instance = "二审（复议）" if event.on_appeal else "法院"
            comply = f"，限 {event.comply_by} 前履行" if event.comply_by else ""
            return f"{event.decided_on} {instance}{word('court_decisions', event.decision)}（{event.paper}）{comply}。"
        case CourtDecisionServed():
            appeal = f"，上诉期至 {event.appeal_until}" if event.appeal_until else ""
            return f"{event.served_on} 裁判文书送达{appeal}，{event.in_force_on} 生效。"
        case CourtDecisionAppealed():
            return f"{event.appealed_on} {word('appellants', event.appellant)}上诉。"
        case CourtDecisionRemitted():
            return f"{event.decided_on} 发回重审（{event.paper}）。"
        case CourtDecisionEnforced():
            return f"{event.enforced_on} 执行完毕（{event.paper}）。"
        case ProceedingsWithdrawn():
            return f"{event.withdrawn_on} 撤诉（{event.paper}）。"
        case ProceedingsFallen():
            return f"{event.fell_on} 所依据的文书被撤销，司法程序终结。"
        case _:
            assert_never(event)


def _owed_words(owed: Owed) -> str:
    return f"应办“{word('steps', owed.step)}”：{UNITS.get(owed.by, owed.by)}，{owed.due_on} 前。"


@dataclass(frozen=True, slots=True)
class MessageOfCase:
    """What became of a message that told of a case, among others perhaps; whose child it is, the case says."""

    case_id: UUID
    event: MessageEvent


def by_case(told: Told[MessageEvent]) -> Iterator[Told[MessageOfCase]]:
    """What became of a message, case by case."""
    for case_id in told.event.case_ids:
        yield Told(told.envelope, MessageOfCase(case_id, told.event))


def message_step(_: CaseStep | None, told: Told[MessageOfCase]) -> CaseStep:
    """A message's end as a line of the timeline of each case it told of."""
    envelope, part = told.envelope, told.event
    return CaseStep(
        event_id=_message_step_id(told),
        case_id=part.case_id,
        at=envelope.recorded_at,
        type=envelope.type,
        actor=envelope.actor,
        department=envelope.department,
        purpose=envelope.purpose,
        detail=message_in_words(part.event),
        producer=envelope.producer,
        position=envelope.position,
    )


def message_in_words(event: MessageEvent) -> str:
    """What became of a message, in plain words."""
    way = CHANNELS.get(event.channel, event.channel)
    match event:
        case MessageDelivered():
            return f"通知经{way}送达（回执）。"
        case MessageFailed(again_at=None):
            return f"通知经{way}未能送达（{event.failure}），不再重发。"
        case MessageFailed():
            return f"通知经{way}发送失败（{event.failure}），将重发。"
        case _:
            assert_never(event)


def _message_step_id(told: Told[MessageOfCase]) -> UUID:
    return uuid5(told.envelope.id, str(told.event.case_id))


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=CaseStep, events=get_args(TimelineEvent), about=lambda told: told.envelope.id, evolve=case_step),
    Fold(row=CaseStep, events=get_args(MessageEvent), about=_message_step_id, evolve=message_step, parts=by_case),
)
