"""资助看板: sums that lead to their rows, and the commands of those who pay."""

import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
import msgspec
import openpyxl
import psycopg
import pytest

from tests.gateway.conftest import Asking, asking_over
from tests.gateway.console.browsing import Browser, text_of, ticket_of
from tests.gateway.console.test_acts import Cases
from tests.gateway.places import OTHER_SCHOOL, SCHOOL, XIAODIAN
from tests.gateway.test_files_payments import HEADING, put

TERM = "2026-2027-1"
OF_TERM = f"term={TERM}&programme=living_allowance"


@pytest.fixture(scope="module")
def service() -> Cases:
    return Cases()


@pytest.fixture(scope="module")
def gateway(read_model: Any, service: Cases) -> Iterator[Asking]:
    """The county with its aid granted for a term that there is."""
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        for table in (b"award", b"payment_list"):
            connection.execute(
                b"update " + table + b" set term = %s, programme = 'living_allowance'",
                [TERM],
            )
    with asking_over(read_model, service) as asking:
        yield asking


@pytest.fixture
def bureau(gateway: Any, service: Cases) -> Iterator[Browser]:
    service.__init__()  # type: ignore[misc]  # another test: as it was in the beginning
    with Browser(gateway) as browser:
        yield browser.signed_in("bureau-assistance")


def test_each_sum_leads_to_the_rows_behind_it(bureau: Browser) -> None:
    page = bureau.get(f"/assistance?{OF_TERM}")
    links = {unescape(link) for link in re.findall(r'href="(/assistance/[^"]+\?[^"]+)"', page.text)}

    assert f"/assistance/awards?{OF_TERM}&township={XIAODIAN}" in links
    assert f"/assistance/payable?{OF_TERM}&school={OTHER_SCHOOL}" in links
    for link in links:
        listed = bureau.get(link)
        assert listed.status_code == 200, (link, text_of(listed))


def test_what_waits_for_somebody_stands_on_the_first_page_with_its_buttons(bureau: Browser) -> None:
    page = bureau.get("/assistance")

    assert "待审批的名册" in page.text
    assert "/acts/approvePaymentList?listId=" in page.text
    assert "/acts/answerRefusedPayment?refusalId=" in page.text


def test_awards_that_are_owed_are_put_on_a_list_by_ticking_them(bureau: Browser, service: Cases) -> None:
    page = bureau.get(f"/assistance/payable?{OF_TERM}&school={OTHER_SCHOOL}")
    awards = re.findall(r'name="awards" value="([^"]+)"', page.text)
    [list_id] = re.findall(r'name="listId" value="([^"]+)"', page.text)

    made = bureau.post(
        "/acts/makePaymentList",
        {"ticket": ticket_of(page), "back": "/assistance/lists", "listId": list_id, "awards": awards[:2]},
    )

    assert made.url.path == "/assistance/lists", text_of(made)
    [sent] = service.sent
    body = msgspec.json.decode(sent.content)
    assert UUID(body["list_id"]) == UUID(list_id)
    assert body["awards"] == awards[:2]


def test_whoever_supervises_sees_the_sums_and_has_no_button(gateway: Any) -> None:
    with Browser(gateway) as browser:
        page = browser.signed_in("inspector").get(f"/assistance?{OF_TERM}")

    assert "分学校合计" in page.text
    assert "/acts/" not in page.text.partition("<main")[2]


def test_what_the_service_refuses_is_said_on_the_form(bureau: Browser, service: Cases) -> None:
    service.answer = (422, {"code": "REFUSED", "message": "编制人本人不能审批"})
    [path, *_] = re.findall(r'href="(/acts/approvePaymentList[^"]+)"', bureau.get("/assistance").text)
    form = bureau.get(unescape(path))

    refused = bureau.post(
        "/acts/approvePaymentList",
        {"ticket": ticket_of(form), **dict(httpx.URL(unescape(path)).params)},
    )

    assert refused.status_code == 422
    assert "编制人本人不能审批" in refused.text


def answered_by_the_bank(bureau: Browser, list_id: UUID, *answers: tuple[object, ...]) -> bytes:
    """The list as it was fetched at its page, with outcome, day and reason filled in from the first line on."""
    [path] = set(re.findall(r'href="(/files/payment-lists/[^"]+)"', bureau.get(f"/assistance/lists/{list_id}").text))
    book = openpyxl.load_workbook(BytesIO(bureau.get(path).content))
    sheet: Any = book.active
    where = {cell.value: cell.column for cell in sheet[HEADING]}
    for row, answer in enumerate(answers, start=HEADING + 1):
        for heading, value in zip(("发放结果", "发放日期", "退票原因"), answer, strict=False):
            sheet.cell(row, where[heading], value)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def upload(bureau: Browser, list_id: UUID, content: bytes) -> httpx.Response:
    path = f"/assistance/lists/{list_id}"
    ticket = ticket_of(bureau.get(path))
    return bureau.post(f"{path}?ticket={ticket}", {}, files={"file": ("回执.xlsx", content, "application/zip")})


def test_what_the_bank_answered_is_taken_at_the_lists_page_line_by_line(bureau: Browser, service: Cases) -> None:
    list_id, _ = put(bureau.gateway)
    content = answered_by_the_bank(bureau, list_id, ("已发放", "2026-09-12"))

    page = upload(bureau, list_id, content)

    assert "发放成功 1 笔，退票 0 笔" in text_of(page)
    assert "另有 1 笔银行尚未答复" in text_of(page)
    [sent] = service.sent
    assert sent.url.path == "/commands/take-bank-result"
    assert [line["outcome"] for line in msgspec.json.decode(sent.content)["lines"]] == ["paid"]


def test_places_of_the_banks_file_that_cannot_be_taken_are_named_and_nothing_is(
    bureau: Browser, service: Cases
) -> None:
    list_id, _ = put(bureau.gateway)
    content = answered_by_the_bank(bureau, list_id, ("已发放", "2026-09-12"), ("大概吧", "2026-09-12"))

    page = upload(bureau, list_id, content)

    assert page.status_code == 422
    assert "整份未收" in page.text
    assert "回执.xlsx" in page.text
    assert "发放结果" in page.text
    assert service.sent == []


def test_the_banks_answer_is_taken_from_nobody_else(gateway: Any) -> None:
    list_id, _ = put(gateway)
    waiting, _ = put(gateway, state="made")
    with Browser(gateway) as browser:
        browser.signed_in("bureau-assistance")
        assert 'type="file"' not in browser.get(f"/assistance/lists/{waiting}").text
    with Browser(gateway) as other:
        assert 'type="file"' not in other.signed_in("inspector").get(f"/assistance/lists/{list_id}").text


@pytest.fixture(scope="module")
def waiting(gateway: Any) -> None:
    """One of the principal's pupils is eligible and not recognised yet."""
    with psycopg.connect(gateway.writer_dsn) as connection:
        connection.execute(
            "with one as (select a.award_id, a.child_id from award a join eligibility e using (child_id) join child c using (child_id)"
            " where c.merged_into is null and c.township = %(township)s and c.school <> %(other)s order by 1 limit 1),"
            " gone as (delete from award where award_id in (select award_id from one)),"
            " pupil as (update child set school = %(school)s, stage = 'primary' where child_id in (select child_id from one))"
            " update eligibility set from_on = '2026-08-01', until_on = null"
            " where child_id in (select child_id from one)",
            {"school": SCHOOL, "other": OTHER_SCHOOL, "township": XIAODIAN},
        )


@pytest.mark.usefixtures("waiting")
def test_a_schools_pupils_are_recognised_for_a_term_by_ticking_them(bureau: Browser, service: Cases) -> None:
    progress = bureau.get(f"/assistance/recognition?{OF_TERM}")
    [path, *_] = re.findall(r'href="(/assistance/recognition/\w+\?[^"]+)"', progress.text)
    page = bureau.get(unescape(path))
    pupils = re.findall(r'name="pupils" value="([^"]+)" checked', page.text)

    done = bureau.post(
        unescape(path).partition("?")[0],
        {
            "ticket": ticket_of(page),
            "programme": "living_allowance",
            "term": TERM,
            "pupils": pupils,
            "boarding": pupils[:1],
        },
    )

    assert "已办理" in done.text, text_of(done)
    [sent] = service.sent
    body = msgspec.json.decode(sent.content)
    assert {pupil["child_id"] for pupil in body["pupils"] if pupil["boarding"]} == {pupils[0]}
    assert len(body["pupils"]) == len(pupils)


@pytest.mark.usefixtures("waiting")
def test_whoever_supervises_sees_how_far_recognition_is_and_recognises_nobody(gateway: Any) -> None:
    with Browser(gateway) as browser:
        page = browser.signed_in("inspector").get(f"/assistance/recognition?{OF_TERM}")

    assert "已认定" in page.text
    assert "/assistance/recognition/" not in page.text
