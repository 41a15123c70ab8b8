"""Senders that are killed at any moment, providers that fail in any way, clocks that jump: nothing lost, nothing twice."""

from collections import Counter, defaultdict
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.notify.domain.contact import Address, ChannelName
from services.notify.domain.dispatch import Dispatch, Outcome
from services.notify.domain.message import Message
from services.notify.domain.notice import Notice
from services.notify.waiting import Waiting
from tests.notify.given import DAY, acting_on
from tests.notify.sending import ACCEPTED, AWAY, OPEN, UNIT, House

MOODS = ("well", "away", "answer_lost", "lost_on_the_way", "killed_before", "killed_after", "no_such_number", "refuses")


class Killed(BaseException):
    """The process is gone."""


class Post:
    """A provider that takes a message or not, and says so or not; what it took it knows for ever."""

    per_minute, width = 600, 1

    def __init__(self, name: ChannelName, *, can_ask: bool) -> None:
        self.name: ChannelName = name
        self.can_ask = can_ask
        self.if_unseen = OPEN
        self.mood = "well"
        self.taken: Counter[UUID] = Counter()
        self.told: defaultdict[tuple[UUID, UUID], set[UUID]] = defaultdict(set)

    def send(self, message: Message, *, to: Address) -> Outcome:
        for item in message.items:
            self.told[item.notice_id, to.entry_id].add(message.key)
        match self.mood:
            case "away":
                return AWAY
            case "no_such_number":
                return Outcome(result="failed", failure="unknown_address")
            case "refuses":
                return Outcome(result="failed", failure="refused")
            case "killed_before":
                raise Killed
            case "lost_on_the_way":
                return OPEN
        self.taken[message.key] += 1
        match self.mood:
            case "killed_after":
                raise Killed
            case "answer_lost":
                return OPEN
        return ACCEPTED

    def ask(self, message: Message, *, to: Address) -> Outcome:  # noqa: ARG002  # asked by the key
        if self.mood == "away":
            return OPEN
        return Outcome(result="delivered" if self.taken[message.key] else "never_seen")


class Sending(RuleBasedStateMachine):
    """One unit with a telephone and a mailbox."""

    def __init__(self) -> None:
        super().__init__()
        self.sms, self.mail = Post("sms", can_ask=True), Post("email", can_ask=False)
        self.house = House(self.sms, self.mail)
        self.house.reach("sms")
        self.house.reach("email")
        self.notices: list[UUID] = []
        self.acknowledged: set[UUID] = set()

    @rule()
    def a_notice_is_raised(self) -> None:
        self.notices.append(self.house.notice(len(self.notices) + 1))

    @rule(nth=st.integers(0, 9))
    def a_notice_is_acknowledged(self, nth: int) -> None:
        if nth < len(self.notices):
            with acting_on(DAY, department=UNIT):
                self.house.app.acknowledge_notice(notice_id=self.notices[nth])
            self.acknowledged.add(self.notices[nth])

    @rule(sms=st.sampled_from(MOODS), mail=st.sampled_from(MOODS), minutes=st.sampled_from((0, 1, 3, 40, 800)))
    def the_sender_has_its_round(self, sms: str, mail: str, minutes: int) -> None:
        self.sms.mood, self.mail.mood = sms, mail
        try:
            self.house.after(minutes=minutes)
        except Killed:
            self.everything_starts_again()

    @rule()
    def everything_starts_again(self) -> None:
        self.house.app.waiting = Waiting()
        for event in self.house.app.stored:
            self.house.app.waiting.apply(event)
        self.house.sender = self.house.another_sender()

    @rule(nth=st.integers(0, 9), result=st.sampled_from((Outcome(result="delivered"), AWAY)))
    def a_provider_reports(self, nth: int, result: Outcome) -> None:
        taken = [key for key in (*self.sms.taken, *self.mail.taken) if self.sms.taken[key] or self.mail.taken[key]]
        if nth < len(taken):
            with acting_on(self.house.clock.now().date()):
                self.house.dispatching.conclude(dispatch_id=taken[nth], outcome=result, can_ask=False)

    @invariant()
    def no_message_is_taken_twice(self) -> None:
        assert [key for post in (self.sms, self.mail) for key, number in post.taken.items() if number > 1] == []

    @invariant()
    def a_notice_is_told_to_an_address_under_one_key(self) -> None:
        assert all(len(keys) == 1 for post in (self.sms, self.mail) for keys in post.told.values())

    def teardown(self) -> None:
        self.sms.mood = self.mail.mood = "well"
        for _ in range(12):
            self.house.after(days=1, minutes=1)
        ends: defaultdict[UUID, set[str]] = defaultdict(set)
        for message in self.house.messages():
            for notice_id in message.notices:
                ends[notice_id].add(message.state)
        suspended = {task for task in self.house.tasks() if task[1] == "address_unreachable"}
        for notice_id in set(self.notices) - self.acknowledged:
            # It was taken, or it is known for what it is: open, or failed at every address there was.
            known = ends[notice_id] & {"accepted", "delivered", "open", "failed"}
            assert known or (suspended and len(self.house.tasks()) >= 2), (notice_id, ends[notice_id])
        assert not [message.id for message in self.house.messages() if message.state in {"sending", "waiting"}]
        assert {event.originator_id for event in self.house.happened(Dispatch.Begun)} == {
            event.dispatch_id for event in self.house.happened(Notice.HandedOver)
        }


Sending.TestCase.settings = settings(max_examples=25, stateful_step_count=20)
TestSending = Sending.TestCase
