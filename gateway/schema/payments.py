"""The GraphQL types of payments 发放: lists for the bank, and what the bank refused."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Looking, facts, is_past


@strawberry.type(
    description="发放名册 A school's awards of a programme and term that go to the bank together; money in fen (N6.2)."
    " Approved, it is a workbook at `/files/payment-lists/{id}`."
)
class PaymentList(AsRead, Node):
    """A payment list."""

    SELECT: ClassVar[str] = "select list_id as id, l.* from payment_list l"

    id: UUID = strawberry.field(description="编号 id")
    programme: str = strawberry.field(description="项目 programme")
    term: str = strawberry.field(description="学期 term")
    school: str = strawberry.field(description="学校代码 school")
    township: str = strawberry.field(description="乡镇代码 township of the school")
    lines: int = strawberry.field(description="人数 lines")
    total_fen: int = strawberry.field(description="合计(分) total")
    state: str = strawberry.field(description="状态 made, approved or withdrawn")
    made_by: str = strawberry.field(description="编制人 account of who made it")
    made_on: date | None = strawberry.field(description="编制日期 made")
    sha256: str = strawberry.field(description="锁定校验值 hash over its lines; empty until approved")
    approved_by: str = strawberry.field(description="审批人 account of who approved it, another person")
    approved_on: date | None = strawberry.field(description="审批日期 approved")
    withdrawn_on: date | None = strawberry.field(description="撤回日期 withdrawn")


@strawberry.type(
    description="全县学期认定 A term recognised for a township or the county at once, and how far that has come (N6.2); nobody is named in it."
)
class RecognitionRun(AsRead, Node):
    """A run of recognitions."""

    SELECT: ClassVar[str] = "select run_id as id, r.* from recognition_run r"

    id: UUID = strawberry.field(description="编号 id")
    programme: str = strawberry.field(description="项目 programme")
    term: str = strawberry.field(description="学期 term")
    township: str = strawberry.field(description="范围代码 township, or the county's code for all of it")
    pupils: int = strawberry.field(description="应核人数 pupils who may be eligible, those with the award included")
    through: int = strawberry.field(description="已核人数 how many of them are through")
    granted: int = strawberry.field(description="新认定人数 awards granted by this run so far")
    granted_fen: int = strawberry.field(description="新认定金额(分) what they come to")
    state: str = strawberry.field(description="状态 running, finished or cancelled")
    opened_by: str = strawberry.field(description="发起人 account of who opened it")
    opened_on: date | None = strawberry.field(description="开始日期 opened")
    ended_on: date | None = strawberry.field(description="结束日期 finished or cancelled; null while it runs")


@strawberry.type(description="退票 A payment the bank refused: a task with an owner and a day (N6.2).")
class PaymentRefusal(Node):
    """A refused payment."""

    SELECT: ClassVar[str] = "select refusal_id as id, f.* from payment_refusal f"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    award_id: UUID | None = strawberry.field(description="资助编号 the award, owed still")
    list_id: UUID | None = strawberry.field(description="名册编号 the list")
    owner: str = strawberry.field(description="责任单位 who sets it right")
    reason: str = strawberry.field(description="退票原因 why the bank refused it")
    raised_on: date | None = strawberry.field(description="退票日期 raised")
    due_on: date | None = strawberry.field(description="期限 by when")
    overdue: bool = strawberry.field(description="逾期 whether it is late today")
    ending: str = strawberry.field(description="销号 answered, listed_again, paid or owed_no_longer; empty while open")
    answer: str = strawberry.field(description="答复 account_corrected, card_renewed or family_refuses")
    closed_on: date | None = strawberry.field(description="销号日期 closed")

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["closed_on"] is None and is_past(row["due_on"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))


@strawberry.type(
    description="资助疑点查询 What does not agree about a child's aid in a term, put to a unit by a day, and its answer (N6.2)."
)
class AidQuestion:
    """A question about aid. Read by its resolver alone."""

    SELECT: ClassVar[str] = "select question_id as id, q.* from aid_question q"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    kind: str = strawberry.field(description="种类 what does not agree; see AidWatch")
    programme: str = strawberry.field(description="项目 programme")
    term: str = strawberry.field(description="学期 term")
    award_id: UUID | None = strawberry.field(description="资助编号 the award; none where there should be one")
    owner: str = strawberry.field(description="责任单位 who was asked")
    asked_on: date | None = strawberry.field(description="查询日期 asked")
    due_on: date | None = strawberry.field(description="期限 by when")
    overdue: bool = strawberry.field(description="逾期 whether it is late today")
    answer: str = strawberry.field(
        description="答复 set_right, being_set_right, as_it_should_be or family_refuses; empty while open"
    )
    answered_on: date | None = strawberry.field(description="答复日期 answered")

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["answered_on"] is None and is_past(row["due_on"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))


@strawberry.type(
    description="待认定学生 A pupil who was ever found eligible and has no award of the programme and term (N6.2)."
)
class TermCandidate(AsRead):
    """A pupil who may be recognised. Read by its resolver alone: it is a question about a child, not a record."""

    SELECT: ClassVar[str] = (
        "select child_id, township, stage, grade, boarding,"
        " array(select distinct e.category from eligibility e where e.child_id = c.child_id order by 1) as categories"
        " from child c"
    )

    child_id: UUID = strawberry.field(description="儿童编号 the child")
    stage: str = strawberry.field(description="学段 primary or junior")
    grade: str = strawberry.field(description="年级 grade")
    boarding: bool = strawberry.field(description="寄宿 whether the enrolment register says that it boards")
    categories: list[str] = strawberry.field(description="类别 categories it was ever found eligible in")

    child = strawberry.field(resolver=its_child, description="儿童 the child")
