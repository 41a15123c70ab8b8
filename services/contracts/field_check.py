"""What the roster 花名册 tells of the field check 摸排 (N1.8): lists that go out by village, come back, and are handed in by township."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from services.contracts.envelope import Published


class FieldCheckOpened(Published, frozen=True, kw_only=True):
    """A village's list of a round went out to be checked from door to door 摸排 (N1.8)."""

    TYPE: ClassVar[str] = "roster.field-check-opened.v1"
    field_check_id: UUID
    round: str
    township: str
    village: str
    children: tuple[UUID, ...]
    opened_on: date
    due_on: date


FieldFound = Literal[
    "at_school_here",
    "at_school_elsewhere",
    "taught_at_home",
    "out_of_school",
    "too_young_or_done",
    "moved_away",
    "abroad",
    "dead",
    "no_such_person",
    "not_reached",
]
"""What was found of a child at the door 摸排结果."""


class FieldFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What one sheet says of one child; `conflict` where another sheet of the same round had said something else, `before`."""

    child_id: UUID
    found: FieldFound
    conflict: bool = False
    before: str = ""


class FieldCheckAnswered(Published, frozen=True, kw_only=True):
    """A village's sheet came back 摸排回收: what was found of each child, and how many were met whom no register knows."""

    TYPE: ClassVar[str] = "roster.field-check-answered.v1"
    field_check_id: UUID
    township: str
    village: str
    round: str
    answers: tuple[FieldFinding, ...]
    met: int
    answered_on: date


class FieldCheckSettled(Published, frozen=True, kw_only=True):
    """The township decided which of two contradicting answers holds 冲突裁定."""

    TYPE: ClassVar[str] = "roster.field-check-settled.v1"
    field_check_id: UUID
    child_id: UUID
    found: FieldFound
    reason: str
    settled_on: date


class FieldCheckOverdue(Published, frozen=True, kw_only=True):
    """A village's list was not handed in by its day 摸排逾期; told of the township first, and of the bureau where it stays out.

    `unanswered` is how many children nobody has asked after.
    """

    TYPE: ClassVar[str] = "roster.field-check-overdue.v1"
    field_check_id: UUID
    township: str
    village: str
    round: str
    reminded: Literal["township", "education_bureau"]
    due_on: date
    unanswered: int
    overdue_on: date


class SubmissionMade(Published, frozen=True, kw_only=True):
    """A township handed its round in as a version, which nobody changes from here on 乡镇上报 (N1.8)."""

    TYPE: ClassVar[str] = "roster.submission-made.v1"
    submission_id: UUID
    township: str
    round: str
    version: int
    villages: int
    children: int
    unanswered: int
    met: int
    sha256: str
    made_on: date


class SubmissionAccepted(Published, frozen=True, kw_only=True):
    """The bureau countersigned a township's version 教体局接收会签; it is locked for good.

    What it found waits as a delivery, to be previewed and committed; None where nothing was found.
    """

    TYPE: ClassVar[str] = "roster.submission-accepted.v1"
    submission_id: UUID
    township: str
    round: str
    version: int
    accepted_on: date
    delivery_id: UUID | None = None


class SubmissionReturned(Published, frozen=True, kw_only=True):
    """The bureau gave a township's version back 退回补正; the next one is a version of its own."""

    TYPE: ClassVar[str] = "roster.submission-returned.v1"
    submission_id: UUID
    township: str
    round: str
    version: int
    reason: str
    returned_on: date
