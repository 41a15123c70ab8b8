"""The root fields of public disclosure 信息公开 (N9.2) for the offices that make and watch it."""

# mypy: disable-error-code="untyped-decorator"

import strawberry

from gateway.schema.disclosure import Disclosure
from gateway.schema.paging import PAGE
from gateway.schema.reading import Connection, Info, page


@strawberry.type
class DisclosureQuery:
    """What was made public, and what is about to be."""

    @strawberry.field(
        description="信息公开 disclosures, the latest counted first; `state` prepared, approved, released, withdrawn or discarded"
    )
    async def disclosures(
        self, info: Info, state: str | None = None, first: int = PAGE, after: str | None = None
    ) -> Connection[Disclosure]:
        """Disclosures by state."""
        keys = {"coalesce(counted_on, 'epoch'::date)": "date", "disclosure_id": "uuid"}
        where = "true" if state is None else "state = %(state)s"
        return await page(
            info.context,
            Disclosure,
            where,
            keys=keys,
            first=first,
            after=after,
            descending=True,
            given={"state": state},
        )
