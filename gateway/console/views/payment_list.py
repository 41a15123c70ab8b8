"""发放名册: one list for the bank, the file that goes there, and what the bank answered, taken at the page line by line (N6.2)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.responses import Response

from gateway.console.asking import Said, given_at_once
from gateway.console.caller import Caller
from gateway.console.views import acts, aid_lists
from gateway.console.views.uploads import Part, form_of

_TAKE = "takeBankFile"


async def show(caller: Caller) -> Response:
    """The list. Raises `Said` NOT_FOUND where it is not within reach."""
    return await _page(caller, await _list(caller))


async def take(caller: Caller, key: UUID) -> Response:
    """Hands the bank's file on and says what it came to, or at which places it can't be taken: then nothing of it is."""
    made = await _list(caller)
    file = (await form_of(caller)).get("file", Part())
    try:
        taken = await caller.hand_in(
            f"/files/payment-lists/{made['id']}/result",
            key=key,
            receive=given_at_once(file.content),
            content_type="application/octet-stream",
            headers={"x-file-name": quote(file.file_name)},
        )
    except Said as error:
        if error.code not in {"REFUSED", "BAD_REQUEST", "UNCERTAIN"}:
            raise
        if error.code == "UNCERTAIN":
            caller.ticket = caller.given("ticket")  # sent again it is the same command
        return await _page(caller, made, refused=error, status=422)
    return await _page(caller, await _list(caller), taken=taken)


async def _list(caller: Caller) -> Mapping[str, Any]:
    nodes = (await caller.ask("paymentLists", id=caller.id("id"))).get("paymentLists", {}).get("nodes", ())
    if not nodes:
        raise Said("NOT_FOUND", "")
    one: Mapping[str, Any] = nodes[0]
    return one


async def _page(
    caller: Caller,
    made: Mapping[str, Any],
    *,
    taken: Mapping[str, Any] | None = None,
    refused: Said | None = None,
    status: int = 200,
) -> Response:
    is_approved = made["state"] == "approved"
    return caller.page(
        "payment_list.html",
        status=status,
        made=made,
        columns=aid_lists.PAYMENT_LISTS.columns,
        taken=taken,
        refused=refused,
        rejects=refused.told.get("rejects", ()) if refused else (),
        may_take=is_approved and caller.granted.may(_TAKE),
        may_fetch=is_approved and caller.granted.may("exportPaymentList"),
        commands=[
            (button.command, acts.title_of(caller, button.command))
            for button in aid_lists.PAYMENT_LISTS.buttons
            if button.offered(made) and caller.granted.may(button.command)
        ],
    )
