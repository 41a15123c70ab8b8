"""What a mail server reports of a message 退信: a delivery status notification after RFC 3464, read for its key and its end.

The key stands in the envelope id that was given with the message (RFC 3461), else in the Message-ID of what came back. Nothing else
of a bounce is looked at or kept.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default
from typing import Final
from uuid import UUID

from services.notify.domain.dispatch import Outcome

_KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_SUCH_MAILBOX: Final = ("5.1.", "5.2.1")


def read_bounce(content: bytes) -> tuple[UUID, Outcome] | None:
    """Which message it is about, and what became of it; None for anything else, and for one that is only late."""
    mail = message_from_bytes(content, policy=default)
    parts = list(mail.walk())
    fields = [
        block for part in parts if part.get_content_type() == "message/delivery-status" for block in _blocks(part)
    ]
    key = next((found for block in fields if (found := _key(block["original-envelope-id"]))), None)
    key = key or next((found for part in parts[1:] if (found := _key(_message_id(part)))), None)
    action = next((str(block["action"]).strip().lower() for block in fields if block["action"]), "")
    status = next((str(block["status"]).strip() for block in fields if block["status"]), "")
    if key is None:
        return None
    match action:
        case "delivered":
            return key, Outcome(result="delivered")
        case "failed" if status.startswith(_NO_SUCH_MAILBOX):
            return key, Outcome(result="failed", failure="unknown_address")
        case "failed" if status.startswith("4"):
            return key, Outcome(result="failed", failure="unreachable")
        case "failed":
            return key, Outcome(result="failed", failure="refused")
        case _:
            return None


def _blocks(part: Mail) -> Iterator[Mail]:
    """The groups of fields of a delivery status: one for the message, one for each recipient."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Mail))


def _message_id(part: Mail) -> str | None:
    """The Message-ID of what came back, whole or its head alone."""
    if part.get_content_type() == "text/rfc822-headers":
        head = message_from_bytes(part.get_payload(decode=True) or b"", policy=default)  # type: ignore[arg-type]
        part = head
    found = part["message-id"]
    return None if found is None else str(found)


def _key(text: str | None) -> UUID | None:
    found = _KEY.search(str(text).lower()) if text else None
    return UUID(found[0]) if found else None
