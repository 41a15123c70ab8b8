"""A message that leaves the house 发送: begun before it is handed over, so that one whose end nobody saw is known for what it is.

There is one for each notice and address. It is begun - recorded - and only then given to the channel, under its own id as the
idempotency key. What the channel answers is recorded after it. Where no answer was recorded, because the process ended or the
line broke, the outcome is open 结果不明: it is asked for by the key, and nothing is sent again unless the provider says that
it never saw it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.notify.domain.contact import ChannelName
from services.notify.domain.notice import Failure

State = Literal["sending", "waiting", "open", "accepted", "delivered", "failed"]
"""发送中, 待重发, 结果不明, 已受理, 已送达, 未送达."""

Result = Literal["accepted", "delivered", "failed", "open", "never_seen"]
"""What a channel says: taken, arrived, not sent, nobody knows, or (asked by the key) that nothing of this key came."""

LEASE: Final = timedelta(minutes=2)
"""How long whoever began a message has for it: longer than any channel waits. After that its outcome is open."""

AGAIN_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 840, 1200, 1440, 1440))
"""When a message that could not be sent is tried again: ten times over four days (Standard Webhooks: several days)."""

ASK_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 5, 30, 120, 720))
"""When a provider is asked what became of a message; after that it stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a channel made of a message; `reference` is the provider's own number, `failure` says why it was not sent."""

    result: Result
    failure: Failure | None = None
    reference: str = ""


class Dispatch(RecordedAggregate):
    """One message to one address, about one notice or, in a digest, several."""

    TOPIC = "notify.Dispatch"

    class Begun(RecordedAggregate.Event, Created):
        """It is about to be handed to the channel; until `lease` nobody else touches it."""

        TOPIC = "notify.Dispatch.Begun"
        unit: str
        entry_id: UUID
        channel: ChannelName
        hint: str
        area: str
        notices: tuple[UUID, ...]
        cases: tuple[UUID, ...]
        lease: datetime
        account: str = ""

    class TakenUp(RecordedAggregate.Event):
        """It is about to be handed to the channel once more, under the same key 重发."""

        TOPIC = "notify.Dispatch.TakenUp"
        lease: datetime

    class Accepted(RecordedAggregate.Event):
        """The provider took it 已受理."""

        TOPIC = "notify.Dispatch.Accepted"
        reference: str

    class LeftOpen(RecordedAggregate.Event):
        """Nobody knows whether it was sent 结果不明; the provider is asked at `ask_at`, or nobody is where it can't be."""

        TOPIC = "notify.Dispatch.LeftOpen"
        ask_at: datetime | None

    class Failed(RecordedAggregate.Event):
        """It was not sent 发送失败; tried again at `again_at`, or never where there is none."""

        TOPIC = "notify.Dispatch.Failed"
        channel: ChannelName
        cases: tuple[UUID, ...]
        failure: Failure
        again_at: datetime | None

    class Delivered(RecordedAggregate.Event):
        """The provider reports that it arrived 送达回执."""

        TOPIC = "notify.Dispatch.Delivered"
        channel: ChannelName
        cases: tuple[UUID, ...]
        delivered_at: datetime

    class Requested(RecordedAggregate.Event):
        """Somebody asks for it to be sent again 申请重发."""

        TOPIC = "notify.Dispatch.Requested"
        again_at: datetime

    @staticmethod
    def id_of(*, notice_id: UUID, entry_id: UUID) -> UUID:
        """The id of the message that tells a notice to an address, and its idempotency key: there is one."""
        return uuid5(notice_id, f"dispatch/{entry_id}")

    @classmethod
    def begin(
        cls,
        *,
        unit: str,
        entry_id: UUID,
        channel: ChannelName,
        hint: str,
        area: str,
        notices: tuple[UUID, ...],
        cases: tuple[UUID, ...],
        at: datetime,
        account: str = "",
    ) -> Self:
        """Claims the first message about these notices; the first of them gives it its id. `account` is whose address it goes to, if not the unit's."""
        return cls._create(
            cls.Begun,
            id=cls.id_of(notice_id=notices[0], entry_id=entry_id),
            unit=unit,
            entry_id=entry_id,
            channel=channel,
            hint=hint,
            area=area,
            notices=notices,
            cases=cases,
            lease=at + LEASE,
            account=account,
        )

    def take_up(self, *, at: datetime) -> None:
        """Claims it once more; refuses a message that may be on its way."""
        if self.state != "waiting" or self.next_at is None or self.next_at > at:
            raise Refused("This message is not to be sent now.")
        self.trigger_event(self.TakenUp, lease=at + LEASE)

    def conclude(self, outcome: Outcome, *, at: datetime, can_ask: bool) -> None:
        """Takes note of what the channel answered, or of its provider's later report; what has arrived has arrived."""
        if self.state in {"delivered", "failed"} or (self.state == "waiting" and outcome.result == "failed"):
            return
        match outcome.result:
            case "accepted" if self.state != "accepted":
                self.trigger_event(self.Accepted, reference=outcome.reference)
            case "delivered":
                self.trigger_event(self.Delivered, channel=self.channel, cases=self.cases, delivered_at=at)
            case "open" if self.state in {"sending", "open"}:
                asks = ASK_AFTER[self.asked :] if can_ask else ()
                if asks or self.state == "sending" or self.next_at is not None:
                    self.trigger_event(self.LeftOpen, ask_at=at + asks[0] if asks else None)
            case "never_seen" if self.state in {"sending", "open"}:
                self._fail(Outcome(result="failed", failure="unreachable"), at=at)
            case "failed":
                self._fail(outcome, at=at)
            case _:
                pass

    def abandon(self, unseen: Outcome, *, at: datetime, can_ask: bool) -> None:
        """Finds that whoever began it has left it, and what that counts as."""
        if self.state == "sending" and self.lease < at:
            self.conclude(unseen, at=at, can_ask=can_ask)

    def request(self, *, at: datetime) -> None:
        """Has it sent again under its key, where it failed for good or nobody knows; refuses what waits or has arrived."""
        if self.state not in {"failed", "open", "accepted"}:
            raise Refused(
                "This message is on its way, waits to be tried again, or has arrived; nothing is to be sent again."
            )
        self.trigger_event(self.Requested, again_at=at)

    def _fail(self, outcome: Outcome, *, at: datetime) -> None:
        failure = outcome.failure or "refused"
        left = AGAIN_AFTER[self.tries - 1 :] if failure == "unreachable" and self.state != "accepted" else ()
        self.trigger_event(
            self.Failed,
            channel=self.channel,
            cases=self.cases,
            failure=failure,
            again_at=at + left[0] if left else None,
        )

    @event(Begun)
    def __init__(
        self,
        unit: str,
        entry_id: UUID,
        channel: ChannelName,
        notices: tuple[UUID, ...],
        cases: tuple[UUID, ...],
        lease: datetime,
        account: str,
    ) -> None:
        self.unit = unit
        self.account = account
        self.entry_id = entry_id
        self.channel = channel
        self.notices = notices
        self.cases = cases
        self.lease = lease
        self.state: State = "sending"
        self.tries = 1
        self.asked = 0
        self.next_at: datetime | None = None
        self.reference = ""

    @event(TakenUp)
    def _taken_up(self, lease: datetime) -> None:
        self.lease = lease
        self.state = "sending"
        self.tries += 1
        self.next_at = None

    @event(Accepted)
    def _accepted(self, reference: str) -> None:
        self.state = "accepted"
        self.reference = reference
        self.next_at = None

    @event(LeftOpen)
    def _left_open(self, ask_at: datetime | None) -> None:
        self.state = "open"
        self.asked += 1
        self.next_at = ask_at

    @event(Failed)
    def _failed(self, again_at: datetime | None) -> None:
        self.state = "failed" if again_at is None else "waiting"
        self.next_at = again_at

    @event(Delivered)
    def _delivered(self) -> None:
        self.state = "delivered"
        self.next_at = None

    @event(Requested)
    def _requested(self, again_at: datetime) -> None:
        self.state = "waiting"
        self.tries = 0
        self.asked = 0
        self.next_at = again_at
