"""Statistics 统计报表 as rows: each version of a frozen pack, and how many entered a school in a year by its last paper."""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID, uuid5

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import Row
from services.contracts.statistics import EntryCohortStated, StatisticsContent, StatisticsFrozen, StatisticsRestated

PackEvent = StatisticsFrozen | StatisticsRestated


class StatisticsPack(Row, frozen=True, kw_only=True):
    """One version of a pack; it never changes, and which is the latest says its number."""

    TABLE: ClassVar[str] = "statistics_pack"
    KEY: ClassVar[str] = "version_id"
    version_id: UUID
    pack_id: UUID
    township: str = ""
    """The bureau's area; no one township's matter."""
    unit: str = ""
    version: int = 1
    kind: str = ""
    period: str = ""
    counted_on: date | None = None
    differing: int = 0
    content: StatisticsContent | None = None
    sha256: str = ""
    replaces: str = ""
    reached: tuple[str, ...] = ()
    reason: str = ""
    made_by: str = ""
    made_on: date | None = None


class EntryCohort(Row, frozen=True, kw_only=True):
    """How many entered a school in a year."""

    TABLE: ClassVar[str] = "entry_cohort"
    KEY: ClassVar[str] = "cohort_id"
    cohort_id: UUID
    township: str = ""
    """The bureau's area."""
    school: str = ""
    entered: int = 0
    pupils: int = 0
    paper: str = ""
    stated_by: str = ""
    stated_on: date | None = None


def version_id(told: Told[PackEvent]) -> UUID:
    """The id of a pack's version: there is one of a number."""
    event = told.event
    return uuid5(event.pack_id, str(event.version if isinstance(event, StatisticsRestated) else 1))


def pack(_: StatisticsPack | None, told: Told[PackEvent]) -> StatisticsPack:
    """A version as it was made."""
    event = told.event
    content = event.content
    row = StatisticsPack(
        version_id=version_id(told),
        pack_id=event.pack_id,
        township=event.unit.partition(":")[2],
        unit=event.unit,
        kind=content.kind,
        period=content.period,
        counted_on=content.counted_on,
        differing=content.differing,
        content=content,
        sha256=event.sha256,
        reached=tuple(f"{each.service}:{each.position}" for each in event.reached),
    )
    match event:
        case StatisticsFrozen():
            return replace(row, made_by=event.frozen_by, made_on=event.frozen_on)
        case StatisticsRestated():
            return replace(
                row,
                version=event.version,
                replaces=event.replaces,
                reason=event.reason,
                made_by=event.restated_by,
                made_on=event.restated_on,
            )
        case _:
            assert_never(event)


def entry_cohort(_: EntryCohort | None, told: Told[EntryCohortStated]) -> EntryCohort:
    """The last number that was stated."""
    event = told.event
    return EntryCohort(
        cohort_id=event.cohort_id,
        township=event.unit.partition(":")[2],
        school=event.school,
        entered=event.entered,
        pupils=event.pupils,
        paper=event.paper,
        stated_by=event.stated_by,
        stated_on=event.stated_on,
    )


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=StatisticsPack, events=get_args(PackEvent), about=version_id, evolve=pack),
    Fold(row=EntryCohort, events=(EntryCohortStated,), about=about("cohort_id"), evolve=entry_cohort),
)
