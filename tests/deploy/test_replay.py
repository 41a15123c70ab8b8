"""`baoxue replay`, as an operator types it beside a running system: the past told, and the look on a receipt first."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy import replay
from deploy.migrate import migrate
from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from gateway.readmodel.projection import apply
from services.chassis.errors import NotFound, Refused
from services.chassis.keyring import KeyRing
from services.chassis.log import Message
from services.contracts.envelope import Sealed
from tests.gateway.readmodel.telling import START, Story, TestVault, case_story, envelope, made, registered

CASE, CHILD = made("case", 1, 1), made("child", 1)
STEPS = ("begun", "confirmed", "persuaded", "expired")
BY = ("--by", "inspector-2", "--for", "supervision:410326")
Type = Callable[..., Result]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A system that runs, in which one child was registered and looked for."""
    folder = tmp_path_factory.mktemp("system")
    with Cluster.start(folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        migrate(cluster, ("vault", "gateway"))
        KeyRing.of(folder / "vault.kek")
        unnamed = dict.fromkeys(("name", "id_number", "birth_date", "guardian_name", "guardian_phone"), Sealed(""))
        child = Story("roster", CHILD, (msgspec.structs.replace(registered(1), **unnamed),))
        case = case_story(1, 1, STEPS)
        messages = [Message("roster/0", envelope(child, 0, position=1))]
        messages += [
            Message("cases/0", envelope(case, at, position=at + 1, recorded_at=START + timedelta(days=at)))
            for at in range(len(case.events))
        ]
        with psycopg.connect(cluster.dsn("gateway", "gateway_writer"), autocommit=True) as writer:
            apply(writer, messages, since={}, opener=TestVault())
        yield cluster
        cluster.delete()


@pytest.fixture
def typed(system: Cluster) -> Type:
    def run(*arguments: object) -> Result:
        environment = {"BAOXUE_DATA": str(system.folder.parent), "BAOXUE_POSTGRES": "", "COLUMNS": "200"}
        return CliRunner().invoke(replay.app, [str(one) for one in (*arguments, *BY)], env=environment)

    return run


def receipts(system: Cluster) -> list[tuple[Any, ...]]:
    """What was looked at so far, newest last."""
    with psycopg.connect(system.dsn("gateway", SUPERUSER)) as connection:
        return connection.execute("select operation, actor, child_ids, rows from receipt order by at").fetchall()


def test_a_case_is_told_step_by_step_and_the_look_is_recorded(system: Cluster, typed: Type) -> None:
    shown = typed("case", CASE)

    assert shown.exit_code == 0, shown.output
    assert "persuading" in shown.output
    assert "N2.1-verify" in shown.output
    assert "nothing 未查阅" in shown.output
    assert receipts(system)[-1] == ("replay_case", "inspector-2", [CHILD], 1)


def test_a_case_is_told_as_it_was_known_then(typed: Type) -> None:
    shown = typed("case", CASE, "--known-at", (START + timedelta(days=1, hours=1)).isoformat())

    assert "verifying" in shown.output
    assert "persuading" not in shown.output


def test_what_was_not_known_yet_is_not_found_and_no_look_is_kept(system: Cluster, typed: Type) -> None:
    before = len(receipts(system))

    refused = typed("case", CASE, "--known-at", "2020-01-01T00:00:00")

    assert isinstance(refused.exception, NotFound)
    assert len(receipts(system)) == before


@pytest.mark.parametrize(("command", "about", "said"), [("child", CHILD, "open_case"), ("chain", CHILD, "责任链")])
def test_a_child_and_who_answered_for_it_are_told(
    system: Cluster, typed: Type, command: str, about: object, said: str
) -> None:
    shown = typed(command, about)

    assert shown.exit_code == 0, shown.output
    assert said in shown.output
    assert receipts(system)[-1][0] == f"replay_{command}"


def test_the_county_is_told_by_township_and_state(typed: Type) -> None:
    shown = typed("county", "--on", (START + timedelta(days=1)).date())

    assert shown.exit_code == 0, shown.output
    assert "children" in shown.output


def test_duties_are_summed_and_every_row_is_in_the_workbook(system: Cluster, typed: Type, tmp_path: Path) -> None:
    out = tmp_path / "duties.xlsx"

    shown = typed("duties", "--matter", "case_step", "--out", out)

    assert shown.exit_code == 0, shown.output
    assert "个案应办事项" in shown.output
    sums, rows = openpyxl.load_workbook(out).worksheets
    heading, *lines = [[cell.value for cell in row] for row in rows.iter_rows() if row[0].value][2:]
    standing = heading.index("履职情况")
    assert sorted(line[standing] for line in lines) == sorted(["按期", "按期", "逾期未办", "逾期在办"])
    assert sum(row[2].value for row in list(sums.iter_rows())[3:]) == len(lines)
    assert receipts(system)[-1] == ("replay_duties", "inspector-2", [CHILD], len(lines))


def test_duties_are_summed_by_person_too(typed: Type) -> None:
    shown = typed("duties", "--matter", "case_step", "--by-person")

    assert shown.exit_code == 0, shown.output
    assert "person 责任人" in shown.output
    assert "clerk-7" in shown.output


def test_duties_are_told_as_they_were_known_then(typed: Type, tmp_path: Path) -> None:
    out = tmp_path / "then.xlsx"

    typed("duties", "--known-at", START.isoformat(), "--out", out)

    [*_, last] = [[cell.value for cell in row] for row in openpyxl.load_workbook(out).worksheets[1].iter_rows()]
    assert "在办" in last


def test_a_workbook_is_not_written_over(typed: Type, tmp_path: Path) -> None:
    out = tmp_path / "there.xlsx"
    out.write_bytes(b"mine")

    assert isinstance(typed("duties", "--out", out).exception, Refused)
    assert out.read_bytes() == b"mine"


def test_who_looks_is_said_and_is_a_body_of_the_county(system: Cluster) -> None:
    environment = {"BAOXUE_DATA": str(system.folder.parent), "BAOXUE_POSTGRES": ""}
    for by, unit in (("", "supervision:410326"), ("inspector-2", "nobody:410326"), ("inspector-2", "supervision")):
        said = CliRunner().invoke(replay.app, ["county", "--by", by, "--for", unit], env=environment)
        assert isinstance(said.exception, Refused), (by, unit)
