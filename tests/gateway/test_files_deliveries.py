"""Register files on their way to the roster: streamed on in the sender's name, bounded, recorded, and its answers told as they are."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.files import deliveries
from tests.gateway.conftest import Asking, asking_over


@dataclass
class Roster(httpx.AsyncBaseTransport):
    """A roster that notes what it is sent and answers what it is told to."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    sent: list[tuple[httpx.Request, bytes]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((request, await request.aread()))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def roster() -> Roster:
    return Roster()


@pytest.fixture
def gateway(read_model: Any, roster: Roster) -> Iterator[Asking]:
    with asking_over(read_model, roster) as asking:
        yield asking


def ask(gateway: Asking, method: str, path: str, *, by: str = "bureau-office", **more: Any) -> httpx.Response:
    gateway.clock.step(timedelta(milliseconds=1))
    headers = {"authorization": f"Bearer {gateway.token(by)}"} | more.pop("headers", {})
    response: httpx.Response = gateway.runner.run(gateway._http.request(method, path, headers=headers, **more))
    return response


def test_files_are_streamed_on_in_the_senders_name_and_the_answer_told_as_it_is(
    gateway: Asking, roster: Roster
) -> None:
    roster.answers.append(httpx.Response(202, json={"id": "d-1"}))
    key = str(uuid4())

    response = ask(
        gateway,
        "POST",
        "/files/deliveries",
        files={"files": ("册.xlsx", b"PK..", "application/vnd.ms-excel")},
        headers={"idempotency-key": key},
    )

    assert (response.status_code, response.json()) == (202, {"id": "d-1"})
    [(sent, body)] = roster.sent
    assert (sent.method, sent.url.path) == ("POST", "/deliveries")
    assert sent.headers["authorization"] == "Bearer secret"
    assert sent.headers["x-actor"] == "bureau-office"
    assert sent.headers["x-department"] == "education_bureau:410326"
    assert sent.headers["idempotency-key"] == key
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b"PK.." in body
    [receipt] = gateway.receipts_of()
    assert (receipt["operation"], receipt["decision"]) == ("hand_in_delivery", "answered")
    assert receipt["document_hash"] == hashlib.sha256(body).hexdigest()


def test_a_delivery_beyond_its_bound_is_refused_before_and_while_it_comes(
    gateway: Asking, roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MOST_BYTES", 100)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 10

    told = ask(gateway, "POST", "/files/deliveries", content=b"x" * 101)
    slow = ask(gateway, "POST", "/files/deliveries", content=endless())

    for response in (told, slow):
        assert (response.status_code, response.json()["code"]) == (422, "REFUSED")
    assert roster.sent == []


@pytest.mark.parametrize("by", ["xiaodian-officer", "village-cadre", "justice-officer", "inspector"])
def test_who_may_not_hand_in_sends_nothing(gateway: Asking, roster: Roster, by: str) -> None:
    assert ask(gateway, "POST", "/files/deliveries", by=by, content=b"PK").status_code == 403
    assert ask(gateway, "GET", f"/files/deliveries/{uuid4()}", by=by).status_code == 403
    assert roster.sent == []


@pytest.mark.parametrize(("status", "code"), [(404, "NOT_FOUND"), (422, "REFUSED"), (403, "FORBIDDEN"), (409, "STALE")])
def test_a_refusal_of_the_roster_comes_back_in_its_words(
    gateway: Asking, roster: Roster, status: int, code: str
) -> None:
    roster.answers.append(httpx.Response(status, json={"code": code, "message": "第3行：日期不存在"}))
    response = ask(gateway, "GET", f"/files/deliveries/{uuid4()}")
    assert (response.status_code, response.json()) == (status, {"code": code, "message": "第3行：日期不存在"})


def test_where_the_roster_does_not_answer_it_may_have_acted(gateway: Asking, roster: Roster) -> None:
    roster.answers.append(httpx.ReadTimeout("late"))
    response = ask(gateway, "POST", "/files/deliveries", content=b"PK")
    assert (response.status_code, response.json()["code"]) == (503, "UNCERTAIN")
    assert len(roster.sent) == 1  # what was streamed is not sent again


def test_progress_is_told_as_it_is(gateway: Asking, roster: Roster) -> None:
    roster.answers.append(httpx.Response(200, json={"state": "reading", "rows": 7}))
    delivery = uuid4()
    response = ask(gateway, "GET", f"/files/deliveries/{delivery}")
    assert response.json() == {"state": "reading", "rows": 7}
    assert response.headers["cache-control"] == "no-store"
    assert roster.sent[0][0].url.path == f"/deliveries/{delivery}"


def test_rejected_rows_come_back_as_a_workbook_and_are_recorded_by_its_hash(gateway: Asking, roster: Roster) -> None:
    roster.answers.append(httpx.Response(200, content=b"PK-marked"))
    delivery = uuid4()
    response = ask(gateway, "GET", f"/files/deliveries/{delivery}/rejects")
    assert response.content == b"PK-marked"
    assert "attachment" in response.headers["content-disposition"]
    assert roster.sent[0][0].url.path == f"/deliveries/{delivery}/rejects.xlsx"
    [receipt] = gateway.receipts_of()
    assert (receipt["operation"], receipt["document_hash"]) == (
        "export_rejects",
        hashlib.sha256(b"PK-marked").hexdigest(),
    )


def test_an_id_that_is_none_is_not_found_and_goes_nowhere(gateway: Asking, roster: Roster) -> None:
    assert ask(gateway, "GET", "/files/deliveries/not-an-id").status_code == 404
    assert roster.sent == []
