"""What the bureau does with statistics 统计: freeze a period's pack, restate it, state how many entered school nine years ago.

Numbers are counted here, over what the caller reaches, at the moment of the command; whether they can stand the service says.
"""

from uuid import UUID

import strawberry

from gateway.schema.mutations.command import CommandAnswer, Words, command, record_of, send
from gateway.schema.reading import Info
from gateway.schema.statistics_lines import Counted, count_on_day
from services.chassis.school_terms import days_of


@strawberry.type(description="统计 commands of statistics.")
class StatisticsCommands:
    """统计 commands of statistics."""

    @command
    async def freeze_statistics(self, info: Info, kind: str, period: str) -> CommandAnswer:
        """定格报表 counts the county now and freezes the numbers of a period that is over; `kind` monthly, quarterly, term or year"""
        counted = await _counted(info, kind=kind, period=period)
        return await send(
            info,
            "cases",
            {},
            kind=kind,
            period=period,
            measures=list(counted.measures),
            lines=_lines(counted),
            reached=_reached(counted),
        )

    @command
    async def restate_statistics(self, info: Info, pack_id: UUID, reason: Words) -> CommandAnswer:
        """更正报表 counts the county again and sets the numbers beside those that were frozen, with the reason"""
        first = await record_of(
            info, "select kind, period from statistics_pack where pack_id = %(wanted)s and version = 1", pack_id
        )
        counted = await _counted(info, kind=first["kind"], period=first["period"])
        return await send(
            info,
            "cases",
            {},
            pack_id=pack_id,
            reason=reason,
            measures=list(counted.measures),
            lines=_lines(counted),
            reached=_reached(counted),
        )

    @command
    async def state_entry_cohort(
        self, info: Info, school: str, entered: int, pupils: int, paper: Words
    ) -> CommandAnswer:
        """登记入学基数 states how many children entered a school in a year, by which paper"""
        return await send(info, "cases", {}, school=school, entered=entered, pupils=pupils, paper=paper)


async def _counted(info: Info, *, kind: str, period: str) -> Counted:
    """The county now, with what happened up to the period's end."""
    _, until = days_of(kind, period)
    return await count_on_day(info.context, on=min(info.context.today, until))


def _lines(counted: Counted) -> list[dict[str, object]]:
    return [
        {"township": line.township, "school": line.school, "name": line.name, "counts": list(line.counts)}
        for line in counted.lines
    ]


def _reached(counted: Counted) -> list[dict[str, object]]:
    places = (each.partition(":") for each in counted.reached)
    return [{"service": service, "position": int(position)} for service, _, position in places]
