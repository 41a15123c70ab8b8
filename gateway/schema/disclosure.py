"""The GraphQL types of public disclosure 信息公开 (N9.2), as the offices that make and watch it see it; the public has its page."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Info, many

CELLS = (
    'select d.disclosure_id, c.place, c.name as "table", c."row", c."column", c.value from disclosure d'
    " cross join lateral jsonb_to_recordset(d.cells)"
    ' as c(place integer, name text, "row" text, "column" text, value integer)'
)


@strawberry.type(description="公开数据 A number of a table as it is made public; null where it is hidden 隐藏.")
class DisclosedCell(AsRead):
    """A cell, or the sum of a line."""

    SELECT: ClassVar[str] = f"select c.* from ({CELLS}) c"  # noqa: S608  # this project's own words

    table: str = strawberry.field(description="表 which table")
    row: str = strawberry.field(description="行 codes of the row, joined by +; empty in the sum of a column")
    column: str = strawberry.field(description="列 codes of the column, joined by +; empty in the sum of a row")
    value: int | None = strawberry.field(description="数 the number")


@strawberry.type(
    description="信息公开 What the county makes public: numbers, tasks, methods and who is responsible (N9.2)."
)
class Disclosure(AsRead, Node):
    """One disclosure."""

    SELECT: ClassVar[str] = "select disclosure_id as id, d.* from disclosure d"

    id: UUID = strawberry.field(description="编号 id; how it looks is at `/files/disclosures/{id}`")
    unit: str = strawberry.field(description="公开单位 who makes it public")
    state: str = strawberry.field(description="状态 prepared, approved, released, withdrawn or discarded")
    number: int = strawberry.field(description="公开序号 its number of the ledger; 0 before its release")
    counted_on: date | None = strawberry.field(description="统计日期 the day of its numbers")
    school_year: str = strawberry.field(description="学年 school year")
    rule: str = strawberry.field(description="规则 the rule small numbers are hidden by")
    sha256: str = strawberry.field(description="哈希 SHA-256 of all that it says")
    reached: list[str] = strawberry.field(description="数据位置 how far of each service's events was counted")
    tasks: list[str] = strawberry.field(description="年度任务 the year's tasks")
    methods: list[str] = strawberry.field(description="工作做法 how the county works")
    bodies: list[str] = strawberry.field(description="责任主体 which unit answers for what")
    prepared_by: str = strawberry.field(description="经办 account of who prepared it")
    prepared_on: date | None = strawberry.field(description="拟制日期 prepared")
    approved_by: str = strawberry.field(description="审核 account of who approved it")
    approved_on: date | None = strawberry.field(description="审核日期 approved")
    released_by: str = strawberry.field(description="发布 account of who released it")
    released_on: date | None = strawberry.field(description="公开日期 released")
    reason: str = strawberry.field(description="理由 why it was withdrawn or discarded")
    ended_on: date | None = strawberry.field(description="终止日期 withdrawn or discarded")

    @strawberry.field(description="公开数据 its tables, cell by cell, in their order")
    async def cells(self, info: Info) -> list[DisclosedCell]:
        """Its tables, cell by cell."""
        return await many(info.context, DisclosedCell, "disclosure_id = %(id)s order by place", id=self.id)
