"""Of two entries that are one child the one that goes on owes what the other owed; parted, each has its own again."""

from contextlib import suppress
from datetime import date
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.chassis.errors import Refused
from services.chassis.school_terms import term_on
from services.chassis.working_days import add_working_days
from services.roster.domain.child import Child
from services.roster.domain.facts import DEFERRED
from services.roster.domain.findings import TAKEN_OVER
from services.roster.domain.schooling_elsewhere import proof_due_after
from tests.roster.given import CONSTABLE, MONDAY, SCHOOL, acting_on, days
from tests.roster.in_memory import MemoryRoster

UNTIL = MONDAY + days(200)


@pytest.fixture
def roster() -> MemoryRoster:
    """A roster in which nothing has happened."""
    return MemoryRoster()


def merged(roster: MemoryRoster, child_id: UUID, merged_id: UUID, *, on: date = MONDAY) -> None:
    with acting_on(on):
        roster.merge_children(child_id=child_id, merged_id=merged_id, reason="走访核实")


def parted(roster: MemoryRoster, child_id: UUID, merged_id: UUID, *, on: date = MONDAY) -> None:
    with acting_on(on):
        roster.unmerge_children(child_id=child_id, merged_id=merged_id, reason="系双胞胎")


def deferred(roster: MemoryRoster, child_id: UUID, *, until_on: date = UNTIL) -> UUID:
    with acting_on():
        return roster.approve_deferral(
            child_id=child_id, kind="suspension", proof="诊31", from_on=MONDAY, until_on=until_on
        ).id


class TestFindings:
    def test_of_the_other_entry_are_owed_by_the_same_unit_by_the_same_day(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child(), roster.a_child("suspect", "no_id_number", "not_in_seat")
        before = roster.get(Child, other).findings
        merged(roster, child_id, other, on=MONDAY + days(20))

        after = roster.get(Child, child_id).findings
        assert roster.open_kinds(other) == set()
        assert {(kind, f.owner, f.raised_on, f.due_on, f.grounds) for kind, f in after.items()} == {
            (kind, f.owner, f.raised_on, f.due_on, f.grounds) for kind, f in before.items()
        }
        assert {event.resolution for event in roster.told(Child.FindingResolved)} == {TAKEN_OVER}

    def test_that_the_entry_has_itself_are_not_there_twice(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect", "no_id_number"), roster.a_child("suspect", "no_id_number")
        own = roster.get(Child, child_id).findings["no_id_number"]
        merged(roster, child_id, other)

        assert roster.get(Child, child_id).findings == {"no_id_number": own}

    def test_that_were_answered_wait_for_acceptance_and_not_for_another_answer(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child(), roster.a_child()
        with acting_on():
            police_owes = roster.get(Child, other)
            police_owes.raise_finding(
                kind="no_id_number", reason="无", owner=CONSTABLE.unit, raised_on=MONDAY, grounds=police_owes.grounds
            )
            roster.record(police_owes)
        with acting_on(person=CONSTABLE.person, unit=CONSTABLE.unit):
            roster.answer_finding(child_id=other, kind="no_id_number", code="number_issued", evidence="公户核15号")
        merged(roster, child_id, other)
        with acting_on():
            roster.accept_answer(child_id=child_id, kind="no_id_number")

        assert roster.open_kinds(child_id) == set()

    def test_go_back_with_the_entry(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child(), roster.a_child("suspect", "no_id_number")
        merged(roster, child_id, other)
        parted(roster, child_id, other)

        assert roster.open_kinds(other) == {"no_id_number"}
        roster.state(child_id, "in_seat")
        assert roster.open_kinds(child_id) == set(), "the next comparison says what is the other one's alone"

    def test_of_a_merged_entry_are_not_told_as_late_twice(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child(), roster.a_child("suspect", "not_in_seat")
        merged(roster, child_id, other)
        for day in (60, 61):
            roster.pass_day(MONDAY + days(day))

        assert [event.originator_id for event in roster.told(Child.FindingOverdue)] == [child_id]


class TestAPaper:
    def test_speaks_for_the_entry_that_goes_on_and_runs_out_for_it(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect", "not_in_seat"), roster.a_child("suspect")
        deferred(roster, other)
        merged(roster, child_id, other)

        assert roster.get(Child, child_id).accounted == DEFERRED
        assert roster.open_kinds(child_id) == set()
        roster.pass_day(UNTIL - days(20))
        assert roster.open_kinds(child_id) == {"deferral_lapsing"}
        roster.pass_day(UNTIL + days(1))
        assert roster.get(Child, child_id).accounted == "suspect"
        assert roster.open_kinds(child_id) == {"deferral_lapsed"}

    def test_goes_back_with_the_entry_and_the_other_is_looked_for(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect"), roster.a_child("suspect")
        deferred(roster, other)
        merged(roster, child_id, other)
        parted(roster, child_id, other)

        assert roster.get(Child, child_id).accounted == "suspect"
        assert roster.get(Child, other).accounted == DEFERRED

    def test_that_ran_out_meanwhile_does_not_hide_who_is_parted_again(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child(), roster.a_child("suspect")
        deferred(roster, other)
        merged(roster, child_id, other)
        roster.pass_day(UNTIL + days(1))
        parted(roster, child_id, other, on=UNTIL + days(2))

        assert roster.get(Child, other).accounted == "suspect"
        roster.pass_day(UNTIL + days(3))
        assert roster.open_kinds(other) == {"deferral_lapsed"}

    def test_that_holds_for_the_entry_itself_goes_first(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect"), roster.a_child("suspect")
        own = deferred(roster, child_id)
        deferred(roster, other)
        merged(roster, child_id, other)

        excuse = roster.get(Child, child_id).excuse
        assert excuse is not None
        assert excuse.source_id == own

    def test_approved_for_a_merged_entry_is_the_childs(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect"), roster.a_child("suspect")
        merged(roster, child_id, other)
        deferred(roster, other)

        assert roster.get(Child, child_id).accounted == DEFERRED

    def test_of_another_entry_that_ends_on_the_same_day_is_not_asked_about_in_turns(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect"), roster.a_child("suspect")
        deferred(roster, child_id)
        deferred(roster, other)
        merged(roster, child_id, other)
        for day in (UNTIL - days(20), UNTIL + days(1)):
            roster.pass_day(day)
            head = len(roster.memory.log)
            roster.pass_day(day)
            assert len(roster.memory.log) == head

    def test_that_is_followed_by_a_longer_one_does_not_lapse(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect"), roster.a_child("suspect")
        deferred(roster, child_id)
        deferred(roster, other, until_on=UNTIL + days(60))
        merged(roster, child_id, other)
        roster.pass_day(UNTIL - days(20))

        assert roster.open_kinds(child_id) == set()


class TestTime:
    def test_asks_the_entry_that_goes_on_about_a_transfer_of_the_other(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child(), roster.a_child()
        with acting_on():
            roster.open_transfer(child_id=other, from_school=SCHOOL, to_place="洛阳市")
        merged(roster, child_id, other)
        roster.pass_day(add_working_days(MONDAY, 11))

        assert roster.open_kinds(child_id) == {"transfer_overdue"}

    def test_asks_nothing_about_where_a_merged_entry_was(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("in_seat"), roster.a_child("elsewhere")
        merged(roster, child_id, other)
        roster.pass_day(proof_due_after(term_on(MONDAY), MONDAY) + days(1))

        assert roster.open_kinds(child_id) == set()

    def test_finds_a_child_present_that_reported_as_its_other_entry(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child(), roster.a_child()
        term = term_on(MONDAY)
        with acting_on():
            check_in = roster.open_check_in(
                school=SCHOOL, term=term.name, expected=(child_id, other), starts_on=term.starts_on
            )
            roster.check_in(check_in_id=check_in.id, children=(other,))
            roster.close_check_in(check_in_id=check_in.id)
        roster.pass_day(MONDAY)
        assert "not_reported" in roster.open_kinds(child_id)
        merged(roster, child_id, other)
        roster.pass_day(MONDAY)

        assert roster.open_kinds(child_id) == set()

    def test_reads_all_of_it_again_after_a_restart(self, roster: MemoryRoster) -> None:
        child_id, other = roster.a_child("suspect"), roster.a_child("suspect")
        deferred(roster, other)
        merged(roster, child_id, other)
        roster.pass_day(UNTIL + days(1))
        head = len(roster.memory.log)
        roster.restart()
        roster.pass_day(UNTIL + days(1))

        assert len(roster.memory.log) == head


class TestAPlacementAtHome:
    def decide(self, roster: MemoryRoster, child_id: UUID, form: str = "home_teaching", *, on: date = MONDAY) -> UUID:
        with acting_on(on):
            return roster.decide_placement(child_id=child_id, form=form, school=SCHOOL).id

    def test_accounts_for_a_child_no_register_sees(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect", "disabled_unplaced")
        self.decide(roster, child_id)
        roster.state(child_id, "suspect", "disabled_unplaced", on=MONDAY + days(30))

        assert roster.get(Child, child_id).accounted == "placed"
        assert roster.open_kinds(child_id) == {"disabled_unplaced"}, "what is to be put on paper still is"

    def test_that_ends_leaves_the_child_to_be_looked_for(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect")
        placement_id = self.decide(roster, child_id)
        with acting_on(MONDAY + days(30)):
            roster.end_placement(placement_id=placement_id, reason="搬走")

        assert roster.get(Child, child_id).accounted == "suspect"

    def test_gives_way_to_the_next_decision(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect")
        first = self.decide(roster, child_id)
        self.decide(roster, child_id, "special_school", on=MONDAY + days(30))

        assert roster.get(Child, child_id).accounted == "suspect", "a school has to say that it sits there"
        with acting_on(), pytest.raises(Refused, match="ended already"):
            roster.end_placement(placement_id=first, reason="另行安置")

    def test_without_its_hours_is_found_month_by_month(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect")
        self.decide(roster, child_id)
        roster.pass_day(date(2026, 11, 2))

        assert roster.open_kinds(child_id) == {"home_teaching_not_begun", "home_teaching_short"}

    def test_in_a_class_accounts_for_nobody(self, roster: MemoryRoster) -> None:
        child_id = roster.a_child("suspect")
        self.decide(roster, child_id, "regular_class")

        assert roster.get(Child, child_id).accounted == "suspect"


class Merging(RuleBasedStateMachine):
    """However entries are merged, parted, excused and asked after: what is owed of a child is owed by an entry that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.roster = MemoryRoster()
        self.day = MONDAY
        self.entries: list[UUID] = []

    @initialize()
    def three_entries(self) -> None:
        self.entries = [
            self.roster.a_child("suspect", "not_enrolled"),
            self.roster.a_child("suspect", "no_id_number"),
            self.roster.a_child("in_seat"),
        ]

    @rule(one=st.integers(0, 2), other=st.integers(0, 2))
    def merge(self, one: int, other: int) -> None:
        with suppress(Refused):
            merged(self.roster, self.entries[one], self.entries[other], on=self.day)

    @rule(one=st.integers(0, 2), other=st.integers(0, 2))
    def part(self, one: int, other: int) -> None:
        with suppress(Refused):
            parted(self.roster, self.entries[one], self.entries[other], on=self.day)

    @rule(one=st.integers(0, 2), long=st.integers(1, 90))
    def defer(self, one: int, long: int) -> None:
        with acting_on(self.day):
            self.roster.approve_deferral(
                child_id=self.entries[one],
                kind="suspension",
                proof="诊31",
                from_on=self.day,
                until_on=self.day + days(long),
            )

    @rule(one=st.integers(0, 2), state=st.sampled_from(["suspect", "in_seat", "left_explained"]))
    def compare(self, one: int, state: str) -> None:
        child = self.roster.get(Child, self.entries[one])
        if child.absorbed_by is None:
            self.roster.state(child.id, state, *(["not_in_seat"] if state == "suspect" else []), on=self.day)

    @rule(later=st.integers(1, 60))
    def pass_time(self, later: int) -> None:
        self.day += days(later)
        self.roster.pass_day(self.day)

    @invariant()
    def nothing_is_owed_of_an_entry_that_goes_on_as_another(self) -> None:
        for entry in self.entries:
            child = self.roster.get(Child, entry)
            assert child.absorbed_by is None or not child.findings

    @invariant()
    def nobody_stays_excused_by_a_paper_that_ran_out(self) -> None:
        self.roster.pass_day(self.day)
        for entry in self.entries:
            child = self.roster.get(Child, entry)
            if child.absorbed_by is None and child.excuse is not None and child.excuse.until_on < self.day:
                assert child.accounted != DEFERRED

    @invariant()
    def a_day_that_passes_twice_changes_nothing_more(self) -> None:
        self.roster.pass_day(self.day)
        head = len(self.roster.memory.log)
        self.roster.pass_day(self.day)
        assert len(self.roster.memory.log) == head


TestMerging = Merging.TestCase
TestMerging.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
