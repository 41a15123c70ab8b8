"""The door to the national platform's list of suspects 疑似辍学学生名单 as it was handed in, for whoever has to answer it row by row.

    GET /suspects      the rows of the lists in force, in their order, as the platform wrote them; headers as for a command

What became of the children is told by events as everything is; only the platform's own numbers and days stand nowhere but here.
"""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from services.chassis.aggregate import Caused
from services.chassis.errors import Forbidden
from services.chassis.http import Surroundings, caused_by
from services.roster.domain.delivery import REGISTERS_OF
from services.roster.lookup import Lookup
from services.roster.reconcile.model import Register

CELLS: Final = ("suspect_number", "name", "sex", "id_number", "address", "issued_on", "due_on")
"""What the platform writes of a suspect: its own number 疑似辍学编号, who it means, where registered, sent on, to be answered by."""


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A row: its batch and number there, by which findings rest on it, and the cells of `CELLS` as they were written."""

    batch_id: UUID
    row: int
    cells: tuple[str, ...]


def add_suspects(api: FastAPI, *, lookup: Lookup, surroundings: Surroundings) -> None:
    """Adds the route."""

    async def recognised(request: Request) -> Caused:
        return caused_by(request, surroundings=surroundings)

    @api.get("/suspects", operation_id="see_suspects")
    def see(caused: Annotated[Caused, Depends(recognised)]) -> Response:
        if Register.SUSPECTS not in REGISTERS_OF.get(caused.department.partition(":")[0], ()):
            raise Forbidden("该单位不报送国家平台名单 / only who hands the platform's list in has it to answer.")
        listed = [
            Suspect(batch_id=part.batch_id, row=row.ref.row, cells=tuple(row.cells.get(cell, "") for cell in CELLS))
            for part, rows in lookup.rows_in_force(of=Register.SUSPECTS)
            for row in rows
        ]
        return Response(
            msgspec.json.encode(listed), media_type="application/json", headers={"cache-control": "no-store"}
        )
