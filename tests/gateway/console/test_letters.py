"""The page behind the QR code of a letter: for who is signed in and reaches the child; the photo is kept before the service it shows."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over
from tests.gateway.console.browsing import Browser, text_of

LETTER = next(
    row
    for table, row in county.county_rows()
    if table == "guardian_letter" and row["township"] == county.XIAODIAN and row["state"] == "out"
)
PAGE = f"/l/{LETTER['code']}"
JPEG = b"\xff\xd8\xff" + bytes(range(256))


class Services(httpx.AsyncBaseTransport):
    """Services that take everything, or refuse to serve."""

    def __init__(self) -> None:
        self.sent: list[tuple[httpx.Request, bytes]] = []
        self.kept, self.refusal = str(uuid4()), ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((request, await request.aread()))
        if self.refusal and request.url.path == "/commands/serve-letter":
            return httpx.Response(422, json={"code": "REFUSED", "message": self.refusal})
        return httpx.Response(200, json={"id": self.kept, "position": 1})


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def gateway(read_model: Any, services: Services) -> Iterator[Asking]:
    with asking_over(read_model, services) as asking:
        yield asking


@pytest.fixture
def browser(gateway: Any) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser


def serve(browser: Browser, **form: str) -> httpx.Response:
    ticket = ticket_of_letter(browser.get(PAGE))
    return browser.post(
        f"{PAGE}?ticket={ticket}",
        {"method": "left", "servedOn": str(county.TODAY), **form},
        files={"photo": ("p.jpg", JPEG, "image/jpeg")},
        follow_redirects=False,
    )


def ticket_of_letter(page: httpx.Response) -> str:
    return page.text.partition(f'action="{PAGE}?ticket=')[2].partition('"')[0]


def test_a_scanned_code_asks_to_sign_in_and_leads_back(browser: Browser) -> None:
    answer = browser.http.get(PAGE, follow_redirects=False)
    first = browser.gateway.runner.run(answer)

    assert first.headers["location"] == f"/sign-in?next={PAGE}"
    page = browser.post("/sign-in", {"account": "xiaodian-officer", "next": PAGE})
    assert str(page.url.path) == PAGE
    assert "待送达" in text_of(page)


def test_the_photo_is_kept_and_then_the_service_that_it_shows(browser: Browser, services: Services) -> None:
    browser.signed_in("xiaodian-officer")
    answer = serve(browser, receipt="回证12")

    assert answer.headers.get("location") == f"{PAGE}?done=serveLetter", text_of(answer)
    (kept, photo), (served, body) = services.sent
    assert (kept.url.path, kept.url.params["child_id"], photo) == ("/attachments", str(LETTER["child_id"]), JPEG)
    assert served.url.path == "/commands/serve-letter"
    assert services.kept.encode() in body
    assert kept.headers["idempotency-key"] != served.headers["idempotency-key"]


def test_what_is_refused_is_said_on_the_form_with_what_was_typed(browser: Browser, services: Services) -> None:
    services.refusal = "本文书已送达"
    browser.signed_in("xiaodian-officer")
    answer = serve(browser, receipt="回证12")

    assert answer.status_code == 422
    assert "本文书已送达" in answer.text
    assert "回证12" in answer.text


@pytest.mark.parametrize("account", ["santun-officer", "civil-affairs-officer"])
def test_who_does_not_reach_the_child_finds_no_letter(browser: Browser, account: str) -> None:
    browser.signed_in(account)
    page = browser.get(PAGE)

    assert page.status_code == 404
    assert str(LETTER["code"]) not in text_of(page)


def test_the_runs_say_how_many_of_the_units_own_letters_are_served(browser: Browser) -> None:
    browser.signed_in("xiaodian-officer")
    page = browser.get("/letters")
    own = [
        row
        for table, row in county.county_rows()
        if table == "guardian_letter" and row["township"] == county.XIAODIAN and row["run_id"] == LETTER["run_id"]
    ]

    served = sum(row["state"] == "served" for row in own)
    assert f"已送达 {served} / {len(own)} 份" in text_of(page)
    assert f"/files/letters/{LETTER['run_id']}?township=" in page.text
