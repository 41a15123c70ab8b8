"""The key store: each person's key, wrapped under a key-encryption key of an epoch, in a database of its own.

A key is there, or it was shredded 删除, or it lies apart under a key that only the supervising body holds, because
processing is restricted 限制处理. What an operator does to all keys at once is here; what services do is the vault's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from psycopg import sql

from services.chassis.errors import Refused
from services.chassis.keyring import Epoch, KeyRing
from services.chassis.sealing import WrapBroken

LOT: Final = 2_000
"""How many keys are wrapped anew in one transaction: about 20 ms."""

_APART: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
"""HPKE (RFC 9180): who puts a key apart can't open it again."""

SCHEMA: Final = """
create table if not exists subject_key (
    subject    uuid not null,
    generation integer not null,
    kek_epoch  integer not null,
    wrapped    bytea not null,
    primary key (subject, generation)
);
create index if not exists subject_key_by_epoch on subject_key (kek_epoch);
create table if not exists shredded (
    subject     uuid primary key,
    reason      text not null,
    shredded_at timestamptz not null default clock_timestamp()
);
create table if not exists restricted (
    subject       uuid not null,
    generation    integer not null,
    box           bytea not null,
    restricted_at timestamptz not null default clock_timestamp(),
    primary key (subject, generation)
);
create table if not exists kek_epoch (
    epoch       integer primary key,
    suite       integer not null,
    check_value bytea not null,
    begun_at    timestamptz not null default clock_timestamp(),
    retired_at  timestamptz
);
"""


class VaultUnavailable(Exception):
    """The key store can't be reached; nothing personal can be read or written until it can."""


class WrongKeyRing(VaultUnavailable):
    """This process doesn't hold the key-encryption key of an epoch that the key store names, or holds another one."""


def migrate(connection: psycopg.Connection[Any], *, app_role: str = "vault_app") -> None:
    """Creates the key store's tables, as their owner; any number of times."""
    connection.execute(SCHEMA)
    grants = """
        grant select, insert on subject_key, shredded, kek_epoch, restricted to {role};
        grant delete, update on subject_key to {role};
        grant delete on restricted to {role};
        grant update on kek_epoch to {role}
    """
    connection.execute(sql.SQL(grants).format(role=sql.Identifier(app_role)))


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
    apart = connection.execute("delete from restricted where subject = any(%b)", (list(subjects),)).rowcount
    return apart + connection.execute("delete from subject_key where subject = any(%b)", (list(subjects),)).rowcount


def lay_apart(connection: psycopg.Connection[Any], ring: KeyRing, *, subject: UUID, holder: X25519PublicKey) -> None:
    """Puts a person's keys under a key that only its holder can open; no process here reads them any more. Twice is once.

    In the caller's transaction. Raises `WrongKeyRing`.
    """
    rows = connection.execute(
        "delete from subject_key where subject = %s returning generation, kek_epoch, wrapped", (subject,)
    ).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into restricted (subject, generation, box) values (%s, %s, %s)",
            [
                (subject, generation, _APART.encrypt(key, holder, _bound(subject, generation)))
                for generation, epoch, wrapped in rows
                for key in (unwrapped(ring, subject=subject, epoch=epoch, wrapped=wrapped),)
            ],
        )


def take_back(connection: psycopg.Connection[Any], ring: KeyRing, *, subject: UUID, holder: X25519PrivateKey) -> None:
    """Wraps a person's keys again as everybody's are; nothing where none lies apart.

    In the caller's transaction. Raises `Refused` where the key is another than the one they were put under.
    """
    epoch = wrapping_epoch(connection, ring)
    rows = connection.execute(
        "delete from restricted where subject = %s returning generation, box", (subject,)
    ).fetchall()
    for generation, box in rows:
        try:
            key = _APART.decrypt(box, holder, _bound(subject, generation))
        except InvalidTag:
            raise Refused("This is not the key under which the person's key was put apart.") from None
        connection.execute(
            "insert into subject_key (subject, generation, kek_epoch, wrapped) values (%s, %s, %s, %s)",
            (subject, generation, epoch.number, epoch.wrap(key, subject=subject)),
        )


def _bound(subject: UUID, generation: int) -> bytes:
    return b"baoxue restricted/1\0" + subject.bytes + generation.to_bytes(4)


@dataclass(frozen=True, slots=True)
class EpochState:
    """An epoch as the key store knows it: how many keys are wrapped under it, and whether it was given up."""

    number: int
    suite: int
    begun_at: datetime
    retired_at: datetime | None
    keys: int


def epochs(connection: psycopg.Connection[Any]) -> list[EpochState]:
    """All epochs that ever wrapped a key here, oldest first."""
    rows = connection.execute(
        """select epoch, suite, begun_at, retired_at,
               (select count(*) from subject_key where kek_epoch = epoch)
           from kek_epoch order by epoch"""
    ).fetchall()
    return [EpochState(*row) for row in rows]


def wrapping_epoch(connection: psycopg.Connection[Any], ring: KeyRing) -> Epoch:
    """The epoch under which new keys are wrapped: the newest that the key store knows, or the ring's, which it learns.

    Raises `WrongKeyRing` where the ring doesn't hold that one, or another key by its number.
    """
    row = connection.execute("select epoch, check_value from kek_epoch order by epoch desc limit 1").fetchone()
    epoch = ring.newest if row is None else ring.find(row[0])
    if epoch is None:
        raise WrongKeyRing("the key store has a newer epoch than vault.kek of this process holds")
    if row is None:
        noted = (epoch.number, epoch.suite.number, epoch.check_value)
        connection.execute(
            "insert into kek_epoch (epoch, suite, check_value) values (%s, %s, %s) on conflict do nothing", noted
        )
    elif bytes(row[1]) != epoch.check_value:
        raise WrongKeyRing(f"vault.kek holds another key as epoch {epoch.number} than the one that wrapped the keys")
    return epoch


def unwrapped(ring: KeyRing, *, subject: UUID, epoch: int, wrapped: bytes) -> bytes:
    """A person's key; raises `WrongKeyRing` where the ring can't open it."""
    kek = ring.find(epoch)
    if kek is None:
        raise WrongKeyRing(f"a key is wrapped under epoch {epoch}, which vault.kek of this process doesn't hold")
    try:
        return kek.unwrap(wrapped, subject=subject)
    except WrapBroken:
        raise WrongKeyRing(f"a key doesn't open under epoch {epoch} of vault.kek: another key, or altered") from None


def begin_epoch(connection: psycopg.Connection[Any], epoch: Epoch) -> None:
    """Lets new keys be wrapped under an epoch from now on; again, it changes nothing. Raises `Refused` backwards."""
    newest = connection.execute("select coalesce(max(epoch), 0) from kek_epoch").fetchone()
    if newest is not None and newest[0] > epoch.number:
        raise Refused(f"Epoch {newest[0]} is in use already; an epoch before it can't begin.")
    connection.execute(
        "insert into kek_epoch (epoch, suite, check_value) values (%s, %s, %s) on conflict do nothing",
        (epoch.number, epoch.suite.number, epoch.check_value),
    )


def rewrap(connection: psycopg.Connection[Any], ring: KeyRing, *, progress: Callable[[int], None] | None = None) -> int:
    """Wraps every key anew under the newest epoch, lot by lot, each committed; returns how many there were.

    Killed in between, it leaves keys of both epochs, which all open; the next run does what is left. The connection is
    in autocommit. Raises `WrongKeyRing`.
    """
    epoch, done = wrapping_epoch(connection, ring), 0
    while True:
        with connection.transaction():
            rows = connection.execute(
                """select subject, generation, kek_epoch, wrapped from subject_key where kek_epoch <> %s
                   limit %s for update""",
                (epoch.number, LOT),
            ).fetchall()
            anew = [
                epoch.wrap(unwrapped(ring, subject=subject, epoch=old, wrapped=wrapped), subject=subject)
                for subject, _, old, wrapped in rows
            ]
            connection.execute(
                """update subject_key set kek_epoch = %s, wrapped = anew.wrapped
                   from unnest(%b::uuid[], %b::integer[], %b::bytea[]) as anew (subject, generation, wrapped)
                   where subject_key.subject = anew.subject and subject_key.generation = anew.generation""",
                (epoch.number, [row[0] for row in rows], [row[1] for row in rows], anew),
            )
        if not rows:
            return done
        done += len(rows)
        if progress is not None:
            progress(done)


def retire(connection: psycopg.Connection[Any], *, number: int) -> None:
    """Gives an epoch up for good. Raises `Refused` while a key is wrapped under it, and for the newest."""
    with connection.transaction():
        connection.execute(
            "lock table subject_key in share row exclusive mode"
        )  # no key comes in while this is looked at
        known = {state.number: state for state in epochs(connection)}
        if number not in known:
            raise Refused(f"There is no epoch {number}; there are {', '.join(map(str, known)) or 'none yet'}.")
        if number == max(known):
            raise Refused(f"Epoch {number} is the one in use; begin a new one first.")
        if known[number].keys:
            raise Refused(f"{known[number].keys} keys are still wrapped under epoch {number}; rotate again first.")
        connection.execute(
            "update kek_epoch set retired_at = coalesce(retired_at, clock_timestamp()) where epoch = %s", (number,)
        )
