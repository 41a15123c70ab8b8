"""The GraphQL types of deliveries 送册: register files from handing in to being in force, as counts; how units call columns."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Info, many


@strawberry.type(
    description="送册 Register files as handed in, with what they would change; progress: `/files/deliveries`."
)
class Delivery(AsRead, Node):
    """A delivery."""

    SELECT: ClassVar[str] = "select delivery_id as id, d.* from delivery d"

    id: UUID = strawberry.field(description="编号 id")
    unit: str = strawberry.field(description="送册单位 which unit handed it in")
    part: str = strawberry.field(description="所属单位 whose part of the registers it is; empty for the whole county's")
    files: int = strawberry.field(description="文件数 how many files")
    state: str = strawberry.field(description="状态 handed_in, previewed, committed, cancelled or refused")
    rows: int = strawberry.field(description="行数 how many rows")
    rejected: int = strawberry.field(description="拒收行数 how many rows can't be read")
    children_new: int = strawberry.field(description="新增儿童 how many children would be new")
    children_changed: int = strawberry.field(description="变更儿童 how many would change")
    children_missed: int = strawberry.field(description="消失儿童 how many no register would name any more")
    findings_raised: int = strawberry.field(description="新增比对发现 how many findings would be raised")
    findings_resolved: int = strawberry.field(description="消除比对发现 how many would no longer hold")
    doubts: int = strawberry.field(description="疑似同一人 how many pairs a person would have to decide")
    reason: str = strawberry.field(description="原因 why it was cancelled or refused")
    handed_in_on: date | None = strawberry.field(description="送册日期 handed in when")
    ended_on: date | None = strawberry.field(description="办结日期 committed, cancelled or refused when")


@strawberry.type(description="栏目 A column of a unit's files, and the field of the register it is read as.")
class MappedColumn(AsRead):
    """One column of a mapping."""

    SELECT: ClassVar[str] = (
        "select c.* from column_mapping m cross join lateral jsonb_to_recordset(m.columns) as c(written text, field text)"
    )

    written: str = strawberry.field(description="来表栏目 the heading as the office writes it")
    field: str = strawberry.field(description="登记册栏目 the register's own word for it")


@strawberry.type(description="栏目对应 How a unit calls the columns of a register; its files are read so.")
class ColumnMapping(AsRead, Node):
    """A column mapping."""

    SELECT: ClassVar[str] = "select mapping_id as id, m.* from column_mapping m"

    id: UUID = strawberry.field(description="编号 id")
    unit: str = strawberry.field(description="单位 whose files")
    register: str = strawberry.field(description="登记册 of which register")
    saved_at: datetime | None = strawberry.field(description="保存时间 saved last when")
    saved_by: str = strawberry.field(description="保存单位 which unit saved it last")

    @strawberry.field(description="栏目 its columns")
    async def columns(self, info: Info) -> list[MappedColumn]:
        """栏目 its columns."""
        return await many(info.context, MappedColumn, "m.mapping_id = %(mapping)s order by c.written", mapping=self.id)
