"""A bundle 证据包 checked at the counter: with the file that inspectors are given, and against the logs as they are now.

POST /files/bundle-check     the bundle as the body, `BUNDLE_MAX` bytes at most; larger ones are checked on the inspector's own machine

Nothing of it is kept but that it was looked at.
"""

import hashlib
from typing import Final
from uuid import UUID

from starlette.responses import Response

from gateway.files.desk import Asked, Desk, answer
from services.chassis.errors import NotFound, Refused

BUNDLE_MAX: Final = 16 * 1024 * 1024


async def check_bundle(desk: Desk, asked: Asked) -> Response:
    """Says what a bundle shows, or which place of it doesn't hold."""
    asked.given()
    if desk.supervision is None or desk.supervision.proofs is None:
        raise NotFound("没有可核验的日志。There are no logs to check it against.")
    async with desk.taking():
        content = bytearray()
        async for part in asked.request.stream():
            content += part
            if len(content) > BUNDLE_MAX:
                raise Refused(
                    f"证据包超过 {BUNDLE_MAX // 1024 // 1024} MB，请用 verify.py 在本机核验。A bundle of more than"
                    f" {BUNDLE_MAX // 1024 // 1024} MB is checked with verify.py on a machine of your own."
                )
        found = await desk.supervision.proofs.check_bundle(bytes(content))
    child = found.get("said", {}).get("of", {}).get("child")
    await desk.record(
        asked.principal,
        "check_bundle",
        content_hash=hashlib.sha256(content).hexdigest(),
        child_ids=(UUID(child),) if child else (),
        rows=sum(log["entries"] for log in found["logs"]),
        fields=("Proof.proved",),
        positions=await desk.positions(asked.principal),
    )
    return answer(found)
