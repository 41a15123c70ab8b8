"""What a ledger makes of the rows it is given: fixed columns, plain words, bounded, and a hash that anybody can count again."""

import hashlib
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import openpyxl
import pytest

from gateway.access.policy import load_policy
from gateway.sheets import ledger
from gateway.sheets.ledger import ENTRIES, HEADINGS, Batch, Draft, Ledger, canonical, choose, rests_on, workbook
from gateway.sheets.stamp import Stamp
from services.chassis.errors import Forbidden, Refused

POLICY = load_policy()
BUREAU = POLICY.grants_of(kind="education_bureau", purpose="dropout_control")
ON = date(2026, 9, 14)
STAMP = Stamp(
    receipt_id=uuid4(),
    actor="bureau-office",
    unit="education_bureau:410326",
    purpose="dropout_control",
    at=datetime(2026, 9, 14, 17, 30, tzinfo=UTC),
)


def row(**told: Any) -> list[Any]:
    """A row as the statement brings it; what is not told is not there."""
    values = {
        "姓名": "王某",
        "出生日期": date(2015, 3, 4),
        "义务教育起止": date(2015, 3, 4),
        "归类": "in_seat",
        "发现种类": None,
        "重点群体": [None, None, None, None, None],
    } | told
    return [uuid4(), *(values.get(entry.title) for entry in ENTRIES)]


def draft(*rows: list[Any], kind: Ledger = Ledger.SCHOOL_AGE) -> Draft:
    made = Draft(ledger=kind, on=ON)
    made.add(rows)
    return made


def cells(made: Draft) -> dict[str, object]:
    return dict(zip(HEADINGS, next(made.rows()), strict=True))


def test_the_columns_are_fixed() -> None:
    assert HEADINGS[:4] == ("序号", "姓名", "性别", "出生日期")
    assert HEADINGS[-2:] == ("数据批次", "报告日期")
    assert len(set(HEADINGS)) == len(HEADINGS) == 27


def test_codes_are_told_in_words_and_a_code_without_a_word_as_it_is() -> None:
    told = cells(
        draft(
            row(
                归类="suspect",
                发现种类=["not_in_seat", "a_new_kind"],
                发现责任单位=["school", "police"],
                发现答复期限=["2026-09-20", None],
                重点群体=["脱贫户", "听力", "二级", True, False],
                四包一责任人=[["teacher", "teacher-1"], ["village_cadre", "cadre-2"]],
            )
        )
    )
    assert told["归类"] == "疑似"
    assert told["发现种类"] == "名在人不在；a_new_kind"
    assert told["发现责任单位"] == "学校；公安局"
    assert told["发现答复期限"] == "2026-09-20；—"
    assert told["重点群体"] == "脱贫户、残疾(听力二级)、留守儿童"
    assert told["四包一责任人"] == "教师 teacher-1；村干部 cadre-2"
    assert (told["序号"], told["出生日期"], told["报告日期"]) == (1, date(2015, 3, 4), ON)


def test_a_birth_date_tells_from_when_to_when_the_law_has_a_child_at_school_and_a_masked_one_does_not() -> None:
    assert cells(draft(row()))["义务教育起止"] == "2021.09—2030.08"
    assert cells(draft(row(义务教育起止="2015")))["义务教育起止"] == ""


def test_nobody_is_left_without_a_state() -> None:
    assert cells(draft(row(归类="")))["归类"] == "未归类"


def test_a_name_that_a_spreadsheet_would_run_is_made_plain_and_hashed_as_it_stands() -> None:
    made = draft(row(姓名="=1+1", 监护人="@SUM(A1)"))
    sheet = openpyxl.load_workbook(BytesIO(workbook(made, stamp=STAMP))).worksheets[0]
    assert sheet["B6"].value == "'=1+1"
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)

    [told] = made.rows()
    content = canonical([Ledger.SCHOOL_AGE.called]) + canonical(HEADINGS) + canonical(told)
    assert hashlib.sha256(content).hexdigest() == made.content_hash


def test_the_hash_does_not_depend_on_the_pages_the_rows_came_in() -> None:
    rows = [row(姓名=f"王{number}") for number in range(7)]
    together, apart = draft(*rows), Draft(ledger=Ledger.SCHOOL_AGE, on=ON)
    for one in rows:
        apart.add([one])
    assert together.content_hash == apart.content_hash
    assert list(together.rows()) == list(apart.rows())


def test_a_ledger_beyond_its_bound_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_ROWS", 2)
    made = draft(row(), row())
    with pytest.raises(Refused, match="请按乡镇分开导出"):
        made.add([row()])


def test_batches_are_told_by_number_day_and_a_hash_that_changes_with_any_of_them() -> None:
    batches = [
        Batch(batch_id=uuid4(), register="hukou", part="", rows=9, rejected=1, sha256="a", loaded_on=date(2026, 9, day))
        for day in (1, 3)
    ]
    assert rests_on([]) == "—"
    assert rests_on(batches).startswith("2026-09-03 共2批 ")
    assert rests_on(batches) != rests_on([batches[0]])


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [("justice", "legal_action"), ("public_security", "identity_check"), ("finance", "dropout_control")],
)
def test_who_may_not_see_where_children_are_accounted_for_has_no_ledger(kind: str, purpose: str) -> None:
    with pytest.raises(Forbidden, match=r"Child\.accountedState is not granted"):
        choose(Ledger.SCHOOL_AGE, grants=POLICY.grants_of(kind=kind, purpose=purpose), given={})


def test_a_ledger_cannot_be_narrowed_by_what_its_caller_may_not_see() -> None:
    village = POLICY.grants_of(kind="village", purpose="dropout_control")
    with pytest.raises(Forbidden, match=r"Child\.school is not granted"):
        choose(Ledger.SCHOOL_AGE, grants=village, given={"school": "3141000300"})


def test_the_statement_tells_which_fields_it_reads_and_nothing_a_caller_sent_stands_in_it() -> None:
    chosen = choose(Ledger.DROPOUT, grants=BUREAU, given={"township": "410326103"})
    assert b"410326103" not in chosen.statement
    assert {"Child.name", "Case.state", "Responsibility.officer"} <= set(chosen.fields)
    village = choose(Ledger.DROPOUT, grants=POLICY.grants_of(kind="village", purpose="dropout_control"), given={})
    assert "Child.idNumber" not in village.fields
