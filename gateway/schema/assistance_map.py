"""What helps a child 资助帮扶 in the map: its tables, and the roots by which offices list them. See `map.py` and `roots.py`."""

from collections.abc import Mapping
from typing import Final

from gateway.schema.root import TOWNSHIP, Filter, Root, by_id
from gateway.schema.table import OF_CHILD, TO_CHILD, Link, Table, columns

_REVIEW_LATE = "coalesce({a}.review_on < %(today)s, false)"
_MEASURE_LATE = (
    "coalesce({a}.due_on < %(today)s, false) and {a}.done_on is null and {a}.declined_on is null"
    " and not exists (select from student_plan p where p.plan_id = {a}.plan_id and p.ended_on is not null)"
)
"""What is owed of a plan that has ended is owed no more."""

TABLES: Final = (
    Table(
        "Eligibility",
        "eligibility",
        columns(
            "childId township category ground fromOn untilOn",
            id="{a}.eligibility_id",
            endedGround="coalesce({a}.spans -> -1 ->> 'ended_ground', '')",
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "Award",
        "award",
        columns(
            "childId township programme term amountFen category legalBasis grantedOn paidFen state", id="{a}.award_id"
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "StudentPlan",
        "student_plan",
        columns(
            "childId township caseId openedOn reviewOn reviewedOn endedOn resolution",
            id="{a}.plan_id",
            overdue=_REVIEW_LATE,
        ),
        {
            "child": TO_CHILD,
            "measures": Link(
                "Measure",
                f"{{a}}.plan_id = {{p}}.plan_id and {OF_CHILD}",
                "{a}.due_on, {a}.measure_id",
            ),
        },
    ),
    Table(
        "Measure",
        "measure",
        columns(
            "childId township planId measure owner dueOn evidence doneOn declinedOn declinedFor",
            id="{a}.measure_id",
            overdue=_MEASURE_LATE,
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "HouseholdPlan",
        "household_plan",
        columns(
            "householdId township openedOn reviewOn reviewedOn",
            id="{a}.plan_id",
            overdue=_REVIEW_LATE,
        ),
        {"children": Link("Child", "{a}.child_id = any({p}.children)", "{a}.child_id")},
        of_child=False,
    ),
    Table(
        "LearningSupport",
        "learning_support",
        columns(
            "childId township needs helper begunOn reviewOn outcome sessions lastSessionOn progress",
            id="{a}.support_id",
            overdue=_REVIEW_LATE,
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "HomeTeaching",
        "home_teaching",
        columns("childId township schoolYear hoursSoFar lastGivenOn", id="{a}.teaching_id"),
        {"child": TO_CHILD},
    ),
)

_IN_TOWNSHIP = Filter("{a}.township = {v}", "township")
_OF_CHILD = Filter("{a}.child_id = {v}", "childId")
_OVERDUE = Filter(f"({_REVIEW_LATE}) = {{v}}", "overdue")


def _list(type_: str, *, key: str, **filters: Filter) -> Root:
    """A list of a type by township and id."""
    return Root(type_, many=True, filters={"township": _IN_TOWNSHIP, **filters}, keys=(TOWNSHIP, by_id(key)))


ROOTS: Final[Mapping[str, Root]] = {
    "householdPlans": _list(
        "HouseholdPlan", key="plan_id", householdId=Filter("{a}.household_id = {v}", "householdId"), overdue=_OVERDUE
    ),
    "studentPlans": _list(
        "StudentPlan",
        key="plan_id",
        childId=_OF_CHILD,
        ended=Filter("({a}.ended_on is not null) = {v}", "endedOn"),
        overdue=_OVERDUE,
    ),
    "measures": _list(
        "Measure",
        key="measure_id",
        childId=_OF_CHILD,
        owner=Filter("{a}.owner = {v}", "owner"),
        done=Filter("({a}.done_on is not null) = {v}", "doneOn"),
        overdue=Filter(f"({_MEASURE_LATE}) = {{v}}", "overdue"),
    ),
    "awards": _list(
        "Award",
        key="award_id",
        childId=_OF_CHILD,
        programme=Filter("{a}.programme = {v}", "programme"),
        term=Filter("{a}.term = {v}", "term"),
        state=Filter("{a}.state = {v}", "state"),
    ),
    "eligibilities": _list(
        "Eligibility",
        key="eligibility_id",
        childId=_OF_CHILD,
        category=Filter("{a}.category = {v}", "category"),
        ended=Filter("({a}.until_on is not null) = {v}", "untilOn"),
    ),
    "learningSupports": _list(
        "LearningSupport",
        key="support_id",
        childId=_OF_CHILD,
        helper=Filter("{a}.helper = {v}", "helper"),
        ended=Filter("({a}.outcome = 'ended') = {v}", "outcome"),
        overdue=_OVERDUE,
    ),
    "homeTeaching": _list(
        "HomeTeaching",
        key="teaching_id",
        childId=_OF_CHILD,
        schoolYear=Filter("{a}.school_year = {v}", "schoolYear"),
    ),
}
