"""A photo or scan that shows something 影像佐证: of a visit, a served paper, a child in class. The file itself is a blob."""

from datetime import date
from typing import Self
from uuid import UUID

from services.cases.domain import catalogue
from services.chassis.aggregate import Created, RecordedAggregate, event


class Attachment(RecordedAggregate):
    """One file about one child."""

    TOPIC = "cases.Attachment"

    class Kept(RecordedAggregate.Event, Created):
        """The file was kept 存档; `sha256` is that of its bytes."""

        TOPIC = "cases.Attachment.Kept"
        child_id: UUID
        case_id: UUID | None
        shows: str
        media_type: str
        size: int
        sha256: str
        kept_on: date
        document_id: UUID | None = None

    # Decisions

    @classmethod
    def keep(
        cls,
        *,
        attachment_id: UUID,
        child_id: UUID,
        case_id: UUID | None,
        shows: str,
        media_type: str,
        size: int,
        sha256: str,
        today: date,
        document_id: UUID | None = None,
    ) -> Self:
        """Keeps a file, with what it shows in a word of the list; `document_id` where it is the scan of a paper or its receipt."""
        catalogue.known(shows, words=catalogue.EVIDENCE, what="kind of evidence")
        return cls._create(
            cls.Kept,
            id=attachment_id,
            child_id=child_id,
            case_id=case_id,
            shows=shows,
            media_type=media_type,
            size=size,
            sha256=sha256,
            kept_on=today,
            document_id=document_id,
        )

    # Evolution

    @event(Kept)
    def __init__(self, child_id: UUID, sha256: str) -> None:
        self.child_id = child_id
        self.sha256 = sha256
