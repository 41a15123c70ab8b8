"""What an operator types to bring up and look after a distributed system: on servers that only settings name."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from rich.console import Console

from deploy.operate import show_health
from deploy.postgres.cluster import Cluster
from deploy.secrets import KEYS, make_secrets
from services.chassis.config import read_process_settings
from services.chassis.runtime import Report, Runtime
from services.chassis.web import WebServer, add_health

RUN_S = 60


def baoxue(*arguments: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAOXUE_")}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        env=environment | {"COLUMNS": "200"} | dict(settings),
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )


def test_every_secret_is_in_a_file_of_its_own_that_nobody_else_may_read(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets")
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    assert set(made) == set(before) >= {"postgres", "cases_app", "cases_owner", "gateway_reader", "vault_app", *KEYS}
    assert len(set(before.values())) == len(before), "no two are the same"
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "secrets").iterdir())

    make_secrets(tmp_path / "secrets")
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == before


def test_servers_are_prepared_and_migrated_by_what_their_settings_say(data_folder: Path) -> None:
    secrets = data_folder / "secrets"
    make_secrets(secrets)
    with Cluster.start(data_folder / "postgres", durable=False) as cluster:
        (secrets / "postgres").write_text(cluster.secret("postgres"))
        settings = {
            "BAOXUE_POSTGRES": f"host=127.0.0.1 port={cluster.port} sslmode=disable",
            "BAOXUE_SECRETS": str(secrets),
        }
        early = baoxue("migrate", "cases", settings=settings)
        prepared = baoxue("prepare", settings=settings)
        migrated = [baoxue("migrate", settings=settings) for _ in range(2)]

        assert early.returncode == 2
        assert "A database server can't be used as BAOXUE_POSTGRES says" in " ".join(early.stderr.split())
        assert "Traceback" not in early.stderr
        assert prepared.returncode == 0, prepared.stderr
        assert [done.returncode for done in migrated] == [0, 0], migrated[0].stderr
        for database, role in (("cases", "cases_app"), ("gateway", "gateway_reader"), ("vault", "vault_app")):
            with psycopg.connect(read_process_settings(settings).dsn(database, role)) as connection:
                assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (("prepare",), {}, "BAOXUE_POSTGRES is not set"),
        (("topics",), {}, "BAOXUE_KAFKA is not set"),
        (("migrate", "case"), {"BAOXUE_POSTGRES": "host=127.0.0.1"}, "there is no case"),
        (("migrate",), {"BAOXUE_POSTGRES": "host=127.0.0.1"}, "roster_owner is missing"),
        (("topics",), {"BAOXUE_KAFKA": "127.0.0.1:1", "BAOXUE_TOPICS": "/nowhere.yaml"}, "/nowhere.yaml can't be read"),
    ],
)
def test_what_is_missing_is_said_in_words(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], words: str
) -> None:
    refused = baoxue(*arguments, settings=settings | {"BAOXUE_SECRETS": str(tmp_path)})

    assert refused.returncode == 2
    assert words in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr


def test_health_shows_every_process_and_whether_all_are_ready(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()
    add_health(app, report=lambda: Report(parts={"cases relay": "standing by"}, lag={}, parked={}))
    server = WebServer(app, name="cases", host="127.0.0.1", port=0)
    with Runtime([server]):
        well = show_health(Console(width=150), [server.url])
        with_one_away = show_health(Console(width=150), [server.url, "http://127.0.0.1:1"])

    assert (well, with_one_away) == (True, False)
    shown = capsys.readouterr().out
    assert "All is well" in shown
    assert "standing by" in shown
    assert "nothing answers: ConnectError" in shown


def test_health_without_a_system_here_is_refused(tmp_path: Path) -> None:
    refused = baoxue("health", settings={"BAOXUE_DATA": str(tmp_path)})

    assert refused.returncode == 2
    assert "There is no distributed system" in refused.stderr


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        ("services.cases", (), "required: "),
        ("services.cases", ("projector",), "invalid choice: 'projector'"),
        ("services.cases", ("api",), "BAOXUE_POSTGRES is not set"),
        ("gateway", ("api",), "BAOXUE_POSTGRES is not set"),
    ],
)
def test_a_process_that_lacks_something_says_what(
    tmp_path: Path, module: str, arguments: tuple[str, ...], words: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAOXUE_")}
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment | {"BAOXUE_SECRETS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )

    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
