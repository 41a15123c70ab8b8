"""What the roster 花名册 asks somebody about, as rows: findings with their answers, and pairs of entries that may be one child.

Beside them what a reviewer goes by: which rows are a child's own and why, and what became of a doubt, step by step.

Both follow the children they are about from township to township. A doubt stands under two townships, one for each of its
entries, and whoever reaches one of them sees that the doubt exists. What the rows say that look alike stands by itself, each entry's
rows under that entry alone: whoever reaches one sees what its rows say, and they leave with their child.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from operator import attrgetter
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild
from services.contracts.envelope import Published
from services.contracts.review import DoubtDecided, DoubtRaised, DoubtWithdrawn, RowCells, RowPair
from services.contracts.roster import (
    ChildRegistered,
    FindingAnswered,
    FindingOverdue,
    FindingRaised,
    FindingResolved,
    FindingReturned,
    Ground,
    IdentityCorrected,
    RowLink,
    RowsLinked,
)

PAIRS_MAX: Final = 5
"""Pairs of rows that a doubt tells of at most."""

_rows_told: Final = msgspec.json.Decoder(list[RowCells])

FindingEvent = FindingRaised | FindingAnswered | FindingReturned | FindingOverdue | FindingResolved
DoubtEvent = DoubtRaised | DoubtDecided | DoubtWithdrawn
RowsEvent = ChildRegistered | IdentityCorrected | RowsLinked


class Finding(OfChild, frozen=True, kw_only=True):
    """A disagreement between registers 比对发现: `open`, `answered` by its owner, or `resolved`.

    It follows its child's township; village, school and stage are those it was raised at. `due_on` is the last day of the step
    that is owed now, the answer or its acceptance; `overdue` says that it ran out, and a new term takes that back.
    """

    TABLE: ClassVar[str] = "finding"
    KEY: ClassVar[str] = "finding_id"
    finding_id: UUID
    kind: str = ""
    reason: str = ""
    owner: str = ""
    village: str = ""
    school: str = ""
    stage: str = ""
    raised_on: date | None = None
    due_on: date | None = None
    legal_basis: str = ""
    state: str = "open"
    overdue: bool = False
    answer_code: str = ""
    evidence: str = ""
    answered_by: str = ""
    answered_on: date | None = None
    return_reason: str = ""
    resolved_on: date | None = None
    resolution: str = ""
    approved_by: str = ""
    grounds: tuple[Ground, ...] = ()


class ChildRows(OfChild, frozen=True, kw_only=True):
    """Which rows of registers are a child's own, and by which pairs of them they are linked 关联依据."""

    TABLE: ClassVar[str] = "child_rows"
    KEY: ClassVar[str] = "child_id"
    grounds: tuple[Ground, ...] = ()
    links: tuple[RowLink, ...] = ()


class Doubt(OfChild, frozen=True, kw_only=True):
    """Two entries that may be one child 疑似同一人: `open`, `decided` by a person, or `withdrawn` by a later comparison."""

    TABLE: ClassVar[str] = "doubt"
    KEY: ClassVar[str] = "doubt_id"
    PLACES: ClassVar[Mapping[str, str]] = {"township": "child_id", "other_township": "other_id"}
    doubt_id: UUID
    other_id: UUID
    other_township: str = ""
    reason: str = ""
    score: float = 0.0
    state: str = "open"
    raised_on: date | None = None
    decision: str = ""
    decision_reason: str = ""
    decided_by: str = ""
    ended_on: date | None = None
    pairs: tuple[RowPair, ...] = ()


class DoubtRow(OfChild, frozen=True, kw_only=True):
    """What a row says over which an entry is doubted 疑似行: `child_id` is the entry it is of, `number` that of its pair from 1."""

    TABLE: ClassVar[str] = "doubt_row"
    KEY: ClassVar[str] = "row_id"
    row_id: UUID
    doubt_id: UUID
    number: int
    name: str = ""
    id_number: str = ""
    student_number: str = ""
    birth_date: str = ""
    sex: str = ""
    guardian_name: str = ""
    guardian_phone: str = ""
    place: str = ""
    household_number: str = ""
    school_name: str = ""
    grade: str = ""
    school_class: str = ""


class DoubtStep(OfChild, frozen=True, kw_only=True):
    """What became of a doubt 判定经过: each time it was raised, decided or withdrawn, for ever."""

    TABLE: ClassVar[str] = "doubt_step"
    KEY: ClassVar[str] = "step_id"
    OF_ONE_EVENT: ClassVar[bool] = True
    PLACES: ClassVar[Mapping[str, str]] = Doubt.PLACES
    step_id: UUID
    doubt_id: UUID
    other_id: UUID
    other_township: str = ""
    what: str
    reason: str = ""
    score: float | None = None
    at: datetime
    actor: str = ""
    department: str = ""


def finding(row: Finding | None, told: Told[FindingEvent]) -> Finding:
    """A finding from the day it was raised to the day it no longer held."""
    event = told.event
    row = row or Finding(finding_id=event.finding_id, child_id=event.child_id)
    match event:
        case FindingRaised():
            return Finding(
                finding_id=event.finding_id,
                child_id=event.child_id,
                kind=event.kind,
                reason=event.reason,
                owner=event.owner,
                township=event.township,
                village=event.village,
                school=event.school,
                stage=event.stage,
                raised_on=event.raised_on,
                due_on=event.due_on,
                legal_basis=event.legal_basis,
                grounds=event.grounds,
            )
        case FindingAnswered():
            return replace(
                row,
                state="answered",
                answer_code=event.code,
                evidence=event.evidence,
                answered_by=event.answered_by,
                answered_on=event.answered_on,
                due_on=event.due_on or row.due_on,
                overdue=row.overdue and event.due_on is None,
            )
        case FindingReturned():
            has_new_term = event.due_on is not None and event.due_on != row.due_on
            return replace(
                row,
                state="open",
                return_reason=event.reason,
                due_on=event.due_on,
                overdue=row.overdue and not has_new_term,
            )
        case FindingOverdue():
            return replace(row, overdue=True)
        case FindingResolved():
            return replace(
                row,
                state="resolved",
                resolved_on=event.resolved_on,
                resolution=event.resolution,
                evidence=event.evidence or row.evidence,
                approved_by=event.approved_by,
            )
        case _:
            assert_never(event)


def doubt(row: Doubt | None, told: Told[DoubtEvent]) -> Doubt:
    """A doubt until somebody decides it or the registers do; raised again it is open again."""
    event = told.event
    row = row or Doubt(doubt_id=event.doubt_id, child_id=event.child_id, other_id=event.other_id)
    match event:
        case DoubtRaised():
            return Doubt(
                doubt_id=event.doubt_id,
                child_id=event.child_id,
                other_id=event.other_id,
                township=event.township,
                other_township=row.other_township,
                reason=event.reason,
                score=event.score,
                raised_on=event.raised_on,
                pairs=event.pairs,
            )
        case DoubtDecided():
            return replace(
                row,
                state="decided",
                decision=event.decision,
                decision_reason=event.reason,
                decided_by=told.envelope.department,
                ended_on=event.decided_on,
            )
        case DoubtWithdrawn():
            return replace(row, state="withdrawn", ended_on=event.withdrawn_on)
        case _:
            assert_never(event)


def doubt_step(_: DoubtStep | None, told: Told[DoubtEvent]) -> DoubtStep:
    """One step of a doubt, with who took it."""
    event, envelope = told.event, told.envelope
    step = DoubtStep(
        step_id=envelope.id,
        doubt_id=event.doubt_id,
        child_id=event.child_id,
        other_id=event.other_id,
        what="withdrawn",
        at=envelope.recorded_at,
        actor=envelope.actor,
        department=envelope.department,
    )
    match event:
        case DoubtRaised():
            return replace(step, what="raised", reason=event.reason, score=event.score)
        case DoubtDecided():
            return replace(step, what=event.decision, reason=event.reason)
        case DoubtWithdrawn():
            return step
        case _:
            assert_never(event)


class _Side(msgspec.Struct, frozen=True):
    """One row of a doubt as it was told: of which entry, of which pair, and what it says; nothing where it is gone."""

    row_id: UUID
    doubt_id: UUID
    child_id: UUID
    number: int
    cells: RowCells | None


def _sides(told: Told[DoubtRaised | DoubtWithdrawn]) -> Iterator[Told[Any]]:
    """All rows that a doubt may show, those too that it shows no more."""
    event, opened = told.event, told.opened or {}
    for field, child_id in (("child_rows", event.child_id), ("other_rows", event.other_id)):
        rows = _rows_told.decode(opened[field]) if opened.get(field) else []
        for number in range(1, PAIRS_MAX + 1):
            row_id = uuid5(event.doubt_id, f"{field}/{number}")
            cells = rows[number - 1] if number <= len(rows) else None
            yield Told(told.envelope, _Side(row_id, event.doubt_id, child_id, number, cells))


def doubt_row(_: DoubtRow | None, told: Told[_Side]) -> DoubtRow | None:
    """What a row says while it is doubted about; a doubt that was withdrawn shows nothing more."""
    side = told.event
    if side.cells is None:
        return None
    return DoubtRow(
        row_id=side.row_id,
        doubt_id=side.doubt_id,
        child_id=side.child_id,
        number=side.number,
        **msgspec.structs.asdict(side.cells),
    )


def child_rows(_: ChildRows | None, told: Told[RowsEvent]) -> ChildRows:
    """The rows of a child as they were stated last, and their links."""
    event = told.event
    return ChildRows(child_id=event.child_id, grounds=event.grounds, links=event.links)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Finding, events=get_args(FindingEvent), about=about("finding_id"), evolve=finding),
    Fold(row=Doubt, events=get_args(DoubtEvent), about=about("doubt_id"), evolve=doubt),
    Fold(row=DoubtRow, events=(DoubtRaised, DoubtWithdrawn), about=about("row_id"), evolve=doubt_row, parts=_sides),
    Fold(row=DoubtStep, events=get_args(DoubtEvent), about=attrgetter("envelope.id"), evolve=doubt_step),
    Fold(row=ChildRows, events=get_args(RowsEvent), about=about("child_id"), evolve=child_rows),
)

PERSONAL: Final[dict[type[Published], tuple[str, ...]]] = {DoubtRaised: ("child_rows", "other_rows")}
"""The sealed fields that are opened, by event."""
