"""What assistance told of payments 发放, as rows: lists for the bank, each payment, and what the bank refused."""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.assistance import (
    AidQuestionAnswered,
    AidQuestionAsked,
    AwardListed,
    AwardPaid,
    AwardReturned,
    AwardUnlisted,
    PaymentListApproved,
    PaymentListMade,
    PaymentListWithdrawn,
    PaymentRefusalClosed,
    PaymentRefused,
    RecognitionAdvanced,
    RecognitionEnded,
    RecognitionOpened,
)

PaymentEvent = AwardListed | AwardUnlisted | AwardPaid | PaymentRefused | AwardReturned
ListEvent = PaymentListMade | PaymentListApproved | PaymentListWithdrawn
RefusalEvent = PaymentRefused | PaymentRefusalClosed
QuestionEvent = AidQuestionAsked | AidQuestionAnswered
RecognitionEvent = RecognitionOpened | RecognitionAdvanced | RecognitionEnded


class PaymentList(Row, frozen=True, kw_only=True):
    """A school's awards of a programme and term that go to the bank together 发放名册; money in fen 分."""

    TABLE: ClassVar[str] = "payment_list"
    KEY: ClassVar[str] = "list_id"
    list_id: UUID
    programme: str = ""
    term: str = ""
    school: str = ""
    township: str = ""
    lines: int = 0
    total_fen: int = 0
    state: str = ""
    made_by: str = ""
    made_on: date | None = None
    sha256: str = ""
    approved_by: str = ""
    approved_on: date | None = None
    withdrawn_on: date | None = None


class RecognitionRun(Row, frozen=True, kw_only=True):
    """A term recognised for many schools at once 全县学期认定, and how far it has come; `township` is the county's code for all of it."""

    TABLE: ClassVar[str] = "recognition_run"
    KEY: ClassVar[str] = "run_id"
    run_id: UUID
    programme: str = ""
    term: str = ""
    township: str = ""
    pupils: int = 0
    through: int = 0
    granted: int = 0
    granted_fen: int = 0
    state: str = ""
    opened_by: str = ""
    opened_on: date | None = None
    ended_on: date | None = None


class PaymentRefusal(OfChild, frozen=True, kw_only=True):
    """A payment the bank refused, as a task 退票."""

    TABLE: ClassVar[str] = "payment_refusal"
    KEY: ClassVar[str] = "refusal_id"
    refusal_id: UUID
    award_id: UUID | None = None
    list_id: UUID | None = None
    owner: str = ""
    reason: str = ""
    raised_on: date | None = None
    due_on: date | None = None
    ending: str = ""
    answer: str = ""
    closed_on: date | None = None


class AidQuestion(OfChild, frozen=True, kw_only=True):
    """What does not agree about a child's aid, put to a unit 资助疑点查询; asked again, its answer is gone."""

    TABLE: ClassVar[str] = "aid_question"
    KEY: ClassVar[str] = "question_id"
    question_id: UUID
    kind: str = ""
    programme: str = ""
    term: str = ""
    award_id: UUID | None = None
    owner: str = ""
    asked_on: date | None = None
    due_on: date | None = None
    answer: str = ""
    answered_on: date | None = None


class Payment(OfChild, frozen=True, kw_only=True):
    """One order to pay an award, or a payment reported without one, and what became of it 支付明细; money in fen 分."""

    TABLE: ClassVar[str] = "payment"
    KEY: ClassVar[str] = "payment_id"
    payment_id: UUID
    award_id: UUID | None = None
    list_id: UUID | None = None
    paid_fen: int = 0
    listed_on: date | None = None
    unlisted_on: date | None = None
    paid_on: date | None = None
    refused_on: date | None = None
    returned_on: date | None = None


def payment(row: Payment | None, told: Told[PaymentEvent]) -> Payment | None:
    """A payment from its list to the bank's word; one that was listed before its id was told begins when it is paid."""
    event = told.event
    if event.payment_id is None:
        return row
    row = row or Payment(payment_id=event.payment_id, child_id=event.child_id)
    row = replace(row, award_id=event.award_id)
    match event:
        case AwardListed():
            return replace(row, list_id=event.list_id, listed_on=event.listed_on)
        case AwardUnlisted():
            return replace(row, unlisted_on=event.unlisted_on)
        case AwardPaid():
            return replace(row, paid_fen=event.amount_fen, paid_on=event.paid_on)
        case PaymentRefused():
            return replace(row, refused_on=event.raised_on)
        case AwardReturned():
            return replace(row, returned_on=event.returned_on)
        case _:
            assert_never(event)


def _payment_id(told: Told[PaymentEvent]) -> UUID:
    """The payment's own id; of what was told without it, the award's, under which there is no row."""
    return told.event.payment_id or told.event.award_id


def payment_list(row: PaymentList | None, told: Told[ListEvent]) -> PaymentList:
    """A list from its making to the bank, or to its withdrawal."""
    event = told.event
    row = row or PaymentList(list_id=event.list_id)
    match event:
        case PaymentListMade():
            return replace(
                row,
                programme=event.programme,
                term=event.term,
                school=event.school,
                township=event.township,
                lines=event.lines,
                total_fen=event.total_fen,
                state="made",
                made_by=event.made_by,
                made_on=event.made_on,
            )
        case PaymentListApproved():
            return replace(
                row,
                state="approved",
                sha256=event.sha256,
                approved_by=event.approved_by,
                approved_on=event.approved_on,
            )
        case PaymentListWithdrawn():
            return replace(row, state="withdrawn", withdrawn_on=event.withdrawn_on)
        case _:
            assert_never(event)


def payment_refusal(row: PaymentRefusal | None, told: Told[RefusalEvent]) -> PaymentRefusal:
    """A refused payment until nothing more is owed on it."""
    event = told.event
    row = row or PaymentRefusal(refusal_id=event.refusal_id, child_id=event.child_id)
    row = replace(row, award_id=event.award_id)
    match event:
        case PaymentRefused():
            return replace(
                row,
                list_id=event.list_id,
                owner=event.owner,
                reason=event.reason,
                raised_on=event.raised_on,
                due_on=event.due_on,
            )
        case PaymentRefusalClosed():
            return replace(row, ending=event.ending, answer=event.answer, closed_on=event.closed_on)
        case _:
            assert_never(event)


def aid_question(row: AidQuestion | None, told: Told[QuestionEvent]) -> AidQuestion:
    """A question until it is answered."""
    event = told.event
    row = row or AidQuestion(question_id=event.question_id, child_id=event.child_id)
    match event:
        case AidQuestionAsked():
            return replace(
                row,
                kind=event.kind,
                programme=event.programme,
                term=event.term,
                award_id=event.award_id,
                owner=event.owner,
                asked_on=event.asked_on,
                due_on=event.due_on,
                answer="",
                answered_on=None,
            )
        case AidQuestionAnswered():
            return replace(row, answer=event.answer, answered_on=event.answered_on)
        case _:
            assert_never(event)


def recognition_run(row: RecognitionRun | None, told: Told[RecognitionEvent]) -> RecognitionRun:
    """A run from its pupils to its end."""
    event = told.event
    row = row or RecognitionRun(run_id=event.run_id)
    match event:
        case RecognitionOpened():
            return replace(
                row,
                programme=event.programme,
                term=event.term,
                township=event.area,
                pupils=event.pupils,
                opened_by=event.opened_by,
                opened_on=event.opened_on,
                state="running",
            )
        case RecognitionAdvanced():
            return replace(row, through=event.through, granted=event.granted, granted_fen=event.granted_fen)
        case RecognitionEnded():
            return replace(row, state=event.outcome, ended_on=event.ended_on)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=RecognitionRun, events=get_args(RecognitionEvent), about=about("run_id"), evolve=recognition_run),
    Fold(row=PaymentList, events=get_args(ListEvent), about=about("list_id"), evolve=payment_list),
    Fold(row=Payment, events=get_args(PaymentEvent), about=_payment_id, evolve=payment),
    Fold(row=PaymentRefusal, events=get_args(RefusalEvent), about=about("refusal_id"), evolve=payment_refusal),
    Fold(row=AidQuestion, events=get_args(QuestionEvent), about=about("question_id"), evolve=aid_question),
)
