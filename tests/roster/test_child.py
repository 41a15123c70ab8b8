"""A child as the registers know it: what is new is recorded, what is known is not, and history tells it again."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.aggregate import NobodyActing
from services.chassis.errors import Refused
from services.roster.domain.child import Child
from services.roster.domain.facts import Groups, Identity, Residence, Schooling, SchoolYears
from services.roster.reconcile.model import AccountedState, FindingKind
from tests.roster.given import (
    CHILD,
    CLERK,
    GROUND,
    IDENTITY,
    MONDAY,
    OTHER_CHILD,
    RESIDENCE,
    SCHOOL,
    a_child,
    acting_on,
    happened,
    linked_rows,
    replayed,
    state_of,
)

PUPIL = Schooling(school=SCHOOL, school_name="小店镇中心小学", stage="primary", grade="五年级", status="in_seat")


def raised(child: Child, kind: str, *, on: date = MONDAY) -> None:
    child.raise_finding(
        kind=kind, reason="学籍在册，课堂无人", owner=f"school:{SCHOOL}", raised_on=on, grounds=(GROUND,)
    )


def rows_stated(child: Child, *registers: str, **linked: Any) -> None:
    grounds, links = linked_rows(*registers, **linked)
    child.state_rows(grounds, links=links, valid_on=MONDAY)


def settled(child: Child, kind: str) -> None:
    child.resolve_finding(kind=kind, resolution="R13", evidence="考勤2026-9", by=CLERK, today=MONDAY)


class TestAChildTakenIn:
    def test_is_who_and_where_the_registers_say_and_nothing_else_yet(self) -> None:
        child = a_child()

        assert (child.id, child.identity, child.residence) == (CHILD, IDENTITY, RESIDENCE)
        assert (child.schooling, child.groups, child.accounted) == (Schooling(), Groups(), "")
        assert child.findings == {}

    def test_is_taken_in_by_somebody(self) -> None:
        with pytest.raises(NobodyActing):
            Child.register(child_id=CHILD, identity=IDENTITY, residence=RESIDENCE, grounds=(GROUND,))


class TestAStatement:
    @pytest.mark.parametrize(
        ("state", "event"),
        [
            (lambda child: child.state_identity(replace(IDENTITY, guardian_phone=""), grounds=()), "IdentityCorrected"),
            (lambda child: child.state_residence(Residence(None, "410326104", "")), "ResidenceStated"),
            (lambda child: child.state_schooling(PUPIL, valid_on=MONDAY), "SchoolingStated"),
            (lambda child: child.state_groups(Groups(poverty="脱贫户"), valid_on=MONDAY), "GroupsStated"),
            (lambda child: rows_stated(child, "hukou", "poverty"), "RowsLinked"),
            (lambda child: child.account(state="in_seat", reason="在班", valid_on=MONDAY), "Accounted"),
        ],
    )
    def test_of_something_new_is_recorded_once(self, state: Callable[[Child], None], event: str) -> None:
        child = a_child()
        with acting_on():
            for _ in range(3):
                state(child)

        assert happened(child) == [event]

    def test_of_what_is_known_is_not_recorded(self) -> None:
        child = a_child()
        with acting_on():
            child.state_identity(IDENTITY, grounds=())
            child.state_residence(RESIDENCE)
            child.state_schooling(Schooling(), valid_on=MONDAY)
            child.state_groups(Groups(), valid_on=MONDAY)

        assert happened(child) == []

    def test_of_the_state_before_the_last_is_news_again(self) -> None:
        child = a_child()
        with acting_on():
            for state in ("in_seat", "suspect", "in_seat"):
                child.account(state=state, reason="", valid_on=MONDAY)

        assert happened(child) == ["Accounted"] * 3
        assert child.accounted == "in_seat"


class TestASchoolYear:
    def test_is_stated_by_the_next_comparison_of_who_was_known_before_it_was_counted(self) -> None:
        """A registration of before says nothing of it; nothing that had begun by then is told as if it began now."""
        child = a_child()
        child.school_years = None
        with acting_on():
            child.state_school_years(valid_on=MONDAY)
            child.state_school_years(valid_on=MONDAY)
            child.come_of_age(today=MONDAY + timedelta(days=400))

        assert happened(child) == ["SchoolYearsStated"]
        assert child.school_years == SchoolYears(date(2021, 9, 1), date(2031, 8, 31))

    @pytest.mark.parametrize("birth", ["", "未知", "2015-02-30"])
    def test_of_whose_birth_date_nobody_knows_is_none(self, birth: str) -> None:
        child = a_child(identity=replace(IDENTITY, birth_date=birth))
        with acting_on():
            child.state_school_years(valid_on=MONDAY)
            child.come_of_age(today=date(2050, 1, 1))

        assert (happened(child), child.school_years) == ([], None)


class TestTheRowsOfAChild:
    @pytest.mark.parametrize(
        ("again", "events"),
        [
            pytest.param({}, 1, id="the very same"),
            pytest.param({"score": 0.8123}, 1, id="another score, for a name is more common in the county now"),
            pytest.param({"batch_id": UUID(int=5)}, 1, id="the same rows in a new batch"),
            pytest.param({"rule": "citizen number, name exact", "score": 1.0}, 2, id="another rule"),
        ],
    )
    def test_are_stated_again_where_a_register_or_a_rule_is_new(self, again: dict[str, Any], events: int) -> None:
        child = a_child()
        with acting_on():
            rows_stated(child, "hukou", "poverty")
            rows_stated(child, "hukou", "poverty", **again)

        assert happened(child) == ["RowsLinked"] * events

    def test_one_more_or_one_less_is_news(self) -> None:
        child = a_child()
        with acting_on():
            for registers in (("hukou",), ("hukou", "poverty"), ("hukou", "poverty", "poverty"), ("poverty",)):
                rows_stated(child, *registers)

        assert happened(child) == ["RowsLinked"] * 3, "a_child is one row of the household register already"
        assert ([ground.register for ground in child.grounds], child.links) == (["poverty"], ())

    def test_come_with_who_the_child_is_where_that_is_new_too(self) -> None:
        child = a_child()
        grounds, links = linked_rows("hukou", "poverty")
        with acting_on():
            child.state_identity(replace(IDENTITY, guardian_phone=""), grounds=grounds, links=links)
            child.state_rows(grounds, links=links, valid_on=MONDAY)

        assert happened(child) == ["IdentityCorrected"]
        assert (child.grounds, child.links) == (grounds, links)


class TestAFinding:
    def test_says_where_the_child_lives_and_learns_for_those_who_must_act(self) -> None:
        child = a_child()
        with acting_on():
            child.state_schooling(PUPIL, valid_on=MONDAY)
            raised(child, "not_in_seat")

        finding = child.pending_events[-1]
        assert isinstance(finding, Child.FindingRaised)
        assert (finding.township, finding.village) == (RESIDENCE.township, RESIDENCE.village)
        assert (finding.school, finding.stage, finding.raised_on) == (SCHOOL, "primary", MONDAY)
        assert child.findings["not_in_seat"].finding_id == finding.finding_id

    def test_that_holds_is_not_raised_again(self) -> None:
        child = a_child()
        with acting_on():
            raised(child, "not_in_seat")
            raised(child, "not_in_seat")

        assert happened(child) == ["FindingRaised"]

    def test_that_comes_back_after_it_was_resolved_is_another(self) -> None:
        child = a_child()
        with acting_on():
            raised(child, "not_in_seat")
            first = child.findings["not_in_seat"].finding_id
            child.drop_finding(kind="not_in_seat", today=MONDAY)
            raised(child, "not_in_seat")

        assert child.findings["not_in_seat"].finding_id != first

    def test_that_was_answered_by_hand_is_not_raised_again_on_the_same_grounds(self) -> None:
        child = a_child()
        with acting_on():
            raised(child, "not_in_seat")
            settled(child, "not_in_seat")
            raised(child, "not_in_seat")
            assert child.findings == {}

            child.raise_finding(
                kind="not_in_seat", reason="新一批", owner="school:1", raised_on=MONDAY, grounds=(GROUND, GROUND)
            )

        assert child.findings["not_in_seat"].reason == "新一批"

    def test_that_does_not_hold_cant_be_resolved(self) -> None:
        child = a_child()
        with acting_on(), pytest.raises(Refused, match="no open finding of the kind not_in_seat"):
            settled(child, "not_in_seat")

        assert happened(child) == []


class TestAChildInNoRegister:
    def test_of_school_age_is_suspected_and_found_missing_once(self) -> None:
        child = a_child()
        with acting_on():
            child.vanish(owner="education_bureau:410326", today=MONDAY)
            child.vanish(owner="education_bureau:410326", today=MONDAY)

        assert child.accounted == "suspect"
        assert [type(event) for event in child.pending_events][-2:] == [Child.Accounted, Child.FindingRaised]

    def test_past_school_age_is_past_it(self) -> None:
        child = a_child()
        with acting_on():
            child.vanish(owner="education_bureau:410326", today=MONDAY.replace(year=MONDAY.year + 12))

        assert (child.accounted, child.findings) == ("graduated", {})


class TestARestriction:
    """What the law wants kept of somebody who asked for deletion is kept, and not worked with (PIPL 47)."""

    GROWN = date(2034, 9, 14)
    UNTIL = date(2040, 8, 31)

    def restricted(self) -> Child:
        child = a_child()
        with acting_on():
            child.state_student_number("L410326201506071234", valid_on=MONDAY)
        with acting_on(self.GROWN):
            child.restrict(basis="档案法", until=self.UNTIL, today=self.GROWN)
            child.restrict(basis="档案法", until=self.UNTIL, today=self.GROWN)
        return child

    def test_is_noted_once_with_its_ground_and_last_day(self) -> None:
        child = self.restricted()

        (noted,) = [event for event in child.pending_events if isinstance(event, Child.Restricted)]
        assert (noted.basis, noted.until) == ("档案法", self.UNTIL)
        assert child.closed

    def test_lets_nobody_decide_anything_about_the_child(self) -> None:
        child = self.restricted()

        with acting_on(self.GROWN), pytest.raises(Refused, match="restricted"):
            child.merge(merged_id=uuid4(), reason="同一人")
        child.come_of_age(today=self.GROWN)
        assert not isinstance(child.pending_events[-1], Child.SchoolAgePassed)

    def test_is_refused_while_the_child_is_owed_schooling_or_nobody_knows_until_when(self) -> None:
        child, of_unknown_age = a_child(), a_child(identity=replace(IDENTITY, id_number="", birth_date=""))

        with pytest.raises(Refused, match="looked for by law"):
            of_unknown_age.restrict(basis="档案法", until=self.UNTIL, today=self.GROWN)
        assert child.school_years is not None
        with pytest.raises(Refused, match="looked for by law"):
            child.restrict(basis="档案法", until=self.UNTIL, today=child.school_years.end_on)

    def test_is_refused_while_a_finding_is_open_and_when_nothing_wants_the_data_kept(self) -> None:
        child = a_child()
        with acting_on():
            raised(child, "not_in_seat")

        with pytest.raises(Refused, match="not_in_seat"):
            child.restrict(basis="档案法", until=self.UNTIL, today=self.GROWN)
        with acting_on():
            settled(child, "not_in_seat")
        with pytest.raises(Refused, match="erase the child instead"):
            child.restrict(basis="档案法", until=self.GROWN, today=self.GROWN)

    def test_that_is_lifted_says_anew_who_the_child_is(self) -> None:
        child = self.restricted()
        before = len(child.pending_events)

        with acting_on(self.GROWN):
            child.lift_restriction(reason="监察委调查", today=self.GROWN)
            child.lift_restriction(reason="监察委调查", today=self.GROWN)

        assert [type(event) for event in child.pending_events[before:]] == [
            Child.RestrictionLifted,
            Child.IdentityCorrected,
            Child.StudentNumberStated,
        ]
        assert not child.closed


class TestAMerge:
    def test_names_the_other_entry_until_it_is_taken_back(self) -> None:
        child = a_child()
        with acting_on():
            child.merge(merged_id=OTHER_CHILD, reason="同一人")
            assert child.merged == {OTHER_CHILD}
            child.unmerge(merged_id=OTHER_CHILD, reason="并非同一人")

        assert child.merged == set()

    def test_happens_once_and_never_with_itself(self) -> None:
        child = a_child()
        with acting_on():
            child.merge(merged_id=OTHER_CHILD, reason="同一人")
            for merged_id in (OTHER_CHILD, CHILD):
                with pytest.raises(Refused, match="merged once"):
                    child.merge(merged_id=merged_id, reason="同一人")

        assert happened(child) == ["Merged"]

    def test_that_never_was_is_not_taken_back(self) -> None:
        with acting_on(), pytest.raises(Refused, match="not merged"):
            a_child().unmerge(merged_id=OTHER_CHILD, reason="并非同一人")


TEXTS = st.sampled_from(["", "燕归来", "燕青", "410326103"])
KINDS = st.sampled_from(list(FindingKind)[:3])
OTHERS = st.sampled_from([UUID(int=1), UUID(int=2)])
DATES = st.dates(date(2026, 9, 1), date(2027, 8, 31))
STATEMENTS: st.SearchStrategy[Callable[[Child], None]] = st.one_of(
    st.builds(Identity, TEXTS, TEXTS, TEXTS).map(
        lambda said: lambda child: child.state_identity(said, grounds=(GROUND,))
    ),
    st.builds(Residence, st.none(), TEXTS, TEXTS).map(lambda said: lambda child: child.state_residence(said)),
    st.builds(Schooling, TEXTS, grade=TEXTS).map(
        lambda said: lambda child: child.state_schooling(said, valid_on=MONDAY)
    ),
    st.builds(Groups, poverty=TEXTS, migrant=st.booleans()).map(
        lambda said: lambda child: child.state_groups(said, valid_on=MONDAY)
    ),
    st.lists(st.sampled_from(["hukou", "enrolment"]), min_size=1, max_size=3).map(
        lambda registers: lambda child: rows_stated(child, *registers)
    ),
    st.sampled_from(AccountedState).map(
        lambda state: lambda child: child.account(state=state, reason="", valid_on=MONDAY)
    ),
    st.tuples(KINDS, DATES).map(lambda found: lambda child: raised(child, found[0], on=found[1])),
)
"""Statements of a comparison: any may be made of any child at any time."""
ACTS: st.SearchStrategy[Callable[[Child], None]] = st.one_of(
    STATEMENTS,
    KINDS.map(lambda kind: lambda child: settled(child, kind)),
    KINDS.map(lambda kind: lambda child: child.drop_finding(kind=kind, today=MONDAY)),
    OTHERS.map(lambda other: lambda child: child.merge(merged_id=other, reason="r")),
    OTHERS.map(lambda other: lambda child: child.unmerge(merged_id=other, reason="r")),
)


def lived(acts: list[Callable[[Child], None]]) -> Child:
    """A child of whom all this was said and done; what was refused is left out."""
    child = a_child()
    with acting_on():
        for act in acts:
            with suppress(Refused):
                act(child)
    return child


@given(before=st.lists(ACTS, max_size=8), statement=STATEMENTS)
def test_stating_anything_twice_records_nothing_more(
    before: list[Callable[[Child], None]], statement: Callable[[Child], None]
) -> None:
    child = lived([*before, statement])
    version = child.version

    with acting_on():
        statement(child)

    assert child.version == version


@given(acts=st.lists(ACTS, max_size=12))
def test_every_finding_that_was_raised_is_open_or_was_resolved_once(acts: list[Callable[[Child], None]]) -> None:
    child = lived(acts)

    raised_ids = [event.finding_id for event in child.pending_events if isinstance(event, Child.FindingRaised)]
    resolved_ids = [event.finding_id for event in child.pending_events if isinstance(event, Child.FindingResolved)]
    assert len(set(raised_ids)) == len(raised_ids) == child.findings_raised
    assert len(set(resolved_ids)) == len(resolved_ids)
    assert {finding.finding_id for finding in child.findings.values()} == set(raised_ids) - set(resolved_ids)


@given(acts=st.lists(ACTS, max_size=12), data=st.data())
def test_any_first_part_of_a_history_tells_the_child_as_it_was_then(
    acts: list[Callable[[Child], None]], data: st.DataObject
) -> None:
    until = data.draw(st.integers(0, len(acts)))
    then = lived(acts[:until])

    again = replayed(lived(acts), until=then.version)

    assert state_of(again) == state_of(replayed(then))
    assert state_of(again) == state_of(then)


def test_no_id_of_a_finding_can_be_guessed_from_another_child() -> None:
    children = [a_child(child_id=uuid4()) for _ in range(2)]
    with acting_on():
        for child in children:
            raised(child, "not_in_seat")

    assert len({child.findings["not_in_seat"].finding_id for child in children}) == 2
