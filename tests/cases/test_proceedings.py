"""Proceedings before a court: they open on a paper that ran out, carry their case along, and fall back with what they stood on."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from services.cases.courts import Courts
from services.cases.domain.case import Case
from services.cases.domain.ladder import State
from services.cases.domain.proceedings import Proceedings, Stage
from services.chassis.errors import Refused
from tests.cases.given import CHILD, MONDAY, acting_on, days
from tests.cases.in_memory import MemoryCases

TOWNSHIP, COURT = "township:410326103", "court:410326"
RAN_OUT = MONDAY + days(11)
"""The day after the term of an order of ten days, served on the Monday."""


class Office:
    """A case on a served order, and the courts."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.courts = Courts(cases=self.cases)
        cases = self.cases
        self.case_id = cases.open_case(
            child_id=CHILD, cause="not_in_seat", township="410326103", school="3141000300", stage="junior"
        ).id
        cases.begin_verification(case_id=self.case_id)
        cases.confirm_case(case_id=self.case_id, causes=("work",))
        cases.record_persuasion(case_id=self.case_id, method="phone", outcome="refused", note="", made_on=MONDAY)
        cases.report_case(case_id=self.case_id, issuer="school:3141000300")
        self.order = self.serve("order_to_correct", on=MONDAY)

    @property
    def case(self) -> Case:
        """The case as it stands."""
        return self.cases.get(Case, self.case_id)

    def serve(self, kind: str, *, on: date) -> UUID:
        """A paper with a term of ten days, issued and served on a day."""
        with acting_on(on):
            paper = self.cases.issue_document(case_id=self.case_id, kind=kind, issuer=TOWNSHIP, term_days=10).id
            self.cases.serve_document(document_id=paper, method="direct", receipt="hz-1", served_on=on)
        return paper

    def sue(self, *, on: date = RAN_OUT, kind: str = "suit", by: str = TOWNSHIP) -> UUID:
        """Goes to court on a day."""
        with acting_on(on):
            return self.courts.file_proceedings(
                case_id=self.case_id, kind=kind, brought_by=by, authority=COURT, filed_on=on
            ).id

    def take_on(self, file: UUID, *, on: date) -> None:
        """The court takes a file on."""
        with acting_on(on):
            self.courts.accept_filing(proceedings_id=file, docket="(2026)豫0326民初77号", accepted_on=on)

    def decide(self, file: UUID, decision: str, *, on: date, comply_by: date | None = None) -> None:
        """The court decides, and serves that on the same day."""
        with acting_on(on):
            self.courts.record_decision(
                proceedings_id=file, decision=decision, paper="2026-78", decided_on=on, comply_by=comply_by
            )
            if self.file(file).stage is Stage.DECIDED:
                self.courts.serve_decision(proceedings_id=file, method="direct", receipt="hz-78", served_on=on)

    def file(self, file: UUID) -> Proceedings:
        """A file as it stands."""
        return self.cases.get(Proceedings, file)


@pytest.fixture
def office() -> Iterator[Office]:
    """An office on a Monday, on which an order was served."""
    with acting_on(MONDAY):
        yield Office()


def owed(office: Office) -> tuple[str, str, date]:
    """Which step the case owes, by whom, by when."""
    step = office.case.owed
    return step.step, step.by, step.due_on


def test_a_suit_opens_only_when_the_paper_before_was_served_and_its_term_ran_out(office: Office) -> None:
    with pytest.raises(Refused, match=r"runs until 2026-09-24 .*N2\.6"):
        office.sue(on=RAN_OUT - days(1))

    file = office.sue()

    assert (office.case.state, office.file(file).ground) == (State.JUDICIAL, office.order)
    assert owed(office) == ("accept_filing", "court", RAN_OUT + days(7))
    assert office.case.owed.legal_basis.startswith("民事诉讼法(2023)第一百二十六条")


def test_nobody_goes_to_court_over_an_order_that_was_complied_with_nor_when_the_child_is_back(office: Office) -> None:
    with acting_on(RAN_OUT):
        office.cases.record_document_result(document_id=office.order, result="complied", found_on=RAN_OUT)
    with pytest.raises(Refused, match="nothing follows it"):
        office.sue()

    with acting_on(RAN_OUT):
        office.cases.record_return(case_id=office.case_id, school="3141000300", returned_on=RAN_OUT)
    with pytest.raises(Refused, match="file_proceedings: somebody goes to court only after"):
        office.sue()


def test_enforcement_is_asked_for_only_after_a_served_demand_and_by_who_may(office: Office) -> None:
    with pytest.raises(Refused, match="行政强制法第五十三条"):
        office.sue(kind="enforcement")
    office.serve("penalty_decision", on=RAN_OUT)
    office.serve("performance_notice", on=RAN_OUT + days(11))
    day = RAN_OUT + days(22)
    with pytest.raises(Refused, match="is brought by township or education_bureau"):
        office.sue(kind="enforcement", by="procuratorate:410326", on=day)

    office.take_on(office.sue(kind="enforcement", on=day), on=day)

    assert owed(office) == ("judge", "court", day + days(7))


def test_a_judgment_is_in_force_when_the_days_to_appeal_have_passed_and_is_carried_out_then(office: Office) -> None:
    file = office.sue()
    office.take_on(file, on=RAN_OUT)
    assert owed(office) == ("judge", "court", RAN_OUT + days(180))
    office.decide(file, "granted", on=RAN_OUT + days(5), comply_by=RAN_OUT + days(8))

    last = office.file(file).appeal_until
    assert last is not None
    assert last >= RAN_OUT + days(20)
    in_force = last + days(1)
    assert office.file(file).in_force_on == in_force
    assert owed(office) == ("enforce", "court", in_force + days(30))
    with acting_on(last), pytest.raises(Refused, match=f"in force from {in_force} on"):
        office.courts.record_enforcement(proceedings_id=file, paper="2026-80", enforced_on=last)
    with acting_on(in_force), pytest.raises(Refused, match="days to appeal ended"):
        office.courts.appeal_decision(proceedings_id=file, appellant="guardian", appealed_on=in_force)
    with acting_on(in_force):
        office.courts.record_enforcement(proceedings_id=file, paper="2026-80", enforced_on=in_force)

    assert office.file(file).stage is Stage.ENFORCED
    assert owed(office)[:2] == ("persuade", "township")


def test_the_last_day_to_appeal_is_a_working_day(office: Office) -> None:
    file = office.sue()
    office.take_on(file, on=RAN_OUT)
    served_on = date(2026, 9, 26)  # fifteen days later is a Sunday
    office.decide(file, "granted", on=served_on)

    assert office.file(file).appeal_until == date(2026, 10, 12)


def test_a_settlement_binds_from_its_service(office: Office) -> None:
    file = office.sue()
    office.take_on(file, on=RAN_OUT)
    office.decide(file, "mediated", on=RAN_OUT + days(3), comply_by=RAN_OUT + days(13))

    assert office.file(file).in_force_on == RAN_OUT + days(3)
    assert owed(office) == ("enforce", "court", RAN_OUT + days(43))
    with acting_on(RAN_OUT + days(3)), pytest.raises(Refused, match="final"):
        office.courts.appeal_decision(proceedings_id=file, appellant="guardian", appealed_on=RAN_OUT + days(3))


@pytest.mark.parametrize("outcome", ["declined", "withdrawn", "dismissed"])
def test_proceedings_that_come_to_nothing_put_the_case_back_on_its_order(office: Office, outcome: str) -> None:
    file = office.sue()
    if outcome == "declined":
        with acting_on(RAN_OUT):
            office.courts.decline_filing(proceedings_id=file, paper="2026-1", declined_on=RAN_OUT)
    else:
        office.take_on(file, on=RAN_OUT)
    if outcome == "withdrawn":
        with acting_on(RAN_OUT):
            office.courts.withdraw_proceedings(proceedings_id=file, paper="2026-2", withdrawn_on=RAN_OUT)
    elif outcome == "dismissed":
        office.decide(file, "dismissed", on=RAN_OUT)

    assert (office.case.state, office.case.stands_on) == (State.ORDERED, office.order)
    assert owed(office) == ("take_to_justice", "justice", RAN_OUT + days(15))
    assert [event.ground for event in office.cases.told(Case.SetBack)] == [outcome]
    again = RAN_OUT + days(30)
    assert office.file(office.sue(on=again)).number_in_case == 2


def test_an_appeal_takes_a_dismissed_suit_up_again_and_what_it_grants_is_final(office: Office) -> None:
    file = office.sue()
    office.take_on(file, on=RAN_OUT)
    office.decide(file, "dismissed", on=RAN_OUT)
    with pytest.raises(Refused, match="file 1 is served; go on with that one"):
        office.sue(on=RAN_OUT + days(1))
    day = RAN_OUT + days(2)
    with acting_on(day):
        office.courts.appeal_decision(proceedings_id=file, appellant="applicant", appealed_on=day)
    assert office.case.state is State.JUDICIAL
    assert owed(office) == ("judge_appeal", "court", day + days(90))

    office.decide(file, "granted", on=day, comply_by=day + days(3))

    assert office.file(file).in_force_on == day
    assert owed(office) == ("enforce", "court", day + days(33))


@pytest.mark.parametrize(("first", "grants"), [("granted", True), ("dismissed", False)])
def test_upheld_on_appeal_what_was_granted_stays_granted_and_what_was_not_is_not(
    office: Office, first: str, grants: bool
) -> None:
    file = office.sue()
    office.take_on(file, on=RAN_OUT)
    office.decide(file, first, on=RAN_OUT)
    with acting_on(RAN_OUT):
        office.courts.appeal_decision(proceedings_id=file, appellant="guardian", appealed_on=RAN_OUT)
    office.decide(file, "upheld", on=RAN_OUT)

    assert office.file(file).grants is grants
    assert office.case.state is (State.JUDICIAL if grants else State.ORDERED)


def test_a_judgment_sent_back_is_owed_again_and_may_be_appealed_again(office: Office) -> None:
    file = office.sue()
    office.take_on(file, on=RAN_OUT)
    office.decide(file, "granted", on=RAN_OUT)
    with acting_on(RAN_OUT):
        office.courts.appeal_decision(proceedings_id=file, appellant="guardian", appealed_on=RAN_OUT)
    office.decide(file, "remitted", on=RAN_OUT)
    assert owed(office) == ("judge", "court", RAN_OUT + days(180))

    office.decide(file, "granted", on=RAN_OUT)
    with acting_on(RAN_OUT):
        office.courts.appeal_decision(proceedings_id=file, appellant="guardian", appealed_on=RAN_OUT)

    assert office.file(file).stage is Stage.APPEALED


def test_an_order_set_aside_takes_the_suit_on_it_along(office: Office) -> None:
    file = office.sue()
    office.take_on(file, on=RAN_OUT)
    with acting_on(RAN_OUT):
        office.cases.set_aside_document(
            document_id=office.order, decided_by="court", decision="2026-9", decided_on=RAN_OUT
        )

    assert office.file(file).stage is Stage.FALLEN
    assert office.case.state is State.REPORTED
    with acting_on(RAN_OUT), pytest.raises(Refused, match="this file is fallen since"):
        office.courts.record_hearing(proceedings_id=file, heard_on=RAN_OUT)


def test_what_a_court_does_after_the_child_came_back_is_kept_and_moves_nothing(office: Office) -> None:
    file = office.sue()
    with acting_on(RAN_OUT):
        office.cases.record_return(case_id=office.case_id, school="3141000300", returned_on=RAN_OUT)
    office.take_on(file, on=RAN_OUT)
    office.decide(file, "mediated", on=RAN_OUT)

    assert office.case.state is State.RETURNED
    assert office.file(file).in_force_on == RAN_OUT


def test_what_is_of_a_court_is_recorded_in_its_file_and_not_beside_it(office: Office) -> None:
    office.sue()
    with acting_on(RAN_OUT), pytest.raises(Refused, match="stands in the file of its proceedings"):
        office.cases.record_proceeding(case_id=office.case_id, proceeding="judged", paper="2026-3", made_on=RAN_OUT)


def test_a_court_that_lets_its_days_run_out_is_told_to_the_county(office: Office) -> None:
    office.sue()
    with acting_on(RAN_OUT + days(8)):
        office.cases.expire_steps(case_id=office.case_id)

    assert owed(office)[:2] == ("accept_filing", "county")
