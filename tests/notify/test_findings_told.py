"""Whoever owes the answer to a finding is told: of many alike once, never who the child is, and above when it is late."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from services.contracts import field_check, roster
from services.notify.domain.notice import Notice
from services.notify.domain.templates import TEMPLATES
from services.roster.domain.findings import CATALOGUE
from tests.notify.given import CHILD, DAY, SCHOOL, TOWNSHIP, NoticesInMemory, acting_on, days

POLICE, BUREAU, COUNTY_GOVERNMENT = "public_security:410326", "education_bureau:410326", "county_government:410326"
DUE = DAY + days(28)
OTHER_TOWNSHIP = "410326104"


def found(
    *, owner: str = POLICE, kind: str = "no_id_number", township: str = TOWNSHIP, due_on: date | None = DUE
) -> roster.FindingRaised:
    """A finding was raised."""
    return roster.FindingRaised(
        finding_id=uuid4(),
        child_id=CHILD,
        kind=kind,
        reason="各名册均无有效身份证号",
        owner=owner,
        township=township,
        village="",
        school=SCHOOL,
        stage="junior",
        raised_on=DAY,
        due_on=due_on,
    )


def answered() -> roster.FindingAnswered:
    """The police answered."""
    return roster.FindingAnswered(
        finding_id=uuid4(),
        child_id=CHILD,
        kind="no_id_number",
        code="number_issued",
        evidence="公户核〔2026〕15号",
        answered_by=POLICE,
        answered_on=DAY,
        due_on=DAY + days(7),
    )


def returned(*, owner: str = POLICE) -> roster.FindingReturned:
    """The answer was not accepted."""
    return roster.FindingReturned(
        finding_id=uuid4(),
        child_id=CHILD,
        kind="no_id_number",
        reason="文号有误",
        due_on=DUE,
        returned_on=DAY,
        owner=owner,
        township=TOWNSHIP,
    )


def late(*, owner: str) -> roster.FindingOverdue:
    """What was owed is late."""
    return roster.FindingOverdue(
        finding_id=uuid4(),
        child_id=CHILD,
        kind="transfer_pending",
        owner=owner,
        due_on=DAY,
        overdue_on=DAY + days(1),
        township=TOWNSHIP,
    )


def notices(app: NoticesInMemory) -> list[Notice.Raised]:
    return [event for event in app.stored if isinstance(event, Notice.Raised)]


def test_the_unit_that_owes_an_answer_is_told_by_when_in_words_that_name_nobody() -> None:
    app = NoticesInMemory()
    app.hear(found())

    (notice,) = notices(app)
    assert (notice.recipient, notice.about, notice.due_on) == (POLICE, app.stored[0].about, DUE)
    assert notice.text == (
        f"名册比对有新发现（汝阳县），应由汝阳县公安局办理“核查无有效身份证号”，期限{DUE}。请登录系统签收，在“比对发现”中逐名答复。"
    )
    assert str(CHILD) not in repr(app.stored)


def test_a_thousand_findings_alike_are_one_notice() -> None:
    app = NoticesInMemory()
    for _ in range(50):
        app.hear(found())
        app.hear(found(township=OTHER_TOWNSHIP))

    assert app.recipients == [POLICE]


def test_another_kind_another_day_another_place_is_another_notice() -> None:
    app = NoticesInMemory()
    app.hear(found())
    app.hear(found(kind="identity_mismatch"))
    app.hear(found(due_on=DUE + days(1)))
    app.hear(found(owner=f"township:{TOWNSHIP}"))
    app.hear(found(owner=f"township:{OTHER_TOWNSHIP}", township=OTHER_TOWNSHIP))

    assert app.recipients == [POLICE, POLICE, POLICE, f"township:{TOWNSHIP}", f"township:{OTHER_TOWNSHIP}"]


def test_one_more_after_the_notice_was_acknowledged_is_told_anew() -> None:
    app = NoticesInMemory()
    for _ in range(2):
        app.hear(found())
        app.hear(found())
        with acting_on(DAY, department=POLICE):
            app.acknowledge_notice(notice_id=notices(app)[-1].originator_id)

    assert app.recipients == [POLICE, POLICE]


def list_late(*, reminded: str = "township", village: str = "410326103005") -> field_check.FieldCheckOverdue:
    """A village's list was not handed in by its day."""
    return field_check.FieldCheckOverdue(
        field_check_id=uuid4(),
        township=TOWNSHIP,
        village=village,
        round="2026-autumn",
        reminded=reminded,  # type: ignore[arg-type]  # one of the two
        due_on=DUE,
        unanswered=3,
        overdue_on=DUE + days(1),
    )


def test_lists_of_a_township_that_are_late_are_told_to_it_together_and_to_the_bureau_when_they_stay_out() -> None:
    app = NoticesInMemory()
    for reminded in ("township", "education_bureau"):
        for village in ("410326103005", "410326103007", ""):
            app.hear(list_late(reminded=reminded, village=village))

    assert app.recipients == [f"township:{TOWNSHIP}", BUREAU]
    assert [notice.text for notice in notices(app)] == [
        f"摸排名单逾期未上报（小店镇）：小店镇人民政府应办“摸排名单回收上报”，期限{DUE}已过。请立即回收、上报。",
        f"乡镇摸排名单逾期仍未上报（小店镇）：“摸排名单回收上报”期限{DUE}已过，请汝阳县教育体育局督办。",
    ]


def test_an_answer_is_told_to_the_bureau_and_one_sent_back_to_its_owner() -> None:
    app = NoticesInMemory()
    app.hear(answered())
    app.hear(returned())

    assert app.recipients == [BUREAU, POLICE]
    assert [notice.reason for notice in notices(app)] == ["finding_answered", "finding_returned"]


@pytest.mark.parametrize(
    ("owner", "superior"),
    [(f"school:{SCHOOL}", f"township:{TOWNSHIP}"), (f"township:{TOWNSHIP}", BUREAU), (BUREAU, COUNTY_GOVERNMENT)],
)
def test_what_is_late_is_told_to_the_owner_and_to_whom_stands_above_it(owner: str, superior: str) -> None:
    app = NoticesInMemory()
    app.hear(late(owner=owner))

    assert app.recipients == [owner, superior]


def test_a_notice_of_findings_that_nobody_acknowledges_climbs() -> None:
    app = NoticesInMemory()
    app.hear(found(owner=f"school:{SCHOOL}", kind="transfer_pending"))
    for day in range(1, 60):
        app.pass_to(DAY + days(day))

    assert app.recipients == [f"school:{SCHOOL}", f"township:{TOWNSHIP}", BUREAU, COUNTY_GOVERNMENT]
    assert all("个案" not in notice.text for notice in notices(app))


def test_of_a_finding_of_before_events_named_the_owner_nobody_is_told_again() -> None:
    app = NoticesInMemory()
    app.hear(returned(owner=""))

    assert app.recipients == []


def test_every_kind_of_finding_has_its_words() -> None:
    assert {entry.kind for entry in CATALOGUE.kinds} <= set(TEMPLATES.steps)


def test_hearing_of_a_finding_again_tells_nobody_twice() -> None:
    app = NoticesInMemory()
    finding = found()
    app.hear(finding)
    before = len(app.stored)
    app.hear(finding)

    assert len(app.stored) == before


def test_what_else_the_roster_tells_puts_nobody_under_a_duty() -> None:
    app = NoticesInMemory()
    app.hear(roster.ChildErased(child_id=UUID(int=1), reason="依申请删除"))

    assert app.stored == []


def test_that_the_day_of_findings_is_near_is_told_to_their_owner_once() -> None:
    app = NoticesInMemory()
    near = roster.FindingsFallDue(
        warning_id=uuid4(),
        owner=f"school:{SCHOOL}",
        township=TOWNSHIP,
        kind="not_in_seat",
        due_on=DAY + days(2),
        warned_on=DAY,
    )

    app.hear(near)
    app.hear(near)

    [raised] = [event for event in app.stored if isinstance(event, Notice.Raised)]
    assert app.recipients == [f"school:{SCHOOL}"]
    assert "即将到期" in raised.text
