"""What Query tells of payments 发放查询: lists for the bank, and what the bank refused."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from gateway.schema.aid_outcome import MOST_WINDOW_DAYS, WINDOW_DAYS, AidBeforeReturn
from gateway.schema.aid_watch import AidSum, AidWatch, RecognitionProgress, days_of, summed
from gateway.schema.assistance import Award
from gateway.schema.paging import PAGE, BadArgument
from gateway.schema.payments import AidQuestion, PaymentList, PaymentRefusal, RecognitionRun, TermCandidate
from gateway.schema.reading import Connection, Info, listed, many, page

MOST: Final = 500
"""How many are recognised, and how many stand on a list, at once."""


@strawberry.type(description="发放查询 what may be asked about payments.")
class PaymentsQuery:
    """What may be asked about payments."""

    @strawberry.field(description="发放名册 lists for the bank")
    async def payment_lists(
        self,
        info: Info,
        id: UUID | None = None,  # noqa: A002
        township: str | None = None,
        programme: str | None = None,
        term: str | None = None,
        school: str | None = None,
        state: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[PaymentList]:
        """Lists by id, township, programme, term, school and state."""
        narrowed: dict[str, object] = {
            "list_id = {v}": id,
            "township = {v}": township,
            "programme = {v}": programme,
            "term = {v}": term,
            "school = {v}": school,
            "state = {v}": state,
        }
        return await listed(info, PaymentList, narrowed, key="list_id", first=first, after=after)

    @strawberry.field(
        description="全县学期认定 runs that recognise a term for many schools, and how far each has come (N6.2)"
    )
    async def recognition_runs(
        self,
        info: Info,
        programme: str | None = None,
        term: str | None = None,
        state: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[RecognitionRun]:
        """Runs by programme, term and state."""
        narrowed = {"programme = {v}": programme, "term = {v}": term, "state = {v}": state}
        return await listed(info, RecognitionRun, narrowed, key="run_id", first=first, after=after)

    @strawberry.field(
        description="资助监控 what does not agree about aid in a term today: each with who owes the next step, and gone by itself"
        " once it agrees (N6.2)"
    )
    async def aid_watch(
        self,
        info: Info,
        term: str,
        kind: str | None = None,
        township: str | None = None,
        school: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[AidWatch]:
        """What does not agree, by kind, township and school; raises `BadArgument` for what is no term."""
        begins_on, ends_on, before = days_of(term)
        narrowed = {"kind": kind, "township": township, "school": school}
        given = {name: value for name, value in narrowed.items() if value is not None}
        where = " and ".join(["true", *(f"{name} = %({name})s" for name in given)])
        parameters: dict[str, object] = {
            **given,
            "term": term,
            "term_before": before,
            "begins_on": begins_on,
            "ends_on": ends_on,
            "today": info.context.today,
        }
        keys = {"township": "text", "watch_id": "uuid"}
        return await page(info.context, AidWatch, where, keys=keys, first=first, after=after, given=parameters)

    @strawberry.field(
        description="资助勾稽 sums of a term by `school`, `township` or `county`, from the awards on one side, from lists and payments on"
        " the other, in fen; `difference` says where they do not agree (N6.2). All of it is a workbook at `/files/aid`."
    )
    async def aid_sums(self, info: Info, term: str, programme: str | None = None, by: str = "school") -> list[AidSum]:
        """Sums by place and programme."""
        days_of(term)
        sums = await many(
            info.context,
            AidSum,
            "term = %(term)s and (%(programme)s::text is null or programme = %(programme)s)"
            " order by township, school, programme",
            term=term,
            programme=programme,
        )
        return summed(sums, by=by)

    @strawberry.field(
        description="认定进度 how far the recognition of a programme and term has come, school by school, as it stands now (N6.2)"
    )
    async def recognition_progress(
        self, info: Info, programme: str, term: str, township: str | None = None
    ) -> list[RecognitionProgress]:
        """Pupils expected, granted, waiting, listed and paid at each school."""
        begins_on, ends_on, _ = days_of(term)
        return await many(
            info.context,
            RecognitionProgress,
            "%(township)s::text is null or township = %(township)s order by township, school",
            programme=programme,
            term=term,
            township=township,
            begins_on=begins_on,
            ends_on=ends_on,
        )

    @strawberry.field(
        description="资助与返校 whether aid came before children's return in a period, by `county` or `township`, within `windowDays` before"
        " it; the answer names its method and claims no cause (N6.3)"
    )
    async def aid_before_return(
        self,
        info: Info,
        from_on: date,
        until_on: date,
        window_days: int = WINDOW_DAYS,
        by: str = "county",
    ) -> list[AidBeforeReturn]:
        """Counts of returns with and without aid before; raises `BadArgument` for a period or window that is none."""
        if until_on < from_on or not 1 <= window_days <= MOST_WINDOW_DAYS or by not in {"county", "township"}:
            message = (
                f"A period ends after it begins, a window is 1 to {MOST_WINDOW_DAYS} days, by is county or township."
            )
            raise BadArgument(message)
        wanted = {"from_on": from_on, "until_on": until_on, "window_days": window_days, "by": by}
        return await many(info.context, AidBeforeReturn, "true order by township", **wanted)

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
        description="资助疑点查询 what was asked about children's aid; `open` what is not answered yet, or is (N6.2)"
    )
    async def aid_questions(
        self,
        info: Info,
        township: str | None = None,
        owner: str | None = None,
        open: bool | None = None,  # noqa: A002
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[AidQuestion]:
        """Questions by township, who was asked, and whether they wait."""
        narrowed = {"township = {v}": township, "owner = {v}": owner, "(answered_on is null) = {v}": open}
        return await listed(info, AidQuestion, narrowed, key="question_id", first=first, after=after)

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
            "programme = %(programme)s and term = %(term)s and state in ('granted', 'returned')"
            " and not exists (select from payment p where p.award_id = a.award_id and p.listed_on is not null"
            "   and p.unlisted_on is null and p.paid_on is null and p.refused_on is null)"
            " and exists (select from child c where c.child_id = a.child_id and c.school = %(school)s)"
            f" order by award_id limit {MOST}",
            school=school,
            programme=programme,
            term=term,
        )
