"""Batches in force become children, once: the same again changes nothing, new ones only what they change."""

import shutil
from collections import Counter
from pathlib import Path
from types import MappingProxyType
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from services.chassis.vault import ERASED, RESTRICTED
from services.contracts.review import RowCells
from services.roster.comparison import CHILDREN_AT_ONCE, Compared
from services.roster.domain.child import IN_NO_REGISTER, Child, Identity, Residence
from services.roster.domain.doubt import Doubt
from services.roster.intake import Intake, Loaded
from services.roster.lookup import Lookup
from services.roster.reconcile.model import AccountedState, Register, Row, RowRef
from services.roster.review import Review
from tests.roster.comparing import children_of, compare, load, rewritten, rows_of, told_since
from tests.roster.conftest import AS_OF, KEY_SECRET, Office
from tests.roster.given import acting_on, days


@pytest.fixture
def files(registers: Path, tmp_path: Path) -> Path:
    """The county's register files, to write in."""
    return Path(shutil.copytree(registers, tmp_path / "registers"))


@pytest.fixture(scope="module")
def loaded(module_office: Office, registers: Path) -> list[Loaded]:
    """All files taken in."""
    return load(module_office, registers)


@pytest.fixture(scope="module")
def compared(module_office: Office, loaded: list[Loaded]) -> Compared:
    """And compared."""
    assert loaded
    return compare(module_office)


class TestACountyCompared:
    """What holds after one comparison; these tests share it and change nothing."""

    def test_every_linked_child_is_in_the_roster_once(self, module_office: Office, compared: Compared) -> None:
        assert len(compared.reconciliation.children) > CHILDREN_AT_ONCE
        assert set(children_of(module_office)) == set(compared.children.values())
        assert len(set(compared.children.values())) == len(compared.reconciliation.children)

    def test_every_child_is_in_exactly_one_accounted_state_and_the_partition_sums(
        self, module_office: Office, compared: Compared
    ) -> None:
        children = children_of(module_office)
        by_state = Counter(AccountedState(child.accounted) for child in children.values())

        assert by_state.total() == len(children)
        assert by_state == Counter(child.state for child in compared.reconciliation.children)
        topics = Counter(
            aggregate for topic, aggregate in told_since(module_office, 0) if topic == "roster.Child.Accounted"
        )
        assert topics == dict.fromkeys(children, 1)

    def test_every_finding_of_the_comparison_is_open_on_its_child(
        self, module_office: Office, compared: Compared
    ) -> None:
        found = {(compared.children[finding.label], str(finding.kind)) for finding in compared.reconciliation.findings}

        assert found
        assert found == {
            (child_id, kind) for child_id, child in children_of(module_office).items() for kind in child.findings
        }

    def test_a_child_is_who_the_registers_say_and_every_ground_can_be_looked_up(
        self, module_office: Office, compared: Compared
    ) -> None:
        batches = module_office.lookup.batches_in_force()
        for linked in compared.reconciliation.children[:50]:
            child = module_office.roster.get(Child, compared.children[linked.label])
            assert (child.identity.name, child.identity.id_number) == (linked.facts.name, linked.facts.id_number)
            assert child.schooling.school == linked.facts.school_code
            assert {(ground.register, ground.row, ground.batch_id) for ground in child.grounds} == {
                (ref.register, ref.row, batches[ref.register, ""]) for ref in linked.rows
            }

    def test_no_name_and_no_number_stands_anywhere_in_the_clear(
        self, module_office: Office, compared: Compared
    ) -> None:
        with psycopg.connect(module_office.database.owner) as connection:
            texts = [
                str(connection.execute(query).fetchall())
                for query in (
                    "select convert_from(state, 'utf8'), e::text from events e where topic <> 'roster.RegisterBatch.Loaded'",
                    "select r::text from register_row r",
                    "select k::text from child_key k",
                )
            ]
        everything = "\n".join(texts)
        facts = [child.facts for child in compared.reconciliation.children]
        secrets = {fact.id_number for fact in facts} | {fact.guardian_phone for fact in facts}
        secrets |= {fact.name for fact in facts if len(fact.name) > 2} - {fact.village for fact in facts}
        assert len(secrets) > 300
        assert [secret for secret in secrets if secret and secret in everything] == []


class TestTheSameAgain:
    def test_changes_nothing(self, office: Office, registers: Path) -> None:
        first = load(office, registers)
        children = compare(office).children
        position = office.roster.position()

        again = load(office, registers)
        compared = compare(office)

        assert all(file.known for file in again)
        assert [file.batches for file in again] == [file.batches for file in first]
        assert compared.children == children
        assert told_since(office, position) == []


class TestANewBatch:
    def test_changes_only_what_changed_and_every_child_keeps_its_id(self, office: Office, files: Path) -> None:
        load(office, files)
        before = compare(office)
        position = office.roster.position()
        moved: list[str] = []

        def move_one(lines: list[list[str]]) -> list[list[str]]:
            line = next(line for line in lines[1:] if line[3] and line[13] == "正常")
            line[11] = "新庄村" if line[11] != "新庄村" else "旧庄村"
            moved.append(line[3].strip())
            return lines

        rewritten(files / "hukou.csv", move_one, encoding="gb18030")
        (loaded,) = [file for file in load(office, files) if not file.known]
        after = compare(office)

        assert set(after.children.values()) == set(before.children.values())
        told = told_since(office, position)
        assert told[0] == ("roster.RegisterBatch.Loaded", loaded.batches["hukou"])
        assert told[-1][0] == "roster.FourChecks.Counted"  # by village, and the child lives in another one now
        (child_id,) = {aggregate for _, aggregate in told[1:-1]}
        assert office.roster.get(Child, child_id).identity.id_number == moved[0]
        assert "roster.Child.ResidenceStated" in dict(told)

    def test_in_another_order_changes_no_child(self, office: Office, files: Path) -> None:
        load(office, files)
        before = compare(office)
        position = office.roster.position()

        rewritten(files / "hukou.csv", lambda lines: [lines[0], *reversed(lines[1:])], encoding="gb18030")
        load(office, files)
        after = compare(office)

        assert set(after.children.values()) == set(before.children.values())
        assert {topic for topic, _ in told_since(office, position)} <= {"roster.RegisterBatch.Loaded"}


class FailingLookup(Lookup):
    """A lookup whose process is killed when it is to remember the second lot of children."""

    def __init__(self, office: Office) -> None:
        super().__init__(dsn=office.database.app, vault=office.vault, key_secret=KEY_SECRET)
        self._lots = 0

    def keep_keys(self, keys: dict[bytes, UUID]) -> None:
        self._lots += 1
        if self._lots == 2:
            raise KeyboardInterrupt
        super().keep_keys(keys)


def numbers_of(office: Office, rows: list[Row]) -> set[bytes]:
    """The keys of the citizen numbers that rows say."""
    return {office.lookup.key(f"number/{number}") for row in rows if (number := row.cells.get("id_number"))}


class TestADoubtfulPair:
    HUKOU = MappingProxyType(
        {
            "name": "张雨桐", "sex": "男", "birth_date": "2014-09-01", "id_number": "410326201409010018", "township": "小店镇",
            "village": "小店村", "guardian_name": "张建国", "hukou_state": "正常", "household_number": "100001",
        }
    )  # fmt: skip
    ENROLMENT = MappingProxyType(
        {
            "name": "张 雨桐", "sex": "男", "birth_date": "2011年5月23日", "id_number": "410326201105240054", "township": "小店镇",
            "village": "小店村", "guardian_name": "张建国", "enrolment_state": "在读", "presence": "在校", "grade": "五年级",
        }
    )  # fmt: skip

    def test_is_told_with_what_both_rows_say_each_under_its_own_key(self, office: Office) -> None:
        for register, cells in ((Register.HUKOU, self.HUKOU), (Register.ENROLMENT, self.ENROLMENT)):
            office.lookup.keep_rows(batch_id := uuid4(), [Row(RowRef(register, 1), cells)])
            office.lookup.put_in_force(register, batch_id)

        compare(office)

        (doubt_id,) = Review(roster=office.roster).standing().open_doubts
        (raised,) = office.roster.events.get(doubt_id)
        assert isinstance(raised, Doubt.Raised)
        (pair,) = raised.grounds
        written = {pair.of_child.register: raised.child_rows, pair.of_other.register: raised.other_rows}
        said = {register: msgspec.json.decode(rows, type=list[RowCells])[0] for register, rows in written.items()}
        assert {register: (cells.name, cells.birth_date) for register, cells in said.items()} == {
            "hukou": ("张雨桐", "2014-09-01"),
            "enrolment": ("张 雨桐", "2011年5月23日"),
        }
        assert (pair.agree, pair.differ) == (("name", "sex", "guardian_name", "place"), ("id_number", "birth_date"))

        with acting_on(AS_OF):
            office.intake.comparison.erase(raised.child_id, reason="guardian's request 2026-7")

        (after,) = office.roster.events.get(doubt_id)
        assert isinstance(after, Doubt.Raised)
        assert (after.child_rows, after.other_rows) == (ERASED, raised.other_rows)


class TestACrash:
    def test_between_two_lots_doubles_no_child(self, office: Office, registers: Path) -> None:
        load(office, registers)
        failing = FailingLookup(office)
        with pytest.raises(KeyboardInterrupt):
            compare(office, intake=Intake(roster=office.roster, lookup=failing, vault=office.vault))
        failing.close()

        compared = compare(office)

        assert set(children_of(office)) == set(compared.children.values())

    def test_before_children_were_told_of_leaves_nobody_whom_their_keys_name(
        self, office: Office, registers: Path
    ) -> None:
        load(office, registers)
        keys = {key for rows in office.lookup.rows_in_force() for key in numbers_of(office, rows[1])}
        office.lookup.keep_keys({key: uuid4() for key in keys})

        compared = compare(office)

        assert set(children_of(office)) == set(compared.children.values()) == office.lookup.known_children()
        assert all(child.merged == set() for child in children_of(office).values())


class TestAShreddedChild:
    def test_stays_erased_and_stops_nobody_elses_comparison(self, office: Office, registers: Path) -> None:
        load(office, registers)
        before = compare(office)
        erased = before.children[before.reconciliation.children[0].label]
        office.vault.shred(erased, reason="erasure 2026-7")

        after = compare(office)

        assert office.roster.get(Child, erased).identity.name == ERASED
        assert set(children_of(office)) == set(before.children.values())
        assert set(after.children.values()) == set(before.children.values()) - {erased}


class TestAnErasure:
    def test_makes_the_child_unreadable_takes_its_rows_and_is_told(self, office: Office, registers: Path) -> None:
        load(office, registers)
        before = compare(office)
        linked = next(child for child in before.reconciliation.children if child.facts.name and len(child.rows) > 1)
        child_id = before.children[linked.label]
        position = office.roster.position()

        with acting_on(AS_OF):
            office.intake.comparison.erase(child_id, reason="guardian's request 2026-7")
            office.intake.comparison.erase(child_id, reason="guardian's request 2026-7")

        assert office.roster.get(Child, child_id).identity.name == ERASED
        assert told_since(office, position) == [("roster.Child.Erased", child_id)]
        assert not {row.ref for row in rows_of(office)} & set(linked.rows)

    def test_stays_when_the_registers_name_the_child_again(self, office: Office, registers: Path) -> None:
        load(office, registers)
        before = compare(office)
        child_id = before.children[before.reconciliation.children[0].label]
        with acting_on(AS_OF):
            office.intake.comparison.erase(child_id, reason="guardian's request 2026-7")
        position = office.roster.position()

        compare(office)

        assert child_id not in {child for _, child in told_since(office, position)}
        assert office.roster.get(Child, child_id).identity.name == ERASED


class TestARestriction:
    """The register files of somebody who is restricted stay; no comparison reads who they are about."""

    GROWN = AS_OF.replace(year=AS_OF.year + 20)

    def test_makes_the_person_unreadable_and_is_lifted_with_the_key_of_another_body(
        self, office: Office, registers: Path
    ) -> None:
        load(office, registers)
        before = compare(office)
        child_id = next(child_id for child_id, child in sorted(children_of(office).items()) if not child.findings)
        name, rows = office.roster.get(Child, child_id).identity.name, len(rows_of(office))
        holder = X25519PrivateKey.generate()
        position = office.roster.position()

        with acting_on(self.GROWN):
            for _ in range(2):
                office.intake.comparison.restrict(
                    child_id, basis="档案法", until=self.GROWN + days(400), holder=holder.public_key()
                )
        told = told_since(office, position)
        during = office.roster.get(Child, child_id).identity.name
        after = compare(office)
        with acting_on(self.GROWN):
            for _ in range(2):
                office.intake.comparison.lift(child_id, reason="监察委调查", holder=holder)

        assert told == [("roster.Child.Restricted", child_id)]
        assert during == RESTRICTED
        assert set(after.children.values()) == set(before.children.values()) - {child_id}
        assert len(rows_of(office)) == rows
        assert office.roster.get(Child, child_id).identity.name == name
        assert child_id in compare(office).children.values()


class TestAChildWhomNoRegisterNamesAnyMore:
    def test_is_looked_for_and_not_forgotten(self, office: Office, registers: Path) -> None:
        load(office, registers)
        before = compare(office)
        linked = next(child for child in before.reconciliation.children if child.in_window and child.state == "in_seat")
        child_id = before.children[linked.label]
        batches = office.lookup.batches_in_force()

        office.lookup.drop_rows((batches[ref.register, ""], ref.row) for ref in linked.rows)
        after = compare(office)

        assert child_id not in after.children.values()
        child = office.roster.get(Child, child_id)
        assert (child.accounted, child.findings["unexplained_departure"].reason) == ("suspect", IN_NO_REGISTER)
        position = office.roster.position()
        compare(office)
        assert told_since(office, position) == []


class TestAnEntryThatTurnsOutToBeAnotherChild:
    def absorb(self, office: Office, registers: Path) -> tuple[UUID, UUID]:
        """A child, and an entry of its own to which only the child's numbers lead; neither merged yet."""
        load(office, registers)
        before = compare(office)
        linked = next(child for child in before.reconciliation.children if child.facts.student_number)
        entry = uuid4()
        with acting_on(AS_OF):
            office.roster.record(
                Child.register(
                    child_id=entry, identity=Identity(), residence=Residence(None, "410326102", ""), grounds=()
                )
            )
        numbers = (f"number/{linked.facts.id_number}", f"student/{linked.facts.student_number}")
        office.lookup.keep_keys(dict.fromkeys(map(office.lookup.key, numbers), entry))
        return before.children[linked.label], entry

    def test_is_merged_into_it_once(self, office: Office, registers: Path) -> None:
        child_id, entry = self.absorb(office, registers)

        after = compare(office)

        assert office.roster.get(Child, child_id).merged == {entry}
        assert entry not in after.children.values()
        position = office.roster.position()
        compare(office)
        assert told_since(office, position) == []

    def test_by_a_number_alone_is_looked_for_instead(self, office: Office, registers: Path) -> None:
        child_id, entry = self.absorb(office, registers)
        with psycopg.connect(office.database.owner) as connection:
            connection.execute(
                "delete from child_key where key = (select key from child_key where child_id = %s limit 1)", (entry,)
            )

        compare(office)

        assert office.roster.get(Child, child_id).merged == set()
        assert office.roster.get(Child, entry).accounted == "suspect"
