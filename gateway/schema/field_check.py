"""The GraphQL types of the field check 摸排: lists by village, what was found of each child, and what townships handed in."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead


@strawberry.type(description="摸排名单 A village's list of a round, as far as it has come back (N1.8).")
class FieldCheck(AsRead, Node):
    """A village's list."""

    SELECT: ClassVar[str] = (
        "select f.* from (select field_check_id as id, field_check_id, township, village, round, children,"
        " cardinality(answered) as answered, cardinality(conflicts) as conflicts, met, opened_on, due_on, answered_on,"
        " reminded_on, escalated_on"
        " from field_check) f"
    )

    id: UUID = strawberry.field(description="编号 id")
    township: str = strawberry.field(description="乡镇代码 township")
    village: str = strawberry.field(description="村代码 village")
    round: str = strawberry.field(description="轮次 round")
    children: int = strawberry.field(description="名单人数 how many children are on it")
    answered: int = strawberry.field(description="已摸排 of how many it is known")
    conflicts: int = strawberry.field(description="待裁定 of how many two sheets say different things")
    met: int = strawberry.field(description="册外儿童 how many were met whom no register knows")
    opened_on: date | None = strawberry.field(description="下发日期 went out when")
    due_on: date | None = strawberry.field(description="期限 due")
    answered_on: date | None = strawberry.field(description="回收日期 last came back when")
    reminded_on: date | None = strawberry.field(
        description="催报日期 when the township was told that it is late; null where it was not"
    )
    escalated_on: date | None = strawberry.field(
        description="上报教体局日期 when the bureau was told that it is still out; null where it was not"
    )


@strawberry.type(description="摸排结果 What was found of a child at the door.")
class FieldCheckAnswer(AsRead, Node):
    """A child on a list."""

    SELECT: ClassVar[str] = "select answer_id as id, a.* from field_check_answer a"

    id: UUID = strawberry.field(description="编号 id")
    field_check_id: UUID = strawberry.field(description="摸排名单编号 the list")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    round: str = strawberry.field(description="轮次 round")
    found: str = strawberry.field(description="摸排结果 what was found; empty until a sheet says so")
    before: str = strawberry.field(description="另一答复 what another sheet had said, where they contradict each other")
    conflict: bool = strawberry.field(description="有冲突 another sheet says something else")
    answered_on: date | None = strawberry.field(description="回收日期 when")
    settled_reason: str = strawberry.field(description="裁定理由 why the township decided so")
    settled_on: date | None = strawberry.field(description="裁定日期 decided when")

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="乡镇上报 A township's version of a round, which nobody changes from there on (N1.8).")
class Submission(AsRead, Node):
    """A version handed in."""

    SELECT: ClassVar[str] = "select submission_id as id, s.* from submission s"

    id: UUID = strawberry.field(description="编号 id")
    township: str = strawberry.field(description="乡镇代码 township")
    round: str = strawberry.field(description="轮次 round")
    version: int = strawberry.field(description="版本 version")
    villages: int = strawberry.field(description="村数 how many villages")
    children: int = strawberry.field(description="人数 how many children")
    unanswered: int = strawberry.field(description="未摸排 of how many nothing is known")
    met: int = strawberry.field(description="册外儿童 how many were met whom no register knows")
    sha256: str = strawberry.field(description="摘要 hash of what was handed in")
    state: str = strawberry.field(description="状态 made, accepted or returned")
    reason: str = strawberry.field(description="退回理由 why it was returned")
    made_by: str = strawberry.field(description="上报单位 which unit handed it in")
    made_on: date | None = strawberry.field(description="上报日期 handed in when")
    decided_by: str = strawberry.field(description="会签单位 which unit accepted or returned it")
    decided_on: date | None = strawberry.field(description="会签日期 when")
    delivery_id: UUID | None = strawberry.field(
        description="送册编号 the delivery in which an accepted version comes into the registers, once it is committed"
    )
