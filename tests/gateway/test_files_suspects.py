"""The national platform's list handed back: its own rows and numbers, and beside each what was found of the child it means."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import openpyxl
import psycopg
import pytest

from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over

BATCH = UUID(int=7)
ROWS = [
    {"batch_id": str(BATCH), "row": 1, "cells": ["YS1", "=燕归", "女", "410326201506070620", "小店镇", "2026-09-10", "2026-09-30"]},
    {"batch_id": str(BATCH), "row": 2, "cells": ["YS2", "陌生人", "男", "", "", "2026-09-10", "2026-09-30"]},
]  # fmt: skip
CHILD = county.made("child", 3)


class Roster(httpx.AsyncBaseTransport):
    """A roster that hands out the list."""

    listed: list[dict[str, Any]] = ROWS

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/suspects"
        return httpx.Response(200, json=self.listed)


@pytest.fixture(scope="module")
def roster() -> Roster:
    return Roster()


@pytest.fixture(scope="module")
def gateway(read_model: Any, roster: Roster) -> Iterator[Asking]:
    with psycopg.connect(read_model.superuser) as connection:
        for number, (raised, resolution) in enumerate([("2026-09-11", "R1"), ("2026-03-01", "R12")]):
            connection.execute(
                "insert into finding (finding_id, child_id, kind, township, state, raised_on, resolved_on, resolution, evidence, grounds)"
                " select %s, child_id, 'suspect_listed', township, 'resolved', %s, %s, %s, '学籍证明', %s from child where child_id = %s",
                (
                    UUID(int=900 + number),
                    raised,
                    raised,
                    resolution,
                    json.dumps([{"register": "suspects", "batch_id": str(BATCH), "row": 1}]),
                    CHILD,
                ),
            )
    with asking_over(read_model, roster) as asking:
        yield asking


def ask(gateway: Asking, *, by: str = "bureau-office") -> httpx.Response:
    gateway.clock.step(timedelta(milliseconds=1))
    headers = {"authorization": f"Bearer {gateway.token(by)}", "idempotency-key": str(uuid4())}
    response: httpx.Response = gateway.runner.run(gateway._http.request("GET", "/files/suspects", headers=headers))
    return response


def test_each_row_comes_back_as_written_with_what_was_found_last(gateway: Asking) -> None:
    response = ask(gateway)

    assert response.status_code == 200, response.text
    sheet = openpyxl.load_workbook(BytesIO(response.content)).active
    assert sheet is not None
    lines = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    titles = next(line for line in lines if "疑似辍学编号" in line)
    first, second = lines[lines.index(titles) + 1 : lines.index(titles) + 3]
    assert first[1] == "YS1"
    assert str(first[2]).lstrip("'") == "=燕归"
    assert {"已销号", "已在校,身份信息更正", "学籍证明"} <= set(map(str, first))
    assert "确属辍学" not in first
    assert second[1:3] == ["YS2", "陌生人"]
    assert "待核实：尚未确认是哪名儿童" in second


def test_no_cell_of_the_platform_is_a_formula(gateway: Asking) -> None:
    sheet = openpyxl.load_workbook(BytesIO(ask(gateway).content)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_the_look_is_recorded_with_the_children_and_the_hash(gateway: Asking) -> None:
    response = ask(gateway)

    receipt = gateway.receipts_of()[-1]
    assert (receipt["operation"], receipt["rows"]) == ("export_suspects", 2)
    assert receipt["child_ids"] == [CHILD]
    assert receipt["document_hash"] == response.headers["x-content-sha256"]
    assert ask(gateway).headers["x-content-sha256"] == response.headers["x-content-sha256"]


@pytest.mark.parametrize("by", ["xiaodian-officer", "school-principal", "police-officer", "inspector"])
def test_nobody_but_the_bureau_answers_the_platform(gateway: Asking, by: str) -> None:
    assert ask(gateway, by=by).status_code == 403


def test_where_no_list_was_handed_in_there_is_none_to_answer(gateway: Asking, roster: Roster) -> None:
    roster.listed = []
    try:
        response = ask(gateway)
    finally:
        roster.listed = ROWS
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
