"""Commands around what leaves the house 外发: begun before it is handed over, concluded by what came of it.

The sender calls them between its sends; providers' reports come through here too. Each is one transaction, or several are one: `together`.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.chassis.aggregate import now, who_acts
from services.chassis.application import Answer
from services.chassis.errors import Forbidden, Refused, Stale
from services.notify.application import Notices
from services.notify.domain.contact import Address, Contact
from services.notify.domain.dispatch import Dispatch, Outcome
from services.notify.domain.message import Message, compose
from services.notify.domain.notice import Notice
from services.notify.domain.units import BUREAU

TRIES: Final = 10
"""How often a report is decided anew where something else changed the message meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that nobody else sends now, and where it goes."""

    dispatch: Dispatch
    message: Message
    to: Address

    @property
    def dispatch_id(self) -> UUID:
        """The message's id, which is the key the provider gets."""
        return self.dispatch.id


class Dispatching:
    """What leaves the house, told step by step."""

    def __init__(self, *, notices: Notices) -> None:
        self._notices = notices

    def together(self, *, reading: Iterable[UUID] = ()) -> AbstractContextManager[None]:
        """What is told within is one transaction; raises `Stale` at its end, and then nothing of it was recorded."""
        return self._notices.together(reading=reading)

    def begin(self, *, unit: str, entry_id: UUID, notice_ids: Sequence[UUID], account: str = "") -> Claimed | None:
        """Claims the first message about these notices; None where nothing is left to tell or the address is used no more."""
        app = self._notices
        to = self._address(unit, entry_id, account=account)
        told = [app.get(Notice, notice_id) for notice_id in notice_ids]
        owed = [one for one in told if one.acknowledged_by is None and entry_id not in one.handed_to]
        if to is None or not owed:
            return None
        dispatch = Dispatch.begin(
            unit=unit,
            entry_id=entry_id,
            channel=to.channel,
            hint=to.hint,
            area=owed[0].area,
            notices=tuple(one.id for one in owed),
            cases=tuple(dict.fromkeys(one.case_id for one in owed if one.case_id is not None)),
            at=now(),
            account=account,
        )
        for one in owed:
            one.hand_over(entry_id=entry_id, dispatch_id=dispatch.id)
        app.record(dispatch, *owed)
        return Claimed(dispatch=dispatch, message=compose(owed, key=dispatch.id, unit=unit), to=to)

    def take_up(self, *, dispatch_id: UUID) -> Claimed | None:
        """Claims a message once more; None where its address is used no more, and then it has failed for good."""
        dispatch = self._notices.get(Dispatch, dispatch_id)
        claimed = self._claimed(dispatch)
        if claimed is None:
            dispatch.conclude(Outcome(result="failed", failure="unknown_address"), at=now(), can_ask=False)
        else:
            dispatch.take_up(at=now())
        self._notices.record(dispatch)
        return claimed

    def claimed(self, *, dispatch_id: UUID) -> Claimed | None:
        """A message as it was begun, to ask for it by its key; None where its address was cleared."""
        return self._claimed(self._notices.get(Dispatch, dispatch_id))

    def conclude(self, *, dispatch_id: UUID, outcome: Outcome, can_ask: bool, known: Dispatch | None = None) -> Answer:
        """Records what came of a message, and whose task it is now where it can't be sent.

        `known` is the message as whoever claimed it has it: it is read again only where something changed it meanwhile.
        """
        return self._decide(
            dispatch_id, lambda dispatch, at: dispatch.conclude(outcome, at=at, can_ask=can_ask), known=known
        )

    def abandon(self, *, dispatch_id: UUID, unseen: Outcome, can_ask: bool) -> Answer:
        """Records that whoever began a message left it; it then counts as `unseen`."""
        return self._decide(dispatch_id, lambda dispatch, at: dispatch.abandon(unseen, at=at, can_ask=can_ask))

    def suspend_address(self, *, unit: str, entry_id: UUID, failure: str) -> Answer:
        """Uses an address no more that has reached nobody for days, and tells its unit."""
        contact = self._notices.get(Contact, Contact.id_of(unit=unit))
        told = self._suspended(contact, entry_id=entry_id, failure=failure)
        return self._notices.record(contact, *told)

    def resend_dispatch(self, *, dispatch_id: UUID) -> Answer:
        """Sends a message again under its key 重发, as its own unit or the education bureau asks."""
        dispatch = self._notices.get(Dispatch, dispatch_id)
        if who_acts().department not in {dispatch.unit, f"{BUREAU}:{self._notices.county.code}"}:
            raise Forbidden("A message is sent again for the unit it went to, or for the education bureau.")
        if self._address_of(dispatch) is None:
            raise Refused("The address it went to is used no more; the notice goes to the addresses that are set.")
        dispatch.request(at=now())
        return self._notices.record(dispatch)

    def _claimed(self, dispatch: Dispatch) -> Claimed | None:
        to = self._address_of(dispatch)
        if to is None:
            return None
        told = [self._notices.get(Notice, notice_id) for notice_id in dispatch.notices]
        return Claimed(dispatch=dispatch, message=compose(told, key=dispatch.id, unit=dispatch.unit), to=to)

    def _decide(
        self, dispatch_id: UUID, decide: Callable[[Dispatch, datetime], None], *, known: Dispatch | None = None
    ) -> Answer:
        """Decides and records; anew where a report was quicker, since what the channel said must not be lost."""
        for tries_left in reversed(range(TRIES)):
            dispatch, known = known or self._notices.get(Dispatch, dispatch_id), None
            decide(dispatch, now())
            try:
                return self._notices.record(dispatch, *self._tasks(dispatch))
            except Stale:
                if not tries_left:
                    raise
        raise AssertionError  # the loop always returns or raises

    def _tasks(self, dispatch: Dispatch) -> Sequence[Contact | Notice]:
        """What a message that has just failed for good puts somebody under a duty to do."""
        failed = [one for one in dispatch.pending_events if isinstance(one, Dispatch.Failed) and one.again_at is None]
        if not failed:
            return []
        app = self._notices
        if failed[0].failure == "unknown_address":
            contact = app.get(Contact, Contact.id_of(unit=dispatch.unit, account=dispatch.account))
            told = self._suspended(contact, entry_id=dispatch.entry_id, failure="unknown_address")
            return [contact, *told]
        if failed[0].failure == "refused":
            cause = uuid5(dispatch.entry_id, f"refused/{now():%Y-%m-%d}")
            return app.task(
                f"{BUREAU}:{app.county.code}",
                cause=cause,
                about=dispatch.id,
                reason="provider_refused",
                step="check_provider",
            )
        return []

    def _suspended(self, contact: Contact, *, entry_id: UUID, failure: str) -> list[Notice]:
        if not contact.suspend(entry_id=entry_id, failure=failure):
            return []
        return self._notices.task(
            contact.unit,
            cause=uuid5(entry_id, "suspended"),
            about=entry_id,
            reason="address_unreachable",
            step="mend_address",
        )

    def _address_of(self, dispatch: Dispatch) -> Address | None:
        return self._address(dispatch.unit, dispatch.entry_id, account=dispatch.account)

    def _address(self, unit: str, entry_id: UUID, *, account: str) -> Address | None:
        contact = self._notices.find(Contact, Contact.id_of(unit=unit, account=account))
        found = [one for one in contact.addresses if one.entry_id == entry_id] if contact else []
        return found[0] if found and not found[0].suspended else None
