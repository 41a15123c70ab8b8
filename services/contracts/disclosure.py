"""What cases tells of public disclosure 信息公开 (N9.2): prepared, approved, released, withdrawn. Nobody is named in it."""

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from services.contracts.envelope import Published


class ShownTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table as it may be shown; a row or column holds more than one code where small ones were put together.

    `cells[i][j]` is the number of row i and column j, null where it is hidden 隐藏; all sums of lines stand there.
    """

    table: str
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[int | None, ...], ...]
    row_sums: tuple[int, ...]
    column_sums: tuple[int, ...]


class ResponsibleBody(msgspec.Struct, frozen=True, kw_only=True):
    """A unit, `kind:area`, and what it answers for 责任主体."""

    unit: str
    duty: str


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far of a service's events the numbers were counted."""

    service: str
    position: int


class DisclosureContent(msgspec.Struct, frozen=True, kw_only=True):
    """All that is made public; its hash is the SHA-256 of its JSON with names in alphabetical order."""

    counted_on: date
    school_year: str
    rule: str
    least: int
    tables: tuple[ShownTable, ...]
    tasks: tuple[str, ...]
    methods: tuple[str, ...]
    bodies: tuple[ResponsibleBody, ...]


class DisclosurePrepared(Published, frozen=True, kw_only=True):
    """The bureau made up what it means to make public 拟公开; `follows` is how many releases it was held against."""

    TYPE: ClassVar[str] = "cases.disclosure-prepared.v1"
    disclosure_id: UUID
    unit: str
    content: DisclosureContent
    sha256: str
    reached: tuple[Reached, ...]
    follows: int
    prepared_by: str
    prepared_on: date


class DisclosureApproved(Published, frozen=True, kw_only=True):
    """Another person has read and approved it 审核."""

    TYPE: ClassVar[str] = "cases.disclosure-approved.v1"
    disclosure_id: UUID
    approved_by: str
    approved_on: date


class DisclosureReleased(Published, frozen=True, kw_only=True):
    """It is public 公开, under its number of the ledger."""

    TYPE: ClassVar[str] = "cases.disclosure-released.v1"
    disclosure_id: UUID
    number: int
    sha256: str
    released_by: str
    released_on: date


class DisclosureWithdrawn(Published, frozen=True, kw_only=True):
    """It is shown no longer 撤回; what it said is known all the same."""

    TYPE: ClassVar[str] = "cases.disclosure-withdrawn.v1"
    disclosure_id: UUID
    reason: str
    withdrawn_on: date


class DisclosureDiscarded(Published, frozen=True, kw_only=True):
    """It was never released 弃用."""

    TYPE: ClassVar[str] = "cases.disclosure-discarded.v1"
    disclosure_id: UUID
    reason: str
    discarded_on: date
