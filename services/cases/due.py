"""Which answers are awaited, which are near their last day and which are late 答复期限: a read side in memory, folded from own events like those of `lookup.py`.

It decides nothing: `Oversight.watch_reply` looks again at what is awaited. A stale entry costs one look.
"""

from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from services.cases.domain.admonition import Admonition
from services.cases.domain.data_request import DataRequest
from services.cases.domain.inspection import Inspection
from services.cases.domain.late_reply import LateReply, Matter, NearReply, levels_above
from services.cases.domain.letter import AssistanceLetter, ProcuratorateNotice
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral
from services.cases.domain.rules import is_near
from services.chassis.clock import china_date


class Reply(NamedTuple):
    """An answer somebody owes: in which matter, about what, and the finding's number where there are several."""

    matter: Matter
    about: UUID
    number: int = 0


class _Late(NamedTuple):
    reply: Reply
    due_on: date
    next_on: date | None


class _Asked(Protocol):
    """An event by which an answer is asked for."""

    @property
    def timestamp(self) -> datetime: ...


class DueReplies:
    """The day of every answer that is awaited, and what is late already."""

    def __init__(self) -> None:
        self._awaited: dict[Reply, date] = {}
        self._asked_on: dict[Reply, date] = {}
        self._warned: set[tuple[Reply, date]] = set()
        self._late: dict[UUID, _Late] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Referral.Opened():
                self._await(Reply("referral", event.originator_id), event.reply_by, event)
            case Referral.Answered() | Referral.Revoked() | Referral.Returned():
                self._awaited.pop(Reply("referral", event.originator_id), None)
            case AssistanceLetter.Sent() | AssistanceLetter.Reminded():
                self._await(Reply("assistance_letter", event.originator_id), event.reply_by, event)
            case AssistanceLetter.Answered() | AssistanceLetter.Withdrawn():
                self._awaited.pop(Reply("assistance_letter", event.originator_id), None)
            case ProcuratorateNotice.Received():
                self._await(Reply("procuratorate_notice", event.originator_id), event.reply_by, event)
            case ProcuratorateNotice.Answered():
                self._awaited.pop(Reply("procuratorate_notice", event.originator_id), None)
            case PublicReport.Received() | PublicReport.InquiryMade():
                self._await(Reply("public_report", event.originator_id), event.owed.due_on, event)
            case PublicReport.Handled():
                self._awaited.pop(Reply("public_report", event.originator_id), None)
            case DataRequest.Received():
                self._await(Reply("data_request", event.originator_id), event.due_on, event)
            case DataRequest.Answered() | DataRequest.Declined():
                self._awaited.pop(Reply("data_request", event.originator_id), None)
            case Admonition.Issued():
                self._await(Reply("admonition", event.originator_id), event.reply_by, event)
            case Admonition.Answered():
                self._awaited.pop(Reply("admonition", event.originator_id), None)
            case Inspection.Found() | Inspection.Reported() | Inspection.Checked():
                self._inspected(event)
            case NearReply.Warned():
                self._warned.add((Reply(event.matter, event.about, event.number), event.due_on))
            case LateReply.Noted():
                reply = Reply(event.matter, event.about, event.number)
                top = levels_above(event.owed_by)[-1] == event.up_to
                self._late[event.originator_id] = _Late(reply, event.due_on, None if top else event.next_on)
            case LateReply.Climbed():
                late = self._late[event.originator_id]
                top = event.up_to == "county_government"
                self._late[event.originator_id] = late._replace(next_on=None if top else event.next_on)
            case LateReply.Settled():
                self._late.pop(event.originator_id, None)
            case _:
                pass

    def due(self, today: date) -> list[tuple[date, Reply]]:
        """What time changes today, each once, by the last day in time that is over, the longest overdue first.

        Late and not noted; noted, and the next level is to know; noted, and answered or asked anew since.
        """
        noted = {(late.reply, late.due_on): late for late in list(self._late.values())}
        over = [(day, reply) for reply, day in list(self._awaited.items()) if day < today and (reply, day) not in noted]
        for late in noted.values():
            if self._awaited.get(late.reply) != late.due_on:
                over.append((late.due_on, late.reply))
            elif late.next_on is not None and late.next_on < today:
                over.append((late.next_on, late.reply))
        first = {reply: day for day, reply in sorted(over, reverse=True)}
        return sorted((day, reply) for reply, day in first.items())

    def soon(self, today: date) -> list[tuple[Reply, int]]:
        """The answers whose last day is near and of which nobody was told, with their days from being asked to it, the nearest first.

        Letters to other counties are left out: nobody here owes their answer.
        """
        near = [
            (day, reply, (day - self._asked_on[reply]).days)
            for reply, day in list(self._awaited.items())
            if reply.matter != "assistance_letter" and (reply, day) not in self._warned
        ]
        return [(reply, term) for day, reply, term in sorted(near) if is_near(day, term=term, today=today)]

    def noted(self, reply: Reply) -> list[UUID]:
        """What was noted of an answer and hasn't ended."""
        return [late_id for late_id, late in list(self._late.items()) if late.reply == reply]

    def _await(self, reply: Reply, due_on: date, event: _Asked) -> None:
        self._awaited[reply] = due_on
        self._asked_on[reply] = china_date(event.timestamp)

    def _inspected(self, event: Inspection.Found | Inspection.Reported | Inspection.Checked) -> None:
        reply = Reply("rectification", event.originator_id, event.number)
        match event:
            case Inspection.Found(due_on=due_on):
                self._await(reply, due_on, event)
            case Inspection.Checked(due_on=due_on) if due_on is not None:
                self._await(reply, due_on, event)
            case _:
                self._awaited.pop(reply, None)
