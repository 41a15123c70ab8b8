"""Letters to guardians 致监护人文书, as rows: runs of a school year, and each child's letter until it was served."""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.guardian_letters import (
    GuardianLetterMade,
    GuardianLetterServed,
    GuardianLetterWithdrawn,
    LetterRunClosed,
    LetterRunOpened,
)

RunEvent = LetterRunOpened | LetterRunClosed
LetterEvent = GuardianLetterMade | GuardianLetterServed | GuardianLetterWithdrawn


class LetterRun(Row, frozen=True, kw_only=True):
    """A run of letters of a kind and school year 制发批次; how far it has come is counted from the letters when it is asked for."""

    TABLE: ClassVar[str] = "letter_run"
    KEY: ClassVar[str] = "run_id"
    run_id: UUID
    kind: str = ""
    school_year: str = ""
    serve_by: date | None = None
    legal_basis: str = ""
    expected: int = 0
    opened_on: date | None = None
    closed_on: date | None = None


class GuardianLetter(OfChild, frozen=True, kw_only=True):
    """One child's letter: out, served or withdrawn."""

    TABLE: ClassVar[str] = "guardian_letter"
    KEY: ClassVar[str] = "letter_id"
    letter_id: UUID
    run_id: UUID
    kind: str = ""
    school_year: str = ""
    code: str = ""
    legal_basis: str = ""
    serve_by: date | None = None
    made_on: date | None = None
    state: str = "out"
    method: str = ""
    receipt: str = ""
    scan_id: UUID | None = None
    served_on: date | None = None
    served_by: str = ""
    served_for: str = ""
    late: bool = False
    withdrawn_on: date | None = None
    withdrawn_reason: str = ""


def letter_run(row: LetterRun | None, told: Told[RunEvent]) -> LetterRun:
    """A run until it was closed."""
    event = told.event
    row = row or LetterRun(run_id=event.run_id)
    match event:
        case LetterRunOpened():
            return replace(
                row,
                kind=event.kind,
                school_year=event.school_year,
                serve_by=event.serve_by,
                legal_basis=event.legal_basis,
                expected=event.expected,
                opened_on=event.opened_on,
            )
        case LetterRunClosed():
            return replace(row, closed_on=event.closed_on)
        case _:
            assert_never(event)


def guardian_letter(row: GuardianLetter | None, told: Told[LetterEvent]) -> GuardianLetter:
    """A letter from its making to its service."""
    event = told.event
    row = row or GuardianLetter(letter_id=event.letter_id, run_id=event.run_id, child_id=event.child_id)
    match event:
        case GuardianLetterMade():
            return replace(
                row,
                kind=event.kind,
                school_year=event.school_year,
                code=event.code,
                legal_basis=event.legal_basis,
                serve_by=event.serve_by,
                made_on=event.made_on,
            )
        case GuardianLetterServed():
            return replace(
                row,
                state="served",
                method=event.method,
                receipt=event.receipt,
                scan_id=event.scan_id,
                served_on=event.served_on,
                served_by=event.served_by,
                served_for=event.served_for,
                late=event.late,
            )
        case GuardianLetterWithdrawn():
            return replace(row, state="withdrawn", withdrawn_on=event.withdrawn_on, withdrawn_reason=event.reason)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=LetterRun, events=get_args(RunEvent), about=about("run_id"), evolve=letter_run),
    Fold(row=GuardianLetter, events=get_args(LetterEvent), about=about("letter_id"), evolve=guardian_letter),
)
