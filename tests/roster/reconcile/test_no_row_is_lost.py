"""Nothing that stands under a header is lost: rows in are rows taken, rows rejected and lines passed over, each told by its place."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import Refused
from services.roster.reconcile.reading import NOT_READ, Reading, read_content
from services.roster.reconcile.run import reconcile_directory

HEADER = ("户号", "姓名", "性别", "公民身份号码", "出生日期", "户主姓名", "乡镇", "行政村", "户籍状态")
CHILD = ("1", "燕归来", "女", "41032620150607062X", "2015-06-07", "燕青", "小店镇", "小店村", "正常")


def as_csv(*lines: Sequence[str], encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode(encoding)


def read(content: bytes, *, name: str = "册.csv") -> Reading:
    reading = Reading(keep_spoilt=True)
    read_content(name, content, into=reading)
    return reading


def names(reading: Reading) -> list[str]:
    return [row.cells.get("name", "") for row in reading.rows]


class TestALine:
    def test_with_nothing_but_a_name_is_a_child(self) -> None:
        reading = read(as_csv(HEADER, CHILD, ("", "张三丰", "", "", "", "", "", "", "")))
        assert names(reading) == ["燕归来", "张三丰"]

    @pytest.mark.parametrize("heading", ["一、城关镇", "小店村", "三年级", "合计", "填表人：王五", "2026年9月"])
    def test_that_heads_a_part_of_the_list_or_ends_it_is_passed_over_and_told(self, heading: str) -> None:
        for column in (0, 1):
            line = [""] * len(HEADER)
            line[column] = heading
            reading = read(as_csv(HEADER, line, CHILD))
            assert names(reading) == ["燕归来"]
            assert [(passed.file, passed.line) for passed in reading.passed] == [("册.csv", 2)]
            assert reading.passed_over == 1

    def test_that_is_another_header_is_read_by_from_there_on(self) -> None:
        other = ("姓名", "户号", *HEADER[2:])
        reading = read(as_csv(HEADER, CHILD, (), ("二、下庄村",), other, ("石破天", "2", *CHILD[2:])))
        assert [(row.cells["name"], row.cells["household_number"]) for row in reading.rows] == [
            ("燕归来", "1"),
            ("石破天", "2"),
        ]
        assert reading.passed_over == 2

    def test_run_together_with_the_next_by_a_quotation_mark_is_rejected_and_not_half_taken(self) -> None:
        text = ",".join(HEADER) + '\n1,"燕归来,女,,2015-06-07,燕青,小店镇,小店村,正常\n' + ",".join(CHILD)
        reading = read(text.encode())
        assert reading.rows == []
        [reject] = reading.rejects
        assert "引号未成对" in reject.reason


class TestAWorkbook:
    def book(
        self, *lines: Sequence[object], merged: Sequence[str] = (), more: dict[str, list[list[str]]] | None = None
    ) -> bytes:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for line in lines:
            sheet.append(line)
        for cells in merged:
            sheet.merge_cells(cells)
        for name, rows in (more or {}).items():
            other = book.create_sheet(name)
            for row in rows:
                other.append(row)
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()

    def test_has_what_is_merged_downwards_in_every_row_of_it(self) -> None:
        second = (None, "石破天", "男", None, "2014-09-01", None, None, None, "正常")
        content = self.book(HEADER, CHILD, second, merged=["A2:A3", "F2:F3", "G2:G3", "H2:H3"])
        shared = ("household_number", "household_head", "township", "village")
        assert [[row.cells[name] for name in shared] for row in read(content, name="册.xlsx").rows] == [
            ["1", "燕青", "小店镇", "小店村"],
            ["1", "燕青", "小店镇", "小店村"],
        ]

    def test_has_no_row_made_of_merged_cells_alone(self) -> None:
        content = self.book(HEADER, CHILD, (), merged=["A2:A3", "F2:F3"])
        assert len(read(content, name="册.xlsx").rows) == 1

    def test_is_read_wherever_the_table_begins_and_with_rows_that_are_hidden(self) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for at, line in enumerate((HEADER, CHILD, ("2", "石破天", *CHILD[2:])), start=4):
            for place, cell in enumerate(line, start=3):
                sheet.cell(at, place, cell)
        sheet.row_dimensions[5].hidden = True
        content = io.BytesIO()
        book.save(content)
        assert [(row.line, row.cells["name"]) for row in read(content.getvalue(), name="册.xlsx").rows] == [
            (5, "燕归来"),
            (6, "石破天"),
        ]

    def test_tells_of_a_sheet_that_it_could_not_be_read_beside_others(self) -> None:
        more = {"二村": [["娃名", "号"], ["石破天", "2"]], "填表说明": [["一", "每人一行"]]}
        reading = read(self.book(HEADER, CHILD, more=more), name="册.xlsx")
        assert names(reading) == ["燕归来"]
        assert [(reject.sheet, reject.reason) for reject in reading.rejects] == [("二村", NOT_READ)]

    def test_with_a_password_is_refused_saying_so(self) -> None:
        locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le")
        with pytest.raises(Refused, match="密码"):
            read(locked, name="册.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_with_rare_characters_is_read_in_every_encoding(encoding: str) -> None:
    rare = ("1", "㛃𬱖", *CHILD[2:])
    assert names(read(as_csv(HEADER, rare, encoding=encoding))) == ["㛃𬱖"]


@pytest.mark.parametrize(
    ("column", "written", "words"),
    [
        (4, "农历五月初三", "农历"),
        (4, "乙未年五月廿一", "农历"),
        (4, "2015年6月", "只有年月"),
        (4, "201506", "只有年月"),
        (4, "2015/02/30", "无法识别"),
        (3, "4.10326E+17", "Excel"),
        (3, "410326201506070000", "Excel"),
    ],
)
def test_what_a_cell_was_spoilt_by_is_said_in_words(column: int, written: str, words: str) -> None:
    line = list(CHILD)
    line[column] = written
    reading = read(as_csv(HEADER, line))
    [reject] = reading.rejects
    assert (reject.column, reject.line) == (HEADER[column], 2)
    assert words in reject.reason
    assert len(reading.rows) == 1, "a cell costs no child its row"


CELLS = st.one_of(
    st.just(""),
    st.sampled_from([*CHILD, "合计", "注：以上", "石破天", "2", "小店村", '"', "'", "\n", ",", "=1+1", *HEADER]),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(st.lists(CELLS, min_size=1, max_size=11), max_size=12))
def test_every_line_is_a_row_a_rejected_row_or_passed_over(lines: list[list[str]]) -> None:
    content = as_csv(HEADER, CHILD, *lines)
    written = list(csv.reader(io.StringIO(content.decode(), newline="")))
    filled = sum(any(cell.strip() for cell in line) for line in written[1:])

    reading = read(content)

    whole = sum(not spoilt.taken for spoilt in reading.spoilt)
    assert len(reading.rows) + whole + reading.passed_over == filled
    assert sum(reading.counted.values()) == len(reading.rows) + whole
    places = [row.line for row in reading.rows] + [line.line for line in reading.passed]
    places += [spoilt.line for spoilt in reading.spoilt if not spoilt.taken]
    assert len(set(places)) == len(places) == filled
    # Rows keep the order of the file, and their numbers count on through it.
    assert [row.line for row in reading.rows] == sorted(row.line for row in reading.rows)
    assert list(accumulate((row.ref.row for row in reading.rows), max)) == [row.ref.row for row in reading.rows]


def test_nothing_that_is_written_out_begins_like_a_formula(tmp_path: Path) -> None:
    folder = tmp_path / "registers"
    folder.mkdir()
    (folder / "=cmd.csv").write_bytes(as_csv(HEADER, CHILD, [*CHILD[:4], "=1+1", *CHILD[5:]]))

    reconcile_directory(folder, as_of=date(2026, 9, 14), out=tmp_path / "out")

    for path in (tmp_path / "out").iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            assert not [cell for line in csv.reader(file) for cell in line if cell.startswith(("=", "+", "-", "@"))]
    with (tmp_path / "out" / "rejects.csv").open(encoding="utf-8", newline="") as file:
        [reject] = csv.DictReader(file)
    assert (reject["file"], reject["row"], reject["line"]) == ("'=cmd.csv", "2", "3")
