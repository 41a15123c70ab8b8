"""台账: children in a list, narrowed by place and state in the address, and by who they are in a form, since addresses are written down."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views.acts import Form
from gateway.words import WORDS

FILES = ("school_age", "suspect", "dropout")
"""The ledgers that are handed out as files."""
GROUPS: Final = {"left_behind": "leftBehind", "migrant": "migrant", "poverty": "poor", "disability": "disabled"}
"""Focus groups 重点群体, each with the argument that narrows to it."""
_SHOWN: Final = ("township", "state", "group", "after")


async def show(caller: Caller) -> Response:
    """The list, narrowed by the address."""
    return await _page(caller, {name: caller.given(name) for name in _SHOWN})


async def find(caller: Caller, form: Form) -> Response:
    """The list, narrowed by what was typed."""
    return await _page(caller, {name: form.value(name) for name in (*_SHOWN, "name", "idLast4")})


async def _page(caller: Caller, asked: Mapping[str, str]) -> Response:
    group = GROUPS.get(asked["group"])
    found = await caller.ask("ledger", **asked, **({group: True} if group else {}))
    places = await caller.ask("places")
    children = found.get("children", {})
    return caller.page(
        "ledger.html",
        asked=asked,
        children=children.get("nodes", ()),
        more=children.get("pageInfo", {}),
        townships=places.get("townships", ()),
        states=list(WORDS["states"]),
        by_name=caller.granted.narrows("children", "name"),
        by_number=caller.granted.narrows("children", "idLast4"),
        by_state=caller.granted.narrows("children", "state"),
        groups=[group for group, argument in GROUPS.items() if caller.granted.narrows("children", argument)],
        files=FILES if caller.granted.may("exportLedger") else (),
        answers_platform=caller.granted.may("exportSuspects"),
    )
