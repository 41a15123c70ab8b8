"""`baoxue vault`, as an operator types it beside a running system: what there is, a new epoch, one destroyed."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy import vault
from deploy.migrate import migrate
from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from services.chassis import key_store
from services.chassis.errors import Refused
from services.chassis.keyring import KeyRing, parse
from services.chassis.vault import Vault
from tests.chassis.test_vault import NAME, a_field, opened, sealed

Type = Callable[..., Result]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The databases of a system that runs."""
    folder = tmp_path_factory.mktemp("system")
    with Cluster.start(folder / "postgres", durable=False) as cluster:
        prepare(cluster)
        migrate(cluster, ("vault",))
        yield cluster
        cluster.delete()


@pytest.fixture
def kek(system: Cluster) -> Path:
    """The installation's key-encryption keys; the key store is empty again."""
    path = system.folder.parent / "vault.kek"
    path.unlink(missing_ok=True)
    KeyRing.of(path)
    with psycopg.connect(system.dsn("vault", "vault_owner")) as connection:
        connection.execute("truncate subject_key, kek_epoch")
    return path


def typing(folder: Path, *, postgres: str = "", secrets: Path | None = None) -> Type:
    """Types `baoxue vault …` and answers a question with yes."""
    environment = {
        "BAOXUE_DATA": str(folder),
        "BAOXUE_POSTGRES": postgres,
        "BAOXUE_SECRETS": str(secrets) if secrets else "",
    }

    def run(*arguments: object, typed: str = "y\n") -> Result:
        return CliRunner().invoke(vault.app, [str(one) for one in arguments], input=typed, env=environment)

    return run


@pytest.fixture
def baoxue(system: Cluster) -> Type:
    return typing(system.folder.parent)


def test_an_operator_rotates_beside_a_running_process_and_destroys_the_old_key(
    system: Cluster, kek: Path, baoxue: Type
) -> None:
    field = a_field()
    with closing(Vault(dsn=system.dsn("vault", "vault_app"), ring=KeyRing.of(kek))) as running:
        token = sealed(running, NAME, field=field)

        rotated = baoxue("rotate", "--suite", 2)
        refused = baoxue("retire", 2)
        retired = baoxue("retire", 1)
        shown = baoxue("status")

        assert rotated.exit_code == 0
        assert "1 keys were wrapped anew; all are under epoch 2" in rotated.output
        assert isinstance(refused.exception, Refused)
        assert "the one in use" in str(refused.exception)
        assert "holds epoch 1 no more" in retired.output
        assert list(parse(kek.read_text())) == [2]
        assert "国密" in shown.output
        assert opened(running, token, field=field) == NAME
        later = a_field()
        assert sealed(running, NAME, field=later).startswith("sealed:2:")
    with closing(Vault(dsn=system.dsn("vault", "vault_app"), ring=KeyRing.of(kek))) as restarted:
        assert opened(restarted, token, field=field) == NAME


def test_a_rotation_that_was_interrupted_is_finished_and_no_further_epoch_begun(
    system: Cluster, kek: Path, baoxue: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Vault(dsn=system.dsn("vault", "vault_app"), ring=KeyRing.of(kek))) as running:
        sealed(running, NAME, field=a_field())
    with monkeypatch.context() as killed:
        killed.setattr(key_store, "rewrap", lambda *_, **__: 1 / 0)
        assert baoxue("rotate").exit_code != 0

    again = baoxue("rotate")

    assert "all are under epoch 2" in again.output
    assert list(parse(kek.read_text())) == [1, 2]


def test_whoever_says_no_destroys_nothing(system: Cluster, kek: Path, baoxue: Type) -> None:
    baoxue("rotate")

    assert baoxue("retire", 1, typed="n\n").exit_code == 1
    assert list(parse(kek.read_text())) == [1, 2]


def test_on_servers_the_new_epoch_is_made_in_the_file_that_is_handed_to_every_process(
    system: Cluster, kek: Path, tmp_path: Path
) -> None:
    apart = tmp_path / "apart.kek"
    apart.write_bytes(kek.read_bytes())
    apart.chmod(0o600)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("vault.kek", "vault_app"):
        source = kek if name == "vault.kek" else system.folder / "secrets" / name
        (secrets / name).write_bytes(source.read_bytes())
        (secrets / name).chmod(0o600)
    with psycopg.connect(system.dsn("vault", "vault_app")) as connection:
        server = f"postgresql://{connection.info.host}:{connection.info.port}"
    baoxue = typing(tmp_path, postgres=server, secrets=secrets)

    too_early = baoxue("rotate")
    made = baoxue("new-epoch", apart)
    (secrets / "vault.kek").write_bytes(apart.read_bytes())
    rotated = baoxue("rotate")
    retired = baoxue("retire", 1)

    assert "no epoch that is newer" in str(too_early.exception)
    assert "holds epoch 2 of suite 1" in made.output
    assert "all are under epoch 2" in rotated.output
    assert "Take its line out of vault.kek" in retired.output
    assert list(parse((secrets / "vault.kek").read_text())) == [1, 2]


def test_another_installations_file_is_refused_before_anything_is_wrapped(
    system: Cluster, kek: Path, baoxue: Type
) -> None:
    with closing(Vault(dsn=system.dsn("vault", "vault_app"), ring=KeyRing.of(kek))) as running:
        sealed(running, NAME, field=a_field())
    kek.write_text("ab" * 32)

    for command in (("rotate",), ("status",)):
        refused = baoxue(*command)
        assert isinstance(refused.exception, Refused)
        assert "another key as epoch 1" in str(refused.exception)
    assert list(parse(kek.read_text())) == [1]
