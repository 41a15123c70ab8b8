"""The commands of notify: load, let the notice decide, hand it to the channel, record."""

import itertools
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from services.chassis.aggregate import now, today, who_acts
from services.chassis.application import Answer, RecordedApplication
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from services.notify.channels import Channel
from services.notify.domain.case_area import CaseArea
from services.notify.domain.notice import Notice
from services.notify.domain.units import County

_OF_MANY: Final = UUID("a3f6c7de-0b53-5f2e-9c0e-6a7d1b0d4f18")


class Notices(RecordedApplication):
    """Who is told what it owes, until somebody acknowledges 通知."""

    def __init__(self, *, recorder: Recorder, mapper: SealingMapper, county: str, channel: Channel) -> None:
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

    def _delivered(self, notice: Notice) -> Notice:
        """The notice after the channel had its turn, where it owes one."""
        if notice.owes_delivery:
            notice.record_delivery(self._channel.deliver(notice), at=now())
        return notice
