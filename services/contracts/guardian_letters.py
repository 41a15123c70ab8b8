"""What the roster 花名册 tells of letters to guardians 致监护人文书 (N9.1): runs for a school year, letters made, served, and taken back."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from services.contracts.envelope import Published


class LetterRunOpened(Published, frozen=True, kw_only=True):
    """Letters of a kind are made for a school year from now on 开始制发; `expected` children were to get one then."""

    TYPE: ClassVar[str] = "roster.letter-run-opened.v1"
    run_id: UUID
    kind: str
    to: Literal["entering", "obliged"]
    school_year: str
    begin_on: date
    serve_by: date
    legal_basis: str
    expected: int
    opened_on: date


class LetterRunClosed(Published, frozen=True, kw_only=True):
    """No more letters are made in a run 停止制发; those that are out are still to be served."""

    TYPE: ClassVar[str] = "roster.letter-run-closed.v1"
    run_id: UUID
    closed_on: date


class GuardianLetterMade(Published, frozen=True, kw_only=True):
    """A child's guardian is to get a letter by a day 制发; `code` is printed on it to find it again, and tells nothing of anybody."""

    TYPE: ClassVar[str] = "roster.guardian-letter-made.v1"
    letter_id: UUID
    run_id: UUID
    child_id: UUID
    kind: str
    school_year: str
    code: str
    village: str
    school: str
    serve_by: date
    legal_basis: str
    made_on: date


class GuardianLetterServed(Published, frozen=True, kw_only=True):
    """A letter reached the guardian 送达: how, by which account for which unit; `late` where its last day had passed."""

    TYPE: ClassVar[str] = "roster.guardian-letter-served.v1"
    letter_id: UUID
    run_id: UUID
    child_id: UUID
    method: Literal["direct", "kin", "left", "refused", "post"]
    receipt: str
    scan_id: UUID | None
    served_on: date
    served_by: str
    served_for: str
    late: bool


class GuardianLetterWithdrawn(Published, frozen=True, kw_only=True):
    """A letter is not to be served any more 收回: its child left, was erased, or goes on as another entry."""

    TYPE: ClassVar[str] = "roster.guardian-letter-withdrawn.v1"
    letter_id: UUID
    run_id: UUID
    child_id: UUID
    reason: str
    withdrawn_on: date
