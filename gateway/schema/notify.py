"""The GraphQL types of notices 通知: who was told what they owe, and by which way. No personal data, ever."""

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


@strawberry.type(
    description="外发记录 A message about notices that left the house; its id is the key its provider knows it by."
)
class Message(AsRead, Node):
    """A message that left the house."""

    SELECT: ClassVar[str] = "select message_id as id, m.* from message m"

    id: UUID = strawberry.field(description="编号 id")
    unit: str = strawberry.field(description="接收单位 the unit told")
    township: str = strawberry.field(description="乡镇代码 township")
    channel: str = strawberry.field(description="渠道 email 邮件, sms 短信 or webhook 系统推送")
    hint: str = strawberry.field(description="收件地址（部分） the address, as a hint")
    notice_ids: list[UUID] = strawberry.field(description="通知编号 the notices it tells")
    state: str = strawberry.field(
        description="状态 sending, waiting, open 结果不明, accepted, delivered 送达 or failed"
    )
    failure: str = strawberry.field(description="失败原因 unreachable, refused or unknown_address")
    reference: str = strawberry.field(description="服务商流水号 the provider's own number")
    tries: int = strawberry.field(description="次数 how often it was tried")
    begun_at: datetime | None = strawberry.field(description="开始时间 begun")
    settled_at: datetime | None = strawberry.field(
        description="办结时间 when it was accepted, arrived or failed for good"
    )
    again_at: datetime | None = strawberry.field(description="再次时间 when it is tried, or asked for, again")


@strawberry.type(description="联系方式 A way to a unit beside its inbox; the address itself is shown to nobody.")
class ContactAddress(AsRead, Node):
    """A way to a unit beside its inbox."""

    SELECT: ClassVar[str] = "select entry_id as id, c.* from contact_address c"

    id: UUID = strawberry.field(description="编号 id")
    unit: str = strawberry.field(description="单位 the unit")
    channel: str = strawberry.field(description="渠道 email 邮件, sms 短信 or webhook 系统推送")
    hint: str = strawberry.field(description="地址（部分） the address, as a hint")
    holder: str = strawberry.field(description="持有人 officer 经办人 or deputy 代理人")
    account: str = strawberry.field(description="本人账号 whose it is, beside the unit's; empty for the unit's own")
    matters: list[str] = strawberry.field(
        description="事项类别 what it is told of: case, finding, aid, oversight, public, access; empty for all"
    )
    suspended: str = strawberry.field(description="停用原因 why it is used no more; empty while it is")
    set_at: datetime | None = strawberry.field(description="登记时间 set")


@strawberry.type(
    description="接收时段与代理 When a unit, or an account of it, wants to be told, and when its deputy is."
)
class Contact(AsRead, Node):
    """When a unit, or an account of it, wants to be told."""

    SELECT: ClassVar[str] = "select contact_id as id, c.* from contact c"

    id: UUID = strawberry.field(description="编号 id")
    unit: str = strawberry.field(description="单位 the unit")
    account: str = strawberry.field(description="本人账号 whose it is, beside the unit's; empty for the unit's own")
    quiet_from: str = strawberry.field(description="免打扰自 quiet from, HH:MM; empty for never")
    quiet_until: str = strawberry.field(description="免打扰至 quiet until, HH:MM")
    working_days: bool = strawberry.field(description="仅工作日 told on working days only")
    digest_at: str = strawberry.field(description="汇总时刻 told once a day from then on, HH:MM; empty for at once")
    absent_from: date | None = strawberry.field(description="代理自 the deputy is told from")
    absent_until: date | None = strawberry.field(description="代理至 until")
