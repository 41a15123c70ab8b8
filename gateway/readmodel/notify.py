"""What notify 通知 told, as rows: each notice, whether it arrived, who signed for it and to whom it climbed."""

from datetime import date, datetime
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import Row
from services.contracts.envelope import Published
from services.contracts.notify import (
    NoticeAcknowledged,
    NoticeDelivered,
    NoticeDeliveryFailed,
    NoticeEscalated,
    NoticeRaised,
)

NoticeEvent = NoticeRaised | NoticeDelivered | NoticeDeliveryFailed | NoticeAcknowledged | NoticeEscalated


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


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Notice, events=get_args(NoticeEvent), about=about("notice_id"), evolve=notice),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset()
