"""What of notify's own events others are told, and in which words."""

from datetime import time

from services.contracts import notify as told
from services.contracts.envelope import Published
from services.notify.domain.contact import Contact
from services.notify.domain.dispatch import Dispatch
from services.notify.domain.notice import Notice


def publish(event: object) -> Published | None:
    """What others are told of an event, or None where it is nobody else's matter."""
    match event:
        case Notice.Raised():
            return told.NoticeRaised(
                notice_id=event.originator_id,
                about=event.about,
                case_id=event.case_id,
                recipient=event.recipient,
                area=event.area,
                reason=event.reason,
                text=event.text,
                reply_by=event.reply_by,
            )
        case Notice.Delivered():
            return told.NoticeDelivered(
                notice_id=event.originator_id, channel=event.channel, delivered_at=event.delivered_at
            )
        case Notice.DeliveryFailed():
            return told.NoticeDeliveryFailed(
                notice_id=event.originator_id, channel=event.channel, reason=event.reason, retry=event.retry
            )
        case Notice.Acknowledged():
            return told.NoticeAcknowledged(notice_id=event.originator_id, by=event.by)
        case Notice.Escalated():
            return told.NoticeEscalated(notice_id=event.originator_id, to=event.to, escalated_on=event.escalated_on)
        case _:
            return _of_sending(event)


def _of_sending(event: object) -> Published | None:
    """What others are told of addresses and of what leaves the house; never an address, only its hint."""
    match event:
        case Contact.AddressSet():
            return told.ContactAddressSet(
                entry_id=event.entry_id,
                unit=event.unit,
                channel=event.channel,
                hint=event.hint,
                holder=event.holder,
                account=event.account,
                matters=event.matters,
            )
        case Contact.AddressCleared():
            return told.ContactAddressCleared(entry_id=event.entry_id, unit=event.unit)
        case Contact.AddressSuspended():
            return told.ContactAddressSuspended(entry_id=event.entry_id, unit=event.unit, failure=event.failure)
        case Contact.HoursSet():
            return told.ContactHoursSet(
                contact_id=event.originator_id,
                unit=event.unit,
                quiet_from=_hour(event.quiet_from),
                quiet_until=_hour(event.quiet_until),
                working_days=event.working_days,
                digest_at=_hour(event.digest_at),
                account=event.account,
            )
        case Contact.AbsenceSet():
            return told.ContactAbsenceSet(
                contact_id=event.originator_id,
                unit=event.unit,
                from_on=event.from_on,
                until_on=event.until_on,
                account=event.account,
            )
        case Dispatch.Begun():
            return told.MessageBegun(
                message_id=event.originator_id,
                unit=event.unit,
                channel=event.channel,
                hint=event.hint,
                area=event.area,
                notice_ids=event.notices,
                case_ids=event.cases,
            )
        case Dispatch.TakenUp():
            return told.MessageTakenUp(message_id=event.originator_id)
        case Dispatch.Accepted():
            return told.MessageAccepted(message_id=event.originator_id, reference=event.reference)
        case Dispatch.LeftOpen():
            return told.MessageLeftOpen(message_id=event.originator_id, ask_at=event.ask_at)
        case Dispatch.Failed():
            return told.MessageFailed(
                message_id=event.originator_id,
                channel=event.channel,
                case_ids=event.cases,
                failure=event.failure,
                again_at=event.again_at,
            )
        case Dispatch.Delivered():
            return told.MessageDelivered(
                message_id=event.originator_id,
                channel=event.channel,
                case_ids=event.cases,
                delivered_at=event.delivered_at,
            )
        case _:
            return None


def _hour(at: time | None) -> str:
    return "" if at is None else f"{at:%H:%M}"
