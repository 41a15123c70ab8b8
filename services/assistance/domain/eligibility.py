"""Whether a child is eligible in a category 资格认定 (N6.1), on any date, and on what ground.

There is one `Eligibility` per child and category; it begins and ends as often as its ground comes and goes. Days are
half open: it holds from `from_on` until the day before `until_on`, and no longer than its category is in force. Where a
department has recognised a child on its own authority, registers that fall silent don't end it; only that department's word does.

Of a monitored household 监测对象 the register tells days of its own: it is eligible since it is monitored, and until the day
its risk was removed 风险消除, which may both lie before the day on which that is heard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID, uuid5

from services.assistance.domain.categories import CATEGORIES, Ground, Origin, Said, Source
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
        """The ground no longer holds 资格终止; `ground` and `origin` are what says so, where anything does."""

        TOPIC = "assistance.Eligibility.Ended"
        child_id: UUID
        category: str
        until_on: date
        ground: str = ""
        origin: Origin | None = None

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
        """Recognises the child again; nothing is new while the same source says so already, from that day on, or a department does."""
        standing = self.standing
        if standing is not None and standing.ground.source == "department":
            return
        if standing is not None and standing.ground.source == ground.source and standing.from_on <= from_on:
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
        self._end(until_on)

    def hear(self, said: Said | None, *, on: date) -> None:
        """Takes what the registers say of it on a day, None where they don't name it any more; a department's word stands.

        Stretches never overlap: what had ended before they say it again stays ended.
        """
        if said is None:
            self._fall_silent(on)
        elif said.until is not None:
            self._fall_silent(said.until, by=said.ground)
        else:
            since = said.since or (on if self.standing is None else self.standing.from_on)
            over = (span.until_on for span in self.spans if span.until_on is not None and span.from_on < span.until_on)
            ended_on = max(over, default=since)
            self.recognise_again(ground=said.ground, from_on=max(since, ended_on))

    def _fall_silent(self, until_on: date, *, by: Ground | None = None) -> None:
        """Ends what stood on the registers' word alone."""
        if self.standing is not None and self.standing.ground.source == "roster":
            self._end(until_on, by=by)

    def _end(self, until_on: date, *, by: Ground | None = None) -> None:
        """Ends the stretch that stands, at the earliest on the day it began."""
        begun_on = self.spans[-1].from_on
        self.trigger_event(
            self.Ended,
            child_id=self.child_id,
            category=self.category,
            until_on=max(until_on, begun_on),
            ground="" if by is None else by.words,
            origin=None if by is None else by.origin,
        )

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
            self.spans[-1] = replace(self.spans[-1], until_on=max(until_on, self.spans[-1].from_on))


def assess(
    *, child_id: UUID, known: Mapping[str, Eligibility], stated: Mapping[str, Said], on: date
) -> list[Eligibility]:
    """What the registers' statement of a day makes of a child's eligibility: found, found again, or ended.

    `known` are the child's eligibilities by category, `stated` what the registers say that day; returns those that changed.
    """
    for category, eligibility in known.items():
        eligibility.hear(stated.get(category), on=on)
    first: list[Eligibility] = []
    for category, said in stated.items():
        since = said.since or on
        if category in known or (said.until is not None and said.until <= since):
            continue
        eligibility = Eligibility.recognise(child_id=child_id, ground=said.ground, from_on=since)
        eligibility.hear(said, on=on)
        first.append(eligibility)
    return [eligibility for eligibility in (*known.values(), *first) if eligibility.pending_events]
