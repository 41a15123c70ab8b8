"""What departments do with notices 通知办理."""

from datetime import date, time
from uuid import UUID

import strawberry

from gateway.schema.mutations.command import CommandAnswer, command, record_of, send, subject_of
from gateway.schema.reading import Info


@strawberry.type(description="通知办理 commands about notices.")
class NotifyCommands:
    """通知办理 commands about notices."""

    @command
    async def acknowledge_notice(self, info: Info, notice_id: UUID) -> CommandAnswer:
        """签收 the unit that was told has seen the notice."""
        subject = await subject_of(info, "notice", "notice_id", notice_id)
        return await send(info, "notify", subject, notice_id=notice_id)

    @command
    async def set_address(
        self,
        info: Info,
        channel: str,
        address: str,
        secret: str = "",
        holder: str = "officer",
        matters: list[str] | None = None,
        mine: bool = False,
    ) -> CommandAnswer:
        """登记联系方式 my unit, or I alone, am reached there too: a mailbox (email), a mobile number (sms), an https address (webhook)"""
        return await send(
            info,
            "notify",
            {},
            unit=info.context.principal.unit,
            channel=channel,
            address=address,
            secret=secret,
            holder=holder,
            matters=matters or [],
            mine=mine,
        )

    @command
    async def clear_address(self, info: Info, entry_id: UUID) -> CommandAnswer:
        """撤销联系方式 my unit, or the account whose address it is, is reached there no more"""
        found = await record_of(info, "select account from contact_address where entry_id = %(wanted)s", entry_id)
        return await send(
            info,
            "notify",
            {"entry_id": entry_id},
            unit=info.context.principal.unit,
            entry_id=entry_id,
            account=found["account"],
        )

    @command
    async def set_hours(
        self,
        info: Info,
        quiet_from: time | None = None,
        quiet_until: time | None = None,
        working_days: bool = False,
        digest_at: time | None = None,
        mine: bool = False,
    ) -> CommandAnswer:
        """接收时段 when my unit, or I alone, want to be told, in China's time; what is left out is lifted"""
        return await send(
            info,
            "notify",
            {},
            unit=info.context.principal.unit,
            quiet_from=quiet_from,
            quiet_until=quiet_until,
            working_days=working_days,
            digest_at=digest_at,
            mine=mine,
        )

    @command
    async def set_absence(
        self, info: Info, from_on: date | None = None, until_on: date | None = None, mine: bool = False
    ) -> CommandAnswer:
        """代理 my unit's deputy, or mine, is told from a day until a day; nobody where none is given"""
        unit = info.context.principal.unit
        return await send(info, "notify", {}, unit=unit, from_on=from_on, until_on=until_on, mine=mine)

    @command
    async def resend_dispatch(self, info: Info, dispatch_id: UUID) -> CommandAnswer:
        """重发 a message that failed, or whose end nobody knows, is sent again under its key"""
        subject = await subject_of(info, "message", "message_id", dispatch_id)
        return await send(info, "notify", subject, dispatch_id=dispatch_id)
