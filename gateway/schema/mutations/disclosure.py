"""What the bureau does to make its work public 信息公开 (N9.2): prepare, approve, release, withdraw, discard.

Numbers are counted here, over what the caller reaches, at the moment of the command; what of them may be shown the service says.
"""

from typing import Annotated
from uuid import UUID

import strawberry

from gateway.readmodel.disclosed import COUNT, counted_on, tables_of
from gateway.schema.mutations.command import CommandAnswer, Words, command, send, subject_of
from gateway.schema.reading import Info

Lines = Annotated[list[str], strawberry.argument(description="Line by line, naming no person 逐条,不得含个人信息")]


@strawberry.input(description="责任主体 a unit, `kind:area`, and what it answers for.")
class ResponsibleBody:
    """A unit that answers for something."""

    unit: str = strawberry.field(description="单位 such as township:410326103; never a person")
    duty: str = strawberry.field(description="职责 what it answers for")


@strawberry.type(description="信息公开 commands of public disclosure.")
class DisclosureCommands:
    """信息公开 commands of public disclosure."""

    @command
    async def prepare_disclosure(
        self, info: Info, tasks: Lines, methods: Lines, bodies: list[ResponsibleBody]
    ) -> CommandAnswer:
        """拟公开 counts the county today and makes up what may be shown of it."""
        counted = tables_of(
            await info.context.rows(COUNT, **counted_on(info.context.today)),
            area=info.context.principal.unit.partition(":")[2],
        )
        return await send(
            info,
            "cases",
            {},
            counted=counted["counted"],
            reached=counted["reached"],
            tasks=tasks,
            methods=methods,
            bodies=[{"unit": body.unit, "duty": body.duty} for body in bodies],
        )

    @command
    async def approve_disclosure(self, info: Info, disclosure_id: UUID) -> CommandAnswer:
        """审核公开 approves it; who prepared it can't."""
        return await _to(info, disclosure_id)

    @command
    async def release_disclosure(self, info: Info, disclosure_id: UUID) -> CommandAnswer:
        """公开 makes it public, under the next number of the ledger."""
        return await _to(info, disclosure_id)

    @command
    async def withdraw_disclosure(self, info: Info, disclosure_id: UUID, reason: Words) -> CommandAnswer:
        """撤回公开 takes it off the public page, where the reason stands instead."""
        return await _to(info, disclosure_id, reason=reason)

    @command
    async def discard_disclosure(self, info: Info, disclosure_id: UUID, reason: Words) -> CommandAnswer:
        """弃用 lets go of one that was not released."""
        return await _to(info, disclosure_id, reason=reason)


async def _to(info: Info, disclosure_id: UUID, **said: str) -> CommandAnswer:
    subject = await subject_of(info, "disclosure", "disclosure_id", disclosure_id)
    return await send(info, "cases", subject, disclosure_id=disclosure_id, **said)
