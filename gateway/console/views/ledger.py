"""台账: children in a list, narrowed by place and state in the address, and by who they are in a form, since addresses are written down."""

from collections.abc import Mapping

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views.acts import Form
from gateway.words import WORDS

FILES = ("school_age", "suspect", "dropout")
"""The ledgers that are handed out as files."""


async def show(caller: Caller) -> Response:
    """The list, narrowed by the address."""
    return await _page(caller, {name: caller.given(name) for name in ("township", "state", "after")})


async def find(caller: Caller, form: Form) -> Response:
    """The list, narrowed by what was typed."""
    return await _page(caller, {name: form.value(name) for name in ("township", "state", "after", "name", "idLast4")})


async def _page(caller: Caller, asked: Mapping[str, str]) -> Response:
    found = await caller.ask("ledger", **asked)
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
        files=FILES if caller.granted.may("exportLedger") else (),
    )
