"""What leaves as a workbook opens again as what it was, runs nothing, and is the same bytes for the same content."""

import csv
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO, StringIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from services.chassis.workbook import MOST_TEXT, Column, Kind, Sheet, neutral, write

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "﹦1+1",
    "−1+1",
    " =1+1",
    "\u3000=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u00a0@SUM(1)",
    "\x00=1+1",
    '=HYPERLINK("http://example.invalid","点此")',
    "=cmd|' /C calc'!A0",
]


def of_one_sheet(*rows: tuple[object, ...], columns: tuple[Column, ...] = (Column("甲"),)) -> Sheet:
    return Sheet("表", columns, rows)


def opened(content: bytes) -> Worksheet:
    sheet = openpyxl.load_workbook(BytesIO(content)).worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def values(content: bytes) -> list[list[object]]:
    return [list(row) for row in opened(content).iter_rows(values_only=True)]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_is_made_plain(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral(neutral(text)) == neutral(text)


@pytest.mark.parametrize("text", ["", "王某", "410326201503040011", "a=b", "1-2", "（=）", "'=1", "…", "\u3000王某"])
def test_any_other_text_stays_what_it_is(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_workbook_is_a_formula(text: str) -> None:
    sheet = Sheet(
        text,
        [Column(text), Column("日期", kind="date"), Column("数", kind="number")],
        [(text, text, text)],
        title=text,
        notes=[text],
        footer=text,
        marks={(0, 0): text},
    )
    content = write([sheet], properties={"title": text, text: text})
    assert b"<f>" not in zipfile.ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml")
    found = opened(content)
    assert all(cell.data_type != "f" for row in found.iter_rows() for cell in row)
    assert str(found["A4"].value).startswith("'")
    assert found["A4"].comment is not None
    assert found["A4"].comment.text.startswith("'")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_sheet_that_is_saved_as_csv_runs_nothing_either(text: str) -> None:
    saved = StringIO()
    csv.writer(saved).writerows(
        CalamineWorkbook.from_filelike(BytesIO(write([of_one_sheet((text,))]))).get_sheet_by_index(0).to_python()
    )
    [_, line] = saved.getvalue().replace("\r\n", "\n").split("\n", 1)
    assert line.lstrip('"').startswith("'")


def test_texts_stay_texts_dates_are_dates_and_numbers_numbers() -> None:
    columns = (Column("身份证号", 20), Column("出生日期", kind="date"), Column("数", kind="number"))
    content = write([of_one_sheet(("410326201503040011", date(2015, 3, 4), 7), columns=columns)])
    [_, [number, born, count]] = values(content)
    assert (number, born, count) == ("410326201503040011", datetime(2015, 3, 4), 7)  # noqa: DTZ001  # as openpyxl reads it
    cells = opened(content)[2]
    assert [cell.number_format for cell in cells] == ["@", "yyyy\\-mm\\-dd", "General"]


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("date", "2015年3月", "2015年3月"),
        ("date", date(1899, 1, 1), "1899-01-01"),
        ("date", None, None),
        ("number", "约 7", "约 7"),
        ("number", 10**17 + 1, "100000000000000001"),
        ("number", float("nan"), "nan"),
        ("number", 0, 0),
        ("number", True, "是"),
        ("text", 7, "7"),
        ("text", datetime(2026, 9, 1, 8, 30, tzinfo=UTC), "2026-09-01 08:30+00:00"),
        ("text", "", None),
    ],
)
def test_what_does_not_fit_its_column_is_told_as_a_text(kind: Kind, value: object, read: object) -> None:
    [_, [found]] = values(write([of_one_sheet((value,), columns=(Column("甲", kind=kind),))]))
    assert found == read


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_text_comes_back_as_it_was_but_for_what_xml_cannot_say(texts: list[str]) -> None:
    columns = (Column("甲"), Column("末"))
    content = write([of_one_sheet(*[(text, "末") for text in texts], columns=columns)])
    found = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    unsayable = dict.fromkeys(
        [*range(9), 11, 12, *range(14, 32), 127, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd"
    )
    expected = [neutral(text).translate(unsayable) for text in texts]
    assert [row[0] for row in found[1:]] == expected


def test_a_text_that_looks_like_an_escape_is_not_read_as_one() -> None:
    [_, [found]] = (
        CalamineWorkbook.from_filelike(BytesIO(write([of_one_sheet(("_x003D_1",))]))).get_sheet_by_index(0).to_python()
    )
    assert found == "_x003D_1"


def test_a_text_no_cell_can_hold_is_cut_visibly() -> None:
    [_, [found]] = values(write([of_one_sheet(("长" * (MOST_TEXT + 1),))]))
    assert isinstance(found, str)
    assert len(found) == MOST_TEXT
    assert found.endswith("…")


def test_the_same_content_makes_the_same_bytes() -> None:
    sheet = Sheet("表", [Column("甲")], [("a",)], title="题", marks={(0, 0): "看"})
    first, second = (write([sheet], properties={"title": "题", "编号": "1"}) for _ in range(2))
    assert first == second


def test_title_notes_heading_and_data_stand_in_that_order_and_repeat_on_every_page() -> None:
    sheet = opened(
        write([Sheet("表", [Column("甲"), Column("乙")], [(1, 2)], title="题", notes=["一", "二"], footer="a&b")])
    )
    assert [row[0].value for row in sheet.iter_rows()] == ["题", "一", "二", "甲", "1"]
    assert sheet.print_title_rows == "$1:$4"
    assert sheet.freeze_panes == "A5"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.oddFooter.left.text == "a&&b"


def test_a_mark_is_a_red_cell_with_a_comment() -> None:
    sheet = opened(
        write([Sheet("表", [Column("甲"), Column("乙")], [(1, 2), (3, 4)], title="题", marks={(1, 1): "日期不存在"})])
    )
    assert sheet["B4"].comment is not None
    assert sheet["B4"].comment.text == "日期不存在"
    assert sheet["B4"].fill.fgColor.rgb == "FFF7B7B2"
    assert sheet["A4"].comment is None
    assert sheet["A4"].fill.fgColor.rgb != "FFF7B7B2"


def test_only_open_columns_of_a_protected_sheet_can_be_changed_and_choices_drop_down() -> None:
    columns = (Column("编号", 0, locked=True), Column("结果", choices=("在校", "未在校")))
    sheet = opened(write([of_one_sheet(("1", ""), columns=columns)]))
    assert sheet.protection.sheet
    assert sheet["A2"].protection.locked
    assert not sheet["B2"].protection.locked
    assert sheet.column_dimensions["A"].hidden
    [rule] = sheet.data_validations.dataValidation
    assert rule.formula1 == '"在校,未在校"'
    assert str(rule.sqref).startswith("B2:B")


def test_the_document_carries_its_properties() -> None:
    book = openpyxl.load_workbook(
        BytesIO(write([of_one_sheet(("a",))], properties={"title": "题", "用途": "控辍保学"}))
    )
    assert book.properties.title == "题"
    assert book.custom_doc_props["用途"].value == "控辍保学"


def test_sheets_that_no_spreadsheet_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one sheet"):
        write([])
    with pytest.raises(ValueError, match="same name"):
        write([Sheet("甲", [Column("a")], []), Sheet("甲", [Column("a")], [])])
    with pytest.raises(ValueError, match="columns"):
        write([Sheet("甲", [], [])])
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        write([of_one_sheet((1, 2))])
    with pytest.raises(ValueError, match="drop-down"):
        write([of_one_sheet((1,), columns=(Column("甲", choices=("长" * 300,)),))])


def test_rows_are_taken_one_by_one_and_only_once() -> None:
    def counted() -> Iterator[tuple[object, ...]]:
        for number in range(3):
            taken.append(number)
            yield (number,)

    taken: list[int] = []
    content = write([Sheet("表", [Column("数", kind="number")], counted())])
    assert taken == [0, 1, 2]
    assert values(content) == [["数"], [0], [1], [2]]
