"""What assistance told of payments 发放, as rows: lists for the bank, and what the bank refused."""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.assistance import (
    PaymentListApproved,
    PaymentListMade,
    PaymentListWithdrawn,
    PaymentRefusalClosed,
    PaymentRefused,
)

ListEvent = PaymentListMade | PaymentListApproved | PaymentListWithdrawn
RefusalEvent = PaymentRefused | PaymentRefusalClosed


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


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=PaymentList, events=get_args(ListEvent), about=about("list_id"), evolve=payment_list),
    Fold(row=PaymentRefusal, events=get_args(RefusalEvent), about=about("refusal_id"), evolve=payment_refusal),
)
