"""Register files handed in 送册, and what became of them; the roster reads them, this is the way there and back.

    POST /files/deliveries                  the files as the body, streamed on as they come; what the roster answers
    GET  /files/deliveries/{id}             progress and preview, JSON
    GET  /files/deliveries/{id}/rejects     the rejected rows, marked cell by cell, XLSX

Files are sent once and in whole or not at all; with the same Idempotency-Key it is the same delivery. Nothing of them is
kept or looked into here: their size is bounded, and the hash of the bytes is recorded beside who sent them.
"""

import hashlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response

from gateway.commands import Passed
from gateway.files.desk import XLSX, Asked, Desk, as_told, file
from services.chassis.clock import china_date
from services.chassis.errors import Refused

MOST_BYTES: Final = 256 * 1024 * 1024
UPLOAD_S: Final = 900.0
"""How long handing in may take: 256 MB over a line of 3 Mbit/s."""


async def hand_in_delivery(desk: Desk, asked: Asked) -> Response:
    """Streams the files on to the roster and answers with its answer: the delivery's id."""
    return await hand_on(desk, asked, path="/deliveries", command="hand_in_delivery", most=MOST_BYTES)


async def hand_on(desk: Desk, asked: Asked, *, path: str, command: str, most: int) -> Response:
    """Streams at most `most` bytes on to the roster as they come, and answers as the roster does; recorded by their hash."""
    asked.given()
    length = asked.request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large(most)
    digest = hashlib.sha256()
    async with desk.taking():
        passed = await desk.services.pass_on(
            "roster",
            path,
            command=command,
            principal=asked.principal,
            idempotency_key=asked.idempotency_key,
            upload=bounded(asked.request.stream(), digest=digest, most=most),
            headers={"content-type": asked.request.headers.get("content-type", "application/octet-stream")},
        )
    await desk.record(asked.principal, command, content_hash=digest.hexdigest())
    return as_told(passed)


async def see_delivery(desk: Desk, asked: Asked) -> Response:
    """How far a delivery has come, and what it would change; counts and places in files, and nobody's name."""
    asked.given()
    passed = await _fetched(desk, asked, command="see_delivery", end="")
    await desk.record(asked.principal, "see_delivery")
    return as_told(passed)


async def see_comparison(desk: Desk, asked: Asked) -> Response:
    """How far a comparison has come that the unit asked for."""
    asked.given()
    passed = await _fetched(desk, asked, command="see_comparison", end="", of="comparisons")
    await desk.record(asked.principal, "see_comparison")
    return as_told(passed)


async def export_rejects(desk: Desk, asked: Asked) -> Response:
    """The rows that were not taken, as they were handed in, each marked with why; recorded by its hash."""
    asked.given()
    passed = await _fetched(desk, asked, command="export_rejects", end="/rejects.xlsx")
    await desk.record(asked.principal, "export_rejects", content_hash=hashlib.sha256(passed.body).hexdigest())
    return file(
        passed.body, name=f"退回行 {china_date(desk.clock.now())} {asked.id('id').hex[:8]}.xlsx", media_type=XLSX
    )


async def _fetched(desk: Desk, asked: Asked, *, command: str, end: str, of: str = "deliveries") -> Passed:
    return await desk.services.pass_on(
        "roster",
        f"/{of}/{asked.id('id')}{end}",
        command=command,
        principal=asked.principal,
        idempotency_key=asked.idempotency_key,
    )


async def bounded(parts: AsyncIterator[bytes], *, digest: "hashlib._Hash", most: int) -> AsyncIterator[bytes]:
    """A body as it comes, counted; raises `Refused` beyond `most` bytes."""
    size = 0
    async for part in parts:
        size += len(part)
        if size > most:
            raise too_large(most)
        digest.update(part)
        yield part


def too_large(most: int) -> Refused:
    """What is said of a body of more than `most` bytes."""
    return Refused(f"一次最多交 {most // 2**20} MB，请分次交。At most {most // 2**20} MB at once: hand in less.")
