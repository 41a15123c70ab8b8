"""登记册送册: register files handed in, how far they have come, what they would change, and committing or withdrawing them."""

from uuid import UUID

from starlette.responses import Response

from gateway.console.asking import Said, nothing
from gateway.console.caller import Caller
from gateway.console.views import acts

GOES_ON = frozenset({"handed_in"})
FOLLOW_S = 3


async def show(caller: Caller) -> Response:
    """The deliveries, and the form to hand one in."""
    found = await caller.ask("deliveries", after=caller.given("after"))
    page = found.get("deliveries", {})
    return caller.page(
        "registers.html",
        deliveries=page.get("nodes", ()),
        more=page.get("pageInfo", {}),
        may_hand_in=caller.granted.may("handInDelivery"),
    )


async def take(caller: Caller, key: UUID) -> Response:
    """Streams the files on as they come. Raises `Said` where they are not taken."""
    answer = await caller.hand_in(
        "/files/deliveries",
        key=key,
        receive=caller.request.receive,
        content_type=caller.request.headers.get("content-type", ""),
    )
    return caller.go(f"/registers/{answer['id']}")


async def show_one(caller: Caller) -> Response:
    """One delivery; while it is being read the page reads itself again."""
    id = caller.id("id")  # noqa: A001  # the delivery's
    seen = None
    if caller.granted.may("seeDelivery"):
        try:
            seen = await caller.console.files.call(
                f"/files/deliveries/{id}", token=caller.session.token, receive=nothing
            )
        except Said as error:
            if error.code != "NOT_FOUND":
                raise
    delivery = (await caller.ask("delivery", id=id)).get("delivery")
    if delivery is None and seen is None:
        raise Said("NOT_FOUND", "")
    state = (delivery or seen or {}).get("state", "")
    commands = ("commitDelivery", "cancelDelivery") if state == "previewed" else ()
    return caller.page(
        "delivery.html",
        id=id,
        state=state,
        delivery=delivery or {},
        seen=seen or {},
        forms=[acts.blank(caller, name, about={"deliveryId": id}) for name in commands if caller.granted.may(name)],
        follow=FOLLOW_S if state in GOES_ON else 0,
        may_export=caller.granted.may("exportRejects"),
    )
