"""Cells that can't be what their column says are told one by one, and the row counts all the same."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.roster.reconcile.cells import checks_of, odd_cells, odd_student_number
from services.roster.reconcile.directory import read_directory
from services.roster.reconcile.identity import check_character

RIGHT = {
    "name": "燕归来", "sex": "女", "birth_date": "2015-06-07", "ethnicity": "汉", "kinship": "孙女", "id_type": "居民身份证",
    "id_number": "41032620150607059X", "student_number": "G41032620150607059X", "disability_certificate": "41032620150607059X22", "school_code": "3141000300", "disability_kind": "听力", "disability_grade": "二级",
    "risk_state": "风险未消除", "monitored_on": "2024-03-01", "risk_removed_on": "2025/6/30",
}  # fmt: skip


def odd(cells: Mapping[str, str]) -> list[tuple[str, str]]:
    """(field, reason) of what is odd about a row of these columns."""
    return odd_cells(cells, checks_of(cells))


def test_a_row_in_order_has_no_odd_cell() -> None:
    assert odd(RIGHT) == []


@pytest.mark.parametrize("field", sorted(RIGHT.keys() - {"name"}))
@pytest.mark.parametrize("blank", ["", "无", " ", "—", "不详"])
def test_what_is_left_out_is_not_odd(field: str, blank: str) -> None:
    assert odd(RIGHT | {field: blank}) == []


@pytest.mark.parametrize("field", sorted(RIGHT.keys() - {"name", "id_number"}))
def test_what_belongs_into_another_column_is_odd_in_this_one(field: str) -> None:
    assert [found for found, _ in odd(RIGHT | {field: "第三村民组"})] == [field]


@pytest.mark.parametrize(
    "text",
    [
        "G41032620150607059X", "g41032620150607059x", "Ｇ41032620150607059Ｘ", "G410326 20150607 059X", "'G41032620150607059X",
        "J410326201506079316", "L410326201506070042",
    ],
)  # fmt: skip
def test_a_student_number_of_any_kind_is_right_however_it_is_written(text: str) -> None:
    assert odd_student_number(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "41032620150607059X",
        "G41032620150607059",
        "X41032620150607059X",
        "L41032620150607004X",
        "G410326201506070590",
        "12班",
    ],
)
def test_any_other_text_is_no_student_number(text: str) -> None:
    assert odd_student_number(text)


@given(
    kind=st.sampled_from("GJ"),
    first17=st.text(alphabet="0123456789", min_size=17, max_size=17),
    place=st.integers(min_value=0, max_value=16),
    step=st.integers(min_value=1, max_value=9),
)
def test_one_wrong_digit_of_a_formal_number_is_always_noticed(kind: str, first17: str, place: int, step: int) -> None:
    right = first17 + check_character(first17)
    wrong = right[:place] + str((int(right[place]) + step) % 10) + right[place + 1 :]

    assert odd_student_number(kind + right) == ""
    assert "校验码" in odd_student_number(kind + wrong)


def test_a_row_with_odd_cells_is_read_and_each_cell_is_told_with_its_column(tmp_path: Path) -> None:
    columns = "户号 姓名 性别 公民身份号码 出生日期 民族 户主姓名 与户主关系 乡镇 行政村 户籍状态".split()  # noqa: SIM905
    row = ["1", "燕归来", "女", "41032620150607059X", "2015-06-07", "孙女", "燕青", "汉族", "小店镇", "上庄村", "正常"]
    with (tmp_path / "hukou.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, row])

    reading = read_directory(tmp_path)

    assert len(reading.rows) == 1
    assert [(reject.row, reject.column) for reject in reading.rejects] == [(1, "民族"), (1, "与户主关系")]


@pytest.mark.parametrize(
    "written", ["41032620150607059X22", "41032620150607059x22B1", "４１０３２６２０１５０６０７０５９X22"]
)
def test_a_certificate_has_twenty_characters_or_twenty_two_where_it_was_issued_again(written: str) -> None:
    assert odd({"disability_certificate": written}) == []


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("410326201506070590221", "20 位"),
        ("12345", "20 位"),
        ("41032620150607059X82", "20 位"),
        ("41032620150607059022", "校验码"),
    ],
)
def test_any_other_text_is_no_certificate(written: str, words: str) -> None:
    [(_, reason)] = odd({"disability_certificate": written})
    assert words in reason


@pytest.mark.parametrize("written", ["4.10326E+17", "410326201506070000", "4.1032620150607E17"])
def test_a_number_that_a_spreadsheet_rounded_is_told_and_a_wrong_one_is_for_the_findings(written: str) -> None:
    [(field, reason)] = odd({"id_number": written})
    assert (field, "文本" in reason) == ("id_number", True)
    assert odd({"id_number": "410326201506070591"}) == []
