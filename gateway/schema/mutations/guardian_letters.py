"""What departments do with letters to guardians 致监护人文书办理 (N9.1)."""

from datetime import date
from uuid import UUID

import strawberry

from gateway.schema.mutations.command import CommandAnswer, Words, command, send, subject_of
from gateway.schema.reading import Info


@strawberry.type(description="致监护人文书办理 commands about letters to guardians.")
class GuardianLetterCommands:
    """致监护人文书办理 commands about letters to guardians."""

    @command
    async def open_letter_run(
        self, info: Info, kind: str, school_year: str, serve_by: date | None = None
    ) -> CommandAnswer:
        """制发文书 makes the letters of a kind for a school year, one to each child's guardian; `letterRuns` tells how far it has come."""
        return await send(info, "roster", {}, kind=kind, school_year=school_year, serve_by=serve_by)

    @command
    async def close_letter_run(self, info: Info, run_id: UUID) -> CommandAnswer:
        """停止制发 makes no more letters in a run; those that are out are still to be served."""
        subject = await subject_of(info, "letter_run", "run_id", run_id)
        return await send(info, "roster", subject, run_id=run_id)

    @command
    async def serve_letter(
        self,
        info: Info,
        letter_id: UUID,
        method: str,
        served_on: date,
        receipt: Words = "",
        scan_id: UUID | None = None,
    ) -> CommandAnswer:
        """登记送达 keeps how a letter reached the guardian; `scanId` is a photo or scan handed in at `/files/attachments`."""
        subject = await subject_of(info, "guardian_letter", "letter_id", letter_id)
        return await send(
            info,
            "roster",
            subject,
            letter_id=letter_id,
            method=method,
            served_on=served_on,
            receipt=receipt,
            scan_id=scan_id,
        )
