"""Notices around one case, from the school to the county: every event the service knows occurs."""

from datetime import datetime, time
from uuid import UUID

from services.chassis.aggregate import RecordedAggregate
from services.notify.domain.contact import Contact, Hours
from services.notify.domain.dispatch import Dispatch, Outcome
from services.notify.domain.notice import Notice
from tests.notify.given import (
    CASE,
    DAY,
    PAPER,
    SCHOOL,
    TOWNSHIP,
    FailingChannel,
    NoticesInMemory,
    acting_on,
    days,
    issued,
    opened,
    raised,
    referred,
)
from tests.notify.sending import ADDRESSES, SECRET, UNIT

ENTRIES = tuple(UUID(int=0xA000 + number) for number in range(3))


def a_case_nobody_looks_at() -> NoticesInMemory:
    """An application in which a case's notices failed, climbed, and one was acknowledged at last."""
    app = NoticesInMemory(channel=FailingChannel("unreachable"))
    app.hear(opened())
    notice_id = app.stored[-1].originator_id
    for day in range(1, 30):
        app.pass_to(DAY + days(day))
    app.hear(issued(f"township:{TOWNSHIP}"), aggregate_id=PAPER, on=DAY + days(30))
    app.hear(referred("civil_affairs"), aggregate_id=PAPER, version=2, on=DAY + days(30))
    with acting_on(DAY + days(31), department=f"school:{SCHOOL}"):
        app.acknowledge_notice(notice_id=notice_id)
    return app


def a_unit_told_outside_the_house() -> list[RecordedAggregate]:
    """A school with addresses that fail, arrive, stay open and are mended: every event of contacts and messages occurs."""
    with acting_on(DAY, department=UNIT):
        contact = Contact.open(unit=UNIT)
        for number, channel in enumerate(("email", "sms", "webhook")):
            contact.set_address(
                entry_id=ENTRIES[number],
                channel=channel,  # type: ignore[arg-type]
                address=ADDRESSES[channel],  # type: ignore[index]
                secret=SECRET if channel == "webhook" else "",
                holder="deputy" if channel == "sms" else "officer",
            )
        contact.set_hours(Hours(quiet_from=time(21), quiet_until=time(7), working_days=True, digest_at=time(9)))
        contact.set_absence(from_on=DAY, until_on=DAY + days(3))
        contact.clear_address(entry_id=ENTRIES[2])
        contact.suspend(entry_id=ENTRIES[0], failure="unknown_address")
    notice = raised()
    with acting_on(DAY) as caused:
        messages = [_a_message(notice, entry_id=entry_id, at=caused.at) for entry_id in ENTRIES[:2]]
        mail, text = messages
        mail.conclude(Outcome(result="open"), at=caused.at, can_ask=False)
        mail.request(at=caused.at)
        mail.take_up(at=caused.at)
        mail.conclude(Outcome(result="failed", failure="unknown_address"), at=caused.at, can_ask=False)
        text.conclude(Outcome(result="accepted", reference="A7"), at=caused.at, can_ask=True)
        text.conclude(Outcome(result="delivered"), at=caused.at + days(1), can_ask=True)
    return [contact, notice, *messages]


def _a_message(notice: Notice, *, entry_id: UUID, at: datetime) -> Dispatch:
    message = Dispatch.begin(
        unit=UNIT,
        entry_id=entry_id,
        channel="email" if entry_id == ENTRIES[0] else "sms",
        hint="…0001",
        area=TOWNSHIP,
        notices=(notice.id,),
        cases=(CASE,),
        at=at,
    )
    notice.hand_over(entry_id=entry_id, dispatch_id=message.id)
    return message
