"""From the log to a service's policy: each message's effect and its tracking in one transaction.

A message that causes nothing is not worth a transaction of its own: its position is written with the next effect, when
nothing more comes, or once in `WRITE_EVERY_S`. That is safe, because what caused nothing causes nothing again.

Nor is a transaction for each message worth while where many have come: those of one partition are decided one after the other
and stored together as a page, for as long as `PAGE_S` lasts. What a policy says it will look for is read beforehand for many of
them at once. A page is only an attempt. A message that does not belong in one (it can't
be read, its key is parked, its reaction fails) ends it and is taken by itself, and a page that can't be stored is taken message by message.

What becomes of a message that fails:

- Another was quicker (`Stale`): tried again at once, many times; who loses that often is not merely slow.
- A store or a vault is away, or not as it must be (`AWAY`): waited for without bound, with growing pauses; `health()` says so meanwhile.
- Anything else, and a type known here in another version only: after `TRIES_MAX` tries its key is parked
  (`parking.py`). Later messages of the key queue behind it, all others flow.

Where `KEYS_MAX` keys are parked it is the program that is wrong, and the inbox waits until somebody has looked.

Parking writes the row and moves the tracking in one transaction, so a record that comes again is either not tracked, and
is taken as new, or it is, and then it was handled or is parked already. Which keys wait is read again before each batch,
because another process of this service may have read this partition before, and a person may have decided meanwhile.

A parked message is tried again when it is due. Its effect is tracked under a name of its own (`Parked.outcome`), in one
transaction with the effect; then the row is marked. After a crash in between, the next try finds the tracking.

The thread outlives whatever happens: what it did not expect makes it begin anew, after a pause, where its tracking is.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from itertools import chain
from threading import Event, Thread
from typing import Final, Protocol, TypeVar
from uuid import UUID, uuid5

import psycopg
from eventsourcing.persistence import Tracking

from services.chassis import parking
from services.chassis.aggregate import Caused
from services.chassis.application import Page, RecordedApplication
from services.chassis.clock import Clock
from services.chassis.errors import Stale
from services.chassis.key_store import VaultUnavailable
from services.chassis.log import Lag, Log, Message, Record, Subscription, Unreadable
from services.chassis.parking import NO_POSITION, Connection, Key, Parked
from services.chassis.progress import Progress
from services.chassis.store import AlreadyTracked, StoreUnavailable, append
from services.chassis.telemetry import count, is_sampled, span, traceparent
from services.contracts.envelope import PRIVATE, Envelope, Published, is_known_otherwise, read_body, wire_types

T = TypeVar("T")
React = Callable[[Envelope, Published], None]
LooksFor = Callable[[Published], Iterable[UUID]]  # the aggregates that a reaction to an event looks for first


class Hear(Protocol):
    """Carries out a reaction: by itself, or within a page; whether it had an effect."""

    def __call__(self, *, caused: Caused, tracking: Tracking, react: Callable[[], None]) -> bool:
        """See `RecordedApplication.hear` and `Page.hear`."""
        ...


BATCH: Final = 500
POLL_S: Final = 0.5
WRITE_AFTER_S: Final = 0.5
"""How long nothing has to come until the positions of what caused nothing are written."""
WRITE_EVERY_S: Final = 1.0
"""How long they wait at most while more and more comes."""
LOOK_EVERY_S: Final = 1.0
"""How often it looks for what is due, and for what a person has decided."""
TRIES_MAX: Final = 3
STALE_MAX: Final = 25
PAUSE_S: Final = 0.05
PAUSE_S_MAX: Final = 5.0
STALE_PAUSE_S_MAX: Final = 0.2
STOP_S: Final = 30.0
PAGE_S: Final = 0.25
"""How long a page is decided at most: nobody waits longer for an effect, nor has longer to change what it was decided upon."""
AHEAD: Final = 32  # messages of a page for which is read at once what their reactions look for
PAGE_EVENTS_MAX: Final = 2_000
"""Events that a page causes, beyond which no further message joins it."""

AWAY: Final = (
    StoreUnavailable,
    VaultUnavailable,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)
"""What no message has a part in: it passes by itself, or when somebody puts the database right."""

logger = logging.getLogger(__name__)


class UnknownVersion(Exception):
    """The type is known here in another version only."""


class TooMuchParked(Exception):
    """So many keys are parked that it can't be the messages: the inbox waits until somebody has looked."""


class Stopping(Exception):
    """The inbox was told to stop while it waited."""


class Inbox:
    """One service's ear: a thread that reads what others tell and lets the policy react."""

    def __init__(
        self,
        *,
        service: str,
        log: Log,
        producers: tuple[str, ...],
        application: RecordedApplication,
        react: React,
        clock: Clock,
        heeds: Collection[type[Published]] | None = None,
        looks_for: LooksFor | None = None,
    ) -> None:
        """`heeds` are the published events that `react` does something about, those known here that it doesn't name pass it by; None where it sees all.

        `looks_for` names what is worth reading for many messages at once; what it doesn't name is read when it is looked for.
        """
        self.name = f"{service} inbox"
        self._service = service
        self._log = log
        self.hears = producers
        self._application = application
        self._react = react
        self._pass_by = frozenset(wire_types()) - {event.TYPE for event in heeds} if heeds is not None else frozenset()
        self._looks_for = looks_for
        self._clock = clock
        self._stopping = Event()
        self._progress = Progress(clock)
        self._waits_for = ""  # what passes by itself
        self._fell_over = ""  # what made the thread begin anew, until it has gone on once
        self._keys: set[Key] = set()
        self._connection: Connection | None = None
        self._is_new = True
        self._look_at = 0.0
        self._unwritten: dict[str, int] = {}  # how far was heard of what caused nothing, by tracking name
        self._write_at = 0.0
        self._uncommitted = False  # whether the transport is still to be told of what it gave
        self._thread = Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Finishes the message at hand and ends."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S)
        self._disconnect()

    def health(self) -> str:
        """`ok`, or what the inbox waits for. A parked key is no illness: see `parked_keys`."""
        if waits_for := self._waits_for or self._fell_over:
            return f"waiting: {waits_for}"
        return "waiting: the log is out of reach" if self._progress.is_cut_off() else "ok"

    def lag(self) -> Lag:
        """How far the inbox is behind the log; what is parked does not count."""
        return self._progress.lag(goes_on=not (self._waits_for or self._fell_over))

    def parked_keys(self) -> int:
        """How many keys wait, for a later try or for a person; at most a second old."""
        return len(self._keys)

    def positions(self) -> dict[str, int]:
        """How far the service has heard, by tracking name: every partition of the producers it hears, written down yet or not."""
        heard = self._application.recorder_of_commands.trackings()
        for name, position in self._unwritten.copy().items():
            heard[name] = max(position, heard.get(name, 0))
        return {name: position for name, position in heard.items() if name.partition("/")[0] in self.hears}

    def take(self, records: Sequence[Record]) -> None:
        """Lets the policy react to records in order; afterwards each is handled or parked, and tracked."""
        self._take_all(records)
        self._write_positions()

    def try_parked(self) -> None:
        """Tries again what is due, key by key; a key is left alone once one of its messages has failed."""
        rows = self._at_table(partial(parking.due, reader=self._service, at=self._clock.now()))
        stuck: set[Key] = set()
        for row in rows:
            if self._stopping.is_set():
                break
            if row.thread not in stuck and not self._try(row):
                stuck.add(row.thread)
        self._keys = self._at_table(self._read_keys)

    def _run(self) -> None:
        pause_s = PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._follow()
            except Stopping:
                break
            except Exception as error:  # noqa: BLE001  # whatever it is, the service must go on hearing; health says so until then
                self._fell_over = type(error).__name__
                logger.error("%s begins anew: %s", self.name, type(error).__name__)  # noqa: TRY400  # a traceback may quote personal data
            pause_s = PAUSE_S if time.monotonic() - began > PAUSE_S_MAX else min(2 * pause_s, PAUSE_S_MAX)
            self._stopping.wait(pause_s)
        self._disconnect()

    def _follow(self) -> None:
        """Follows the log from where the tracking is until told to stop, or until something unexpected happens."""
        subscription = self._log.subscribe(reader=self._service, producers=self.hears)
        try:
            subscription.seek(self._patiently(self.positions))
            if self._is_new:  # once for each start of a process: it may be of a newer version
                self._at_table(partial(parking.retry_lasting, reader=self._service, at=self._clock.now()))
                self._is_new = False
            while not self._stopping.is_set():
                self._go_on(subscription)
            self._write_positions()
        finally:
            subscription.close()

    def _go_on(self, subscription: Subscription) -> None:
        if time.monotonic() >= self._look_at:
            self.try_parked()
            self._look_at = time.monotonic() + LOOK_EVERY_S
        wait_s = WRITE_AFTER_S if self._unwritten else POLL_S
        records = self._patiently(lambda: subscription.poll(limit=BATCH, timeout_s=wait_s))
        self._patiently(lambda: self._progress.polled(records, subscription))
        self._fell_over = ""
        if records:
            self._take_all(records)
            self._uncommitted = True
        if not records or time.monotonic() >= self._write_at:
            self._write_positions()
        if self._uncommitted and not (self._unwritten or self._stopping.is_set()):  # some may not have been heard
            subscription.commit()  # never beyond what is written down: a transport ahead of us is read from its beginning
            self._uncommitted = False

    def _take_all(self, records: Sequence[Record]) -> None:
        """Lets the policy react to records in order, or parks them."""
        if not records:
            return
        self._keys = self._at_table(self._read_keys)
        page = _Page(self._application)
        for number, record in enumerate(self._progress.through(records)):
            if self._stopping.is_set():
                break
            if not page.has_room_for(record):
                self._close(page)
                page = _Page(self._application)
            if number >= page.read_until:
                page.read_until = number + AHEAD
                self._read_ahead(page, records[number : page.read_until])
            if not self._join(page, record):
                self._close(page)
                page = _Page(self._application)
                self._take(record)
        self._close(page)

    def _read_ahead(self, page: "_Page", records: Sequence[Record]) -> None:
        """Reads at once what the reactions to these records look for. Only an attempt: else each is looked for when its turn comes."""
        if self._looks_for is None:
            return
        envelopes = [record.envelope for record in records if isinstance(record, Message)]
        try:
            heeded = [event for one in envelopes if one.type not in self._pass_by if (event := read_body(one))]
            page.reactions.expect(chain.from_iterable(map(self._looks_for, heeded)))
        except Exception as error:  # noqa: BLE001  # whatever it is, it befalls the message it is of, when that is taken
            logger.info("%s reads nothing ahead: %s", self.name, type(error).__name__)

    def _join(self, page: "_Page", record: Record) -> bool:
        """Lets the policy react to a record within a page; False where it has to be taken by itself."""
        if isinstance(record, Unreadable) or self._is_parked(record.envelope):
            return False
        tracking = Tracking(record.tracking, record.envelope.position)
        try:
            page.note(record, had_effect=self._hear(record, tracking=tracking, hear=page.reactions.hear))
        except Exception:  # noqa: BLE001  # whatever it is, it comes again where the message is taken by itself
            return False
        return True

    def _close(self, page: "_Page") -> None:
        """Stores what a page has caused; where that can't be, takes its messages one by one."""
        try:
            if page.messages:
                self._at_table(page.reactions.store)
                self._unwritten.pop(page.tracking, None)
        except Stopping:
            raise
        except Exception as error:  # noqa: BLE001  # of the page: what befalls each message is seen when it is taken by itself
            logger.info("%s takes a page message by message: %s", self.name, type(error).__name__)
            for message in page.messages:
                if self._stopping.is_set():
                    break
                self._take(message)
        else:
            if page.trails:
                self._unwritten[page.tracking] = page.reached

    def _write_positions(self) -> None:
        """Tracks what was heard and caused nothing."""
        while self._unwritten:
            name, position = next(iter(self._unwritten.items()))
            self._patiently(partial(self._application.track, Tracking(name, position)))
            del self._unwritten[name]
        self._write_at = time.monotonic() + WRITE_EVERY_S

    def _take(self, record: Record) -> None:
        """Lets the policy react to one record, or parks it."""
        if isinstance(record, Unreadable):
            self._park(record, error=parking.UNREADABLE)
            return
        envelope = record.envelope
        self._unwritten.pop(record.tracking, None)
        if self._is_parked(envelope):
            self._park(record, error=parking.QUEUED)
            return
        try:
            tracking = Tracking(record.tracking, envelope.position)
            if not self._react_to(record, tracking=tracking, tries=TRIES_MAX):
                self._unwritten[record.tracking] = envelope.position
        except Stopping:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a policy fails with, the other keys flow on
            self._park(record, error=type(error).__name__)

    def _is_parked(self, envelope: Envelope) -> bool:
        return (envelope.producer, envelope.aggregate_id) in self._keys and not envelope.type.endswith(PRIVATE)

    def _park(self, record: Record, *, error: str) -> None:
        """Parks a record and tracks it, unless it was heard before: then it was handled, or is parked already."""
        if error != parking.QUEUED and len(self._keys) >= parking.KEYS_MAX:
            raise TooMuchParked
        is_new = self._at_table(partial(self._write_parked, record=record, error=error))
        if error != parking.QUEUED:
            self._keys = self._at_table(self._read_keys)
        if is_new:
            count("baoxue.reader.parked", reader=self._service, error=error or "queued")
            place = record.offset if isinstance(record, Unreadable) else record.envelope.position
            logger.error("%s parked %s %d: %s", self.name, record.tracking, place, error or "behind its key")

    def _write_parked(self, connection: Connection, *, record: Record, error: str) -> bool:
        with suppress(AlreadyTracked), connection.transaction():
            if isinstance(record, Message):
                append(connection, tracking=Tracking(record.tracking, record.envelope.position))
            return parking.park(connection, reader=self._service, record=record, error=error, at=self._clock.now())
        return False

    def _try(self, row: Parked) -> bool:
        """Tries a parked record once more; whether it is done with now."""
        message = row.message()
        error = parking.UNREADABLE if message is None else ""
        try:
            if message is not None and not self._has_outcome(row):
                self._react_to(message, tracking=Tracking(row.outcome, NO_POSITION), tries=1)
        except Stopping:
            raise
        except Exception as failure:  # noqa: BLE001
            error = type(failure).__name__
        note = partial(parking.tried_again, error=error) if error else parking.handled
        self._at_table(partial(note, reader=self._service, id=row.id, at=self._clock.now()))
        count("baoxue.reader.retries", reader=self._service)
        logger.info("%s tried %s %d again: %s", self.name, row.tracking, row.place, error or "handled")
        return not error

    def _has_outcome(self, row: Parked) -> bool:
        recorder = self._application.recorder_of_commands
        return self._patiently(partial(recorder.max_tracking_id, row.outcome)) is not None

    def _react_to(self, message: Message, *, tracking: Tracking, tries: int) -> bool:
        """Whether the message is tracked now; False where it caused nothing. Raises what it fails with in the end."""
        stale, pause_s = 0, PAUSE_S
        while True:
            try:
                return self._patiently(partial(self._hear, message, tracking=tracking, hear=self._application.hear))
            except Stale:
                stale += 1
                if stale == STALE_MAX:
                    raise
                self._pause(min(0.01 * stale, STALE_PAUSE_S_MAX))
            except (Stopping, UnknownVersion):
                raise
            except Exception:
                tries -= 1
                if not tries:
                    raise
                self._pause(pause_s)
                pause_s *= 4

    def _hear(self, message: Message, *, tracking: Tracking, hear: Hear) -> bool:
        envelope = message.envelope
        if envelope.type in self._pass_by or envelope.type.endswith(PRIVATE):
            return False
        published = read_body(envelope)
        if published is None:
            if is_known_otherwise(envelope.type):
                raise UnknownVersion
            count("baoxue.reader.unknown", reader=self._service, type=envelope.type)
            return False
        sampled = is_sampled(envelope.trace)
        with span(f"hear {envelope.type}", parent=envelope.trace) if sampled else nullcontext():
            caused = Caused(
                actor=f"policy:{self._service}",
                department="system:policy",
                purpose=envelope.purpose,
                at=self._clock.now(),
                command_id=uuid5(envelope.id, self._service),
                correlation_id=envelope.correlation_id,
                causation_id=envelope.id,
                trace=traceparent() if sampled else envelope.trace,
            )
            return hear(caused=caused, tracking=tracking, react=lambda: self._react(envelope, published))

    def _read_keys(self, connection: Connection) -> set[Key]:
        return parking.parked_keys(connection, reader=self._service)

    def _at_table(self, act: Callable[[Connection], T]) -> T:
        """Lets `act` work on a connection of ours, waiting while the database is away; `act` may be repeated."""

        def once() -> T:
            if self._connection is None:
                self._connection = self._application.recorder_of_commands.connect()
            try:
                return act(self._connection)
            except AWAY:
                self._disconnect()
                raise

        return self._patiently(once)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _patiently(self, act: Callable[[], T]) -> T:
        """Waits for what passes by itself, however long; raises `Stopping` when told to stop meanwhile."""
        pause_s = PAUSE_S
        while True:
            try:
                done = act()
            except AWAY as error:
                self._waits_for = type(error).__name__
                self._pause(pause_s)
                pause_s = min(2 * pause_s, PAUSE_S_MAX)
            else:
                self._waits_for = ""
                return done

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopping


class _Page:
    """Messages of one partition in a row that were decided and aren't stored yet."""

    def __init__(self, application: RecordedApplication) -> None:
        self.reactions = Page(application)
        self.messages: list[Message] = []
        """From the first that had an effect: what is taken by itself where the page can't be stored."""
        self.tracking = ""
        self.reached = 0
        self.read_until = 0
        """The number in its batch of the first record for which nothing was read ahead."""
        self.trails = False
        """Whether the last ones had no effect, so that their position is still to be written."""
        self._ends_at = time.monotonic() + PAGE_S

    def has_room_for(self, record: Record) -> bool:
        """Whether the record may be heard next: it goes on from here, and neither time nor the number of events is over.

        One that comes again is not new here and may not be new to the store: it is for a page of its own.
        """
        if not self.tracking:
            return True
        if isinstance(record, Unreadable) or record.tracking != self.tracking:
            return False
        goes_on = record.envelope.position > self.reached
        return goes_on and len(self.reactions) < PAGE_EVENTS_MAX and time.monotonic() < self._ends_at

    def note(self, message: Message, *, had_effect: bool) -> None:
        """The message was heard."""
        self.tracking, self.reached, self.trails = message.tracking, message.envelope.position, not had_effect
        if had_effect or self.messages:
            self.messages.append(message)
