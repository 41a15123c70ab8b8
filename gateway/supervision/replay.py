"""Any past moment, as it was known then: told again from the journal by the folds of the read model itself.

"As known at a moment" is what had been recorded by then (`journal.recorded_at`), not what was true then: a fact of last
week that was recorded today was not known yesterday. Nothing here decides anew; the folds that make the read model make
the replay, so the two can't drift apart, and a test holds them equal at the head of the journal.

Replay reads as `gateway_reader` with the claims that open journal and receipts; who may ask for it is decided before.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row

from gateway.readmodel import cases, timeline
from gateway.readmodel.cases import CaseEvent, CaseFile, Document, Referral
from gateway.readmodel.fold import Fold, Opener, Told, hear, project
from gateway.readmodel.partition import PartitionRow, accounted, in_order, window
from gateway.readmodel.projection import FOLDS, settle
from gateway.readmodel.roster import Child, ChildIdentity, IdentityEvent
from gateway.readmodel.rows import Connection, Known, Rows
from gateway.readmodel.timeline import CaseStep
from services.chassis.clock import china_date
from services.chassis.errors import NotFound
from services.contracts.cases import StepExpired
from services.contracts.envelope import Envelope, Published

PAGE: Final = 5000
CONNECT_S: Final = 5
Outcome = Literal["done", "late", "expired", "open", "overdue"]

AGE_ONLY: Final[Mapping[type[Published], tuple[str, ...]]] = dict.fromkeys(get_args(IdentityEvent), ("birth_date",))
"""A partition needs a child's age and nothing else of who it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedThen:
    """What was owed at the moment 应办; `is_late` by the date in China at that moment."""

    step: str
    by: str
    due_on: date
    rule: str
    legal_basis: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that had happened, who did it for which unit on what ground, and where the case stood after it."""

    at: datetime
    type: str
    actor: str
    department: str
    purpose: str
    detail: str
    state: str
    producer: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody had looked at the child 查阅: what was asked, which fields, and whether there was an answer."""

    at: datetime
    actor: str
    department: str
    purpose: str
    operation: str
    decision: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing owed 履职: since when, by when, and how it ended.

    `done` in time, `late` done after its date, `expired` handed up undone, `open` still owed, `overdue` owed past its date.
    """

    step: str
    by: str
    since_on: date
    due_on: date
    rule: str
    legal_basis: str
    ended_on: date | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReplay:
    """A case as it was known at a moment."""

    case_id: UUID
    child_id: UUID
    moment: datetime
    state: str
    cause: str
    causes: tuple[str, ...]
    township: str
    school: str
    opened_on: date | None
    closed_on: date | None
    resolution: str
    owed: OwedThen | None
    steps: tuple[Step, ...]
    documents: tuple[Document, ...]
    referrals: tuple[Referral, ...]
    duties: tuple[Duty, ...]
    looks: tuple[Look, ...]


class Replay:
    """Tells the past from the journal."""

    def __init__(self, *, dsn: str, opener: Opener) -> None:
        self._dsn = dsn
        self._opener = opener

    def case_as_of(self, case_id: UUID, moment: datetime) -> CaseReplay:
        """The case as known at the moment; raises `NotFound` where it was not known then."""
        with self._reading() as connection:
            told = self._case(connection, case_id, moment)
            rows = project(told, folds=(*cases.FOLDS, *timeline.FOLDS), known=Rows())
            settle(rows)
            case = rows.find(CaseFile, case_id)
            if case is None:
                raise NotFound("no such case was known at that moment")
            return CaseReplay(
                case_id=case.case_id,
                child_id=case.child_id,
                moment=moment,
                state=case.state,
                cause=case.cause,
                causes=case.causes,
                township=case.township,
                school=case.school,
                opened_on=case.opened_on,
                closed_on=case.closed_on,
                resolution=case.resolution,
                owed=_owed_then(case, china_date(moment)),
                steps=_steps(told, rows),
                documents=tuple(rows.of(Document)),
                referrals=tuple(rows.of(Referral)),
                duties=_duties(told, china_date(moment)),
                looks=_looks(connection, case.child_id, moment),
            )

    def duties(self, case_id: UUID, moment: datetime) -> tuple[Duty, ...]:
        """What was owed in the case up to the moment, in order: by whom, by when, and how it ended."""
        with self._reading() as connection:
            return _duties(self._case(connection, case_id, moment), china_date(moment))

    def partition_as_of(self, moment: datetime) -> list[PartitionRow]:
        """Where all children of the window were accounted for, as known at the moment; see `readmodel.partition`."""
        folds = [fold for fold in FOLDS if fold.row in {Child, ChildIdentity, CaseFile}]
        with self._reading() as connection:
            rows = project(self._all(connection, folds, moment), folds=folds, known=Rows())
        settle(rows)
        return _partition(rows, china_date(moment))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One picture of the journal for the whole question."""
        with psycopg.connect(self._dsn, connect_timeout=CONNECT_S) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(
                """select set_config('app.journal', 'on', true), set_config('app.receipts', 'on', true),
                     set_config('statement_timeout', '60s', true)"""
            )
            yield connection

    def _case(self, connection: Connection, case_id: UUID, moment: datetime) -> list[Told[Any]]:
        found = connection.execute(
            _TOLD + " and case_id = %s and recorded_at <= %s order by producer, position", [case_id, moment]
        ).fetchall()
        return hear(_envelopes(found), opener=self._opener, personal={})

    def _all(self, connection: Connection, folds: list[Fold[Any]], moment: datetime) -> Iterator[Told[Published]]:
        types = list({event.TYPE for fold in folds for event in fold.events})
        with connection.cursor("replay") as cursor:  # on the server: a county's journal is read by and by
            cursor.execute(
                _TOLD + " and recorded_at <= %s and type = any(%s) order by producer, position", [moment, types]
            )
            while page := cursor.fetchmany(PAGE):
                yield from hear(_envelopes(page), opener=self._opener, personal=AGE_ONLY)


_TOLD: Final = """
    select jsonb_build_object('id', event_id, 'type', type, 'producer', producer, 'position', position,
      'aggregate_id', aggregate_id, 'version', version, 'stored_topic', stored_topic, 'recorded_at', recorded_at,
      'actor', actor, 'department', department, 'purpose', purpose, 'command_id', command_id,
      'correlation_id', correlation_id, 'causation_id', causation_id, 'trace', trace, 'body', body)::text
    from journal
    where not exists (select from parked p where p.reader = 'gateway' and p.producer = journal.producer
      and p.place = journal.position and p.type <> '' and p.state <> 'handled')"""
"""The envelopes of the journal, each as one JSON text, but for those that can't be folded here."""


def _envelopes(found: list[tuple[str]]) -> list[Envelope]:
    return msgspec.json.decode("[" + ",".join(text for (text,) in found) + "]", type=list[Envelope])


def _steps(told: list[Told[Any]], rows: Known) -> tuple[Step, ...]:
    """The timeline in the order of time, each line with the state the case was in after it."""
    case: CaseFile | None = None
    after: dict[UUID, str] = {}
    for one in told:
        if isinstance(one.event, CaseEvent):
            case = cases.case_file(case, one)
            after[one.envelope.id] = case.state
    state = ""
    steps: list[Step] = []
    for line in sorted(
        rows.of(CaseStep), key=lambda line: (line.at, line.producer != "cases", line.producer, line.position)
    ):
        state = after.get(line.event_id, state)
        steps.append(
            Step(
                at=line.at,
                type=line.type,
                actor=line.actor,
                department=line.department,
                purpose=line.purpose,
                detail=line.detail,
                state=state,
                producer=line.producer,
                position=line.position,
            )
        )
    return tuple(steps)


def _owed_then(case: CaseFile, today: date) -> OwedThen | None:
    if case.owed_due_on is None:
        return None
    return OwedThen(
        step=case.owed_step,
        by=case.owed_by,
        due_on=case.owed_due_on,
        rule=case.owed_rule,
        legal_basis=case.owed_legal_basis,
        is_late=today > case.owed_due_on,
    )


def _duties(told: list[Told[Any]], today: date) -> tuple[Duty, ...]:
    """A duty lasts while the case owes the same thing; the event that changes what is owed ends it."""
    before: CaseFile | None = None
    since_on = today
    duties: list[Duty] = []
    for one in told:
        if not isinstance(one.event, CaseEvent):
            continue
        after = cases.case_file(before, one)
        on = china_date(one.envelope.recorded_at)
        if before is None or _owing(before) != _owing(after):
            if before is not None:
                expired = isinstance(one.event, StepExpired)
                duties += _duty(before, since_on=since_on, today=today, ended_on=on, expired=expired)
            since_on = on
        before = after
    if before is not None:
        duties += _duty(before, since_on=since_on, today=today)
    return tuple(duties)


def _owing(case: CaseFile) -> tuple[object, ...]:
    return (case.owed_step, case.owed_by, case.owed_due_on, case.owed_rule)


def _duty(
    case: CaseFile, *, since_on: date, today: date, ended_on: date | None = None, expired: bool = False
) -> list[Duty]:
    if case.owed_due_on is None:
        return []
    in_time = (ended_on or today) <= case.owed_due_on
    if ended_on is None:
        outcome: Outcome = "open" if in_time else "overdue"
    else:
        outcome = "expired" if expired else "done" if in_time else "late"
    duty = Duty(
        step=case.owed_step,
        by=case.owed_by,
        since_on=since_on,
        due_on=case.owed_due_on,
        rule=case.owed_rule,
        legal_basis=case.owed_legal_basis,
        ended_on=ended_on,
        outcome=outcome,
    )
    return [duty]


def _looks(connection: Connection, child_id: UUID, moment: datetime) -> tuple[Look, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """select at, actor, department, purpose, operation, decision, fields from receipt
               where child_ids @> array[%s::uuid] and at <= %s order by at, receipt_id""",
            [child_id, moment],
        )
        return tuple(Look(**(look | {"fields": tuple(look["fields"])})) for look in found)


def _partition(rows: Rows, as_of: date) -> list[PartitionRow]:
    after, last = window(as_of)
    counts: Counter[tuple[str, str, str, bool]] = Counter()
    for child in rows.of(Child):
        identity = rows.find(ChildIdentity, child.child_id)
        born = identity.birth_date if identity is not None else None
        if child.merged_into is None and (born is None or after < born <= last):
            counts[child.township, child.village, accounted(child), born is not None] += 1
    return in_order(
        PartitionRow(township=township, village=village, state=state, dated=dated, children=children)
        for (township, village, state, dated), children in counts.items()
    )
