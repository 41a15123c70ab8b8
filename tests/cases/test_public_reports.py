"""Reports of the public: a look is owed by a day and goes up when late, and no child is forgotten behind one that nobody knows."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from services.cases.domain.case import Case
from services.cases.domain.ladder import State
from services.cases.domain.late_reply import LateReply
from services.cases.domain.letter import AssistanceLetter
from services.cases.domain.public_report import PublicReport
from services.cases.public_reports import PublicReports
from services.chassis.errors import NotFound, Refused
from tests.cases.given import CHILD, MONDAY, OTHER_CHILD, acting_on, days
from tests.cases.in_memory import MemoryCases

TOWNSHIP = "410326103"


class Office:
    """Cases in memory, what comes from outside, and the days that pass."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.reports = PublicReports(cases=self.cases)
        self.oversight = self.cases.oversight

    def report(self) -> UUID:
        """A report of the public, taken in on the Monday."""
        return self.reports.receive_public_report(text="a boy of twelve works at the kiln", township=TOWNSHIP).id

    def case(self, child_id: UUID = CHILD) -> UUID:
        """A case, opened on the Monday."""
        return self.cases.open_case(child_id=child_id, cause="absent", township=TOWNSHIP, school="3141000300").id

    def letter(self, case_id: UUID) -> UUID:
        """A letter to a county of another province, reply in ten days."""
        return self.oversight.send_assistance_letter(
            case_id=case_id, place="440306", number="2026-11", request="is it at school", reply_by=MONDAY + days(10)
        ).id

    def days_pass(self, *, until: date, since: date = MONDAY) -> None:
        """Lets the clock run on every day."""
        for number in range((until - since).days + 1):
            self.cases.pass_day(since + days(number))


@pytest.fixture
def office() -> Iterator[Office]:
    """An office on a Monday."""
    with acting_on(MONDAY):
        yield Office()


def test_a_report_nobody_looks_into_climbs_from_the_bureau_to_the_county_government(office: Office) -> None:
    report = office.report()
    office.days_pass(until=MONDAY + days(8))
    assert office.cases.told(LateReply.Noted) == []

    office.days_pass(since=MONDAY + days(9), until=MONDAY + days(60))

    (late,) = office.cases.told(LateReply.Noted)
    assert (late.matter, late.about, late.owed_by) == ("public_report", report, "education_bureau")
    assert (late.noted_on, late.up_to) == (MONDAY + days(9), "county_government")


def test_a_report_of_a_child_nobody_knows_stays_open_and_is_looked_into_again_and_again(office: Office) -> None:
    report = office.report()
    for number in (5, 20, 35):
        with acting_on(MONDAY + days(number)):
            office.reports.record_report_inquiry(
                report_id=report, method="village", note="nobody knows him", made_on=MONDAY + days(number)
            )
    office.days_pass(until=MONDAY + days(50))
    assert office.cases.told(LateReply.Noted) == []

    office.days_pass(since=MONDAY + days(51), until=MONDAY + days(80))

    assert len(office.cases.told(LateReply.Noted)) == 1
    assert office.cases.get(PublicReport, report).handled_on is None


def test_a_look_that_comes_late_settles_what_was_late_and_owes_the_next(office: Office) -> None:
    report = office.report()
    office.days_pass(until=MONDAY + days(12))
    with acting_on(MONDAY + days(12)):
        office.reports.record_report_inquiry(report_id=report, method="school", note="", made_on=MONDAY + days(12))
    office.days_pass(since=MONDAY + days(13), until=MONDAY + days(60))

    assert len(office.cases.told(LateReply.Settled)) == 1
    assert len(office.cases.told(LateReply.Noted)) == 2


def test_that_a_report_is_not_so_is_said_by_somebody_who_went_to_look(office: Office) -> None:
    report = office.report()
    with pytest.raises(Refused, match="record_report_inquiry"):
        office.reports.handle_public_report(report_id=report, outcome="not_so")

    office.reports.record_report_inquiry(report_id=report, method="school", note="in class", made_on=MONDAY)
    office.reports.handle_public_report(report_id=report, outcome="not_so")

    assert [event.outcome for event in office.cases.told(PublicReport.Handled)] == ["not_so"]
    with pytest.raises(Refused, match="was handled"):
        office.reports.record_report_inquiry(report_id=report, method="school", note="", made_on=MONDAY)


def test_a_report_that_led_to_a_case_names_it(office: Office) -> None:
    report = office.report()
    with pytest.raises(Refused, match="name the case"):
        office.reports.handle_public_report(report_id=report, outcome="case_opened")

    office.reports.handle_public_report(report_id=report, outcome="case_opened", case_id=office.case())

    assert [event.outcome for event in office.cases.told(PublicReport.Handled)] == ["case_opened"]


def test_once_it_is_known_which_child_is_meant_a_case_opens_and_the_report_is_done_with(office: Office) -> None:
    report = office.report()

    case_id = office.reports.open_case_of_report(report_id=report, child_id=CHILD, township=TOWNSHIP).id

    assert office.cases.get(Case, case_id).cause == "public_report"
    (handled,) = office.cases.told(PublicReport.Handled)
    assert (handled.outcome, handled.case_id) == ("case_opened", case_id)
    office.days_pass(until=MONDAY + days(90))
    assert office.cases.told(LateReply.Noted) == []


def test_a_report_of_a_child_who_is_looked_for_already_joins_its_case(office: Office) -> None:
    case_id = office.case()

    answer = office.reports.open_case_of_report(report_id=office.report(), child_id=CHILD, township=TOWNSHIP)

    assert answer.id == case_id
    assert [event.outcome for event in office.cases.told(PublicReport.Handled)] == ["known_already"]


def test_a_report_of_a_child_thought_to_be_back_in_class_is_a_relapse(office: Office) -> None:
    earlier = office.case()
    office.cases.record_return(case_id=earlier, school="3141000300", returned_on=MONDAY)

    again = office.reports.open_case_of_report(report_id=office.report(), child_id=CHILD, township=TOWNSHIP).id

    assert office.cases.get(Case, earlier).state is State.CLOSED
    assert [event.earlier_case for event in office.cases.told(Case.Opened)] == [None, earlier]
    assert office.cases.get(Case, again).state is State.SUSPECTED


def test_a_report_can_only_be_told_of_once(office: Office) -> None:
    report = office.report()
    office.reports.open_case_of_report(report_id=report, child_id=CHILD, township=TOWNSHIP)
    with pytest.raises(Refused, match="was handled"):
        office.reports.open_case_of_report(report_id=report, child_id=OTHER_CHILD, township=TOWNSHIP)

    assert office.cases.find_latest_case(OTHER_CHILD) is None


def test_what_a_report_is_followed_up_with_is_the_hash_of_a_secret_and_nothing_shorter(office: Office) -> None:
    with pytest.raises(Refused, match="SHA-256"):
        office.reports.receive_public_report(text="a boy", township=TOWNSHIP, follow_up="open sesame")

    office.reports.receive_public_report(text="a boy", township=TOWNSHIP, follow_up="0f" * 32)

    assert [event.follow_up for event in office.cases.told(PublicReport.Received)] == ["0f" * 32]


def test_a_letter_whose_case_has_ended_is_taken_back_and_nobody_is_bothered(office: Office) -> None:
    case_id = office.case()
    letter = office.letter(case_id)
    office.cases.request_clearance(case_id=case_id, resolution="R8", evidence_kind="exit_record", evidence="paper 1")
    with acting_on(MONDAY, actor="officer-2"):
        office.cases.approve_clearance(case_id=case_id)
    office.days_pass(until=MONDAY + days(60))

    assert len(office.cases.told(AssistanceLetter.Withdrawn)) == 1
    assert office.cases.told(LateReply.Noted) == []
    with acting_on(MONDAY + days(60)), pytest.raises(Refused, match="taken back"):
        office.oversight.answer_assistance_letter(letter_id=letter, outcome="left", paper="2026-88")


def test_a_report_that_is_none_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        office.reports.handle_public_report(report_id=CHILD, outcome="empty")
