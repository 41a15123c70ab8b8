"""The GraphQL types of access itself 授权: warrants, and answers of yes or no."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.access_map import WARRANTS
from gateway.schema.node import Node
from gateway.schema.reading import AsRead


@strawberry.type(
    description="凭据 What access rests on besides the policy table: an approval, a consent, a supervision order, break-glass."
)
class Warrant(AsRead, Node):
    """A warrant: to whom it was given, by whom, for how long, and how it ended."""

    SELECT: ClassVar[str] = f"select w.*, w.warrant_id as id from {WARRANTS} w"  # noqa: S608

    id: UUID = strawberry.field(description="编号 id")
    kind: str = strawberry.field(description="种类 approval, consent, order or emergency")
    unit: str = strawberry.field(description="单位 the unit it was given to")
    actor: str = strawberry.field(description="经办人 account of the officer; empty for any of the unit")
    purpose: str = strawberry.field(description="用途 the purpose it is for")
    child_id: UUID | None = strawberry.field(description="儿童编号 the child it is about; null for an approval")
    township: str = strawberry.field(description="区域代码 the child's township, or the unit's area")
    from_at: datetime = strawberry.field(description="生效时间 from when")
    until_at: datetime = strawberry.field(description="到期时间 until when")
    paper: str = strawberry.field(description="文号 number of the paper it rests on")
    reason: str = strawberry.field(description="理由 why")
    given_by: str = strawberry.field(description="授予人 account of whoever gave it")
    given_for: str = strawberry.field(description="授予单位 the unit that gave it")
    ended_at: datetime | None = strawberry.field(description="终止时间 when it was ended before its time")
    end_reason: str | None = strawberry.field(description="终止理由 why it was ended")
    review_due_at: datetime | None = strawberry.field(description="复核期限 by when break-glass is to be reviewed")
    reviewed_at: datetime | None = strawberry.field(description="复核时间 when it was reviewed")
    reviewed_by: str | None = strawberry.field(description="复核人 account of whoever reviewed it")
    justified: bool | None = strawberry.field(description="是否正当 whether the review found it justified")
    remark: str | None = strawberry.field(description="复核意见 what the review says")


@strawberry.type(description="核验结果 An answer of yes or no about somebody whose name and number were given.")
class Verdict:
    """An answer, and the day it holds for."""

    answer: str = strawberry.field(description="结果 yes, no or unknown 是、否、不详")
    as_of: date = strawberry.field(description="日期 the day it was answered on")
