"""Messages leave the house once: whatever ends in between, whoever is away, however often everything is read again."""

from datetime import date, time
from uuid import UUID

import pytest

from services.chassis.aggregate import acting
from services.chassis.application import SomeFailed
from services.chassis.errors import Forbidden, Refused
from services.chassis.runtime import by_the_clock
from services.notify.domain.contact import Address
from services.notify.domain.dispatch import AGAIN_AFTER, LEASE, Dispatch, Outcome
from services.notify.domain.message import Message
from services.notify.domain.notice import Notice
from services.notify.waiting import Waiting
from tests.notify.given import DAY, acting_on
from tests.notify.sending import ACCEPTED, AWAY, MAILBOX, NEVER_SEEN, OPEN, TELEPHONE, UNIT, House, Provider


def test_a_notice_goes_to_the_first_address_of_its_unit_once() -> None:
    mail, sms = Provider("email"), Provider("sms")
    house = House(mail, sms)
    house.reach("email")
    house.reach("sms")

    house.notice()
    house.send()
    house.after(days=9)

    assert len(mail.taken) == 1
    assert sms.taken == []
    assert mail.keys == [message.id for message in house.messages()]


def test_what_was_raised_before_a_unit_had_an_address_stays_in_the_house() -> None:
    mail = Provider("email")
    house = House(mail)
    house.notice()
    house.reach("email")

    house.send()

    assert mail.taken == []


def test_what_was_acknowledged_meanwhile_is_not_sent() -> None:
    mail = Provider("email")
    house = House(mail)
    house.reach("email")
    notice_id = house.notice()
    with acting_on(DAY, department=UNIT):
        house.app.acknowledge_notice(notice_id=notice_id)

    house.send()

    assert mail.taken == []


def test_every_event_read_again_sends_nothing() -> None:
    mail = Provider("email")
    house = House(mail)
    house.reach("email")
    house.notice()
    house.send()

    house.app.waiting = Waiting()
    for event in [*house.app.stored, *house.app.stored]:
        house.app.waiting.apply(event)
    house.sender = house.another_sender()
    house.after(days=1)

    assert len(mail.taken) == 1


def test_a_sender_killed_between_send_and_mark_leaves_an_outcome_that_is_asked_for_by_the_key() -> None:
    sms = Provider("sms", asked=[Outcome(result="delivered")])
    house = House(sms)
    house.reach("sms")
    house.notice()
    [first] = house.app.waiting.first({"sms"}, now=house.clock.now())
    with acting(by_the_clock(house.clock)):
        claimed = house.dispatching.begin(unit=UNIT, entry_id=first.entry_id, notice_ids=first.notice_ids)
    assert claimed is not None
    sms.send(claimed.message, to=claimed.to)  # and here it is killed

    house.sender = house.another_sender()
    house.send()
    assert house.messages()[0].state == "sending"  # its lease runs: it may still be at it
    house.after(minutes=3)

    assert len(house.happened(Dispatch.LeftOpen)) == 1
    assert house.messages()[0].state == "delivered"
    assert sms.keys == [claimed.dispatch_id]


def test_what_the_provider_never_saw_is_sent_again_under_the_same_key() -> None:
    sms = Provider("sms", OPEN, asked=[NEVER_SEEN])
    house = House(sms)
    house.reach("sms")
    house.notice()
    house.send()
    sms.taken.clear()  # it never came

    house.after(minutes=1)
    house.after(minutes=2)

    assert sms.keys == [message.id for message in house.messages()]
    assert house.messages()[0].state == "accepted"


def test_an_outcome_nobody_can_be_asked_for_stays_open_and_is_never_sent_again_by_itself() -> None:
    mail = Provider("email", OPEN, can_ask=False)
    house = House(mail)
    house.reach("email")
    house.notice()

    house.send()
    for _ in range(20):
        house.after(days=1)

    assert len(mail.taken) == 1
    assert mail.questions == 0
    assert house.messages()[0].state == "open"


def test_a_provider_that_does_not_know_is_asked_a_bounded_number_of_times() -> None:
    sms = Provider("sms", OPEN)
    house = House(sms)
    house.reach("sms")
    house.notice()

    house.send()
    for _ in range(30):
        house.after(days=1)

    assert len(sms.taken) == 1
    assert sms.questions == 6
    assert house.messages()[0].next_at is None


def test_an_outage_of_days_loses_nothing_and_costs_few_tries() -> None:
    mail = Provider("email", *[AWAY] * 100)
    house = House(mail)
    house.reach("email")
    for number in range(60):
        house.notice(number)

    for _ in range(24):
        house.after(minutes=15)
    tries = len(house.happened(Dispatch.Begun)) + len(house.happened(Dispatch.TakenUp))
    mail._answers.clear()  # it is back
    for _ in range(4 * 24):
        house.after(minutes=60)

    assert tries <= 30
    told = [item.notice_id for message, _ in mail.taken for item in message.items]
    assert len(told) == len(set(told)) == 60


def test_tries_are_bounded_and_then_the_next_address_is_told() -> None:
    mail, sms = Provider("email", *[AWAY] * 50), Provider("sms")
    house = House(mail, sms)
    house.reach("email")
    house.reach("sms")
    house.notice()

    for _ in range(12):
        house.after(days=1, minutes=1)

    assert len(house.happened(Dispatch.Failed)) == len(AGAIN_AFTER) + 1
    assert len(sms.taken) == 1


def test_an_address_that_reaches_nobody_becomes_its_units_task_and_the_next_one_is_told() -> None:
    mail, sms = Provider("email", Outcome(result="failed", failure="unknown_address")), Provider("sms")
    house = House(mail, sms)
    house.reach("email")
    house.reach("sms")

    house.notice(1)
    house.send()
    house.after(minutes=1)
    house.notice(2)
    house.after(minutes=1)

    assert house.tasks() == [(UNIT, "address_unreachable")]
    assert mail.taken == []
    assert sorted(item.notice_id for message, _ in sms.taken for item in message.items) == sorted(
        event.originator_id for event in house.happened(Notice.Raised) if event.reason == "circular"
    )


def test_a_provider_that_refuses_becomes_the_bureaus_task_once_a_day() -> None:
    mail = Provider("email", *[Outcome(result="failed", failure="refused")] * 3)
    house = House(mail)
    house.reach("email")

    for number in range(3):
        house.notice(number)
        house.after(minutes=1)

    assert house.tasks() == [("education_bureau:410326", "provider_refused")]


def test_a_number_that_bounces_after_it_was_taken_falls_back_too() -> None:
    mail, sms = Provider("email"), Provider("sms")
    house = House(sms, mail)
    house.reach("sms")
    house.reach("email")
    house.notice()
    house.send()

    with acting_on(DAY):
        bounced = Outcome(result="failed", failure="unknown_address")
        house.dispatching.conclude(dispatch_id=house.messages()[0].id, outcome=bounced, can_ask=True)
    house.after(minutes=1)

    assert len(mail.taken) == 1
    assert house.tasks() == [(UNIT, "address_unreachable")]


def test_a_rate_is_kept_and_nothing_is_saved_up() -> None:
    mail = Provider("email")
    mail.per_minute = 3
    house = House(mail)
    for number in range(9):
        house.reach("email", f"office{number}@school.example", unit=f"school:314100030{number}")
        house.notice(number, unit=f"school:314100030{number}")

    house.send()
    assert len(mail.taken) == 3
    house.after(seconds=20)
    assert len(mail.taken) == 4
    house.after(hours=1)
    assert len(mail.taken) == 7


def test_nobody_is_told_in_quiet_hours_or_on_days_off_and_then_in_one_message() -> None:
    mail = Provider("email")
    house = House(mail)
    house.reach("email")
    with acting_on(DAY, department=UNIT):
        house.app.set_hours(unit=UNIT, quiet_from=time(12), quiet_until=time(8), working_days=True)
    house.notice(1)
    house.notice(2)

    house.after(hours=6)
    assert mail.taken == []
    house.after(hours=14)  # eight in the morning, Tuesday

    [(message, _)] = mail.taken
    assert len(message.items) == 2


def test_a_digest_comes_once_a_day() -> None:
    mail = Provider("email")
    house = House(mail)
    house.reach("email")
    with acting_on(DAY, department=UNIT):
        house.app.set_hours(unit=UNIT, digest_at=time(9))

    for number in range(48):
        house.notice(number)
        house.after(hours=1)

    sent_at = [event.timestamp.hour + 8 for event in house.happened(Dispatch.Begun)]
    assert sent_at[0] == 13  # noon is past nine: at once
    assert sent_at[1:] == [9, 9, 9]  # twenty the next day; on the day after it twenty-four, in two messages


def test_on_days_of_absence_the_deputy_is_told() -> None:
    mail, sms = Provider("email"), Provider("sms")
    house = House(mail, sms)
    house.reach("email")
    house.reach("sms", holder="deputy")
    with acting_on(DAY, department=UNIT):
        house.app.set_absence(unit=UNIT, from_on=DAY, until_on=DAY)

    house.notice(1)
    house.send()
    house.clock.step(date(2026, 9, 16) - DAY)
    house.notice(2)
    house.send()

    assert (len(sms.taken), len(mail.taken)) == (1, 1)


def test_a_message_is_sent_again_on_request_of_its_unit_under_the_same_key() -> None:
    mail = Provider("email")
    house = House(mail)
    house.reach("email")
    house.notice()
    house.send()
    key = house.messages()[0].id

    with acting_on(DAY, department="school:3141000399"), pytest.raises(Forbidden):
        house.dispatching.resend_dispatch(dispatch_id=key)
    with acting_on(DAY, department=UNIT):
        house.dispatching.resend_dispatch(dispatch_id=key)
    house.after(seconds=1)

    assert mail.keys == [key, key]


def test_what_has_arrived_is_not_sent_again_even_on_request() -> None:
    mail = Provider("email", Outcome(result="delivered"))
    house = House(mail)
    house.reach("email")
    house.notice()
    house.send()

    with acting_on(DAY, department=UNIT), pytest.raises(Refused, match="has arrived"):
        house.dispatching.resend_dispatch(dispatch_id=house.messages()[0].id)


def test_a_system_hears_of_every_notice_beside_the_people_and_is_told_nothing_more_after_days_of_failure() -> None:
    mail, door = Provider("email"), Provider("webhook", ACCEPTED, *[AWAY] * 500)
    house = House(mail, door)
    house.reach("email")
    house.reach("webhook")

    house.notice(1)
    house.send()
    assert (len(mail.taken), len(door.taken)) == (1, 1)
    for hour in range(6 * 24):
        house.notice(2 + hour)
        house.after(hours=1)

    assert house.tasks() == [(UNIT, "address_unreachable")]
    begun = len(house.messages())
    house.notice(999)
    house.after(hours=1)
    assert [message.channel for message in house.messages()[begun:]] == ["email"]


@pytest.mark.parametrize("address", ["office@school", "a b@c.de", "office@school.example\nBcc: x@y.zz", "01234567890"])
def test_what_is_no_address_is_refused_without_being_quoted(address: str) -> None:
    house = House()
    for channel in ("email", "sms"):
        with pytest.raises(Refused) as refused:
            house.reach(channel, address)  # type: ignore[arg-type]
        assert address not in str(refused.value)


def test_a_unit_sets_its_own_addresses_only() -> None:
    house = House()
    with acting_on(DAY, department="school:3141000399"), pytest.raises(Forbidden):
        house.app.set_address(unit=UNIT, channel="email", address="office@school.example")


def test_two_senders_at_once_begin_a_message_once() -> None:
    mail = Provider("email")
    house = House(mail)
    entry_id = house.reach("email")
    notice_id = house.notice()
    with acting(by_the_clock(house.clock)):
        first = house.dispatching.begin(unit=UNIT, entry_id=entry_id, notice_ids=[notice_id])
        second = house.dispatching.begin(unit=UNIT, entry_id=entry_id, notice_ids=[notice_id, UUID(int=5)][:1])

    assert first is not None
    assert second is None


def test_what_is_told_to_a_unit_is_told_to_a_person_of_it_too_where_that_person_says_so() -> None:
    mail, sms = Provider("email"), Provider("sms")
    house = House(mail, sms)
    house.reach("email")
    mine = house.reach("sms", mine=True)

    notice_id = house.notice()
    house.send()
    house.after(days=2)

    assert [to.address for _, to in mail.taken] == [MAILBOX]
    assert [(to.entry_id, to.address) for _, to in sms.taken] == [(mine, TELEPHONE)]
    assert sms.keys == [Dispatch.id_of(notice_id=notice_id, entry_id=mine)]


def test_an_address_may_be_for_some_matters_only() -> None:
    mail, sms = Provider("email"), Provider("sms")
    house = House(mail, sms)
    house.reach("sms", mine=True, matters=("case",))
    house.reach("email", mine=True, matters=("oversight", "aid"))

    house.notice(1, reason="circular")
    house.notice(2, reason="case_opened")
    house.notice(3, reason="data_request")
    house.send()

    assert [item.reason for message, _ in mail.taken for item in message.items] == ["circular"]
    assert [item.reason for message, _ in sms.taken for item in message.items] == ["case_opened"]


def test_where_the_address_for_a_matter_fails_one_that_is_not_for_it_is_not_told() -> None:
    mail, sms = Provider("email"), Provider("sms", Outcome(result="failed", failure="unknown_address"))
    house = House(mail, sms)
    house.reach("sms", matters=("oversight",))
    house.reach("email", matters=("case",))
    house.reach("email", "deputy@school.example", holder="deputy")

    house.notice()
    house.send()
    house.send()

    assert [to.address for _, to in mail.taken] == ["deputy@school.example"]


def test_a_person_has_hours_a_digest_and_a_deputy_of_its_own() -> None:
    sms = Provider("sms")
    house = House(sms)
    house.reach("sms", "13900000009")
    house.reach("sms", mine=True)
    house.reach("sms", "13900000002", holder="deputy", mine=True)
    with acting_on(DAY, department=UNIT):
        house.app.set_hours(unit=UNIT, quiet_from=time(11), quiet_until=time(14), mine=True)
        house.app.set_absence(unit=UNIT, from_on=DAY, until_on=DAY, mine=True)

    house.notice(1)
    house.send()
    assert [to.address for _, to in sms.taken] == ["13900000009"]
    house.after(hours=3)
    assert [to.address for _, to in sms.taken] == ["13900000009", "13900000002"]


def test_who_left_a_unit_is_told_nothing_more_once_a_colleague_has_cleared_the_address() -> None:
    sms = Provider("sms")
    house = House(sms)
    mine = house.reach("sms", mine=True)
    with acting_on(DAY, department="school:3141000301"), pytest.raises(Forbidden):
        house.app.clear_address(unit=UNIT, entry_id=mine, account="officer-1")
    with acting_on(DAY, department=UNIT):
        house.app.clear_address(unit=UNIT, entry_id=mine, account="officer-1")

    house.notice()
    house.send()

    assert sms.taken == []


def test_nobody_is_told_twice_at_one_number_and_no_system_is_one_persons() -> None:
    house = House()
    house.reach("sms")

    with pytest.raises(Refused, match="twice"):
        house.reach("sms", mine=True)
    with pytest.raises(Refused, match="系统推送由单位登记"):
        house.reach("webhook", mine=True)
    with pytest.raises(Refused, match="weather"):
        house.reach("email", matters=("weather",))


def test_a_number_of_a_person_that_reaches_nobody_is_its_units_task() -> None:
    sms = Provider("sms", Outcome(result="failed", failure="unknown_address"))
    house = House(sms)
    house.reach("sms", mine=True)

    house.notice()
    house.send()
    house.after(days=9)

    assert sms.taken == []
    assert house.tasks() == [(UNIT, "address_unreachable")]


def test_a_message_whose_record_meets_a_report_is_recorded_all_the_same_and_so_are_the_others() -> None:
    sms = Reporting("sms")
    house = House(sms)
    sms.house = house
    for number in range(9):
        house.reach("sms", f"1390000001{number}", unit=f"school:314100030{number}")
        house.notice(number, unit=f"school:314100030{number}")

    house.send()

    assert len(sms.taken) == 9
    assert {message.state for message in house.messages()} == {"delivered", "accepted"}
    assert all(message.tries == 1 for message in house.messages())


class Reporting(Provider):
    """A provider that reports every third message before it has answered."""

    house: House

    def send(self, message: Message, *, to: Address) -> Outcome:
        answer = super().send(message, to=to)
        if to.address[-1] in "036":
            with acting_on(DAY):
                self.house.dispatching.conclude(
                    dispatch_id=message.key, outcome=Outcome(result="delivered"), can_ask=False
                )
        return answer


def test_a_notice_that_cannot_be_read_keeps_no_other_in_the_house_and_health_is_told() -> None:
    sms = Provider("sms")
    house = House(sms)
    for number in range(5):
        house.reach("sms", f"1390000001{number}", unit=f"school:314100030{number}")
    broken, *others = [house.notice(number, unit=f"school:314100030{number}") for number in range(5)]
    house.app.unreadable.add(broken)

    with pytest.raises(SomeFailed):
        house.send()

    assert {item.notice_id for message, _ in sms.taken for item in message.items} == set(others)


def test_where_nobody_can_be_asked_no_message_is_begun_ahead_of_its_line() -> None:
    class Counting(Provider):
        width = 2
        begun = 0

        def send(self, message: Message, *, to: Address) -> Outcome:
            sending = sum(one.state == "sending" for one in house.messages())
            self.begun = max(self.begun, sending)
            return super().send(message, to=to)

    mail, sms = Counting("email", can_ask=False), Counting("sms", can_ask=True)
    house = House(mail, sms)
    for number in range(9):
        for channel, address in (("email", f"office{number}@school.example"), ("sms", f"1390000001{number}")):
            house.reach(channel, address, unit=f"school:314100030{number}", mine=channel == "sms")
        house.notice(number, unit=f"school:314100030{number}")

    house.send()

    assert (len(mail.taken), len(sms.taken)) == (9, 9)
    assert mail.begun <= 2
    assert sms.begun <= 4


def test_a_message_whose_lease_ran_out_before_it_was_handed_over_is_not_handed_over() -> None:
    sms = Provider("sms")
    house = House(sms)
    house.reach("sms")
    house.notice()
    with acting(by_the_clock(house.clock)):
        first = next(house.app.waiting.first({"sms"}, now=house.clock.now()))
        claimed = house.dispatching.begin(unit=UNIT, entry_id=first.entry_id, notice_ids=first.notice_ids)
    assert claimed is not None
    house.clock.step(LEASE)

    assert house.sender._send(sms, claimed) is None
    assert sms.taken == []
