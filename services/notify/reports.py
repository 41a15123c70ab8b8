"""The door for what providers report 回执: that a message arrived, or did not, after they took it.

    POST /reports/sms       the report of the gateway for text messages (`channels/sms.py`)
    POST /reports/email     a bounce or receipt as the mail server wrote it, message/rfc822 (`channels/bounce.py`)

The gateway passes them on with the services' secret; that a provider sent them is shown by their signature (`channels/signing.py`),
made with the secret `reports.key`. A report is taken once, and says what was said before or nothing: so it may come twice. 204 where
it was read, also where it changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal
from uuid import UUID

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from services.chassis.aggregate import Caused, acting
from services.chassis.errors import Forbidden, NotFound, Refused
from services.chassis.http import Surroundings, require_secret
from services.notify.channels.bounce import read_bounce
from services.notify.channels.signing import NotSigned, verify
from services.notify.channels.sms import State
from services.notify.dispatching import Dispatching
from services.notify.domain.dispatch import Outcome

LARGEST: Final = 256 * 1024
"""Bytes of a report at most."""

Report = tuple[UUID, Outcome]


def add_reports(api: FastAPI, dispatching: Dispatching, *, key: bytes, surroundings: Surroundings) -> None:
    """Adds the route."""

    @api.post("/reports/{channel}", operation_id="report_message", status_code=204)
    async def report(channel: Literal["sms", "email"], request: Request) -> Response:
        require_secret(request, surroundings)
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > LARGEST:
                raise Refused(f"A report has at most {LARGEST} bytes.")
        await run_in_threadpool(take, channel, bytes(content), dict(request.headers))
        return Response(status_code=204)

    def take(channel: str, content: bytes, headers: Mapping[str, str]) -> None:
        at = surroundings.clock.now()
        try:
            verify(content, headers, key=key, at=at)
        except NotSigned:
            raise Forbidden("The report is not signed by the provider of the channel, or not now.") from None
        said = READERS[channel](content)
        if said is None:
            return
        dispatch_id, outcome = said
        with acting(Caused.begin(actor="provider", department="system:provider", purpose="dropout_control", at=at)):
            try:
                dispatching.conclude(dispatch_id=dispatch_id, outcome=outcome, can_ask=False)
            except NotFound:  # it is not one of ours: nothing that is told of it is
                return


def _read_state(content: bytes) -> Report | None:
    try:
        state = msgspec.json.decode(content, type=State)
    except msgspec.DecodeError:
        return None
    return None if state.key is None else (state.key, state.outcome())


READERS: Final[Mapping[str, Callable[[bytes], Report | None]]] = {"sms": _read_state, "email": read_bounce}
"""How the report of each channel is read; None where it is none."""
