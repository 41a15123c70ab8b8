"""One journey, two profiles: everything in one process, and every part a process of its own with Kafka between them."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from rich.console import Console
from websockets.sync.client import ClientConnection, connect

from deploy import operate
from deploy.distributed import Distributed
from deploy.embedded import Embedded
from deploy.sample.county import generate
from services.chassis.clock import SystemClock
from services.chassis.config import Settings, read_process_settings
from services.roster.intake import Intake
from tests.fixtures.store import eventually

AS_OF = date(2026, 9, 14)
WITHIN_S = 60.0


@dataclass(frozen=True)
class System:
    """A running system as its users know it."""

    url: str
    intake: Intake

    def ask(self, account: str, query: str, **variables: object) -> dict[str, Any]:
        token = httpx.post(f"{self.url}/development/token/{account}").json()["token"]
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())},
            timeout=30,
        ).json()
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


@contextmanager
def embedded(settings: Settings) -> Iterator[System]:
    with Embedded(settings=settings, clock=SystemClock(), durable=False) as running:
        yield System(running.web.url, running.intake)


@contextmanager
def distributed(settings: Settings) -> Iterator[System]:
    with (
        Distributed(settings, durable=False) as running,
        operate.roster_intake(read_process_settings(running.environment())) as intake,
    ):
        yield System(running.url, intake)


@pytest.fixture(params=["embedded", "distributed"])
def system(request: pytest.FixtureRequest, data_folder: Path) -> Iterator[System]:
    if request.param == "distributed":
        request.getfixturevalue("kafka_here")
    settings = Settings(
        data_folder=data_folder, development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0
    )
    profile = embedded if request.param == "embedded" else distributed
    with profile(settings) as running:
        yield running


def test_a_child_who_is_missing_from_its_seat_is_looked_for_and_helped(system: System, tmp_path: Path) -> None:
    generate(children=150, seed=7, as_of=AS_OF).write(tmp_path)
    operate.load(Console(file=StringIO()), system.intake, registers=tmp_path / "registers", as_of=AS_OF)

    form = public_form(system)
    case = the_first_suspected_case(system)
    with follows(system, "bureau-office", FOLLOWED, id=case["id"]) as socket:
        assert next_of(socket)["case"]["state"] == "suspected"
        is_looked_for(system, case["id"])
        shown = next_of(socket)["case"]["state"]
        assert (shown if shown == "confirmed" else next_of(socket)["case"]["state"]) == "confirmed"

    assert state_of(system, case["id"]) == "confirmed"
    eventually(lambda: has_a_plan(system, case["child"]["id"]), within=WITHIN_S)
    eventually(lambda: notices_of(system, "bureau-office"), within=WITHIN_S)
    somebody_of_the_public_reports(system, form)


def is_looked_for(system: System, case_id: str) -> None:
    for account, mutation in (
        ("bureau-office", "mutation($id: UUID!) { beginVerification(caseId: $id) { visible } }"),
        ("bureau-office", 'mutation($id: UUID!) { confirmCase(caseId: $id, causes: ["learning"]) { visible } }'),
    ):
        answer = system.ask(account, mutation, id=case_id)
        assert next(iter(answer.values()))["visible"], "what was done can be read in the same moment"


FOLLOWED = "subscription Case($id: UUID!) { case(id: $id) { state } }"


@contextmanager
def follows(system: System, account: str, query: str, **variables: object) -> Iterator[ClientConnection]:
    """A partner follows what a query shows, over a WebSocket."""
    token = httpx.post(f"{system.url}/development/token/{account}").json()["token"]
    url = f"{system.url.replace('http', 'ws', 1)}/graphql"
    with connect(url, subprotocols=["graphql-transport-ws"], open_timeout=WITHIN_S) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(socket.recv(timeout=WITHIN_S))["type"] == "connection_ack"
        socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query, "variables": variables}}))
        yield socket


def next_of(socket: ClientConnection) -> dict[str, Any]:
    """What is shown next."""
    told = json.loads(socket.recv(timeout=WITHIN_S))
    assert told["type"] == "next", told
    data: dict[str, Any] = told["payload"]["data"]
    return data


TOLD = "窑厂有一个十二岁左右的男孩在做工"


def public_form(system: System) -> dict[str, str]:
    """The public's form, as a browser gets it and somebody fills it in."""
    page = httpx.get(f"{system.url}/report").text
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found is not None, page
    return {"token": found[1], "township": "410326103", "text": TOLD, "contact": "13800000000"}


def somebody_of_the_public_reports(system: System, form: Mapping[str, str]) -> None:
    """Told without an account, read by the bureau, and followed up with the code on the receipt."""
    sent: list[httpx.Response] = []

    def is_taken() -> (
        bool
    ):  # nobody writes a report within a second or two, so until then it comes back to be read again
        sent.append(httpx.post(f"{system.url}/report", data=form, timeout=30))
        return sent[-1].is_success

    eventually(is_taken, within=WITHIN_S)
    receipt = sent[-1]
    code = re.search(r"<strong>([0-9A-Z-]+)</strong>", receipt.text)
    assert code is not None, receipt.text

    told = "{ publicReports(first: 5) { nodes { text receiptNumber } } }"
    eventually(lambda: system.ask("bureau-office", told)["publicReports"]["nodes"], within=WITHIN_S)
    [report] = system.ask("bureau-office", told)["publicReports"]["nodes"]
    assert report["text"] == TOLD
    standing = httpx.post(f"{system.url}/report/follow-up", data={"code": code[1]}, timeout=30)
    assert report["receiptNumber"] in standing.text
    assert TOLD not in standing.text


def the_first_suspected_case(system: System) -> Mapping[str, Any]:
    query = '{ cases(state: "suspected", first: 1) { edges { node { id child { id } } } } }'
    eventually(lambda: system.ask("bureau-office", query)["cases"]["edges"], within=WITHIN_S)
    found: Mapping[str, Any] = system.ask("bureau-office", query)["cases"]["edges"][0]["node"]
    return found


def state_of(system: System, case_id: str) -> str:
    return str(
        system.ask("bureau-office", "query($id: UUID!) { case(id: $id) { state } }", id=case_id)["case"]["state"]
    )


def has_a_plan(system: System, child_id: str) -> bool:
    found = system.ask("bureau-assistance", "query($id: UUID!) { child(id: $id) { plans { id } } }", id=child_id)
    return bool(found["child"]["plans"])


def notices_of(system: System, account: str) -> list[Any]:
    found: list[Any] = system.ask(account, "{ notices(first: 5) { edges { node { id } } } }")["notices"]["edges"]
    return found
