"""The policy log 授权日志: every release of the policy as an entry, in order, signed by a key of the public list.

An entry is its stored bytes: a body, JSON whose keys stand in one order, and the Ed25519 signature under it. The body names
the entry before it by its leaf hash, which is that of RFC 6962 over those bytes, so a tree can be grown over the log as it
stands. Texts stand beside, by their hash: what a version said can be read, and compared, for ever.

    release -> position, previous, version, hash of each file, hash of each table's row security, when, who, on what ground

A gateway starts with what the newest release names and nothing else: `released` refuses where the log is empty or broken,
where a signature is not good, where the files this program has are others, and where the database's row security is
not the one that was released. It writes nothing here: only `gateway_owner` may, which no running process is.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg import Connection

from gateway.access.policy import Policy, compile_files, read_files
from gateway.access.policy_keys import Key, Keys, Signer
from services.chassis.clock import china_date
from services.chassis.errors import Refused

_CONNECT_S: Final = 5
FIRST: Final = "0" * 64
"""What the first entry names as the one before it."""
_ROW_SECURITY: Final = """select place, said from (
    select c.relname::text as place, jsonb_build_array(c.relrowsecurity, c.relforcerowsecurity, c.relacl::text)::text as said
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and c.relowner = 'gateway_owner'::regrole
    union all select tablename::text, jsonb_build_array(policyname, permissive, roles::text, cmd, qual, with_check)::text
      from pg_policies where schemaname = 'public'
    union all select 'function ' || proname, jsonb_build_array(prosrc, prosecdef)::text
      from pg_proc where pronamespace = 'public'::regnamespace and proowner = 'gateway_owner'::regrole
    union all select 'role ' || rolname, jsonb_build_array(rolsuper, rolbypassrls)::text
      from pg_roles where rolname in ('gateway_reader', 'gateway_writer', 'gateway_owner')
) compiled order by place collate "C", said collate "C" """
"""Row security as PostgreSQL has compiled it: fences, policies, the functions they ask, and who may pass them by. What somebody
else owns is no part of it, an extension's for one; what changes hands is missed, and so differs."""


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="entry", tag="release"):
    """A version of the policy, released."""

    position: int
    previous: str
    """The leaf hash of the entry before it."""
    version: str
    """As receipts name it, `Policy.version`."""
    files: dict[str, str]
    """The SHA-256 of each text, by the names of `policy.FILES`."""
    row_security: dict[str, str]
    """The SHA-256 of each table's row security as PostgreSQL shows it; also of the functions and roles it rests on."""
    released_at: datetime
    released_by: str
    """An account, no name."""
    legal_basis: str
    """On what ground it is released 依据."""
    key: str
    """The id of the key that signed it."""
    keys: tuple[Key, ...]
    """The public list as it stood then."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is stored, and what it says."""

    body: bytes
    signature: bytes
    release: Release

    @property
    def leaf(self) -> str:
        """Its leaf hash after RFC 6962, in hex."""
        return hashlib.sha256(b"\0" + len(self.body).to_bytes(4) + self.body + self.signature).hexdigest()


class NotReleased(Refused):
    """What this gateway has is not what was released last. `differs` names what is not the same; empty where nothing ever was."""

    def __init__(self, message: str, *, differs: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.differs = tuple(differs)


def released(connection: Connection[Any], *, keys: Keys, development: bool = False) -> Policy:
    """The policy as it was released last; raises `NotReleased` and `Refused`, in words that say what to do."""
    entries = read_log(connection)
    verify(entries, keys=keys)
    if not entries:
        raise NotReleased(
            "No policy was ever released here, so nobody may see anything. Look at it with `baoxue policy diff`, "
            "then release it with `baoxue policy release`. 尚未发布授权表。"
        )
    newest = entries[-1].release
    key = keys.find(newest.key)
    if key is not None and key.development and not development:
        raise NotReleased(
            f"Version {newest.version} was released by a key made for development. Release it with a key of an"
            " office: `baoxue policy release`. 授权表由开发密钥发布，正式环境不予采用。"
        )
    texts = read_files()
    differs = [*_differing(newest.files, hashes(texts)), *_differing(newest.row_security, row_security(connection))]
    if differs:
        raise NotReleased(
            f"The policy here is not version {newest.version}, which was released last; these differ: {', '.join(differs)}. Put back"
            " what was released, or look at the change with `baoxue policy diff` and release it with `baoxue policy release`."
            " 授权表与最近发布的版本不一致。",
            differs=differs,
        )
    return compile_files(texts)


def load_released(dsn: str, *, keys: Keys, development: bool = False) -> Policy:
    """The same from a database, as `gateway_reader`; raises `Refused` also where it can't be reached."""
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_S) as connection:
            connection.execute("set statement_timeout = '30s'")
            return released(connection, keys=keys, development=development)
    except psycopg.OperationalError as error:  # its text may name hosts; the kind is enough
        raise Refused(
            f"The policy log can't be reached ({type(error).__name__}), so nobody may see anything yet."
        ) from None


def release(
    connection: Connection[Any], *, signer: Signer, keys: Keys, by: str, legal_basis: str, at: datetime
) -> Release:
    """Releases what this program has, as `gateway_owner`; raises `Refused` where the key may not, or there is nothing new."""
    if not by.strip() or not legal_basis.strip():
        raise Refused("A release is a decision that is kept: say who decides, and on what ground.")
    key = next((key for key in keys.keys if key.public == signer.public), None)
    if key is None or not key.holds_on(china_date(at)):
        raise Refused(
            "This key is not on the list of public keys, or not on this day; add its line first. 密钥不在发布公钥清单内。"
        )
    texts = read_files()
    policy = compile_files(texts)
    with connection.transaction():
        entries = read_log(connection)
        verify(entries, keys=keys)
        entry = Release(
            position=len(entries) + 1,
            previous=entries[-1].leaf if entries else FIRST,
            version=policy.version,
            files=hashes(texts),
            row_security=row_security(connection),
            released_at=at,
            released_by=by,
            legal_basis=legal_basis,
            key=key.id,
            keys=keys.keys,
        )
        if entries and entries[-1].release.key == key.id and _is_same(entries[-1].release, entry):
            raise Refused(f"Version {policy.version} is what was released last; there is nothing to release.")
        _append(connection, entry, signer=signer, texts=texts)
    return entry


def _is_same(before: Release, now: Release) -> bool:
    return (before.files, before.row_security, before.keys) == (now.files, now.row_security, now.keys)


def _append(connection: Connection[Any], entry: Release, *, signer: Signer, texts: Mapping[str, str]) -> None:
    body = msgspec.json.encode(entry, order="sorted")
    try:
        connection.execute(
            "insert into policy_log (position, body, signature) values (%s, %s, %s)",
            [entry.position, body, signer.sign(body)],
        )
    except psycopg.errors.UniqueViolation:
        raise Refused("Somebody else released a version just now; look at it with `baoxue policy diff`.") from None
    connection.cursor().executemany(
        "insert into policy_text (sha256, text) values (%s, %s) on conflict do nothing",
        [(entry.files[name], text) for name, text in texts.items()],
    )


def read_log(connection: Connection[Any]) -> list[Entry]:
    """Every entry in order, read and not yet verified; raises `Refused` where one can't be read."""
    try:
        rows = connection.execute("select body, signature from policy_log order by position").fetchall()
    except psycopg.errors.UndefinedTable:
        raise Refused("The gateway's database has no policy log; run `baoxue migrate gateway`.") from None
    try:
        return [Entry(body, signature, msgspec.json.decode(body, type=Release)) for body, signature in rows]
    except msgspec.DecodeError:
        raise Refused(
            "The policy log holds an entry this program can't read: it was altered, or a newer program wrote it."
        ) from None


def verify(entries: Iterable[Entry], *, keys: Keys) -> None:
    """Raises `Refused`, naming the entry, where one is not signed by a key of the list, or is not in its place."""
    previous = FIRST
    for position, entry in enumerate(entries, start=1):
        said = entry.release
        if (said.position, said.previous) != (position, previous):
            raise Refused(
                f"The policy log is broken at entry {position}: one before it was altered or is missing. 授权日志已被改动。"
            )
        key = keys.find(said.key)
        if key is None:
            raise Refused(
                f"Entry {position} of the policy log names the key {said.key}, which is not on the list of public keys."
                " If it was taken off, put it back with its last day. 发布密钥不在清单内。"
            )
        if not key.has_signed(entry.body, entry.signature):
            raise Refused(
                f"The signature of entry {position} of the policy log is not good: it was altered. 授权日志签名无效。"
            )
        if not key.holds_on(china_date(said.released_at)):
            raise Refused(
                f"Entry {position} of the policy log was signed by {key.holder} on a day when its key did not hold."
            )
        previous = entry.leaf


def texts_of(connection: Connection[Any], entry: Release) -> dict[str, str]:
    """What the files of a release said; raises `Refused` where one is missing or was altered."""
    texts = {}
    for name, sha256 in entry.files.items():
        found = connection.execute("select text from policy_text where sha256 = %s", [sha256]).fetchone()
        if found is None or hashes({name: found[0]})[name] != sha256:
            raise Refused(
                f"The text of {name} of version {entry.version} is not in the policy log any more, or was altered."
            )
        texts[name] = str(found[0])
    return texts


def hashes(texts: Mapping[str, str]) -> dict[str, str]:
    """The SHA-256 of each text, in hex."""
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def row_security(connection: Connection[Any]) -> dict[str, str]:
    """A hash for each table of how rows of it are held back, as PostgreSQL shows it here."""
    said: dict[str, str] = {}
    for name, text in connection.execute(_ROW_SECURITY).fetchall():
        said[name] = f"{said.get(name, '')}{text}\n"
    return {name: digest[:32] for name, digest in hashes(said).items()}


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
