"""The lines that statistics 统计 are reckoned from: counted this moment, or as a version of a frozen pack holds them."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, TypedDict
from uuid import UUID

import msgspec

from gateway.readmodel.counted import COUNT, Number, counted_on, lines_of
from gateway.schema.reading import Looking
from services.chassis.errors import NotFound
from services.chassis.indicators import MEASURES, Change, Formula, Line, changed, formulas_on
from services.chassis.school_terms import PeriodKind, days_of, periods_to_freeze
from services.contracts.statistics import StatisticsContent

_PACK: Final = """
    select p.kind, p.period, p.version, p.reached, p.sha256, p.reason, p.content, b.content as before
    from statistics_pack p left join statistics_pack b on b.pack_id = p.pack_id and b.version = p.version - 1
    where p.version_id = %(id)s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a version of a pack says besides its numbers; `changes` are those it restates."""

    kind: str
    period: str
    version: int
    sha256: str
    reason: str
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Lines with what is said of them: when they were counted, how far, by which formulas."""

    counted_on: date
    reached: Sequence[str]
    """`service:position` of each."""
    measures: Sequence[str]
    lines: Sequence[Line]
    formulas: Sequence[Formula]
    pack: Pack | None = field(default=None)
    """None for what is counted now."""

    @property
    def changes(self) -> Sequence[Change]:
        """What was restated; nothing of what is counted now."""
        return self.pack.changes if self.pack else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period of which the numbers can be frozen, by its kind and name, and its last day."""

    kind: PeriodKind
    name: str
    ended_on: date


async def still_to_freeze(looking: Looking) -> list[Period]:
    """The periods that are over, or end today, and of which the caller's office has no pack, in the order of their last days."""
    made = {
        (row["kind"], row["period"]) for row in await looking.rows("select distinct kind, period from statistics_pack")
    }
    return [
        Period(kind=kind, name=name, ended_on=days_of(kind, name)[1])
        for kind, name in periods_to_freeze(looking.today)
        if (kind, name) not in made
    ]


async def count_period(looking: Looking, *, kind: str, period: str) -> Counted:
    """What is counted now for a pack of a period: what happened up to its last day. Raises `Refused` for what is no period."""
    _, until = days_of(kind, period)
    return await count_on_day(looking, on=min(looking.today, until))


class Sent(TypedDict):
    """What was counted, by the names that cases takes it by."""

    measures: list[str]
    lines: list[dict[str, object]]
    reached: list[dict[str, object]]


def as_sent(counted: Counted) -> Sent:
    """What was counted, as cases takes it to freeze or restate it."""
    places = (each.partition(":") for each in counted.reached)
    return {
        "measures": list(counted.measures),
        "lines": [
            {"township": line.township, "school": line.school, "name": line.name, "counts": list(line.counts)}
            for line in counted.lines
        ],
        "reached": [{"service": service, "position": int(position)} for service, _, position in places],
    }


async def counted_today(looking: Looking) -> Counted:
    """What is counted now, once in a request however many of its fields ask for it: all of them are of one moment."""
    if looking.counting is None:
        looking.counting = asyncio.ensure_future(count_on_day(looking, on=looking.today))
    counted: Counted = await looking.counting
    return counted


async def count_on_day(looking: Looking, *, on: date) -> Counted:
    """What is counted now, what happened up to a day; over what the caller reaches."""
    reach = looking.principal.parameters
    parameters = {**counted_on(on), "lo": reach["lo"], "hi": reach["hi"]}
    rows: list[Number] = []
    async with aclosing(
        looking.reader.stream(COUNT.encode(), parameters, claims=looking.principal.claims)
    ) as pages:  # a whole county is gone through: it may take longer than a page of rows
        async for page in pages:
            rows += [Number(*row) for row in page]
    lines, reached = lines_of(rows, area=looking.principal.unit.partition(":")[2])
    looking.rows_read += len(lines)
    return Counted(
        counted_on=looking.today,
        reached=[f"{service}:{position}" for service, position in sorted(reached.items())],
        measures=tuple(MEASURES),
        lines=lines,
        formulas=formulas_on(on),
    )


async def frozen(looking: Looking, version: UUID) -> Counted:
    """What a version of a pack holds; raises `NotFound`."""
    rows = await looking.rows(_PACK, id=version)
    if not rows:
        raise NotFound("There is no such pack of statistics.")
    [row] = rows
    content = msgspec.convert(row["content"], StatisticsContent)
    return Counted(
        counted_on=content.counted_on,
        reached=row["reached"],
        measures=content.measures,
        lines=_lines(content),
        formulas=msgspec.convert(content.formulas, tuple[Formula, ...], from_attributes=True),
        pack=Pack(
            kind=row["kind"],
            period=row["period"],
            version=row["version"],
            sha256=row["sha256"],
            reason=row["reason"],
            changes=()
            if row["before"] is None
            else _changes(msgspec.convert(row["before"], StatisticsContent), content),
        ),
    )


def called(measure: str) -> str:
    """A measure's name; its code where a pack of old holds one that is counted no longer."""
    return MEASURES[measure].name if measure in MEASURES else measure


def _lines(content: StatisticsContent) -> tuple[Line, ...]:
    return msgspec.convert(content.lines, tuple[Line, ...], from_attributes=True)


def _changes(before: StatisticsContent, after: StatisticsContent) -> list[Change]:
    """What became of the version before; of measures that only one of them counted nothing is said."""
    both = [measure for measure in after.measures if measure in before.measures]
    return changed(_of(before, both), _of(after, both), measures=both)


def _of(content: StatisticsContent, wanted: Sequence[str]) -> list[Line]:
    places = [content.measures.index(measure) for measure in wanted]
    return [replace(line, counts=tuple(line.counts[place] for place in places)) for line in _lines(content)]
