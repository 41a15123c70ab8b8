"""The roster's commands: what a comparison states is kept once, and nothing is done to a child nobody knows."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import NotFound, Stale
from services.roster.application import Roster
from services.roster.domain.child import Child
from services.roster.domain.facts import Groups, Schooling
from services.roster.domain.findings import NO_LONGER_FOUND
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.statements import FoundOf, Statement
from services.roster.domain.term_check_in import TermCheckIn
from tests.roster.conftest import Office
from tests.roster.given import BATCH, GROUND, IDENTITY, MONDAY, RESIDENCE, SCHOOL, acting_on, days

TERM = "2026-2027-1"


@pytest.fixture
def roster(module_office: Office) -> Roster:
    """The roster of this module's tests; each has children of its own."""
    return module_office.roster


def said(child_id: UUID, *findings: str, new: bool = False, on: int = 0) -> Statement:
    """A comparison's statement of a child, with these findings."""
    return Statement(
        child_id=child_id,
        new=new,
        identity=IDENTITY,
        residence=RESIDENCE,
        schooling=Schooling(school=SCHOOL, stage="primary", grade="五年级"),
        groups=Groups(),
        state="suspect" if findings else "in_seat",
        state_reason="学籍在册，课堂无人" if findings else "在班",
        findings=tuple(FoundOf(kind, "学籍在册，课堂无人", f"school:{SCHOOL}", (GROUND,)) for kind in findings),
        grounds=(GROUND,),
        valid_on=MONDAY + days(on),
    )


def state(roster: Roster, *statements: Statement) -> int:
    with acting_on(statements[0].valid_on):
        return roster.state_children(statements=statements).position


def a_child(roster: Roster, *findings: str) -> UUID:
    child_id = uuid4()
    state(roster, said(child_id, *findings, new=True))
    return child_id


class TestAStatement:
    def test_of_a_new_child_takes_it_in_whole(self, roster: Roster) -> None:
        child = roster.get(Child, a_child(roster, "not_in_seat"))

        assert (child.identity, child.residence, child.schooling.school) == (IDENTITY, RESIDENCE, SCHOOL)
        assert (child.accounted, set(child.findings)) == ("suspect", {"not_in_seat"})

    def test_made_again_records_nothing(self, roster: Roster) -> None:
        child_id = a_child(roster, "not_in_seat", "no_id_number")
        head = roster.position()

        assert state(roster, said(child_id, "no_id_number", "not_in_seat", on=7)) == head

    def test_without_a_finding_that_was_there_resolves_it_and_leaves_the_others(self, roster: Roster) -> None:
        child_id = a_child(roster, "not_in_seat", "no_id_number", "suspect_listed")
        head = roster.position()

        state(roster, said(child_id, "no_id_number", on=7))

        resolved = [told.event for told in roster.recorder_of_commands.follow(head, 10)]
        events = [roster.sealed_event(event) for event in resolved]
        assert [(event.kind, event.resolution) for event in events if isinstance(event, Child.FindingResolved)] == [
            ("not_in_seat", NO_LONGER_FOUND),
            ("suspect_listed", NO_LONGER_FOUND),
        ]
        assert set(roster.get(Child, child_id).findings) == {"no_id_number"}

    def test_of_a_child_said_to_be_known_of_whom_nothing_was_kept_takes_it_in(self, roster: Roster) -> None:
        """Its keys were kept and the process died before the child was; the next comparison recognises it."""
        child_id = uuid4()

        state(roster, said(child_id))

        assert roster.get(Child, child_id).accounted == "in_seat"

    def test_of_several_children_is_kept_whole_or_not_at_all(self, roster: Roster) -> None:
        known, fresh = a_child(roster), uuid4()
        head = roster.position()

        with pytest.raises(Stale):
            state(roster, said(fresh, new=True), said(known, new=True))

        assert roster.find(Child, fresh) is None
        assert roster.position() == head


def test_the_same_content_is_the_same_batch(roster: Roster) -> None:
    with acting_on():
        first, again = (roster.load_batch(register="hukou", sha256="0f" * 32, rows=2, rejected=0) for _ in range(2))
        other = roster.load_batch(register="poverty", sha256="0f" * 32, rows=2, rejected=0)

    assert again.id == first.id != other.id
    assert roster.get(RegisterBatch, first.id).version == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda roster, nobody: roster.resolve_finding(
            child_id=nobody, kind="not_in_seat", resolution="R13", evidence="考勤2026-9"
        ),
        lambda roster, nobody: roster.merge_children(child_id=nobody, merged_id=a_child(roster), reason="同一人"),
        lambda roster, nobody: roster.merge_children(child_id=a_child(roster), merged_id=nobody, reason="同一人"),
        lambda roster, nobody: roster.unmerge_children(child_id=nobody, merged_id=nobody, reason="同一人"),
        lambda roster, nobody: roster.open_transfer(child_id=nobody, from_school=SCHOOL, to_place="洛阳市"),
        lambda roster, nobody: roster.complete_transfer(transfer_id=nobody, to_school=SCHOOL),
        lambda roster, nobody: roster.decide_placement(child_id=nobody, form="home_teaching", school=SCHOOL),
        lambda roster, nobody: roster.end_placement(placement_id=nobody, reason="转入特教学校"),
        lambda roster, nobody: roster.check_in(check_in_id=nobody, children=()),
        lambda roster, nobody: roster.close_check_in(check_in_id=nobody),
    ],
)
def test_nothing_is_done_to_what_nobody_knows(roster: Roster, act: Callable[[Roster, UUID], object]) -> None:
    with acting_on(), pytest.raises(NotFound):
        act(roster, BATCH)


def test_what_nobody_knows_is_named_in_words(roster: Roster) -> None:
    with acting_on(), pytest.raises(NotFound, match=r"There is no term check in of this id\."):
        roster.close_check_in(check_in_id=BATCH)


def test_a_childs_way_through_a_school_year(roster: Roster) -> None:
    child_id = a_child(roster, "not_in_seat")
    with acting_on():
        roster.resolve_finding(child_id=child_id, kind="not_in_seat", resolution="R13", evidence="考勤2026-9")
        check_in = roster.open_check_in(school=str(child_id), term=TERM, expected=(child_id,), starts_on=MONDAY)
        roster.check_in(check_in_id=check_in.id, children=(child_id,))
        roster.close_check_in(check_in_id=check_in.id)
        transfer = roster.open_transfer(child_id=child_id, from_school=SCHOOL, to_place="洛阳市")
        roster.complete_transfer(transfer_id=transfer.id, to_school="3141000301")
        placement = roster.decide_placement(child_id=child_id, form="regular_class", school=SCHOOL)
        ended = roster.end_placement(placement_id=placement.id, reason="转入特教学校")

    assert roster.get(Child, child_id).findings == {}
    assert roster.get(TermCheckIn, check_in.id).closed
    assert ended.position == roster.position()


def test_a_merge_is_taken_back(roster: Roster) -> None:
    child_id, other = a_child(roster), a_child(roster)
    with acting_on():
        roster.merge_children(child_id=child_id, merged_id=other, reason="同一人")
        assert roster.get(Child, child_id).merged == {other}
        roster.unmerge_children(child_id=child_id, merged_id=other, reason="并非同一人")

    assert roster.get(Child, child_id).merged == set()


def test_a_schools_check_in_is_opened_once_a_term(roster: Roster) -> None:
    with acting_on():
        roster.open_check_in(school=SCHOOL, term=TERM, expected=(), starts_on=MONDAY)
        with pytest.raises(Stale):
            roster.open_check_in(school=SCHOOL, term=TERM, expected=(), starts_on=MONDAY)
