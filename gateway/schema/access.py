"""The GraphQL types of access itself 授权: warrants, and answers of yes or no."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.access_map import CONSENTS, WARRANTS
from gateway.schema.its_child import its_child
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


@strawberry.type(
    description="同意登记 A guardian's consent for a partner without a duty by statute: who said so, for what, how, and whether it still stands (PIPL 14, 15, 31)."
)
class Consent(AsRead, Node):
    """A line of the register of consents."""

    SELECT: ClassVar[str] = f"select c.*, c.warrant_id as id from {CONSENTS} c"  # noqa: S608

    id: UUID = strawberry.field(description="编号 id; that of its warrant")
    child_id: UUID = strawberry.field(description="儿童编号 the child it is about")
    township: str = strawberry.field(description="乡镇代码 the child's township when it was given")
    unit: str = strawberry.field(description="单位 the unit that may see the child")
    purpose: str = strawberry.field(description="用途 the purpose it is for")
    fields: list[str] = strawberry.field(description="字段 the fields of the child it is about")
    from_at: datetime = strawberry.field(description="生效时间 from when")
    until_at: datetime = strawberry.field(description="到期时间 until when")
    given_by: str = strawberry.field(description="同意人 father, mother or other_guardian")
    own_view: str = strawberry.field(
        description="本人意见 agrees; empty where the child was not asked, being under fourteen"
    )
    form: str = strawberry.field(description="方式 paper or spoken")
    paper: str = strawberry.field(description="文号 number of the paper or of the note")
    scan_id: UUID | None = strawberry.field(description="扫描件 the attachment that shows the paper")
    witness: str = strawberry.field(description="见证人 account of the second official")
    stated_on: date = strawberry.field(description="表示日期 the day it was said on")
    taken_by: str = strawberry.field(description="登记人 account of whoever took it in")
    taken_for: str = strawberry.field(description="登记单位 the unit that took it in")
    ended_at: datetime | None = strawberry.field(description="终止时间 when it was taken back or ended")
    withdrawn_by: str | None = strawberry.field(description="撤回人 father, mother, other_guardian or child")
    withdrawn_on: date | None = strawberry.field(description="撤回日期 the day it was taken back on")

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="核验结果 An answer of yes or no about somebody whose name and number were given.")
class Verdict:
    """An answer, and the day it holds for."""

    answer: str = strawberry.field(description="结果 yes, no or unknown 是、否、不详")
    as_of: date = strawberry.field(description="日期 the day it was answered on")
