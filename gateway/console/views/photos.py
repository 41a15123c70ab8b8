"""影像佐证 from a phone: one file of a form, handed on to `/files/attachments` as it is."""

from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from gateway.console.asking import given_at_once
from gateway.console.caller import Caller
from gateway.console.views.uploads import Part, form_of


async def take(caller: Caller, key: UUID) -> Response:
    """Keeps the picture for the case's child and goes back to the case. Raises `Said` where it isn't taken."""
    case = await caller.get("case_page", "case", id=caller.id("id"))
    fields = await form_of(caller)
    about = {"child": case["childId"], "case": case["id"], "shows": fields.get("shows", Part()).text}
    await caller.hand_in(
        "/files/attachments",
        key=key,
        query=urlencode(about),
        receive=given_at_once(fields.get("photo", Part()).content),
        content_type="application/octet-stream",
    )
    return caller.go(f"/cases/{case['id']}?done=keepAttachment")
