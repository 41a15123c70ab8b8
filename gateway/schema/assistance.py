"""The GraphQL types of assistance 资助帮扶: eligibility, awards, plans, support and teaching at home."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.schema import roster
from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Info, Looking, facts, is_past, many

if TYPE_CHECKING:
    from gateway.schema.roster import Child


@strawberry.type(description="资格 On what ground a child is eligible in a category, from when (N6.1).")
class Eligibility(AsRead, Node):
    """An eligibility."""

    SELECT: ClassVar[str] = (
        "select eligibility_id as id, e.*, coalesce(e.spans -> -1 ->> 'ended_ground', '') as ended_ground from eligibility e"
    )

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    category: str = strawberry.field(description="类别 category")
    ground: str = strawberry.field(description="依据 the register's words")
    from_on: date | None = strawberry.field(description="起始 from")
    until_on: date | None = strawberry.field(description="截止 until")
    ended_ground: str = strawberry.field(
        description="终止依据 what says that it ended, as that the risk of a monitored household is removed; empty where the"
        " registers no longer name it, or a department ended it"
    )

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(
    description="某日资格 A category a child is eligible in on a day, with its ground: register, batch and row, or the department (N6.1)."
)
class EligibleOn(AsRead):
    """One category on a day. Read by its resolver alone, as it was known at a moment."""

    SELECT: ClassVar[str] = (
        "select * from (select e.eligibility_id, e.child_id, e.category, s.ground, s.source, s.legal_basis, s.register, s.batch_id,"
        ' s."row", s.from_on, s.known_at, least(s.lapses_on,'
        " case when %(as_of)s::timestamptz is null or s.ended_at <= %(as_of)s then s.until_on end) as until_on"
        " from eligibility e cross join lateral jsonb_to_recordset(e.spans) as s(ground text, source text, legal_basis text,"
        ' register text, batch_id uuid, "row" integer, from_on date, until_on date, lapses_on date, known_at timestamptz,'
        " ended_at timestamptz) where %(as_of)s::timestamptz is null or s.known_at <= %(as_of)s) s"
    )

    eligibility_id: UUID = strawberry.field(description="资格编号 the eligibility")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    category: str = strawberry.field(description="类别 category")
    ground: str = strawberry.field(description="依据 the register's words, or the department's answer")
    source: str = strawberry.field(description="认定来源 roster or department; empty where it was not kept yet")
    legal_basis: str = strawberry.field(description="法律依据 legal basis")
    register: str = strawberry.field(description="登记册 register; empty for a department's word")
    batch_id: UUID | None = strawberry.field(description="批次 batch of the register")
    row: int | None = strawberry.field(description="行 row of the batch, counted from 1")
    from_on: date | None = strawberry.field(description="起始 from")
    until_on: date | None = strawberry.field(description="截止 until the day before, as known at that moment")
    known_at: datetime | None = strawberry.field(description="记录时间 recorded when")


@strawberry.type(description="资助 A programme's amount granted to a child for a term; money in fen.")
class Award(AsRead, Node):
    """An award."""

    SELECT: ClassVar[str] = "select award_id as id, a.* from award a"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    programme: str = strawberry.field(description="项目 programme")
    term: str = strawberry.field(description="学期 term")
    amount_fen: int = strawberry.field(description="金额(分) amount")
    category: str = strawberry.field(description="类别 category")
    legal_basis: str = strawberry.field(description="法律依据 legal basis")
    granted_on: date | None = strawberry.field(description="认定日期 granted")
    paid_fen: int = strawberry.field(description="已发(分) paid")
    state: str = strawberry.field(
        description="状态 granted, paid, returned; set_aside where another award of the same child stands for it"
    )

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="一生一案 One child, one plan (N6.3).")
class StudentPlan(Node):
    """A plan."""

    SELECT: ClassVar[str] = "select plan_id as id, p.* from student_plan p"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    case_id: UUID | None = strawberry.field(description="个案编号 the case it belongs to")
    opened_on: date | None = strawberry.field(description="建立日期 opened")
    review_on: date | None = strawberry.field(description="评估日期 to be reviewed; null once the plan has ended")
    reviewed_on: date | None = strawberry.field(description="最近评估 last reviewed")
    ended_on: date | None = strawberry.field(description="终结日期 ended with its case")
    resolution: str = strawberry.field(description="终结原因 how its case ended: kept, relapsed, merged, or R1-R13")
    overdue: bool = strawberry.field(description="逾期 whether a review is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        return cls(**facts(cls, {**row, "overdue": is_past(row["review_on"], looking.today)}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @strawberry.field(description="措施 its measures")
    async def measures(self, info: Info) -> list["Measure"]:
        """措施 its measures."""
        return await many(info.context, Measure, "plan_id = %(plan)s order by due_on, measure_id", plan=self.id)


@strawberry.type(
    description="一家一案 One household, one plan (N6.3): its children, whose own plans hold the measures, seen as one."
)
class HouseholdPlan(Node):
    """A household's plan; its children are named on the receipt where they are shown."""

    SELECT: ClassVar[str] = "select plan_id as id, p.* from household_plan p"

    id: UUID = strawberry.field(description="编号 id")
    household_id: UUID = strawberry.field(description="户编号 the household")
    township: str = strawberry.field(description="乡镇代码 township; empty until a child of the household is known")
    opened_on: date | None = strawberry.field(description="建立日期 opened")
    review_on: date | None = strawberry.field(description="评估日期 to be reviewed")
    reviewed_on: date | None = strawberry.field(description="最近评估 last reviewed")
    overdue: bool = strawberry.field(description="逾期 whether a review is late today")
    named: strawberry.Private[Sequence[UUID]]

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = is_past(row["review_on"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue, "named": row["children"]}))

    @strawberry.field(description="儿童 the children under the plan")
    async def children(self, info: Info) -> list[Annotated["Child", strawberry.lazy("gateway.schema.roster")]]:
        """儿童 the children under the plan."""
        named = list(self.named)
        return await many(info.context, roster.Child, "child_id = any(%(named)s) order by child_id", named=named)


@strawberry.type(description="帮扶措施 A measure of a plan, with owner and due date.")
class Measure(Node):
    """A measure."""

    SELECT: ClassVar[str] = (
        "select measure_id as id, m.*, exists (select from student_plan p where p.plan_id = m.plan_id"
        " and p.ended_on is not null) as plan_ended from measure m"
    )

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    plan_id: UUID = strawberry.field(description="方案编号 the plan it belongs to")
    measure: str = strawberry.field(description="措施 what is to be done")
    owner: str = strawberry.field(description="责任人 by whom")
    due_on: date | None = strawberry.field(description="期限 by when")
    evidence: str = strawberry.field(description="佐证 evidence that it was done")
    done_on: date | None = strawberry.field(description="完成日期 done")
    declined_on: date | None = strawberry.field(description="未获准日期 refused by whoever decides about it")
    declined_for: str = strawberry.field(description="未获准原因 code of the refusal; empty where it was not refused")
    overdue: bool = strawberry.field(description="逾期 whether it is owed and late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today; of a plan that has ended nothing is owed."""
        owed = row["done_on"] is None and row["declined_on"] is None and not row["plan_ended"]
        overdue = owed and is_past(row["due_on"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="学困帮扶 Support for a pupil with difficulty in learning (N5.1).")
class LearningSupport(Node):
    """A support."""

    SELECT: ClassVar[str] = "select support_id as id, s.* from learning_support s"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    needs: list[str] = strawberry.field(description="需求 needs")
    helper: str = strawberry.field(description="帮扶人 helper")
    begun_on: date | None = strawberry.field(description="开始 begun")
    review_on: date | None = strawberry.field(description="评估日期 to be reviewed")
    outcome: str = strawberry.field(description="成效 outcome; ended where it has ended")
    sessions: int = strawberry.field(description="辅导次数 sessions held since it began")
    last_session_on: date | None = strawberry.field(description="最近辅导 the last session")
    progress: str = strawberry.field(description="最近进展 how the pupil did in it: improved, unchanged or worse")
    overdue: bool = strawberry.field(description="逾期 whether a review is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        return cls(**facts(cls, {**row, "overdue": is_past(row["review_on"], looking.today)}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="送教上门 Teaching at home in a school year; class-hours count against 216 (N1.7).")
class HomeTeaching(AsRead, Node):
    """Teaching at home."""

    SELECT: ClassVar[str] = "select teaching_id as id, h.* from home_teaching h"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    school_year: str = strawberry.field(description="学年 school year")
    hours_so_far: int = strawberry.field(description="累计课时 hours so far")
    last_given_on: date | None = strawberry.field(description="最近送教 last given")

    child = strawberry.field(resolver=its_child, description="儿童 the child")
