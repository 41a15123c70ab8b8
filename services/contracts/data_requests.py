"""What cases tells of requests about what is held of a child 个人信息权利请求 (PIPL 44 to 50): received, owed, answered or refused."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from services.contracts.envelope import Published


class DataRequestReceived(Published, frozen=True, kw_only=True):
    """A guardian, or the child itself, asked at a counter 受理; the unit of that counter owes the answer by a day."""

    TYPE: ClassVar[str] = "cases.data-request-received.v1"
    request_id: UUID
    receipt_number: str
    child_id: UUID
    township: str
    kind: str
    about: str
    """What is to be corrected; empty where nothing is."""
    asked_by: str
    request: str
    owed_by: str
    due_on: date
    rule: str
    legal_basis: str
    received_on: date


class RequesterChecked(Published, frozen=True, kw_only=True):
    """It was seen who asks 身份核验."""

    TYPE: ClassVar[str] = "cases.requester-checked.v1"
    request_id: UUID
    child_id: UUID
    shown: str
    checked_on: date


class DataRequestAssigned(Published, frozen=True, kw_only=True):
    """Another unit, or an officer, owes the answer 交办; its last day stays."""

    TYPE: ClassVar[str] = "cases.data-request-assigned.v1"
    request_id: UUID
    child_id: UUID
    township: str
    owed_by: str
    officer: str
    due_on: date
    assigned_on: date


class CorrectionSeen(Published, frozen=True, kw_only=True):
    """The roster said that who the child is was corrected, as was asked 已更正."""

    TYPE: ClassVar[str] = "cases.correction-seen.v1"
    request_id: UUID
    child_id: UUID
    seen_on: date


class DataRequestAnswered(Published, frozen=True, kw_only=True):
    """It was answered 答复: provided, corrected, explained; erased or restricted, where the roster said so."""

    TYPE: ClassVar[str] = "cases.data-request-answered.v1"
    request_id: UUID
    child_id: UUID
    outcome: str
    answer: str
    content: str
    """SHA-256 of the file that was handed over; empty where none was."""
    late: bool
    answered_on: date


class DataRequestDeclined(Published, frozen=True, kw_only=True):
    """It was refused 不予办理, on a ground with its law."""

    TYPE: ClassVar[str] = "cases.data-request-declined.v1"
    request_id: UUID
    child_id: UUID
    ground: str
    legal_basis: str
    answer: str
    late: bool
    declined_on: date
