"""What Query tells of what leaves the house 外发: messages, and how the caller's unit is reached."""

# mypy: disable-error-code="untyped-decorator"

from typing import Final

import strawberry

from gateway.schema.node_query import own
from gateway.schema.notify import Contact, ContactAddress, Message
from gateway.schema.paging import PAGE
from gateway.schema.reading import Connection, Info, page

_SINCE: Final = {"coalesce(begun_at, 'epoch'::timestamptz)": "timestamptz", "message_id": "uuid"}
_SET: Final = {"coalesce(set_at, 'epoch'::timestamptz)": "timestamptz", "entry_id": "uuid"}


@strawberry.type(description="外发查询 what may be asked of messages that leave the house.")
class NotifyQuery:
    """What may be asked of messages that leave the house."""

    @strawberry.field(
        description="外发记录 messages to my unit, or of my area, newest first; `state` sending, waiting, open (nobody knows),"
        " accepted, delivered or failed"
    )
    async def messages(
        self,
        info: Info,
        state: str | None = None,
        channel: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Message]:
        """Messages by state and channel."""
        where = own(info, type_name="Message", column="unit")
        if state is not None:
            where += " and state = %(state)s"
        if channel is not None:
            where += " and channel = %(channel)s"
        given = {"state": state, "channel": channel, "unit": info.context.principal.unit}
        return await page(
            info.context, Message, where, keys=_SINCE, first=first, after=after, descending=True, given=given
        )

    @strawberry.field(
        description="联系方式 how my unit is reached beside its inbox, and each account of it that says so, in the order of asking"
    )
    async def contact_addresses(
        self, info: Info, first: int = PAGE, after: str | None = None
    ) -> Connection[ContactAddress]:
        """My unit's addresses, each as a hint."""
        given = {"unit": info.context.principal.unit}
        return await page(
            info.context, ContactAddress, "unit = %(unit)s", keys=_SET, first=first, after=after, given=given
        )

    @strawberry.field(
        description="接收时段与代理 when my unit wants to be told, and when its deputy is, and the same of its accounts; one or none of each"
    )
    async def contacts(self, info: Info, first: int = PAGE, after: str | None = None) -> Connection[Contact]:
        """My unit's hours and absence."""
        given = {"unit": info.context.principal.unit}
        return await page(
            info.context,
            Contact,
            "unit = %(unit)s",
            keys={"contact_id": "uuid"},
            first=first,
            after=after,
            given=given,
        )
