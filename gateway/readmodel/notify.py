"""What notify 通知 told, as rows: each notice, whether it arrived, who signed for it and to whom it climbed.

And what left the house by which way, and how units are reached there: of an address its hint, for nobody is told more.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import Row
from services.contracts.envelope import Published
from services.contracts.notify import (
    ContactAbsenceSet,
    ContactAddressCleared,
    ContactAddressSet,
    ContactAddressSuspended,
    ContactHoursSet,
    MessageAccepted,
    MessageBegun,
    MessageDelivered,
    MessageFailed,
    MessageLeftOpen,
    MessageTakenUp,
    NoticeAcknowledged,
    NoticeDelivered,
    NoticeDeliveryFailed,
    NoticeEscalated,
    NoticeRaised,
)

NoticeEvent = NoticeRaised | NoticeDelivered | NoticeDeliveryFailed | NoticeAcknowledged | NoticeEscalated

AddressEvent = ContactAddressSet | ContactAddressSuspended | ContactAddressCleared
ContactEvent = ContactHoursSet | ContactAbsenceSet
MessageEvent = MessageBegun | MessageTakenUp | MessageAccepted | MessageLeftOpen | MessageFailed | MessageDelivered


class Notice(Row, frozen=True, kw_only=True):
    """A notice 通知: raised, delivered, failed, acknowledged or escalated. It stands under the area of its recipient."""

    TABLE: ClassVar[str] = "notice"
    KEY: ClassVar[str] = "notice_id"
    notice_id: UUID
    about: UUID
    case_id: UUID | None = None
    recipient: str = ""
    area: str = ""
    township: str = ""
    reason: str = ""
    text: str = ""
    reply_by: date | None = None
    state: str = ""
    channel: str = ""
    raised_at: datetime | None = None
    delivered_at: datetime | None = None
    acknowledged_by: str = ""
    escalated_to: str = ""


def notice(row: Notice | None, told: Told[NoticeEvent]) -> Notice:
    """A notice from raising to signature; what was signed for stays signed for, whatever a channel reports later."""
    event = told.event
    row = row or Notice(notice_id=event.notice_id, about=event.notice_id)
    match event:
        case NoticeRaised():
            return replace(
                row,
                about=event.about,
                case_id=event.case_id,
                recipient=event.recipient,
                area=event.area,
                township=event.area[:9],
                reason=event.reason,
                text=event.text,
                reply_by=event.reply_by,
                state="raised",
                raised_at=told.envelope.recorded_at,
            )
        case NoticeDelivered():
            state = "delivered" if row.state in {"raised", "failed"} else row.state
            return replace(row, state=state, channel=event.channel, delivered_at=event.delivered_at)
        case NoticeDeliveryFailed():
            state = "failed" if row.state == "raised" and not event.retry else row.state
            return replace(row, state=state, channel=event.channel)
        case NoticeAcknowledged():
            return replace(row, state="acknowledged", acknowledged_by=event.by)
        case NoticeEscalated():
            state = row.state if row.state == "acknowledged" else "escalated"
            return replace(row, state=state, escalated_to=event.to)
        case _:
            assert_never(event)


class ContactAddress(Row, frozen=True, kw_only=True):
    """A way to a unit beside its inbox 联系方式; gone once it is cleared."""

    TABLE: ClassVar[str] = "contact_address"
    KEY: ClassVar[str] = "entry_id"
    entry_id: UUID
    unit: str = ""
    channel: str = ""
    hint: str = ""
    holder: str = ""
    account: str = ""
    matters: tuple[str, ...] = ()
    suspended: str = ""
    set_at: datetime | None = None


def contact_address(row: ContactAddress | None, told: Told[AddressEvent]) -> ContactAddress | None:
    """An address while it may be used, or says why it is not."""
    event = told.event
    match event:
        case ContactAddressSet():
            return ContactAddress(
                entry_id=event.entry_id,
                unit=event.unit,
                channel=event.channel,
                hint=event.hint,
                holder=event.holder,
                account=event.account,
                matters=event.matters,
                set_at=told.envelope.recorded_at,
            )
        case ContactAddressSuspended():
            return None if row is None else replace(row, suspended=event.failure)
        case ContactAddressCleared():
            return None
        case _:
            assert_never(event)


class Contact(Row, frozen=True, kw_only=True):
    """When a unit, or an account of it, wants to be told, and when its deputy is 接收时段与代理; hours as HH:MM."""

    TABLE: ClassVar[str] = "contact"
    KEY: ClassVar[str] = "contact_id"
    contact_id: UUID
    unit: str = ""
    account: str = ""
    quiet_from: str = ""
    quiet_until: str = ""
    working_days: bool = False
    digest_at: str = ""
    absent_from: date | None = None
    absent_until: date | None = None


def contact(row: Contact | None, told: Told[ContactEvent]) -> Contact:
    """What was set last."""
    event = told.event
    row = replace(row or Contact(contact_id=event.contact_id), unit=event.unit, account=event.account)
    match event:
        case ContactHoursSet():
            return replace(
                row,
                quiet_from=event.quiet_from,
                quiet_until=event.quiet_until,
                working_days=event.working_days,
                digest_at=event.digest_at,
            )
        case ContactAbsenceSet():
            return replace(row, absent_from=event.from_on, absent_until=event.until_on)
        case _:
            assert_never(event)


class Message(Row, frozen=True, kw_only=True):
    """A message that left the house 外发记录: about which notices, how often it was tried, and what became of it."""

    TABLE: ClassVar[str] = "message"
    KEY: ClassVar[str] = "message_id"
    message_id: UUID
    unit: str = ""
    township: str = ""
    channel: str = ""
    hint: str = ""
    notice_ids: tuple[UUID, ...] = ()
    state: str = ""
    failure: str = ""
    reference: str = ""
    tries: int = 0
    begun_at: datetime | None = None
    settled_at: datetime | None = None
    again_at: datetime | None = None


def message(row: Message | None, told: Told[MessageEvent]) -> Message:
    """A message from its beginning to its receipt."""
    event, at = told.event, told.envelope.recorded_at
    row = row or Message(message_id=event.message_id)
    match event:
        case MessageBegun():
            return replace(
                row,
                unit=event.unit,
                township=event.area[:9],
                channel=event.channel,
                hint=event.hint,
                notice_ids=event.notice_ids,
                state="sending",
                tries=1,
                begun_at=at,
            )
        case MessageTakenUp():
            return replace(row, state="sending", tries=row.tries + 1, again_at=None)
        case MessageAccepted():
            return replace(row, state="accepted", reference=event.reference, failure="", settled_at=at, again_at=None)
        case MessageLeftOpen():
            return replace(row, state="open", again_at=event.ask_at)
        case MessageFailed():
            state = "failed" if event.again_at is None else "waiting"
            settled_at = at if event.again_at is None else None
            return replace(row, state=state, failure=event.failure, settled_at=settled_at, again_at=event.again_at)
        case MessageDelivered():
            return replace(row, state="delivered", failure="", settled_at=event.delivered_at, again_at=None)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Notice, events=get_args(NoticeEvent), about=about("notice_id"), evolve=notice),
    Fold(row=ContactAddress, events=get_args(AddressEvent), about=about("entry_id"), evolve=contact_address),
    Fold(row=Contact, events=get_args(ContactEvent), about=about("contact_id"), evolve=contact),
    Fold(row=Message, events=get_args(MessageEvent), about=about("message_id"), evolve=message),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset()
