"""What somebody of the public told the county 群众举报 (N3.5), with the informant protected.

Informant and text are sealed under a key of the report's own: erasing it makes the informant unreadable everywhere and
leaves the county's receipt and the fact that it was told.
"""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Refused

LONGEST_TEXT = 4000


class PublicReport(RecordedAggregate):
    """One report of the public; `informant` may be empty: nobody has to say who they are."""

    TOPIC = "cases.PublicReport"

    class Received(RecordedAggregate.Event, Created):
        TOPIC = "cases.PublicReport.Received"
        receipt_number: str
        informant: Annotated[str, Personal("originator_id")]
        text: Annotated[str, Personal("originator_id")]
        township: str
        received_on: date

    # Decisions

    @classmethod
    def receive(cls, *, report_id: UUID, informant: str, text: str, township: str, today: date) -> Self:
        """Takes a report in 受理举报; the receipt number is made from date and id, and tells nothing of the informant."""
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise Refused(f"receive_public_report: a report says something, in up to {LONGEST_TEXT} characters (N3.5).")
        return cls._create(
            cls.Received,
            id=report_id,
            receipt_number=f"JB{today:%Y%m%d}-{report_id.hex[:10].upper()}",
            informant=informant,
            text=text,
            township=township,
            received_on=today,
        )

    # Evolution

    @event(Received)
    def __init__(self, receipt_number: str, township: str, received_on: date) -> None:
        self.receipt_number = receipt_number
        self.township = township
        self.received_on = received_on
