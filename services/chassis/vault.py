"""The vault: personal texts are sealed under a key of their own person, and shredding that key makes the person unreadable.

How a text is sealed is told in `sealing`, where keys lie in `key_store`, what wraps them in `keyring`. Shredding deletes
the wrapped key and writes the subject into `shredded`, and first into the `ShredList` outside; a key of somebody on that
list is never used, wherever it came from. A process keeps unwrapped keys for at most `KEY_KEPT_S`, so a shredded person is
unreadable everywhere within that time, here at once. An empty text is not sealed: there is nothing to hide in it.
"""

import hmac
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from psycopg_pool import ConnectionPool

from services.chassis.errors import Refused
from services.chassis.key_store import (
    EpochState,
    VaultUnavailable,
    epochs,
    lay_apart,
    shred_again,
    take_back,
    unwrapped,
    wrapping_epoch,
)
from services.chassis.keyring import KeyRing
from services.chassis.sealing import KEY_BYTES, SUITES, SealBroken, Sealer, Token, read_token, seal, subject_of, unseal
from services.chassis.shred_list import ShredList

ERASED: Final = "〔已删除〕"
"""What is read where a person's key was shredded: erased."""

RESTRICTED: Final = "〔限制处理〕"
"""What is read where processing is restricted: kept, and for nobody here to read (PIPL 47)."""

KEY_KEPT_S: Final = 60.0
WAIT_S: Final = 3.0
"""How long a caller waits for the key store: less than the gateway waits for a service."""
KEYS_KEPT_MAX: Final = 200_000


class KeyLost(SealBroken):
    """The key of a token's subject is missing and nobody shredded it: altered, or the key store was lost in part.

    It is never taken for an erasure.
    """


@dataclass(frozen=True, slots=True)
class _Key:
    """A person's key at hand, with what seals under it in each suite that was needed so far."""

    generation: int
    key: bytes
    kept_until: float
    sealers: dict[int, Sealer] = field(default_factory=dict)

    def sealer(self, suite: int) -> Sealer:
        if suite not in self.sealers:
            self.sealers[suite] = SUITES[suite].sealer(self.key)
        return self.sealers[suite]


class Vault:
    """Seals and opens personal texts; keys in PostgreSQL, wrapped under the epochs of a `ring`."""

    def __init__(self, *, dsn: str, ring: KeyRing, shred_list: ShredList | None = None) -> None:
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
        self._ring = ring
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
        suite = self._ring.newest.suite.number
        sealer = key.sealer(suite)
        token = Token(suite, subject, key.generation, sealer.commitment, field, "")
        bound = token.bound(aggregate_id=aggregate_id, version=version, stored_topic=stored_topic)
        return replace(token, box=seal(sealer, text, bound=bound)).written()

    def open(self, token: str, *, aggregate_id: UUID, version: int, stored_topic: str) -> str | None:
        """The text, or None where its person was shredded or is restricted; `SealBroken` where it isn't of this event."""
        if not token:
            return ""
        sealed = read_token(token)
        key = self._keys_of([sealed.subject]).get(sealed.subject)
        if key is None:
            if not self.closed_among([sealed.subject]):
                raise KeyLost("a person's key is missing and nothing says why")
            return None
        sealer = key.sealer(sealed.suite)
        if key.generation != sealed.generation or not hmac.compare_digest(sealer.commitment, sealed.commitment):
            raise SealBroken("sealed under another key")
        bound = sealed.bound(aggregate_id=aggregate_id, version=version, stored_topic=stored_topic)
        return unseal(sealer, sealed.box, bound=bound)

    def word_for(self, token: str) -> str:
        """What stands in the place of a text that `open` didn't give."""
        return ERASED if self.is_shredded(read_token(token).subject) else RESTRICTED

    def warm(self, tokens: Iterable[str]) -> None:
        """Fetches the keys of many tokens at once, so that opening them asks the key store no more."""
        one_of_each = {subject_of(token): token for token in tokens if token}
        self._keys_of({read_token(token).subject for token in one_of_each.values()})

    def create_keys(self, subjects: Sequence[UUID]) -> None:
        """Makes the keys of many new subjects in one round trip; those that have one keep it."""
        with self._connection() as connection:
            epoch = wrapping_epoch(connection, self._ring)
            fresh = [epoch.wrap(os.urandom(KEY_BYTES), subject=subject) for subject in subjects]
            connection.execute(
                """insert into subject_key (subject, generation, kek_epoch, wrapped)
                   select subject, 1, %(epoch)s, wrapped
                   from unnest(%(subjects)b::uuid[], %(fresh)b::bytea[]) as new (subject, wrapped)
                   where not exists (select from shredded where shredded.subject = new.subject)
                       and not exists (select from restricted where restricted.subject = new.subject)
                       and not exists (select from kek_epoch where epoch = %(epoch)s and retired_at is not null)
                   on conflict do nothing""",
                {"epoch": epoch.number, "subjects": list(subjects), "fresh": fresh},
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
            connection.execute("delete from restricted where subject = %s", (subject,))
        self._forget(subject)

    def restrict(self, subject: UUID, *, holder: X25519PublicKey) -> None:
        """Puts one person's key under the supervising body's: kept, and unreadable here until it gives it back. Twice is once."""
        with self._connection() as connection, connection.transaction():
            lay_apart(connection, self._ring, subject=subject, holder=holder)
        self._forget(subject)

    def lift(self, subject: UUID, *, holder: X25519PrivateKey) -> None:
        """Makes a restricted person readable again; raises `Refused` where it is another key. Twice is once."""
        with self._connection() as connection, connection.transaction():
            take_back(connection, self._ring, subject=subject, holder=holder)
        self._forget(subject)

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

    def closed_among(self, subjects: Iterable[UUID]) -> set[UUID]:
        """Those of the subjects of whom nothing may be read or written: shredded, or restricted."""
        with self._connection() as connection:
            rows = connection.execute(
                """select subject from shredded where subject = any(%(them)b)
                   union select subject from restricted where subject = any(%(them)b)""",
                {"them": list(subjects)},
            ).fetchall()
        return {row[0] for row in rows}

    def epochs(self) -> list[EpochState]:
        """The epochs of the keys over all keys, as the key store tells them."""
        with self._connection() as connection:
            return epochs(connection)

    def pool_stats(self) -> dict[str, int]:
        """How the connections to the key store are used, as `psycopg_pool` counts them."""
        return self._pool.get_stats()

    def close(self) -> None:
        """Lets go of the key store and forgets all keys."""
        self._pool.close()
        with self._lock:
            self._keys.clear()

    def _forget(self, subject: UUID) -> None:
        with self._lock:
            self._keys.pop(subject, None)

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
        if key is None and self.is_shredded(subject):
            raise Refused("This person's record was erased for good; nothing more may be written about them.")
        if key is None and self.closed_among([subject]):
            raise Refused("Processing of this person's record is restricted; nothing more may be written about them.")
        if key is None:
            raise VaultUnavailable("the epoch was changed while a key was made; the next try finds the new one")
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
                    """select distinct on (subject) subject, generation, kek_epoch, wrapped from subject_key
                       where subject = any(%b)
                           and not exists (select from shredded where shredded.subject = subject_key.subject)
                       order by subject, generation desc""",
                    (missing,),
                ).fetchall()
            fetched = {
                subject: _Key(
                    generation,
                    unwrapped(self._ring, subject=subject, epoch=epoch, wrapped=wrapped),
                    moment + KEY_KEPT_S,
                )
                for subject, generation, epoch, wrapped in rows
            }
            with self._lock:
                for subject in missing:
                    self._keys.pop(subject, None)
                self._keys.update(fetched)
                while len(self._keys) > KEYS_KEPT_MAX:
                    del self._keys[next(iter(self._keys))]
            found |= fetched
        return found

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
