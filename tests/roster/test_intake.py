"""Register files become children, once: the same files again change nothing, new ones only what they change."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.errors import Refused
from services.chassis.vault import ERASED
from services.roster.comparison import CHILDREN_AT_ONCE, Compared
from services.roster.domain.child import IN_NO_REGISTER, Child, Identity, Residence
from services.roster.domain.register_batch import RegisterBatch
from services.roster.intake import Intake, Loaded
from services.roster.lookup import Lookup
from services.roster.reconcile.model import AccountedState
from tests.roster.conftest import AS_OF, KEY_SECRET, Office
from tests.roster.given import acting_on, days


def load(office: Office, folder: Path) -> list[Loaded]:
    """Hands in every file of a folder."""
    with acting_on(AS_OF):
        return [office.intake.load_files([path]) for path in sorted(folder.iterdir())]


def compare(office: Office, *, intake: Intake | None = None) -> Compared:
    """Compares the registers in force."""
    with acting_on(AS_OF):
        return (intake or office.intake).comparison.compare(as_of=AS_OF, progress=lambda *_: None)


def children_of(office: Office) -> dict[UUID, Child]:
    """Every child the roster knows, by id."""
    notifications = office.roster.recorder_of_commands.follow(0, 100_000)
    ids = [told.event.originator_id for told in notifications if told.event.topic == "roster.Child.Registered"]
    assert len(set(ids)) == len(ids)
    return {child_id: office.roster.get(Child, child_id) for child_id in ids}


def told_since(office: Office, position: int) -> list[tuple[str, UUID]]:
    """Topic and aggregate of everything recorded after a position."""
    told = office.roster.recorder_of_commands.follow(position, 100_000)
    return [(notification.event.topic, notification.event.originator_id) for notification in told]


@pytest.fixture
def files(registers: Path, tmp_path: Path) -> Path:
    """The county's register files, to write in."""
    return Path(shutil.copytree(registers, tmp_path / "registers"))


def rewritten(path: Path, rewrite: Callable[[list[list[str]]], list[list[str]]], *, encoding: str) -> None:
    """Writes a delimited register anew; the first line is its header."""
    with path.open(encoding=encoding, newline="") as file:
        lines = list(csv.reader(file))
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rewrite(lines))


@pytest.fixture(scope="module")
def loaded(module_office: Office, registers: Path) -> list[Loaded]:
    """All files taken in."""
    return load(module_office, registers)


@pytest.fixture(scope="module")
def compared(module_office: Office, loaded: list[Loaded]) -> Compared:
    """And compared."""
    assert loaded
    return compare(module_office)


class TestACountyTakenIn:
    """What holds after one comparison; these tests share it and change nothing."""

    def test_every_file_is_a_batch_of_its_register(self, module_office: Office, loaded: list[Loaded]) -> None:
        batches = {register: batch for file in loaded for register, batch in file.batches.items()}

        assert len(batches) == 6
        for register, batch_id in batches.items():
            batch = module_office.roster.get(RegisterBatch, batch_id)
            assert batch.register == register
            assert batch.rows > 0
        assert not any(file.known for file in loaded)

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
                (ref.register, ref.row, batches[ref.register]) for ref in linked.rows
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

    def test_under_another_name_is_the_same_batch(self, office: Office, files: Path) -> None:
        (first, *_) = load(office, files)
        hukou = files / "disability.csv"
        renamed = hukou.rename(files / "残疾.csv")

        with acting_on(AS_OF + days(1)):
            again = office.intake.load_files([renamed])

        assert again.known
        assert again.batches == first.batches


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
        (child_id,) = {aggregate for _, aggregate in told[1:]}
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

    def test_takes_the_rows_of_the_one_before_away(self, office: Office, files: Path) -> None:
        load(office, files)
        rewritten(files / "hukou.csv", lambda lines: lines[:-1], encoding="gb18030")
        load(office, files)

        with psycopg.connect(office.database.owner) as connection:
            kept = {row[0] for row in connection.execute("select distinct batch_id from register_row")}
        assert kept == set(office.lookup.batches_in_force().values())


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


class TestACrash:
    def test_between_two_lots_doubles_no_child(self, office: Office, registers: Path) -> None:
        load(office, registers)
        failing = FailingLookup(office)
        with pytest.raises(KeyboardInterrupt):
            compare(office, intake=Intake(roster=office.roster, lookup=failing, vault=office.vault))
        failing.close()

        compared = compare(office)

        assert set(children_of(office)) == set(compared.children.values())

    def test_after_a_batch_was_recorded_and_before_its_rows_were_kept_loses_nothing(
        self, office: Office, registers: Path
    ) -> None:
        class Killed(Lookup):
            def keep_rows(self, *_: object) -> None:
                raise KeyboardInterrupt

        killed = Killed(dsn=office.database.app, vault=office.vault, key_secret=KEY_SECRET)
        with pytest.raises(KeyboardInterrupt), acting_on(AS_OF):
            Intake(roster=office.roster, lookup=killed, vault=office.vault).load_files([registers / "hukou.csv"])
        killed.close()

        with acting_on(AS_OF):
            again = office.intake.load_files([registers / "hukou.csv"])

        assert not again.known
        assert len(office.lookup.rows_in_force()) == again.rows["hukou"]


class TestAShreddedChild:
    def test_stays_erased_and_stops_nobody_elses_comparison(self, office: Office, registers: Path) -> None:
        load(office, registers)
        before = compare(office)
        erased = before.children[before.reconciliation.children[0].label]
        office.vault.shred(erased, reason="erasure 2026-7")

        after = compare(office)

        assert office.roster.get(Child, erased).identity.name == ERASED
        assert set(children_of(office)) == set(before.children.values())
        assert after.children == before.children


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
        assert not {row.ref for row in office.lookup.rows_in_force()} & set(linked.rows)

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


class TestAChildWhomNoRegisterNamesAnyMore:
    def test_is_looked_for_and_not_forgotten(self, office: Office, registers: Path) -> None:
        load(office, registers)
        before = compare(office)
        linked = next(child for child in before.reconciliation.children if child.in_window and child.state == "in_seat")
        child_id = before.children[linked.label]
        batches = office.lookup.batches_in_force()

        office.lookup.drop_rows((batches[ref.register], ref.row) for ref in linked.rows)
        after = compare(office)

        assert child_id not in after.children.values()
        child = office.roster.get(Child, child_id)
        assert (child.accounted, child.findings["unexplained_departure"].reason) == ("suspect", IN_NO_REGISTER)
        position = office.roster.position()
        compare(office)
        assert told_since(office, position) == []


class TestAnEntryThatTurnsOutToBeAnotherChild:
    def absorb(self, office: Office, registers: Path) -> tuple[UUID, UUID]:
        """A child, and an entry of its own to which only the child's number leads; neither merged yet."""
        load(office, registers)
        before = compare(office)
        linked = next(child for child in before.reconciliation.children if child.facts.id_number)
        entry = uuid4()
        with acting_on(AS_OF):
            office.roster.record(
                Child.register(
                    child_id=entry, identity=Identity(), residence=Residence(None, "410326102", ""), grounds=()
                )
            )
        office.lookup.keep_keys({office.lookup.key(f"number/{linked.facts.id_number}"): entry})
        return before.children[linked.label], entry

    def test_is_merged_into_it_once(self, office: Office, registers: Path) -> None:
        child_id, entry = self.absorb(office, registers)

        after = compare(office)

        assert office.roster.get(Child, child_id).merged == {entry}
        assert entry not in after.children.values()
        position = office.roster.position()
        compare(office)
        assert told_since(office, position) == []

    def test_and_whose_merging_was_cut_short_does_not_stop_the_next_comparison(
        self, office: Office, registers: Path
    ) -> None:
        child_id, entry = self.absorb(office, registers)
        with acting_on(AS_OF):
            office.roster.merge_children(child_id=child_id, merged_id=entry, reason="登记册比对")

        compare(office)

        assert office.roster.get(Child, child_id).merged == {entry}
        assert entry not in office.lookup.known_children()


class TestADelivery:
    def test_of_a_register_in_several_files_is_one_batch(self, office: Office, files: Path) -> None:
        whole = (files / "hukou.csv").read_text(encoding="gb18030").splitlines(keepends=True)
        (files / "hukou.csv").unlink()
        for name, lines in (("north.csv", whole[:100]), ("south.csv", [whole[0], *whole[100:]])):
            (files / name).write_text("".join(lines), encoding="gb18030", newline="")

        with acting_on(AS_OF):
            loaded = office.intake.load_files(list(files.iterdir()))
            again = office.intake.load_files(list(files.iterdir()))

        rows = [row for row in office.lookup.rows_in_force() if row.ref.register == "hukou"]
        assert len(rows) == loaded.rows["hukou"] > 100
        assert {row.file for row in rows} == {"north.csv", "south.csv"}
        assert again.known
        assert again.batches == loaded.batches


class TestWhatCantBeRead:
    def test_is_named_by_file_row_and_column(self, office: Office, files: Path) -> None:
        def spoil(lines: list[list[str]]) -> list[list[str]]:
            return [*lines, ["4" * 20, "燕归来", "女", "某月某日", "听力", "二级", "燕青", "小店镇", "小店村"]]

        rewritten(files / "disability.csv", spoil, encoding="utf-8-sig")

        with acting_on(AS_OF):
            loaded = office.intake.load_files([files / "disability.csv"])

        (reject,) = [reject for reject in loaded.rejects if reject.row == loaded.rows["disability"]]
        assert (reject.file, reject.register, reject.column) == ("disability.csv", "disability", "出生日期")
        assert reject.reason
        batch = office.roster.get(RegisterBatch, loaded.batches["disability"])
        assert (batch.rows, batch.rejected) == (loaded.rows["disability"], len(loaded.rejects))

    def test_at_all_is_refused_with_its_name_and_nothing_is_taken_in(self, office: Office, tmp_path: Path) -> None:
        broken = tmp_path / "poverty.xlsx"
        broken.write_bytes(b"PK\x03\x04 not a workbook")

        with acting_on(AS_OF), pytest.raises(Refused, match=r"poverty\.xlsx"):
            office.intake.load_files([broken])

        assert office.roster.position() == 0
        assert office.lookup.batches_in_force() == {}

    def test_as_any_register_is_said_to_be_none(self, office: Office, tmp_path: Path) -> None:
        other = tmp_path / "菜单.csv"
        other.write_text("菜名,价格\n饺子,12\n", encoding="utf-8")

        with acting_on(AS_OF):
            loaded = office.intake.load_files([other])

        assert loaded.batches == {}
        assert [(reject.file, reject.register) for reject in loaded.rejects] == [("菜单.csv", None)]
