"""What Query tells of payments 发放查询: lists for the bank, and what the bank refused."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from typing import Final

import strawberry

from gateway.schema.assistance import Award
from gateway.schema.paging import PAGE
from gateway.schema.payments import PaymentList, PaymentRefusal, TermCandidate
from gateway.schema.reading import Connection, Info, listed, many

MOST: Final = 500
"""How many are recognised, and how many stand on a list, at once."""


@strawberry.type(description="发放查询 what may be asked about payments.")
class PaymentsQuery:
    """What may be asked about payments."""

    @strawberry.field(description="发放名册 lists for the bank")
    async def payment_lists(
        self,
        info: Info,
        township: str | None = None,
        programme: str | None = None,
        term: str | None = None,
        school: str | None = None,
        state: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[PaymentList]:
        """Lists by township, programme, term, school and state."""
        narrowed = {
            "township = {v}": township,
            "programme = {v}": programme,
            "term = {v}": term,
            "school = {v}": school,
            "state = {v}": state,
        }
        return await listed(info, PaymentList, narrowed, key="list_id", first=first, after=after)

    @strawberry.field(description="退票 payments the bank refused; `open` those on which something is owed, or not")
    async def payment_refusals(
        self,
        info: Info,
        township: str | None = None,
        open: bool | None = None,  # noqa: A002
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[PaymentRefusal]:
        """Refused payments by township, whether open and whether late."""
        narrowed = {
            "township = {v}": township,
            "(closed_on is null) = {v}": open,
            "(coalesce(due_on < %(today)s, false) and closed_on is null) = {v}": overdue,
        }
        return await listed(info, PaymentRefusal, narrowed, key="refusal_id", first=first, after=after)

    @strawberry.field(
        description="待认定学生 pupils of a school who were ever found eligible and have no award of the programme and term, at most 500;"
        " `recogniseTerm` decides who is eligible in the term"
    )
    async def term_candidates(self, info: Info, programme: str, term: str, school: str) -> list[TermCandidate]:
        """Pupils who may be recognised."""
        return await many(
            info.context,
            TermCandidate,
            "school = %(school)s and merged_into is null and stage in ('primary', 'junior')"
            " and exists (select from eligibility e where e.child_id = c.child_id)"
            " and not exists (select from award a where a.child_id = c.child_id and a.programme = %(programme)s"
            "   and a.term = %(term)s)"
            f" order by child_id limit {MOST}",
            school=school,
            programme=programme,
            term=term,
        )

    @strawberry.field(
        description="待发放资助 awards of a school's pupils that are owed and on no list, at most 500; for `makePaymentList`"
    )
    async def payable_awards(self, info: Info, programme: str, term: str, school: str) -> list[Award]:
        """Awards that may be put on a list."""
        return await many(
            info.context,
            Award,
            "programme = %(programme)s and term = %(term)s and state in ('granted', 'returned') and list_id is null"
            " and exists (select from child c where c.child_id = a.child_id and c.school = %(school)s)"
            f" order by award_id limit {MOST}",
            school=school,
            programme=programme,
            term=term,
        )
