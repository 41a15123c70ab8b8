"""The duty register 履职台账 in GraphQL: what was owed, by whom, how it ended, and how much of it, for any period and as known at any moment."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from datetime import date, datetime
from typing import Annotated, ClassVar, Final
from uuid import UUID

import strawberry

from gateway.readmodel.duties import MATTERS
from gateway.readmodel.duty_register import LATE_DAYS, LATE_WORKING_DAYS, STANDINGS
from gateway.readmodel.responsible import ANSWERED
from gateway.schema.node_query import own
from gateway.schema.paging import PAGE, BadArgument
from gateway.schema.reading import AsRead, Connection, Info, page
from gateway.schema.supervision_map import DUTIES, STOOD_SINCE, STOOD_UNTIL

From = Annotated[date | None, strawberry.argument(name="from", description="起 duties that stood on this day or later")]
Until = Annotated[date | None, strawberry.argument(description="止 duties that stood on this day or before")]
AsOf = Annotated[
    datetime | None, strawberry.argument(description="知悉时点 as the register was known at this moment; default now")
]
OwedBy = Annotated[str | None, strawberry.argument(description="责任单位 the unit, `kind:area`")]
Officer = Annotated[
    str | None,
    strawberry.argument(description="责任人 the account that owes it by name, or that brought it to its end"),
]
Matter = Annotated[str | None, strawberry.argument(description=f"事项 one of {', '.join(MATTERS)}")]
Standing = Annotated[str | None, strawberry.argument(description=f"履职情况 one of {', '.join(STANDINGS)}")]

_REGISTER: Final = DUTIES.replace("{scope}", "true").replace("{known}", "%(known)s")
_CONDITIONS: Final = {
    "from": STOOD_SINCE,
    "until": STOOD_UNTIL,
    "owed_by": "{a}.owed_by = {v}",
    "officer": "{v} in ({a}.officer, {a}.ended_by)",
    "township": "{a}.township = {v}",
    "matter": "{a}.matter = {v}",
    "standing": "{a}.standing = {v}",
    "case_id": "{a}.case_id = {v}",
    "child_id": "{a}.child_id = {v}",
}


@strawberry.type(
    description="应履职责 One thing owed: what, by whom, to whom, from when, by when, under which rule, and how it ended (N8.2, N8.3)."
)
class Duty(AsRead):
    """One thing owed, as it was known at the moment that was asked for."""

    SELECT: ClassVar[str] = (
        f"select d.duty_id as id, d.*, {ANSWERED.replace('{d}', 'd')} as responsible, {LATE_DAYS.replace('{a}', 'd')} as late_days,"
        f" {LATE_WORKING_DAYS.replace('{a}', 'd')} as late_working_days from {_REGISTER} d"
    )

    id: UUID = strawberry.field(description="编号 id")
    matter: str = strawberry.field(description="事项 in which matter, such as case_step, finding, referral, measure")
    step: str = strawberry.field(description="应办事项 what was owed in it")
    about: UUID = strawberry.field(description="所涉编号 the case, finding, referral, plan … it was owed in")
    number: int = strawberry.field(description="序号 its number among what was owed there")
    level: str = strawberry.field(description="责任层级 the rule's word for who owes it: teacher, school, township …")
    owed_by: str = strawberry.field(description="责任单位 the unit that owed it then, `kind:area`")
    officer: str = strawberry.field(description="责任人 account that owed it, where the matter names one")
    responsible: str = strawberry.field(
        description="包保责任人 account of who answered for the child on the day it began, by where the child was on that day, in the role of"
        " the level: teacher, principal, township cadre or leader of the bureau; empty where nobody was named, where the child is"
        " not within reach any more, and in other matters"
    )
    owed_to: str = strawberry.field(
        description="要求单位 the unit that asked for it; empty where it is owed to the child"
    )
    township: str = strawberry.field(description="乡镇代码 township")
    child_id: UUID | None = strawberry.field(description="儿童编号 the child it is about")
    case_id: UUID | None = strawberry.field(description="个案编号 the case it is about")
    rule: str = strawberry.field(description="规则 the rule and its version; empty where the matter sets its own day")
    legal_basis: str = strawberry.field(description="法律依据 its legal basis")
    since_on: date = strawberry.field(description="起始日期 owed from")
    since_at: datetime = strawberry.field(description="登记时间 when that was recorded")
    due_on: date | None = strawberry.field(description="期限 the last day in time; null where none is set")
    first_due_on: date | None = strawberry.field(
        description="原期限 the last day in time before it was extended or paused"
    )
    extended: int = strawberry.field(description="延期次数 how often its term was extended")
    paused: int = strawberry.field(description="中止次数 how often its clock was made to stand")
    standing: str = strawberry.field(
        description="履职情况 done 按期, late 逾期办结, never 逾期未办 (handed up undone), open 在办, overdue 逾期在办, lifted 解除"
    )
    late_days: int | None = strawberry.field(description="逾期天数 late by so many days; null where it isn't late")
    late_working_days: int | None = strawberry.field(description="逾期工作日 the same in working days")
    ended_on: date | None = strawberry.field(description="办结日期 the day on which it was done, handed up or lifted")
    ended_at: datetime | None = strawberry.field(description="办结登记时间 when that was recorded")
    ended_by: str = strawberry.field(description="办结人 account that did it")
    ended_for: str = strawberry.field(description="办结单位 the unit it was done for")
    ended_type: str = strawberry.field(
        description="办结事件 what happened that ended it, as the event is called without its version"
    )


@strawberry.type(
    description="履职汇总 How much a unit owed in a matter, and how much of it was done in time, late or never."
)
class DutySum:
    """One line of the sums; the rows behind it are `duties` with the same arguments, unit and matter."""

    owed_by: str = strawberry.field(description="责任单位 the unit, `kind:area`")
    officer: str = strawberry.field(
        description="责任人 the account, where sums are by person; empty where nobody is named"
    )
    matter: str = strawberry.field(description="事项 in which matter")
    owed: int = strawberry.field(description="应办 how much was owed: all of the following together")
    done: int = strawberry.field(description="按期 done in time")
    late: int = strawberry.field(description="逾期办结 done late")
    never: int = strawberry.field(description="逾期未办 handed up undone")
    open: int = strawberry.field(description="在办 owed still, in time")
    overdue: int = strawberry.field(description="逾期在办 owed still, late")
    lifted: int = strawberry.field(description="解除 not owed any longer")
    late_days: int = strawberry.field(description="逾期天数合计 days late, of those late and overdue together")


@strawberry.type
class DutiesQuery:
    """What was owed."""

    @strawberry.field(
        description="履职台账 duties of my area, or of my unit, that stood in a period, by the day they began; as known at a moment"
    )
    async def duties(
        self,
        info: Info,
        from_: From = None,
        until: Until = None,
        as_of: AsOf = None,
        owed_by: OwedBy = None,
        officer: Officer = None,
        township: str | None = None,
        matter: Matter = None,
        standing: Standing = None,
        case_id: UUID | None = None,
        child_id: UUID | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Duty]:
        """Duties by period, unit, person, township, matter and how they stand."""
        where, given = _narrowed(
            info,
            {
                "from": from_,
                "until": until,
                "owed_by": owed_by,
                "officer": officer,
                "township": township,
                "matter": matter,
                "standing": standing,
                "case_id": case_id,
                "child_id": child_id,
            },
            as_of=as_of,
        )
        keys = {"coalesce(since_on, 'epoch'::date)": "date", "duty_id": "uuid"}
        return await page(info.context, Duty, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(
        description="履职汇总 the same duties summed by unit and matter; `byOfficer`: by person, too. Who did it counts as the"
        " person where nobody was named"
    )
    async def duty_sums(
        self,
        info: Info,
        from_: From = None,
        until: Until = None,
        as_of: AsOf = None,
        owed_by: OwedBy = None,
        officer: Officer = None,
        township: str | None = None,
        matter: Matter = None,
        by_officer: bool = False,
    ) -> list[DutySum]:
        """Sums of duties, up to two thousand lines."""
        where, given = _narrowed(
            info,
            {
                "from": from_,
                "until": until,
                "owed_by": owed_by,
                "officer": officer,
                "township": township,
                "matter": matter,
            },
            as_of=as_of,
        )
        person = "coalesce(nullif(r.officer, ''), r.ended_by)" if by_officer else "''"
        counts = ", ".join(f"count(*) filter (where r.standing = '{each}')::integer as {each}" for each in STANDINGS)
        rows = await info.context.rows(
            f"select r.owed_by, {person} as officer, r.matter, count(*)::integer as owed, {counts},"
            f" coalesce(sum(r.late_until - r.due_on) filter (where r.standing in ('late', 'overdue')), 0)::integer as late_days"
            f" from {_REGISTER} r where {where} group by 1, 2, 3 order by 1, 2, 3 limit {_MOST_SUMS + 1}",
            **given,
        )
        if len(rows) > _MOST_SUMS:
            raise BadArgument(f"More than {_MOST_SUMS} lines: narrow them down by unit, township or matter.")
        return [DutySum(**row) for row in rows]


_MOST_SUMS: Final = 2000


def _narrowed(info: Info, values: dict[str, object], *, as_of: datetime | None) -> tuple[str, dict[str, object]]:
    """The conditions of the arguments that are there, and all parameters."""
    conditions = [own(info, type_name="Duty", column="owed_by", of="unit")]
    conditions += [
        _CONDITIONS[name].replace("{a}", "r").replace("{v}", f"%({name})s")
        for name, value in values.items()
        if value is not None
    ]
    given = {
        **values,
        "known": as_of if as_of is not None else "infinity",
        "today": info.context.today,
        "unit": info.context.principal.unit,
    }
    return " and ".join(conditions), given
