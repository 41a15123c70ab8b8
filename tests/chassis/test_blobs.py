"""Photos and scans: kept once, sealed, told by their first bytes, and unreadable with the child they show."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis import blobs as blobs_table
from services.chassis import key_store
from services.chassis.blobs import LARGEST, Blobs, media_type_of
from services.chassis.errors import NotFound, Refused
from services.chassis.keyring import KeyRing
from services.chassis.vault import Vault
from tests.fixtures.postgres import FreshDatabase

PHOTO = b"\xff\xd8\xff\xe0 a photo of a child at its desk"
CHILD = UUID("7d0f2a52-3c1b-4a8e-9a55-0d9b6f5c1e01")


def migrate(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The table alone."""
    blobs_table.migrate(connection, app_role="cases_app")


class Store:
    """A store of files, its vault, and how to look beneath."""

    def __init__(self, blobs: Blobs, vault: Vault, database: FreshDatabase) -> None:
        self.blobs = blobs
        self.vault = vault
        self.database = database

    def rows(self) -> list[tuple[object, ...]]:
        """Everything the database holds of files."""
        with psycopg.connect(self.database.superuser) as connection:
            return connection.execute("select blob_id, media_type, size, sealed from blob").fetchall()


@pytest.fixture
def store(database: Callable[..., FreshDatabase]) -> Iterator[Store]:
    """An empty store."""
    with ExitStack() as stack:
        own, keys = database("cases", migrate=migrate), database("vault", migrate=key_store.migrate)
        vault = stack.enter_context(closing(Vault(dsn=keys.app, ring=KeyRing.single(bytes(32)))))
        yield Store(stack.enter_context(closing(Blobs(dsn=own.app, vault=vault))), vault, own)


def test_a_file_comes_back_as_it_was_and_lies_sealed(store: Store) -> None:
    blob_id = uuid4()
    store.blobs.put(PHOTO, blob_id=blob_id, subject=CHILD)

    kept = store.blobs.get(blob_id)

    assert (kept.content, kept.media_type, kept.subject) == (PHOTO, "image/jpeg", CHILD)
    assert b"photo of a child" not in repr(store.rows()).encode()


def test_the_same_file_again_is_kept_once(store: Store) -> None:
    blob_id = uuid4()
    first = store.blobs.put(PHOTO, blob_id=blob_id, subject=CHILD)
    again = store.blobs.put(PHOTO, blob_id=blob_id, subject=CHILD)

    assert first == again
    assert len(store.rows()) == 1


def test_a_file_goes_with_the_child_it_shows(store: Store) -> None:
    blob_id = uuid4()
    store.blobs.put(PHOTO, blob_id=blob_id, subject=CHILD)

    store.vault.shred(CHILD, reason="guardian's request")

    assert store.blobs.get(blob_id).content is None


def test_what_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.blobs.get(uuid4())


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"<html><script>", b"PK\x03\x04", b"GIF89a"])
def test_what_is_no_photo_or_scan_is_refused_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(Refused, match="JPG, PNG and PDF"):
        media_type_of(content)


def test_a_file_beyond_the_bound_is_refused() -> None:
    with pytest.raises(Refused, match="at most 8 MB"):
        media_type_of(PHOTO + bytes(LARGEST))
