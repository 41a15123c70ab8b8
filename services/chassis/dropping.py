"""A parked message is dropped: a person's decision, and so an event of the service that will never act on the message.

Row and event are written in one transaction, together with the tracking under which a retry would have had its effect:
a message is either handled or dropped, whoever comes first. What the event says names nobody: kinds, ids, places, and the
person's own words, which are asked for without names.
"""

from typing import Any
from uuid import UUID, uuid5

import msgspec
from eventsourcing.persistence import Tracking
from eventsourcing.utils import get_topic

from services.chassis import parking
from services.chassis.aggregate import Caused, Created, RecordedAggregate, acting, event
from services.chassis.errors import Refused
from services.chassis.mapper import shape_of
from services.chassis.parking import NO_POSITION, Connection, Parked
from services.chassis.store import AlreadyTracked, RecordedEvent, append
from services.contracts.envelope import MessageDropped


class ParkedMessage(RecordedAggregate):
    """A message that a service parked 暂存 and a person decided about."""

    TOPIC = "chassis.ParkedMessage"

    class Dropped(RecordedAggregate.Event, Created):
        """It will never have an effect here 弃置."""

        TOPIC = "chassis.ParkedMessage.Dropped"
        message_id: UUID
        producer: str
        type: str
        place: int
        error: str
        why: str

    @classmethod
    def drop(cls, parked: Parked, *, why: str) -> "ParkedMessage":
        """Decides that a parked message is never to have an effect; refused where nobody says why."""
        if not why.strip():
            raise Refused("Dropping a message is a decision that is kept: say why.")
        return cls._create(
            cls.Dropped,
            id=uuid5(parked.id, parked.reader),
            message_id=parked.id,
            producer=parked.producer,
            type=parked.type,
            place=parked.place,
            error=parked.error,
            why=why.strip(),
        )

    @event(Dropped)
    def __init__(self, message_id: UUID, producer: str, type: str, place: int, error: str, why: str) -> None:  # noqa: A002
        self.message_id = message_id
        self.producer = producer
        self.type = type
        self.place = place
        self.error = error
        self.why = why


def publish(dropped: ParkedMessage.Dropped) -> MessageDropped:
    """What others are told: every word of it."""
    return MessageDropped(
        message_id=dropped.message_id,
        producer=dropped.producer,
        type=dropped.type,
        place=dropped.place,
        error=dropped.error,
        why=dropped.why,
    )


def drop(connection: Connection, parked: Parked, *, why: str, caused: Caused) -> None:
    """Drops a message that a service has parked in this database, and records that in the service's event store.

    Raises `Refused` where it waits no longer: it was dropped, or has had its effect at this very moment.
    """
    with acting(caused):
        dropped = ParkedMessage.drop(parked, why=why)
    try:
        with connection.transaction():
            append(
                connection,
                events=[_stored(event) for event in dropped.collect_events()],
                tracking=Tracking(parked.outcome, NO_POSITION),
            )
            parking.drop(connection, reader=parked.reader, id=parked.id, at=caused.at, by=caused.actor, why=dropped.why)
    except AlreadyTracked:
        raise Refused("This message waits no longer: it was dropped, or has had its effect just now.") from None


def _stored(event: Any) -> RecordedEvent:
    """The event as the mapper would store it; it has nothing to seal."""
    event_class: type = type(event)
    return RecordedEvent(
        originator_id=event.originator_id,
        originator_version=event.originator_version,
        topic=get_topic(event_class),
        state=msgspec.json.encode({name: getattr(event, name) for name in shape_of(event_class).fields}),
        caused=event.caused,
        recorded_at=event.timestamp,
    )
