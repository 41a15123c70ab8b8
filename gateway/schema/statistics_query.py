"""The root fields of statistics 统计: counted now or as frozen, who stands behind a number, packs, and periods still to freeze.

Numbers are reckoned by `chassis/indicators.py`, whether they were counted this moment or stand in a pack.
"""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import strawberry

from gateway.access.policy import Mode
from gateway.readmodel.counted import BEHIND, cell
from gateway.schema.paging import PAGE, BadArgument
from gateway.schema.reading import Connection, Info, Looking, by_township, page
from gateway.schema.roster import Child
from gateway.schema.statistics import (
    EntryCohort,
    Statistics,
    StatisticsChange,
    StatisticsCheck,
    StatisticsCount,
    StatisticsDue,
    StatisticsFigure,
    StatisticsPack,
)
from gateway.schema.statistics_lines import called, counted_today, frozen, still_to_freeze
from services.chassis.errors import Forbidden
from services.chassis.indicators import (
    LEVELS,
    MEASURES,
    Change,
    Compared,
    Figure,
    Formula,
    Level,
    Place,
    compared,
    figures,
    places,
    ranked,
)
from services.chassis.school_terms import MOST_DAYS_LATE
from services.contracts.divisions import DIVISIONS


@strawberry.type
class StatisticsQuery:
    """Statistics of schooling."""

    @strawberry.field(
        description="统计 figures, numbers and checks of a level, county, township or school: counted now for the school year,"
        " or as the version `pack` of a pack holds them"
    )
    async def statistics(
        self, info: Info, level: str = "county", township: str | None = None, pack: UUID | None = None
    ) -> Statistics:
        """Statistics of a level, of one township where it is named."""
        looking = info.context
        of_level = _level(looking, level)
        counted = await (counted_today(looking) if pack is None else frozen(looking, pack))
        lines = [line for line in counted.lines if township is None or line.township == township]
        if township is not None and of_level == "county":
            of_level = "township"
        at = places(lines, measures=counted.measures, level=of_level)
        return Statistics(
            counted_on=counted.counted_on,
            reached=list(counted.reached),
            sha256=counted.pack.sha256 if counted.pack else "",
            figures=_figures(looking, counted.formulas, at),
            counts=[each for place in at for each in _counts(place, level=of_level, is_listed=pack is None)],
            checks=[
                _check(each)
                for each in compared(lines, measures=counted.measures)
                if not each.agrees or not each.place.township
            ],
            changes=[_change(each) for each in counted.changes if township is None or each.township == township],
        )

    @strawberry.field(
        description="统计名单 the children behind a number of `statistics` as it is now, by its `cell`: exactly as many as the number"
    )
    async def counted_children(
        self, info: Info, cell: str, first: int = PAGE, after: str | None = None
    ) -> Connection[Child]:
        """Children behind a number."""
        reach = info.context.principal.parameters
        return await page(
            info.context,
            Child,
            "merged_into is null and " + BEHIND.format(a="r", v="%(cell)s"),
            keys=by_township(info, type_name="Child", key="child_id"),
            first=first,
            after=after,
            given={"cell": cell, "today": info.context.today, "lo": reach["lo"], "hi": reach["hi"]},
        )

    @strawberry.field(
        description="统计报表 versions of frozen packs, the latest counted first; a restatement stands beside what it restates 更正"
    )
    async def statistics_packs(
        self,
        info: Info,
        kind: str | None = None,
        period: str | None = None,
        pack_id: UUID | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[StatisticsPack]:
        """Versions of packs by kind, period and pack."""
        given = {"kind": kind, "period": period, "pack_id": pack_id}
        return await page(
            info.context,
            StatisticsPack,
            _narrowed(given),
            keys={"coalesce(counted_on, 'epoch'::date)": "date", "id": "uuid"},
            first=first,
            after=after,
            descending=True,
            given=given,
        )

    @strawberry.field(description="待定格报表 periods that are over and were not frozen yet, as long as they can be")
    async def statistics_due(self, info: Info) -> list[StatisticsDue]:
        """Periods to freeze."""
        return [
            StatisticsDue(
                kind=each.kind,
                period=each.name,
                ended_on=each.ended_on,
                freeze_by=each.ended_on + timedelta(days=MOST_DAYS_LATE),
            )
            for each in await still_to_freeze(info.context)
        ]

    @strawberry.field(description="入学基数 how many entered a school in a year, by the last paper of each")
    async def entry_cohorts(
        self,
        info: Info,
        school: str | None = None,
        entered: int | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[EntryCohort]:
        """Entry cohorts by school and year."""
        given = {"school": school, "entered": entered}
        return await page(
            info.context, EntryCohort, _narrowed(given), keys={"id": "uuid"}, first=first, after=after, given=given
        )


def _narrowed(given: Mapping[str, object]) -> str:
    """The condition of a page: every column that was asked for holds what was asked."""
    return " and ".join(["true", *(f"{name} = %({name})s" for name, value in given.items() if value is not None)])


def _level(looking: Looking, level: str) -> Level:
    """The level asked for; whoever sees no small numbers sees none of single places, from which they could be reckoned."""
    if level not in LEVELS:
        message = f"level is one of {', '.join(LEVELS)}."
        raise BadArgument(message)
    grant = looking.principal.grants.of("StatisticsFigure", "numerator")
    if level != "county" and grant is not None and grant.mode is Mode.COUNT:
        raise Forbidden("Small numbers are withheld from you, so places are not shown one by one: ask for the county.")
    return next(known for known in LEVELS if known == level)


def _figures(looking: Looking, formulas: Sequence[Formula], at: Sequence[Place]) -> list[StatisticsFigure]:
    ranks: dict[tuple[str, str, str], int] = {}
    found = figures(formulas, at)
    for formula in formulas:
        for rank, figure in ranked(each for each in found if each.formula.id == formula.id):
            ranks[formula.id, figure.place.township, figure.place.school] = rank
    return [
        _figure(looking, each, rank=ranks.get((each.formula.id, each.place.township, each.place.school)))
        for each in found
    ]


def _figure(looking: Looking, figure: Figure, *, rank: int | None) -> StatisticsFigure:
    formula, place = figure.formula, figure.place
    return StatisticsFigure(
        formula=formula.id,
        figure=formula.figure,
        name=formula.name,
        in_force_from=formula.from_on,
        legal_basis=formula.legal_basis,
        source=formula.source,
        target=formula.target,
        township=place.township,
        township_name=DIVISIONS.name_of(place.township) or "",
        school=place.school,
        school_name=place.name,
        numerator=_part(looking, "numerator", figure.numerator, rest=figure.denominator - figure.numerator),
        denominator=looking.counted("StatisticsFigure", "denominator", figure.denominator),
        rate=None if figure.rate is None else round(float(figure.rate), 6),
        meets_target=figure.meets,
        rank=rank,
    )


def _part(looking: Looking, name: str, value: int, *, rest: int) -> int | None:
    """A part of a number that is shown beside it: withheld, too, where what is left of the number would be."""
    if rest != 0 and looking.counted("StatisticsFigure", name, abs(rest)) is None:
        return None
    return looking.counted("StatisticsFigure", name, value)


def _counts(place: Place, *, level: Level, is_listed: bool) -> list[StatisticsCount]:
    """The numbers of a place; who stands behind them can be told of what is counted now."""
    return [
        StatisticsCount(
            measure=measure,
            name=called(measure),
            township=place.township,
            township_name=DIVISIONS.name_of(place.township) or "",
            school=place.school,
            school_name=place.name,
            value=value,
            cell=cell(measure, place, level=level) if is_listed and measure in MEASURES else "",
        )
        for measure, value in place.counts.items()
    ]


def _change(each: Change) -> StatisticsChange:
    return StatisticsChange(
        measure=each.measure,
        name=called(each.measure),
        township=each.township,
        township_name=DIVISIONS.name_of(each.township) or "",
        school=each.school,
        school_name=each.name,
        before=each.before,
        after=each.after,
    )


def _check(each: Compared) -> StatisticsCheck:
    return StatisticsCheck(
        identity=each.identity.id,
        name=each.identity.name,
        township=each.place.township,
        township_name=DIVISIONS.name_of(each.place.township) or "",
        school=each.place.school,
        school_name=each.place.name,
        left=each.left,
        right=each.right,
        agrees=each.agrees,
    )
