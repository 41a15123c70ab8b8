"""Counts 计数: the partition by township and village, and the four checks with their three comparisons."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from datetime import date, datetime
from typing import Final

import strawberry

from gateway.readmodel.partition import PARTITION, counted, cut
from gateway.schema.count_tables import FOCUS, IN_GROUP, OF_SCHOOL_AGE, STANDING
from gateway.schema.funnel import FUNNEL
from gateway.schema.paging import PAGE
from gateway.schema.reading import Connection, Info, by_township, page
from gateway.schema.roster import Child
from gateway.schema.supervision import PartitionRow

_TOWNSHIPS: Final = f"""
    select p.township, coalesce(t.name, '') as township_name, p.state, p.dated, p.children as count
    from ({counted("township")}) p left join township t on t.code = p.township
    order by p.township, p.dated desc, p.state collate "C" """

_VILLAGES: Final = f"""
    select p.township, p.village, coalesce(v.name, '') as village_name, p.state, p.dated, p.children as count
    from ({PARTITION}) p left join village v on v.code = p.village
    where %(township)s::text is null or p.township = %(township)s
    order by p.township, p.village collate "C", p.dated desc, p.state collate "C" """

_CHECKS: Final = """
    select f.as_of, f.counted_at, f.township, p.village, coalesce(v.name, '') as village_name, p.in_window, p.hukou,
      p.enrolled, p.in_school, p.poverty, p.not_enrolled, p.not_in_seat, p.poverty_out
    from four_checks f cross join lateral jsonb_to_recordset(f.places) as p(village text, in_window integer, hukou integer,
      enrolled integer, in_school integer, poverty integer, not_enrolled integer, not_in_seat integer, poverty_out integer)
    left join village v on v.code = p.village
    where f.as_of = %(as_of)s and (%(township)s::text is null or f.township = %(township)s)
    order by f.township, p.village collate "C" """


@strawberry.type(
    description="分村归类 How many children of school age of a village are in an accounted state on a date."
)
class VillagePartitionRow:
    """One line of the partition by village."""

    township: str = strawberry.field(description="乡镇代码 township")
    village: str = strawberry.field(description="村代码 village")
    village_name: str = strawberry.field(description="村名称 village's name, where the county's list has it")
    state: str = strawberry.field(description="归类 accounted state")
    dated: bool = strawberry.field(description="出生日期明确 false for children whose age can't be told")
    count: int = strawberry.field(description="人数 how many")


@strawberry.type(
    description="四查三比对 What the registers count in a village as of a day, and how many children they don't agree on"
    " (教基厅函〔2024〕15号)."
)
class VillageChecks:
    """The counts of one village."""

    as_of: date = strawberry.field(description="比对日期 as of which day")
    counted_at: datetime = strawberry.field(description="汇总时间 counted when")
    township: str = strawberry.field(description="乡镇代码 township")
    village: str = strawberry.field(description="村代码 village")
    village_name: str = strawberry.field(description="村名称 village's name, where the county's list has it")
    in_window: int = strawberry.field(description="适龄人数 children of school age over all registers")
    hukou: int = strawberry.field(description="查户籍 of them in the household register")
    enrolled: int = strawberry.field(description="查学籍 of them in the enrolment system")
    in_school: int = strawberry.field(description="查在校学生 of them on the schools' lists")
    poverty: int = strawberry.field(description="查脱贫户 of them in the poverty register")
    not_enrolled: int = strawberry.field(description="户籍–学籍：适龄失学 in no enrolment row")
    not_in_seat: int = strawberry.field(description="学籍–在校：辍学 enrolled and on no class list")
    poverty_out: int = strawberry.field(description="失学辍学–脱贫户 out of school, of a poor household")


@strawberry.type(
    description="办理进程 How many cases of a township ever came to a step; the cases themselves are `cases(reached:)`."
)
class CaseFunnelRow:
    """One step in one township."""

    township: str = strawberry.field(description="乡镇代码 township")
    step: str = strawberry.field(
        description="步骤 opened 立案, confirmed 确认, educated 批评教育, ordered 责令改正, fined 行政处罚, sued 司法, returned 返校 or closed 办结"
    )
    count: int = strawberry.field(description="个案数 how many cases")


@strawberry.type(
    description="重点群体 How many children of school age of a focus group stand where; a child may be in several groups."
)
class FocusCount:
    """One group and state in one township; only children whose birth date is known."""

    township: str = strawberry.field(description="乡镇代码 township")
    kind: str = strawberry.field(description="群体 left_behind 留守, migrant 随迁, poverty 困难家庭 or disability 残疾")
    state: str = strawberry.field(description="归类 accounted state, as in `partition`")
    count: int = strawberry.field(description="人数 how many")


@strawberry.type
class CountsQuery:
    """Counts by township and village."""

    @strawberry.field(
        description="办理进程 how many cases ever came to each step, by township; papers set aside do not count"
    )
    async def case_funnel(self, info: Info) -> list[CaseFunnelRow]:
        """The way back to school in numbers: all cases there ever were within reach."""
        rows = await info.context.rows(f"select * from {FUNNEL.format(scope='true')} r order by township, step")
        return [CaseFunnelRow(**row) for row in rows]

    @strawberry.field(
        description="重点群体 children of school age of focus groups on a date (default today), by township and state"
    )
    async def focus_groups(self, info: Info, as_of: date | None = None) -> list[FocusCount]:
        """The groups of `planVisits` that registers know of."""
        counted = FOCUS.format(born="%(born)s::date[]", scope="true")
        rows = await info.context.rows(
            f'select * from {counted} r order by township, kind, state collate "C"',
            born=cut(as_of or info.context.today),
        )
        return [FocusCount(**row) for row in rows]

    @strawberry.field(
        description="归类 children of school age on a date (default today) by township and state, as known now"
    )
    async def partition(self, info: Info, as_of: date | None = None) -> list[PartitionRow]:
        """The partition of the window 6–16; for what was known in the past see `replayPartition`."""
        rows = await info.context.rows(_TOWNSHIPS, born=cut(as_of or info.context.today))
        counted = info.context.counted
        return [PartitionRow(**{**row, "count": counted("PartitionRow", "count", row["count"])}) for row in rows]

    @strawberry.field(
        description="归类名单 the children behind a number of `partition`, `villagePartition` or `focusGroups` as of today, by its"
        " state and where, and by the `kind` of focus group 重点群体 as `group`: exactly as many as the number; of those whose"
        " birth date is known"
    )
    async def partition_children(
        self,
        info: Info,
        state: str,
        township: str | None = None,
        village: str | None = None,
        group: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Child]:
        """Children behind a number of the partition."""
        given = {"state": state, "township": township, "village": village, "group": group}
        narrowing = {
            "state": STANDING,
            "township": "{a}.township = {v}",
            "village": "{a}.village = {v}",
            "group": IN_GROUP,
        }
        conditions = ["merged_into is null", OF_SCHOOL_AGE.format(a="r")]
        conditions += [
            narrowing[name].format(a="r", v=f"%({name})s") for name, value in given.items() if value is not None
        ]
        return await page(
            info.context,
            Child,
            " and ".join(conditions),
            keys=by_township(info, type_name="Child", key="child_id"),
            first=first,
            after=after,
            given={**given, "today": info.context.today},
        )

    @strawberry.field(
        description="分村归类 children of school age on a date (default today) by village and state, as known now"
    )
    async def village_partition(
        self, info: Info, township: str | None = None, as_of: date | None = None
    ) -> list[VillagePartitionRow]:
        """The partition of the window 6–16 by village; its lines sum to those of `partition`."""
        rows = await info.context.rows(_VILLAGES, born=cut(as_of or info.context.today), township=township)
        return [VillagePartitionRow(**row) for row in rows]

    @strawberry.field(description="四查三比对 what the registers count as of a day, by village")
    async def four_checks(self, info: Info, as_of: date, township: str | None = None) -> list[VillageChecks]:
        """The last counts of a day; `compareRegisters` makes them anew."""
        rows = await info.context.rows(_CHECKS, as_of=as_of, township=township)
        return [VillageChecks(**row) for row in rows]
