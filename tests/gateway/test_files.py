"""Files at the counter: what a unit may see and no more, recorded before it leaves, and known again by its hash."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import openpyxl
import psycopg
import pytest

from gateway.files import lists
from gateway.files.routes import WAYS
from gateway.readmodel.partition import PartitionRow, window
from services.chassis.clock import CHINA
from tests.gateway import county
from tests.gateway.conftest import Asking

HEADING = 5
"""The row of a ledger's headings: the title and three notes stand above it."""
READERS = ["bureau-office", "xiaodian-officer", "school-principal", "village-cadre"]


@dataclass(frozen=True)
class Book:
    """A ledger that was opened again."""

    told: Mapping[str, str]
    above: list[str]
    headings: list[str]
    rows: list[dict[str, Any]]
    batches: list[list[Any]]


def get(gateway: Asking, path: str, *, by: str | tuple[str, str] | None = "bureau-office", method: str = "GET") -> Any:
    gateway.clock.step(timedelta(milliseconds=1))
    headers = {"authorization": f"Bearer {gateway.token(by)}"} if by else {}
    return gateway.runner.run(gateway._http.request(method, path, headers=headers))


def ledger(
    gateway: Asking, kind: str = "school_age", *, by: str | tuple[str, str] = "bureau-office", more: str = ""
) -> Book:
    response = get(gateway, f"/files/ledger?kind={kind}{more}", by=by)
    assert response.status_code == 200, response.text
    assert response.headers["baoxue-policy"] == gateway.policy.version
    book = openpyxl.load_workbook(BytesIO(response.content))
    lines = [
        ["" if value is None else value for value in row] for row in book.worksheets[0].iter_rows(values_only=True)
    ]
    headings = lines[HEADING - 1]
    return Book(
        told=response.headers,
        above=[line[0] for line in lines[: HEADING - 1]],
        headings=headings,
        rows=[dict(zip(headings, line, strict=True)) for line in lines[HEADING:]],
        batches=[list(row) for row in book.worksheets[1].iter_rows(values_only=True)],
    )


def children(gateway: Asking, fields: str, *, by: str | tuple[str, str]) -> list[dict[str, Any]]:
    """The same children as GraphQL tells them, those of the window only."""
    with psycopg.connect(gateway.owner_dsn) as connection:
        after, until = window(county.TODAY)
        inside = connection.execute(
            """select child_id::text from child left join child_identity using (child_id)
               where birth_date is null or birth_date > %s and birth_date <= %s""",
            [after, until],
        ).fetchall()
    found = gateway.ask(f"{{ children(first: 200) {{ nodes {{ id {fields} }} }} }}", by=by).data["children"]["nodes"]
    return [child for child in found if (child["id"],) in inside]


@pytest.fixture(scope="module", autouse=True)
def confirmed(read_model: Any) -> None:
    """Of the open cases half are confirmed; and two registers were loaded."""
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute(
            "update case_file set confirmed_on = %s where state in ('confirmed', 'ordered')", [county.TODAY]
        )
        for name in ("hukou", "enrolment"):
            connection.execute(
                "insert into register_batch (batch_id, register, rows, rejected, sha256, loaded_at) values (%s, %s, 48, 1, %s, %s)",
                [county.made("batch", name), name, name * 4, county.NOW],
            )


@pytest.mark.parametrize("by", READERS)
def test_a_ledger_has_every_child_of_the_window_whom_its_unit_reaches_and_nobody_else(gateway: Asking, by: str) -> None:
    expected = children(gateway, "name", by=by)

    book = ledger(gateway, by=by)

    assert expected
    assert sorted(row["姓名"] for row in book.rows) == sorted(child["name"] or "" for child in expected)
    assert [row["序号"] for row in book.rows] == list(range(1, len(expected) + 1))
    [receipt] = gateway.receipts_of()
    assert sorted(receipt["child_ids"]) == sorted(UUID(child["id"]) for child in expected)


@pytest.mark.parametrize("by", READERS)
@pytest.mark.parametrize("kind", ["school_age", "suspect", "dropout"])
def test_the_statement_alone_keeps_to_the_callers_reach(gateway: Asking, unfenced: Asking, by: str, kind: str) -> None:
    assert ledger(unfenced, kind, by=by).rows == ledger(gateway, kind, by=by).rows


def test_fields_are_masked_in_the_sheet_as_they_are_on_the_screen(gateway: Asking) -> None:
    expected = {child["idNumber"] or "" for child in children(gateway, "idNumber", by="xiaodian-officer")}

    told = {row["身份证号"] for row in ledger(gateway, by="xiaodian-officer").rows}

    assert told == expected
    assert all(text.startswith("＊") and len(text) == 5 for text in told - {""})
    assert any(len(row["身份证号"]) == 18 for row in ledger(gateway).rows)


def test_a_column_a_unit_may_not_see_keeps_its_place_and_stays_empty(gateway: Asking) -> None:
    book = ledger(gateway, by="village-cadre")

    assert book.headings == ledger(gateway).headings
    assert {row["身份证号"] for row in book.rows} == {""}
    assert {row["发现种类"] for row in book.rows} == {""}
    assert any(row["联系电话"] for row in book.rows)


def test_suspects_and_dropouts_stand_in_one_ledger_each(gateway: Asking) -> None:
    ledger(gateway, "suspect")
    [suspects] = gateway.receipts_of()
    dropouts = ledger(gateway, "dropout")
    [confirmed] = gateway.receipts_of()

    assert suspects["child_ids"]
    assert confirmed["child_ids"]
    assert not set(suspects["child_ids"]) & set(confirmed["child_ids"])
    assert {row["个案状态"] for row in dropouts.rows} == {"已确认辍学", "已责令改正"}
    assert {row["归类"] for row in dropouts.rows} == {"个案办理中"}


def test_a_row_tells_what_is_open_owed_and_who_answers(gateway: Asking) -> None:
    fields = "openCase { owedStep owedDueOn } findings { resolvedOn } responsibilities { officer } poverty leftBehind"
    expected = children(gateway, fields, by="bureau-office")

    rows = ledger(gateway).rows

    assert sum(row["个案欠办事项"] == "劝返" for row in rows) == sum(
        child["openCase"] is not None for child in expected
    )
    assert sum(isinstance(row["个案办理期限"], datetime) for row in rows) == sum(
        child["openCase"] is not None and child["openCase"]["owedDueOn"] is not None for child in expected
    )
    open_findings = sum(finding["resolvedOn"] is None for child in expected for finding in child["findings"])
    assert sum(len(row["发现种类"].split("；")) for row in rows if row["发现种类"]) == open_findings
    assert any(row["四包一责任人"].startswith("教师 teacher-") for row in rows)
    assert sum("留守儿童" in row["重点群体"] for row in rows) == sum(child["leftBehind"] for child in expected)


def test_a_ledger_can_be_narrowed_to_a_township_a_village_or_a_school(gateway: Asking) -> None:
    whole = len(ledger(gateway).rows)
    for more in (f"&township={county.SANTUN}", f"&village={county.VILLAGE}", f"&school={county.SCHOOL}"):
        assert 0 < len(ledger(gateway, more=more).rows) < whole
    assert ledger(gateway, more=f"&township={county.ELSEWHERE}").rows == []


def test_a_ledger_says_who_took_it_out_for_what_when_and_on_what_it_rests(gateway: Asking) -> None:
    response = get(gateway, "/files/ledger?kind=dropout")
    number, digest = response.headers["x-export-number"], response.headers["x-content-sha256"]

    book = openpyxl.load_workbook(BytesIO(response.content))
    sheet = book.worksheets[0]

    assert sheet["A1"].value == "辍学学生台账"
    for text in (sheet["A2"].value, str(sheet.oddFooter.left.text), book.properties.subject):
        assert "教体局(410326)" in text
        assert "控辍保学" in text
        assert "bureau-office" in text
        assert number in text
    assert digest in sheet["A3"].value
    assert book.custom_doc_props["校验码"].value == digest
    assert [row[1].value for row in book["数据批次"].iter_rows(min_row=3)] == ["学籍册", "户籍册"]
    assert sheet.print_title_rows == f"$1:${HEADING}"


def test_an_export_is_recorded_with_its_hash_its_children_and_its_fields(gateway: Asking) -> None:
    book = ledger(gateway, "suspect")

    [receipt] = gateway.receipts_of()

    assert (receipt["operation"], receipt["decision"]) == ("export_ledger", "answered")
    assert (receipt["actor"], receipt["purpose"]) == ("bureau-office", "dropout_control")
    assert receipt["document_hash"] == book.told["x-content-sha256"]
    assert receipt["rows"] == len(receipt["child_ids"]) == len(book.rows)
    assert {"Child.name", "Child.idNumber", "Case.owedStep", "Finding.kind"} <= set(receipt["fields"])
    assert receipt["positions"] == {"roster/0": 41, "cases/0": 17}


def test_whoever_has_the_file_can_count_its_hash_again(gateway: Asking) -> None:
    book = ledger(gateway)

    def line(cells: list[Any]) -> bytes:
        texts = [str(cell.date()) if isinstance(cell, datetime) else str(cell) for cell in cells]
        return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    content = line([book.above[0]]) + line(book.headings) + b"".join(line(list(row.values())) for row in book.rows)
    assert hashlib.sha256(content).hexdigest() == book.told["x-content-sha256"]


def test_the_same_content_has_the_same_hash_and_other_content_another(gateway: Asking) -> None:
    first, second = ledger(gateway), ledger(gateway)
    assert first.told["x-content-sha256"] == second.told["x-content-sha256"]
    assert first.told["x-export-number"] != second.told["x-export-number"]
    assert first.told["x-content-sha256"] != ledger(gateway, by="xiaodian-officer").told["x-content-sha256"]


def test_supervision_learns_from_the_hash_who_took_the_content_out(gateway: Asking) -> None:
    book = ledger(gateway, more=f"&township={county.XIAODIAN}")

    for by in ("inspector", "bureau-office"):
        told = get(gateway, f"/files/exports/{book.told['x-content-sha256']}", by=by).json()
        assert book.told["x-export-number"] in {export["number"] for export in told["exports"]}
        assert {export["department"] for export in told["exports"]} == {"education_bureau:410326"}
        assert {export["purpose"] for export in told["exports"]} == {"dropout_control"}


def test_a_ledger_as_csv_holds_the_same_cells_under_the_same_hash_and_says_whose_it_is(gateway: Asking) -> None:
    book = ledger(gateway)

    response = get(gateway, "/files/ledger?kind=school_age&format=csv")

    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["x-content-sha256"] == book.told["x-content-sha256"]
    [headings, *rows, [last]] = csv.reader(StringIO(response.content.decode("utf-8-sig")))
    assert headings == book.headings
    said = [
        [value.date().isoformat() if isinstance(value, datetime) else str(value) for value in row.values()]
        for row in book.rows
    ]
    assert rows == said
    assert response.headers["x-export-number"] in last


def test_no_cell_of_a_csv_is_a_formula(gateway: Asking, read_model: Any) -> None:
    formula = "=HYPERLINK(1)"
    with psycopg.connect(read_model.dsn("gateway_writer"), autocommit=True) as writer:
        before = writer.execute("select school_name, child_id from child").fetchall()
        writer.execute("update child set school_name = %s", [formula])
        try:
            response = get(gateway, "/files/ledger?kind=school_age&format=csv")
        finally:
            with writer.cursor() as cursor:
                cursor.executemany("update child set school_name = %s where child_id = %s", before)

    cells = [cell for line in csv.reader(StringIO(response.content.decode("utf-8-sig"))) for cell in line]
    assert any(formula in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_an_empty_ledger_is_recorded_and_known_again_too(gateway: Asking) -> None:
    book = ledger(gateway, more=f"&township={county.ELSEWHERE}")
    told = get(gateway, f"/files/exports/{book.told['x-content-sha256']}", by="inspector").json()
    assert {export["rows"] for export in told["exports"]} == {0}


@pytest.mark.parametrize("unknown", ["0" * 64, "not-a-hash", "'; drop table receipt"])
def test_a_hash_nobody_exported_is_not_found(gateway: Asking, unknown: str) -> None:
    response = get(gateway, f"/files/exports/{unknown}", by="inspector")
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_a_neighbouring_county_does_not_learn_of_an_export(gateway: Asking) -> None:
    digest = ledger(gateway).told["x-content-sha256"]
    assert get(gateway, f"/files/exports/{digest}", by=("supervision:410328", "supervision")).status_code == 404


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("/files/ledger?kind=school_age", "inspector"),
        ("/files/ledger?kind=school_age", "police-officer"),
        ("/files/ledger?kind=school_age", "bureau-assistance"),
        ("/files/partition", "school-principal"),
        ("/files/exports/" + "0" * 64, "xiaodian-officer"),
    ],
)
def test_who_was_not_granted_a_file_is_refused_and_the_asking_recorded(gateway: Asking, path: str, by: str) -> None:
    response = get(gateway, path, by=by)
    assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")
    [receipt] = gateway.receipts_of()
    assert (receipt["decision"], receipt["actor"]) == ("denied", by)


def test_without_a_token_there_is_nothing(gateway: Asking) -> None:
    response = get(gateway, "/files/ledger?kind=school_age", by=None)
    assert (response.status_code, response.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "kind=everybody",
        "kind=dropout&township=小店镇",
        "kind=dropout&name=王某",
        "kind=dropout&kind=suspect",
        "kind=dropout&village=4103",
        "kind=dropout&school=%27%3B--",
    ],
)
def test_a_request_that_is_not_of_its_form_is_told_so_without_repeating_it(gateway: Asking, query: str) -> None:
    response = get(gateway, f"/files/ledger?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "BAD_REQUEST")
    assert "王某" not in response.text
    assert "小店镇" not in response.text


def test_what_cannot_be_recorded_is_not_handed_out(read_model: Any) -> None:
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_reader"),  # who may read may not write
        owner_dsn=read_model.superuser,
    )
    try:
        response = get(asking, "/files/ledger?kind=school_age")
    finally:
        asking.close()
    assert (response.status_code, response.json()["code"]) == (503, "UNAVAILABLE")


def test_a_file_is_not_kept_on_the_way_and_its_name_names_nobody(gateway: Asking) -> None:
    headers = get(gateway, "/files/ledger?kind=suspect").headers
    assert headers["cache-control"] == "no-store"
    plain, _, chinese = headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain.startswith('attachment; filename="baoxue-')
    assert unquote(chinese) == f"疑似辍学学生台账 {county.TODAY} {headers['x-export-number']}.xlsx"


# The partition 归类表


class Yesterday:
    """A replay that knows two villages, one of them of another county."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    async def villages_as_of(self, moment: datetime) -> list[PartitionRow]:
        self.asked.append(moment)
        return [
            PartitionRow(township=code, village=f"{code}999", state="in_seat", dated=True, children=7)
            for code in (county.XIAODIAN, county.ELSEWHERE)
        ]


@pytest.fixture(scope="module")
def yesterday(read_model: Any) -> Iterator[tuple[Asking, Yesterday]]:
    replay = Yesterday()
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
        supervision=replay,  # type: ignore[arg-type]
    )
    yield asking, replay
    asking.close()


def test_who_is_withheld_small_numbers_prints_no_sheet_whose_totals_tell_them(gateway: Asking) -> None:
    assert get(gateway, "/files/partition", by="statistician").json()["code"] == "FORBIDDEN"


@pytest.mark.parametrize("by", ["bureau-office", "xiaodian-officer", "inspector"])
def test_the_partition_sheet_says_the_same_as_the_screen(gateway: Asking, by: str) -> None:
    told = gateway.ask("{ partition { township state count } }", by=by).data["partition"]

    book = openpyxl.load_workbook(BytesIO(get(gateway, "/files/partition", by=by).content))

    lines = list(book["各乡镇归类表"].iter_rows(min_row=6, values_only=True))
    assert lines[-1][0] == "总计"
    assert lines[-1][2] == sum(row["count"] for row in told)
    assert len(lines) - 1 == len({row["township"] for row in told})
    assert {line[-1] for line in lines} == {"相符"}


def test_a_page_to_print_says_the_same_runs_nothing_and_names_nobody(gateway: Asking) -> None:
    response = get(gateway, f"/files/partition?format=html&township={county.XIAODIAN}")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    style = response.text.partition("<style>")[2].partition("</style>")[0]
    assert "size: A4 landscape" in style
    assert "<script" not in response.text
    with psycopg.connect(gateway.owner_dsn) as connection:
        texts = connection.execute("select name, id_number, guardian_phone from child_identity").fetchall()
    assert not [text for row in texts for text in row if len(text) > 2 and text in response.text]


def test_a_printed_partition_is_recorded_and_can_be_verified(gateway: Asking) -> None:
    assert get(gateway, "/files/partition", by="inspector").status_code == 200
    [receipt] = gateway.receipts_of()
    assert (receipt["operation"], receipt["child_ids"]) == ("print_partition", [])
    told = get(gateway, f"/files/exports/{receipt['document_hash']}", by="inspector").json()
    assert told["exports"][0]["department"] == "supervision:410326"


def test_an_earlier_day_is_told_as_it_was_known_when_it_ended(yesterday: tuple[Asking, Yesterday]) -> None:
    asking, replay = yesterday
    response = get(asking, "/files/partition?on=2026-09-01")
    assert response.status_code == 200
    assert replay.asked[-1] == datetime(2026, 9, 1, 23, 59, 59, 999999, tzinfo=CHINA)
    lines = list(openpyxl.load_workbook(BytesIO(response.content))["各村归类表"].iter_rows(min_row=6, values_only=True))
    assert [line[:3] for line in lines] == [("小店镇", f"{county.XIAODIAN}999", 7), ("小店镇", "小计", 7)]


@pytest.mark.parametrize("query", ["on=2026-09-15", "on=yesterday", "format=pdf", "village=410326103005"])
def test_a_partition_of_a_day_to_come_or_in_another_form_is_refused(gateway: Asking, query: str) -> None:
    assert get(gateway, f"/files/partition?{query}").json()["code"] == "BAD_REQUEST"


def test_without_a_replay_there_is_only_today(gateway: Asking) -> None:
    assert get(gateway, f"/files/partition?on={date(2026, 9, 1)}").json()["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("/files/ledger?kind=school_age", "bureau-office"),
        ("/files/partition", "bureau-office"),
        ("/files/lists/cases", "bureau-office"),
    ],
)
def test_while_no_witness_sees_the_looks_nothing_is_handed_out_and_all_else_goes_on(
    gateway: Asking, path: str, by: str
) -> None:
    gateway.witnessing.is_late = True
    try:
        refused = get(gateway, path, by=by)
        asked = gateway.ask("{ cases { nodes { state } } }", by=by)
    finally:
        gateway.witnessing.is_late = False

    assert (refused.status_code, refused.json()["code"]) == (422, "REFUSED")
    assert "no witness" in refused.json()["message"]
    assert asked.data["cases"]["nodes"]
    assert get(gateway, path, by=by).status_code == 200


WAITS = {
    "/files/ledger",
    "/files/partition",
    *(f"/files/lists/{name}" for name in lists.HANDLERS),
    "/files/aid",
    "/files/payment-lists/{id}",
    "/files/submission/{id}",
    "/files/letters/{id}",
    "/files/suspects",
    "/files/deliveries/{id}/rejects",
}
"""What takes many children's records out, by the table of decision 0066."""


def test_of_all_file_routes_those_that_take_many_children_out_wait_for_a_witness_and_no_other(gateway: Asking) -> None:
    places = {"{id}": str(UUID(int=7, version=4)), "{hash}": "0" * 64, "{kind}": "visit"}
    gateway.witnessing.is_late = True
    try:
        waits = set()
        for way in (way for way in WAYS if way.method == "GET"):
            path = way.path
            for name, value in places.items():
                path = path.replace(name, value)
            said = [get(gateway, path, by=by) for by in ("bureau-office", "bureau-assistance", "supervision-head")]
            if any("no witness" in answer.text for answer in said):
                waits.add(way.path)
                assert all(answer.status_code in {403, 404, 422} for answer in said), way.path
    finally:
        gateway.witnessing.is_late = False

    assert waits == WAITS
