"""A pack of statistics 统计报表 of a period, frozen 定格: monthly, quarterly, by term, by school year (四个一, 教基厅函〔2024〕15号).

Numbers come in counted, school by school; the pack keeps them with the formulas in force, the positions they were counted
at and the hash of all of it, and never changes. What turns out wrong is restated 更正: a version of its own beside those
before it, with the reason. Sums that one count makes both sides of must agree, or nothing is frozen; sums of different sources are
kept as they are, and who reads the pack is told where they differ.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self
from uuid import UUID, uuid5

import msgspec

from services.cases.domain import catalogue
from services.cases.domain.disclosure import OFFICE, Reached
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, NotFound, Refused
from services.chassis.indicators import MEASURES, Formula, Line, compared, formulas_on
from services.chassis.school_terms import MOST_DAYS_LATE, PeriodKind, days_of

MOST_LINES: Final = 2_000
"""A county has some hundreds of schools."""
_PACKS: Final = UUID("5c2b9a41-7d0e-5f36-9b1c-40a8e2d7c613")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLine:
    """A school's numbers as they come in; `counts` in the order of the measures named beside."""

    township: str
    school: str
    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that a pack says; its hash is taken over its JSON with names in alphabetical order."""

    kind: PeriodKind
    period: str
    since: date
    until: date
    counted_on: date
    measures: tuple[str, ...]
    lines: tuple[Line, ...]
    formulas: tuple[Formula, ...]
    differing: int
    """How many sums of different sources don't agree 勾稽不符, county and lines together."""

    @property
    def sha256(self) -> str:
        """The hash."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class StatisticsPack(RecordedAggregate):
    """One pack: a kind and a period of one office."""

    TOPIC = "cases.StatisticsPack"

    class Frozen(RecordedAggregate.Event, Created):
        """It was frozen 定格 as version 1."""

        TOPIC = "cases.StatisticsPack.Frozen"
        unit: str
        content: Content
        sha256: str
        reached: tuple[Reached, ...]
        frozen_by: str
        frozen_on: date

    class Restated(RecordedAggregate.Event):
        """It was restated 更正: this version stands beside those before, and says which hash it takes the place of."""

        TOPIC = "cases.StatisticsPack.Restated"
        unit: str
        version: int
        content: Content
        sha256: str
        replaces: str
        reached: tuple[Reached, ...]
        reason: str
        restated_by: str
        restated_on: date

    @staticmethod
    def id_of(*, unit: str, kind: str, period: str) -> UUID:
        """The id of an office's pack of a period: there is one."""
        return uuid5(_PACKS, f"{unit}/{kind}/{period}")

    # Decisions

    @staticmethod
    def must_be_made_by(unit: str) -> None:
        """Refuses anybody but the bureau, which keeps the office of the leading group."""
        if unit.partition(":")[0] != OFFICE:
            raise Forbidden("Only the education bureau freezes the county's statistics.")

    def must_be_of(self, unit: str) -> None:
        """Raises `NotFound` for the pack of another county's bureau."""
        self.must_be_made_by(unit)
        if unit != self.unit:
            raise NotFound("There is no pack of this id.")

    @classmethod
    def freeze(
        cls,
        *,
        unit: str,
        kind: str,
        period: str,
        measures: tuple[str, ...],
        lines: Sequence[CountedLine],
        reached: tuple[Reached, ...],
        officer: str,
        today: date,
    ) -> Self:
        """Freezes what was counted today for a period that is over, or ends today; refused before, and long after."""
        cls.must_be_made_by(unit)
        content = _content(kind, period, measures, lines, today=today)
        if today < content.until:
            raise Refused(f"freeze_statistics: {period} ends on {content.until}; it is frozen from that day on.")
        last = content.until + timedelta(days=MOST_DAYS_LATE)
        if today > last:
            raise Refused(
                f"freeze_statistics: {period} ended on {content.until} and could be frozen until {last};"
                " what is counted today would be the numbers of another time."
            )
        return cls._create(
            cls.Frozen,
            id=cls.id_of(unit=unit, kind=kind, period=period),
            unit=unit,
            content=content,
            sha256=content.sha256,
            reached=reached,
            frozen_by=officer,
            frozen_on=today,
        )

    def restate(
        self,
        *,
        measures: tuple[str, ...],
        lines: Sequence[CountedLine],
        reached: tuple[Reached, ...],
        reason: str,
        officer: str,
        today: date,
    ) -> None:
        """Sets another version beside what stands; refused where the numbers are the same ones."""
        content = _content(self.kind, self.period, measures, lines, today=today)
        if (content.measures, content.lines) == self.numbers:
            raise Refused("restate_statistics: the numbers are those that stand; there is nothing to restate.")
        self.trigger_event(
            self.Restated,
            unit=self.unit,
            version=self.latest + 1,
            content=content,
            sha256=content.sha256,
            replaces=self.sha256,
            reached=reached,
            reason=catalogue.in_the_clear(reason, what="why the numbers are restated"),
            restated_by=officer,
            restated_on=today,
        )

    # Evolution

    @event(Frozen)
    def __init__(self, unit: str, content: Content, sha256: str) -> None:
        self.unit = unit
        self.kind = content.kind
        self.period = content.period
        self.numbers = (content.measures, content.lines)
        self.sha256 = sha256
        self.latest = 1

    @event(Restated)
    def _restated(self, version: int, content: Content, sha256: str) -> None:
        self.numbers = (content.measures, content.lines)
        self.sha256 = sha256
        self.latest = version


def _content(
    kind: str, period: str, measures: tuple[str, ...], counted: Sequence[CountedLine], *, today: date
) -> Content:
    """What a pack says of numbers counted today; refused where they can't be right."""
    since, until = days_of(kind, period)
    if set(measures) != MEASURES.keys() or len(measures) != len(MEASURES):
        raise Refused(f"Statistics are of exactly the measures {', '.join(MEASURES)}, each once.")
    if len(counted) > MOST_LINES:
        raise Refused(f"A pack holds {MOST_LINES} lines, one for each school.")
    if len({(line.township, line.school) for line in counted}) != len(counted):
        raise Refused("Each school stands in a pack once.")
    if len({line.school for line in counted if line.school}) != len([line for line in counted if line.school]):
        raise Refused("A school stands under one township.")
    if any(len(line.counts) != len(measures) or min(line.counts) < 0 for line in counted):
        raise Refused("A line needs a number for each measure, and nothing is counted below zero.")
    lines = tuple(
        Line(township=line.township, school=line.school, name=line.name, counts=line.counts)
        for line in sorted(counted, key=lambda line: (line.township, line.school))
    )
    for sums in compared(lines, measures=measures, always=True):
        if not sums.agrees:
            place = sums.place.school or sums.place.township or "the county"
            raise Refused(
                f"{sums.identity.name}: {sums.left} and {sums.right} at {place}; what was counted can't be right."
            )
    others = compared(lines, measures=measures, always=False)
    return Content(
        kind=msgspec.convert(kind, PeriodKind),
        period=period,
        since=since,
        until=until,
        counted_on=today,
        measures=measures,
        lines=lines,
        formulas=formulas_on(until),
        differing=sum(not each.agrees for each in others),
    )
