"""Erased is gone: no dump, no topic, no log, no trace holds a word about a child whose key was shredded (PIPL 47, N8)."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from kafka import KafkaConsumer
from kafka.structs import TopicPartition
from rich.console import Console
from typer.testing import CliRunner

from deploy import operate, proofs
from deploy.distributed import Distributed
from deploy.postgres.cluster import SUPERUSER
from deploy.postgres.databases import DATABASES
from deploy.sample.county import generate
from services.chassis.config import Settings, read_process_settings
from tests.faults.promises import wait_until_quiet
from tests.fixtures.otlp import Collector
from tests.fixtures.store import eventually
from tests.journeys.test_both_profiles import AS_OF, WITHIN_S, System, state_of, the_first_suspected_case

NOTE = "翠鸟停在七里桥边的柳树上"
PHOTO = b"\xff\xd8\xff\xe0" + "渡口的照片第四十二张".encode()


@dataclass(frozen=True)
class Watched:
    """A distributed system whose traces and metrics are received here."""

    system: System
    running: Distributed
    otlp: Collector

    def traces_of(self, words: list[str]) -> dict[str, list[str]]:
        """Where any of the words stands, by place: every database dumped, every topic, all logs, all telemetry."""
        needles = {word: (word.encode(), word.encode().hex().encode()) for word in words}
        found: dict[str, list[str]] = {}
        for place, content in self._everything():
            there = [word for word, forms in needles.items() if any(form in content for form in forms)]
            if there:
                found.setdefault(place, []).extend(there)
        return found

    def _everything(self) -> Iterator[tuple[str, bytes]]:
        cluster = self.running.cluster
        for database in DATABASES:
            command = [str(cluster.program("pg_dump")), cluster.dsn(database.name, SUPERUSER)]
            yield f"dump of {database.name}", subprocess.run(command, check=True, capture_output=True).stdout
        yield "topics", b"\n".join(self._records())
        for log in sorted((self.running.folder / "logs").iterdir()):
            yield f"log {log.name}", log.read_bytes()
        yield "log of PostgreSQL", (cluster.server / "server.log").read_bytes()
        yield "traces and metrics", self.otlp.received()

    def _records(self) -> Iterator[bytes]:
        consumer = KafkaConsumer(bootstrap_servers=list(self.running.brokers.bootstrap), consumer_timeout_ms=5_000)
        try:
            partitions = [
                TopicPartition(topic, number)
                for topic in sorted(consumer.topics())
                for number in sorted(consumer.partitions_for_topic(topic) or ())
            ]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            while any(consumer.position(partition) < end for partition, end in ends.items()):
                for records in consumer.poll(timeout_ms=5_000).values():
                    yield from (record.value for record in records)
        finally:
            consumer.close()


@pytest.fixture
def watched(kafka_here: None, data_folder: Path, otlp: Collector) -> Iterator[Watched]:
    settings = Settings(
        data_folder=data_folder,
        development=True,
        host="127.0.0.1",
        port=0,
        otlp_endpoint=otlp.endpoint,
        trace_share=1.0,
    )
    with (
        Distributed(settings, durable=False) as running,
        operate.roster_intake(read_process_settings(running.environment())) as intake,
    ):
        yield Watched(System(running.url, intake), running, otlp)


def test_after_an_erasure_no_dump_topic_log_or_trace_holds_the_child_and_all_proofs_hold(
    watched: Watched, tmp_path: Path
) -> None:
    system = watched.system
    generate(children=150, seed=7, as_of=AS_OF).write(tmp_path)
    operate.load(Console(file=StringIO()), system.intake, registers=tmp_path / "registers", as_of=AS_OF)
    case = the_first_suspected_case(system)
    child = str(case["child"]["id"])
    words = [*who_is(system, child).values(), NOTE, PHOTO[4:].decode()]
    tell_about(system, child=child, case=case["id"])
    wait_until_quiet(watched.running)
    before = watched.traces_of(words)

    operate.erase(system.intake, child_id=UUID(child), reason="guardian's request 2026-7")
    wait_until_quiet(watched.running)
    eventually(lambda: is_erased(system, child), within=WITHIN_S)

    assert set(before) == {"dump of gateway"}, "names in the clear are the read model's alone, while they may be shown"
    assert watched.traces_of(words) == {}
    assert state_of(system, case["id"]) == "persuading", "the history goes on without the name"
    checked = CliRunner().invoke(proofs.app, ["check"], env=dict(watched.running.environment()))
    assert checked.exit_code == 0, checked.exception
    for service in ("roster", "cases"):
        assert re.search(rf"{service}: [1-9]\d* entries are those that were signed", checked.stdout), checked.stdout


def who_is(system: System, child: str) -> dict[str, str]:
    """What says who the child is and belongs to nobody else in the county."""
    query = "query($id: UUID!) { child(id: $id) { name idNumber studentNumber guardianPhone } }"
    told = {name: text for name, text in system.ask("bureau-office", query, id=child)["child"].items() if text}
    assert "idNumber" in told
    assert "name" in told
    return told


def tell_about(system: System, *, child: str, case: str) -> None:
    """Words and a picture are added, as the bureau and the township do."""
    for mutation in (
        "mutation($id: UUID!) { beginVerification(caseId: $id) { visible } }",
        'mutation($id: UUID!) { confirmCase(caseId: $id, causes: ["learning"]) { visible } }',
        """mutation($id: UUID!, $note: String!) {
            recordPersuasion(caseId: $id, method: "home_visit", outcome: "refused", note: $note, madeOn: "2026-09-14") { visible }
        }""",
    ):
        variables = {"id": case} | ({"note": NOTE} if "$note" in mutation else {})
        assert system.ask("bureau-office", mutation, **variables)
    token = httpx.post(f"{system.url}/development/token/bureau-office").json()["token"]
    kept = httpx.post(
        f"{system.url}/files/attachments",
        params={"child": child, "shows": "visit", "case": case},
        content=PHOTO,
        headers={"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())},
        timeout=30,
    )
    assert kept.is_success, kept.text


def is_erased(system: System, child: str) -> bool:
    query = "query($id: UUID!) { child(id: $id) { erased name } }"
    shown = system.ask("bureau-office", query, id=child)["child"]
    return bool(shown["erased"]) and shown["name"] is None
