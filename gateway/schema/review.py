"""The GraphQL types of the review queue 疑似同一人: pairs of entries that may be one child, which a person decides."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.schema import roster
from gateway.schema.reading import Info, Looking, facts, one

if TYPE_CHECKING:
    from gateway.schema.roster import Child


@strawberry.type(
    description="疑似同一人 Two entries that may be one child, side by side; an entry out of the caller's reach is null."
)
class Doubt:
    """A doubt, with both its entries."""

    SELECT: ClassVar[str] = "select doubt_id as id, d.* from doubt d"

    id: UUID = strawberry.field(description="编号 id")
    reason: str = strawberry.field(description="疑点 why they may be one, in words")
    score: float = strawberry.field(description="相似度 how alike they are, 0 to 1")
    state: str = strawberry.field(description="状态 open, decided or withdrawn")
    raised_on: date | None = strawberry.field(description="提出日期 since when")
    decision: str = strawberry.field(description="判定 same or different; empty where nobody decided")
    decision_reason: str = strawberry.field(description="判定理由 why it was decided so")
    decided_by: str = strawberry.field(description="判定单位 which unit decided")
    ended_on: date | None = strawberry.field(description="办结日期 decided or withdrawn when")
    child_id: strawberry.Private[UUID]
    other_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: Mapping[str, Any], _looking: Looking) -> Self:
        """The doubt as read."""
        return cls(**facts(cls, row))

    @strawberry.field(description="甲条 one entry")
    async def child(self, info: Info) -> Annotated["Child", strawberry.lazy("gateway.schema.roster")] | None:
        """甲条 one entry."""
        return await one(info.context, roster.Child, "child_id = %(child)s", child=self.child_id)

    @strawberry.field(description="乙条 the other entry")
    async def other(self, info: Info) -> Annotated["Child", strawberry.lazy("gateway.schema.roster")] | None:
        """乙条 the other entry."""
        return await one(info.context, roster.Child, "child_id = %(child)s", child=self.other_id)


@strawberry.type(description="疑似同一人 That a child and another entry may be one; both side by side: `doubt(id)`.")
class ChildDoubt:
    """A doubt as one of its entries tells of it; it names no other child."""

    SELECT: ClassVar[str] = (
        "select doubt_id as id, reason, score, state, raised_on, decision, decision_reason, decided_by, ended_on"
        " from doubt d"
    )

    id: UUID = strawberry.field(description="编号 id")
    reason: str = strawberry.field(description="疑点 why they may be one, in words")
    score: float = strawberry.field(description="相似度 how alike they are, 0 to 1")
    state: str = strawberry.field(description="状态 open, decided or withdrawn")
    raised_on: date | None = strawberry.field(description="提出日期 since when")
    decision: str = strawberry.field(description="判定 same or different; empty where nobody decided")
    decision_reason: str = strawberry.field(description="判定理由 why it was decided so")
    decided_by: str = strawberry.field(description="判定单位 which unit decided")
    ended_on: date | None = strawberry.field(description="办结日期 decided or withdrawn when")

    @classmethod
    def of(cls, row: Mapping[str, Any], _looking: Looking) -> Self:
        """The doubt as read."""
        return cls(**facts(cls, row))
