"""The Merkle tree over a log 存证树: whoever holds one of its signed checkpoints can be shown what was there.

What stands at position n is the tree's entry n-1: positions have no holes. Of a service the entries are its events as they are
stored, personal fields sealed, so that a child whose key was shredded breaks no proof; the gateway's are in
`gateway/readmodel/trees.py`. A checkpoint is signed when its entries are committed,
and never one that doesn't go on from the one before: a database that was set back or written over is found out here, or by a
witness who has seen more.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from psycopg import sql

from services.chassis.clock import Clock
from services.chassis.errors import NotFound
from services.chassis.merkle import (
    HASH_BYTES,
    Growing,
    beside,
    consistency_proof,
    edge_of,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)
from services.chassis.notes import Key, Signer, checkpoint
from services.chassis.store import StoreUnavailable
from services.contracts.divisions import COUNTY

Connection = psycopg.Connection[tuple[Any, ...]]

AT_ONCE: Final = 4_096
"""Entries taken into the tree in one transaction."""

TILE_LEVELS: Final = 8
TILE_HASHES: Final = 1 << TILE_LEVELS

FRAME: Final = b"baoxue event 1\n"
_NULL: Final = 0xFFFF_FFFF
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def origin_of(service: str) -> str:
    """Which log a service's is: the county, the service, and the epoch, a new one of which begins with every new key."""
    return f"baoxue/{COUNTY}/{service}/1"


def signer_of(origin: str, *, secret: bytes, also: tuple[Key, ...] = ()) -> Signer:
    """Who signs for a log: one secret of the installation gives each log a key of its own (HKDF, RFC 5869); other keys may sign beside it."""
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"baoxue tree {origin}".encode()).derive(secret)
    return Signer(origin, Ed25519PrivateKey.from_private_bytes(seed), also)


class TreeBroken(Exception):
    """The events are not what was signed, or one is missing: nothing is signed any more until somebody has looked."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Where the entries of a log lie."""

    after: str
    """The rows after a position, so many at most, in order: the position, then what the entry is of, null where it is gone."""
    at: str
    """The rows at these positions."""
    frame: Callable[[Sequence[Any]], bytes]
    """The bytes of an entry, of a row without its position."""
    take: str = ""
    """Gives positions to so many of those that have none yet; empty where they are recorded with one."""
    unseen: str = ""
    """When the first entry after those that a witness has seen was recorded; nothing where it has seen all, or there is none."""
    schema: str = "public"
    """Where the tree itself lies: a database may hold several."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed."""

    size: int
    root: bytes
    note: str
    signed_at: datetime


def migrate(connection: psycopg.Connection[Any], *, app_role: str, schema: str = "public") -> None:
    """Creates the tables, as their owner; any number of times, in a transaction. After `store.migrate`, or what has `refuse_change`."""
    with connection.transaction():
        _stand_in(connection, schema)
        connection.execute((files(__package__) / "tree.sql").read_bytes())
        grants = sql.SQL(
            "grant select, insert, update on tree_tile, tree_head to {role};"
            " grant select, insert on tree_checkpoint, tree_cosignature, tree_key to {role}"
        )
        connection.execute(grants.format(role=sql.Identifier(app_role)))
        _stand_in(connection, "public")


def frame(row: Sequence[object]) -> bytes:
    """An event's columns as the bytes of an entry: each by its length, nothing by how it happens to be printed."""
    parts = [FRAME]
    for value in row:
        match value:
            case None:
                parts.append(struct.pack(">I", _NULL))
                continue
            case bytes():
                data = value
            case str():
                data = value.encode()
            case UUID():
                data = value.bytes
            case int():
                data = struct.pack(">q", value)
            case datetime():
                since = value - _EPOCH
                data = struct.pack(">q", (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
            case _:
                message = f"no column of an event is a {type(value).__name__}"
                raise TypeError(message)
        parts += (struct.pack(">I", len(data)), data)
    return b"".join(parts)


_COLUMNS: Final = (
    "select notification_id, originator_id, originator_version, notification_id, topic, state, recorded_at, stored_at,"
    " actor, department, purpose, command_id, correlation_id, causation_id, trace from events"
)
"""The position, and every column of an event in the order in which an entry is made of them."""
EVENTS: Final = Entries(
    after=f"{_COLUMNS} where notification_id > %s order by notification_id limit %s",
    at=f"{_COLUMNS} where notification_id = any(%s)",
    frame=frame,
    unseen="select recorded_at from events where notification_id = (select max(size) + 1 from tree_cosignature)",
)
"""A service's events."""


class SignedTree:
    """What was signed of a log and what proves it, read from the database where its entries lie: a service's events where nothing else is said."""

    def __init__(self, *, dsn: str, entries: Entries = EVENTS) -> None:
        self._dsn = dsn
        self._entries = entries

    def signed(self, *, at_least: int = 0) -> Signed:
        """The last checkpoint with the lines of its witnesses; of those of `at_least` so many events the best witnessed one.

        Raises `NotFound` where there is none yet.
        """
        with self.connection() as connection:
            found = connection.execute(
                """select size, root, note || coalesce(lines, ''), signed_at from tree_checkpoint
                   left join (select size, count(*) as witnesses, string_agg(line, '' order by witness) as lines
                              from tree_cosignature group by size) as cosigned using (size)
                   where size >= %(at_least)s
                   order by case when %(at_least)s > 0 then coalesce(witnesses, 0) else 0 end desc, size desc limit 1""",
                {"at_least": at_least},
            ).fetchone()
        if found is None:
            raise NotFound(
                "尚未签名 / no checkpoint that far is signed yet; one is signed within a minute of an event."
            )
        return Signed(*found)

    def first_signed(self, *, at_least: int) -> Signed:
        """The first checkpoint of so many events, which stays the first for ever; raises `NotFound` where there is none yet."""
        with self.connection() as connection:
            found = connection.execute(
                "select size, root, note, signed_at from tree_checkpoint where size >= %s order by size limit 1",
                (at_least,),
            ).fetchone()
        if found is None:
            raise NotFound(f"尚未签名 / no checkpoint of {at_least:,} entries is signed yet; one is within a minute.")
        return Signed(*found)

    def first_witnessed(self, *, at_least: int) -> Signed | None:
        """The first checkpoint of so many events that a witness has cosigned: from then on they were what they are."""
        with self.connection() as connection:
            found = connection.execute(
                """select size, root, note || lines, signed_at from tree_checkpoint
                   join (select size, string_agg(line, '' order by witness) as lines
                         from tree_cosignature where size >= %s group by size order by size limit 1) as cosigned using (size)""",
                (at_least,),
            ).fetchone()
        return Signed(*found) if found else None

    def cosigned(self) -> dict[str, int]:
        """How far each witness has signed."""
        with self.connection() as connection:
            return dict(
                connection.execute("select witness, max(size) from tree_cosignature group by witness").fetchall()
            )

    def entry(self, position: int) -> bytes:
        """The entry at a position; raises `NotFound`."""
        return self.entries([position])[position]

    def entries(self, positions: Sequence[int]) -> dict[int, bytes]:
        """The entries at these positions; raises `NotFound` where there is none."""
        with self.connection() as connection:
            rows = connection.execute(self._entries.at.encode(), (list(positions),), binary=True).fetchall()
        found = {row[0]: self._entries.frame(row[1:]) for row in rows if row[1] is not None}
        if missing := set(positions) - set(found):
            raise NotFound(f"没有这一序号的记录 / there is no entry at position {min(missing)}.")
        return found

    def positions_of(self, aggregates: Sequence[UUID], *, size: int) -> list[int]:
        """Where the events of these aggregates are among the first `size`."""
        with self.connection() as connection:
            rows = connection.execute(
                "select notification_id from events where originator_id = any(%s) and notification_id <= %s order by 1",
                (list(aggregates), size),
            ).fetchall()
        return [row[0] for row in rows]

    def inclusion(self, position: int, *, size: int) -> list[bytes]:
        """What proves that an event is among the first `size`; raises `NotFound` where it is not."""
        return self.inclusions([position], size=size)[position]

    def inclusions(self, positions: Sequence[int], *, size: int) -> dict[int, list[bytes]]:
        """What proves of each event that it is among the first `size`; raises `NotFound` where one is not."""
        with self.connection() as connection:
            if size > _size(connection) or any(not 1 <= position <= size for position in positions):
                raise NotFound("该事件尚未存证 / the tree doesn't hold that many events yet.")
            node = _Tiles(connection).node
            return {position: inclusion_proof(position - 1, size, node) for position in positions}

    def beside(self, first: int, last: int, *, size: int) -> tuple[list[bytes], list[bytes]]:
        """What stands left and right of the events from `first` to `last` among the first `size`; raises `NotFound`."""
        with self.connection() as connection:
            if not 1 <= first <= last <= size <= _size(connection):
                raise NotFound("存证树尚无这么多事件 / the tree doesn't hold that many events yet.")
            return beside(first - 1, last, size, _Tiles(connection).node)

    def consistency(self, old: int, *, size: int) -> list[bytes]:
        """What proves that the first `size` events go on from the first `old`; raises `NotFound` where there aren't so many."""
        with self.connection() as connection:
            if not 0 <= old <= size <= _size(connection):
                raise NotFound("存证树尚无这么多事件 / the tree doesn't hold that many events yet.")
            return consistency_proof(old, size, _Tiles(connection).node)

    def keys(self) -> list[str]:
        """The public keys by which its signatures are known, the oldest first: whoever wants to be sure compares them with paper."""
        with self.connection() as connection:
            found = connection.execute("select vkey from tree_key order by kept_at, vkey").fetchall()
        return [row[0] for row in found]

    def tile(self, level: int, place: int, *, width: int) -> bytes:
        """So many hashes of a tile of the tree (C2SP tlog-tiles); raises `NotFound` where it doesn't hold so many."""
        with self.connection() as connection:
            found = connection.execute(
                "select hashes from tree_tile where level = %s and place = %s", (level, place)
            ).fetchone()
        hashes = bytes(found[0])[: width * HASH_BYTES] if found else b""
        if not hashes or len(hashes) != width * HASH_BYTES:
            raise NotFound("存证树尚无这么多事件 / the tree doesn't hold that many events yet.")
        return hashes

    def connection(self) -> AbstractContextManager[Connection]:
        """A connection that stands where the tree lies, in a transaction of its own."""
        return _connected(self._dsn, self._entries)


class LogTree(SignedTree):
    """The same for its keeper, who makes it grow and signs it."""

    def __init__(self, *, dsn: str, signer: Signer, clock: Clock, entries: Entries = EVENTS) -> None:
        super().__init__(dsn=dsn, entries=entries)
        self._signer = signer
        self._clock = clock

    @property
    def origin(self) -> str:
        """Which log this is."""
        return self._signer.name

    @property
    def verifiers(self) -> tuple[str, ...]:
        """The public keys of the log, as others are given them; the first is the one that C2SP asks for."""
        return self._signer.verifiers

    @property
    def verifier(self) -> str:
        """The first of them."""
        return self._signer.verifier

    def keep_up(self) -> None:
        """Takes in what was recorded since and signs how far the log is now; raises `TreeBroken` and signs nothing."""
        while self._grow() == AT_ONCE:
            pass
        self._sign()

    def check(self, progress: Callable[[int, int], None] = lambda _, __: None) -> int:
        """Reads every entry once more and returns how many were signed; raises `TreeBroken`, naming the first that is another.

        Asked of an entry nobody had looked at since: the keeper only reads what is new. Raises `NotFound` where nothing is signed.
        """
        signed = self.signed()
        growing = Growing()
        while growing.size < signed.size:
            with self.connection() as connection:
                rows = connection.execute(self._entries.after.encode(), (growing.size, AT_ONCE), binary=True).fetchall()
                tiles = _Tiles(connection)
                for row in rows[: signed.size - growing.size]:
                    position = growing.size + 1
                    is_there = row[0] == position and row[1] is not None
                    leaf = leaf_hash(self._entries.frame(row[1:])) if is_there else b""
                    if leaf != tiles.node(0, growing.size):
                        message = f"the entry at position {position} is {'not the one that was signed' if is_there else 'missing'}"
                        raise TreeBroken(message)
                    growing.append(leaf)
            if not rows:
                message = f"the entry at position {growing.size + 1} is missing"
                raise TreeBroken(message)
            progress(growing.size, signed.size)
        if growing.root() != signed.root:
            message = f"the first {signed.size} entries are not those that were signed, and their tree was made anew"
            raise TreeBroken(message)
        return signed.size

    def keep_cosignature(self, *, size: int, witness: str, line: str, key: str) -> None:
        """Keeps what a witness has signed of a checkpoint, and the key by which that is known; the first time is kept."""
        with self.connection() as connection:
            self._keep_key(connection, witness, key)
            connection.execute(
                "insert into tree_cosignature values (%s, %s, %s, %s) on conflict do nothing",
                (size, witness, line, self._clock.now()),
            )

    def keep_key(self, name: str, key: str) -> None:
        """Keeps a public key by which others know what is signed here: the log's own is kept when it signs."""
        with self.connection() as connection:
            self._keep_key(connection, name, key)

    def _grow(self) -> int:
        """Takes in the next events in one transaction and returns how many; none while another process does."""
        with self.connection() as connection:
            lock = "select pg_try_advisory_xact_lock(hashtextextended('tree ' || current_schema, 0))"
            if connection.execute(lock).fetchone() != (True,):
                return 0
            if self._entries.take:
                connection.execute(self._entries.take.encode(), (AT_ONCE,))
            size = _size(connection)
            rows = connection.execute(self._entries.after.encode(), (size, AT_ONCE), binary=True).fetchall()
            if not rows:
                return 0
            tiles = _Tiles(connection)
            tree = Growing(size, edge_of(size, tiles.node))
            for row in rows:
                if row[0] != tree.size + 1 or row[1] is None:
                    message = f"the entry at position {tree.size + 1} is missing"
                    raise TreeBroken(message)
                for level, place, root in tree.append(leaf_hash(self._entries.frame(row[1:]))):
                    tiles.add(level, place, root)
            tiles.keep()
            connection.execute(
                "insert into tree_head (size) values (%s) on conflict (only_one) do update set size = excluded.size",
                (tree.size,),
            )
            return len(rows)

    def _sign(self) -> None:
        """Signs how far the tree is, once its entries are committed and so on disk."""
        with self.connection() as connection:
            size, last = _size(connection), _last_signed(connection)
            for key in self.verifiers:
                self._keep_key(connection, self.origin, key)
            nodes = _Tiles(connection).node
            if last is not None and last.size <= size and root_of(last.size, nodes) != last.root:
                message = f"the first {last.size} entries are not those that were signed"
                raise TreeBroken(message)
            if last is not None and last.size >= size:
                return
            root = root_of(size, nodes)
            if size:
                note = self._signer.sign(checkpoint(self.origin, size, root))
                connection.execute(
                    "insert into tree_checkpoint values (%s, %s, %s, %s) on conflict (size) do nothing",
                    (size, root, note, self._clock.now()),
                )

    def _keep_key(self, connection: Connection, name: str, key: str) -> None:
        connection.execute(
            "insert into tree_key values (%s, %s, %s) on conflict do nothing", (key, name, self._clock.now())
        )


@contextmanager
def _connected(dsn: str, entries: Entries) -> Iterator[Connection]:
    """A connection of its own, in a transaction: a tree works now and then, and nobody waits for it."""
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            _stand_in(connection, entries.schema)
            yield connection
    except psycopg.OperationalError as error:
        raise StoreUnavailable("the service's database can't be reached") from error


def unseen_since(dsn: str, entries: Entries) -> datetime | None:
    """When the first entry of a log was recorded that no witness has seen; None where they have seen all, or never saw any."""
    with _connected(dsn, entries) as connection:
        found = connection.execute(entries.unseen.encode()).fetchone()
    return found[0] if found else None


def is_witnessed(dsn: str, entries: Entries) -> bool:
    """Whether a witness has ever seen anything of a log."""
    with _connected(dsn, entries) as connection:
        return connection.execute("select from tree_cosignature limit 1").fetchone() is not None


class _Tiles:
    """The hashes of a tree as they lie in the database, read as they are needed and written at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tiles: dict[tuple[int, int], bytearray] = {}
        self._touched: set[tuple[int, int]] = set()

    def node(self, level: int, place: int) -> bytes:
        """The root of a perfect subtree."""
        tile_level, above = divmod(level, TILE_LEVELS)
        first = place << above
        tile = self._tile(tile_level, first // TILE_HASHES)
        start = first % TILE_HASHES * HASH_BYTES
        hashes = list(_cut(tile[start : start + (HASH_BYTES << above)]))
        if len(hashes) != 1 << above:
            message = f"hashes of the tree are missing, in tile {first // TILE_HASHES} of level {tile_level}"
            raise TreeBroken(message)
        while len(hashes) > 1:
            hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    def add(self, level: int, place: int, root: bytes) -> None:
        """Takes in the root of a perfect subtree that has just become full; only every eighth level is kept."""
        tile_level, above = divmod(level, TILE_LEVELS)
        if above:
            return
        at = (tile_level, place // TILE_HASHES)
        tile = self._tile(*at)
        del tile[place % TILE_HASHES * HASH_BYTES :]  # left by a run that didn't come to its end, and of no tree
        tile += root
        self._touched.add(at)

    def keep(self) -> None:
        """Writes what was added."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "insert into tree_tile (level, place, hashes) values (%s, %s, %s)"
                " on conflict (level, place) do update set hashes = excluded.hashes",
                [(*at, bytes(self._tiles[at])) for at in sorted(self._touched)],
            )

    def _tile(self, level: int, place: int) -> bytearray:
        if (level, place) not in self._tiles:
            found = self._connection.execute(
                "select hashes from tree_tile where level = %s and place = %s", (level, place)
            ).fetchone()
            self._tiles[level, place] = bytearray(found[0] if found else b"")
        return self._tiles[level, place]


def _stand_in(connection: psycopg.Connection[Any], schema: str) -> None:
    """Lets names mean this schema until the transaction ends, moments be said in UTC, and its commit wait for the disk."""
    path = schema if schema == "public" else f"{schema}, public"
    connection.execute(
        "select set_config('search_path', %s, true), set_config('timezone', 'UTC', true), set_config('synchronous_commit', 'on', true)",
        (path,),
    )


def _size(connection: Connection) -> int:
    found = connection.execute("select size from tree_head").fetchone()
    return found[0] if found else 0


def _last_signed(connection: Connection) -> Signed | None:
    found = connection.execute(
        "select size, root, note, signed_at from tree_checkpoint order by size desc limit 1"
    ).fetchone()
    return Signed(*found) if found else None


def _cut(hashes: bytes | bytearray) -> Iterator[bytes]:
    for start in range(0, len(hashes), HASH_BYTES):
        yield bytes(hashes[start : start + HASH_BYTES])
