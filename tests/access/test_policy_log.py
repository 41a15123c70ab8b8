"""The policy is taken from the log and from nowhere else; what was altered there, or was never released, opens nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import Connection

from gateway.access import policy_log
from gateway.access.policy import load_policy, read_files
from gateway.access.policy_keys import Key, Keys, Signer, line_of, read_keys
from gateway.access.policy_log import NotReleased, Release, released
from gateway.readmodel.migrate import migrate
from services.chassis.config import own_secret
from services.chassis.errors import Refused

NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)
OFFICE = "教育体育局局长办公室"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    file = tmp_path_factory.mktemp("key") / "policy.key"
    own_secret(file)
    return Signer(file)


@pytest.fixture(scope="module")
def keys(signer: Signer) -> Keys:
    return Keys((Key(public=signer.public, holder=OFFICE, from_on=date(2026, 9, 1), until_on=date(2027, 9, 1)),))


@pytest.fixture(scope="module")
def database(module_database: Any) -> Any:
    return module_database("gateway", migrate=migrate)


@pytest.fixture
def log(database: Any) -> Iterator[Connection[Any]]:
    """A connection of the operator's; what a test releases is taken back."""
    with psycopg.connect(database.superuser) as connection:
        connection.execute("set local role gateway_owner")
        yield connection
        connection.rollback()


@pytest.fixture
def altering(log: Connection[Any]) -> Callable[..., None]:
    """What somebody does who has all of the database in hand, and no key."""

    def alter(statement: str, *parameters: object) -> None:
        log.execute("reset role")
        for table in ("policy_log", "policy_text"):
            log.execute(f"alter table {table} disable trigger user".encode())
        log.execute(statement.encode(), parameters)
        log.execute("set local role gateway_owner")

    return alter


def release(log: Connection[Any], signer: Signer, keys: Keys, *, at: datetime = NOON) -> Release:
    return policy_log.release(
        log, signer=signer, keys=keys, by="bureau-head", legal_basis="县教育局〔2026〕12号", at=at
    )


def test_what_was_released_is_in_force(log: Connection[Any], signer: Signer, keys: Keys) -> None:
    entry = release(log, signer, keys)

    assert released(log, keys=keys) == load_policy()
    assert (entry.position, entry.previous, entry.version) == (1, policy_log.FIRST, load_policy().version)
    assert policy_log.texts_of(log, entry) == read_files()


def test_nobody_sees_anything_before_the_first_release(log: Connection[Any], keys: Keys) -> None:
    with pytest.raises(NotReleased, match="baoxue policy release"):
        released(log, keys=keys)


@pytest.mark.parametrize("name", ["policy.csv", "commands.csv", "purposes.csv", "rules.toml"])
def test_a_file_that_says_something_else_is_not_taken(
    log: Connection[Any], signer: Signer, keys: Keys, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    release(log, signer, keys)
    texts = read_files()
    monkeypatch.setattr(policy_log, "read_files", lambda: texts | {name: texts[name] + "\n"})

    with pytest.raises(NotReleased, match=f"these differ: {name}") as refused:
        released(log, keys=keys)
    assert refused.value.differs == (name,)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("alter policy reader on child using (true)", "child"),
        ("drop policy about on referral", "referral"),
        ("alter table case_file no force row level security", "case_file"),
        ("grant select on child_identity to public", "child_identity"),
        ("create policy more on notice for select to gateway_reader using (true)", "notice"),
        (
            "create or replace function children_by_warrant() returns setof uuid language sql as 'select child_id from child'",
            "function children_by_warrant",
        ),
    ],
)
def test_row_security_that_was_loosened_behind_the_release_is_noticed(
    log: Connection[Any], signer: Signer, keys: Keys, altering: Callable[..., None], statement: str, named: str
) -> None:
    release(log, signer, keys)
    altering(statement)

    with pytest.raises(NotReleased, match=f"differ: {named}"):
        released(log, keys=keys)


def test_migrating_again_compiles_the_same_row_security(log: Connection[Any], signer: Signer, keys: Keys) -> None:
    release(log, signer, keys)
    log.execute("reset role")
    migrate(log)

    assert released(log, keys=keys) == load_policy()


@pytest.mark.parametrize("altered", ["body", "signature"])
def test_an_altered_entry_is_not_believed(
    log: Connection[Any], signer: Signer, keys: Keys, altering: Callable[..., None], altered: str
) -> None:
    entry = release(log, signer, keys)
    other = msgspec.json.encode(msgspec.structs.replace(entry, released_by="somebody-else"), order="sorted")
    if altered == "body":
        altering("update policy_log set body = %s", other)
    else:
        altering("update policy_log set signature = %s", b"\1" * 64)

    with pytest.raises(Refused, match="signature of entry 1"):
        released(log, keys=keys)


def test_a_key_that_was_not_published_releases_nothing(
    log: Connection[Any], signer: Signer, keys: Keys, tmp_path: Path
) -> None:
    own_secret(tmp_path / "other.key")
    with pytest.raises(Refused, match="not on the list"):
        release(log, Signer(tmp_path / "other.key"), keys)

    release(log, signer, keys)
    with pytest.raises(Refused, match="not on the list"):
        released(log, keys=Keys(()))


def test_a_key_releases_within_its_days_and_what_it_released_stays_proved(
    log: Connection[Any], signer: Signer, keys: Keys
) -> None:
    for day in (datetime(2026, 8, 31, 15, tzinfo=UTC), datetime(2027, 8, 31, 16, tzinfo=UTC)):  # days of China
        with pytest.raises(Refused, match="not on this day"):
            release(log, signer, keys, at=day)
    release(log, signer, keys)

    retired = Keys((msgspec.structs.replace(keys.keys[0], until_on=date(2026, 9, 15)),))
    assert released(log, keys=retired) == load_policy()
    earlier = Keys((msgspec.structs.replace(keys.keys[0], until_on=date(2026, 9, 14)),))
    with pytest.raises(Refused, match="did not hold"):
        released(log, keys=earlier)


def test_a_key_of_development_releases_nothing_in_earnest(log: Connection[Any], signer: Signer) -> None:
    own = Keys((Key(public=signer.public, holder="development", development=True),))
    release(log, signer, own)

    assert released(log, keys=own, development=True) == load_policy()
    with pytest.raises(NotReleased, match="made for development"):
        released(log, keys=own)


def two_releases(log: Connection[Any], signer: Signer, keys: Keys) -> None:
    release(log, signer, keys)
    log.execute("create table of_another_version (a int)")  # its row security, or none, is part of what is released
    release(log, signer, keys)


def test_entries_name_the_one_before_so_none_is_taken_out(
    log: Connection[Any], signer: Signer, keys: Keys, altering: Callable[..., None]
) -> None:
    two_releases(log, signer, keys)
    first, second = policy_log.read_log(log)
    assert second.release.previous == first.leaf
    assert released(log, keys=keys) == load_policy()

    altering("delete from policy_log where position = 1")
    with pytest.raises(Refused, match="broken at entry 1"):
        released(log, keys=keys)


def test_going_back_to_an_older_release_is_noticed_as_well(
    log: Connection[Any], signer: Signer, keys: Keys, altering: Callable[..., None]
) -> None:
    two_releases(log, signer, keys)
    altering("delete from policy_log where position = 2")

    with pytest.raises(NotReleased, match="differ: of_another_version"):
        released(log, keys=keys)


def test_the_same_again_is_no_release(log: Connection[Any], signer: Signer, keys: Keys) -> None:
    release(log, signer, keys)
    with pytest.raises(Refused, match="nothing to release"):
        release(log, signer, keys)


def test_of_two_releases_at_once_one_is_refused(module_database: Any, signer: Signer, keys: Keys) -> None:
    database = module_database("gateway", migrate=migrate)
    with (
        psycopg.connect(database.dsn("gateway_owner")) as one,
        psycopg.connect(database.dsn("gateway_owner")) as other,
    ):
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert policy_log.read_log(other) == []
        release(one, signer, keys)
        one.commit()
        with pytest.raises(Refused, match="Somebody else released"):
            release(other, signer, keys)


@pytest.mark.parametrize("role", ["gateway_writer", "gateway_reader"])
def test_no_running_process_can_write_the_log(database: Any, role: str) -> None:
    with psycopg.connect(database.dsn(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("insert into policy_log (position, body, signature) values (1, '', '')")


def test_a_release_is_never_changed(log: Connection[Any], signer: Signer, keys: Keys) -> None:
    release(log, signer, keys)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        log.execute("update policy_log set body = ''")


def test_the_leaf_of_an_entry_is_that_of_rfc_6962_over_its_stored_bytes() -> None:
    """Kept for ever: a tree stands on it."""
    said = Release(
        position=1,
        previous=policy_log.FIRST,
        version="v",
        files={},
        row_security={},
        released_at=NOON,
        released_by="a",
        legal_basis="b",
        key="k",
        keys=(),
    )
    entry = policy_log.Entry(b"{}", b"\2" * 64, said)
    assert entry.leaf == "f76480d2008163e067242ded55f3a53836b5fe6a0cc3cd7d2c1b6721e8917425"


def test_the_public_list_is_read_as_it_is_printed_and_refused_in_words(tmp_path: Path, keys: Keys) -> None:
    file = tmp_path / "policy-keys.toml"
    with pytest.raises(Refused, match="There is no list of public keys"):
        read_keys(file)
    file.write_text("".join(map(line_of, keys.keys)), encoding="utf-8")
    assert read_keys(file) == keys
    for wrong in ("[[keys]]\npublic = 'ab'\nholder = 'x'\n", "[[keys]]\nholder = 'x'\n", "keys = 3\n", "]"):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(Refused, match=r"policy-keys\.toml can't be read"):
            read_keys(file)
