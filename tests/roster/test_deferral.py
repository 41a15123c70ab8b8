"""A deferral: on a proof, until a day, a year at most; it accounts for a child while it holds, and no longer."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import NotFound, Refused
from services.roster.domain.child import Child
from services.roster.domain.deferral import EXTENDED, KINDS, RAN_OUT, Deferral
from services.roster.domain.facts import DEFERRED, LAPSED, Excuse
from services.roster.domain.schooling_elsewhere import SchoolingElsewhere
from tests.roster.given import BUREAU, CHILD, MONDAY, acting_on, days, happened, replayed, state_of
from tests.roster.in_memory import MemoryRoster

UNTIL = MONDAY + days(300)


def approved(
    *, kind: str = "suspension", proof: str = "诊31", from_on: date = MONDAY, until_on: date = UNTIL
) -> Deferral:
    with acting_on():
        return Deferral.approve(
            deferral_id=UUID(int=1),
            child_id=CHILD,
            kind=kind,
            proof=proof,
            from_on=from_on,
            until_on=until_on,
            today=MONDAY,
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_childs_schooling_starts_later_pauses_or_is_exempt(kind: str) -> None:
    assert approved(kind=kind).excuse(approved_by=BUREAU).state == DEFERRED


def test_there_is_no_fourth_kind() -> None:
    with pytest.raises(Refused, match="deferral, suspension, exemption"):
        approved(kind="holiday")


@pytest.mark.parametrize("proof", ["", "证41032620150607059X"])
def test_a_deferral_rests_on_a_proof_that_names_nobody(proof: str) -> None:
    with pytest.raises(Refused, match=r"number of the proof|number in the number"):
        approved(proof=proof)


@pytest.mark.parametrize(
    ("from_on", "until_on"),
    [(MONDAY, MONDAY), (MONDAY + days(2), MONDAY + days(1)), (MONDAY - days(30), MONDAY - days(1))],
)
def test_a_deferral_ends_after_it_began_and_after_today(from_on: date, until_on: date) -> None:
    with pytest.raises(Refused, match="ends after it began"):
        approved(from_on=from_on, until_on=until_on)


def test_a_deferral_holds_for_a_year_at_most_leap_years_too() -> None:
    approved(until_on=date(2027, 9, 14))
    approved(from_on=date(2028, 2, 29), until_on=date(2029, 3, 1))
    with pytest.raises(Refused, match="one school year at most"):
        approved(until_on=date(2027, 9, 15))


def test_a_deferral_ends_once() -> None:
    deferral = approved()
    with acting_on():
        deferral.end(reason="康复复学", today=MONDAY)
        with pytest.raises(Refused, match="ended already"):
            deferral.end(reason="康复复学", today=MONDAY)
        deferral.lapse(today=UNTIL + days(1))

    assert happened(deferral) == ["Ended"]
    assert state_of(replayed(deferral)) == state_of(deferral)


def test_a_deferral_runs_out_when_its_last_day_has_passed() -> None:
    deferral = approved()
    with acting_on():
        deferral.lapse(today=UNTIL)
        assert happened(deferral) == []
        deferral.lapse(today=UNTIL + days(1))

    ended = deferral.pending_events[-1]
    assert isinstance(ended, Deferral.Ended)
    assert ended.reason == RAN_OUT


@given(state=st.sampled_from(["in_seat", "suspect", "left_explained", "elsewhere", "gone"]), after=st.integers(-5, 305))
def test_an_excuse_explains_a_suspicion_and_nothing_else_and_only_while_it_holds(state: str, after: int) -> None:
    excuse = Excuse(UUID(int=1), DEFERRED, "休学", MONDAY, UNTIL, "诊31")
    day = MONDAY + days(after)

    accounted, reason = excuse.account(state=state, reason="名册", day=day)

    if state == "suspect" and MONDAY <= day <= UNTIL:
        assert (accounted, reason) == (DEFERRED, "休学")
    elif state == DEFERRED and day > UNTIL:
        assert (accounted, reason) == ("suspect", LAPSED)
    else:
        assert (accounted, reason) == (state, "名册")


class TestInTheRoster:
    @pytest.fixture
    def roster(self) -> MemoryRoster:
        return MemoryRoster()

    @pytest.fixture
    def child_id(self, roster: MemoryRoster) -> UUID:
        return roster.a_child("suspect", "not_in_seat", "no_id_number")

    def approve(self, roster: MemoryRoster, child_id: UUID, *, until_on: date = UNTIL, on: date = MONDAY) -> UUID:
        with acting_on(on):
            return roster.approve_deferral(
                child_id=child_id, kind="suspension", proof="诊31", from_on=on, until_on=until_on
            ).id

    def test_a_deferral_accounts_for_the_child_and_closes_what_it_answers_for_and_no_more(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        self.approve(roster, child_id)

        child = roster.get(Child, child_id)
        assert (child.accounted, set(child.findings)) == (DEFERRED, {"no_id_number"})
        (resolved,) = roster.told(Child.FindingResolved)
        assert (resolved.kind, resolved.resolution, resolved.evidence, resolved.approved_by) == (
            "not_in_seat",
            "R9",
            "诊31",
            BUREAU,
        )

    def test_a_comparison_neither_suspects_nor_looks_for_a_child_whose_deferral_holds(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        self.approve(roster, child_id)
        roster.state(child_id, "suspect", "not_in_seat", "poverty_out_of_school", on=MONDAY + days(30))

        child = roster.get(Child, child_id)
        assert (child.accounted, set(child.findings)) == (DEFERRED, set())

    def test_a_comparison_after_its_end_suspects_and_looks_for_the_child(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        self.approve(roster, child_id)
        roster.state(child_id, "suspect", "poverty_out_of_school", on=UNTIL + days(1))

        child = roster.get(Child, child_id)
        assert (child.accounted, set(child.findings)) == ("suspect", {"poverty_out_of_school"})

    def test_a_deferral_that_is_ended_leaves_the_child_to_be_found_by_a_register(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        deferral_id = self.approve(roster, child_id)
        with acting_on(MONDAY + days(30)):
            roster.end_deferral(deferral_id=deferral_id, reason="康复复学")
        assert roster.get(Child, child_id).accounted == "suspect"

        roster.state(child_id, "in_seat", on=MONDAY + days(31))
        child = roster.get(Child, child_id)
        assert (child.accounted, child.excuse) == ("in_seat", None)

    def test_more_time_is_a_new_deferral_that_ends_the_one_before_without_a_gap(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        first = self.approve(roster, child_id, until_on=MONDAY + days(100))
        ask_on = MONDAY + days(80)
        with acting_on(ask_on):
            roster.approve_deferral(
                child_id=child_id,
                kind="suspension",
                proof="诊77",
                from_on=MONDAY + days(101),
                until_on=MONDAY + days(300),
            )
        for day in (ask_on, MONDAY + days(101), MONDAY + days(150)):
            roster.pass_day(day)
            assert roster.get(Child, child_id).accounted == DEFERRED

        (ended,) = roster.told(Deferral.Ended)
        assert (ended.originator_id, ended.reason) == (first, EXTENDED)
        assert [event.state for event in roster.told(Child.Accounted)] == ["suspect", DEFERRED]

    def test_a_child_who_goes_to_school_elsewhere_is_deferred_no_longer(
        self, roster: MemoryRoster, child_id: UUID
    ) -> None:
        self.approve(roster, child_id)
        with acting_on():
            told = {"place": "洛阳市", "school_name": "洛阳市第一小学", "proof": "证8"}
            proved = roster.prove_schooling_elsewhere(child_id=child_id, term="2026-2027-1", **told)
            with pytest.raises(Refused, match="proved already"):
                roster.prove_schooling_elsewhere(child_id=child_id, term="2026-2027-1", **told)
            with pytest.raises(Refused, match="proved for 2026-2027-1, or the term after it"):
                roster.prove_schooling_elsewhere(child_id=child_id, term="2025-2026-1", **told)

        assert roster.get(Child, child_id).accounted == "elsewhere"
        assert roster.get(SchoolingElsewhere, proved.id).proof == "证8"
        assert len(roster.told(Deferral.Ended)) == 1

    def test_nothing_is_deferred_of_whom_nobody_knows_and_of_who_was_erased(self, roster: MemoryRoster) -> None:
        with pytest.raises(NotFound):
            self.approve(roster, UUID(int=9))
        erased = roster.a_child("suspect")
        with acting_on():
            roster.erase_child(child_id=erased, reason="监护人申请")
        with pytest.raises(Refused, match="erased for good"):
            self.approve(roster, erased)
