"""Answers that don't come: noted by the clock once, known one level higher each time, ended when the answer is there."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from services.cases.domain.late_reply import LateReply, NearReply, levels_above
from services.cases.due import Reply
from services.chassis.errors import Refused
from tests.cases.given import CHILD, GRANTED, MONDAY, OTHER_CHILD, acting_on, days
from tests.cases.in_memory import MemoryCases

TOWNSHIP, SCHOOL = "township:410326103", "school:3141000300"
DUE = MONDAY + days(10)


class Office:
    """Cases in memory, and a clock that works on what is awaited."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.oversight = self.cases.oversight

    def on(self, day: date) -> None:
        """A day passes."""
        self.cases.pass_day(day)

    def told(self) -> list[tuple[str, str]]:
        """What was noted of late answers, in order."""
        told = []
        for event in self.cases.memory.log:
            match event:
                case LateReply.Noted() | LateReply.Climbed():
                    told.append((type(event).__name__, event.up_to))
                case LateReply.Settled():
                    told.append(("Settled", ""))
                case _:
                    pass
        return told

    def referral(self) -> UUID:
        """A department asked about a child, to answer by the day."""
        case = self.cases.open_case(child_id=CHILD, cause="absent", township="410326103").id
        return self.cases.open_referral(
            case_id=case, to="civil_affairs", purpose="social_assistance", request="check relief", reply_by=DUE
        ).id


@pytest.fixture
def office() -> Iterator[Office]:
    """An office on a Monday."""
    with acting_on(MONDAY, department=TOWNSHIP):
        yield Office()


def test_an_unanswered_referral_is_noted_once_and_climbs_to_the_county(office: Office) -> None:
    office.referral()

    office.on(DUE)
    assert office.told() == []
    for day in (DUE + days(1), DUE + days(1), DUE + days(2), DUE + days(30), DUE + days(60)):
        office.on(day)

    assert office.told() == [("Noted", "education_bureau"), ("Climbed", "county_government")]


def test_an_answer_ends_what_was_late(office: Office) -> None:
    referral = office.referral()
    office.on(DUE + days(1))
    with acting_on(DUE + days(2), department="civil_affairs:410326"):
        office.cases.accept_referral(referral_id=referral)
        office.cases.answer_referral(referral_id=referral, outcome="granted", decision=GRANTED)

    office.on(DUE + days(2))
    office.on(DUE + days(30))

    assert office.told() == [("Noted", "education_bureau"), ("Settled", "")]


def test_an_answer_in_time_is_never_late(office: Office) -> None:
    referral = office.referral()
    with acting_on(DUE, department="civil_affairs:410326"):
        office.cases.return_referral(referral_id=referral, reason="not ours")

    office.on(DUE + days(9))

    assert office.told() == []


def test_a_letter_asked_again_is_late_again_after_its_new_day(office: Office) -> None:
    case = office.cases.open_case(child_id=CHILD, cause="absent", township="410326103").id
    letter = office.oversight.send_assistance_letter(
        case_id=case, place="440306", number="7", request="is the child with you", reply_by=DUE
    ).id
    office.on(DUE + days(1))
    with acting_on(DUE + days(2)):
        office.oversight.remind_assistance_letter(letter_id=letter, reply_by=DUE + days(20))

    office.on(DUE + days(2))
    office.on(DUE + days(21))

    assert office.told() == [("Noted", "education_bureau"), ("Settled", ""), ("Noted", "education_bureau")]


def test_a_school_that_does_not_put_a_finding_right_is_known_to_its_township_first(office: Office) -> None:
    inspection = office.oversight.open_inspection(unit=SCHOOL, township="410326103", matter="ledgers", size=0).id
    for _ in range(2):
        office.oversight.record_inspection_finding(
            inspection_id=inspection, finding="no visit record", owed_by=SCHOOL, due_on=DUE
        )
    with acting_on(DUE, department=SCHOOL):
        office.oversight.report_rectification(inspection_id=inspection, number=2, evidence="photo 3")

    office.on(DUE + days(1))

    [noted] = office.cases.told(LateReply.Noted)
    assert (noted.number, noted.owed_by, noted.up_to) == (1, SCHOOL, "township")


def test_what_the_bureau_itself_owes_the_procuratorate_is_known_to_the_county(office: Office) -> None:
    office.oversight.receive_procuratorate_notice(
        number="5", matter="children in work", township="410326", reply_by=DUE
    )
    office.oversight.issue_admonition(
        kind="interview", unit=TOWNSHIP, township="410326103", number="3", ground="late", reply_by=DUE
    )

    office.on(DUE + days(1))

    assert {(event.matter, event.up_to) for event in office.cases.told(LateReply.Noted)} == {
        ("procuratorate_notice", "county_government"),
        ("admonition", "education_bureau"),
    }


@pytest.mark.parametrize("owed_by", [SCHOOL, TOWNSHIP, "education_bureau:410326", "civil_affairs", "other_county"])
def test_every_late_answer_ends_up_with_the_county_government(owed_by: str) -> None:
    assert levels_above(owed_by)[-1] == "county_government"
    assert owed_by.partition(":")[0] not in levels_above(owed_by)


def test_the_clock_looks_again_and_a_stale_entry_costs_nothing(office: Office) -> None:
    stale = Reply("referral", office.referral())

    office.oversight.watch_reply(matter=stale.matter, about=stale.about)

    assert office.told() == []
    with pytest.raises(Refused, match="no answer is awaited"):
        office.oversight.watch_reply(matter="weather", about=stale.about)


def near(office: Office) -> list[tuple[str, str, date]]:
    """Who was told that an answer falls due soon, in which matter, and by when."""
    return [(event.matter, event.owed_by, event.due_on) for event in office.cases.told(NearReply.Warned)]


def test_whoever_owes_an_answer_is_told_once_two_working_days_before_its_day(office: Office) -> None:
    office.oversight.issue_admonition(
        kind="interview", unit=TOWNSHIP, township="410326103", number="3", ground="late", reply_by=DUE
    )
    office.referral()

    office.on(DUE - days(3))
    assert near(office) == []
    for day in (DUE - days(2), DUE - days(1), DUE, DUE + days(1)):
        office.on(day)

    assert sorted(near(office)) == [("admonition", TOWNSHIP, DUE), ("referral", "civil_affairs", DUE)]


def test_of_an_answer_that_is_there_of_one_just_asked_for_and_of_another_county_nobody_is_told(office: Office) -> None:
    answered = office.referral()
    case = office.cases.open_case(child_id=OTHER_CHILD, cause="absent", township="410326103").id
    office.oversight.send_assistance_letter(
        case_id=case, place="440306", number="7", request="is the child with you", reply_by=DUE
    )
    with acting_on(DUE - days(2), department=TOWNSHIP):
        office.oversight.issue_admonition(
            kind="interview", unit=TOWNSHIP, township="410326103", number="3", ground="late", reply_by=DUE
        )
    with acting_on(DUE - days(3), department="civil_affairs:410326"):
        office.cases.return_referral(referral_id=answered, reason="not ours")

    office.on(DUE - days(2))
    office.on(DUE)

    assert near(office) == []


def test_asked_again_with_another_day_somebody_is_told_of_that_day_too(office: Office) -> None:
    inspection = office.oversight.open_inspection(unit=SCHOOL, township="410326103", matter="ledgers", size=0).id
    office.oversight.record_inspection_finding(
        inspection_id=inspection, finding="no visit record", owed_by=SCHOOL, due_on=DUE
    )
    office.on(DUE - days(1))
    with acting_on(DUE, department=SCHOOL):
        office.oversight.report_rectification(inspection_id=inspection, number=1, evidence="photo 3")
    with acting_on(DUE, actor="officer-2", department="education_bureau:410326"):
        office.oversight.check_rectification(inspection_id=inspection, number=1, right=False, due_on=DUE + days(10))

    office.on(DUE + days(9))

    assert near(office) == [("rectification", SCHOOL, DUE), ("rectification", SCHOOL, DUE + days(10))]


def test_a_warning_is_given_once_and_only_while_the_answer_is_owed(office: Office) -> None:
    referral = office.referral()
    with acting_on(DUE - days(1)):
        for _ in range(2):
            office.oversight.warn_of_reply(matter="referral", about=referral, term=10)
    with acting_on(DUE - days(1), department="civil_affairs:410326"):
        office.cases.return_referral(referral_id=referral, reason="not ours")
        office.oversight.warn_of_reply(matter="referral", about=referral, term=10)

    assert len(near(office)) == 1
