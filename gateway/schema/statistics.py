"""The GraphQL types of statistics 统计: figures by formula, the numbers they are made of, sums that have to agree, frozen packs."""

# mypy: disable-error-code="untyped-decorator"

from datetime import date
from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.node import Node
from gateway.schema.reading import AsRead

PLACE = "a code, empty where the sum is over all"


@strawberry.type(description="指标 A figure of a place: two numbers, their rate, and the formula they are made by.")
class StatisticsFigure:
    """A figure."""

    formula: str = strawberry.field(description="口径编号 id of the formula")
    figure: str = strawberry.field(description="指标 which figure; a figure may have several formulas")
    name: str = strawberry.field(description="指标名称 name, with the formula's variant")
    in_force_from: date = strawberry.field(description="口径施行日期 from when the formula holds")
    legal_basis: str = strawberry.field(description="依据 legal basis")
    source: str = strawberry.field(description="口径说明 the formula in words, and where it comes from")
    target: str = strawberry.field(description="目标 what the county wants; empty where nothing is laid down")
    township: str = strawberry.field(description=f"乡镇代码 township, {PLACE}")
    township_name: str = strawberry.field(description="乡镇名称 township's name")
    school: str = strawberry.field(description=f"学校代码 school, {PLACE}")
    school_name: str = strawberry.field(description="学校名称 school's name")
    numerator: int | None = strawberry.field(
        description="分子 above the line; null for a small number, or a small rest, where it is granted as a count 小数隐去"
    )
    denominator: int | None = strawberry.field(description="分母 below the line; null as above")
    rate: float | None = strawberry.field(description="比率 the rate; null where there is nothing to divide by")
    meets_target: bool | None = strawberry.field(
        description="达标 whether the target is met; null where that can't be said"
    )
    rank: int | None = strawberry.field(description="名次 rank among the places of its level; equal rates share one")


@strawberry.type(description="统计数 How many persons stand behind a measure in a place.")
class StatisticsCount:
    """A number."""

    measure: str = strawberry.field(description="统计项 code of the measure")
    name: str = strawberry.field(description="统计项名称 name of the measure")
    township: str = strawberry.field(description=f"乡镇代码 township, {PLACE}")
    township_name: str = strawberry.field(description="乡镇名称 township's name")
    school: str = strawberry.field(description=f"学校代码 school, {PLACE}")
    school_name: str = strawberry.field(description="学校名称 school's name")
    value: int = strawberry.field(description="人数 how many")
    cell: str = strawberry.field(
        description="名单 what `countedChildren` is asked for to see who they are; empty where nobody can be listed"
    )


@strawberry.type(description="勾稽 Two sums that have to agree, at a place.")
class StatisticsCheck:
    """A check."""

    identity: str = strawberry.field(description="勾稽编号 which sums")
    name: str = strawberry.field(description="勾稽关系 the relation in words")
    township: str = strawberry.field(description=f"乡镇代码 township, {PLACE}")
    township_name: str = strawberry.field(description="乡镇名称 township's name")
    school: str = strawberry.field(description=f"学校代码 school, {PLACE}")
    school_name: str = strawberry.field(description="学校名称 school's name")
    left: int = strawberry.field(description="左式 the sum on the left")
    right: int = strawberry.field(description="右式 the sum on the right")
    agrees: bool = strawberry.field(description="相符 whether they agree")


@strawberry.type(description="更正 A number of a line that a restatement changed.")
class StatisticsChange:
    """A change."""

    measure: str = strawberry.field(description="统计项 code of the measure")
    name: str = strawberry.field(description="统计项名称 name of the measure")
    township: str = strawberry.field(description="乡镇代码 township")
    township_name: str = strawberry.field(description="乡镇名称 township's name")
    school: str = strawberry.field(description="学校代码 school; empty for children of no school")
    school_name: str = strawberry.field(description="学校名称 school's name")
    before: int = strawberry.field(description="更正前 what stood in the version before")
    after: int = strawberry.field(description="更正后 what stands in this one")


@strawberry.type(description="统计 Figures, numbers and checks of one level, counted now or as a pack holds them.")
class Statistics:
    """Statistics of one level."""

    counted_on: date = strawberry.field(description="统计日期 the day they were counted")
    reached: list[str] = strawberry.field(description="数据位置 how far of each service's events was counted")
    sha256: str = strawberry.field(description="哈希 SHA-256 of the pack; empty for what was counted now")
    figures: list[StatisticsFigure] = strawberry.field(description="指标 figures, by formula and place")
    counts: list[StatisticsCount] = strawberry.field(description="统计数 numbers, by place and measure")
    checks: list[StatisticsCheck] = strawberry.field(
        description="勾稽 sums of the county that have to agree, and every place where some don't"
    )
    changes: list[StatisticsChange] = strawberry.field(
        description="更正 what a restatement changed, line by line, beside what stood before it"
    )


@strawberry.type(description="待定格报表 A period that is over and whose numbers were not frozen yet.")
class StatisticsDue:
    """A period to freeze."""

    kind: str = strawberry.field(description="报表种类 monthly, quarterly, term or year")
    period: str = strawberry.field(description="报告期 such as 2026-11, 2026-Q4, 2026-2027-1, 2026-2027")
    ended_on: date = strawberry.field(description="报告期末 last day of the period")
    freeze_by: date = strawberry.field(description="定格期限 the last day on which it can be frozen")


@strawberry.type(description="统计报表 A version of a frozen pack of statistics; it never changes (四个一).")
class StatisticsPack(AsRead, Node):
    """A version of a pack."""

    SELECT: ClassVar[str] = (
        "select p.version_id as id, p.*, not exists (select from statistics_pack n where n.pack_id = p.pack_id"
        " and n.version > p.version) as latest from statistics_pack p"
    )

    id: UUID = strawberry.field(
        description="编号 id of this version; its workbook is at `/files/statistics-packs/{id}`"
    )
    pack_id: UUID = strawberry.field(description="报表编号 the pack that all its versions are of")
    unit: str = strawberry.field(description="填报单位 which unit's pack")
    version: int = strawberry.field(description="版本 1 as it was frozen, more as it was restated")
    latest: bool = strawberry.field(description="最新 whether no later version stands beside it")
    kind: str = strawberry.field(description="报表种类 monthly, quarterly, term or year")
    period: str = strawberry.field(description="报告期 such as 2026-11, 2026-Q4, 2026-2027-1, 2026-2027")
    counted_on: date | None = strawberry.field(description="统计日期 the day of its numbers")
    differing: int = strawberry.field(description="勾稽不符 how many sums of different sources don't agree")
    sha256: str = strawberry.field(description="哈希 SHA-256 of all that it says")
    replaces: str = strawberry.field(description="更正对象 hash of the version it restates; empty in the first")
    reached: list[str] = strawberry.field(description="数据位置 how far of each service's events was counted")
    reason: str = strawberry.field(description="更正原因 why it was restated; empty in the first")
    made_by: str = strawberry.field(description="经办 account of who froze or restated it")
    made_on: date | None = strawberry.field(description="定格日期 frozen or restated")


@strawberry.type(description="入学基数 How many children entered a school in a year, by the last paper that says so.")
class EntryCohort(AsRead, Node):
    """An entry cohort."""

    SELECT: ClassVar[str] = "select cohort_id as id, e.* from entry_cohort e"

    id: UUID = strawberry.field(description="编号 id")
    school: str = strawberry.field(description="学校代码 school")
    entered: int = strawberry.field(description="入学年份 year of entry")
    pupils: int = strawberry.field(description="入学人数 how many entered")
    paper: str = strawberry.field(description="依据材料 which paper says so")
    stated_by: str = strawberry.field(description="登记 account of who stated it")
    stated_on: date | None = strawberry.field(description="登记日期 stated")
