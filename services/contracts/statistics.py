"""What cases tells of statistics 统计报表: packs frozen and restated, and how many entered school in a year. Nobody is named in it."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from services.contracts.envelope import Published


class StatisticsLine(msgspec.Struct, frozen=True, kw_only=True):
    """One school's numbers, or those of a township that are of no school; `counts` in the order of the measures."""

    township: str
    school: str
    name: str
    counts: tuple[int, ...]


class StatisticsFormula(msgspec.Struct, frozen=True, kw_only=True):
    """The formula of a figure as it was in force: measures with their signs above and below, and its basis 指标口径."""

    id: str
    figure: str
    name: str
    numerator: Mapping[str, int]
    denominator: Mapping[str, int]
    better: str
    from_on: date
    legal_basis: str
    source: str
    target: str
    until_on: date | None


class CountedTo(msgspec.Struct, frozen=True, kw_only=True):
    """How far of a service's events the numbers were counted."""

    service: str
    position: int


class StatisticsContent(msgspec.Struct, frozen=True, kw_only=True):
    """All that a pack says; `kind` is monthly, quarterly, term or year, `differing` how many sums don't agree 勾稽不符."""

    kind: str
    period: str
    since: date
    until: date
    counted_on: date
    measures: tuple[str, ...]
    lines: tuple[StatisticsLine, ...]
    formulas: tuple[StatisticsFormula, ...]
    differing: int


class StatisticsFrozen(Published, frozen=True, kw_only=True):
    """The pack of a period was frozen 定格."""

    TYPE: ClassVar[str] = "cases.statistics-frozen.v1"
    pack_id: UUID
    unit: str
    content: StatisticsContent
    sha256: str
    reached: tuple[CountedTo, ...]
    frozen_by: str
    frozen_on: date


class StatisticsRestated(Published, frozen=True, kw_only=True):
    """A pack was restated 更正; what it takes the place of stands beside it."""

    TYPE: ClassVar[str] = "cases.statistics-restated.v1"
    pack_id: UUID
    unit: str
    version: int
    content: StatisticsContent
    sha256: str
    replaces: str
    reached: tuple[CountedTo, ...]
    reason: str
    restated_by: str
    restated_on: date


class EntryCohortStated(Published, frozen=True, kw_only=True):
    """How many children entered a school in a year was stated 入学基数登记, by a paper; the last number holds."""

    TYPE: ClassVar[str] = "cases.entry-cohort-stated.v1"
    cohort_id: UUID
    unit: str
    school: str
    entered: int
    pupils: int
    paper: str
    stated_by: str
    stated_on: date
