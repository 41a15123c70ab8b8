"""What the roster 花名册 tells of people of whom nothing but the keeping of data is left 限制处理 (PIPL 47)."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from services.contracts.envelope import Published


class ChildRestricted(Published, frozen=True, kw_only=True):
    """Processing of a child's data was restricted 限制处理: a law wants it kept, nobody works with it; whoever opened its texts forgets them."""

    TYPE: ClassVar[str] = "roster.child-restricted.v1"
    child_id: UUID
    basis: str
    """The law or rule that wants it kept."""
    until: date
    """The last day of that."""


class RestrictionLifted(Published, frozen=True, kw_only=True):
    """A restriction was lifted 解除限制; who the child is follows as `roster.identity-corrected.v1`."""

    TYPE: ClassVar[str] = "roster.restriction-lifted.v1"
    child_id: UUID
    reason: str
