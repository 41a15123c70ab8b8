"""What the roster 花名册 tells of its review queue 疑似同一人: entries that may be one child, and what a person decided."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from services.contracts.envelope import Published, Sealed


class RowPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two rows that may be of one child 疑似同一人两行, one of each entry.

    `agree` and `differ` name the cells, as `RowCells` does, that both fill in and that read the same, or not.
    """

    register: str
    batch_id: UUID
    row: int
    other_register: str
    other_batch_id: UUID
    other_row: int
    agree: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()


class RowCells(msgspec.Struct, frozen=True, kw_only=True):
    """What a register row says of a child 登记行, as it is written there; empty where it says nothing."""

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


class DoubtRaised(Published, frozen=True, kw_only=True):
    """Two entries may be one child, and a person has to decide 疑似同一人; `score` in 0..1, `reason` in plain words."""

    TYPE: ClassVar[str] = "roster.doubt-raised.v1"
    doubt_id: UUID
    child_id: UUID
    other_id: UUID
    township: str
    reason: str
    score: float
    raised_on: date
    pairs: tuple[RowPair, ...] = ()
    """The rows that look alike, one of each entry; not all where there are many."""
    child_rows: Sealed = Sealed("")
    """What those rows of `child_id` say: a JSON list of `RowCells`, one for each pair, under the child's key."""
    other_rows: Sealed = Sealed("")
    """What those of `other_id` say, under that one's key."""


class DoubtDecided(Published, frozen=True, kw_only=True):
    """A person decided whether two entries are one child 疑似同一人判定; every later comparison keeps to it."""

    TYPE: ClassVar[str] = "roster.doubt-decided.v1"
    doubt_id: UUID
    child_id: UUID
    other_id: UUID
    decision: Literal["same", "different"]
    reason: str
    decided_on: date


class DoubtWithdrawn(Published, frozen=True, kw_only=True):
    """A later comparison has no doubt any more 疑点消除: the registers have become clearer."""

    TYPE: ClassVar[str] = "roster.doubt-withdrawn.v1"
    doubt_id: UUID
    child_id: UUID
    other_id: UUID
    withdrawn_on: date
