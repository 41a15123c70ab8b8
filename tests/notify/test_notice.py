"""A notice: delivered once, acknowledged by whom it was for, and climbing until somebody does."""

from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.aggregate import now
from services.chassis.errors import Forbidden, Refused
from services.notify.domain.notice import TRIES_MAX, Delivery, Failure, Notice
from services.notify.domain.units import County
from tests.notify.given import CASE, COUNTY, DAY, SCHOOL, TOWNSHIP, acting_on, days, raised

LATE = DAY + days(30)


def deliver(notice: Notice, failure: Failure | None = None) -> None:
    with acting_on(DAY):
        notice.record_delivery(Delivery(channel="inbox", failure=failure), at=now())


def escalate(notice: Notice) -> list[Notice]:
    with acting_on(LATE):
        return notice.escalate(county=COUNTY, today=LATE)


def test_one_cause_recipient_and_reason_make_one_notice() -> None:
    assert raised().id == raised(on=DAY + days(1)).id
    assert raised().id != raised(reason="case_confirmed").id != raised(recipient=f"township:{TOWNSHIP}").id


def test_a_delivered_notice_is_not_delivered_again() -> None:
    notice = raised()
    deliver(notice)
    before = notice.version
    deliver(notice)
    assert (notice.version, notice.owes_delivery) == (before, False)


def test_a_channel_that_is_away_is_tried_again_and_at_last_given_up() -> None:
    notice = raised()
    for _ in range(TRIES_MAX - 1):
        deliver(notice, "unreachable")
        assert notice.owes_delivery
    deliver(notice, "unreachable")
    assert not notice.owes_delivery


@pytest.mark.parametrize("failure", ["refused", "unknown_address"])
def test_a_channel_that_says_no_is_not_asked_again(failure: Failure) -> None:
    notice = raised()
    deliver(notice, failure)
    assert not notice.owes_delivery


def test_a_notice_is_acknowledged_by_the_unit_it_was_for_and_once() -> None:
    notice = raised()
    with acting_on(DAY):
        notice.acknowledge(department=f"school:{SCHOOL}")
        before = notice.version
        notice.acknowledge(department=f"school:{SCHOOL}")
        with pytest.raises(Forbidden, match="addressed"):
            notice.acknowledge(department="school:3141000999")
    assert notice.version == before


def test_a_notice_does_not_climb_while_there_is_time() -> None:
    notice = raised()
    with acting_on(DAY):
        assert notice.escalate(county=COUNTY, today=notice.reply_by) == []
        assert len(notice.escalate(county=COUNTY, today=notice.reply_by + days(1))) == 1


def test_an_acknowledged_notice_never_climbs() -> None:
    notice = raised()
    with acting_on(DAY):
        notice.acknowledge(department=f"school:{SCHOOL}")
    assert escalate(notice) == []


def test_an_escalated_notice_climbs_once_and_can_still_be_acknowledged() -> None:
    notice = raised()
    assert len(escalate(notice)) == 1
    assert escalate(notice) == []
    with acting_on(LATE):
        notice.acknowledge(department=f"school:{SCHOOL}")
    assert notice.acknowledged_by == f"school:{SCHOOL}"


def test_a_notice_nobody_acknowledges_climbs_from_the_school_to_the_county() -> None:
    notice, way = raised(), [f"school:{SCHOOL}"]
    day = DAY
    while True:
        day += days(30)
        with acting_on(day):
            above = notice.escalate(county=COUNTY, today=day)
        if not above:
            break
        (notice,) = above
        way.append(notice.recipient)
    assert way == [
        f"school:{SCHOOL}",
        f"township:{TOWNSHIP}",
        "education_bureau:410326",
        "county_government:410326",
    ]


def test_a_departments_superior_is_the_county_and_an_unknown_townships_is_the_bureau() -> None:
    assert COUNTY.superior("civil_affairs:410326", area=TOWNSHIP) == "county_government:410326"
    assert COUNTY.superior(f"school:{SCHOOL}", area="410326") == "education_bureau:410326"
    assert COUNTY.superior("village:410326103201", area=TOWNSHIP) == f"township:{TOWNSHIP}"


@given(kind=st.from_regex(r"[a-z_]{0,9}[a-z]", fullmatch=True), area=st.sampled_from(["410326", TOWNSHIP]))
def test_every_way_up_ends_at_the_top_within_four_steps(kind: str, area: str) -> None:
    recipient: str | None = f"{kind}:{area}"
    for _ in range(4):
        if recipient is not None:
            recipient = COUNTY.superior(recipient, area=area)
    assert recipient is None


@pytest.mark.parametrize(
    ("kind", "school", "township", "unit"),
    [
        ("teacher", SCHOOL, TOWNSHIP, f"school:{SCHOOL}"),
        ("school", "", TOWNSHIP, f"township:{TOWNSHIP}"),
        ("township", SCHOOL, TOWNSHIP, f"township:{TOWNSHIP}"),
        ("township", SCHOOL, "", "education_bureau:410326"),
        ("bureau", SCHOOL, TOWNSHIP, "education_bureau:410326"),
        ("county", SCHOOL, TOWNSHIP, "county_government:410326"),
        ("justice", SCHOOL, TOWNSHIP, "justice:410326"),
        ("court", SCHOOL, TOWNSHIP, "court:410326"),
    ],
)
def test_whoever_owes_a_step_has_an_address(kind: str, school: str, township: str, unit: str) -> None:
    assert County("410326").addressee(kind, township=township, school=school) == unit


def test_a_notice_to_something_that_is_no_unit_is_refused() -> None:
    with pytest.raises(Refused, match="units"):
        raised(recipient="王老师")


def test_the_superiors_notice_says_what_was_not_acknowledged() -> None:
    notice = raised()
    (above,) = escalate(notice)
    assert (above.about, above.case_id, above.reason) == (notice.id, CASE, "escalated")
    assert "核实" in above.text
    assert above.id == uuid5(notice.id, f"township:{TOWNSHIP}/escalated")
