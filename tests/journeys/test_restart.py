"""What was recorded is there again after a restart, and nothing happens twice because of it (promise 2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.sample.county import generate
from gateway.readmodel.rebuild import rebuild
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SteppedClock
from services.chassis.config import Settings

AS_OF = date(2026, 9, 14)
CLOCK = SteppedClock(datetime(2026, 9, 14, 1, tzinfo=UTC))


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    settings = Settings(
        data_folder=folder,
        development=True,
        host="127.0.0.1",
        port=0,
        otlp_endpoint="",
        trace_share=0.0,
    )
    with Embedded(settings=settings, clock=CLOCK, durable=False) as system:
        yield system


@contextmanager
def clerk() -> Iterator[Caused]:
    caused = Caused.begin(
        actor="clerk", department="education_bureau:410326", purpose="dropout_control", at=CLOCK.now()
    )
    with acting(caused):
        yield caused


def take_in(system: Running, registers: Path) -> None:
    with clerk():
        system.intake.load_files(list(registers.iterdir()))
        system.intake.comparison.compare(as_of=AS_OF, progress=lambda *_: None)
    wait_until_quiet(system)


def heads(system: Running) -> dict[str, int]:
    return {name: service.application.position() for name, service in system.services.items()}


def read_model(system: Running) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as connection:
        return {
            table: sorted(connection.execute(f"select * from {table}").fetchall(), key=repr)  # noqa: S608
            for table in ("child", "child_identity", "finding", "case_file", "eligibility", "notice", "tracking")
        }


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    generate(children=150, seed=7, as_of=AS_OF).write(folder)
    return folder / "registers"


def test_a_restarted_system_goes_on_where_it_was(data_folder: Path, registers: Path) -> None:
    with running(data_folder) as system:
        take_in(system, registers)
        before, shown = heads(system), read_model(system)

    with running(data_folder) as system:
        wait_until_quiet(system)
        after, shown_again = heads(system), read_model(system)

    assert before["roster"] > 0
    assert before["cases"] > 0
    assert after == before
    assert shown_again == shown


def test_taking_the_same_registers_in_again_records_nothing(data_folder: Path, registers: Path) -> None:
    with running(data_folder) as system:
        take_in(system, registers)
        before = heads(system)

        take_in(system, registers)

        assert heads(system) == before


def test_a_rebuilt_read_model_is_the_one_there_was_and_follows_on(data_folder: Path, registers: Path) -> None:
    with running(data_folder) as system:
        take_in(system, registers)
        before = read_model(system)

        read = rebuild(
            dsn=system.cluster.dsn("gateway", "gateway_writer"),
            owner_dsn=system.cluster.dsn("gateway", "gateway_owner"),
            log=system.log,
            opener=system.vault,
        )
        wait_until_quiet(system)

        assert read == sum(heads(system).values())
        assert read_model(system) == before
        child_id = UUID(str(before["child"][0][0]))
        with clerk():
            system.intake.comparison.erase(child_id, reason="guardian's request")
        wait_until_quiet(system)
        assert child_id not in {row[0] for row in read_model(system)["child_identity"]}


def test_erasing_one_child_makes_it_unreadable_and_leaves_all_others_readable(
    data_folder: Path, registers: Path
) -> None:
    with running(data_folder) as system:
        take_in(system, registers)
        with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as connection:
            rows = connection.execute("select child_id, name from child_identity where name <> ''").fetchall()
        child_id, name = rows[0]

        with clerk():
            system.intake.comparison.erase(child_id, reason="guardian's request")
        wait_until_quiet(system)

        with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as connection:
            [(journal,)] = connection.execute("select string_agg(body::text, '') from journal").fetchall()
        assert name not in journal
        assert child_id not in {row[0] for row in read_model(system)["child_identity"]}
        child = system.services["roster"].application.repository.get(child_id)
        assert child.identity.name == "〔已删除〕"
        other = system.services["roster"].application.repository.get(rows[1][0])
        assert other.identity.name == rows[1][1]
