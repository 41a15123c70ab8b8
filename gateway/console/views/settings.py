"""通知设置: where and when my unit is told, and I myself, who stands in, and messages that did not arrive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts, lists
from gateway.console.views.listing import Column, Rows, rows_of

FEW: Final = 5
MANY: Final = 200
"""More than a unit has people who set an address."""
_HOURS: Final = ("quietFrom", "quietUntil", "digestAt")
_WHOSE: Final = Column("account", "settings.whose")


@dataclass(frozen=True, slots=True)
class Told:
    """How a unit, or one account of it, is told: what it has set, and the forms to set it otherwise."""

    name: str
    """of_unit or mine, in the catalogue and in the page's ids."""
    contact: Mapping[str, Any]
    addresses: Rows
    forms: Mapping[str, acts.Shown]


async def show(caller: Caller) -> Response:
    """The settings of the caller's unit and of the caller, each with its form as it is set now."""
    contacts = (await caller.ask("contacts", first=MANY)).get("contacts", {}).get("nodes", ())
    addresses, me = await rows_of(caller, lists.ADDRESSES, {}, first=MANY), caller.session.account
    return caller.page(
        "settings.html",
        told=[
            _told(caller, name, account=account, contacts=contacts, addresses=addresses)
            for name, account in (("of_unit", ""), ("mine", me))
        ],
        others=_of(addresses, lambda account: account not in {"", me}, columns=(_WHOSE, *addresses.columns)),
        failed=await rows_of(caller, lists.MESSAGES, {"state": "failed"}, first=FEW),
        unclear=await rows_of(caller, lists.MESSAGES, {"state": "open"}, first=FEW),
    )


def _told(caller: Caller, name: str, *, account: str, contacts: Any, addresses: Rows) -> Told:
    contact: Mapping[str, Any] = next((one for one in contacts if one["account"] == account), {})
    forms = {
        command: acts.blank(caller, command, about=about, back="/settings", name=f"{name}-{command}")
        for command, about in _about(contact, mine="yes" if account else "").items()
        if caller.granted.may(command)
    }
    return Told(name, contact, _of(addresses, lambda whose: whose == account, columns=addresses.columns), forms)


def _of(addresses: Rows, wanted: Callable[[str], bool], *, columns: Any) -> Rows:
    """Those of the addresses whose account is wanted."""
    return replace(addresses, nodes=[one for one in addresses.nodes if wanted(one["account"])], columns=columns)


def _about(contact: Mapping[str, Any], *, mine: str) -> Mapping[str, Mapping[str, str]]:
    """What stands in each form: what is set already, so that nothing of it is lifted unseen."""
    hours = {name: contact.get(name) or "" for name in _HOURS}
    absence = {"fromOn": contact.get("absentFrom") or "", "untilOn": contact.get("absentUntil") or ""}
    return {
        "setAddress": {"mine": mine},
        "setHours": {**hours, "workingDays": "yes" if contact.get("workingDays") else "", "mine": mine},
        "setAbsence": {**absence, "mine": mine},
    }
