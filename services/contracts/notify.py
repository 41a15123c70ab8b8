"""What notify 通知 tells: who was told what they owe, how it went, and when it had to climb; what left the house, and by which
way. No personal data, ever: of an address, a hint."""

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


class ContactAddressSet(Published, frozen=True, kw_only=True):
    """A unit is reached at one more address 登记联系方式; `hint` shows a mailbox's host or a number's last four digits.

    `account` is whose it is 本人, empty for the unit's own; `matters` are the kinds of matter it is told of, empty for all.
    """

    TYPE: ClassVar[str] = "notify.contact-address-set.v1"
    entry_id: UUID
    unit: str
    channel: str
    hint: str
    holder: str
    account: str = ""
    matters: tuple[str, ...] = ()


class ContactAddressCleared(Published, frozen=True, kw_only=True):
    """An address is used no more 撤销联系方式."""

    TYPE: ClassVar[str] = "notify.contact-address-cleared.v1"
    entry_id: UUID
    unit: str


class ContactAddressSuspended(Published, frozen=True, kw_only=True):
    """An address reaches nobody, and is used no more until its unit sets it anew 停用联系方式."""

    TYPE: ClassVar[str] = "notify.contact-address-suspended.v1"
    entry_id: UUID
    unit: str
    failure: str


class ContactHoursSet(Published, frozen=True, kw_only=True):
    """When a unit, or an account of it, wants to be told 接收时段: hours of China's time as HH:MM, empty for none."""

    TYPE: ClassVar[str] = "notify.contact-hours-set.v1"
    contact_id: UUID
    unit: str
    quiet_from: str
    quiet_until: str
    working_days: bool
    digest_at: str
    account: str = ""


class ContactAbsenceSet(Published, frozen=True, kw_only=True):
    """On these days the deputy of a unit, or of an account of it, is told first 代理."""

    TYPE: ClassVar[str] = "notify.contact-absence-set.v1"
    contact_id: UUID
    unit: str
    from_on: date | None
    until_on: date | None
    account: str = ""


class MessageBegun(Published, frozen=True, kw_only=True):
    """A message about notices leaves the house 外发; its id is the key under which its provider knows it."""

    TYPE: ClassVar[str] = "notify.message-begun.v1"
    message_id: UUID
    unit: str
    channel: str
    hint: str
    area: str
    notice_ids: tuple[UUID, ...]
    case_ids: tuple[UUID, ...]


class MessageTakenUp(Published, frozen=True, kw_only=True):
    """It is tried once more 重发."""

    TYPE: ClassVar[str] = "notify.message-taken-up.v1"
    message_id: UUID


class MessageAccepted(Published, frozen=True, kw_only=True):
    """Its provider took it 已受理; `reference` is the provider's own number."""

    TYPE: ClassVar[str] = "notify.message-accepted.v1"
    message_id: UUID
    reference: str


class MessageLeftOpen(Published, frozen=True, kw_only=True):
    """Nobody knows whether it was sent 结果不明; its provider is asked at `ask_at`, where it can be."""

    TYPE: ClassVar[str] = "notify.message-left-open.v1"
    message_id: UUID
    ask_at: datetime | None


class MessageFailed(Published, frozen=True, kw_only=True):
    """It was not sent 发送失败; it is tried again at `again_at`, or never."""

    TYPE: ClassVar[str] = "notify.message-failed.v1"
    message_id: UUID
    channel: str
    case_ids: tuple[UUID, ...]
    failure: str
    again_at: datetime | None


class MessageDelivered(Published, frozen=True, kw_only=True):
    """Its provider reports that it arrived 送达回执."""

    TYPE: ClassVar[str] = "notify.message-delivered.v1"
    message_id: UUID
    channel: str
    case_ids: tuple[UUID, ...]
    delivered_at: datetime
