"""The application of a service: its commands load, decide and record; once each, however often they are asked.

Three ways lead in, all through here:

- `obey` carries out a request of somebody outside. The first answer to a command id is kept in the same transaction as
  its events, so a retry gets that answer and changes nothing.
- `hear` carries out a policy's reaction to one message. Whatever the reaction records is stored in one transaction with
  the tracking of that message, so redelivery changes nothing. A `Page` does so for many messages in one transaction.
- `record`, called by commands, writes down what aggregates have decided. Within `hear` and `together` it collects instead.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import TypeVar, cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import CanMutateAggregate
from eventsourcing.persistence import IntegrityError, Mapper, Tracking

from services.chassis.aggregate import Caused, RecordedAggregate, acting, who_acts
from services.chassis.errors import NotFound, Refused, ServiceError, Stale
from services.chassis.key_store import VaultUnavailable
from services.chassis.mapper import SealingMapper
from services.chassis.parking import Connection
from services.chassis.store import (
    AlreadyTracked,
    Answer,
    Command,
    CommandAlreadyRecorded,
    RecordedEvent,
    Recorder,
    StoreUnavailable,
)

__all__ = ["Answer", "Page", "RecordedApplication", "Request", "SomeFailed", "let_time_work"]

A = TypeVar("A", bound=RecordedAggregate)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the command's name and a hash of its arguments, to tell a retry from a reuse of its key."""

    name: str
    hash: bytes


@dataclass(slots=True)
class _Step:
    """What one heard message has caused so far, the messages of a page, or what is done together."""

    aggregates: dict[UUID, RecordedAggregate] = field(default_factory=dict)
    """All that was recorded, or read ahead: what is found from now on."""
    touched: dict[UUID, RecordedAggregate] = field(default_factory=dict)
    """What the message at hand has recorded."""
    absent: set[UUID] = field(default_factory=set)
    """What was looked for and isn't there: asked for once."""


_request: ContextVar[Request | None] = ContextVar("request", default=None)
_step: ContextVar[_Step | None] = ContextVar("step", default=None)


@contextmanager
def _within(step: _Step) -> Iterator[None]:
    """What is recorded within is collected by the step."""
    token = _step.set(step)
    try:
        yield
    finally:
        _step.reset(token)


@contextmanager
def _or_stale() -> Iterator[None]:
    """Another event in the place of one of ours means that somebody else was quicker."""
    try:
        yield
    except IntegrityError as error:
        raise Stale("This was changed by somebody else meanwhile; read it again and decide again.") from error


class SomeFailed(Exception):
    """Some of what time had to work on failed; everything else was done."""


def let_time_work(due: Iterable[tuple[UUID, Callable[[], object]]]) -> None:
    """Does what has become due, each by itself, under the id of what it works on: one that fails keeps no other from its clock.

    Who was quicker leaves nothing to do now: the next tick looks again. Where the store or the vault is away nothing can be
    done, and the rest waits. Raises `SomeFailed` at the end, so that health tells of it.
    """
    failed: Counter[str] = Counter()
    for about, act in due:
        try:
            act()
        except Stale:
            pass
        except (StoreUnavailable, VaultUnavailable):
            raise
        except Exception as error:  # noqa: BLE001  # whatever befalls one, the others are due all the same
            failed[type(error).__name__] += 1
            logger.error("time could not work on %s: %s", about, type(error).__name__)  # noqa: TRY400
    if failed:
        message = f"of what was due some failed: {dict(failed)}"
        raise SomeFailed(message)


def fold(aggregate: RecordedAggregate | None, events: Iterable[CanMutateAggregate[UUID]]) -> RecordedAggregate | None:
    """Folds events into an aggregate: the library's projector without its check of every single event."""
    for event in events:
        aggregate = event.mutate(aggregate)
    return aggregate


class RecordedApplication(Application[UUID]):
    """Commands over aggregates, on our own recorder and mapper."""

    def __init__(self, *, recorder: Recorder, mapper: SealingMapper) -> None:
        self._given_recorder = recorder
        self._given_mapper = mapper
        super().__init__(env={"PERSISTENCE_MODULE": "eventsourcing.popo"})

    def construct_recorder(self) -> Recorder:
        """Our recorder in place of the library's."""
        return self._given_recorder

    def construct_mapper(self) -> Mapper[UUID]:
        """Our mapper in place of the library's."""
        return self._given_mapper

    def get(self, kind: type[A], id: UUID, *, version: int | None = None) -> A:  # noqa: A002
        """The aggregate of this kind and id, as it was at one of its versions where one is given; raises `NotFound`."""
        found = self.find(kind, id, version=version)
        if found is None:
            name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)
            raise NotFound(f"There is no{name} of this id.")
        return found

    def find(self, kind: type[A], id: UUID, *, version: int | None = None) -> A | None:  # noqa: A002
        """The aggregate of this kind and id, or None; a step sees what it has already recorded."""
        step = _step.get()
        if step is not None and version is None and id in step.aggregates:
            pending = step.aggregates[id]
            return pending if isinstance(pending, kind) else None
        if step is not None and version is None and id in step.absent:
            return None
        aggregate = self._read(id, version=version)
        if aggregate is None and step is not None and version is None:
            step.absent.add(id)
        return aggregate if isinstance(aggregate, kind) else None

    def find_all(self, kind: type[A], ids: Iterable[UUID]) -> dict[UUID, A]:
        """Those of these aggregates that are there and of this kind, in one reading; for commands about many at once."""
        events = self._given_recorder.select_events_of(dict.fromkeys(ids))
        found: dict[UUID, A] = {}
        for id_, of_one in groupby(events, key=attrgetter("originator_id")):
            events_of_one = (cast("CanMutateAggregate[UUID]", self._given_mapper.to_domain_event(e)) for e in of_one)
            aggregate = fold(None, events_of_one)
            if isinstance(aggregate, kind):
                found[id_] = aggregate
        return found

    def record(self, *aggregates: RecordedAggregate, answer: UUID | None = None) -> Answer:
        """Writes down what the aggregates decided, all or nothing; once per command.

        The answer names `answer`, or the first aggregate. Raises `Stale` where another was quicker.
        """
        answered = answer or aggregates[0].id
        step = _step.get()
        if step is not None:
            recorded = {aggregate.id: aggregate for aggregate in aggregates}
            step.aggregates.update(recorded)
            step.touched.update(recorded)
            return Answer(answered, 0)
        request = _request.get()
        command = None if request is None else Command(who_acts().command_id, request.name, request.hash, answered)
        return Answer(answered, self._store(aggregates, tracking=None, command=command))

    def obey(self, *, caused: Caused, request: Request, do: Callable[[], Answer], only_records: bool = False) -> Answer:
        """Carries a request out once: a repeated command id gets the first answer, whoever came first.

        The store is asked first whether it knows the id. Where all that `do` does is to record, that isn't needed: the store
        knows a repeated id when it comes to that, and what is refused by then is what the first try has brought about.

        Raises what the command raises, and `Refused` where the id was used for something else.
        """
        known = None if only_records else self.recorder_of_commands.find_answer(caused.command_id)
        if known is None:
            token = _request.set(request)
            try:
                with acting(caused):
                    return do()
            except CommandAlreadyRecorded as first:
                known = self.recorder_of_commands.find_answer(caused.command_id)
                if known is None:
                    return first.answer
            except ServiceError:
                # The first try may have been carried out while this one was deciding; then that is what it met.
                known = self.recorder_of_commands.find_answer(caused.command_id)
                if known is None:
                    raise
            finally:
                _request.reset(token)
        request_hash, first_answer = known
        if request_hash != request.hash:
            raise Refused("This idempotency key was used for another request; send a new key with a new request.")
        return first_answer

    def hear(self, *, caused: Caused, tracking: Tracking, react: Callable[[], None]) -> bool:
        """Carries out a reaction in one transaction with its tracking.

        True where it is tracked now; False where nothing was recorded, so the position is still to be written.
        """
        with _within(step := _Step()), acting(caused):
            react()
        if not step.touched:
            return False
        with suppress(AlreadyTracked):
            self._store(tuple(step.touched.values()), tracking=tracking, command=None)
        return True

    def track(self, tracking: Tracking) -> None:
        """Writes down a position whose messages caused nothing; one that is past already stays past."""
        with suppress(AlreadyTracked):
            self._given_recorder.insert_events([], tracking=tracking, command=None)

    @contextmanager
    def together(self, *, reading: Iterable[UUID] = ()) -> Iterator[None]:
        """Stores what is recorded within in one transaction at its end; nothing of it where anything fails.

        For the clock's commands about many things at once: a command somebody asked for is recorded by itself. The aggregates of
        `reading` are read beforehand, in one go. Raises `Stale` at the end where another was quicker.
        """
        with _within(step := _Step(aggregates=self.find_all(RecordedAggregate, reading))):
            yield
        if step.touched:
            self._store(tuple(step.touched.values()), tracking=None, command=None)

    @property
    def recorder_of_commands(self) -> Recorder:
        """The recorder, by the type that also knows commands."""
        return self._given_recorder

    def position(self) -> int:
        """The head of this service's notification log."""
        return self._given_recorder.max_notification_id() or 0

    def store_page(
        self,
        connection: Connection,
        events: Sequence[CanMutateAggregate[UUID]],
        *,
        first: int,
        tracking: Tracking,
    ) -> None:
        """Stores what a page has caused; see `Recorder.insert_page`. Raises `Stale` where another was quicker."""
        stored = [self._given_mapper.to_stored_event(event) for event in events]
        with _or_stale():
            self._given_recorder.insert_page(connection, stored, first=first, tracking=tracking)

    def sealed_event(self, stored: RecordedEvent) -> object:
        """A stored event as its class, personal fields left sealed: what publishers read."""
        return self._given_mapper.to_sealed_event(stored)

    def _read(self, id: UUID, *, version: int | None) -> RecordedAggregate | None:  # noqa: A002
        """The aggregate of this id as it is stored, or None."""
        try:
            aggregate: RecordedAggregate = self.repository.get(id, version=version, projector_func=fold)
        except AggregateNotFoundError:
            return None
        return aggregate

    def _store(
        self, aggregates: tuple[RecordedAggregate, ...], *, tracking: Tracking | None, command: Command | None
    ) -> int:
        events = [event for aggregate in aggregates for event in aggregate.collect_events()]
        stored = [self._given_mapper.to_stored_event(event) for event in events]
        with _or_stale():
            positions = self._given_recorder.insert_events(stored, tracking=tracking, command=command)
        return positions[-1] if positions else self.position()


class Page:
    """Reactions to messages of one partition in a row, decided one after the other and stored in one transaction.

    Each sees what those before it have caused, and what they cause is stored in the order in which it would have been singly. After
    one that failed nothing more may be heard: it may have left an aggregate half changed. What came before it can be stored.
    """

    def __init__(self, application: RecordedApplication) -> None:
        self.first: int | None = None
        """The position of the first message that had an effect."""
        self.last: Tracking | None = None
        """The last one that had."""
        self._application = application
        self._step = _Step()
        self._events: list[CanMutateAggregate[UUID]] = []

    def hear(self, *, caused: Caused, tracking: Tracking, react: Callable[[], None]) -> bool:
        """Carries out a reaction; whether anything was recorded. Raises what the reaction raises."""
        self._step.touched.clear()
        with _within(self._step), acting(caused):
            react()
        if not self._step.touched:
            return False
        for aggregate in self._step.touched.values():
            self._events.extend(aggregate.collect_events())
        self.first = tracking.notification_id if self.first is None else self.first
        self.last = tracking
        return True

    def expect(self, ids: Iterable[UUID]) -> None:
        """Reads at once what the next reactions are going to look for, but for what is known here already."""
        step = self._step
        unknown = [id_ for id_ in dict.fromkeys(ids) if id_ not in step.aggregates and id_ not in step.absent]
        if unknown:
            found = self._application.find_all(RecordedAggregate, unknown)
            step.aggregates.update(found)
            step.absent.update(id_ for id_ in unknown if id_ not in found)

    def __len__(self) -> int:
        """How many events were caused."""
        return len(self._events)

    def store(self, connection: Connection) -> None:
        """Stores what was caused, with the tracking of the last message that caused anything. May be repeated."""
        if self.first is not None and self.last is not None:
            self._application.store_page(connection, self._events, first=self.first, tracking=self.last)
