"""What is promised whatever fails, looked at afterwards: nothing accepted is lost, nothing is applied twice, and the read
model is the fold of the events.

    verdict = check(system, load.ledger)
    assert verdict.holds, verdict.words

`check` first waits until the system is quiet: not for a while, but for positions. How far each reader has to come in each
partition follows from the producers' stores and Kafka's own partitioner. Then it reads the stores as they are, asks of the
ledger's every line what it finds there, and folds the events a second time, into a database of its own and without
brokers, to hold the two read models against each other.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid5

import psycopg
from kafka.partitioner.default import murmur2
from psycopg import sql

from deploy.distributed import Distributed
from deploy.kafka.topics import FILE as TOPICS
from deploy.postgres.cluster import SUPERUSER
from deploy.postgres.databases import Database, create_database
from gateway.readmodel.migrate import migrate as migrate_read_model
from gateway.readmodel.partition import miscounted
from gateway.readmodel.projection import KINDS
from gateway.readmodel.projector import PRODUCERS, Projector
from services.assistance import policy as assistance_policy
from services.assistance import service as assistance
from services.cases import policy as cases_policy
from services.cases import service as cases
from services.chassis.clock import SystemClock
from services.chassis.http import Surroundings
from services.chassis.keyring import KeyRing
from services.chassis.log_direct import DirectLog
from services.chassis.log_kafka import read_topics
from services.chassis.runtime import Service
from services.chassis.vault import Vault
from services.contracts.divisions import COUNTY
from services.contracts.envelope import event_id
from services.notify import policy as notify_policy
from services.notify import service as notify
from services.roster import service as roster
from services.roster.service import RosterService
from tests.faults.load import Ledger

STILL_S: Final = 45.0
"""How long nothing may move while something is still to come."""
LOOK_EVERY_S: Final = 0.1
FOLD: Final = Database("fold", owner="gateway_owner", workers=("gateway_writer", "gateway_reader"))
"""The second read model: folded by the test, never by the system."""
GATEWAY: Final = "gateway"
HEARS: Final[Mapping[str, Sequence[str]]] = {
    "cases": cases_policy.HEARS,
    "assistance": assistance_policy.HEARS,
    "notify": notify_policy.HEARS,
    GATEWAY: PRODUCERS,
}
"""Who hears whom."""
PARTITIONS: Final[Mapping[str, int]] = {topic.producer: topic.partitions for topic in read_topics(TOPICS)}
TOLD_TO_NOTIFY: Final = ("cases.Case.Opened", "cases.Case.Confirmed", "cases.Referral.Opened", "cases.Document.Issued")
"""Stored events upon which notify always tells somebody, once."""


class NotQuiet(Exception):
    """Something stands still before it has come to the end; the message says who and where."""


@dataclass(slots=True)
class Verdict:
    """What was found, in words; nothing where all promises held."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    events: int = 0

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.twice or self.otherwise)

    @property
    def words(self) -> str:
        """What was not kept: the first findings of each kind."""
        kinds = {"lost": self.lost, "applied twice": self.twice, "not as it should be": self.otherwise}
        return "; ".join(f"{kind} ({len(found)}): {', '.join(found[:3])}" for kind, found in kinds.items() if found)


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it stands in a store."""

    id: UUID
    aggregate_id: UUID
    version: int
    position: int
    topic: str
    department: str
    command_id: UUID
    causation_id: UUID | None


def check(system: Distributed, ledger: Ledger) -> Verdict:
    """Waits until the system is quiet and says what it finds; raises `NotQuiet`."""
    wait_until_quiet(system)
    stores = {service: _stored(system, service) for service in PRODUCERS}
    verdict = Verdict(events=sum(map(len, stores.values())))
    for service, events in stores.items():
        _look_at_store(verdict, service, events)
        _look_at_reactions(verdict, service, events)
    _look_for_commands(verdict, system, ledger, stores)
    _look_for_reactions(verdict, stores)
    _look_at_journal(verdict, system, stores)
    _look_at_parked(verdict, system)
    verdict.otherwise += _differences(system)
    return verdict


# Quiet, by positions.


def wait_until_quiet(system: Distributed, *, still_s: float = STILL_S) -> None:
    """Returns when every event has been relayed, heard and shown, and nothing came of that which has not; or `NotQuiet`.

    It may take as long as something moves; `still_s` is for how long nothing may.
    """
    moved, before = time.monotonic(), _places(system)
    while missing := _missing(system):
        time.sleep(LOOK_EVERY_S)
        places = _places(system)
        if places != before:
            moved, before = time.monotonic(), places
        elif time.monotonic() - moved > still_s:
            raise NotQuiet(f"the system stands still: {'; '.join(missing[:6])}")


def wait_until_heard(system: Distributed, reader: str, *, within_s: float = STILL_S) -> None:
    """Returns when a reader has heard all that is recorded by now, whatever is recorded meanwhile; or `NotQuiet`."""
    goals = {name: goal for producer in HEARS[reader] for name, goal in expected(system, producer).items()}
    deadline = time.monotonic() + within_s
    while True:
        places = dict(_rows(system, reader, "select name, position from tracking"))
        behind = {name: places.get(name, 0) for name, goal in goals.items() if places.get(name, 0) < goal}
        if not behind:
            return
        if time.monotonic() > deadline:
            raise NotQuiet(f"{reader} has not heard what was recorded {within_s:.0f} s ago: {behind}")
        time.sleep(LOOK_EVERY_S)


def expected(system: Distributed, producer: str) -> dict[str, int]:
    """The position to which a reader of this producer has to come in each partition, by tracking name."""
    reached: dict[str, int] = {}
    for aggregate_id, position in _rows(
        system, producer, "select originator_id, max(notification_id) from events group by 1"
    ):
        name = f"{producer}/{partition_of(producer, aggregate_id)}"
        reached[name] = max(position, reached.get(name, 0))
    return reached


@cache
def partition_of(producer: str, aggregate_id: UUID) -> int:
    """The partition in which an aggregate's events lie, as Kafka's default partitioner chooses it."""
    return int((murmur2(aggregate_id.bytes) & 0x7FFFFFFF) % PARTITIONS[producer])


def _missing(system: Distributed) -> list[str]:
    """Who is not yet where it has to come; empty only if no store has grown while we looked at the others."""
    heads = _heads(system)
    goals = {producer: expected(system, producer) for producer in PRODUCERS}
    missing = []
    for producer in PRODUCERS:
        [(sent,)] = _rows(system, producer, "select coalesce(max(position), 0) from relay_place")
        if sent < heads[producer]:
            missing.append(f"{producer} relay is at {sent} of {heads[producer]}")
    for reader, producers in HEARS.items():
        places = dict(_rows(system, reader, "select name, position from tracking"))
        for producer in producers:
            for name, goal in goals[producer].items():
                if places.get(name, 0) < goal:
                    missing.append(f"{reader} is at {places.get(name, 0)} of {goal} in {name}")
    if not missing and _heads(system) != heads:
        missing.append("a store has grown meanwhile")
    return missing


def _heads(system: Distributed) -> dict[str, int]:
    heads = {}
    for producer in PRODUCERS:
        [(heads[producer],)] = _rows(system, producer, "select coalesce(max(notification_id), 0) from events")
    return heads


def _places(system: Distributed) -> tuple[object, ...]:
    """All that moves while the system works."""
    trackings = [sorted(_rows(system, reader, "select name, position from tracking")) for reader in HEARS]
    relays = [_rows(system, producer, "select name, position from relay_place") for producer in PRODUCERS]
    return _heads(system), trackings, relays


# The stores.


def _stored(system: Distributed, service: str) -> list[Stored]:
    return [
        Stored(event_id(row[0], row[1]), *row)
        for row in _rows(
            system,
            service,
            "select originator_id, originator_version, notification_id, topic, department, command_id, causation_id"
            " from events order by notification_id",
        )
    ]


def _look_at_store(verdict: Verdict, service: str, events: Sequence[Stored]) -> None:
    """Positions without holes, versions of every aggregate without holes, what one act recorded side by side."""
    if [event.position for event in events] != list(range(1, len(events) + 1)):
        verdict.otherwise.append(f"the positions of {service} are not 1 to {len(events)}")
    versions: dict[UUID, list[int]] = defaultdict(list)
    for event in events:
        versions[event.aggregate_id].append(event.version)
    for aggregate_id, found in versions.items():
        if found != list(range(1, len(found) + 1)):
            verdict.otherwise.append(f"{service} {aggregate_id} has the versions {found}")


def _look_for_commands(
    verdict: Verdict, system: Distributed, ledger: Ledger, stores: Mapping[str, Sequence[Stored]]
) -> None:
    """What was accepted is there once, at the place that was answered; what was refused is not there."""
    for service, events in stores.items():
        known = {row[0]: row[1:] for row in _rows(system, service, "select id, answer, position from commands")}
        of_command: dict[UUID, list[Stored]] = defaultdict(list)
        for event in events:
            of_command[event.command_id].append(event)
        for sent in ledger.sent:
            if sent.service != service:
                continue
            name = f"{service} {sent.name} {sent.key}"
            found = of_command.get(sent.key, [])
            if not _once(found):
                verdict.twice.append(f"{name} at {[event.position for event in found]}")
            elif sent.outcome == "accepted":
                if not found or known.get(sent.key) != (sent.id, sent.position):
                    verdict.lost.append(f"{name}, answered {sent.position}, recorded as {known.get(sent.key)}")
                elif found[-1].position != sent.position:
                    verdict.otherwise.append(f"{name} was answered {sent.position} and is at {found[-1].position}")
            elif sent.outcome == "refused" and (found or sent.key in known):
                verdict.otherwise.append(f"{name} was refused and is recorded: {sent.words}")
            elif sent.outcome == "unanswered":
                verdict.otherwise.append(f"{name} was not answered in {sent.seconds:.0f} s: {sent.words}")


def _once(events: Sequence[Stored]) -> bool:
    """Whether what one command recorded was recorded at once: side by side, and nothing of it again."""
    side_by_side = not events or events[-1].position - events[0].position + 1 == len(events)
    return side_by_side and len({(event.aggregate_id, event.topic) for event in events}) == len(events)


def _look_at_reactions(verdict: Verdict, service: str, events: Sequence[Stored]) -> None:
    """What a policy recorded upon one message, it recorded in one transaction, once."""
    caused: dict[UUID, list[Stored]] = defaultdict(list)
    for event in events:
        if event.causation_id is not None and event.department == "system:policy":
            caused[event.causation_id].append(event)
    for cause, effect in caused.items():
        first, last = effect[0].position, effect[-1].position
        if last - first + 1 != len(effect):  # two transactions stand side by side only by chance
            verdict.twice.append(f"{service} reacted to {cause} at {[event.position for event in effect]}")
        if {event.command_id for event in effect} != {uuid5(cause, service)}:
            verdict.otherwise.append(f"{service} reacted to {cause} under other command ids")


def _look_for_reactions(verdict: Verdict, stores: Mapping[str, Sequence[Stored]]) -> None:
    """What must come of an event has come of it."""
    told = {event.causation_id for event in stores["notify"]}
    planned = {event.causation_id for event in stores["assistance"]}
    for event in stores["cases"]:
        if event.topic in TOLD_TO_NOTIFY and event.id not in told:
            verdict.lost.append(f"notify told nobody of {event.topic} at cases {event.position}")
        if event.topic == "cases.Case.Confirmed" and event.id not in planned:
            verdict.lost.append(f"assistance opened no plan for cases {event.position}")


def _look_at_journal(verdict: Verdict, system: Distributed, stores: Mapping[str, Sequence[Stored]]) -> None:
    """The supervisor's journal is the union of the stores."""
    journal = {
        (row[0], row[1], row[2]) for row in _rows(system, GATEWAY, "select producer, position, event_id from journal")
    }
    union = {(service, event.position, event.id) for service, events in stores.items() for event in events}
    verdict.lost += [f"not in the journal: {place[0]} {place[1]}" for place in sorted(union - journal)]
    verdict.otherwise += [f"only in the journal: {place[0]} {place[1]}" for place in sorted(journal - union)]


def _look_at_parked(verdict: Verdict, system: Distributed) -> None:
    for reader in HEARS:
        if _rows(system, reader, "select to_regclass('parked')") != [(None,)]:
            waiting = _rows(
                system, reader, "select producer, type, place, error from parked where state = 'parked' order by number"
            )
            verdict.otherwise += [f"{reader} has parked {row}" for row in waiting]


# The read model and its second fold.


def _differences(system: Distributed) -> list[str]:
    """Where the read model is not what a fold of the stores makes; the first difference of each table, in words."""
    _make_fold_database(system)
    with all_services(system) as (services, vault):
        Projector(
            dsn=system.cluster.dsn(FOLD.name, "gateway_writer"),
            log=DirectLog([service.publication for service in services.values()]),
            opener=vault,
        ).catch_up()
    found = []
    with (
        psycopg.connect(system.cluster.dsn(GATEWAY, "gateway_writer")) as shown,
        psycopg.connect(system.cluster.dsn(FOLD.name, "gateway_writer")) as folded,
    ):
        for kind in KINDS:
            difference = _first_difference(kind.TABLE, kind.KEY, shown=shown, folded=folded)
            found += [difference] if difference else []
        if wrong := miscounted(shown):
            found.append(f"{wrong} numbers of the partition are not those of its children")
    return found


def _first_difference(table: str, key: str, *, shown: psycopg.Connection[Any], folded: psycopg.Connection[Any]) -> str:
    statement = sql.SQL("select {key}, to_jsonb(t) from {table} t order by {key}").format(
        key=sql.Identifier(key), table=sql.Identifier(table)
    )
    here, there = (dict(connection.execute(statement).fetchall()) for connection in (shown, folded))
    for row in sorted(here.keys() | there.keys()):
        is_there, should_be = here.get(row), there.get(row)
        if is_there is None or should_be is None:
            return (
                f"{table} {row} is {'missing' if is_there is None else 'there'} in the read model, but not in the fold"
            )
        if is_there != should_be:  # names of columns only: a value may be personal
            columns = sorted(name for name in should_be if is_there.get(name) != should_be[name])
            return f"{table} {row} differs from the fold in {', '.join(columns)}"
    return ""


def _make_fold_database(system: Distributed) -> None:
    with psycopg.connect(system.cluster.dsn("postgres", SUPERUSER), autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", [FOLD.name]).fetchone() is not None:
            return
        create_database(connection, FOLD, template="template0")
    with psycopg.connect(system.cluster.dsn(FOLD.name, SUPERUSER)) as connection:
        migrate_read_model(connection)


@contextmanager
def all_services(system: Distributed) -> Iterator[tuple[dict[str, Service], Vault]]:
    """The services' own code over the system's databases, in this process and without running anything of it."""
    with roster_of(system) as (listed, vault), ExitStack() as stack:
        surroundings = Surroundings(clock=SystemClock(), token="unused")
        services = {"roster": listed.service}
        for name, build in (("cases", cases.build), ("assistance", assistance.build)):
            services[name] = build(dsn=system.cluster.dsn(name, f"{name}_app"), vault=vault, surroundings=surroundings)
            stack.callback(services[name].close)
        services["notify"] = notify.build(
            dsn=system.cluster.dsn("notify", "notify_app"), vault=vault, surroundings=surroundings, county=COUNTY
        )
        stack.callback(services["notify"].close)
        yield services, vault


@contextmanager
def roster_of(system: Distributed) -> Iterator[tuple[RosterService, Vault]]:
    """The roster with its intake, over the system's databases."""
    key_secret = bytes.fromhex((system.secrets / "roster.key").read_text("ascii"))
    ring = KeyRing.of(system.secrets / "vault.kek")
    with closing(Vault(dsn=system.cluster.dsn("vault", "vault_app"), ring=ring)) as vault:
        listed = roster.build(
            dsn=system.cluster.dsn("roster", "roster_app"),
            vault=vault,
            surroundings=Surroundings(clock=SystemClock(), token="unused"),
            key_secret=key_secret,
        )
        try:
            yield listed, vault
        finally:
            listed.service.close()


def _rows(system: Distributed, database: str, query: str) -> list[tuple[Any, ...]]:
    role = "gateway_writer" if database == GATEWAY else f"{database}_app"
    with psycopg.connect(system.cluster.dsn(database, role), autocommit=True, connect_timeout=10) as connection:
        return connection.execute(query.encode()).fetchall()
