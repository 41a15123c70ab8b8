"""What is sealed opens for the event it was sealed for, until its person is shredded; nothing else opens it."""

import base64
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.errors import Refused
from services.chassis.key_store import VaultUnavailable, WrongKeyRing
from services.chassis.keyring import KeyRing
from services.chassis.sealing import SealBroken, is_sealed, read_token
from services.chassis.shred_list import ShredList, ShredListDamaged
from services.chassis.vault import ERASED, RESTRICTED, Vault
from tests.chassis.conftest import KEK
from tests.fixtures.postgres import FreshDatabase

NAME = "燕归来"
ON_ONE_VAULT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True, slots=True)
class Field:
    """The field of an event that a text is sealed for."""

    subject: UUID
    aggregate_id: UUID
    version: int = 1
    stored_topic: str = "roster.Child.Registered"
    name: str = "name"


def a_field() -> Field:
    child = uuid4()
    return Field(subject=child, aggregate_id=child)


def sealed(vault: Vault, text: str, *, field: Field) -> str:
    return vault.seal(
        text,
        subject=field.subject,
        aggregate_id=field.aggregate_id,
        version=field.version,
        stored_topic=field.stored_topic,
        field=field.name,
    )


def opened(vault: Vault, token: str, *, field: Field) -> str | None:
    return vault.open(token, aggregate_id=field.aggregate_id, version=field.version, stored_topic=field.stored_topic)


class TestASealedText:
    @ON_ONE_VAULT
    @given(text=st.text(st.characters(codec="utf-8"), min_size=1))
    def test_opens_as_what_was_sealed_and_shows_nothing_of_it(self, vault: Vault, text: str) -> None:
        field = a_field()

        token = sealed(vault, text, field=field)

        assert opened(vault, token, field=field) == text
        assert is_sealed(token)
        assert token.isascii()
        assert token != sealed(vault, text, field=field)

    def test_opens_in_another_process_with_the_same_key_encryption_key(self, open_vault: Callable[..., Vault]) -> None:
        field = a_field()
        token = sealed(open_vault(), NAME, field=field)

        assert opened(open_vault(), token, field=field) == NAME

    def test_says_whose_it_is_and_of_which_field(self, vault: Vault) -> None:
        field = a_field()
        token = read_token(sealed(vault, NAME, field=field))

        assert (token.subject, token.generation, token.field) == (field.subject, 1, "name")

    def test_of_nothing_is_nothing(self, vault: Vault) -> None:
        field = a_field()

        assert sealed(vault, "", field=field) == ""
        assert opened(vault, "", field=field) == ""
        assert not is_sealed("")

    @pytest.mark.parametrize(
        "elsewhere", [{"aggregate_id": uuid4()}, {"version": 2}, {"stored_topic": "roster.Child.IdentityCorrected"}]
    )
    def test_opens_nowhere_else(self, vault: Vault, elsewhere: dict[str, Any]) -> None:
        field = a_field()
        token = sealed(vault, NAME, field=field)

        with pytest.raises(SealBroken):
            opened(vault, token, field=replace(field, **elsewhere))

    @pytest.mark.parametrize("part", range(1, 7))
    def test_doesnt_open_with_a_part_of_another_token(self, vault: Vault, part: int) -> None:
        field = a_field()
        other = replace(a_field(), aggregate_id=field.aggregate_id, name="guardian_name")
        parts, theirs = (sealed(vault, NAME, field=one).split(":") for one in (field, other))
        mixed = ":".join([*parts[:part], "2" if part in {1, 3} else theirs[part], *parts[part + 1 :]])

        with pytest.raises(SealBroken):
            opened(vault, mixed, field=field)

    @ON_ONE_VAULT
    @given(data=st.data())
    def test_that_was_altered_anywhere_doesnt_open(self, vault: Vault, data: st.DataObject) -> None:
        field = Field(subject=UUID(int=7), aggregate_id=UUID(int=7))
        token = sealed(vault, NAME, field=field)
        place = data.draw(st.integers(0, len(token) - 1))
        instead = data.draw(st.text(st.characters(codec="utf-8"), max_size=2).filter(lambda text: text != token[place]))
        altered = token[:place] + instead + token[place + 1 :]

        try:
            found = opened(vault, altered, field=field)
        except SealBroken:
            return
        assert found is None  # the token of a person of whom there is no key
        assert read_token(altered).subject != field.subject

    @given(text=st.text())
    def test_is_not_mistaken_for_any_text(self, text: str) -> None:
        with pytest.raises(SealBroken):
            read_token(text)


class TestKeys:
    def test_stand_in_the_key_store_wrapped_and_with_nothing_in_the_clear(
        self, vault: Vault, key_store: FreshDatabase
    ) -> None:
        field = a_field()
        token = sealed(vault, NAME, field=field)

        with psycopg.connect(key_store.owner) as connection:
            everything = str(connection.execute("select k::text from subject_key k").fetchall())

        ((subject, generation, epoch, wrapped),) = keys(key_store, field)
        assert (subject, generation, epoch) == (field.subject, 1, 1)
        key = aes_key_unwrap(KEK, wrapped)
        assert key not in wrapped
        assert NAME not in everything
        nonce_and_box = base64.urlsafe_b64decode(read_token(token).box)
        assert NAME.encode() not in nonce_and_box

    def test_under_another_key_encryption_key_are_not_read_and_none_is_made(
        self, open_vault: Callable[..., Vault]
    ) -> None:
        field = a_field()
        token = sealed(open_vault(), NAME, field=field)
        wrong = open_vault(ring=KeyRing.single(bytes(32)))

        with pytest.raises(WrongKeyRing, match="epoch 1"):
            opened(wrong, token, field=field)
        with pytest.raises(WrongKeyRing, match="another key as epoch 1"):
            sealed(wrong, NAME, field=a_field())

    def test_put_in_place_of_a_persons_own_open_nothing(
        self, open_vault: Callable[..., Vault], key_store: FreshDatabase
    ) -> None:
        """The commitment refuses before anything is decrypted: GCM alone might read something else out of the same bytes."""
        field = a_field()
        token = sealed(open_vault(), NAME, field=field)
        with psycopg.connect(key_store.owner) as connection:
            other = aes_key_wrap(KEK, AESGCM.generate_key(256))
            connection.execute("update subject_key set wrapped = %s where subject = %s", (other, field.subject))

        with pytest.raises(SealBroken, match="another key"):
            opened(open_vault(), token, field=field)

    def test_of_many_are_made_at_once_and_those_that_are_there_stay(self, open_vault: Callable[..., Vault]) -> None:
        fields = [a_field() for _ in range(20)]
        first = open_vault()
        token = sealed(first, NAME, field=fields[0])

        open_vault().create_keys([field.subject for field in fields])

        other = open_vault()
        assert opened(other, token, field=fields[0]) == NAME
        assert opened(other, sealed(first, NAME, field=fields[1]), field=fields[1]) == NAME

    def test_are_fetched_ahead_for_many_tokens(
        self, open_vault: Callable[..., Vault], key_store: FreshDatabase
    ) -> None:
        fields = [a_field() for _ in range(5)]
        tokens = [sealed(open_vault(), NAME, field=field) for field in fields]
        reader = open_vault()

        reader.warm([*tokens, ""])
        for field in fields:
            restore(key_store, [], field=field)

        assert [opened(reader, token, field=field) for token, field in zip(tokens, fields, strict=True)] == [NAME] * 5

    def test_that_cant_be_asked_for_are_said_to_be_away(self, vault: Vault) -> None:
        field = a_field()
        token = sealed(vault, NAME, field=field)

        vault.close()

        with pytest.raises(VaultUnavailable):
            opened(vault, token, field=field)


class TestAShreddedPerson:
    def test_is_unreadable_at_once(self, vault: Vault) -> None:
        field, other = a_field(), a_field()
        token, kept = sealed(vault, NAME, field=field), sealed(vault, NAME, field=other)

        vault.shred(field.subject, reason="erasure 2026-7")

        assert opened(vault, token, field=field) is None
        assert opened(vault, kept, field=other) == NAME
        assert vault.is_shredded(field.subject)
        assert not vault.is_shredded(other.subject)

    def test_is_unreadable_to_a_process_that_begins_later(self, open_vault: Callable[..., Vault]) -> None:
        field = a_field()
        vault = open_vault()
        token = sealed(vault, NAME, field=field)
        vault.shred(field.subject, reason="erasure 2026-7")

        assert opened(open_vault(), token, field=field) is None

    def test_is_written_about_no_more(self, open_vault: Callable[..., Vault]) -> None:
        field = a_field()
        vault = open_vault()
        vault.shred(field.subject, reason="erasure 2026-7")
        vault.create_keys([field.subject])

        for process in (vault, open_vault()):
            with pytest.raises(Refused, match="erased"):
                sealed(process, NAME, field=field)

    def test_may_be_shredded_again(self, vault: Vault) -> None:
        field = a_field()
        vault.shred(field.subject, reason="erasure 2026-7")
        vault.shred(field.subject, reason="erasure 2026-7")

        assert vault.is_shredded(field.subject)

    def test_stays_unreadable_when_old_keys_are_put_back_beside_the_shred_list(
        self, open_vault: Callable[..., Vault], key_store: FreshDatabase
    ) -> None:
        field = a_field()
        vault = open_vault()
        token = sealed(vault, NAME, field=field)
        dump = keys(key_store, field)
        vault.shred(field.subject, reason="erasure 2026-7")

        restore(key_store, dump, field=field)

        for process in (vault, open_vault()):
            assert opened(process, token, field=field) is None
            with pytest.raises(Refused, match="erased"):
                sealed(process, NAME, field=field)

    def test_is_unreadable_again_once_the_shred_list_was_applied_to_an_old_dump(
        self, open_vault: Callable[..., Vault], key_store: FreshDatabase
    ) -> None:
        """The dump is older than the list, so the list has to come from elsewhere; until then the dump speaks."""
        field = a_field()
        token = sealed(open_vault(), NAME, field=field)
        dump = keys(key_store, field)
        open_vault().shred(field.subject, reason="erasure 2026-7")
        restore(key_store, dump, field=field, with_the_list=True)
        restored = open_vault()
        assert opened(restored, token, field=field) == NAME

        restored.shred(field.subject, reason="erasure 2026-7")

        assert opened(restored, token, field=field) is None
        assert keys(key_store, field) == []


def keys(key_store: FreshDatabase, field: Field) -> list[tuple[Any, ...]]:
    """What a dump of the key store would hold of a person."""
    with psycopg.connect(key_store.owner) as connection:
        query = "select subject, generation, kek_epoch, wrapped from subject_key where subject = %s"
        return connection.execute(query, (field.subject,)).fetchall()


def restore(
    key_store: FreshDatabase, dump: list[tuple[Any, ...]], *, field: Field, with_the_list: bool = False
) -> None:
    """Puts a dump in place of what is there of a person; the shred list too, on which it didn't stand then."""
    with psycopg.connect(key_store.owner) as connection, connection.cursor() as cursor:
        cursor.execute("delete from subject_key where subject = %s", (field.subject,))
        if with_the_list:
            cursor.execute("delete from shredded where subject = %s", (field.subject,))
        cursor.executemany("insert into subject_key values (%s, %s, %s, %s)", dump)


class TestAShredList:
    """The erased also stand in a file outside of the key store, which an older copy of it can't take back."""

    @pytest.fixture
    def shred_list(self, tmp_path: Path) -> ShredList:
        return ShredList(tmp_path / "shredded.list")

    def test_shreds_again_whom_an_older_key_store_has_brought_back(
        self, open_vault: Callable[..., Vault], key_store: FreshDatabase, shred_list: ShredList
    ) -> None:
        field, other = a_field(), a_field()
        vault = open_vault(shred_list=shred_list)
        token, kept = sealed(vault, NAME, field=field), sealed(vault, NAME, field=other)
        dump = keys(key_store, field)
        vault.shred(field.subject, reason="erasure 2026-7")
        restore(key_store, dump, field=field, with_the_list=True)

        restarted = open_vault(shred_list=shred_list)

        assert opened(restarted, token, field=field) is None
        assert keys(key_store, field) == []
        assert opened(restarted, kept, field=other) == NAME

    def test_learns_whom_the_key_store_knew_before_there_was_a_list(
        self, open_vault: Callable[..., Vault], shred_list: ShredList
    ) -> None:
        field = a_field()
        open_vault().shred(field.subject, reason="erasure 2026-7")

        open_vault(shred_list=shred_list)

        assert field.subject in shred_list.read()

    def test_that_cannot_be_written_lets_nobody_be_erased(
        self, open_vault: Callable[..., Vault], tmp_path: Path
    ) -> None:
        (tmp_path / "disk").mkdir()
        field = a_field()
        vault = open_vault(shred_list=ShredList(tmp_path / "disk" / "shredded.list"))
        token = sealed(vault, NAME, field=field)
        shutil.rmtree(tmp_path / "disk")

        with pytest.raises(VaultUnavailable):
            vault.shred(field.subject, reason="erasure 2026-7")

        assert opened(vault, token, field=field) == NAME
        assert not vault.is_shredded(field.subject)

    def test_holds_everybody_once_however_often_they_are_added(self, shred_list: ShredList) -> None:
        first, second, at = uuid4(), uuid4(), datetime(2026, 9, 1, 4, tzinfo=UTC)

        shred_list.add({first: at})
        shred_list.add({first: at + timedelta(days=1), second: at})

        assert shred_list.read() == {first: at, second: at}
        assert len(shred_list.path.read_text().splitlines()) == 2
        assert stat.S_IMODE(shred_list.path.stat().st_mode) == 0o600

    def test_is_empty_where_there_is_no_file(self, shred_list: ShredList) -> None:
        assert shred_list.read() == {}

    @given(cut=st.integers(0, 77))
    def test_passes_over_a_line_that_a_power_cut_has_cut_short(self, cut: int) -> None:
        first, second, at = uuid4(), uuid4(), datetime(2026, 9, 1, 4, tzinfo=UTC)
        with TemporaryDirectory() as folder:
            shred_list = ShredList(Path(folder, "shredded.list"))
            shred_list.add({first: at})
            whole = shred_list.path.read_bytes()
            shred_list.path.write_bytes(whole + whole[:cut])

            shred_list.add({second: at})

            assert shred_list.read() == {first: at, second: at}

    @given(place=st.integers(0, 77), bit=st.integers(0, 7))
    def test_with_a_flipped_bit_is_refused(self, place: int, bit: int) -> None:
        person, at = uuid4(), datetime(2026, 9, 1, 4, tzinfo=UTC)
        with TemporaryDirectory() as folder:
            shred_list = ShredList(Path(folder, "shredded.list"))
            shred_list.add({person: at})
            content = bytearray(shred_list.path.read_bytes())
            content[place] ^= 1 << bit
            shred_list.path.write_bytes(content)

            with pytest.raises(ShredListDamaged, match="line 1"):
                shred_list.read()

    def test_that_is_damaged_opens_nothing(self, open_vault: Callable[..., Vault], shred_list: ShredList) -> None:
        shred_list.path.write_text("0" * 78 + "\n")

        with pytest.raises(ShredListDamaged):
            open_vault(shred_list=shred_list)


class TestARestrictedPerson:
    """Processing is restricted where deletion is asked for and a law says to keep (PIPL 47): storage and protection only."""

    @pytest.fixture
    def holder(self) -> X25519PrivateKey:
        return X25519PrivateKey.generate()

    def test_is_unreadable_here_and_in_every_other_process(
        self, open_vault: Callable[..., Vault], holder: X25519PrivateKey
    ) -> None:
        field, other, vault = a_field(), a_field(), open_vault()
        token, kept = sealed(vault, NAME, field=field), sealed(vault, NAME, field=other)

        vault.restrict(field.subject, holder=holder.public_key())
        vault.restrict(field.subject, holder=holder.public_key())

        for process in (vault, open_vault()):
            assert opened(process, token, field=field) is None
            assert process.word_for(token) == RESTRICTED
            assert opened(process, kept, field=other) == NAME
            assert process.closed_among([field.subject, other.subject]) == {field.subject}
            assert not process.is_shredded(field.subject)

    def test_is_written_about_no_more(self, open_vault: Callable[..., Vault], holder: X25519PrivateKey) -> None:
        field, vault = a_field(), open_vault()
        sealed(vault, NAME, field=field)
        vault.restrict(field.subject, holder=holder.public_key())
        vault.create_keys([field.subject])

        for process in (vault, open_vault()):
            with pytest.raises(Refused, match="restricted"):
                sealed(process, NAME, field=field)

    def test_is_readable_again_when_whoever_holds_the_key_gives_it_back(
        self, open_vault: Callable[..., Vault], holder: X25519PrivateKey
    ) -> None:
        field, vault = a_field(), open_vault()
        token = sealed(vault, NAME, field=field)
        vault.restrict(field.subject, holder=holder.public_key())

        vault.lift(field.subject, holder=holder)
        vault.lift(field.subject, holder=holder)

        for process in (vault, open_vault()):
            assert opened(process, token, field=field) == NAME
            assert opened(process, sealed(process, NAME, field=field), field=field) == NAME

    def test_stays_so_for_who_comes_with_another_key(
        self, open_vault: Callable[..., Vault], holder: X25519PrivateKey
    ) -> None:
        field, vault = a_field(), open_vault()
        token = sealed(vault, NAME, field=field)
        vault.restrict(field.subject, holder=holder.public_key())

        with pytest.raises(Refused, match="not the key"):
            vault.lift(field.subject, holder=X25519PrivateKey.generate())

        assert opened(vault, token, field=field) is None
        vault.lift(field.subject, holder=holder)
        assert opened(vault, token, field=field) == NAME

    def test_is_not_opened_by_the_key_over_all_keys(
        self, open_vault: Callable[..., Vault], key_store: FreshDatabase, holder: X25519PrivateKey
    ) -> None:
        field, vault = a_field(), open_vault()
        sealed(vault, NAME, field=field)
        ((_, _, _, wrapped),) = keys(key_store, field)
        key = aes_key_unwrap(KEK, wrapped)
        vault.restrict(field.subject, holder=holder.public_key())

        with psycopg.connect(key_store.owner) as connection:
            query = "select box from restricted where subject = %s"
            ((box,),) = connection.execute(query, (field.subject,)).fetchall()

        assert keys(key_store, field) == []
        assert key not in box

    def test_can_be_shredded_when_the_time_to_keep_has_passed(
        self, open_vault: Callable[..., Vault], holder: X25519PrivateKey
    ) -> None:
        field, vault = a_field(), open_vault()
        token = sealed(vault, NAME, field=field)
        vault.restrict(field.subject, holder=holder.public_key())

        vault.shred(field.subject, reason="retention ended")
        vault.lift(field.subject, holder=holder)

        assert opened(vault, token, field=field) is None
        assert vault.word_for(token) == ERASED
