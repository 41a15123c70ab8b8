"""Which versions of rules were in force from when 规则版本, and what became of which key 密钥生命周期: noted in the policy's log.

    rules       clocks, working days, school terms, indicators, findings, lists of places and words: files with what holds from when
    programmes  what a programme of aid pays, for whom, and which exclude each other
    keys        an epoch of the keys over all keys, begun and given up; a log's own key; a witness's, since it is listed
    restored    that the databases were taken back to an earlier moment, by whoever did it before anybody opened them

Whoever keeps the policy's tree notes them, in every round: a version once when a program begins with other bytes than were noted
last, a key once for each thing that becomes of it. Two who do it at once note the same, and no one else writes here. So a
step of a case can be said to rest on an entry of a log that a witness has seen, bytes included. The policy's own versions and keys
are in its releases (`access/policy_log.py`).
"""

# ruff: noqa: S608  # statements are made of this project's own words; what is noted is a parameter

import csv
import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any, Final, Literal
from uuid import UUID, uuid4, uuid5

import psycopg

from services.chassis.clock import Clock
from services.chassis.key_store import EpochState
from services.chassis.notes import Key as SigningKey
from services.chassis.tree import origin_of, signer_of
from services.chassis.witnesses import Witness

Kind = Literal["rules", "programmes"]
RULES: Final[Mapping[str, Kind]] = {
    "assistance/domain/categories.toml": "programmes",
    "assistance/domain/exclusions.csv": "programmes",
    "assistance/domain/programmes.csv": "programmes",
    "cases/domain/catalogue.toml": "rules",
    "cases/domain/disclosure.toml": "rules",
    "cases/domain/rules.toml": "rules",
    "chassis/indicators.toml": "rules",
    "chassis/school_terms.toml": "rules",
    "chassis/working_days.toml": "rules",
    "contracts/divisions/divisions.csv": "rules",
    "contracts/divisions/villages.csv": "rules",
    "notify/domain/templates.toml": "rules",
    "roster/domain/findings.toml": "rules",
    "roster/domain/guardian_letters.toml": "rules",
    "roster/reconcile/codes.csv": "rules",
    "roster/reconcile/look_alikes.txt": "rules",
    "roster/reconcile/precedence.toml": "rules",
}
"""Every file of the services that decides something, by its place below `services`."""
CASE_RULES: Final = "cases/domain/rules.toml"
"""The file whose rules a case's steps name."""
VERSION_DIGITS: Final = 16
LOGGED: Final = (
    "(select e.position, l.* from policy_tree.entry e join ("
    " select 'policy_log' as source, position::text as id, 'release' as kind, 'policy' as name, body ->> 'version' as version,"
    "   (body ->> 'released_at')::timestamptz as at, body ->> 'released_by' as by, body ->> 'legal_basis' as legal_basis,"
    "   '{}'::date[] as holds_from from (select position, convert_from(body, 'UTF8')::jsonb as body from policy_log) r"
    f" union all select 'rule_version', version_id::text, kind, name, left(sha256, {VERSION_DIGITS}), noted_at, '', '', holds_from"
    "   from rule_version"
    " union all select 'key_life', life_id::text, 'key_' || became, kind || ' ' || name,"
    f"   case when strpos(key, '+') > 0 then split_part(key, '+', 2) else left(key, {VERSION_DIGITS}) end, at, '', '', '{{}}' from key_life"
    " union all select 'restoration', restoration_id::text, 'restored', '', '', at, '', '', '{}' from restoration"
    f" union all select 'audit_report', report_id::text, 'audit', from_on || ' ' || until_on, left(sha256, {VERSION_DIGITS}), made_at,"
    "   made_by, made_for, '{}' from audit_report) l on l.source = e.kind and l.id = e.id)"
)
"""What stands in the policy's log as something everybody may know of who sees it: releases, rules, keys, reports."""
_IDS: Final = UUID("0b6a3c0e-3f3c-4a9d-8f57-2f4f0f6a6f10")
_SINCE: Final = ("from_on", "valid_from", "starts_on")
_NEWEST: Final = (
    "select version_id, sha256 from rule_version where name = %s order by noted_at desc, version_id limit 1"
)
_NOTE_RULES: Final = """
    insert into rule_version (version_id, kind, name, sha256, holds_from, text, noted_at)
    values (%s, %s, %s, %s, %s, %s, %s) on conflict (version_id) do nothing"""
_NOTE_KEY: Final = """
    insert into key_life (life_id, kind, name, key, became, at, noted_at)
    values (%s, %s, %s, %s, %s, %s, %s) on conflict (life_id) do nothing"""


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that became of a key: taken into use, or given up; `at` where that is known, else when it is noted."""

    kind: Literal["kek", "log", "bundles", "witness"]
    name: str
    key: str
    """Its public half, or of a key that has none what tells it from others."""
    became: Literal["used", "retired"]
    at: datetime | None = None


def read_rules() -> dict[str, bytes]:
    """The files as this program has them, by name."""
    services = files("services")
    return {name: services.joinpath(name).read_bytes() for name in RULES}


def note_rules(connection: psycopg.Connection[Any], rules: Mapping[str, bytes], *, at: datetime) -> int:
    """Notes what is another version than the one noted last, as `gateway_writer`; returns how many those were.

    Going back to an older version is an entry of its own: its id is made of the one before it, too.
    """
    noted = 0
    for name, data in rules.items():
        found = connection.execute(_NEWEST, (name,)).fetchone()
        sha256 = hashlib.sha256(data).hexdigest()
        if found is None or found[1] != sha256:
            id_ = uuid5(_IDS, f"{name} {sha256} after {found[0] if found else 'nothing'}")
            said = (id_, RULES[name], name, sha256, holds_from(name, data), data.decode(), at)
            noted += connection.execute(_NOTE_RULES, said).rowcount
    return noted


def note_keys(connection: psycopg.Connection[Any], keys: Sequence[Key], *, at: datetime) -> int:
    """Notes what became of keys and isn't noted yet, as `gateway_writer`; returns how much that was."""
    noted = 0
    for key in keys:
        id_ = uuid5(_IDS, f"{key.kind} {key.name} {key.key} {key.became}")
        said = (id_, key.kind, key.name, key.key, key.became, key.at or at, at)
        noted += connection.execute(_NOTE_KEY, said).rowcount
    return noted


def note_restoration(connection: psycopg.Connection[Any], *, erasures: int, keys_back: int, at: datetime) -> None:
    """Notes that the databases were taken back, who on the list was erased again, and how many keys had come back."""
    connection.execute(
        "insert into restoration (restoration_id, at, erasures, keys_back) values (%s, %s, %s, %s)",
        (uuid4(), at, erasures, keys_back),
    )


def holds_from(name: str, data: bytes) -> list[date]:
    """The days from which something in a file holds, each once; none where it has no dates of validity."""
    if name.endswith(".toml"):
        return sorted(set(_days(tomllib.loads(data.decode()))))
    if not name.endswith(".csv"):
        return []
    lines = csv.DictReader(data.decode().splitlines())
    return sorted({_day(cell) for line in lines for column in _SINCE if (cell := line.get(column))})


def _days(said: object) -> Iterator[date]:
    match said:
        case dict():
            for name, value in said.items():
                if name in _SINCE and isinstance(value, date):
                    yield value
                yield from _days(value)
        case list():
            for each in said:
                yield from _days(each)


def _day(cell: str) -> date:
    """A day as lists write it; a year or a month stands for its first day."""
    year, month, day = (*map(int, cell.split("-")), 1, 1)[:3]
    return date(year, month, day)


def keys_of_epochs(states: Sequence[EpochState]) -> list[Key]:
    """What became of the keys over all keys, as the key store tells it."""
    keys = []
    for state in states:
        name, suite = f"epoch {state.number}", f"suite {state.suite}"
        keys.append(Key("kek", name, suite, "used", state.begun_at))
        if state.retired_at is not None:
            keys.append(Key("kek", name, suite, "retired", state.retired_at))
    return keys


def keys_of_logs(logs: Sequence[str], *, secret: bytes, also: tuple[SigningKey, ...] = ()) -> list[Key]:
    """The keys by which each log signs, `also` among them, and the one that signs bundles."""
    signers = [signer_of(origin_of(log), secret=secret, also=also) for log in logs]
    own = [Key("log", signer.name, verifier, "used") for signer in signers for verifier in signer.verifiers]
    bundles = signer_of(origin_of("bundles"), secret=secret, also=also)
    return [*own, *(Key("bundles", bundles.name, verifier, "used") for verifier in bundles.verifiers)]


def keys_of_witnesses(witnesses: Sequence[Witness]) -> list[Key]:
    """The keys of the witnesses that are listed here."""
    return [Key("witness", witness.name, witness.id.hex() + witness.public.hex(), "used") for witness in witnesses]


def noting(*, dsn: str, keys: Callable[[], Sequence[Key]], clock: Clock) -> Callable[[], None]:
    """What notes rules and keys, to be done again and again; `keys` is asked each time, the files are those of this program."""
    rules = read_rules()

    def note() -> None:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            connection.execute("select pg_advisory_xact_lock(hashtextextended('in force', 0))")
            note_rules(connection, rules, at=clock.now())
            note_keys(connection, keys(), at=clock.now())

    return note
