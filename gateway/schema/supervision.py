"""The GraphQL types of supervision 督导: receipts of looks, the partition of all children, and the past replayed.

`Supervision` is what the gateway asks of the room that reads the journal; whoever composes the gateway hands it in.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Protocol
from uuid import UUID

import strawberry

from gateway.readmodel.partition import PartitionRow as VillageRow
from gateway.schema.reading import AsRead


@strawberry.type(description="查阅留痕 A look at data: who, for whom, on what ground, at which fields.")
class Receipt(AsRead):
    """A look that was recorded; whose records it touched besides is not told."""

    SELECT: ClassVar[str] = "select receipt_id as id, r.* from receipt r"

    id: UUID = strawberry.field(description="编号 id")
    at: datetime = strawberry.field(description="时间 when")
    actor: str = strawberry.field(description="查阅人 whose account")
    department: str = strawberry.field(description="单位 for which unit")
    purpose: str = strawberry.field(description="用途 on what ground")
    operation: str = strawberry.field(description="操作 name of the operation")
    decision: str = strawberry.field(description="结果 answered, refused or denied")
    rows: int = strawberry.field(description="行数 how many rows were seen")
    fields: list[str] = strawberry.field(description="字段 which fields were seen")
    policy_version: str = strawberry.field(description="授权表版本 under which policy")
    about: UUID | None = strawberry.field(
        description="所涉记录 what was looked at where it is no child's: the report of the public whose informant was shown"
    )


@strawberry.type(description="归类 How many children of school age of a township are in an accounted state.")
class PartitionRow:
    """One line of the partition; the lines of a township add up to all its children of school age (N1.8)."""

    township: str = strawberry.field(description="乡镇代码 township")
    township_name: str = strawberry.field(description="乡镇名称 township's name")
    state: str = strawberry.field(
        description="归类 state; open_case where a case is open, unaccounted where nobody knows"
    )
    dated: bool = strawberry.field(description="出生日期已知 false for children whose birth date is not known")
    count: int | None = strawberry.field(
        description="人数 how many children; null for a small number where it is granted as a count 小数隐去"
    )


@strawberry.type(description="事件 One event as it was published.")
class ReplayedEvent:
    """An event of a replay, in words that name nobody."""

    at: datetime = strawberry.field(description="时间 when it was recorded")
    type: str = strawberry.field(description="类型 type")
    actor: str = strawberry.field(description="经办人 whose account")
    department: str = strawberry.field(description="单位 for which unit")
    detail: str = strawberry.field(description="内容 in words")
    producer: str = strawberry.field(description="来源 which service told it")
    position: int = strawberry.field(description="序号 its place among what that service told")


@strawberry.type(description="个案回放 A case as it was known at a moment.")
class CaseReplay:
    """What was known, owed and late at a moment, and the events that say so."""

    case_id: UUID = strawberry.field(description="个案编号 the case")
    as_of: datetime = strawberry.field(description="时点 the moment")
    state: str = strawberry.field(description="状态 state; empty where the case wasn't opened yet")
    owed_step: str = strawberry.field(description="应办事项 the step owed")
    owed_by: str = strawberry.field(description="应办单位 by whom")
    owed_due_on: date | None = strawberry.field(description="应办期限 by when")
    overdue: bool = strawberry.field(description="逾期 whether it was late")
    events: list[ReplayedEvent] = strawberry.field(description="事件 the events until then")


class Supervision(Protocol):
    """Reads the journal: the past, and what is opened for nobody but who asks for it."""

    async def case_as_of(self, case_id: UUID, moment: datetime) -> CaseReplay:
        """The case as it was known at a moment; raises `NotFound` where it was not."""
        ...

    async def partition_as_of(self, moment: datetime) -> Sequence[PartitionRow]:
        """The partition of the whole county as it was at a moment."""
        ...

    async def villages_as_of(self, moment: datetime) -> Sequence[VillageRow]:
        """The same by village."""
        ...

    async def informant_of(self, report_id: UUID) -> str:
        """Who told a report of the public; empty where nobody said, or can be read any more."""
        ...
