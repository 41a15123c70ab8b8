"""How a unit is reached beside its inbox 联系方式: its addresses in order, who stands in, and when it is left in peace.

Beside the unit's own there is one for each account of it that says so 本人: the same, for that person alone. What the unit is told
goes to both. An address may be for some matters only 事项类别, the telephone for cases, say, and the mailbox for all else.

An address is the office's own, a telephone on duty, a mailbox, the door of a department's system. It is sealed all the
same, and shown as a hint. It never changes: whoever sets another one sets a new entry, and what was sent to the old one
stays told of the old one.
"""

import base64
import binascii
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.clock import CHINA
from services.chassis.errors import Forbidden, NotFound, Refused
from services.chassis.working_days import is_working_day
from services.notify.domain.templates import TEMPLATES
from services.notify.domain.units import unit as unit_of

ChannelName = Literal["email", "sms", "webhook"]
"""The ways out of the house 渠道: 电子邮件, 短信, 系统推送."""
Holder = Literal["officer", "deputy"]
"""Whose address it is: of whoever is in charge 经办人, or of who stands in 代理人."""

ADDRESSES_MAX: Final = 12
SECRET_MIN: Final = 24
"""Bytes of a webhook's secret at least, as Standard Webhooks asks for; at most 64."""

_FORMS: Final = {
    "email": re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"),
    "sms": re.compile(r"1[3-9][0-9]{9}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One way to a unit. `hint` is what may be shown of it; `suspended` says why it is used no more; `matters` is empty for all."""

    entry_id: UUID
    channel: ChannelName
    address: str
    secret: str
    hint: str
    holder: Holder
    matters: tuple[str, ...] = ()
    suspended: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a unit wants to be told 接收时段; the moment is one in China.

    From `quiet_from` until `quiet_until`, over midnight where the first is the later, nothing is sent; nor on days off,
    where `working_days` says so. With `digest_at` what has come is told once a day, from that hour on.
    """

    quiet_from: time | None = None
    quiet_until: time | None = None
    working_days: bool = False
    digest_at: time | None = None

    def allow(self, moment: datetime, *, last: date | None) -> bool:
        """Whether something may be sent now; `last` is the day of the last digest."""
        here = moment.astimezone(CHINA)
        is_time = self.digest_at is None or (here.time() >= self.digest_at and (last is None or last < here.date()))
        return is_time and self.are_open(moment)

    def are_open(self, moment: datetime) -> bool:
        """Whether it is neither a quiet hour nor, where that matters, a day off."""
        here = moment.astimezone(CHINA)
        return not self._is_quiet(here.time()) and (not self.working_days or is_working_day(here.date()))

    def _is_quiet(self, at: time) -> bool:
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


class Contact(RecordedAggregate):
    """The addresses, deputies and hours of one unit, or of one account in it."""

    TOPIC = "notify.Contact"

    class Opened(RecordedAggregate.Event, Created):
        """A unit is reached beside its inbox from now on."""

        TOPIC = "notify.Contact.Opened"
        unit: str
        account: str = ""

    class AddressSet(RecordedAggregate.Event):
        """A unit may be reached there 登记联系方式; the last one that is asked where others fail."""

        TOPIC = "notify.Contact.AddressSet"
        unit: str
        entry_id: UUID
        channel: ChannelName
        address: Annotated[str, Personal()]
        secret: Annotated[str, Personal()]
        hint: str
        holder: Holder
        account: str = ""
        matters: tuple[str, ...] = ()

    class AddressCleared(RecordedAggregate.Event):
        """It is used no more 撤销."""

        TOPIC = "notify.Contact.AddressCleared"
        unit: str
        entry_id: UUID

    class AddressSuspended(RecordedAggregate.Event):
        """It reaches nobody, and is used no more until the unit has set it anew 停用."""

        TOPIC = "notify.Contact.AddressSuspended"
        unit: str
        entry_id: UUID
        channel: ChannelName
        failure: str

    class HoursSet(RecordedAggregate.Event):
        """When the unit wants to be told 接收时段."""

        TOPIC = "notify.Contact.HoursSet"
        unit: str
        quiet_from: time | None
        quiet_until: time | None
        working_days: bool
        digest_at: time | None
        account: str = ""

    class AbsenceSet(RecordedAggregate.Event):
        """On these days the deputy's addresses are used 代理; none where there is no first day."""

        TOPIC = "notify.Contact.AbsenceSet"
        unit: str
        from_on: date | None
        until_on: date | None
        account: str = ""

    @staticmethod
    def id_of(*, unit: str, account: str = "") -> UUID:
        """The id of a unit's contact, or of that of an account in it: there is one."""
        return uuid5(NAMESPACE_URL, f"baoxue:contact:{unit}{f'/{account}' if account else ''}")

    @classmethod
    def open(cls, *, unit: str, account: str = "") -> Self:
        """Begins a unit's contact, or an account's, with no address in it."""
        return cls._create(cls.Opened, id=cls.id_of(unit=unit, account=account), unit=unit_of(unit), account=account)

    def of(self, department: str) -> Self:
        """Itself, where it is that of the unit in whose name is acted; everybody else is turned away."""
        if department != self.unit:
            raise Forbidden("A unit sets how it is reached itself 联系方式由本单位自行登记.")
        return self

    def set_address(
        self,
        *,
        entry_id: UUID,
        channel: ChannelName,
        address: str,
        secret: str = "",
        holder: Holder = "officer",
        matters: tuple[str, ...] = (),
        beside: "Contact | None" = None,
    ) -> None:
        """Adds an address at the end of the order, for some `matters` or for all; refuses what is none of its channel.

        `beside` is the unit's contact, where this is an account's.
        """
        if any(known.entry_id == entry_id for known in self.addresses):
            return
        if holder not in get_args(Holder):
            raise Refused("An address is the officer's or the deputy's.")
        if len(self.addresses) >= ADDRESSES_MAX:
            raise Refused(f"A unit has at most {ADDRESSES_MAX} addresses; clear one first.")
        if self.reaches(channel, address):
            raise Refused("The unit is reached there already.")
        if beside is not None and beside.reaches(channel, address):
            raise Refused("The unit is reached there already; you would be told twice 本单位已登记该地址.")
        if unknown := sorted(set(matters) - TEMPLATES.matters.keys()):
            raise Refused(f"Known matters 事项类别 are {', '.join(TEMPLATES.matters)}, not {', '.join(unknown)}.")
        if channel == "webhook" and self.account:
            raise Refused("A system is the unit's, not one person's 系统推送由单位登记.")
        if channel == "webhook":
            read_secret(secret)
        elif secret:
            raise Refused("Only a webhook has a secret.")
        self.trigger_event(
            self.AddressSet,
            unit=self.unit,
            entry_id=entry_id,
            channel=channel,
            address=address,
            secret=secret,
            hint=hint_of(channel, address),
            holder=holder,
            account=self.account,
            matters=tuple(dict.fromkeys(matters)),
        )

    def reaches(self, channel: ChannelName, address: str) -> bool:
        """Whether this address is one of those in use."""
        return any((one.channel, one.address) == (channel, address) and not one.suspended for one in self.addresses)

    def clear_address(self, *, entry_id: UUID) -> None:
        """Uses an address no more; raises `NotFound` for one that the unit does not have."""
        self.address(entry_id)
        self.trigger_event(self.AddressCleared, unit=self.unit, entry_id=entry_id)

    def suspend(self, *, entry_id: UUID, failure: str) -> bool:
        """Uses an address no more because it reaches nobody; False where that was known, or it was cleared."""
        found = next((one for one in self.addresses if one.entry_id == entry_id), None)
        if found is None or found.suspended:
            return False
        self.trigger_event(
            self.AddressSuspended, unit=self.unit, entry_id=entry_id, channel=found.channel, failure=failure
        )
        return True

    def set_hours(self, hours: Hours) -> None:
        """When the unit wants to be told."""
        if (hours.quiet_from is None) != (hours.quiet_until is None):
            raise Refused("Quiet hours have a beginning and an end 免打扰时段须有起止.")
        self.trigger_event(
            self.HoursSet,
            unit=self.unit,
            quiet_from=hours.quiet_from,
            quiet_until=hours.quiet_until,
            working_days=hours.working_days,
            digest_at=hours.digest_at,
            account=self.account,
        )

    def set_absence(self, *, from_on: date | None, until_on: date | None) -> None:
        """Has the deputy told on these days, both included; nobody where neither is given."""
        if (from_on is None) != (until_on is None) or (from_on and until_on and until_on < from_on):
            raise Refused("An absence has a first and a last day, the first not after the last.")
        if from_on is not None and not any(one.holder == "deputy" for one in self.addresses):
            raise Refused("Set the deputy's address first 请先登记代理人联系方式.")
        self.trigger_event(self.AbsenceSet, unit=self.unit, from_on=from_on, until_on=until_on, account=self.account)

    def address(self, entry_id: UUID) -> Address:
        """An address in use or suspended; raises `NotFound`."""
        found = next((one for one in self.addresses if one.entry_id == entry_id), None)
        if found is None:
            raise NotFound("The unit has no such address.")
        return found

    @event(Opened)
    def __init__(self, unit: str, account: str) -> None:
        self.unit = unit
        self.account = account
        self.addresses: tuple[Address, ...] = ()
        self.hours = Hours()
        self.absence: tuple[date, date] | None = None

    @event(AddressSet)
    def _address_set(
        self,
        entry_id: UUID,
        channel: ChannelName,
        address: str,
        secret: str,
        hint: str,
        holder: Holder,
        matters: tuple[str, ...],
    ) -> None:
        added = Address(
            entry_id=entry_id,
            channel=channel,
            address=address,
            secret=secret,
            hint=hint,
            holder=holder,
            matters=matters,
        )
        self.addresses = (*self.addresses, added)

    @event(AddressCleared)
    def _address_cleared(self, entry_id: UUID) -> None:
        self.addresses = tuple(one for one in self.addresses if one.entry_id != entry_id)

    @event(AddressSuspended)
    def _address_suspended(self, entry_id: UUID, failure: str) -> None:
        self.addresses = tuple(
            replace(one, suspended=failure) if one.entry_id == entry_id else one for one in self.addresses
        )

    @event(HoursSet)
    def _hours_set(
        self, quiet_from: time | None, quiet_until: time | None, working_days: bool, digest_at: time | None
    ) -> None:
        self.hours = Hours(
            quiet_from=quiet_from, quiet_until=quiet_until, working_days=working_days, digest_at=digest_at
        )

    @event(AbsenceSet)
    def _absence_set(self, from_on: date | None, until_on: date | None) -> None:
        self.absence = None if from_on is None or until_on is None else (from_on, until_on)


def hint_of(channel: ChannelName, address: str) -> str:
    """What may be shown of an address; refuses what is no address of the channel, without quoting it."""
    match channel:
        case "email" if _FORMS["email"].fullmatch(address):
            return f"{address[0]}…@{address.rpartition('@')[2]}"
        case "sms" if _FORMS["sms"].fullmatch(address):
            return f"…{address[-4:]}"
        case "webhook":
            return _host(address)
        case _:
            raise Refused("This is no address of the channel: a mailbox (name@host), or a mobile number of 11 digits.")


def read_secret(secret: str) -> bytes:
    """The bytes of a webhook's secret, written `whsec_` and base64; refuses one that is no such text or too short."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith("whsec_") or not SECRET_MIN <= len(key) <= 64:
        raise Refused("A webhook's secret is whsec_ and the base64 of 24 to 64 random bytes.")
    return key


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    plain = address.isascii() and address.isprintable() and " " not in address and len(address) <= 400
    if (
        not host
        or not plain
        or parts.scheme not in {"https", "http"}
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise Refused("A webhook is an address such as https://host/path, without a name, password or query in it.")
    return host
