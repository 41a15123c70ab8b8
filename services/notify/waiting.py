"""What is still to leave the house 待发: a read side in memory, folded from the service's own events.

It decides nothing: whoever claims a message looks again. So a stale entry costs one look, and replaying every event from the
first one ends in what is still to be sent, and sends nothing by itself.

A unit's mailboxes and telephones are one lane: a notice goes to the first of them, and to the next one where that fails. Each
webhook is a lane of its own: a department's system hears of every notice, beside the people.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import Final
from uuid import UUID

from services.chassis.clock import china_date
from services.notify.domain.contact import ChannelName, Contact, Holder, Hours
from services.notify.domain.dispatch import Dispatch
from services.notify.domain.notice import Notice

TOGETHER_MAX: Final = 20
"""Notices in one message at most."""

IN_THE_HOUSE: Final = frozenset({"address_unreachable", "provider_refused"})
"""Reasons that are told in the inbox alone: they are about the ways out of it."""

WEBHOOK_DAYS: Final = timedelta(days=5)
"""How long a department's system may take nothing before it is told nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """Notices of a unit that wait for their first message to an address."""

    unit: str
    entry_id: UUID
    notice_ids: tuple[UUID, ...]


@dataclass(slots=True)
class _Entry:
    channel: ChannelName
    holder: Holder
    suspended: bool = False
    failing_since: datetime | None = None


@dataclass(slots=True)
class _Unit:
    entries: dict[UUID, _Entry] = field(default_factory=dict)
    hours: Hours = field(default_factory=Hours)
    absence: tuple[date, date] | None = None
    people: dict[UUID, None] = field(default_factory=dict)
    """Notices that a mailbox or telephone is still to be told of, the oldest first."""
    systems: dict[UUID, dict[UUID, None]] = field(default_factory=dict)
    """Notices that each webhook is still to be told of."""
    last_digest: date | None = None


@dataclass(slots=True)
class _Sent:
    unit: str
    entry_id: UUID
    notices: tuple[UUID, ...]


class Waiting:
    """Notices that wait for a message, and messages that wait for something."""

    def __init__(self) -> None:
        self._units: defaultdict[str, _Unit] = defaultdict(_Unit)
        self._unit_of: dict[UUID, str] = {}
        self._tried: defaultdict[UUID, set[UUID]] = defaultdict(set)
        """The addresses each unacknowledged notice was handed to."""
        self._sent: dict[UUID, _Sent] = {}
        self._leased: dict[UUID, datetime] = {}
        self._again: dict[UUID, datetime] = {}
        self._open: dict[UUID, datetime] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Notice.Raised() if event.reason not in IN_THE_HOUSE:
                self._raised(event)
            case Notice.Acknowledged():
                self._acknowledged(event.originator_id)
            case Contact.AddressSet():
                self._units[event.unit].entries[event.entry_id] = _Entry(event.channel, event.holder)
            case Contact.AddressCleared():
                self._units[event.unit].entries.pop(event.entry_id, None)
                self._units[event.unit].systems.pop(event.entry_id, None)
            case Contact.AddressSuspended():
                self._units[event.unit].entries[event.entry_id].suspended = True
                self._units[event.unit].systems.pop(event.entry_id, None)
            case Contact.HoursSet():
                self._units[event.unit].hours = Hours(
                    quiet_from=event.quiet_from,
                    quiet_until=event.quiet_until,
                    working_days=event.working_days,
                    digest_at=event.digest_at,
                )
            case Contact.AbsenceSet():
                given = (event.from_on, event.until_on)
                self._units[event.unit].absence = None if given[0] is None or given[1] is None else (given[0], given[1])
            case _:
                self._sending(event)

    def first(self, channels: Collection[ChannelName], *, now: datetime) -> Iterator[First]:
        """The messages that may be begun now over these channels."""
        for name, unit in self._units.items():
            yield from self._for_systems(name, unit, channels)
            if unit.people and unit.hours.allow(now, last=unit.last_digest):
                yield from self._for_people(name, unit, channels, today=china_date(now))

    def again(self, *, now: datetime) -> list[UUID]:
        """The messages that are to be tried again, outside of the quiet hours of people."""
        return [
            dispatch_id
            for dispatch_id, at in self._again.items()
            if at <= now
            and (self._is_of_system(dispatch_id) or self._units[self._sent[dispatch_id].unit].hours.are_open(now))
        ]

    def abandoned(self, *, now: datetime) -> list[UUID]:
        """The messages whose sender is gone."""
        return [dispatch_id for dispatch_id, lease in self._leased.items() if lease < now]

    def unsettled(self, *, now: datetime) -> list[UUID]:
        """The messages whose provider is to be asked what became of them."""
        return [dispatch_id for dispatch_id, at in self._open.items() if at <= now]

    def dead(self, *, now: datetime) -> list[tuple[str, UUID]]:
        """The webhooks that have taken nothing for too long, with their unit."""
        return [
            (name, entry_id)
            for name, unit in self._units.items()
            for entry_id, entry in unit.entries.items()
            if entry.channel == "webhook" and not entry.suspended
            if entry.failing_since is not None and entry.failing_since + WEBHOOK_DAYS < now
        ]

    def place_of(self, dispatch_id: UUID) -> tuple[ChannelName, UUID] | None:
        """The channel and address of a message that isn't settled; None where the address was cleared."""
        sent = self._sent.get(dispatch_id)
        entry = None if sent is None else self._units[sent.unit].entries.get(sent.entry_id)
        return None if sent is None or entry is None else (entry.channel, sent.entry_id)

    def channel_of(self, first: First) -> ChannelName:
        """The channel of an address."""
        return self._units[first.unit].entries[first.entry_id].channel

    def _raised(self, event: Notice.Raised) -> None:
        unit = self._units.get(event.recipient)
        if unit is None or not unit.entries:
            return
        self._unit_of[event.originator_id] = event.recipient
        for entry_id, entry in unit.entries.items():
            if entry.suspended:
                continue
            if entry.channel == "webhook":
                unit.systems.setdefault(entry_id, {})[event.originator_id] = None
            else:
                unit.people[event.originator_id] = None

    def _acknowledged(self, notice_id: UUID) -> None:
        name = self._unit_of.pop(notice_id, None)
        self._tried.pop(notice_id, None)
        if name is not None:
            self._units[name].people.pop(notice_id, None)
            for waiting in self._units[name].systems.values():
                waiting.pop(notice_id, None)

    def _sending(self, event: object) -> None:
        match event:
            case Dispatch.Begun():
                self._begun(event)
            case Dispatch.TakenUp():
                self._again.pop(event.originator_id, None)
                self._leased[event.originator_id] = event.lease
            case Dispatch.Requested():
                self._settled(event.originator_id)
                self._again[event.originator_id] = event.again_at
            case Dispatch.Accepted() | Dispatch.Delivered():
                self._settled(event.originator_id)
                if entry := self._entry_of(event.originator_id):
                    entry.failing_since = None
            case Dispatch.LeftOpen():
                self._settled(event.originator_id)
                if event.ask_at is not None:
                    self._open[event.originator_id] = event.ask_at
            case Dispatch.Failed():
                self._failed(event)
            case _:
                pass

    def _begun(self, event: Dispatch.Begun) -> None:
        unit = self._units[event.unit]
        self._sent[event.originator_id] = _Sent(event.unit, event.entry_id, event.notices)
        self._leased[event.originator_id] = event.lease
        for notice_id in event.notices:
            self._tried[notice_id].add(event.entry_id)
            if event.channel == "webhook":
                unit.systems.get(event.entry_id, {}).pop(notice_id, None)
            else:
                unit.people.pop(notice_id, None)
        if event.channel != "webhook":
            unit.last_digest = china_date(event.timestamp)

    def _failed(self, event: Dispatch.Failed) -> None:
        sent = self._sent[event.originator_id]
        self._settled(event.originator_id)
        entry = self._entry_of(event.originator_id)
        if entry is not None and entry.failing_since is None:
            entry.failing_since = event.timestamp
        if event.again_at is not None:
            self._again[event.originator_id] = event.again_at
        elif entry is None or entry.channel != "webhook":
            owed = [notice_id for notice_id in sent.notices if notice_id in self._unit_of]
            self._units[sent.unit].people.update(dict.fromkeys(owed))

    def _settled(self, dispatch_id: UUID) -> None:
        for kept in (self._leased, self._again, self._open):
            kept.pop(dispatch_id, None)

    def _is_of_system(self, dispatch_id: UUID) -> bool:
        entry = self._entry_of(dispatch_id)
        return entry is None or entry.channel == "webhook"

    def _entry_of(self, dispatch_id: UUID) -> _Entry | None:
        sent = self._sent[dispatch_id]
        return self._units[sent.unit].entries.get(sent.entry_id)

    def _for_systems(self, name: str, unit: _Unit, channels: Collection[ChannelName]) -> Iterator[First]:
        if "webhook" in channels:
            for entry_id, waiting in unit.systems.items():
                for notice_id in waiting:
                    yield First(unit=name, entry_id=entry_id, notice_ids=(notice_id,))

    def _for_people(self, name: str, unit: _Unit, channels: Collection[ChannelName], *, today: date) -> Iterator[First]:
        order = [
            entry_id
            for entry_id, entry in self._in_charge(unit, today)
            if entry.channel != "webhook" and entry.channel in channels and not entry.suspended
        ]
        by_entry: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for notice_id in unit.people:
            tried = self._tried.get(notice_id, ())
            if entry_id := next((one for one in order if one not in tried), None):
                by_entry[entry_id].append(notice_id)
        for entry_id, notice_ids in by_entry.items():
            remaining = iter(notice_ids)
            for first in remaining:
                yield First(unit=name, entry_id=entry_id, notice_ids=(first, *islice(remaining, TOGETHER_MAX - 1)))

    def _in_charge(self, unit: _Unit, today: date) -> Iterator[tuple[UUID, _Entry]]:
        """The addresses in the order they are asked: on a day of absence the deputy's come first."""
        away = unit.absence is not None and unit.absence[0] <= today <= unit.absence[1]
        first: Holder = "deputy" if away else "officer"
        others = [item for item in unit.entries.items() if item[1].holder != first]
        yield from chain((item for item in unit.entries.items() if item[1].holder == first), others)
