"""Reports of the public: receipted, and the informant protected."""

from datetime import date
from uuid import UUID

import pytest

from services.cases.domain.public_report import LONGEST_TEXT, PublicReport
from services.cases.publisher import publish
from services.chassis.errors import Refused
from services.chassis.mapper import shape_of
from services.contracts import cases as told
from tests.cases.given import MONDAY, acting_on

REPORT = UUID("1f6d7c3e-0d6b-4f53-8c5e-2f4dd40a9c11")


def received(text: str = "A boy of about twelve works at the kiln.") -> PublicReport:
    """A report just taken in."""
    with acting_on(MONDAY):
        return PublicReport.receive(
            report_id=REPORT, informant="a neighbour", text=text, township="410326103", today=MONDAY
        )


def test_the_receipt_number_is_made_of_date_and_id_and_nothing_else() -> None:
    assert received().receipt_number == "JB20260914-1F6D7C3E0D"


def test_the_informant_is_sealed_apart_from_the_matter() -> None:
    report = received()

    assert shape_of(PublicReport.Received).personal == {"informant": "originator_id", "text": "originator_id"}
    assert shape_of(PublicReport.InformantNamed).personal == {"informant": "informant_id"}
    matter, informant = report.pending_events
    assert (matter.informant, informant.informant) == ("", "a neighbour")
    assert informant.informant_id not in {REPORT, None}


def test_who_stays_unnamed_leaves_no_trace_of_an_informant() -> None:
    with acting_on(MONDAY):
        report = PublicReport.receive(report_id=REPORT, informant=" ", text="a boy", township="410326103", today=MONDAY)

    assert [type(event) for event in report.pending_events] == [PublicReport.Received]


def test_what_is_published_tells_neither_informant_nor_text() -> None:
    assert publish(received().pending_events[0]) == told.PublicReportReceived(
        report_id=REPORT,
        receipt_number="JB20260914-1F6D7C3E0D",
        township="410326103",
        received_on=MONDAY,
        owed=told.Owed(
            step="look_into_report",
            by="bureau",
            due_on=date(2026, 9, 22),
            rule="N3.5-look-into-report",
            legal_basis="义务教育法第九条;县控辍保学通知三(五)",
        ),
    )


@pytest.mark.parametrize("text", ["", "  ", "x" * (LONGEST_TEXT + 1)])
def test_a_report_says_something_and_not_a_novel(text: str) -> None:
    with pytest.raises(Refused, match=r"N3\.5"):
        received(text)
