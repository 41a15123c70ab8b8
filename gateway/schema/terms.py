"""The GraphQL types of terms 学期与期限: check-ins, absences, deferrals, and schooling elsewhere that was proved."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead


@strawberry.type(description="开学报到 A school's check-in for a term (N2.1).")
class CheckIn(AsRead, Node):
    """A check-in."""

    SELECT: ClassVar[str] = "select check_in_id as id, c.* from check_in c"

    id: UUID = strawberry.field(description="编号 id")
    school: str = strawberry.field(description="学校代码 school")
    term: str = strawberry.field(description="学期 term")
    expected: int = strawberry.field(description="应到 how many are expected")
    present: int = strawberry.field(description="实到 how many came so far; all of them once it is counted")
    absent: int = strawberry.field(description="未到 how many did not; counted at the end")
    due_on: date | None = strawberry.field(description="期限 the list is due")
    closed_on: date | None = strawberry.field(description="汇总日期 counted when")


@strawberry.type(description="未报到 A child who did not report at term start, and the verified reason (N2.1).")
class Absence(AsRead, Node):
    """An absence."""

    SELECT: ClassVar[str] = "select absence_id as id, a.* from absence a"

    id: UUID = strawberry.field(description="编号 id")
    check_in_id: UUID = strawberry.field(description="报到编号 the check-in")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    school: str = strawberry.field(description="学校代码 school")
    term: str = strawberry.field(description="学期 term")
    missed_on: date | None = strawberry.field(description="列册日期 listed when")
    reason: str = strawberry.field(description="原因 the verified reason; empty until then")
    late: bool = strawberry.field(description="逾期核实 verified after the week was over")
    verified_on: date | None = strawberry.field(description="核实日期 verified when")

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="延缓入学、休学、免入学 A start put off, a pause or an exemption, until a day.")
class Deferral(AsRead, Node):
    """A deferral."""

    SELECT: ClassVar[str] = "select deferral_id as id, d.* from deferral d"

    id: UUID = strawberry.field(description="编号 id")
    kind: str = strawberry.field(description="种类 deferral, suspension or exemption")
    proof: str = strawberry.field(description="文号 number of the paper")
    from_on: date | None = strawberry.field(description="起始 from")
    until_on: date | None = strawberry.field(description="截止 until")
    approved_on: date | None = strawberry.field(description="批准日期 approved when")
    end_reason: str = strawberry.field(description="终止原因 why it ended")
    ended_on: date | None = strawberry.field(description="终止日期 ended when")


@strawberry.type(description="外地就读 Proof, for a term, that a child is at school outside the county (N1.2).")
class SchoolingElsewhere(AsRead, Node):
    """A proof of schooling elsewhere."""

    SELECT: ClassVar[str] = "select proof_id as id, s.* from schooling_elsewhere s"

    id: UUID = strawberry.field(description="编号 id")
    term: str = strawberry.field(description="学期 term")
    place: str = strawberry.field(description="就读地 place")
    school_name: str = strawberry.field(description="学校名称 school")
    proof: str = strawberry.field(description="证明 number of the paper")
    proved_on: date | None = strawberry.field(description="核实日期 proved when")
