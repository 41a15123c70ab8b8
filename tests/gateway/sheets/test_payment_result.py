"""What the bank answers on a payment list: every line is taken for certain, named by its place, or not answered yet."""

from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID, uuid5

import openpyxl
import pytest

from gateway.sheets import payment_list, payment_result
from gateway.sheets.payment_list import Approved, Line
from gateway.sheets.payment_result import Result
from gateway.sheets.stamp import Stamp
from gateway.words import WORDS
from services.chassis.errors import Refused
from tests.gateway.places import NOW

LIST = UUID("3f0c6a58-2d43-4b7e-8a41-6e6a5d5b0c01")
AWARDS = [uuid5(LIST, f"award/{number}") for number in range(3)]
AMOUNTS = (62500, 31250, 7)
TODAY = date(2026, 9, 14)
HEADING = 5


def sent() -> Any:
    """The list as it goes out, opened by another program."""
    lines = [
        Line(
            child_id=uuid5(award, "child"),
            award_id=award,
            amount_fen=amount,
            name="测试生",
            id_number=None,
            school_name="小学",
            grade="",
        )
        for award, amount in zip(AWARDS, AMOUNTS, strict=True)
    ]
    approved = Approved(
        programme="living_allowance",
        term="2026-2027-1",
        school="3141000300",
        lines=3,
        total_fen=sum(AMOUNTS),
        state="approved",
        made_by="a",
        approved_by="b",
        approved_on=TODAY,
        sha256="0" * 64,
    )
    stamp = Stamp(actor="officer", unit="education_bureau:410326", purpose="assistance", at=NOW, receipt_id=LIST)
    return openpyxl.load_workbook(BytesIO(payment_list.workbook(approved, lines, stamp=stamp)))


def filled(*answers: tuple[object, ...], amounts: dict[int, object] | None = None) -> bytes:
    """The list with outcome, day and reason filled in from the first line on."""
    book = sent()
    sheet = book.active
    where = {cell.value: cell.column for cell in sheet[HEADING]}
    for row, answer in enumerate(answers, start=HEADING + 1):
        for title, value in zip(("发放结果", "发放日期", "退票原因"), answer, strict=False):
            sheet.cell(row, where[title]).value = value
    for row, value in (amounts or {}).items():
        sheet.cell(row, where["金额(元)"]).value = value
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def read(content: bytes) -> Result:
    return payment_result.read(content, file="回执.xlsx", awards=AWARDS, today=TODAY)


def test_lines_are_paid_refused_or_not_answered_yet() -> None:
    result = read(filled(("已发放", date(2026, 9, 10)), ("退票", "2026年9月11日", "户名不符")))

    paid, refused = result.lines
    assert (paid.award_id, paid.outcome, paid.amount_fen, paid.on) == (AWARDS[0], "paid", 62500, date(2026, 9, 10))
    assert (refused.outcome, refused.reason, refused.on) == ("refused", "holder_mismatch", date(2026, 9, 11))
    assert (result.unanswered, result.rejects) == (1, [])


@pytest.mark.parametrize("amount", [625, 625.0, "625.00", " 625 "])
def test_an_amount_is_read_to_the_fen_however_the_bank_wrote_it(amount: object) -> None:
    assert read(filled(("已发放", "20260910"), amounts={HEADING + 1: amount})).lines[0].amount_fen == 62500


@pytest.mark.parametrize("code", WORDS["return_reasons"])
def test_a_reason_is_read_by_its_word_and_its_code(code: str) -> None:
    for written in (code, WORDS["return_reasons"][code]):
        assert read(filled(("退票", "2026-09-10", written))).lines[0].reason == code


@pytest.mark.parametrize(
    ("answer", "amounts", "column"),
    [
        (("不详", "2026-09-10"), {}, "发放结果"),
        (("", "2026-09-10"), {}, "发放结果"),
        (("已发放", "2026-09-15"), {}, "发放日期"),
        (("已发放", "10/9/2026"), {}, "发放日期"),
        (("已发放", ""), {}, "发放日期"),
        (("退票", "2026-09-10", ""), {}, "退票原因"),
        (("退票", "2026-09-10", "没有钱"), {}, "退票原因"),
        (("已发放", "2026-09-10", "户名不符"), {}, "退票原因"),
        (("已发放", "2026-09-10"), {HEADING + 1: "六百"}, "金额(元)"),
        (("已发放", "2026-09-10"), {HEADING + 1: 0.001}, "金额(元)"),
        (("已发放", "2026-09-10"), {HEADING + 1: "NaN"}, "金额(元)"),
    ],
)
def test_what_cannot_be_read_for_certain_is_named_by_its_place(
    answer: tuple[object, ...], amounts: dict[int, object], column: str
) -> None:
    [reject] = read(filled(answer, amounts=amounts)).rejects
    assert (reject.file, reject.sheet, reject.row, reject.column) == ("回执.xlsx", "发放名册", HEADING + 1, column)


def test_a_line_of_another_list_and_a_line_told_twice_are_named() -> None:
    book = openpyxl.load_workbook(BytesIO(filled(("已发放", "2026-09-10"), ("已发放", "2026-09-10"))))
    sheet: Any = book.active
    column = next(cell.column for cell in sheet[HEADING] if cell.value == "资助编号")
    sheet.cell(HEADING + 2, column).value = str(AWARDS[0])
    sheet.cell(HEADING + 3, column).value = str(LIST)
    content = BytesIO()
    book.save(content)

    assert [(one.row, one.column) for one in read(content.getvalue()).rejects] == [
        (HEADING + 2, "资助编号"),
        (HEADING + 3, "资助编号"),
    ]


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0" + bytes(600), b"a,b\n", b"PK\x03\x04 broken", b""])
def test_what_is_no_workbook_is_refused_by_the_files_name(content: bytes) -> None:
    with pytest.raises(Refused, match="回执"):
        read(content)


def test_a_workbook_that_is_no_payment_list_is_refused() -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["姓名", "金额"])
    sheet.append(["甲", 1])
    content = BytesIO()
    book.save(content)
    with pytest.raises(Refused, match="资助编号"):
        read(content.getvalue())


def test_the_banks_reasons_are_those_of_assistance() -> None:
    from services.assistance.domain.award import RETURN_REASONS  # noqa: PLC0415

    assert WORDS["return_reasons"] == RETURN_REASONS
