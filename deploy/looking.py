"""A look that an operator takes with a command 查阅: who takes it and for which body, on a receipt before anything is shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
import typer

from gateway.access.kinds import DEPARTMENTS
from gateway.access.receipts import NotRecorded, Receipt, record_at_once
from services.chassis.clock import SystemClock
from services.chassis.errors import Refused

PURPOSE: Final = "supervision"
By = Annotated[str, typer.Option("--by", help="Who looks: an official's identifier, not a name.")]
For = Annotated[str, typer.Option("--for", help="The body it is for, `kind:area`: supervision:410326.")]


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, and for which body; refuses what is neither."""

    by: str
    unit: str

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.by.isprintable():
            raise Refused("A look is kept: say in one line who takes it.")
        if self.unit.partition(":")[0] not in DEPARTMENTS or not self.unit.partition(":")[2].isdigit():
            raise Refused(
                f"{self.unit!r} is no unit; it reads kind:area, and a kind is one of {', '.join(sorted(DEPARTMENTS))}."
            )

    def record(
        self,
        gateway: psycopg.Connection[Any],
        operation: str,
        *,
        fields: tuple[str, ...],
        child_ids: tuple[UUID, ...] = (),
        about: UUID | None = None,
        rows: int = 1,
        content_hash: str = "",
        at: datetime | None = None,
    ) -> None:
        """Writes the look down, as `gateway_writer`; refuses to show anything where that can't be done."""
        receipt = Receipt(
            at=at or SystemClock().now(),
            actor=self.by,
            department=self.unit,
            purpose=PURPOSE,
            operation=operation,
            document_hash=content_hash,
            decision="answered",
            policy_version="",  # it is the operator's command, not the table, that opens it
            child_ids=child_ids,
            about=about,
            rows=rows,
            fields=fields,
        )
        try:
            record_at_once(gateway, receipt)
        except NotRecorded:
            raise Refused(
                "The look could not be written down, so nothing is shown or handed out. 未能留痕，不予显示或导出。"
            ) from None
