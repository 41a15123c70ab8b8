"""What is still to leave the house 待发: a read side in memory, folded from the service's own events.

It decides nothing: whoever claims a message looks again. So a stale entry costs one look, and replaying every event from the
first one ends in what is still to be sent, and sends nothing by itself.

A unit's mailboxes and telephones are one lane: a notice goes to the first of them that is told of such matters, and to the next one where
that fails. Those of each account that has set some are another. Each webhook is a lane of its own: a department's system hears beside the
people.
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
from services.notify.domain.templates import TEMPLATES

TOGETHER_MAX: Final = 20
"""Notices in one message at most."""

IN_THE_HOUSE: Final = frozenset({"address_unreachable", "provider_refused"})
"""Reasons that are told in the inbox alone: they are about the ways out of it."""

WEBHOOK_DAYS: Final = timedelta(days=5)
"""How long a department's system may take nothing before it is told nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """Notices of a unit that wait for their first message to an address; `account` is whose it is, empty for the unit's own."""

    unit: str
    account: str
    entry_id: UUID
    notice_ids: tuple[UUID, ...]


@dataclass(slots=True)
class _Entry:
    channel: ChannelName
    holder: Holder
    matters: frozenset[str] = frozenset()
    suspended: bool = False
    failing_since: datetime | None = None

    def hears_of(self, matter: str) -> bool:
        """Whether it is told of a kind of matter; of one that nobody knows any more it is."""
        return not self.matters or not matter or matter in self.matters


@dataclass(slots=True)
class _Contact:
    """What one contact has set, the unit's or an account's, and what it is still to be told."""

    unit: str
    account: str
    entries: dict[UUID, _Entry] = field(default_factory=dict)
    hours: Hours = field(default_factory=Hours)
    absence: tuple[date, date] | None = None
    people: dict[UUID, None] = field(default_factory=dict)
    """Notices that a mailbox or telephone is still to be told of, the oldest first."""
    systems: dict[UUID, dict[UUID, None]] = field(default_factory=dict)
    """Notices that each webhook is still to be told of."""
    last_digest: date | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """A notice that nobody has acknowledged yet: to which unit, and about what kind of matter."""

    unit: str
    matter: str


@dataclass(slots=True)
class _Sent:
    contact: _Contact
    entry_id: UUID
    notices: tuple[UUID, ...]


class Waiting:
    """Notices that wait for a message, and messages that wait for something."""

    def __init__(self) -> None:
        self._contacts: dict[UUID, _Contact] = {}
        self._of_unit: defaultdict[str, list[_Contact]] = defaultdict(list)
        self._told: dict[UUID, _Told] = {}
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
            case Contact.Opened():
                opened = self._contacts[event.originator_id] = _Contact(event.unit, event.account)
                self._of_unit[event.unit].append(opened)
            case Contact.AddressSet():
                entry = _Entry(event.channel, event.holder, frozenset(event.matters))
                self._contacts[event.originator_id].entries[event.entry_id] = entry
            case Contact.AddressCleared():
                self._contacts[event.originator_id].entries.pop(event.entry_id, None)
                self._contacts[event.originator_id].systems.pop(event.entry_id, None)
            case Contact.AddressSuspended():
                self._contacts[event.originator_id].entries[event.entry_id].suspended = True
                self._contacts[event.originator_id].systems.pop(event.entry_id, None)
            case Contact.HoursSet():
                self._contacts[event.originator_id].hours = Hours(
                    quiet_from=event.quiet_from,
                    quiet_until=event.quiet_until,
                    working_days=event.working_days,
                    digest_at=event.digest_at,
                )
            case Contact.AbsenceSet(from_on=first, until_on=last):
                self._contacts[event.originator_id].absence = None if first is None or last is None else (first, last)
            case _:
                self._sending(event)

    def first(self, channels: Collection[ChannelName], *, now: datetime) -> Iterator[First]:
        """The messages that may be begun now over these channels."""
        for contact in self._contacts.values():
            yield from self._for_systems(contact, channels)
            if contact.people and contact.hours.allow(now, last=contact.last_digest):
                yield from self._for_people(contact, channels, today=china_date(now))

    def again(self, *, now: datetime) -> list[UUID]:
        """The messages that are to be tried again, outside of the quiet hours of people."""
        return [
            dispatch_id
            for dispatch_id, at in self._again.items()
            if at <= now and (self._is_of_system(dispatch_id) or self._sent[dispatch_id].contact.hours.are_open(now))
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
            (contact.unit, entry_id)
            for contact in self._contacts.values()
            for entry_id, entry in contact.entries.items()
            if entry.channel == "webhook" and not entry.suspended
            if entry.failing_since is not None and entry.failing_since + WEBHOOK_DAYS < now
        ]

    def place_of(self, dispatch_id: UUID) -> tuple[ChannelName, UUID] | None:
        """The channel and address of a message that isn't settled; None where the address was cleared."""
        sent = self._sent.get(dispatch_id)
        entry = None if sent is None else sent.contact.entries.get(sent.entry_id)
        return None if sent is None or entry is None else (entry.channel, sent.entry_id)

    def channel_of(self, first: First) -> ChannelName:
        """The channel of an address."""
        contact_id = Contact.id_of(unit=first.unit, account=first.account)
        return self._contacts[contact_id].entries[first.entry_id].channel

    def _raised(self, event: Notice.Raised) -> None:
        notice_id, matter = event.originator_id, TEMPLATES.matter_of(event.reason)
        for contact in self._of_unit.get(event.recipient, ()):
            for entry_id, entry in contact.entries.items():
                if entry.suspended or not entry.hears_of(matter):
                    continue
                self._told[notice_id] = _Told(event.recipient, matter)
                if entry.channel == "webhook":
                    contact.systems.setdefault(entry_id, {})[notice_id] = None
                else:
                    contact.people[notice_id] = None

    def _acknowledged(self, notice_id: UUID) -> None:
        told = self._told.pop(notice_id, None)
        self._tried.pop(notice_id, None)
        for contact in () if told is None else self._of_unit[told.unit]:
            contact.people.pop(notice_id, None)
            for waiting in contact.systems.values():
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
        contact = self._contacts[Contact.id_of(unit=event.unit, account=event.account)]
        self._sent[event.originator_id] = _Sent(contact, event.entry_id, event.notices)
        self._leased[event.originator_id] = event.lease
        for notice_id in event.notices:
            self._tried[notice_id].add(event.entry_id)
            if event.channel == "webhook":
                contact.systems.get(event.entry_id, {}).pop(notice_id, None)
            else:
                contact.people.pop(notice_id, None)
        if event.channel != "webhook":
            contact.last_digest = china_date(event.timestamp)

    def _failed(self, event: Dispatch.Failed) -> None:
        sent = self._sent[event.originator_id]
        self._settled(event.originator_id)
        entry = self._entry_of(event.originator_id)
        if entry is not None and entry.failing_since is None:
            entry.failing_since = event.timestamp
        if event.again_at is not None:
            self._again[event.originator_id] = event.again_at
        elif entry is None or entry.channel != "webhook":
            owed = [notice_id for notice_id in sent.notices if notice_id in self._told]
            sent.contact.people.update(dict.fromkeys(owed))

    def _settled(self, dispatch_id: UUID) -> None:
        for kept in (self._leased, self._again, self._open):
            kept.pop(dispatch_id, None)

    def _is_of_system(self, dispatch_id: UUID) -> bool:
        entry = self._entry_of(dispatch_id)
        return entry is None or entry.channel == "webhook"

    def _entry_of(self, dispatch_id: UUID) -> _Entry | None:
        sent = self._sent[dispatch_id]
        return sent.contact.entries.get(sent.entry_id)

    def _for_systems(self, contact: _Contact, channels: Collection[ChannelName]) -> Iterator[First]:
        if "webhook" in channels:
            for entry_id, waiting in contact.systems.items():
                for notice_id in waiting:
                    yield First(unit=contact.unit, account=contact.account, entry_id=entry_id, notice_ids=(notice_id,))

    def _for_people(self, contact: _Contact, channels: Collection[ChannelName], *, today: date) -> Iterator[First]:
        order = [
            (entry_id, entry)
            for entry_id, entry in _in_charge(contact, today)
            if entry.channel != "webhook" and entry.channel in channels and not entry.suspended
        ]
        by_entry: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for notice_id in contact.people:
            tried, matter = self._tried.get(notice_id, ()), self._told[notice_id].matter
            if entry_id := next((id_ for id_, entry in order if id_ not in tried and entry.hears_of(matter)), None):
                by_entry[entry_id].append(notice_id)
        for entry_id, notice_ids in by_entry.items():
            remaining = iter(notice_ids)
            for first in remaining:
                yield First(
                    unit=contact.unit,
                    account=contact.account,
                    entry_id=entry_id,
                    notice_ids=(first, *islice(remaining, TOGETHER_MAX - 1)),
                )


def _in_charge(contact: _Contact, today: date) -> Iterator[tuple[UUID, _Entry]]:
    """The addresses in the order they are asked: on a day of absence the deputy's come first."""
    away = contact.absence is not None and contact.absence[0] <= today <= contact.absence[1]
    first: Holder = "deputy" if away else "officer"
    others = [item for item in contact.entries.items() if item[1].holder != first]
    yield from chain((item for item in contact.entries.items() if item[1].holder == first), others)
