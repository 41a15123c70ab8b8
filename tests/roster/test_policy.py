"""What time brings to the roster's children, and takes: once, in order, after a restart too; and what assistance tells."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from services.chassis import key_store
from services.chassis.application import SomeFailed
from services.chassis.errors import Stale
from services.chassis.keyring import KeyRing
from services.chassis.school_terms import next_term, term_on
from services.chassis.vault import Vault
from services.chassis.working_days import add_working_days
from services.contracts import assistance
from services.contracts.envelope import Envelope, Published
from services.roster import policy
from services.roster.application import Answer, Roster
from services.roster.domain.child import Child
from services.roster.domain.deferral import RAN_OUT, Deferral
from services.roster.domain.field_check import BUREAU_AFTER, FieldCheck
from services.roster.domain.home_hours import HomeHours, hours_owed
from services.roster.domain.near_findings import NearFindings
from services.roster.domain.placement import Placement
from services.roster.domain.schooling_elsewhere import proof_due_after
from services.roster.service import build, migrate
from tests.fixtures.postgres import FreshDatabase
from tests.roster.conftest import KEY_SECRET, SURROUNDINGS
from tests.roster.given import BUREAU, CLERK, MONDAY, OTHER_SCHOOL, SCHOOL, TEACHER, acting_on, days
from tests.roster.in_memory import MemoryRoster, statement

TERM = "2026-2027-1"
STARTS_ON = date(2026, 9, 1)
TOWNSHIP = "township:410326103"
SCHOOL_UNIT = f"school:{SCHOOL}"


@pytest.fixture
def roster() -> MemoryRoster:
    """A roster in which nothing has happened."""
    return MemoryRoster()


def raised(roster: MemoryRoster, kind: str) -> list[Child.FindingRaised]:
    return [event for event in roster.told(Child.FindingRaised) if event.kind == kind]


class TestATransfer:
    @pytest.fixture
    def child_id(self, roster: MemoryRoster) -> UUID:
        child_id = roster.a_child()
        with acting_on():
            roster.open_transfer(child_id=child_id, from_school=SCHOOL, to_place="洛阳市")
        return child_id

    def test_in_limbo_past_ten_working_days_asks_the_school_and_past_twenty_the_bureau(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        first, second = add_working_days(MONDAY, 10), add_working_days(MONDAY, 20)
        roster.pass_day(first)
        assert roster.open_kinds(child_id) == set()
        for day in (first + days(1), second, second + days(1), second + days(2)):
            roster.pass_day(day)
            roster.pass_day(day)

        found = raised(roster, "transfer_overdue")
        assert [(event.owner, event.raised_on) for event in found] == [
            (SCHOOL_UNIT, first + days(1)),
            (BUREAU, second + days(1)),
        ]
        assert roster.open_kinds(child_id) == {"transfer_overdue"}

    def test_that_is_completed_asks_nobody_any_more(self, roster: MemoryRoster, child_id: UUID) -> None:
        late = MONDAY + days(30)
        roster.pass_day(late)
        (opened,) = {
            event.originator_id for event in roster.memory.log if type(event).__qualname__ == "Transfer.Opened"
        }
        with acting_on(late):
            roster.complete_transfer(transfer_id=opened, to_school=OTHER_SCHOOL)
        roster.pass_day(late)

        assert roster.open_kinds(child_id) == set()

    def test_is_no_comparisons_matter(self, roster: MemoryRoster, child_id: UUID) -> None:
        late = MONDAY + days(30)
        roster.pass_day(late)
        roster.state(child_id, "in_seat", on=late)

        assert roster.open_kinds(child_id) == {"transfer_overdue"}

    def test_whose_school_answered_is_not_asked_after_again_at_that_stage(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        late = add_working_days(MONDAY, 11)
        roster.pass_day(late)
        with acting_on(late, person=TEACHER.person, unit=TEACHER.unit):
            roster.answer_finding(child_id=child_id, kind="transfer_overdue", code="transferred", evidence="回执9")
        with acting_on(late):
            roster.accept_answer(child_id=child_id, kind="transfer_overdue")
        roster.pass_day(late)

        assert roster.open_kinds(child_id) == set()
        head = len(roster.memory.log)
        roster.pass_day(late)
        assert len(roster.memory.log) == head


class TestSchoolingElsewhere:
    def test_is_proved_anew_each_term(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("elsewhere", on=STARTS_ON)
        due_on = proof_due_after(term_on(STARTS_ON), STARTS_ON)
        roster.pass_day(due_on)
        assert roster.open_kinds(child_id) == set()
        roster.pass_day(due_on + days(1))
        assert roster.open_kinds(child_id) == {"elsewhere_unproved"}

        prove(roster, child_id, on=due_on + days(2))
        roster.pass_day(due_on + days(3))
        assert roster.open_kinds(child_id) == set()

        spring = next_term(term_on(STARTS_ON))
        roster.pass_day(proof_due_after(spring, STARTS_ON) + days(1))
        assert roster.open_kinds(child_id) == {"elsewhere_unproved"}

    def test_of_a_child_who_is_back_needs_no_proof(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("elsewhere", on=STARTS_ON)
        late = proof_due_after(term_on(STARTS_ON), STARTS_ON) + days(1)
        roster.pass_day(late)
        roster.state(child_id, "in_seat", on=late)
        roster.pass_day(late)

        assert roster.open_kinds(child_id) == set()

    def test_that_is_proved_accounts_for_a_child_no_register_sees_until_the_next_proof_is_due(
        self, roster: MemoryRoster
    ) -> None:
        child_id = roster.a_child("suspect", "not_enrolled")
        prove(roster, child_id, on=MONDAY)
        roster.state(child_id, "suspect", "not_enrolled", on=MONDAY + days(30))

        assert roster.get(Child, child_id).accounted == "elsewhere"

        roster.state(child_id, "suspect", "not_enrolled", on=MONDAY + days(300))
        assert roster.get(Child, child_id).accounted == "suspect"


def prove(roster: MemoryRoster, child_id: UUID, *, on: date) -> Answer:
    with acting_on(on):
        return roster.prove_schooling_elsewhere(
            child_id=child_id, term=TERM, place="洛阳市", school_name="洛阳市第一小学", proof="证8"
        )


def defer(roster: MemoryRoster, child_id: UUID, *, until_on: date, on: date = MONDAY) -> UUID:
    with acting_on(on):
        return roster.approve_deferral(
            child_id=child_id, kind="suspension", proof="诊31", from_on=on, until_on=until_on
        ).id


class TestADeferral:
    def test_is_warned_of_thirty_days_and_ten_days_before_its_end(self, roster: MemoryRoster) -> None:
        until_on = MONDAY + days(100)
        child_id = roster.a_child("suspect")
        defer(roster, child_id, until_on=until_on)
        for left in (31, 30, 20, 11, 10, 9, 0):
            roster.pass_day(until_on - days(left))
            roster.pass_day(until_on - days(left))

        assert [event.raised_on for event in raised(roster, "deferral_lapsing")] == [
            until_on - days(30),
            until_on - days(10),
        ]

    def test_that_ran_out_leaves_a_suspect_whom_the_township_looks_for(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect", "not_in_seat")
        deferral_id = defer(roster, child_id, until_on=MONDAY + days(100))
        roster.pass_day(MONDAY + days(100))
        assert roster.get(Child, child_id).accounted == "left_explained"
        roster.pass_day(MONDAY + days(101))

        child = roster.get(Child, child_id)
        assert (child.accounted, child.findings["deferral_lapsed"].owner) == ("suspect", TOWNSHIP)
        assert set(child.findings) == {"deferral_lapsed"}
        assert [event.reason for event in roster.told(Deferral.Ended)] == [RAN_OUT]
        assert roster.get(Deferral, deferral_id).ended_on == MONDAY + days(101)

    def test_that_ran_out_asks_nobody_any_more_once_the_child_is_back(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect")
        defer(roster, child_id, until_on=MONDAY + days(100))
        roster.pass_day(MONDAY + days(101))
        roster.state(child_id, "in_seat", on=MONDAY + days(102))
        roster.pass_day(MONDAY + days(102))

        assert roster.open_kinds(child_id) == set()

    def test_that_ran_out_unnoticed_by_a_register_is_suspect_all_the_same(self, roster: MemoryRoster) -> None:
        """The 学籍 may keep a pupil as suspended 休学 for ever."""
        child_id = roster.a_child("left_explained")
        defer(roster, child_id, until_on=MONDAY + days(100))
        roster.pass_day(MONDAY + days(101))
        roster.state(child_id, "left_explained", on=MONDAY + days(102))

        assert roster.get(Child, child_id).accounted == "suspect"

    def test_of_a_child_who_is_back_in_class_ends_quietly(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect")
        defer(roster, child_id, until_on=MONDAY + days(100))
        roster.state(child_id, "in_seat", on=MONDAY + days(50))
        roster.pass_day(MONDAY + days(101))

        assert roster.get(Child, child_id).accounted == "in_seat"
        assert roster.open_kinds(child_id) == set()

    def test_approved_for_later_begins_on_its_day(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect", "not_in_seat")
        with acting_on():
            roster.approve_deferral(
                child_id=child_id,
                kind="deferral",
                proof="诊31",
                from_on=MONDAY + days(10),
                until_on=MONDAY + days(200),
            )
        roster.pass_day(MONDAY + days(9))
        before = roster.get(Child, child_id)
        roster.pass_day(MONDAY + days(10))
        after = roster.get(Child, child_id)

        assert (before.accounted, set(before.findings)) == ("suspect", {"not_in_seat"})
        assert (after.accounted, set(after.findings)) == ("left_explained", set())


class TestATermStart:
    @pytest.fixture
    def here(self, roster: MemoryRoster) -> UUID:
        return roster.a_child()

    @pytest.fixture
    def missing(self, roster: MemoryRoster) -> UUID:
        return roster.a_child()

    @pytest.fixture
    def check_in(self, roster: MemoryRoster, here: UUID, missing: UUID) -> UUID:
        with acting_on(STARTS_ON):
            check_in = roster.open_check_in(school=SCHOOL, term=TERM, expected=(here, missing), starts_on=STARTS_ON)
            roster.check_in(check_in_id=check_in.id, children=(here,))
        return check_in.id

    def test_finds_who_did_not_report_once_the_check_in_is_closed(
        self, roster: MemoryRoster, here: UUID, missing: UUID, check_in: UUID
    ) -> None:
        roster.pass_day(STARTS_ON)
        assert roster.open_kinds(missing) == set()
        with acting_on(STARTS_ON + days(3)):
            roster.close_check_in(check_in_id=check_in)
        roster.pass_day(STARTS_ON + days(3))

        assert (roster.open_kinds(missing), roster.open_kinds(here)) == ({"not_reported"}, set())
        assert roster.get(Child, missing).findings["not_reported"].owner == SCHOOL_UNIT

    def test_asks_for_the_reason_of_an_absence_after_a_week_closed_or_not(
        self, roster: MemoryRoster, missing: UUID, check_in: UUID
    ) -> None:
        roster.pass_day(STARTS_ON + days(7))
        assert roster.open_kinds(missing) == set()
        roster.pass_day(STARTS_ON + days(8))
        assert roster.open_kinds(missing) == {"absence_unverified"}

        with acting_on(STARTS_ON + days(9)):
            roster.verify_absence(check_in_id=check_in, child_id=missing, reason="因病住院")
        roster.pass_day(STARTS_ON + days(9))
        assert roster.open_kinds(missing) == set()

    def test_does_not_look_for_whose_schooling_is_suspended(
        self, roster: MemoryRoster, missing: UUID, check_in: UUID
    ) -> None:
        defer(roster, missing, until_on=STARTS_ON + days(200), on=STARTS_ON)
        with acting_on(STARTS_ON):
            roster.close_check_in(check_in_id=check_in)
        roster.pass_day(STARTS_ON + days(9))

        assert roster.open_kinds(missing) == set()

    def test_is_forgotten_when_the_child_reports_in_a_later_term(
        self, roster: MemoryRoster, missing: UUID, check_in: UUID
    ) -> None:
        with acting_on(STARTS_ON):
            roster.close_check_in(check_in_id=check_in)
        roster.pass_day(STARTS_ON + days(9))
        spring = next_term(term_on(STARTS_ON))
        with acting_on(spring.starts_on):
            later = roster.open_check_in(
                school=SCHOOL, term=spring.name, expected=(missing,), starts_on=spring.starts_on
            )
            roster.check_in(check_in_id=later.id, children=(missing,))
        roster.pass_day(spring.starts_on)

        assert roster.open_kinds(missing) == set()

    def test_leaves_a_comparisons_own_finding_of_it_to_the_comparison(
        self, roster: MemoryRoster, missing: UUID, check_in: UUID
    ) -> None:
        roster.state(missing, "suspect", "not_reported", on=STARTS_ON)
        with acting_on(STARTS_ON):
            roster.close_check_in(check_in_id=check_in)
        roster.pass_day(STARTS_ON + days(1))
        assert len(raised(roster, "not_reported")) == 1

        roster.state(missing, "in_seat", on=STARTS_ON + days(2))
        assert roster.open_kinds(missing) == set()


class TestHomeTeaching:
    def test_under_its_part_of_216_hours_is_found_at_the_end_of_a_month_until_it_is_made_up(
        self, roster: MemoryRoster
    ) -> None:
        child_id = roster.a_child("placed")
        with acting_on(STARTS_ON):
            roster.decide_placement(child_id=child_id, form="home_teaching", school=SCHOOL)
        teach(roster, child_id, hours=1, on=STARTS_ON)
        roster.pass_day(date(2026, 9, 30))
        assert roster.open_kinds(child_id) == set()
        roster.pass_day(date(2026, 10, 1))
        assert roster.open_kinds(child_id) == {"home_teaching_short"}

        teach(roster, child_id, hours=hours_owed(placed_on=STARTS_ON, by=date(2026, 9, 30)))
        roster.pass_day(date(2026, 10, 2))
        assert roster.open_kinds(child_id) == set()
        roster.pass_day(date(2026, 11, 1))
        assert roster.open_kinds(child_id) == {"home_teaching_short"}

    def test_that_ended_or_became_another_placement_owes_no_hours(self, roster: MemoryRoster) -> None:
        children = [roster.a_child("placed") for _ in range(2)]
        with acting_on(STARTS_ON):
            placements = [
                roster.decide_placement(child_id=child_id, form="home_teaching", school=SCHOOL).id
                for child_id in children
            ]
            roster.end_placement(placement_id=placements[0], reason="康复入学")
            roster.decide_placement(child_id=children[1], form="special_school", school=SCHOOL)
        roster.pass_day(date(2026, 12, 1))

        assert [roster.open_kinds(child_id) for child_id in children] == [set(), set()]

    def test_that_never_began_is_found_after_five_working_days_and_the_placements_school_owes_it(
        self, roster: MemoryRoster
    ) -> None:
        child_id = roster.a_child("placed")
        by = add_working_days(STARTS_ON, 5)
        with acting_on(STARTS_ON):
            roster.decide_placement(child_id=child_id, form="home_teaching", school=OTHER_SCHOOL)
        roster.pass_day(by)
        assert roster.open_kinds(child_id) == set()
        roster.pass_day(by + days(1))
        roster.pass_day(by + days(2))

        [found] = raised(roster, "home_teaching_not_begun")
        assert (found.owner, found.due_on) == (f"school:{OTHER_SCHOOL}", add_working_days(by + days(1), 5))

        teach(roster, child_id, hours=3, on=by + days(3))
        roster.pass_day(by + days(3))
        assert roster.open_kinds(child_id) == set()
        assert [event.taught_on for event in roster.told(Placement.TeachingBegun)] == [by + days(3)]

    def test_that_began_before_its_decision_was_kept_leaves_no_other_trace_than_after(self) -> None:
        left = []
        for visit_first in (True, False):
            roster = MemoryRoster()
            child_id = roster.a_child("placed")
            if visit_first:
                teach(roster, child_id, hours=3, on=STARTS_ON)
            with acting_on(STARTS_ON):
                roster.decide_placement(child_id=child_id, form="home_teaching", school=SCHOOL)
            if not visit_first:
                teach(roster, child_id, hours=3, on=STARTS_ON)
            for day in (STARTS_ON, STARTS_ON + days(20)):
                roster.pass_day(day)
            assert roster.open_kinds(child_id) == set()
            left.append([(event.taught_on, event.caused.actor) for event in roster.told(Placement.TeachingBegun)])

        assert left[0] == left[1]
        assert [taught_on for taught_on, _ in left[0]] == [STARTS_ON]

    def test_of_one_entry_is_the_beginning_for_the_child_it_turns_out_to_be(self, roster: MemoryRoster) -> None:
        child_id, other_id = roster.a_child("placed"), roster.a_child("placed")
        with acting_on(STARTS_ON):
            roster.decide_placement(child_id=child_id, form="home_teaching", school=SCHOOL)
            roster.merge_children(child_id=other_id, merged_id=child_id, reason="走访核实")
        roster.pass_day(add_working_days(STARTS_ON, 6))
        assert roster.open_kinds(other_id) == {"home_teaching_not_begun"}

        teach(roster, other_id, hours=3, on=add_working_days(STARTS_ON, 7))
        roster.pass_day(add_working_days(STARTS_ON, 7))
        assert roster.open_kinds(other_id) == set()

    def test_begins_anew_with_another_school(self, roster: MemoryRoster) -> None:
        child_id, moved_on = roster.a_child("placed"), STARTS_ON + days(10)
        with acting_on(STARTS_ON):
            roster.decide_placement(child_id=child_id, form="home_teaching", school=SCHOOL)
        teach(roster, child_id, hours=3, on=STARTS_ON)
        roster.pass_day(moved_on)
        with acting_on(moved_on):
            roster.decide_placement(child_id=child_id, form="home_teaching", school=OTHER_SCHOOL)
        roster.pass_day(add_working_days(moved_on, 6))

        [found] = raised(roster, "home_teaching_not_begun")
        assert found.owner == f"school:{OTHER_SCHOOL}"

    def test_told_again_counts_once(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("placed")
        for hours in (3, 3, 6, 3):
            teach(roster, child_id, hours=hours)

        assert [event.hours for event in roster.told(HomeHours.Counted)] == [3, 6]

    def test_is_all_the_policy_hears_of_assistance(self, roster: MemoryRoster) -> None:
        told = assistance.EligibilityEnded(
            eligibility_id=uuid4(), child_id=uuid4(), category="c", until_on=date(2026, 9, 30)
        )
        hear(roster, told)

        assert roster.memory.log == []


class TestWhatIsLate:
    def test_is_told_once_the_longest_overdue_first_and_not_again_after_a_restart(self, roster: MemoryRoster) -> None:
        later = roster.a_child("suspect", "no_id_number")
        sooner = roster.a_child("suspect", "not_in_seat")
        long_after = MONDAY + days(60)
        for _ in range(2):
            roster.pass_day(long_after)
        roster.restart()
        roster.pass_day(long_after + days(1))

        told = roster.told(Child.FindingOverdue)
        assert [event.originator_id for event in told] == [sooner, later]
        assert [event.due_on for event in told] == [add_working_days(MONDAY, 5), add_working_days(MONDAY, 20)]

    def test_is_as_much_as_a_tick_can_take_and_the_rest_the_next_time(
        self, roster: MemoryRoster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            roster.a_child("suspect", "not_in_seat")
        monkeypatch.setattr(policy, "LATE_AT_ONCE", 2)

        counts = []
        for _ in range(3):
            roster.pass_day(MONDAY + days(60))
            counts.append(len(roster.told(Child.FindingOverdue)))
        assert counts == [2, 3, 3]

    def test_waits_for_the_next_tick_where_somebody_acts_at_this_moment(self) -> None:
        class Contended(MemoryRoster):
            busy = True

            def expire_finding(self, *, child_id: UUID, kind: str) -> Answer:
                if self.busy:
                    raise Stale("Somebody was quicker.")
                return super().expire_finding(child_id=child_id, kind=kind)

        roster = Contended()
        roster.a_child("suspect", "not_in_seat")
        roster.pass_day(MONDAY + days(60))
        assert roster.told(Child.FindingOverdue) == []
        roster.busy = False
        roster.pass_day(MONDAY + days(60))

        assert len(roster.told(Child.FindingOverdue)) == 1

    def test_that_fails_keeps_no_other_from_its_day_and_health_is_told(self) -> None:
        class Broken(MemoryRoster):
            def expire_finding(self, *, child_id: UUID, kind: str) -> Answer:
                if child_id == broken:
                    raise KeyError("an owner that is gone")
                return super().expire_finding(child_id=child_id, kind=kind)

        roster = Broken()
        broken, other = (roster.a_child("suspect", "not_in_seat") for _ in range(2))
        with pytest.raises(SomeFailed, match="KeyError"):
            roster.pass_day(MONDAY + days(60))

        assert [event.originator_id for event in roster.told(Child.FindingOverdue)] == [other]

    def test_does_not_concern_who_was_erased_or_merged_or_has_left(self, roster: MemoryRoster) -> None:
        erased, merged, goes_on = (roster.a_child("suspect", "not_in_seat") for _ in range(3))
        graduated = roster.a_child("elsewhere")
        with acting_on():
            roster.erase_child(child_id=erased, reason="监护人申请")
            roster.merge_children(child_id=goes_on, merged_id=merged, reason="同一人")
        roster.state(graduated, "graduated")
        roster.pass_day(MONDAY + days(90))

        assert {event.originator_id for event in roster.told(Child.FindingOverdue)} == {goes_on}
        assert raised(roster, "elsewhere_unproved") == []


class TestWhatIsNearItsDay:
    DUE = add_working_days(MONDAY, 5)

    def warned(self, roster: MemoryRoster) -> list[tuple[str, str, date]]:
        return [(event.owner, event.kind, event.due_on) for event in roster.told(NearFindings.Warned)]

    def test_is_told_once_for_all_that_are_alike_and_not_again_after_a_restart(self, roster: MemoryRoster) -> None:
        for _ in range(3):
            roster.a_child("suspect", "not_in_seat")
        roster.pass_day(add_working_days(MONDAY, 2))
        assert self.warned(roster) == []

        roster.pass_day(add_working_days(MONDAY, 3))
        roster.restart()
        roster.pass_day(add_working_days(MONDAY, 4))

        assert self.warned(roster) == [(f"school:{SCHOOL}", "not_in_seat", self.DUE)]

    def test_does_not_concern_what_is_answered_or_late_or_who_was_erased(self, roster: MemoryRoster) -> None:
        answered, erased = (roster.a_child("suspect", "not_in_seat") for _ in range(2))
        with acting_on(unit=f"school:{SCHOOL}"):
            roster.answer_finding(child_id=answered, kind="not_in_seat", code="present", evidence="点名册9")
        with acting_on():
            roster.erase_child(child_id=erased, reason="监护人申请")
        roster.pass_day(self.DUE)
        roster.a_child("suspect", "not_in_seat")
        roster.pass_day(MONDAY + days(60))

        assert self.warned(roster) == []

    def test_is_told_anew_where_it_came_back_with_another_day_but_not_of_one_just_given(
        self, roster: MemoryRoster
    ) -> None:
        child_id = roster.a_child("suspect", "transfer_pending")
        with acting_on(unit=f"school:{SCHOOL}"):
            roster.answer_finding(child_id=child_id, kind="transfer_pending", code="present", evidence="点名册9")
        with acting_on(person="officer-2"):
            roster.return_answer(child_id=child_id, kind="transfer_pending", reason="没有回执")
        [returned] = roster.told(Child.FindingReturned)
        for day in range(90):
            roster.pass_day(MONDAY + days(day))

        assert [due_on for _, _, due_on in self.warned(roster)] == [returned.due_on]


class TestAChild:
    """Comes into the age of compulsory schooling on a first of September, and leaves it on one (义务教育法 第十一条)."""

    FIVE = "2021-03-04"
    BEGINS, ENDS = date(2027, 9, 1), date(2037, 8, 31)

    @staticmethod
    def told(roster: MemoryRoster) -> list[tuple[UUID, str, date]]:
        reached, passed = Child.SchoolAgeReached, Child.SchoolAgePassed
        return [
            (event.originator_id, type(event).__name__, event.begin_on if isinstance(event, reached) else event.end_on)
            for event in roster.memory.log
            if isinstance(event, reached | passed)
        ]

    def test_comes_of_age_on_the_day_and_leaves_it_on_the_day_once(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child(birth_date=self.FIVE)
        for day in (self.BEGINS - days(1), self.BEGINS, self.BEGINS + days(1), self.ENDS):
            roster.pass_day(day)
        assert self.told(roster) == [(child_id, "SchoolAgeReached", self.BEGINS)]
        for day in (self.ENDS + days(1), self.ENDS + days(2), self.ENDS + days(400)):
            roster.pass_day(day)
            roster.restart()

        assert self.told(roster)[1:] == [(child_id, "SchoolAgePassed", self.ENDS)]

    def test_is_told_in_order_after_years_without_a_clock(self, roster: MemoryRoster) -> None:
        younger, older = roster.a_child(birth_date="2021-09-01"), roster.a_child(birth_date="2021-08-31")
        roster.pass_day(self.ENDS + days(1))

        assert self.told(roster) == [
            (older, "SchoolAgeReached", self.BEGINS),
            (older, "SchoolAgePassed", self.ENDS),
            (younger, "SchoolAgeReached", date(2028, 9, 1)),
        ]

    def test_that_was_of_age_when_it_became_known_only_leaves_it(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child(birth_date="2015-06-07")
        roster.pass_day(MONDAY + days(400))
        assert self.told(roster) == []
        roster.pass_day(date(2031, 9, 1))

        assert self.told(roster) == [(child_id, "SchoolAgePassed", date(2031, 8, 31))]

    def test_whose_birth_date_turns_out_to_be_another_comes_of_age_by_that(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child(birth_date="")
        roster.pass_day(self.BEGINS)
        assert self.told(roster) == []
        later = self.BEGINS + days(14)
        roster.state(child_id, "in_seat", on=later, birth_date="2022-03-04")
        roster.state(child_id, "in_seat", on=later, birth_date="2022-03-05")
        roster.pass_day(date(2028, 9, 1))

        assert self.told(roster) == [(child_id, "SchoolAgeReached", date(2028, 9, 1))]
        assert len(roster.told(Child.SchoolYearsStated)) == 1, "another day of the same school year is nothing new"

    def test_that_was_erased_merged_or_has_died_is_told_of_no_more(self, roster: MemoryRoster) -> None:
        erased, merged, goes_on, gone = (roster.a_child(birth_date=self.FIVE) for _ in range(4))
        with acting_on():
            roster.erase_child(child_id=erased, reason="监护人申请")
            roster.merge_children(child_id=goes_on, merged_id=merged, reason="同一人")
        roster.state(gone, "gone", birth_date=self.FIVE)
        roster.pass_day(self.BEGINS)

        assert self.told(roster) == [(goes_on, "SchoolAgeReached", self.BEGINS)]


class TestAFieldCheckList:
    """Lists that are not handed in by their day: the township hears of it, then the bureau."""

    DUE = MONDAY + days(4)

    @pytest.fixture
    def check_id(self, roster: MemoryRoster) -> UUID:
        with acting_on():
            check = FieldCheck.open(
                round="2026-autumn",
                township=TOWNSHIP.partition(":")[2],
                village="410326103005",
                children=[uuid4(), uuid4()],
                due_on=self.DUE,
                today=MONDAY,
            )
            roster.record(check)
        return check.id

    @staticmethod
    def locked(roster: MemoryRoster, check_id: UUID, *, locked: bool) -> None:
        with acting_on():
            check = roster.get(FieldCheck, check_id)
            if locked:
                check.lock()
            else:
                check.unlock()
            roster.record(check)

    def test_that_stays_out_is_told_to_the_township_the_day_after_and_to_the_bureau_three_working_days_later(
        self, roster: MemoryRoster, check_id: UUID
    ) -> None:
        bureau_on = add_working_days(self.DUE + days(1), BUREAU_AFTER) + days(1)
        day = self.DUE
        while day <= bureau_on + days(30):
            roster.pass_day(day)
            day += days(1)

        told = [(event.originator_id, event.reminded, event.overdue_on) for event in roster.told(FieldCheck.Overdue)]
        assert told == [(check_id, "township", self.DUE + days(1)), (check_id, "education_bureau", bureau_on)]
        assert {(event.due_on, event.unanswered) for event in roster.told(FieldCheck.Overdue)} == {(self.DUE, 2)}

    def test_is_told_in_that_order_and_once_after_an_outage_and_a_restart(
        self, roster: MemoryRoster, check_id: UUID
    ) -> None:
        back = self.DUE + days(200)
        for day in (back, back, add_working_days(back, BUREAU_AFTER), back + days(30), back + days(60)):
            roster.pass_day(day)
            roster.restart()

        assert check_id == roster.told(FieldCheck.Overdue)[0].originator_id
        assert [(event.reminded, event.overdue_on) for event in roster.told(FieldCheck.Overdue)] == [
            ("township", back),
            ("education_bureau", back + days(30)),
        ], "the township has its days from when it was told"

    def test_that_was_handed_in_is_told_to_nobody_until_it_is_returned(
        self, roster: MemoryRoster, check_id: UUID
    ) -> None:
        self.locked(roster, check_id, locked=True)
        roster.pass_day(self.DUE + days(30))
        assert roster.told(FieldCheck.Overdue) == []
        self.locked(roster, check_id, locked=False)
        roster.pass_day(self.DUE + days(31))

        assert [event.reminded for event in roster.told(FieldCheck.Overdue)] == ["township"]


def test_the_service_lets_time_pass_and_after_a_restart_tells_nothing_twice(
    database: Callable[..., FreshDatabase],
) -> None:
    own, keys = database("roster", migrate=migrate), database("vault", migrate=key_store.migrate)
    with closing(Vault(dsn=keys.app, ring=KeyRing.single(bytes(32)))) as vault:
        for run in range(2):
            built = build(dsn=own.app, vault=vault, surroundings=SURROUNDINGS, key_secret=KEY_SECRET).service
            with closing(built):
                roster = built.application
                assert isinstance(roster, Roster)
                if run == 0:
                    opened = opened_long_ago(roster)
                for _ in range(2):
                    built.tick(clock=SURROUNDINGS.clock)
                child = roster.get(Child, opened)
                assert set(child.findings) == {"transfer_overdue"}
                assert child.findings_raised == 1, "the roster's clock ran twice, and told once"


def opened_long_ago(roster: Roster) -> UUID:
    """A child whose transfer began twenty-five days before the clock's day."""
    child_id = uuid4()
    begun = SURROUNDINGS.clock.now().date() - days(25)
    with acting_on(begun):
        roster.state_children(statements=[statement(child_id, "in_seat", on=begun, new=True)])
        roster.open_transfer(child_id=child_id, from_school=SCHOOL, to_place="洛阳市")
    return child_id


def teach(roster: MemoryRoster, child_id: UUID, *, hours: int, on: date = MONDAY) -> None:
    hear(
        roster,
        assistance.HomeTeachingGiven(
            teaching_id=uuid4(),
            child_id=child_id,
            school_year="2026-2027",
            hours=3,
            hours_so_far=hours,
            given_on=on,
        ),
    )


def hear(roster: MemoryRoster, event: Published) -> None:
    """Lets the policy react to what assistance told."""
    envelope = Envelope(
        id=uuid4(),
        type=event.TYPE,
        producer="assistance",
        position=1,
        aggregate_id=uuid4(),
        version=1,
        stored_topic="",
        recorded_at=datetime(2026, 9, 14, tzinfo=UTC),
        actor=CLERK.person,
        department=CLERK.unit,
        purpose="assistance",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=None,
        trace="",
        body=msgspec.Raw(b"{}"),
    )
    with acting_on(person="policy:roster", unit="system:policy"):
        policy.react(roster, envelope, event)
