"""How a unit says where it is told, what it sees of it, and how providers' reports go through."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.words import WORDS
from services.notify.domain.templates import TEMPLATES
from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over

SIGNED = {"webhook-id": "r1", "webhook-timestamp": "1789000000", "webhook-signature": "v1,abc"}


class Notify(httpx.AsyncBaseTransport):
    """Notify as the gateway reaches it: it takes everything, answers as told, and remembers."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.status = 204

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.path.startswith("/reports/"):
            return httpx.Response(self.status)
        return httpx.Response(200, json={"id": str(county.made("address", 0)), "position": 3})


@pytest.fixture(scope="module")
def notify() -> Notify:
    return Notify()


@pytest.fixture(scope="module")
def gateway(read_model: Any, notify: Notify) -> Iterator[Asking]:
    with asking_over(read_model, notify) as asking:
        yield asking


@pytest.fixture(autouse=True)
def nothing_sent_yet(notify: Notify) -> None:
    notify.sent.clear()
    notify.status = 204


def posted(gateway: Asking, path: str, *, content: bytes = b"{}", headers: dict[str, str] | None = None) -> int:
    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(gateway.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.post(path, content=content, headers=headers)

    return gateway.runner.run(post()).status_code


def test_a_unit_sets_its_own_address_and_no_others(gateway: Asking, notify: Notify) -> None:
    set_it = 'mutation { setAddress(channel: "sms", address: "13900000001", holder: "deputy") { id } }'

    assert gateway.ask(set_it, by="school-principal").data["setAddress"]["id"] == str(county.made("address", 0))

    [sent] = notify.sent
    assert sent.url.path == "/commands/set-address"
    assert "13900000001" not in str(sent.url)
    assert json.loads(sent.content) == {
        "unit": f"school:{county.SCHOOL}",
        "channel": "sms",
        "address": "13900000001",
        "secret": "",
        "holder": "deputy",
        "matters": [],
        "mine": False,
    }


def test_a_person_sets_an_address_for_itself_and_its_unit_clears_it(gateway: Asking, notify: Notify) -> None:
    mine = next(
        row
        for table, row in county.county_rows()
        if table == "contact_address" and row["unit"] == f"school:{county.SCHOOL}" and row["account"]
    )
    set_it = 'mutation { setAddress(channel: "sms", address: "13900000001", matters: ["case"], mine: true) { id } }'

    gateway.ask(set_it, by="school-principal")
    gateway.ask(f'mutation {{ clearAddress(entryId: "{mine["entry_id"]}") {{ id }} }}', by="school-principal")

    was_set, cleared = (json.loads(request.content) for request in notify.sent)
    assert (was_set["mine"], was_set["matters"]) == (True, ["case"])
    assert cleared == {
        "unit": f"school:{county.SCHOOL}",
        "entry_id": str(mine["entry_id"]),
        "account": mine["account"],
    }


def test_hours_and_absence_are_sent_as_they_are_meant(gateway: Asking, notify: Notify) -> None:
    gateway.ask('mutation { setHours(quietFrom: "21:00", quietUntil: "07:00") { id } }', by="school-principal")
    gateway.ask('mutation { setAbsence(fromOn: "2026-09-14", untilOn: "2026-09-18") { id } }', by="school-principal")

    hours, absence = (json.loads(request.content) for request in notify.sent)
    assert (hours["quiet_from"], hours["quiet_until"], hours["digest_at"]) == ("21:00:00", "07:00:00", None)
    assert (absence["from_on"], absence["until_on"]) == ("2026-09-14", "2026-09-18")


def test_another_units_address_and_message_are_not_there(gateway: Asking, notify: Notify) -> None:
    rows = [(table, row) for table, row in county.county_rows() if table in {"contact_address", "message"}]
    of_others = {table: row for table, row in rows if row["unit"] != f"school:{county.SCHOOL}"}
    clear = f'mutation {{ clearAddress(entryId: "{of_others["contact_address"]["entry_id"]}") {{ id }} }}'
    resend = f'mutation {{ resendDispatch(dispatchId: "{of_others["message"]["message_id"]}") {{ id }} }}'

    assert gateway.ask(clear, by="school-principal").code == "NOT_FOUND"
    assert gateway.ask(resend, by="school-principal").code == "NOT_FOUND"
    assert notify.sent == []


def test_a_unit_sees_its_addresses_as_hints_and_its_messages(gateway: Asking) -> None:
    query = "{ contactAddresses { nodes { unit hint } } messages { nodes { unit channel state } } }"

    seen = gateway.ask(query, by="school-principal").data

    units = {row["unit"] for shown in seen.values() for row in shown["nodes"]}
    assert units == {f"school:{county.SCHOOL}"}


def test_a_report_is_passed_on_as_it_came(gateway: Asking, notify: Notify) -> None:
    assert posted(gateway, "/reports/sms", content=b'{"key": "k"}', headers=SIGNED) == 204

    [sent] = notify.sent
    assert (sent.url.path, sent.content) == ("/reports/sms", b'{"key": "k"}')
    assert {name: sent.headers[name] for name in SIGNED} == SIGNED
    assert sent.headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(("status", "answered"), [(403, 403), (503, 503), (422, 400)])
def test_what_notify_says_to_a_report_is_told(gateway: Asking, notify: Notify, status: int, answered: int) -> None:
    notify.status = status

    assert posted(gateway, "/reports/email", headers=SIGNED) == answered


@pytest.mark.parametrize(
    ("path", "headers", "content", "answered"),
    [
        ("/reports/fax", SIGNED, b"{}", 404),
        ("/reports/sms", {}, b"{}", 404),
        ("/reports/sms", SIGNED, b"x" * (256 * 1024 + 1), 413),
    ],
)
def test_what_is_no_report_goes_no_further(
    gateway: Asking, notify: Notify, path: str, headers: dict[str, str], content: bytes, answered: int
) -> None:
    assert posted(gateway, path, content=content, headers=headers) == answered
    assert notify.sent == []


def test_kinds_of_matter_are_called_on_pages_as_notices_call_them() -> None:
    assert WORDS["notice_matters"] == TEMPLATES.matters
