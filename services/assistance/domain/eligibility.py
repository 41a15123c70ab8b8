"""Whether a child is eligible in a category 资格认定 (N6.1), on any date, and on what ground.

There is one `Eligibility` per child and category; it begins and ends as often as its ground comes and goes. Days are
half open: it holds from `from_on` until the day before `until_on`, and no longer than its category is in force. Where a
department has recognised a child on its own authority, registers that fall silent don't end it; only that department's word does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID, uuid5

from services.assistance.domain.categories import CATEGORIES, Ground, Origin, Source
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of eligibility and its ground."""

    ground: Ground
    from_on: date
    until_on: date | None = None

    def meets(self, *, begins_on: date, ends_on: date) -> bool:
        """Whether it holds on any day from `begins_on` until the day before `ends_on`."""
        last = date.max if self.until_on is None else self.until_on
        return max(self.from_on, begins_on) < min(last, ends_on)


class Eligibility(RecordedAggregate):
    """One child in one category, over time."""

    TOPIC = "assistance.Eligibility"

    class Found(RecordedAggregate.Event, Created):
        """The child was found eligible for the first time 首次认定."""

        TOPIC = "assistance.Eligibility.Found"
        class_version: ClassVar[int] = 2
        child_id: UUID
        category: str
        source: Source
        ground: str
        legal_basis: str
        origin: Origin | None
        from_on: date

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a ground was read from."""
            state.update(origin=None)

    class FoundAgain(RecordedAggregate.Event):
        """The child was found eligible once more, or a department took the ground upon itself 再次认定."""

        TOPIC = "assistance.Eligibility.FoundAgain"
        class_version: ClassVar[int] = 2
        child_id: UUID
        category: str
        source: Source
        ground: str
        legal_basis: str
        origin: Origin | None
        from_on: date

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """At first nobody kept which row a ground was read from."""
            state.update(origin=None)

    class Ended(RecordedAggregate.Event):
        """The ground no longer holds 资格终止."""

        TOPIC = "assistance.Eligibility.Ended"
        child_id: UUID
        category: str
        until_on: date

    @staticmethod
    def id_of(*, child_id: UUID, category: str) -> UUID:
        """The id of a child's eligibility in a category: there is one."""
        return uuid5(child_id, f"eligibility/{category}")

    @classmethod
    def recognise(cls, *, child_id: UUID, ground: Ground, from_on: date) -> Self:
        """Recognises a child that never was in this category."""
        return cls._create(
            cls.Found,
            id=cls.id_of(child_id=child_id, category=ground.category),
            child_id=child_id,
            category=ground.category,
            source=ground.source,
            ground=ground.words,
            legal_basis=ground.legal_basis,
            origin=ground.origin,
            from_on=from_on,
        )

    def recognise_again(self, *, ground: Ground, from_on: date) -> None:
        """Recognises the child again; nothing is new while the same source, or a department, says so already."""
        if self.standing is not None and self.standing.ground.source in {ground.source, "department"}:
            return
        self.trigger_event(
            self.FoundAgain,
            child_id=self.child_id,
            category=self.category,
            source=ground.source,
            ground=ground.words,
            legal_basis=ground.legal_basis,
            origin=ground.origin,
            from_on=from_on,
        )

    def end(self, *, until_on: date) -> None:
        """Ends the eligibility with the day before `until_on`; refused where it doesn't hold."""
        if self.standing is None:
            raise Refused("This eligibility has ended already; it can be found again on a new ground (N6.1).")
        self.trigger_event(
            self.Ended,
            child_id=self.child_id,
            category=self.category,
            until_on=max(until_on, self.standing.from_on),
        )

    def fall_silent(self, *, until_on: date) -> None:
        """The registers no longer state it: ends what stood on their word alone."""
        if self.standing is not None and self.standing.ground.source == "roster":
            self.end(until_on=until_on)

    @property
    def standing(self) -> Span | None:
        """The stretch that has not ended, if there is one."""
        return self.spans[-1] if self.spans[-1].until_on is None else None

    def held_during(self, *, begins_on: date, ends_on: date) -> Span | None:
        """The latest stretch that holds, its category in force, on any day from `begins_on` until the day before `ends_on`."""
        lapses_on = CATEGORIES.lapses_on(self.category)
        ends_on = ends_on if lapses_on is None else min(ends_on, lapses_on)
        return next((span for span in reversed(self.spans) if span.meets(begins_on=begins_on, ends_on=ends_on)), None)

    @event(Found)
    def __init__(
        self,
        child_id: UUID,
        category: str,
        source: Source,
        ground: str,
        legal_basis: str,
        origin: Origin | None,
        from_on: date,
    ) -> None:
        self.child_id = child_id
        self.category = category
        self.spans: list[Span] = []
        self._begin(source, ground, legal_basis, origin, from_on)

    @event(FoundAgain)
    def _found_again(self, source: Source, ground: str, legal_basis: str, origin: Origin | None, from_on: date) -> None:
        self._begin(source, ground, legal_basis, origin, from_on)

    @event(Ended)
    def _ended(self, until_on: date) -> None:
        self._close(until_on)

    def _begin(self, source: Source, ground: str, legal_basis: str, origin: Origin | None, from_on: date) -> None:
        self._close(from_on)
        found = Ground(category=self.category, source=source, words=ground, legal_basis=legal_basis, origin=origin)
        self.spans.append(Span(found, from_on))

    def _close(self, until_on: date) -> None:
        if self.spans and self.spans[-1].until_on is None:
            self.spans[-1] = replace(self.spans[-1], until_on=until_on)


def assess(
    *, child_id: UUID, known: Mapping[str, Eligibility], stated: Mapping[str, Ground], on: date
) -> list[Eligibility]:
    """What the registers' statement of a day makes of a child's eligibility: found, found again, or ended.

    `known` are the child's eligibilities by category, `stated` the grounds of that day; returns those that changed.
    """
    for category, eligibility in known.items():
        if category in stated:
            eligibility.recognise_again(ground=stated[category], from_on=on)
        else:
            eligibility.fall_silent(until_on=on)
    first = [
        Eligibility.recognise(child_id=child_id, ground=ground, from_on=on)
        for category, ground in stated.items()
        if category not in known
    ]
    return [eligibility for eligibility in (*known.values(), *first) if eligibility.pending_events]
