"""通知设置: where and when my unit is told, who stands in, and messages that did not arrive."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts, lists
from gateway.console.views.listing import rows_of

FEW: Final = 5
_HOURS: Final = ("quietFrom", "quietUntil", "digestAt")


async def show(caller: Caller) -> Response:
    """The settings of the caller's unit, each with its form as it is set now."""
    [contact] = (await caller.ask("contacts", first=1)).get("contacts", {}).get("nodes", ()) or [{}]
    return caller.page(
        "settings.html",
        contact=contact,
        addresses=await rows_of(caller, lists.ADDRESSES, {}),
        failed=await rows_of(caller, lists.MESSAGES, {"state": "failed"}, first=FEW),
        unclear=await rows_of(caller, lists.MESSAGES, {"state": "open"}, first=FEW),
        forms={
            name: acts.blank(caller, name, about=about, back="/settings")
            for name, about in _about(contact).items()
            if caller.granted.may(name)
        },
    )


def _about(contact: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """What stands in each form: what is set already, so that nothing of it is lifted unseen."""
    hours = {name: contact.get(name) or "" for name in _HOURS}
    absence = {"fromOn": contact.get("absentFrom") or "", "untilOn": contact.get("absentUntil") or ""}
    return {
        "setAddress": {},
        "setHours": {**hours, "workingDays": "yes" if contact.get("workingDays") else ""},
        "setAbsence": absence,
    }
