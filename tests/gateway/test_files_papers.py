"""Papers and pictures at the counter: printed within the caller's reach, recorded with whom they name, passed on as they are."""

import io
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import docx
import httpx
import pytest

from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over
from tests.gateway.test_files_deliveries import Roster, ask

NOBODYS = "00000000-0000-4000-8000-000000000000"
PERSUASION = next(
    row
    for table, row in county.county_rows()
    if table == "case_step" and row["type"] == "cases.persuasion-recorded.v1" and row["township"] == county.XIAODIAN
)
IDS = {
    "visit_record": county.made("visit", 0, 0),
    "persuasion_record": PERSUASION["event_id"],
    "assistance_letter": county.made("letter", 0),
    "interview_notice": county.made("admonition", 0),
    "circular_notice": county.made("admonition", 1),
    "zero_report": county.made("zeroReport", 0),
    "responsibility_statement": county.made("statement", 0),
    "persuasion_list": county.made("list", 0),
    "county_report": county.made("countyReport", 1),
}


@pytest.fixture
def cases() -> Roster:
    return Roster()


@pytest.fixture
def gateway(read_model: Any, cases: Roster) -> Iterator[Asking]:
    with asking_over(read_model, cases) as asking:
        yield asking


def text_of(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    document = docx.Document(io.BytesIO(response.content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


@pytest.mark.parametrize("kind", IDS)
def test_the_bureau_prints_every_kind_of_paper_and_it_is_recorded(gateway: Asking, kind: str) -> None:
    told = text_of(ask(gateway, "GET", f"/files/papers/{kind}/{IDS[kind]}"))

    assert "{" not in told
    assert "None" not in told
    [receipt] = gateway.receipts_of()
    assert (receipt["operation"], receipt["decision"]) == ("print_paper", "answered")


def test_a_visit_record_says_what_the_family_promised_and_so_does_its_receipt(gateway: Asking) -> None:
    promises = {row["visit_id"]: str(row["promise"]) for table, row in county.county_rows() if table == "visit_words"}
    promised = county.made("visit", 0, 1)

    assert promises[promised] in text_of(ask(gateway, "GET", f"/files/papers/visit_record/{promised}"))
    assert "Visit.promise" in gateway.receipts_of()[0]["fields"]


def test_a_record_of_persuasion_says_what_was_written_down_and_a_step_of_another_kind_has_none(
    gateway: Asking,
) -> None:
    notes = {row["event_id"]: str(row["note"]) for table, row in county.county_rows() if table == "step_words"}
    opened = next(
        row
        for table, row in county.county_rows()
        if table == "case_step" and row["type"] == "cases.case-opened.v1" and row["township"] == county.XIAODIAN
    )

    told = text_of(ask(gateway, "GET", f"/files/papers/persuasion_record/{PERSUASION['event_id']}"))

    assert notes[PERSUASION["event_id"]] in told
    assert "CaseStep.note" in gateway.receipts_of()[0]["fields"]
    assert ask(gateway, "GET", f"/files/papers/persuasion_record/{opened['event_id']}").status_code == 404


def test_a_report_to_the_county_names_its_children_and_so_does_its_receipt(gateway: Asking) -> None:
    told = text_of(ask(gateway, "GET", f"/files/papers/county_report/{IDS['county_report']}"))

    rows = {row["case_id"]: row for table, row in county.county_rows() if table == "case_file"}
    named = [rows[county.made("case", number)] for number in (0, 2, 4)]
    within = {row["child_id"] for row in named if str(row["township"]).startswith("410326")}
    assert "汝阳县教育体育局" in told
    assert "〔2026〕1号" in told
    assert set(gateway.receipts_of()[0]["child_ids"]) == within
    assert within


@pytest.mark.parametrize(
    ("path", "by", "status"),
    [
        (f"/files/papers/county_report/{IDS['county_report']}", "xiaodian-officer", 403),
        (f"/files/papers/county_report/{IDS['county_report']}", "inspector", 403),
        (f"/files/papers/zero_report/{county.made('zeroReport', 3)}", "xiaodian-officer", 404),
        (f"/files/papers/interview_notice/{IDS['circular_notice']}", "bureau-office", 404),
        (f"/files/papers/weather/{NOBODYS}", "bureau-office", 404),
        ("/files/papers/zero_report/x", "bureau-office", 404),
    ],
)
def test_what_is_not_yours_is_not_printed(gateway: Asking, path: str, by: str, status: int) -> None:
    assert ask(gateway, "GET", path, by=by).status_code == status


def test_a_school_prints_what_it_signed_itself(gateway: Asking) -> None:
    assert "控辍保学零报告" in text_of(
        ask(gateway, "GET", f"/files/papers/zero_report/{county.made('zeroReport', 1)}", by="school-principal")
    )


# Photos and scans


def mine() -> str:
    """A child of the small school's township."""
    return str(
        next(
            row["child_id"]
            for table, row in county.county_rows()
            if table == "child" and row["school"] == county.SCHOOL and row["township"] == county.XIAODIAN
        )
    )


def test_a_photo_goes_from_a_phone_to_cases_under_its_key(gateway: Asking, cases: Roster) -> None:
    cases.answers.append(httpx.Response(200, json={"id": str(uuid4()), "position": 7}))
    child, key = mine(), str(uuid4())

    response = ask(
        gateway,
        "POST",
        f"/files/attachments?child={child}&shows=visit",
        by="school-principal",
        content=b"\xff\xd8\xff picture",
        headers={"idempotency-key": key},
    )

    assert response.status_code == 200
    [(sent, body)] = cases.sent
    assert (sent.url.path, dict(sent.url.params)) == ("/attachments", {"shows": "visit", "child_id": child})
    assert (sent.headers["x-actor"], sent.headers["idempotency-key"]) == ("school-principal", key)
    assert body == b"\xff\xd8\xff picture"
    assert [str(each) for each in gateway.receipts_of()[0]["child_ids"]] == [child]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("shows=visit", 400),
        ("child=x&shows=visit", 400),
        (f"child={NOBODYS}&shows=visit", 404),
        ("child=1&name=x", 400),
    ],
)
def test_a_photo_of_nobody_within_reach_is_not_taken(gateway: Asking, cases: Roster, query: str, status: int) -> None:
    assert ask(gateway, "POST", f"/files/attachments?{query}", content=b"x").status_code == status
    assert cases.sent == []


def test_a_picture_is_handed_out_once_the_look_is_recorded(gateway: Asking, cases: Roster) -> None:
    cases.answers.append(httpx.Response(200, content=b"picture", headers={"content-type": "image/jpeg"}))
    attachment = next(
        row
        for table, row in county.county_rows()
        if table == "attachment" and str(row["township"]).startswith("410326")
    )

    response = ask(gateway, "GET", f"/files/attachments/{attachment['attachment_id']}")

    assert (response.content, response.headers["content-type"]) == (b"picture", "image/jpeg")
    [receipt] = gateway.receipts_of()
    assert (receipt["operation"], receipt["child_ids"]) == ("read_attachment", [attachment["child_id"]])


def test_a_picture_of_a_child_elsewhere_is_not_found(gateway: Asking, cases: Roster) -> None:
    elsewhere = next(
        row["attachment_id"]
        for table, row in county.county_rows()
        if table == "attachment" and row["township"] == county.SANTUN
    )

    assert ask(gateway, "GET", f"/files/attachments/{elsewhere}", by="xiaodian-officer").status_code == 404
    assert cases.sent == []
