"""What tests of sending have in common: a unit with addresses, a sender over a store in memory, a provider that misbehaves as told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from services.chassis.clock import SteppedClock
from services.notify.channels import Outbound
from services.notify.dispatching import Dispatching
from services.notify.domain.contact import Address, ChannelName, Holder
from services.notify.domain.dispatch import Dispatch, Outcome
from services.notify.domain.message import Message
from services.notify.domain.notice import Notice
from services.notify.sender import Sender
from tests.notify.given import DAY, NoticesInMemory, acting_on

UNIT = "school:3141000300"
MAILBOX, TELEPHONE, DOOR = "office@school.example", "13900000001", "https://school.example/notices"
SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
NOON = datetime(2026, 9, 14, 4, 0, tzinfo=UTC)
ADDRESSES: dict[ChannelName, str] = {"email": MAILBOX, "sms": TELEPHONE, "webhook": DOOR}

ACCEPTED, AWAY = Outcome(result="accepted", reference="7"), Outcome(result="failed", failure="unreachable")
OPEN, NEVER_SEEN = Outcome(result="open"), Outcome(result="never_seen")


class Provider:
    """A way out that answers as told, then takes everything; it keeps what it was given, by key."""

    per_minute, width = 600, 4

    def __init__(
        self, name: ChannelName, *answers: Outcome, asked: Sequence[Outcome] = (), can_ask: bool = True
    ) -> None:
        self.name: ChannelName = name
        self.can_ask = can_ask
        self.if_unseen = OPEN
        self.taken: list[tuple[Message, Address]] = []
        self._answers, self._asked, self._lock = list(answers), list(asked), Lock()
        self.questions = 0

    def send(self, message: Message, *, to: Address) -> Outcome:
        with self._lock:
            answer = self._answers.pop(0) if self._answers else ACCEPTED
            if answer.result != "failed":
                self.taken.append((message, to))
            return answer

    def ask(self, message: Message, *, to: Address) -> Outcome:  # noqa: ARG002  # asked by the key
        self.questions += 1
        return self._asked.pop(0) if self._asked else OPEN

    @property
    def keys(self) -> list[UUID]:
        """The keys of what it was given, in order."""
        return [message.key for message, _ in self.taken]


class House:
    """Notify in memory with its sender and a clock that is moved."""

    def __init__(self, *channels: Outbound) -> None:
        self.app = NoticesInMemory()
        self.clock = SteppedClock(NOON)
        self.dispatching = Dispatching(notices=self.app)
        self.channels = channels
        self.sender = self.another_sender()

    def another_sender(self) -> Sender:
        """A sender that knows only what is recorded."""
        return Sender(
            dispatching=self.dispatching,
            waiting=self.app.waiting,
            catch_up=lambda: None,
            channels=self.channels,
            clock=self.clock,
            dsn="",
        )

    def reach(
        self,
        channel: ChannelName,
        address: str = "",
        *,
        holder: Holder = "officer",
        unit: str = UNIT,
        matters: tuple[str, ...] = (),
        mine: bool = False,
    ) -> UUID:
        """The unit sets an address, or one of its officers."""
        with acting_on(DAY, department=unit):
            secret = SECRET if channel == "webhook" else ""
            return self.app.set_address(
                unit=unit,
                channel=channel,
                address=address or ADDRESSES[channel],
                secret=secret,
                holder=holder,
                matters=matters,
                mine=mine,
            ).id

    def notice(self, number: int = 1, *, unit: str = UNIT, reason: str = "circular") -> UUID:
        """One more notice for the unit."""
        with acting_on(DAY):
            return self.app.raise_notice(
                cause=UUID(int=number), about=UUID(int=number), recipient=unit, reason=reason, area="410326103"
            ).id

    def send(self) -> None:
        """A round, now."""
        self.sender.send_due()

    def after(self, **time: float) -> None:
        """A round, so much later."""
        self.clock.step(timedelta(**time))
        self.send()

    def messages(self) -> list[Dispatch]:
        """Every message that was begun."""
        begun = [event.originator_id for event in self.app.stored if isinstance(event, Dispatch.Begun)]
        return [self.app.get(Dispatch, dispatch_id) for dispatch_id in begun]

    def happened(self, kind: type[Any]) -> list[Any]:
        """What of this kind was recorded."""
        return [event for event in self.app.stored if isinstance(event, kind)]

    def tasks(self) -> list[tuple[str, str]]:
        """Who was told to mend something."""
        return [
            (event.recipient, event.reason)
            for event in self.happened(Notice.Raised)
            if event.reason in {"address_unreachable", "provider_refused"}
        ]
