"""A finding is owed by one unit, by a day; answered by it, accepted by somebody else, and closed in words its kind allows."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import services.roster as roster_package
from services.chassis.clock import SteppedClock
from services.chassis.errors import Refused
from services.chassis.http import Surroundings
from services.chassis.working_days import add_working_days
from services.roster.api import build_api
from services.roster.domain.child import Child
from services.roster.domain.facts import Ground
from services.roster.domain.findings import (
    ACCEPT_WITHIN,
    CATALOGUE,
    NO_LONGER_FOUND,
    OWN_RECORDS,
    Catalogue,
    Officer,
    unit_for,
)
from services.roster.reconcile.model import FindingKind, Register
from tests.chassis.things import NOON
from tests.roster.given import (
    BATCH,
    BUREAU,
    CLERK,
    CONSTABLE,
    GROUND,
    MONDAY,
    POLICE,
    SCHOOL,
    SECTION_HEAD,
    TEACHER,
    a_child,
    acting_on,
    days,
    happened,
    replayed,
    state_of,
)
from tests.roster.in_memory import MemoryRoster

NUMBER = "公户核〔2026〕15号"


def unnumbered(*, on: date = MONDAY, grounds: tuple[Ground, ...] = (GROUND,)) -> Child:
    """A child whose number public security owes."""
    child = a_child()
    with acting_on(on):
        child.raise_finding(
            kind="no_id_number", reason="各名册均无有效身份证号", owner=POLICE, raised_on=on, grounds=grounds
        )
    return child


def answer(
    child: Child, code: str = "number_issued", *, by: Officer = CONSTABLE, on: date = MONDAY, evidence: str = NUMBER
) -> None:
    with acting_on(on, person=by.person, unit=by.unit):
        child.answer_finding(kind="no_id_number", code=code, evidence=evidence, by=by, today=on)


def accept(child: Child, *, by: Officer = CLERK, on: date = MONDAY) -> None:
    with acting_on(on, person=by.person, unit=by.unit):
        child.accept_answer(kind="no_id_number", by=by, today=on)


class TestTheCatalogue:
    def test_knows_every_kind_that_a_comparison_makes(self) -> None:
        assert {kind.value for kind in FindingKind} <= {entry.kind for entry in CATALOGUE.kinds}

    def test_says_of_every_kind_by_when_on_what_ground_and_in_which_words_it_is_answered(self) -> None:
        for entry in CATALOGUE.kinds:
            assert min(entry.term, entry.again) >= 1
            assert entry.name
            assert entry.legal_basis
            assert "notice" in entry.source or "county default" in entry.source
            assert entry.answers
            closing = [code for code in entry.answers + entry.resolutions if not CATALOGUE.codes[code].instead]
            assert closing, f"{entry.kind} could never be closed"
            assert all(CATALOGUE.codes[code].approvers for code in closing)

    def test_lets_the_owner_of_a_kind_give_its_answers(self) -> None:
        for entry in CATALOGUE.kinds:
            said_by = {by for code in entry.answers for by in CATALOGUE.codes[code].by}
            assert entry.owner in said_by

    def test_has_the_thirteen_resolution_codes_each_with_its_paper(self) -> None:
        codes = {code: entry for code, entry in CATALOGUE.codes.items() if code[1:].isdigit()}

        assert set(codes) == {f"R{number}" for number in range(1, 14)}
        assert all(entry.evidence and entry.approvers for entry in codes.values())
        assert {code for code, entry in codes.items() if entry.instead} == {"R9", "R11"}

    def test_counts_a_kind_by_the_entry_in_force(self) -> None:
        told: dict[str, Any] = {"codes": {"R1": {"name": "在校", "evidence": "考勤", "approvers": ["township"]}}}
        common = {
            "kind": "k",
            "name": "某",
            "owner": "township",
            "made_by": "comparison",
            "again": 1,
            "unit": "days",
            "legal_basis": "某法",
            "source": "county default",
            "answers": [],
            "resolutions": ["R1"],
        }
        told["kind"] = [
            {**common, "term": 3, "from_on": date(2026, 1, 1), "until_on": date(2026, 9, 1)},
            {**common, "term": 9, "from_on": date(2026, 9, 1)},
        ]
        catalogue = Catalogue.of(told)

        terms = [catalogue.get("k", on=day).term for day in (date(2020, 1, 1), date(2026, 8, 31), date(2026, 9, 1))]
        assert terms == [3, 3, 9]
        with pytest.raises(ValueError, match="finding k: two entries are in force on one day"):
            Catalogue.of({**told, "kind": [*told["kind"], {**common, "term": 1, "from_on": date(2026, 10, 1)}]})
        with pytest.raises(ValueError, match="finding k: no code is called R2"):
            Catalogue.of({**told, "kind": [{**common, "resolutions": ["R2"], "term": 1, "from_on": MONDAY}]})

    def test_refuses_a_kind_nobody_knows(self) -> None:
        with pytest.raises(Refused, match="No finding is of the kind mischief"):
            CATALOGUE.get("mischief", on=MONDAY)


@pytest.mark.parametrize(
    ("kind", "school", "unit"),
    [
        ("school", SCHOOL, f"school:{SCHOOL}"),
        ("school", "", BUREAU),
        ("township", SCHOOL, "township:410326103"),
        ("public_security", SCHOOL, POLICE),
    ],
)
def test_the_unit_that_answers_for_a_child_is_the_one_of_its_place(kind: str, school: str, unit: str) -> None:
    assert unit_for(kind, school=school, township="410326103") == unit


class TestAFinding:
    def test_says_by_when_its_answer_is_due_and_on_what_ground(self) -> None:
        child = unnumbered()

        raised = child.pending_events[-1]
        assert isinstance(raised, Child.FindingRaised)
        assert raised.due_on == child.findings["no_id_number"].due_on == add_working_days(MONDAY, 20)
        assert "县控辍保学通知" in raised.legal_basis

    def test_of_a_past_day_is_owed_from_the_day_it_was_told(self) -> None:
        child = a_child()
        with acting_on(MONDAY + days(60)):
            child.raise_finding(
                kind="no_id_number",
                reason="",
                owner=POLICE,
                raised_on=MONDAY,
                grounds=(GROUND,),
                today=MONDAY + days(60),
            )

        assert child.findings["no_id_number"].due_on == add_working_days(MONDAY + days(60), 20)

    def test_is_answered_by_its_owner_accepted_by_the_bureau_and_closed(self) -> None:
        child = unnumbered()
        answer(child)
        assert child.findings["no_id_number"].answer is not None
        accept(child, on=MONDAY + days(1))

        resolved = child.pending_events[-1]
        assert isinstance(resolved, Child.FindingResolved)
        assert (resolved.resolution, resolved.evidence, resolved.approved_by) == ("number_issued", NUMBER, BUREAU)
        assert child.findings == {}
        assert state_of(replayed(child)) == state_of(child)

    def test_that_was_answered_leaves_the_registers_as_they_are_and_is_not_raised_again_on_the_same_rows(self) -> None:
        child = unnumbered()
        identity = child.identity
        answer(child, "number_corrected")
        accept(child)
        with acting_on():
            child.raise_finding(kind="no_id_number", reason="", owner=POLICE, raised_on=MONDAY, grounds=(GROUND,))
            assert child.findings == {}
            newer = (Ground("hukou", UUID(int=8), 7, "single_row"),)
            child.raise_finding(kind="no_id_number", reason="", owner=POLICE, raised_on=MONDAY, grounds=newer)

        assert child.identity == identity
        assert set(child.findings) == {"no_id_number"}

    @pytest.mark.parametrize("stranger", [CLERK, TEACHER, Officer("constable-2", "public_security:410327")])
    def test_is_not_answered_by_another_unit_the_bureau_neither(self, stranger: Officer) -> None:
        child = unnumbered()
        with pytest.raises(Refused, match="owed by public_security:410326; only that unit answers"):
            answer(child, by=stranger)

    def test_is_not_answered_in_the_words_of_another_unit_nor_of_another_kind(self) -> None:
        child = unnumbered()
        with pytest.raises(Refused, match="isn't answered or closed by present"):
            answer(child, "present")
        with acting_on():
            child.raise_finding(kind="identity_mismatch", reason="", owner=BUREAU, raised_on=MONDAY, grounds=(GROUND,))
            with pytest.raises(Refused, match="is an answer of public_security"):
                child.answer_finding(
                    kind="identity_mismatch", code="number_corrected", evidence=NUMBER, by=CLERK, today=MONDAY
                )

    @pytest.mark.parametrize("evidence", ["", "  ", "号码41032620150607059X", "x" * 501])
    def test_is_answered_with_a_paper_and_nobodys_number(self, evidence: str) -> None:
        with pytest.raises(Refused, match="paper it rests on"):
            answer(unnumbered(), evidence=evidence)

    def test_waits_for_one_answer_at_a_time(self) -> None:
        child = unnumbered()
        answer(child)
        with pytest.raises(Refused, match="answered already"):
            answer(child)
        with acting_on(), pytest.raises(Refused, match="accept_answer or return_answer"):
            child.resolve_finding(kind="no_id_number", resolution="R6", evidence="x", by=CLERK, today=MONDAY)

    def test_is_not_accepted_before_somebody_answered(self) -> None:
        with pytest.raises(Refused, match="accept_answer: nobody has answered"):
            accept(unnumbered())

    def test_is_accepted_by_the_bureau_only(self) -> None:
        child = unnumbered()
        answer(child)
        with pytest.raises(Refused, match="approved by education_bureau"):
            accept(child, by=Officer("constable-2", POLICE))

    def test_of_the_bureaus_own_takes_two_of_its_people(self) -> None:
        child = a_child()
        with acting_on():
            child.raise_finding(
                kind="duplicate_enrolment", reason="", owner=BUREAU, raised_on=MONDAY, grounds=(GROUND,)
            )
            with pytest.raises(Refused, match="doesn't settle what it owes"):
                child.resolve_finding(
                    kind="duplicate_enrolment", resolution="R1", evidence="x", by=SECTION_HEAD, today=MONDAY
                )
            child.answer_finding(
                kind="duplicate_enrolment", code="enrolment_removed", evidence="异动7", by=CLERK, today=MONDAY
            )
            with pytest.raises(Refused, match="a second person has to"):
                child.accept_answer(kind="duplicate_enrolment", by=CLERK, today=MONDAY)
            child.accept_answer(kind="duplicate_enrolment", by=SECTION_HEAD, today=MONDAY)

        assert child.findings == {}

    @pytest.mark.parametrize("code", ["R9", "R11", "not_found", "deferral_proposed"])
    def test_is_never_closed_by_a_child_who_cant_be_found_nor_by_a_mere_proposal(self, code: str) -> None:
        child = a_child()
        teacher = TEACHER
        with acting_on():
            child.raise_finding(kind="not_in_seat", reason="", owner=teacher.unit, raised_on=MONDAY, grounds=(GROUND,))
            with pytest.raises(Refused, match="closes no finding"):
                child.resolve_finding(kind="not_in_seat", resolution=code, evidence="x", by=CLERK, today=MONDAY)
            child.answer_finding(kind="not_in_seat", code=code, evidence="查找3", by=teacher, today=MONDAY)
            with pytest.raises(Refused, match="closes no finding"):
                child.accept_answer(kind="not_in_seat", by=CLERK, today=MONDAY)
            child.return_answer(kind="not_in_seat", reason="继续查找", by=CLERK, today=MONDAY)

        assert child.findings["not_in_seat"].due_on == add_working_days(MONDAY, 3)

    def test_that_is_returned_is_owed_again_by_a_new_day(self) -> None:
        child = unnumbered()
        answer(child, "no_such_person")
        later = MONDAY + days(3)
        with acting_on(later):
            child.return_answer(kind="no_id_number", reason="入户见到本人", by=CLERK, today=later)

        assert child.findings["no_id_number"].answer is None
        assert child.findings["no_id_number"].due_on == add_working_days(later, 10)
        answer(child, on=later)

    def test_is_overdue_once_for_a_day_and_again_after_it_was_returned(self) -> None:
        child = unnumbered()
        due_on = add_working_days(MONDAY, 20)
        with acting_on(due_on + days(1)):
            child.expire_finding(kind="no_id_number", today=due_on)
            assert "FindingOverdue" not in happened(child)
            for _ in range(2):
                child.expire_finding(kind="no_id_number", today=due_on + days(1))
        answer(child, on=due_on + days(2))
        with acting_on(due_on + days(3)):
            child.return_answer(kind="no_id_number", reason="补章", by=CLERK, today=due_on + days(3))
            child.expire_finding(kind="no_id_number", today=due_on + days(60))

        told = [event for event in child.pending_events if isinstance(event, Child.FindingOverdue)]
        assert [(event.owner, event.due_on) for event in told] == [
            (POLICE, due_on),
            (POLICE, add_working_days(due_on + days(3), 10)),
        ]

    def test_whose_answer_nobody_looks_at_is_late_with_the_bureau_not_with_who_answered(self) -> None:
        child = unnumbered()
        answer(child)
        with acting_on(MONDAY + days(60)):
            child.expire_finding(kind="no_id_number", today=MONDAY + days(60))

        overdue = child.pending_events[-1]
        assert isinstance(overdue, Child.FindingOverdue)
        assert (overdue.owner, overdue.due_on) == (BUREAU, add_working_days(MONDAY, ACCEPT_WITHIN))

    def test_that_nobody_has_is_neither_answered_nor_dropped_nor_late(self) -> None:
        child = a_child()
        with acting_on():
            for act in (
                lambda: child.answer_finding(kind="k", code="R1", evidence="x", by=CLERK, today=MONDAY),
                lambda: child.accept_answer(kind="k", by=CLERK, today=MONDAY),
                lambda: child.return_answer(kind="k", reason="x", by=CLERK, today=MONDAY),
                lambda: child.drop_finding(kind="k", today=MONDAY),
            ):
                with pytest.raises(Refused, match="no open finding of the kind k"):
                    act()
            child.expire_finding(kind="k", today=MONDAY)

        assert happened(child) == []


class TestOverHttp:
    def test_public_security_answers_and_the_bureau_accepts(self) -> None:
        roster = MemoryRoster()
        child_id = a_numberless_child(roster)
        about = {"child_id": str(child_id), "kind": "no_id_number"}

        refused = post(roster, "answer-finding", {**about, "code": "number_issued", "evidence": NUMBER}, by=TEACHER)
        told = post(roster, "answer-finding", {**about, "code": "number_issued", "evidence": NUMBER}, by=CONSTABLE)
        accepted = post(roster, "accept-answer", about, by=CLERK)

        assert (refused.status_code, told.status_code, accepted.status_code) == (422, 200, 200)
        assert "owed by public_security:410326" in refused.text
        assert roster.open_kinds(child_id) == set()
        (resolved,) = roster.told(Child.FindingResolved)
        assert (resolved.resolution, resolved.evidence, resolved.approved_by) == ("number_issued", NUMBER, BUREAU)

    def test_the_bureau_returns_an_answer_and_settles_another_on_paper(self) -> None:
        roster = MemoryRoster()
        child_id = a_numberless_child(roster)
        about = {"child_id": str(child_id), "kind": "no_id_number"}
        post(roster, "answer-finding", {**about, "code": "no_such_person", "evidence": NUMBER}, by=CONSTABLE)

        returned = post(roster, "return-answer", {**about, "reason": "入户见到本人"}, by=CLERK)
        settled = post(roster, "resolve-finding", {**about, "resolution": "R1", "evidence": "学籍7"}, by=CLERK)

        assert (returned.status_code, settled.status_code) == (200, 200)
        assert roster.open_kinds(child_id) == set()


def a_numberless_child(roster: MemoryRoster) -> UUID:
    child_id = roster.a_child()
    with acting_on():
        roster.raise_finding(child_id=child_id, kind="no_id_number", reason="无号", owner=POLICE, ground=GROUND)
    return child_id


def post(roster: MemoryRoster, command: str, body: dict[str, str], *, by: Officer) -> Response:
    """Sends one command as the gateway would."""
    api = build_api(roster, surroundings=Surroundings(clock=SteppedClock(NOON), token="secret"))
    headers = {
        "Authorization": "Bearer secret",
        "Idempotency-Key": str(uuid4()),
        "X-Actor": by.person,
        "X-Department": by.unit,
        "X-Purpose": "dropout_control",
    }

    async def send() -> Response:
        async with AsyncClient(transport=ASGITransport(app=api), base_url="http://roster") as client:
            return await client.post(f"/commands/{command}", json=body, headers=headers)

    return asyncio.run(send())


KINDS = ("no_id_number", "suspect_listed", "duplicate_enrolment", "transfer_overdue")
OWNERS = {
    "no_id_number": CONSTABLE,
    "suspect_listed": CLERK,
    "duplicate_enrolment": CLERK,
    "transfer_overdue": TEACHER,
}
PEOPLE = (CONSTABLE, TEACHER, CLERK, SECTION_HEAD, Officer("cadre-1", "township:410326103"))
CODES = tuple(CATALOGUE.codes)
ROWS = tuple((Ground("hukou", BATCH, row, "single_row"),) for row in (1, 2))
OWN = tuple((Ground("transfer", BATCH, hand, "hand_overdue"),) for hand in (1, 2))

a_kind = st.sampled_from(KINDS)


class FindingsOfAChild(RuleBasedStateMachine):
    """Anybody does anything to a child's findings, on days that only pass."""

    def __init__(self) -> None:
        super().__init__()
        self.child = a_child()
        self.day = MONDAY

    def act(self, act: Callable[[], None], *, by: Officer = CLERK) -> None:
        with acting_on(self.day, person=by.person, unit=by.unit), suppress(Refused):
            act()

    @rule(number=st.integers(1, 40))
    def a_time_passes(self, number: int) -> None:
        self.day += days(number)

    @rule()
    def the_clock_ticks(self) -> None:
        for kind in sorted(self.child.findings):
            self.act(lambda kind=kind: self.child.expire_finding(kind=kind, today=self.day))  # type: ignore[misc]

    @rule(kind=a_kind, which=st.integers(0, 1))
    def somebody_finds(self, kind: str, which: int) -> None:
        grounds = (OWN if kind == "transfer_overdue" else ROWS)[which]
        owner = OWNERS[kind].unit
        self.act(
            lambda: self.child.raise_finding(kind=kind, reason="某", owner=owner, raised_on=self.day, grounds=grounds)
        )

    @rule(found=st.sets(a_kind))
    def a_comparison_is_made(self, found: set[str]) -> None:
        for kind in sorted(kind for kind, open_ in self.child.findings.items() if open_.of_a_comparison):
            if kind not in found:
                self.act(lambda kind=kind: self.child.drop_finding(kind=kind, today=self.day))  # type: ignore[misc]

    @rule(data=st.data())
    def somebody_answers(self, data: st.DataObject) -> None:
        kind, code = self.one_of_them(data)
        by = data.draw(st.sampled_from((OWNERS[kind], *PEOPLE)))
        self.act(lambda: self.child.answer_finding(kind=kind, code=code, evidence="文7", by=by, today=self.day), by=by)

    @rule(data=st.data(), by=st.sampled_from((CLERK, SECTION_HEAD, *PEOPLE)))
    def somebody_accepts(self, data: st.DataObject, by: Officer) -> None:
        kind, _ = self.one_of_them(data)
        self.act(lambda: self.child.accept_answer(kind=kind, by=by, today=self.day), by=by)

    @rule(data=st.data(), by=st.sampled_from((CLERK, SECTION_HEAD, *PEOPLE)))
    def somebody_returns(self, data: st.DataObject, by: Officer) -> None:
        kind, _ = self.one_of_them(data)
        self.act(lambda: self.child.return_answer(kind=kind, reason="补正", by=by, today=self.day), by=by)

    @rule(data=st.data(), by=st.sampled_from(PEOPLE))
    def somebody_settles(self, data: st.DataObject, by: Officer) -> None:
        kind, code = self.one_of_them(data)
        self.act(
            lambda: self.child.resolve_finding(kind=kind, resolution=code, evidence="文7", by=by, today=self.day),
            by=by,
        )

    def one_of_them(self, data: st.DataObject) -> tuple[str, str]:
        """A kind, an open one where there is one, and a code, mostly one of the kind's."""
        kind = data.draw(st.sampled_from(sorted(self.child.findings) or KINDS))
        entry = CATALOGUE.get(kind, on=self.day)
        return kind, data.draw(st.sampled_from(entry.answers + entry.resolutions + CODES[::5]))

    @invariant()
    def no_two_are_open_of_a_kind_and_none_of_time_falls_to_a_comparison(self) -> None:
        open_now: dict[str, UUID] = {}
        for event in self.child.pending_events:
            if isinstance(event, Child.FindingRaised):
                assert event.kind not in open_now
                open_now[event.kind] = event.finding_id
            elif isinstance(event, Child.FindingResolved):
                assert open_now.pop(event.kind) == event.finding_id
                assert event.kind != "transfer_overdue" or event.resolution != NO_LONGER_FOUND
        assert {kind: found.finding_id for kind, found in self.child.findings.items()} == open_now

    @invariant()
    def only_the_owner_answered_and_somebody_else_closed_it_in_words_the_kind_allows(self) -> None:
        answered: dict[UUID, Child.FindingAnswered] = {}
        for event in self.child.pending_events:
            match event:
                case Child.FindingAnswered():
                    assert event.answered_by == OWNERS[event.kind].unit == event.caused.department
                    answered[event.finding_id] = event
                case Child.FindingReturned():
                    del answered[event.finding_id]
                case Child.FindingResolved() if event.resolution != NO_LONGER_FOUND:
                    entry = CATALOGUE.get(event.kind, on=MONDAY)
                    assert event.resolution in entry.answers + entry.resolutions
                    assert not CATALOGUE.codes[event.resolution].instead
                    assert event.evidence
                    given = answered.get(event.finding_id)
                    if given is None:
                        assert event.approved_by != OWNERS[event.kind].unit
                    else:
                        assert event.caused.actor != given.officer

    @invariant()
    def it_is_late_at_most_once_for_a_day_and_never_before_it_is_over(self) -> None:
        owed: dict[UUID, date] = {}
        for event in self.child.pending_events:
            match event:
                case Child.FindingRaised(due_on=date() as due_on):
                    owed[event.finding_id] = due_on
                case Child.FindingAnswered() | Child.FindingReturned():
                    owed[event.finding_id] = event.due_on
                case Child.FindingOverdue():
                    assert event.due_on == owed.pop(event.finding_id) < event.overdue_on
                case _:
                    pass

    @invariant()
    def history_tells_it_again(self) -> None:
        assert state_of(replayed(self.child)) == state_of(self.child)


FindingsOfAChild.TestCase.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
TestFindingsOfAChild = FindingsOfAChild.TestCase


def test_what_rests_on_the_rosters_own_records_is_no_register() -> None:
    assert OWN_RECORDS.isdisjoint(Register)


def test_the_readme_lists_every_kind_with_its_term_and_its_answers() -> None:
    readme = (Path(roster_package.__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = {row.split("`")[1]: row for row in readme.splitlines() if row.startswith("| `")}

    for entry in CATALOGUE.kinds:
        unit = "working days" if entry.unit == "working_days" else "days"
        answers = " ".join(f"`{code}`" for code in entry.answers)
        assert rows[entry.kind].endswith(f"| {entry.term} {unit} | {answers} |"), entry.kind
