"""The vault: personal texts are sealed under a key of their own person, and shredding that key makes the person unreadable.

A sealed text is one token that may travel anywhere in the clear::

    sealed:1:<subject, hex>:<key generation>:<key commitment>:<field>:<nonce and ciphertext>

AES-256-GCM; the associated data binds it to the event it was written for (aggregate, version, stored topic), to its field
and its subject, so a token moved elsewhere doesn't open. The commitment, HMAC-SHA256(key, "commit"), stands in the clear
because GCM alone would let a holder of keys present another key under which the same bytes say something else.

Keys live in a database of their own, each wrapped (AES-KW) by a key-encryption key that comes from a file. Shredding
deletes the wrapped key and writes the subject into `shredded`; a key of somebody on that list is never used, wherever it
came from. A process keeps unwrapped keys for at most `KEY_KEPT_S`, so a shredded person is unreadable everywhere within
that time, here at once. An empty text is not sealed: there is nothing to hide in it.

A copy of the key store that is older than an erasure holds the key again. Therefore the erased also stand in a file
outside of it, the `ShredList`: whoever shreds writes there first, and a vault that is given the list shreds everybody
on it before it opens anything.
"""

import base64
import fcntl
import hashlib
import hmac
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from psycopg import sql
from psycopg_pool import ConnectionPool

from services.chassis.config import own_secret
from services.chassis.errors import Refused

ERASED: Final = "〔已删除〕"
"""What is read where a person's key was shredded: erased."""

KEY_KEPT_S: Final = 60.0
WAIT_S: Final = 3.0
"""How long a caller waits for the key store: less than the gateway waits for a service."""
KEYS_KEPT_MAX: Final = 200_000
_PREFIX: Final = "sealed:1:"
_SHRED_LINE_BYTES: Final = 78  # without its line feed

SCHEMA: Final = """
create table if not exists subject_key (
    subject    uuid not null,
    generation integer not null,
    kek_epoch  integer not null,
    wrapped    bytea not null,
    primary key (subject, generation)
);
create table if not exists shredded (
    subject     uuid primary key,
    reason      text not null,
    shredded_at timestamptz not null default clock_timestamp()
);
"""


class SealBroken(Exception):
    """A token does not open as the field of this event: it was altered, moved, or sealed under another key."""


class KeyLost(SealBroken):
    """The key of a token's subject is missing and nobody shredded it: altered, or the key store was lost in part.

    It is never taken for an erasure.
    """


class VaultUnavailable(Exception):
    """The key store can't be reached; nothing personal can be read or written until it can."""


class ShredListDamaged(Refused):
    """A line of the shred list is not one that was written; somebody on it might be readable again, so nothing opens."""


@dataclass(frozen=True, slots=True)
class Token:
    """A sealed text taken apart."""

    subject: UUID
    generation: int
    commitment: str
    field: str
    box: str


@dataclass(frozen=True, slots=True)
class _Key:
    generation: int
    cipher: AESGCM
    commitment: str
    kept_until: float


def is_sealed(text: str) -> bool:
    """Whether a text is a sealed token."""
    return text.startswith(_PREFIX)


def read_token(text: str) -> Token:
    """Takes a sealed text apart; raises `SealBroken` for anything else."""
    try:
        subject, generation, commitment, field, box = text.removeprefix(_PREFIX).split(":")
        token = Token(UUID(hex=subject), int(generation), commitment, field, box)
    except ValueError:
        raise SealBroken("not a sealed text") from None
    if not text.isascii() or _written(token) != text:  # one text, one way to write it
        raise SealBroken("not a sealed text")
    return token


def load_kek(path: Path) -> bytes:
    """The key-encryption key from its file (32 bytes, hex); the file is made, readable by its owner only, if absent."""
    return bytes.fromhex(own_secret(path))


def migrate(connection: psycopg.Connection[Any], *, app_role: str = "vault_app") -> None:
    """Creates the key store's tables, as their owner; any number of times."""
    connection.execute(SCHEMA)
    grant = "grant select, insert on subject_key, shredded to {role}; grant delete, update on subject_key to {role}"
    connection.execute(sql.SQL(grant).format(role=sql.Identifier(app_role)))


def shred_again(connection: psycopg.Connection[Any], subjects: Mapping[UUID, datetime]) -> int:
    """Shreds everybody on a list, with the moment of each, in a key store that may be older than the list.

    In the caller's transaction, as `vault_app`; returns how many keys there were to destroy.
    """
    connection.execute(
        """insert into shredded (subject, reason, shredded_at)
           select subject, 'on the shred list', at from unnest(%b::uuid[], %b::timestamptz[]) as listed (subject, at)
           on conflict do nothing""",
        (list(subjects), list(subjects.values())),
    )
    return connection.execute("delete from subject_key where subject = any(%b)", (list(subjects),)).rowcount


class ShredList:
    """Who was erased, in a file outside of the key store: one line each, only ever added to.

    A line is moment, subject and a check of both. One that was cut short by a power cut was never acted upon.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[UUID, datetime]:
        """Everybody on the list with the moment of the erasure; nobody where there is no file.

        Raises `ShredListDamaged` with the number of a line that is none.
        """
        try:
            return self._parse(self.path.read_bytes())
        except FileNotFoundError:
            return {}

    def add(self, subjects: Mapping[UUID, datetime]) -> None:
        """Writes those who are missing; when it returns they are on the disk. Raises `OSError`, `ShredListDamaged`."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            there = file.read()
            known = self._parse(there)
            lines = [_shred_line(subject, at) for subject, at in subjects.items() if subject not in known]
            if lines:
                begun = b"\n" if there and not there.endswith(b"\n") else b""
                written = begun + b"".join(lines)
                if file.write(written) != len(written):
                    raise OSError("the disk of the shred list is full")
            os.fsync(file.fileno())
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _parse(self, content: bytes) -> dict[UUID, datetime]:
        listed: dict[UUID, datetime] = {}
        for number, line in enumerate(content.split(b"\n"), start=1):
            if len(line) < _SHRED_LINE_BYTES:
                continue
            try:
                moment, subject = line.decode("ascii").split(" ")[:2]
                at, who = datetime.fromisoformat(moment), UUID(subject)
            except ValueError:
                raise ShredListDamaged(f"{self.path.name} is damaged in line {number}") from None
            if _shred_line(who, at) != line + b"\n":
                raise ShredListDamaged(f"{self.path.name} is damaged in line {number}")
            listed.setdefault(who, at)
        return listed


class Vault:
    """Seals and opens personal texts; keys in PostgreSQL, wrapped under `kek`."""

    def __init__(self, *, dsn: str, kek: bytes, kek_epoch: int = 1, shred_list: ShredList | None = None) -> None:
        """With a `shred_list`, key store and list are first made to agree on who was erased, in both directions.

        Then raises `VaultUnavailable` or `ShredListDamaged`; without the list nothing is asked of the key store yet.
        """
        self._pool = ConnectionPool(
            dsn,
            min_size=1,
            max_size=4,
            open=True,
            timeout=WAIT_S,
            reconnect_timeout=WAIT_S,
            kwargs={"autocommit": True},
        )
        self._kek = kek
        self._kek_epoch = kek_epoch
        self._shred_list = shred_list
        self._keys: dict[UUID, _Key] = {}
        self._lock = Lock()
        try:
            self._agree_on_the_shredded()
        except BaseException:
            self._pool.close()
            raise

    def seal(self, text: str, *, subject: UUID, aggregate_id: UUID, version: int, stored_topic: str, field: str) -> str:
        """The text as a token only this event's field opens. Refused once the subject was shredded."""
        if not text:
            return ""
        key = self._key_for_sealing(subject)
        nonce = os.urandom(12)
        bound = _bound(Token(subject, key.generation, key.commitment, field, ""), aggregate_id, version, stored_topic)
        box = base64.urlsafe_b64encode(nonce + key.cipher.encrypt(nonce, text.encode(), bound)).decode()
        return _written(Token(subject, key.generation, key.commitment, field, box))

    def open(self, token: str, *, aggregate_id: UUID, version: int, stored_topic: str) -> str | None:
        """The text, or None where its person was shredded; raises `SealBroken` where it doesn't belong to this event."""
        if not token:
            return ""
        sealed = read_token(token)
        key = self._keys_of([sealed.subject]).get(sealed.subject)
        if key is None:
            if not self.is_shredded(sealed.subject):
                raise KeyLost("a person's key is missing and the shred list doesn't say why")
            return None
        if key.generation != sealed.generation or not hmac.compare_digest(key.commitment, sealed.commitment):
            raise SealBroken("sealed under another key")
        bound = _bound(sealed, aggregate_id, version, stored_topic)
        try:
            box = base64.urlsafe_b64decode(sealed.box)
            if base64.urlsafe_b64encode(box).decode() != sealed.box:  # the decoder passes over what it doesn't know
                raise SealBroken("altered")
            return key.cipher.decrypt(box[:12], box[12:], bound).decode()
        except (InvalidTag, ValueError):  # a ValueError where so much is missing that it can't even be tried
            raise SealBroken("altered, or of another event") from None

    def warm(self, tokens: Iterable[str]) -> None:
        """Fetches the keys of many tokens at once, so that opening them asks the key store no more."""
        self._keys_of({read_token(token).subject for token in tokens if token})

    def create_keys(self, subjects: Sequence[UUID]) -> None:
        """Makes the keys of many new subjects in one round trip; those that have one keep it."""
        fresh = [aes_key_wrap(self._kek, os.urandom(32)) for _ in subjects]
        with self._connection() as connection:
            connection.execute(
                """insert into subject_key (subject, generation, kek_epoch, wrapped)
                   select subject, 1, %s, wrapped from unnest(%b::uuid[], %b::bytea[]) as new (subject, wrapped)
                   where not exists (select from shredded where shredded.subject = new.subject)
                   on conflict do nothing""",
                (self._kek_epoch, list(subjects), fresh),
            )
        self._keys_of(subjects)

    def shred(self, subject: UUID, *, reason: str) -> None:
        """Makes one person unreadable for ever: the key goes, the shred list keeps the subject. Twice is once.

        The list's file has the subject before the key goes; `VaultUnavailable` where it can't be written.
        """
        with self._connection() as connection, connection.transaction():
            connection.execute(
                "insert into shredded (subject, reason) values (%s, %s) on conflict do nothing", (subject, reason)
            )
            self._write_down(dict(_shredded(connection, [subject])))
            connection.execute("delete from subject_key where subject = %s", (subject,))
        with self._lock:
            self._keys.pop(subject, None)

    def is_shredded(self, subject: UUID) -> bool:
        """Whether the subject stands on the shred list."""
        return bool(self.shredded_among([subject]))

    def shredded_among(self, subjects: Iterable[UUID]) -> set[UUID]:
        """Those of the subjects that stand on the shred list."""
        with self._connection() as connection:
            rows = connection.execute(
                "select subject from shredded where subject = any(%b)", (list(subjects),)
            ).fetchall()
        return {row[0] for row in rows}

    def pool_stats(self) -> dict[str, int]:
        """How the connections to the key store are used, as `psycopg_pool` counts them."""
        return self._pool.get_stats()

    def close(self) -> None:
        """Lets go of the key store and forgets all keys."""
        self._pool.close()
        with self._lock:
            self._keys.clear()

    def _agree_on_the_shredded(self) -> None:
        if self._shred_list is None:
            return
        listed = self._shred_list.read()
        with self._connection() as connection, connection.transaction():
            shred_again(connection, listed)
            self._write_down(dict(_shredded(connection)))

    def _write_down(self, shredded: Mapping[UUID, datetime]) -> None:
        if self._shred_list is None:
            return
        try:
            self._shred_list.add(shredded)
        except OSError as error:
            raise VaultUnavailable("the shred list can't be written, so nobody can be erased") from error

    def _key_for_sealing(self, subject: UUID) -> _Key:
        key = self._keys_of([subject]).get(subject)
        if key is None:
            self.create_keys([subject])
            key = self._keys_of([subject]).get(subject)
        if key is None:
            raise Refused("This person's record was erased for good; nothing more may be written about them.")
        return key

    def _keys_of(self, subjects: Iterable[UUID]) -> dict[UUID, _Key]:
        moment = time.monotonic()
        with self._lock:
            kept = {subject: self._keys.get(subject) for subject in subjects}
        found = {subject: key for subject, key in kept.items() if key is not None and key.kept_until > moment}
        missing = [subject for subject in kept if subject not in found]
        if missing:
            with self._connection() as connection:
                rows = connection.execute(
                    """select distinct on (subject) subject, generation, wrapped from subject_key
                       where subject = any(%b)
                           and not exists (select from shredded where shredded.subject = subject_key.subject)
                       order by subject, generation desc""",
                    (missing,),
                ).fetchall()
            fetched = {row[0]: self._unwrap(row[1], row[2], moment + KEY_KEPT_S) for row in rows}
            with self._lock:
                for subject in missing:
                    self._keys.pop(subject, None)
                self._keys.update(fetched)
                while len(self._keys) > KEYS_KEPT_MAX:
                    del self._keys[next(iter(self._keys))]
            found |= fetched
        return found

    def _unwrap(self, generation: int, wrapped: bytes, kept_until: float) -> _Key:
        key = aes_key_unwrap(self._kek, wrapped)
        commitment = base64.urlsafe_b64encode(hmac.digest(key, b"commit", "sha256")).decode().rstrip("=")
        return _Key(generation, AESGCM(key), commitment, kept_until)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise VaultUnavailable("the key store can't be reached") from error


def _shredded(connection: psycopg.Connection[Any], among: Sequence[UUID] | None = None) -> list[tuple[UUID, datetime]]:
    return connection.execute(
        "select subject, shredded_at from shredded where %(among)s::uuid[] is null or subject = any(%(among)s)",
        {"among": None if among is None else list(among)},
    ).fetchall()


def _shred_line(subject: UUID, at: datetime) -> bytes:
    words = f"{at.astimezone(UTC).isoformat(timespec='microseconds')} {subject}"
    return f"{words} {hashlib.sha256(words.encode()).hexdigest()[:8]}\n".encode()


def _written(token: Token) -> str:
    return f"{_PREFIX}{token.subject.hex}:{token.generation}:{token.commitment}:{token.field}:{token.box}"


def _bound(token: Token, aggregate_id: UUID, version: int, stored_topic: str) -> bytes:
    words = f"{version}\0{stored_topic}\0{token.field}\0{token.generation}".encode()
    return b"baoxue/1\0" + aggregate_id.bytes + token.subject.bytes + words
