"""A folder of register files is read alike by one process and by two."""

from pathlib import Path

import openpyxl
import pytest

from services.chassis.errors import Refused
from services.roster.reconcile.directory import read_directory
from services.roster.reconcile.model import Register

HUKOU = "户号,姓名,性别,公民身份号码,出生日期,户主姓名,乡镇,行政村,户籍状态"
FIRST = "1,张一诺,女,410326201209010016,2012-09-01,张伟,王坪乡,上庄村,正常"
SECOND = "2,李二,男,,2013-02-03,李强,王坪乡,上庄村,正常"
SUSPECT = "1,王三,男,410326201303040057,2013-03-04,汝阳县王坪上庄村3组,2026-09-01,2026-09-30"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One register in two files and a workbook, one that states addresses alone, a table of none; odd cells, notes, lines that are none."""
    files = {
        "1 户籍.csv": [HUKOU, FIRST, "合计,2人"],
        "2 户籍.csv": ["汝阳县户籍信息表", HUKOU, SECOND, SECOND.replace("2013-02-03", "正月初三"), "3,,男,,,,,,"],
        "4 疑似.csv": ["疑似辍学编号,姓名,性别,公民身份号码,出生日期,家庭住址,下发日期,核查期限", SUSPECT],
        "5 工资.csv": ["姓名,工资", "张伟,5000"],
    }
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join(lines), encoding="gb18030")
    workbook = openpyxl.Workbook()
    for line in (HUKOU, FIRST.replace("张一诺", "张一一")):
        workbook.active.append(line.split(","))
    workbook.save(tmp_path / "3 户籍.xlsx")
    return tmp_path


def test_two_processes_read_what_one_does(folder: Path) -> None:
    told: list[tuple[int, int]] = []

    alone = read_directory(folder, processes=1)
    together = read_directory(folder, processes=2, told=lambda done, total: told.append((done, total)))

    assert together == alone
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert [(record.ref.row, record.name) for record in alone.records if record.register is Register.HUKOU] == [
        (1, "张一诺"),
        (2, "李二"),
        (3, "李二"),
        (5, "张一一"),
    ]
    assert [(reject.row, reject.file) for reject in alone.rejects] == [
        (3, "2 户籍.csv"),
        (4, "2 户籍.csv"),
        (0, "5 工资.csv"),
    ]
    assert [record.township for record in alone.records] == ["王坪"] * len(
        alone.records
    )  # by the county, for the suspect too
    assert alone.passed_over == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_the_first_file_that_cannot_be_read_is_named_whoever_read_it(folder: Path, processes: int) -> None:
    (folder / "3 户籍.xlsx").write_bytes(b"PK\x03\x04" + b"?" * 100_000)  # the largest, so it is begun first
    (folder / "2 户籍.csv").write_bytes("姓名".encode() + b"\xff\xff\xff")

    with pytest.raises(Refused, match=r"^2 户籍\.csv"):
        read_directory(folder, processes=processes)
