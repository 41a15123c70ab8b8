"""Letters over the county's border: asking another county to look for a child 异地协查函, and notices of the procuratorate answered.

An unanswered letter is reminded of, again and again; a child is not forgotten because the other side is slow.
"""

import re
from datetime import date
from typing import Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.cases.domain.late_reply import Awaited
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

_DIVISION = re.compile(r"[1-9]\d{5}")


class AssistanceLetter(RecordedAggregate):
    """One letter about one child to one other county or province."""

    TOPIC = "cases.AssistanceLetter"

    class Sent(RecordedAggregate.Event, Created):
        """It was sent 发函."""

        TOPIC = "cases.AssistanceLetter.Sent"
        case_id: UUID
        child_id: UUID
        place: str
        letter_number: int
        number: str
        request: str
        reply_by: date
        sent_on: date

    class Reminded(RecordedAggregate.Event):
        """The reply was asked for again 催办."""

        TOPIC = "cases.AssistanceLetter.Reminded"
        case_id: UUID
        child_id: UUID
        reminders: int
        reply_by: date
        reminded_on: date

    class Answered(RecordedAggregate.Event):
        """The other side answered 回函."""

        TOPIC = "cases.AssistanceLetter.Answered"
        case_id: UUID
        child_id: UUID
        outcome: str
        paper: str
        answered_on: date

    class Withdrawn(RecordedAggregate.Event):
        """The case ended, and with it what was asked 撤回."""

        TOPIC = "cases.AssistanceLetter.Withdrawn"
        case_id: UUID
        child_id: UUID
        withdrawn_on: date

    @staticmethod
    def id_of(case_id: UUID, *, place: str, number: int) -> UUID:
        """The id of a case's n-th letter to a place, counted from 1."""
        return uuid5(case_id, f"letter/{place}/{number}")

    # Decisions

    @classmethod
    def send(
        cls,
        *,
        case_id: UUID,
        child_id: UUID,
        earlier: "AssistanceLetter | None",
        place: str,
        number: str,
        request: str,
        reply_by: date,
        today: date,
    ) -> Self:
        """Asks the office of a division, by its six-digit code (GB/T 2260); one letter to a place waits at a time."""
        if not _DIVISION.fullmatch(place):
            raise Refused("send_assistance_letter: name the county by its six-digit code (GB/T 2260).")
        if earlier is not None and earlier.waits:
            raise Refused(
                f"send_assistance_letter: a letter to {place} waits for its reply since before; remind_assistance_letter."
            )
        if reply_by <= today:
            raise Refused("send_assistance_letter: leave the other side at least a day to reply.")
        letter_number = 1 if earlier is None else earlier.letter_number + 1
        return cls._create(
            cls.Sent,
            id=cls.id_of(case_id, place=place, number=letter_number),
            case_id=case_id,
            child_id=child_id,
            place=place,
            letter_number=letter_number,
            number=catalogue.in_the_clear(number, what="the letter's number"),
            request=catalogue.in_the_clear(request, what="the request"),
            reply_by=reply_by,
            sent_on=today,
        )

    def remind(self, *, reply_by: date, today: date) -> None:
        """Asks again, once the day is over."""
        self._still_waits("remind_assistance_letter")
        if today <= self.reply_by or reply_by <= today:
            raise Refused(
                f"remind_assistance_letter: the reply is due on {self.reply_by}; after that day, with a new day to come."
            )
        self.trigger_event(
            self.Reminded,
            case_id=self.case_id,
            child_id=self.child_id,
            reminders=self.reminders + 1,
            reply_by=reply_by,
            reminded_on=today,
        )

    def answer(self, *, outcome: str, paper: str, today: date) -> None:
        """What the other side wrote, in a word of the list, with its paper's number."""
        self._still_waits("answer_assistance_letter")
        catalogue.known(outcome, words=catalogue.LETTER_OUTCOMES, what="outcome of a letter")
        paper = catalogue.in_the_clear(paper, what="the paper's number")
        self.trigger_event(
            self.Answered,
            case_id=self.case_id,
            child_id=self.child_id,
            outcome=outcome,
            paper=paper,
            answered_on=today,
        )

    def awaited(self, *, township: str) -> Awaited | None:
        """The reply that is owed, in a case of this township; whoever sent the letter sees to it that it comes."""
        if not self.waits:
            return None
        return Awaited(
            matter="assistance_letter",
            about=self.id,
            owed_by="other_county",
            due_on=self.reply_by,
            township=township,
            case_id=self.case_id,
            child_id=self.child_id,
        )

    def withdraw(self, *, today: date) -> None:
        """The case has ended: nobody waits for the reply any longer; one that was answered stays as it is."""
        if self.waits:
            self.trigger_event(self.Withdrawn, case_id=self.case_id, child_id=self.child_id, withdrawn_on=today)

    @property
    def waits(self) -> bool:
        """Whether a reply is still waited for."""
        return self.answered_on is None and self.withdrawn_on is None

    def _still_waits(self, act: str) -> None:
        if self.answered_on is not None:
            raise Refused(f"{act}: this letter was answered on {self.answered_on}; send another to ask again.")
        if self.withdrawn_on is not None:
            raise Refused(f"{act}: this letter was taken back on {self.withdrawn_on}, when its case had ended.")

    # Evolution

    @event(Sent)
    def __init__(self, case_id: UUID, child_id: UUID, letter_number: int, reply_by: date) -> None:
        self.case_id = case_id
        self.child_id = child_id
        self.letter_number = letter_number
        self.reply_by = reply_by
        self.reminders = 0
        self.answered_on: date | None = None
        self.withdrawn_on: date | None = None

    @event(Reminded)
    def _reminded(self, reminders: int, reply_by: date) -> None:
        self.reminders = reminders
        self.reply_by = reply_by

    @event(Answered)
    def _answered(self, answered_on: date) -> None:
        self.answered_on = answered_on

    @event(Withdrawn)
    def _withdrawn(self, withdrawn_on: date) -> None:
        self.withdrawn_on = withdrawn_on


class ProcuratorateNotice(RecordedAggregate):
    """One notice of the procuratorate 检察建议、通报: about a case or about the county's work, answered in writing."""

    TOPIC = "cases.ProcuratorateNotice"

    class Received(RecordedAggregate.Event, Created):
        """It came in 收文."""

        TOPIC = "cases.ProcuratorateNotice.Received"
        number: str
        matter: str
        township: str
        case_id: UUID | None
        reply_by: date
        received_on: date

    class Answered(RecordedAggregate.Event):
        """The county answered 复函."""

        TOPIC = "cases.ProcuratorateNotice.Answered"
        township: str
        answer: str
        paper: str
        late: bool
        answered_on: date

    # Decisions

    @classmethod
    def receive(
        cls,
        *,
        notice_id: UUID,
        number: str,
        matter: str,
        township: str,
        case_id: UUID | None,
        reply_by: date,
        today: date,
    ) -> Self:
        """Takes a notice in, with the day by which it asks for an answer."""
        return cls._create(
            cls.Received,
            id=notice_id,
            number=catalogue.in_the_clear(number, what="the notice's number"),
            matter=catalogue.in_the_clear(matter, what="the matter"),
            township=township,
            case_id=case_id,
            reply_by=reply_by,
            received_on=today,
        )

    def answer(self, *, answer: str, paper: str, today: date) -> None:
        """Answers it, once."""
        if self.answered_on is not None:
            raise Refused(f"answer_procuratorate_notice: it was answered on {self.answered_on}.")
        self.trigger_event(
            self.Answered,
            township=self.township,
            answer=catalogue.in_the_clear(answer, what="the answer"),
            paper=catalogue.in_the_clear(paper, what="the paper's number"),
            late=today > self.reply_by,
            answered_on=today,
        )

    def awaited(self) -> Awaited | None:
        """The county's answer, which the bureau owes as the office of the leading group."""
        if self.answered_on is not None:
            return None
        return Awaited(
            matter="procuratorate_notice",
            about=self.id,
            owed_by="education_bureau",
            due_on=self.reply_by,
            township=self.township,
            case_id=self.case_id,
        )

    # Evolution

    @event(Received)
    def __init__(self, township: str, case_id: UUID | None, reply_by: date) -> None:
        self.township = township
        self.case_id = case_id
        self.reply_by = reply_by
        self.answered_on: date | None = None

    @event(Answered)
    def _answered(self, answered_on: date) -> None:
        self.answered_on = answered_on
