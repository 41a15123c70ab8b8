"""Between domain events and stored events: typed JSON, single fields sealed, who and when in columns beside it.

The stored state is plain JSON whose personal fields hold sealed tokens, so replay, SQL and proofs over the stored bytes
need no key. `class_version` stands in the state as `"v"` only from version 2 on; older states are upcast on reading by
the event class's `upcast_v1_v2(state)` and so on, and those of a later version than this program knows are not read.
"""

from dataclasses import MISSING, dataclass
from functools import cache
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import get_topic, resolve_topic

from services.chassis.aggregate import Personal
from services.chassis.sealing import SealBroken, read_token
from services.chassis.store import RecordedEvent
from services.chassis.vault import Vault


class StoredByALaterVersion(Exception):
    """This program is older than what it reads: it would drop what it doesn't know, so it reads nothing."""


class _Version(msgspec.Struct):
    """The version of a stored state, and nothing else of it."""

    v: int = 1


_version_of = msgspec.json.Decoder(_Version)
_BESIDE_THE_STATE = {"originator_id", "originator_version", "timestamp", "caused", "originator_id_type"}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What an event class keeps in its state; `record` has its fields and the version."""

    decoder: msgspec.json.Decoder[dict[str, Any]]
    record: Any
    fields: tuple[str, ...]
    personal: dict[str, str]
    class_version: int


@cache
def shape_of(event_class: type) -> _Shape:
    """The fields of an event class, and which of them are personal and whose."""
    hints = get_type_hints(event_class, include_extras=True)
    kept = {name: hint for name, hint in hints.items() if name not in _BESIDE_THE_STATE}
    personal = {}
    for name, hint in kept.items():
        if get_origin(hint) is Annotated:
            marks = [mark for mark in get_args(hint)[1:] if isinstance(mark, Personal)]
            if marks:
                personal[name] = marks[0].subject
    fields_of_state = [_field(event_class, name, hint) for name, hint in kept.items()]
    record = msgspec.defstruct("State", fields_of_state, kw_only=True, forbid_unknown_fields=False)
    fields = record.__struct_fields__
    stored = msgspec.defstruct("Stored", [("v", int, 1)], bases=(record,), kw_only=True)
    class_version = getattr(event_class, "class_version", 1)
    return _Shape(msgspec.json.Decoder(stored), stored, fields, personal, class_version)


def _field(event_class: type, name: str, hint: object) -> tuple[str, Any] | tuple[str, Any, Any]:
    """A field as the state has it; one that was added with a default is not in what was stored before."""
    default = getattr(event_class, name, MISSING)
    return (name, hint) if default is MISSING else (name, hint, default)


class SealingMapper(Mapper[UUID]):
    """The mapper of every service's events; raises `SealBroken` for a token that was moved or altered."""

    def __init__(self, *, vault: Vault) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self._vault = vault

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> RecordedEvent:
        """The event as it is stored; seals what is personal."""
        shape = shape_of(type(domain_event))
        topic = get_topic(type(domain_event))
        values = vars(domain_event)
        state = {name: value for name, value in values.items() if name not in _BESIDE_THE_STATE}
        for name, subject_field in shape.personal.items():
            state[name] = self._vault.seal(
                state[name],
                subject=values[subject_field],
                aggregate_id=domain_event.originator_id,
                version=domain_event.originator_version,
                stored_topic=topic,
                field=name,
            )
        if shape.class_version > 1:
            state["v"] = shape.class_version
        return RecordedEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=topic,
            state=msgspec.json.encode(state),
            caused=values["caused"],
            recorded_at=values["timestamp"],
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """The event with its personal fields opened; erased ones read `vault.ERASED`, restricted ones `vault.RESTRICTED`."""
        event = self.to_sealed_event(stored_event)
        state = vars(event)
        for name in shape_of(type(event)).personal:
            state[name] = self._opened(state[name], field=name, stored_event=stored_event)
        return event

    def to_sealed_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """The event with its personal fields left as sealed tokens: all a publisher needs."""
        if not isinstance(stored_event, RecordedEvent):
            message = "only recorded events can be read: they say who caused them"
            raise TypeError(message)
        event_class = resolve_topic(stored_event.topic)
        state = _read_state(event_class, stored_event.state)
        state["originator_id"] = stored_event.originator_id
        state["originator_version"] = stored_event.originator_version
        state["timestamp"] = stored_event.recorded_at
        state["caused"] = stored_event.caused
        event = object.__new__(event_class)
        object.__setattr__(event, "__dict__", state)
        return event  # type: ignore[no-any-return]  # the topic resolves to an event class

    def _opened(self, token: str, *, field: str, stored_event: StoredEvent) -> str:
        if token and read_token(token).field != field:
            raise SealBroken(f"a token of another field stands in {field}")
        text = self._vault.open(
            token,
            aggregate_id=cast("UUID", stored_event.originator_id),
            version=stored_event.originator_version,
            stored_topic=stored_event.topic,
        )
        return self._vault.word_for(token) if text is None else text


def _read_state(event_class: type, raw: bytes) -> dict[str, Any]:
    shape = shape_of(event_class)
    if shape.class_version > 1 and _version_of.decode(raw).v < shape.class_version:
        state = msgspec.json.decode(raw)
        for version in range(state.get("v", 1), shape.class_version):
            getattr(event_class, f"upcast_v{version}_v{version + 1}")(state)
        record = msgspec.convert(state, shape.record)
    else:
        record = shape.decoder.decode(raw)
    if record.v > shape.class_version:
        raise StoredByALaterVersion(f"{event_class.__qualname__} in version {record.v}; known is {shape.class_version}")
    return {name: getattr(record, name) for name in shape.fields}
