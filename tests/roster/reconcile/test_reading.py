"""Files as offices hand them over, and files nobody should hand over."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from services.chassis.errors import Refused
from services.roster.reconcile.model import Register
from services.roster.reconcile.reading import read_directory

HUKOU = "户号,姓名,性别,公民身份号码,出生日期,户主姓名,乡镇,行政村,户籍状态"
CHILD = "1,张一诺,女,410326201209010016,2012-09-01,张伟,王坪乡,上庄村,正常"


def _csv(folder: Path, *lines: str, name: str = "a.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes("\r\n".join(lines).encode(encoding))
    return folder


def _xlsx(folder: Path, sheets: dict[str, list[list[object]]], name: str = "a.xlsx") -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, lines in sheets.items():
        sheet = workbook.create_sheet(title)
        for line in lines:
            sheet.append(line)
    workbook.save(folder / name)
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_file_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    reading = read_directory(_csv(tmp_path, HUKOU, CHILD, encoding=encoding))

    assert [row.cells["name"] for row in reading.rows] == ["张一诺"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_file_is_read_with_every_usual_delimiter(tmp_path: Path, delimiter: str) -> None:
    lines = [line.replace(",", delimiter) for line in (HUKOU, CHILD)]

    assert len(read_directory(_csv(tmp_path, *lines)).rows) == 1


def test_titles_blanks_notes_footers_and_repeated_headers_are_not_counted(tmp_path: Path) -> None:
    second = CHILD.replace("张一诺", "张二诺")
    lines = [
        "汝阳县户籍信息表,,",
        "制表时间：2026年9月,,",
        HUKOU,
        CHILD,
        ",,,,",
        HUKOU,
        second,
        "合计：2人",
        "注：以上数据截至9月,,,",
    ]

    reading = read_directory(_csv(tmp_path, *lines))

    assert [(row.ref.row, row.line, row.cells["name"]) for row in reading.rows] == [(1, 4, "张一诺"), (2, 7, "张二诺")]


@pytest.mark.parametrize(
    ("columns", "register"),
    [
        (["姓名", "性别", "身份证号", "出生日期", "户主", "乡镇", "村", "户籍状态"], Register.HUKOU),
        (["学籍号", "姓名", "身份证件号", "学校名称", "年级", "班级", "学籍状态", "在校情况"], Register.ENROLMENT),
        (["学校名称", "年级", "班级", "姓名", "报到日期"], Register.IN_SCHOOL),
        (["学校", "年级", "班级", "学籍号", "姓名"], Register.IN_SCHOOL),
        (["户编号", "户主姓名", "姓名", "证件号码", "户类型"], Register.POVERTY),
        (["残疾人证号", "姓名", "残疾类别", "残疾等级"], Register.DISABILITY),
        (["序号", "疑似辍学编号", "姓名", "身份证件号", "户籍所在地"], Register.SUSPECTS),
        (["*姓名", "性 别", "证件号码（18位）", "户类型", "户 编 号"], Register.POVERTY),
    ],
)
def test_a_register_is_told_by_its_columns_and_not_by_its_file_name(
    tmp_path: Path, columns: list[str], register: Register
) -> None:
    row = ["张一诺" if "姓名" in column and "户主" not in column else "1" for column in columns]

    reading = read_directory(_csv(tmp_path, ",".join(columns), ",".join(row), name="hukou2.csv"))

    assert [r.ref.register for r in reading.rows] == [register]


def test_rows_count_on_through_the_sheets_of_a_register(tmp_path: Path) -> None:
    head: list[object] = ["学校名称", "年级", "班级", "姓名", "到校情况"]
    sheets = {
        "说明": [["本表由各校填写"]],
        "一小": [["在校学生名册"], head, ["一小", "一年级", "1班", "张一诺", "在校"]],
        "二小": [head, ["二小", "一年级", "1班", "李二诺", "在校"]],
    }

    reading = read_directory(_xlsx(tmp_path, sheets))

    assert [(str(row.ref), row.sheet) for row in reading.rows] == [("in_school:1", "一小"), ("in_school:2", "二小")]


def test_a_spreadsheet_gives_real_dates_and_rounded_numbers_as_text(tmp_path: Path) -> None:
    head: list[object] = ["姓名", "公民身份号码", "出生日期", "户籍状态", "户主姓名"]
    lines: list[list[object]] = [
        head,
        ["张一诺", 410326201209010016, datetime(2012, 9, 1), "正常", "张伟"],  # noqa: DTZ001
        ["张二诺", "'410326201209010016", date(2012, 9, 1), "正常", "张伟"],
    ]

    cells = [row.cells for row in read_directory(_xlsx(tmp_path, {"表": lines})).rows]

    assert [(c["id_number"], c["birth_date"]) for c in cells] == [
        ("410326201209010000", "2012-09-01"),
        ("'410326201209010016", "2012-09-01"),
    ]


def test_what_cannot_be_read_is_rejected_by_file_row_and_column(tmp_path: Path) -> None:
    lines = [
        HUKOU,
        CHILD,
        "1,,女,,2012-09-01,张伟,王坪乡,上庄村,正常",
        "1,张三诺,女,410326201209010016,2012-13-41,张伟,王坪乡,上庄村,正常",
        "1,张四诺,女,410326201209010016,2012-09-01,张伟,王坪乡,上庄村,正常,多出一格",
    ]

    reading = read_directory(_csv(tmp_path, *lines))

    assert [(r.file, r.row, r.column) for r in reading.rejects] == [
        ("a.csv", 2, "姓名"),
        ("a.csv", 3, "出生日期"),
        ("a.csv", 4, ""),
    ]
    assert [row.ref.row for row in reading.rows] == [1, 3]


def test_a_table_of_something_else_is_rejected_and_not_guessed(tmp_path: Path) -> None:
    reading = read_directory(_csv(tmp_path, "姓名,工资", "张伟,5000"))

    assert reading.rows == []
    assert [(r.register, r.file, r.row) for r in reading.rejects] == [(None, "a.csv", 0)]


def _broken_zip(folder: Path) -> None:
    (folder / "bad.xlsx").write_bytes(b"PK\x03\x04 not a zip at all")


def _cut_zip(folder: Path) -> None:
    _xlsx(folder, {"表": [["姓名", "户籍状态"], ["张伟", "正常"]]}, name="bad.xlsx")
    whole = (folder / "bad.xlsx").read_bytes()
    (folder / "bad.xlsx").write_bytes(whole[: len(whole) // 2])


def _bomb(folder: Path) -> None:
    with zipfile.ZipFile(folder / "bad.xlsx", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b" " * 20_000_000)


def _far_cell(folder: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"], workbook.active["XFD1048576"] = "姓名", "远"
    workbook.save(folder / "bad.xlsx")


def _wide(folder: Path) -> None:
    _csv(folder, HUKOU + "," + ",".join("x" * 400), name="bad.csv")


def _binary(folder: Path) -> None:
    (folder / "bad.csv").write_bytes(b"\x00\x01\x02" * 100)


def _undecodable(folder: Path) -> None:
    (folder / "bad.csv").write_bytes("姓名".encode() + b"\xff\xff\xff")


def _old_format(folder: Path) -> None:
    (folder / "bad.xls").write_bytes(b"\xd0\xcf\x11\xe0")


@pytest.mark.parametrize("spoil", [_broken_zip, _cut_zip, _bomb, _far_cell, _wide, _binary, _undecodable, _old_format])
def test_a_hostile_file_is_refused_by_name(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(tmp_path)

    with pytest.raises(Refused, match=r"^bad\."):
        read_directory(tmp_path)
