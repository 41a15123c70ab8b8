"""The GraphQL types of supervision 督导: receipts of looks, the partition of all children, and the past replayed.

`Supervision` is what the gateway asks of the room that reads the journal; whoever composes the gateway hands it in.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import strawberry

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
