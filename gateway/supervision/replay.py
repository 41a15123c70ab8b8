"""Any past, told again from the journal by the folds of the read model itself, in two times.

*As known at* a moment is what had been recorded by then (`journal.recorded_at`), not what was true then: a fact of last
week that was recorded today was not known yesterday. *As it was on* a day is, of what was known, what held on that day
(`effective.py`). Nothing here decides anew; the folds that make the read model make the replay, so the two can't drift
apart, and a test holds them equal at the head of the journal and at every moment before. The partition of a whole county isn't read
from its journal: the statements that move children are kept beside it (`readmodel/moves.py`), by the folds too.

Who was erased stays erased at every moment: its texts can't be opened any longer, and everything else is told as before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, get_args
from uuid import UUID

from psycopg.rows import dict_row

from gateway.readmodel import cases, timeline
from gateway.readmodel.assistance import Award, Eligibility, HouseholdPlan, Measure, StudentPlan
from gateway.readmodel.cases import CaseEvent, CaseFile, Document, Referral, Responsibility
from gateway.readmodel.effective import holds_from
from gateway.readmodel.fold import Opener, Told, project
from gateway.readmodel.in_force import CASE_RULES, VERSION_DIGITS
from gateway.readmodel.moves import counted_then
from gateway.readmodel.partition import PartitionRow
from gateway.readmodel.projection import FOLDS, settle
from gateway.readmodel.responsible import Answers, Tenure, answering
from gateway.readmodel.roster import Child, ChildIdentity, IdentityEvent
from gateway.readmodel.rows import Connection, Known, Row, Rows
from gateway.readmodel.timeline import CaseStep
from gateway.supervision.journal import Journal, Personal, Then
from services.chassis.clock import china_date
from services.chassis.errors import NotFound
from services.contracts.envelope import Published

ERASED: Final = "已销毁"
"""What stands where a text was whose person was erased."""
NAME_ONLY: Final[Personal] = dict.fromkeys(get_args(IdentityEvent), ("name",))
"""One child's past is told under its name and nothing else of who it is."""

Aid = Eligibility | Award | StudentPlan | Measure
_AID: Final[tuple[type[Row], ...]] = (Eligibility, Award, StudentPlan, Measure)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedThen:
    """What was owed at the moment 应办, by which rule; `is_late` by the date in China at that moment."""

    step: str
    by: str
    due_on: date
    rule: str
    legal_basis: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesNoted:
    """The rules that were in force 规则版本, as the policy's log has them: since when, which bytes, and at which place."""

    noted_at: datetime
    version: str
    position: int | None
    """None for seconds, until the log's tree has taken it."""


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
class Step:
    """One thing that had happened, who did it for which unit on what ground, what that person had looked at by then, and
    where the case stood and what it owed after it."""

    at: datetime
    type: str
    actor: str
    department: str
    purpose: str
    detail: str
    state: str
    owed: OwedThen | None
    rules: RulesNoted | None
    """The rules in force when it happened; None where none had been noted by then."""
    looked_at: datetime | None
    """When the actor last had looked at the child before; None where it never had."""
    seen: tuple[str, ...]
    """The fields the actor had been shown of the child by then."""
    producer: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReplay:
    """A case as it was known at a moment."""

    case_id: UUID
    child_id: UUID
    then: Then
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
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was told, in the envelope's words."""

    at: datetime
    holds_from: date
    type: str
    actor: str
    department: str
    purpose: str
    producer: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildReplay:
    """A child as it was known at a moment: the roster's row, its name (or `ERASED`), its open case, who answered, what it had."""

    then: Then
    child: Child
    name: str
    case: CaseFile | None
    answering: tuple[Answers, ...]
    aid: tuple[Aid, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdReplay:
    """A household as it was known at a moment: the children that lived in it, its plan, and what they had."""

    household_id: UUID
    then: Then
    children: tuple[UUID, ...]
    plan: HouseholdPlan | None
    aid: tuple[Aid, ...]


class Replay:
    """Tells the past from the journal."""

    def __init__(self, *, dsn: str, opener: Opener) -> None:
        self._journal = Journal(dsn=dsn, opener=opener)

    def case_as_of(self, case_id: UUID, moment: datetime, *, on: date | None = None) -> CaseReplay:
        """The case as known at the moment, and as it was on a day; raises `NotFound` where it was not known then."""
        then = Then(moment, on)
        with self._journal.reading() as connection:
            told = self._journal.of_case(connection, case_id, then)
            rows = project(told, folds=(*cases.FOLDS, *timeline.FOLDS), known=Rows())
            settle(rows)
            case = rows.find(CaseFile, case_id)
            if case is None:
                raise NotFound("no such case was known at that moment")
            looks, rules = _looks(connection, case.child_id, moment), _rules(connection, moment)
        return CaseReplay(
            case_id=case.case_id,
            child_id=case.child_id,
            then=then,
            state=case.state,
            cause=case.cause,
            causes=case.causes,
            township=case.township,
            school=case.school,
            opened_on=case.opened_on,
            closed_on=case.closed_on,
            resolution=case.resolution,
            owed=_owed_then(case, then.day),
            steps=_steps(told, rows, looks, rules),
            documents=tuple(rows.of(Document)),
            referrals=tuple(rows.of(Referral)),
            looks=looks,
        )

    def child_as_of(self, child_id: UUID, moment: datetime, *, on: date | None = None) -> ChildReplay:
        """The child as known at the moment, and as it was on a day; raises `NotFound` where it was not known then."""
        then = Then(moment, on)
        with self._journal.reading() as connection:
            told = self._journal.of_children(connection, [child_id], then, personal=NAME_ONLY)
            posts = self._journal.of_posts(connection, then)
        rows = _rows_of([*told, *posts], Child, ChildIdentity, CaseFile, Responsibility, Tenure, *_AID)
        child = rows.find(Child, child_id)
        if child is None:
            raise NotFound("no such child was known at that moment")
        return ChildReplay(
            then=then,
            child=child,
            name=_name(told, rows, child_id),
            case=rows.find(CaseFile, child.open_case_id) if child.open_case_id is not None else None,
            answering=answering(rows, child, on=then.day),
            aid=_aid(rows, then.day),
            events=_events(told),
        )

    def chain_as_of(self, child_id: UUID, moment: datetime, *, on: date | None = None) -> tuple[Answers, ...]:
        """Who answered for the child in each role; raises `NotFound` where it was not known then."""
        return self.child_as_of(child_id, moment, on=on).answering

    def household_as_of(self, household_id: UUID, moment: datetime, *, on: date | None = None) -> HouseholdReplay:
        """The household as known at the moment, and as it was on a day; raises `NotFound` where nothing named it then."""
        then = Then(moment, on)
        with self._journal.reading() as connection:
            named = self._journal.of_household(connection, household_id, then)
            candidates = {child for one in named if (child := getattr(one.event, "child_id", None)) is not None}
            told = self._journal.of_children(connection, sorted(candidates), then)
        plans = _rows_of(named, HouseholdPlan).of(HouseholdPlan)
        rows = _rows_of(told, Child, *_AID)
        children = {child.child_id for child in rows.of(Child) if child.household_id == household_id}
        if not children and not plans:
            raise NotFound("no such household was known at that moment")
        return HouseholdReplay(
            household_id=household_id,
            then=then,
            children=tuple(sorted(children)),
            plan=plans[-1] if plans else None,
            aid=tuple(row for row in _aid(rows, then.day) if row.child_id in children),
        )

    def partition_as_of(self, moment: datetime, *, on: date | None = None) -> list[PartitionRow]:
        """Where all children of the window were accounted for, as known at the moment, and as it was on a day; see `readmodel.moves`.

        Raises `Refused` where the read model was made by a version that didn't keep it.
        """
        with self._journal.reading() as connection:
            return counted_then(connection, moment=moment, on=on, as_of=Then(moment, on).day)


def _rows_of(told: Iterable[Told[Any]], *kinds: type[Row]) -> Known:
    """These rows, as what was told made them."""
    rows = project(told, folds=[fold for fold in FOLDS if fold.row in kinds], known=Rows())
    settle(rows)
    return rows


def _steps(
    told: Sequence[Told[Any]], rows: Known, looks: Sequence[Look], rules: Sequence[RulesNoted]
) -> tuple[Step, ...]:
    """The timeline in the order of time, each line with the state the case was in, what it owed after it, and by which rules."""
    case: CaseFile | None = None
    after: dict[UUID, CaseFile] = {}
    for one in told:
        if isinstance(one.event, CaseEvent):
            case = after[one.envelope.id] = cases.case_file(case, one)
    stood: CaseFile | None = None
    steps: list[Step] = []
    for line in sorted(
        rows.of(CaseStep), key=lambda line: (line.at, line.producer != "cases", line.producer, line.position)
    ):
        stood = after.get(line.event_id, stood)
        theirs = [look for look in looks if look.actor == line.actor and look.at <= line.at]
        steps.append(
            Step(
                at=line.at,
                type=line.type,
                actor=line.actor,
                department=line.department,
                purpose=line.purpose,
                detail=line.detail,
                state=stood.state if stood is not None else "",
                owed=_owed_then(stood, china_date(line.at)) if stood is not None else None,
                rules=next((noted for noted in reversed(rules) if noted.noted_at <= line.at), None),
                looked_at=theirs[-1].at if theirs else None,
                seen=tuple(sorted({name for look in theirs if look.decision == "answered" for name in look.fields})),
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


def _looks(connection: Connection, child_id: UUID, moment: datetime) -> tuple[Look, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """select at, actor, department, purpose, operation, decision, fields from receipt
               where child_ids @> array[%s::uuid] and at <= %s order by at, receipt_id""",
            [child_id, moment],
        )
        return tuple(Look(**(look | {"fields": tuple(look["fields"])})) for look in found)


def _rules(connection: Connection, moment: datetime) -> tuple[RulesNoted, ...]:
    """The versions of the cases' rules by then, the oldest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """select noted_at, left(sha256, %s) as version, position from rule_version
               left join policy_tree.entry on entry.kind = 'rule_version' and entry.id = version_id::text
               where name = %s and noted_at <= %s order by noted_at, version_id""",
            [VERSION_DIGITS, CASE_RULES, moment],
        )
        return tuple(RulesNoted(**noted) for noted in found)


def _name(told: Sequence[Told[Any]], rows: Known, child_id: UUID) -> str:
    """The child's name; `ERASED` where its key is gone, whatever the moment."""
    if any(isinstance(one.event, IdentityEvent) and one.opened is None for one in told):
        return ERASED
    identity = rows.find(ChildIdentity, child_id)
    return identity.name if identity is not None else ""


def _aid(rows: Known, day: date) -> tuple[Aid, ...]:
    """What children had: what of it is for a time only as far as it was in force on the day."""
    in_force = [
        row
        for row in rows.of(Eligibility)
        if (row.from_on is None or row.from_on <= day) and (row.until_on is None or row.until_on >= day)
    ]
    return (*in_force, *rows.of(Award), *rows.of(StudentPlan), *rows.of(Measure))


def _events(told: Sequence[Told[Published]]) -> tuple[Event, ...]:
    events = (
        Event(
            at=one.envelope.recorded_at,
            holds_from=holds_from(one),
            type=one.envelope.type,
            actor=one.envelope.actor,
            department=one.envelope.department,
            purpose=one.envelope.purpose,
            producer=one.envelope.producer,
            position=one.envelope.position,
        )
        for one in told
    )
    return tuple(sorted(events, key=lambda event: (event.at, event.producer, event.position)))
