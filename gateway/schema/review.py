"""The GraphQL types of the review queue 疑似同一人: pairs of entries that may be one child, which a person decides."""

# mypy: disable-error-code="untyped-decorator"
# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.schema import roster
from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Info, Looking, facts, many, one

if TYPE_CHECKING:
    from gateway.schema.roster import Child


_ROW = 'register text, batch_id uuid, "row" integer'
_TWO_ROWS = f"{_ROW}, other_register text, other_batch_id uuid, other_row integer"
_PAIR = f"{_TWO_ROWS}, agree jsonb, differ jsonb"
SIDE_BY_SIDE = 'register, batch_id, "row", other_register, other_batch_id, other_row'


@strawberry.type(
    description="疑似同一人 Two entries that may be one child, side by side; an entry out of the caller's reach is null."
)
class Doubt(AsRead, Node):
    """A doubt, with both its entries."""

    SELECT: ClassVar[str] = "select doubt_id as id, d.* from doubt d"

    id: UUID = strawberry.field(description="编号 id")
    reason: str = strawberry.field(description="疑点 why they may be one, in words")
    score: float = strawberry.field(description="相似度 how alike they are, 0 to 1")
    state: str = strawberry.field(description="状态 open, decided or withdrawn")
    raised_on: date | None = strawberry.field(description="提出日期 since when")
    decision: str = strawberry.field(description="判定 same or different; empty where nobody decided")
    decision_reason: str = strawberry.field(description="判定理由 why it was decided so")
    decided_by: str = strawberry.field(description="判定单位 which unit decided")
    ended_on: date | None = strawberry.field(description="办结日期 decided or withdrawn when")
    child_id: strawberry.Private[UUID]
    other_id: strawberry.Private[UUID]

    child = strawberry.field(resolver=its_child, description="甲条 one entry")

    @strawberry.field(description="相似行 the rows that look alike, one of each entry; five pairs at most")
    async def pairs(self, info: Info) -> list["RowPair"]:
        """相似行 the rows that look alike."""
        return await many(info.context, RowPair, f"d.doubt_id = %(doubt)s order by {SIDE_BY_SIDE}", doubt=self.id)

    @strawberry.field(description="判定经过 each time it was raised, decided or withdrawn")
    async def history(self, info: Info) -> list["DoubtStep"]:
        """判定经过 each time it was raised, decided or withdrawn."""
        return await many(info.context, DoubtStep, "s.doubt_id = %(doubt)s order by at, step_id", doubt=self.id)

    @strawberry.field(description="乙条 the other entry")
    async def other(self, info: Info) -> Annotated["Child", strawberry.lazy("gateway.schema.roster")] | None:
        """乙条 the other entry."""
        return await one(info.context, roster.Child, "child_id = %(child)s", child=self.other_id)


@strawberry.type(
    description="相似行 Two rows that may be of one child, one of each entry, by their places in the registers."
)
class RowPair(AsRead):
    """Two rows side by side."""

    SELECT: ClassVar[str] = (
        "select d.doubt_id, d.child_id, d.other_id, p.register, p.batch_id, p.row, p.other_register, p.other_batch_id, p.other_row,"
        " coalesce(p.agree, '[]') as agree, coalesce(p.differ, '[]') as differ, p.number from doubt d cross join lateral"
        f" rows from (jsonb_to_recordset(d.pairs) as ({_PAIR})) with ordinality as p"
        "(register, batch_id, row, other_register, other_batch_id, other_row, agree, differ, number)"
    )

    register: str = strawberry.field(description="甲行登记册 register of the row of `child`")
    batch_id: UUID = strawberry.field(description="甲行批次 its batch")
    row: int = strawberry.field(description="甲行行号 its row of the batch, counted from 1")
    other_register: str = strawberry.field(description="乙行登记册 register of the row of `other`")
    other_batch_id: UUID = strawberry.field(description="乙行批次 its batch")
    other_row: int = strawberry.field(description="乙行行号 its row of the batch, counted from 1")
    agree: list[str] = strawberry.field(
        description="相同项 the cells that both rows fill in and that read the same, in the words of DoubtRow (`id_number`)"
    )
    differ: list[str] = strawberry.field(description="不同项 the cells that both rows fill in and that read otherwise")
    doubt_id: strawberry.Private[UUID]
    child_id: strawberry.Private[UUID]
    other_id: strawberry.Private[UUID]
    number: strawberry.Private[int]

    @strawberry.field(
        description="甲行 what the row of `child` says; null out of the caller's reach, once its child was erased, and of a doubt from"
        " before 2026-12"
    )
    async def left(self, info: Info) -> "DoubtRow | None":
        """甲行 what the row of `child` says."""
        return await self._says(info, self.child_id)

    @strawberry.field(description="乙行 what the row of `other` says; null as `left` is")
    async def right(self, info: Info) -> "DoubtRow | None":
        """乙行 what the row of `other` says."""
        return await self._says(info, self.other_id)

    async def _says(self, info: Info, child_id: UUID) -> "DoubtRow | None":
        rest = "r.doubt_id = %(doubt)s and r.number = %(number)s and r.child_id = %(child)s"
        return await one(info.context, DoubtRow, rest, doubt=self.doubt_id, number=self.number, child=child_id)


@strawberry.type(
    description="疑似行 What a row of a register says, as it is written there; empty where it says nothing."
)
class DoubtRow(AsRead):
    """What a doubted row says."""

    SELECT: ClassVar[str] = "select r.* from doubt_row r"

    name: str | None = strawberry.field(description="姓名 name")
    id_number: str | None = strawberry.field(
        description="公民身份号码 citizen number (GB 11643), or what stands for it"
    )
    student_number: str | None = strawberry.field(description="学籍号 student number")
    birth_date: str = strawberry.field(description="出生日期 date of birth")
    sex: str = strawberry.field(description="性别 sex")
    guardian_name: str | None = strawberry.field(description="监护人 guardian, or head of the household")
    guardian_phone: str | None = strawberry.field(description="监护人电话 the guardian's phone")
    place: str = strawberry.field(description="乡镇村或住址 township and village, or the address where it says no more")
    household_number: str = strawberry.field(description="户号 household number")
    school_name: str = strawberry.field(description="学校 school")
    grade: str = strawberry.field(description="年级 grade")
    school_class: str = strawberry.field(description="班级 class")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """The row as this caller may see it."""
        masked = {name: looking.masked("DoubtRow", camel, row[name]) for name, camel in roster.PERSONAL.items()}
        return cls(**facts(cls, {**row, **masked}))


@strawberry.type(description="判定经过 What became of a doubt: it was raised, decided or withdrawn.")
class DoubtStep(AsRead):
    """One step of a doubt."""

    SELECT: ClassVar[str] = "select s.* from doubt_step s"

    what: str = strawberry.field(
        description="经过 raised 提出, same 判为同一人, different 判为不是同一人, withdrawn 消除"
    )
    reason: str = strawberry.field(description="理由 why it was doubted or decided so")
    score: float | None = strawberry.field(description="相似度 how alike they were when it was raised, 0 to 1")
    at: datetime = strawberry.field(description="时间 recorded when")
    actor: str = strawberry.field(description="经办人 who did it")
    department: str = strawberry.field(description="单位 for which unit")


@strawberry.type(description="疑似同一人 That a child and another entry may be one; both side by side: `doubt(id)`.")
class ChildDoubt(AsRead):
    """A doubt as one of its entries tells of it; it names no other child."""

    SELECT: ClassVar[str] = (
        "select doubt_id as id, reason, score, state, raised_on, decision, decision_reason, decided_by, ended_on"
        " from doubt d"
    )

    id: UUID = strawberry.field(description="编号 id")
    reason: str = strawberry.field(description="疑点 why they may be one, in words")
    score: float = strawberry.field(description="相似度 how alike they are, 0 to 1")
    state: str = strawberry.field(description="状态 open, decided or withdrawn")
    raised_on: date | None = strawberry.field(description="提出日期 since when")
    decision: str = strawberry.field(description="判定 same or different; empty where nobody decided")
    decision_reason: str = strawberry.field(description="判定理由 why it was decided so")
    decided_by: str = strawberry.field(description="判定单位 which unit decided")
    ended_on: date | None = strawberry.field(description="办结日期 decided or withdrawn when")


@strawberry.type(
    description="本人各行 A row of a register that is this child's own, as of when its rows last said something new."
)
class ChildRow(AsRead):
    """A row of a child."""

    SELECT: ClassVar[str] = (
        f"select g.* from child_rows c cross join lateral jsonb_to_recordset(c.grounds) as g({_ROW})"
    )

    register: str = strawberry.field(description="登记册 register")
    batch_id: UUID = strawberry.field(description="批次 batch")
    row: int = strawberry.field(description="行 row of the batch, counted from 1")


@strawberry.type(description="关联依据 Why two rows are one child: by which rule, and how sure that is.")
class RowLink(AsRead):
    """A link between two rows of a child."""

    SELECT: ClassVar[str] = (
        "select l.* from child_rows c cross join lateral"
        f" jsonb_to_recordset(c.links) as l({_TWO_ROWS}, rule text, words text, score double precision)"
    )

    register: str = strawberry.field(description="登记册 register of one row")
    batch_id: UUID = strawberry.field(description="批次 its batch")
    row: int = strawberry.field(description="行 its row of the batch, counted from 1")
    other_register: str = strawberry.field(description="另一登记册 register of the other row")
    other_batch_id: UUID = strawberry.field(description="另一批次 its batch")
    other_row: int = strawberry.field(description="另一行 its row of the batch, counted from 1")
    rule: str = strawberry.field(description="规则 the rule, as `reasons.csv` calls it")
    words: str = strawberry.field(description="规则释义 the rule in English and Chinese")
    score: float = strawberry.field(
        description="把握 how sure, 0 to 1. 1 精确键或人工判定: the same number, the same 学籍号, or a person's decision. 比对估算: of a pair"
        " that was weighed, the probability that both rows are one child. 规则: of a rule over class lists, registrations or suspects,"
        " how far it is to be trusted; namesakes who were paired off share it"
    )


@strawberry.type(description="合并与撤销 A merge with another entry, or its taking back, as this entry sees it.")
class MergeStep(AsRead):
    """One side of a merge or of its taking back."""

    SELECT: ClassVar[str] = "select m.* from merge_step m"

    other_id: UUID = strawberry.field(description="另一条 the other entry")
    what: str = strawberry.field(
        description="经过 merged 并入本条, merged_into 本条并入, parted 撤销并入, parted_from 本条撤销并入"
    )
    reason: str = strawberry.field(description="理由 why")
    at: datetime = strawberry.field(description="时间 recorded when")
    department: str = strawberry.field(description="单位 which unit did it")


@strawberry.type(description="依据 A row of a register, or a record of the roster's own, that a finding rests on.")
class FindingGround(AsRead):
    """A ground of a finding."""

    SELECT: ClassVar[str] = (
        "select g.* from finding f cross join lateral"
        ' jsonb_to_recordset(f.grounds) as g(register text, batch_id uuid, "row" integer, rule text)'
    )

    register: str = strawberry.field(description="登记册 register, or the kind of record")
    batch_id: UUID = strawberry.field(description="批次 batch, or the record")
    row: int = strawberry.field(description="行 row of the batch, counted from 1")
    rule: str = strawberry.field(description="关联规则 the rule that linked the row to the child")


@strawberry.type(description="出处 Which row a fact of a child was taken from, by the precedence of registers.")
class Source(AsRead):
    """The source of a fact."""

    SELECT: ClassVar[str] = (
        "select s.* from child c cross join lateral jsonb_to_recordset(c.sources)"
        ' as s(fact text, register text, batch_id uuid, "row" integer, valid_on date, recorded_at timestamptz)'
    )

    fact: str = strawberry.field(description="事项 the fact")
    register: str = strawberry.field(description="登记册 register")
    batch_id: UUID = strawberry.field(description="批次 batch")
    row: int = strawberry.field(description="行 row of the batch, counted from 1")
    valid_on: date | None = strawberry.field(description="有效日期 of which day it is")
    recorded_at: datetime = strawberry.field(description="记录时间 recorded when")
