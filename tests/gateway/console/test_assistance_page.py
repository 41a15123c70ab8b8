"""资助看板: sums that lead to their rows, and the commands of those who pay."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psycopg
import pytest

from tests.gateway.conftest import Asking, asking_over
from tests.gateway.console.browsing import Browser, text_of, ticket_of
from tests.gateway.console.test_acts import Cases
from tests.gateway.places import OTHER_SCHOOL, XIAODIAN

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
