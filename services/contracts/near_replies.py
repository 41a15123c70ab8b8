"""What cases 个案 tells of answers whose last day is near 临期提醒; steps of a case stand with the case. Units and codes only."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from services.contracts.envelope import Published


class ReplyFallsDue(Published, frozen=True, kw_only=True):
    """The last day of an answer is near, and it isn't there yet 临期提醒 (N8.1)."""

    TYPE: ClassVar[str] = "cases.reply-falls-due.v1"
    near_reply_id: UUID
    matter: str
    about: UUID
    number: int
    owed_by: str
    township: str
    case_id: UUID | None
    due_on: date
    warned_on: date
