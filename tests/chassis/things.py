"""A little service of things, through which the chassis is tested: one aggregate, one personal field, one private event."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid4

from services.chassis.aggregate import Caused, Created, Personal, RecordedAggregate, acting, event
from services.chassis.application import Answer, RecordedApplication, Request
from services.chassis.errors import Forbidden, Refused
from services.contracts.envelope import Published, Sealed

NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)
ASKED = Request("begin-thing", b"1" * 32)


def somebody(*, command_id: UUID | None = None, at: datetime = NOON) -> Caused:
    """An officer at noon in China."""
    return Caused(
        actor="officer-1",
        department="education_bureau:410326",
        purpose="dropout_control",
        at=at,
        command_id=command_id or uuid4(),
        correlation_id=uuid4(),
    )


@contextmanager
def acted() -> Iterator[Caused]:
    """Somebody acts."""
    with acting(somebody()) as caused:
        yield caused


class Thing(RecordedAggregate):
    """Something of somebody."""

    TOPIC = "things.Thing"

    class Begun(RecordedAggregate.Event, Created):
        """The thing became known."""

        TOPIC = "things.Thing.Begun"
        owner_id: UUID
        name: Annotated[str, Personal("owner_id")]

    class Told(RecordedAggregate.Event):
        """Something was said of it."""

        TOPIC = "things.Thing.Told"
        words: str

    class Hidden(RecordedAggregate.Event):
        """The service's own matter."""

        TOPIC = "things.Thing.Hidden"

    class Measured(RecordedAggregate.Event):
        """It was measured; until version 2 in whole metres, and nobody said by whom."""

        TOPIC = "things.Thing.Measured"
        class_version: ClassVar[int] = 3
        centimetres: int
        by: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["centimetres"] = 100 * state.pop("metres")

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            state["by"] = "unknown"

    @classmethod
    def begin(cls, *, owner_id: UUID, name: str, thing_id: UUID | None = None) -> "Thing":
        """Takes a thing in."""
        return cls._create(cls.Begun, id=thing_id or uuid4(), owner_id=owner_id, name=name)

    def tell(self, words: str) -> None:
        """Says something of it; refused where there is nothing to say."""
        if not words:
            raise Refused("A thing is told of in words.")
        self.trigger_event(self.Told, words=words)

    def hide(self) -> None:
        """Does something that is nobody's matter."""
        self.trigger_event(self.Hidden)

    def measure(self, *, centimetres: int, by: str) -> None:
        """Measures it."""
        self.trigger_event(self.Measured, centimetres=centimetres, by=by)

    @event(Begun)
    def __init__(self, owner_id: UUID, name: str) -> None:
        self.owner_id = owner_id
        self.name = name
        self.told: list[str] = []
        self.centimetres = 0
        self.measured_by = ""

    @event(Told)
    def _told(self, words: str) -> None:
        self.told.append(words)

    @event(Hidden)
    def _hidden(self) -> None:
        pass

    @event(Measured)
    def _measured(self, centimetres: int, by: str) -> None:
        self.centimetres = centimetres
        self.measured_by = by


class Label(RecordedAggregate):
    """Another kind of aggregate."""

    TOPIC = "things.Label"

    class Printed(RecordedAggregate.Event, Created):
        """It came out of the printer."""

        TOPIC = "things.Label.Printed"
        text: str

    @event(Printed)
    def __init__(self, text: str) -> None:
        self.text = text


class ThingBegun(Published, frozen=True, kw_only=True):
    """A thing became known."""

    TYPE: ClassVar[str] = "things.thing-begun.v1"
    thing_id: UUID
    name: Sealed


class ThingTold(Published, frozen=True, kw_only=True):
    """Something was said of a thing."""

    TYPE: ClassVar[str] = "things.thing-told.v1"
    thing_id: UUID
    words: str


def publish(event: object) -> Published | None:
    """What others are told."""
    match event:
        case Thing.Begun():
            return ThingBegun(thing_id=event.originator_id, name=Sealed(event.name))
        case Thing.Told():
            return ThingTold(thing_id=event.originator_id, words=event.words)
        case _:
            return None


class Things(RecordedApplication):
    """Everything that can be asked of things."""

    def begin_thing(self, *, owner_id: UUID, name: str, thing_id: UUID | None = None) -> Answer:
        """Takes a thing in."""
        return self.record(Thing.begin(owner_id=owner_id, name=name, thing_id=thing_id))

    def tell_thing(self, *, thing_id: UUID, words: str) -> Answer:
        """Says something of a thing."""
        thing = self.get(Thing, thing_id)
        thing.tell(words)
        return self.record(thing)

    def give_thing_away(self, *, thing_id: UUID) -> Answer:
        """Is allowed to nobody."""
        self.get(Thing, thing_id)
        raise Forbidden("Things are kept.")
