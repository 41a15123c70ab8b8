"""Files handed in at pages: register files stream through, a photo is taken out of its form, and neither goes without a ticket."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.views.uploads import Part, parts_of
from gateway.html_form import Unreadable
from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over
from tests.gateway.console.browsing import Browser, text_of, ticket_of

CASE = next(
    row
    for table, row in county.county_rows()
    if table == "case_file" and row["township"] == county.XIAODIAN and row["state"] == "confirmed"
)
PNG = bytes(range(256)) * 4


class Service(httpx.AsyncBaseTransport):
    """A service that takes every file and remembers it, or answers as it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[httpx.Request, bytes]] = []
        self.status, self.answer = 202, {"id": str(uuid4()), "position": 1}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((request, await request.aread()))
        return httpx.Response(self.status, json=self.answer)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def gateway(read_model: Any, service: Service) -> Iterator[Asking]:
    with asking_over(read_model, service) as asking:
        yield asking


@pytest.fixture
def browser(gateway: Any) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser.signed_in("bureau-office")


def test_register_files_go_on_as_they_came_and_lead_to_their_delivery(browser: Browser, service: Service) -> None:
    ticket = ticket_of(browser.get("/registers"))

    answer = browser.post(
        f"/registers?ticket={ticket}", {}, files={"files": ("册.csv", PNG, "text/csv")}, follow_redirects=False
    )

    assert answer.headers["location"] == f"/registers/{service.answer['id']}"
    [(request, body)] = service.sent
    assert request.url.path == "/deliveries"
    assert PNG in body
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert UUID(request.headers["idempotency-key"])


def test_a_photo_is_kept_as_it_was_taken(browser: Browser, service: Service) -> None:
    path = f"/cases/{CASE['case_id']}"
    ticket = ticket_of(browser.get(path))

    answer = browser.post(
        f"{path}/photos?ticket={ticket}",
        {"shows": "visit"},
        files={"photo": ("p.png", PNG, "image/png")},
        follow_redirects=False,
    )

    assert answer.headers["location"] == f"{path}?done=keepAttachment"
    [(request, body)] = service.sent
    assert body == PNG
    assert (request.url.params["shows"], request.url.params["child_id"]) == ("visit", str(CASE["child_id"]))


def test_sheets_of_the_field_check_are_taken_at_the_page_and_what_became_of_each_line_is_said(
    browser: Browser, service: Service
) -> None:
    ticket = ticket_of(browser.get("/field-checks"))
    one = {
        "id": str(uuid4()),
        "village": county.VILLAGE,
        "children": 5,
        "answered": 3,
        "conflicts": [str(uuid4())],
        "met": 0,
    }
    place = {"file": "摸排.xlsx", "sheet": "摸排表", "line": 7, "column": "摸排结果", "reason": "不在下拉选项内"}
    service.answer |= {"lists": [one], "rejected": 1, "rejects": [place]}

    page = browser.post(f"/field-checks?ticket={ticket}", {}, files={"files": ("摸排.xlsx", PNG, "application/zip")})

    [(request, body)] = service.sent
    assert request.url.path == "/field-checks"
    assert PNG in body
    told = text_of(page)
    assert "已登记 1 个村" in told
    assert "已摸排 3 / 5 人" in told
    assert "1 人说法不一" in told
    assert "不在下拉选项内" in told


@pytest.mark.parametrize("path", ["/registers", "/field-checks", f"/cases/{CASE['case_id']}/photos"])
@pytest.mark.parametrize("strange", [{}, {"sec-fetch-site": "cross-site"}])
def test_nothing_is_taken_without_a_ticket_or_from_elsewhere(
    browser: Browser, service: Service, path: str, strange: dict[str, str]
) -> None:
    ticket = ticket_of(browser.get("/registers")) if strange else ""

    answer = browser.post(f"{path}?ticket={ticket}", {}, files={"photo": ("p", PNG, "image/png")}, headers=strange)

    assert answer.status_code == 403
    assert service.sent == []


def test_what_the_service_refuses_is_said(browser: Browser, service: Service) -> None:
    service.status, service.answer = 422, {"code": "REFUSED", "message": "只收图片或 PDF"}
    path = f"/cases/{CASE['case_id']}"
    ticket = ticket_of(browser.get(path))

    answer = browser.post(
        f"{path}/photos?ticket={ticket}", {"shows": "visit"}, files={"photo": ("p", b"x", "image/png")}
    )

    assert answer.status_code == 422
    assert "只收图片或 PDF" in answer.text


@given(content=st.binary(max_size=400), boundary=st.from_regex(r"[A-Za-z0-9]{12,30}", fullmatch=True))
def test_a_part_comes_out_of_its_form_as_it_went_in(content: bytes, boundary: str) -> None:
    if boundary.encode() in content:
        return
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="shows"\r\n\r\nvisit\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="p.png"\r\n\r\n'
        ).encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )

    parts = parts_of(body, content_type=f"multipart/form-data; boundary={boundary}")

    assert parts == {"shows": Part(b"visit"), "photo": Part(content, "p.png")}


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary="])
def test_what_is_no_form_is_not_read(content_type: str) -> None:
    with pytest.raises(Unreadable):
        parts_of(b"--x\r\n\r\n", content_type=content_type)
