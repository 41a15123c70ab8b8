"""Reports of the public: receipted, and the informant protected."""

import hashlib
from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest

from services.cases.domain.public_report import LONGEST_SUPPLEMENT, LONGEST_TEXT, MOST_SUPPLEMENTS, PublicReport
from services.cases.publisher import publish
from services.chassis.errors import Forbidden, Refused
from services.chassis.mapper import shape_of
from services.chassis.typed_code import read_code
from services.contracts import cases as told
from services.contracts import oversight
from services.contracts.envelope import Sealed
from tests.cases.given import MONDAY, acting_on

REPORT = UUID("1f6d7c3e-0d6b-4f53-8c5e-2f4dd40a9c11")


def received(text: str = "A boy of about twelve works at the kiln.") -> PublicReport:
    """A report just taken in."""
    with acting_on(MONDAY):
        return PublicReport.receive(
            report_id=REPORT, informant="a neighbour", text=text, township="410326103", today=MONDAY
        )


def test_the_receipt_number_is_its_day_and_signs_that_nobody_guesses_and_that_check() -> None:
    day, _, code = received().receipt_number.partition("-")

    assert day == "JB20260914"
    assert (len(code), read_code(code)) == (11, code)
    assert REPORT.hex[:8].upper() not in code


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


def test_the_matter_is_published_without_the_informant_and_the_informant_without_the_matter() -> None:
    report = received()
    matter, informant = (publish(event) for event in report.pending_events)

    assert matter == told.PublicReportReceived(
        report_id=REPORT,
        receipt_number=report.receipt_number,
        township="410326103",
        received_on=MONDAY,
        owed=told.Owed(
            step="look_into_report",
            by="bureau",
            due_on=date(2026, 9, 22),
            rule="N3.5-look-into-report",
            legal_basis="义务教育法第九条;县控辍保学通知三(五)",
        ),
        text=Sealed("A boy of about twelve works at the kiln."),
    )
    assert informant == oversight.PublicReportInformantNamed(report_id=REPORT, informant=Sealed("a neighbour"))


@pytest.mark.parametrize("text", ["", "  ", "x" * (LONGEST_TEXT + 1)])
def test_a_report_says_something_and_not_a_novel(text: str) -> None:
    with pytest.raises(Refused, match=r"N3\.5"):
        received(text)


SECRET = "2QX4TDHJ4KP7K2M"


def followed() -> PublicReport:
    """A report whose informant was given a secret."""
    with acting_on(MONDAY):
        return PublicReport.receive(
            report_id=REPORT,
            informant="",
            text="a boy",
            township="410326103",
            follow_up=hashlib.sha256(SECRET.encode()).hexdigest(),
            today=MONDAY,
        )


def test_a_word_is_added_by_whoever_holds_the_secret_and_sealed_under_the_reports_key() -> None:
    report = followed()
    with acting_on(MONDAY):
        report.supplement(secret=SECRET, text="his uncle is there too", today=MONDAY)

    assert isinstance(report.pending_events[-1], PublicReport.Supplemented)
    assert shape_of(PublicReport.Supplemented).personal == {"text": "originator_id"}


@pytest.mark.parametrize(
    ("report", "secret"), [(followed, "2QX4TDHJ4KP7K2N"), (followed, ""), (received, SECRET), (received, "")]
)
def test_without_the_secret_no_word_is_added(report: Callable[[], PublicReport], secret: str) -> None:
    with acting_on(MONDAY), pytest.raises(Forbidden, match="secret"):
        report().supplement(secret=secret, text="I was wrong", today=MONDAY)


@pytest.mark.parametrize("text", ["", " ", "x" * (LONGEST_SUPPLEMENT + 1)])
def test_what_is_added_says_something_and_not_a_novel(text: str) -> None:
    with acting_on(MONDAY), pytest.raises(Refused, match=r"N3\.5"):
        followed().supplement(secret=SECRET, text=text, today=MONDAY)


def test_a_report_that_was_handled_or_added_to_often_takes_no_further_word() -> None:
    handled, full = followed(), followed()
    with acting_on(MONDAY):
        handled.handle(outcome="passed_on", case_id=None, today=MONDAY)
        for _ in range(MOST_SUPPLEMENTS):
            full.supplement(secret=SECRET, text="more", today=MONDAY)
        with pytest.raises(Refused, match="was handled"):
            handled.supplement(secret=SECRET, text="more", today=MONDAY)
        with pytest.raises(Refused, match="a report of its own"):
            full.supplement(secret=SECRET, text="more", today=MONDAY)
