"""`baoxue policy`, as the bureau's office types it: a key, the first release, a look at it, a change."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy import policy
from deploy.migrate import migrate
from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from gateway.access import policy_log
from gateway.access.policy import load_policy, read_files
from gateway.access.policy_keys import PUBLIC_KEYS, read_keys
from services.chassis.errors import Refused

NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)
Type = Callable[..., Result]
DECIDED = ("--by", "bureau-head", "--basis", "县教育局〔2026〕12号")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The databases of a system that runs."""
    folder = tmp_path_factory.mktemp("system")
    with Cluster.start(folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        migrate(cluster, ("gateway",))
        yield cluster
        cluster.delete()


@pytest.fixture(autouse=True)
def nothing_released(system: Cluster) -> Iterator[None]:
    """Every test begins with an empty log, and no list of keys."""
    yield
    (system.folder.parent / PUBLIC_KEYS).unlink(missing_ok=True)
    with psycopg.connect(system.dsn("gateway", SUPERUSER)) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("delete from policy_log")


@pytest.fixture
def baoxue(system: Cluster) -> Type:
    """Types `baoxue policy …` on this machine, and answers a question with yes."""
    environment = {"BAOXUE_DATA": str(system.folder.parent), "BAOXUE_POSTGRES": "", "BAOXUE_POLICY_KEYS": ""}

    def run(*arguments: object, typed: str = "y\n") -> Result:
        return CliRunner().invoke(policy.app, [str(one) for one in arguments], input=typed, env=environment)

    return run


def test_an_office_makes_a_key_releases_looks_and_changes(
    system: Cluster, baoxue: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, listed = tmp_path / "release.key", system.folder.parent / PUBLIC_KEYS
    assert isinstance(baoxue("verify").exception, Refused)

    line = baoxue("key", key, "--holder", "教育体育局局长办公室", "--from", "2026-01-01").stdout
    listed.write_text(line, encoding="utf-8")
    assert key.stat().st_mode & 0o077 == 0
    assert key.read_text().strip() not in line

    assert "No policy was ever released" in baoxue("show").output
    assert "would be the first" in baoxue("diff").output
    assert "entry 1" in baoxue("release", "--key", key, *DECIDED).output
    assert f"version {load_policy().version} is in force" in baoxue("verify").output
    assert {"bureau-head", "县教育局〔2026〕12号"} <= set(baoxue("show").output.replace("│", " ").split())
    assert "无变更" in baoxue("diff").output

    texts = read_files()
    widened = texts["policy.csv"] + "finance,statistics,Child,id name,area,full,县控辍保学通知 N6\n"
    for module in (policy, policy_log):
        monkeypatch.setattr(module, "read_files", lambda: texts | {"policy.csv": widened})
    assert isinstance(baoxue("verify").exception, Refused)
    shown = baoxue("diff").output
    assert "finance 财政局" in shown
    assert "Child: id name" in shown

    assert baoxue("release", "--key", key, *DECIDED, typed="n\n").exit_code == 1
    assert isinstance(baoxue("verify").exception, Refused)
    assert "finance 财政局" in baoxue("release", "--key", key, *DECIDED, "--yes").output
    assert "2 releases are whole and signed" in baoxue("verify").output


def test_a_release_says_who_decides_and_why(baoxue: Type, tmp_path: Path) -> None:
    baoxue("key", tmp_path / "any.key", "--holder", "局")
    for nobody in (("--by", " ", "--basis", "x"), ("--by", "x", "--basis", "")):
        assert isinstance(baoxue("release", "--key", tmp_path / "any.key", *nobody, "--yes").exception, Refused)


def test_on_servers_that_are_named_the_list_has_to_be_named_too(system: Cluster) -> None:
    environment = {
        "BAOXUE_POSTGRES": f"host=127.0.0.1 port={system.port} sslmode=disable",
        "BAOXUE_SECRETS": str(system.folder / "secrets"),
        "BAOXUE_POLICY_KEYS": "",
    }
    refused = CliRunner().invoke(policy.app, ["verify"], env=environment).exception
    assert isinstance(refused, Refused)
    assert "BAOXUE_POLICY_KEYS" in str(refused)


def test_in_development_the_program_releases_by_itself_once_and_in_plain_sight(
    system: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    listed = system.folder.parent / PUBLIC_KEYS
    for _ in range(2):
        policy.release_for_development(system, folder=system.folder.parent, keys=listed, at=NOON)

    assert [record.message for record in caplog.records if "released by itself" in record.message] == [
        f"development: policy {load_policy().version} released by itself as entry 1; differing: everything, there was none"
    ]
    dsn = system.dsn("gateway", "gateway_reader")
    assert policy_log.load_released(dsn, keys=read_keys(listed), development=True) == load_policy()
    with pytest.raises(Refused, match="made for development"):
        policy_log.load_released(dsn, keys=read_keys(listed))
