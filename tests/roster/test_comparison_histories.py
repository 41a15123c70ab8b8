"""Whatever happens between comparisons, in whatever order: no row is of two children, and what persons decided holds."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from itertools import combinations, count
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.chassis.errors import Refused
from services.chassis.vault import ERASED
from services.roster.comparison import Compared, Comparison
from services.roster.domain.child import Child
from services.roster.recognition import Standing
from services.roster.reconcile.model import Register, Row, RowRef
from services.roster.review import Review
from tests.fixtures.postgres import Databases
from tests.roster.comparing import rows_of, told_since
from tests.roster.conftest import AS_OF, Office, open_office
from tests.roster.given import acting_on

BATCHES = UUID("5f1c0d9e-0b52-4a3e-9a55-2b1b8f9c1a77")
REGISTERS = (Register.HUKOU, Register.ENROLMENT, Register.POVERTY)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def citizen_number(birth: date, serial: int) -> str:
    """A number with its check digit (GB 11643)."""
    digits = f"410326{birth:%Y%m%d}{serial:03d}"
    check = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11
    return digits + "10X98765432"[check]


class Person(NamedTuple):
    """A child of this little world as a clerk writes it: twins, namesakes and homophones are among them."""

    name: str
    birth: date
    serial: int
    guardian: str

    def cells(self, register: Register) -> dict[str, str]:
        cells = {
            "name": self.name,
            "sex": "男" if self.serial % 2 else "女",
            "id_number": citizen_number(self.birth, self.serial) if self.serial else "",
            "birth_date": self.birth.isoformat(),
            "guardian_name": self.guardian,
            "township": "小店镇",
            "village": "小店村",
        }
        if register is Register.ENROLMENT:
            cells |= {"enrolment_state": "在读", "school_name": "小店镇中心小学", "grade": "五年级"}
        if register is Register.HUKOU:
            cells |= {"hukou_state": "正常", "household_number": f"{self.guardian}户"}
        return cells


PEOPLE = st.builds(
    Person,
    name=st.sampled_from(("燕归来", "燕归莱", "柳河东", "柳何东", "石清")),
    birth=st.sampled_from((date(2015, 6, 7), date(2015, 7, 6), date(2014, 3, 2))),
    serial=st.sampled_from((0, 121, 122, 123)),
    guardian=st.sampled_from(("燕青", "柳青", "")),
)
LISTS = st.lists(PEOPLE, min_size=1, max_size=6)


class Killed(KeyboardInterrupt):
    """The process is gone."""


class Failing:
    """A thing whose process is killed at its so-many-th write."""

    def __init__(self, of: Any, *, writes: frozenset[str], left: list[int]) -> None:
        self._of, self._writes, self._left = of, writes, left

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if name not in self._writes:
            return found

        def killed_at_last(*args: Any, **kwargs: Any) -> Any:
            self._left[0] -= 1
            if self._left[0] < 0:
                raise Killed
            return found(*args, **kwargs)

        return killed_at_last


OF_LOOKUP = frozenset({"keep_keys", "keep_said", "drop_rows"})
OF_ROSTER = frozenset(
    {"state_children", "miss_children", "absorb_child", "release_child", "raise_doubts", "withdraw_doubts"}
)


class Histories(RuleBasedStateMachine):
    """An office's weeks; `fresh` opens one for each history."""

    fresh: Callable[[ExitStack], Office]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.office = type(self).fresh(self.stack)
        self.ids = (UUID(int=number) for number in count(1))  # so that a history can be told again
        self.comparison = self.comparison_of(self.office.roster, self.office.lookup)
        self.compared: Compared | None = None
        self.batches = 0
        self.erased: set[UUID] = set()

    def teardown(self) -> None:
        """Closes the office."""
        self.stack.close()

    @initialize(people=LISTS)
    def registers_come_in(self, people: list[Person]) -> None:
        """At first every register has everybody."""
        for register in REGISTERS:
            self.put_in_force(register, people)

    @rule(register=st.sampled_from(REGISTERS), people=LISTS)
    def a_new_batch(self, register: Register, people: list[Person]) -> None:
        """A register comes anew, with whomever."""
        self.put_in_force(register, people)
        self.compared = None

    @rule()
    def a_comparison(self) -> None:
        """The registers in force are compared, and compared again to no effect."""
        self.compared = self.compare()
        position = self.office.roster.position()
        again = self.compare()
        assert told_since(self.office, position) == []
        assert again.children == self.compared.children

    @rule(writes=st.integers(0, 4))
    def a_comparison_that_is_killed(self, writes: int) -> None:
        """One is begun and ends at one of its writes."""
        left = [writes]
        comparison = self.comparison_of(
            Failing(self.office.roster, writes=OF_ROSTER, left=left),
            Failing(self.office.lookup, writes=OF_LOOKUP, left=left),
        )
        self.compared = None
        try:
            with acting_on(AS_OF):
                comparison.compare(as_of=AS_OF, progress=lambda *_: None)
        except Killed:
            note("killed")

    @precondition(lambda self: self.standing().open_doubts)
    @rule(choice=st.integers(0, 99), decision=st.sampled_from(("same", "different")))
    def a_decision(self, choice: int, decision: str) -> None:
        """A person decides a doubt."""
        doubts = sorted(self.standing().open_doubts)
        self.ask(
            lambda: self.office.roster.decide_doubt(
                doubt_id=doubts[choice % len(doubts)], decision=decision, reason="走访核实"
            )
        )

    @precondition(lambda self: len(self.entries()) > 1)
    @rule(choice=st.integers(0, 99))
    def a_merge_by_hand(self, choice: int) -> None:
        """A person merges two entries."""
        pairs = list(combinations(self.entries(), 2))
        one, another = pairs[choice % len(pairs)]
        self.ask(lambda: self.office.roster.merge_children(child_id=one, merged_id=another, reason="走访核实"))

    @precondition(lambda self: self.standing().into)
    @rule(choice=st.integers(0, 99))
    def a_merge_taken_back(self, choice: int) -> None:
        """A person takes a merge back."""
        merges = sorted(self.standing().into.items())
        merged_id, child_id = merges[choice % len(merges)]
        self.ask(lambda: self.office.roster.unmerge_children(child_id=child_id, merged_id=merged_id, reason="系双胞胎"))

    @precondition(lambda self: self.entries())
    @rule(choice=st.integers(0, 99))
    def an_erasure(self, choice: int) -> None:
        """A person's data is erased, with all of its entries."""
        entries = self.entries()
        child_id = entries[choice % len(entries)]
        standing = self.standing()
        with acting_on(AS_OF):
            self.comparison.erase(child_id, reason="guardian's request")
        self.erased |= standing.kin(standing.last(child_id))
        self.compared = None

    @invariant()
    def what_was_decided_holds(self) -> None:
        """Pairs decided to be different are never one child, those decided to be the same always are."""
        standing = self.standing()
        assert all(standing.last(one) != standing.last(another) for one, another in map(sorted, standing.different))
        assert all(standing.last(one) == standing.last(another) for one, another in map(sorted, standing.same))

    @invariant()
    def after_a_comparison_every_row_and_every_entry_is_accounted_for(self) -> None:
        """Every row is of one child, and every entry is there, goes on as another one, is looked for, or was erased."""
        if self.compared is None:
            return
        standing = self.standing()
        rows = [ref for child in self.compared.reconciliation.children for ref in child.rows]
        assert sorted(rows) == sorted(row.ref for row in rows_of(self.office))
        there = list(self.compared.children.values())
        assert len(set(there)) == len(there)
        assert all(standing.last(child_id) == child_id for child_id in there)
        for entry in set(self.entries()) - set(there):
            child = self.office.roster.get(Child, entry)
            assert standing.last(entry) != entry or child.accounted in {"suspect", "graduated"}

    @invariant()
    def who_was_erased_never_comes_back(self) -> None:
        """Nobody erased is in a comparison, is doubted, or can be read."""
        for entry in self.erased:
            assert self.office.roster.get(Child, entry).identity.name in {"", ERASED}
        if self.compared is not None:
            assert self.erased.isdisjoint(self.compared.children.values())
            assert not any(self.erased & pair for pair in self.standing().open_doubts.values())

    def comparison_of(self, roster: Any, lookup: Any) -> Comparison:
        """A comparison that gives out ids in their order."""
        return Comparison(roster=roster, lookup=lookup, vault=self.office.vault, new_id=lambda: next(self.ids))

    def compare(self) -> Compared:
        """Compares the registers in force."""
        with acting_on(AS_OF):
            return self.comparison.compare(as_of=AS_OF, progress=lambda *_: None)

    def put_in_force(self, register: Register, people: Sequence[Person]) -> None:
        """A batch of these people, one row each, is the register's word from now on."""
        self.batches += 1
        batch_id = uuid5(BATCHES, f"{register}/{self.batches}")
        rows = [
            Row(RowRef(register, number), person.cells(register), "f", "s", number)
            for number, person in enumerate(people, start=1)
        ]
        self.office.lookup.keep_rows(batch_id, rows)
        self.office.lookup.put_in_force(register, batch_id)

    def standing(self) -> Standing:
        """How entries stand to one another, read anew."""
        return Review(roster=self.office.roster).standing()

    def entries(self) -> list[UUID]:
        """All entries that were not erased, in the order of their ids."""
        told = told_since(self.office, 0)
        return sorted({entry for topic, entry in told if topic == "roster.Child.Registered"} - self.erased)

    def ask(self, command: Callable[[], object]) -> None:
        """Asks for something that may be refused, and then changes nothing."""
        position = self.office.roster.position()
        self.compared = None
        try:
            with acting_on(AS_OF):
                command()
        except Refused as refusal:
            note(str(refusal))
            assert self.office.roster.position() == position


@pytest.mark.hypothesis
def test_whatever_happens_every_row_has_one_child_and_decisions_hold(databases: Databases) -> None:
    with databases.fresh() as database:

        class OnThisServer(Histories):
            fresh = staticmethod(lambda stack: open_office(database, stack))

        run_state_machine_as_test(
            OnThisServer,
            settings=settings(
                max_examples=40,
                stateful_step_count=14,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            ),
        )


def test_what_was_merged_is_given_to_the_next_comparison_by_the_same_rows(databases: Databases) -> None:
    """Found by a history: a row that had joined stood for the entry the next time, and what it stood for was let go."""
    with databases.fresh() as database:

        class OnThisServer(Histories):
            fresh = staticmethod(lambda stack: open_office(database, stack))

        mine, another, third = date(2015, 6, 7), date(2014, 3, 2), date(2015, 7, 6)
        history = OnThisServer()
        history.registers_come_in([Person("石清", mine, 0, "燕青"), Person("柳何东", another, 121, "柳青")])
        history.a_comparison()
        history.a_merge_by_hand(0)
        history.a_new_batch(Register.ENROLMENT, [Person("燕归来", mine, 0, "燕青")] * 6)
        history.a_new_batch(
            Register.HUKOU,
            [
                Person("石清", another, 0, "柳青"),
                Person("燕归来", third, 121, "柳青"),
                Person("柳河东", third, 0, "燕青"),
                Person("石清", third, 122, ""),
                Person("燕归莱", mine, 123, ""),
                Person("柳河东", third, 121, "柳青"),
            ],
        )
        history.a_comparison()
        history.teardown()
