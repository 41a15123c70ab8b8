"""Requests about what is held of a child 个人信息权利请求, as rows: each from the counter to its answer."""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild
from services.contracts.data_requests import (
    CorrectionSeen,
    DataRequestAnswered,
    DataRequestAssigned,
    DataRequestDeclined,
    DataRequestReceived,
    RequesterChecked,
)

RequestEvent = (
    DataRequestReceived
    | RequesterChecked
    | DataRequestAssigned
    | CorrectionSeen
    | DataRequestAnswered
    | DataRequestDeclined
)


class DataRequest(OfChild, frozen=True, kw_only=True):
    """One request; open while it has no `ended_on`."""

    TABLE: ClassVar[str] = "data_request"
    KEY: ClassVar[str] = "request_id"
    request_id: UUID
    receipt_number: str = ""
    kind: str = ""
    subject: str = ""
    """What is to be corrected."""
    asked_by: str = ""
    request: str = ""
    received_for: str = ""
    """The unit at whose counter it was received."""
    owed_by: str = ""
    officer: str = ""
    due_on: date | None = None
    legal_basis: str = ""
    received_on: date | None = None
    shown: str = ""
    checked_on: date | None = None
    corrected_on: date | None = None
    outcome: str = ""
    """What came of it, or `declined`."""
    ground: str = ""
    ground_basis: str = ""
    answer: str = ""
    content: str = ""
    late: bool = False
    ended_on: date | None = None


def data_request(row: DataRequest | None, told: Told[RequestEvent]) -> DataRequest:
    """A request until it was answered or refused."""
    event = told.event
    row = row or DataRequest(request_id=event.request_id, child_id=event.child_id)
    match event:
        case DataRequestReceived():
            return replace(
                row,
                receipt_number=event.receipt_number,
                township=event.township,
                kind=event.kind,
                subject=event.about,
                asked_by=event.asked_by,
                request=event.request,
                received_for=event.owed_by,
                owed_by=event.owed_by,
                due_on=event.due_on,
                legal_basis=event.legal_basis,
                received_on=event.received_on,
            )
        case RequesterChecked():
            return replace(row, shown=event.shown, checked_on=event.checked_on)
        case DataRequestAssigned():
            return replace(row, owed_by=event.owed_by, officer=event.officer)
        case CorrectionSeen():
            return replace(row, corrected_on=event.seen_on)
        case DataRequestAnswered():
            return replace(
                row,
                outcome=event.outcome,
                answer=event.answer,
                content=event.content,
                late=event.late,
                ended_on=event.answered_on,
            )
        case DataRequestDeclined():
            return replace(
                row,
                outcome="declined",
                ground=event.ground,
                ground_basis=event.legal_basis,
                answer=event.answer,
                late=event.late,
                ended_on=event.declined_on,
            )
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=DataRequest, events=get_args(RequestEvent), about=about("request_id"), evolve=data_request),
)
