"""From events to rows, without I/O: the one fold that the projection and the supervisor's replay share.

A `Fold` says for one kind of row which events make it, which row an event is about, and what becomes of that row. After
the folds, `settle` makes what depends on rows of several producers follow from the rows alone: a child's open case, and
the township under which a row stands. So the order in which producers are heard leaves no trace: a case that is heard
of before its child, or a document before its case, ends in the same rows.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from gateway.readmodel.rows import Known, R, Row, Rows
from services.contracts.envelope import Envelope, Published, read_body

E_co = TypeVar("E_co", covariant=True)
Parts = Callable[["Told[Any]"], Iterable["Told[Any]"]]
NOTHING: Mapping[str, str] = MappingProxyType({})


class Opener(Protocol):
    """Opens sealed texts; the vault does."""

    def open(self, token: str, *, aggregate_id: UUID, version: int, stored_topic: str) -> str | None:
        """The text, or None where its person was erased."""
        ...

    def warm(self, tokens: Iterable[str]) -> None:
        """Fetches at once what opening these tokens will need."""
        ...


class Told(msgspec.Struct, Generic[E_co], frozen=True, gc=False):
    """One event as it was told; `opened` holds the personal texts a fold asked for, None where the person was erased."""

    envelope: Envelope
    event: E_co
    opened: Mapping[str, str] | None = NOTHING

    def __repr__(self) -> str:  # never what was opened
        return f"Told({self.envelope!r}, {self.event!r})"


def whole(told: Told[Any]) -> tuple[Told[Any], ...]:
    """An event that makes one row."""
    return (told,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold(Generic[R]):
    """How one kind of row comes of events; `about` reads the row's key from what was told.

    An event that tells of many rows at once, such as all children of a list, is taken apart by `parts`: each part says
    in words of its own what was told of one row, and `about` and `evolve` hear the parts.
    """

    row: type[R]
    events: tuple[type[Published], ...]
    about: Callable[[Told[Any]], UUID]
    evolve: Callable[[R | None, Told[Any]], R | None]
    parts: Parts = whole


Share = tuple[Fold[Any], UUID, Told[Any]]
"""What one fold hears of what was told: the event, or a part of it, and the key of the row it is about."""


def about(name: str) -> Callable[[Told[Any]], UUID]:
    """The key that stands in this field of the event."""

    key: Callable[[Told[Any]], UUID] = attrgetter(f"event.{name}")
    return key


def hear(
    envelopes: Iterable[Envelope], *, opener: Opener, personal: Mapping[type[Published], tuple[str, ...]]
) -> list[Told[Published]]:
    """Reads the bodies and opens the personal fields named in `personal`; unknown and private types are left out.

    Raises `msgspec.DecodeError` for a body that is not what its type says, and what the opener raises.
    """
    read = [
        (envelope, event, personal.get(type(event), ()))
        for envelope in envelopes
        if (event := read_body(envelope)) is not None
    ]
    opener.warm(getattr(event, name) for _, event, names in read for name in names)
    return [
        Told(envelope, event, _open(envelope, event, opener, names) if names else NOTHING)
        for envelope, event, names in read
    ]


def shares(told: Iterable[Told[Published]], *, folds: Sequence[Fold[Any]]) -> Iterator[Share]:
    """What each fold hears of what was told, in its order, with the key of the row it is about."""
    by_event: dict[type[Published], list[Fold[Any]]] = {}
    for fold in folds:
        for event in fold.events:
            by_event.setdefault(event, []).append(fold)
    for one in told:
        for fold in by_event.get(type(one.event), ()):
            if fold.parts is whole:
                yield fold, fold.about(one), one
            else:
                for part in fold.parts(one):
                    yield fold, fold.about(part), part


def project(told: Iterable[Told[Published]], *, folds: Sequence[Fold[Any]], known: Rows) -> Known:
    """The rows after these events, given the rows before."""
    return evolve(shares(told, folds=folds), known=known)


def evolve(heard: Iterable[Share], *, known: Rows) -> Known:
    """The rows after what their folds have heard, given the rows before."""
    rows = Known(known)
    for fold, key, part in heard:
        rows.evolve(fold.row, key, fold.evolve, part)
    return rows


def keys_of(heard: Iterable[Share]) -> dict[type[Row], set[UUID]]:
    """Which rows of which kind it is about."""
    keys: dict[type[Row], set[UUID]] = {}
    for fold, key, _ in heard:
        keys.setdefault(fold.row, set()).add(key)
    return keys


def named(events: Iterable[object], *, fields: Collection[str]) -> set[UUID]:
    """The ids that stand in these fields of events, or of their parts."""
    return {key for event in events for name in fields if (key := getattr(event, name, None)) is not None}


def _open(envelope: Envelope, event: Published, opener: Opener, names: tuple[str, ...]) -> Mapping[str, str] | None:
    opened: dict[str, str] = {}
    for name in names:
        text = opener.open(
            getattr(event, name),
            aggregate_id=envelope.aggregate_id,
            version=envelope.version,
            stored_topic=envelope.stored_topic,
        )
        if text is None:
            return None
        opened[name] = text
    return opened
