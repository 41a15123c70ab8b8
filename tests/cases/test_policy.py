"""What cases does when the roster tells something, and when a day passes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.cases import policy
from services.cases.domain.case import Case
from services.cases.domain.ladder import State
from services.chassis.application import SomeFailed
from services.chassis.errors import Stale
from services.chassis.store import StoreUnavailable
from services.contracts import roster
from services.contracts.envelope import Envelope, Published
from tests.cases.given import CHILD, MONDAY, OTHER_CHILD, acting_on, days
from tests.cases.in_memory import MemoryCases

FINDING = UUID("55555555-0000-4000-8000-000000000001")


@pytest.fixture
def cases() -> Iterator[MemoryCases]:
    """Cases on a Monday, reacting."""
    with acting_on(MONDAY, actor="policy:cases", department="system:policy"):
        yield MemoryCases()


def envelope(event: Published) -> Envelope:
    """An envelope around a published event of the roster."""
    return Envelope(
        id=uuid4(),
        type=event.TYPE,
        producer="roster",
        position=1,
        aggregate_id=CHILD,
        version=1,
        stored_topic="",
        recorded_at=datetime(2026, 9, 14, tzinfo=UTC),
        actor="office",
        department="education_bureau:410326",
        purpose="dropout_control",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=None,
        trace="",
        body=msgspec.Raw(b"{}"),
    )


def hear(cases: MemoryCases, event: Published) -> None:
    """Lets the policy react."""
    policy.react(cases, envelope(event), event)


def finding(
    kind: str = "not_in_seat", *, finding_id: UUID = FINDING, school: str = "3141000300", child_id: UUID = CHILD
) -> Any:
    """A finding raised by the roster."""
    return roster.FindingRaised(
        finding_id=finding_id,
        child_id=child_id,
        kind=kind,
        reason="",
        owner="school",
        township="410326103",
        village="410326103201",
        school=school,
        stage="junior",
        raised_on=MONDAY,
    )


OPENING = ["not_enrolled", "not_in_seat", "suspect_listed", "disabled_unplaced", "unexplained_departure"]
OTHERS = ["transfer_pending", "duplicate_enrolment", "ghost_enrolment", "no_id_number", "identity_mismatch", "new_kind"]


@pytest.mark.parametrize("kind", OPENING)
def test_a_finding_that_a_child_is_not_where_it_should_be_opens_a_case(cases: MemoryCases, kind: str) -> None:
    hear(cases, finding(kind))

    (opened,) = cases.told(Case.Opened)
    assert (opened.cause, opened.finding_id, opened.place.township) == (kind, FINDING, "410326103")


@pytest.mark.parametrize("kind", OTHERS)
def test_a_finding_about_papers_opens_none(cases: MemoryCases, kind: str) -> None:
    hear(cases, finding(kind))

    assert cases.memory.log == []


def test_a_finding_without_any_place_still_opens_a_case(cases: MemoryCases) -> None:
    hear(cases, msgspec.structs.replace(finding("not_enrolled"), township="", village="", school="", stage=""))

    assert len(cases.told(Case.Opened)) == 1


def test_further_findings_on_a_child_with_an_open_case_add_nothing(cases: MemoryCases) -> None:
    for kind in OPENING:
        hear(cases, finding(kind, finding_id=uuid4()))
        hear(cases, finding(kind))

    assert len(cases.memory.log) == 1


def test_a_finding_resolved_and_a_child_gone_leave_the_case_to_a_person(cases: MemoryCases) -> None:
    hear(cases, finding())
    hear(
        cases,
        roster.FindingResolved(
            finding_id=FINDING, child_id=CHILD, kind="not_in_seat", resolution="in class", resolved_on=MONDAY
        ),
    )
    hear(cases, roster.ChildAccounted(child_id=CHILD, state="gone", valid_on=MONDAY, reason="hukou: died"))

    latest = cases.find_latest_case(CHILD)
    assert latest is not None
    assert latest.state is State.SUSPECTED
    assert len(cases.memory.log) == 1


def come_back(cases: MemoryCases) -> UUID:
    """A case whose child is back in class."""
    hear(cases, finding())
    case_id: UUID = cases.told(Case.Opened)[-1].originator_id
    cases.record_return(case_id=case_id, school="3141000300", returned_on=MONDAY)
    return case_id


@pytest.mark.parametrize("kind", ["not_in_seat", "unexplained_departure"])
def test_a_child_who_was_back_and_is_missed_in_class_again_is_a_relapse(cases: MemoryCases, kind: str) -> None:
    case_id = come_back(cases)
    hear(cases, finding(kind, finding_id=uuid4()))

    assert cases.get(Case, case_id).state is State.CLOSED
    assert cases.told(Case.Opened)[-1].earlier_case == case_id


def test_an_old_list_that_suspects_a_child_who_is_back_is_no_relapse(cases: MemoryCases) -> None:
    case_id = come_back(cases)
    hear(cases, finding("suspect_listed", finding_id=uuid4()))

    assert cases.get(Case, case_id).state is State.RETURNED


def clear(cases: MemoryCases, *, resolution: str, evidence_kind: str, expires_on: date | None = None) -> None:
    """Clears the child's case by two people."""
    hear(cases, finding())
    case_id = cases.told(Case.Opened)[-1].originator_id
    cases.request_clearance(
        case_id=case_id, resolution=resolution, evidence_kind=evidence_kind, evidence="paper 1", expires_on=expires_on
    )
    with acting_on(MONDAY, actor="officer-2"):
        cases.approve_clearance(case_id=case_id)


def test_a_new_finding_on_a_child_who_was_cleared_opens_its_next_case(cases: MemoryCases) -> None:
    clear(cases, resolution="R8", evidence_kind="exit_record")
    hear(cases, finding(finding_id=uuid4()))

    assert [event.number for event in cases.told(Case.Opened)] == [1, 2]


def test_a_finding_on_a_child_with_an_approved_deferral_adds_nothing(cases: MemoryCases) -> None:
    clear(cases, resolution="R9", evidence_kind="deferral_approval", expires_on=MONDAY + days(300))
    hear(cases, finding(finding_id=uuid4()))

    assert [event.number for event in cases.told(Case.Opened)] == [1]


class TestALastDayThatIsNear:
    """The step is due on the Monday after; two working days before that is the Friday, for the Sunday between is worked."""

    @pytest.fixture
    def case_id(self, cases: MemoryCases) -> UUID:
        hear(cases, finding())
        latest = cases.find_latest_case(CHILD)
        assert latest is not None
        return latest.id

    @pytest.mark.parametrize(("after", "told"), [(3, 0), (4, 1), (7, 1)])
    def test_is_told_within_two_working_days_of_it(
        self, cases: MemoryCases, case_id: UUID, after: int, told: int
    ) -> None:
        cases.pass_day(MONDAY + days(after))

        warned = cases.told(Case.Warned)
        assert [event.originator_id for event in warned] == [case_id] * told
        assert all(event.owed.due_on == MONDAY + days(7) for event in warned)

    @pytest.mark.usefixtures("case_id")
    def test_is_told_once_however_often_the_clock_ticks(self, cases: MemoryCases) -> None:
        for after in (4, 4, 5, 7):
            cases.pass_day(MONDAY + days(after))

        assert len(cases.told(Case.Warned)) == 1

    def test_is_not_told_of_a_step_that_was_done(self, cases: MemoryCases, case_id: UUID) -> None:
        with acting_on(MONDAY + days(1)):
            cases.begin_verification(case_id=case_id)
            cases.confirm_case(case_id=case_id, causes=("marriage",))
        cases.pass_day(MONDAY + days(4))

        assert {event.owed.step for event in cases.told(Case.Warned)} <= {"persuade"}

    @pytest.mark.usefixtures("case_id")
    def test_is_not_told_after_an_outage_that_lasted_beyond_it(self, cases: MemoryCases) -> None:
        cases.pass_day(MONDAY + days(9))

        assert cases.told(Case.Warned) == []
        assert len(cases.told(Case.StepExpired)) == 1

    def test_is_told_again_where_more_time_was_given(self, cases: MemoryCases, case_id: UUID) -> None:
        cases.pass_day(MONDAY + days(4))
        with acting_on(MONDAY + days(5), actor="officer-1"):
            cases.request_extension(case_id=case_id, days=7, reason="the road is cut off")
        with acting_on(MONDAY + days(5), actor="officer-2"):
            cases.grant_extension(case_id=case_id)
        cases.pass_day(MONDAY + days(6))
        assert len(cases.told(Case.Warned)) == 1
        cases.pass_day(MONDAY + days(13))

        assert [event.owed.due_on for event in cases.told(Case.Warned)] == [MONDAY + days(7), MONDAY + days(14)]

    def test_is_not_told_while_the_clock_stands(self, cases: MemoryCases, case_id: UUID) -> None:
        with acting_on(MONDAY + days(1)):
            cases.pause_step(case_id=case_id, reason="hospital")
        cases.pass_day(MONDAY + days(4))

        assert cases.told(Case.Warned) == []


def test_a_day_that_passes_hands_up_what_is_late_and_only_that(cases: MemoryCases) -> None:
    hear(cases, finding())
    for day in (MONDAY + days(7), MONDAY + days(8), MONDAY + days(8), MONDAY + days(9)):
        cases.pass_day(day)

    assert [event.expired.by for event in cases.told(Case.StepExpired)] == ["teacher"]


def test_a_day_that_passes_opens_the_next_case_of_a_lapsed_deferral(cases: MemoryCases) -> None:
    clear(cases, resolution="R9", evidence_kind="deferral_approval", expires_on=MONDAY + days(30))
    for day in (MONDAY + days(30), MONDAY + days(31), MONDAY + days(32)):
        cases.pass_day(day)

    assert [event.cause for event in cases.told(Case.Opened)] == ["not_in_seat", "deferral_lapsed"]


def test_a_case_somebody_acts_on_at_that_moment_keeps_no_other_from_its_turn(cases: MemoryCases) -> None:
    class Racing(MemoryCases):
        def expire_steps(self, *, case_id: UUID) -> Any:
            if case_id == busy:
                raise Stale("busy")
            return super().expire_steps(case_id=case_id)

    racing = Racing()
    busy = racing.open_case(child_id=uuid4(), cause="absent", township="410326103").id
    other = racing.open_case(child_id=uuid4(), cause="absent", township="410326103").id
    racing.pass_day(MONDAY + days(30))

    assert [event.originator_id for event in racing.told(Case.StepExpired)] == [other]


def test_a_case_that_cannot_be_worked_on_keeps_no_other_from_its_clock_and_health_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(MemoryCases):
        def expire_steps(self, *, case_id: UUID) -> Any:
            if case_id == broken:
                raise KeyError("a rule that is gone")
            return super().expire_steps(case_id=case_id)

    cases = Broken()
    with acting_on(MONDAY):
        broken = cases.open_case(child_id=uuid4(), cause="absent", township="410326103").id
        other = cases.open_case(child_id=uuid4(), cause="absent", township="410326103").id
    with pytest.raises(SomeFailed, match="KeyError"):
        cases.pass_day(MONDAY + days(30))

    assert [event.originator_id for event in cases.told(Case.StepExpired)] == [other]
    assert str(broken) in caplog.text


def test_a_store_that_is_away_is_waited_for_and_no_time_is_lost_on_the_rest() -> None:
    class Away(MemoryCases):
        tries = 0

        def expire_steps(self, *, case_id: UUID) -> Any:  # noqa: ARG002
            Away.tries += 1
            raise StoreUnavailable("away")

    cases = Away()
    with acting_on(MONDAY):
        for _ in range(3):
            cases.open_case(child_id=uuid4(), cause="absent", township="410326103")
    with pytest.raises(StoreUnavailable):
        cases.pass_day(MONDAY + days(30))

    assert Away.tries == 1


def a_move(*, township: str = "410326102") -> roster.ResidenceStated:
    """The child lives in another township now."""
    return roster.ResidenceStated(child_id=CHILD, household_id=None, township=township, village="410326102201")


def test_an_open_case_goes_along_with_a_child_that_moves_and_owes_what_it_owed(cases: MemoryCases) -> None:
    hear(cases, finding())
    before = cases.find_latest_case(CHILD)
    assert before is not None

    hear(cases, a_move())

    moved = cases.find_latest_case(CHILD)
    assert moved is not None
    assert (moved.place.township, moved.place.village) == ("410326102", "410326102201")
    assert moved.owed == before.owed


def test_a_move_of_a_child_without_an_open_case_is_nobodys_matter(cases: MemoryCases) -> None:
    hear(cases, a_move())

    assert cases.told(Case.Moved) == []


def merged(*, into: UUID = CHILD) -> roster.ChildrenMerged:
    """The other entry turned out to be this child."""
    return roster.ChildrenMerged(child_id=into, merged_id=OTHER_CHILD, reason="同一人")


def test_a_merged_entrys_open_case_goes_on_in_the_childs_own(cases: MemoryCases) -> None:
    hear(cases, finding())
    hear(cases, finding(child_id=OTHER_CHILD))

    hear(cases, merged())

    own, other = cases.find_latest_case(CHILD), cases.find_latest_case(OTHER_CHILD)
    assert own is not None
    assert other is not None
    assert (own.state, other.state) == (State.SUSPECTED, State.MERGED)
    assert [event.into_case for event in cases.told(Case.MergedInto)] == [own.id]


def test_a_child_without_a_case_gets_one_for_what_its_merged_entry_was_looked_for(cases: MemoryCases) -> None:
    hear(cases, finding(child_id=OTHER_CHILD))

    hear(cases, merged())
    hear(cases, merged())

    assert [event.cause for event in cases.told(Case.Opened)] == ["not_in_seat", "merged_entry"]


def test_an_entry_that_was_no_other_child_after_all_is_looked_for_again(cases: MemoryCases) -> None:
    hear(cases, finding(child_id=OTHER_CHILD))
    hear(cases, merged())

    hear(cases, roster.ChildrenUnmerged(child_id=CHILD, merged_id=OTHER_CHILD, reason="并非同一人"))

    other = cases.find_latest_case(OTHER_CHILD)
    assert other is not None
    assert (other.state, other.cause, other.number) == (State.SUSPECTED, "unmerged", 2)
