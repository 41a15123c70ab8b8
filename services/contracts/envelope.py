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


class Published(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a service tells others: past tense, named in full, with its wire type pinned.

    Frozen as it is, it makes no circles; without `gc=False` Python would look for some in every event that is replayed.
    """

    TYPE: ClassVar[str]


class MessageDropped(Published, frozen=True, kw_only=True):
    """A person decided that a message which this service could not digest will never have an effect here 弃置.

    Any producer may tell it, in the same words: on its way its type is `<producer>.message-dropped.v1`. `message_id` is
    the event that was dropped (or what the log calls a record that can't be read, whose `type` is then empty),
    `producer` and `place` where it came from, `error` the kind of what befell it, `why` the person's words, naming nobody.
    """

    TYPE: ClassVar[str] = "message-dropped.v1"
    message_id: UUID
    producer: str
    type: str
    place: int
    error: str
    why: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


def told_as(published: Published | None, *, producer: str) -> str:
    """The type under which a producer tells this; None is what means nothing to others."""
    if published is None:
        return f"{producer}{PRIVATE}"
    return f"{producer}.{published.TYPE}" if isinstance(published, MessageDropped) else published.TYPE


_decoders: dict[str, msgspec.json.Decoder[Published]] = {}


def read_body(envelope: Envelope) -> Published | None:
    """The published event within, or None where its type is not known here: see `is_known_otherwise`."""
    decoder = _decoders.get(envelope.type)
    if decoder is None:
        published = None if envelope.type.endswith(PRIVATE) else wire_types().get(_shared(envelope.type))
        if published is None:
            return None
        decoder = _decoders[envelope.type] = msgspec.json.Decoder(published)
    return decoder.decode(envelope.body)


def is_known_otherwise(name: str) -> bool:
    """Whether a wire type is known here in another version only: it matters here, and a newer program can read it.

    What is not known at all is not for us.
    """
    known = wire_types()
    return _shared(name) not in known and _stem(_shared(name)) in set(map(_stem, known))


def _shared(name: str) -> str:
    """A wire type that any producer may tell, without the producer; another one as it is."""
    unprefixed = name.partition(".")[2]
    return unprefixed if _stem(unprefixed) == _stem(MessageDropped.TYPE) else name


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def schema_of(published: type[Published]) -> dict[str, Any]:
    """The JSON Schema of a wire type, as kept under `schemas/`."""
    schema = msgspec.json.schema(published)
    return {"$id": published.TYPE, **schema}
