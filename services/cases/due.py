"""Which answers are awaited and which are late 答复期限: a read side in memory, folded from own events like those of `lookup.py`.

It decides nothing: `Oversight.watch_reply` looks again at what is awaited. A stale entry costs one look.
"""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.cases.domain.admonition import Admonition
from services.cases.domain.data_request import DataRequest
from services.cases.domain.inspection import Inspection
from services.cases.domain.late_reply import LateReply, Matter, levels_above
from services.cases.domain.letter import AssistanceLetter, ProcuratorateNotice
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral


class Reply(NamedTuple):
    """An answer somebody owes: in which matter, about what, and the finding's number where there are several."""

    matter: Matter
    about: UUID
    number: int = 0


class _Late(NamedTuple):
    reply: Reply
    due_on: date
    next_on: date | None


class DueReplies:
    """The day of every answer that is awaited, and what is late already."""

    def __init__(self) -> None:
        self._awaited: dict[Reply, date] = {}
        self._late: dict[UUID, _Late] = {}

    def apply(self, event: object) -> None:
        """Takes in one event of the service; those of other aggregates pass by."""
        match event:
            case Referral.Opened():
                self._awaited[Reply("referral", event.originator_id)] = event.reply_by
            case Referral.Answered() | Referral.Revoked() | Referral.Returned():
                self._awaited.pop(Reply("referral", event.originator_id), None)
            case AssistanceLetter.Sent() | AssistanceLetter.Reminded():
                self._awaited[Reply("assistance_letter", event.originator_id)] = event.reply_by
            case AssistanceLetter.Answered() | AssistanceLetter.Withdrawn():
                self._awaited.pop(Reply("assistance_letter", event.originator_id), None)
            case ProcuratorateNotice.Received():
                self._awaited[Reply("procuratorate_notice", event.originator_id)] = event.reply_by
            case ProcuratorateNotice.Answered():
                self._awaited.pop(Reply("procuratorate_notice", event.originator_id), None)
            case PublicReport.Received() | PublicReport.InquiryMade():
                self._awaited[Reply("public_report", event.originator_id)] = event.owed.due_on
            case PublicReport.Handled():
                self._awaited.pop(Reply("public_report", event.originator_id), None)
            case DataRequest.Received():
                self._awaited[Reply("data_request", event.originator_id)] = event.due_on
            case DataRequest.Answered() | DataRequest.Declined():
                self._awaited.pop(Reply("data_request", event.originator_id), None)
            case Admonition.Issued():
                self._awaited[Reply("admonition", event.originator_id)] = event.reply_by
            case Admonition.Answered():
                self._awaited.pop(Reply("admonition", event.originator_id), None)
            case Inspection.Found() | Inspection.Reported() | Inspection.Checked():
                self._inspected(event)
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

    def noted(self, reply: Reply) -> list[UUID]:
        """What was noted of an answer and hasn't ended."""
        return [late_id for late_id, late in list(self._late.items()) if late.reply == reply]

    def _inspected(self, event: Inspection.Found | Inspection.Reported | Inspection.Checked) -> None:
        reply = Reply("rectification", event.originator_id, event.number)
        match event:
            case Inspection.Found(due_on=due_on):
                self._awaited[reply] = due_on
            case Inspection.Checked(due_on=due_on) if due_on is not None:
                self._awaited[reply] = due_on
            case _:
                self._awaited.pop(reply, None)
