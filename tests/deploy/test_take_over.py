"""A county that began in one process goes on over Kafka: nobody hears again what was heard before."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from deploy import operate
from deploy.distributed import Distributed
from deploy.embedded import Embedded
from deploy.kafka.topics import FILE
from deploy.policy import DEVELOPMENT_KEY
from deploy.postgres.cluster import Cluster
from deploy.quiet import wait_until_quiet
from deploy.sample.county import generate
from deploy.take_over import take_over
from gateway.access.policy_keys import PUBLIC_KEYS
from services.chassis.clock import SystemClock
from services.chassis.config import SERVICES, Settings
from services.chassis.errors import Refused
from services.chassis.log_kafka import read_topics
from tests.fixtures.store import eventually

AS_OF = date(2026, 9, 14)
TOPICS = read_topics(FILE)


@pytest.fixture
def settings(data_folder: Path) -> Settings:
    return Settings(
        data_folder=data_folder, development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0
    )


@pytest.fixture
def county(settings: Settings, tmp_path: Path) -> None:
    """A county that was taken in by a system in one process, which has come to rest and was stopped."""
    generate(children=120, seed=3, as_of=AS_OF).write(tmp_path)
    with Embedded(settings=settings, clock=SystemClock(), durable=False) as running:
        operate.load(Console(file=StringIO()), running.intake, registers=tmp_path / "registers", as_of=AS_OF)
        wait_until_quiet(running)
        for service in running.services.values():
            service.tick(clock=SystemClock())  # What today is late already is said before, not after.
        wait_until_quiet(running)


@pytest.fixture
def cluster(county: None, data_folder: Path) -> Iterator[Cluster]:
    with Cluster.start(data_folder / "postgres", durable=False) as cluster:
        yield cluster


def heads(cluster: Cluster) -> dict[str, int]:
    return {service: count(cluster, service, "select max(notification_id) from events") for service in SERVICES}


def count(cluster: Cluster, database: str, query: str) -> int:
    with psycopg.connect(
        cluster.dsn(database, f"{database}_owner" if database != "gateway" else "gateway_writer")
    ) as c:
        found = c.execute(query).fetchone()  # type: ignore[call-overload]
    assert found is not None
    return int(found[0] or 0)


def test_every_partition_is_heard_up_to_the_head_and_once_is_enough(cluster: Cluster) -> None:
    places = take_over(cluster, topics=TOPICS)

    at = heads(cluster)
    assert places["gateway"] == {
        f"{topic.producer}/{number}": at[topic.producer] for topic in TOPICS for number in range(6)
    }
    assert places["cases"].keys() >= {f"roster/{number}" for number in range(6)}
    assert take_over(cluster, topics=TOPICS) == places


def test_who_has_not_heard_everything_is_not_moved_and_neither_is_anybody_else(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn("gateway", "gateway_writer")) as connection:
        connection.execute("update tracking set position = position - 1 where name = 'roster/0'")

    with pytest.raises(Refused, match="gateway has not heard the last 1 events of roster"):
        take_over(cluster, topics=TOPICS)
    assert count(cluster, "cases", "select count(*) from tracking where name = 'roster/1'") == 0


def test_what_has_run_over_kafka_is_not_touched(cluster: Cluster) -> None:
    take_over(cluster, topics=TOPICS)
    with psycopg.connect(cluster.dsn("gateway", "gateway_writer")) as connection:
        connection.execute("update tracking set position = position - 1 where name = 'roster/2'")

    with pytest.raises(Refused, match="already heard"):
        take_over(cluster, topics=TOPICS)


def test_it_goes_on_over_kafka_and_nothing_happens_twice(
    kafka_here: None, settings: Settings, cluster: Cluster, data_folder: Path
) -> None:
    before = heads(cluster)
    children = count(cluster, "gateway", "select count(*) from child")
    take_over(cluster, topics=TOPICS)
    cluster.stop()
    moved = data_folder / "distributed"
    moved.mkdir()
    (data_folder / "postgres").rename(moved / "postgres")
    for key in ("vault.kek", "roster.key", "services.token", "trees.key"):
        (data_folder / key).rename(moved / "postgres" / "secrets" / key)
    for file in (PUBLIC_KEYS, DEVELOPMENT_KEY):
        (data_folder / file).rename(moved / file)

    with Distributed(replace(settings, data_folder=moved), durable=False) as system:
        for service in SERVICES:
            sent = "select max(position) from relay_place"
            eventually(lambda: count(system.cluster, service, sent) >= before[service], within=60)  # noqa: B023
        eventually(lambda: all(worker.health()["ready"] for worker in system.workers.values()), within=30)  # type: ignore[index]
        eventually(lambda: all_caught_up(system), within=60)

        assert heads(system.cluster) == before
        assert count(system.cluster, "gateway", "select count(*) from child") == children


def all_caught_up(system: Distributed) -> bool:
    """Whether nobody who reads has anything left to hear."""
    lags = [lag for worker in system.workers.values() for lag in (worker.health() or {}).get("lag", {}).values()]
    return bool(lags) and all(lag["events"] == 0 for lag in lags)
