"""What somebody of the public told the county 群众举报 (N3.5), with the informant protected.

Matter and informant are sealed apart: the matter under the report's key, for whoever looks into it; the informant under a
key of their own, which can be erased alone. Both gone, the county's receipt and the fact that it was told remain.

Whoever told it gets a receipt number to quote, and a secret if they ask for one: with that alone a word is added, so that nobody
who merely sees the number in an office can speak in the informant's name.

A look into it is owed by a day and goes up when nobody takes it, like any answer that is awaited. Where nobody knows yet
which child is meant, each inquiry lets the next one be owed: a report ends with a case, or with somebody who went to look.
"""

import hashlib
import hmac
import re
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Self
from uuid import UUID, uuid5

import msgspec

from services.cases.domain import catalogue
from services.cases.domain.late_reply import Awaited
from services.cases.domain.rules import Owed, owed_beside
from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused
from services.chassis.typed_code import code_of

LONGEST_TEXT = 4000
LONGEST_INFORMANT = 200
LONGEST_SUPPLEMENT = 1000
MOST_SUPPLEMENTS = 5
_OF_A_CASE: Final = frozenset({"case_opened", "known_already"})
_FOLLOW_UP: Final = re.compile(r"[0-9a-f]{64}")


def id_of_informant(report_id: UUID) -> UUID:
    """The subject under whose key a report's informant is sealed."""
    return uuid5(report_id, "informant")


def receipt_number(report_id: UUID, *, received_on: date) -> str:
    """The number a report is quoted by 回执号: its day, ten signs that follow from its random id, and one that checks them."""
    return f"JB{received_on:%Y%m%d}-{code_of(report_id.bytes, signs=10)}"


class PublicReport(RecordedAggregate):
    """One report of the public; `informant` may be empty: nobody has to say who they are."""

    TOPIC = "cases.PublicReport"

    class Received(RecordedAggregate.Event, Created):
        """A report came in; `informant` is empty since the informant is sealed apart.

        `follow_up` is the SHA-256, in hex, of the secret that whoever told it may ask with; empty where nobody was given one.
        """

        TOPIC = "cases.PublicReport.Received"
        class_version: ClassVar[int] = 2
        receipt_number: str
        informant: Annotated[str, Personal("originator_id")]
        text: Annotated[str, Personal("originator_id")]
        township: str
        received_on: date
        owed: Owed
        follow_up: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Reports used to have no clock: their look is owed as of one that came in on their day."""
            came_on = date.fromisoformat(state["received_on"])
            state["owed"] = msgspec.to_builtins(owed_beside("report_received", on=came_on, township=state["township"]))
            state["follow_up"] = ""

    class InformantNamed(RecordedAggregate.Event):
        """Who told it, under a key of their own."""

        TOPIC = "cases.PublicReport.InformantNamed"
        informant_id: UUID
        informant: Annotated[str, Personal("informant_id")]

    class InquiryMade(RecordedAggregate.Event):
        """Somebody looked into it and doesn't know yet which child is meant 查访."""

        TOPIC = "cases.PublicReport.InquiryMade"
        township: str
        method: str
        note: Annotated[str, Personal("originator_id")]
        made_on: date
        owed: Owed

    class Supplemented(RecordedAggregate.Event):
        """Whoever told it added a word 补充."""

        TOPIC = "cases.PublicReport.Supplemented"
        township: str
        text: Annotated[str, Personal("originator_id")]
        added_on: date

    class Handled(RecordedAggregate.Event):
        TOPIC = "cases.PublicReport.Handled"
        receipt_number: str
        township: str
        outcome: str
        case_id: UUID | None
        handled_on: date

    # Decisions

    @classmethod
    def receive(
        cls, *, report_id: UUID, informant: str, text: str, township: str, today: date, follow_up: str = ""
    ) -> Self:
        """Takes a report in 受理举报; the receipt number tells nothing of the informant, and can't be guessed."""
        if follow_up and not _FOLLOW_UP.fullmatch(follow_up):
            raise Refused(
                "receive_public_report: what a report is followed up with is the SHA-256 of a secret, in hex."
            )
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise Refused(f"receive_public_report: a report says something, in up to {LONGEST_TEXT} characters (N3.5).")
        if len(informant) > LONGEST_INFORMANT:
            raise Refused(
                f"receive_public_report: up to {LONGEST_INFORMANT} characters say who tells it, or none (N3.5)."
            )
        report = cls._create(
            cls.Received,
            id=report_id,
            receipt_number=receipt_number(report_id, received_on=today),
            informant="",
            text=text,
            township=township,
            received_on=today,
            owed=owed_beside("report_received", on=today, township=township),
            follow_up=follow_up,
        )
        if informant.strip():
            report.trigger_event(cls.InformantNamed, informant_id=id_of_informant(report_id), informant=informant)
        return report

    def inquire(self, *, method: str, note: str, made_on: date, today: date) -> None:
        """Somebody looked into it 查访; as long as nobody knows which child is meant, the next look is owed from that day on."""
        self._still_open("record_report_inquiry")
        catalogue.known(method, words=catalogue.INQUIRIES, what="way of looking into a report")
        if not self.received_on <= made_on <= today:
            raise Refused(
                f"record_report_inquiry: the report came in on {self.received_on}; it was looked into after that, "
                "and by today."
            )
        step = owed_beside("report_inquired", on=made_on, township=self.township)
        self.trigger_event(
            self.InquiryMade, township=self.township, method=method, note=note, made_on=made_on, owed=step
        )

    def supplement(self, *, secret: str, text: str, today: date) -> None:
        """Whoever told it adds a word 补充举报; only who holds the secret that was given with the receipt can."""
        told = hashlib.sha256(secret.encode()).hexdigest()
        if not self.follow_up or not hmac.compare_digest(told, self.follow_up):
            raise Forbidden(
                "supplement_public_report: a word is added with the secret that was given with the receipt."
            )
        self._still_open("supplement_public_report")
        if not text.strip() or len(text) > LONGEST_SUPPLEMENT:
            raise Refused(f"supplement_public_report: what is added has up to {LONGEST_SUPPLEMENT} characters (N3.5).")
        if self.supplements == MOST_SUPPLEMENTS:
            raise Refused(
                f"supplement_public_report: {MOST_SUPPLEMENTS} times something was added; what is new is a report of its own."
            )
        self.trigger_event(self.Supplemented, township=self.township, text=text, added_on=today)

    def awaited(self) -> Awaited | None:
        """The look that is owed; None once it is known what came of the report."""
        if self.handled_on is not None:
            return None
        return Awaited(
            matter="public_report",
            about=self.id,
            owed_by="education_bureau",
            due_on=self.owed.due_on,
            township=self.township,
        )

    def handle(self, *, outcome: str, case_id: UUID | None, today: date) -> None:
        """Says what came of it 办结, in a word of the list; who shows the receipt number learns that word and no more.

        That it is not so can only be said by somebody who went to look.
        """
        catalogue.known(outcome, words=catalogue.REPORT_OUTCOMES, what="outcome of a report")
        self._still_open("handle_public_report")
        if (outcome in _OF_A_CASE) != (case_id is not None):
            raise Refused("handle_public_report: name the case where the report led to one, and none where it did not.")
        if outcome == "not_so" and not self.inquiries:
            raise Refused(
                "handle_public_report: that a report is not so is found by looking into it (N3.5); "
                "record_report_inquiry comes first."
            )
        self.trigger_event(
            self.Handled,
            receipt_number=self.receipt_number,
            township=self.township,
            outcome=outcome,
            case_id=case_id,
            handled_on=today,
        )

    def _still_open(self, act: str) -> None:
        if self.handled_on is not None:
            raise Refused(f"{act}: this report was handled on {self.handled_on}.")

    # Evolution

    @event(Received)
    def __init__(self, receipt_number: str, township: str, received_on: date, owed: Owed, follow_up: str) -> None:
        self.receipt_number = receipt_number
        self.township = township
        self.received_on = received_on
        self.owed = owed
        self.follow_up = follow_up
        self.inquiries = 0
        self.supplements = 0
        self.handled_on: date | None = None

    @event(InformantNamed)
    def _informant_named(self) -> None:
        pass

    @event(InquiryMade)
    def _inquiry_made(self, owed: Owed) -> None:
        self.owed = owed
        self.inquiries += 1

    @event(Supplemented)
    def _supplemented(self) -> None:
        self.supplements += 1

    @event(Handled)
    def _handled(self, handled_on: date) -> None:
        self.handled_on = handled_on
