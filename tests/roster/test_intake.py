"""Register files become batches, once: the same files again are known, and what can't be read is named."""

import shutil
from pathlib import Path

import psycopg
import pytest

from services.chassis.errors import Refused
from services.roster.domain.register_batch import RegisterBatch
from services.roster.intake import Intake, Loaded
from services.roster.lookup import Lookup
from tests.roster.comparing import load, rewritten, rows_of
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


class TestACountyTakenIn:
    """What holds once its files were taken in; these tests share it and change nothing."""

    def test_every_file_is_a_batch_of_its_register(self, module_office: Office, loaded: list[Loaded]) -> None:
        batches = {register: batch for file in loaded for register, batch in file.batches.items()}

        assert len(batches) == 6
        for register, batch_id in batches.items():
            batch = module_office.roster.get(RegisterBatch, batch_id)
            assert batch.register == register
            assert batch.rows > 0
        assert not any(file.known for file in loaded)


class TestTheSameAgain:
    def test_under_another_name_is_the_same_batch(self, office: Office, files: Path) -> None:
        (first, *_) = load(office, files)
        hukou = files / "disability.csv"
        renamed = hukou.rename(files / "残疾.csv")

        with acting_on(AS_OF + days(1)):
            again = office.intake.load_files([renamed])

        assert again.known
        assert again.batches == first.batches


class TestANewBatch:
    def test_takes_the_rows_of_the_one_before_away(self, office: Office, files: Path) -> None:
        load(office, files)
        rewritten(files / "hukou.csv", lambda lines: lines[:-1], encoding="gb18030")
        load(office, files)

        with psycopg.connect(office.database.owner) as connection:
            kept = {row[0] for row in connection.execute("select distinct batch_id from register_row")}
        assert kept == set(office.lookup.batches_in_force().values())


class TestACrash:
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
        assert len(rows_of(office)) == again.rows["hukou"]


class TestADelivery:
    def test_of_a_register_in_several_files_is_one_batch(self, office: Office, files: Path) -> None:
        whole = (files / "hukou.csv").read_text(encoding="gb18030").splitlines(keepends=True)
        (files / "hukou.csv").unlink()
        for name, lines in (("north.csv", whole[:100]), ("south.csv", [whole[0], *whole[100:]])):
            (files / name).write_text("".join(lines), encoding="gb18030", newline="")

        with acting_on(AS_OF):
            loaded = office.intake.load_files(list(files.iterdir()))
            again = office.intake.load_files(list(files.iterdir()))

        rows = [row for row in rows_of(office) if row.ref.register == "hukou"]
        assert len(rows) == loaded.rows["hukou"] > 100
        assert {row.file for row in rows} == {"north.csv", "south.csv"}
        assert again.known
        assert again.batches == loaded.batches


class TestWhatCantBeRead:
    def test_is_named_by_file_row_and_column(self, office: Office, files: Path) -> None:
        def spoil(lines: list[list[str]]) -> list[list[str]]:
            return [
                *lines,
                ["41032620150607059X22", "燕归来", "女", "某月某日", "听力", "二级", "燕青", "小店镇", "小店村"],
            ]

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
