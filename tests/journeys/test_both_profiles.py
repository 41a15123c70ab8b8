"""One journey, two profiles: everything in one process, and every part a process of its own with Kafka between them."""

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

    case = the_first_suspected_case(system)
    for account, mutation in (
        ("bureau-office", "mutation($id: UUID!) { beginVerification(caseId: $id) { visible } }"),
        ("bureau-office", 'mutation($id: UUID!) { confirmCase(caseId: $id, causes: ["learning"]) { visible } }'),
    ):
        answer = system.ask(account, mutation, id=case["id"])
        assert next(iter(answer.values()))["visible"], "what was done can be read in the same moment"

    assert state_of(system, case["id"]) == "confirmed"
    eventually(lambda: has_a_plan(system, case["child"]["id"]), within=WITHIN_S)
    eventually(lambda: notices_of(system, "bureau-office"), within=WITHIN_S)


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
