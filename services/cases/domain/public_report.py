"""What somebody of the public told the county 群众举报 (N3.5), with the informant protected.

Matter and informant are sealed apart: the matter under the report's key, for whoever looks into it; the informant under a
key of their own, which can be erased alone. Both gone, the county's receipt and the fact that it was told remain.
"""

from datetime import date
from typing import Annotated, Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue
from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Refused

LONGEST_TEXT = 4000
LONGEST_INFORMANT = 200


def id_of_informant(report_id: UUID) -> UUID:
    """The subject under whose key a report's informant is sealed."""
    return uuid5(report_id, "informant")


class PublicReport(RecordedAggregate):
    """One report of the public; `informant` may be empty: nobody has to say who they are."""

    TOPIC = "cases.PublicReport"

    class Received(RecordedAggregate.Event, Created):
        """A report came in; `informant` is empty since the informant is sealed apart."""

        TOPIC = "cases.PublicReport.Received"
        receipt_number: str
        informant: Annotated[str, Personal("originator_id")]
        text: Annotated[str, Personal("originator_id")]
        township: str
        received_on: date

    class InformantNamed(RecordedAggregate.Event):
        """Who told it, under a key of their own."""

        TOPIC = "cases.PublicReport.InformantNamed"
        informant_id: UUID
        informant: Annotated[str, Personal("informant_id")]

    class Handled(RecordedAggregate.Event):
        TOPIC = "cases.PublicReport.Handled"
        receipt_number: str
        township: str
        outcome: str
        case_id: UUID | None
        handled_on: date

    # Decisions

    @classmethod
    def receive(cls, *, report_id: UUID, informant: str, text: str, township: str, today: date) -> Self:
        """Takes a report in 受理举报; the receipt number is made from date and id, and tells nothing of the informant."""
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise Refused(f"receive_public_report: a report says something, in up to {LONGEST_TEXT} characters (N3.5).")
        if len(informant) > LONGEST_INFORMANT:
            raise Refused(
                f"receive_public_report: up to {LONGEST_INFORMANT} characters say who tells it, or none (N3.5)."
            )
        report = cls._create(
            cls.Received,
            id=report_id,
            receipt_number=f"JB{today:%Y%m%d}-{report_id.hex[:10].upper()}",
            informant="",
            text=text,
            township=township,
            received_on=today,
        )
        if informant.strip():
            report.trigger_event(cls.InformantNamed, informant_id=id_of_informant(report_id), informant=informant)
        return report

    def handle(self, *, outcome: str, case_id: UUID | None, today: date) -> None:
        """Says what came of it 办结, in a word of the list; who shows the receipt number learns that word and no more."""
        catalogue.known(outcome, words=catalogue.REPORT_OUTCOMES, what="outcome of a report")
        if self.handled_on is not None:
            raise Refused(f"handle_public_report: this report was handled on {self.handled_on}.")
        if (outcome in {"case_opened", "known_already"}) != (case_id is not None):
            raise Refused("handle_public_report: name the case where the report led to one, and none where it did not.")
        self.trigger_event(
            self.Handled,
            receipt_number=self.receipt_number,
            township=self.township,
            outcome=outcome,
            case_id=case_id,
            handled_on=today,
        )

    # Evolution

    @event(Received)
    def __init__(self, receipt_number: str, township: str, received_on: date) -> None:
        self.receipt_number = receipt_number
        self.township = township
        self.received_on = received_on
        self.handled_on: date | None = None

    @event(InformantNamed)
    def _informant_named(self) -> None:
        pass

    @event(Handled)
    def _handled(self, handled_on: date) -> None:
        self.handled_on = handled_on
