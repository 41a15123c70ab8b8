"""Lists of the field check at the counter: what goes out can be filled in by hand and is known when it comes back."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import openpyxl
import psycopg
import pytest

from gateway.words import WORDS
from services.chassis.aggregate import acting
from services.roster.domain.field_check import FieldCheck
from services.roster.intake.field_sheets import read_sheets
from services.roster.reconcile.door import read_found
from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over
from tests.gateway.test_files_deliveries import Roster
from tests.roster.given import acting_on

LIST = county.made("fieldCheck", 0)
HEADING = 5
MET_HEADING = 3


@pytest.fixture
def roster() -> Roster:
    return Roster()


@pytest.fixture
def gateway(read_model: Any, roster: Roster) -> Iterator[Asking]:
    with asking_over(read_model, roster) as asking:
        yield asking


def get(gateway: Asking, path: str, *, by: Any = "xiaodian-officer", **more: Any) -> httpx.Response:
    gateway.clock.step(timedelta(milliseconds=1))
    headers = {"authorization": f"Bearer {gateway.token(by)}"} | more.pop("headers", {})
    method = more.pop("method", "GET")
    response: httpx.Response = gateway.runner.run(gateway._http.request(method, path, headers=headers, **more))
    return response


def opened(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return openpyxl.load_workbook(BytesIO(response.content))


def lines(sheet: Any) -> list[dict[str, Any]]:
    heading, *rows = sheet.iter_rows(min_row=HEADING, values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def on_the_list(by: str, gateway: Asking) -> set[str]:
    """Those whom the screen has on the list, but for who is somebody else's entry by now or was erased."""
    query = f'{{ fieldCheckAnswers(fieldCheckId: "{LIST}", first: 200) {{ nodes {{ childId }} }} }}'
    found = gateway.ask(query, by=by).body["data"]["fieldCheckAnswers"]["nodes"]
    with psycopg.connect(gateway.owner_dsn) as connection:
        gone = connection.execute("select child_id::text from child where merged_into is not null or erased").fetchall()
    return {node["childId"] for node in found} - {child_id for (child_id,) in gone}


@pytest.mark.parametrize("by", ["xiaodian-officer", "village-cadre"])
def test_a_list_has_the_children_its_unit_reaches_and_nobody_else(gateway: Asking, by: str) -> None:
    told = lines(opened(get(gateway, f"/files/field-check/{LIST}", by=by))["在册儿童"])
    assert {line["儿童编号"] for line in told} == on_the_list(by, gateway) != set()
    assert {line["名单编号"] for line in told} == {str(LIST)}
    assert all(line["姓名"] for line in told)


def test_fields_are_masked_on_the_list_as_they_are_on_the_screen(gateway: Asking) -> None:
    of_township = lines(opened(get(gateway, f"/files/field-check/{LIST}"))["在册儿童"])
    screen = gateway.ask("{ children(first: 200) { nodes { id idNumber } } }", by="xiaodian-officer")
    numbers = {child["id"]: child["idNumber"] or None for child in screen.body["data"]["children"]["nodes"]}
    of_village = lines(opened(get(gateway, f"/files/field-check/{LIST}", by="village-cadre"))["在册儿童"])
    assert {line["儿童编号"]: line["身份证号"] for line in of_township}.items() <= numbers.items()
    assert all(line["身份证号"] is None and line["出生日期"] is None for line in of_village)


def test_what_was_known_is_locked_what_is_asked_can_be_chosen_and_the_numbers_are_out_of_sight(gateway: Asking) -> None:
    book = opened(get(gateway, f"/files/field-check/{LIST}"))
    sheet, met = book["在册儿童"], book["册外儿童"]
    where = {cell.value: cell.column_letter for cell in sheet[HEADING]}
    locked = {title for title, letter in where.items() if sheet[f"{letter}{HEADING + 1}"].protection.locked}
    assert {title for title in where if title not in locked} == {"摸排结果", "摸排日期", "备注"}
    assert {title for title in where if sheet.column_dimensions[where[title]].hidden} == {"名单编号", "儿童编号"}
    choices = [validation.formula1 for validation in sheet.data_validations.dataValidation]
    assert choices == [f'"{",".join(WORDS["found"].values())}"']
    assert met.protection.sheet
    assert not met["A4"].protection.locked


@pytest.mark.parametrize("code", WORDS["found"])
def test_every_result_that_can_be_chosen_is_read_back_as_what_it_is(code: str) -> None:
    assert read_found(WORDS["found"][code]) == code


def test_a_list_filled_in_by_hand_comes_back_line_by_line(gateway: Asking) -> None:
    book = opened(get(gateway, f"/files/field-check/{LIST}"))
    sheet, met = book["在册儿童"], book["册外儿童"]
    where = {cell.value: cell.column for cell in sheet[HEADING]}
    for row in range(HEADING + 1, sheet.max_row + 1):
        sheet.cell(row, where["摸排结果"]).value = None
    first, second = HEADING + 1, HEADING + 2
    sheet.cell(first, where["摸排结果"]).value = WORDS["found"]["out_of_school"]
    sheet.cell(first, where["摸排日期"]).value = "9月1日"
    sheet.cell(second, where["摸排结果"]).value = WORDS["found"]["abroad"]
    sheet.cell(second, where["摸排日期"]).value = county.TODAY
    sheet.cell(second, where["备注"]).value = "在新加坡"
    for column, value in enumerate(("郭靖", "男", None, "2015年3月1日"), start=1):
        met.cell(MET_HEADING + 1, column).value = value
    met.cell(MET_HEADING + 1, 7).value = WORDS["found"]["at_school_elsewhere"]
    saved = BytesIO()
    book.save(saved)
    told = lines(sheet)
    listed = [UUID(line["儿童编号"]) for line in told]
    with acting_on() as caused, acting(caused):
        check = FieldCheck.open(
            round=county.ROUND,
            township=county.XIAODIAN,
            village=county.VILLAGE,
            children=listed,
            due_on=county.TODAY,
            today=county.TODAY,
        )

    sheets = read_sheets([("回收.xlsx", saved.getvalue())], list_of={LIST: check}.__getitem__, today=county.TODAY)

    [returned] = sheets.returned
    assert returned.answers == {listed[0]: ("out_of_school", None), listed[1]: ("abroad", county.TODAY)}
    assert returned.remarks == {listed[1]: "在新加坡"}
    assert [(person["name"], person["found"]) for person in returned.met] == [("郭靖", "at_school_elsewhere")]
    assert [(place.sheet, place.line, place.column) for place in sheets.rejects] == [("在册儿童", first, "摸排日期")]


def test_where_two_sheets_contradict_each_other_the_list_shows_both(gateway: Asking) -> None:
    with psycopg.connect(gateway.owner_dsn, autocommit=True) as owner:
        before = owner.execute("select conflict, answer_id from field_check_answer").fetchall()
        owner.execute("update field_check_answer set conflict = true")
        try:
            book = opened(get(gateway, f"/files/field-check/{LIST}"))
        finally:
            with owner.cursor() as cursor:
                cursor.executemany("update field_check_answer set conflict = %s where answer_id = %s", before)
    marked = [cell for row in book["在册儿童"].iter_rows(min_row=HEADING + 1) for cell in row if cell.comment]
    assert len(marked) == len(on_the_list("xiaodian-officer", gateway)) > 0
    assert all("由乡镇裁定" in cell.comment.text for cell in marked)


def test_a_list_is_recorded_with_its_children_before_it_leaves_and_known_by_its_hash(gateway: Asking) -> None:
    response = get(gateway, f"/files/field-check/{LIST}")
    [receipt] = gateway.receipts_of()
    assert (receipt["operation"], receipt["decision"]) == ("export_field_check", "answered")
    assert {str(child) for child in receipt["child_ids"]} == on_the_list("xiaodian-officer", gateway)
    told = get(gateway, f"/files/exports/{response.headers['x-content-sha256']}", by="bureau-office").json()
    assert told["exports"][0]["operation"] == "export_field_check"


@pytest.mark.parametrize("by", ["inspector", "school-principal", "police-officer"])
def test_who_was_not_granted_a_list_is_refused(gateway: Asking, roster: Roster, by: str) -> None:
    assert get(gateway, f"/files/field-check/{LIST}", by=by).status_code == 403
    assert get(gateway, "/files/field-check", by=by, method="POST", content=b"PK").status_code == 403
    assert roster.sent == []


@pytest.mark.parametrize("number", [2, 3])
def test_a_list_of_another_township_is_not_there(gateway: Asking, number: int) -> None:
    assert get(gateway, f"/files/field-check/{county.made('fieldCheck', number)}").status_code == 404
    assert get(gateway, "/files/field-check/none").status_code == 404


def test_sheets_are_streamed_on_in_the_senders_name_and_the_answer_told_as_it_is(
    gateway: Asking, roster: Roster
) -> None:
    roster.answers.append(httpx.Response(200, json={"lists": []}))
    response = get(
        gateway, "/files/field-check", by="village-cadre", method="POST", files={"files": ("表.xlsx", b"PK..")}
    )
    assert (response.status_code, response.json()) == (200, {"lists": []})
    [(sent, body)] = roster.sent
    assert (sent.url.path, sent.headers["x-department"]) == ("/field-checks", "village:410326103005")
    [receipt] = gateway.receipts_of()
    assert receipt["operation"] == "take_field_sheets"
    assert receipt["document_hash"] == hashlib.sha256(body).hexdigest()


def test_lists_of_a_whole_township_go_out_by_village_with_everybody_of_school_age(
    gateway: Asking, roster: Roster
) -> None:
    roster.answers.append(httpx.Response(200, json={"id": str(uuid4()), "position": 1}))
    mutation = (
        "mutation($t: String!, $v: String) {"
        ' openFieldCheck(round: "2026-autumn", township: $t, dueOn: "2026-10-01", village: $v) { id } }'
    )
    reply = gateway.ask(mutation, {"t": county.XIAODIAN}, by="xiaodian-officer")
    assert "errors" not in reply.body, reply.body
    [(sent, body)] = roster.sent
    assert sent.url.path == "/commands/open-field-check"
    villages = httpx.Response(200, content=body).json()["villages"]
    query = "{ children(first: 200) { nodes { id village } } }"
    known = gateway.ask(query, by="xiaodian-officer").body["data"]["children"]["nodes"]
    assert {child for listed in villages.values() for child in listed} <= {child["id"] for child in known}
    of = {child["id"]: child["village"] for child in known}
    assert all(of[child] == village for village, listed in villages.items() for child in listed)
    assert len(villages) > 1

    refused = gateway.ask(mutation, {"t": county.SANTUN}, by="xiaodian-officer")
    assert refused.body["errors"][0]["extensions"]["code"] == "NOT_FOUND"


class TestASubmission:
    def test_is_printed_village_by_village_with_sums_to_be_signed(self, gateway: Asking) -> None:
        book = opened(get(gateway, f"/files/submission/{county.made('submission', 0)}"))
        rows = list(book["乡镇上报"].iter_rows(values_only=True))
        heading = next(at for at, row in enumerate(rows) if row[0] == "村(社区)")
        *villages, total = rows[heading + 1 :]
        assert total[0] == "合计"
        assert list(total[1:]) == [sum(column) for column in zip(*(row[1:] for row in villages), strict=True)]
        assert "会签" in str(rows[:heading])

    def test_is_recorded_by_the_hash_of_what_was_handed_in(self, gateway: Asking) -> None:
        get(gateway, f"/files/submission/{county.made('submission', 0)}")
        [receipt] = gateway.receipts_of()
        assert (receipt["operation"], receipt["child_ids"]) == ("print_submission", [])

    def test_of_another_township_is_not_there(self, gateway: Asking) -> None:
        assert get(gateway, f"/files/submission/{county.made('submission', 2)}").status_code == 404
        assert get(gateway, f"/files/submission/{county.made('submission', 2)}", by="bureau-office").status_code == 200
