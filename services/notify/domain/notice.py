"""A notice to a unit 通知: raised, delivered, acknowledged 签收 - or, when nobody acknowledges in time, escalated 升级.

There is one notice per cause, recipient and reason, so hearing a cause again tells nobody twice. Its text is written
here, from a template and facts that can name no person, and is never changed afterwards.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused
from services.notify.domain.templates import TEMPLATES, Facts
from services.notify.domain.units import County

Failure = Literal["unreachable", "refused", "unknown_address"]
"""Why a channel could not deliver: its service is away, it said no, or it knows no address of the unit."""

TRIES_MAX: Final = 5
"""How often a delivery is tried before it is given up; the notice stays to be acknowledged, and climbs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a channel made of a notice; `failure` is None where it was delivered."""

    channel: str
    failure: Failure | None = None


class Notice(RecordedAggregate):
    """One thing told to one unit."""

    TOPIC = "notify.Notice"

    class Raised(RecordedAggregate.Event, Created):
        """A unit is to be told something 通知."""

        TOPIC = "notify.Notice.Raised"
        about: UUID
        case_id: UUID | None
        recipient: str
        area: str
        reason: str
        step: str
        due_on: date | None
        text: str
        raised_on: date
        reply_by: date

    class Delivered(RecordedAggregate.Event):
        """The channel delivered it 送达."""

        TOPIC = "notify.Notice.Delivered"
        channel: str
        delivered_at: datetime

    class DeliveryFailed(RecordedAggregate.Event):
        """The channel could not deliver it 发送失败; `retry` tells whether it will be tried again."""

        TOPIC = "notify.Notice.DeliveryFailed"
        channel: str
        reason: str
        retry: bool

    class HandedOver(RecordedAggregate.Event):
        """A message that leaves the house tells it to one of the unit's addresses 外发; once for each."""

        TOPIC = "notify.Notice.HandedOver"
        entry_id: UUID
        dispatch_id: UUID

    class Acknowledged(RecordedAggregate.Event):
        """The recipient has seen it 签收."""

        TOPIC = "notify.Notice.Acknowledged"
        by: str

    class Escalated(RecordedAggregate.Event):
        """Nobody acknowledged it in time, and the superior is told 升级."""

        TOPIC = "notify.Notice.Escalated"
        to: str
        escalated_on: date

    @staticmethod
    def id_of(*, cause: UUID, recipient: str, reason: str) -> UUID:
        """The id of the notice to a recipient for a reason that an event caused: there is one."""
        return uuid5(cause, f"{recipient}/{reason}")

    @classmethod
    def raise_to(
        cls,
        recipient: str,
        *,
        cause: UUID,
        about: UUID,
        case_id: UUID | None,
        reason: str,
        area: str,
        step: str,
        due_on: date | None,
        today: date,
    ) -> Self:
        """Raises a notice; `area` is the township (nine digits) or county (six) of the matter, `step` what is owed."""
        facts = Facts(case=case_id, township=area, step=step, due=due_on, unit=recipient)
        return cls._create(
            cls.Raised,
            id=cls.id_of(cause=cause, recipient=recipient, reason=reason),
            about=about,
            case_id=case_id,
            recipient=recipient,
            area=area,
            reason=reason,
            step=step if step in TEMPLATES.steps else "",
            due_on=due_on,
            text=TEMPLATES.write(reason, facts=facts),
            raised_on=today,
            reply_by=TEMPLATES.get(reason).reply_by(due=due_on, today=today),
        )

    def record_delivery(self, delivery: Delivery, *, at: datetime) -> None:
        """Takes note of what the channel did; nothing more once it is delivered."""
        if self.delivered:
            return
        if delivery.failure is None:
            self.trigger_event(self.Delivered, channel=delivery.channel, delivered_at=at)
        else:
            retry = delivery.failure == "unreachable" and self.tries + 1 < TRIES_MAX
            self.trigger_event(self.DeliveryFailed, channel=delivery.channel, reason=delivery.failure, retry=retry)

    def hand_over(self, *, entry_id: UUID, dispatch_id: UUID) -> None:
        """Has a message tell it to an address; refuses one that it was told to before."""
        if entry_id in self.handed_to:
            raise Refused("This notice was sent to this address before.")
        self.trigger_event(self.HandedOver, entry_id=entry_id, dispatch_id=dispatch_id)

    def acknowledge(self, *, department: str) -> None:
        """The unit it was addressed to says that it has seen it; once is enough, late is allowed."""
        if department != self.recipient:
            raise Forbidden("A notice is acknowledged by the unit it was addressed to.")
        if self.acknowledged_by is None:
            self.trigger_event(self.Acknowledged, by=department)

    def escalate(self, *, county: County, today: date) -> "list[Notice]":
        """Tells the superior where nobody acknowledged in time, and returns the notice to it.

        Nothing happens while there is time, when it was acknowledged or escalated before, and at the top.
        """
        superior = county.superior(self.recipient, area=self.area)
        if superior is None or self.settled or today <= self.reply_by:
            return []
        self.trigger_event(self.Escalated, to=superior, escalated_on=today)
        told = Notice.raise_to(
            superior,
            cause=self.id,
            about=self.id,
            case_id=self.case_id,
            reason="escalated" if self.case_id is not None else "escalated_matter",
            area=self.area,
            step=self.step,
            due_on=self.due_on,
            today=today,
        )
        return [told]

    @property
    def owes_delivery(self) -> bool:
        """Whether a channel is still to try."""
        return not self.delivered and not self.given_up

    @property
    def settled(self) -> bool:
        """Whether nobody waits for its acknowledgement any more."""
        return self.acknowledged_by is not None or self.escalated_to is not None

    @event(Raised)
    def __init__(
        self,
        about: UUID,
        case_id: UUID | None,
        recipient: str,
        area: str,
        reason: str,
        step: str,
        due_on: date | None,
        text: str,
        reply_by: date,
    ) -> None:
        self.about = about
        self.case_id = case_id
        self.recipient = recipient
        self.area = area
        self.reason = reason
        self.step = step
        self.due_on = due_on
        self.text = text
        self.reply_by = reply_by
        self.tries = 0
        self.delivered = False
        self.given_up = False
        self.acknowledged_by: str | None = None
        self.escalated_to: str | None = None
        self.handed_to: frozenset[UUID] = frozenset()

    @event(HandedOver)
    def _handed_over(self, entry_id: UUID) -> None:
        self.handed_to |= {entry_id}

    @event(Delivered)
    def _delivered(self) -> None:
        self.delivered = True

    @event(DeliveryFailed)
    def _delivery_failed(self, retry: bool) -> None:
        self.tries += 1
        self.given_up = not retry

    @event(Acknowledged)
    def _acknowledged(self, by: str) -> None:
        self.acknowledged_by = by

    @event(Escalated)
    def _escalated(self, to: str) -> None:
        self.escalated_to = to
