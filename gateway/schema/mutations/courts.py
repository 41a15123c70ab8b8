"""What departments record of proceedings 司法程序 (N2.6): a file from its filing to the day it is carried out.

A file must be within the caller's reach; what else must hold the service says.
"""

from datetime import date
from uuid import UUID

import strawberry

from gateway.schema.mutations.command import CommandAnswer, Words, command, send, subject_of
from gateway.schema.reading import Info

_FILE = ("proceedings", "proceedings_id")


@strawberry.type(description="司法程序 commands on proceedings.")
class CourtCommands:
    """司法程序 commands on proceedings."""

    @command
    async def file_proceedings(
        self,
        info: Info,
        case_id: UUID,
        kind: str,
        brought_by: str,
        authority: str,
        filed_on: date,
        supported_by: str = "",
    ) -> CommandAnswer:
        """起诉、申请 goes to court on a served paper whose term has run out: suit, public_interest or enforcement."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info,
            "cases",
            subject,
            creates="proceedings_id",
            case_id=case_id,
            kind=kind,
            brought_by=brought_by,
            authority=authority,
            filed_on=filed_on,
            supported_by=supported_by,
        )

    @command
    async def accept_filing(self, info: Info, proceedings_id: UUID, docket: Words, accepted_on: date) -> CommandAnswer:
        """立案 the court takes it on, under its number."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(info, "cases", subject, proceedings_id=proceedings_id, docket=docket, accepted_on=accepted_on)

    @command
    async def decline_filing(self, info: Info, proceedings_id: UUID, paper: Words, declined_on: date) -> CommandAnswer:
        """不予受理 the court doesn't take it on."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(info, "cases", subject, proceedings_id=proceedings_id, paper=paper, declined_on=declined_on)

    @command
    async def record_hearing(self, info: Info, proceedings_id: UUID, heard_on: date) -> CommandAnswer:
        """开庭 the court heard the parties."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(info, "cases", subject, proceedings_id=proceedings_id, heard_on=heard_on)

    @command
    async def record_decision(
        self,
        info: Info,
        proceedings_id: UUID,
        decision: str,
        paper: Words,
        decided_on: date,
        comply_by: date | None = None,
    ) -> CommandAnswer:
        """裁判 the court decided, at first or on appeal."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(
            info,
            "cases",
            subject,
            proceedings_id=proceedings_id,
            decision=decision,
            paper=paper,
            decided_on=decided_on,
            comply_by=comply_by,
        )

    @command
    async def serve_decision(
        self, info: Info, proceedings_id: UUID, method: str, receipt: Words, served_on: date
    ) -> CommandAnswer:
        """裁判文书送达 the decision reached the parties."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(
            info,
            "cases",
            subject,
            proceedings_id=proceedings_id,
            method=method,
            receipt=receipt,
            served_on=served_on,
        )

    @command
    async def appeal_decision(
        self, info: Info, proceedings_id: UUID, appellant: str, appealed_on: date
    ) -> CommandAnswer:
        """上诉 a party appealed in time: guardian or applicant."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(
            info, "cases", subject, proceedings_id=proceedings_id, appellant=appellant, appealed_on=appealed_on
        )

    @command
    async def record_enforcement(
        self, info: Info, proceedings_id: UUID, paper: Words, enforced_on: date
    ) -> CommandAnswer:
        """执行完毕 what is in force was carried out."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(info, "cases", subject, proceedings_id=proceedings_id, paper=paper, enforced_on=enforced_on)

    @command
    async def withdraw_proceedings(
        self, info: Info, proceedings_id: UUID, paper: Words, withdrawn_on: date
    ) -> CommandAnswer:
        """撤诉 whoever brought it takes it back."""
        subject = await subject_of(info, *_FILE, proceedings_id)
        return await send(info, "cases", subject, proceedings_id=proceedings_id, paper=paper, withdrawn_on=withdrawn_on)
