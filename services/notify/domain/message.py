"""What leaves the house 外发消息: a subject and words made of notices, which are made of templates that can name no person.

There is no other way into a message: it is written from notices alone, whose texts come from `templates.toml` and whose
other fields are ids, units, codes of a table and dates. What somebody typed is nowhere among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.notify.domain.notice import Notice

SHORT_MAX: Final = 335
"""Signs of a text message at most: five parts of 67 that a telephone shows as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What a message says of one notice."""

    notice_id: UUID
    about: UUID
    case_id: UUID | None
    recipient: str
    area: str
    reason: str
    step: str
    text: str
    due_on: date | None
    reply_by: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `key` is the same however often it is tried."""

    key: UUID
    unit: str
    items: tuple[Item, ...]

    @property
    def subject(self) -> str:
        """In a line what it is about."""
        return f"【控辍保学】{len(self.items)}件通知待签收（最早期限{self._first_day}）"

    @property
    def text(self) -> str:
        """In full: each notice with the day by which it is to be acknowledged."""
        lines = [f"{number}. {item.text}（{item.reply_by}前签收）" for number, item in enumerate(self.items, start=1)]
        return "\n".join([*lines, "", "本消息由系统自动发送，不含个人信息，请勿直接回复。"])

    @property
    def short(self) -> str:
        """For a telephone: the one notice, or how many there are."""
        if len(self.items) == 1 and len(self.items[0].text) + 6 <= SHORT_MAX:
            return f"【控辍保学】{self.items[0].text}"
        return f"【控辍保学】您单位有{len(self.items)}件通知待签收，最早期限{self._first_day}，请登录系统办理。"

    @property
    def _first_day(self) -> str:
        return min(item.reply_by for item in self.items).isoformat()


def compose(notices: Sequence[Notice], *, key: UUID, unit: str) -> Message:
    """The message about these notices, one at least."""
    items = [
        Item(
            notice_id=notice.id,
            about=notice.about,
            case_id=notice.case_id,
            recipient=notice.recipient,
            area=notice.area,
            reason=notice.reason,
            step=notice.step,
            text=notice.text,
            due_on=notice.due_on,
            reply_by=notice.reply_by,
        )
        for notice in notices
    ]
    return Message(key=key, unit=unit, items=tuple(items))
