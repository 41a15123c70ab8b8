"""The GraphQL type of notices 通知: who was told what they owe. No personal data, ever."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.node import Node
from gateway.schema.reading import AsRead


@strawberry.type(description="通知 A unit was told something; the text can name no person.")
class Notice(AsRead, Node):
    """A notice."""

    SELECT: ClassVar[str] = "select notice_id as id, n.* from notice n"

    id: UUID = strawberry.field(description="编号 id")
    about: UUID = strawberry.field(description="事项编号 what it is about")
    case_id: UUID | None = strawberry.field(description="个案编号 the case")
    recipient: str = strawberry.field(description="接收单位 the unit told")
    area: str = strawberry.field(description="区域 area")
    township: str = strawberry.field(description="乡镇代码 township")
    reason: str = strawberry.field(description="事由 why")
    text: str = strawberry.field(description="内容 text")
    reply_by: date | None = strawberry.field(description="回复期限 reply by")
    state: str = strawberry.field(description="状态 state")
    channel: str = strawberry.field(description="渠道 channel")
    raised_at: datetime | None = strawberry.field(description="发出时间 raised")
    delivered_at: datetime | None = strawberry.field(description="送达时间 delivered")
    acknowledged_by: str = strawberry.field(description="签收人 account that acknowledged")
    escalated_to: str = strawberry.field(description="上报至 the unit above it climbed to")
