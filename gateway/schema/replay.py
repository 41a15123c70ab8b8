"""The past replayed 回放 in GraphQL: a case, a child, a household's aid, who answered for a child, and the whole county, in two times.

`asOf` is the moment at which something was known: what had been recorded by then, and nothing recorded later. `on` is a
day: of what was known then, what held on that day. `Supervision` is what the gateway asks of the room that reads the
journal; whoever composes the gateway hands it in.
"""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from gateway.readmodel.partition import PartitionRow as VillageRow
from gateway.schema.cases import Case
from gateway.schema.proofs import Proofs
from gateway.schema.reading import Info, one
from gateway.schema.roster import Child
from gateway.schema.supervision import PartitionRow
from services.chassis.errors import NotFound

ERASED = "已销毁"
AsOf = Annotated[datetime, strawberry.argument(description="知悉时点 what had been recorded by this moment")]
On = Annotated[
    date | None, strawberry.argument(description="事实日期 of that, what held on this day; default all of it")
]


@strawberry.type(description="事件 One event as it was published.")
class ReplayedEvent:
    """An event of a replay, in words that name nobody, and where the case stood after it."""

    at: datetime = strawberry.field(description="时间 when it was recorded")
    type: str = strawberry.field(description="类型 type")
    actor: str = strawberry.field(description="经办人 whose account")
    department: str = strawberry.field(description="单位 for which unit")
    purpose: str = strawberry.field(description="用途 on what ground")
    producer: str = strawberry.field(description="来源 which service told it")
    position: int = strawberry.field(description="序号 its place among what that service told")
    detail: str = strawberry.field(default="", description="内容 in words; empty for what isn't a step of a case")
    holds_from: date | None = strawberry.field(
        default=None, description="生效日 the day from which it holds; null for steps of a case"
    )
    state: str = strawberry.field(
        default="", description="状态 the state the case was in after it; empty for what isn't a step of a case"
    )
    owed_step: str = strawberry.field(default="", description="应办事项 the step owed after it")
    owed_by: str = strawberry.field(default="", description="应办单位 by whom")
    owed_due_on: date | None = strawberry.field(default=None, description="应办期限 by when")
    rule: str = strawberry.field(default="", description="规则 by which rule and version")
    legal_basis: str = strawberry.field(default="", description="法律依据 on which legal basis")
    rules_version: str = strawberry.field(
        default="", description="规则版本 version of the file of rules in force then; empty where none had been noted"
    )
    rules_entry: int | None = strawberry.field(
        default=None, description="规则版本存证序号 its place in the policy's log; null until it has one"
    )
    looked_at: datetime | None = strawberry.field(
        default=None,
        description="此前查阅 when whoever did it had last looked at the child; null where that had never been",
    )
    seen: list[str] = strawberry.field(
        default_factory=list, description="已见字段 which fields of the child whoever did it had been shown by then"
    )


@strawberry.type(description="查阅 A look that somebody had taken at the child.")
class ReplayedLook:
    """A look, as it was recorded."""

    at: datetime = strawberry.field(description="时间 when")
    actor: str = strawberry.field(description="查阅人 whose account")
    department: str = strawberry.field(description="单位 for which unit")
    purpose: str = strawberry.field(description="用途 on what ground")
    operation: str = strawberry.field(description="操作 name of the operation")
    decision: str = strawberry.field(description="结果 answered, refused or denied")
    fields: list[str] = strawberry.field(description="字段 which fields were shown")


@strawberry.type(description="个案回放 A case as it was known at a moment.")
class CaseReplay:
    """What was known, owed and late at a moment, the events that say so, and the looks that had been taken by then."""

    case_id: UUID = strawberry.field(description="个案编号 the case")
    as_of: datetime = strawberry.field(description="时点 the moment")
    on: date | None = strawberry.field(description="事实日期 the day, where one was asked for")
    state: str = strawberry.field(description="状态 state; empty where the case wasn't opened yet")
    owed_step: str = strawberry.field(description="应办事项 the step owed")
    owed_by: str = strawberry.field(description="应办单位 by whom")
    owed_due_on: date | None = strawberry.field(description="应办期限 by when")
    overdue: bool = strawberry.field(description="逾期 whether it was late")
    events: list[ReplayedEvent] = strawberry.field(description="事件 the events until then")
    looks: list[ReplayedLook] = strawberry.field(description="查阅 looks at the child until then")


@strawberry.type(description="责任人回放 Who answered for a child in a role.")
class ReplayedRole:
    """Who answered for a child in a role."""

    role: str = strawberry.field(description="职责 role")
    officer: str = strawberry.field(description="责任人 account of the official")
    deputy: bool = strawberry.field(description="代理 whether it stood in for who held the role")
    by_name: bool = strawberry.field(description="专人 named for this child, not by the post of its place")
    from_on: date = strawberry.field(description="起始 since when")


@strawberry.type(description="帮扶资助回放 What a child had: a ground of eligibility, an award, a plan or a measure.")
class ReplayedAid:
    """One thing a child had or was to have."""

    child_id: UUID = strawberry.field(description="儿童编号 the child")
    kind: str = strawberry.field(description="种类 eligibility, award, plan or measure")
    what: str = strawberry.field(description="内容 category, programme or measure")
    ground: str = strawberry.field(description="依据 ground of the eligibility, or legal basis of the award")
    state: str = strawberry.field(description="状态 of an award granted, paid or returned; of the others empty")
    from_on: date | None = strawberry.field(description="起始 since when, or when it was granted or opened")
    until_on: date | None = strawberry.field(description="截止 until when, or by when it is due")
    amount_fen: int | None = strawberry.field(description="金额(分) amount granted, in fen")
    paid_fen: int | None = strawberry.field(description="已发放(分) of it paid, in fen")


@strawberry.type(description="儿童回放 A child as it was known at a moment.")
class ChildReplay:
    """Where a child was stated to be, where it was accounted for, who answered for it and what it had."""

    child_id: UUID = strawberry.field(description="儿童编号 the child")
    as_of: datetime = strawberry.field(description="时点 the moment")
    on: date | None = strawberry.field(description="事实日期 the day, where one was asked for")
    name: str | None = strawberry.field(
        description=f"姓名 name; {ERASED} where the child was erased, whatever the moment"
    )
    sex: str = strawberry.field(description="性别 sex")
    township: str = strawberry.field(description="乡镇代码 township")
    village: str = strawberry.field(description="村代码 village")
    household_id: UUID | None = strawberry.field(description="家庭户 household")
    school: str = strawberry.field(description="学校代码 school")
    school_name: str = strawberry.field(description="学校名称 school's name")
    stage: str = strawberry.field(description="学段 stage of schooling")
    grade: str = strawberry.field(description="年级 grade")
    schooling_status: str = strawberry.field(description="学籍状态 status in the enrolment system")
    accounted_state: str = strawberry.field(
        description="归类 where it was accounted for; open_case where a case was open"
    )
    accounted_reason: str = strawberry.field(description="归类原因 why")
    accounted_on: date | None = strawberry.field(description="归类日期 since when")
    merged_into: UUID | None = strawberry.field(description="合并至 the entry it had been merged into")
    erased: bool = strawberry.field(description="已销毁 whether it has been erased, whatever the moment")
    case_id: UUID | None = strawberry.field(description="在办个案 its open case")
    case_state: str = strawberry.field(description="个案状态 that case's state")
    answering: list[ReplayedRole] = strawberry.field(description="责任链 who answered for it, one for each role")
    aid: list[ReplayedAid] = strawberry.field(description="帮扶资助 what it had")
    events: list[ReplayedEvent] = strawberry.field(description="事件 what was told of it until then")


@strawberry.type(description="家庭户回放 A household's aid as it was known at a moment.")
class HouseholdReplay:
    """The children of a household, its plan, and what they had."""

    household_id: UUID = strawberry.field(description="家庭户 the household")
    as_of: datetime = strawberry.field(description="时点 the moment")
    on: date | None = strawberry.field(description="事实日期 the day, where one was asked for")
    children: list[UUID] = strawberry.field(description="儿童 the children that lived in it, of those within reach")
    plan_opened_on: date | None = strawberry.field(
        description="一家一案建立日期 since when it had a plan; null for none"
    )
    review_on: date | None = strawberry.field(description="下次评估 when the plan was due to be looked at again")
    aid: list[ReplayedAid] = strawberry.field(description="帮扶资助 what they had")


class Supervision(Protocol):
    """Reads the journal: the past, and what is opened for nobody but who asks for it."""

    @property
    def proofs(self) -> Proofs | None:
        """Asks the logs; None where there is no way to them."""
        ...

    async def case_as_of(self, case_id: UUID, moment: datetime, *, on: date | None = None) -> CaseReplay:
        """The case as it was known at a moment; raises `NotFound` where it was not."""
        ...

    async def child_as_of(self, child_id: UUID, moment: datetime, *, on: date | None = None) -> ChildReplay:
        """The child as it was known at a moment; raises `NotFound` where it was not."""
        ...

    async def household_as_of(self, household_id: UUID, moment: datetime, *, on: date | None = None) -> HouseholdReplay:
        """The household as it was known at a moment; raises `NotFound` where it was not."""
        ...

    async def partition_as_of(self, moment: datetime, *, on: date | None = None) -> Sequence[PartitionRow]:
        """The partition of the whole county as it was at a moment."""
        ...

    async def villages_as_of(self, moment: datetime) -> Sequence[VillageRow]:
        """The same by village."""
        ...

    async def informant_of(self, report_id: UUID) -> str:
        """Who told a report of the public; empty where nobody said, or can be read any more."""
        ...


@strawberry.type
class ReplayQuery:
    """What may be asked of the past. What is replayed has to be within the caller's reach today."""

    @strawberry.field(description="个案回放 a case as it was known at a moment, step by step")
    async def replay_case(self, info: Info, id: UUID, as_of: AsOf, on: On = None) -> CaseReplay:  # noqa: A002
        """What was known, owed and late in a case."""
        supervision = _supervision(info)
        if await one(info.context, Case, "case_id = %(id)s", id=id) is None:
            raise NotFound("There is no such case.")
        return await supervision.case_as_of(id, as_of, on=on)

    @strawberry.field(description="儿童回放 a child as it was known at a moment")
    async def replay_child(self, info: Info, id: UUID, as_of: AsOf, on: On = None) -> ChildReplay:  # noqa: A002
        """Where a child was, who answered for it and what it had."""
        supervision = _supervision(info)
        if await one(info.context, Child, "child_id = %(id)s", id=id) is None:
            raise NotFound("There is no such child.")
        child = await supervision.child_as_of(id, as_of, on=on)
        if child.name != ERASED:
            child.name = info.context.masked("ChildReplay", "name", child.name)
        return child

    @strawberry.field(description="责任链回放 who answered for a child in each role, as it was known at a moment")
    async def replay_chain(self, info: Info, child_id: UUID, as_of: AsOf, on: On = None) -> list[ReplayedRole]:
        """Who answered for a child."""
        supervision = _supervision(info)
        if await one(info.context, Child, "child_id = %(id)s", id=child_id) is None:
            raise NotFound("There is no such child.")
        return (await supervision.child_as_of(child_id, as_of, on=on)).answering

    @strawberry.field(description="家庭户回放 a household's aid as it was known at a moment")
    async def replay_household(self, info: Info, id: UUID, as_of: AsOf, on: On = None) -> HouseholdReplay:  # noqa: A002
        """The children of a household, its plan, and what they had; of children within reach."""
        household = await _supervision(info).household_as_of(id, as_of, on=on)
        rows = await info.context.rows(
            "select child_id from child where child_id = any(%(ids)s)", ids=household.children
        )
        reached = {row["child_id"] for row in rows}
        if not reached:
            raise NotFound("There is no such household.")
        household.children = [child for child in household.children if child in reached]
        household.aid = [each for each in household.aid if each.child_id in reached]
        return household

    @strawberry.field(description="归类回放 the partition as it was known at a moment")
    async def replay_partition(self, info: Info, as_of: AsOf, on: On = None) -> list[PartitionRow]:
        """The partition of the caller's area at a moment."""
        low, high = (text for name, text in info.context.principal.claims if name in {"app.lo", "app.hi"})
        rows = await _supervision(info).partition_as_of(as_of, on=on)
        return [row for row in rows if low <= row.township < high]


def _supervision(info: Info) -> Supervision:
    if info.context.supervision is None:
        raise NotFound("There is nothing to replay from.")
    return info.context.supervision
