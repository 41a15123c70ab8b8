"""Whom notify tells of what is asked beside the cases, and of answers that are late."""

from uuid import UUID

import pytest

from services.contracts import assistance, cases, near_replies, oversight
from services.contracts.envelope import Published
from tests.notify.given import CASE, CHILD, DAY, SCHOOL, TOWNSHIP, NoticesInMemory, days, opened

ABOUT = UUID("e4f6b6a0-6f27-4a0c-8a51-8d3f0f0f7b09")
LATE = UUID("e4f6b6a0-6f27-4a0c-8a51-8d3f0f0f7b10")


def overdue(*, owed_by: str, up_to: str) -> oversight.ReplyOverdue:
    """An answer that didn't come."""
    return oversight.ReplyOverdue(
        late_reply_id=LATE,
        matter="referral",
        about=ABOUT,
        number=0,
        owed_by=owed_by,
        township=TOWNSHIP,
        case_id=CASE,
        child_id=CHILD,
        due_on=DAY,
        up_to=up_to,
        noted_on=DAY + days(1),
    )


CLIMBED = oversight.ReplyClimbed(
    late_reply_id=LATE,
    about=ABOUT,
    case_id=CASE,
    township=TOWNSHIP,
    due_on=DAY,
    up_to="county_government",
    climbed_on=DAY + days(9),
)
NEAR = near_replies.ReplyFallsDue(
    near_reply_id=LATE,
    matter="referral",
    about=ABOUT,
    number=0,
    owed_by="civil_affairs",
    township=TOWNSHIP,
    case_id=CASE,
    due_on=DAY + days(2),
    warned_on=DAY,
)
SUMMONS = oversight.AdmonitionIssued(
    admonition_id=ABOUT,
    kind="interview",
    unit=f"township:{TOWNSHIP}",
    township=TOWNSHIP,
    number="3",
    ground="three steps ran out",
    reply_by=DAY + days(10),
    issued_on=DAY,
)
ANSWER = oversight.AdmonitionAnswered(
    admonition_id=ABOUT,
    unit=f"township:{TOWNSHIP}",
    township=TOWNSHIP,
    answer="we visit",
    late=False,
    answered_on=DAY,
)
PUT_RIGHT = oversight.RectificationReported(
    inspection_id=ABOUT, township=TOWNSHIP, number=1, evidence="photo 3", reported_on=DAY
)
AID_ANSWER = assistance.AidQuestionAnswered(question_id=ABOUT, child_id=CHILD, answer="set_right", answered_on=DAY)
FOUND = oversight.InspectionFound(
    inspection_id=ABOUT,
    unit=f"school:{SCHOOL}",
    township=TOWNSHIP,
    number=1,
    finding="no visit record",
    owed_by=f"school:{SCHOOL}",
    due_on=DAY + days(10),
)

RESULT = oversight.InspectionClosed(
    inspection_id=ABOUT, unit=f"school:{SCHOOL}", township=TOWNSHIP, found=1, closed_on=DAY
)
MEASURE = assistance.PlanOverdue(
    overdue_id=LATE,
    matter="measure",
    about=ABOUT,
    owed_by=f"school:{SCHOOL}",
    township=TOWNSHIP,
    child_id=CHILD,
    due_on=DAY,
    noted_on=DAY + days(1),
)
MEASURE_CLIMBED = assistance.PlanOverdueClimbed(
    overdue_id=LATE,
    matter="measure",
    about=ABOUT,
    owed_by=f"school:{SCHOOL}",
    township=TOWNSHIP,
    child_id=CHILD,
    due_on=DAY,
    up_to="township",
    climbed_on=DAY + days(9),
)


REPORT = cases.PublicReportReceived(
    report_id=ABOUT,
    receipt_number="JB20260914-A",
    township=TOWNSHIP,
    received_on=DAY,
    owed=cases.Owed(step="look_into_report", by="bureau", due_on=DAY + days(8), rule="N3.5", legal_basis="law"),
)


@pytest.mark.parametrize(
    ("event", "recipients"),
    [
        (
            overdue(owed_by="civil_affairs", up_to="education_bureau"),
            ["civil_affairs:410326", "education_bureau:410326"],
        ),
        (overdue(owed_by="other_county", up_to="education_bureau"), ["education_bureau:410326"]),
        (overdue(owed_by=f"school:{SCHOOL}", up_to="township"), [f"school:{SCHOOL}", f"township:{TOWNSHIP}"]),
        (CLIMBED, ["county_government:410326"]),
        (NEAR, ["civil_affairs:410326"]),
        (SUMMONS, [f"township:{TOWNSHIP}"]),
        (ANSWER, ["education_bureau:410326"]),
        (PUT_RIGHT, ["education_bureau:410326"]),
        (AID_ANSWER, ["education_bureau:410326"]),
        (FOUND, [f"school:{SCHOOL}"]),
        (RESULT, [f"school:{SCHOOL}"]),
        (REPORT, ["education_bureau:410326"]),
        (MEASURE, [f"school:{SCHOOL}"]),
        (MEASURE_CLIMBED, [f"township:{TOWNSHIP}"]),
    ],
)
def test_a_unit_is_told_what_it_owes_and_its_superior_what_is_late(event: Published, recipients: list[str]) -> None:
    app = NoticesInMemory()

    app.hear(event)

    assert app.recipients == recipients


@pytest.mark.parametrize(
    "event",
    [
        cases.ReferralAnswered(
            referral_id=ABOUT, case_id=CASE, child_id=CHILD, to="civil_affairs", outcome="granted", answered_on=DAY,
            asked_by=f"township:{TOWNSHIP}",
        ),
        oversight.ReferralReturned(
            referral_id=ABOUT, case_id=CASE, child_id=CHILD, to="civil_affairs", reason="not ours",
            asked_by=f"township:{TOWNSHIP}",
        ),
    ],
)  # fmt: skip
def test_whoever_asked_hears_of_the_answer_and_of_the_return(event: Published) -> None:
    app = NoticesInMemory()
    app.hear(opened())

    app.hear(event)

    assert app.recipients[-1] == f"township:{TOWNSHIP}"
