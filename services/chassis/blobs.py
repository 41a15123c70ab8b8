"""Photos and scans 影像资料, sealed: each in one row beside the events, under the key of the child it shows.

They lie in the service's own database (decision 0029): one backup and one moment to go back to for a fact and its
evidence, and a child's erasure makes its photos unreadable with everything else. What a file is, is told by its first
bytes and never by its name; whatever is none of the few kinds that offices hand in is refused.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool

from services.chassis.errors import NotFound, Refused
from services.chassis.store import lent
from services.chassis.vault import Vault

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of one file; a phone's photo has three to five million."""

KINDS: Final[Mapping[str, bytes]] = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-",
}
"""Media types that are kept, by how a file of each begins."""

_TOPIC: Final = "blob"
"""What the seal of a file is bound to, beside its id."""
_SCHEMA: Final = """
create table if not exists blob (
    blob_id    uuid primary key,
    subject    uuid not null,
    media_type text not null,
    size       integer not null,
    sha256     bytea not null,
    sealed     text not null,
    kept_at    timestamptz not null default clock_timestamp()
)
"""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file as it was kept; `content` is None where the child it shows was erased."""

    subject: UUID
    media_type: str
    content: bytes | None


def migrate(connection: psycopg.Connection[Any], *, app_role: str) -> None:
    """Creates the table, as its owner; any number of times."""
    connection.execute(_SCHEMA)
    connection.execute(psycopg.sql.SQL("grant select, insert on blob to {}").format(psycopg.sql.Identifier(app_role)))


def media_type_of(content: bytes) -> str:
    """What a file is, by its first bytes; refuses what is too large, empty, or none of `KINDS`."""
    if len(content) > LARGEST:
        raise Refused(f"照片或扫描件不超过 {LARGEST // 1024**2} MB / at most {LARGEST // 1024**2} MB; make it smaller.")
    for media_type, beginning in KINDS.items():
        if content.startswith(beginning):
            return media_type
    raise Refused("只接收 JPG、PNG 照片和 PDF 扫描件 / only JPG, PNG and PDF files are kept.")


class Blobs:
    """The files of one service."""

    def __init__(self, *, dsn: str, vault: Vault) -> None:
        self._pool = ConnectionPool(dsn, min_size=0, max_size=2, open=True, timeout=10, reconnect_timeout=5)
        self._vault = vault

    def close(self) -> None:
        """Lets go of the database."""
        self._pool.close()

    def put(self, content: bytes, *, blob_id: UUID, subject: UUID) -> str:
        """Keeps a file under an id, once, and returns its SHA-256 in hex. Raises `Refused`, `StoreUnavailable`."""
        media_type = media_type_of(content)
        digest = hashlib.sha256(content)
        sealed = self._vault.seal(
            base64.b64encode(content).decode(),
            subject=subject,
            aggregate_id=blob_id,
            version=1,
            stored_topic=_TOPIC,
            field="content",
        )
        with self._connection() as connection:
            connection.execute(
                """insert into blob (blob_id, subject, media_type, size, sha256, sealed) values (%s, %s, %s, %s, %s, %s)
                   on conflict do nothing""",
                (blob_id, subject, media_type, len(content), digest.digest(), sealed),
            )
        return digest.hexdigest()

    def get(self, blob_id: UUID) -> Blob:
        """A file; raises `NotFound`, `StoreUnavailable`."""
        with self._connection() as connection:
            row = connection.execute(
                "select subject, media_type, sealed from blob where blob_id = %s", (blob_id,)
            ).fetchone()
        if row is None:
            raise NotFound("There is no file of this id.")
        subject, media_type, sealed = row
        opened = self._vault.open(sealed, aggregate_id=blob_id, version=1, stored_topic=_TOPIC)
        return Blob(subject, media_type, None if opened is None else base64.b64decode(opened))

    def _connection(self) -> AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]:
        return lent(self._pool, of="the store of files")
