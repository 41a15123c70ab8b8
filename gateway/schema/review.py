"""The GraphQL types of the review queue 疑似同一人: pairs of entries that may be one child, which a person decides."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, ClassVar
from uuid import UUID

import strawberry

from gateway.schema import roster
from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Info, one

if TYPE_CHECKING:
    from gateway.schema.roster import Child


@strawberry.type(
    description="疑似同一人 Two entries that may be one child, side by side; an entry out of the caller's reach is null."
)
class Doubt(AsRead, Node):
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

    child = strawberry.field(resolver=its_child, description="甲条 one entry")

    @strawberry.field(description="乙条 the other entry")
    async def other(self, info: Info) -> Annotated["Child", strawberry.lazy("gateway.schema.roster")] | None:
        """乙条 the other entry."""
        return await one(info.context, roster.Child, "child_id = %(child)s", child=self.other_id)


@strawberry.type(description="疑似同一人 That a child and another entry may be one; both side by side: `doubt(id)`.")
class ChildDoubt(AsRead):
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


@strawberry.type(description="合并与撤销 A merge with another entry, or its taking back, as this entry sees it.")
class MergeStep(AsRead):
    """One side of a merge or of its taking back."""

    SELECT: ClassVar[str] = "select m.* from merge_step m"

    other_id: UUID = strawberry.field(description="另一条 the other entry")
    what: str = strawberry.field(
        description="经过 merged 并入本条, merged_into 本条并入, parted 撤销并入, parted_from 本条撤销并入"
    )
    reason: str = strawberry.field(description="理由 why")
    at: datetime = strawberry.field(description="时间 recorded when")
    department: str = strawberry.field(description="单位 which unit did it")


@strawberry.type(description="依据 A row of a register, or a record of the roster's own, that a finding rests on.")
class FindingGround(AsRead):
    """A ground of a finding."""

    SELECT: ClassVar[str] = (
        "select g.* from finding f cross join lateral"
        ' jsonb_to_recordset(f.grounds) as g(register text, batch_id uuid, "row" integer, rule text)'
    )

    register: str = strawberry.field(description="登记册 register, or the kind of record")
    batch_id: UUID = strawberry.field(description="批次 batch, or the record")
    row: int = strawberry.field(description="行 row of the batch, counted from 1")
    rule: str = strawberry.field(description="关联规则 the rule that linked the row to the child")


@strawberry.type(description="出处 Which row a fact of a child was taken from, by the precedence of registers.")
class Source(AsRead):
    """The source of a fact."""

    SELECT: ClassVar[str] = (
        "select s.* from child c cross join lateral jsonb_to_recordset(c.sources)"
        ' as s(fact text, register text, batch_id uuid, "row" integer, valid_on date, recorded_at timestamptz)'
    )

    fact: str = strawberry.field(description="事项 the fact")
    register: str = strawberry.field(description="登记册 register")
    batch_id: UUID = strawberry.field(description="批次 batch")
    row: int = strawberry.field(description="行 row of the batch, counted from 1")
    valid_on: date | None = strawberry.field(description="有效日期 of which day it is")
    recorded_at: datetime = strawberry.field(description="记录时间 recorded when")
