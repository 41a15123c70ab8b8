"""What departments do with notices 通知办理."""

from uuid import UUID

import strawberry

from gateway.schema.mutations.command import CommandAnswer, command, send, subject_of
from gateway.schema.reading import Info


@strawberry.type(description="通知办理 commands about notices.")
class NotifyCommands:
    """通知办理 commands about notices."""

    @command
    async def acknowledge_notice(self, info: Info, notice_id: UUID) -> CommandAnswer:
        """签收 the unit that was told has seen the notice."""
        subject = await subject_of(info, "notice", "notice_id", notice_id)
        return await send(info, "notify", subject, notice_id=notice_id)
