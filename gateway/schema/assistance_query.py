"""What Query tells of what helps a child 资助帮扶: plans, measures, awards, support and teaching at home, by place, child and lateness.

Its resolvers are plain, like those of `query.py`.
"""

# mypy: disable-error-code="untyped-decorator"

from datetime import date, datetime
from uuid import UUID

import strawberry

from gateway.schema.assistance import (
    Award,
    Eligibility,
    EligibleOn,
    HomeTeaching,
    HouseholdPlan,
    LearningSupport,
    Measure,
    StudentPlan,
)
from gateway.schema.paging import PAGE
from gateway.schema.reading import Connection, Info, listed, many

_REVIEW_LATE = "coalesce(review_on < %(today)s, false) = {v}"


@strawberry.type(description="资助帮扶查询 what may be asked of what helps a child.")
class AssistanceQuery:
    """What may be asked of what helps a child."""

    @strawberry.field(description="一家一案 households' plans; `overdue` those whose review is late today, or is not")
    async def household_plans(
        self,
        info: Info,
        township: str | None = None,
        household_id: UUID | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[HouseholdPlan]:
        """Households' plans by township, household and lateness."""
        narrowed = {"township = {v}": township, "household_id = {v}": household_id, _REVIEW_LATE: overdue}
        return await listed(info, HouseholdPlan, narrowed, key="plan_id", first=first, after=after)

    @strawberry.field(
        description="一生一案 children's plans; `ended` those whose case has ended, `overdue` those whose review is late today"
    )
    async def student_plans(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        ended: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[StudentPlan]:
        """Children's plans by township, child, end and lateness."""
        narrowed = {
            "township = {v}": township,
            "child_id = {v}": child_id,
            "(ended_on is not null) = {v}": ended,
            _REVIEW_LATE: overdue,
        }
        return await listed(info, StudentPlan, narrowed, key="plan_id", first=first, after=after)

    @strawberry.field(
        description="帮扶措施 measures of children's plans; `done` those carried out, `overdue` those late today"
    )
    async def measures(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        owner: str | None = None,
        done: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Measure]:
        """Measures by township, child, owner, end and lateness."""
        narrowed = {
            "township = {v}": township,
            "child_id = {v}": child_id,
            "owner = {v}": owner,
            "(done_on is not null) = {v}": done,
            "(coalesce(due_on < %(today)s, false) and done_on is null and not plan_ended) = {v}": overdue,
        }
        return await listed(info, Measure, narrowed, key="measure_id", first=first, after=after)

    @strawberry.field(description="资助 awards, by programme, term and state")
    async def awards(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        programme: str | None = None,
        term: str | None = None,
        state: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Award]:
        """Awards by township, child, programme, term and state."""
        narrowed = {
            "township = {v}": township,
            "child_id = {v}": child_id,
            "programme = {v}": programme,
            "term = {v}": term,
            "state = {v}": state,
        }
        return await listed(info, Award, narrowed, key="award_id", first=first, after=after)

    @strawberry.field(description="资格 who is eligible in which category; `ended` whose ground no longer holds")
    async def eligibilities(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        category: str | None = None,
        ended: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Eligibility]:
        """Eligibilities by township, child, category and end."""
        narrowed = {
            "township = {v}": township,
            "child_id = {v}": child_id,
            "category = {v}": category,
            "(until_on is not null) = {v}": ended,
        }
        return await listed(info, Eligibility, narrowed, key="eligibility_id", first=first, after=after)

    @strawberry.field(
        description="某日资格 every category a child is eligible in on a day, with its ground; `asOf` as it was known at a moment,"
        " else as it is known now (N6.1)"
    )
    async def eligibility(
        self, info: Info, child_id: UUID, on: date | None = None, as_of: datetime | None = None
    ) -> list[EligibleOn]:
        """The child's categories in force on a day, today where none is given."""
        return await many(
            info.context,
            EligibleOn,
            "child_id = %(child)s and from_on <= %(on)s and (until_on is null or until_on > %(on)s)"
            " order by category, from_on",
            child=child_id,
            on=on or info.context.today,
            as_of=as_of,
        )

    @strawberry.field(
        description="学困帮扶 pupils supported in learning; `ended` whose support has ended, `overdue` whose review is late today"
    )
    async def learning_supports(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        helper: str | None = None,
        ended: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[LearningSupport]:
        """Supports by township, child, helper, end and lateness."""
        narrowed = {
            "township = {v}": township,
            "child_id = {v}": child_id,
            "helper = {v}": helper,
            "(outcome = 'ended') = {v}": ended,
            _REVIEW_LATE: overdue,
        }
        return await listed(info, LearningSupport, narrowed, key="support_id", first=first, after=after)

    @strawberry.field(description="送教上门 children taught at home, by school year, with their class-hours")
    async def home_teaching(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        school_year: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[HomeTeaching]:
        """Teaching at home by township, child and school year."""
        narrowed = {"township = {v}": township, "child_id = {v}": child_id, "school_year = {v}": school_year}
        return await listed(info, HomeTeaching, narrowed, key="teaching_id", first=first, after=after)
