"""The gateway's two logs that are proved 存证: `access`, every look anybody took, and `policy`, on what ground.

    access   receipts 查阅留痕
    policy   releases of the policy, with the hash of its files; warrants given, ended and reviewed 凭据; consents and their
             withdrawal 同意登记; versions of the files of rules and programmes, what became of keys, restorations (`in_force.py`); audit reports

An entry is text that an inspector can read: a line that says what it is, then JSON. A release is the entry that was signed, as
`access/policy_log.py` hashes it. Columns that a table gains later are no part of entries of this kind: they would change them.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from psycopg import Connection

from gateway.readmodel import in_force
from gateway.readmodel.in_force import Key
from services.chassis import tree
from services.chassis.clock import Clock
from services.chassis.config import SERVICES
from services.chassis.key_store import EpochState
from services.chassis.notes import Key as SigningKey
from services.chassis.runtime import Repeating, tree_keeper
from services.chassis.tree import Entries
from services.chassis.witnesses import WITHIN, Witness

NOTED_EVERY_S: Final = 60.0
STATEMENTS: Final = files("gateway.readmodel").joinpath("trees.sql").read_text(encoding="utf-8")
RECORDED: Final = (
    ("access_tree", "receipt", "receipt_id", "at"),
    ("policy_tree", "policy_log", "position", "position"),
    ("policy_tree", "warrant", "warrant_id", "given_at"),
    ("policy_tree", "warrant_end", "warrant_id", "ended_at"),
    ("policy_tree", "warrant_review", "warrant_id", "reviewed_at"),
    ("policy_tree", "consent", "warrant_id", "registered_at"),
    ("policy_tree", "consent_withdrawal", "warrant_id", "registered_at"),
    ("policy_tree", "rule_version", "version_id", "noted_at"),
    ("policy_tree", "key_life", "life_id", "noted_at"),
    ("policy_tree", "restoration", "restoration_id", "at"),
    ("policy_tree", "audit_report", "report_id", "made_at"),
)
"""Of which table a tree takes what, by which key, and in which order what is older than the tree."""

_RECEIPT: Final = """select position, case when receipt_id is not null then convert_to('baoxue receipt 1' || chr(10) || jsonb_build_object(
    'receipt_id', receipt_id, 'at', at, 'actor', actor, 'department', department, 'purpose', purpose, 'operation', operation,
    'document_hash', document_hash, 'decision', decision, 'child_ids', child_ids, 'rows', rows, 'fields', fields,
    'policy_version', policy_version, 'positions', positions, 'about', about)::text, 'UTF8') end
  from access_tree.entry left join public.receipt on receipt_id = id::uuid"""
_POLICY: Final = """select position, case kind
    when 'policy_log' then (
      select int4send(octet_length(body)) || body || signature from policy_tree.release r where r.position = id::bigint)
    else convert_to('baoxue ' || kind || ' 1' || chr(10) || case kind
      when 'warrant' then (
        select jsonb_build_object('warrant_id', warrant_id, 'kind', w.kind, 'unit', unit, 'actor', actor, 'purpose', purpose,
          'child_id', child_id, 'township', township, 'from_at', from_at, 'until_at', until_at, 'paper', paper, 'reason', reason,
          'given_by', given_by, 'given_for', given_for, 'given_at', given_at)
          from public.warrant w where warrant_id = id::uuid)
      when 'warrant_end' then (
        select jsonb_build_object('warrant_id', warrant_id, 'ended_at', ended_at, 'ended_by', ended_by, 'ended_for', ended_for,
          'end_reason', end_reason) from public.warrant_end where warrant_id = id::uuid)
      when 'warrant_review' then (
        select jsonb_build_object('warrant_id', warrant_id, 'reviewed_at', reviewed_at, 'reviewed_by', reviewed_by,
          'reviewed_for', reviewed_for, 'justified', justified, 'remark', remark)
          from public.warrant_review where warrant_id = id::uuid)
      when 'consent' then (
        select jsonb_build_object('warrant_id', warrant_id, 'child_id', child_id, 'given_by', given_by, 'own_view', own_view,
          'form', form, 'scan_id', scan_id, 'witness', witness, 'fields', fields, 'stated_on', stated_on,
          'registered_at', registered_at) from public.consent where warrant_id = id::uuid)
      when 'consent_withdrawal' then (
        select jsonb_build_object('warrant_id', warrant_id, 'withdrawn_by', withdrawn_by, 'form', form, 'stated_on', stated_on,
          'registered_at', registered_at) from public.consent_withdrawal where warrant_id = id::uuid)
      when 'rule_version' then (
        select jsonb_build_object('version_id', version_id, 'kind', v.kind, 'name', name, 'sha256', sha256,
          'holds_from', holds_from, 'noted_at', noted_at) from public.rule_version v where version_id = id::uuid)
      when 'key_life' then (
        select jsonb_build_object('life_id', life_id, 'kind', k.kind, 'name', name, 'key', key, 'became', became, 'at', at,
          'noted_at', noted_at) from public.key_life k where life_id = id::uuid)
      when 'restoration' then (
        select jsonb_build_object('restoration_id', restoration_id, 'at', at, 'erasures', erasures, 'keys_back', keys_back)
          from public.restoration where restoration_id = id::uuid)
      when 'audit_report' then (
        select jsonb_build_object('report_id', report_id, 'from_on', from_on, 'until_on', until_on, 'sha256', sha256,
          'made_at', made_at, 'made_by', made_by, 'made_for', made_for)
          from public.audit_report where report_id = id::uuid) end::text, 'UTF8') end
  from policy_tree.entry"""
_TAKE: Final = """with taken as (
    delete from untaken where queued in (select queued from untaken order by queued limit %s) returning *)
  insert into entry (position, kind, id)
  select (select coalesce(max(position), 0) from entry) + row_number() over (order by queued), kind, id from taken"""


_UNSEEN: Final = """select r.at from (select max(size) as size from tree_cosignature) as seen
  join public.receipt r on r.receipt_id = coalesce(
    (select id from entry where position = size + 1), (select id from untaken order by queued limit 1))::uuid
  where size is not null"""


def _read(statement: str, schema: str, *, unseen: str = "") -> Entries:
    told = f"select position, body from ({statement}) as told (position, body)"  # noqa: S608  # the statements above
    return Entries(
        after=f"{told} where position > %s order by position limit %s",
        at=f"{told} where position = any(%s)",
        frame=lambda row: bytes(row[0]),
        take=_TAKE,
        unseen=unseen,
        schema=schema,
    )


LOGS: Final = {
    "access": _read(_RECEIPT, "access_tree", unseen=_UNSEEN),
    "policy": _read(_POLICY, "policy_tree"),
}
"""The two logs by name, for a tree on the gateway's database as `gateway_writer`."""


def keepers(
    *,
    dsn: str,
    secret: bytes,
    clock: Clock,
    epochs: Callable[[], Sequence[EpochState]],
    also: tuple[SigningKey, ...] = (),
    witnesses: Sequence[Witness] = (),
    within: timedelta = WITHIN,
) -> list[Repeating]:
    """The parts that keep both trees up, and the one that notes which rules and keys are in use; `dsn` is `gateway_writer`'s.

    `epochs` tells those of the key store.
    """
    own = [*in_force.keys_of_logs((*SERVICES, *LOGS), secret=secret, also=also), *in_force.keys_of_witnesses(witnesses)]

    def keys() -> list[Key]:
        return [*own, *in_force.keys_of_epochs(epochs())]

    noting = in_force.noting(dsn=dsn, keys=keys, clock=clock)
    return [
        Repeating(name="rules and keys", every_s=NOTED_EVERY_S, do=noting),
        *(
            tree_keeper(
                log, dsn=dsn, secret=secret, clock=clock, also=also, witnesses=witnesses, within=within, entries=entries
            )
            for log, entries in LOGS.items()
        ),
    ]


def migrate(connection: Connection[Any]) -> None:
    """Makes the trees' tables as `gateway_owner`, in the caller's transaction; what was recorded before stands in line in order."""
    connection.execute(STATEMENTS.encode())
    for schema in ("access_tree", "policy_tree"):
        tree.migrate(connection, app_role="gateway_writer", schema=schema)
    for schema, table, key, since in RECORDED:
        _put_in_line(connection, schema, table, by=f"{key}::text", since=f"{since}, {key}")


def _put_in_line(connection: Connection[Any], schema: str, table: str, *, by: str, since: str) -> None:
    """Puts into line what was recorded before there was a tree; for that the owner sees it a moment."""
    found = f"select not exists (select from {schema}.entry where kind = '{table}' union all select from {schema}.untaken where kind = '{table}')"  # noqa: S608
    put = f"insert into {schema}.untaken (kind, id) select '{table}', {by} from public.{table} order by {since}"  # noqa: S608
    [(is_new,)] = connection.execute(found.encode()).fetchall()
    if is_new:
        connection.execute(f"alter table public.{table} no force row level security".encode())
        connection.execute(put.encode())
        connection.execute(f"alter table public.{table} force row level security".encode())
