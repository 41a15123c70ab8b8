"""What the bureau does with statistics 统计: freeze a period's pack, restate it, state how many entered school nine years ago.

Numbers are counted here, over what the caller reaches, at the moment of the command; whether they can stand the service says.
What nobody freezes `gateway/freezing.py` does, by the clock.
"""

from uuid import UUID

import strawberry

from gateway.schema.mutations.command import CommandAnswer, Words, command, record_of, send
from gateway.schema.reading import Info
from gateway.schema.statistics_lines import as_sent, count_period


@strawberry.type(description="统计 commands of statistics.")
class StatisticsCommands:
    """统计 commands of statistics."""

    @command
    async def freeze_statistics(self, info: Info, kind: str, period: str) -> CommandAnswer:
        """定格报表 counts the county now and freezes the numbers of a period that is over; `kind` monthly, quarterly, term or year"""
        counted = await count_period(info.context, kind=kind, period=period)
        return await send(info, "cases", {}, kind=kind, period=period, **as_sent(counted))

    @command
    async def restate_statistics(self, info: Info, pack_id: UUID, reason: Words) -> CommandAnswer:
        """更正报表 counts the county again and sets the numbers beside those that were frozen, with the reason"""
        first = await record_of(
            info, "select kind, period from statistics_pack where pack_id = %(wanted)s and version = 1", pack_id
        )
        counted = await count_period(info.context, kind=first["kind"], period=first["period"])
        return await send(info, "cases", {}, pack_id=pack_id, reason=reason, **as_sent(counted))

    @command
    async def state_entry_cohort(
        self, info: Info, school: str, entered: int, pupils: int, paper: Words
    ) -> CommandAnswer:
        """登记入学基数 states how many children entered a school in a year, by which paper"""
        return await send(info, "cases", {}, school=school, entered=entered, pupils=pupils, paper=paper)
