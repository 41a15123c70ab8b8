"""Doubts are decided by persons, once and again with reasons; what was decided holds for merging too."""

from itertools import permutations
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import NotFound, Refused
from services.roster.application import RAISED_BY_HAND, Roster
from services.roster.domain.child import Child
from services.roster.domain.doubt import Doubt, RowPair
from services.roster.domain.facts import RowPlace
from services.roster.domain.statements import Doubtful
from tests.roster.conftest import Office
from tests.roster.given import BATCH, IDENTITY, MONDAY, RESIDENCE, acting_on, days, happened, replayed, state_of

ONE, ANOTHER = sorted((UUID("7d0f2a52-3c1b-4a8e-9a55-0d9b6f5c1e01"), UUID("0b0c7a86-51f1-4f0e-8a2d-6a3a0f0a7e02")))
ROWS = RowPair(RowPlace("hukou", BATCH, 7), RowPlace("enrolment", BATCH, 9))
TOWNSHIP = "410326103"


def a_doubt() -> Doubt:
    """A doubt just raised."""
    with acting_on():
        return Doubt.raise_new(
            child_id=ONE,
            other_id=ANOTHER,
            township=TOWNSHIP,
            reason="同年级同名",
            score=0.25,
            grounds=(ROWS,),
            today=MONDAY,
        )


def raised_again(doubt: Doubt) -> None:
    """Raises it as a later comparison would."""
    doubt.raise_again(township=TOWNSHIP, reason="县内同名", score=0.5, grounds=(ROWS,), today=MONDAY + days(7))


class TestADoubt:
    def test_is_one_for_two_entries_whichever_way_round(self) -> None:
        assert Doubt.id_of(ONE, ANOTHER) == Doubt.id_of(ANOTHER, ONE) == a_doubt().id

    def test_is_about_two_different_entries(self) -> None:
        with acting_on(), pytest.raises(Refused, match="two different entries"):
            Doubt.raise_new(child_id=ONE, other_id=ONE, township="", reason="r", score=0.5, grounds=(), today=MONDAY)

    def test_is_decided_by_somebody_who_says_why(self) -> None:
        doubt = a_doubt()
        with acting_on() as act:
            for reason in ("", "  "):
                with pytest.raises(Refused, match="needs a reason"):
                    doubt.decide(decision="same", reason=reason, today=MONDAY)
            doubt.decide(decision="same", reason="户口本同一页", today=MONDAY)

        assert (doubt.decision, doubt.is_open) == ("same", False)
        (decided,) = [event for event in doubt.pending_events if isinstance(event, Doubt.Decided)]
        assert (decided.caused.actor, decided.reason) == (act.actor, "户口本同一页")

    def test_is_decided_as_same_or_different_and_nothing_else(self) -> None:
        with acting_on(), pytest.raises(Refused, match="`same` 同一人 or `different`"):
            a_doubt().decide(decision="maybe", reason="r", today=MONDAY)

    def test_is_decided_anew_only_otherwise_and_both_stand_in_its_history(self) -> None:
        doubt = a_doubt()
        with acting_on():
            doubt.decide(decision="same", reason="户口本同一页", today=MONDAY)
            with pytest.raises(Refused, match="decided so already"):
                doubt.decide(decision="same", reason="again", today=MONDAY)
            doubt.decide(decision="different", reason="系双胞胎", today=MONDAY)

        assert happened(doubt) == ["Decided", "Decided"]
        assert doubt.decision == "different"

    def test_that_no_comparison_has_any_more_is_withdrawn_once_and_raised_again_once(self) -> None:
        doubt = a_doubt()
        with acting_on():
            raised_again(doubt)
            doubt.withdraw(today=MONDAY)
            doubt.withdraw(today=MONDAY)
            raised_again(doubt)
            raised_again(doubt)

        assert happened(doubt) == ["Withdrawn", "RaisedAgain"]
        assert (doubt.is_open, doubt.score) == (True, 0.5)

    def test_that_was_decided_is_neither_withdrawn_nor_raised_again(self) -> None:
        doubt = a_doubt()
        with acting_on():
            doubt.decide(decision="different", reason="系双胞胎", today=MONDAY)
            doubt.withdraw(today=MONDAY)
            raised_again(doubt)

        assert happened(doubt) == ["Decided"]

    def test_is_told_the_same_by_its_events(self) -> None:
        doubt = a_doubt()
        with acting_on():
            doubt.withdraw(today=MONDAY)
            raised_again(doubt)
            doubt.decide(decision="different", reason="系双胞胎", today=MONDAY)

        assert state_of(replayed(doubt)) == state_of(doubt)


@pytest.fixture
def roster(module_office: Office) -> Roster:
    """The roster of this module's tests; each has children of its own."""
    return module_office.roster


def children(roster: Roster, number: int) -> list[UUID]:
    """So many children, the first the one that came first."""
    entries = [uuid4() for _ in range(number)]
    for day, child_id in enumerate(entries):
        with acting_on(MONDAY + days(day)):
            roster.record(Child.register(child_id=child_id, identity=IDENTITY, residence=RESIDENCE, grounds=()))
    return entries


def doubted(roster: Roster, one: UUID, another: UUID) -> UUID:
    """A doubt about two entries."""
    first, second = sorted((one, another))
    with acting_on():
        return roster.raise_doubts(doubtful=[Doubtful(first, second, TOWNSHIP, "同年级同名", 0.25, grounds=(ROWS,))]).id


def decide(roster: Roster, one: UUID, another: UUID, decision: str, *, reason: str = "走访核实") -> None:
    """A person decides the doubt about two entries."""
    doubt_id = doubted(roster, one, another)
    with acting_on(MONDAY + days(30)):
        roster.decide_doubt(doubt_id=doubt_id, decision=decision, reason=reason)


def merge(roster: Roster, one: UUID, another: UUID) -> None:
    """A person merges two entries by hand."""
    with acting_on(MONDAY + days(30)):
        roster.merge_children(child_id=one, merged_id=another, reason="走访核实")


class TestDeciding:
    def test_as_same_merges_the_later_entry_into_the_earlier_at_once(self, roster: Roster) -> None:
        earlier, later = children(roster, 2)

        decide(roster, earlier, later, "same")

        assert roster.get(Child, earlier).merged == {later}
        assert roster.get(Child, later).absorbed_by == earlier

    def test_as_different_takes_the_merge_of_the_two_back(self, roster: Roster) -> None:
        earlier, later = children(roster, 2)
        decide(roster, earlier, later, "same")

        decide(roster, earlier, later, "different")

        assert roster.get(Child, earlier).merged == set()
        assert roster.get(Child, later).absorbed_by is None

    def test_as_same_what_a_comparison_merged_before_is_only_remembered(self, roster: Roster) -> None:
        earlier, later = children(roster, 2)
        doubt_id = doubted(roster, earlier, later)
        with acting_on():
            roster.absorb_child(child_id=later, merged_id=earlier, reason="登记册比对")
            roster.decide_doubt(doubt_id=doubt_id, decision="same", reason="走访核实")

        assert roster.get(Doubt, doubt_id).decision == "same"
        assert roster.get(Child, later).merged == {earlier}
        assert roster.get(Child, earlier).merged == set()

    @pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
    def test_a_chain_that_contradicts_itself_is_refused_at_its_last_link(
        self, roster: Roster, order: tuple[int, ...]
    ) -> None:
        a, b, c = children(roster, 3)
        links = [(a, b, "same"), (a, c, "same"), (b, c, "different")]
        first, second, last = (links[place] for place in order)
        decide(roster, *first)
        decide(roster, *second)

        with pytest.raises(Refused):
            decide(roster, *last)

    def test_about_an_entry_that_goes_on_as_another_says_to_decide_about_that_one(self, roster: Roster) -> None:
        a, b, c = children(roster, 3)
        decide(roster, a, b, "same")

        with pytest.raises(Refused, match="decide about that one"):
            decide(roster, b, c, "same")

        decide(roster, a, c, "same")
        assert roster.get(Child, a).merged == {b, c}

    def test_two_entries_of_a_third_as_different_is_refused_with_what_to_do(self, roster: Roster) -> None:
        a, b, c = children(roster, 3)
        merge(roster, a, b)
        merge(roster, a, c)

        with pytest.raises(Refused, match="take one of those merges back"):
            decide(roster, b, c, "different")

    def test_about_who_was_erased_is_refused(self, roster: Roster) -> None:
        one, erased = children(roster, 2)
        with acting_on():
            roster.erase_child(child_id=erased, reason="guardian's request")

        for decision in ("same", "different"):
            with pytest.raises(Refused, match="erased for good"):
                decide(roster, one, erased, decision)

    def test_a_doubt_nobody_raised_is_not_found(self, roster: Roster) -> None:
        with acting_on(), pytest.raises(NotFound):
            roster.decide_doubt(doubt_id=uuid4(), decision="same", reason="走访核实")


class TestMergingByHand:
    def test_is_a_decision_even_where_no_comparison_doubted(self, roster: Roster) -> None:
        one, another = children(roster, 2)

        merge(roster, one, another)

        doubt = roster.get(Doubt, Doubt.id_of(one, another))
        assert (doubt.decision, doubt.reason) == ("same", RAISED_BY_HAND)

    def test_decides_the_doubt_that_waits(self, roster: Roster) -> None:
        one, another = children(roster, 2)
        doubt_id = doubted(roster, one, another)

        merge(roster, one, another)

        assert roster.get(Doubt, doubt_id).decision == "same"

    def test_after_they_were_decided_to_be_different_is_the_new_decision(self, roster: Roster) -> None:
        one, another = children(roster, 2)
        decide(roster, one, another, "different")

        merge(roster, one, another)

        assert roster.get(Doubt, Doubt.id_of(one, another)).decision == "same"

    def test_and_taking_it_back_is_a_decision_that_they_are_different(self, roster: Roster) -> None:
        one, another = children(roster, 2)
        merge(roster, one, another)
        with acting_on():
            roster.unmerge_children(child_id=one, merged_id=another, reason="系双胞胎")

        assert roster.get(Doubt, Doubt.id_of(one, another)).decision == "different"
        with acting_on(), pytest.raises(Refused, match="not merged"):
            roster.unmerge_children(child_id=one, merged_id=another, reason="系双胞胎")

    def test_an_entry_that_is_merged_already_is_refused(self, roster: Roster) -> None:
        one, another, third = children(roster, 3)
        merge(roster, one, third)

        with pytest.raises(Refused, match="merged into another one already"):
            merge(roster, another, third)
        with pytest.raises(Refused, match="itself merged into another one"):
            merge(roster, third, another)

        assert roster.get(Child, another).merged == set()
        assert roster.get(Child, one).merged == {third}

    def test_an_entry_with_entries_of_its_own_takes_them_along_and_back(self, roster: Roster) -> None:
        one, another, third = children(roster, 3)
        merge(roster, another, third)
        merge(roster, one, another)
        with acting_on():
            roster.unmerge_children(child_id=one, merged_id=another, reason="系双胞胎")

        assert roster.get(Child, another).merged == {third}
        assert roster.get(Child, third).absorbed_by == another


def test_a_comparison_asks_nothing_twice(roster: Roster) -> None:
    one, another = children(roster, 2)
    doubted(roster, one, another)
    position = roster.position()

    doubted(roster, one, another)

    assert roster.position() == position


def test_a_comparison_never_merges_what_a_person_told_apart(roster: Roster) -> None:
    one, another = children(roster, 2)
    decide(roster, one, another, "different")

    with acting_on(), pytest.raises(Refused, match="different child"):
        roster.absorb_child(child_id=one, merged_id=another, reason="登记册比对")
