"""The field check 摸排 as rows: a village's list of a round, what was found of each child on it, and what townships handed in.

What a sheet says of people whom no register knows is not told here; only how many they were.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.field_check import (
    FieldCheckAnswered,
    FieldCheckOpened,
    FieldCheckOverdue,
    FieldCheckSettled,
    SubmissionAccepted,
    SubmissionMade,
    SubmissionReturned,
)

FieldCheckEvent = FieldCheckOpened | FieldCheckAnswered | FieldCheckSettled
ListEvent = FieldCheckEvent | FieldCheckOverdue
SubmissionEvent = SubmissionMade | SubmissionAccepted | SubmissionReturned


class FieldCheck(Row, frozen=True, kw_only=True):
    """A village's list of a round 摸排名单; `answered` and `conflicts` are the children who are, and still are in conflict."""

    TABLE: ClassVar[str] = "field_check"
    KEY: ClassVar[str] = "field_check_id"
    field_check_id: UUID
    township: str = ""
    village: str = ""
    round: str = ""
    children: int = 0
    answered: tuple[UUID, ...] = ()
    conflicts: tuple[UUID, ...] = ()
    met: int = 0
    opened_on: date | None = None
    due_on: date | None = None
    answered_on: date | None = None
    reminded_on: date | None = None
    escalated_on: date | None = None


class FieldCheckAnswer(OfChild, frozen=True, kw_only=True):
    """A child on a village's list 摸排结果; `found` is empty until a sheet says so, `before` what another one had said."""

    TABLE: ClassVar[str] = "field_check_answer"
    KEY: ClassVar[str] = "answer_id"
    answer_id: UUID
    field_check_id: UUID
    round: str = ""
    found: str = ""
    before: str = ""
    conflict: bool = False
    answered_on: date | None = None
    settled_reason: str = ""
    settled_on: date | None = None


class Submission(Row, frozen=True, kw_only=True):
    """A township's version of a round 乡镇上报: `made`, then `accepted` or `returned`."""

    TABLE: ClassVar[str] = "submission"
    KEY: ClassVar[str] = "submission_id"
    submission_id: UUID
    township: str = ""
    round: str = ""
    version: int = 0
    villages: int = 0
    children: int = 0
    unanswered: int = 0
    met: int = 0
    sha256: str = ""
    state: str = "made"
    reason: str = ""
    made_by: str = ""
    made_on: date | None = None
    decided_by: str = ""
    decided_on: date | None = None
    delivery_id: UUID | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One child of a list that went out."""

    field_check_id: UUID
    child_id: UUID
    round: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One child of a sheet that came back."""

    field_check_id: UUID
    child_id: UUID
    round: str
    found: str
    before: str
    conflict: bool
    answered_on: date


def field_check(row: FieldCheck | None, told: Told[ListEvent]) -> FieldCheck:
    """A list from going out to the last of its sheets."""
    event = told.event
    row = row or FieldCheck(field_check_id=event.field_check_id)
    match event:
        case FieldCheckOpened():
            return replace(
                row,
                township=event.township,
                village=event.village,
                round=event.round,
                children=len(event.children),
                opened_on=event.opened_on,
                due_on=event.due_on,
            )
        case FieldCheckAnswered():
            answered = [answer.child_id for answer in event.answers]
            conflicts = [answer.child_id for answer in event.answers if answer.conflict]
            settled = set(answered) - set(conflicts)
            return replace(
                row,
                answered=tuple(sorted({*row.answered, *answered})),
                conflicts=tuple(sorted({*row.conflicts, *conflicts} - settled)),
                met=row.met + event.met,
                answered_on=event.answered_on,
            )
        case FieldCheckOverdue(reminded="township"):
            return replace(row, reminded_on=event.overdue_on)
        case FieldCheckOverdue():
            return replace(row, escalated_on=event.overdue_on)
        case FieldCheckSettled():
            return replace(row, conflicts=tuple(child for child in row.conflicts if child != event.child_id))
        case _:
            assert_never(event)


def apart(told: Told[FieldCheckEvent]) -> Iterator[Told[Listed | Found | FieldCheckSettled]]:
    """A list or a sheet child by child."""
    event, envelope = told.event, told.envelope
    match event:
        case FieldCheckOpened():
            for child_id in event.children:
                yield Told(envelope, Listed(field_check_id=event.field_check_id, child_id=child_id, round=event.round))
        case FieldCheckAnswered():
            for answer in event.answers:
                found = Found(
                    field_check_id=event.field_check_id,
                    child_id=answer.child_id,
                    round=event.round,
                    found=answer.found,
                    before=answer.before,
                    conflict=answer.conflict,
                    answered_on=event.answered_on,
                )
                yield Told(envelope, found)
        case FieldCheckSettled():
            yield Told(envelope, event)
        case _:
            assert_never(event)


def field_check_answer(
    row: FieldCheckAnswer | None, told: Told[Listed | Found | FieldCheckSettled]
) -> FieldCheckAnswer:
    """What was found of a child, by the last sheet or by who settled it."""
    event = told.event
    row = row or FieldCheckAnswer(
        answer_id=answer_id(told), field_check_id=event.field_check_id, child_id=event.child_id
    )
    match event:
        case Listed():
            return replace(row, round=event.round)
        case Found():
            return replace(
                row,
                round=event.round,
                found=event.found,
                before=event.before,
                conflict=event.conflict,
                answered_on=event.answered_on,
                settled_reason="",
                settled_on=None,
            )
        case FieldCheckSettled():
            return replace(
                row, found=event.found, conflict=False, settled_reason=event.reason, settled_on=event.settled_on
            )
        case _:
            assert_never(event)


def answer_id(told: Told[Listed | Found | FieldCheckSettled]) -> UUID:
    """The id of a child's line on a list."""
    return uuid5(told.event.field_check_id, str(told.event.child_id))


def submission(row: Submission | None, told: Told[SubmissionEvent]) -> Submission:
    """A version from being handed in to the bureau's word on it."""
    event, unit = told.event, told.envelope.department
    row = row or Submission(submission_id=event.submission_id)
    match event:
        case SubmissionMade():
            return Submission(
                submission_id=event.submission_id,
                township=event.township,
                round=event.round,
                version=event.version,
                villages=event.villages,
                children=event.children,
                unanswered=event.unanswered,
                met=event.met,
                sha256=event.sha256,
                made_by=unit,
                made_on=event.made_on,
            )
        case SubmissionAccepted():
            return replace(
                row,
                state="accepted",
                decided_by=unit,
                decided_on=event.accepted_on,
                delivery_id=event.delivery_id,
            )
        case SubmissionReturned():
            return replace(row, state="returned", reason=event.reason, decided_by=unit, decided_on=event.returned_on)
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=FieldCheck, events=get_args(ListEvent), about=about("field_check_id"), evolve=field_check),
    Fold(
        row=FieldCheckAnswer,
        events=get_args(FieldCheckEvent),
        about=answer_id,
        evolve=field_check_answer,
        parts=apart,
    ),
    Fold(row=Submission, events=get_args(SubmissionEvent), about=about("submission_id"), evolve=submission),
)
