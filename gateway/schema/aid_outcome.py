"""Whether aid came before a return 资助与返校: counts that name what they count, and claim no cause (N6.2, N6.3)."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

import strawberry

from gateway.schema.reading import Looking, facts

WINDOW_DAYS: Final = 180
"""How many days before a return aid is looked for, where nobody says otherwise: some one term."""
MOST_WINDOW_DAYS: Final = 730

METHOD: Final = (
    "口径：分母为统计期内有返校日期的个案(并案除外)；返校当日之前(不含当日)窗口期内有下列任一事实的计为“之前有资助”：资助款已发放且未退回、"
    "一生一案措施已落实、学困帮扶已开始。对照为统计期末仍未返校、未结案的已确认个案，窗口期自期末倒算。只按同一儿童编号计算。"
    "仅表示先后，不表示因果：得到帮扶的儿童与未得到的本就不同。"
    " Denominator: cases with a day of return in the period, merged ones left out. Counted as preceded: within the window before that day,"
    " the day itself left out, a payment that was not sent back, a measure carried out, or support in learning begun. Beside it: confirmed"
    " cases neither returned nor closed at the period's end, the window before that end. By one child's entry only. It says what came"
    " first and not what caused it: children who are helped differ from those who are not."
)

_AID: Final = """
    select child_id, 'payment' as kind, paid_on as on_day from payment where paid_on is not null and returned_on is null
    union all select child_id, 'measure', done_on from measure where done_on is not null
    union all select child_id, 'support', begun_on from learning_support where begun_on is not null"""
_CASES: Final = """
    select case_id, child_id, township, returned_on as day, true as is_return from case_file
        where returned_on between %(from_on)s and %(until_on)s and state <> 'merged'
    union all
    select case_id, child_id, township, %(until_on)s::date + 1, false from case_file
        where confirmed_on <= %(until_on)s and state <> 'merged' and (returned_on is null or returned_on > %(until_on)s)
            and (closed_on is null or closed_on > %(until_on)s)"""
_EACH: Final = f"""
    select c.township, c.is_return, coalesce(bool_or(a.kind = 'payment'), false) as payment,
        coalesce(bool_or(a.kind = 'measure'), false) as measure, coalesce(bool_or(a.kind = 'support'), false) as support,
        count(a.kind) > 0 as aided
    from ({_CASES}) c left join ({_AID}) a on a.child_id = c.child_id and a.on_day < c.day
        and a.on_day >= c.day - %(window_days)s::int
    group by c.case_id, c.township, c.is_return"""


@strawberry.type(
    description="资助与返校 Whether aid came before children's return to school, in a period: counts by township, with the method by which"
    " they were made. No causal claim."
)
class AidBeforeReturn:
    """One township's counts, or the county's. Read by its resolver alone; nobody is named in it."""

    SELECT: ClassVar[str] = f"""
    select * from (select case when %(by)s = 'county' then '' else township end as township,
        count(*) filter (where is_return)::int as returned,
        count(*) filter (where is_return and aided)::int as preceded,
        count(*) filter (where is_return and payment)::int as by_payment,
        count(*) filter (where is_return and measure)::int as by_measure,
        count(*) filter (where is_return and support)::int as by_support,
        count(*) filter (where not is_return)::int as still_out,
        count(*) filter (where not is_return and aided)::int as still_out_aided
    from ({_EACH}) e group by 1) r"""

    township: str = strawberry.field(description="乡镇代码 township; empty for the county")
    returned: int = strawberry.field(description="返校个案 cases with a day of return in the period: the denominator")
    preceded: int = strawberry.field(description="之前有资助 of these, with any aid in the window before that day")
    by_payment: int = strawberry.field(description="之前有发放 of these, with a payment")
    by_measure: int = strawberry.field(description="之前有措施 of these, with a measure carried out")
    by_support: int = strawberry.field(description="之前有学困帮扶 of these, with support in learning begun")
    still_out: int = strawberry.field(description="期末未返校 confirmed cases neither returned nor closed at the end")
    still_out_aided: int = strawberry.field(
        description="期末未返校有资助 of these, with any aid in the window before it"
    )
    method: str = strawberry.field(
        description="口径 what is counted, in which window, over what; and that it claims no cause"
    )

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:  # noqa: ARG003  # every type is read in this form
        """The counts, with their method."""
        return cls(**facts(cls, {**row, "method": METHOD}))
