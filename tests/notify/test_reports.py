"""What providers report after they took a message: signed, taken once, in words of their own."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.chassis.http import Surroundings
from services.notify.api import build_api
from services.notify.channels.bounce import read_bounce
from services.notify.channels.signing import signed
from services.notify.domain.dispatch import Outcome
from services.notify.reports import add_reports
from tests.notify.sending import UNIT, House, Provider

KEY = b"the key of reports"

BOUNCE = """\
From: postmaster@county.example
To: baoxue@county.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.county.example
{envelope}
Final-Recipient: rfc822; office@school.example
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

Message-ID: <{key}@county.example>
Subject: x

--b--
"""


def bounce(key: UUID, *, action: str = "failed", status: str = "5.1.1", envelope: bool = True) -> bytes:
    said = f"Original-Envelope-Id: {key}\n" if envelope else ""
    return BOUNCE.format(key=key, action=action, status=status, envelope=said).replace("\n", "\r\n").encode()


@pytest.mark.parametrize("envelope", [True, False])
@pytest.mark.parametrize(
    ("action", "status", "outcome"),
    [
        ("failed", "5.1.1", Outcome(result="failed", failure="unknown_address")),
        ("failed", "5.7.1", Outcome(result="failed", failure="refused")),
        ("failed", "4.4.7", Outcome(result="failed", failure="unreachable")),
        ("delivered", "2.0.0", Outcome(result="delivered")),
    ],
)
def test_a_bounce_names_its_message_and_its_end(envelope: bool, action: str, status: str, outcome: Outcome) -> None:
    key = uuid4()

    assert read_bounce(bounce(key, action=action, status=status, envelope=envelope)) == (key, outcome)


@pytest.mark.parametrize("content", [b"", b"Subject: hello\r\n\r\nI am away", bounce(uuid4(), action="delayed")])
def test_what_is_no_bounce_or_only_late_says_nothing(content: bytes) -> None:
    assert read_bounce(content) is None


class Door:
    """The door as the gateway comes to it: with the services' secret."""

    def __init__(self, api: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app=api)

    def post(self, path: str, *, content: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async def posted() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://notify") as client:
                return await client.post(
                    path, content=content, headers={"authorization": "Bearer t", **(headers or {})}
                )

        return asyncio.run(posted())


@pytest.fixture
def house() -> House:
    house = House(Provider("sms"), Provider("email"))
    house.reach("sms")
    house.reach("email")
    house.notice()
    house.send()
    return house


@pytest.fixture
def door(house: House) -> Door:
    surroundings = Surroundings(clock=house.clock, token="t")
    api: FastAPI = build_api(house.app, house.dispatching, surroundings=surroundings)
    add_reports(api, house.dispatching, key=KEY, surroundings=surroundings)
    return Door(api)


def report(house: House, **said: str) -> tuple[bytes, Mapping[str, str]]:
    body = json.dumps({"key": str(house.messages()[0].id), **said}).encode()
    return body, signed(body, key=KEY, id="r1", at=house.clock.now())


def test_a_signed_report_is_taken_once_however_often_it_comes(house: House, door: Door) -> None:
    body, headers = report(house, state="delivered")

    answers = [door.post("/reports/sms", content=body, headers=headers).status_code for _ in range(3)]

    assert answers == [204, 204, 204]
    assert house.messages()[0].state == "delivered"
    recorded = len(house.app.stored)
    door.post("/reports/sms", content=body, headers=headers)
    assert len(house.app.stored) == recorded


def test_a_number_that_is_reported_unknown_is_its_units_task_and_the_next_address_is_told(
    house: House, door: Door
) -> None:
    body, headers = report(house, state="failed", failure="unknown_address")

    door.post("/reports/sms", content=body, headers=headers)
    house.after(minutes=1)

    assert house.tasks() == [(UNIT, "address_unreachable")]
    assert [message.channel for message in house.messages()] == ["sms", "email"]


def test_a_report_that_nobody_signed_changes_nothing(house: House, door: Door) -> None:
    body, headers = report(house, state="delivered")

    assert door.post("/reports/sms", content=body + b" ", headers=headers).status_code == 403
    assert door.post("/reports/sms", content=body).status_code == 403
    assert door.post("/reports/sms", content=body, headers={**headers, "authorization": "Bearer x"}).status_code == 401
    house.clock.step(timedelta(minutes=6))
    assert door.post("/reports/sms", content=body, headers=headers).status_code == 403
    assert house.messages()[0].state == "accepted"


def test_a_report_on_a_message_that_is_not_ours_is_read_and_changes_nothing(house: House, door: Door) -> None:
    body = json.dumps({"key": str(uuid4()), "state": "delivered"}).encode()
    headers = signed(body, key=KEY, id="r1", at=house.clock.now())
    before = len(house.app.stored)

    assert door.post("/reports/sms", content=body, headers=headers).status_code == 204
    assert len(house.app.stored) == before
