"""What tests of the roster have in common: somebody acting on a day, and a child as a comparison states it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar, cast
from uuid import UUID, uuid4

from services.chassis.aggregate import Caused, RecordedAggregate, acting
from services.chassis.application import fold
from services.roster.domain.child import Child
from services.roster.domain.facts import Ground, Identity, Links, Residence, RowLink, RowPlace
from services.roster.domain.findings import Officer

A = TypeVar("A", bound=RecordedAggregate)

MONDAY = date(2026, 9, 14)
BATCH = UUID("c3a1d0f2-8f65-5a52-9a55-0b1b8f9c1a01")
CHILD = UUID("7d0f2a52-3c1b-4a8e-9a55-0d9b6f5c1e01")
OTHER_CHILD = UUID("0b0c7a86-51f1-4f0e-8a2d-6a3a0f0a7e02")
SCHOOL = "3141000300"
OTHER_SCHOOL = "3141000301"
GROUND = Ground(register="hukou", batch_id=BATCH, row=7, rule="single_row")
IDENTITY = Identity("燕归来", "41032620150607059X", "2015-06-07", "female", "燕青", "15400000000")
POLICE = "public_security:410326"
BUREAU = "education_bureau:410326"
CONSTABLE = Officer("constable-1", POLICE)
CLERK = Officer("officer-1", BUREAU)
SECTION_HEAD = Officer("officer-2", BUREAU)
TEACHER = Officer("teacher-1", f"school:{SCHOOL}")
RESIDENCE = Residence(household_id=None, township="410326103", village="小店村")


def linked_rows(
    *registers: str, batch_id: UUID = BATCH, rule: str = "name exact, birth same", score: float = 0.99
) -> tuple[tuple[Ground, ...], Links]:
    """A child's rows, one of each register, and the first linked with each other one."""
    first, *others = [RowPlace(register, batch_id, 1) for register in registers]
    grounds = tuple(Ground(place.register, place.batch_id, place.row, rule) for place in (first, *others))
    return grounds, tuple(RowLink(first, other, rule, score) for other in others)


@contextmanager
def acting_on(
    day: date = MONDAY, *, person: str = "officer-1", unit: str = "education_bureau:410326"
) -> Iterator[Caused]:
    """Somebody acts at noon in China on a day; the comparison's clerk where nobody else is named."""
    caused = Caused(
        actor=person,
        department=unit,
        purpose="dropout_control",
        at=datetime.combine(day, time(4, 0), tzinfo=UTC),
        command_id=uuid4(),
        correlation_id=uuid4(),
    )
    with acting(caused):
        yield caused


def days(number: int) -> timedelta:
    """So many calendar days."""
    return timedelta(days=number)


def a_child(*, child_id: UUID = CHILD, identity: Identity = IDENTITY, residence: Residence = RESIDENCE) -> Child:
    """A child just taken in."""
    with acting_on():
        return Child.register(child_id=child_id, identity=identity, residence=residence, grounds=(GROUND,))


def replayed(aggregate: A, *, until: int | None = None) -> A:
    """The aggregate as its first events alone tell of it."""
    return cast("A", fold(None, list(aggregate.pending_events)[:until]))


def happened(aggregate: RecordedAggregate) -> list[str]:
    """What an aggregate has recorded, by name, since it was taken in."""
    return [type(event).__name__ for event in aggregate.pending_events][1:]


def state_of(aggregate: RecordedAggregate) -> dict[str, object]:
    """Everything an aggregate knows, without what it has yet to store."""
    return {name: value for name, value in vars(aggregate).items() if name != "_pending_events"}
