"""Letters to guardians 致监护人文书 as Word files or PDF (N9.1), village by village.

GET /files/letters/{run}[?township=][&village=][&school=][&outstanding=yes][&as=pdf]     one file of a village; of several a zip with one each
"""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from starlette.responses import Response

from gateway.files.desk import Asked, Desk, file
from gateway.files.papers import DOCX
from gateway.schema.paging import BadArgument
from gateway.sheets import letters, pdf
from gateway.sheets.letters import COLUMNS, MOST, Wanted, by_village, called
from gateway.sheets.stamp import Stamp, stamp_of
from gateway.words import word
from services.chassis.errors import NotFound, Refused

ZIP: Final = "application/zip"
LETTERS_S: Final = 300.0
"""Two thousand letters take about a minute of a core."""
PDF_MOST: Final = 1_000
"""A thousand as PDF take another minute and a half; a township's year is six or seven hundred."""


async def print_letters(desk: Desk, asked: Asked) -> Response:
    """The letters of a run within the caller's reach; recorded with every child they name before they leave."""
    given = asked.given("township", "village", "school", "outstanding", "as")
    if given.get("outstanding", "yes") != "yes":
        message = "outstanding is yes, or left out."
        raise BadArgument(message)
    if given.get("as", "pdf") != "pdf":
        message = "as is pdf, or left out for Word."
        raise BadArgument(message)
    as_pdf, address = "as" in given, desk.console_for(asked.request)
    if as_pdf:
        pdf.require()
    principal = asked.principal
    wanted = Wanted(
        run_id=asked.id("id"),
        township=given.get("township"),
        village=given.get("village"),
        school=given.get("school"),
        is_outstanding="outstanding" in given,
    )
    statement, parameters = letters.choose(wanted, grants=principal.grants)
    stamp = stamp_of(principal, at=desk.clock.now(), receipt_id=uuid4())
    async with desk.making():
        positions = await desk.positions(principal)
        rows = await desk.reader.fetch(statement, {**principal.parameters, **parameters}, claims=principal.claims)
        found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        if not found:
            raise NotFound("没有可打印的文书。There are no such letters within your reach.")
        most = PDF_MOST if as_pdf else MOST
        if len(found) > most:
            raise Refused(
                f"一次最多打印{most}份，请按乡镇或村打印。At most {most} letters at once: name a township or village."
            )
        content, name, media_type = await asyncio.to_thread(
            _written, found, desk=desk, address=address, stamp=stamp, as_pdf=as_pdf
        )
        await desk.record(
            principal,
            "print_letters",
            receipt_id=stamp.receipt_id,
            content_hash=hashlib.sha256(content).hexdigest(),
            child_ids=tuple(letter["child_id"] for letter in found),
            rows=len(found),
            fields=("Child.name", "Child.guardianName", "GuardianLetter.code"),
            positions=positions,
        )
    return file(content, name=name, media_type=media_type)


def _written(
    found: Sequence[Mapping[str, Any]], *, desk: Desk, address: str, stamp: Stamp, as_pdf: bool
) -> tuple[bytes, str, str]:
    """What is handed out, its name and its media type."""
    ending, media_type = (".pdf", pdf.PDF) if as_pdf else (".docx", DOCX)
    villages = by_village(found)
    made = {
        code: letters.render(of_village, address=address, stamp=stamp, templates=desk.templates)
        for code, of_village in villages.items()
    }
    if as_pdf:
        made = dict(zip(made, pdf.converted(list(made.values())), strict=True))
    first = found[0]
    if len(made) == 1:
        [content] = made.values()
        return content, f"{called(first)}{ending}", media_type
    together = io.BytesIO()
    with zipfile.ZipFile(together, "w", zipfile.ZIP_STORED) as archive:
        for code, content in made.items():
            archive.writestr(f"{code} {called(villages[code][0])}{ending}", content)
    return together.getvalue(), f"{word('letters', first['kind'])} {first['schoolYear']} {stamp.number}.zip", ZIP
