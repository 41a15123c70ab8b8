"""What notify 通知 tells: who was told what they owe, how it went, and when it had to climb. No personal data, ever."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from services.contracts.envelope import Published


class NoticeRaised(Published, frozen=True, kw_only=True):
    """A unit is to be told something 通知; `text` is made from a template that can name no person."""

    TYPE: ClassVar[str] = "notify.notice-raised.v1"
    notice_id: UUID
    about: UUID
    case_id: UUID | None
    recipient: str
    area: str
    reason: str
    text: str
    reply_by: date | None


class NoticeDelivered(Published, frozen=True, kw_only=True):
    """The channel reports the notice delivered 送达."""

    TYPE: ClassVar[str] = "notify.notice-delivered.v1"
    notice_id: UUID
    channel: str
    delivered_at: datetime


class NoticeDeliveryFailed(Published, frozen=True, kw_only=True):
    """The channel could not deliver 发送失败; `retry` tells whether it will be tried again."""

    TYPE: ClassVar[str] = "notify.notice-delivery-failed.v1"
    notice_id: UUID
    channel: str
    reason: str
    retry: bool


class NoticeAcknowledged(Published, frozen=True, kw_only=True):
    """The recipient has seen it 签收."""

    TYPE: ClassVar[str] = "notify.notice-acknowledged.v1"
    notice_id: UUID
    by: str


class NoticeEscalated(Published, frozen=True, kw_only=True):
    """Nobody acknowledged in time: the superior is told 升级."""

    TYPE: ClassVar[str] = "notify.notice-escalated.v1"
    notice_id: UUID
    to: str
    escalated_on: date
