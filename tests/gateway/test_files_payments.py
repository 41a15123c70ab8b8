"""A payment list at the counter: what was approved goes to the bank whole, and is recorded child by child before it leaves."""

from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import psycopg
import pytest

from gateway.sheets.payment_list import yuan
from tests.gateway import county
from tests.gateway.conftest import Asking
from tests.gateway.test_files_field_check import get

OFFICE = ("education_bureau:410326", "assistance")
HASH = "0123456789abcdef" * 4
HEADING = 5


def put(gateway: Asking, *, state: str = "approved", lines: int = 2) -> tuple[UUID, list[UUID]]:
    """A list of two lines, of 625.00 and 312.50 yuan."""
    list_id, children = uuid4(), [uuid4(), uuid4()]
    rows: list[tuple[str, dict[str, object]]] = [
        (
            "payment_list",
            {
                "list_id": list_id,
                "township": county.XIAODIAN,
                "programme": "living_allowance",
                "term": "2026-2027-1",
                "school": "3141000377",
                "lines": lines,
                "total_fen": 93750,
                "state": state,
                "sha256": HASH,
                "approved_on": date(2026, 9, 10),
            },
        )
    ]
    for child, amount_fen in zip(children, (62500, 31250), strict=True):
        of_child, award_id = {"child_id": child, "township": county.XIAODIAN}, uuid4()
        rows += [
            ("child", {**of_child, "school_name": "第三小学", "grade": "三年级"}),
            ("child_identity", {**of_child, "name": "测试生", "id_number": "41032620160101001X"}),
            ("award", {**of_child, "award_id": award_id, "amount_fen": amount_fen}),
            ("payment", {**of_child, "payment_id": uuid4(), "award_id": award_id, "list_id": list_id}),
        ]
    with psycopg.connect(gateway.writer_dsn) as connection:
        county.insert(connection, rows, counted=False)
    return list_id, children


def test_an_approved_list_is_handed_out_whole_in_yuan_and_recorded(gateway: Asking) -> None:
    list_id, children = put(gateway)
    answered = get(gateway, f"/files/payment-lists/{list_id}", by=OFFICE)
    assert answered.status_code == 200, answered.text
    sheet: Any = openpyxl.load_workbook(BytesIO(answered.content)).active
    heading, *lines = sheet.iter_rows(min_row=HEADING, values_only=True)
    shown = [dict(zip(heading, line, strict=True)) for line in lines]
    assert sorted(str(line["金额(元)"]) for line in shown) == ["312.50", "625.00"]
    assert {line["公民身份号码"] for line in shown} == {"41032620160101001X"}
    assert answered.headers["x-content-sha256"] == HASH
    [receipt] = gateway.receipts_of()
    assert (set(receipt["child_ids"]), receipt["operation"]) == (set(children), "export_payment_list")


@pytest.mark.parametrize(("state", "lines"), [("made", 2), ("withdrawn", 2), ("approved", 3)])
def test_what_was_not_approved_or_is_not_whole_goes_to_no_bank(gateway: Asking, state: str, lines: int) -> None:
    list_id, _ = put(gateway, state=state, lines=lines)
    assert get(gateway, f"/files/payment-lists/{list_id}", by=OFFICE).status_code == 422


def test_a_list_is_handed_out_to_nobody_else(gateway: Asking) -> None:
    list_id, _ = put(gateway)
    path = f"/files/payment-lists/{list_id}"
    assert get(gateway, path, by=("education_bureau:410327", "assistance")).status_code == 404
    assert get(gateway, path, by=("school:3141000377", "assistance")).status_code == 403


@pytest.mark.parametrize(("fen", "words"), [(0, "0.00"), (5, "0.05"), (62500, "625.00"), (31250, "312.50")])
def test_fen_are_written_as_yuan_to_the_cent(fen: int, words: str) -> None:
    assert yuan(fen) == words
