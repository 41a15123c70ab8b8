"""The commands around the cases: many at once or none, and what they know of the cases beside them."""

import inspect
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from services.cases.domain.case import Case
from services.cases.domain.county_report import CountyReport
from services.cases.domain.ladder import State
from services.cases.domain.persuasion_list import PersuasionList
from services.cases.domain.visit import VisitPlan
from services.cases.lookup import Dropouts, Posts
from services.cases.oversight import Confirmation, Oversight
from services.cases.responsibility import Responsibility
from services.chassis.application import Answer
from services.chassis.errors import Forbidden, NotFound, Refused
from tests.cases.given import CHILD, MONDAY, acting_on, days
from tests.cases.in_memory import MemoryCases

SCHOOL = "school:3141000300"


class Office:
    """Cases in memory and what surrounds them."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.oversight = Oversight(cases=self.cases, dropouts=self.dropouts, posts=self.posts)

    def dropouts(self) -> Dropouts:
        known = Dropouts()
        for event in self.cases.memory.log:
            known.apply(event)
        return known

    def posts(self) -> Posts:
        held = Posts()
        for event in self.cases.memory.log:
            held.apply(event)
        return held

    def verifying(self, child_id: UUID = CHILD) -> UUID:
        """A case that is being verified."""
        case_id = self.cases.open_case(
            child_id=child_id, cause="absent", township="410326103", school="3141000300", stage="junior"
        ).id
        self.cases.begin_verification(case_id=case_id)
        return case_id

    def shown(self, case_id: UUID, *, causes: tuple[str, ...]) -> Confirmation:
        """A confirmation with a visit of the case's own child."""
        child_id = self.cases.get(Case, case_id).child_id
        visit = self.oversight.record_visit(
            child_id=child_id, method="home_visit", attitude="refused", visited_on=MONDAY
        )
        return Confirmation(case_id=case_id, causes=causes, evidence=(visit.id,))

    def confirmed(self, child_id: UUID = CHILD) -> UUID:
        """A confirmed dropout."""
        case_id = self.verifying(child_id)
        self.cases.confirm_case(case_id=case_id, causes=("work",))
        return case_id


@pytest.fixture
def office() -> Iterator[Office]:
    """An office on a Monday."""
    with acting_on(MONDAY):
        yield Office()


def test_every_command_takes_only_named_arguments_and_answers_id_and_position() -> None:
    for name, command in inspect.getmembers(Oversight, inspect.isfunction):
        if name.startswith("_"):
            continue
        signature = inspect.signature(command)
        _self, *arguments = signature.parameters.values()
        assert signature.return_annotation is Answer, name
        assert all(argument.kind is argument.KEYWORD_ONLY for argument in arguments), name


def test_a_visit_counts_for_the_childs_plan(office: Office) -> None:
    office.oversight.plan_visits(child_id=CHILD, visitor="teacher-1", reason="left_behind", every_days=30)
    with acting_on(MONDAY + days(10)):
        office.oversight.record_visit(
            child_id=CHILD, method="home_visit", attitude="agreed", visited_on=MONDAY + days(10)
        )

    assert office.cases.get(VisitPlan, VisitPlan.id_of(CHILD, 1)).next_on == MONDAY + days(40)


def test_a_visit_on_another_childs_case_is_refused(office: Office) -> None:
    case_id = office.verifying()

    with pytest.raises(Refused, match="another child's"):
        office.oversight.record_visit(
            child_id=uuid4(), case_id=case_id, method="home_visit", attitude="agreed", visited_on=MONDAY
        )


def test_a_day_without_a_planned_visit_is_recorded_by_the_clock_once(office: Office) -> None:
    office.oversight.plan_visits(child_id=CHILD, visitor="teacher-1", reason="poor", every_days=5)
    for day in (5, 6, 6, 7):
        office.cases.pass_day(MONDAY + days(day))

    assert [event.due_on for event in office.cases.told(VisitPlan.Missed)] == [MONDAY + days(5)]


def test_several_cases_are_confirmed_each_for_causes_of_its_own(office: Office) -> None:
    one, other = office.verifying(), office.verifying(uuid4())

    office.oversight.confirm_cases(
        confirmations=(
            office.shown(one, causes=("work",)),
            office.shown(other, causes=("learning", "distance")),
        )
    )

    assert [event.causes for event in office.cases.told(Case.Confirmed)] == [("work",), ("learning", "distance")]


def test_one_that_can_t_be_confirmed_keeps_all_from_it(office: Office) -> None:
    one = office.verifying()
    other = office.cases.open_case(child_id=uuid4(), cause="absent", township="410326103").id

    with pytest.raises(Refused, match="confirm_case"):
        office.oversight.confirm_cases(
            confirmations=(
                office.shown(one, causes=("work",)),
                office.shown(other, causes=("work",)),
            )
        )

    assert office.cases.get(Case, one).state is State.VERIFYING


def test_each_of_many_is_shown_by_a_visit_or_scan_of_its_own(office: Office) -> None:
    one, other = office.verifying(), office.verifying(uuid4())
    shown = office.shown(one, causes=("work",))

    for evidence, refusal in (((), "by a visit or scan"), (shown.evidence, "another child's")):
        unshown = Confirmation(case_id=other, causes=("work",), evidence=evidence)
        with pytest.raises(Refused, match=refusal):
            office.oversight.confirm_cases(confirmations=(shown, unshown))
    with pytest.raises(NotFound):
        office.oversight.confirm_cases(
            confirmations=(Confirmation(case_id=other, causes=("work",), evidence=(uuid4(),)),)
        )
    assert office.cases.told(Case.Confirmed) == []


def test_a_zero_report_is_signed_only_where_it_is_true(office: Office) -> None:
    case_id = office.confirmed()
    with acting_on(MONDAY + days(10), department=SCHOOL), pytest.raises(Refused, match="1 cases of this unit"):
        office.oversight.sign_zero_report(township="410326103", month="2026-09")
    with acting_on(MONDAY + days(10)):
        office.cases.record_return(case_id=case_id, school="3141000300", returned_on=MONDAY + days(10))
    with acting_on(MONDAY + days(10), department=SCHOOL):
        signed = office.oversight.sign_zero_report(township="410326103", month="2026-09")
        again = office.oversight.sign_zero_report(township="410326103", month="2026-09")

    assert signed.id == again.id


def test_another_school_s_dropout_is_not_counted_but_its_township_counts_it(office: Office) -> None:
    office.confirmed()
    known = office.dropouts()

    assert known.of("school:3141000301") == 0
    assert known.of("township:410326103") == known.of("education_bureau:410326") == known.of(SCHOOL) == 1


def test_an_inspection_samples_the_cases_its_unit_answers_for(office: Office) -> None:
    inside = {office.confirmed(uuid4()) for _ in range(4)}
    opened = office.oversight.open_inspection(
        unit="township:410326103", township="410326103", matter="persuasion", size=10
    )

    (event,) = [each for each in office.cases.memory.log if each.originator_id == opened.id]
    assert set(event.sample) == inside


def test_a_list_names_cases_that_are_there(office: Office) -> None:
    with pytest.raises(NotFound):
        office.oversight.open_persuasion_list(
            township="410326103", month="2026-09", returned=(), not_returned=(uuid4(),)
        )


def test_a_unit_with_a_child_that_can_t_be_found_signs_no_zero_report(office: Office) -> None:
    office.cases.report_unreachable(case_id=office.verifying())

    with acting_on(MONDAY + days(10), department=SCHOOL), pytest.raises(Refused, match="or can't be found"):
        office.oversight.sign_zero_report(township="410326103", month="2026-09")


def test_the_bureau_reports_everybody_confirmed_or_unreachable_under_a_number_of_its_own(office: Office) -> None:
    confirmed = office.confirmed()
    lost = office.verifying(uuid4())
    office.cases.report_unreachable(case_id=lost)
    office.verifying(uuid4())

    office.oversight.report_to_county()
    office.cases.begin_verification(case_id=lost)
    office.oversight.report_to_county()

    first, second = office.cases.told(CountyReport.Made)
    assert (first.number, first.confirmed, first.unreachable) == ("〔2026〕1号", (confirmed,), (lost,))
    assert (second.number, second.confirmed, second.unreachable) == ("〔2026〕2号", (confirmed,), ())


def test_nobody_but_the_bureau_reports_to_the_county(office: Office) -> None:
    with (
        acting_on(MONDAY, department="township:410326103"),
        pytest.raises(Forbidden, match="Only the education bureau"),
    ):
        office.oversight.report_to_county()


def test_a_list_is_signed_by_who_holds_the_post_that_day_in_that_township(office: Office) -> None:
    responsibility = Responsibility(cases=office.cases)
    listed = office.oversight.open_persuasion_list(
        township="410326103", month="2026-09", returned=(), not_returned=()
    ).id
    for village, secretary in (("410326103201", "secretary-1"), ("410326104201", "secretary-elsewhere")):
        responsibility.fill_post(
            unit=f"village:{village}", role="village_secretary", officer=secretary, from_on=MONDAY - days(9)
        )

    for actor in ("nobody", "secretary-elsewhere"):
        with (
            acting_on(MONDAY, actor=actor),
            pytest.raises(Refused, match="don't hold the post village_secretary 村支书"),
        ):
            office.oversight.sign_persuasion_list(list_id=listed, role="village_secretary")
    with acting_on(MONDAY, actor="secretary-1"):
        office.oversight.sign_persuasion_list(list_id=listed, role="village_secretary")

    assert [event.signer for event in office.cases.told(PersuasionList.Signed)] == ["secretary-1"]
