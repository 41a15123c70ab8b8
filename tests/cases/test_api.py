"""The HTTP face: every command has its route, with the command's own words."""

import asyncio
import inspect
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from services.cases.api import build_api
from services.cases.application import Cases
from services.cases.courts import Courts
from services.cases.data_requests import DataRequests
from services.cases.disclosures import Disclosures
from services.cases.domain.case import id_of_case
from services.cases.lookup import Dropouts, Posts
from services.cases.oversight import Oversight
from services.cases.public_reports import PublicReports
from services.cases.responsibility import Responsibility
from services.cases.statistics import Statistics
from services.chassis.application import Answer
from services.chassis.clock import SteppedClock
from services.chassis.http import Surroundings
from tests.cases.given import CHILD
from tests.cases.in_memory import MemoryCases

SURROUNDINGS = Surroundings(clock=SteppedClock(datetime(2026, 9, 14, 4, tzinfo=UTC)), token="secret")


def test_every_command_has_a_route() -> None:
    commands = {
        name
        for name, method in inspect.getmembers(Cases, inspect.isfunction)
        if method.__module__ == Cases.__module__ and inspect.signature(method).return_annotation is Answer
    }
    commands -= {"keep_attachment"}  # comes with its file, by a door of its own
    for beside in (Oversight, PublicReports, Responsibility, Disclosures, Courts, Statistics, DataRequests):
        commands |= {name for name, _ in inspect.getmembers(beside, inspect.isfunction) if not name.startswith("_")}
    paths = face(MemoryCases()).openapi()["paths"]

    assert {f"/commands/{name.replace('_', '-')}" for name in commands} <= set(paths)
    assert len([path for path in paths if path.startswith("/commands/")]) == len(commands)


def face(cases: MemoryCases) -> FastAPI:
    """The routes over cases in memory."""
    oversight = Oversight(cases=cases, dropouts=Dropouts, posts=Posts)
    return build_api(
        cases,
        oversight,
        PublicReports(cases=cases),
        Responsibility(cases=cases),
        Disclosures(cases=cases),
        Courts(cases=cases),
        Statistics(cases=cases),
        DataRequests(cases=cases),
        surroundings=SURROUNDINGS,
    )


def post(cases: MemoryCases, path: str, body: dict[str, Any], *, command_id: UUID) -> Response:
    """Sends one command as the gateway would."""
    headers = {
        "Authorization": "Bearer secret",
        "Idempotency-Key": str(command_id),
        "X-Actor": "officer-1",
        "X-Department": "education_bureau:410326",
        "X-Purpose": "dropout_control",
    }

    async def send() -> Response:
        transport = ASGITransport(app=face(cases))
        async with AsyncClient(transport=transport, base_url="http://cases") as client:
            return await client.post(path, json=body, headers=headers)

    return asyncio.run(send())


def test_a_case_is_opened_over_http_and_a_refusal_comes_back_in_words() -> None:
    cases = MemoryCases()
    body = {"child_id": str(CHILD), "cause": "absent", "township": "410326103"}

    opened = post(cases, "/commands/open-case", body, command_id=uuid4())
    again = post(cases, "/commands/open-case", body, command_id=uuid4())

    assert opened.json() == {"id": str(id_of_case(CHILD, 1)), "position": 1}
    assert again.status_code == 422
    assert "one open case at a time" in again.json()["message"]
    assert "allowed now: begin_verification" in again.json()["message"]
