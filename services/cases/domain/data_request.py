"""What a guardian asks of what is held about a child 个人信息权利请求 (PIPL 44 to 50; 未成年人网络保护条例 34), as work with a last day.

It is received at a counter, under a number on the receipt that is handed over; who asks is looked at; it is owed by a unit, which
may hand it to another, and goes up when its day passes, like any answer that is awaited. It ends answered or refused, and a
refusal names its ground and the law.

What can be told by the roster is not said by hand: that a child was erased, or restricted because a law wants its data kept, or
that the registers say something else of who it is now. So nobody can answer "deleted" while the data is still there.
"""

import re
from datetime import date
from typing import Final, Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.cases.domain.late_reply import Awaited
from services.cases.domain.rules import owed_beside
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused
from services.chassis.typed_code import code_of

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_WITH_AN_EXPORT: Final = frozenset({"access", "copy"})


def receipt_number(request_id: UUID, *, received_on: date) -> str:
    """The number a request is called by 回执号: its day, ten signs that follow from its id, and one that checks them."""
    return f"QL{received_on:%Y%m%d}-{code_of(request_id.bytes, signs=10)}"


class DataRequest(RecordedAggregate):
    """One request about one child."""

    TOPIC = "cases.DataRequest"

    class Received(RecordedAggregate.Event, Created):
        """It was received at a counter 受理; `request` says what is asked, in words that name nobody."""

        TOPIC = "cases.DataRequest.Received"
        receipt_number: str
        child_id: UUID
        township: str
        kind: str
        about: str
        asked_by: str
        request: str
        owed_by: str
        due_on: date
        rule: str
        legal_basis: str
        received_on: date

    class RequesterChecked(RecordedAggregate.Event):
        """Who asks was looked at 身份核验."""

        TOPIC = "cases.DataRequest.RequesterChecked"
        child_id: UUID
        shown: str
        checked_on: date

    class Assigned(RecordedAggregate.Event):
        """A unit, or an officer of it, owes the answer from now on 交办; the last day stays."""

        TOPIC = "cases.DataRequest.Assigned"
        child_id: UUID
        township: str
        owed_by: str
        officer: str
        due_on: date
        assigned_on: date

    class CorrectionSeen(RecordedAggregate.Event):
        """The roster told that who the child is was corrected 已更正."""

        TOPIC = "cases.DataRequest.CorrectionSeen"
        child_id: UUID
        seen_on: date

    class Answered(RecordedAggregate.Event):
        """It was answered 答复; `content` is the SHA-256 of the file that was handed over, where one was."""

        TOPIC = "cases.DataRequest.Answered"
        child_id: UUID
        outcome: str
        answer: str
        content: str
        late: bool
        answered_on: date

    class Declined(RecordedAggregate.Event):
        """It was refused 不予办理, on a ground of the list."""

        TOPIC = "cases.DataRequest.Declined"
        child_id: UUID
        ground: str
        legal_basis: str
        answer: str
        late: bool
        declined_on: date

    # Decisions

    @staticmethod
    def id_of(child_id: UUID, number: int) -> UUID:
        """The id of the n-th request about a child."""
        return uuid5(child_id, f"data-request/{number}")

    @classmethod
    def receive(
        cls,
        *,
        child_id: UUID,
        number: int,
        township: str,
        kind: str,
        about: str,
        asked_by: str,
        request: str,
        unit: str,
        today: date,
    ) -> Self:
        """Receives the n-th request about a child at the counter of a unit, which owes its answer."""
        catalogue.known(kind, words=catalogue.DATA_REQUESTS, what="request")
        catalogue.known(asked_by, words=catalogue.REQUESTERS, what="person who asks")
        if (kind == "correction") != (about != ""):
            raise Refused("receive_data_request: a correction says what is to be corrected; nothing else does.")
        if about:
            catalogue.known(about, words=catalogue.CORRECTIONS, what="thing to be corrected")
        request_id = cls.id_of(child_id, number)
        owed = owed_beside("data_request_received", on=today, township=township)
        return cls._create(
            cls.Received,
            id=request_id,
            receipt_number=receipt_number(request_id, received_on=today),
            child_id=child_id,
            township=township,
            kind=kind,
            about=about,
            asked_by=asked_by,
            request=catalogue.in_the_clear(request, what="what is asked"),
            owed_by=unit,
            due_on=owed.due_on,
            rule=owed.rule,
            legal_basis=owed.legal_basis,
            received_on=today,
        )

    def check_requester(self, *, shown: str, today: date) -> None:
        """Somebody looked at who asks, and at what shows that they may 身份核验."""
        self._still_open("check_requester")
        catalogue.known(shown, words=catalogue.REQUESTER_PROOFS, what="proof of who asks")
        if (shown == "own_document") != (self.asked_by == "child"):
            raise Refused(
                "check_requester: a child shows its own document; a guardian shows that they are the guardian."
            )
        if self.checked:
            raise Refused("check_requester: it was seen who asks.")
        self.trigger_event(self.RequesterChecked, child_id=self.child_id, shown=shown, checked_on=today)

    def assign(self, *, unit: str, officer: str, by: str, today: date) -> None:
        """Whoever owes it, or the bureau, hands it to a unit or an officer 交办; its last day stays."""
        self._still_open("assign_data_request")
        if by != self.owed_by and not by.startswith("education_bureau:"):
            raise Forbidden("assign_data_request: it is handed on by the unit that owes it, or by the bureau.")
        if unit == self.owed_by and officer == self.officer:
            raise Refused("assign_data_request: it lies there already.")
        self.trigger_event(
            self.Assigned,
            child_id=self.child_id,
            township=self.township,
            owed_by=unit,
            officer=officer,
            due_on=self.due_on,
            assigned_on=today,
        )

    def answer(self, *, outcome: str, answer: str, content: str, unit: str, today: date) -> None:
        """The unit that owes it answers 答复; what was handed over is named by its hash, and it was seen who asked."""
        self._must_answer("answer_data_request", unit=unit)
        allowed = catalogue.DATA_REQUESTS[self.kind]
        if outcome in allowed.told:
            raise Refused(
                "answer_data_request: that data was deleted or restricted follows from its being done "
                "(baoxue erase, baoxue vault restrict); it is not said by hand."
            )
        if outcome not in allowed.outcomes:
            raise Refused(
                f"answer_data_request: of a request of this kind comes {catalogue.listed(allowed.outcomes) or 'what the roster tells'}, or it is refused."
            )
        if not self.checked:
            raise Refused("answer_data_request: see who asks first (check_requester); nobody else's child is told of.")
        if (self.kind in _WITH_AN_EXPORT) != bool(content) or (content and not _SHA256.fullmatch(content)):
            raise Refused(
                "answer_data_request: who asked to see or have it is given the file of the child; name its SHA-256, and none otherwise."
            )
        if self.about == "identity" and not self.corrected:
            raise Refused(
                "answer_data_request: the roster still says what it said. The register it comes from is corrected and handed "
                "in again; or refuse with the ground checked_and_right."
            )
        self.trigger_event(
            self.Answered,
            child_id=self.child_id,
            outcome=outcome,
            answer=catalogue.in_the_clear(answer, what="the answer"),
            content=content,
            late=today > self.due_on,
            answered_on=today,
        )

    def decline(self, *, ground: str, answer: str, unit: str, today: date) -> None:
        """The unit that owes it refuses it on a ground of the list 不予办理, and says why."""
        self._must_answer("decline_data_request", unit=unit)
        law = catalogue.known(ground, words=catalogue.DATA_REQUEST_REFUSALS, what="ground of refusal").legal_basis
        if ground != "withdrawn" and (ground == "identity_not_shown") == self.checked:
            raise Refused(
                "decline_data_request: who asks was seen, or it is refused because they could not show who they are."
            )
        self.trigger_event(
            self.Declined,
            child_id=self.child_id,
            ground=ground,
            legal_basis=law,
            answer=catalogue.in_the_clear(answer, what="the reason"),
            late=today > self.due_on,
            declined_on=today,
        )

    def hear_correction(self, *, today: date) -> None:
        """The roster told that who the child is was corrected; nothing happens to a request of another kind."""
        if self.ended_on is None and self.about == "identity" and not self.corrected:
            self.trigger_event(self.CorrectionSeen, child_id=self.child_id, seen_on=today)

    def hear_end(self, outcome: str, *, today: date) -> None:
        """The roster told that the child was erased or restricted: a request to delete has its answer."""
        if self.ended_on is None and outcome in catalogue.DATA_REQUESTS[self.kind].told:
            self.trigger_event(
                self.Answered,
                child_id=self.child_id,
                outcome=outcome,
                answer="",
                content="",
                late=today > self.due_on,
                answered_on=today,
            )

    def awaited(self) -> Awaited | None:
        """The answer, until it is there."""
        if self.ended_on is not None:
            return None
        return Awaited(
            matter="data_request",
            about=self.id,
            owed_by=self.owed_by,
            due_on=self.due_on,
            township=self.township,
            child_id=self.child_id,
        )

    def _must_answer(self, act: str, *, unit: str) -> None:
        self._still_open(act)
        if unit != self.owed_by:
            raise Forbidden(f"{act}: {self.owed_by} owes the answer; hand it on first (assign_data_request).")

    def _still_open(self, act: str) -> None:
        if self.ended_on is not None:
            raise Refused(f"{act}: this request was answered or refused on {self.ended_on}.")

    # Evolution

    @event(Received)
    def __init__(
        self, child_id: UUID, township: str, kind: str, about: str, asked_by: str, owed_by: str, due_on: date
    ) -> None:
        self.child_id = child_id
        self.township = township
        self.kind = kind
        self.about = about
        self.asked_by = asked_by
        self.owed_by = owed_by
        self.officer = ""
        self.due_on = due_on
        self.checked = False
        self.corrected = False
        self.ended_on: date | None = None

    @event(RequesterChecked)
    def _requester_checked(self) -> None:
        self.checked = True

    @event(Assigned)
    def _assigned(self, owed_by: str, officer: str) -> None:
        self.owed_by = owed_by
        self.officer = officer

    @event(CorrectionSeen)
    def _correction_seen(self) -> None:
        self.corrected = True

    @event(Answered)
    def _answered(self, answered_on: date) -> None:
        self.ended_on = answered_on

    @event(Declined)
    def _declined(self, declined_on: date) -> None:
        self.ended_on = declined_on
