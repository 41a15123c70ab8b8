"""The GraphQL type of requests about what is held of a child 个人信息权利请求, and the query that lists them."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final, Self
from uuid import UUID

import strawberry

from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.paging import PAGE
from gateway.schema.reading import Connection, Info, Looking, facts, is_past, listed

_OVERDUE: Final = "(coalesce(due_on < %(today)s, false) and ended_on is null) = {v}"


@strawberry.type(
    description="个人信息权利请求 What a guardian, or the child itself from fourteen on, asked of what is held about it (PIPL 44 to 50)."
)
class DataRequest(Node):
    """A request from the counter to its answer."""

    SELECT: ClassVar[str] = "select request_id as id, d.* from data_request d"

    id: UUID = strawberry.field(description="编号 id")
    receipt_number: str = strawberry.field(description="回执号 number on the receipt that was handed over")
    child_id: UUID = strawberry.field(description="儿童编号 the child it is about")
    township: str = strawberry.field(description="乡镇代码 township")
    kind: str = strawberry.field(description="种类 access, copy, correction, deletion or explanation")
    subject: str = strawberry.field(description="更正事项 what is to be corrected; empty where nothing is")
    asked_by: str = strawberry.field(
        description="请求人 father, mother, other_guardian or child; the name stands on the paper"
    )
    request: str = strawberry.field(description="请求内容 what is asked")
    received_for: str = strawberry.field(description="受理单位 the unit at whose counter it was received")
    received_on: date | None = strawberry.field(description="受理日期 received")
    owed_by: str = strawberry.field(description="承办单位 the unit that owes the answer")
    officer: str = strawberry.field(
        description="承办人 account of the officer it was handed to; empty for any of the unit"
    )
    due_on: date | None = strawberry.field(description="答复期限 to be answered by")
    legal_basis: str = strawberry.field(description="依据 legal basis of the term")
    shown: str = strawberry.field(description="身份证明 by what it was seen who asks; empty where it was not yet")
    checked_on: date | None = strawberry.field(description="核验日期 when it was seen")
    corrected_on: date | None = strawberry.field(
        description="更正日期 when the roster told that who the child is was corrected"
    )
    outcome: str = strawberry.field(
        description="结果 provided, corrected, explained, erased, restricted or declined; empty while open"
    )
    ground: str = strawberry.field(description="不予办理理由 why it was refused")
    ground_basis: str = strawberry.field(description="不予办理依据 the law the refusal rests on")
    answer: str = strawberry.field(description="答复内容 what was answered")
    content: str = strawberry.field(description="文件哈希 SHA-256 of the file that was handed over")
    late: bool = strawberry.field(description="逾期答复 whether it was answered late")
    ended_on: date | None = strawberry.field(description="办结日期 answered or refused")
    overdue: bool = strawberry.field(description="逾期 whether the answer is late today")

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["ended_on"] is None and is_past(row["due_on"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))


@strawberry.type(description="权利请求查询 what may be asked of requests about what is held.")
class DataRequestQuery:
    """What may be asked of requests about what is held."""

    @strawberry.field(
        description="个人信息权利请求 requests about what is held of a child; `mine`: owed by my unit; `ended`: answered or refused"
    )
    async def data_requests(
        self,
        info: Info,
        township: str | None = None,
        kind: str | None = None,
        child_id: UUID | None = None,
        mine: bool | None = None,
        ended: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[DataRequest]:
        """Requests by township, kind, child, who owes the answer, whether they ended, and lateness."""
        narrowed = {
            "township = {v}": township,
            "kind = {v}": kind,
            "child_id = {v}": child_id,
            "(owed_by = %(unit)s) = {v}": mine,
            "(ended_on is not null) = {v}": ended,
            _OVERDUE: overdue,
        }
        return await listed(info, DataRequest, narrowed, key="request_id", first=first, after=after)
