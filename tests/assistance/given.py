"""What tests of assistance have in common: acting on a day, and the application over a store in memory."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.assistance.application import Assistance
from services.assistance.domain.categories import CATEGORIES, Ground, Said
from services.assistance.domain.eligibility import Eligibility
from services.assistance.publisher import publish
from services.chassis.aggregate import Caused, RecordedAggregate, acting
from services.chassis.application import Answer
from services.contracts.envelope import Envelope, Published, event_id

DAY = date(2026, 9, 14)
CHILD = UUID("3f0c6a58-2d43-4b7e-8a41-6e6a5d5b0c01")
CASE = UUID("5b1f7a2c-90de-4a7b-9d43-0a4fb4c6de02")
EVIDENCE = "blob:" + "0123456789abcdef" * 4


@contextmanager
def acting_on(day: date, *, department: str = "education_bureau:410326", actor: str = "officer-1") -> Iterator[Caused]:
    """Somebody acts at noon in China on a day."""
    caused = Caused(
        actor=actor,
        department=department,
        purpose="assistance",
        at=datetime.combine(day, time(4, 0), tzinfo=UTC),
        command_id=uuid4(),
        correlation_id=uuid4(),
    )
    with acting(caused):
        yield caused


def poor(*, child_id: UUID = CHILD, category: str = "near_poverty", from_on: date = DAY) -> Eligibility:
    """A child eligible by the poverty register's word."""
    ground = Ground(category=category, source="roster", words="poverty register: 边缘易致贫户", legal_basis="law")
    with acting_on(from_on):
        return Eligibility.recognise(child_id=child_id, ground=ground, from_on=from_on)


def grounds(*categories: str, on: date = DAY) -> dict[str, Said]:
    """What the registers say on a day."""
    bases = {code: CATEGORIES.get(code, on=on).legal_basis for code in categories}
    return {
        code: Said(Ground(category=code, source="roster", words=code, legal_basis=basis))
        for code, basis in bases.items()
    }


def replayed(aggregate: RecordedAggregate) -> Any:
    """The aggregate as its pending events alone make it, and without any event pending."""
    again: Any = None
    for event in list(aggregate.pending_events):
        again = event.mutate(again)
    return again


class AssistanceInMemory(Assistance):
    """Assistance over lists of events; what it records can be read as published."""

    def __init__(self) -> None:
        self.stored: list[Any] = []

    def find(self, kind: type[Any], id: UUID, *, version: int | None = None) -> Any:  # noqa: A002
        aggregate: Any = None
        for event in self.stored:
            if event.originator_id == id and (version is None or event.originator_version <= version):
                aggregate = event.mutate(aggregate)
        return aggregate if isinstance(aggregate, kind) else None

    def find_all(self, kind: type[Any], ids: Iterable[UUID]) -> dict[UUID, Any]:
        return {id_: found for id_ in ids if (found := self.find(kind, id_)) is not None}

    def record(self, *aggregates: RecordedAggregate, answer: UUID | None = None) -> Answer:
        answered = answer or aggregates[0].id
        for aggregate in aggregates:
            for event in aggregate.collect_events():
                assert event.originator_version == 1 + sum(e.originator_id == aggregate.id for e in self.stored)
                self.stored.append(event)
        return Answer(answered, len(self.stored))

    @property
    def told(self) -> list[Published]:
        """What others were told so far."""
        return [published for event in self.stored if (published := publish(event)) is not None]


def heard(
    event: Published, *, aggregate_id: UUID, version: int = 1, producer: str = "cases", position: int = 1
) -> Envelope:
    """The envelope in which a message arrives."""
    return Envelope(
        id=event_id(aggregate_id, version),
        type=event.TYPE,
        producer=producer,
        position=position,
        aggregate_id=aggregate_id,
        version=version,
        stored_topic="",
        recorded_at=datetime(2026, 9, 14, 4, 0, tzinfo=UTC),
        actor="officer-1",
        department="education_bureau:410326",
        purpose="dropout_control",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=None,
        trace="",
        body=msgspec.Raw(msgspec.json.encode(event)),
    )
