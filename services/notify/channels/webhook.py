"""Webhooks to departments' own systems 系统推送: a CloudEvent a notice, signed after Standard Webhooks.

    POST <the department's address>     content-type: application/cloudevents+json
        webhook-id                      the same each time it is tried: whoever receives it takes each id once
        webhook-timestamp, webhook-signature

    2xx: it has arrived.   410: nobody wants it any more, the address is not used again.   Anything else: tried again.

An answer that nobody saw counts as none: the specification binds the receiver to take an id once, so it is told again.
"""

from typing import Any, Final

import msgspec

from services.chassis.clock import Clock
from services.notify.channels.door import Away, Door, NoEntry, Unanswered
from services.notify.channels.signing import signed
from services.notify.domain.contact import Address, ChannelName, read_secret
from services.notify.domain.dispatch import Outcome
from services.notify.domain.message import Message

WEBHOOK_PER_MINUTE: Final = 600
TYPE: Final = "baoxue.notice.v1"
SOURCE: Final = "/baoxue/notify"

_AWAY: Final = Outcome(result="failed", failure="unreachable")


class WebhookChannel:
    """A department's system."""

    name: ChannelName = "webhook"
    can_ask = False
    if_unseen = _AWAY
    width = 8

    def __init__(self, *, door: Door, clock: Clock, per_minute: int = WEBHOOK_PER_MINUTE) -> None:
        self._door = door
        self._clock = clock
        self.per_minute = per_minute

    def send(self, message: Message, *, to: Address) -> Outcome:
        """Tells the department's system."""
        body = msgspec.json.encode(cloud_event(message))
        headers = signed(body, key=read_secret(to.secret), id=str(message.key), at=self._clock.now())
        try:
            reply = self._door.call(
                "POST",
                to.address,
                body=body,
                headers=headers | {"content-type": "application/cloudevents+json", "user-agent": "baoxue"},
            )
        except NoEntry:
            return Outcome(result="failed", failure="refused")
        except (Away, Unanswered):
            return _AWAY
        if 200 <= reply.status < 300:
            return Outcome(result="delivered")
        return Outcome(result="failed", failure="unknown_address") if reply.status == 410 else _AWAY

    def ask(self, message: Message, *, to: Address) -> Outcome:  # noqa: ARG002  # it is told again instead
        """Nobody is asked."""
        return self.if_unseen


def cloud_event(message: Message) -> dict[str, Any]:
    """The message as a CloudEvent 1.0 in JSON; the same for the same message."""
    [item] = message.items
    return {
        "specversion": "1.0",
        "id": str(message.key),
        "source": SOURCE,
        "type": TYPE,
        "subject": str(item.notice_id),
        "datacontenttype": "application/json",
        "data": {
            "notice_id": item.notice_id,
            "about": item.about,
            "case_id": item.case_id,
            "recipient": item.recipient,
            "area": item.area,
            "reason": item.reason,
            "step": item.step,
            "text": item.text,
            "due_on": item.due_on,
            "reply_by": item.reply_by,
        },
    }
