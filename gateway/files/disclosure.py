"""How a disclosure looks before it is public 公开稿预览: the same page and files, at the counter.

GET /files/disclosures/{id}[?format=html|xlsx|csv]
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response

from gateway.files.desk import CSV, XLSX, Asked, Desk, file, shown
from gateway.schema.paging import BadArgument
from gateway.sheets import disclosure
from gateway.sheets.disclosure import Made
from services.chassis.errors import NotFound

_ONE = disclosure.READ + b" where disclosure_id = %(id)s and township >= %(lo)s and township < %(hi)s"
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


async def preview_disclosure(desk: Desk, asked: Asked) -> Response:
    """One of the caller's area, whatever its state."""
    form = asked.given("format").get("format", "html")
    if form not in _FORMS:
        message = "format is html, xlsx or csv."
        raise BadArgument(message)
    principal = asked.principal
    found = await desk.reader.fetch_dicts(_ONE, {**principal.parameters, "id": asked.id("id")}, claims=principal.claims)
    if not found:
        raise NotFound("没有这份公开稿。There is no such disclosure.")
    made = Made.of(found[0])
    async with desk.making():
        content = await asyncio.to_thread(_FORMS[form], made)
    await desk.record(
        principal, "preview_disclosure", content_hash=made.sha256, rows=1, fields=("Disclosure.cells",),
        positions=await desk.positions(principal),
    )  # fmt: skip
    if isinstance(content, str) and form == "html":
        return shown(content, policy=_POLICY)
    return file(content, name=f"{disclosure.called(made)}.{form}", media_type=XLSX if form == "xlsx" else CSV)


def _page(made: Made) -> str:
    return disclosure.page(made, files=False)


_FORMS: Final[Mapping[str, Callable[[Made], str | bytes]]] = {
    "html": _page,
    "xlsx": disclosure.workbook,
    "csv": disclosure.text,
}
