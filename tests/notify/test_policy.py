"""What notify does when a case tells something, and when a day passes."""

from uuid import UUID

import pytest

from services.chassis.application import Answer, SomeFailed
from services.chassis.errors import Stale
from services.contracts import cases
from services.contracts import notify as told
from services.contracts.envelope import Published
from services.notify.domain.notice import Notice
from services.notify.lookup import OpenNotices
from services.notify.publisher import publish
from tests.notify.given import (
    CASE,
    CHILD,
    DAY,
    PAPER,
    SCHOOL,
    TOWNSHIP,
    FailingChannel,
    NoticesInMemory,
    acting_on,
    days,
    expired,
    issued,
    opened,
    owed,
    referred,
)
from tests.notify.lives import a_case_nobody_looks_at, a_unit_told_outside_the_house
from tests.notify.sending import ADDRESSES


def test_an_opened_case_tells_the_school_of_the_teacher_who_owes_the_look() -> None:
    app = NoticesInMemory()
    app.hear(opened(by="teacher"))
    first, second = app.told
    assert isinstance(first, told.NoticeRaised)
    assert (first.recipient, first.area, first.case_id, first.reply_by) == (
        f"school:{SCHOOL}",
        TOWNSHIP,
        CASE,
        DAY + days(3),
    )
    assert (
        first.text
        == f"个案{CASE.hex[:8]}（小店镇）已立案，应由学校（{SCHOOL}）办理“核实”，期限2026-09-21。请登录系统签收办理。"
    )
    assert isinstance(second, told.NoticeDelivered)


def test_a_child_without_a_school_is_told_to_its_township() -> None:
    app = NoticesInMemory()
    app.hear(opened(by="school", school=""))
    assert app.recipients == [f"township:{TOWNSHIP}"]


def test_hearing_a_message_again_tells_nobody_twice() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    before = len(app.stored)
    app.hear(opened())
    assert len(app.stored) == before


def test_later_messages_find_the_place_the_case_told_first() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    app.hear(
        cases.CaseConfirmed(
            case_id=CASE, child_id=CHILD, causes=("work",), confirmed_on=DAY, owed=owed("school", step="persuade")
        ),
        version=2,
    )
    app.hear(expired("township"), version=3)
    app.hear(
        cases.CaseOrdered(case_id=CASE, child_id=CHILD, document_id=PAPER, served_on=DAY, owed=owed("justice")),
        version=4,
    )
    assert app.recipients[1:] == [f"school:{SCHOOL}", f"township:{TOWNSHIP}", "justice:410326"]


def test_the_level_above_is_told_what_ran_out_below() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    for version, by in enumerate(("bureau", "county", "court"), start=2):
        app.hear(expired(by), version=version)  # type: ignore[arg-type]
    assert app.recipients[1:] == ["education_bureau:410326", "county_government:410326", "court:410326"]


def test_who_owes_a_step_is_told_that_its_last_day_is_near() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    app.hear(cases.StepFallsDue(case_id=CASE, child_id=CHILD, owed=owed("school"), warned_on=DAY), version=2)

    assert app.recipients[1:] == [f"school:{SCHOOL}"]
    assert [raised.text for raised in app.stored if isinstance(raised, Notice.Raised) and "即将到期" in raised.text]


@pytest.mark.parametrize(
    ("issuer", "recipient"),
    [(f"township:{TOWNSHIP}", f"township:{TOWNSHIP}"), ("township:小店镇", f"township:{TOWNSHIP}")],
)
def test_a_paper_is_told_to_its_issuer_who_owes_its_service(issuer: str, recipient: str) -> None:
    app = NoticesInMemory()
    app.hear(opened())
    app.hear(issued(issuer), aggregate_id=PAPER)
    assert app.recipients[1:] == [recipient]


@pytest.mark.parametrize(
    ("to", "recipient"),
    [
        ("civil_affairs", "civil_affairs:410326"),
        ("civil_affairs:410326", "civil_affairs:410326"),
        ("township", f"township:{TOWNSHIP}"),
        ("education_bureau", "education_bureau:410326"),
    ],
)
def test_a_referral_is_told_to_the_department_that_was_asked(to: str, recipient: str) -> None:
    app = NoticesInMemory()
    app.hear(opened())
    app.hear(referred(to), aggregate_id=PAPER)
    assert app.recipients[1:] == [recipient]


def test_a_referral_heard_before_its_case_still_finds_somebody() -> None:
    app = NoticesInMemory()
    app.hear(referred("township"), aggregate_id=PAPER)
    assert app.recipients == ["education_bureau:410326"]


@pytest.mark.parametrize("township", ["", "小店镇", "410326"])
def test_a_case_without_a_township_code_is_told_at_the_bureau(township: str) -> None:
    app = NoticesInMemory()
    app.hear(opened(by="township", township=township))
    assert app.recipients == ["education_bureau:410326"]


def test_what_puts_nobody_under_a_duty_passes_by() -> None:
    app = NoticesInMemory()
    app.hear(cases.CaseVerificationBegun(case_id=CASE, child_id=CHILD, owed=owed()))
    assert app.stored == []


def test_a_new_day_takes_an_unacknowledged_notice_up_step_by_step() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    for day in range(1, 60):
        app.pass_to(DAY + days(day))
    assert app.recipients == [
        f"school:{SCHOOL}",
        f"township:{TOWNSHIP}",
        "education_bureau:410326",
        "county_government:410326",
    ]
    assert [event.to for event in app.told if isinstance(event, told.NoticeEscalated)] == app.recipients[1:]
    assert sum(isinstance(event, told.NoticeDelivered) for event in app.told) == 4


def test_an_acknowledged_notice_stays_where_it_is() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    notice_id = app.stored[-1].originator_id
    with acting_on(DAY, department=f"school:{SCHOOL}"):
        app.acknowledge_notice(notice_id=notice_id)
    app.pass_to(DAY + days(60))
    assert isinstance(app.told[-1], told.NoticeAcknowledged)


def test_a_day_that_passes_twice_changes_nothing_more() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    app.pass_to(DAY + days(30))
    before = len(app.stored)
    app.pass_to(DAY + days(30))
    assert len(app.stored) == before


def test_a_failed_delivery_is_tried_again_the_next_tick_until_it_succeeds() -> None:
    channel = FailingChannel("unreachable", "unreachable")
    app = NoticesInMemory(channel=channel)
    app.hear(opened())
    for _ in range(5):
        app.pass_to(DAY)
    assert [type(event) for event in app.told] == [
        told.NoticeRaised,
        told.NoticeDeliveryFailed,
        told.NoticeDeliveryFailed,
        told.NoticeDelivered,
    ]
    assert channel.asked == 3


def test_a_notice_that_cannot_be_worked_on_keeps_no_other_from_its_day_and_health_is_told() -> None:
    class Broken(NoticesInMemory):
        def escalate_notice(self, *, notice_id: UUID) -> Answer:
            if notice_id == broken:
                raise KeyError("a template that is gone")
            return super().escalate_notice(notice_id=notice_id)

    app = Broken()
    app.hear(expired("school"))
    broken = app.stored[0].originator_id
    app.hear(referred("civil_affairs"), aggregate_id=PAPER)

    with pytest.raises(SomeFailed, match="KeyError"):
        app.pass_to(DAY + days(30))

    assert app.recipients[2:] == ["county_government:410326"]


def test_a_notice_somebody_acts_on_at_this_very_moment_is_looked_at_the_next_time() -> None:
    class Racing(NoticesInMemory):
        def escalate_notice(self, *, notice_id: UUID) -> Answer:
            if notice_id == busy:
                raise Stale("busy")
            return super().escalate_notice(notice_id=notice_id)

    app = Racing()
    app.hear(expired("school"))
    busy = app.stored[0].originator_id
    app.hear(referred("civil_affairs"), aggregate_id=PAPER)
    app.pass_to(DAY + days(30))

    assert app.recipients[2:] == ["county_government:410326"]


def test_a_delivery_that_is_given_up_still_climbs() -> None:
    app = NoticesInMemory(channel=FailingChannel("unknown_address"))
    app.hear(opened())
    app.pass_to(DAY + days(30))
    assert app.recipients[1:] == [f"township:{TOWNSHIP}"]


def test_the_lookup_read_again_from_the_beginning_knows_the_same() -> None:
    app = NoticesInMemory(channel=FailingChannel("unreachable", "refused"))
    app.hear(opened())
    app.hear(expired("township"), version=2)
    app.pass_to(DAY + days(1))
    again = OpenNotices()
    for event in app.stored:
        again.apply(event)
    much_later = DAY + days(99)
    assert again.overdue(much_later) == app.open_notices.overdue(much_later)
    assert again.undelivered() == app.open_notices.undelivered()
    assert len(again.overdue(much_later)) == 2


def test_the_lookup_gives_the_last_day_in_time_and_the_longest_overdue_first() -> None:
    app = NoticesInMemory()
    app.hear(opened())
    app.hear(expired("township"), version=2)
    school, township = (event.originator_id for event in app.stored if isinstance(event, Notice.Raised))
    assert app.open_notices.overdue(DAY + days(2)) == []
    assert app.open_notices.overdue(DAY + days(3)) == [township]
    assert app.open_notices.overdue(DAY + days(4)) == [township, school]


def test_an_interview_is_raised_by_hand_and_only_once() -> None:
    app = NoticesInMemory()
    with acting_on(DAY, department="supervision:410326"):
        for _ in range(2):
            app.raise_notice(
                cause=PAPER,
                about=PAPER,
                recipient=f"township:{TOWNSHIP}",
                reason="interview",
                area=TOWNSHIP,
                due_on=DAY,
            )
    (raised,) = (event for event in app.stored if isinstance(event, Notice.Raised))
    assert raised.text.startswith("现约谈小店镇人民政府")


def test_notify_tells_everything_its_contract_says_and_never_the_child() -> None:
    around_a_case = a_case_nobody_looks_at().stored
    outside = [event for one in a_unit_told_outside_the_house() for event in one.pending_events]
    events = [*around_a_case, *outside]
    assert {type(said) for event in events if (said := publish(event)) is not None} == {
        kind for kind in Published.__subclasses__() if kind.__module__ == told.__name__
    }
    assert str(CHILD) not in repr(events)
    assert not any(address in repr([publish(event) for event in events]) for address in ADDRESSES.values())
