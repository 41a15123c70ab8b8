"""The envelope around every published event, and the registry of wire types.

The envelope stands in the clear: who acted, when, on what ground, caused by what. The body is a published event of
the producer's contract; what is personal in it is sealed text that only the vault can open, and opens only as the
field of the event it was written for (`stored_topic`, `aggregate_id`, `version`).
"""

from datetime import datetime
from typing import Any, ClassVar, Final, NewType
from uuid import UUID, uuid5

import msgspec

Sealed = NewType("Sealed", str)
"""A personal text under its person's key: `sealed:1:…`; see `chassis.vault`. Empty where nothing is known."""


PRIVATE: Final = ".private.v1"
"""Ends the type of an event that means nothing to others; its body is empty, its position counts."""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What a service tells others: past tense, named in full, with its wire type pinned."""

    TYPE: ClassVar[str]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One published event on its way.

    `position` is the producer's notification id: it rises within a producer, with holes, and is what consumers track.
    `id` is derived from the aggregate and its version, so a re-publication is the same event.
    """

    id: UUID
    type: str
    producer: str
    position: int
    aggregate_id: UUID
    version: int
    stored_topic: str
    recorded_at: datetime
    actor: str
    department: str
    purpose: str
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    trace: str
    body: msgspec.Raw


def event_id(aggregate_id: UUID, version: int) -> UUID:
    """The id of an aggregate's n-th event, the same for ever."""
    return uuid5(aggregate_id, str(version))


def wire_types() -> dict[str, type[Published]]:
    """All wire types by name, from the contract modules that are imported."""
    return {published.TYPE: published for published in Published.__subclasses__()}


_decoders: dict[str, msgspec.json.Decoder[Published]] = {}


def read_body(envelope: Envelope) -> Published | None:
    """The published event within, or None where its type is not known here: what is new is not for us yet."""
    decoder = _decoders.get(envelope.type)
    if decoder is None:
        published = None if envelope.type.endswith(PRIVATE) else wire_types().get(envelope.type)
        if published is None:
            return None
        decoder = _decoders[envelope.type] = msgspec.json.Decoder(published)
    return decoder.decode(envelope.body)


def schema_of(published: type[Published]) -> dict[str, Any]:
    """The JSON Schema of a wire type, as kept under `schemas/`."""
    schema = msgspec.json.schema(published)
    return {"$id": published.TYPE, **schema}
