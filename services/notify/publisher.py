"""What of notify's own events others are told, and in which words."""

from services.contracts import notify as told
from services.contracts.envelope import Published
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
            return None
