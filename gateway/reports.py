"""Where providers of channels report what became of a message 回执: passed on to notify as it came, and read there.

    POST /reports/sms, /reports/email      webhook-id, webhook-timestamp, webhook-signature; see services/notify/README.md

Nobody signs in here: the signature is the provider's ground, and notify looks at it. 204 where it was read.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.commands import Commands, CommandUncertain

LARGEST: Final = 256 * 1024
CHANNELS: Final = frozenset({"sms", "email"})
SIGNED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
"""The headers that are passed on."""


def report_routes(commands: Commands) -> list[Route]:
    """The door, where there are services behind it."""

    async def report(request: Request) -> Response:
        channel = request.path_params["channel"]
        headers = {name: request.headers.get(name, "") for name in SIGNED}
        if channel not in CHANNELS or not all(headers.values()):
            return Response(status_code=404)
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > LARGEST:
                return Response(status_code=413)
        try:
            status = await commands.pass_report(channel, bytes(content), headers=headers)
        except CommandUncertain:
            return Response(status_code=503, headers={"retry-after": "30"})
        return Response(status_code=status if status in {204, 403, 503} else 400)

    return [Route("/reports/{channel}", report, methods=["POST"])]
