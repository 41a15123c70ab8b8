"""Any list as a file: what the same query shows, no more, whole, recorded, and never a formula."""

import csv
from datetime import UTC, timedelta
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import psycopg
import pytest

from gateway.schema.map import TABLES
from gateway.schema.roots import ROOTS
from gateway.sheets import listing
from gateway.words import WORDS
from tests.gateway import county
from tests.gateway.conftest import Asking
from tests.gateway.test_compile import grants_of
from tests.gateway.test_files import get

WHO = ["bureau-office", "xiaodian-officer", "school-principal", "civil-affairs-officer", "inspector"]
NEEDED = dict.fromkeys(listing.LISTS, "") | {
    "receipts": f"childId={county.made('child', 0)}",
    "fieldCheckAnswers": f"fieldCheckId={county.made('field_check', 0)}",
}


def rows_of(content: bytes) -> list[list[str]]:
    """The lines of a CSV."""
    return list(csv.reader(StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("by", WHO)
def test_every_list_is_what_its_query_shows(gateway: Asking, by: str) -> None:
    grants = grants_of(by)
    for name in listing.LISTS:
        response = get(gateway, f"/files/lists/{name}?format=csv&{NEEDED[name]}", by=by)
        if grants.of("Query", name) is None:
            assert response.json()["code"] == "FORBIDDEN", name
            continue
        assert response.status_code == 200, (name, response.text)
        kind, key = ROOTS[name].type, "id"
        if grants.of(kind, key) is None or name == "looks":  # what was just recorded is in the next answer
            continue
        argument, _, value = NEEDED[name].partition("=")
        narrowed = f', {argument}: "{value}"' if value else ""
        nodes = gateway.ask(f"{{ {name}(first: 200{narrowed}) {{ nodes {{ id }} }} }}", by=by).data[name]["nodes"]
        headings, *rows, last = rows_of(response.content)
        place = headings.index(listing.headed(kind, key).heading)

        assert [row[place] for row in rows] == [node["id"] for node in nodes], name
        assert "校验码" in last[0]


def test_a_mask_is_on_the_sheet_as_on_the_screen_and_a_hidden_field_has_no_column(gateway: Asking) -> None:
    rows = rows_of(get(gateway, "/files/lists/cases?format=csv", by="inspector").content)[:-1]
    headings = rows[0]

    assert {row[headings.index("姓名")][1:] for row in rows[1:]} <= {"＊", ""}
    assert "监护人电话" not in headings
    for name in (each for each in listing.LISTS if grants_of("bureau-office").of("Query", each)):
        chosen = listing.choose(
            name, grants=grants_of("bureau-office"), given=dict([NEEDED[name].split("=")]) if NEEDED[name] else {}
        )
        granted = {shown.name for shown in chosen.columns}
        assert all(grants_of("bureau-office").of(*field.split(".")) for field in granted)
        assert {f"{ROOTS[name].type}.{field}" for field in TABLES[ROOTS[name].type].columns} >= {
            field for field in granted if not field.startswith("Child.")
        }


def test_a_list_is_recorded_with_all_its_children_before_it_leaves_and_can_be_verified(gateway: Asking) -> None:
    response = get(gateway, "/files/lists/cases?state=confirmed", by="bureau-office")
    [receipt] = gateway.receipts_of()
    cases = gateway.ask('{ cases(state: "confirmed", first: 200) { nodes { childId } } }', by="bureau-office").data[
        "cases"
    ]["nodes"]

    assert receipt["operation"] == "export_list"
    assert {str(child) for child in receipt["child_ids"]} == {case["childId"] for case in cases}
    assert receipt["document_hash"] == response.headers["x-content-sha256"]
    assert "Query.cases" in receipt["fields"]
    [export] = get(gateway, f"/files/exports/{receipt['document_hash']}").json()["exports"]
    assert export["number"] == response.headers["x-export-number"]
    sheet: Any = openpyxl.load_workbook(BytesIO(response.content)).active
    assert sheet.max_row >= len(cases)


def test_no_cell_of_a_list_is_a_formula(gateway: Asking, read_model: Any) -> None:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("update notice set reason = '=cmd|calc!A1'")

    rows = rows_of(get(gateway, "/files/lists/notices?format=csv", by="bureau-office").content)

    assert "'=cmd|calc!A1" in {cell for row in rows for cell in row}
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cases?state=a&state=b", "BAD_REQUEST"),
        ("cases?nothing=1", "BAD_REQUEST"),
        ("cases?overdue=perhaps", "BAD_REQUEST"),
        ("cases?township=小店", "BAD_REQUEST"),
        ("cases?format=pdf", "BAD_REQUEST"),
        ("receipts", "BAD_REQUEST"),
        ("receipts?childId=1", "BAD_REQUEST"),
    ],
)
def test_what_is_no_list_is_refused_in_words(gateway: Asking, query: str, code: str) -> None:
    assert get(gateway, f"/files/lists/{query}", by="bureau-office").json()["code"] == code


def test_who_may_not_narrow_by_a_field_may_not_do_so_here(gateway: Asking) -> None:
    hidden = {
        (name, argument)
        for name in listing.LISTS
        for argument, narrowing in ROOTS[name].filters.items()
        if narrowing.field
        and not grants_of("civil-affairs-officer").of(ROOTS[name].type, narrowing.field)
        and grants_of("civil-affairs-officer").of("Query", name)
    }
    values = {"overdue": "true", "mine": "true", "childId": str(county.made("child", 0)), "on": "2026-09-01"}
    for name, argument in sorted(hidden):
        response = get(
            gateway, f"/files/lists/{name}?{argument}={values.get(argument, 'x')}", by="civil-affairs-officer"
        )
        assert response.json()["code"] in {"FORBIDDEN", "BAD_REQUEST"}, (name, argument)


def test_duties_are_handed_out_as_they_were_known_then(gateway: Asking) -> None:
    then = (county.NOW - timedelta(days=35)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = gateway.ask(f'{{ duties(first: 200, asOf: "{then}") {{ nodes {{ id standing }} }} }}', by="inspector")

    rows = rows_of(get(gateway, f"/files/lists/duties?format=csv&asOf={then}", by="inspector").content)[:-1]
    now = rows_of(get(gateway, "/files/lists/duties?format=csv", by="inspector").content)[:-1]

    standing = rows[0].index("履职情况")
    assert [row[standing] for row in rows[1:]] == [
        WORDS["standings"][node["standing"]] for node in shown.data["duties"]["nodes"]
    ]
    assert 1 < len(rows) < len(now)
