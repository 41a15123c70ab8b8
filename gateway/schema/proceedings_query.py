"""The root field of proceedings 司法程序; its resolver is plain, like those of `query.py`."""

# mypy: disable-error-code="untyped-decorator"

import strawberry

from gateway.schema.paging import PAGE
from gateway.schema.proceedings import Proceedings
from gateway.schema.proceedings_map import STATE
from gateway.schema.reading import Connection, Info, listed


@strawberry.type
class ProceedingsQuery:
    """Files of proceedings within the caller's area."""

    @strawberry.field(description="司法程序 files of proceedings, by township, kind and state")
    async def proceedings(
        self,
        info: Info,
        township: str | None = None,
        kind: str | None = None,
        state: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Proceedings]:
        """Files by township, kind and state."""
        standing = STATE.replace("{a}.", "")
        narrowed = {"township = {v}": township, "kind = {v}": kind, f"({standing}) = {{v}}": state}
        return await listed(info, Proceedings, narrowed, key="proceedings_id", first=first, after=after)
