"""Files as offices hand them over, and files nobody should hand over."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from services.chassis.errors import Refused
from services.roster.reconcile.directory import read_directory
from services.roster.reconcile.model import Register
from services.roster.reconcile.reading import Reading, read_content
from services.roster.reconcile.records import read_records
from services.roster.reconcile.registers import missing_for, naming

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
        (["户主姓名", "姓名", "监测对象类别", "风险是否消除", "识别时间", "风险消除日期"], Register.POVERTY),
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


class TestHeadersOfTwoLines:
    """Cells merged over several columns stand once, over the first of them."""

    def read(self, folder: Path, *lines: list[object]) -> list[dict[str, str]]:
        sheet = [list(line) for line in lines]
        return [dict(row.cells) for row in read_directory(_xlsx(folder, {"表": sheet})).rows]

    def test_are_read_as_one(self, tmp_path: Path) -> None:
        (cells,) = self.read(
            tmp_path,
            ["汝阳县学籍信息表", None, None, None, None, None],
            ["姓名", "学籍", None, None, "监护人", None],
            [None, "学籍号", "年级", "学籍状态", "姓名", "电话"],
            ["张一诺", "G410326201209010016", "七年级", "在读", "张伟", "13800000000"],
        )

        assert cells["name"] == "张一诺"
        assert (cells["guardian_name"], cells["guardian_phone"]) == ("张伟", "13800000000")
        assert (cells["student_number"], cells["enrolment_state"]) == ("G410326201209010016", "在读")

    def test_with_groups_over_all_of_them_are_read_by_what_stands_below(self, tmp_path: Path) -> None:
        (cells,) = self.read(
            tmp_path,
            ["学生基本信息", None, None, "户籍信息", None, None],
            ["姓名", "性别", "身份证号", "乡镇", "行政村", "户籍状态"],
            ["张一诺", "女", "410326201209010016", "王坪乡", "上庄村", "正常"],
        )

        assert (cells["name"], cells["township"], cells["hukou_state"]) == ("张一诺", "王坪乡", "正常")

    def test_really_merged_in_a_workbook_are_read_too(self, tmp_path: Path) -> None:
        workbook = openpyxl.Workbook()
        sheet = workbook.active
        for line in (
            ["户籍名册", None, None, None, None],
            ["姓名", "户籍", None, "监护人", None],
            [None, "户籍状态", "户号", "姓名", "联系电话"],
            ["张一诺", "正常", "7", "张伟", "13800000000"],
        ):
            sheet.append(line)
        for area in ("A1:E1", "A2:A3", "B2:C2", "D2:E2"):
            sheet.merge_cells(area)
        workbook.save(tmp_path / "a.xlsx")

        (row,) = read_directory(tmp_path).rows
        assert (row.cells["name"], row.cells["guardian_name"], row.cells["household_number"]) == ("张一诺", "张伟", "7")
        assert row.line == 4


class TestNewRegisters:
    @pytest.mark.parametrize(
        ("columns", "register"),
        [
            ("序号 姓名 性别 身份证号 出生日期 救助类别 监护人姓名 监护人电话 乡镇 行政村", Register.CIVIL_AFFAIRS),
            ("户编号 户主姓名 姓名 与户主关系 身份证号 保障类别 乡镇 村", Register.CIVIL_AFFAIRS),
            ("学校标识码 学校名称 学期 年级 班级 学籍号 姓名 报到情况 报到日期 未报到原因", Register.CHECK_IN),
            ("学校 年级 班级 姓名 是否报到 未报到原因", Register.CHECK_IN),
            ("学校标识码 学校名称 年级 班级 学籍号 姓名 报到日期 到校情况", Register.IN_SCHOOL),
            ("学校 年级 班级 姓名 到校情况 备注", Register.IN_SCHOOL),
            (
                "乡镇 行政村 村民组 姓名 性别 身份证号 监护人姓名 监护人电话 摸排结果 走访日期 备注",
                Register.FIELD_CHECK,
            ),
            ("姓名 身份证号 村 摸排结果", Register.FIELD_CHECK),
            ("户编号 户主姓名 姓名 证件号码 户类型 备注", Register.POVERTY),
        ],
    )
    def test_are_told_by_their_columns(self, tmp_path: Path, columns: str, register: Register) -> None:
        names = columns.split()
        row = ["张一诺" if column == "姓名" else "1" for column in names]

        reading = read_directory(_csv(tmp_path, ",".join(names), ",".join(row)))

        assert [r.ref.register for r in reading.rows] == [register]
        assert ("note" in reading.rows[0].cells) == ("备注" in names and register is Register.FIELD_CHECK)


class TestAnOfficesOwnNames:
    def test_come_before_what_everybody_calls_a_column(self) -> None:
        content = "名字,姓名,哪级\n张一诺,张伟,七年级\n".encode()
        reading = Reading(namings=[naming("in_school", {"名字": "name", "哪级": "grade"})])
        read_content("a.csv", content, into=reading)

        (row,) = reading.rows
        assert (row.ref.register, row.cells["name"], row.cells["grade"]) == (Register.IN_SCHOOL, "张一诺", "七年级")

    def test_are_asked_for_where_nobody_knows_the_columns(self, tmp_path: Path) -> None:
        reading = read_directory(_csv(tmp_path, "娃娃,学校,哪级", "张一诺,一小,七年级"))

        (unknown,) = reading.unknown
        assert unknown.columns == ("娃娃", "学校", "哪级")
        assert missing_for(unknown.columns, among=[Register.IN_SCHOOL])[0] is Register.IN_SCHOOL
        assert "姓名" in missing_for(unknown.columns)[1]


class TestHabits:
    def test_digits_of_any_width_stray_blanks_and_quotes_are_read(self, tmp_path: Path) -> None:
        line = "１,　张一诺 ,女,'410326201209010016,２０１２年９月１日,张伟,王坪乡,上庄村,正常"

        reading = read_directory(_csv(tmp_path, HUKOU, line))

        assert [reject.reason for reject in reading.rejects] == []
        (record,) = read_records(reading.rows)
        assert (record.birth, record.number.text) == (date(2012, 9, 1), "410326201209010016")

    @pytest.mark.parametrize("written", ["41153", "2012-9-1", "2012/09/01", "2012.9.1", "20120901", "2012年9月1日"])
    def test_a_day_is_read_in_every_habit(self, tmp_path: Path, written: str) -> None:
        reading = read_directory(_csv(tmp_path, HUKOU, CHILD.replace("2012-09-01", written)))

        assert [record.birth for record in read_records(reading.rows)] == [date(2012, 9, 1)]

    def test_a_workbook_by_another_ending_is_still_one(self, tmp_path: Path) -> None:
        _xlsx(tmp_path, {"表": [["姓名", "户号", "户籍状态"], ["张一诺", "7", "正常"]]}, name="a.xlsx")
        (tmp_path / "a.xlsx").rename(tmp_path / "a.csv")

        assert len(read_directory(tmp_path).rows) == 1

    def test_a_formula_is_read_by_its_value_and_never_run(self, tmp_path: Path) -> None:
        reading = read_directory(_csv(tmp_path, HUKOU, CHILD.replace("张伟", "=1+1")))

        assert reading.rows[0].cells["household_head"] == "=1+1"
