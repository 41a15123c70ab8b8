"""What a comparison states 比对结论: of each child all at once, and of pairs of entries; and what came of stating it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.roster.domain.doubt import RowPair
from services.roster.domain.facts import Ground, Groups, Identity, Links, Residence, Schooling, Sources


@dataclass(frozen=True, slots=True)
class FoundOf:
    """A finding that a comparison made of a child."""

    kind: str
    reason: str
    owner: str
    grounds: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All that one comparison states of one child; `new` where the child was not known before."""

    child_id: UUID
    new: bool
    identity: Identity
    residence: Residence
    schooling: Schooling
    groups: Groups
    state: str
    state_reason: str
    findings: tuple[FoundOf, ...]
    grounds: tuple[Ground, ...]
    valid_on: date
    student_number: str = ""
    sources: Sources = ()
    links: Links = ()

    def sources_of(self, facts: frozenset[str]) -> Sources:
        """Which rows these facts were taken from."""
        return tuple(source for source in self.sources if source.fact in facts)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Two entries that a comparison takes for possibly one child; `child_id` comes before `other_id`.

    `child_rows` and `other_rows` are what the rows of `grounds` say, in JSON.
    """

    child_id: UUID
    other_id: UUID
    township: str
    reason: str
    score: float
    grounds: tuple[RowPair, ...]
    child_rows: str = ""
    other_rows: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """Children as they stand after a statement: each one's version, and the position from which on it can be read."""

    versions: dict[UUID, int]
    position: int


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a statement would change: children that are new, that change, findings raised and closed."""

    new: int
    changed: int
    raised: int
    resolved: int
