"""What the registers counted on a day 四查三比对, as rows: one for a day and a township, its villages within."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

import msgspec

from gateway.readmodel.fold import Fold, Told
from gateway.readmodel.rows import Row
from services.contracts.divisions import TOWNSHIPS
from services.contracts.roster import BatchCompared, FourChecksCounted, PlaceCounts


class FourChecks(Row, frozen=True, kw_only=True):
    """The counts of one township's villages as of a day, and the batches that were compared."""

    TABLE: ClassVar[str] = "four_checks"
    KEY: ClassVar[str] = "check_id"
    check_id: UUID
    township: str
    as_of: date
    counted_at: datetime
    places: tuple[PlaceCounts, ...] = ()
    batches: tuple[BatchCompared, ...] = ()


class OfTownship(msgspec.Struct, frozen=True, kw_only=True):
    """A day's counts of one township."""

    township: str
    as_of: date
    places: tuple[PlaceCounts, ...]
    batches: tuple[BatchCompared, ...]


def by_township(told: Told[FourChecksCounted]) -> Iterator[Told[OfTownship]]:
    """The counts of each township, of those too in which there is nothing to count any more."""
    places: dict[str, list[PlaceCounts]] = defaultdict(list)
    for place in told.event.places:
        places[place.township].append(place)
    for township in sorted(places.keys() | TOWNSHIPS.keys()):
        counts = OfTownship(
            township=township,
            as_of=told.event.as_of,
            places=tuple(places.get(township, ())),
            batches=told.event.batches,
        )
        yield Told(told.envelope, counts)


def four_checks(_: FourChecks | None, told: Told[OfTownship]) -> FourChecks:
    """The last counts of a day."""
    event = told.event
    return FourChecks(
        check_id=check_id(told),
        township=event.township,
        as_of=event.as_of,
        counted_at=told.envelope.recorded_at,
        places=event.places,
        batches=event.batches,
    )


def check_id(told: Told[OfTownship]) -> UUID:
    """The id of a township's counts of a day: there is one."""
    return uuid5(told.envelope.aggregate_id, told.event.township)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=FourChecks, events=(FourChecksCounted,), about=check_id, evolve=four_checks, parts=by_township),
)
