"""The roster's story, told through the gateway: registers in, findings told and answered, compared again, closed, all in one sum."""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.sample.county import generate
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SteppedClock
from services.chassis.config import Settings

AS_OF = date(2026, 9, 14)
POLICE, BUREAU, FEDERATION = "police-officer", "bureau-office", "disability-officer"
MADE_S = 60.0

Ask = Callable[..., dict[str, Any]]


@contextmanager
def running(folder: Path, clock: SteppedClock) -> Iterator[Running]:
    settings = Settings(
        data_folder=folder, development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0
    )
    with Embedded(settings=settings, clock=clock, durable=False) as system:
        yield system


def take_in(system: Running, registers: Path, clock: SteppedClock) -> None:
    caused = Caused.begin(
        actor="clerk", department="education_bureau:410326", purpose="dropout_control", at=clock.now()
    )
    with acting(caused):
        system.intake.load_files(sorted(registers.iterdir()))
        system.intake.comparison.compare(as_of=AS_OF, progress=lambda *_: None)
    wait_until_quiet(system)


def asking(client: httpx.Client) -> Ask:
    """Asks in the name of an account; the answer's data, or its errors."""

    def headers(account: str) -> dict[str, str]:
        told = client.post(f"/development/token/{account}").json()
        return {"authorization": f"Bearer {next(iter(told.values()))}", "idempotency-key": str(uuid4())}

    def ask(account: str, document: str = "", *, file: str = "", **variables: object) -> dict[str, Any]:
        if file:
            return dict(client.get(file, headers=headers(account)).json())
        body = {"query": document, "variables": variables}
        told = client.post("/graphql", json=body, headers=headers(account)).json()
        return dict(told.get("data") or {"errors": told["errors"]})

    return ask


ANSWER = (
    'mutation ($f: UUID!, $c: String!) { answerFinding(findingId: $f, code: $c, evidence: "核字15号") { position } }'
)
ACCEPT = (
    "mutation ($f: UUID!) { acceptAnswer(findingId: $f) { position finding { state resolution evidence approvedBy } } }"
)
MINE = "{ findings(mine: true, first: 50) { nodes { id kind dueOn reason legalBasis child { id } } } }"


def shortened(registers: Path) -> None:
    """The household register comes again, as another file and without its last rows."""
    path = registers / "hukou.csv"
    with path.open(encoding="gb18030", newline="") as file:
        lines = list(csv.reader(file))
    (registers / "hukou.csv").unlink()
    with (registers / "hukou-2.csv").open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(lines[:-3])


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    generate(children=400, seed=3, as_of=AS_OF).write(folder)
    return folder / "registers"


def test_registers_become_findings_that_are_told_answered_compared_again_and_closed(
    data_folder: Path, registers: Path
) -> None:
    clock = SteppedClock(datetime(2026, 9, 14, 1, tzinfo=UTC))
    with running(data_folder, clock) as system, httpx.Client(base_url=system.web.url, timeout=30) as client:
        ask = asking(client)
        take_in(system, registers, clock)

        # Each finding is explained, dated, owned, and its owner is told in words that name nobody.
        owed = ask(POLICE, MINE)["findings"]["nodes"]
        assert owed
        assert all(finding["reason"] and finding["dueOn"] and finding["legalBasis"] for finding in owed)
        notices = ask(POLICE, "{ notices(first: 50) { nodes { reason text recipient } } }")["notices"]["nodes"]
        assert {"finding_raised"} == {notice["reason"] for notice in notices}
        assert len(notices) <= len({finding["kind"] for finding in owed}), "one for many alike"
        shown = ask(BUREAU, "{ findings(first: 100) { nodes { id grounds { register batchId row rule } } } }")
        assert all(finding["grounds"] for finding in shown["findings"]["nodes"])

        # It is answered by exactly its owner, and closed by somebody else.
        number = next(finding for finding in owed if finding["kind"] == "no_id_number")
        assert "errors" in ask(FEDERATION, ANSWER, f=number["id"], c="number_issued")
        assert "errors" in ask(BUREAU, ANSWER, f=number["id"], c="number_issued")
        assert "answerFinding" in ask(POLICE, ANSWER, f=number["id"], c="number_issued")
        assert "errors" in ask(POLICE, ACCEPT, f=number["id"])
        assert ask(BUREAU, ACCEPT, f=number["id"])["acceptAnswer"]["finding"] == {
            "state": "resolved",
            "resolution": "number_issued",
            "evidence": "核字15号",
            "approvedBy": "education_bureau:410326",
        }
        wait_until_quiet(system)

        # What the bureau owes itself it answers too, and another person of it would have to accept.
        own = ask(BUREAU, MINE)["findings"]["nodes"][0]
        code = "platform_cleared" if own["kind"] == "suspect_listed" else "record_corrected"
        assert "answerFinding" in ask(BUREAU, ANSWER, f=own["id"], c=code)
        assert "second person" in json.dumps(ask(BUREAU, ACCEPT, f=own["id"]))
        wait_until_quiet(system)

        # Compared again nothing is new, so nothing is recorded; what was answered is not raised again.
        head = system.services["roster"].application.position()
        compared_again(ask)
        assert system.services["roster"].application.position() == head

        # Another register comes in: what it no longer says is closed, and nobody falls out of the sum.
        shortened(registers)
        take_in(system, registers, clock)
        assert system.services["roster"].application.position() > head
        everybody_is_counted_once(ask)


def compared_again(ask: Ask) -> None:
    """The bureau has the registers in force compared again, and waits until that was done."""
    told = ask(BUREAU, "mutation { compareRegisters { id } }")["compareRegisters"]
    deadline = time.monotonic() + MADE_S
    while not ask(BUREAU, file=f"/files/comparisons/{told['id']}")["made"]:
        assert time.monotonic() < deadline


def everybody_is_counted_once(ask: Ask) -> None:
    """The villages sum to their townships, in every state; and the registers' counts are there beside them."""
    villages, townships = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for line in ask(BUREAU, "{ villagePartition { township village state count } }")["villagePartition"]:
        villages[line["township"], line["state"]] += line["count"]
    for line in ask(BUREAU, "{ partition { township state count } }")["partition"]:
        townships[line["township"], line["state"]] += line["count"]
    assert villages == townships
    assert not any(state == "unaccounted" for _, state in townships)
    counts = ask(
        BUREAU,
        "query ($d: Date!) { fourChecks(asOf: $d) { inWindow hukou enrolled inSchool notEnrolled } }",
        d=str(AS_OF),
    )
    assert sum(place["inWindow"] for place in counts["fourChecks"]) > 300
    assert any(place["notEnrolled"] for place in counts["fourChecks"])
