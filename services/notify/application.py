"""The commands of notify: load, let the notice decide, hand it to the channel, record."""

import itertools
from datetime import date, time
from typing import Final
from uuid import UUID, uuid5

from services.chassis.aggregate import now, today, who_acts
from services.chassis.application import Answer, RecordedApplication
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from services.notify.channels.inbox import Inbox
from services.notify.domain.case_area import CaseArea
from services.notify.domain.contact import ChannelName, Contact, Holder, Hours
from services.notify.domain.notice import Notice
from services.notify.domain.units import County

_OF_MANY: Final = UUID("a3f6c7de-0b53-5f2e-9c0e-6a7d1b0d4f18")


class Notices(RecordedApplication):
    """Who is told what it owes, until somebody acknowledges 通知."""

    def __init__(self, *, recorder: Recorder, mapper: SealingMapper, county: str, channel: Inbox) -> None:
        super().__init__(recorder=recorder, mapper=mapper)
        self.county = County(county)
        self._channel = channel

    def learn_area(self, *, case_id: UUID, township: str, school: str) -> Answer:
        """Remembers where a case belongs, for the notices about it."""
        known = self.find(CaseArea, CaseArea.id_of(case_id=case_id))
        return self.record(known or CaseArea.learn(case_id=case_id, township=township, school=school))

    def raise_notice(
        self,
        *,
        cause: UUID,
        about: UUID,
        recipient: str,
        reason: str,
        case_id: UUID | None = None,
        area: str = "",
        step: str = "",
        due_on: date | None = None,
    ) -> Answer:
        """Tells a unit something, once per cause, recipient and reason; the text comes from the reason's template.

        `cause` is the event that gives rise to it (or an id of the caller's own), `about` the thing it is about,
        `recipient` a unit, `area` the township's or county's code; reasons and steps as in `templates.toml` (N8.1).
        """
        known = self.find(Notice, Notice.id_of(cause=cause, recipient=recipient, reason=reason))
        notice = known or Notice.raise_to(
            recipient,
            cause=cause,
            about=about,
            case_id=case_id,
            reason=reason,
            area=area,
            step=step,
            due_on=due_on,
            today=today(),
        )
        return self.record(self._delivered(notice))

    def raise_notice_of_many(
        self, *, about: UUID, recipient: str, reason: str, area: str, step: str, due_on: date | None
    ) -> Answer:
        """Tells a unit that it owes something once more of a kind, by a day; `about` is the first of them.

        One notice speaks for all that come until the unit acknowledges it, so that a thousand findings are no thousand notices.
        """
        for number in itertools.count(1):
            cause = uuid5(_OF_MANY, f"{area}/{step}/{due_on}/{number}")
            known = self.find(Notice, Notice.id_of(cause=cause, recipient=recipient, reason=reason))
            if known is None:
                break
            if known.acknowledged_by is None:
                return self.record(known)
        return self.raise_notice(
            cause=cause, about=about, recipient=recipient, reason=reason, area=area, step=step, due_on=due_on
        )

    def deliver_notice(self, *, notice_id: UUID) -> Answer:
        """Tries again to deliver a notice that could not be delivered."""
        return self.record(self._delivered(self.get(Notice, notice_id)))

    def acknowledge_notice(self, *, notice_id: UUID) -> Answer:
        """The unit that was told says that it has seen the notice 签收; it acts in the unit's name."""
        notice = self.get(Notice, notice_id)
        notice.acknowledge(department=who_acts().department)
        return self.record(notice)

    def escalate_notice(self, *, notice_id: UUID) -> Answer:
        """Tells the superior of a unit that did not acknowledge in time 升级."""
        notice = self.get(Notice, notice_id)
        told = notice.escalate(county=self.county, today=today())
        return self.record(notice, *[self._delivered(one) for one in told])

    def set_address(
        self,
        *,
        unit: str,
        channel: ChannelName,
        address: str,
        secret: str = "",
        holder: Holder = "officer",
        matters: tuple[str, ...] = (),
        mine: bool = False,
    ) -> Answer:
        """Reaches a unit at one more address 登记联系方式, after those it has; it acts in the unit's name.

        `address` is a mailbox, a mobile number of eleven digits, or an https address with its `secret` (`whsec_…`); `matters` are the kinds
        of matter it is told of, all where none is given. `mine` 本人 is for whoever acts alone, beside what is told to the unit.
        """
        contact = self._contact(unit, account=_me(mine))
        of_unit = self.find(Contact, Contact.id_of(unit=unit)) if mine else None
        entry_id = uuid5(contact.id, f"{who_acts().command_id}")
        contact.set_address(
            entry_id=entry_id,
            channel=channel,
            address=address,
            secret=secret,
            holder=holder,
            matters=matters,
            beside=of_unit,
        )
        return self.record(contact, answer=entry_id)

    def clear_address(self, *, unit: str, entry_id: UUID, account: str = "") -> Answer:
        """Reaches a unit at an address no more 撤销联系方式, be it its own or an account's, who may have left it."""
        contact = self._contact(unit, account=account)
        contact.clear_address(entry_id=entry_id)
        return self.record(contact, answer=entry_id)

    def set_hours(
        self,
        *,
        unit: str,
        quiet_from: time | None = None,
        quiet_until: time | None = None,
        working_days: bool = False,
        digest_at: time | None = None,
        mine: bool = False,
    ) -> Answer:
        """When a unit, or whoever acts, wants to be told 接收时段, in China's time: not in quiet hours or on days off, or once a day."""
        contact = self._contact(unit, account=_me(mine))
        contact.set_hours(
            Hours(quiet_from=quiet_from, quiet_until=quiet_until, working_days=working_days, digest_at=digest_at)
        )
        return self.record(contact)

    def set_absence(
        self, *, unit: str, from_on: date | None = None, until_on: date | None = None, mine: bool = False
    ) -> Answer:
        """Has a unit's deputy told from a day until a day 代理, or one's own; nobody where none is given."""
        contact = self._contact(unit, account=_me(mine))
        contact.set_absence(from_on=from_on, until_on=until_on)
        return self.record(contact)

    def task(self, recipient: str, *, cause: UUID, about: UUID, reason: str, step: str) -> list[Notice]:
        """What a unit has to mend here, as a notice in its inbox, to be recorded; none where it was told of this cause."""
        if self.find(Notice, Notice.id_of(cause=cause, recipient=recipient, reason=reason)):
            return []
        notice = Notice.raise_to(
            recipient,
            cause=cause,
            about=about,
            case_id=None,
            reason=reason,
            area=self.county.code,
            step=step,
            due_on=None,
            today=today(),
        )
        return [self._delivered(notice)]

    def _contact(self, unit: str, *, account: str) -> Contact:
        """The contact of the unit in whose name is acted, or of an account in it, new where there is none."""
        known = self.find(Contact, Contact.id_of(unit=unit, account=account))
        return (known or Contact.open(unit=unit, account=account)).of(who_acts().department)

    def _delivered(self, notice: Notice) -> Notice:
        """The notice after the channel had its turn, where it owes one."""
        if notice.owes_delivery:
            notice.record_delivery(self._channel.deliver(notice), at=now())
        return notice


def _me(mine: bool) -> str:
    """The account that acts, where it acts for itself."""
    return who_acts().actor if mine else ""
