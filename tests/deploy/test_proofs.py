"""`baoxue proof`: what an operator writes, and an inspector checks with one file and nothing of the system."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy import proofs
from deploy.migrate import migrate
from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from deploy.witness import verify
from deploy.witness.witness import Witness, WitnessServer
from services.chassis.clock import SystemClock
from services.chassis.config import SERVICES, own_secret
from services.chassis.errors import NotFound, Refused
from services.chassis.store import Recorder
from services.chassis.tree import EventTree, origin_of, signer_of
from tests.fixtures.stored_events import an_event


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a system, in which cases has recorded five events and signed them."""
    folder = tmp_path_factory.mktemp("system")
    with Cluster.start(folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        migrate(cluster, SERVICES)
        secret = bytes.fromhex(own_secret(folder / proofs.KEY_FILE))
        shutil.copy(folder / proofs.KEY_FILE, cluster.folder / "secrets")
        dsn = cluster.dsn("cases", "cases_app")
        with closing(Recorder(dsn=dsn)) as recorder:
            recorder.insert_events([an_event() for _ in range(5)])
        EventTree(dsn=dsn, signer=signer_of(origin_of("cases"), secret=secret), clock=SystemClock()).keep_up()
        yield folder
        cluster.delete()


@pytest.fixture(params=["embedded", "distributed"])
def profile(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """The environment of an operator of either profile."""
    cluster = Cluster.attach(folder / "postgres")
    return {
        "embedded": {"BAOXUE_DATA": str(folder), "BAOXUE_POSTGRES": ""},
        "distributed": {
            "BAOXUE_POSTGRES": f"host=127.0.0.1 port={cluster.port} sslmode=disable",
            "BAOXUE_SECRETS": str(cluster.folder / "secrets"),
        },
    }[request.param]


def typed(profile: dict[str, str], *arguments: object) -> Result:
    return CliRunner().invoke(proofs.app, [str(one) for one in arguments], env=profile)


def checked(where: Path, key: str, name: str = "cases-3") -> subprocess.CompletedProcess[str]:
    """What an inspector's own machine says, on which nothing but one file of the system is."""
    shutil.copy(verify.__file__, where / "verify.py")
    command = [sys.executable, "-I", "verify.py", "--key", key, f"{name}.tlog-proof", f"{name}.entry"]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=30, check=False)


def key_of(shown: str) -> str:
    """The key of the log of cases, as it is shown."""
    return next(line for line in shown.splitlines() if line.startswith("baoxue/") and "/cases/1+" in line)


def test_an_operator_sees_how_far_each_log_is_signed(profile: dict[str, str]) -> None:
    shown = typed(profile, "show").stdout

    assert all(origin_of(service) in shown for service in SERVICES)
    assert verify.Verifier.parse(key_of(shown)).name == origin_of("cases")


def test_an_event_is_proved_to_whoever_has_the_logs_key(profile: dict[str, str], tmp_path: Path) -> None:
    key = key_of(typed(profile, "show").stdout)
    written = typed(profile, "event", "cases", 3, "--to", tmp_path)
    assert written.exit_code == 0, written.stdout

    said = checked(tmp_path, key)
    assert (said.returncode, said.stderr) == (0, "")
    assert "one of the 5 of baoxue/410326/cases/1" in said.stdout


def test_an_entry_of_which_one_byte_was_changed_is_not(profile: dict[str, str], tmp_path: Path) -> None:
    key = key_of(typed(profile, "show").stdout)
    typed(profile, "event", "cases", 3, "--to", tmp_path)
    entry = tmp_path / "cases-3.entry"
    entry.write_bytes(entry.read_bytes().replace(b"casework", b"caseworK"))

    said = checked(tmp_path, key)
    assert said.returncode == 1
    assert "NOT PROVED: the entry at 2 is not what the log of 5 entries says is there" in said.stderr


def test_a_timer_has_every_log_cosigned_and_says_which_was_not(profile: dict[str, str], tmp_path: Path) -> None:
    key = key_of(typed(profile, "show").stdout)
    (tmp_path / "logs").write_text(key)
    supervision = Witness(tmp_path, name=f"supervision.example/{uuid4()}")
    with WitnessServer(supervision, host="127.0.0.1", port=0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "list").write_text(f"http://127.0.0.1:{server.server_address[1]}/ {supervision.vkey}\n")
        done = typed(profile, "cosign", "--witnesses", tmp_path / "list")
        server.shutdown()
    assert done.exit_code == 0, done.stdout
    assert f"{supervision.name} 5" in typed(profile, "show").stdout

    (tmp_path / "list").write_text(f"http://127.0.0.1:9/ {Witness(tmp_path / 'away', name='away.example/w').vkey}\n")
    away = typed(profile, "cosign", "--witnesses", tmp_path / "list")
    assert isinstance(away.exception, Refused)
    assert "cases/1: not cosigned by away.example/w" in str(away.exception)


@pytest.mark.parametrize(
    ("service", "position", "refusal"), [("cases", 6, NotFound), ("roster", 1, NotFound), ("police", 1, Refused)]
)
def test_what_is_not_there_is_refused_in_words(
    profile: dict[str, str], tmp_path: Path, service: str, position: int, refusal: type[Exception]
) -> None:
    assert isinstance(typed(profile, "event", service, position, "--to", tmp_path).exception, refusal)
    assert list(tmp_path.iterdir()) == []
