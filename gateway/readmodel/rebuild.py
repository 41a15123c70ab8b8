"""Makes the read model anew from the origin of the log, beside the one that is shown (blue), and puts it in its place.

The green copy stands in a schema of its own and is made by the same `tables.sql`: everything that the projection writes,
with its tracking. Journal, receipts, townships and parked records are records or reference data, stay where they are and
are shared. So the database needs the room of the projected tables twice while this lasts.

Green is filled with rows alone, each batch folded while the one before is written (`ahead.py`). When it is nearly full it gets
all else: the indexes that only readers need, the places of rows whose child or case moved after them, the numbers of the
partition. It is projected by a second reader, under a lock of its own, while blue goes on. It never goes beyond blue:
where it would, it holds the records back. So the journal already has every event that green reads (what it finds there is
held against the log, as always), and nobody who waits for an event is told of it before blue shows it.

The switch is one transaction. Blue's projection is kept waiting by its own lock, green comes up to the very same
positions, then the tables change places: names, rights, policies and indexes stay what they were. Who reads waits for it
a moment and notices nothing: PostgreSQL looks the names up again, also in prepared statements. The readers' locks come
and go, so ours are asked for all at once, within less time than PostgreSQL needs to see a deadlock in it, and again.
Blue's projector goes on from the tracking it finds, which is the one it left.

Nobody else hears of a rebuild: nothing is recorded, nothing published. What is killed half-way leaves a schema behind
that nobody reads; the next rebuild clears it away first.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain, repeat
from typing import Final

import psycopg
from psycopg import errors, sql

from gateway.readmodel.ahead import Ahead
from gateway.readmodel.cases import CaseFile
from gateway.readmodel.duties import Duty
from gateway.readmodel.fold import Opener
from gateway.readmodel.migrate import STATEMENTS, hold_back_migrations
from gateway.readmodel.projection import LOCK, TABLES
from gateway.readmodel.projector import PATIENCE_S, PRODUCERS, READER, LogSilent, connect, silence
from gateway.readmodel.rows import Connection
from gateway.readmodel.taker import Taker
from services.chassis.clock import Clock, SystemClock
from services.chassis.errors import Refused
from services.chassis.log import Log, Record, Subscription, Unreadable

GREEN: Final = "readmodel_green"
"""The schema in which the new tables are filled."""
GREEN_READER: Final = f"{READER}.green"
GREEN_LOCK: Final = LOCK + 1
REBUILD_LOCK: Final = LOCK + 2
SWITCHED: Final = tuple(sorted((*TABLES, "tracking")))
"""What is made anew: all that the projection writes, but for the journal."""
LOOKED_UP_BY: Final = {Duty.TABLE: "about", CaseFile.TABLE: "child_id"}
"""The columns besides keys by which a batch looks rows up: their indexes are needed while it fills."""
BATCH: Final = 10_000
POLL_S: Final = 0.1
CLOSE: Final = 5000
"""Positions that green may be behind when blue is made to wait for it."""
HELD_MAX: Final = 40_000
"""Records that are held back at most because blue hasn't got there."""
SWITCH_S: Final = 20.0
"""How long blue is kept waiting at most."""
LOCKED_MS: Final = (20, 50, 100, 200, 500)
"""How long all locks may take, at each attempt; who comes to read waits so long. Under `deadlock_timeout` (1 s), so that
no reader is ever the one to be ended."""
PAUSE_S: Final = 0.1

Progress = Callable[[str, int, int], None]
"""Told of a step by name: how much of it is done, of how much."""


def rebuild(
    *,
    dsn: str,
    owner_dsn: str,
    log: Log,
    opener: Opener,
    producers: Sequence[str] = PRODUCERS,
    clock: Clock | None = None,
    progress: Progress = lambda *_: None,
) -> int:
    """Makes the read model anew while it is in use and returns how many records were read for it.

    `dsn` is `gateway_writer`'s, `owner_dsn` `gateway_owner`'s (or a superuser's). Raises `Refused` where another rebuild
    is under way, where the projector is too far behind, or where readers never let go; `LogSilent`, and what psycopg and
    the opener raise. Then the read model is what it was.
    """
    with (
        psycopg.connect(owner_dsn, autocommit=True, connect_timeout=5) as owner,
        _alone(owner),
        _green(owner),
        _by_key(dsn) as green,
        _by_key(dsn) as reading,
        connect(dsn) as blue,
        closing(log.subscribe(reader=GREEN_READER, producers=producers)) as subscription,
    ):
        taker = Taker(reader=GREEN_READER, opener=opener, clock=clock or SystemClock(), lock=GREEN_LOCK, fills=True)
        with Ahead(taker, reading=reading, writing=green) as ahead:
            filling = _Filling(
                blue=blue, green=green, subscription=subscription, taker=taker, ahead=ahead, progress=progress
            )
            filling.begin()
            indexes = _lay_aside_indexes(owner)
            filling.come_close()
            _make_indexes(owner, indexes)
            taker.complete(green)
            filling.come_close()  # blue has gone on meanwhile
            _analyze(owner)  # else those who ask first after the switch get plans for empty tables
            while True:
                with _switching(owner) as change_places:
                    if filling.catch_up(within_s=SWITCH_S):
                        change_places()
                        return filling.read


@contextmanager
def _green(owner: Connection) -> Iterator[None]:
    """The green tables; what is left of them is taken away at the end, or else by the next rebuild."""
    make_green(owner)
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError):
            clear(owner)


def make_green(owner: Connection) -> None:
    """Makes the green tables, empty, in the place of whatever a rebuild that was cut short has left."""
    clear(owner)
    with owner.transaction():
        hold_back_migrations(owner)
        owner.execute("set local role gateway_owner")
        owner.execute(sql.SQL("create schema {}").format(sql.Identifier(GREEN)))
        owner.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(GREEN)))
        owner.execute(STATEMENTS.encode())
        made = owner.execute("select tablename from pg_tables where schemaname = %s", [GREEN]).fetchall()
        records = [sql.Identifier(GREEN, table) for (table,) in made if table not in SWITCHED]
        owner.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(records)))  # at once: some refer to others
        owner.execute("drop function refuse_change()")
        owner.execute("set local search_path = public")
        owner.execute(sql.SQL("grant usage on schema {} to gateway_writer").format(sql.Identifier(GREEN)))
        # What an operator has dropped stays dropped where it can't be projected now either.
        owner.execute(
            """insert into parked (reader, id, key, producer, tracking, place, type, raw, error, tries, parked_at, state,
                 decided_at, decided_by, why)
               select %s, id, key, producer, tracking, place, type, raw, error, tries, parked_at, state, decided_at,
                 decided_by, why from parked where reader = %s and state = 'dropped'""",
            [GREEN_READER, READER],
        )


def clear(owner: Connection) -> None:
    """Takes away what is left of a rebuild: its schema, and its own notes on what was parked."""
    with owner.transaction():
        owner.execute("set local role gateway_owner")
        owner.execute("set local client_min_messages = warning")
        owner.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(GREEN)))
        owner.execute("delete from parked where reader = %s", [GREEN_READER])


@contextmanager
def _alone(owner: Connection) -> Iterator[None]:
    """One rebuild at a time; the lock ends with the connection, however that ends."""
    found = owner.execute("select pg_try_advisory_lock(%s)", [REBUILD_LOCK]).fetchone()
    if found != (True,):
        raise Refused(
            "The read model is being rebuilt already. Wait until that rebuild has ended, then look whether another is needed."
        )
    yield


def _by_key(dsn: str) -> Connection:
    """A connection to green on which rows are looked up by their keys, thousands at once: of tables that grow so quickly PostgreSQL knows
    too little, and would read all of each table for every batch."""
    connection = connect(dsn, schemas=f"{GREEN}, public")
    connection.execute("set enable_seqscan = off")
    return connection


class _Filling:
    """Fills green from the log, never beyond blue."""

    def __init__(
        self,
        *,
        blue: Connection,
        green: Connection,
        subscription: Subscription,
        taker: Taker,
        ahead: Ahead,
        progress: Progress,
    ) -> None:
        self.read = 0
        """How many records were taken."""
        self._blue = blue
        self._green = green
        self._subscription = subscription
        self._taker = taker
        self._ahead = ahead
        self._progress = progress
        self._held: dict[str, deque[Record]] = {}
        self._total = 0
        self._deadline = 0.0

    def begin(self) -> None:
        """At the origin."""
        (self._total,) = self._blue.execute("select count(*) from journal").fetchone() or (0,)
        self._subscription.seek(self._taker.go_on(self._green))

    def come_close(self) -> None:
        """Until little is missing to where blue is now."""
        self._deadline = time.monotonic() + PATIENCE_S
        while self._missing(self._bound()) > CLOSE:
            self.step()
        self._ahead.finish()

    def catch_up(self, *, within_s: float) -> bool:
        """Comes to where blue is, which must not move meanwhile; False where that takes longer."""
        bound, until = self._bound(), time.monotonic() + within_s
        self._deadline = time.monotonic() + PATIENCE_S
        while self._missing(bound) and time.monotonic() < until:
            self.step()
        return not self._missing(bound)

    def step(self) -> None:
        """Reads on, and takes what doesn't lie beyond blue; raises `LogSilent` where nothing of that comes for long."""
        bound = self._bound()
        for record in self._subscription.poll(limit=BATCH, timeout_s=POLL_S):
            self._held.setdefault(record.tracking, deque()).append(record)
        records = list(self._within(bound))
        if records:
            self._ahead.take(records)
            self.read += len(records)
            self._progress("rebuild", min(self.read, self._total), self._total)
            self._deadline = time.monotonic() + PATIENCE_S
        else:
            self._ahead.finish()  # what is missing may be at hand
        if not records and time.monotonic() > self._deadline:
            raise LogSilent(silence(self._subscription.behind()))
        if sum(map(len, self._held.values())) > HELD_MAX:
            raise Refused(
                f"The projector is more than {HELD_MAX:,} events behind the log. Let it catch up first, then rebuild."
            )

    def _within(self, bound: Mapping[str, int]) -> Iterator[Record]:
        for name, held in self._held.items():
            while held and (isinstance(held[0], Unreadable) or held[0].envelope.position <= bound.get(name, 0)):
                yield held.popleft()

    def _bound(self) -> dict[str, int]:
        """How far blue is."""
        return dict(self._blue.execute("select name, position from tracking").fetchall())

    def _missing(self, bound: Mapping[str, int]) -> int:
        """How many positions green is behind, at least one where it is at all."""
        return sum(max(0, position - self._taker.positions.get(name, 0)) for name, position in bound.items())


def _lay_aside_indexes(owner: Connection) -> list[str]:
    """Drops the green indexes that only readers need, and returns what makes them: to make one of all rows is cheaper than
    to keep it up with each."""
    with owner.transaction():
        owner.execute("set local role gateway_owner")
        found = owner.execute(
            """select c.relname, pg_get_indexdef(c.oid) from pg_index i
               join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
               join pg_class t on t.oid = i.indrelid
               left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
               where n.nspname = %s and not i.indisunique and ((t.relname::text, a.attname::text) in
                 (select * from unnest(%s::text[], %s::text[]))) is not true""",
            [GREEN, list(LOOKED_UP_BY), list(LOOKED_UP_BY.values())],
        ).fetchall()
        for name, _ in found:
            owner.execute(sql.SQL("drop index {}").format(sql.Identifier(GREEN, name)))
    return [definition for _, definition in found]


def _make_indexes(owner: Connection, definitions: Sequence[str]) -> None:
    with owner.transaction():
        owner.execute("set local role gateway_owner")
        owner.execute("set local maintenance_work_mem = '256MB'")
        for definition in definitions:
            owner.execute(definition.encode())


def _analyze(owner: Connection) -> None:
    for table in SWITCHED:
        owner.execute(sql.SQL("analyze {}").format(sql.Identifier(GREEN, table)))


@contextmanager
def _switching(owner: Connection) -> Iterator[Callable[[], None]]:
    """Keeps blue's projection waiting; what is yielded puts green into its place, which lasts when this ends well."""
    with owner.transaction():
        hold_back_migrations(owner)
        owner.execute("set local role gateway_owner")
        owner.execute("select set_config('lock_timeout', %s, true)", [f"{SWITCH_S:.0f}s"])
        owner.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        yield lambda: _change_places(owner)


def _change_places(owner: Connection) -> None:
    blue = sql.SQL(", ").join(sql.Identifier("public", table) for table in SWITCHED)
    _adopt_parked(owner)
    _lock(owner, blue)
    owner.execute(sql.SQL("drop table {}").format(blue))
    for table in SWITCHED:
        owner.execute(sql.SQL("alter table {} set schema public").format(sql.Identifier(GREEN, table)))
    owner.execute(sql.SQL("drop schema {}").format(sql.Identifier(GREEN)))


def _lock(owner: Connection, tables: sql.Composed) -> None:
    """Waits until nobody reads these tables, and keeps them.

    First only what doesn't hinder readers: whoever tidies up the tables (autovacuum) gives way to it after a second.
    """
    owner.execute(sql.SQL("lock table {} in share update exclusive mode").format(tables))
    until = time.monotonic() + SWITCH_S
    for within_ms in chain(LOCKED_MS, repeat(LOCKED_MS[-1])):
        try:
            with owner.transaction():
                owner.execute("select set_config('statement_timeout', %s, true)", [f"{within_ms}ms"])
                owner.execute(sql.SQL("lock table {} in access exclusive mode").format(tables))
                owner.execute("set local statement_timeout = 0")
        except (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected):
            if time.monotonic() > until:
                raise Refused(
                    f"Somebody kept reading the read model for more than {SWITCH_S:.0f} s; nothing was changed. Rebuild again at a quieter time."
                ) from None
            time.sleep(PAUSE_S)
        else:
            return


def _adopt_parked(owner: Connection) -> None:
    """What waits under green's name waits from now on under blue's, in green's order; what waited there alone is shown now."""
    names = {"blue": READER, "green": GREEN_READER}
    owner.execute(
        """update parked set state = 'handled', next_try_at = null, decided_at = clock_timestamp(), decided_by = 'rebuild'
           where reader = %(blue)s and state = 'parked'
             and id not in (select id from parked where reader = %(green)s and state = 'parked')""",
        names,
    )
    waiting = owner.execute(
        "select id from parked where reader = %s and state = 'parked' order by number", [GREEN_READER]
    ).fetchall()
    for (id_,) in waiting:
        again = owner.execute(
            """update parked set number = default, state = 'parked', error = green.error, tries = green.tries,
                 next_try_at = green.next_try_at, decided_at = null, decided_by = null, why = null
               from parked green where green.reader = %(green)s and green.id = %(id)s
                 and parked.reader = %(blue)s and parked.id = green.id""",
            names | {"id": id_},
        ).rowcount
        if not again:
            owner.execute(
                "update parked set reader = %(blue)s, number = default where reader = %(green)s and id = %(id)s",
                names | {"id": id_},
            )
