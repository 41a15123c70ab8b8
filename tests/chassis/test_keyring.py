"""Key-encryption keys by epoch: the file in every form it may have, and keys wrapped anew under the newest."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from services.chassis.errors import Refused
from services.chassis.key_store import LOT, WrongKeyRing, begin_epoch, epochs, migrate, retire, rewrap
from services.chassis.keyring import KeyRing, add_epoch, destroy_epoch, parse
from services.chassis.vault import Vault
from tests.chassis.test_vault import NAME, a_field, opened, sealed
from tests.fixtures.postgres import FreshDatabase

FIRST, SECOND = "ab" * 32, "cd" * 32


class TestTheFile:
    def test_of_one_bare_key_is_epoch_one_of_suite_one(self) -> None:
        (epoch,) = parse(FIRST).values()

        assert (epoch.number, epoch.suite.number, epoch.key.hex()) == (1, 1, FIRST)

    def test_of_several_lines_has_an_epoch_on_each(self) -> None:
        ring = KeyRing(lambda: f"1 1 {FIRST}\n3 2 {SECOND}")

        assert (ring.newest.number, ring.newest.suite.number) == (3, 2)
        assert ring.find(1) is not None
        assert ring.find(2) is None

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("", 1),
            ("ab", 1),
            ("xy" * 32, 1),
            (f"{FIRST}\n{SECOND}", 1),
            (f"1 1 {FIRST}\n1 1 {SECOND}", 2),
            (f"1 1 {FIRST}\n2 3 {SECOND}", 2),
            (f"1 1 {FIRST}\n0 1 {SECOND}", 2),
            (f"1 1 {FIRST}\n2 1 {SECOND[:-2]}", 2),
            (f"1 1 {FIRST}\n", 2),
        ],
    )
    def test_that_is_none_is_refused_by_its_line_and_never_quoted(self, text: str, line: int) -> None:
        with pytest.raises(Refused, match=f"Line {line} ") as refused:
            parse(text)

        assert FIRST not in str(refused.value)
        assert SECOND not in str(refused.value)

    def test_gains_and_loses_epochs_in_one_step_each(self, tmp_path: Path) -> None:
        path = tmp_path / "vault.kek"
        ring = KeyRing.of(path)
        first = ring.newest

        second = add_epoch(path, suite=2)
        assert ring.newest == first  # until it is met, nothing is read again
        assert ring.find(2) == second
        destroy_epoch(path, number=1)
        destroy_epoch(path, number=1)

        assert list(parse(path.read_text())) == [2]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def own_store(database: Callable[..., FreshDatabase]) -> FreshDatabase:
    return database("vault", migrate=migrate)


@pytest.fixture
def keys(own_store: FreshDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(own_store.app, autocommit=True) as connection:
        yield connection


@pytest.fixture
def kek(tmp_path: Path) -> Path:
    return tmp_path / "vault.kek"


@pytest.fixture
def process(own_store: FreshDatabase, kek: Path) -> Iterator[Callable[[], Vault]]:
    """Another process of the installation each time, which reads the file at its start."""
    opened: list[Vault] = []

    def begin() -> Vault:
        opened.append(Vault(dsn=own_store.app, ring=KeyRing.of(kek)))
        return opened[-1]

    yield begin
    for vault in opened:
        vault.close()


class TestAnEpoch:
    @pytest.mark.parametrize("suite", [1, 2])
    def test_that_begins_wraps_all_keys_and_what_was_sealed_before_opens_as_it_did(
        self, process: Callable[[], Vault], keys: psycopg.Connection, kek: Path, suite: int
    ) -> None:
        running, field = process(), a_field()
        token = sealed(running, NAME, field=field)

        begin_epoch(keys, add_epoch(kek, suite=suite))
        moved = rewrap(keys, KeyRing.of(kek))
        later = a_field()
        written_later = sealed(process(), NAME, field=later)

        assert moved == 1
        assert [(state.number, state.suite, state.keys) for state in epochs(keys)] == [(1, 1, 0), (2, suite, 2)]
        assert written_later.startswith(f"sealed:{suite}:")
        for vault in (running, process()):
            assert opened(vault, token, field=field) == NAME
            assert opened(vault, written_later, field=later) == NAME

    def test_is_found_by_a_process_that_began_before_it(
        self, process: Callable[[], Vault], keys: psycopg.Connection, kek: Path
    ) -> None:
        running = process()
        sealed(running, NAME, field=a_field())
        begin_epoch(keys, add_epoch(kek, suite=1))

        field = a_field()
        token = sealed(running, NAME, field=field)

        assert opened(process(), token, field=field) == NAME
        assert [state.keys for state in epochs(keys)] == [1, 1]

    def test_that_a_process_doesnt_hold_is_named_and_nothing_is_wrapped(
        self, process: Callable[[], Vault], keys: psycopg.Connection, kek: Path
    ) -> None:
        running = process()
        field = a_field()
        token = sealed(running, NAME, field=field)
        old = kek.read_text()
        begin_epoch(keys, add_epoch(kek, suite=1))
        rewrap(keys, KeyRing.of(kek))
        kek.write_text(old)
        left_behind = process()

        with pytest.raises(WrongKeyRing, match="epoch 2"):
            opened(left_behind, token, field=field)
        with pytest.raises(WrongKeyRing, match="newer epoch"):
            sealed(left_behind, NAME, field=a_field())

    def test_that_was_half_wrapped_is_read_all_the_same_and_finished_by_the_next_run(
        self, process: Callable[[], Vault], keys: psycopg.Connection, kek: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running = process()
        told = [(field, sealed(running, NAME, field=field)) for field in (a_field() for _ in range(9))]
        monkeypatch.setattr("services.chassis.key_store.LOT", 2)
        begin_epoch(keys, add_epoch(kek, suite=2))

        with pytest.raises(KeyboardInterrupt):
            rewrap(keys, KeyRing.of(kek), progress=interrupted_after(4))
        halves = [state.keys for state in epochs(keys)]
        in_between = [opened(process(), token, field=field) for field, token in told]
        left = rewrap(keys, KeyRing.of(kek))

        assert halves == [5, 4]
        assert in_between == [NAME] * 9
        assert left == 5
        assert [state.keys for state in epochs(keys)] == [0, 9]

    def test_is_given_up_only_when_nothing_is_wrapped_under_it_and_it_isnt_the_one_in_use(
        self, process: Callable[[], Vault], keys: psycopg.Connection, kek: Path
    ) -> None:
        field, running = a_field(), process()
        token = sealed(running, NAME, field=field)

        with pytest.raises(Refused, match="no epoch 7"):
            retire(keys, number=7)
        with pytest.raises(Refused, match="the one in use"):
            retire(keys, number=1)
        begin_epoch(keys, add_epoch(kek, suite=1))
        with pytest.raises(Refused, match="1 keys are still wrapped under epoch 1"):
            retire(keys, number=1)
        rewrap(keys, KeyRing.of(kek))
        retire(keys, number=1)
        retire(keys, number=1)
        destroy_epoch(kek, number=1)

        assert opened(process(), token, field=field) == NAME
        assert [state.retired_at is not None for state in epochs(keys)] == [True, False]

    def test_doesnt_begin_backwards(self, process: Callable[[], Vault], keys: psycopg.Connection, kek: Path) -> None:
        sealed(process(), NAME, field=a_field())
        first = KeyRing.of(kek).newest
        begin_epoch(keys, add_epoch(kek, suite=1))

        with pytest.raises(Refused, match="Epoch 2 is in use already"):
            begin_epoch(keys, first)

    def test_takes_what_an_old_copy_of_the_key_store_holds_with_it_when_it_is_destroyed(
        self, process: Callable[[], Vault], keys: psycopg.Connection, kek: Path
    ) -> None:
        """The point of epochs: the key of somebody who was shredded may lie in dead rows and archives; it opens no more."""
        field = a_field()
        token = sealed(process(), NAME, field=field)
        copy = keys.execute("select subject, generation, kek_epoch, wrapped from subject_key").fetchall()
        begin_epoch(keys, add_epoch(kek, suite=1))
        rewrap(keys, KeyRing.of(kek))
        retire(keys, number=1)
        destroy_epoch(kek, number=1)

        keys.execute("delete from subject_key")
        with keys.cursor() as cursor:
            cursor.executemany("insert into subject_key values (%s, %s, %s, %s)", copy)

        with pytest.raises(WrongKeyRing, match="epoch 1"):
            opened(process(), token, field=field)


def test_many_keys_are_wrapped_anew_in_lots(own_store: FreshDatabase, keys: psycopg.Connection, kek: Path) -> None:
    told: list[int] = []
    vault = Vault(dsn=own_store.app, ring=KeyRing.of(kek))
    vault.create_keys([uuid4() for _ in range(LOT + 1)])
    vault.close()
    begin_epoch(keys, add_epoch(kek, suite=1))

    assert rewrap(keys, KeyRing.of(kek), progress=told.append) == LOT + 1
    assert told == [LOT, LOT + 1]


def interrupted_after(count: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return tell
